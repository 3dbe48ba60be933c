//! Issuing: from what is asked for ([`Request`]) through what policy allows ([`Plan`]) to a certificate that its peers
//! will accept. All refusals happen in [`plan`], before anything is signed; and what was signed is judged by
//! [`crate::verify`] before anyone gets to hold it.

mod again;
mod encode;
mod extension;
mod naming;
mod notice;
mod plan;

use ring::rand::SecureRandom;
use time::OffsetDateTime;

pub use again::names_of;
pub(crate) use encode::Signing;
pub use extension::{Custom, Pointers, Policy, extended_key_usages, pointer, serial_number};
pub(crate) use extension::{MUST_STAPLE, encode as encode_extensions};
pub use naming::{alternative_names, subject};
pub use notice::Notice;
pub use plan::{Plan, plan};
pub(crate) use plan::{beginning, settle};

use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    issuer::Issuer,
    key::{Algorithm, PrivateKey, PublicKey},
    name::{Name, San},
    oid::Oid,
    origin::Origin,
    profile::{KeyUsage, Profile},
    validity::{End, Validity},
    verify::{Finding, Purpose, Question, Rule, verify},
};

/// What a certificate is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A CA that signs itself
    Root,
    /// A CA below another
    Intermediate,
    /// A server's, a client's or a peer's
    Leaf(Profile),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it is to be.
    pub kind: Kind,
    /// The subject; may be empty where there are alternative names.
    pub subject: Name,
    /// Alternative names. None for a CA.
    pub sans: Vec<San>,
    /// When it is to begin; a minute ago, where nobody says.
    pub begin: Option<OffsetDateTime>,
    /// When it is to end; a span counts from its beginning.
    pub end: End,
    /// Whether a person asked for that end: it is then refused where the issuer ends earlier, not shortened.
    pub end_is_explicit: bool,
    /// Whether it may be expired or not valid yet.
    pub for_testing: bool,
    /// For a CA: the most intermediates below it; `None` for no limit.
    pub path_length: Option<u8>,
    /// For a CA: where the names below it must lie.
    pub name_constraints: Option<NameConstraints>,
    /// For a CA: the subject key identifier, where another certificate for the same key has one already.
    pub key_id: Option<Vec<u8>>,
    /// Its key usage, where it is not to follow from its kind, profile and key.
    pub key_usage: Option<KeyUsage>,
    /// For a leaf, extended key usages beside those of its profile; for a CA, all that certificates below may have.
    pub extended_key_usage: Vec<Oid>,
    /// For a leaf: whether a server must staple an OCSP response (RFC 7633).
    pub must_staple: bool,
    /// Where more is to be found about the issuer.
    pub pointers: Pointers,
    /// Certificate policies.
    pub policies: Vec<Policy>,
    /// Further extensions.
    pub extensions: Vec<Custom>,
    /// The serial number, big-endian without leading zeros, where it is not to be drawn. That the CA has not given it
    /// before is for the caller to know.
    pub serial: Option<Vec<u8>>,
}

impl Request {
    /// Of this kind, with this subject and end, and nothing that does not follow from these.
    pub fn new(kind: Kind, subject: Name, end: End) -> Self {
        Self {
            kind,
            subject,
            sans: Vec::new(),
            begin: None,
            end,
            end_is_explicit: false,
            for_testing: false,
            path_length: None,
            name_constraints: None,
            key_id: None,
            key_usage: None,
            extended_key_usage: Vec::new(),
            must_staple: false,
            pointers: Pointers::default(),
            policies: Vec::new(),
            extensions: Vec::new(),
            serial: None,
        }
    }

    /// All extended key usages that it shall have.
    pub fn extended_key_usages(&self) -> Vec<Oid> {
        let mut usages = match self.kind {
            Kind::Leaf(profile) => profile.extended_key_usage(),
            Kind::Root | Kind::Intermediate => Vec::new(),
        };
        for usage in &self.extended_key_usage {
            if !usages.contains(usage) {
                usages.push(usage.clone());
            }
        }
        usages
    }

    /// The key usage that it shall have with this kind of key.
    pub fn key_usage(&self, key: Algorithm) -> KeyUsage {
        match self.kind {
            Kind::Leaf(profile) => self.key_usage.unwrap_or_else(|| KeyUsage::for_leaf(profile, key)),
            Kind::Root | Kind::Intermediate => self.key_usage.unwrap_or_else(KeyUsage::for_authority),
        }
    }

