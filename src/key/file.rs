//! Private keys as they stand in files: PEM or DER, alone or among certificates, encrypted or not.

use std::ops::Range;

use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::{
    Encoding, Opener, Passphrase, PrivateKey,
    encoding::{wrap, wrap_sec1},
    sealed::{self, SEALED_LABEL},
    traditional,
};
use crate::{
    Error,
    der::{self, tag},
    oid,
    origin::Origin,
    pem,
};

/// A private key, and how its file holds it.
pub struct KeyFile {
    /// The key.
    pub key: PrivateKey,
    /// How the key was encoded, below its encryption where there is one.
    pub encoding: Encoding,
    /// Whether it was under a passphrase.
    pub encrypted: bool,
    /// Where its block stands in the text of a PEM file; `None` in DER.
    span: Option<Range<usize>>,
}

impl KeyFile {
    /// Reads a private key file's bytes: PKCS#8, encrypted PKCS#8, PKCS#1 or SEC1, in PEM or DER, or PEM encrypted in the
    /// traditional way. Of a PEM file with other blocks (a combined file), the one key is taken.
    ///
    /// # Errors
    /// [`Error::NothingFound`] where there is no key, [`Error::PrivateKeyWanted`] where there is something else,
    /// [`Error::SeveralFound`], [`Error::KeyUnsupported`], [`Error::KeyNotOpened`] for a wrong passphrase or damage,
    /// [`Error::PemBroken`], [`Error::Malformed`], and whatever `opener` fails with.
    pub fn decode(bytes: &[u8], origin: &Origin, opener: &mut Opener<'_>) -> Result<Self, Error> {
        if !pem::looks_like_pem(bytes) {
            return from_der(bytes, origin, opener);
        }
        let (mut curve, mut key, mut other) = (None, None, None);
        for armor in pem::Text::new(bytes).armors(origin) {
            let armor = armor.map_err(|broken| broken.error)?;
            let span = armor.span.clone();
            match armor.label.as_str() {
                "EC PARAMETERS" => curve = Some(armor.decode()?.der),
                label if label.ends_with("PRIVATE KEY") => {
                    if key.is_some() {
                        return Err(Error::SeveralFound { origin: origin.clone(), what: "private key" });
                    }
                    key = Some((armor.decode()?, span));
                }
                label => other = other.or(foreign(label)),
            }
        }
        let Some((block, span)) = key else { return Err(missing(origin, other)) };
        let curve = curve.as_ref().map(|der| der.as_slice());
        let (key, encoding, encrypted) = from_block(block, curve, origin, opener)?;
        Ok(Self { key, encoding, encrypted, span: Some(span) })
    }

    /// Whether the file is PEM.
    pub fn is_pem(&self) -> bool {
        self.span.is_some()
    }

    /// The bytes this was read from with the key in them written anew as PKCS#8, encrypted where there is a passphrase.
    /// DER stays DER; in PEM all other bytes stay as they were.
    ///
    /// # Errors
    /// As [`PrivateKey::to_encrypted_der`].
    pub fn rewritten(
        &self,
        bytes: &[u8],
        passphrase: Option<&Passphrase>,
        random: &dyn SecureRandom,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Some(span) = &self.span else {
            return match passphrase {
                Some(passphrase) => self.key.to_encrypted_der(passphrase, random),
                None => Ok(Zeroizing::new(self.key.pkcs8().to_vec())),
            };
        };
        let block = match passphrase {
            Some(passphrase) => self.key.to_encrypted_pem(passphrase, random)?,
            None => self.key.to_pem(),
        };
        let text = pem::Text::new(bytes);
        let before = text.bytes().get(..span.start).unwrap_or_default();
        let after = text.bytes().get(span.end..).unwrap_or_default();
        let mut whole = Zeroizing::new(Vec::with_capacity(before.len() + block.len() + after.len()));
        whole.extend_from_slice(before);
        whole.extend_from_slice(block.trim_ascii_end());
        whole.extend_from_slice(after);
        Ok(whole)
    }
}

