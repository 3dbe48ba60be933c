//! What is to be said of the chain that a server sent, trusted or not: its order, what is too much in it or missing, and which
//! certificate ends first.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    cert::Certificate,
    name::escape,
    validity::serialize_time,
    verify::{Cause, Finding, Rule},
};

/// What an observation is about. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObservationCode {
    /// A certificate does not stand behind the one that it issued
    OutOfOrder,
    /// A certificate leads to nothing
    Surplus,
    /// A root was sent along, which the other side has to have anyway
    RootIncluded,
    /// The certificate of a CA below the root was not sent
    IntermediateMissing,
}

/// Something about the chain as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// What it is about
    pub code: ObservationCode,
    /// The position of the certificate in what was sent, the first being 1
    pub certificate: usize,
    /// The fact. Escaped.
    pub fact: String,
}

/// The certificate of a path that ends first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expiry {
    /// What people call it. Escaped.
    pub certificate: String,
    /// Last second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_after: OffsetDateTime,
    /// Whole days until then; negative afterwards
    pub days_left: i64,
}

/// What was sent, compared with the path that it made.
pub(super) fn observe(sent: &[Certificate], findings: &[Finding]) -> Vec<Observation> {
    let mut all = Vec::new();
    let title = |certificate: &Certificate| escape(&certificate.title()).into_owned();
    let issued = |issuer: &Certificate, certificate: &Certificate| {
        issuer != certificate && issuer.subject().same(certificate.issuer())
    };
    // The way up from the leaf through what was sent.
    let mut used = vec![0];
    while let Some(last) = used.last().and_then(|last| sent.get(*last)) {
        let above = sent
            .iter()
            .enumerate()
            .find(|(index, one)| !used.contains(index) && !last.is_self_issued() && issued(one, last));
        let Some((index, _)) = above else { break };
        used.push(index);
    }
    for (index, certificate) in sent.iter().enumerate().skip(1) {
        let position = index + 1;
        let mut say = |code, fact| all.push(Observation { code, certificate: position, fact });
        match used.iter().position(|at| *at == index) {
            None => {
                let is_again = sent.iter().take(index).any(|earlier| earlier == certificate);
                let why = if is_again { "was sent before" } else { "is above none of the others" };
                say(ObservationCode::Surplus, format!("\"{}\" {why}", title(certificate)));
            }
            Some(place) => {
                if place != index {
                    let fact = format!(
                        "\"{}\" stands at place {position} and belongs to place {}",
                        title(certificate),
                        place + 1
                    );
                    say(ObservationCode::OutOfOrder, fact);
                }
                if certificate.is_self_issued() {
                    let fact = format!("\"{}\" is a root, which need not be sent", title(certificate));
                    say(ObservationCode::RootIncluded, fact);
                }
            }
        }
    }
    let gap = findings.iter().find(|finding| {
        finding.rule == Rule::UnknownIssuer
            && matches!(finding.cause, Some(Cause::LeafAlone | Cause::IssuerMissing))
    });
    if let (Some(gap), Some(last)) = (gap, used.last().and_then(|last| sent.get(*last))) {
        let fact = format!(
            "the certificate of \"{}\", which issued \"{}\", was not sent, or it is a root that is not trusted",
            last.issuer(),
            title(last)
        );
        let code = ObservationCode::IntermediateMissing;
        all.push(Observation { code, certificate: gap.certificate, fact });
    }
    all
}

/// The first to end.
pub(super) fn soonest(path: &[Certificate], now: OffsetDateTime) -> Option<Expiry> {
    let first = path.iter().min_by_key(|certificate| certificate.validity().not_after)?;
    Some(Expiry {
        certificate: escape(&first.title()).into_owned(),
        not_after: first.validity().not_after,
        days_left: first.validity().remaining(now).days,
    })
}
