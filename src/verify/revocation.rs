//! Whether certificates of a path are revoked (RFC 5280 6.3), by the lists that are there.

use std::cell::Cell;

use time::OffsetDateTime;

use super::{Breach, Demands, Purpose, Question, Rule, Rules, path};
use crate::{
    Error,
    cert::Certificate,
    crl::{ALL_REASONS, Crl, Point, Reason, Revoked},
    name::escape,
    validity::{format_time, tell},
};

/// Other certificates that are tried as the signer of a list, for all paths together; each has to have a path of its own.
pub(super) const MOST_SIGNERS: usize = 16;

/// Judges every certificate of a path but its last by the lists that speak of it. All of them count, because there are files
/// with several of one CA: what any of them revokes is revoked, a lapsed one too, and one that is not its issuer's work is
/// told. None that is current, for every reason there is, says nothing, and is not taken for a yes.
pub(super) fn check(
    path: &[&Certificate],
    crls: &[&Crl],
    question: &Question<'_>,
    rules: Rules,
    signers: &mut usize,
) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let Some(anchor) = path.last() else { return breaches };
    for (index, (certificate, issuer)) in path.iter().zip(path.iter().skip(1)).enumerate() {
        let left = Cell::new(*signers);
        let inquiry = Inquiry { certificate, issuer, anchor, crls, question, rules, signers: &left };
        let answer = inquiry.answer();
        *signers = left.get();
        breaches.extend(answer.into_iter().map(|(rule, fact)| Breach::new(index, rule, fact)));
    }
    breaches
}

/// One certificate, of which it is asked whether it is revoked.
struct Inquiry<'a> {
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    anchor: &'a Certificate,
    crls: &'a [&'a Crl],
    question: &'a Question<'a>,
    rules: Rules,
    /// What is left of [`MOST_SIGNERS`].
    signers: &'a Cell<usize>,
}

/// What the lists say.
#[derive(Default)]
struct Findings<'a> {
    revoked: Option<(&'a Crl, &'a Revoked)>,
    /// Reasons for which a current list would have it.
    reasons: u16,
    /// When the last of those ended that are not current.
    lapsed: Option<OffsetDateTime>,
    refused: Vec<(Rule, String)>,
}

