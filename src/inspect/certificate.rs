//! What a certificate says.

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    ExtensionsReport, Fingerprints, Place, PublicKeyReport,
    anatomy::Anatomy,
    extension::{self, warnings_of},
};
use crate::{
    Error,
    cert::{Certificate, ExtensionValue, Role, is_own_issuer},
    fingerprint::hex,
    key::SignatureFault,
    name::Name,
    pem,
    validity::{Remaining, Validity, format_date, serialize_maybe},
};

/// Everything that one certificate says, and what follows from it at a moment. All text is escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
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
    /// 1, 2 or 3; `None` where it cannot be read
    pub version: Option<u32>,
    /// Serial number in hexadecimal, with a sign where it is negative
    pub serial: String,
    /// First second of its validity; `None` where it is no date
    #[serde(serialize_with = "serialize_maybe")]
    pub not_before: Option<OffsetDateTime>,
    /// Last second of its validity; `None` where it is no date
    #[serde(serialize_with = "serialize_maybe")]
    pub not_after: Option<OffsetDateTime>,
    /// Where the moment of the report lies; `None` where a date cannot be read
    pub state: Option<ValidityState>,
    /// What is left of its validity at that moment
    #[serde(flatten)]
    pub remaining: Option<Remaining>,
    /// The key it speaks of
    pub public_key: PublicKeyReport,
    /// How it was signed
    pub signature_algorithm: String,
    /// What its extensions say
    #[serde(flatten)]
    pub extensions: ExtensionsReport,
    /// What a store says of it: its name there, and which key belongs to it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
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

/// Tells what a certificate says, and how it stands at `now`.
pub fn inspect(certificate: &Certificate, now: OffsetDateTime) -> CertificateReport {
    let anatomy = Anatomy::read(certificate.der()).unwrap_or_default();
    report(&anatomy, Place::new(certificate.origin()), now)
}

/// The same of any bytes that begin with a certificate, however much of it breaks the rules.
///
/// # Errors
/// [`Error::Malformed`] where they do not.
pub fn inspect_der(
    der: &[u8],
    place: Place,
    origin: &crate::origin::Origin,
    now: OffsetDateTime,
) -> Result<CertificateReport, Error> {
    match Anatomy::read(der) {
        Some(anatomy) => Ok(report(&anatomy, place, now)),
        // Says why.
        None => Certificate::from_der(der, origin.clone()).map(|certificate| inspect(&certificate, now)),
    }
}

fn report(anatomy: &Anatomy, place: Place, now: OffsetDateTime) -> CertificateReport {
    let self_signature = anatomy.self_signature();
    let own_issuer = || is_own_issuer(self_signature, anatomy.authority_key_id(), anatomy.subject_key_id());
    let kind = Role::of(anatomy.is_ca(), own_issuer, anatomy.usages());
    let validity = match (anatomy.not_before, anatomy.not_after) {
        (Some(not_before), Some(not_after)) => Some(Validity { not_before, not_after }),
        _ => None,
    };
    let extensions = extension::report(&anatomy.parts);
    let text = |name: &Option<Name>| name.as_ref().map(Name::to_string).unwrap_or_default();
    CertificateReport {
        place,
        title: title(anatomy),
        subject: text(&anatomy.subject),
        issuer: text(&anatomy.issuer),
        self_signed: match self_signature {
            None | Some(Err(SignatureFault::Wrong)) => Some(false),
            Some(Ok(())) => Some(true),
            Some(Err(SignatureFault::Unsupported)) => None,
        },
        kind,
        version: anatomy.version,
        serial: serial(anatomy.serial.as_deref().unwrap_or_default()),
        not_before: anatomy.not_before,
        not_after: anatomy.not_after,
        state: validity.map(|validity| {
            if now < validity.not_before {
                ValidityState::NotYetValid
            } else if now > validity.not_after {
                ValidityState::Expired
            } else {
                ValidityState::Valid
            }
        }),
        remaining: validity.map(|validity| validity.remaining(now)),
        public_key: PublicKeyReport::of(anatomy.spki.as_deref().unwrap_or_default()),
        signature_algorithm: anatomy.algorithm.as_ref().map(|by| by.name()).unwrap_or_default(),
        warnings: warnings(anatomy, kind, &extensions, validity),
        extensions,
        attributes: Vec::new(),
        fingerprints: Fingerprints::of(&anatomy.der),
        pem: pem::encode("CERTIFICATE", &anatomy.der),
    }
}

