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
};

/// The number of the alert certificate_revoked.
const CERTIFICATE_REVOKED: u8 = 44;

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
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What it is about
    pub code: CauseCode,
    /// Whether our own check proves it; a guess otherwise
    pub certain: bool,
    /// The fact behind it
    pub fact: String,
}

impl Cause {
    /// A certificate that we sent is revoked, and that is known for sure. `source` says by whom.
    pub fn revoked(
        certificate: &Certificate,
        (reason, since): (Reason, OffsetDateTime),
        source: &str,
    ) -> Self {
        let (title, since) = (escape(&certificate.title()).into_owned(), format_time(since));
        let fact = format!("\"{title}\", which we sent, is revoked: {reason}, since {since}, by {source}");
        Self { code: CauseCode::Revoked, certain: true, fact }
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
        return vec![Cause { code: CauseCode::NoCertificate, certain: true, fact }];
    };
    if let Some(withheld) = &request.withheld {
        let fact = format!("no certificate was sent: {withheld}");
        return vec![Cause { code: CauseCode::KeyNotSupported, certain: true, fact }];
    }
    let mut causes: Vec<Cause> = Vec::new();
    for certificate in identity.chain() {
        causes.extend(dates(certificate, now));
    }
    if let Some(leaf) = identity.leaf() {
        causes.extend(usage(leaf));
    }
    causes.extend(revocation(evidence, identity));
    causes.extend(authority(&request.authority_names, identity, !causes.is_empty()));
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
    Some(Cause { code, certain: true, fact })
}

/// What the lists that are here say, as far as they are their CAs' work; else what the server's alert says.
fn revocation(evidence: &Evidence<'_>, identity: &Identity) -> Vec<Cause> {
    let mut causes = Vec::new();
    for certificate in identity.chain() {
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
            Some(Cause::revoked(certificate, (entry.reason, entry.date), &source))
        };
        causes.extend(evidence.crls.iter().filter(proved).find_map(entry));
    }
    if causes.is_empty() && evidence.alert.is_some_and(|alert| alert.number == CERTIFICATE_REVOKED) {
        let fact = "the server knows of a revocation that is not known here".to_owned();
        causes.push(Cause { code: CauseCode::Revoked, certain: false, fact });
    }
    causes
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
    Some(Cause { code: CauseCode::NotForClients, certain: true, fact })
}

/// Compares the CAs that the server names with the issuers of what we sent. Servers need not name all that they
/// accept, so this is a guess.
fn authority(named: &[Name], identity: &Identity, explained: bool) -> Option<Cause> {
    let list = || named.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let leaf = identity.leaf()?;
    let issuer = leaf.issuer();
    let (code, fact) = if named.is_empty() {
        return None;
    } else if identity.chain().iter().any(|sent| named.iter().any(|name| name.same(sent.issuer()))) {
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
    Some(Cause { code, certain: false, fact })
}
