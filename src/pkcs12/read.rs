//! Reading a store, as far as its password is known.

use zeroize::Zeroizing;

use super::mac::Mac;
use crate::{
    der::{self, Element, Reader, ber, tag, text},
    key::{
        scheme::{self, Scheme, SchemeFault},
        sealed,
    },
    oid::{self, Oid},
};

/// A store, of which nothing is decrypted yet.
pub struct Pkcs12 {
    /// The octets that the MAC is made over, as they stand
    contents: Zeroizing<Vec<u8>>,
    mac: Option<Mac>,
}

/// What a store holds.
pub struct Opened {
    /// How it is protected against being altered, in a person's words; `None` where it is not
    pub mac: Option<String>,
    /// Its parts, in order
    pub safes: Vec<Safe>,
}

/// A part of a store, encrypted as a whole or not at all.
pub struct Safe {
    /// How it is encrypted, where it is
    pub encryption: Option<String>,
    /// What it holds; `None` where it could not be decrypted
    pub bags: Option<Vec<Bag>>,
    /// What is wrong with it
    pub fault: Option<String>,
}

/// One entry.
pub struct Bag {
    /// What it is
    pub content: Content,
    /// Its name, unescaped
    pub friendly_name: Option<String>,
    /// What a key and its certificate have in common
    pub local_key_id: Option<Vec<u8>>,
    /// Whether Java takes the certificate for a trusted one
    pub is_trusted: bool,
}

/// What an entry is.
pub enum Content {
    /// DER of a certificate
    Certificate(Vec<u8>),
    /// DER of a revocation list
    Crl(Vec<u8>),
    /// A private key
    Key {
        /// PKCS#8; `None` where it could not be decrypted
        pkcs8: Option<Zeroizing<Vec<u8>>>,
        /// How it is encrypted by itself, where it is
        encryption: Option<String>,
    },
    /// Anything else, in a person's words
    Other(String),
}

/// The content of an OCTET STRING, or of one with an implicit tag that came in pieces.
fn octets(element: Element<'_>) -> Option<Vec<u8>> {
    if element.tag & 0x20 == 0 {
        return Some(element.content.to_vec());
    }
    let mut whole = Vec::new();
    let mut pieces = element.inside();
    while !pieces.is_empty() {
        whole.extend_from_slice(pieces.expect(tag::OCTET_STRING)?.content);
    }
    Some(whole)
}

/// `SEQUENCE { type, [0] content }`
fn content_info(element: Element<'_>) -> Option<(&[u8], Element<'_>)> {
    let mut fields = element.inside();
    Some((fields.expect(tag::OID)?.content, fields.expect(0xa0)?.inside().next()?))
}

/// A SEQUENCE in octets that may be BER.
fn normal(octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (der, _) = ber::to_der(octets)?;
    der.first().is_some_and(|first| *first == tag::SEQUENCE).then(|| Zeroizing::new(der))
}

fn elements(der: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut reader = der::whole(der, tag::SEQUENCE).map_or(Reader::new(&[]), |whole| whole.inside());
    std::iter::from_fn(move || reader.next())
}

impl Pkcs12 {
    /// Reads the outside of a store, DER or BER.
    ///
    /// # Errors
    /// What is wrong with it, in a person's words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let shape = || "its structure is not that of PKCS#12 (RFC 7292 4)".to_owned();
        let whole = normal(bytes).ok_or_else(shape)?;
        let mut fields = der::whole(&whole, tag::SEQUENCE).ok_or_else(shape)?.inside();
        if fields.expect(tag::INTEGER).ok_or_else(shape)?.content != [3] {
            return Err("it states a version that does not exist".into());
        }
        let safe = fields.expect(tag::SEQUENCE).ok_or_else(shape)?;
        let contents = match content_info(safe).ok_or_else(shape)? {
            (oid::PKCS7_DATA, data) => octets(data).ok_or_else(shape)?,
            (kind, _) => {
                let kind = Oid::from_content(kind).name();
                return Err(format!("it is protected by {kind}, and not by a password"));
            }
        };
        let mac = match fields.next() {
            Some(mac) => Some(Mac::read(mac).ok_or("its MAC cannot be read")?),
            None => None,
        };
        if normal(&contents).is_none() {
            return Err("what it holds cannot be read".into());
        }
        Ok(Self { contents: Zeroizing::new(contents), mac })
    }

    /// Whether this is its password: by its MAC, or where that cannot tell, by whether everything can be decrypted.
    pub fn accepts(&self, password: &[u8]) -> bool {
        match &self.mac {
            Some(mac) if mac.is_known() => mac.holds(password, &self.contents),
            _ => self.open(Some(password)).safes.iter().all(|safe| {
                let locked = |bag: &Bag| matches!(bag.content, Content::Key { pkcs8: None, .. });
                safe.bags.as_ref().is_some_and(|bags| !bags.iter().any(locked))
            }),
        }
    }

    /// Everything that it holds, as far as this password opens it.
    pub fn open(&self, password: Option<&[u8]>) -> Opened {
        let contents = normal(&self.contents);
        let safes = contents.iter().flat_map(|contents| elements(contents));
        let mut key = Key { password, left: MOST_WORK };
        Opened {
            mac: self.mac.as_ref().map(|mac| mac.name.clone()),
            safes: safes.map(|safe| open_safe(safe, &mut key)).collect(),
        }
    }
}

/// Rounds of key derivation that all parts of a store may ask for together: a store of ten thousand entries would hang its
/// reader otherwise.
const MOST_WORK: u64 = if cfg!(fuzzing) { 100_000 } else { 20_000_000 };

/// The password, and how much work may still be done with it.
struct Key<'a> {
    password: Option<&'a [u8]>,
    left: u64,
}

