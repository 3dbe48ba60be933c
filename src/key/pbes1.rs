//! Encryption under a password of former times: PBES1 (RFC 8018 section 6.1) and the ciphers of PKCS#12 (RFC 7292 appendix
//! B and C). Old OpenSSL, Java and Windows tools made it. Read, and written only where somebody asks for a legacy PKCS#12.

use aes::cipher::{
    BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, KeyIvInit, StreamCipher, block_padding::Pkcs7,
};
use md5::{Digest, Md5};
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY as SHA1, digest};
use zeroize::Zeroizing;

use super::traditional::Cipher;
use crate::{
    der::{self, tag},
    oid,
};

/// Salt and rounds.
pub(crate) struct Parameters<'a> {
    salt: &'a [u8],
    pub(super) rounds: u32,
}

impl<'a> Parameters<'a> {
    /// Reads `SEQUENCE { salt OCTET STRING, rounds INTEGER }`; zero rounds are none.
    pub(super) fn read(parameters: &der::Element<'a>) -> Option<Self> {
        let mut inside = parameters.inside();
        let salt = inside.expect(tag::OCTET_STRING)?.content;
        let rounds = rounds(inside.expect(tag::INTEGER)?.content)?;
        Some(Self { salt, rounds })
    }
}

/// Content octets of a positive INTEGER; what does not fit is the greatest that does.
pub(crate) fn rounds(content: &[u8]) -> Option<u32> {
    let negative = content.first().is_none_or(|&octet| octet >= 0x80);
    let sum = content.iter().fold(0u64, |sum, &octet| sum.saturating_mul(256).saturating_add(octet.into()));
    let rounds = u32::try_from(sum).unwrap_or(u32::MAX);
    (!negative && rounds > 0).then_some(rounds)
}

const SCHEMES: [&[u8]; 8] = [
    oid::PBE_MD5_DES,
    oid::PBE_SHA1_DES,
    oid::PBE_SHA1_3DES,
    oid::PBE_SHA1_2DES,
    oid::PBE_SHA1_RC2_128,
    oid::PBE_SHA1_RC2_40,
    oid::PBE_SHA1_RC4_128,
    oid::PBE_SHA1_RC4_40,
];

/// Whether there is a decryption for a scheme.
pub(super) fn knows(scheme: &[u8]) -> bool {
    SCHEMES.contains(&scheme)
}

/// Decrypts; `None` where the padding shows that the passphrase is wrong.
pub(super) fn decrypt(
    scheme: &[u8],
    parameters: &Parameters<'_>,
    passphrase: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if [oid::PBE_MD5_DES, oid::PBE_SHA1_DES].contains(&scheme) {
        let hash = |octets: &[u8]| match scheme == oid::PBE_MD5_DES {
            true => Zeroizing::new(Md5::digest(octets).to_vec()),
            false => Zeroizing::new(digest(&SHA1, octets).as_ref().to_vec()),
        };
        // PBKDF1 (RFC 8018 section 5.1): the first eight octets are the key, the next eight the vector.
        let mut derived = hash(&Zeroizing::new([passphrase, parameters.salt].concat()));
        for _ in 1..parameters.rounds {
            derived = hash(&derived);
        }
        return Cipher::Des.decrypt(derived.get(..8)?, derived.get(8..16)?, sealed);
    }
    passwords(passphrase).iter().find_map(|password| pkcs12_decrypt(scheme, parameters, password, sealed))
}

