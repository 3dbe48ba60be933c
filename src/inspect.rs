//! What a certificate says, in full, as plain data.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    cert::{Certificate, Extension, ExtensionValue, NameConstraints, Role},
    fingerprint::{colons, hex, sha1},
    key::{Algorithm, SignatureFault},
    name::{GeneralName, escape},
    oid::Oid,
    validity::{Remaining, format_date, serialize_time},
};

/// Everything that one certificate says, and what follows from it at a moment. All text is escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// The file or peer it was read from
    pub source: String,
    /// Its position among the certificates there, from 1
    pub position: usize,
    /// How many certificates are there
    pub of: usize,
    /// What people call it
    pub title: String,
    /// Whom it speaks of
    pub subject: String,
    /// Who signed it
    pub issuer: String,
    /// Whether its own key signed it; `None` where that cannot be checked
    pub self_signed: Option<bool>,
    /// What it is for
    pub kind: Role,
    /// 1, 2 or 3
    pub version: u32,
    /// Serial number in hexadecimal
    pub serial: String,
    /// First second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_before: OffsetDateTime,
    /// Last second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_after: OffsetDateTime,
    /// Where the moment of the report lies
    pub state: ValidityState,
    /// What is left of its validity at that moment
    #[serde(flatten)]
    pub remaining: Remaining,
    /// The key it speaks of
    pub public_key: PublicKeyReport,
    /// How it was signed
    pub signature_algorithm: String,
    /// subjectAltName
    pub subject_alt_names: Vec<String>,
    /// keyUsage
    pub key_usage: Option<Vec<&'static str>>,
    /// extKeyUsage
    pub extended_key_usage: Option<Vec<String>>,
    /// basicConstraints
    pub basic_constraints: Option<BasicConstraintsReport>,
    /// nameConstraints
    pub name_constraints: Option<NameConstraintsReport>,
    /// subjectKeyIdentifier in hexadecimal
    pub subject_key_id: Option<String>,
    /// The key identifier of authorityKeyIdentifier in hexadecimal
    pub authority_key_id: Option<String>,
    /// cRLDistributionPoints
    pub crl_distribution_points: Vec<String>,
    /// authorityInfoAccess
    pub authority_info_access: Vec<AccessReport>,
    /// certificatePolicies
    pub certificate_policies: Vec<String>,
    /// Every extension, in order
    pub extensions: Vec<ExtensionReport>,
    /// What anyone who trusts it should know
    pub warnings: Vec<String>,
    /// Hashes of the whole certificate
    pub fingerprints: Fingerprints,
    /// The certificate itself
    pub pem: String,
}

/// Where a moment lies relative to a validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidityState {
    /// Before it
    NotYetValid,
    /// In it
    Valid,
    /// After it
    Expired,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicKeyReport {
    /// `EC P-256`, `RSA 2048 bits`, …
    pub algorithm: String,
    /// Size of the modulus or field; `None` for an unknown kind of key
    pub bits: Option<u32>,
    /// SHA-256 of the subjectPublicKeyInfo in hexadecimal
    pub sha256: String,
    /// The same in base64: the pin of RFC 7469
    pub pin: String,
}

/// basicConstraints (RFC 5280 4.2.1.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BasicConstraintsReport {
    /// Whether it is a CA
    pub ca: bool,
    /// Most intermediates below it
    pub path_length: Option<u32>,
}

/// nameConstraints (RFC 5280 4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameConstraintsReport {
    /// Where names must lie
    pub permitted: Vec<String>,
    /// Where no name may lie
    pub excluded: Vec<String>,
}

