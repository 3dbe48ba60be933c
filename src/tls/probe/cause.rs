//! Why a server refused us. Its alert does not say; our own files often do.

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

use super::CertificateRequest;
use crate::{
    cert::Certificate,
    crl::{Crl, Reason},
    name::{Name, escape},
    oid,
    tls::{Alert, Identity},
    validity::{format_time, tell},
    verify::{Finding, Purpose, Question, Rule, verify},
};

/// The number of the alert certificate_revoked.
const CERTIFICATE_REVOKED: u8 = 44;
/// That of unknown_ca.
const UNKNOWN_CA: u8 = 48;

/// What a cause is about. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseCode {
    /// The server asked for a certificate, and there is none to send
    NoCertificate,
    /// Our key is of a kind that the server does not know
    KeyNotSupported,
    /// A certificate that we sent has expired
    Expired,
    /// A certificate that we sent is not valid yet
    NotYetValid,
    /// A certificate that we sent is revoked
    Revoked,
    /// Our certificate is not for clients
    NotForClients,
    /// Only the leaf was sent, and the server names other CAs than its issuer
    IntermediateMissing,
    /// No CA that the server names issued anything that we sent
    OtherAuthority,
    /// The server names the CA of our certificate and refuses it all the same
    KnownAuthority,
    /// TLS let us in, and the application behind it does not
    NotAllowed,
    /// A name that we sent lies outside of what a CA above it may certify
    NameConstraint,
    /// A key or signature that we sent is too weak
    WeakKey,
    /// What we sent breaks another rule of path validation
    BrokenChain,
    /// The server knows no site of the name that it was asked for
    NameUnknown,
    /// The server speaks only versions of TLS that nobody should speak any more
    VersionTooOld,
    /// The server speaks another version of TLS than the one that was asked for
    VersionNotSpoken,
    /// The server and this side share no cipher suite
    CipherTooOld,
    /// The server speaks none of the application protocols that were offered
    ProtocolNotSpoken,
    /// The port speaks plain HTTP
    PlainHttp,
    /// The port does not speak TLS
    NotTls,
    /// The server took too long
    TimedOut,
}

impl CauseCode {
    /// As in JSON.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What it is about
    pub code: CauseCode,
    /// Whether our own check proves it; a guess otherwise
    pub certain: bool,
    /// The fact behind it. Escaped.
    pub fact: String,
    /// The certificate that it is about: its position in what we sent, the leaf being 1
    pub certificate: Option<usize>,
}

impl Cause {
    /// A cause that is not about a certificate in particular.
    pub(super) fn new(code: CauseCode, certain: bool, fact: String) -> Self {
        Self { code, certain, fact, certificate: None }
    }

    /// It is about the certificate at this position.
    pub fn at(self, position: usize) -> Self {
        Self { certificate: Some(position), ..self }
    }

    /// What is likely, about our own certificate.
    pub fn guess(code: CauseCode, fact: String) -> Self {
        Self::new(code, false, fact).at(1)
    }

    /// The certificate of the intermediate that was not sent, where it was found beside ours. `fact` says where.
    pub fn intermediate_missing(fact: String) -> Self {
        Self::new(CauseCode::IntermediateMissing, true, fact).at(1)
    }

    /// A certificate that we sent is revoked, and that is known for sure. `source` says by whom.
    pub fn revoked(
        certificate: &Certificate,
        (reason, since): (Reason, OffsetDateTime),
        source: &str,
    ) -> Self {
        let (title, since) = (escape(&certificate.title()).into_owned(), format_time(since));
        let fact = format!("\"{title}\", which we sent, is revoked: {reason}, since {since}, by {source}");
        Self::new(CauseCode::Revoked, true, fact)
    }
}

/// What causes are found in.
pub(super) struct Evidence<'a> {
    pub(super) request: &'a CertificateRequest,
    pub(super) identity: Option<&'a Identity>,
    /// CAs that are known here, beside those that we sent.
    pub(super) issuers: &'a [Certificate],
    pub(super) crls: &'a [Arc<Crl>],
    /// What the server said.
    pub(super) alert: Option<&'a Alert>,
    pub(super) now: OffsetDateTime,
}

