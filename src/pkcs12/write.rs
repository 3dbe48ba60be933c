//! Writing a store: certificates encrypted in one part, keys in another, and a MAC over both. What OpenSSL, Java, NSS and
//! Windows read.

use pkcs8::pkcs5::pbes2;
use ring::{hmac, rand::SecureRandom};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    Error,
    cert::Certificate,
    der::{put, tag},
    fingerprint::sha1,
    key::{
        Passphrase, PrivateKey,
        pbes1::{Purpose, bmp, derive, encrypt_triple_des},
    },
    oid::{self, Oid},
};

/// Which programs are to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Compat {
    /// AES-256 and SHA-256: OpenSSL 1.1, Java 8u301, Windows 10 1709 and later
    #[default]
    Modern,
    /// Triple DES and SHA-1: macOS Keychain, Windows Server 2016, old Java
    Legacy,
}

/// Rounds of key derivation; about 60 ms each of the three times.
const ROUNDS: u32 = 600_000;
/// What old programs write, and expect.
const LEGACY_ROUNDS: u32 = 2048;

/// One entry of a store.
pub enum Entry<'a> {
    /// A private key and its certificate
    Key {
        /// The key
        key: &'a PrivateKey,
        /// Its certificate
        certificate: &'a Certificate,
        /// Under which name programs show both
        name: &'a str,
    },
    /// A certificate of the chain
    Certificate {
        /// The certificate
        certificate: &'a Certificate,
        /// Under which name programs show it
        name: Option<&'a str>,
    },
    /// A certificate that Java is to trust (2.16.840.1.113894.746875.1.1)
    Trusted {
        /// The certificate
        certificate: &'a Certificate,
        /// Its alias
        name: &'a str,
    },
}

/// Makes a store of these entries.
///
/// # Errors
/// [`Error::CryptoFailed`] where the random source fails.
pub fn write(
    entries: &[Entry<'_>],
    password: &Passphrase,
    compat: Compat,
    random: &dyn SecureRandom,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let maker = Maker { password, compat, random };
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Key { key, certificate, name } => {
                let attributes = [friendly_name(name), local_key_id(certificate)];
                certificates.extend(certificate_bag(certificate, &attributes));
                keys.extend(bag(oid::SHROUDED_KEY_BAG, &maker.shroud(key)?, &attributes));
            }
            Entry::Certificate { certificate, name } => {
                let attributes: Vec<_> = name.iter().map(|name| friendly_name(name)).collect();
                certificates.extend(certificate_bag(certificate, &attributes));
            }
            Entry::Trusted { certificate, name } => {
                let usage = Oid::from_content(oid::ANY_EXTENDED_KEY_USAGE).der();
                let attributes = [friendly_name(name), attribute(oid::JAVA_TRUSTED, &usage)];
                certificates.extend(certificate_bag(certificate, &attributes));
            }
        }
    }
    let mut safes = Vec::new();
    if !certificates.is_empty() {
        let (algorithm, sealed) = maker.seal(&element(tag::SEQUENCE, &[&certificates]))?;
        let data = Oid::from_content(oid::PKCS7_DATA).der();
        let info = element(tag::SEQUENCE, &[&data, &algorithm, &element(0x80, &[&sealed])]);
        let version = element(tag::INTEGER, &[&[0]]);
        safes.extend(content_info(oid::PKCS7_ENCRYPTED, &element(tag::SEQUENCE, &[&version, &info])));
    }
    if !keys.is_empty() {
        let contents = element(tag::SEQUENCE, &[&keys]);
        safes.extend(content_info(oid::PKCS7_DATA, &element(tag::OCTET_STRING, &[&contents])));
    }
    let contents = element(tag::SEQUENCE, &[&safes]);
    let mac = maker.mac(&contents)?;
    let safe = content_info(oid::PKCS7_DATA, &element(tag::OCTET_STRING, &[&contents]));
    Ok(Zeroizing::new(element(tag::SEQUENCE, &[&element(tag::INTEGER, &[&[3]]), &safe, &mac])))
}

struct Maker<'a> {
    password: &'a Passphrase,
    compat: Compat,
    random: &'a dyn SecureRandom,
}

