//! Private keys encrypted in the traditional way of OpenSSL: PEM with the headers of RFC 1421, `Proc-Type: 4,ENCRYPTED`
//! and `DEK-Info: CIPHER,IV`, under a key that one round of MD5 makes from the passphrase. Read, and never written.

use aes::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{Opener, sealed::ask};
use crate::{Error, fingerprint::unhex, origin::Origin, pem::Block};

/// Whether the headers of a block say that it is encrypted.
pub(crate) fn is_encrypted(block: &Block) -> bool {
    header(block, "Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"))
}

fn header<'a>(block: &'a Block, name: &str) -> Option<&'a str> {
    block.headers.iter().find(|header| header.0.eq_ignore_ascii_case(name)).map(|header| header.1.as_str())
}

/// The name of the cipher that a block says it is encrypted with. A stranger's string.
pub(crate) fn cipher_name(block: &Block) -> Option<&str> {
    header(block, "DEK-Info")?.split(',').next().map(str::trim)
}

/// Decrypts the content of a block, asking until it opens or the opener gives up.
///
/// # Errors
/// [`Error::Malformed`], [`Error::KeyUnsupported`] for other ciphers, [`Error::KeyNotOpened`].
pub(crate) fn open(
    block: &Block,
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let malformed =
        |cause: String| Error::Malformed { origin: origin.clone(), what: "encrypted private key", cause };
    let info = header(block, "DEK-Info").and_then(|info| info.split_once(','));
    let (name, iv) = info.ok_or_else(|| malformed("no DEK-Info line says how it was encrypted".into()))?;
    let Some(cipher) = Cipher::from_name(name.trim()) else {
        let found = format!("key encrypted with {}", name.trim());
        return Err(Error::KeyUnsupported { origin: origin.clone(), found });
    };
    let size = cipher.block_size();
    let iv = unhex(iv.trim()).filter(|iv| iv.len() == size).ok_or_else(|| {
        malformed(format!(
            "the initialization vector in its DEK-Info line is not {} hexadecimal digits",
            2 * size
        ))
    })?;
    if block.der.is_empty() || !block.der.len().is_multiple_of(size) {
        return Err(malformed(format!("it is not made of whole blocks of {size} octets")));
    }
    let salt = iv.get(..8).unwrap_or_default();
    ask(origin, opener, |passphrase| {
        cipher.decrypt(&derive(passphrase, salt, cipher.key_length()), &iv, &block.der)
    })
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round: D(i) = MD5(D(i-1) ‖ passphrase ‖ salt).
fn derive(passphrase: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(48));
    while key.len() < length {
        let previous = key.rchunks(16).next().unwrap_or_default();
        let digest = Md5::new().chain_update(previous).chain_update(passphrase).chain_update(salt).finalize();
        key.extend_from_slice(&digest);
    }
    key.truncate(length);
    key
}

/// Ciphers in CBC mode.
#[derive(Clone, Copy)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des,
    TripleDes,
}

impl Cipher {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AES-128-CBC" => Self::Aes128,
            "AES-192-CBC" => Self::Aes192,
            "AES-256-CBC" => Self::Aes256,
            "DES-CBC" => Self::Des,
            "DES-EDE3-CBC" => Self::TripleDes,
            _ => return None,
        })
    }

    fn key_length(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    fn block_size(self) -> usize {
        if matches!(self, Self::Des | Self::TripleDes) { 8 } else { 16 }
    }

    /// `None` where the padding is wrong, or key, vector or text are not of the right length.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Aes128 => decrypt::<aes::Aes128>(key, iv, sealed),
            Self::Aes192 => decrypt::<aes::Aes192>(key, iv, sealed),
            Self::Aes256 => decrypt::<aes::Aes256>(key, iv, sealed),
            Self::Des => decrypt::<des::Des>(key, iv, sealed),
            Self::TripleDes => decrypt::<des::TdesEde3>(key, iv, sealed),
        }
    }
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(sealed.to_vec());
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    let length = cipher.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{Passphrase, decode_private_key},
        pem,
    };

    /// `openssl ec -des3`, passphrase `correct horse`.
    const SEALED: &str = include_str!("../../tests/data/traditional.pem");

    fn read(text: &str, passphrase: &str) -> Result<(), Error> {
        let mut opener = |_: &Origin, attempt: u32| {
            Ok((attempt == 1).then(|| Passphrase::new(Zeroizing::new(passphrase.as_bytes().to_vec()))))
        };
        decode_private_key(text.as_bytes(), &Origin::named("test"), &mut opener).map(drop)
    }

    #[test]
    fn opens_with_the_right_passphrase_only() {
        read(SEALED, "correct horse").unwrap();
        assert!(matches!(read(SEALED, "wrong"), Err(Error::KeyNotOpened { .. })));
    }

    #[test]
    fn damage_is_told() {
        let line = SEALED.lines().find(|line| line.starts_with("DEK-Info")).unwrap();
        for (info, code) in [
            ("DEK-Info: DES-EDE3-CBC,0123456789ABCDE", "malformed"),
            ("DEK-Info: DES-EDE3-CBC,0123456789ABCDEF01", "malformed"),
            ("DEK-Info: DES-EDE3-CBC,xyz", "malformed"),
            ("DEK-Info: DES-EDE3-CBC", "malformed"),
            ("X: y", "malformed"),
            ("DEK-Info: CAMELLIA-256-CBC,0123456789ABCDEF0123456789ABCDEF", "key-unsupported"),
            // The right length for another cipher.
            ("DEK-Info: AES-128-CBC,0123456789ABCDEF", "malformed"),
        ] {
            let error = read(&SEALED.replace(line, info), "correct horse").unwrap_err();
            assert_eq!(error.code(), code, "{info}: {:?}", error.facts());
        }
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0123456789ABCDEF\n\n";
        for content in [&[][..], &[1; 7], &[1; 9]] {
            let text = pem::encode("EC PRIVATE KEY", content).replacen('\n', &format!("\n{headers}"), 1);
            assert_eq!(read(&text, "x").unwrap_err().code(), "malformed", "{} octets", content.len());
        }
    }
}
