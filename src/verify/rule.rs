//! The rules, with their names and where they stand.

use serde::Serialize;

/// A rule of certificate validation. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The path must reach a trust anchor.
    UnknownIssuer,
    /// The issuer's name is known, but the signature is by another key.
    IssuerKeyMismatch,
    /// A signature must be made by an algorithm that still proves something.
    WeakSignature,
    /// A signature algorithm must be known.
    UnsupportedSignature,
    /// The signed and the unsigned statement of the algorithm must be the same.
    SignatureAlgorithmMismatch,
    /// A key must be strong enough.
    WeakKey,
    /// The time must not be after notAfter.
    Expired,
    /// The time must not be before notBefore.
    NotYetValid,
    /// An issuer must be a CA.
    NotACa,
    /// No more intermediates than the path length allows.
    PathLength,
    /// The key usage must allow what the key does.
    KeyUsage,
    /// The extended key usage must allow the purpose.
    ExtendedKeyUsage,
    /// Names must lie within the name constraints.
    NameConstraint,
    /// The peer's name must be among the alternative names.
    NameMismatch,
    /// A critical extension must be understood.
    CriticalExtension,
    /// An extension must be well-formed and occur once.
    MalformedExtension,
    /// A certificate must be what X.509 says, in DER.
    Malformed,
    /// The version must go with the fields.
    Version,
    /// A serial number must be positive, of 20 octets at most.
    SerialNumber,
    /// The dates must be encoded as the profile has it.
    ValidityEncoding,
    /// Distinguished names must be there, and encoded as the profile has it.
    NameEncoding,
    /// A public key must be one of its kind.
    InvalidKey,
    /// An extension must be critical, or not, as the profile has it.
    Criticality,
    /// Key identifiers must be there, and lead to the issuer.
    KeyIdentifier,
    /// Alternative names must be names of their kind.
    AlternativeName,
    /// basicConstraints must agree with the key usage.
    BasicConstraints,
    /// The path must be valid under an acceptable policy.
    Policy,
    /// No more intermediates than were asked for.
    PathDepth,
    /// The rules of the CA/Browser Forum for TLS certificates.
    BaselineRequirements,
    /// The search for a path was given up.
    SearchBudget,
    /// A certificate must not be revoked.
    Revoked,
    /// The revocation list of an issuer must be there.
    CrlMissing,
    /// The revocation list of an issuer must be current.
    CrlLapsed,
    /// A revocation list must be its issuer's.
    CrlRefused,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 34] = [
        Self::UnknownIssuer,
        Self::IssuerKeyMismatch,
        Self::WeakSignature,
        Self::UnsupportedSignature,
        Self::SignatureAlgorithmMismatch,
        Self::WeakKey,
        Self::Expired,
        Self::NotYetValid,
        Self::NotACa,
        Self::PathLength,
        Self::KeyUsage,
        Self::ExtendedKeyUsage,
        Self::NameConstraint,
        Self::NameMismatch,
        Self::CriticalExtension,
        Self::MalformedExtension,
        Self::Malformed,
        Self::Version,
        Self::SerialNumber,
        Self::ValidityEncoding,
        Self::NameEncoding,
        Self::InvalidKey,
        Self::Criticality,
        Self::KeyIdentifier,
        Self::AlternativeName,
        Self::BasicConstraints,
        Self::Policy,
        Self::PathDepth,
        Self::BaselineRequirements,
        Self::SearchBudget,
        Self::Revoked,
        Self::CrlMissing,
        Self::CrlLapsed,
        Self::CrlRefused,
    ];

    /// Where the rule stands.
    pub fn section(self) -> &'static str {
        match self {
            Self::UnknownIssuer | Self::SearchBudget => "RFC 5280 6.1",
            Self::Revoked | Self::CrlMissing | Self::CrlLapsed => "RFC 5280 6.3.3",
            Self::CrlRefused => "RFC 5280 6.3.3 (f), (g)",
            Self::IssuerKeyMismatch | Self::UnsupportedSignature => "RFC 5280 6.1.3 (a)(1)",
            Self::WeakSignature => "RFC 9155",
            Self::WeakKey => "NIST SP 800-131A",
            Self::SignatureAlgorithmMismatch => "RFC 5280 4.1.1.2",
            Self::Expired | Self::NotYetValid => "RFC 5280 6.1.3 (a)(2)",
            Self::NotACa => "RFC 5280 6.1.4 (k)",
            Self::PathLength => "RFC 5280 6.1.4 (l), (m)",
            Self::KeyUsage => "RFC 5280 4.2.1.3, 6.1.4 (n)",
            Self::ExtendedKeyUsage => "RFC 5280 4.2.1.12",
            Self::NameConstraint => "RFC 5280 4.2.1.10, 6.1.3 (b), (c)",
            Self::NameMismatch => "RFC 9525 6",
            Self::CriticalExtension => "RFC 5280 4.2, 6.1.4 (o)",
            Self::MalformedExtension => "RFC 5280 4.2",
            Self::Malformed => "RFC 5280 4.1, X.690",
            Self::Version => "RFC 5280 4.1.2.1, 4.1.2.8",
            Self::SerialNumber => "RFC 5280 4.1.2.2",
            Self::ValidityEncoding => "RFC 5280 4.1.2.5",
            Self::NameEncoding => "RFC 5280 4.1.2.4, 4.1.2.6",
            Self::InvalidKey => "RFC 3279 2.3, RFC 5480 2, RFC 8410 3",
            Self::Criticality => "RFC 5280 4.2.1, 4.2.2",
            Self::KeyIdentifier => "RFC 5280 4.2.1.1, 4.2.1.2",
            Self::AlternativeName => "RFC 5280 4.2.1.6",
            Self::BasicConstraints => "RFC 5280 4.2.1.3, 4.2.1.9",
            Self::Policy => "RFC 5280 6.1.3 (d)-(f), 6.1.5 (g)",
            Self::PathDepth => "RFC 5280 6.1",
            Self::BaselineRequirements => "CA/Browser Forum Baseline Requirements 7.1",
        }
    }

    /// Whether it says that the path leads to no trust anchor.
    pub(crate) fn is_missing_issuer(self) -> bool {
        matches!(
            self,
            Self::UnknownIssuer | Self::IssuerKeyMismatch | Self::UnsupportedSignature | Self::SearchBudget
        )
    }

    /// The stable name, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "unknown-issuer",
            Self::IssuerKeyMismatch => "issuer-key-mismatch",
            Self::WeakSignature => "weak-signature",
            Self::UnsupportedSignature => "unsupported-signature",
            Self::SignatureAlgorithmMismatch => "signature-algorithm-mismatch",
            Self::WeakKey => "weak-key",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::NotACa => "not-a-ca",
            Self::PathLength => "path-length",
            Self::KeyUsage => "key-usage",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::NameConstraint => "name-constraint",
            Self::NameMismatch => "name-mismatch",
            Self::CriticalExtension => "critical-extension",
            Self::MalformedExtension => "malformed-extension",
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::SerialNumber => "serial-number",
            Self::ValidityEncoding => "validity-encoding",
            Self::NameEncoding => "name-encoding",
            Self::InvalidKey => "invalid-key",
            Self::Criticality => "criticality",
            Self::KeyIdentifier => "key-identifier",
            Self::AlternativeName => "alternative-name",
            Self::BasicConstraints => "basic-constraints",
            Self::Policy => "policy",
            Self::PathDepth => "path-depth",
            Self::BaselineRequirements => "baseline-requirements",
            Self::SearchBudget => "search-budget",
            Self::Revoked => "revoked",
            Self::CrlMissing => "crl-missing",
            Self::CrlLapsed => "crl-lapsed",
            Self::CrlRefused => "crl-refused",
        }
    }

    /// What mends it, in a person's words.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "add the intermediates that are missing (fullchain.pem), or trust the root that it leads to"
            }
            Self::IssuerKeyMismatch => {
                "get the CA certificate that goes with it, by its key identifier, or a certificate of the new CA"
            }
            Self::WeakSignature | Self::UnsupportedSignature => {
                "have it issued again, signed with SHA-256 or better"
            }
            Self::WeakKey => "have it issued again for a stronger key",
            Self::InvalidKey => "have it issued again for a key of P-256, Ed25519 or RSA 2048",
            Self::Expired => "renew it: pkit renew, for a CA pkit ca renew",
            Self::NotYetValid => "wait, or set the clock, here or where it was issued",
            Self::NotACa => "have the certificate issued by a CA; a server's certificate cannot",
            Self::PathLength => "issue from a CA further up, or make that CA anew with a greater path length",
            Self::PathDepth => "issue from a CA further up, or allow more with --max-depth",
            Self::KeyUsage => "have it issued again with the key usage that is needed",
            Self::ExtendedKeyUsage => {
                "have it issued again for this purpose: pkit issue server, client or peer"
            }
            Self::NameConstraint => "issue from a CA that may speak for the name, or leave the name out",
            Self::NameMismatch => "reach the peer by a name it has, or have it issued again with this name",
            Self::Policy => {
                "have it issued again under a policy that is accepted all along the path, or accept another with --policy"
            }
            Self::CriticalExtension => {
                "have it issued again without the extension, or with one that is not critical"
            }
            Self::Revoked => "have another one issued",
            Self::CrlMissing => {
                "give the CRL of this CA too, with --crl; those of a chain: pkit crl --bundle NAME -o FILE"
            }
            Self::CrlLapsed => "get the newest CRL of this CA, or make it: pkit crl CA",
            Self::CrlRefused => "get a CRL that this CA made, whole",
            Self::SearchBudget => "leave out the certificates that do not belong to the path",
            Self::SignatureAlgorithmMismatch
            | Self::MalformedExtension
            | Self::Malformed
            | Self::Version
            | Self::SerialNumber
            | Self::ValidityEncoding
            | Self::NameEncoding
            | Self::Criticality
            | Self::KeyIdentifier
            | Self::AlternativeName
            | Self::BasicConstraints => "have it issued again by a tool that keeps to RFC 5280",
            Self::BaselineRequirements => {
                "have it issued again within the rules for public TLS certificates, or judge it as a private PKI does: --rules rfc5280"
            }
        }
    }
}
