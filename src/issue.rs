//! Issuing: from what is asked for ([`Request`]) through what policy allows ([`Plan`]) to a certificate that its peers
//! will accept. All refusals happen in [`plan`], before anything is signed; and what was signed is judged by
//! [`crate::verify`] before anyone gets to hold it.

mod encode;
mod plan;

use ring::rand::SecureRandom;
use time::OffsetDateTime;

pub use plan::{Notice, Plan, plan};

use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    issuer::Issuer,
    key::{PrivateKey, PublicKey},
    name::{Name, San},
    origin::Origin,
    profile::Profile,
    validity::End,
    verify::{Purpose, Question, verify},
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
    /// When it is to end.
    pub end: End,
    /// Whether a person asked for that end: it is then refused where the issuer ends earlier, not shortened.
    pub end_is_explicit: bool,
    /// For a CA: the most intermediates below it; `None` for no limit.
    pub path_length: Option<u8>,
    /// For a CA: where the names below it must lie.
    pub name_constraints: Option<NameConstraints>,
}

impl Request {
    /// Without alternative names, path length or constraints, its end not insisted on.
    pub fn new(kind: Kind, subject: Name, end: End) -> Self {
        Self {
            kind,
            subject,
            sans: Vec::new(),
            end,
            end_is_explicit: false,
            path_length: None,
            name_constraints: None,
        }
    }
}

impl Plan {
    /// Signs a root with its own key.
    ///
    /// # Errors
    /// [`Error::CryptoFailed`]; [`Error::ChainRefused`] where our own validator would not accept the result.
    pub fn sign_root(&self, key: &PrivateKey, random: &dyn SecureRandom) -> Result<Certificate, Error> {
        let certificate = encode::sign(self, key.public(), None, key, random)?;
        self.prove(&certificate, &[], &certificate)?;
        Ok(certificate)
    }

    /// Signs for a public key. The issuer is the one the plan was made for.
    ///
    /// # Errors
    /// As [`Plan::sign_root`].
    pub fn sign(
        &self,
        key: &PublicKey,
        issuer: &Issuer,
        random: &dyn SecureRandom,
    ) -> Result<Certificate, Error> {
        let certificate = encode::sign(self, key, Some(issuer.certificate()), issuer.key(), random)?;
        self.prove(&certificate, &issuer.intermediates(), issuer.root())?;
        Ok(certificate)
    }

    /// Puts the finished chain before the validator, as every peer will.
    fn prove(
        &self,
        certificate: &Certificate,
        intermediates: &[Certificate],
        root: &Certificate,
    ) -> Result<(), Error> {
        let purposes: &[Purpose] = match self.kind {
            Kind::Leaf(Profile::Server) => &[Purpose::Server],
            Kind::Leaf(Profile::Client) => &[Purpose::Client],
            Kind::Leaf(Profile::Peer) => &[Purpose::Server, Purpose::Client],
            Kind::Root | Kind::Intermediate => &[Purpose::Any],
        };
        for &purpose in purposes {
            let question = Question {
                anchors: std::slice::from_ref(root),
                intermediates,
                purpose,
                host: None,
                at: self.now,
            };
            let verdict = verify(certificate, &question);
            if !verdict.accepted {
                return Err(Error::ChainRefused { findings: verdict.findings });
            }
        }
        let missing = self
            .sans
            .iter()
            .map(San::to_general_name)
            .find(|name| !certificate.subject_alt_names().contains(name));
        match missing {
            Some(name) => Err(Error::Malformed {
                origin: certificate.origin().clone(),
                what: "new certificate",
                cause: format!("the name {name} did not get into it"),
            }),
            None => Ok(()),
        }
    }

    /// As of when the plan was made.
    pub fn now(&self) -> OffsetDateTime {
        self.now
    }
}

/// How errors name a certificate that is not in a file yet.
pub(crate) fn new_origin() -> Origin {
    Origin::named("new certificate")
}
