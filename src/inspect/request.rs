//! What a certificate request asks for.

use serde::Serialize;

use super::{
    ExtensionsReport, Fingerprints, Place, PublicKeyReport,
    anatomy::{Part, parts},
    extension::{self, warnings_of},
};
use crate::{
    der::{self, Element, ber, tag, text},
    fingerprint::hex,
    key::{PublicKey, SignatureAlgorithm, SignatureFault},
    name::{Name, escape},
    oid::{self, Oid},
    pem,
};

/// Everything that a request says (RFC 2986). All text is escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestReport {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
    /// What people would call the certificate
    pub title: String,
    /// The subject asked for
    pub subject: String,
    /// The key that is to be certified
    pub public_key: PublicKeyReport,
    /// How it was signed
    pub signature_algorithm: String,
    /// Whether who made it has the private key; `None` where that cannot be checked
    pub signature_valid: Option<bool>,
    /// The extensions asked for
    #[serde(flatten)]
    pub extensions: ExtensionsReport,
    /// The attributes that are no extensions
    pub attributes: Vec<AttributeReport>,
    /// What whoever signs it should know
    pub warnings: Vec<String>,
    /// Hashes of the whole request
    pub fingerprints: Fingerprints,
    /// The request itself
    pub pem: String,
}

/// One attribute of a request (RFC 2985 5.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeReport {
    /// Its type, dotted
    pub oid: String,
    /// Its name, where it has one that is known
    pub name: Option<&'static str>,
    /// What it says; of a challenge password, only that there is one
    pub value: String,
}

/// Tells what a request says, however much of it breaks the rules; `None` where it does not look like one at all.
pub(super) fn inspect(bytes: &[u8], place: Place) -> Option<RequestReport> {
    let normal;
    let mut whole = der::Reader::new(bytes).expect(tag::SEQUENCE);
    let mut faults = Vec::new();
    if whole.and_then(|whole| whole.inside().expect(tag::SEQUENCE)).is_none() {
        normal = ber::to_der(bytes)?.0;
        whole = der::Reader::new(&normal).expect(tag::SEQUENCE);
        faults.push("it is BER, not DER".to_owned());
    }
    let whole = whole?;
    if whole.raw.len() < bytes.len() && faults.is_empty() {
        faults.push("bytes follow its end".to_owned());
    }
    let mut outer = whole.inside();
    let info = outer.expect(tag::SEQUENCE)?;
    let algorithm = outer.next().and_then(|element| SignatureAlgorithm::from_der(element.raw));
    let signature = outer.next().filter(|element| element.tag == tag::BIT_STRING);
    let mut fields = info.inside();
    if fields.expect(tag::INTEGER)?.content != [0] {
        faults.push("it states a version that does not exist".into());
    }
    let subject = Name::from_der(fields.expect(tag::SEQUENCE)?.raw);
    if !subject.is_readable() {
        faults.push("its subject is no distinguished name (RFC 5280 4.1.2.4)".into());
    }
    let spki = fields.next().map(|spki| spki.raw).unwrap_or_default();
    let key = PublicKey::from_spki(spki);
    if key.is_none() {
        faults.push("its public key cannot be read".into());
    }
    let mut asked = Asked::default();
    if let Some(list) = fields.next() {
        asked.read(list, &mut faults);
    }
    let checked = match (&key, &algorithm, signature.and_then(|bits| bits.content.strip_prefix(&[0]))) {
        (Some(key), Some(algorithm), Some(signature)) => key.verify(algorithm, info.raw, signature),
        _ => Err(SignatureFault::Unsupported),
    };
    if let Some(weakness) = key.as_ref().and_then(PublicKey::weakness) {
        faults.push(weakness);
    }
    if let Some(weakness) = algorithm.as_ref().and_then(SignatureAlgorithm::weakness) {
        faults.push(weakness.to_owned());
    }
    if checked == Err(SignatureFault::Wrong) {
        faults.push("its signature does not hold: it was altered, or made with another key".into());
    }
    warnings_of(&asked.parts, &mut faults);
    Some(RequestReport {
        place,
        title: subject.short(),
        subject: subject.to_string(),
        public_key: PublicKeyReport::of(spki),
        signature_algorithm: algorithm.map(|by| by.name()).unwrap_or_default(),
        signature_valid: match checked {
            Ok(()) => Some(true),
            Err(SignatureFault::Wrong) => Some(false),
            Err(SignatureFault::Unsupported) => None,
        },
        extensions: extension::report(&asked.parts),
        attributes: asked.attributes,
        warnings: faults,
        fingerprints: Fingerprints::of(whole.raw),
        pem: pem::encode("CERTIFICATE REQUEST", whole.raw),
    })
}

/// What its attributes hold.
#[derive(Default)]
struct Asked {
    parts: Vec<Part>,
    attributes: Vec<AttributeReport>,
}

impl Asked {
    fn read(&mut self, list: Element<'_>, faults: &mut Vec<String>) {
        let mut list = list.inside();
        while let Some(attribute) = list.next() {
            if self.attribute(attribute, faults).is_none() {
                faults.push("one of its attributes cannot be read".into());
            }
        }
        if !list.is_empty() {
            faults.push("its attributes cannot be read".into());
        }
    }

    /// `SEQUENCE { type, values SET }`
    fn attribute(&mut self, attribute: Element<'_>, faults: &mut Vec<String>) -> Option<()> {
        let mut fields = attribute.inside();
        let kind = Oid::from_content(fields.expect(tag::OID)?.content);
        let values = fields.next()?;
        if matches!(kind.content(), oid::EXTENSION_REQUEST | oid::MS_EXTENSION_REQUEST) {
            let (found, whole) = parts(values.inside().expect(tag::SEQUENCE)?);
            self.parts.extend(found);
            if !whole {
                faults.push("one of the extensions it asks for cannot be read".into());
            }
            return Some(());
        }
        let value = match kind.content() {
            oid::CHALLENGE_PASSWORD => "(not shown)".to_owned(),
            _ => {
                let mut inside = values.inside();
                let told = std::iter::from_fn(|| inside.next()).map(|value| {
                    let string = text::read(value.tag, value.content).map(|text| escape(&text).into_owned());
                    string.or_else(|| text::line(value.raw)).unwrap_or_else(|| hex(value.raw))
                });
                told.collect::<Vec<_>>().join(", ")
            }
        };
        self.attributes.push(AttributeReport { oid: kind.to_string(), name: kind.short_name(), value });
        Some(())
    }
}
