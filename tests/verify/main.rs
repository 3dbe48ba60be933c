//! Every rule of validation refuses what breaks it: chains made by hand, wrong in one way each.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod made;
mod revocation;

use made::*;
use pkit::{
    cert::Certificate,
    oid::Oid,
    origin::Origin,
    verify::{Cause, Demands, Policies, Purpose, Question, Rule, Rules, Verdict, verify_by},
};
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2027-06-01 0:00 UTC);

fn question<'a>(certificates: &'a [Certificate; 3], purpose: Purpose, host: Option<&'a str>) -> Question<'a> {
    Question { anchors: &certificates[2..], intermediates: &certificates[1..2], purpose, host, at: NOW }
}

/// Judges a chain as that of a server.
fn judge(chain: &Chain, demands: &Demands<'_>) -> Result<Verdict, pkit::Error> {
    let certificates = chain.certificates()?;
    let question = question(&certificates, Purpose::Server, Some("api.example.com"));
    Ok(verify_by(&certificates[0], &question, demands))
}

fn by(rules: Rules) -> Demands<'static> {
    Demands { rules, ..Demands::default() }
}

fn rules(verdict: &Verdict) -> Vec<(usize, Rule)> {
    verdict.findings.iter().map(|finding| (finding.certificate, finding.rule)).collect()
}

/// Where a case goes wrong: the position in the path, leaf first.
const LEAF: usize = 1;
const CA: usize = 2;
const ROOT: usize = 3;