/// What speaks against what we sent; what is certain comes first.
pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<Cause> {
    let &Evidence { request, identity, now, .. } = evidence;
    if request.asked != Some(true) {
        return Vec::new();
    }
    let Some(identity) = identity else {
        let fact = "the server asked for a certificate, and none was sent".to_owned();
        return vec![Cause::new(CauseCode::NoCertificate, true, fact)];
    };
    if let Some(withheld) = &request.withheld {
        let fact = format!("no certificate was sent: {withheld}");
        return vec![Cause::new(CauseCode::KeyNotSupported, true, fact).at(1)];
    }
    let mut causes: Vec<Cause> = Vec::new();
    for (index, certificate) in identity.chain().iter().enumerate() {
        causes.extend(dates(certificate, now).map(|cause| cause.at(index + 1)));
    }
    if let Some(leaf) = identity.leaf() {
        causes.extend(usage(leaf).map(|cause| cause.at(1)));
    }
    causes.extend(rules(evidence, identity));
    causes.extend(revocation(evidence, identity));
    let explained = !causes.is_empty();
    causes.extend(match request.authority_names.as_slice() {
        [] => unnamed(evidence.alert, identity, explained),
        named => authority(named, identity, explained),
    });
    causes
}

fn dates(certificate: &Certificate, now: OffsetDateTime) -> Option<Cause> {
    let validity = certificate.validity();
    let title = certificate.title();
    let title = escape(&title);
    let (code, fact) = if now > validity.not_after {
        (
            CauseCode::Expired,
            format!("\"{title}\", which we sent, expired on {}", tell(validity.not_after, now)),
        )
    } else if now < validity.not_before {
        let fact =
            format!("\"{title}\", which we sent, is not valid before {}", tell(validity.not_before, now));
        (CauseCode::NotYetValid, fact)
    } else {
        return None;
    };
    Some(Cause::new(code, true, fact))
}

/// The server's rules, run on what we sent: up to the CA that it names, where we know it, else up to the last that we sent.
fn rules(evidence: &Evidence<'_>, identity: &Identity) -> Vec<Cause> {
    let Some((leaf, above)) = identity.chain().split_first() else { return Vec::new() };
    let named = &evidence.request.authority_names;
    let is_named = |ca: &&Certificate| named.is_empty() || named.iter().any(|name| name.same(ca.subject()));
    let mut anchors: Vec<Certificate> = evidence.issuers.iter().filter(is_named).cloned().collect();
    anchors.extend(above.last().cloned());
    let question = Question {
        anchors: &anchors,
        intermediates: above,
        purpose: Purpose::Client,
        host: None,
        at: evidence.now,
    };
    let findings = verify(leaf, &question).findings;
    let cause = |finding: &Finding| {
        let code = match finding.rule {
            // Dates and usages are told in words of their own, and a path that leads nowhere by the CAs that the server names.
            Rule::Expired
            | Rule::NotYetValid
            | Rule::ExtendedKeyUsage
            | Rule::UnknownIssuer
            | Rule::IssuerKeyMismatch
            | Rule::SearchBudget => return None,
            Rule::NameConstraint => CauseCode::NameConstraint,
            Rule::WeakKey | Rule::WeakSignature => CauseCode::WeakKey,
            _ => CauseCode::BrokenChain,
        };
        let fact = format!("\"{}\", which we sent: {}", finding.subject, finding.fact);
        Some(Cause::new(code, true, fact).at(finding.certificate))
    };
    findings.iter().filter_map(cause).collect()
}

