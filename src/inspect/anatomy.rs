//! A certificate taken apart without judging it: what breaks the rules is shown as far as it can be read, and told as a fault.

use std::ops::Range;

use time::OffsetDateTime;

use crate::{
    cert::{Extension, ExtensionValue, is_own_issuer},
    der::{self, Element, Reader, ber, tag, time::read_any_time},
    key::{PublicKey, SignatureAlgorithm, SignatureFault},
    name::Name,
    oid::{self, Oid},
};

/// One extension as it stands, and what it says where that can be read.
pub(super) struct Part {
    pub(super) extension: Extension,
    /// The octets of its value
    pub(super) octets: Vec<u8>,
}

/// Everything that is found where a certificate has it (RFC 5280 4.1).
#[derive(Default)]
pub(super) struct Anatomy {
    /// The certificate, without what follows it
    pub(super) der: Vec<u8>,
    tbs: Range<usize>,
    /// As stated, plus one
    pub(super) version: Option<u32>,
    pub(super) serial: Option<Vec<u8>>,
    pub(super) issuer: Option<Name>,
    pub(super) subject: Option<Name>,
    pub(super) not_before: Option<OffsetDateTime>,
    pub(super) not_after: Option<OffsetDateTime>,
    pub(super) spki: Option<Vec<u8>>,
    pub(super) key: Option<PublicKey>,
    /// The one beside the signature
    pub(super) algorithm: Option<SignatureAlgorithm>,
    pub(super) algorithms_agree: bool,
    signature: Option<Vec<u8>>,
    pub(super) parts: Vec<Part>,
    /// What keeps it from being a certificate by the rules
    pub(super) faults: Vec<String>,
}

