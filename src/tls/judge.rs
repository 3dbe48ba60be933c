//! The judgement on the other side's chain: ours first, because it names the certificate and the rule, then webpki's.
//! Both must accept.

use std::sync::Arc;

use rustls::{CertificateError, OtherError};
use serde::Serialize;

use crate::{
    cert::Certificate,
    crl::Lists,
    verify::{Finding, Purpose, Question, Rule, Step, verify, verify_with_crls},
};

/// What was judged and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    /// The certificates as they were sent, leaf first, as far as they could be read.
    pub(super) chain: Vec<Certificate>,
    /// The path that our validator took, leaf first.
    pub(super) path: Vec<Step>,
    /// Its certificates.
    pub(super) taken: Vec<Certificate>,
    /// The rules that are broken.
    pub(super) findings: Vec<Finding>,
    /// Anything else that speaks against it: damage, or webpki's refusal of what our validator accepts.
    pub(super) objection: Option<Objection>,
}

/// Why a chain is refused though no rule of ours is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Objection {
    /// Who objects: `webpki`, `parser`, `ocsp`, or `handshake` where the key is not that of the certificate
    pub by: &'static str,
    /// What is wrong, in a person's words
    pub fact: String,
}

impl Objection {
    /// The rule that is broken, by its code.
    pub fn code(&self) -> &'static str {
        match self.by {
            "handshake" => "key-mismatch",
            "ocsp" => Rule::Revoked.code(),
            "parser" => Rule::Malformed.code(),
            other => other,
        }
    }
}

/// What a chain has to hold against.
#[derive(Clone)]
pub(super) struct Trust {
    /// The CAs it has to lead to.
    pub(super) anchors: Vec<Certificate>,
    /// The revocation lists it has to pass; revocation is not looked at where there are none.
    pub(super) crls: Option<Arc<Lists>>,
}

impl Judgement {
    /// Judges what our validator says of it.
    pub(super) fn new(
        (chain, damage): (Vec<Certificate>, Option<String>),
        trust: &Trust,
        purpose: Purpose,
        host: Option<&str>,
        at: time::OffsetDateTime,
    ) -> Self {
        let mut judgement = Self {
            chain,
            path: Vec::new(),
            taken: Vec::new(),
            findings: Vec::new(),
            objection: damage.map(|fact| Objection { by: "parser", fact }),
        };
        if let Some((leaf, intermediates)) = judgement.chain.split_first() {
            let question = Question { anchors: &trust.anchors, intermediates, purpose, host, at };
            let verdict = match &trust.crls {
                Some(lists) => verify_with_crls(leaf, &question, &lists.current()),
                None => verify(leaf, &question),
            };
            judgement.path = verdict.path;
            judgement.taken = verdict.certificates;
            judgement.findings = verdict.findings;
        }
        judgement
    }

    /// Whether both accept.
    pub(super) fn accepted(&self) -> bool {
        !self.chain.is_empty() && self.findings.is_empty() && self.objection.is_none()
    }

    /// The error by which rustls sends the right alert; `None` where nothing speaks against the chain.
    pub(super) fn refusal(&self) -> Option<rustls::Error> {
        if self.accepted() {
            return None;
        }
        let decisive = decisive(&self.findings).map(|finding| certificate_error(finding.rule));
        Some(decisive.unwrap_or(CertificateError::BadEncoding).into())
    }

    /// Takes webpki's answer into account: it may refuse what we accept.
    pub(super) fn second<T>(&mut self, answer: Result<T, rustls::Error>) -> Result<T, rustls::Error> {
        answer.inspect_err(|error| {
            self.objection = Some(Objection { by: "webpki", fact: super::fault::certificate(error) });
        })
    }

    /// Why it is refused, in one sentence; `None` where it is not.
    pub(super) fn reason(&self) -> Option<String> {
        decisive(&self.findings)
            .map(ToString::to_string)
            .or_else(|| self.objection.as_ref().map(|objection| objection.fact.clone()))
    }
}

/// Of several broken rules, the one that decides which alert is sent and which reason is told.
pub fn decisive(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().min_by_key(|finding| rank(finding.rule))
}

/// The first is what peers look at first.
fn rank(rule: Rule) -> u8 {
    match rule {
        Rule::UnknownIssuer | Rule::IssuerKeyMismatch | Rule::SearchBudget => 0,
        Rule::Expired | Rule::NotYetValid | Rule::Revoked => 1,
        Rule::ExtendedKeyUsage => 2,
        Rule::NameMismatch => 3,
        // What is missing is ours.
        Rule::CrlMissing | Rule::CrlRefused | Rule::CrlLapsed => 5,
        _ => 4,
    }
}

/// The error whose alert fits: certificate_expired (45), unknown_ca (48), unsupported_certificate (43),
/// certificate_revoked (44), else bad_certificate (42). Where it is our lists that are missing or lapsed, nothing is wrong with
/// the certificate or its CA: certificate_unknown (46), "some other issue arose in processing the certificate" (RFC 8446 6.2),
/// though OpenSSL says 48 and 45 then, and rustls 48.
fn certificate_error(rule: Rule) -> CertificateError {
    match rule {
        Rule::UnknownIssuer | Rule::IssuerKeyMismatch | Rule::SearchBudget => CertificateError::UnknownIssuer,
        Rule::Expired => CertificateError::Expired,
        Rule::NotYetValid => CertificateError::NotValidYet,
        Rule::ExtendedKeyUsage => CertificateError::InvalidPurpose,
        Rule::NameMismatch => CertificateError::NotValidForName,
        Rule::Revoked => CertificateError::Revoked,
        Rule::CrlMissing | Rule::CrlRefused | Rule::CrlLapsed => {
            CertificateError::Other(OtherError(Arc::from(Box::from(rule.code()))))
        }
        Rule::CriticalExtension => CertificateError::UnhandledCriticalExtension,
        Rule::WeakSignature
        | Rule::UnsupportedSignature
        | Rule::SignatureAlgorithmMismatch
        | Rule::WeakKey
        | Rule::NotACa
        | Rule::PathLength
        | Rule::KeyUsage
        | Rule::NameConstraint
        | Rule::MalformedExtension
        | Rule::Malformed
        | Rule::Version
        | Rule::SerialNumber
        | Rule::ValidityEncoding
        | Rule::NameEncoding
        | Rule::InvalidKey
        | Rule::Criticality
        | Rule::KeyIdentifier
        | Rule::AlternativeName
        | Rule::BasicConstraints
        | Rule::Policy
        | Rule::PathDepth
        | Rule::BaselineRequirements => CertificateError::BadEncoding,
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    #[test]
    fn rules_send_their_alerts() {
        for (rule, alert) in [
            (Rule::Expired, AlertDescription::CertificateExpired),
            (Rule::NotYetValid, AlertDescription::CertificateExpired),
            (Rule::UnknownIssuer, AlertDescription::UnknownCA),
            (Rule::IssuerKeyMismatch, AlertDescription::UnknownCA),
            (Rule::ExtendedKeyUsage, AlertDescription::UnsupportedCertificate),
            (Rule::NameConstraint, AlertDescription::BadCertificate),
            (Rule::CriticalExtension, AlertDescription::BadCertificate),
            (Rule::Revoked, AlertDescription::CertificateRevoked),
            (Rule::CrlMissing, AlertDescription::CertificateUnknown),
            (Rule::CrlLapsed, AlertDescription::CertificateUnknown),
            (Rule::CrlRefused, AlertDescription::CertificateUnknown),
        ] {
            assert_eq!(AlertDescription::from(certificate_error(rule)), alert, "{rule:?}");
        }
    }
}
