//! Private keys under a passphrase: encrypted PKCS#8 with PBES2 (RFC 8018), and with PBES1 where others made it.

use pkcs8::{PrivateKeyInfoRef, der::Decode, pkcs5::pbes2};
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::{
    PrivateKey,
    scheme::{Scheme, SchemeFault},
};
use crate::{
    Error,
    der::{self, tag},
    origin::Origin,
    pem,
};

/// The label of its PEM block (RFC 7468 section 11).
pub(super) const SEALED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// Rounds of PBKDF2-HMAC-SHA256: what OWASP advises; about 60 ms.
const ROUNDS: u32 = 600_000;

/// A passphrase, wiped on drop and without a voice: neither `Debug` nor `Display`.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes; they are used as they are.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are the same.
    pub fn same(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// The same once more, for a key that keeps its passphrase.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Asks for the passphrase of the key at an origin; the number counts the tries, from 1. `Ok(None)`: no further try.
pub type Opener<'a> = dyn FnMut(&Origin, u32) -> Result<Option<Passphrase>, Error> + 'a;

/// An opener for keys that must not be encrypted, as the key of a server in the dark.
pub fn no_passphrase() -> impl FnMut(&Origin, u32) -> Result<Option<Passphrase>, Error> {
    |origin: &Origin, _| Err(Error::PassphraseNeeded { what: origin.to_string() })
}

/// Asks until `try_open` yields a key or the opener gives up. CBC has no integrity check: a wrong passphrase shows as bad
/// padding or as garbage, and so does damage.
///
/// # Errors
/// [`Error::KeyNotOpened`], and whatever the opener fails with.
pub(super) fn ask(
    origin: &Origin,
    opener: &mut Opener<'_>,
    try_open: impl Fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Whatever its encoding, a key is a SEQUENCE that begins with a version.
    let is_key = |plain: &Zeroizing<Vec<u8>>| {
        der::whole(plain, tag::SEQUENCE).is_some_and(|key| key.inside().expect(tag::INTEGER).is_some())
    };
    for attempt in 1.. {
        let Some(passphrase) = opener(origin, attempt)? else { break };
        if let Some(plain) = try_open(passphrase.bytes()).filter(is_key) {
            return Ok(plain);
        }
    }
    Err(Error::KeyNotOpened { origin: origin.clone() })
}

/// Decrypts EncryptedPrivateKeyInfo (RFC 5958 section 3), asking until it opens or the opener gives up.
pub(super) fn open(
    der: &[u8],
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let malformed =
        |cause: String| Error::Malformed { origin: origin.clone(), what: "encrypted private key", cause };
    let (identifier, sealed) =
        parts(der).ok_or_else(|| malformed("the PKCS#8 structure does not hold".into()))?;
    let scheme = Scheme::read(identifier).map_err(|fault| match fault {
        SchemeFault::Malformed(cause) => malformed(cause),
        SchemeFault::Unsupported(name) => {
            Error::KeyUnsupported { origin: origin.clone(), found: format!("key encrypted with {name}") }
        }
    })?;
    ask(origin, opener, |passphrase| scheme.decrypt(passphrase, sealed))
}

/// The AlgorithmIdentifier and the octets of an EncryptedPrivateKeyInfo.
pub(crate) fn parts(der: &[u8]) -> Option<(der::Element<'_>, &[u8])> {
    let mut inside = der::whole(der, tag::SEQUENCE)?.inside();
    Some((inside.expect(tag::SEQUENCE)?, inside.expect(tag::OCTET_STRING)?.content))
}

impl PrivateKey {
    /// PKCS#8 encrypted with PBES2: AES-256-CBC under PBKDF2-HMAC-SHA256 with 600,000 rounds, which OpenSSL 1.1 and later,
    /// Java, Node and GnuTLS read (RFC 8018 section 6.2).
    ///
    /// # Errors
    /// [`Error::CryptoFailed`] where the random source fails.
    pub fn to_encrypted_der(
        &self,
        passphrase: &Passphrase,
        random: &dyn SecureRandom,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = || Error::CryptoFailed { what: "encrypt the key" };
        let mut salt = [0; 16];
        let mut iv = [0; 16];
        random.fill(&mut salt).and_then(|()| random.fill(&mut iv)).map_err(|_| failed())?;
        let parameters =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(|_| failed())?;
        let info = PrivateKeyInfoRef::from_der(self.pkcs8()).map_err(|_| failed())?;
        let sealed = info.encrypt_with_params(parameters, passphrase.bytes()).map_err(|_| failed())?;
        Ok(Zeroizing::new(sealed.as_bytes().to_vec()))
    }

    /// [`PrivateKey::to_encrypted_der`] in PEM.
    ///
    /// # Errors
    /// As there.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &Passphrase,
        random: &dyn SecureRandom,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(pem::encode_secret(SEALED_LABEL, &self.to_encrypted_der(passphrase, random)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{KeyType, decode_private_key},
        oid::Oid,
    };

    #[test]
    fn opens_with_the_right_passphrase_only() {
        let random = ring::rand::SystemRandom::new();
        let phrase = |text: &str| Passphrase::new(Zeroizing::new(text.as_bytes().to_vec()));
        let origin = Origin::named("test");
        for kind in [KeyType::P256, KeyType::Ed25519] {
            let key = PrivateKey::generate(kind, &random).unwrap();
            let pem = key.to_encrypted_pem(&phrase("right"), &random).unwrap();
            let mut tries = Vec::new();
            let opened = decode_private_key(&pem, &origin, &mut |_, attempt| {
                tries.push(attempt);
                Ok(Some(phrase(if attempt == 3 { "right" } else { "wrong" })))
            });
            assert!(opened.unwrap().public() == key.public());
            assert_eq!(tries, [1, 2, 3]);
            let refused = decode_private_key(&pem, &origin, &mut |_, attempt| {
                Ok((attempt == 1).then(|| phrase("wrong")))
            });
            assert!(matches!(refused, Err(Error::KeyNotOpened { .. })));
        }
    }

    /// PBES2 with this key derivation function, its parameters, and this cipher; the content is noise.
    fn noise(kdf: &str, parameters: &[&[u8]], cipher: &str) -> Result<(), Error> {
        let oid = |dotted: &str| dotted.parse::<Oid>().unwrap().der();
        let kdf = der::sequence(&[&oid(kdf), &der::sequence(parameters)]);
        let cipher = der::sequence(&[&oid(cipher), &[&[4, 16][..], &[7; 16]].concat()]);
        let scheme = der::sequence(&[&oid("PBES2"), &der::sequence(&[&kdf, &cipher])]);
        let key = der::sequence(&[&scheme, &[&[4, 32][..], &[7; 32]].concat()]);
        let mut opener =
            |_: &Origin, attempt| Ok((attempt == 1).then(|| Passphrase::new(Zeroizing::new(b"x".to_vec()))));
        decode_private_key(&key, &Origin::named("test"), &mut opener).map(drop)
    }

    #[test]
    fn absurd_parameters_are_told() {
        const PBKDF2: &str = "1.2.840.113549.1.5.12";
        const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";
        const AES: &str = "2.16.840.1.101.3.4.1.42";
        const CAMELLIA: &str = "1.2.392.200011.61.1.1.1.4";
        let salt: &[u8] = &[4, 4, 1, 2, 3, 4];
        let thousand: &[u8] = &[2, 2, 3, 0xe8];
        for (kdf, parameters, cipher, code) in [
            (PBKDF2, &[salt, thousand][..], AES, "key-not-opened"),
            (PBKDF2, &[salt, &[2, 4, 0x7f, 0xff, 0xff, 0xff]], AES, "malformed"),
            (PBKDF2, &[salt, &[2, 9, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0]], AES, "key-unsupported"),
            (PBKDF2, &[salt, &[2, 1, 0x80]], AES, "key-unsupported"),
            (PBKDF2, &[salt], AES, "key-unsupported"),
            (PBKDF2, &[salt, thousand], CAMELLIA, "key-unsupported"),
            (CAMELLIA, &[salt, thousand], AES, "key-unsupported"),
            (SCRYPT, &[salt, &[2, 2, 4, 0], &[2, 1, 8], &[2, 1, 1]], AES, "key-not-opened"),
            (SCRYPT, &[salt, &[2, 4, 0x40, 0, 0, 0], &[2, 1, 8], &[2, 1, 1]], AES, "malformed"),
            (SCRYPT, &[salt, &[2, 2, 4, 0], &[2, 1, 8], &[2, 2, 0x7f, 0xff]], AES, "malformed"),
        ] {
            let error = noise(kdf, parameters, cipher).unwrap_err();
            assert_eq!(error.code(), code, "{kdf} {parameters:02x?} {cipher}: {:?}", error.facts());
        }
        let (n, r, p): (&[u8], &[u8], &[u8]) = (&[2, 2, 4, 0], &[2, 1, 8], &[2, 1, 1]);
        let (zero, odd): (&[u8], &[u8]) = (&[2, 1, 0], &[2, 2, 4, 1]);
        for numbers in [[zero, r, p], [n, zero, p], [n, r, zero], [odd, r, p], [p, r, p]] {
            let [n, r, p] = numbers;
            assert_eq!(noise(SCRYPT, &[salt, n, r, p], AES).unwrap_err().code(), "malformed", "{numbers:?}");
        }
        let wide: &[u8] = &[2, 3, 0, 0xff, 0xff];
        assert_eq!(
            noise(SCRYPT, &[salt, &[2, 1, 2], wide, &[2, 2, 1, 0]], AES).unwrap_err().code(),
            "malformed"
        );
        assert!(noise(PBKDF2, &[salt, &[2, 1, 0]], AES).is_err());
    }
}
