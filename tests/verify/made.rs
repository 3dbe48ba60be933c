//! Certificates made by hand, field by field, so that each can be wrong in one way.

use pkit::{
    cert::Certificate,
    key::{KeyType, PrivateKey},
    origin::Origin,
};
use ring::rand::SystemRandom;

/// An element of DER.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long @ 0x80..0x100 => out.extend([0x81, long as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let parts: Vec<u64> = dotted.split('.').map(|part| part.parse().unwrap()).collect();
    let mut content = Vec::new();
    for value in std::iter::once(parts[0] * 40 + parts[1]).chain(parts[2..].iter().copied()) {
        let mut digits = vec![(value & 0x7f) as u8];
        let mut rest = value >> 7;
        while rest > 0 {
            digits.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        content.extend(digits.iter().rev());
    }
    tlv(6, &content)
}

/// A name of one attribute in a string type.
pub(crate) fn name_of(kind: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(0x31, &sequence(&[&oid(kind), &tlv(tag, value)]))])
}

pub(crate) fn name(common_name: &str) -> Vec<u8> {
    name_of("2.5.4.3", 0x0c, common_name.as_bytes())
}

/// One extension.
#[derive(Clone)]
pub(crate) struct Extension {
    pub(crate) oid: &'static str,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

impl Extension {
    fn der(&self) -> Vec<u8> {
        let critical = if self.critical { tlv(1, &[0xff]) } else { Vec::new() };
        sequence(&[&oid(self.oid), &critical, &tlv(4, &self.value)])
    }
}

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const ALT_NAME: &str = "2.5.29.17";
pub(crate) const SUBJECT_KEY: &str = "2.5.29.14";
pub(crate) const AUTHORITY_KEY: &str = "2.5.29.35";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const POLICIES: &str = "2.5.29.32";
pub(crate) const MAPPINGS: &str = "2.5.29.33";
pub(crate) const POLICY_CONSTRAINTS: &str = "2.5.29.36";
pub(crate) const INHIBIT_ANY: &str = "2.5.29.54";
pub(crate) const CRL_POINTS: &str = "2.5.29.31";
pub(crate) const ACCESS: &str = "1.3.6.1.5.5.7.1.1";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

/// A certificate before it is signed; every field as it will be encoded.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) version: Option<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    /// Between the key and the extensions
    pub(crate) unique_id: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
    /// The AlgorithmIdentifier of the signed part, where not that of the signature
    pub(crate) inner_algorithm: Option<Vec<u8>>,
    /// The outer one, where not that of the key
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    /// Behind the certificate
    pub(crate) surplus: Vec<u8>,
}

impl Template {
    fn new(common_name: &str, issuer: &str, key: &PrivateKey, number: u8) -> Self {
        Self {
            version: Some(2),
            serial: vec![number],
            issuer: name(issuer),
            not_before: tlv(0x17, b"270101000000Z"),
            not_after: tlv(0x17, b"280101000000Z"),
            subject: name(common_name),
            spki: key.public().spki().to_vec(),
            unique_id: Vec::new(),
            extensions: vec![Extension {
                oid: SUBJECT_KEY,
                critical: false,
                value: tlv(4, &key.public().key_id()),
            }],
            inner_algorithm: None,
            outer_algorithm: None,
            surplus: Vec::new(),
        }
    }

    fn with(mut self, oid: &'static str, critical: bool, value: Vec<u8>) -> Self {
        self.extensions.push(Extension { oid, critical, value });
        self
    }

    /// Puts an extension in the place of the one of its type, or behind the others.
    pub(crate) fn set(&mut self, oid: &'static str, critical: bool, value: Vec<u8>) {
        self.remove(oid);
        self.extensions.push(Extension { oid, critical, value });
    }

    pub(crate) fn remove(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    pub(crate) fn extension(&mut self, oid: &str) -> &mut Extension {
        self.extensions.iter_mut().find(|extension| extension.oid == oid).unwrap()
    }

    /// Signs it.
    pub(crate) fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let algorithm = key.signature_algorithm();
        let outer = self.outer_algorithm.clone().unwrap_or_else(|| algorithm.der().to_vec());
        let inner = self.inner_algorithm.clone().unwrap_or_else(|| outer.clone());
        let version = self.version.map(|version| tlv(0xa0, &tlv(2, &[version]))).unwrap_or_default();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa3, &tlv(0x30, &extensions)),
        };
        let tbs = sequence(&[
            &version,
            &tlv(2, &self.serial),
            &inner,
            &self.issuer,
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &self.unique_id,
            &extensions,
        ]);
        let signature = key.sign(&tbs, &SystemRandom::new()).unwrap();
        let mut der = sequence(&[&tbs, &outer, &tlv(3, &[&[0], signature.as_slice()].concat())]);
        der.extend_from_slice(&self.surplus);
        der
    }
}