/// The common name, or else the first alternative name, or the subject.
fn title(anatomy: &Anatomy) -> String {
    let Some(subject) = &anatomy.subject else { return "(no subject)".into() };
    let names = anatomy.parts.iter().find_map(|part| match &part.extension.value {
        ExtensionValue::SubjectAltName(names) => names.first(),
        _ => None,
    });
    match (subject.common_name(), names) {
        (None, Some(name)) => name.value(),
        _ => subject.short(),
    }
}

/// A serial number in lower-case hexadecimal, as openssl prints it but for the case.
pub(super) fn serial(content: &[u8]) -> String {
    match content {
        [0, rest @ ..] if !rest.is_empty() => hex(rest),
        [first, ..] if *first >= 0x80 => {
            // Two's complement: the number is the inverse, and one.
            let mut carry = true;
            let mut size: Vec<u8> = content
                .iter()
                .rev()
                .map(|octet| {
                    let (octet, over) = (!octet).overflowing_add(u8::from(carry));
                    carry = over;
                    octet
                })
                .collect();
            while size.len() > 1 && size.last() == Some(&0) {
                size.pop();
            }
            size.reverse();
            format!("-{}", hex(&size))
        }
        all => hex(all),
    }
}

fn warnings(
    anatomy: &Anatomy,
    role: Role,
    extensions: &ExtensionsReport,
    validity: Option<Validity>,
) -> Vec<String> {
    let mut warnings = anatomy.faults.clone();
    if let Some(weakness) = anatomy.key.as_ref().and_then(|key| key.weakness()) {
        warnings.push(weakness);
    }
    // The signature of a root is not what it is trusted for.
    if role != Role::Root
        && let Some(algorithm) = &anatomy.algorithm
        && let Some(weakness) = algorithm.weakness()
    {
        warnings.push(format!("{} ({})", weakness, algorithm.name()));
    }
    if !anatomy.algorithms_agree {
        warnings.push("the signed and the unsigned statement of the signature algorithm differ".into());
    }
    if let Some(validity) = validity
        && validity.not_after < validity.not_before
    {
        warnings.push(format!(
            "it is never valid: it ends ({}) before it begins ({})",
            format_date(validity.not_after),
            format_date(validity.not_before)
        ));
    }
    if matches!(role, Role::Server | Role::Peer) && extensions.subject_alt_names.is_empty() {
        warnings.push("it is for a server, and has no alternative name that a client could match".into());
    }
    if role.is_ca() && extensions.key_usage.as_ref().is_some_and(|usage| !usage.contains(&"keyCertSign")) {
        warnings.push("it is a CA whose key usage does not allow it to sign certificates".into());
    }
    if anatomy.version.is_some_and(|version| version < 3) && !anatomy.parts.is_empty() {
        warnings.push("it has extensions, which only version 3 can have (RFC 5280 4.1.2.9)".into());
    }
    warnings_of(&anatomy.parts, &mut warnings);
    match anatomy.serial.as_deref() {
        Some([first, ..]) if first & 0x80 != 0 => warnings.push("its serial number is negative".into()),
        Some([0, second, ..]) if second & 0x80 == 0 => {
            warnings.push("its serial number has zeros in front, which is not DER".into());
        }
        Some(serial) if serial.len() > 20 => {
            warnings.push("its serial number is longer than 20 octets (RFC 5280 4.1.2.2)".into());
        }
        Some([]) => warnings.push("its serial number is empty".into()),
        _ => {}
    }
    warnings
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        cert::NameConstraints,
        inspect::BasicConstraintsReport,
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
            (Role::Root, Some(true), Some(ValidityState::Valid))
        );
        assert_eq!((report.public_key.algorithm.as_str(), report.public_key.bits), ("EC P-384", Some(384)));
        assert_eq!(report.signature_algorithm, "ecdsa-with-SHA384");
        assert_eq!(
            report.extensions.basic_constraints,
            Some(BasicConstraintsReport { ca: true, path_length: Some(1) })
        );
        assert_eq!(report.extensions.key_usage.as_deref(), Some(["keyCertSign", "cRLSign"].as_slice()));
        assert_eq!(report.extensions.name_constraints.as_ref().unwrap().permitted, ["DNS:internal"]);
        assert_eq!(report.public_key.pin, STANDARD.encode(root.public_key().fingerprint()));
        assert!(
            report.extensions.is_critical("basicConstraints")
                && !report.extensions.is_critical("subjectKeyIdentifier")
        );
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        assert_eq!((report.place.position, report.place.of), (1, Some(1)));
        assert_eq!(inspect(&root, datetime!(2028-01-01 0:00 UTC)).state, Some(ValidityState::Expired));
        assert_eq!(inspect(&root, datetime!(2026-01-01 0:00 UTC)).state, Some(ValidityState::NotYetValid));
    }
}
