//! Encrypted PKCS#8 of former times: PBES1 (RFC 8018 section 6.1) and the triple DES of PKCS#12 (RFC 7292 appendix B and
//! C). Old OpenSSL, Java and Windows tools made it. Read, and never written.

use md5::{Digest, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY as SHA1, digest};
use zeroize::Zeroizing;

use super::traditional::Cipher;
use crate::{
    der::{self, tag},
    oid,
};

/// Salt and rounds.
pub(super) struct Parameters<'a> {
    salt: &'a [u8],
    pub(super) rounds: u32,
}

impl<'a> Parameters<'a> {
    /// Reads `SEQUENCE { salt OCTET STRING, rounds INTEGER }`; zero rounds are none.
    pub(super) fn read(parameters: &der::Element<'a>) -> Option<Self> {
        let mut inside = parameters.inside();
        let salt = inside.expect(tag::OCTET_STRING)?.content;
        let rounds = inside.expect(tag::INTEGER)?.content;
        let negative = rounds.first().is_none_or(|&octet| octet >= 0x80);
        let significant = rounds.iter().skip_while(|&&octet| octet == 0);
        let rounds =
            significant.fold(0u64, |sum, &octet| sum.saturating_mul(256).saturating_add(octet.into()));
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        (!negative && rounds > 0).then_some(Self { salt, rounds })
    }
}

/// Whether there is a decryption for a scheme.
pub(super) fn knows(scheme: &[u8]) -> bool {
    [oid::PBE_MD5_DES, oid::PBE_SHA1_DES, oid::PBE_SHA1_3DES].contains(&scheme)
}

/// Decrypts; `None` where the padding shows that the passphrase is wrong.
pub(super) fn decrypt(
    scheme: &[u8],
    parameters: &Parameters<'_>,
    passphrase: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if scheme == oid::PBE_SHA1_3DES {
        let password = bmp(passphrase);
        let key = pkcs12(1, &password, parameters, 24);
        let iv = pkcs12(2, &password, parameters, 8);
        return Cipher::TripleDes.decrypt(&key, &iv, sealed);
    }
    let hash = |octets: &[u8]| match scheme == oid::PBE_MD5_DES {
        true => Zeroizing::new(Md5::digest(octets).to_vec()),
        false => Zeroizing::new(digest(&SHA1, octets).as_ref().to_vec()),
    };
    // PBKDF1 (RFC 8018 section 5.1): the first eight octets are the key, the next eight the vector.
    let mut derived = hash(&Zeroizing::new([passphrase, parameters.salt].concat()));
    for _ in 1..parameters.rounds {
        derived = hash(&derived);
    }
    Cipher::Des.decrypt(derived.get(..8)?, derived.get(8..16)?, sealed)
}

/// A passphrase as PKCS#12 takes it: UTF-16, big end first, with two zero octets behind.
fn bmp(passphrase: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut units = Zeroizing::new(Vec::with_capacity(2 * passphrase.len() + 2));
    match std::str::from_utf8(passphrase) {
        Ok(text) => text.encode_utf16().for_each(|unit| units.extend_from_slice(&unit.to_be_bytes())),
        Err(_) => passphrase.iter().for_each(|&octet| units.extend_from_slice(&[0, octet])),
    }
    units.extend_from_slice(&[0, 0]);
    units
}

/// The key derivation of PKCS#12 with SHA-1 (RFC 7292 appendix B.2); `id` is 1 for a key, 2 for a vector.
fn pkcs12(id: u8, password: &[u8], parameters: &Parameters<'_>, length: usize) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let fill = |octets: &[u8]| {
        let filled = octets.len().div_ceil(BLOCK) * BLOCK;
        octets.iter().copied().cycle().take(filled).collect::<Vec<u8>>()
    };
    let (salt, password) = (fill(parameters.salt), Zeroizing::new(fill(password)));
    let mut input = Zeroizing::new([salt.as_slice(), &password].concat());
    let mut output = Zeroizing::new(Vec::with_capacity(length + 20));
    while output.len() < length {
        let first = Zeroizing::new([&[id; BLOCK][..], &input].concat());
        let mut round = digest(&SHA1, &first);
        for _ in 1..parameters.rounds {
            round = digest(&SHA1, round.as_ref());
        }
        output.extend_from_slice(round.as_ref());
        // Every block of the input is increased by the output, repeated, and one.
        for block in input.chunks_mut(BLOCK) {
            let mut carry = 1;
            for (at, octet) in block.iter_mut().enumerate().rev() {
                let add = round.as_ref().get(at % 20).copied().unwrap_or_default();
                let sum = u16::from(*octet) + u16::from(add) + carry;
                (*octet, carry) = (sum as u8, sum >> 8);
            }
        }
    }
    output.truncate(length);
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Error,
        key::{Passphrase, decode_private_key},
        origin::Origin,
        pem,
    };

    fn read(bytes: &[u8], passphrase: &str) -> Result<(), Error> {
        let mut opener = |_: &Origin, attempt: u32| {
            Ok((attempt == 1).then(|| Passphrase::new(Zeroizing::new(passphrase.as_bytes().to_vec()))))
        };
        decode_private_key(bytes, &Origin::named("test"), &mut opener).map(drop)
    }

    /// Made by `openssl pkcs8 -topk8 -v1`.
    const SEALED: [&[u8]; 3] = [
        include_bytes!("../../tests/data/pbe-md5-des.pem"),
        include_bytes!("../../tests/data/pbe-sha1-des.pem"),
        include_bytes!("../../tests/data/pbe-sha1-3des.pem"),
    ];

    #[test]
    fn opens_with_the_right_passphrase_only() {
        for sealed in SEALED {
            read(sealed, "correct hörse").unwrap();
            assert!(matches!(read(sealed, "wrong"), Err(Error::KeyNotOpened { .. })));
        }
    }

    #[test]
    fn absurd_parameters_are_told() {
        for sealed in SEALED {
            let der = &pem::blocks(sealed, &Origin::named("test")).unwrap()[0].der;
            // INTEGER 2048 becomes a negative number, zero, and one that would take for ever.
            let at = der.windows(4).position(|window| window == [2, 2, 8, 0]).unwrap();
            for (rounds, words) in [([2, 2, 0x80, 0], "cannot be read"), ([2, 2, 0, 0], "cannot be read")] {
                let mut damaged = der.to_vec();
                damaged[at..at + 4].copy_from_slice(&rounds);
                let error = read(&damaged, "x").unwrap_err();
                assert_eq!(error.code(), "malformed");
                assert!(error.facts()[1].value.contains(words), "{:?}", error.facts());
            }
            for length in 0..der.len() {
                assert!(read(&der[..length], "correct hörse").is_err());
            }
        }
        let endless = der::sequence(&[&[4, 1, 7], &[2, 4, 0x7f, 0xff, 0xff, 0xff]]);
        let scheme = der::sequence(&[&oid::Oid::from_content(oid::PBE_SHA1_3DES).der(), &endless]);
        let error = read(&der::sequence(&[&scheme, &[4, 8, 0, 0, 0, 0, 0, 0, 0, 0]]), "x").unwrap_err();
        assert!(error.facts()[1].value.contains("2147483647 rounds"), "{:?}", error.facts());
    }
}
