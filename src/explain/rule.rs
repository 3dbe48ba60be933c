//! The rules of path validation in words.

use super::Explanation;
use crate::verify::Rule;

/// A rule in words.
pub(super) fn explain(rule: Rule) -> Explanation {
    let (meaning, remedy) = match rule {
        Rule::UnknownIssuer => (
            "No path leads from the certificate to a CA that is trusted: an intermediate is missing, or another root is trusted.",
            "Send the intermediates along (fullchain.pem), and trust the right root.",
        ),
        Rule::IssuerKeyMismatch => (
            "A CA of the issuer's name is there, and its key did not make the signature: the CA was made anew under its old name, or the certificate was altered.",
            "Find the CA's certificate of that time, by its key identifier: pkit inspect FILE.",
        ),
        Rule::WeakSignature => (
            "The signature is made with MD5 or SHA-1, which can be forged.",
            "Have it signed anew with SHA-256.",
        ),
        Rule::UnsupportedSignature => (
            "The algorithm of the signature is not known here, so it proves nothing.",
            "Have it signed anew, with ECDSA, RSA or Ed25519.",
        ),
        Rule::SignatureAlgorithmMismatch => (
            "The certificate names one algorithm inside of its signed part and another outside.",
            "Have it made anew.",
        ),
        Rule::WeakKey => {
            ("The key is too short to be trusted: RSA below 2048 bits.", "Make a new key: pkit key generate.")
        }
        Rule::Expired => {
            ("The time is after notAfter.", "Renew it: pkit renew NAME. Where the clock is wrong, set it.")
        }
        Rule::NotYetValid => ("The time is before notBefore.", "Set the clock, or wait."),
        Rule::NotACa => (
            "A certificate in the place of a CA has no basicConstraints with cA TRUE.",
            "Have a CA sign; a server's certificate cannot.",
        ),
        Rule::PathLength => (
            "There are more intermediate CAs below a CA than its path length allows.",
            "Sign with a CA further up, or make the CA anew with a greater --path-length.",
        ),
        Rule::KeyUsage => (
            "keyUsage does not allow what the key does: keyCertSign for a CA, digitalSignature for TLS.",
            "Have it made anew with the right bits.",
        ),
        Rule::ExtendedKeyUsage => (
            "extKeyUsage of the certificate, or of a CA above it, does not include the purpose: serverAuth or clientAuth.",
            "Issue one for the right side: pkit issue server or client.",
        ),
        Rule::NameConstraint => (
            "A name lies outside of what a CA above permits, or within what it excludes.",
            "Leave the name out, or sign with a CA that permits it.",
        ),
        Rule::NameMismatch => (
            "The name that was connected to is not among the alternative names; the common name does not count.",
            "Have it made with the name: pkit issue server NAME.",
        ),
        Rule::CriticalExtension => (
            "It has a critical extension that is not understood here; whoever does not understand one must refuse.",
            "Have it made anew without the extension, or not critical.",
        ),
        Rule::MalformedExtension => (
            "An extension breaks its own definition, or is there more than once.",
            "See which: pkit lint FILE.",
        ),
        Rule::Malformed => (
            "It is not what X.509 says: its structure does not hold, or it is not DER.",
            "Get it anew; see what is left of it: pkit inspect FILE.",
        ),
        Rule::Version => (
            "The version does not go with the fields: extensions want version 3.",
            "Have it made anew, as version 3.",
        ),
        Rule::SerialNumber => (
            "The serial number is not positive, or has more than 20 octets.",
            "Have it made anew with another serial number.",
        ),
        Rule::ValidityEncoding => (
            "The dates are not encoded as they must be: UTCTime until 2049, GeneralizedTime from 2050, in UTC, with seconds.",
            "Have it made anew.",
        ),
        Rule::NameEncoding => (
            "The issuer or subject is empty where it must not be, or holds what cannot be read.",
            "Have it made anew.",
        ),
        Rule::InvalidKey => (
            "The public key is none of its kind: a point that is not on the curve, an even modulus, an exponent that cannot be.",
            "Make a new key: pkit key generate.",
        ),
        Rule::Criticality => {
            ("An extension is critical that must not be, or is not where it must be.", "Have it made anew.")
        }
        Rule::KeyIdentifier => (
            "A key identifier is missing, or does not lead to the issuer.",
            "Have it made anew, with subjectKeyIdentifier and authorityKeyIdentifier.",
        ),
        Rule::AlternativeName => (
            "An alternative name is no name of its kind, or there is none where there must be one.",
            "Have it made anew with the right names: see pkit issue server --help.",
        ),
        Rule::BasicConstraints => (
            "basicConstraints and keyUsage contradict each other: only a CA may sign certificates.",
            "Have it made anew.",
        ),
        Rule::Policy => (
            "The path is valid under no policy that is acceptable.",
            "Have it issued under one, or accept another: pkit verify --policy OID.",
        ),
        Rule::PathDepth => (
            "There are more intermediate CAs than --max-depth allows.",
            "Allow more, or use a shorter chain.",
        ),
        Rule::BaselineRequirements => (
            "It breaks a rule for TLS certificates of the public web, which a private PKI need not follow.",
            "Judge it as a private PKI does: pkit verify --rules rfc5280.",
        ),
        Rule::SearchBudget => (
            "There are too many ways in which the certificates could be connected, so the search was given up.",
            "Give fewer certificates: those of one chain.",
        ),
        Rule::Revoked => ("Its issuer's CRL has it.", "Get a new certificate."),
        Rule::CrlMissing => (
            "Revocation was to be checked, and there is no CRL of an issuer.",
            "Give the CRLs of every CA above: pkit crl --bundle NAME.",
        ),
        Rule::CrlLapsed => (
            "The CRL of an issuer is past its nextUpdate, so it is not known who was revoked since.",
            "Have it made anew: pkit crl CA.",
        ),
        Rule::CrlRefused => (
            "A CRL is not its issuer's: another signed it, or its signature does not hold.",
            "Get it anew from its CA.",
        ),
    };
    Explanation {
        kind: "rule of validation",
        name: rule.code().into(),
        number: None,
        meaning: vec![meaning.into()],
        remedy: Some(remedy.into()),
        section: Some(rule.section().into()),
    }
}
