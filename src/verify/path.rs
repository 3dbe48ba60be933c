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
    let mut state = State {
        question,
        signatures: 0,
        comparisons: check::MOST_COMPARISONS,
        complete: None,
        incomplete: None,
        exhausted: false,
    };
    if let Some(found) = state.extend(&mut vec![leaf]) {
        return found;
    }
    let mut best = match (state.complete.take(), state.incomplete.take()) {
        (Some(complete), _) => complete,
        (None, Some((path, breach))) => {
            // Judged only now, because there can be many that lead nowhere.
            let mut breaches = check::check(&path, question, &mut state.comparisons);
            breaches.push(breach);
            Search { path, breaches }
        }
        (None, None) => Search { path: vec![leaf], breaches: Vec::new() },
    };
    if state.exhausted || best.breaches.is_empty() {
        let fact = format!("no path was found after checking {} signatures", state.signatures);
        best.breaches.push(Breach { index: 0, rule: Rule::SearchBudget, fact });
    }
    best
}

struct State<'q, 'a> {
    question: &'q Question<'a>,
    signatures: usize,
    /// What is left of [`check::MOST_COMPARISONS`].
    comparisons: usize,
    /// The complete path with the fewest breaches.
    complete: Option<Search<'a>>,
    /// The longest path that did not reach an anchor, and why not.
    incomplete: Option<(Vec<&'a Certificate>, Breach)>,
    exhausted: bool,
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
        let is_longest = self.incomplete.as_ref().is_none_or(|(longest, _)| path.len() > longest.len());
        if !obstacles.passed && is_longest {
            self.incomplete = Some((path.clone(), obstacles.explain(path, self.question)));
        }
        None
    }

    fn judge(&mut self, path: &[&'a Certificate]) -> Option<Search<'a>> {
        let breaches = check::check(path, self.question, &mut self.comparisons);
        let search = Search { path: path.to_vec(), breaches };
        if search.breaches.is_empty() {
            return Some(search);
        }
        if self.complete.as_ref().is_none_or(|best| search.breaches.len() < best.breaches.len()) {
            self.complete = Some(search);
        }
        None
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