/// One access description of authorityInfoAccess (RFC 5280 4.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessReport {
    /// What is found there
    pub method: String,
    /// Where
    pub location: String,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtensionReport {
    /// Its type, dotted
    pub oid: String,
    /// Its name, where it has one that is known
    pub name: Option<&'static str>,
    /// Whether a reader that does not know it must refuse the certificate
    pub critical: bool,
    /// Whether its content breaks its own rules
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub malformed: bool,
    /// Its octets in hexadecimal, where they are not shown elsewhere in the report
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Hashes of a whole certificate, as openssl prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprints {
    /// SHA-256
    pub sha256: String,
    /// SHA-1; for comparing with what other tools print, never for trust
    pub sha1: String,
}

impl CertificateReport {
    /// Whether the extension of this name is critical.
    pub fn is_critical(&self, name: &str) -> bool {
        self.extensions.iter().any(|extension| extension.critical && extension.name == Some(name))
    }
}

/// Tells what a certificate says, and how it stands at `now`.
pub fn inspect(certificate: &Certificate, now: OffsetDateTime) -> CertificateReport {
    let validity = certificate.validity();
    let state = if now < validity.not_before {
        ValidityState::NotYetValid
    } else if now > validity.not_after {
        ValidityState::Expired
    } else {
        ValidityState::Valid
    };
    let pin = certificate.public_key().fingerprint();
    let role = certificate.role();
    let texts = |names: &[GeneralName]| names.iter().map(GeneralName::to_string).collect::<Vec<_>>();
    let mut report = CertificateReport {
        source: escape(certificate.origin().place()).into_owned(),
        position: certificate.origin().position().unwrap_or(1),
        of: certificate.origin().count(),
        title: certificate.title(),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        self_signed: match certificate.self_signature() {
            None | Some(Err(SignatureFault::Wrong)) => Some(false),
            Some(Ok(())) => Some(true),
            Some(Err(SignatureFault::Unsupported)) => None,
        },
        kind: role,
        version: certificate.version(),
        serial: certificate.serial_hex(),
        not_before: validity.not_before,
        not_after: validity.not_after,
        state,
        remaining: validity.remaining(now),
        public_key: PublicKeyReport {
            algorithm: certificate.key_algorithm().to_string(),
            bits: bits(certificate.key_algorithm()),
            sha256: hex(&pin),
            pin: STANDARD.encode(pin),
        },
        signature_algorithm: certificate.signature_algorithm().name(),
        subject_alt_names: Vec::new(),
        key_usage: None,
        extended_key_usage: None,
        basic_constraints: None,
        name_constraints: None,
        subject_key_id: None,
        authority_key_id: None,
        crl_distribution_points: Vec::new(),
        authority_info_access: Vec::new(),
        certificate_policies: Vec::new(),
        extensions: certificate.extensions().iter().map(extension).collect(),
        warnings: warnings(certificate, role),
        fingerprints: Fingerprints {
            sha256: colons(&certificate.fingerprint()),
            sha1: colons(&sha1(certificate.der())),
        },
        pem: certificate.to_pem(),
    };
    for extension in certificate.extensions() {
        match &extension.value {
            ExtensionValue::BasicConstraints { ca, path_length } => {
                report.basic_constraints =
                    Some(BasicConstraintsReport { ca: *ca, path_length: *path_length });
            }
            ExtensionValue::KeyUsage(usage) => report.key_usage = Some(usage.names()),
            ExtensionValue::ExtendedKeyUsage(usages) => {
                report.extended_key_usage = Some(usages.iter().map(Oid::name).collect());
            }
            ExtensionValue::SubjectAltName(names) => report.subject_alt_names = texts(names),
            ExtensionValue::SubjectKeyId(id) => report.subject_key_id = Some(hex(id)),
            ExtensionValue::AuthorityKeyId { key_id, .. } => {
                report.authority_key_id = key_id.as_deref().map(hex);
            }
            ExtensionValue::NameConstraints(constraints) => {
                report.name_constraints = Some(name_constraints(constraints));
            }
            ExtensionValue::CrlDistributionPoints(points) => report.crl_distribution_points = texts(points),
            ExtensionValue::AuthorityInfoAccess(access) => {
                report.authority_info_access = access
                    .iter()
                    .map(|(method, location)| AccessReport {
                        method: access_method(method),
                        location: location.to_string(),
                    })
                    .collect();
            }
            ExtensionValue::CertificatePolicies(policies) => {
                report.certificate_policies = policies.iter().map(policy).collect();
            }
            ExtensionValue::Other(_) | ExtensionValue::Malformed(_) => {}
        }
    }
    report
}

fn bits(algorithm: Algorithm) -> Option<u32> {
    match algorithm {
        Algorithm::P256 | Algorithm::Ed25519 => Some(256),
        Algorithm::P384 => Some(384),
        Algorithm::P521 => Some(521),
        Algorithm::Ed448 => Some(456),
        Algorithm::Rsa(bits) | Algorithm::RsaPss(bits) => Some(bits),
        Algorithm::Other => None,
    }
}

fn name_constraints(constraints: &NameConstraints) -> NameConstraintsReport {
    NameConstraintsReport {
        permitted: constraints.permitted.iter().map(ToString::to_string).collect(),
        excluded: constraints.excluded.iter().map(ToString::to_string).collect(),
    }
}

fn access_method(method: &Oid) -> String {
    match method.to_string().as_str() {
        "1.3.6.1.5.5.7.48.1" => "OCSP".into(),
        "1.3.6.1.5.5.7.48.2" => "caIssuers".into(),
        other => other.to_owned(),
    }
}

fn policy(policy: &Oid) -> String {
    match policy.to_string().as_str() {
        "2.5.29.32.0" => "anyPolicy".into(),
        "2.23.140.1.2.1" => "2.23.140.1.2.1 (domain validated)".into(),
        "2.23.140.1.2.2" => "2.23.140.1.2.2 (organization validated)".into(),
        "2.23.140.1.1" => "2.23.140.1.1 (extended validation)".into(),
        other => other.to_owned(),
    }
}

fn extension(extension: &Extension) -> ExtensionReport {
    let (malformed, value) = match &extension.value {
        ExtensionValue::Malformed(octets) => (true, Some(hex(octets))),
        ExtensionValue::Other(octets) => (false, Some(hex(octets))),
        _ => (false, None),
    };
    ExtensionReport {
        oid: extension.oid.to_string(),
        name: extension.oid.short_name().or_else(|| foreign_name(extension.oid.content())),
        critical: extension.critical,
        malformed,
        value,
    }
}

/// Extensions that are met in practice but mean nothing to us.
fn foreign_name(content: &[u8]) -> Option<&'static str> {
    Some(match content {
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2] => "signedCertificateTimestamps",
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3] => "ctPoison",
        [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1] => "nsCertType",
        [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 13] => "nsComment",
        [0x55, 0x1d, 16] => "privateKeyUsagePeriod",
        [0x55, 0x1d, 46] => "freshestCRL",
        [0x55, 0x1d, 9] => "subjectDirectoryAttributes",
        [0x2b, 6, 1, 5, 5, 7, 1, 3] => "qcStatements",
        [0x2b, 6, 1, 5, 5, 7, 1, 11] => "subjectInfoAccess",
        [0x2b, 6, 1, 5, 5, 7, 48, 1, 5] => "ocspNoCheck",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2] => "msCertificateTemplateName",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 1] => "msCaVersion",
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7] => "msCertificateTemplate",
        _ => return None,
    })
}