    /// Whether this key may be certified so, whoever signs.
    ///
    /// # Errors
    /// [`Error::KeyWeak`]; [`Error::ExtensionInvalid`] where the key cannot be used as was asked.
    pub fn judge_key(&self, key: &PublicKey) -> Result<(), Error> {
        if let Some(weakness) = key.weakness() {
            return Err(Error::KeyWeak { weakness });
        }
        let leaf = matches!(self.kind, Kind::Leaf(_));
        let usage = self.key_usage(key.algorithm());
        match usage.unfit_for_leaf(key.algorithm()).filter(|_| leaf) {
            Some(reason) => {
                Err(Error::ExtensionInvalid { what: "key usage", value: usage.to_string(), reason })
            }
            None => Ok(()),
        }
    }
}

impl Plan {
    /// Signs a root with its own key.
    ///
    /// # Errors
    /// [`Error::KeyWeak`], [`Error::CryptoFailed`]; [`Error::ChainRefused`] where our own validator would not accept the
    /// result.
    pub fn sign_root(&self, key: &PrivateKey, random: &dyn SecureRandom) -> Result<Certificate, Error> {
        self.judge_key(key.public(), None)?;
        let certificate = self.encode(key.public(), None, key, random)?;
        self.prove(&certificate, &[], &certificate)?;
        Ok(certificate)
    }

    /// Signs for a public key. The issuer is the one the plan was made for.
    ///
    /// # Errors
    /// As [`Plan::sign_root`], [`Error::KeyIsIssuers`], and [`Error::ExtensionInvalid`] where the key cannot be used as
    /// was asked.
    pub fn sign(
        &self,
        key: &PublicKey,
        issuer: &Issuer,
        random: &dyn SecureRandom,
    ) -> Result<Certificate, Error> {
        self.judge_key(key, Some(issuer))?;
        let certificate = self.encode(key, Some(issuer.certificate()), issuer.key(), random)?;
        self.prove(&certificate, issuer.intermediates(), issuer.root())?;
        Ok(certificate)
    }

    fn encode(
        &self,
        subject: &PublicKey,
        issuer: Option<&Certificate>,
        key: &PrivateKey,
        random: &dyn SecureRandom,
    ) -> Result<Certificate, Error> {
        let sign = |tbs: &[u8]| key.sign(tbs, random);
        let signing = Signing { algorithm: key.signature_algorithm(), sign: &sign };
        encode::sign((&self.request, self.validity), subject, issuer, &signing, random)
    }

    /// Puts the finished chain before the validator, as every peer will.
    fn prove(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        root: &Certificate,
    ) -> Result<(), Error> {
        let purposes: &[Purpose] = match self.request.kind {
            Kind::Leaf(Profile::Server) => &[Purpose::Server],
            Kind::Leaf(Profile::Client) => &[Purpose::Client],
            Kind::Leaf(Profile::Peer) => &[Purpose::Server, Purpose::Client],
            Kind::Root | Kind::Intermediate => &[Purpose::Any],
        };
        // What was asked for in so many words is no fault: a time, and extensions that no validator knows.
        let asked_for = |finding: &Finding| {
            finding.certificate == 1
                && match finding.rule {
                    Rule::Expired | Rule::NotYetValid => self.request.for_testing,
                    Rule::CriticalExtension => self.request.extensions.iter().any(|custom| custom.critical),
                    _ => false,
                }
        };
        for &purpose in purposes {
            let question = Question {
                anchors: std::slice::from_ref(root),
                intermediates,
                purpose,
                host: None,
                at: self.now,
            };
            let mut findings = verify(certificate, &question).findings;
            findings.retain(|finding| !asked_for(finding));
            if !findings.is_empty() {
                return Err(Error::ChainRefused { findings });
            }
        }
        let asked = self.request.sans.iter().map(San::to_general_name);
        if !certificate.subject_alt_names().iter().cloned().eq(asked) {
            return Err(Error::Malformed {
                origin: certificate.origin().clone(),
                what: "new certificate",
                cause: "its alternative names are not those that were asked for".into(),
            });
        }
        Ok(())
    }

    /// As of when the plan was made.
    pub fn now(&self) -> OffsetDateTime {
        self.now
    }
}

/// Signs what no policy has looked at and no validator will: certificates that are wrong on purpose. Clippy lets [`crate::twin`]
/// call it and nobody else, so that no command that issues can come here.
pub(crate) fn sign_unjudged(
    asked: (&Request, Validity),
    subject: &PublicKey,
    issuer: Option<&Certificate>,
    signing: &Signing<'_>,
    random: &dyn SecureRandom,
) -> Result<Certificate, Error> {
    encode::sign(asked, subject, issuer, signing, random)
}

/// How errors name a certificate that is not in a file yet.
pub(crate) fn new_origin() -> Origin {
    Origin::named("new certificate")
}
