//! Keys: what a public key is, and what can be said of a private one without showing it.

use serde::Serialize;

use super::{Place, pin};
use crate::{
    der::{self, tag},
    key::{Algorithm, PublicKey},
    oid::{self, Oid},
};

/// A public key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublicKeyReport {
    /// `EC P-256`, `RSA 2048 bits`, …
    pub algorithm: String,
    /// Size of the modulus or field; `None` for an unknown kind of key
    pub bits: Option<u32>,
    /// SHA-256 of the subjectPublicKeyInfo in hexadecimal; empty where there is none
    pub sha256: String,
    /// The same in base64: the pin of RFC 7469
    pub pin: String,
}

impl PublicKeyReport {
    /// Tells what a subjectPublicKeyInfo holds, whatever can be read of it.
    pub(super) fn of(spki: &[u8]) -> Self {
        let (sha256, pin) = if spki.is_empty() { Default::default() } else { pin(spki) };
        let known = PublicKey::from_spki(spki).map(|key| key.algorithm());
        let (algorithm, bits) = match known.unwrap_or(Algorithm::Other) {
            Algorithm::Other => other(spki).unwrap_or_else(|| (Algorithm::Other.to_string(), None)),
            known => (known.to_string(), size(known)),
        };
        Self { algorithm, bits, sha256, pin }
    }
}

fn size(algorithm: Algorithm) -> Option<u32> {
    match algorithm {
        Algorithm::P256 | Algorithm::Ed25519 => Some(256),
        Algorithm::P384 => Some(384),
        Algorithm::P521 => Some(521),
        Algorithm::Ed448 => Some(456),
        Algorithm::Rsa(bits) | Algorithm::RsaPss(bits) => Some(bits),
        Algorithm::Other => None,
    }
}

/// Kinds of keys that nothing is done with here, by their AlgorithmIdentifier.
fn other(spki: &[u8]) -> Option<(String, Option<u32>)> {
    let identifier = der::whole(spki, tag::SEQUENCE)?.inside().expect(tag::SEQUENCE)?;
    Some(describe(identifier))
}

/// The name and the size of the kind of key that an AlgorithmIdentifier states.
pub(super) fn describe(identifier: der::Element<'_>) -> (String, Option<u32>) {
    let mut fields = identifier.inside();
    let Some(kind) = fields.expect(tag::OID) else { return (Algorithm::Other.to_string(), None) };
    let parameters = fields.next();
    let kind = Oid::from_content(kind.content);
    let name = kind.long_name().map_or_else(|| kind.to_string(), str::to_owned);
    match (kind.content(), parameters) {
        (oid::EC_PUBLIC_KEY, Some(curve)) if curve.tag == tag::OID => {
            let bits = match curve.content {
                oid::P192 => Some(192),
                oid::P224 => Some(224),
                oid::P256 | oid::SECP256K1 | oid::BRAINPOOL_256 => Some(256),
                oid::P384 | oid::BRAINPOOL_384 => Some(384),
                oid::BRAINPOOL_512 => Some(512),
                oid::P521 => Some(521),
                _ => None,
            };
            let curve = Oid::from_content(curve.content);
            let curve = curve.long_name().map_or_else(|| curve.to_string(), str::to_owned);
            (format!("EC {curve}"), bits)
        }
        (oid::EC_PUBLIC_KEY, Some(_)) => ("EC with explicit parameters".into(), None),
        (oid::DSA | oid::DH | oid::X942_DH, Some(group)) => {
            let bits = group.inside().expect(tag::INTEGER).and_then(|prime| significant(prime.content));
            (bits.map_or_else(|| name.clone(), |bits| format!("{name} {bits} bits")), bits)
        }
        (oid::X25519, _) => (name, Some(253)),
        (oid::X448, _) => (name, Some(448)),
        _ => (name, None),
    }
}

/// Bits of a positive number.
pub(super) fn significant(content: &[u8]) -> Option<u32> {
    let first = content.iter().position(|&octet| octet != 0)?;
    let top = content.get(first)?;
    u32::try_from(content.len() - first).ok()?.checked_mul(8)?.checked_sub(top.leading_zeros())
}

/// A key in a file: a public one, or what can be said of a private one. Never its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
    /// How it is encoded: `PKCS#8`, `PKCS#1`, `SEC 1`, …
    pub format: &'static str,
    /// Whether it is under a passphrase
    pub encrypted: bool,
    /// How it is encrypted, where it is
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// `EC P-256`, `RSA 2048 bits`, …; `None` where only the passphrase would tell
    pub algorithm: Option<String>,
    /// Size of the modulus or field
    pub bits: Option<u32>,
    /// Its public half, where that can be told
    pub public_key: Option<PublicKeyReport>,
    /// What a store says of it: its name there, and which certificate belongs to it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// What anyone who uses it should know
    pub warnings: Vec<String>,
}
