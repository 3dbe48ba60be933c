//! Private keys: made, read in the encodings people hold, and used to sign. Never printed: the type implements
//! neither `Debug`, `Display` nor `Serialize`.

use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytesSize, SecretKey,
    pkcs8::{AssociatedOid, EncodePrivateKey},
    sec1::{FromSec1Point, ModulusSize, ToSec1Point},
};
use ring::{
    rand::SecureRandom,
    rsa,
    signature::{self as rs, KeyPair},
};
use zeroize::Zeroizing;

use super::{Algorithm, KeyType, Opener, PublicKey, SignatureAlgorithm, sealed};
use crate::{
    Error,
    der::{self, tag},
    oid,
    origin::Origin,
    pem,
};

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
    Rsa(Box<rsa::KeyPair>),
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
                let pkcs8 = ed25519_pkcs8(&seed);
                return Self::from_pkcs8(pkcs8, &Origin::named("new key"));
            }
        };
        let document = document.map_err(|_| Error::CryptoFailed { what: "make a random key" })?;
        Self::from_pkcs8(Zeroizing::new(document.as_ref().to_vec()), &Origin::named("new key"))
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
                let curve = curve.map(|curve| oid::Oid::from_content(curve).name());
                Err(unsupported(format!("EC key on {}", curve.as_deref().unwrap_or("explicit parameters"))))
            }
            (oid::ED25519, _) => {
                let pair = rs::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(|_| malformed())?;
                let public = PublicKey::from_ring(Algorithm::Ed25519, pair.public_key().as_ref());
                Ok(Self { pkcs8, public, signer: Signer::Ed25519(Box::new(pair)) })
            }
            (oid::RSA, _) => {
                let pair = rsa::KeyPair::from_pkcs8(&pkcs8).map_err(|rejected| {
                    match rejected.to_string().as_str() {
                        "TooSmall" => {
                            unsupported("RSA key below 2048 bits, or with an exponent below 65537".into())
                        }
                        "TooLarge" => unsupported("RSA key above 4096 bits".into()),
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

    /// The algorithm of the signatures that this key makes.
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

/// The outermost parts of a PKCS#8 PrivateKeyInfo (RFC 5958 section 2).
struct Info<'a> {
    kind: &'a [u8],
    curve: Option<&'a [u8]>,
    key: &'a [u8],
}

impl<'a> Info<'a> {
    fn read(pkcs8: &'a [u8]) -> Option<Self> {
        let mut inside = der::whole(pkcs8, tag::SEQUENCE)?.inside();
        inside.expect(tag::INTEGER)?;
        let mut identifier = inside.expect(tag::SEQUENCE)?.inside();
        let kind = identifier.expect(tag::OID)?.content;
        let curve = identifier.expect(tag::OID).map(|curve| curve.content);
        Some(Self { kind, curve, key: inside.expect(tag::OCTET_STRING)?.content })
    }
}

/// Rebuilds EC PKCS#8 with its public point in uncompressed form.
fn with_public_point<C>(pkcs8: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: CurveArithmetic + AssociatedOid,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let info = Info::read(pkcs8)?;
    let mut fields = der::whole(info.key, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    let scalar = fields.expect(tag::OCTET_STRING)?.content;
    // Some writers drop leading zeros (RFC 5915 section 3 wants them kept).
    let mut padded = Zeroizing::new(p256::elliptic_curve::FieldBytes::<C>::default());
    let start = padded.len().checked_sub(scalar.len())?;
    padded.get_mut(start..)?.copy_from_slice(scalar);
    let key = SecretKey::<C>::from_bytes(&padded).ok()?;
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

fn ed25519_pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    // RFC 8410 section 7: the only encoding of version 1 there is.
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(48));
    pkcs8.extend_from_slice(&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);
    pkcs8.extend_from_slice(seed);
    pkcs8
}

/// Wraps a PKCS#1 or SEC1 key in PKCS#8.
fn wrap(kind: &[u8], parameters: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let octets = |tag: u8, content: &[u8]| {
        let mut out = Zeroizing::new(Vec::with_capacity(content.len() + 6));
        out.push(tag);
        match content.len() {
            length @ 0..=0x7f => out.push(length as u8),
            length @ 0x80..=0xff => out.extend_from_slice(&[0x81, length as u8]),
            // No key is longer than 65,535 bytes; what is reads as damaged.
            length => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
        }
        out.extend_from_slice(content);
        out
    };
    let oid = octets(tag::OID, kind);
    let identifier = octets(tag::SEQUENCE, &[oid.as_slice(), parameters].concat());
    let version: &[u8] = &[tag::INTEGER, 1, 0];
    let key = octets(tag::OCTET_STRING, key);
    let body = Zeroizing::new([version, &identifier, &key].concat());
    octets(tag::SEQUENCE, &body)
}

/// Wraps an ECPrivateKey (RFC 5915), whose curve stands in its parameters or in `curve`.
fn wrap_sec1(key: &[u8], curve: Option<&[u8]>) -> Option<Zeroizing<Vec<u8>>> {
    let mut fields = der::whole(key, tag::SEQUENCE)?.inside();
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::OCTET_STRING)?;
    let inner = fields.next().filter(|field| field.tag == 0xa0).map(|field| field.content);
    Some(wrap(oid::EC_PUBLIC_KEY, inner.or(curve)?, key))
}

/// Reads a private key file's bytes: PKCS#8, encrypted PKCS#8, PKCS#1 or SEC1, in PEM or DER. Of a PEM file with
/// other blocks (a combined file), the one key is taken.
///
/// # Errors
/// [`Error::NothingFound`] where there is no key, [`Error::KeyUnsupported`], [`Error::KeyNotOpened`] for a wrong
/// passphrase or damage, [`Error::Malformed`], and whatever `opener` fails with.
pub fn decode_private_key(
    bytes: &[u8],
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<PrivateKey, Error> {
    if !pem::looks_like_pem(bytes) {
        return decode_der(bytes, origin, opener);
    }
    let mut curve = None;
    let mut key = None;
    for block in pem::blocks(bytes, origin)? {
        match block.label.as_str() {
            "EC PARAMETERS" => curve = Some(block.der),
            label if label.ends_with("PRIVATE KEY") => {
                if key.is_some() {
                    return Err(Error::SeveralFound { origin: origin.clone(), what: "private key" });
                }
                key = Some(block);
            }
            _ => {}
        }
    }
    let key = key.ok_or_else(|| Error::NothingFound { origin: origin.clone(), what: "private key" })?;
    let malformed = || Error::Malformed {
        origin: origin.clone(),
        what: "private key",
        cause: format!("the content is no {}", key.label),
    };
    if key.headers.iter().any(|(name, value)| name == "Proc-Type" && value.contains("ENCRYPTED")) {
        return Err(Error::KeyUnsupported {
            origin: origin.clone(),
            found: "key in the traditional encrypted PEM format (Proc-Type: 4,ENCRYPTED)".into(),
        });
    }
    match key.label.as_str() {
        "PRIVATE KEY" => PrivateKey::from_pkcs8(key.der, origin),
        "ENCRYPTED PRIVATE KEY" => PrivateKey::from_pkcs8(sealed::open(&key.der, origin, opener)?, origin),
        "RSA PRIVATE KEY" => PrivateKey::from_pkcs8(wrap(oid::RSA, &[5, 0], &key.der), origin),
        "EC PRIVATE KEY" => {
            let curve = curve.as_ref().map(|der| der.as_slice());
            PrivateKey::from_pkcs8(wrap_sec1(&key.der, curve).ok_or_else(malformed)?, origin)
        }
        label => Err(Error::KeyUnsupported { origin: origin.clone(), found: label.to_owned() }),
    }
}

/// DER has no label: the second element tells the encodings apart.
fn decode_der(bytes: &[u8], origin: &Origin, opener: &mut Opener<'_>) -> Result<PrivateKey, Error> {
    let nothing = || Error::NothingFound { origin: origin.clone(), what: "private key" };
    let mut inside = der::whole(bytes, tag::SEQUENCE).ok_or_else(nothing)?.inside();
    let first = inside.next().ok_or_else(nothing)?;
    let second = inside.next().ok_or_else(nothing)?;
    match (first.tag, second.tag) {
        (tag::INTEGER, tag::SEQUENCE) => PrivateKey::from_pkcs8(Zeroizing::new(bytes.to_vec()), origin),
        (tag::SEQUENCE, tag::OCTET_STRING) => {
            PrivateKey::from_pkcs8(sealed::open(bytes, origin, opener)?, origin)
        }
        (tag::INTEGER, tag::INTEGER) => PrivateKey::from_pkcs8(wrap(oid::RSA, &[5, 0], bytes), origin),
        (tag::INTEGER, tag::OCTET_STRING) => {
            PrivateKey::from_pkcs8(wrap_sec1(bytes, None).ok_or_else(nothing)?, origin)
        }
        _ => Err(nothing()),
    }
}

/// Reads a private key from a file; see [`decode_private_key`].
///
/// # Errors
/// As [`decode_private_key`], and those of reading the file.
pub fn load_private_key(path: &std::path::Path, opener: &mut Opener<'_>) -> Result<PrivateKey, Error> {
    let bytes = Zeroizing::new(crate::source::read_small(path)?);
    decode_private_key(&bytes, &Origin::file(path), opener)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: KeyType) -> PrivateKey {
        PrivateKey::generate(kind, &ring::rand::SystemRandom::new()).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<PrivateKey, Error> {
        decode_private_key(bytes, &Origin::named("test"), &mut super::super::no_passphrase())
    }

    #[test]
    fn signs_what_its_public_half_verifies() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519] {
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
        assert!(matches!(read(certificate.as_bytes()), Err(Error::NothingFound { .. })));
        let two = [new(KeyType::P256).to_pem().to_vec(), new(KeyType::P256).to_pem().to_vec()].concat();
        assert!(matches!(read(&two), Err(Error::SeveralFound { .. })));
    }
}