impl Anatomy {
    /// Takes the first certificate in the bytes apart. `None` where there is nothing that looks like one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let strict = Self::read_der(bytes);
        if strict.as_ref().is_some_and(|anatomy| anatomy.faults.is_empty()) {
            return strict;
        }
        // What is no DER may still be BER, as OpenSSL reads it.
        let Some((der, length)) =
            ber::to_der(bytes).filter(|(der, length)| bytes.get(..*length) != Some(der))
        else {
            return strict;
        };
        let Some(mut loose) = Self::read_der(&der) else { return strict };
        if strict.as_ref().is_some_and(|strict| strict.faults.len() <= loose.faults.len()) {
            return strict;
        }
        loose.faults.insert(0, "it is BER, not DER (RFC 5280 4.1)".into());
        if length < bytes.len() {
            loose.faults.push("bytes follow its end".into());
        }
        // Hashes are those of the bytes as they are; the place of the signed part is another there, and not needed.
        loose.der = bytes.get(..length)?.to_vec();
        loose.tbs = 0..0;
        Some(loose)
    }

    /// `SEQUENCE { tbs, algorithm, signature }`
    fn read_der(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let whole = reader.expect(tag::SEQUENCE)?;
        let mut outer = whole.inside();
        let tbs = outer.expect(tag::SEQUENCE)?;
        let start = tbs.raw.as_ptr() as usize - bytes.as_ptr() as usize;
        let mut anatomy =
            Self { der: whole.raw.to_vec(), tbs: start..start + tbs.raw.len(), ..Self::default() };
        if !reader.is_empty() {
            anatomy.fault("bytes follow its end");
        }
        let algorithm = outer.next().filter(|element| element.tag == tag::SEQUENCE);
        match outer.next().filter(|element| element.tag == tag::BIT_STRING) {
            Some(signature) => anatomy.signature = signature.content.strip_prefix(&[0]).map(<[u8]>::to_vec),
            None => anatomy.fault("it has no signature where one belongs"),
        }
        if !outer.is_empty() {
            anatomy.fault("there is something behind its signature");
        }
        let inner = anatomy.fields(tbs);
        anatomy.algorithm = algorithm.or(inner).and_then(|element| SignatureAlgorithm::from_der(element.raw));
        if anatomy.algorithm.is_none() {
            anatomy.fault("its signature algorithm cannot be read");
        }
        anatomy.algorithms_agree =
            matches!((algorithm, inner), (Some(outer), Some(inner)) if outer.raw == inner.raw);
        Some(anatomy)
    }

    fn fault(&mut self, text: &str) {
        self.faults.push(text.to_owned());
    }

    /// The fields of the signed part, in order; yields the AlgorithmIdentifier in it.
    fn fields<'a>(&mut self, tbs: Element<'a>) -> Option<Element<'a>> {
        let mut fields = Fields { reader: tbs.inside(), ahead: None };
        self.version = Some(1);
        if let Some(version) = fields.take(0xa0) {
            let stated = version.inside().expect(tag::INTEGER).map(|version| version.content);
            match stated {
                Some(&[number @ 0..=2]) => self.version = Some(u32::from(number) + 1),
                Some(&[number @ 3..=0x7f]) => {
                    self.version = Some(u32::from(number) + 1);
                    self.fault("it states a version that does not exist");
                }
                _ => {
                    self.version = None;
                    self.fault("its version cannot be read");
                }
            }
        }
        match fields.take(tag::INTEGER) {
            Some(serial) => self.serial = Some(serial.content.to_vec()),
            None => self.fault("it has no serial number where one belongs"),
        }
        let algorithm = fields.take(tag::SEQUENCE);
        self.issuer = self.name(fields.take(tag::SEQUENCE), "issuer");
        match fields.take(tag::SEQUENCE).map(|validity| validity.inside()) {
            Some(mut dates) => {
                self.not_before = self.date(dates.next(), "notBefore");
                self.not_after = self.date(dates.next(), "notAfter");
            }
            None => self.fault("it has no validity where one belongs"),
        }
        self.subject = self.name(fields.take(tag::SEQUENCE), "subject");
        match fields.take(tag::SEQUENCE) {
            Some(spki) => {
                self.key = PublicKey::from_spki(spki.raw);
                self.spki = Some(spki.raw.to_vec());
                if self.key.is_none() {
                    self.fault("its public key cannot be read");
                }
            }
            None => self.fault("it has no public key where one belongs"),
        }
        for unique in [0x81, 0x82, 0xa1, 0xa2] {
            fields.take(unique);
        }
        if let Some(list) = fields.take(0xa3) {
            self.extensions(list);
        }
        if fields.ahead.is_some() || fields.next().is_some() || !fields.reader.is_empty() {
            self.fault("there is something in its signed part that does not belong there");
        }
        algorithm
    }

    fn name(&mut self, element: Option<Element<'_>>, whose: &str) -> Option<Name> {
        let Some(element) = element else {
            self.faults.push(format!("it has no {whose} where one belongs"));
            return None;
        };
        let name = Name::from_der(element.raw);
        if !name.is_readable() {
            self.faults.push(format!("its {whose} is no distinguished name (RFC 5280 4.1.2.4)"));
        }
        Some(name)
    }

    fn date(&mut self, element: Option<Element<'_>>, which: &str) -> Option<OffsetDateTime> {
        let Some(element) = element else {
            self.faults.push(format!("it has no {which} where one belongs"));
            return None;
        };
        let time = read_any_time(element);
        if time.is_none() {
            let text = String::from_utf8_lossy(element.content);
            self.faults.push(format!("its {which} is no date: `{}`", crate::name::escape(&text)));
        }
        time
    }

    fn extensions(&mut self, list: Element<'_>) {
        let Some(list) = der::whole(list.content, tag::SEQUENCE) else {
            return self.fault("its extensions cannot be read");
        };
        let (parts, whole) = parts(list);
        self.parts = parts;
        if !whole {
            self.fault("one of its extensions cannot be read");
        }
    }

    /// Checks the signature under a key.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        let (Some(algorithm), Some(signature)) = (&self.algorithm, &self.signature) else {
            return Err(SignatureFault::Unsupported);
        };
        let tbs = self.der.get(self.tbs.clone()).filter(|tbs| !tbs.is_empty());
        key.verify(algorithm, tbs.ok_or(SignatureFault::Unsupported)?, signature)
    }

    /// Whether subject and issuer are the same name.
    pub(super) fn is_self_issued(&self) -> bool {
        matches!((&self.subject, &self.issuer), (Some(subject), Some(issuer)) if subject.same(issuer))
    }

    fn value(&self, kind: &[u8]) -> Option<&ExtensionValue> {
        let found = self.parts.iter().find(|part| part.extension.oid.content() == kind);
        found.map(|part| &part.extension.value)
    }

    /// The key identifier in authorityKeyIdentifier.
    pub(super) fn authority_key_id(&self) -> Option<&[u8]> {
        match self.value(oid::AUTHORITY_KEY_ID)? {
            ExtensionValue::AuthorityKeyId { key_id, .. } => key_id.as_deref(),
            _ => None,
        }
    }

    /// subjectKeyIdentifier.
    pub(super) fn subject_key_id(&self) -> Option<&[u8]> {
        match self.value(oid::SUBJECT_KEY_ID)? {
            ExtensionValue::SubjectKeyId(id) => Some(id),
            _ => None,
        }
    }

    /// Whether basicConstraints says that it is a CA.
    pub(super) fn is_ca(&self) -> bool {
        matches!(self.value(oid::BASIC_CONSTRAINTS), Some(ExtensionValue::BasicConstraints { ca: true, .. }))
    }

    /// extKeyUsage.
    pub(super) fn usages(&self) -> &[Oid] {
        match self.value(oid::EXTENDED_KEY_USAGE) {
            Some(ExtensionValue::ExtendedKeyUsage(usages)) => usages,
            _ => &[],
        }
    }

    /// See [`crate::cert::Certificate::is_own_issuer`].
    pub(super) fn is_own_issuer(&self) -> bool {
        is_own_issuer(self.self_signature(), self.authority_key_id(), self.subject_key_id())
    }

    /// How its signature stands under its own key; `None` where it names another issuer.
    pub(super) fn self_signature(&self) -> Option<Result<(), SignatureFault>> {
        let key = self.key.as_ref().ok_or(SignatureFault::Unsupported);
        self.is_self_issued().then(|| key.and_then(|key| self.is_signed_by(key)))
    }
}

