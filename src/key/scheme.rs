//! How something is encrypted under a passphrase: an AlgorithmIdentifier of PBES2, PBES1 or PKCS#12, and the work it asks for.

use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use zeroize::Zeroizing;

use super::pbes1;
use crate::{
    der::{Element, tag},
    oid::{self, Oid},
};

/// A file that asks for more work than this would hang its reader. A fuzzer would come upon little else.
const MOST_ROUNDS: u32 = if cfg!(fuzzing) { 100_000 } else { 20_000_000 };
/// Old tools took a thousand or two, and PKCS#12's way is slow.
const MOST_PBES1_ROUNDS: u32 = 2_000_000;
/// RFC 7914 section 2: scrypt fills 128·N·r bytes, p times, and 128·r·p bytes once.
const MOST_SCRYPT_BYTES: u128 = 512 << 20;
const MOST_SCRYPT_WORK: u128 = 1 << 25;

/// Why something cannot be decrypted, whatever the passphrase.
pub(crate) enum SchemeFault {
    /// Its parameters cannot be, or ask for absurd work.
    Malformed(String),
    /// Ciphers or functions that nobody here knows: their names.
    Unsupported(String),
}

/// An encryption under a passphrase that can be undone.
pub(crate) enum Scheme<'a> {
    /// RFC 8018 section 6.2
    Pbes2(Box<pbes2::Parameters>),
    /// RFC 8018 section 6.1 and RFC 7292 appendix C: the scheme and its parameters
    Pbes1(&'a [u8], pbes1::Parameters<'a>),
}

impl<'a> Scheme<'a> {
    /// Reads an AlgorithmIdentifier, and refuses one that asks for more work than any secret is worth.
    pub(crate) fn read(identifier: Element<'a>) -> Result<Self, SchemeFault> {
        let excessive = |work: String| {
            SchemeFault::Malformed(format!(
                "it asks for {work} of key derivation, more than any key is worth"
            ))
        };
        let mut inside = identifier.inside();
        let kind = inside.expect(tag::OID).map(|kind| kind.content).unwrap_or_default();
        if pbes1::knows(kind) {
            let parameters = inside.next().as_ref().and_then(pbes1::Parameters::read);
            let parameters =
                parameters.ok_or_else(|| SchemeFault::Malformed("salt and rounds cannot be read".into()))?;
            if parameters.rounds > MOST_PBES1_ROUNDS {
                return Err(excessive(format!("{} rounds", parameters.rounds)));
            }
            return Ok(Self::Pbes1(kind, parameters));
        }
        // What cannot be read has ciphers or functions that nobody here knows.
        let Ok(EncryptionScheme::Pbes2(parameters)) = EncryptionScheme::try_from(identifier.raw) else {
            return Err(SchemeFault::Unsupported(unknown(identifier)));
        };
        match &parameters.kdf {
            pbes2::Kdf::Pbkdf2(kdf) if kdf.iteration_count > MOST_ROUNDS => {
                return Err(excessive(format!("{} rounds", kdf.iteration_count)));
            }
            pbes2::Kdf::Scrypt(kdf) => {
                let (n, r, p) = (
                    u128::from(kdf.cost_parameter),
                    u128::from(kdf.block_size),
                    u128::from(kdf.parallelization),
                );
                // RFC 7914 section 6; the library does not survive N = 0.
                if !n.is_power_of_two() || n == 1 || r == 0 || p == 0 {
                    return Err(SchemeFault::Malformed(format!(
                        "there is no scrypt with N={n}, r={r}, p={p}"
                    )));
                }
                if 128 * r * n.max(p) > MOST_SCRYPT_BYTES || n * r * p > MOST_SCRYPT_WORK {
                    return Err(excessive(format!("scrypt with N={n}, r={r}, p={p}")));
                }
            }
            _ => {}
        }
        Ok(Self::Pbes2(Box::new(parameters)))
    }

