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
            Self::SearchBudget => "search-budget",
            Self::Revoked => "revoked",
            Self::CrlMissing => "crl-missing",
            Self::CrlLapsed => "crl-lapsed",
            Self::CrlRefused => "crl-refused",
        }
    }
}