/// Extensions of a list, and whether all of it could be read.
pub(super) fn parts(list: Element<'_>) -> (Vec<Part>, bool) {
    let mut reader = list.inside();
    let (mut parts, mut whole) = (Vec::new(), true);
    while let Some(element) = reader.next() {
        match part(element) {
            Some(part) => parts.push(part),
            None => whole = false,
        }
    }
    (parts, whole && reader.is_empty())
}

/// `SEQUENCE { type, critical DEFAULT FALSE, value OCTET STRING }`
fn part(element: Element<'_>) -> Option<Part> {
    let mut fields = element.inside();
    let kind = fields.expect(tag::OID)?.content;
    let mut value = fields.next()?;
    let critical = value.tag == tag::BOOLEAN;
    if critical {
        value = fields.next()?;
    }
    let octets = value.content.to_vec();
    let extension =
        Extension::from_der(element.raw).unwrap_or_else(|| Extension::broken(kind, critical, &octets));
    Some(Part { extension, octets })
}

/// Elements one after the other; one that is not of the wanted tag is left for the next question.
struct Fields<'a> {
    reader: Reader<'a>,
    ahead: Option<Element<'a>>,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<Element<'a>> {
        self.ahead.take().or_else(|| self.reader.next())
    }

    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        let element = self.next()?;
        if element.tag != tag {
            self.ahead = Some(element);
            return None;
        }
        Some(element)
    }
}
