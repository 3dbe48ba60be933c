use ring::rand::SystemRandom;
use time::macros::datetime;

use super::*;
use crate::verify::{Purpose, Question, Rule, verify};

const NOW: OffsetDateTime = datetime!(2027-06-01 12:00 UTC);

/// A root, and an intermediate that may have so many below it.
fn issuer(path_length: Option<u8>, limits: Option<NameConstraints>) -> Issuer {
    let random = SystemRandom::new();
    let end = End::After(crate::validity::Span::days(300));
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    let request = Request::new(Kind::Root, Name::from_common_name("root").unwrap(), end);
    let root = plan(request, None, NOW).unwrap().sign_root(&key, &random).unwrap();
    let above = Issuer::new(root.clone(), &[], key, new_origin(), NOW).unwrap();
    let key = PrivateKey::generate(KeyType::P384, &random).unwrap();
    let mut request = Request::new(Kind::Intermediate, Name::from_common_name("issuing").unwrap(), end);
    (request.path_length, request.name_constraints) = (path_length, limits);
    let planned = plan(request, Some(&above), NOW).unwrap();
    let issuing = planned.sign(key.public(), &above, &random).unwrap();
    Issuer::new(issuing, &[root], key, new_origin(), NOW).unwrap()
}

fn findings(issuer: &Issuer, twin: &Twin, profile: Profile) -> Vec<Rule> {
    let (leaf, sent) = twin.identity.chain().split_first().unwrap();
    let question = Question {
        anchors: std::slice::from_ref(issuer.root()),
        intermediates: sent,
        purpose: if profile.serves() { Purpose::Server } else { Purpose::Client },
        host: profile.serves().then_some("api.internal"),
        at: NOW,
    };
    verify(leaf, &question).findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn every_twin_is_wrong_in_its_own_way_and_lasts_an_hour() {
    let random = SystemRandom::new();
    let limits = NameConstraints { permitted: vec![Subtree::Dns("internal".into())], excluded: vec![] };
    for issuer in [issuer(Some(0), Some(limits)), issuer(None, None)] {
        for (profile, faults) in [(Profile::Client, Fault::OF_CLIENTS), (Profile::Server, Fault::OF_SERVERS)]
        {
            let name = "api.internal".parse().unwrap();
            let leaf = crate::twin::twin(&issuer, profile, &name, &random, NOW).unwrap();
            let leaf = leaf.leaf().unwrap().clone();
            let mut twins = Twins::of(&leaf, profile, &issuer, &random, NOW).unwrap();
            assert!(matches!(twins.wrong(Fault::Revoked).unwrap(), Attempt::NotMade(_)));
            twins = twins.revoking(Some(vec![0x81, 2]));
            let good = twins.good().unwrap();
            assert_eq!(findings(&issuer, &good, profile), []);
            for fault in faults {
                let Attempt::Made(twin) = twins.wrong(fault).unwrap() else { panic!("{fault}: not made") };
                let found = findings(&issuer, &twin, profile);
                let wanted: &[Rule] = match fault {
                    Fault::Untrusted | Fault::SelfSigned | Fault::NoIntermediate => &[Rule::UnknownIssuer],
                    Fault::SameName => &[Rule::IssuerKeyMismatch],
                    Fault::Expired => &[Rule::Expired],
                    Fault::NotYetValid => &[Rule::NotYetValid],
                    Fault::WrongName => &[Rule::NameMismatch],
                    Fault::ClientEku | Fault::ServerEku => &[Rule::ExtendedKeyUsage],
                    Fault::BrokenSignature => &[Rule::IssuerKeyMismatch],
                    Fault::NameConstraint => &[Rule::NameConstraint],
                    Fault::PathLength => &[Rule::PathLength],
                    Fault::LeafAsCa => &[Rule::NotACa, Rule::KeyUsage, Rule::PathLength],
                    Fault::WeakKey => &[Rule::WeakKey],
                    Fault::Sha1 => &[Rule::WeakSignature, Rule::UnsupportedSignature],
                    // Nothing in the certificate itself.
                    Fault::Revoked | Fault::UnallowedName | Fault::WrongKey => &[],
                };
                let told = format!("{profile} {fault}: {found:?}");
                assert!(
                    found.iter().all(|rule| wanted.contains(rule)) && found.is_empty() == wanted.is_empty(),
                    "{told}"
                );
                let own = twin.identity.chain().iter().filter(|one| !issuer.path().contains(one));
                for certificate in own {
                    let validity = certificate.validity();
                    assert!(validity.not_after - validity.not_before <= Duration::hours(1) + SKEW, "{told}");
                }
                let leaf = twin.identity.leaf().unwrap();
                match fault {
                    Fault::Revoked => assert_eq!(leaf.serial_hex(), "8102"),
                    Fault::SelfSigned => assert!(leaf.is_self_signed()),
                    Fault::NoIntermediate => assert_eq!(twin.identity.chain().len(), 1),
                    _ => {}
                }
                let foreign = [Fault::Untrusted, Fault::SameName, Fault::SelfSigned].contains(&fault);
                assert_eq!(twin.serials.is_empty(), foreign, "{told}");
            }
        }
    }
}