/// Reads a private key file's bytes; see [`KeyFile::decode`].
///
/// # Errors
/// As there.
pub fn decode_private_key(
    bytes: &[u8],
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<PrivateKey, Error> {
    KeyFile::decode(bytes, origin, opener).map(|file| file.key)
}

/// Reads a private key from a file; see [`KeyFile::decode`].
///
/// # Errors
/// As there, and those of reading the file.
pub fn load_private_key(path: &std::path::Path, opener: &mut Opener<'_>) -> Result<PrivateKey, Error> {
    let bytes = Zeroizing::new(crate::source::read_small(path)?);
    decode_private_key(&bytes, &crate::source::origin(path), opener)
}

/// What a block that is no private key is.
fn foreign(label: &str) -> Option<&'static str> {
    Some(match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "SSH2 PUBLIC KEY" => "a public key",
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => "a certificate",
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate request",
        _ => return None,
    })
}

fn missing(origin: &Origin, found: Option<&'static str>) -> Error {
    let origin = origin.clone();
    match found {
        Some(found) => Error::PrivateKeyWanted { origin, found },
        None => Error::NothingFound { origin, what: "private key" },
    }
}

fn unsupported(origin: &Origin, found: impl Into<String>) -> Error {
    Error::KeyUnsupported { origin: origin.clone(), found: found.into() }
}

