//! Certificates (RFC 5280 section 4): parsed once, with the facts that policy, verification and reports ask for.

mod extension;
mod load;
mod raw;
mod role;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

pub use extension::{Extension, ExtensionValue, NameConstraints};
pub use load::{MOST_BROKEN, Piece, Pieces, decode_certificates, load_anchors, load_certificates};
pub(crate) use load::{begins_like_certificate, is_certificate};
pub(crate) use raw::{Raw, RawExtension};
pub use role::Role;

use crate::{
    Error,
    fingerprint::{hex, sha256},
    key::{Algorithm, PrivateKey, PublicKey, SignatureAlgorithm, SignatureFault},
    name::{GeneralName, Name},
    oid::{self, Oid},
    origin::Origin,
    pem,
    profile::KeyUsage,
    validity::Validity,
    verify::Fault,
};

/// A parsed certificate; cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    tbs: Range<usize>,
    origin: Origin,
    version: u32,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    validity: Validity,
    public_key: PublicKey,
    signature_algorithm: SignatureAlgorithm,
    /// Whether the algorithm inside the signed part is the same as outside (RFC 5280 4.1.1.2).
    algorithms_agree: bool,
    signature: Vec<u8>,
    extensions: Vec<Extension>,
    /// The first key that its signature was checked under, and what came of it: it is asked for again and again, for a CA
    /// with every certificate below it, and the dearest thing to find out.
    checked: OnceLock<(PublicKey, Result<(), SignatureFault>)>,
    /// What breaks the profile of RFC 5280, once somebody asked.
    profile: OnceLock<Vec<Fault>>,
}

