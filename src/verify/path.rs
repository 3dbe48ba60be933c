//! The search for a path from the leaf to a trust anchor.

use super::{Breach, Question, Rule, check};
use crate::{cert::Certificate, fingerprint::hex, key::SignatureFault};

/// Certificates in a path, the anchor included; more than any real hierarchy has.
const MOST_CERTIFICATES: usize = 12;
/// Signatures checked before the search gives up: hostile chains can cross-sign exponentially many paths.
const MOST_SIGNATURES: usize = 128;

/// The best path that was found, and what is wrong with it.
pub(super) struct Search<'a> {
    pub(super) path: Vec<&'a Certificate>,
    pub(super) breaches: Vec<Breach>,
}

/// Tries every path within the budget; the first without a breach wins, else the complete one with the fewest, else
/// the incomplete one that came furthest.
pub(super) fn search<'a>(leaf: &'a Certificate, question: &Question<'a>) -> Search<'a> {
    let mut state = State { question, signatures: 0, best: None, exhausted: false };
    let mut path = vec![leaf];
    let found = state.extend(&mut path);
    match (found, state.best) {
        (Some(search), _) => search,
        (None, Some(mut best)) => {
            if state.exhausted {
                let fact = format!("no path was found after checking {MOST_SIGNATURES} signatures");
                best.breaches.push(Breach { index: 0, rule: Rule::SearchBudget, fact });
            }
            best.search()
        }
        (None, None) => Search {
            path: vec![leaf],
            breaches: vec![Breach { index: 0, rule: Rule::SearchBudget, fact: "no path was tried".into() }],
        },
    }
}

struct State<'q, 'a> {
    question: &'q Question<'a>,
    signatures: usize,
    best: Option<Candidate<'a>>,
    exhausted: bool,
}

struct Candidate<'a> {
    complete: bool,
    path: Vec<&'a Certificate>,
    breaches: Vec<Breach>,
}

impl<'a> Candidate<'a> {
    fn search(self) -> Search<'a> {
        Search { path: self.path, breaches: self.breaches }
    }

    fn better_than(&self, other: &Self) -> bool {
        let rank = |one: &Self| (one.complete, if one.complete { 0 } else { one.path.len() });
        rank(self) > rank(other) || (rank(self) == rank(other) && self.breaches.len() < other.breaches.len())
    }
}

impl<'a> State<'_, 'a> {
    /// Goes on from the last certificate of the path; returns the first path that holds.
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> Option<Search<'a>> {
        let last = *path.last()?;
        if self.question.anchors.contains(last) {
            return self.judge(path);
        }
        let mut obstacles = Obstacles::default();
        let anchors = self.question.anchors.iter();
        let between = self.question.intermediates.iter();
        let mut candidates: Vec<(bool, &'a Certificate)> =
            anchors.map(|anchor| (true, anchor)).chain(between.map(|issuer| (false, issuer))).collect();
        candidates.retain(|(_, issuer)| issuer.subject().same(last.issuer()) && !path.contains(issuer));
        // The authority key identifier is a hint where to look first (RFC 5280 4.2.1.1), not a rule.
        let hinted = |issuer: &Certificate| match (last.authority_key_id(), issuer.subject_key_id()) {
            (Some(wanted), Some(stated)) => wanted != stated,
            _ => false,
        };
        candidates.sort_by_key(|(anchor, issuer)| (hinted(issuer), !anchor));
        for (anchor, issuer) in candidates {
            if self.signatures == MOST_SIGNATURES || path.len() == MOST_CERTIFICATES {
                self.exhausted = true;
                break;
            }
            self.signatures += 1;
            match last.is_signed_by(issuer.public_key()) {
                Ok(()) => {
                    obstacles.passed = true;
                    path.push(issuer);
                    let found = if anchor { self.judge(path) } else { self.extend(path) };
                    path.pop();
                    if found.is_some() {
                        return found;
                    }
                }
                Err(SignatureFault::Wrong) => obstacles.other_key = Some(issuer),
                Err(SignatureFault::Unsupported) => obstacles.unsupported = true,
            }
        }
        if !obstacles.passed {
            let breach = obstacles.explain(path, self.question);
            let mut breaches = check::check(path, self.question);
            breaches.push(breach);
            self.consider(Candidate { complete: false, path: path.clone(), breaches });
        }
        None
    }

    fn judge(&mut self, path: &[&'a Certificate]) -> Option<Search<'a>> {
        let breaches = check::check(path, self.question);
        if breaches.is_empty() {
            return Some(Search { path: path.to_vec(), breaches });
        }
        self.consider(Candidate { complete: true, path: path.to_vec(), breaches });
        None
    }

    fn consider(&mut self, candidate: Candidate<'a>) {
        if self.best.as_ref().is_none_or(|best| candidate.better_than(best)) {
            self.best = Some(candidate);
        }
    }
}

/// Why the search came no further than a certificate.
#[derive(Default)]
struct Obstacles<'a> {
    passed: bool,
    other_key: Option<&'a Certificate>,
    unsupported: bool,
}

impl Obstacles<'_> {
    /// "Untrusted issuer" has several faces; tell which.
    fn explain(&self, path: &[&Certificate], question: &Question<'_>) -> Breach {
        let index = path.len() - 1;
        let Some(last) = path.last() else {
            return Breach { index, rule: Rule::UnknownIssuer, fact: "there is no certificate".into() };
        };
        let issuer = last.issuer().to_string();
        if self.unsupported {
            let name = last.signature_algorithm().name();
            let fact = format!("its signature ({name}) cannot be checked with the issuer's key");
            return Breach { index, rule: Rule::UnsupportedSignature, fact };
        }
        if let Some(other) = self.other_key {
            let fact = format!(
                "it names \"{issuer}\" as its issuer, but the certificate of that name in {} holds another key ({})",
                other.origin(),
                other.public_key().short_id(),
            );
            return Breach { index, rule: Rule::IssuerKeyMismatch, fact };
        }
        let key_id =
            last.authority_key_id().map(|id| format!(" (key identifier {})", hex(id))).unwrap_or_default();
        let fact = if last.is_self_issued() {
            format!("\"{issuer}\" signed itself and is not among the trusted roots")
        } else if question.intermediates.is_empty() && path.len() == 1 {
            format!("it came alone, and its issuer \"{issuer}\"{key_id} is not among the trusted roots")
        } else {
            format!(
                "its issuer \"{issuer}\"{key_id} is neither among the certificates sent along nor among the trusted roots"
            )
        };
        Breach { index, rule: Rule::UnknownIssuer, fact }
    }
}