/// Reads the block of a private key; `curve` is what an `EC PARAMETERS` block says.
fn from_block(
    block: pem::Block,
    curve: Option<&[u8]>,
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<(PrivateKey, Encoding, bool), Error> {
    let encoding = match block.label.as_str() {
        SEALED_LABEL => {
            let key = PrivateKey::from_pkcs8(sealed::open(&block.der, origin, opener)?, origin)?;
            return Ok((key, Encoding::Pkcs8, true));
        }
        "PRIVATE KEY" => Encoding::Pkcs8,
        "RSA PRIVATE KEY" => Encoding::Pkcs1,
        "EC PRIVATE KEY" => Encoding::Sec1,
        "OPENSSH PRIVATE KEY" => return Err(unsupported(origin, "OpenSSH's own format")),
        "DSA PRIVATE KEY" => return Err(unsupported(origin, "DSA key")),
        label => return Err(unsupported(origin, format!("PEM block `{label}`"))),
    };
    let encrypted = traditional::is_encrypted(&block);
    let der = if encrypted { traditional::open(&block, origin, opener)? } else { block.der };
    Ok((from_encoding(encoding, der, curve, origin)?, encoding, encrypted))
}

fn from_encoding(
    encoding: Encoding,
    der: Zeroizing<Vec<u8>>,
    curve: Option<&[u8]>,
    origin: &Origin,
) -> Result<PrivateKey, Error> {
    let pkcs8 = match encoding {
        Encoding::Pkcs8 => der,
        Encoding::Pkcs1 => wrap(oid::RSA, &[5, 0], &der),
        Encoding::Sec1 => wrap_sec1(&der, curve).ok_or_else(|| Error::Malformed {
            origin: origin.clone(),
            what: "private key",
            cause: "it is no EC key, or does not say its curve".into(),
        })?,
    };
    PrivateKey::from_pkcs8(pkcs8, origin)
}

/// DER has no label: the first elements tell the encodings apart.
fn from_der(bytes: &[u8], origin: &Origin, opener: &mut Opener<'_>) -> Result<KeyFile, Error> {
    let nothing = || missing(origin, None);
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"{") && memchr::memmem::find(text, b"\"kty\"").is_some() {
        return Err(unsupported(origin, "JSON Web Key"));
    }
    if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-sha2-") {
        return Err(missing(origin, Some("a public key of OpenSSH")));
    }
    let mut inside = der::whole(bytes, tag::SEQUENCE).ok_or_else(nothing)?.inside();
    let first = inside.next().ok_or_else(nothing)?;
    let second = inside.next().ok_or_else(nothing)?;
    let encoding = match (first.tag, second.tag) {
        // The version of a PKCS#12 PFX is 3 (RFC 7292 section 4), that of a key 0 or 1.
        (tag::INTEGER, tag::SEQUENCE) if first.content == [3] => {
            return Err(unsupported(origin, "PKCS#12 file"));
        }
        (tag::INTEGER, tag::SEQUENCE) => Encoding::Pkcs8,
        (tag::SEQUENCE, tag::OCTET_STRING) => {
            let key = PrivateKey::from_pkcs8(sealed::open(bytes, origin, opener)?, origin)?;
            return Ok(KeyFile { key, encoding: Encoding::Pkcs8, encrypted: true, span: None });
        }
        (tag::INTEGER, tag::INTEGER) if inside.is_empty() => {
            return Err(missing(origin, Some("a public key")));
        }
        (tag::INTEGER, tag::INTEGER) => Encoding::Pkcs1,
        (tag::INTEGER, tag::OCTET_STRING) => Encoding::Sec1,
        (tag::SEQUENCE, tag::BIT_STRING) => return Err(missing(origin, Some("a public key"))),
        (tag::SEQUENCE, tag::SEQUENCE) => return Err(missing(origin, Some("a certificate or a request"))),
        _ => return Err(nothing()),
    };
    let key = from_encoding(encoding, Zeroizing::new(bytes.to_vec()), None, origin)?;
    Ok(KeyFile { key, encoding, encrypted: false, span: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, no_passphrase};

    fn read(bytes: &[u8]) -> Result<KeyFile, Error> {
        KeyFile::decode(bytes, &Origin::named("test"), &mut no_passphrase())
    }

    #[test]
    fn what_is_something_else_is_named() {
        for (bytes, code, words) in [
            (pem::encode("PUBLIC KEY", &[0x30, 0]), "private-key-wanted", "a public key"),
            (pem::encode("CERTIFICATE", &[0x30, 0]), "private-key-wanted", "a certificate"),
            (
                pem::encode("OPENSSH PRIVATE KEY", b"openssh-key-v1"),
                "key-unsupported",
                "OpenSSH's own format",
            ),
            (pem::encode("DSA PRIVATE KEY", &[0x30, 0]), "key-unsupported", "DSA key"),
            (pem::encode("X509 CRL", &[0x30, 0]), "nothing-found", "test"),
            (pem::encode("EC PRIVATE KEY", &[0x30, 0]), "malformed", "it is no EC key"),
            ("{ \"kty\": \"EC\" }".into(), "key-unsupported", "JSON Web Key"),
            ("ssh-ed25519 AAAA someone".into(), "private-key-wanted", "a public key of OpenSSH"),
        ] {
            let error = read(bytes.as_bytes()).err().unwrap();
            assert_eq!(error.code(), code, "{bytes}");
            assert!(error.facts().iter().any(|fact| fact.value.contains(words)), "{:?}", error.facts());
        }
    }

    #[test]
    fn other_bytes_of_a_file_stay_when_its_key_is_written_anew() {
        let random = ring::rand::SystemRandom::new();
        let passphrase = Passphrase::new(Zeroizing::new(b"correct horse".to_vec()));
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let der = key.to_der(Encoding::Sec1).unwrap();
        let block = String::from_utf8(pem::encode_secret("EC PRIVATE KEY", &der).to_vec()).unwrap();
        let (before, after) =
            ("\u{feff}text\r\n  ", "\n\n-----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----");
        let text = format!("{before}{}{after}", block.trim_end());
        let file = read(text.as_bytes()).unwrap();
        let sealed = file.rewritten(text.as_bytes(), Some(&passphrase), &random).unwrap();
        let told = std::str::from_utf8(&sealed).unwrap();
        assert!(
            told.starts_with(before) && told.ends_with(after) && told.contains("ENCRYPTED PRIVATE KEY"),
            "{told}"
        );
        let mut opener = |_: &Origin, _| Ok(Some(Passphrase::new(Zeroizing::new(b"correct horse".to_vec()))));
        let again = KeyFile::decode(&sealed, &Origin::named("test"), &mut opener).unwrap();
        assert!(again.encrypted && again.key.public() == key.public());
        let open = again.rewritten(&sealed, None, &random).unwrap();
        let plain = again.key.to_pem();
        let plain = std::str::from_utf8(plain.trim_ascii_end()).unwrap();
        assert_eq!(std::str::from_utf8(&open).unwrap(), format!("{before}{plain}{after}"));
        // DER stays DER.
        let sealed = read(&der).unwrap().rewritten(&der, Some(&passphrase), &random).unwrap();
        assert!(
            sealed.starts_with(&[0x30])
                && KeyFile::decode(&sealed, &Origin::named("test"), &mut opener).unwrap().encrypted
        );
    }
}
