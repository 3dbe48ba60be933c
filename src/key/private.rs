//! Private keys: made, read from PKCS#8, and used to sign. Never printed: the type implements
//! neither `Debug`, `Display` nor `Serialize`.

use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytesSize, SecretKey,
    pkcs8::{AssociatedOid, EncodePrivateKey},
    sec1::{FromSec1Point, ModulusSize, ToSec1Point},
};
use ring::{
    rand::SecureRandom,
    rsa as ring_rsa,
    signature::{self as rs, KeyPair},
};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyType, PublicKey, SignatureAlgorithm,
    encoding::{self, Info},
    rsa,
};
use crate::{Error, der::tag, oid, origin::Origin, pem};

/// A private key that can sign, with its public half.
pub struct PrivateKey {
    /// PKCS#8 (RFC 5208, RFC 5958), with the public point where the key is on a curve.
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
    signer: Signer,
}

enum Signer {
    Ecdsa(Box<rs::EcdsaKeyPair>),
    Ed25519(Box<rs::Ed25519KeyPair>),
    Rsa(Box<ring_rsa::KeyPair>),
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`Error::CryptoFailed`] where the random source fails.
    pub fn generate(kind: KeyType, random: &dyn SecureRandom) -> Result<Self, Error> {
        let document = match kind {
            KeyType::P256 => rs::EcdsaKeyPair::generate_pkcs8(&rs::ECDSA_P256_SHA256_ASN1_SIGNING, random),
            KeyType::P384 => rs::EcdsaKeyPair::generate_pkcs8(&rs::ECDSA_P384_SHA384_ASN1_SIGNING, random),
            KeyType::Ed25519 => {
                // ring writes PKCS#8 version 2, which OpenSSL 1.1 and Java do not read.
                let mut seed = Zeroizing::new([0; 32]);
                random.fill(seed.as_mut()).map_err(|_| Error::CryptoFailed { what: "make a random key" })?;
                return Self::from_pkcs8(encoding::ed25519(&seed), &Origin::named("new key"));
            }
            KeyType::Rsa2048 => return Self::generate_rsa(2048, random),
            KeyType::Rsa3072 => return Self::generate_rsa(3072, random),
            KeyType::Rsa4096 => return Self::generate_rsa(4096, random),
        };
        let document = document.map_err(|_| Error::CryptoFailed { what: "make a random key" })?;
        Self::from_pkcs8(Zeroizing::new(document.as_ref().to_vec()), &Origin::named("new key"))
    }

    /// A key whose numbers were found here is tried before anyone relies on it.
    fn generate_rsa(bits: u32, random: &dyn SecureRandom) -> Result<Self, Error> {
        let failed = |_| Error::CryptoFailed { what: "make a random key" };
        let key =
            Self::from_pkcs8(rsa::generate(bits, random)?, &Origin::named("new key")).map_err(failed)?;
        let signature = key.sign(b"trial", random)?;
        let verified = key.public.verify(&key.signature_algorithm(), b"trial", &signature);
        verified.map(|()| key).map_err(|_| Error::CryptoFailed { what: "make a working key" })
    }

    /// Reads unencrypted PKCS#8.
    ///
    /// # Errors
    /// [`Error::KeyUnsupported`] for kinds or sizes that cannot sign here, [`Error::Malformed`] for anything that
    /// is not such a key.
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>, origin: &Origin) -> Result<Self, Error> {
        let malformed = || Error::Malformed {
            origin: origin.clone(),
            what: "private key",
            cause: "the PKCS#8 structure does not hold".into(),
        };
        let unsupported = |found: String| Error::KeyUnsupported { origin: origin.clone(), found };
        let info = Info::read(&pkcs8).ok_or_else(malformed)?;
        match (info.kind, info.curve) {
            (oid::EC_PUBLIC_KEY, Some(oid::P256)) => {
                let method = &rs::ECDSA_P256_SHA256_ASN1_SIGNING;
                Self::ecdsa::<p256::NistP256>(pkcs8, method, Algorithm::P256).ok_or_else(malformed)
            }
            (oid::EC_PUBLIC_KEY, Some(oid::P384)) => {
                let method = &rs::ECDSA_P384_SHA384_ASN1_SIGNING;
                Self::ecdsa::<p384::NistP384>(pkcs8, method, Algorithm::P384).ok_or_else(malformed)
            }
            (oid::EC_PUBLIC_KEY, curve) => {
                let curve = curve.map(oid::Oid::from_content);
                Err(unsupported(
                    match curve.map(|curve| curve.long_name().map_or(curve.name(), str::to_owned)) {
                        Some(curve) => format!("EC key on {curve}"),
                        None => "EC key with explicit parameters instead of the name of its curve".into(),
                    },
                ))
            }
            (oid::ED25519, _) => {
                let pair = rs::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(|_| malformed())?;
                let public = PublicKey::from_ring(Algorithm::Ed25519, pair.public_key().as_ref());
                Ok(Self { pkcs8, public, signer: Signer::Ed25519(Box::new(pair)) })
            }
            (oid::RSA, _) => {
                let pair = ring_rsa::KeyPair::from_pkcs8(&pkcs8).map_err(|rejected| {
                    match rejected.to_string().as_str() {
                        "TooSmall" => {
                            unsupported("RSA key below 2048 bits, or with an exponent below 65537".into())
                        }
                        "TooLarge" => unsupported("RSA key above 4096 bits".into()),
                        "VersionNotSupported" => unsupported("RSA key of more than two primes".into()),
                        "PrivateModulusLenNotMultipleOf512Bits" => {
                            unsupported("RSA key whose bits are no multiple of 512".into())
                        }
                        _ => malformed(),
                    }
                })?;
                let bits = u32::try_from(pair.public().modulus_len() * 8).unwrap_or(u32::MAX);
                let public = PublicKey::from_ring(Algorithm::Rsa(bits), pair.public_key().as_ref());
                let public = PublicKey::from_spki(public.spki()).ok_or_else(malformed)?;
                Ok(Self { pkcs8, public, signer: Signer::Rsa(Box::new(pair)) })
            }
            (other, _) => Err(unsupported(format!("{} key", oid::Oid::from_content(other).name()))),
        }
    }

    fn ecdsa<C>(
        pkcs8: Zeroizing<Vec<u8>>,
        method: &'static rs::EcdsaSigningAlgorithm,
        algorithm: Algorithm,
    ) -> Option<Self>
    where
        C: CurveArithmetic + AssociatedOid,
        AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
        FieldBytesSize<C>: ModulusSize,
    {
        let random = ring::rand::SystemRandom::new();
        let (pkcs8, pair) = match rs::EcdsaKeyPair::from_pkcs8(method, &pkcs8, &random) {
            Ok(pair) => (pkcs8, pair),
            // ring wants the public point inside; Java and `openssl pkey -no_public` leave it out.
            Err(_) => {
                let complete = with_public_point::<C>(&pkcs8)?;
                let pair = rs::EcdsaKeyPair::from_pkcs8(method, &complete, &random).ok()?;
                (complete, pair)
            }
        };
        let public = PublicKey::from_ring(algorithm, pair.public_key().as_ref());
        Some(Self { pkcs8, public, signer: Signer::Ecdsa(Box::new(pair)) })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Unencrypted PKCS#8. For the writer of key files and the TLS library alone.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The algorithm of the signatures that this key makes, which follows from its kind alone: ECDSA on P-256 with SHA-256,
    /// on P-384 with SHA-384 (RFC 5480 section 4), Ed25519 (RFC 8410), and RSA of any size in PKCS#1 v1.5 with SHA-256,
    /// which is what every verifier of certificates knows (RFC 4055 section 5; RFC 8017 section 8.2).
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        let (kind, null) = match self.public.algorithm() {
            Algorithm::P384 => (oid::ECDSA_SHA384, false),
            Algorithm::Ed25519 => (oid::ED25519, false),
            Algorithm::Rsa(_) => (oid::RSA_SHA256, true),
            _ => (oid::ECDSA_SHA256, false),
        };
        SignatureAlgorithm::new(kind, null)
    }

    /// Signs.
    ///
    /// # Errors
    /// [`Error::CryptoFailed`] where the random source fails.
    pub fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::CryptoFailed { what: "sign" };
        match &self.signer {
            Signer::Ecdsa(pair) => Ok(pair.sign(random, message).map_err(failed)?.as_ref().to_vec()),
            Signer::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&rs::RSA_PKCS1_SHA256, random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }

    /// PKCS#8 in PEM, unencrypted.
    pub fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        pem::encode_secret("PRIVATE KEY", &self.pkcs8)
    }
}