/// A revocation list before it is signed.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) issuer: Vec<u8>,
    pub(crate) next_update: Vec<u8>,
    /// Serial numbers with the extensions of their entries
    pub(crate) entries: Vec<(Vec<u8>, Vec<Extension>)>,
    pub(crate) extensions: Vec<Extension>,
}

pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON: &str = "2.5.29.21";
pub(crate) const DELTA: &str = "2.5.29.27";
pub(crate) const SCOPE: &str = "2.5.29.28";
pub(crate) const CERTIFICATE_ISSUER: &str = "2.5.29.29";

impl List {
    /// One of everything, that revokes nothing.
    pub(crate) fn new(issuer: &str, key: &PrivateKey, number: u8) -> Self {
        let authority = sequence(&[&tlv(0x80, &key.public().key_id())]);
        Self {
            issuer: name(issuer),
            next_update: tlv(0x17, b"270701000000Z"),
            entries: Vec::new(),
            extensions: vec![
                Extension { oid: AUTHORITY_KEY, critical: false, value: authority },
                Extension { oid: CRL_NUMBER, critical: false, value: tlv(2, &[number]) },
            ],
        }
    }

    pub(crate) fn with(mut self, oid: &'static str, critical: bool, value: Vec<u8>) -> Self {
        self.extensions.push(Extension { oid, critical, value });
        self
    }

    /// With an entry, for a reason by its number.
    pub(crate) fn revoking(mut self, serial: u8, reason: u8) -> Self {
        let reason = Extension { oid: REASON, critical: false, value: tlv(0x0a, &[reason]) };
        self.entries.push((vec![serial], vec![reason]));
        self
    }

    pub(crate) fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let algorithm = key.signature_algorithm();
        let all = |extensions: &[Extension]| {
            sequence(&[&extensions.iter().flat_map(Extension::der).collect::<Vec<_>>()])
        };
        let entry = |(serial, extensions): &(Vec<u8>, Vec<Extension>)| {
            sequence(&[&tlv(2, serial), &tlv(0x17, b"270301000000Z"), &all(extensions)])
        };
        let entries: Vec<u8> = self.entries.iter().flat_map(entry).collect();
        let entries = if entries.is_empty() { entries } else { tlv(0x30, &entries) };
        let tbs = sequence(&[
            &tlv(2, &[1]),
            algorithm.der(),
            &self.issuer,
            &tlv(0x17, b"270501000000Z"),
            &self.next_update,
            &entries,
            &tlv(0xa0, &all(&self.extensions)),
        ]);
        let signature = key.sign(&tbs, &SystemRandom::new()).unwrap();
        sequence(&[&tbs, algorithm.der(), &tlv(3, &[&[0], signature.as_slice()].concat())])
    }
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyType::P256, &SystemRandom::new()).unwrap()
}

/// A root, a CA below it and the certificate of a server, against which no rule has anything.
pub(crate) struct Chain {
    pub(crate) keys: [PrivateKey; 3],
    pub(crate) root: Template,
    pub(crate) ca: Template,
    pub(crate) leaf: Template,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let keys = [key(), key(), key()];
        let [root_key, ca_key, leaf_key] = &keys;
        let by = |issuer: &PrivateKey| sequence(&[&tlv(0x80, &issuer.public().key_id())]);
        let ca = sequence(&[&tlv(1, &[0xff])]);
        let signs = vec![3, 2, 1, 6];
        let root = Template::new("Root", "Root", root_key, 1).with(BASIC_CONSTRAINTS, true, ca.clone()).with(
            KEY_USAGE,
            true,
            signs.clone(),
        );
        let authority = Template::new("Issuing", "Root", ca_key, 2)
            .with(AUTHORITY_KEY, false, by(root_key))
            .with(BASIC_CONSTRAINTS, true, ca)
            .with(KEY_USAGE, true, signs);
        let names = [tlv(0x82, b"api.example.com"), tlv(0x87, &[192, 0, 2, 1])].concat();
        let leaf = Template::new("api.example.com", "Issuing", leaf_key, 3)
            .with(AUTHORITY_KEY, false, by(ca_key))
            .with(KEY_USAGE, true, vec![3, 2, 7, 0x80])
            .with(EXTENDED_KEY_USAGE, false, sequence(&[&oid(SERVER_AUTH)]))
            .with(ALT_NAME, false, tlv(0x30, &names));
        Self { keys, root, ca: authority, leaf }
    }

    /// The leaf, the CA and the root; an error names the one that is no certificate at all.
    pub(crate) fn certificates(&self) -> Result<[Certificate; 3], pkit::Error> {
        let read = |der: Vec<u8>, place: &str| Certificate::from_der(&der, Origin::named(place));
        Ok([
            read(self.leaf.sign(&self.keys[1]), "leaf")?,
            read(self.ca.sign(&self.keys[0]), "ca")?,
            read(self.root.sign(&self.keys[0]), "root")?,
        ])
    }
}