impl Inquiry<'_> {
    fn answer(&self) -> Vec<(Rule, String)> {
        let at = self.question.at;
        let by = escape(&self.issuer.title()).into_owned();
        let Some(points) = Point::of(self.certificate) else {
            return vec![(Rule::CrlMissing, "where its CRLs are cannot be read".into())];
        };
        let mut found = Findings::default();
        for crl in self.crls.iter().copied().filter(|crl| !crl.is_delta()) {
            self.consult(crl, &points, &mut found);
        }
        let mut said = found.refused;
        match (found.revoked, found.lapsed) {
            (Some((crl, entry)), _) => {
                let by = if crl.issuer().same(self.issuer.subject()) { by } else { crl.issuer().to_string() };
                let since = format_time(entry.date);
                said.push((Rule::Revoked, format!("{by} revoked it: {}, since {since}", entry.reason)));
            }
            (None, _) if found.reasons == ALL_REASONS => {}
            (None, Some(end)) if end < at => {
                said.push((Rule::CrlLapsed, format!("the CRL of {by} lapsed on {}", tell(end, at))));
            }
            (None, Some(_)) => said.push((Rule::CrlLapsed, format!("the CRL of {by} is not valid yet"))),
            (None, None) if found.reasons != 0 => {
                let fact = format!("the CRLs of {by} that are here speak of some reasons only");
                said.push((Rule::CrlMissing, fact));
            }
            (None, None) => said.push((Rule::CrlMissing, format!("there is no CRL of {by}"))),
        }
        said
    }

    /// Takes one list into account, where it speaks of the certificate (RFC 5280 6.3.3 (b)-(l)).
    fn consult<'c>(&self, crl: &'c Crl, points: &[Point], found: &mut Findings<'c>)
    where
        Self: 'c,
    {
        let scope = crl.scope();
        let covers = |point: &&Point| {
            point.is_served_by(crl.issuer(), scope, self.certificate)
                && scope.is_none_or(|scope| scope.covers(self.certificate, point))
        };
        let reasons = points
            .iter()
            .filter(covers)
            .map(|point| point.reasons & scope.and_then(|scope| scope.reasons).unwrap_or(ALL_REASONS))
            .fold(0, |all, reasons| all | reasons);
        if reasons == 0 || !self.is_authentic(crl, found) {
            return;
        }
        let at = self.question.at;
        let deltas = || {
            self.crls.iter().copied().filter(|delta| {
                delta.is_delta()
                    && delta.goes_with(crl)
                    && delta.require_current(at).is_ok()
                    && self.is_authentic(delta, &mut Findings::default())
            })
        };
        let released = deltas().any(|delta| delta.removes(self.certificate));
        let entry =
            crl.entry(self.certificate).filter(|entry| !released || entry.reason != Reason::CertificateHold);
        let since = deltas().find_map(|delta| delta.entry(self.certificate).map(|entry| (delta, entry)));
        found.revoked = found.revoked.or(since).or(entry.map(|entry| (crl, entry)));
        match crl.require_current(at) {
            Ok(()) => found.reasons |= reasons,
            Err(_) => found.lapsed = found.lapsed.max(Some(crl.next_update())),
        }
    }

    /// Whether a list is the work of its issuer: of the CA above, or of another certificate of the issuer of the list whose own
    /// path ends at the same anchor (RFC 5280 6.3.3 (f), (g)). One that is not is told, unless it is of another CA altogether.
    fn is_authentic(&self, crl: &Crl, found: &mut Findings<'_>) -> bool {
        let by = escape(&self.issuer.title()).into_owned();
        let refusal = match crl.verify(self.issuer) {
            Ok(()) => None,
            Err(_) if self.others(crl).any(|other| crl.verify(other).is_ok() && self.is_trusted(other)) => {
                None
            }
            // Of another CA of that name.
            Err(Error::CrlForeign { .. }) => return false,
            Err(error) => Some(error.to_string()),
        };
        let profile = || match self.rules {
            Rules::Path => None,
            _ => crl.profile_faults().first().map(|fault| format!("{fault}, RFC 5280")),
        };
        match refusal.or_else(profile) {
            None => true,
            Some(why) => {
                let fact = format!("the CRL {} of {by} cannot be taken: {why}", crl.origin());
                found.refused.push((Rule::CrlRefused, fact));
                false
            }
        }
    }

    /// Other certificates of the name of a list's issuer, as far as they are looked at.
    fn others(&self, crl: &Crl) -> impl Iterator<Item = &Certificate> {
        let pool = self.question.anchors.iter().chain(self.question.intermediates);
        // Nothing speaks for itself.
        let other = |other: &&Certificate| *other != self.issuer && *other != self.certificate;
        pool.filter(other).filter(|other| other.subject().same(crl.issuer())).take_while(|_| {
            let left = self.signers.get();
            self.signers.set(left.saturating_sub(1));
            left > 0
        })
    }

    /// Whether the signer of a list has a path to the anchor of the certificate's own path.
    fn is_trusted(&self, signer: &Certificate) -> bool {
        if signer == self.anchor {
            return true;
        }
        let question = Question { purpose: Purpose::Any, host: None, ..*self.question };
        let search = path::search(signer, &question, &Demands::default());
        search.breaches.is_empty() && search.path.last() == Some(&self.anchor)
    }
}

#[cfg(test)]
mod tests {
    use ::time::{Duration, macros::datetime};
    use ring::rand::SystemRandom;

    use super::{
        super::{Purpose, verify_with_crls},
        *,
    };
    use crate::{
        crl::{Reason, Revoked, Terms},
        issue::{Kind, Request, plan},
        issuer::Issuer,
        key::{KeyType, PrivateKey},
        name::Name,
        origin::Origin,
        profile::Profile,
        validity::{End, Span},
    };

