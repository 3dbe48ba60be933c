//! Lists that speak of a part, deltas, lists of others, and those that break the profile (RFC 5280 5, 6.3).

use pkit::{
    crl::Crl,
    origin::Origin,
    verify::{Demands, Purpose, Rule, Rules, verify_by},
};

use super::{made::*, question, rules};

/// What comes of the leaf of a chain (its serial number is 3, the CA's is 2) with these lists.
fn judge(chain: &Chain, lists: &[Vec<u8>], by: Rules) -> Vec<(usize, Rule)> {
    let certificates = chain.certificates().unwrap();
    let read = |der: &Vec<u8>| Crl::partial_from_der(der.clone(), Origin::named("list")).unwrap();
    let crls: Vec<Crl> = lists.iter().map(read).collect();
    let question = question(&certificates, Purpose::Server, None);
    let crls: Vec<_> = crls.iter().collect();
    let demands = Demands { rules: by, crls: Some(&crls), ..Demands::default() };
    rules(&verify_by(&certificates[0], &question, &demands))
}

fn root_list(chain: &Chain) -> Vec<u8> {
    List::new("Root", &chain.keys[0], 1).sign(&chain.keys[0])
}

/// A distribution point by the directory name of a common name, as a certificate or a list states it.
fn place(common_name: &str) -> Vec<u8> {
    tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &name(common_name))))
}

const GOOD: [(usize, Rule); 0] = [];
const REVOKED: [(usize, Rule); 1] = [(1, Rule::Revoked)];
const MISSING: [(usize, Rule); 1] = [(1, Rule::CrlMissing)];

#[test]
fn a_list_speaks_of_what_it_says_only() {
    let mut chain = Chain::new();
    let list = |scope: Vec<u8>| {
        let list = List::new("Issuing", &chain.keys[1], 1).with(SCOPE, true, sequence(&[&scope]));
        list.revoking(3, 1).sign(&chain.keys[1])
    };
    let outcome =
        |chain: &Chain, scope: Vec<u8>| judge(chain, &[root_list(chain), list(scope)], Rules::Rfc5280);
    assert_eq!(outcome(&chain, vec![]), REVOKED);
    assert_eq!(outcome(&chain, tlv(0x81, &[0xff])), REVOKED, "users only, and this is one");
    assert_eq!(outcome(&chain, tlv(0x82, &[0xff])), MISSING, "CAs only");
    assert_eq!(outcome(&chain, tlv(0x85, &[0xff])), MISSING, "attribute certificates only");
    assert_eq!(outcome(&chain, place("one")), MISSING, "of a place that the certificate does not name");
    let at = |common_name: &str| sequence(&[&sequence(&[&place(common_name)])]);
    chain.leaf.set(CRL_POINTS, false, at("one"));
    let list = |scope: Vec<u8>| {
        let list = List::new("Issuing", &chain.keys[1], 1).with(SCOPE, true, sequence(&[&scope]));
        list.revoking(3, 1).sign(&chain.keys[1])
    };
    let lists = |scope: Vec<u8>| [root_list(&chain), list(scope)];
    assert_eq!(judge(&chain, &lists(place("one")), Rules::Rfc5280), REVOKED);
    assert_eq!(judge(&chain, &lists(place("two")), Rules::Rfc5280), MISSING);
}

#[test]
fn every_reason_has_to_be_covered() {
    let chain = Chain::new();
    // Bits 1 to 4, and 5 to 8.
    let list = |number: u8, bits: &[u8]| {
        let scope = sequence(&[&tlv(0x83, bits)]);
        List::new("Issuing", &chain.keys[1], number).with(SCOPE, true, scope)
    };
    let first = list(1, &[3, 0b0111_1000]).sign(&chain.keys[1]);
    let second = list(2, &[7, 0b0000_0111, 0x80]);
    let held = second.clone().revoking(3, 6).sign(&chain.keys[1]);
    let second = second.sign(&chain.keys[1]);
    let outcome = |lists: &[&Vec<u8>]| {
        let all: Vec<_> = lists.iter().map(|list| (*list).clone()).chain([root_list(&chain)]).collect();
        judge(&chain, &all, Rules::Rfc5280)
    };
    assert_eq!(outcome(&[&first]), MISSING);
    assert_eq!(outcome(&[&first, &second]), GOOD);
    assert_eq!(outcome(&[&first, &held]), REVOKED);
}

