//! Path validation (RFC 5280 section 6): would a peer accept this certificate, for this purpose and name, at this
//! time — and if not, which certificate breaks which rule.
//!
//! Every certificate of the path is judged, the trust anchor included, and all findings are told, not the first.

mod baseline;
mod cause;
mod check;
mod constraint;
mod path;
mod policy;
mod profile;
mod revocation;
mod rule;
mod second;

use std::borrow::Borrow;

use serde::Serialize;
use time::OffsetDateTime;

pub use cause::{Cause, authorities_in, issuer_among};
pub use constraint::constraint_breach;
pub(crate) use constraint::names_under_constraints;
pub use path::MOST_SIGNATURES;
pub use policy::Policies;
pub(crate) use profile::Fault;
pub use rule::Rule;
pub use second::{Second, SecondOpinion};

use crate::{cert::Certificate, crl::Crl, fingerprint::hex, name::escape, origin::Origin};

/// What the leaf certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Purpose {
    /// A TLS server: serverAuth
    Server,
    /// A TLS client: clientAuth
    Client,
    /// Nothing in particular: usages are not judged
    Any,
}

/// What is asked of a leaf certificate.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The trust anchors. Nothing else is trusted.
    pub anchors: &'a [Certificate],
    /// Certificates that may link the leaf to an anchor, in any order.
    pub intermediates: &'a [Certificate],
    /// What for.
    pub purpose: Purpose,
    /// The DNS name or IP address under which the peer is reached, to be found among the alternative names.
    pub host: Option<&'a str>,
    /// As of when.
    pub at: OffsetDateTime,
}

/// By which rules certificates are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Rules {
    /// Path validation alone (RFC 5280 section 6), as peers do it
    #[default]
    Path,
    /// And what certificates must be like (RFC 5280 section 4)
    Rfc5280,
    /// And the rules of the CA/Browser Forum for TLS certificates of the public web
    Webpki,
}

/// What more is demanded than a [`Question`] says. By default nothing.
#[derive(Clone, Copy, Default)]
pub struct Demands<'a> {
    /// The rules.
    pub rules: Rules,
    /// E-mail addresses that have to be among the alternative names.
    pub emails: &'a [String],
    /// URIs that have to be among the alternative names.
    pub uris: &'a [String],
    /// Most intermediates in the path, self-issued ones not counted.
    pub max_depth: Option<usize>,
    /// Inputs of policy processing.
    pub policies: Policies<'a>,
    /// The revocation lists; `None`: revocation is not judged. Every CA of the path has to have one that is current.
    pub crls: Option<&'a [&'a Crl]>,
}

/// A rule that a certificate breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Position in the path, the leaf being 1.
    pub certificate: usize,
    /// Length of the path.
    pub of: usize,
    /// What people call the certificate. Escaped for a terminal.
    pub subject: String,
    /// Where it was read from.
    pub origin: Origin,
    /// The rule.
    pub rule: Rule,
    /// What was found, with its values, in a person's words. Escaped for a terminal.
    pub fact: String,
    /// Why the issuer is not trusted, where that is the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "certificate {} of {} ({}): {}", self.certificate, self.of, self.subject, self.fact)
    }
}

/// One certificate of a path, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The whole subject
    pub subject: String,
    /// Where it was read from
    pub origin: Origin,
    /// SHA-256 of the certificate in hexadecimal
    pub fingerprint: String,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Yes or no.
    pub accepted: bool,
    /// The path that was judged, leaf first; it ends in a trust anchor unless the issuer was not found.
    pub path: Vec<Step>,
    /// All rules that are broken along it; empty exactly where it is accepted.
    pub findings: Vec<Finding>,
    /// The certificates of the path.
    #[serde(skip)]
    pub certificates: Vec<Certificate>,
}

/// Judges a leaf certificate by path validation alone.
pub fn verify(leaf: &Certificate, question: &Question<'_>) -> Verdict {
    verify_by(leaf, question, &Demands::default())
}

/// As [`verify`], and by the revocation lists of every CA of the path: each has to have one that is current, the anchor's own
/// certificate needs none.
pub fn verify_with_crls<C: Borrow<Crl>>(leaf: &Certificate, question: &Question<'_>, crls: &[C]) -> Verdict {
    let crls: Vec<&Crl> = crls.iter().map(Borrow::borrow).collect();
    verify_by(leaf, question, &Demands { crls: Some(&crls), ..Demands::default() })
}

/// Judges a leaf certificate by all that is demanded.
pub fn verify_by(leaf: &Certificate, question: &Question<'_>, demands: &Demands<'_>) -> Verdict {
    judge(path::search(leaf, question, demands))
}

impl Verdict {
    /// The answer about a leaf that is a certificate and cannot be read as one.
    pub fn malformed(origin: &Origin, fact: &str) -> Self {
        let finding = Finding {
            certificate: 1,
            of: 1,
            subject: "unreadable".into(),
            origin: origin.clone(),
            rule: Rule::Malformed,
            fact: escape(fact).into_owned(),
            cause: None,
        };
        Self { accepted: false, path: Vec::new(), findings: vec![finding], certificates: Vec::new() }
    }

    /// Whether the search was given up, so that a no is none for sure.
    pub fn is_undecided(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule == Rule::SearchBudget)
    }
}

fn judge(search: path::Search<'_>) -> Verdict {
    let count = search.path.len();
    let path = search.path.iter().map(|certificate| Step {
        subject: certificate.subject().to_string(),
        origin: certificate.origin().clone(),
        fingerprint: hex(&certificate.fingerprint()),
    });
    let findings: Vec<_> = search
        .breaches
        .into_iter()
        .filter_map(|breach| {
            let certificate = search.path.get(breach.index)?;
            Some(Finding {
                certificate: breach.index + 1,
                of: count,
                subject: escape(&certificate.title()).into_owned(),
                origin: certificate.origin().clone(),
                rule: breach.rule,
                fact: breach.fact,
                cause: breach.cause,
            })
        })
        .collect();
    Verdict {
        accepted: findings.is_empty(),
        path: path.collect(),
        findings,
        certificates: search.path.into_iter().cloned().collect(),
    }
}

/// A broken rule at an index of a path.
#[derive(Clone)]
struct Breach {
    index: usize,
    rule: Rule,
    fact: String,
    cause: Option<Cause>,
}

impl Breach {
    fn new(index: usize, rule: Rule, fact: String) -> Self {
        Self { index, rule, fact, cause: None }
    }
}
