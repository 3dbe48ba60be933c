//! The rules of path validation in words.

use super::Explanation;
use crate::verify::Rule;

/// A rule in words.
pub(super) fn explain(rule: Rule) -> Explanation {
    let meaning = match rule {
        Rule::UnknownIssuer => {
            "No path leads from the certificate to a CA that is trusted: an intermediate is missing, or another root is trusted."
        }
        Rule::IssuerKeyMismatch => {
            "A CA of the issuer's name is there, and its key did not make the signature: the CA was made anew under its old name, or the certificate was altered."
        }
        Rule::WeakSignature => "The signature is made with MD5 or SHA-1, which can be forged.",
        Rule::UnsupportedSignature => {
            "The algorithm of the signature is not known here, so it proves nothing."
        }
        Rule::SignatureAlgorithmMismatch => {
            "The certificate names one algorithm inside of its signed part and another outside."
        }
        Rule::WeakKey => "The key is too short to be trusted: RSA below 2048 bits.",
        Rule::Expired => "The time is after notAfter.",
        Rule::NotYetValid => "The time is before notBefore.",
        Rule::NotACa => "A certificate in the place of a CA has no basicConstraints with cA TRUE.",
        Rule::PathLength => "There are more intermediate CAs below a CA than its path length allows.",
        Rule::KeyUsage => {
            "keyUsage does not allow what the key does: keyCertSign for a CA, digitalSignature for TLS."
        }
        Rule::ExtendedKeyUsage => {
            "extKeyUsage of the certificate, or of a CA above it, does not include the purpose: serverAuth or clientAuth."
        }
        Rule::NameConstraint => "A name lies outside of what a CA above permits, or within what it excludes.",
        Rule::NameMismatch => {
            "The name that was connected to is not among the alternative names; the common name does not count."
        }
        Rule::CriticalExtension => {
            "It has a critical extension that is not understood here; whoever does not understand one must refuse."
        }
        Rule::MalformedExtension => "An extension breaks its own definition, or is there more than once.",
        Rule::Malformed => "It is not what X.509 says: its structure does not hold, or it is not DER.",
        Rule::Version => "The version does not go with the fields: extensions want version 3.",
        Rule::SerialNumber => "The serial number is not positive, or has more than 20 octets.",
        Rule::ValidityEncoding => {
            "The dates are not encoded as they must be: UTCTime until 2049, GeneralizedTime from 2050, in UTC, with seconds."
        }
        Rule::NameEncoding => {
            "The issuer or subject is empty where it must not be, or holds what cannot be read."
        }
        Rule::InvalidKey => {
            "The public key is none of its kind: a point that is not on the curve, an even modulus, an exponent that cannot be."
        }
        Rule::Criticality => "An extension is critical that must not be, or is not where it must be.",
        Rule::KeyIdentifier => "A key identifier is missing, or does not lead to the issuer.",
        Rule::AlternativeName => {
            "An alternative name is no name of its kind, or there is none where there must be one."
        }
        Rule::BasicConstraints => {
            "basicConstraints and keyUsage contradict each other: only a CA may sign certificates."
        }
        Rule::Policy => "The path is valid under no policy that is acceptable.",
        Rule::PathDepth => "There are more intermediate CAs than --max-depth allows.",
        Rule::BaselineRequirements => {
            "It breaks a rule for TLS certificates of the public web, which a private PKI need not follow."
        }
        Rule::SearchBudget => {
            "There are too many ways in which the certificates could be connected, so the search was given up."
        }
        Rule::Revoked => "Its issuer's CRL has it.",
        Rule::CrlMissing => "Revocation was to be checked, and there is no CRL of an issuer.",
        Rule::CrlLapsed => {
            "The CRL of an issuer is past its nextUpdate, so it is not known who was revoked since."
        }
        Rule::CrlRefused => "A CRL is not its issuer's: another signed it, or its signature does not hold.",
    };
    Explanation {
        kind: "rule of validation",
        name: rule.code().into(),
        number: None,
        meaning: vec![meaning.into()],
        remedy: Some(sentence(rule.remedy())),
        section: Some(rule.section().into()),
    }
}

/// A remedy as reports have it, behind a fact, as a sentence of its own.
fn sentence(remedy: &str) -> String {
    let mut letters = remedy.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}
