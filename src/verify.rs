//! Path validation (RFC 5280 section 6): would a peer accept this certificate, for this purpose and name, at this
//! time — and if not, which certificate breaks which rule.
//!
//! Every certificate of the path is judged, the trust anchor included, and all findings are told, not the first.

mod check;
mod path;
mod revocation;
mod rule;

use std::borrow::Borrow;

use serde::Serialize;
use time::OffsetDateTime;

pub use check::constraint_breach;
pub(crate) use check::names_under_constraints;
pub use rule::Rule;

use crate::{cert::Certificate, crl::Crl, fingerprint::hex, name::escape, origin::Origin};

/// What the leaf certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
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

/// Judges a leaf certificate.
pub fn verify(leaf: &Certificate, question: &Question<'_>) -> Verdict {
    judge(path::search(leaf, question))
}

/// As [`verify`], and by the revocation lists of every CA of the path: each has to have one that is current, the anchor's own
/// certificate needs none.
pub fn verify_with_crls<C: Borrow<Crl>>(leaf: &Certificate, question: &Question<'_>, crls: &[C]) -> Verdict {
    let mut search = path::search(leaf, question);
    let revocation = revocation::check(&search.path, crls, question.at);
    search.breaches.extend(revocation);
    judge(search)
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
struct Breach {
    index: usize,
    rule: Rule,
    fact: String,
}
