//! Signatures that nobody should trust: by RSA keys that are too short, and over SHA-1. ring makes neither, for good reason; they
//! are wanted only to see whether a peer refuses them.

use crypto_bigint::{
    BoxedUint, Odd, Resize,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use ring::{
    digest::{self, digest},
    rand::SecureRandom,
};
use zeroize::Zeroizing;

use super::{
    Algorithm, PrivateKey, PublicKey, SignatureAlgorithm,
    encoding::{self, Info},
    rsa,
};
use crate::{
    Error,
    der::{self, tag},
    oid,
};

const FAILED: Error = Error::CryptoFailed { what: "sign" };
/// DigestInfo up to the hash (RFC 8017 9.2, note 1).
const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

/// An RSA key of 1024 bits, which was broken into reach of the well-funded long ago (NIST SP 800-131A forbids it since 2014).
pub(crate) struct WeakKey {
    numbers: Numbers,
    public: PublicKey,
}

/// What of an RSA key is needed to sign.
struct Numbers {
    modulus: BoxedUint,
    exponent: Zeroizing<BoxedUint>,
}

impl WeakKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// [`Error::CryptoFailed`].
    pub(crate) fn generate(random: &dyn SecureRandom) -> Result<Self, Error> {
        Self::with_bits(1024, random)
    }

    fn with_bits(bits: u32, random: &dyn SecureRandom) -> Result<Self, Error> {
        let pkcs8 = rsa::generate(bits, random)?;
        let key = Info::read(&pkcs8).ok_or(FAILED)?.key;
        let mut fields = der::whole(key, tag::SEQUENCE).ok_or(FAILED)?.inside();
        fields.next();
        let (modulus, exponent) = (fields.next().ok_or(FAILED)?.raw, fields.next().ok_or(FAILED)?.raw);
        let public = PublicKey::from_ring(Algorithm::Rsa(bits), &der::sequence(&[modulus, exponent]));
        let numbers = Numbers::read(&pkcs8).ok_or(FAILED)?;
        Ok(Self { numbers, public })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2.1).
    pub(crate) fn sign_pkcs1(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.numbers.sign_pkcs1(&SHA256_INFO, digest(&digest::SHA256, message).as_ref())
    }

    /// RSASSA-PSS with SHA-256 and a salt as long as the hash (RFC 8017 8.1.1), which TLS 1.3 wants.
    pub(crate) fn sign_pss(&self, message: &[u8], random: &dyn SecureRandom) -> Option<Vec<u8>> {
        const HASH: usize = 32;
        let hash = |parts: &[&[u8]]| digest(&digest::SHA256, &parts.concat()).as_ref().to_vec();
        let mut salt = [0; HASH];
        random.fill(&mut salt).ok()?;
        let sealed = hash(&[&[0; 8], &hash(&[message]), &salt]);
        // The modulus has a whole number of octets, so the encoded message is one bit shorter than that.
        let length = self.numbers.modulus.bits().div_ceil(8) as usize;
        let mut block = vec![0; length.checked_sub(2 * HASH + 2)?];
        block.push(1);
        block.extend(salt);
        let mask = (0u32..).flat_map(|counter| hash(&[&sealed, &counter.to_be_bytes()]));
        block.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        *block.first_mut()? &= 0x7f;
        block.extend(sealed);
        block.push(0xbc);
        self.numbers.power(&block)
    }
}

impl Numbers {
    /// The modulus and the private exponent of PKCS#8.
    fn read(pkcs8: &[u8]) -> Option<Self> {
        let mut fields = der::whole(Info::read(pkcs8)?.key, tag::SEQUENCE)?.inside();
        let mut number = || fields.expect(tag::INTEGER).map(|field| field.content);
        let (_, modulus, _, exponent) = (number()?, number()?, number()?, number()?);
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let exponent = Zeroizing::new(BoxedUint::from_be_slice_vartime(exponent));
        Some(Self { modulus, exponent })
    }

    /// RSASP1 (RFC 8017 5.2.1).
    fn power(&self, block: &[u8]) -> Option<Vec<u8>> {
        let length = self.modulus.bits().div_ceil(8) as usize;
        let precision = self.modulus.bits_precision();
        let modulus = Odd::new(self.modulus.clone()).into_option()?;
        let base = BoxedUint::from_be_slice_vartime(block).resize(precision);
        let power = BoxedMontyForm::new(base, &BoxedMontyParams::new(modulus)).pow(&self.exponent).retrieve();
        let octets = power.to_be_bytes();
        octets.get(octets.len().checked_sub(length)?..).map(<[u8]>::to_vec)
    }