/// Rebuilds EC PKCS#8 with its public point in uncompressed form.
fn with_public_point<C>(pkcs8: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: CurveArithmetic + AssociatedOid,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let (scalar, mut fields) = encoding::scalar(Info::read(pkcs8)?.key)?;
    let size = p256::elliptic_curve::FieldBytes::<C>::default().len();
    let key = SecretKey::<C>::from_slice(&encoding::padded(scalar, size)?).ok()?;
    // A point that is there must be this key's; a file whose halves disagree is damaged or forged.
    while let Some(field) = fields.next() {
        if field.tag == 0xa1 {
            let stated = field.inside().expect(tag::BIT_STRING)?.content.get(1..)?.to_vec();
            let point = key.public_key();
            let matches = point.to_sec1_point(false).as_bytes() == stated
                || point.to_sec1_point(true).as_bytes() == stated;
            if !matches {
                return None;
            }
        }
    }
    Some(Zeroizing::new(key.to_pkcs8_der().ok()?.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{super::decode_private_key, encoding::wrap, *};
    use crate::der;

    fn new(kind: KeyType) -> PrivateKey {
        PrivateKey::generate(kind, &ring::rand::SystemRandom::new()).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<PrivateKey, Error> {
        decode_private_key(bytes, &Origin::named("test"), &mut super::super::no_passphrase())
    }

    #[test]
    fn signs_what_its_public_half_verifies() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
            let key = new(kind);
            let signature = key.sign(b"message", &ring::rand::SystemRandom::new()).unwrap();
            let by = key.signature_algorithm();
            key.public().verify(&by, b"message", &signature).unwrap();
            assert_eq!(
                key.public().verify(&by, b"other", &signature),
                Err(super::super::SignatureFault::Wrong)
            );
            let again = read(&key.to_pem()).unwrap();
            assert!(again.public() == key.public());
            assert!(read(key.pkcs8()).unwrap().public() == key.public(), "DER");
        }
    }

    #[test]
    fn an_ec_key_without_its_public_point_is_completed() {
        let key = new(KeyType::P256);
        let info = Info::read(key.pkcs8()).unwrap();
        let mut fields = der::whole(info.key, tag::SEQUENCE).unwrap().inside();
        let version = fields.next().unwrap().raw;
        let scalar = fields.next().unwrap().raw;
        let bare = der::sequence(&[version, scalar]);
        let curve = key.pkcs8().windows(10).find(|w| w.starts_with(&[6, 8]) && w.ends_with(&[7])).unwrap();
        let pkcs8 = wrap(oid::EC_PUBLIC_KEY, curve, &bare);
        assert!(read(&pkcs8).unwrap().public() == key.public());
        // SEC1 with a parameters block before it.
        let text = [
            pem::encode("EC PARAMETERS", curve).into_bytes(),
            pem::encode_secret("EC PRIVATE KEY", &bare).to_vec(),
        ]
        .concat();
        assert!(read(&text).unwrap().public() == key.public());
        // A public point of another key is refused.
        let foreign = new(KeyType::P256);
        let point = yasna::construct_der(|w| {
            w.write_tagged(yasna::Tag::context(1), |w| {
                w.write_bitvec_bytes(foreign.public().bits(), foreign.public().bits().len() * 8);
            });
        });
        let forged = wrap(oid::EC_PUBLIC_KEY, curve, &der::sequence(&[version, scalar, &point]));
        assert!(matches!(read(&forged), Err(Error::Malformed { .. })));
    }

    #[test]
    fn what_is_no_key_is_an_error() {
        assert!(matches!(read(b""), Err(Error::NothingFound { .. })));
        assert!(matches!(read(b"\x30\x03\x02\x01\x00"), Err(Error::NothingFound { .. })));
        let certificate = pem::encode("CERTIFICATE", &[0x30, 0]);
        assert!(matches!(read(certificate.as_bytes()), Err(Error::PrivateKeyWanted { .. })));
        let two = [new(KeyType::P256).to_pem().to_vec(), new(KeyType::P256).to_pem().to_vec()].concat();
        assert!(matches!(read(&two), Err(Error::SeveralFound { .. })));
    }
}
