//! Public keys (RFC 5280 4.1.2.7) and the check of signatures under them.

use ring::{digest, signature as rs};

use super::Algorithm;
use crate::{
    der::{self, Reader, tag},
    oid::{self, Oid},
};

/// A public key, held as the exact DER of its subjectPublicKeyInfo.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Box<[u8]>,
    algorithm: Algorithm,
}

impl PublicKey {
    /// Reads a subjectPublicKeyInfo. `None` where the DER is none; an unknown kind of key is
    /// [`Algorithm::Other`].
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let (identifier, bits) = parts(spki)?;
        let mut identifier = identifier;
        let kind = identifier.expect(tag::OID)?;
        let algorithm = match kind.content {
            oid::EC_PUBLIC_KEY => match identifier.expect(tag::OID).map(|curve| curve.content) {
                Some(oid::P256) => Algorithm::P256,
                Some(oid::P384) => Algorithm::P384,
                Some(oid::P521) => Algorithm::P521,
                _ => Algorithm::Other,
            },
            oid::ED25519 => Algorithm::Ed25519,
            oid::ED448 => Algorithm::Ed448,
            oid::RSA => modulus_bits(bits).map_or(Algorithm::Other, Algorithm::Rsa),
            oid::RSA_PSS => modulus_bits(bits).map_or(Algorithm::Other, Algorithm::RsaPss),
            _ => Algorithm::Other,
        };
        Some(Self { spki: spki.into(), algorithm })
    }

    /// Builds the subjectPublicKeyInfo of a key that ring holds.
    pub(super) fn from_ring(algorithm: Algorithm, key: &[u8]) -> Self {
        let write_oid = |writer: yasna::DERWriter<'_>, content: &[u8]| {
            writer.write_der(&Oid::from_content(content).der());
        };
        let spki = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| match algorithm {
                    Algorithm::P384 => {
                        write_oid(writer.next(), oid::EC_PUBLIC_KEY);
                        write_oid(writer.next(), oid::P384);
                    }
                    Algorithm::Ed25519 => write_oid(writer.next(), oid::ED25519),
                    Algorithm::Rsa(_) => {
                        write_oid(writer.next(), oid::RSA);
                        writer.next().write_null();
                    }
                    _ => {
                        write_oid(writer.next(), oid::EC_PUBLIC_KEY);
                        write_oid(writer.next(), oid::P256);
                    }
                });
                writer.next().write_bitvec_bytes(key, key.len() * 8);
            });
        });
        Self { spki: spki.into(), algorithm }
    }

    /// The exact DER of the subjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The kind of key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// SHA-256 of the subjectPublicKeyInfo: 32 octets, the pin of RFC 7469.
    pub fn fingerprint(&self) -> [u8; 32] {
        crate::fingerprint::sha256(&self.spki)
    }

    /// The first eight hexadecimal digits of [`PublicKey::fingerprint`], enough for a person to tell keys apart.
    pub fn short_id(&self) -> String {
        crate::fingerprint::hex(self.fingerprint().get(..4).unwrap_or_default())
    }

    /// Key identifier for certificates we make: the leftmost 160 bits of SHA-256 over the key's bits
    /// (RFC 7093 section 2, method 1).
    pub fn key_id(&self) -> Vec<u8> {
        let bits = self.bits();
        digest::digest(&digest::SHA256, bits).as_ref().iter().take(20).copied().collect()
    }

    /// The content of the BIT STRING without its count of unused bits.
    pub(crate) fn bits(&self) -> &[u8] {
        parts(&self.spki).map(|(_, bits)| bits).unwrap_or_default()
    }

    /// Whether it is a point of a curve without its second coordinate (SEC 1 2.3.3), which ring does not read and
    /// RFC 5480 2.2 lets readers refuse.
    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.algorithm, Algorithm::P256 | Algorithm::P384) && matches!(self.bits(), [2 | 3, ..])
    }

    /// Why this key is too weak to be trusted, if it is (NIST SP 800-131A).
    pub fn weakness(&self) -> Option<String> {
        match self.algorithm {
            Algorithm::Rsa(bits) | Algorithm::RsaPss(bits) if bits < 2048 => {
                Some(format!("an RSA key of {bits} bits is too weak; 2048 is the least"))
            }
            _ => None,
        }
    }

    /// Whether its AlgorithmIdentifier is exactly what the standards have for this kind of key (RFC 3279 2.3.1, RFC 5480
    /// 2.1.1, RFC 8410 3): Go and OpenSSL do not read others. Of kinds that are not known, nothing can be said.
    pub fn is_canonical(&self) -> bool {
        let (kind, parameters): (&[u8], &[&[u8]]) = match self.algorithm {
            Algorithm::P256 => (oid::EC_PUBLIC_KEY, &[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]]),
            Algorithm::P384 => (oid::EC_PUBLIC_KEY, &[&[6, 5, 0x2b, 0x81, 4, 0, 0x22]]),
            Algorithm::P521 => (oid::EC_PUBLIC_KEY, &[&[6, 5, 0x2b, 0x81, 4, 0, 0x23]]),
            Algorithm::Ed25519 => (oid::ED25519, &[]),
            Algorithm::Ed448 => (oid::ED448, &[]),
            Algorithm::Rsa(_) => (oid::RSA, &[&[5, 0]]),
            Algorithm::RsaPss(_) | Algorithm::Other => return true,
        };
        let oid = Oid::from_content(kind).der();
        let wanted = der::sequence(&[&[oid.as_slice()], parameters].concat());
        let stated = der::whole(&self.spki, tag::SEQUENCE).and_then(|spki| spki.inside().next());
        stated.is_some_and(|stated| stated.raw == wanted)
    }

    /// The hash that an RSA-PSS key is limited to, if it is.
    fn pss_hash(&self) -> Option<&'static [u8]> {
        let identifier = der::whole(&self.spki, tag::SEQUENCE)?.inside().next()?;
        SignatureAlgorithm::from_der(identifier.raw)?.pss_hash()
    }

    /// As [`PublicKey::verify`], also where ring and so most of our peers in TLS have no method: ECDSA on P-521, and with SHA-512
    /// on the smaller curves.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify_any(
        &self,
        by: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        match (self.verify(by, message, signature), by.ecdsa_hash()) {
            (Err(SignatureFault::Unsupported), Some(hash)) if !self.is_compressed() => {
                let hash = digest::digest(hash, message);
                super::ecdsa::verify(self.algorithm, self.bits(), hash.as_ref(), signature)
            }
            (outcome, _) => outcome,
        }
    }

    /// Checks a signature over `message`, as peers in TLS do.
    ///
    /// # Errors
    /// [`SignatureFault::Wrong`] where it does not hold; [`SignatureFault::Unsupported`] where the algorithm is
    /// unknown, broken (MD5, SHA-1), or does not go with this kind of key.
    pub fn verify(
        &self,
        by: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        use Algorithm as A;
        let kind = by.oid.content();
        if self.is_compressed() {
            return Err(SignatureFault::Unsupported);
        }
        let method: &dyn rs::VerificationAlgorithm = match (self.algorithm, kind) {
            (A::P256, oid::ECDSA_SHA256) => &rs::ECDSA_P256_SHA256_ASN1,
            (A::P256, oid::ECDSA_SHA384) => &rs::ECDSA_P256_SHA384_ASN1,
            (A::P384, oid::ECDSA_SHA256) => &rs::ECDSA_P384_SHA256_ASN1,
            (A::P384, oid::ECDSA_SHA384) => &rs::ECDSA_P384_SHA384_ASN1,
            (A::Ed25519, oid::ED25519) => &rs::ED25519,
            (A::Rsa(bits), oid::RSA_SHA256) if bits < 2048 => {
                &rs::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (A::Rsa(bits), oid::RSA_SHA512) if bits < 2048 => {
                &rs::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            // ring has no method for these sizes, which says nothing of the signature.
            (A::Rsa(bits) | A::RsaPss(bits), _) if !(2048..=8192).contains(&bits) => {
                return Err(SignatureFault::Unsupported);
            }
            (A::Rsa(_), oid::RSA_SHA256) => &rs::RSA_PKCS1_2048_8192_SHA256,
            (A::Rsa(_), oid::RSA_SHA384) => &rs::RSA_PKCS1_2048_8192_SHA384,
            (A::Rsa(_), oid::RSA_SHA512) => &rs::RSA_PKCS1_2048_8192_SHA512,
            // The key may state the one hash that it is for (RFC 4055 1.2).
            (A::RsaPss(_), oid::RSA_PSS) if self.pss_hash().is_some_and(|own| Some(own) != by.pss_hash()) => {
                return Err(SignatureFault::Unsupported);
            }
            (A::Rsa(_) | A::RsaPss(_), oid::RSA_PSS) => match by.pss_hash() {
                Some(oid::SHA256) => &rs::RSA_PSS_2048_8192_SHA256,
                Some(oid::SHA384) => &rs::RSA_PSS_2048_8192_SHA384,
                Some(oid::SHA512) => &rs::RSA_PSS_2048_8192_SHA512,
                _ => return Err(SignatureFault::Unsupported),
            },
            _ => return Err(SignatureFault::Unsupported),
        };
        rs::UnparsedPublicKey::new(method, self.bits())
            .verify(message, signature)
            .map_err(|_| SignatureFault::Wrong)
    }
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// It was not made by this key over these bytes.
    Wrong,
    /// It cannot be checked, or proves nothing: unknown or broken algorithm.
    Unsupported,
}

/// An AlgorithmIdentifier of a signature (RFC 5280 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    oid: Oid,
    /// DER of the whole AlgorithmIdentifier.
    der: Box<[u8]>,
}