    fn sign_pkcs1(&self, info: &[u8], hash: &[u8]) -> Option<Vec<u8>> {
        let length = self.modulus.bits().div_ceil(8) as usize;
        let filling = length.checked_sub(info.len() + hash.len() + 3)?;
        self.power(&[&[0, 1], vec![0xff; filling].as_slice(), &[0], info, hash].concat())
    }
}

/// The algorithm of a signature over SHA-1 with this kind of key; `None` where there is none.
pub(crate) fn sha1_algorithm(key: &PrivateKey) -> Option<SignatureAlgorithm> {
    match key.public().algorithm() {
        Algorithm::P256 | Algorithm::P384 => Some(SignatureAlgorithm::new(oid::ECDSA_SHA1, false)),
        Algorithm::Rsa(_) => Some(SignatureAlgorithm::new(oid::RSA_SHA1, true)),
        _ => None,
    }
}

/// Signs over SHA-1.
///
/// # Errors
/// [`Error::CryptoFailed`], also where this kind of key knows no such signature.
pub(crate) fn sign_sha1(key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, Error> {
    let hash = digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    let info = Info::read(key.pkcs8()).ok_or(FAILED)?;
    // A hash shorter than the curve's order is the same number with zeros before it (SEC 1 4.1.3).
    let padded = |size| encoding::padded(hash.as_ref(), size);
    let scalar = || encoding::scalar(info.key).map(|(scalar, _)| scalar);
    let signature = match key.public().algorithm() {
        Algorithm::P256 => scalar().and_then(|scalar| {
            let key = p256::ecdsa::SigningKey::from_slice(&encoding::padded(scalar, 32)?).ok()?;
            let signature: p256::ecdsa::DerSignature = key.sign_prehash(&padded(32)?).ok()?;
            Some(signature.as_bytes().to_vec())
        }),
        Algorithm::P384 => scalar().and_then(|scalar| {
            let key = p384::ecdsa::SigningKey::from_slice(&encoding::padded(scalar, 48)?).ok()?;
            let signature: p384::ecdsa::DerSignature = key.sign_prehash(&padded(48)?).ok()?;
            Some(signature.as_bytes().to_vec())
        }),
        Algorithm::Rsa(_) => {
            Numbers::read(key.pkcs8()).and_then(|numbers| numbers.sign_pkcs1(&SHA1_INFO, hash.as_ref()))
        }
        _ => None,
    };
    signature.ok_or(FAILED)
}

#[cfg(test)]
mod tests {
    use ring::signature;

    use super::*;
    use crate::key::KeyType;

    #[test]
    fn weak_signatures_hold() {
        let random = ring::rand::SystemRandom::new();
        let key = WeakKey::generate(&random).unwrap();
        assert_eq!(key.public().algorithm(), Algorithm::Rsa(1024));
        assert!(key.public().weakness().is_some());
        // ring verifies such keys by one algorithm, which is named after what it is for.
        let check = |algorithm, signature: &[u8]| {
            signature::UnparsedPublicKey::new(algorithm, key.public().bits()).verify(b"message", signature)
        };
        let pkcs1 = key.sign_pkcs1(b"message").unwrap();
        let legacy: &dyn signature::VerificationAlgorithm =
            &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
        check(legacy, &pkcs1).unwrap();
        assert_eq!(key.sign_pss(b"message", &random).unwrap().len(), 128);
        // ring verifies PSS by keys that are long enough alone.
        let key = WeakKey::with_bits(2048, &random).unwrap();
        let pss = key.sign_pss(b"message", &random).unwrap();
        let check =
            signature::UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, key.public().bits());
        check.verify(b"message", &pss).unwrap();
        assert!(pss != key.sign_pss(b"message", &random).unwrap(), "the salt is random");
    }

    #[test]
    fn signatures_over_sha1_hold() {
        let random = ring::rand::SystemRandom::new();
        for kind in [KeyType::P256, KeyType::P384, KeyType::Rsa2048] {
            let key = PrivateKey::generate(kind, &random).unwrap();
            let by = sha1_algorithm(&key).unwrap();
            let signature = sign_sha1(&key, b"message").unwrap();
            assert!(by.weakness().is_some());
            let public = key.public();
            match public.algorithm() {
                Algorithm::Rsa(_) => signature::UnparsedPublicKey::new(
                    &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    public.bits(),
                )
                .verify(b"message", &signature)
                .unwrap(),
                curve => {
                    let hash = digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"message");
                    crate::key::ecdsa::verify(curve, public.bits(), hash.as_ref(), &signature).unwrap();
                }
            }
        }
        let key = PrivateKey::generate(KeyType::Ed25519, &random).unwrap();
        assert!(sha1_algorithm(&key).is_none() && sign_sha1(&key, b"message").is_err());
    }
}