impl Maker<'_> {
    fn chance<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut octets = [0; N];
        self.random.fill(&mut octets).map_err(|_| failed())?;
        Ok(octets)
    }

    /// The AlgorithmIdentifier and the octets of something encrypted.
    fn seal(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        match self.compat {
            Compat::Modern => {
                let (salt, iv) = (self.chance::<16>()?, self.chance::<16>()?);
                let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv);
                let parameters = parameters.map_err(|_| failed())?;
                let sealed = parameters.encrypt(self.password.bytes(), plain).map_err(|_| failed())?;
                let scheme = pkcs8::pkcs5::EncryptionScheme::from(parameters);
                Ok((pkcs8::der::Encode::to_der(&scheme).map_err(|_| failed())?, sealed))
            }
            Compat::Legacy => {
                let salt = self.chance::<8>()?;
                let sealed = encrypt_triple_des(self.password.bytes(), &salt, LEGACY_ROUNDS, plain);
                let salt = element(tag::OCTET_STRING, &[&salt]);
                let parameters = element(tag::SEQUENCE, &[&salt, &number(LEGACY_ROUNDS)]);
                let kind = Oid::from_content(oid::PBE_SHA1_3DES).der();
                Ok((element(tag::SEQUENCE, &[&kind, &parameters]), sealed.ok_or_else(failed)?))
            }
        }
    }

    /// EncryptedPrivateKeyInfo.
    fn shroud(&self, key: &PrivateKey) -> Result<Vec<u8>, Error> {
        let (algorithm, sealed) = self.seal(key.pkcs8())?;
        Ok(element(tag::SEQUENCE, &[&algorithm, &element(tag::OCTET_STRING, &[&sealed])]))
    }

    /// MacData over the contents (RFC 7292 appendix A).
    fn mac(&self, contents: &[u8]) -> Result<Vec<u8>, Error> {
        let (kind, hmac, rounds) = match self.compat {
            Compat::Modern => (oid::SHA256, hmac::HMAC_SHA256, ROUNDS),
            Compat::Legacy => (oid::SHA1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, LEGACY_ROUNDS),
        };
        let digest = super::digest(kind).ok_or_else(failed)?;
        let salt = self.chance::<16>()?;
        let password = bmp(self.password.bytes());
        let key = derive(digest, Purpose::Mac, &password, &salt, rounds, digest.output_len());
        let value = hmac::sign(&hmac::Key::new(hmac, &key), contents);
        let algorithm = element(tag::SEQUENCE, &[&Oid::from_content(kind).der(), &[tag::NULL, 0]]);
        let value = element(tag::OCTET_STRING, &[value.as_ref()]);
        let info = element(tag::SEQUENCE, &[&algorithm, &value]);
        let salt = element(tag::OCTET_STRING, &[&salt]);
        Ok(element(tag::SEQUENCE, &[&info, &salt, &number(rounds)]))
    }
}

fn failed() -> Error {
    Error::CryptoFailed { what: "make the PKCS#12 file" }
}

fn element(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, kind, parts);
    out
}

fn number(value: u32) -> Vec<u8> {
    yasna::construct_der(|writer| writer.write_u32(value))
}

fn content_info(kind: &[u8], content: &[u8]) -> Vec<u8> {
    element(tag::SEQUENCE, &[&Oid::from_content(kind).der(), &element(0xa0, &[content])])
}

/// `SEQUENCE { type, [0] value, SET OF attribute }`
fn bag(kind: &[u8], value: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let kind = Oid::from_content(kind).der();
    let value = element(0xa0, &[value]);
    // DER wants the members of a set in ascending order.
    let mut attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    attributes.sort_unstable();
    match attributes.is_empty() {
        true => element(tag::SEQUENCE, &[&kind, &value]),
        false => element(tag::SEQUENCE, &[&kind, &value, &element(tag::SET, &attributes)]),
    }
}

fn certificate_bag(certificate: &Certificate, attributes: &[Vec<u8>]) -> Vec<u8> {
    let der = element(tag::OCTET_STRING, &[certificate.der()]);
    let kind = Oid::from_content(oid::X509_CERTIFICATE).der();
    let value = element(tag::SEQUENCE, &[&kind, &element(0xa0, &[&der])]);
    bag(oid::CERT_BAG, &value, attributes)
}

/// `SEQUENCE { type, SET OF value }`
fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    element(tag::SEQUENCE, &[&Oid::from_content(kind).der(), &element(tag::SET, &[value])])
}

fn friendly_name(name: &str) -> Vec<u8> {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(oid::FRIENDLY_NAME, &element(tag::BMP, &[&units]))
}

/// As openssl has it: SHA-1 of the certificate.
fn local_key_id(certificate: &Certificate) -> Vec<u8> {
    attribute(oid::LOCAL_KEY_ID, &element(tag::OCTET_STRING, &[&sha1(certificate.der())]))
}