/// What the lists that are here say, as far as they are their CAs' work; else what the server's alert says.
fn revocation(evidence: &Evidence<'_>, identity: &Identity) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (index, certificate) in identity.chain().iter().enumerate() {
        let above: Vec<_> = identity.chain().iter().chain(evidence.issuers).collect();
        let proved = |list: &&Arc<Crl>| {
            let signed = |issuer: &&&Certificate| {
                list.verify(issuer).is_ok() && certificate.is_signed_by(issuer.public_key()).is_ok()
            };
            list.issuer().same(certificate.issuer()) && above.iter().any(|issuer| signed(&issuer))
        };
        let entry = |list: &Arc<Crl>| {
            let entry = list.lookup(certificate.serial())?;
            let source = format!("the CRL {}", list.origin());
            Some(Cause::revoked(certificate, (entry.reason, entry.date), &source).at(index + 1))
        };
        causes.extend(evidence.crls.iter().filter(proved).find_map(entry));
    }
    if causes.is_empty() && evidence.alert.is_some_and(|alert| alert.number == CERTIFICATE_REVOKED) {
        let fact = "the server knows of a revocation that is not known here".to_owned();
        causes.push(Cause::new(CauseCode::Revoked, false, fact));
    }
    causes
}

/// Whether a CA that the server names issued what we send; `None` where it names none, or there is nothing to send.
pub(super) fn fits(named: &[Name], chain: &[Certificate]) -> Option<bool> {
    if named.is_empty() || chain.is_empty() {
        return None;
    }
    Some(chain.iter().any(|sent| named.iter().any(|name| name.same(sent.issuer()))))
}

fn usage(leaf: &Certificate) -> Option<Cause> {
    let usages = leaf.extended_key_usage()?;
    if usages.iter().any(|usage| usage.content() == oid::CLIENT_AUTH) {
        return None;
    }
    let has: Vec<_> = usages.iter().map(oid::Oid::name).collect();
    let fact = format!(
        "\"{}\", which we sent, may be used for {}, not for clientAuth",
        escape(&leaf.title()),
        has.join(", ")
    );
    Some(Cause::new(CauseCode::NotForClients, true, fact))
}

/// A server that names no CA says only by its alert, if at all, that it does not know ours.
fn unnamed(alert: Option<&Alert>, identity: &Identity, explained: bool) -> Option<Cause> {
    let leaf = identity.leaf().filter(|_| !explained)?;
    alert.filter(|alert| alert.number == UNKNOWN_CA)?;
    let issuer = leaf.issuer();
    let (code, fact) = if identity.chain().len() == 1 && !leaf.is_self_issued() {
        let fact = format!("we sent the leaf alone, and the server does not know its issuer \"{issuer}\"");
        (CauseCode::IntermediateMissing, fact)
    } else {
        let last = identity.chain().last().unwrap_or(leaf).issuer();
        (
            CauseCode::OtherAuthority,
            format!("the server does not know \"{last}\", to which what we sent leads"),
        )
    };
    Some(Cause::new(code, false, fact).at(1))
}

/// CAs that are told in a sentence; servers may name a thousand.
const MOST_TOLD: usize = 8;

/// Compares the CAs that the server names with the issuers of what we sent. Servers need not name all that they
/// accept, so this is a guess.
fn authority(named: &[Name], identity: &Identity, explained: bool) -> Option<Cause> {
    let list = || {
        let mut names: Vec<_> = named.iter().take(MOST_TOLD).map(|name| format!("\"{name}\"")).collect();
        if let Some(more) = named.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            names.push(format!("and {more} more"));
        }
        names.join(", ")
    };
    let leaf = identity.leaf()?;
    let issuer = leaf.issuer();
    let (code, fact) = if fits(named, identity.chain())? {
        if explained {
            return None;
        }
        let fact = "the server names the CA of our certificate and refuses it all the same: that CA may have been made anew under its old name, the certificate may be revoked, or its holder may not come in".to_owned();
        (CauseCode::KnownAuthority, fact)
    } else if identity.chain().len() == 1 && !leaf.is_self_issued() {
        let fact = format!(
            "we sent the leaf alone; its issuer \"{issuer}\" is not among the CAs that the server names ({}): the intermediate is missing, or it is the certificate of another CA",
            list()
        );
        (CauseCode::IntermediateMissing, fact)
    } else {
        let fact = format!(
            "the server names {}, and none of them issued what we sent (issuer \"{issuer}\")",
            list()
        );
        (CauseCode::OtherAuthority, fact)
    };
    Some(Cause::new(code, false, fact).at(1))
}
