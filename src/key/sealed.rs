//! Private keys under a passphrase: encrypted PKCS#8 with PBES2 (RFC 8018).

use pkcs8::{
    EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef,
    der::Decode,
    pkcs5::{EncryptionScheme, pbes2},
};
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::PrivateKey;
use crate::{Error, origin::Origin, pem};

/// Rounds of PBKDF2-HMAC-SHA256: what OWASP advises; about 60 ms.
const ROUNDS: u32 = 600_000;
/// A file that asks for more work than this would hang its reader.
const MOST_ROUNDS: u32 = 20_000_000;
/// RFC 7914 section 2: scrypt fills 128·N·r bytes, p times.
const MOST_SCRYPT_BYTES: u128 = 512 << 20;
const MOST_SCRYPT_WORK: u128 = 1 << 25;

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

/// Decrypts EncryptedPrivateKeyInfo, asking until it opens or the opener gives up.
pub(super) fn open(
    der: &[u8],
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let malformed =
        |cause: String| Error::Malformed { origin: origin.clone(), what: "encrypted private key", cause };
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|cause| malformed(cause.to_string()))?;
    let parameters = match &info.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) => parameters,
        _ => {
            return Err(Error::KeyUnsupported {
                origin: origin.clone(),
                found: "key encrypted with PBES1, which modern tools refuse".into(),
            });
        }
    };
    let work = match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) if kdf.iteration_count > MOST_ROUNDS => {
            Some(format!("{} rounds", kdf.iteration_count))
        }
        pbes2::Kdf::Scrypt(kdf) => {
            let (n, r, p) =
                (u128::from(kdf.cost_parameter), u128::from(kdf.block_size), u128::from(kdf.parallelization));
            let excessive = 128 * n * r > MOST_SCRYPT_BYTES || n * r * p > MOST_SCRYPT_WORK;
            excessive.then(|| format!("scrypt with N={n}, r={r}, p={p}"))
        }
        _ => None,
    };
    if let Some(work) = work {
        return Err(malformed(format!("it asks for {work} of key derivation, more than any key is worth")));
    }
    for attempt in 1.. {
        let Some(passphrase) = opener(origin, attempt)? else { break };
        // CBC has no integrity check: a wrong passphrase shows as bad padding or as garbage that is no key.
        if let Ok(plain) = info.decrypt(passphrase.bytes())
            && PrivateKeyInfoRef::from_der(plain.as_bytes()).is_ok()
        {
            return Ok(Zeroizing::new(plain.as_bytes().to_vec()));
        }
    }
    Err(Error::KeyNotOpened { origin: origin.clone() })
}

impl PrivateKey {
    /// PKCS#8 in PEM, encrypted with PBES2: AES-256-CBC under PBKDF2-HMAC-SHA256 with 600,000 rounds, which
    /// OpenSSL 1.1 and later, Java, Node and GnuTLS read.
    ///
    /// # Errors
    /// [`Error::CryptoFailed`] where the random source fails.
    pub fn to_encrypted_pem(
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
        Ok(pem::encode_secret("ENCRYPTED PRIVATE KEY", sealed.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, decode_private_key};

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
}