impl SignatureAlgorithm {
    /// An identifier with NULL parameters (RSA) or none at all.
    pub(super) fn new(kind: &[u8], null: bool) -> Self {
        let oid = Oid::from_content(kind);
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&oid.der());
                if null {
                    writer.next().write_null();
                }
            });
        });
        Self { oid, der: der.into() }
    }

    /// Reads an AlgorithmIdentifier; `None` where the DER is none.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let mut inside = der::whole(der, tag::SEQUENCE)?.inside();
        Some(Self { oid: Oid::from_content(inside.expect(tag::OID)?.content), der: der.into() })
    }

    /// The exact DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The algorithm, without its parameters.
    pub fn oid(&self) -> &Oid {
        &self.oid
    }

    /// `ecdsa-with-SHA256`, `sha256WithRSAEncryption`, or the dotted form.
    pub fn name(&self) -> String {
        match (self.oid.content(), self.pss_hash()) {
            (oid::RSA_PSS, Some(hash)) => format!("RSASSA-PSS with {}", Oid::from_content(hash).name()),
            _ => self.oid.name(),
        }
    }

    /// Why no signature by this algorithm should be trusted, if so.
    pub fn weakness(&self) -> Option<&'static str> {
        match self.oid.content() {
            oid::RSA_SHA1 | oid::ECDSA_SHA1 => Some("SHA-1 signatures can be forged"),
            oid::RSA_MD5 => Some("MD5 signatures can be forged"),
            _ => None,
        }
    }

    /// The hash of an ECDSA signature that proves something.
    fn ecdsa_hash(&self) -> Option<&'static digest::Algorithm> {
        match self.oid.content() {
            oid::ECDSA_SHA256 => Some(&digest::SHA256),
            oid::ECDSA_SHA384 => Some(&digest::SHA384),
            oid::ECDSA_SHA512 => Some(&digest::SHA512),
            _ => None,
        }
    }

    /// Hash of RSASSA-PSS parameters (RFC 4055 3.1) where MGF1 uses the same hash and the salt is as long as it; the
    /// only form that TLS 1.3 and ring know.
    fn pss_hash(&self) -> Option<&'static [u8]> {
        if self.oid.content() != oid::RSA_PSS {
            return None;
        }
        let mut parameters = der::whole(&self.der, tag::SEQUENCE)?.inside();
        parameters.expect(tag::OID)?;
        let mut fields = parameters.expect(tag::SEQUENCE)?.inside();
        let hash = fields.expect(0xa0)?.inside().expect(tag::SEQUENCE)?.inside().expect(tag::OID)?.content;
        let mut mask = fields.expect(0xa1)?.inside().expect(tag::SEQUENCE)?.inside();
        let generator = mask.expect(tag::OID)?.content;
        let mask_hash = mask.expect(tag::SEQUENCE)?.inside().expect(tag::OID)?.content;
        let salt = fields.expect(0xa2)?.inside().expect(tag::INTEGER)?.content;
        let (known, length): (&'static [u8], u8) = match hash {
            oid::SHA256 => (oid::SHA256, 32),
            oid::SHA384 => (oid::SHA384, 48),
            oid::SHA512 => (oid::SHA512, 64),
            _ => return None,
        };
        (generator == oid::MGF1 && mask_hash == hash && salt == [length]).then_some(known)
    }
}

/// The inside of the AlgorithmIdentifier, and the bits of the key.
fn parts(spki: &[u8]) -> Option<(Reader<'_>, &[u8])> {
    let mut inside = der::whole(spki, tag::SEQUENCE)?.inside();
    let identifier = inside.expect(tag::SEQUENCE)?.inside();
    let (unused, bits) = inside.expect(tag::BIT_STRING)?.content.split_first()?;
    (*unused == 0 && inside.is_empty()).then_some((identifier, bits))
}

/// Bits of the modulus of an RSAPublicKey (RFC 8017 A.1.1).
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let modulus = der::whole(key, tag::SEQUENCE)?.inside().expect(tag::INTEGER)?.content;
    let first = modulus.iter().position(|&octet| octet != 0)?;
    let significant = modulus.get(first..)?;
    let top = significant.first()?;
    u32::try_from(significant.len()).ok()?.checked_mul(8)?.checked_sub(top.leading_zeros())
}