fn pkcs12_decrypt(
    scheme: &[u8],
    parameters: &Parameters<'_>,
    password: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let part = |purpose, length| derive(&SHA1, purpose, password, parameters.salt, parameters.rounds, length);
    let key = |length| part(Purpose::Key, length);
    let vector = || part(Purpose::Vector, 8);
    let rc2 = |length: usize| {
        let cipher = rc2::Rc2::new_with_eff_key_len(&key(length), length * 8);
        let mut plain = Zeroizing::new(sealed.to_vec());
        let decryptor = cbc::Decryptor::inner_iv_slice_init(cipher, &vector()).ok()?;
        let length = decryptor.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    };
    let rc4 = |length| {
        let mut plain = Zeroizing::new(sealed.to_vec());
        rc4::Rc4::new_from_slice(&key(length)).ok()?.apply_keystream(&mut plain);
        Some(plain)
    };
    match scheme {
        oid::PBE_SHA1_3DES => Cipher::TripleDes.decrypt(&key(24), &vector(), sealed),
        oid::PBE_SHA1_2DES => {
            let two = key(16);
            let three = Zeroizing::new([two.as_slice(), two.get(..8)?].concat());
            Cipher::TripleDes.decrypt(&three, &vector(), sealed)
        }
        oid::PBE_SHA1_RC2_128 => rc2(16),
        oid::PBE_SHA1_RC2_40 => rc2(5),
        oid::PBE_SHA1_RC4_128 => rc4(16),
        oid::PBE_SHA1_RC4_40 => rc4(5),
        _ => None,
    }
}

/// Encrypts with PBE-SHA1-3DES.
pub(crate) fn encrypt_triple_des(
    passphrase: &[u8],
    salt: &[u8],
    rounds: u32,
    plain: &[u8],
) -> Option<Vec<u8>> {
    let password = bmp(passphrase);
    let key = derive(&SHA1, Purpose::Key, &password, salt, rounds, 24);
    let vector = derive(&SHA1, Purpose::Vector, &password, salt, rounds, 8);
    let cipher = cbc::Encryptor::<des::TdesEde3>::new_from_slices(&key, &vector).ok()?;
    // Room for the padding, so that the buffer does not move.
    let mut buffer = Zeroizing::new(vec![0; plain.len() + 8]);
    buffer.get_mut(..plain.len())?.copy_from_slice(plain);
    cipher.encrypt_padded::<Pkcs7>(&mut buffer, plain.len()).ok().map(<[u8]>::to_vec)
}

/// The forms in which PKCS#12 may have taken a passphrase: where it is empty, programs do not agree on whether there is
/// one.
pub(crate) fn passwords(passphrase: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![bmp(passphrase)];
    if passphrase.is_empty() {
        forms.push(Zeroizing::new(Vec::new()));
    }
    forms
}

/// A passphrase as PKCS#12 takes it: UTF-16, big end first, with two zero octets behind.
pub(crate) fn bmp(passphrase: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut units = Zeroizing::new(Vec::with_capacity(2 * passphrase.len() + 2));
    match std::str::from_utf8(passphrase) {
        Ok(text) => text.encode_utf16().for_each(|unit| units.extend_from_slice(&unit.to_be_bytes())),
        Err(_) => passphrase.iter().for_each(|&octet| units.extend_from_slice(&[0, octet])),
    }
    units.extend_from_slice(&[0, 0]);
    units
}

/// What derived octets are for (RFC 7292 appendix B.3).
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The key of a cipher
    Key = 1,
    /// Its initialization vector
    Vector = 2,
    /// The key of a message authentication code
    Mac = 3,
}

/// The key derivation of PKCS#12 (RFC 7292 appendix B.2).
pub(crate) fn derive(
    hash: &'static Algorithm,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let size = hash.block_len();
    let fill = |octets: &[u8]| {
        let filled = octets.len().div_ceil(size) * size;
        octets.iter().copied().cycle().take(filled).collect::<Vec<u8>>()
    };
    let (salt, password) = (fill(salt), Zeroizing::new(fill(password)));
    let mut input = Zeroizing::new([salt.as_slice(), &password].concat());
    let mut output = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while output.len() < length {
        let first = Zeroizing::new([vec![purpose as u8; size].as_slice(), &input].concat());
        let mut round = digest(hash, &first);
        for _ in 1..rounds {
            round = digest(hash, round.as_ref());
        }
        output.extend_from_slice(round.as_ref());
        // Every block of the input is increased by the output, repeated, and one.
        for block in input.chunks_mut(size) {
            let mut carry = 1;
            for (at, octet) in block.iter_mut().enumerate().rev() {
                let add = round.as_ref().get(at % hash.output_len()).copied().unwrap_or_default();
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
