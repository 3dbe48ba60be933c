//! Whether certificates of a path are revoked (RFC 5280 6.3), by the lists that are there.

use std::borrow::Borrow;

use time::OffsetDateTime;

use super::{Breach, Rule};
use crate::{
    Error,
    cert::Certificate,
    crl::Crl,
    name::escape,
    validity::{format_time, tell},
};

/// Judges every certificate of a path but its last by the lists of its issuer. All lists of an issuer count, because there are
/// files with several of one: what any of them revokes is revoked, a lapsed one too, and one that is not the issuer's work is
/// told. None that is current says nothing, and is not taken for a yes.
pub(super) fn check<C: Borrow<Crl>>(path: &[&Certificate], crls: &[C], at: OffsetDateTime) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (index, (certificate, issuer)) in path.iter().zip(path.iter().skip(1)).enumerate() {
        let mut say = |rule, fact: String| breaches.push(Breach { index, rule, fact });
        let by = escape(&issuer.title()).into_owned();
        let (mut current, mut lapsed, mut revoked) = (false, None::<OffsetDateTime>, None);
        for list in crls.iter().map(Borrow::borrow).filter(|list| list.issuer().same(issuer.subject())) {
            match list.verify(issuer) {
                Ok(()) => {}
                // Of another CA of that name.
                Err(Error::CrlForeign { .. }) => continue,
                Err(error) => {
                    say(
                        Rule::CrlRefused,
                        format!("the CRL {} of {by} cannot be taken: {error}", list.origin()),
                    );
                    continue;
                }
            }
            revoked = revoked.or(list.lookup(certificate.serial()));
            match list.require_current(at) {
                Ok(()) => current = true,
                Err(_) => lapsed = lapsed.max(Some(list.next_update())),
            }
        }
        match (revoked, current, lapsed) {
            (Some(entry), ..) => {
                let since = format_time(entry.date);
                say(Rule::Revoked, format!("{by} revoked it: {}, since {since}", entry.reason));
            }
            (None, true, _) => {}
            (None, false, Some(end)) if end < at => {
                say(Rule::CrlLapsed, format!("the CRL of {by} lapsed on {}", tell(end, at)));
            }
            (None, false, Some(_)) => say(Rule::CrlLapsed, format!("the CRL of {by} is not valid yet")),
            (None, false, None) => say(Rule::CrlMissing, format!("there is no CRL of {by}")),
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use ::time::{Duration, macros::datetime};
    use ring::rand::SystemRandom;

    use super::{
        super::{Purpose, Question, verify_with_crls},
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