type Case = (&'static str, usize, Rule, fn(&mut Chain));

#[test]
fn a_chain_without_a_fault_is_accepted_by_all_rules() {
    for rules in [Rules::Path, Rules::Rfc5280, Rules::Webpki] {
        let verdict = judge(&Chain::new(), &by(rules)).unwrap();
        assert!(verdict.accepted, "{rules:?}: {:?}", verdict.findings);
        assert_eq!(verdict.path.len(), 3);
    }
}

/// Each breaks the rule at that certificate; with `strict` by the profile of RFC 5280 only, so that path validation alone
/// has nothing against it.
fn refuse(cases: &[Case], strict: bool) {
    for (what, position, rule, break_it) in cases {
        let mut chain = Chain::new();
        break_it(&mut chain);
        let verdict = judge(&chain, &by(Rules::Rfc5280)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!verdict.accepted, "{what} is accepted");
        assert!(rules(&verdict).contains(&(*position, *rule)), "{what}: {:?}", verdict.findings);
        let alone = judge(&chain, &by(Rules::Path)).unwrap();
        assert_eq!(alone.accepted, strict, "{what}, by path validation alone: {:?}", alone.findings);
    }
}

fn constraints(permitted: &[&[u8]], excluded: &[&[u8]]) -> Vec<u8> {
    let trees = |tag: u8, bases: &[&[u8]]| match bases {
        [] => Vec::new(),
        bases => tlv(tag, &bases.iter().flat_map(|base| sequence(&[base])).collect::<Vec<_>>()),
    };
    sequence(&[&trees(0xa0, permitted), &trees(0xa1, excluded)])
}

#[test]
fn path_validation() {
    refuse(
        &[
            ("expired leaf", LEAF, Rule::Expired, |c| c.leaf.not_after = tlv(0x17, b"270102000000Z")),
            ("expired root", ROOT, Rule::Expired, |c| c.root.not_after = tlv(0x17, b"270102000000Z")),
            ("future CA", CA, Rule::NotYetValid, |c| c.ca.not_before = tlv(0x17, b"270701000000Z")),
            ("CA that is none", CA, Rule::NotACa, |c| {
                c.ca.remove(BASIC_CONSTRAINTS);
                c.ca.remove(KEY_USAGE);
            }),
            ("path length", ROOT, Rule::PathLength, |c| {
                c.root.set(BASIC_CONSTRAINTS, true, sequence(&[&tlv(1, &[0xff]), &tlv(2, &[0])]));
            }),
            ("CA without keyCertSign", CA, Rule::KeyUsage, |c| c.ca.set(KEY_USAGE, true, vec![3, 2, 1, 2])),
            ("leaf without digitalSignature", LEAF, Rule::KeyUsage, |c| {
                c.leaf.set(KEY_USAGE, true, vec![3, 2, 5, 0x20]);
            }),
            ("leaf for clients", LEAF, Rule::ExtendedKeyUsage, |c| {
                c.leaf.set(EXTENDED_KEY_USAGE, false, sequence(&[&oid("1.3.6.1.5.5.7.3.2")]));
            }),
            ("CA for clients", CA, Rule::ExtendedKeyUsage, |c| {
                c.ca.set(EXTENDED_KEY_USAGE, false, sequence(&[&oid("1.3.6.1.5.5.7.3.2")]));
            }),
            ("another name", LEAF, Rule::NameMismatch, |c| {
                c.leaf.set(ALT_NAME, false, sequence(&[&tlv(0x82, b"other.example.com")]));
            }),
            ("outside of what is permitted", LEAF, Rule::NameConstraint, |c| {
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&tlv(0x82, b"example.org")], &[]));
            }),
            ("in what is excluded", LEAF, Rule::NameConstraint, |c| {
                c.root.set(NAME_CONSTRAINTS, true, constraints(&[], &[&tlv(0x82, b"example.com")]));
            }),
            ("a subject outside of what is permitted", LEAF, Rule::NameConstraint, |c| {
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&tlv(0xa4, &name("x"))], &[]));
            }),
            ("an address outside of what is permitted", LEAF, Rule::NameConstraint, |c| {
                let network = tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]);
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&network], &[]));
            }),
            ("an unknown critical extension", CA, Rule::CriticalExtension, |c| {
                c.ca.set("1.3.6.1.4.1.99999.1", true, vec![5, 0]);
            }),
            ("an extension twice", LEAF, Rule::MalformedExtension, |c| {
                let again = c.leaf.extension(ALT_NAME).clone();
                c.leaf.extensions.push(again);
            }),
            ("basicConstraints that cannot be read", CA, Rule::MalformedExtension, |c| {
                c.ca.set(BASIC_CONSTRAINTS, true, vec![4, 0]);
            }),
            ("two algorithms", LEAF, Rule::SignatureAlgorithmMismatch, |c| {
                c.leaf.inner_algorithm = Some(sequence(&[&oid("1.2.840.10045.4.3.3")]));
            }),
            ("SHA-1", LEAF, Rule::WeakSignature, |c| {
                c.leaf.outer_algorithm = Some(sequence(&[&oid("1.2.840.10045.4.1")]));
            }),
            ("an unknown algorithm", LEAF, Rule::UnsupportedSignature, |c| {
                c.leaf.outer_algorithm = Some(sequence(&[&oid("1.2.3.4")]));
            }),
            ("a weak key", LEAF, Rule::WeakKey, |c| {
                let modulus = [&[0, 0xff][..], &[0xff; 127]].concat();
                c.leaf.spki = rsa(&modulus, &[1, 0, 1]);
            }),
        ],
        false,
    );
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = sequence(&[&tlv(2, modulus), &tlv(2, exponent)]);
    let kind = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    sequence(&[&kind, &tlv(3, &[&[0], key.as_slice()].concat())])
}

fn ec(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let kind = sequence(&[&oid("1.2.840.10045.2.1"), curve]);
    sequence(&[&kind, &tlv(3, &[&[0], point].concat())])
}

