//! PKCS#8, PKCS#1 and SEC1: how private keys are encoded, and the ways between them.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Algorithm, PrivateKey};
use crate::{
    der::{self, tag},
    oid,
};

/// How a private key is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Encoding {
    /// `PRIVATE KEY`: any kind of key; what everything of today reads
    Pkcs8,
    /// `RSA PRIVATE KEY`: RSA alone
    Pkcs1,
    /// `EC PRIVATE KEY`: keys on a NIST curve alone
    Sec1,
}

impl Encoding {
    /// The label of its PEM block (RFC 7468 section 10; the other two by custom).
    pub fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
        }
    }
}

/// `PKCS#8`, `PKCS#1`, `SEC1`.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC1",
        })
    }
}

impl PrivateKey {
    /// The key's unencrypted DER: PKCS#8 (RFC 5958), RSAPrivateKey (RFC 8017 A.1.2) or ECPrivateKey (RFC 5915) with its
    /// curve and its public point. `None` where this kind of key has no such encoding.
    pub fn to_der(&self, encoding: Encoding) -> Option<Zeroizing<Vec<u8>>> {
        let inner = || Some(Info::read(self.pkcs8())?.key);
        match (encoding, self.public().algorithm()) {
            (Encoding::Pkcs8, _) => Some(Zeroizing::new(self.pkcs8().to_vec())),
            (Encoding::Pkcs1, Algorithm::Rsa(_)) => Some(Zeroizing::new(inner()?.to_vec())),
            (Encoding::Sec1, Algorithm::P256) => sec1(inner()?, 32, oid::P256, self.public().bits()),
            (Encoding::Sec1, Algorithm::P384) => sec1(inner()?, 48, oid::P384, self.public().bits()),
            _ => None,
        }
    }
}

/// The outermost parts of a PKCS#8 PrivateKeyInfo (RFC 5958 section 2).
pub(super) struct Info<'a> {
    pub(super) kind: &'a [u8],
    pub(super) curve: Option<&'a [u8]>,
    pub(super) key: &'a [u8],
}

impl<'a> Info<'a> {
    pub(super) fn read(pkcs8: &'a [u8]) -> Option<Self> {
        let mut inside = der::whole(pkcs8, tag::SEQUENCE)?.inside();
        inside.expect(tag::INTEGER)?;
        let mut identifier = inside.expect(tag::SEQUENCE)?.inside();
        let kind = identifier.expect(tag::OID)?.content;
        let curve = identifier.expect(tag::OID).map(|curve| curve.content);
        Some(Self { kind, curve, key: inside.expect(tag::OCTET_STRING)?.content })
    }
}

/// The number of an ECPrivateKey and the elements after it.
pub(super) fn scalar(key: &[u8]) -> Option<(&[u8], der::Reader<'_>)> {
    let mut fields = der::whole(key, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    let scalar = fields.expect(tag::OCTET_STRING)?.content;
    Some((scalar, fields))
}

/// The same number in exactly so many octets: some writers drop leading zeros, which RFC 5915 section 3 wants kept.
pub(super) fn padded(scalar: &[u8], size: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut padded = Zeroizing::new(vec![0; size]);
    let start = size.checked_sub(scalar.len())?;
    padded.get_mut(start..)?.copy_from_slice(scalar);
    Some(padded)
}

/// A complete ECPrivateKey from the one in PKCS#8, which leaves out the curve.
fn sec1(inner: &[u8], size: usize, curve: &[u8], point: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let scalar = element(tag::OCTET_STRING, &[&padded(scalar(inner)?.0, size)?]);
    let parameters = element(0xa0, &[&element(tag::OID, &[curve])]);
    let public = element(0xa1, &[&element(tag::BIT_STRING, &[&[0], point])]);
    Some(element(tag::SEQUENCE, &[&[tag::INTEGER, 1, 1], &scalar, &parameters, &public]))
}

/// One element of DER in one buffer of the right size, so that no copy of a key is left behind by its growing.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + 4));
    out.push(tag);
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend_from_slice(&[0x81, length as u8]),
        // No key is longer than 65,535 octets; what is reads as damaged.
        _ => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// Wraps a PKCS#1 or SEC1 key in PKCS#8.
pub(super) fn wrap(kind: &[u8], parameters: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let identifier = element(tag::SEQUENCE, &[&element(tag::OID, &[kind]), parameters]);
    element(tag::SEQUENCE, &[&[tag::INTEGER, 1, 0], &identifier, &element(tag::OCTET_STRING, &[key])])
}

/// Wraps an ECPrivateKey (RFC 5915), whose curve stands in its parameters or in `curve`.
pub(super) fn wrap_sec1(key: &[u8], curve: Option<&[u8]>) -> Option<Zeroizing<Vec<u8>>> {
    let (_, mut fields) = scalar(key)?;
    let inner = fields.next().filter(|field| field.tag == 0xa0).map(|field| field.content);
    Some(wrap(oid::EC_PUBLIC_KEY, inner.or(curve)?, key))
}

/// PKCS#8 of an Ed25519 key in the only form of version 1 there is (RFC 8410 section 7).
pub(super) fn ed25519(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let identifier = element(tag::SEQUENCE, &[&element(tag::OID, &[oid::ED25519])]);
    let key = element(tag::OCTET_STRING, &[&element(tag::OCTET_STRING, &[seed])]);
    element(tag::SEQUENCE, &[&[tag::INTEGER, 1, 0], &identifier, &key])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{KeyFile, KeyType, no_passphrase},
        origin::Origin,
        pem,
    };

    #[test]
    fn every_encoding_leads_back_to_the_key() {
        let random = ring::rand::SystemRandom::new();
        for (kind, special) in [
            (KeyType::P256, Some(Encoding::Sec1)),
            (KeyType::P384, Some(Encoding::Sec1)),
            (KeyType::Ed25519, None),
            (KeyType::Rsa2048, Some(Encoding::Pkcs1)),
        ] {
            let key = PrivateKey::generate(kind, &random).unwrap();
            for encoding in [Encoding::Pkcs8, Encoding::Pkcs1, Encoding::Sec1] {
                let der = key.to_der(encoding);
                assert_eq!(der.is_some(), encoding == Encoding::Pkcs8 || special == Some(encoding), "{kind}");
                let Some(der) = der else { continue };
                for bytes in [pem::encode_secret(encoding.label(), &der), der] {
                    let origin = Origin::named("test");
                    let file = KeyFile::decode(&bytes, &origin, &mut no_passphrase()).unwrap();
                    assert!(file.key.public() == key.public(), "{kind} {encoding}");
                    assert_eq!((file.encoding, file.encrypted), (encoding, false));
                    for length in 0..bytes.len() - 1 {
                        let _ = KeyFile::decode(&bytes[..length], &origin, &mut no_passphrase());
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_are_minimal() {
        for length in [0, 0x7f, 0x80, 0xff, 0x100] {
            let element = element(tag::OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(der::whole(&element, tag::OCTET_STRING).unwrap().content.len(), length);
        }
    }
}
