//! The message authentication code of a store: that of RFC 7292, and PBMAC1 (RFC 9579).

use ring::{hmac, pbkdf2};
use std::num::NonZeroU32;

use super::digest;
use crate::{
    der::{Element, tag},
    key::{
        pbes1::{Purpose, derive, passwords, rounds},
        scheme::describe_kdf,
    },
    oid::{self, Oid},
};

/// More rounds would hang who reads it.
const MOST_ROUNDS: u32 = 2_000_000;

/// A MAC, and how it is made.
pub(super) struct Mac {
    method: Method,
    salt: Vec<u8>,
    rounds: u32,
    value: Vec<u8>,
    /// In a person's words
    pub(super) name: String,
}

enum Method {
    /// The key derivation of PKCS#12 and HMAC, both with this digest
    Pkcs12(&'static ring::digest::Algorithm, hmac::Algorithm),
    /// PBKDF2 with the first, and HMAC with the second
    Pbmac1(pbkdf2::Algorithm, hmac::Algorithm),
    /// One that cannot be checked
    Unknown,
}

impl Mac {
    /// `SEQUENCE { SEQUENCE { algorithm, value }, salt, rounds DEFAULT 1 }`
    pub(super) fn read(element: Element<'_>) -> Option<Self> {
        let mut fields = element.inside();
        let mut info = fields.expect(tag::SEQUENCE)?.inside();
        let algorithm = info.expect(tag::SEQUENCE)?;
        let value = info.expect(tag::OCTET_STRING)?.content.to_vec();
        let salt = fields.expect(tag::OCTET_STRING)?.content.to_vec();
        let count = match fields.expect(tag::INTEGER) {
            Some(number) => rounds(number.content)?,
            None => 1,
        };
        let kind = algorithm.inside().expect(tag::OID)?.content;
        if kind == oid::PBMAC1 {
            return pbmac1(algorithm, value);
        }
        let name = format!("HMAC-{}, {count} rounds", Oid::from_content(kind).name());
        let method = match (digest(kind), hmac_of(kind)) {
            (Some(digest), Some(hmac)) if count <= MOST_ROUNDS => Method::Pkcs12(digest, hmac),
            _ => Method::Unknown,
        };
        Some(Self { method, salt, rounds: count, value, name })
    }

    /// Whether it can be checked at all.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.method, Method::Unknown)
    }

    /// Whether it was made over these octets under this password.
    pub(super) fn holds(&self, password: &[u8], octets: &[u8]) -> bool {
        match self.method {
            Method::Pkcs12(digest, hmac) => passwords(password).iter().any(|password| {
                let length = digest.output_len();
                let key = derive(digest, Purpose::Mac, password, &self.salt, self.rounds, length);
                hmac::verify(&hmac::Key::new(hmac, &key), octets, &self.value).is_ok()
            }),
            Method::Pbmac1(function, hmac) => {
                let mut key = zeroize::Zeroizing::new(vec![0; hmac.digest_algorithm().output_len()]);
                let Some(rounds) = NonZeroU32::new(self.rounds) else { return false };
                pbkdf2::derive(function, rounds, &self.salt, password, &mut key);
                hmac::verify(&hmac::Key::new(hmac, &key), octets, &self.value).is_ok()
            }
            Method::Unknown => false,
        }
    }
}

fn hmac_of(kind: &[u8]) -> Option<hmac::Algorithm> {
    Some(match kind {
        oid::SHA1 | oid::HMAC_SHA1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        oid::SHA256 | oid::HMAC_SHA256 => hmac::HMAC_SHA256,
        oid::SHA384 | oid::HMAC_SHA384 => hmac::HMAC_SHA384,
        oid::SHA512 | oid::HMAC_SHA512 => hmac::HMAC_SHA512,
        _ => return None,
    })
}

/// `SEQUENCE { PBMAC1, SEQUENCE { key derivation, MAC } }`
fn pbmac1(algorithm: Element<'_>, value: Vec<u8>) -> Option<Mac> {
    let mut fields = algorithm.inside();
    fields.expect(tag::OID)?;
    let mut fields = fields.expect(tag::SEQUENCE)?.inside();
    let kdf = fields.expect(tag::SEQUENCE)?;
    let scheme = fields.expect(tag::SEQUENCE)?.inside().expect(tag::OID)?.content;
    let mut inside = kdf.inside();
    let is_pbkdf2 = inside.expect(tag::OID)?.content == oid::PBKDF2;
    let mut parameters = inside.expect(tag::SEQUENCE)?.inside();
    let salt = parameters.expect(tag::OCTET_STRING)?.content.to_vec();
    let count = rounds(parameters.expect(tag::INTEGER)?.content)?;
    let mut function: &[u8] = oid::HMAC_SHA1;
    while let Some(parameter) = parameters.next() {
        if parameter.tag == tag::SEQUENCE {
            function = parameter.inside().expect(tag::OID)?.content;
        }
    }
    let function = match function {
        oid::HMAC_SHA1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        oid::HMAC_SHA256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        oid::HMAC_SHA384 => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        oid::HMAC_SHA512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    };
    let name = format!("PBMAC1 with {}, {}", Oid::from_content(scheme).name(), describe_kdf(kdf)?);
    let method = match (function, hmac_of(scheme)) {
        (Some(function), Some(hmac)) if is_pbkdf2 && count <= MOST_ROUNDS => Method::Pbmac1(function, hmac),
        _ => Method::Unknown,
    };
    Some(Mac { method, salt, rounds: count, value, name })
}