#[test]
fn fields_of_the_profile() {
    refuse(
        &[
            ("version 1 with extensions", LEAF, Rule::Version, |c| c.leaf.version = None),
            ("a unique identifier", LEAF, Rule::Version, |c| c.leaf.unique_id = tlv(0x81, &[0, 1])),
            ("a negative serial number", LEAF, Rule::SerialNumber, |c| c.leaf.serial = vec![0x80]),
            ("serial number zero", CA, Rule::SerialNumber, |c| c.ca.serial = vec![0]),
            ("a long serial number", LEAF, Rule::SerialNumber, |c| c.leaf.serial = vec![1; 21]),
            ("GeneralizedTime too early", LEAF, Rule::ValidityEncoding, |c| {
                c.leaf.not_after = tlv(0x18, b"20280101000000Z");
            }),
            ("a CA without a name", ROOT, Rule::NameEncoding, |c| {
                c.root.subject = sequence(&[]);
                c.root.issuer = sequence(&[]);
                c.ca.issuer = sequence(&[]);
            }),
            ("no subject and names that are not critical", LEAF, Rule::NameEncoding, |c| {
                c.leaf.subject = sequence(&[]);
            }),
            ("T61String in a new subject", LEAF, Rule::NameEncoding, |c| {
                c.leaf.subject = name_of("2.5.4.3", 0x14, b"x");
            }),
            ("`*` in a PrintableString", LEAF, Rule::NameEncoding, |c| {
                c.leaf.subject = name_of("2.5.4.3", 0x13, b"*.x");
            }),
            ("a country of three letters", LEAF, Rule::NameEncoding, |c| {
                c.leaf.subject = name_of("2.5.4.6", 0x13, b"USA");
            }),
            ("a common name of 65 characters", LEAF, Rule::NameEncoding, |c| {
                c.leaf.subject = name_of("2.5.4.3", 0x0c, &[b'x'; 65]);
            }),
            ("an even exponent", LEAF, Rule::InvalidKey, |c| {
                let modulus = [&[0, 0xff][..], &[0xff; 255]].concat();
                c.leaf.spki = rsa(&modulus, &[2]);
            }),
            ("no point of the curve", LEAF, Rule::InvalidKey, |c| {
                c.leaf.spki = ec(&oid("1.2.840.10045.3.1.7"), &[&[4][..], &[1; 64]].concat());
            }),
            ("a curve of one's own", LEAF, Rule::InvalidKey, |c| {
                c.leaf.spki = ec(&sequence(&[&tlv(2, &[1])]), &[&[4][..], &[1; 64]].concat());
            }),
            ("an unknown curve", LEAF, Rule::InvalidKey, |c| {
                c.leaf.spki = ec(&oid("1.2.3.4"), &[&[4][..], &[1; 64]].concat());
            }),
        ],
        true,
    );
}

