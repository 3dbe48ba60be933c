//! The public key (RFC 3279 2.3, RFC 5480 2, RFC 8410 3).

use super::Fault;
use crate::{
    cert::{Certificate, Raw},
    der::{Element, tag, whole},
    key::Algorithm,
    oid,
    verify::Rule,
};

/// Named curves other than those that pkit works with, which others do: P-224, secp256k1, and the Brainpool curves r1
/// (RFC 5480 2.1.1.1, SEC 2, RFC 5639).
const OTHER_CURVES: [&[u8]; 10] = [
    &[0x2b, 0x81, 4, 0, 33],
    &[0x2b, 0x81, 4, 0, 10],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 3],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 5],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 9],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11],
    &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13],
    oid::P521,
    oid::P256,
];

pub(super) fn check(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    if let Some(fact) = problem(certificate, raw.public_key) {
        faults.push(Fault::new(Rule::InvalidKey, fact));
    }
    let curve = raw.public_key.inside().next().and_then(|identifier| {
        let mut fields = identifier.inside();
        fields.expect(tag::OID)?;
        fields.expect(tag::OID)
    });
    if curve.is_some_and(|curve| curve.content == oid::P192) {
        let fact = "its key is on P-192, whose strength is 96 bits; 112 are the least";
        faults.push(Fault::new(Rule::WeakKey, fact));
    }
}

fn problem(certificate: &Certificate, spki: Element<'_>) -> Option<&'static str> {
    let key = certificate.public_key();
    let mut fields = spki.inside();
    let mut identifier = fields.next()?.inside();
    let kind = identifier.expect(tag::OID)?.content;
    let parameters = identifier.next();
    match key.algorithm() {
        Algorithm::Rsa(_) if parameters.is_none_or(|parameters| parameters.raw != [5, 0]) => {
            Some("the parameters of its RSA key are not NULL (RFC 3279 2.3.1)")
        }
        Algorithm::Rsa(_) | Algorithm::RsaPss(_) => rsa(key.bits()),
        Algorithm::P256 => {
            p256::PublicKey::from_sec1_bytes(key.bits()).err().map(|_| "its key is no point of P-256")
        }
        Algorithm::P384 => {
            p384::PublicKey::from_sec1_bytes(key.bits()).err().map(|_| "its key is no point of P-384")
        }
        Algorithm::Ed25519 | Algorithm::Ed448 if parameters.is_some() => {
            Some("its key has parameters, which an Edwards key must not have (RFC 8410 3)")
        }
        Algorithm::Ed25519 if key.bits().len() != 32 => Some("its Ed25519 key does not have 32 octets"),
        Algorithm::P521 => {
            let length = match key.bits().first() {
                Some(4) => 133,
                Some(2 | 3) => 67,
                _ => 0,
            };
            (key.bits().len() != length).then_some("its key is no point of P-521")
        }
        Algorithm::Other => match kind {
            oid::EC_PUBLIC_KEY => match parameters {
                Some(curve) if curve.tag == tag::OID && curve.content == oid::P192 => None,
                Some(curve) if curve.tag == tag::OID && OTHER_CURVES.contains(&curve.content) => None,
                Some(curve) if curve.tag == tag::OID => Some("the curve of its key is not known"),
                _ => Some("its key does not name its curve, which it must (RFC 5480 2.1.1)"),
            },
            oid::RSA | oid::RSA_PSS | oid::ED25519 => Some("its key cannot be read"),
            _ => None,
        },
        Algorithm::Ed25519 | Algorithm::Ed448 => None,
    }
}

/// RSAPublicKey (RFC 8017 A.1.1): a positive modulus and an odd exponent of at least 3.
fn rsa(bits: &[u8]) -> Option<&'static str> {
    let numbers = whole(bits, tag::SEQUENCE).and_then(|key| {
        let mut fields = key.inside();
        let numbers = (fields.expect(tag::INTEGER)?.content, fields.expect(tag::INTEGER)?.content);
        fields.is_empty().then_some(numbers)
    });
    let Some((modulus, exponent)) = numbers else { return Some("its RSA key cannot be read") };
    let minimal = |number: &[u8]| !matches!(number, [] | [0, 0..0x80, ..] | [0x80..=0xff, ..]);
    if !minimal(modulus) || !minimal(exponent) {
        return Some("its RSA key holds a number that is negative, or not in DER");
    }
    if modulus.last().is_none_or(|last| last & 1 == 0) {
        return Some("the modulus of its RSA key is even");
    }
    let weak = exponent.last().is_none_or(|last| last & 1 == 0) || matches!(exponent, [1]);
    weak.then_some("the exponent of its RSA key is even, or 1")
}