#[test]
fn a_delta_changes_its_base_and_nothing_else() {
    let chain = Chain::new();
    let key = &chain.keys[1];
    let base = |number: u8| List::new("Issuing", key, number);
    let delta = |number: u8, from: u8| base(number).with(DELTA, true, tlv(2, &[from]));
    let outcome = |base: List, delta: List| {
        judge(&chain, &[root_list(&chain), base.sign(key), delta.sign(key)], Rules::Rfc5280)
    };
    assert_eq!(outcome(base(5), delta(6, 5)), GOOD);
    assert_eq!(outcome(base(5), delta(6, 5).revoking(3, 1)), REVOKED);
    assert_eq!(outcome(base(5), delta(6, 7).revoking(3, 1)), GOOD, "of a later base");
    assert_eq!(outcome(base(5).revoking(3, 6), delta(6, 5).revoking(3, 8)), GOOD, "the hold is released");
    assert_eq!(outcome(base(5).revoking(3, 1), delta(6, 5).revoking(3, 8)), REVOKED, "that was no hold");
    let lone = [root_list(&chain), delta(6, 5).sign(key)];
    assert_eq!(judge(&chain, &lone, Rules::Rfc5280), MISSING, "a delta alone says nothing");
    let forged = delta(6, 5).revoking(3, 8).sign(&chain.keys[2]);
    let held = [root_list(&chain), base(5).revoking(3, 6).sign(key), forged];
    assert_eq!(judge(&chain, &held, Rules::Rfc5280), REVOKED, "a delta of somebody else");
}

#[test]
fn another_issuer_is_named_by_the_certificate() {
    let mut chain = Chain::new();
    let point = sequence(&[&place("Root"), &tlv(0xa2, &tlv(0xa4, &name("Root")))]);
    chain.leaf.set(CRL_POINTS, false, sequence(&[&point]));
    let indirect = sequence(&[&place("Root"), &tlv(0x84, &[0xff])]);
    let list = List::new("Root", &chain.keys[0], 2).with(SCOPE, true, indirect);
    let issuer = |common_name: &str| Extension {
        oid: CERTIFICATE_ISSUER,
        critical: true,
        value: sequence(&[&tlv(0xa4, &name(common_name))]),
    };
    let outcome = |list: &List| {
        let lists = [root_list(&chain), list.sign(&chain.keys[0])];
        judge(&chain, &lists, Rules::Rfc5280)
    };
    assert_eq!(outcome(&list), GOOD);
    let mut revoked = list.clone();
    revoked.entries.push((vec![3], vec![issuer("Issuing")]));
    assert_eq!(outcome(&revoked), REVOKED);
    let mut other = list.clone();
    other.entries.push((vec![3], vec![issuer("Elsewhere")]));
    assert_eq!(outcome(&other), GOOD, "of another CA's certificate with that number");
    // An entry goes on where the one before it was.
    let mut next = list.clone();
    next.entries.push((vec![9], vec![issuer("Issuing")]));
    next.entries.push((vec![3], vec![]));
    next.entries[1].1.push(Extension { oid: REASON, critical: false, value: tlv(0x0a, &[1]) });
    assert_eq!(outcome(&next), REVOKED);
}

#[test]
fn who_may_sign_a_list_and_until_when() {
    let chain = Chain::new();
    let list = List::new("Issuing", &chain.keys[1], 1);
    let outcome = |chain: &Chain, list: Vec<u8>| judge(chain, &[root_list(chain), list], Rules::Rfc5280);
    assert_eq!(outcome(&chain, list.sign(&chain.keys[1])), GOOD);
    let by_another = outcome(&chain, list.sign(&chain.keys[2]));
    assert_eq!(by_another, [(1, Rule::CrlRefused), (1, Rule::CrlMissing)]);
    let late = List { next_update: tlv(0x17, b"270515000000Z"), ..list.clone() };
    assert_eq!(outcome(&chain, late.sign(&chain.keys[1])), [(1, Rule::CrlLapsed)]);
    let mut mute = Chain::new();
    mute.ca.set(KEY_USAGE, true, vec![3, 2, 2, 4]);
    let list = List::new("Issuing", &mute.keys[1], 1).sign(&mute.keys[1]);
    assert_eq!(outcome(&mute, list), [(1, Rule::CrlRefused), (1, Rule::CrlMissing)]);
}

#[test]
fn a_list_keeps_to_the_profile_or_to_path_validation_alone() {
    let chain = Chain::new();
    let cases: [fn(&mut List); 4] = [
        |list| list.extensions.retain(|extension| extension.oid != CRL_NUMBER),
        |list| list.extensions[1].critical = true,
        |list| list.extensions[0].critical = true,
        |list| list.extensions.push(Extension { oid: SCOPE, critical: false, value: sequence(&[]) }),
    ];
    for break_it in cases {
        let mut list = List::new("Issuing", &chain.keys[1], 1);
        break_it(&mut list);
        let lists = [root_list(&chain), list.sign(&chain.keys[1])];
        assert_eq!(judge(&chain, &lists, Rules::Path), GOOD);
        let strict = judge(&chain, &lists, Rules::Rfc5280);
        assert_eq!(strict, [(1, Rule::CrlRefused), (1, Rule::CrlMissing)]);
    }
}