impl Certificate {
    /// Parses one DER certificate that fills the bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is none.
    pub fn from_der(der: &[u8], origin: Origin) -> Result<Self, Error> {
        let malformed = |cause: &str| Error::Malformed {
            origin: origin.clone(),
            what: "certificate",
            cause: cause.into(),
        };
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| malformed(why_not(der)))?;
        if !rest.is_empty() {
            return Err(malformed("bytes follow its end"));
        }
        let tbs = &parsed.tbs_certificate;
        let tbs_bytes: &[u8] = tbs.as_ref();
        // Both slices are of one buffer, so the distance of their starts is the offset.
        if tbs.version.0 > 2 {
            return Err(malformed("it states a version that does not exist"));
        }
        let start = tbs_bytes.as_ptr() as usize - der.as_ptr() as usize;
        let time = |time: &x509_parser::time::ASN1Time| time.to_datetime();
        let algorithm =
            algorithm_der(der).ok_or_else(|| malformed("its signature algorithm cannot be read"))?;
        let signature_algorithm = SignatureAlgorithm::from_der(algorithm.0)
            .ok_or_else(|| malformed("its signature algorithm cannot be read"))?;
        let public_key = PublicKey::from_spki(tbs.subject_pki.raw)
            .ok_or_else(|| malformed("its public key cannot be read"))?;
        // x509-parser stops at the first part of a name that it cannot read, and what it calls the name ends there.
        let name = |name: &X509Name<'_>, whose: &str| {
            let read = Name::from_der(name.as_raw());
            if read.is_readable() { Ok(read) } else { Err(malformed(whose)) }
        };
        let inner = Inner {
            tbs: start..start + tbs_bytes.len(),
            version: tbs.version.0 + 1,
            serial: tbs.raw_serial().to_vec(),
            issuer: name(&tbs.issuer, "its issuer is no distinguished name (RFC 5280 4.1.2.4)")?,
            subject: name(&tbs.subject, "its subject is no distinguished name (RFC 5280 4.1.2.4)")?,
            validity: Validity {
                not_before: time(&tbs.validity.not_before),
                not_after: time(&tbs.validity.not_after),
            },
            public_key,
            algorithms_agree: algorithm.0 == algorithm.1,
            signature_algorithm,
            signature: parsed.signature_value.data.to_vec(),
            extensions: tbs.extensions().iter().map(Extension::read).collect(),
            der: der.to_vec(),
            origin,
            checked: OnceLock::new(),
            profile: OnceLock::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The same certificate, said to come from elsewhere.
    pub fn with_origin(&self, origin: Origin) -> Result<Self, Error> {
        Self::from_der(self.der(), origin)
    }

    /// The exact bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// One PEM block.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", self.der())
    }

    /// Where it was read from.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// Content octets of the serial number, big-endian, two's complement.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in lower-case hexadecimal, as openssl prints it but for the case.
    pub fn serial_hex(&self) -> String {
        let digits = match self.serial() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        hex(digits)
    }

    /// Who signed.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whom it speaks of.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// What people call it: the common name, or else the first alternative name, or the subject. Escaped.
    pub fn title(&self) -> String {
        match (self.subject().common_name(), self.subject_alt_names().first()) {
            (Some(_), _) | (None, None) => self.subject().short(),
            (None, Some(name)) => name.value(),
        }
    }

    /// When it may be used.
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// The key it speaks of.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// How it was signed.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.0.signature_algorithm
    }

    /// Whether the signed and the unsigned statement of the algorithm agree.
    pub fn algorithms_agree(&self) -> bool {
        self.0.algorithms_agree
    }

    /// All extensions, in order.
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// The extension of this type, where there is one.
    pub(crate) fn extension(&self, kind: &[u8]) -> Option<&Extension> {
        self.0.extensions.iter().find(|extension| extension.oid.content() == kind)
    }

    /// basicConstraints: whether it is a CA, and the most intermediates below it.
    pub fn basic_constraints(&self) -> Option<(bool, Option<u32>)> {
        match self.extension(oid::BASIC_CONSTRAINTS)?.value {
            ExtensionValue::BasicConstraints { ca, path_length } => Some((ca, path_length)),
            _ => None,
        }
    }

    /// Whether basicConstraints says that it is a CA.
    pub fn is_ca(&self) -> bool {
        matches!(self.basic_constraints(), Some((true, _)))
    }

    /// keyUsage, where present.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        match self.extension(oid::KEY_USAGE)?.value {
            ExtensionValue::KeyUsage(usage) => Some(usage),
            _ => None,
        }
    }

    /// extKeyUsage, where present.
    pub fn extended_key_usage(&self) -> Option<&[Oid]> {
        match &self.extension(oid::EXTENDED_KEY_USAGE)?.value {
            ExtensionValue::ExtendedKeyUsage(usages) => Some(usages),
            _ => None,
        }
    }

    /// subjectAltName; empty where absent.
    pub fn subject_alt_names(&self) -> &[GeneralName] {
        match self.extension(oid::SUBJECT_ALT_NAME).map(|extension| &extension.value) {
            Some(ExtensionValue::SubjectAltName(names)) => names,
            _ => &[],
        }
    }

    /// subjectKeyIdentifier, where present.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        match &self.extension(oid::SUBJECT_KEY_ID)?.value {
            ExtensionValue::SubjectKeyId(id) => Some(id),
            _ => None,
        }
    }

    /// The key identifier in authorityKeyIdentifier, where present.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        match &self.extension(oid::AUTHORITY_KEY_ID)?.value {
            ExtensionValue::AuthorityKeyId { key_id, .. } => key_id.as_deref(),
            _ => None,
        }
    }

    /// nameConstraints, where present.
    pub fn name_constraints(&self) -> Option<&NameConstraints> {
        match &self.extension(oid::NAME_CONSTRAINTS)?.value {
            ExtensionValue::NameConstraints(constraints) => Some(constraints),
            _ => None,
        }
    }

    /// Whether subject and issuer are the same name (RFC 5280 3.2: self-issued).
    pub fn is_self_issued(&self) -> bool {
        self.subject().same(self.issuer())
    }

    /// Whether it is a certificate of the same CA: of the same name (RFC 5280 7.1) and key. Whose signature is under either is
    /// another question.
    pub fn is_same_authority(&self, other: &Self) -> bool {
        self.public_key() == other.public_key() && self.subject().same(other.subject())
    }

    /// Whether it is signed by its own key.
    pub fn is_self_signed(&self) -> bool {
        self.self_signature() == Some(Ok(()))
    }

    /// How its signature stands under its own key; `None` where it names another issuer.
    pub fn self_signature(&self) -> Option<Result<(), SignatureFault>> {
        self.is_self_issued().then(|| self.is_signed_by(self.public_key()))
    }

    /// Whether it is its own issuer: by its signature, or, where that cannot be checked (SHA-1, P-521, …), by its key
    /// identifiers. A root's own signature proves nothing to anybody, so that is enough to know where a path ends.
    pub fn is_own_issuer(&self) -> bool {
        is_own_issuer(self.self_signature(), self.authority_key_id(), self.subject_key_id())
    }

    /// Checks the signature under a key. Done once for the first key that is asked about; it cannot come out differently.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn is_signed_by(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        let check = || {
            let tbs = self.der().get(self.0.tbs.clone()).ok_or(SignatureFault::Wrong)?;
            key.verify(self.signature_algorithm(), tbs, &self.0.signature)
        };
        match self.0.checked.get_or_init(|| (key.clone(), check())) {
            (known, outcome) if known == key => *outcome,
            _ => check(),
        }
    }

    /// Where what breaks the profile of RFC 5280 is kept.
    pub(crate) fn profile_memo(&self) -> &OnceLock<Vec<Fault>> {
        &self.0.profile
    }

    /// As [`Certificate::is_signed_by`], by every algorithm that is known at all.
    ///
    /// # Errors
    /// As [`PublicKey::verify_any`].
    pub fn is_signed_by_any(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        match self.is_signed_by(key) {
            Err(SignatureFault::Unsupported) => {
                let tbs = self.der().get(self.0.tbs.clone()).ok_or(SignatureFault::Wrong)?;
                key.verify_any(self.signature_algorithm(), tbs, &self.0.signature)
            }
            outcome => outcome,
        }
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(self.der())
    }

    /// Whether `at` lies in its validity.
    pub fn is_current(&self, at: OffsetDateTime) -> bool {
        self.validity().contains(at)
    }

    /// Refuses a private key that is not its own; `key_origin` is where that came from.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`].
    pub fn require_key(&self, key: &PrivateKey, key_origin: &Origin) -> Result<(), Error> {
        if key.public() == self.public_key() {
            return Ok(());
        }
        Err(Error::KeyMismatch {
            certificate: self.origin().clone(),
            certificate_key: self.public_key().short_id(),
            key: key_origin.clone(),
            key_id: key.public().short_id(),
        })
    }

    /// The kind of its key.
    pub fn key_algorithm(&self) -> Algorithm {
        self.public_key().algorithm()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} from {})", self.subject(), self.origin())
    }
}