fn warnings(certificate: &Certificate, role: Role) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(weakness) = certificate.public_key().weakness() {
        warnings.push(weakness);
    }
    // The signature of a root is not what it is trusted for.
    if role != Role::Root
        && let Some(weakness) = certificate.signature_algorithm().weakness()
    {
        warnings.push(format!("{} ({})", weakness, certificate.signature_algorithm().name()));
    }
    if !certificate.algorithms_agree() {
        warnings.push("the signed and the unsigned statement of the signature algorithm differ".into());
    }
    let validity = certificate.validity();
    if validity.not_after < validity.not_before {
        warnings.push(format!(
            "it is never valid: it ends ({}) before it begins ({})",
            format_date(validity.not_after),
            format_date(validity.not_before)
        ));
    }
    if matches!(role, Role::Server | Role::Peer) && certificate.subject_alt_names().is_empty() {
        warnings.push("it is for a server, and has no alternative name that a client could match".into());
    }
    if certificate.is_ca()
        && certificate
            .key_usage()
            .is_some_and(|usage| !usage.contains(crate::profile::KeyUsage::KEY_CERT_SIGN))
    {
        warnings.push("it is a CA whose key usage does not allow it to sign certificates".into());
    }
    for extension in certificate.extensions() {
        if matches!(extension.value, ExtensionValue::Malformed(_)) {
            warnings.push(format!("its extension {} is malformed", extension.oid.name()));
        }
    }
    let types = certificate.extensions().iter().map(|extension| &extension.oid);
    let repeated =
        |kind: &&Oid| certificate.extensions().iter().filter(|other| other.oid == **kind).count() > 1;
    let mut twice: Vec<&Oid> = types.filter(repeated).collect();
    twice.dedup();
    twice.sort();
    twice.dedup();
    warnings
        .extend(twice.iter().map(|kind| format!("its extension {} is there more than once", kind.name())));
    if certificate.serial().first().is_some_and(|first| first & 0x80 != 0) {
        warnings.push("its serial number is negative".into());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        issue::{Kind, Request, plan},
        key::{KeyType, PrivateKey},
        name::Name,
        validity::{End, Span},
    };

    #[test]
    fn a_root_is_told_in_full() {
        let random = SystemRandom::new();
        let now = datetime!(2027-01-01 0:01 UTC);
        let key = PrivateKey::generate(KeyType::P384, &random).unwrap();
        let constraints = NameConstraints {
            permitted: vec![crate::name::Subtree::Dns("internal".into())],
            excluded: vec![],
        };
        let request = Request {
            path_length: Some(1),
            name_constraints: Some(constraints),
            ..Request::new(Kind::Root, Name::from_common_name("Root").unwrap(), End::After(Span::days(100)))
        };
        let root = plan(request, None, now).unwrap().sign_root(&key, &random).unwrap();
        let report = inspect(&root, now);
        assert_eq!(
            (report.kind, report.self_signed, report.state),
            (Role::Root, Some(true), ValidityState::Valid)
        );
        assert_eq!((report.public_key.algorithm.as_str(), report.public_key.bits), ("EC P-384", Some(384)));
        assert_eq!(report.signature_algorithm, "ecdsa-with-SHA384");
        assert_eq!(report.basic_constraints, Some(BasicConstraintsReport { ca: true, path_length: Some(1) }));
        assert_eq!(report.key_usage.as_deref(), Some(["keyCertSign", "cRLSign"].as_slice()));
        assert_eq!(report.name_constraints.as_ref().unwrap().permitted, ["DNS:internal"]);
        assert_eq!(report.public_key.pin, STANDARD.encode(root.public_key().fingerprint()));
        assert!(report.is_critical("basicConstraints") && !report.is_critical("subjectKeyIdentifier"));
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        assert_eq!((report.position, report.of), (1, 1));
        assert_eq!(inspect(&root, datetime!(2028-01-01 0:00 UTC)).state, ValidityState::Expired);
        assert_eq!(inspect(&root, datetime!(2026-01-01 0:00 UTC)).state, ValidityState::NotYetValid);
    }
}