impl Key<'_> {
    fn decrypt(&mut self, scheme: &Scheme<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let password = self.password?;
        self.left = self.left.checked_sub(scheme.work())?;
        scheme.decrypt(password, sealed)
    }
}

fn open_safe(safe: Element<'_>, key: &mut Key<'_>) -> Safe {
    let fault = |fault: &str| Safe { encryption: None, bags: None, fault: Some(fault.to_owned()) };
    match content_info(safe) {
        Some((oid::PKCS7_DATA, data)) => match octets(data).as_deref().and_then(normal) {
            Some(plain) => Safe { encryption: None, bags: Some(bags(&plain, key)), fault: None },
            None => fault("a part of it cannot be read"),
        },
        Some((oid::PKCS7_ENCRYPTED, data)) => {
            encrypted(data, key).unwrap_or_else(|| fault("an encrypted part of it cannot be read"))
        }
        Some((kind, _)) => fault(&format!("a part of it is {}", Oid::from_content(kind).name())),
        None => fault("a part of it cannot be read"),
    }
}

/// `SEQUENCE { version, SEQUENCE { type, algorithm, [0] content } }`
fn encrypted(data: Element<'_>, key: &mut Key<'_>) -> Option<Safe> {
    let mut fields = data.inside();
    fields.expect(tag::INTEGER)?;
    let mut info = fields.expect(tag::SEQUENCE)?.inside();
    info.expect(tag::OID)?;
    let algorithm = info.expect(tag::SEQUENCE)?;
    let sealed = octets(info.next()?)?;
    let encryption = Some(scheme::describe(algorithm));
    Some(match Scheme::read(algorithm) {
        Err(SchemeFault::Malformed(cause) | SchemeFault::Unsupported(cause)) => {
            Safe { encryption, bags: None, fault: Some(cause) }
        }
        Ok(scheme) => {
            let plain = key.decrypt(&scheme, &sealed);
            let bags = plain.as_deref().and_then(|plain| normal(plain)).map(|plain| bags(&plain, key));
            Safe { encryption, bags, fault: None }
        }
    })
}

/// Bags lie in each other no deeper than anybody makes them.
const DEEPEST: usize = 4;

fn bags(contents: &[u8], key: &mut Key<'_>) -> Vec<Bag> {
    let mut found = Vec::new();
    collect(contents, key, 0, &mut found);
    found
}

fn collect(contents: &[u8], key: &mut Key<'_>, depth: usize, found: &mut Vec<Bag>) {
    for element in elements(contents) {
        let mut fields = element.inside();
        let Some(kind) = fields.expect(tag::OID).map(|kind| kind.content) else { continue };
        let value = fields.expect(0xa0).and_then(|value| value.inside().next());
        let mut bag = Bag {
            content: Content::Other(format!("an entry of type {}", Oid::from_content(kind).name())),
            friendly_name: None,
            local_key_id: None,
            is_trusted: false,
        };
        if let Some(attributes) = fields.next() {
            bag.attributes(attributes);
        }
        match (kind, value) {
            (oid::SAFE_CONTENTS_BAG, Some(value)) if depth < DEEPEST => {
                collect(value.raw, key, depth + 1, found);
                continue;
            }
            (oid::KEY_BAG, Some(value)) => {
                let pkcs8 = Some(Zeroizing::new(value.raw.to_vec()));
                bag.content = Content::Key { pkcs8, encryption: None };
            }
            (oid::SHROUDED_KEY_BAG, Some(value)) => bag.content = shrouded(value, key),
            (oid::CERT_BAG | oid::CRL_BAG, Some(value)) => {
                if let Some(content) = wrapped(value) {
                    bag.content = content;
                }
            }
            _ => {}
        }
        found.push(bag);
    }
}

fn shrouded(value: Element<'_>, key: &mut Key<'_>) -> Content {
    let Some((algorithm, sealed)) = sealed::parts(value.raw) else {
        return Content::Other("a private key that cannot be read".into());
    };
    let plain = Scheme::read(algorithm).ok().and_then(|scheme| key.decrypt(&scheme, sealed));
    let pkcs8 = plain.filter(|plain| der::whole(plain, tag::SEQUENCE).is_some());
    Content::Key { pkcs8, encryption: Some(scheme::describe(algorithm)) }
}

/// `SEQUENCE { type, [0] OCTET STRING }`
fn wrapped(value: Element<'_>) -> Option<Content> {
    let mut fields = value.inside();
    let kind = fields.expect(tag::OID)?.content;
    let der = octets(fields.expect(0xa0)?.inside().next()?)?;
    Some(match kind {
        oid::X509_CERTIFICATE => Content::Certificate(der),
        oid::X509_CRL => Content::Crl(der),
        other => Content::Other(format!("an entry of type {}", Oid::from_content(other).name())),
    })
}

impl Bag {
    /// `SET OF SEQUENCE { type, SET OF value }`
    fn attributes(&mut self, set: Element<'_>) {
        let mut attributes = set.inside();
        while let Some(attribute) = attributes.next() {
            let mut fields = attribute.inside();
            let (Some(kind), Some(values)) = (fields.expect(tag::OID), fields.expect(tag::SET)) else {
                continue;
            };
            let value = values.inside().next();
            match (kind.content, value) {
                (oid::FRIENDLY_NAME, Some(name)) => self.friendly_name = text::read(name.tag, name.content),
                (oid::LOCAL_KEY_ID, Some(id)) => self.local_key_id = Some(id.content.to_vec()),
                (oid::JAVA_TRUSTED, _) => self.is_trusted = true,
                _ => {}
            }
        }
    }
}