/// See [`Certificate::is_own_issuer`].
pub(crate) fn is_own_issuer(
    signature: Option<Result<(), SignatureFault>>,
    authority: Option<&[u8]>,
    subject: Option<&[u8]>,
) -> bool {
    match (signature, authority, subject) {
        (None | Some(Err(SignatureFault::Wrong)), ..) => false,
        (Some(Err(SignatureFault::Unsupported)), Some(authority), Some(subject)) => authority == subject,
        (Some(_), ..) => true,
    }
}

/// Why the bytes are no certificate, in our words.
fn why_not(der: &[u8]) -> &'static str {
    use crate::der::{Reader, tag};
    match Reader::new(der).next() {
        Some(element) if element.tag == tag::SEQUENCE => {
            "its structure is not that of a certificate (RFC 5280 4.1)"
        }
        None if der.first() == Some(&tag::SEQUENCE) => "it is cut off, or not DER",
        _ => "it is not DER",
    }
}

/// The AlgorithmIdentifiers outside and inside the signed part.
fn algorithm_der(der: &[u8]) -> Option<(&[u8], &[u8])> {
    use crate::der::{tag, whole};
    let mut certificate = whole(der, tag::SEQUENCE)?.inside();
    let mut tbs = certificate.expect(tag::SEQUENCE)?.inside();
    let outside = certificate.expect(tag::SEQUENCE)?.raw;
    let mut field = tbs.next()?;
    if field.tag == 0xa0 {
        field = tbs.next()?;
    }
    (field.tag == tag::INTEGER).then_some(())?;
    Some((outside, tbs.expect(tag::SEQUENCE)?.raw))
}