    /// How much work it asks for, in rounds of a hash.
    pub(crate) fn work(&self) -> u64 {
        match self {
            Self::Pbes1(_, parameters) => parameters.rounds.into(),
            Self::Pbes2(parameters) => match &parameters.kdf {
                pbes2::Kdf::Pbkdf2(kdf) => kdf.iteration_count.into(),
                pbes2::Kdf::Scrypt(kdf) => {
                    let size = u64::from(kdf.block_size).saturating_mul(kdf.parallelization.into());
                    kdf.cost_parameter.saturating_mul(size)
                }
                _ => u64::MAX,
            },
        }
    }

    /// Decrypts; `None` where it shows that the passphrase is wrong, or the octets are damaged. Neither shows always.
    pub(crate) fn decrypt(&self, passphrase: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Pbes1(kind, parameters) => pbes1::decrypt(kind, parameters, passphrase, sealed),
            Self::Pbes2(parameters) => parameters.decrypt(passphrase, sealed).ok().map(Zeroizing::new),
        }
    }
}

/// The two parts of PBES2, or the scheme.
fn unknown(identifier: Element<'_>) -> String {
    match pbes2_parts(identifier) {
        Some((kdf, cipher)) => {
            let name = |part: Element<'_>| part.inside().expect(tag::OID).map(|oid| name(oid.content));
            format!(
                "PBES2 of {} and {}, or parameters of theirs",
                name(kdf).unwrap_or_default(),
                name(cipher).unwrap_or_default()
            )
        }
        None => describe(identifier),
    }
}

fn name(content: &[u8]) -> String {
    Oid::from_content(content).name()
}

fn pbes2_parts(identifier: Element<'_>) -> Option<(Element<'_>, Element<'_>)> {
    let mut inside = identifier.inside();
    inside.expect(tag::OID).filter(|kind| kind.content == oid::PBES2)?;
    let mut parts = inside.expect(tag::SEQUENCE)?.inside();
    Some((parts.expect(tag::SEQUENCE)?, parts.expect(tag::SEQUENCE)?))
}

/// How something is encrypted, in a line: `PBES2 with AES-256-CBC, PBKDF2 of 600000 rounds with HMAC-SHA256`.
pub(crate) fn describe(identifier: Element<'_>) -> String {
    let first = |element: Element<'_>| element.inside().expect(tag::OID).map(|oid| name(oid.content));
    let Some((kdf, cipher)) = pbes2_parts(identifier) else {
        let mut inside = identifier.inside();
        let kind = inside.expect(tag::OID).map(|kind| name(kind.content)).unwrap_or_default();
        let parameters = inside.next().as_ref().and_then(pbes1::Parameters::read);
        return match parameters {
            Some(parameters) => format!("{kind}, {} rounds", parameters.rounds),
            None => kind,
        };
    };
    format!("PBES2 with {}, {}", first(cipher).unwrap_or_default(), describe_kdf(kdf).unwrap_or_default())
}

/// `PBKDF2 of 2048 rounds with HMAC-SHA256`, `scrypt with N=16384, r=8, p=1`.
pub(crate) fn describe_kdf(kdf: Element<'_>) -> Option<String> {
    let mut inside = kdf.inside();
    let kind = inside.expect(tag::OID)?.content;
    let mut parameters = inside.expect(tag::SEQUENCE)?.inside();
    parameters.next()?;
    let mut numbers = Vec::new();
    let mut function = "HMAC-SHA1".to_owned();
    while let Some(parameter) = parameters.next() {
        match parameter.tag {
            tag::INTEGER => numbers.push(crate::der::text::number(parameter.content)),
            tag::SEQUENCE => function = name(parameter.inside().expect(tag::OID)?.content),
            _ => {}
        }
    }
    Some(match (kind, numbers.as_slice()) {
        (oid::PBKDF2, [rounds, ..]) => format!("PBKDF2 of {rounds} rounds with {function}"),
        (oid::SCRYPT, [n, r, p, ..]) => format!("scrypt with N={n}, r={r}, p={p}"),
        _ => name(kind),
    })
}