    const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyType::Ed25519, &SystemRandom::new()).unwrap()
    }

    fn request(kind: Kind, name: &str) -> Request {
        Request::new(kind, Name::from_common_name(name).unwrap(), End::After(Span::days(90)))
    }

    fn root() -> Issuer {
        let key = key();
        let plan = plan(request(Kind::Root, "root"), None, NOW).unwrap();
        let root = plan.sign_root(&key, &SystemRandom::new()).unwrap();
        Issuer::new(root, &[], key, Origin::named("key"), NOW).ok().unwrap()
    }

    fn below(kind: Kind, name: &str, issuer: &Issuer) -> (Certificate, PrivateKey) {
        let key = key();
        let plan = plan(request(kind, name), Some(issuer), NOW).unwrap();
        (plan.sign(key.public(), issuer, &SystemRandom::new()).unwrap(), key)
    }

    fn list(issuer: &Issuer, revoked: &[&Certificate], days: i64) -> Crl {
        let entry = |certificate: &&Certificate| Revoked {
            serial: certificate.serial().into(),
            date: NOW,
            reason: Reason::KeyCompromise,
        };
        let next_update = NOW + Duration::days(days);
        let terms = Terms { number: 1, this_update: NOW - Duration::days(9), next_update };
        Crl::sign(issuer, revoked.iter().map(entry).collect(), terms, &SystemRandom::new()).unwrap()
    }

    #[test]
    fn all_lists_count_and_none_is_no_answer() {
        let root = root();
        let (intermediate, key) = below(Kind::Intermediate, "issuing", &root);
        let above = [root.certificate().clone()];
        let issuing = Issuer::new(intermediate.clone(), &above, key, Origin::named("key"), NOW).ok().unwrap();
        let (leaf, _) = below(Kind::Leaf(Profile::Client), "leaf", &issuing);
        let rules = |crls: Vec<Crl>| -> Vec<(usize, Rule)> {
            let intermediates = std::slice::from_ref(&intermediate);
            let purpose = Purpose::Client;
            let question = Question { anchors: &above, intermediates, purpose, host: None, at: NOW };
            let verdict = verify_with_crls(&leaf, &question, &crls);
            assert_eq!(verdict.accepted, verdict.findings.is_empty());
            verdict.findings.iter().map(|finding| (finding.certificate, finding.rule)).collect()
        };
        let good = || list(&issuing, &[], 1);
        let above = || list(&root, &[], 1);
        assert_eq!(rules(vec![above(), good()]), []);
        assert_eq!(rules(vec![]), [(1, Rule::CrlMissing), (2, Rule::CrlMissing)]);
        assert_eq!(rules(vec![good(), above(), list(&issuing, &[&leaf], 1)]), [(1, Rule::Revoked)]);
        assert_eq!(rules(vec![good(), list(&root, &[&intermediate], 1)]), [(2, Rule::Revoked)]);
        // What a lapsed list revokes stays revoked; one that does not says nothing any more.
        assert_eq!(rules(vec![above(), list(&issuing, &[&leaf], -1)]), [(1, Rule::Revoked)]);
        assert_eq!(rules(vec![above(), list(&issuing, &[], -1)]), [(1, Rule::CrlLapsed)]);
        assert_eq!(rules(vec![above(), list(&issuing, &[], -1), good()]), []);
        // Of another CA of that name, and one that somebody altered.
        let (twin, key) = below(Kind::Intermediate, "issuing", &root);
        let all = [root.certificate().clone()];
        let twin = Issuer::new(twin, &all, key, Origin::named("key"), NOW).ok().unwrap();
        assert_eq!(rules(vec![above(), list(&twin, &[&leaf], 1)]), [(1, Rule::CrlMissing)]);
        let mut forged = good().der().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Crl::from_der(forged, Origin::named("forged")).unwrap();
        assert_eq!(rules(vec![above(), good(), forged]), [(1, Rule::CrlRefused)]);
    }
}