#[test]
fn extensions_of_the_profile() {
    refuse(
        &[
            ("critical authorityKeyIdentifier", LEAF, Rule::Criticality, |c| {
                c.leaf.extension(AUTHORITY_KEY).critical = true;
            }),
            ("critical subjectKeyIdentifier", ROOT, Rule::Criticality, |c| {
                c.root.extension(SUBJECT_KEY).critical = true;
            }),
            ("basicConstraints that is not critical", ROOT, Rule::Criticality, |c| {
                c.root.extension(BASIC_CONSTRAINTS).critical = false;
            }),
            ("name constraints that are not critical", CA, Rule::Criticality, |c| {
                let permitted = constraints(&[&tlv(0x82, b"example.com")], &[]);
                c.ca.set(NAME_CONSTRAINTS, false, permitted);
            }),
            ("policy constraints that are not critical", CA, Rule::Criticality, |c| {
                c.ca.set(POLICY_CONSTRAINTS, false, sequence(&[&tlv(0x81, &[9])]));
            }),
            ("inhibitAnyPolicy that is not critical", CA, Rule::Criticality, |c| {
                c.ca.set(INHIBIT_ANY, false, tlv(2, &[1]));
            }),
            ("no subjectKeyIdentifier in a CA", CA, Rule::KeyIdentifier, |c| c.ca.remove(SUBJECT_KEY)),
            ("no authorityKeyIdentifier", LEAF, Rule::KeyIdentifier, |c| c.leaf.remove(AUTHORITY_KEY)),
            ("an authorityKeyIdentifier without a key", LEAF, Rule::KeyIdentifier, |c| {
                let names = tlv(0xa1, &tlv(0xa4, &name("Root")));
                c.leaf.set(AUTHORITY_KEY, false, sequence(&[&names, &tlv(0x82, &[2])]));
            }),
            ("another key's identifier", LEAF, Rule::KeyIdentifier, |c| {
                c.leaf.set(AUTHORITY_KEY, false, sequence(&[&tlv(0x80, b"other")]));
            }),
            ("another certificate's number", LEAF, Rule::KeyIdentifier, |c| {
                let id = tlv(0x80, &c.keys[1].public().key_id());
                let names = tlv(0xa1, &tlv(0xa4, &name("Root")));
                c.leaf.set(AUTHORITY_KEY, false, sequence(&[&id, &names, &tlv(0x82, &[9])]));
            }),
            ("an empty alternative name", LEAF, Rule::AlternativeName, |c| add_name(c, 0x82, b"")),
            ("a DNS name with a space", LEAF, Rule::AlternativeName, |c| add_name(c, 0x82, b"a b")),
            ("a DNS name with a dot in front", LEAF, Rule::AlternativeName, |c| add_name(c, 0x82, b".x.y")),
            ("an address as a DNS name", LEAF, Rule::AlternativeName, |c| add_name(c, 0x82, b"192.0.2.1")),
            ("an address of five octets", LEAF, Rule::AlternativeName, |c| add_name(c, 0x87, &[0; 5])),
            ("a mailbox without a host", LEAF, Rule::AlternativeName, |c| add_name(c, 0x81, b"me")),
            ("a relative URI", LEAF, Rule::AlternativeName, |c| add_name(c, 0x86, b"/path")),
            ("a URI without a scheme", LEAF, Rule::AlternativeName, |c| add_name(c, 0x86, b"://x/y")),
            ("a leaf that may sign", LEAF, Rule::BasicConstraints, |c| {
                c.leaf.set(KEY_USAGE, true, vec![3, 2, 2, 0x84]);
            }),
            ("a path length of a leaf", LEAF, Rule::BasicConstraints, |c| {
                c.leaf.set(BASIC_CONSTRAINTS, true, sequence(&[&tlv(2, &[0])]));
            }),
            ("name constraints of a leaf", LEAF, Rule::BasicConstraints, |c| {
                let permitted = constraints(&[&tlv(0x82, b"example.com")], &[]);
                c.leaf.set(NAME_CONSTRAINTS, true, permitted);
            }),
            ("a constraint with a dot in front", CA, Rule::MalformedExtension, |c| {
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&tlv(0x82, b".example.com")], &[]));
            }),
            ("a mask with holes", CA, Rule::MalformedExtension, |c| {
                let network = tlv(0x87, &[192, 0, 2, 0, 255, 0, 255, 0]);
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&network], &[]));
            }),
            ("a constraint of a registered ID", CA, Rule::MalformedExtension, |c| {
                c.ca.set(NAME_CONSTRAINTS, true, constraints(&[&tlv(0x88, &[0x2a, 3])], &[]));
            }),
            ("a policy twice", LEAF, Rule::MalformedExtension, |c| {
                let policy = sequence(&[&oid("1.2.3")]);
                c.leaf.set(POLICIES, false, sequence(&[&policy, &policy]));
            }),
            ("a notice as VisibleString", LEAF, Rule::MalformedExtension, |c| {
                let notice = sequence(&[&oid("1.3.6.1.5.5.7.2.2"), &sequence(&[&tlv(0x1a, b"x")])]);
                c.leaf.set(POLICIES, false, sequence(&[&sequence(&[&oid("1.2.3"), &sequence(&[&notice])])]));
            }),
            ("access to nothing", LEAF, Rule::MalformedExtension, |c| {
                c.leaf.set(ACCESS, false, sequence(&[]))
            }),
            ("a distribution point of reasons alone", LEAF, Rule::MalformedExtension, |c| {
                c.leaf.set(CRL_POINTS, false, sequence(&[&sequence(&[&tlv(0x81, &[1, 0x40])])]));
            }),
            ("policy constraints that constrain nothing", CA, Rule::MalformedExtension, |c| {
                c.ca.set(POLICY_CONSTRAINTS, true, sequence(&[]));
            }),
        ],
        true,
    );
}

fn add_name(chain: &mut Chain, tag: u8, value: &[u8]) {
    let names = [tlv(0x82, b"api.example.com"), tlv(tag, value)].concat();
    chain.leaf.set(ALT_NAME, false, tlv(0x30, &names));
}

#[test]
fn what_is_no_certificate_at_all() {
    let cases: [fn(&mut Chain); 3] = [
        |c| c.leaf.surplus = vec![0],
        |c| c.leaf.not_after = tlv(0x17, b"2801010000"),
        |c| c.leaf.version = Some(9),
    ];
    for break_it in cases {
        let mut chain = Chain::new();
        break_it(&mut chain);
        assert_eq!(judge(&chain, &by(Rules::Rfc5280)).err().unwrap().code(), "malformed");
    }
    // Read all the same, and refused by who looks closer.
    let mut chain = Chain::new();
    chain.leaf.extension(SUBJECT_KEY).value = vec![4, 0x81, 1, 5];
    let verdict = judge(&chain, &by(Rules::Rfc5280)).unwrap();
    assert!(rules(&verdict).contains(&(1, Rule::MalformedExtension)), "{:?}", verdict.findings);
    let mut chain = Chain::new();
    let algorithm = [oid("1.2.840.10045.4.3.2"), vec![5, 0]].concat();
    chain.leaf.outer_algorithm = Some(tlv(0x30, &algorithm));
    let verdict = judge(&chain, &by(Rules::Rfc5280)).unwrap();
    assert!(rules(&verdict).contains(&(1, Rule::Malformed)), "{:?}", verdict.findings);
}

