//! Certificate requests (RFC 2986): read, proved to come from who has the key, made, and granted.

mod grant;
mod make;

use std::path::Path;

use zeroize::Zeroizing;

pub use grant::{Aspect, Grant, Line, grant};

use crate::{
    Error,
    cert::{Extension, ExtensionValue},
    der::{self, Element, tag},
    key::{Algorithm, PublicKey, SignatureAlgorithm, SignatureFault},
    name::{GeneralName, Name},
    oid::{self, Oid},
    origin::Origin,
    pem,
    profile::KeyUsage,
    source,
};

/// More than any program asks for.
const MOST_EXTENSIONS: usize = 64;
/// What errors call it.
const WHAT: &str = "certificate request";

/// A certificate request. Nothing it asks for is granted by being read, and until [`Csr::verify_signature`] says so not
/// even its key is known to be the sender's.
#[derive(Clone, Debug)]
pub struct Csr {
    der: Vec<u8>,
    /// The certificationRequestInfo, which is what is signed.
    info: Vec<u8>,
    origin: Origin,
    subject: Name,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    attributes: Vec<Oid>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl Csr {
    /// Reads one request that fills the bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is none, or asks for an extension twice or for one that cannot be read.
    pub fn from_der(der: &[u8], origin: Origin) -> Result<Self, Error> {
        Self::read(der, &origin).map_err(|cause| Error::Malformed { origin, what: WHAT, cause })
    }

    /// Reads the one request in the bytes, PEM or DER. Blocks of other kinds are passed over.
    ///
    /// # Errors
    /// [`Error::NothingFound`], [`Error::SeveralFound`], [`Error::PemBroken`], and those of [`Csr::from_der`].
    pub fn decode(bytes: &[u8], origin: &Origin) -> Result<Self, Error> {
        let nothing = || Error::NothingFound { origin: origin.clone(), what: WHAT };
        if !pem::looks_like_pem(bytes) {
            return match bytes.first() {
                Some(&tag::SEQUENCE) => Self::from_der(bytes, origin.clone()),
                _ => Err(nothing()),
            };
        }
        let mut blocks = pem::blocks(bytes, origin)?;
        blocks.retain(|block| matches!(&*block.label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST"));
        match blocks.as_slice() {
            [] => Err(nothing()),
            [one] => Self::from_der(&one.der, origin.clone()),
            _ => Err(Error::SeveralFound { origin: origin.clone(), what: WHAT }),
        }
    }

    /// Reads the one request of a file (`-` is standard input).
    ///
    /// # Errors
    /// As [`Csr::decode`], and those of reading the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        // A private key may stand beside it.
        let bytes = Zeroizing::new(source::read_small(path)?);
        Self::decode(&bytes, &source::origin(path))
    }

    /// RFC 2986 4: `SEQUENCE { info SEQUENCE { version, subject, subjectPKInfo, [0] attributes }, algorithm, signature }`.
    fn read(der: &[u8], origin: &Origin) -> Result<Self, String> {
        let shape = || "its structure is not that of a request (RFC 2986 4)".to_owned();
        let mut outer = der::whole(der, tag::SEQUENCE).ok_or_else(shape)?.inside();
        let info = outer.expect(tag::SEQUENCE).ok_or_else(shape)?;
        let algorithm = outer.expect(tag::SEQUENCE).ok_or_else(shape)?;
        let signature = outer.expect(tag::BIT_STRING).filter(|_| outer.is_empty()).ok_or_else(shape)?;
        let mut fields = info.inside();
        if fields.expect(tag::INTEGER).ok_or_else(shape)?.content != [0] {
            return Err("it states a version that does not exist".into());
        }
        let subject = Name::from_der(fields.expect(tag::SEQUENCE).ok_or_else(shape)?.raw);
        let spki = fields.expect(tag::SEQUENCE).ok_or_else(shape)?.raw;
        let mut csr = Self {
            der: der.to_vec(),
            info: info.raw.to_vec(),
            origin: origin.clone(),
            subject,
            public_key: PublicKey::from_spki(spki)
                .filter(PublicKey::is_canonical)
                .ok_or("its public key is not encoded as its kind has it (RFC 3279, RFC 5480, RFC 8410)")?,
            extensions: Vec::new(),
            attributes: Vec::new(),
            algorithm: SignatureAlgorithm::from_der(algorithm.raw)
                .ok_or("its signature algorithm cannot be read")?,
            signature: signature
                .content
                .strip_prefix(&[0])
                .ok_or("its signature is no whole octets")?
                .to_vec(),
        };
        if !csr.subject.is_readable() {
            return Err("its subject cannot be read".into());
        }
        // Some programs leave the list out where it is empty.
        if !fields.is_empty() {
            let attributes = fields.expect(0xa0).filter(|_| fields.is_empty()).ok_or_else(shape)?;
            csr.read_attributes(attributes)?;
        }
        Ok(csr)
    }

    fn read_attributes(&mut self, attributes: Element<'_>) -> Result<(), String> {
        let broken = || "its attributes cannot be read".to_owned();
        let mut attributes = attributes.inside();
        while !attributes.is_empty() {
            let mut parts = attributes.expect(tag::SEQUENCE).ok_or_else(broken)?.inside();
            let kind = Oid::from_content(parts.expect(tag::OID).ok_or_else(broken)?.content);
            let values = parts.expect(tag::SET).filter(|_| parts.is_empty()).ok_or_else(broken)?;
            if matches!(kind.content(), oid::EXTENSION_REQUEST | oid::MS_EXTENSION_REQUEST) {
                let list = der::whole(values.content, tag::SEQUENCE).ok_or_else(broken)?;
                self.read_extensions(list)?;
            } else {
                self.attributes.push(kind);
            }
        }
        Ok(())
    }

    fn read_extensions(&mut self, list: Element<'_>) -> Result<(), String> {
        let mut list = list.inside();
        while !list.is_empty() {
            let extension = list.expect(tag::SEQUENCE).and_then(|element| Extension::from_der(element.raw));
            let extension = extension.ok_or("the extensions it asks for cannot be read")?;
            let name = extension.oid.name();
            if matches!(extension.value, ExtensionValue::Malformed(_)) {
                return Err(format!("it asks for the extension {name}, whose value cannot be read"));
            }
            if self.extension(extension.oid.content()).is_some() {
                return Err(format!("it asks for the extension {name} twice (RFC 5280 4.2)"));
            }
            if self.extensions.len() == MOST_EXTENSIONS {
                return Err(format!("it asks for more than {MOST_EXTENSIONS} extensions"));
            }
            self.extensions.push(extension);
        }
        Ok(())
    }

    /// The exact bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// One PEM block.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// Where it was read from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The subject asked for, byte for byte.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The key that is to be certified.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// All extensions asked for, in order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The types of the attributes that are no extensions (RFC 2985 5.4), in order: a challenge password, what Microsoft's
    /// programs tell of themselves.
    pub fn attributes(&self) -> &[Oid] {
        &self.attributes
    }

    /// How it is signed.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.algorithm
    }

    fn extension(&self, kind: &[u8]) -> Option<&ExtensionValue> {
        let found = self.extensions.iter().find(|extension| extension.oid.content() == kind);
        found.map(|extension| &extension.value)
    }

    /// The alternative names asked for.
    pub fn subject_alt_names(&self) -> &[GeneralName] {
        match self.extension(oid::SUBJECT_ALT_NAME) {
            Some(ExtensionValue::SubjectAltName(names)) => names,
            _ => &[],
        }
    }

    /// The key usage asked for.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        match self.extension(oid::KEY_USAGE) {
            Some(ExtensionValue::KeyUsage(usage)) => Some(*usage),
            _ => None,
        }
    }

    /// The extended key usages asked for.
    pub fn extended_key_usage(&self) -> &[Oid] {
        match self.extension(oid::EXTENDED_KEY_USAGE) {
            Some(ExtensionValue::ExtendedKeyUsage(usages)) => usages,
            _ => &[],
        }
    }

    /// Proof of possession: whether who made it has the private key (RFC 2986 3).
    ///
    /// # Errors
    /// [`Error::KeyWeak`]; [`Error::CsrUnproven`] for a signature that cannot be checked or proves nothing;
    /// [`Error::CsrForged`] for one that does not hold.
    pub fn verify_signature(&self) -> Result<(), Error> {
        if let Some(weakness) = self.public_key.weakness() {
            return Err(Error::KeyWeak { weakness });
        }
        let (origin, algorithm) = (self.origin.clone(), self.algorithm.name());
        let key = self.public_key.algorithm().to_string();
        match self.public_key.verify(&self.algorithm, &self.info, &self.signature) {
            Ok(()) => Ok(()),
            Err(SignatureFault::Wrong) => Err(Error::CsrForged { origin, algorithm, key }),
            Err(SignatureFault::Unsupported) => {
                Err(Error::CsrUnproven { origin, algorithm, key, reason: self.why_unproven() })
            }
        }
    }

    fn why_unproven(&self) -> String {
        if let Some(weakness) = self.algorithm.weakness() {
            return weakness.to_owned();
        }
        if self.public_key.is_compressed() {
            return "its key is a compressed point, which many peers do not read (RFC 5480 2.2)".to_owned();
        }
        match (self.public_key.algorithm(), self.algorithm.oid().content()) {
            (Algorithm::Rsa(bits) | Algorithm::RsaPss(bits), _) if bits > 8192 => "RSA keys of up to 8192 bits can be checked",
            (Algorithm::Rsa(_) | Algorithm::RsaPss(_), oid::RSA_PSS) => {
                "of RSASSA-PSS, SHA-256, 384 and 512 in all its places with a salt as long as the hash can be checked"
            }
            (
                Algorithm::P256 | Algorithm::P384,
                oid::ECDSA_SHA256 | oid::ECDSA_SHA384 | oid::ECDSA_SHA512,
            ) => "under this key, signatures with SHA-256 and SHA-384 can be checked",
            _ => "signatures of this kind under a key of this kind cannot be checked",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::rand::SystemRandom;
    use yasna::Tag;

    use super::*;
    use crate::{
        issue::{Kind, Request},
        key::{KeyType, PrivateKey},
        name::San,
        profile::Profile,
        validity::{End, Span},
    };

    fn request(subject: &str, sans: &[&str]) -> Request {
        let subject = if subject.is_empty() { Name::empty() } else { subject.parse().unwrap() };
        let request = Request::new(Kind::Leaf(Profile::Server), subject, End::After(Span::days(1)));
        Request { sans: sans.iter().map(|san| san.parse::<San>().unwrap()).collect(), ..request }
    }

    fn made(kind: KeyType) -> Csr {
        let random = SystemRandom::new();
        let key = PrivateKey::generate(kind, &random).unwrap();
        let request = Request { must_staple: true, ..request("C=US,CN=api", &["api.internal", "::1"]) };
        Csr::make(request, &key, &random).unwrap()
    }

    /// Signed, with these attributes: each a type and the DER of its values.
    pub(super) fn with_attributes(attributes: &[(&[u8], Vec<u8>)]) -> Result<Csr, Error> {
        let random = SystemRandom::new();
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let info = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                writer.next().write_der(Name::from_common_name("a.internal").unwrap().der());
                writer.next().write_der(key.public().spki());
                writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                    writer.write_set_of(|writer| {
                        for (kind, value) in attributes {
                            writer.next().write_sequence(|writer| {
                                writer.next().write_der(&Oid::from_content(kind).der());
                                writer.next().write_set_of(|writer| writer.next().write_der(value));
                            });
                        }
                    });
                });
            });
        });
        let signature = key.sign(&info, &random).unwrap();
        let signature = yasna::construct_der(|writer| {
            writer.write_bitvec_bytes(&signature, signature.len() * 8);
        });
        let algorithm = key.signature_algorithm();
        Csr::from_der(&der::sequence(&[&info, algorithm.der(), &signature]), Origin::named("test"))
    }

    /// An extension whose value are these octets.
    pub(super) fn extension(kind: &[u8], value: &[u8]) -> Vec<u8> {
        let value = yasna::construct_der(|writer| writer.write_bytes(value));
        der::sequence(&[&Oid::from_content(kind).der(), &value])
    }

    #[test]
    fn what_is_made_is_read_and_proved() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519] {
            let csr = made(kind);
            for pem in [csr.to_pem(), csr.to_pem().replace("CERTIFICATE REQ", "NEW CERTIFICATE REQ")] {
                let read = Csr::decode(pem.as_bytes(), &Origin::named("test")).unwrap();
                read.verify_signature().unwrap();
                assert_eq!(read.subject().to_string(), "C=US,CN=api");
                assert_eq!(read.subject_alt_names().len(), 2);
                assert_eq!(read.key_usage().unwrap(), KeyUsage::DIGITAL_SIGNATURE);
                assert_eq!(read.extended_key_usage(), Profile::Server.extended_key_usage());
                assert_eq!(read.extensions().len(), 4);
                assert_eq!(read.public_key(), csr.public_key());
            }
            assert!(Csr::decode(csr.der(), &Origin::named("test")).is_ok());
        }
        let random = SystemRandom::new();
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let code = |request| Csr::make(request, &key, &random).unwrap_err().code();
        assert_eq!(code(request("CN=x", &[])), "san-missing");
        let usage = "digitalSignature,keyEncipherment".parse().unwrap();
        let encipher = Request { key_usage: Some(usage), ..request("CN=x", &["a.internal"]) };
        assert_eq!(code(encipher), "extension-invalid");
        let unnamed = Csr::make(request("", &["a.internal"]), &key, &random).unwrap();
        assert!(
            unnamed.extensions().iter().any(|extension| extension.critical
                && matches!(extension.value, ExtensionValue::SubjectAltName(_)))
        );
    }

    #[test]
    fn possession_is_proved_or_the_cause_is_named() {
        let csr = made(KeyType::P256);
        let altered = |from: &[u8], to: &[u8]| {
            let mut der = csr.der().to_vec();
            let at = der.windows(from.len()).position(|window| window == from).unwrap();
            der[at..at + to.len()].copy_from_slice(to);
            Csr::from_der(&der, Origin::named("test")).unwrap().verify_signature().unwrap_err()
        };
        assert_eq!(altered(b"api.internal", b"evil.interna").code(), "csr-forged");
        for (algorithm, reason) in [
            (oid::ECDSA_SHA512, "SHA-256 and SHA-384"),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], "of this kind"),
        ] {
            let error = altered(oid::ECDSA_SHA256, algorithm);
            let told = error.facts().pop().unwrap().value;
            assert!(error.code() == "csr-unproven" && told.contains(reason), "{told}");
        }
    }

    #[test]
    fn extensions_come_once_and_can_be_read() {
        let san = extension(oid::SUBJECT_ALT_NAME, &[0x30, 3, 0x82, 1, b'a']);
        let requested = |extensions: &[&[u8]]| (oid::EXTENSION_REQUEST, der::sequence(extensions));
        let csr = with_attributes(&[
            (oid::CHALLENGE_PASSWORD, vec![0x0c, 1, b'x']),
            requested(&[&san]),
            (oid::MS_OS_VERSION, vec![0x16, 1, b'6']),
        ]);
        let csr = csr.unwrap();
        csr.verify_signature().unwrap();
        assert_eq!(csr.subject_alt_names().len(), 1);
        let names: Vec<_> = csr.attributes().iter().map(Oid::name).collect();
        assert_eq!(names, ["challengePassword", "msOSVersion"]);
        let cause = |attributes: &[(&[u8], Vec<u8>)]| {
            with_attributes(attributes).unwrap_err().facts().pop().unwrap().value
        };
        assert!(cause(&[requested(&[&san, &san])]).contains("subjectAltName twice"));
        let microsoft = (oid::MS_EXTENSION_REQUEST, der::sequence(&[&san]));
        assert!(cause(&[requested(&[&san]), microsoft]).contains("subjectAltName twice"));
        let broken = extension(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1]);
        assert!(cause(&[requested(&[&broken])]).contains("basicConstraints, whose value cannot be read"));
        assert!(cause(&[(oid::EXTENSION_REQUEST, vec![5, 0])]).contains("attributes"));
    }

    #[test]
    fn one_request_is_wanted() {
        let pem = made(KeyType::P256).to_pem();
        let code = |bytes: &[u8]| Csr::decode(bytes, &Origin::named("test")).unwrap_err().code();
        assert_eq!(code(pem.repeat(2).as_bytes()), "several-found");
        assert_eq!(code(b"-----BEGIN X-----\nAAAA\n-----END X-----\n"), "nothing-found");
        assert_eq!((code(b""), code(&[0x30, 0x03, 2, 1, 0])), ("nothing-found", "malformed"));
        let combined = format!("-----BEGIN X-----\nAAAA\n-----END X-----\n{pem}");
        assert!(Csr::decode(combined.as_bytes(), &Origin::named("test")).is_ok());
    }

    proptest! {
        #[test]
        fn damage_is_never_proved(at in 0usize..400, bit in 0u8..8) {
            let csr = made(KeyType::Ed25519);
            let mut der = csr.der().to_vec();
            let at = at % der.len();
            der[at] ^= 1 << bit;
            if let Ok(read) = Csr::from_der(&der, Origin::named("test")) {
                prop_assert!(read.verify_signature().is_err());
            }
        }
    }
}