#[test]
fn rules_of_the_public_web() {
    type Unfit = (&'static str, usize, fn(&mut Chain));
    let cases: [Unfit; 12] = [
        ("no extended key usage", LEAF, |c| c.leaf.remove(EXTENDED_KEY_USAGE)),
        ("any usage", LEAF, |c| {
            c.leaf.set(EXTENDED_KEY_USAGE, false, sequence(&[&oid(SERVER_AUTH), &oid("2.5.29.37.0")]));
        }),
        ("a critical extended key usage", LEAF, |c| c.leaf.extension(EXTENDED_KEY_USAGE).critical = true),
        ("critical names beside a subject", LEAF, |c| c.leaf.extension(ALT_NAME).critical = true),
        ("a common name that is none of the names", LEAF, |c| c.leaf.subject = name("API.example.com")),
        ("a mailbox", LEAF, |c| add_name(c, 0x81, b"me@example.com")),
        ("an underscore", LEAF, |c| add_name(c, 0x82, b"a_b.example.com")),
        ("a wildcard over a public suffix", LEAF, |c| add_name(c, 0x82, b"*.co.uk")),
        ("a wildcard within a label", LEAF, |c| add_name(c, 0x82, b"a*.example.com")),
        ("a root with an extended key usage", ROOT, |c| {
            c.root.set(EXTENDED_KEY_USAGE, false, sequence(&[&oid(SERVER_AUTH)]));
        }),
        ("a root that names another key as its issuer's", ROOT, |c| {
            c.root.set(AUTHORITY_KEY, false, sequence(&[&tlv(0x82, &[1])]));
        }),
        ("a leaf that is a CA", LEAF, |c| {
            c.leaf.set(BASIC_CONSTRAINTS, true, sequence(&[&tlv(1, &[0xff])]));
            c.leaf.set(KEY_USAGE, true, vec![3, 2, 2, 0x84]);
        }),
    ];
    for (what, position, break_it) in cases {
        let mut chain = Chain::new();
        break_it(&mut chain);
        let verdict = judge(&chain, &by(Rules::Webpki)).unwrap();
        let found = rules(&verdict);
        assert!(found.contains(&(position, Rule::BaselineRequirements)), "{what}: {:?}", verdict.findings);
    }
}

#[test]
fn names_depth_and_purpose_are_asked_for() {
    let mut chain = Chain::new();
    let uri = b"spiffe://Example.org/a";
    let names = [tlv(0x81, b"Me@Example.com"), tlv(0x86, uri)].concat();
    chain.leaf.set(ALT_NAME, false, tlv(0x30, &names));
    let certificates = chain.certificates().unwrap();
    let question = question(&certificates, Purpose::Any, None);
    let accepted = |emails: &[&str], uris: &[&str], max_depth| {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (emails, uris) = (own(emails), own(uris));
        let demands = Demands { emails: &emails, uris: &uris, max_depth, ..by(Rules::Rfc5280) };
        let verdict = verify_by(&certificates[0], &question, &demands);
        verdict.accepted.then_some(()).ok_or_else(|| rules(&verdict))
    };
    let mismatch = Err(vec![(1, Rule::NameMismatch)]);
    assert_eq!(accepted(&["Me@example.COM"], &["SPIFFE://example.org/a"], Some(1)), Ok(()));
    assert_eq!(accepted(&["me@example.com"], &[], None), mismatch);
    assert_eq!(accepted(&["Me@example.com", "you@example.com"], &[], None), mismatch);
    assert_eq!(accepted(&[], &["spiffe://example.org/A"], None), mismatch);
    assert_eq!(accepted(&[], &[], Some(0)), Err(vec![(1, Rule::PathDepth)]));
}

#[test]
fn policies_hold_along_the_path_or_are_not_asked_for() {
    const GOLD: &str = "1.2.3.1";
    const SILVER: &str = "1.2.3.2";
    const ANY: &str = "2.5.29.32.0";
    let stated = |policies: &[&str]| {
        tlv(0x30, &policies.iter().flat_map(|policy| sequence(&[&oid(policy)])).collect::<Vec<_>>())
    };
    let accepted = |ca: &[&str], leaf: &[&str], acceptable: &[&str], more: fn(&mut Chain)| {
        let mut chain = Chain::new();
        if !ca.is_empty() {
            chain.ca.set(POLICIES, false, stated(ca));
        }
        if !leaf.is_empty() {
            chain.leaf.set(POLICIES, false, stated(leaf));
        }
        more(&mut chain);
        let acceptable: Vec<Oid> = acceptable.iter().map(|policy| policy.parse().unwrap()).collect();
        let explicit = !acceptable.is_empty();
        let policies = Policies { acceptable: &acceptable, explicit, ..Policies::default() };
        let verdict = judge(&chain, &Demands { policies, ..by(Rules::Rfc5280) }).unwrap();
        assert_eq!(verdict.accepted, verdict.findings.is_empty());
        let policy = verdict.findings.iter().all(|finding| finding.rule == Rule::Policy);
        assert!(policy, "{:?}", verdict.findings);
        verdict.accepted
    };
    let nothing: fn(&mut Chain) = |_| {};
    let required: fn(&mut Chain) = |c| c.ca.set(POLICY_CONSTRAINTS, true, sequence(&[&tlv(0x80, &[0])]));
    let mapped: fn(&mut Chain) = |c| {
        c.ca.set(MAPPINGS, true, sequence(&[&sequence(&[&oid(GOLD), &oid(SILVER)])]));
    };
    assert!(accepted(&[GOLD], &[SILVER], &[], nothing), "nobody asks");
    assert!(!accepted(&[GOLD], &[SILVER], &[], required));
    assert!(accepted(&[GOLD], &[GOLD], &[], required));
    assert!(!accepted(&[], &[GOLD], &[], required));
    assert!(accepted(&[GOLD, SILVER], &[GOLD], &[GOLD], nothing));
    assert!(!accepted(&[GOLD, SILVER], &[GOLD], &[SILVER], nothing));
    assert!(accepted(&[ANY], &[GOLD], &[GOLD], nothing));
    assert!(!accepted(&[ANY], &[GOLD], &[SILVER], nothing));
    assert!(accepted(&[GOLD], &[ANY], &[GOLD], nothing));
    assert!(!accepted(&[GOLD], &[ANY], &[GOLD], |c| c.ca.set(INHIBIT_ANY, true, tlv(2, &[0]))));
    assert!(accepted(&[GOLD], &[SILVER], &[GOLD], mapped), "the CA says that they are the same");
    assert!(!accepted(&[GOLD], &[GOLD], &[GOLD], mapped));
    assert!(!accepted(&[GOLD], &[SILVER], &[SILVER], mapped), "the policy is that of the CA's domain");
}

#[test]
fn an_untrusted_issuer_is_told_by_its_cause() {
    let chain = Chain::new();
    let [leaf, ca, root] = chain.certificates().unwrap();
    let other = Chain::new();
    let [_, other_ca, other_root] = other.certificates().unwrap();
    // The CA of the first chain, certified by a root that nobody trusts.
    let mut cross = chain.ca.clone();
    cross.issuer = name("Elsewhere");
    let cross = Certificate::from_der(&cross.sign(&key()), Origin::named("cross"));
    let cross = cross.unwrap();
    let mut far = chain.ca.clone();
    far.issuer = name("Far");
    let far = Certificate::from_der(&far.sign(&key()), Origin::named("far")).unwrap();
    let mut stranger = Chain::new();
    stranger.root.subject = name("Stranger");
    stranger.root.issuer = name("Stranger");
    let stranger = stranger.certificates().unwrap()[2].clone();
    let told = |anchor: &Certificate, intermediates: &[&Certificate]| {
        let anchors = std::slice::from_ref(anchor);
        let intermediates: Vec<_> = intermediates.iter().map(|between| (*between).clone()).collect();
        let intermediates = intermediates.as_slice();
        let question = Question { anchors, intermediates, purpose: Purpose::Server, host: None, at: NOW };
        let verdict = verify_by(&leaf, &question, &by(Rules::Path));
        let finding = verdict.findings.last().map(|finding| (finding.certificate, finding.cause));
        finding.unwrap_or((0, None))
    };
    assert_eq!(told(&root, &[&ca]), (0, None));
    assert_eq!(told(&root, &[&root, &ca]), (0, None), "the order is no matter");
    assert_eq!(told(&root, &[]), (1, Some(Cause::LeafAlone)));
    assert_eq!(told(&root, &[&stranger]), (1, Some(Cause::IssuerMissing)));
    assert_eq!(told(&root, &[&other_ca]), (1, Some(Cause::IssuerRekeyed)));
    assert_eq!(told(&other_root, &[&ca]), (2, Some(Cause::IssuerRekeyed)));
    assert_eq!(told(&stranger, &[&ca, &root]), (3, Some(Cause::OtherRoot)));
    assert_eq!(told(&stranger, &[&ca]), (2, Some(Cause::IssuerMissing)));
    assert_eq!(told(&stranger, &[&cross, &far]), (2, Some(Cause::CrossSigned)));
}

#[test]
fn hostile_chains_end_soon() {
    let chain = Chain::new();
    let [leaf, ..] = chain.certificates().unwrap();
    // A hundred CAs of one name and key, each signed by all others, none by the root.
    let mut pool = Vec::new();
    for number in 1..=100 {
        let mut ca = chain.ca.clone();
        ca.serial = vec![number];
        ca.issuer = name("Issuing");
        let der = ca.sign(&chain.keys[1]);
        pool.push(Certificate::from_der(&der, Origin::named("pool")).unwrap());
    }
    let other = Chain::new().certificates().unwrap();
    let question = Question {
        anchors: &other[2..],
        intermediates: &pool,
        purpose: Purpose::Server,
        host: None,
        at: NOW,
    };
    for rules in [Rules::Path, Rules::Rfc5280] {
        let verdict = verify_by(&leaf, &question, &by(rules));
        assert!(!verdict.accepted && !verdict.is_undecided(), "{:?}", verdict.findings);
    }
    // As many keys as certificates, each signed by the next: more signatures than anybody checks, which is no answer.
    let keys: Vec<_> = (0..64).map(|_| key()).collect();
    let signers = keys.iter().skip(1).chain(keys.first());
    let pool: Vec<_> = keys
        .iter()
        .zip(signers)
        .enumerate()
        .map(|(number, (key, signer))| {
            let mut ca = chain.ca.clone();
            (ca.serial, ca.issuer) = (vec![number as u8 + 1], name("Issuing"));
            ca.spki = key.public().spki().to_vec();
            ca.remove(AUTHORITY_KEY);
            ca.remove(SUBJECT_KEY);
            ca.sign(signer)
        })
        .collect();
    let leaf = Certificate::from_der(&chain.leaf.sign(&keys[0]), Origin::named("leaf")).unwrap();
    let pool: Vec<_> =
        pool.iter().map(|der| Certificate::from_der(der, Origin::named("pool")).unwrap()).collect();
    let verdict = verify_by(&leaf, &Question { intermediates: &pool, ..question }, &by(Rules::Path));
    assert!(!verdict.accepted && verdict.is_undecided(), "{:?}", verdict.findings);
    // Names and constraints that are too many to compare are refused for it.
    let mut chain = Chain::new();
    let bases: Vec<Vec<u8>> = (0..600).map(|number| tlv(0x82, format!("{number}.org").as_bytes())).collect();
    let bases: Vec<&[u8]> = bases.iter().map(Vec::as_slice).collect();
    chain.ca.set(NAME_CONSTRAINTS, true, constraints(&[], &bases));
    let names: Vec<u8> = (0..600).flat_map(|number| tlv(0x82, format!("{number}.com").as_bytes())).collect();
    chain.leaf.set(ALT_NAME, false, tlv(0x30, &[names, tlv(0x82, b"api.example.com")].concat()));
    let verdict = judge(&chain, &by(Rules::Path)).unwrap();
    assert_eq!(rules(&verdict), [(1, Rule::NameConstraint)]);
}
