//! What our own commands issue is clean, and each rule finds what breaks it.

use std::collections::BTreeSet;

use ring::rand::SystemRandom;
use time::macros::datetime;

use super::*;
use crate::{
    crl::{Crl, Reason, Revoked, Terms},
    der::sequence,
    issue::{Kind as IssueKind, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::San,
    oid::{self, Oid},
    profile::Profile,
    validity::{End, Span},
};

const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

fn ids(kind: Kind, der: &[u8]) -> Vec<&'static str> {
    let item = Item::new(kind, der.to_vec(), Origin::named("test"));
    judge(&[item], NOW)[0].findings.iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn rules_have_ids_and_words() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(
            rule.id
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-'),
            "{}",
            rule.id
        );
        for text in [rule.demand, rule.reason, rule.remedy] {
            assert!(text.ends_with('.') && text.len() > 10, "{}: {text}", rule.id);
        }
        assert_eq!(super::rule(rule.id), Some(rule));
    }
    assert!(seen.len() > 150, "{}", seen.len());
}

/// All that our commands make, of all kinds of keys; but that a peer is both is told.
#[test]
fn what_we_issue_is_clean() {
    let random = SystemRandom::new();
    for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
        let new_key = || PrivateKey::generate(kind, &random).unwrap();
        let name = |text: &str| Name::from_common_name(text).unwrap();
        let end = End::After(Span::days(365));
        let root_key = new_key();
        let request = Request::new(IssueKind::Root, name("Root"), End::After(Span::years(10)));
        let root = plan(request, None, NOW).unwrap().sign_root(&root_key, &random).unwrap();
        let issuer = Issuer::new(root.clone(), &[], root_key, Origin::named("key"), NOW).unwrap();
        let ca_key = new_key();
        let request =
            Request { path_length: Some(0), ..Request::new(IssueKind::Intermediate, name("CA"), end) };
        let ca = plan(request, Some(&issuer), NOW).unwrap().sign(ca_key.public(), &issuer, &random).unwrap();
        let below =
            Issuer::new(ca.clone(), std::slice::from_ref(&root), ca_key, Origin::named("key"), NOW).unwrap();
        let entry = Revoked { serial: vec![7].into(), date: NOW, reason: Reason::KeyCompromise };
        let terms = Terms { number: 1, this_update: NOW, next_update: NOW + time::Duration::days(7) };
        let crl = Crl::sign(&below, vec![entry], terms, &random).unwrap();
        assert_eq!(ids(Kind::Certificate, root.der()), [""; 0], "{kind:?} root");
        assert_eq!(ids(Kind::Crl, crl.der()), [""; 0], "{kind:?} CRL");
        for profile in [Profile::Server, Profile::Client, Profile::Peer] {
            let mut request = Request::new(IssueKind::Leaf(profile), name("api.internal"), end);
            request.sans = vec!["api.internal".parse::<San>().unwrap(), "10.0.0.1".parse().unwrap()];
            let leaf =
                plan(request, Some(&below), NOW).unwrap().sign(new_key().public(), &below, &random).unwrap();
            let chain = [&leaf, &ca].map(|certificate| {
                Item::new(Kind::Certificate, certificate.der().to_vec(), Origin::named("chain"))
            });
            let found = judge(&chain, NOW);
            let leaf_found: Vec<_> = found[0].findings.iter().map(|finding| finding.rule.id).collect();
            let expected: &[&str] = if profile == Profile::Peer { &["server-and-client"] } else { &[] };
            assert_eq!(leaf_found, expected, "{kind:?} {profile}");
            assert!(found[1].findings.is_empty(), "{kind:?} CA: {:?}", found[1].findings);
        }
    }
}

/// The parts of a certificate, each of which a case can break.
struct Parts {
    version: Vec<u8>,
    serial: Vec<u8>,
    inner: Vec<u8>,
    outer: Vec<u8>,
    issuer: Vec<u8>,
    validity: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    unique: Vec<u8>,
    /// Type, critical, value.
    extensions: Vec<(&'static [u8], bool, Vec<u8>)>,
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::der::put(&mut out, tag, &[content]);
    out
}

fn list(parts: &[Vec<u8>]) -> Vec<u8> {
    sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn oid_der(content: &[u8]) -> Vec<u8> {
    Oid::from_content(content).der()
}

fn attribute(kind: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
    element(tag::SET, &list(&[oid_der(kind), element(tag, text)]))
}

fn times(begin: &str, end: &str) -> Vec<u8> {
    let time = |text: &str| {
        element(if text.len() > 13 { tag::GENERALIZED_TIME } else { tag::UTC_TIME }, text.as_bytes())
    };
    list(&[time(begin), time(end)])
}

impl Parts {
    /// A server certificate in which nothing is wrong.
    fn good() -> Self {
        let key = PrivateKey::generate(KeyType::P256, &SystemRandom::new()).unwrap();
        let algorithm = list(&[oid_der(oid::ECDSA_SHA256)]);
        Self {
            version: element(0xa0, &element(tag::INTEGER, &[2])),
            serial: element(tag::INTEGER, &[0x11; 16]),
            inner: algorithm.clone(),
            outer: algorithm,
            issuer: list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"CA")]),
            validity: times("260901000000Z", "270801000000Z"),
            subject: list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"api.internal")]),
            spki: key.public().spki().to_vec(),
            unique: vec![],
            extensions: vec![
                (oid::SUBJECT_KEY_ID, false, element(tag::OCTET_STRING, &[1; 20])),
                (oid::AUTHORITY_KEY_ID, false, list(&[element(0x80, &[2; 20])])),
                (oid::KEY_USAGE, true, element(tag::BIT_STRING, &[7, 0x80])),
                (oid::EXTENDED_KEY_USAGE, false, list(&[oid_der(oid::SERVER_AUTH)])),
                (oid::SUBJECT_ALT_NAME, false, list(&[element(0x82, b"api.internal")])),
            ],
        }
    }

    /// The same as a CA.
    fn authority() -> Self {
        let mut parts = Self::good();
        parts.set(
            oid::BASIC_CONSTRAINTS,
            true,
            list(&[element(tag::BOOLEAN, &[0xff]), element(tag::INTEGER, &[0])]),
        );
        parts.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[1, 6]));
        parts.drop(oid::EXTENDED_KEY_USAGE);
        parts.drop(oid::SUBJECT_ALT_NAME);
        parts
    }

    fn drop(&mut self, kind: &[u8]) {
        self.extensions.retain(|(known, ..)| *known != kind);
    }

    fn set(&mut self, kind: &'static [u8], critical: bool, value: Vec<u8>) {
        self.drop(kind);
        self.extensions.push((kind, critical, value));
    }

    fn der(&self) -> Vec<u8> {
        let extensions: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|(kind, critical, value)| {
                let flag = if *critical { element(tag::BOOLEAN, &[0xff]) } else { vec![] };
                list(&[oid_der(kind), flag, element(tag::OCTET_STRING, value)])
            })
            .collect();
        let extensions = element(0xa3, &list(&extensions));
        let tbs = list(&[
            self.version.clone(),
            self.serial.clone(),
            self.inner.clone(),
            self.issuer.clone(),
            self.validity.clone(),
            self.subject.clone(),
            self.spki.clone(),
            self.unique.clone(),
            extensions,
        ]);
        let number = element(tag::INTEGER, &[1]);
        let signature = [vec![0], list(&[number.clone(), number])].concat();
        list(&[tbs, self.outer.clone(), element(tag::BIT_STRING, &signature)])
    }
}

fn san(tag: u8, text: &[u8]) -> Vec<u8> {
    list(&[element(tag, text)])
}

/// How a case breaks a certificate.
type Break = fn(&mut Parts);

#[test]
fn broken_fields_are_found() {
    assert_eq!(ids(Kind::Certificate, &Parts::good().der()), [""; 0]);
    let cases: &[(&str, Break)] = &[
        ("version-invalid", |p| p.version = element(0xa0, &element(tag::INTEGER, &[3]))),
        ("der-default-encoded", |p| p.version = element(0xa0, &element(tag::INTEGER, &[0]))),
        ("extensions-need-version-3", |p| p.version = vec![]),
        ("extensions-empty", |p| p.extensions.clear()),
        ("unique-identifier-present", |p| p.unique = element(0x81, &[0, 1])),
        ("serial-number-not-positive", |p| p.serial = element(tag::INTEGER, &[0x80, 1])),
        ("serial-number-not-positive", |p| p.serial = element(tag::INTEGER, &[0])),
        ("serial-number-too-long", |p| p.serial = element(tag::INTEGER, &[1; 21])),
        ("serial-number-predictable", |p| p.serial = element(tag::INTEGER, &[1])),
        ("der-integer-not-minimal", |p| p.serial = element(tag::INTEGER, &[0, 1, 1, 1, 1, 1, 1, 1, 1])),
        ("signature-algorithm-mismatch", |p| p.outer = list(&[oid_der(oid::ECDSA_SHA384)])),
        ("signature-parameters-invalid", |p| p.inner = list(&[oid_der(oid::ECDSA_SHA256), vec![5, 0]])),
        ("signature-algorithm-weak", |p| p.outer = list(&[oid_der(oid::ECDSA_SHA1)])),
        ("time-form-invalid", |p| p.validity = times("2609010000Z", "270801000000Z")),
        ("time-form-invalid", |p| p.validity = times("20260901000000+0100", "270801000000Z")),
        ("time-kind-wrong", |p| p.validity = times("20260901000000Z", "270801000000Z")),
        ("validity-reversed", |p| p.validity = times("270801000000Z", "260901000000Z")),
        ("expired", |p| p.validity = times("250901000000Z", "261201000000Z")),
        ("not-yet-valid", |p| p.validity = times("270201000000Z", "270801000000Z")),
        ("leaf-validity-long", |p| p.validity = times("260901000000Z", "271201000000Z")),
        ("leaf-validity-over-825-days", |p| p.validity = times("260901000000Z", "300801000000Z")),
        ("issuer-empty", |p| p.issuer = list(&[])),
        ("subject-empty-without-san", |p| {
            p.subject = list(&[]);
            p.drop(oid::SUBJECT_ALT_NAME);
        }),
        ("san-not-critical-without-subject", |p| p.subject = list(&[])),
        ("name-unreadable", |p| p.subject = list(&[element(tag::SET, &[2, 1, 1])])),
        ("name-rdn-empty", |p| p.subject = list(&[element(tag::SET, &[])])),
        ("name-attribute-empty", |p| p.subject = list(&[attribute(oid::ORGANIZATION, tag::UTF8, b"")])),
        ("name-attribute-too-long", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, &[b'a'; 65])])
        }),
        ("name-string-type-deprecated", |p| p.subject = list(&[attribute(oid::COMMON_NAME, tag::T61, b"a")])),
        ("name-string-type-wrong", |p| p.subject = list(&[attribute(oid::COUNTRY, tag::UTF8, b"DE")])),
        ("country-not-two-letters", |p| p.subject = list(&[attribute(oid::COUNTRY, tag::PRINTABLE, b"USA")])),
        ("country-not-upper-case", |p| p.subject = list(&[attribute(oid::COUNTRY, tag::PRINTABLE, b"de")])),
        ("string-not-of-its-type", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::PRINTABLE, b"a@b")])
        }),
        ("name-control-characters", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"a\x07b")])
        }),
        ("name-surrounding-whitespace", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"a ")])
        }),
        ("name-html-entity", |p| p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"A &amp; B")])),
        ("name-encoded-twice", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, "BÃ¼cher".as_bytes())])
        }),
        ("name-attribute-without-content", |p| {
            p.subject = list(&[attribute(oid::LOCALITY, tag::UTF8, b"-")])
        }),
        ("subject-email-not-in-san", |p| {
            p.subject = list(&[attribute(oid::EMAIL_ADDRESS, tag::IA5, b"a@b.c")])
        }),
        ("common-name-not-in-san", |p| {
            p.subject = list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"b.internal")])
        }),
        ("dns-name-empty", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b" "))),
        ("dns-name-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b".internal"))),
        ("dns-name-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"a..b"))),
        ("dns-name-underscore", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"a_b.internal"))),
        ("name-null-character", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"a.b\0.c"))),
        ("name-not-ia5", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, "ü.internal".as_bytes()))),
        ("idn-label-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"xn--a.internal"))),
        ("reserved-label", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"ab--c.internal"))),
        ("wildcard-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"w*.a.internal"))),
        ("wildcard-too-broad", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"*.internal"))),
        ("wildcard", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"*.a.internal"))),
        ("ip-address-as-dns-name", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x82, b"10.0.0.1"))),
        ("ip-address-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x87, &[10, 0, 1]))),
        ("email-address-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x81, b"A <a@b.c>"))),
        ("uri-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x86, b"/a/b"))),
        ("uri-host-invalid", |p| p.set(oid::SUBJECT_ALT_NAME, false, san(0x86, b"https://a/b"))),
        ("server-without-names", |p| p.drop(oid::SUBJECT_ALT_NAME)),
        ("extension-empty", |p| p.set(oid::SUBJECT_ALT_NAME, false, list(&[]))),
        ("public-key-malformed", |p| p.spki.truncate(p.spki.len() - 1)),
        ("extension-repeated", |p| p.extensions.push(p.extensions[0].clone())),
        ("extension-malformed", |p| p.set(oid::EXTENDED_KEY_USAGE, false, element(tag::INTEGER, &[1]))),
        ("extension-must-not-be-critical", |p| {
            p.set(oid::SUBJECT_KEY_ID, true, element(tag::OCTET_STRING, &[1]))
        }),
        ("extension-should-be-critical", |p| {
            p.set(oid::KEY_USAGE, false, element(tag::BIT_STRING, &[7, 0x80]))
        }),
        ("critical-extension-unknown", |p| p.set(&[0x2b, 6, 1], true, vec![5, 0])),
        ("precertificate", |p| p.set(oid::CT_POISON, true, vec![5, 0])),
        ("authority-key-id-missing", |p| p.drop(oid::AUTHORITY_KEY_ID)),
        ("authority-key-id-incomplete", |p| {
            p.set(oid::AUTHORITY_KEY_ID, false, list(&[element(0x80, &[2]), element(0x82, &[1])]))
        }),
        ("subject-key-id-missing", |p| p.drop(oid::SUBJECT_KEY_ID)),
        ("key-usage-empty", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[0]))),
        ("key-usage-unknown-bits", |p| {
            p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[0, 0x80, 0x81]))
        }),
        ("key-usage-trailing-zeros", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[0, 0x80]))),
        ("der-bit-string-invalid", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[7, 0x81]))),
        ("key-usage-unfit-for-key", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[5, 0xa0]))),
        ("key-cert-sign-without-ca", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[2, 0x84]))),
        ("key-usage-inconsistent-with-eku", |p| {
            p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[6, 0x40]))
        }),
        ("key-usage-beyond-eku", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[6, 0xc0]))),
        ("encipher-only-without-agreement", |p| {
            p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[0, 0x81]))
        }),
        ("any-extended-key-usage", |p| {
            p.set(oid::EXTENDED_KEY_USAGE, false, list(&[oid_der(oid::ANY_EXTENDED_KEY_USAGE)]))
        }),
        ("extended-key-usage-any-critical", |p| {
            p.set(oid::EXTENDED_KEY_USAGE, true, list(&[oid_der(oid::ANY_EXTENDED_KEY_USAGE)]))
        }),
        ("server-and-client", |p| {
            p.set(
                oid::EXTENDED_KEY_USAGE,
                false,
                list(&[oid_der(oid::SERVER_AUTH), oid_der(oid::CLIENT_AUTH)]),
            )
        }),
        ("constraints-without-ca", |p| p.set(oid::INHIBIT_ANY_POLICY, true, element(tag::INTEGER, &[0]))),
        ("policy-repeated", |p| {
            let policy = list(&[oid_der(&[0x2a, 3])]);
            p.set(oid::CERTIFICATE_POLICIES, false, list(&[policy.clone(), policy]));
        }),
        ("distribution-point-without-place", |p| {
            p.set(oid::CRL_DISTRIBUTION_POINTS, false, list(&[list(&[element(0x81, &[6, 0x40])])]))
        }),
        ("distribution-point-without-url", |p| {
            let name = element(0xa0, &element(0xa0, &element(0x82, b"a.internal")));
            p.set(oid::CRL_DISTRIBUTION_POINTS, false, list(&[list(&[name])]));
        }),
        ("pointer-over-https", |p| {
            let place = list(&[oid_der(oid::OCSP), element(0x86, b"https://ocsp.internal.example/")]);
            p.set(oid::AUTHORITY_INFO_ACCESS, false, list(&[place]));
        }),
    ];
    for (id, change) in cases {
        let mut parts = Parts::good();
        change(&mut parts);
        let found = ids(Kind::Certificate, &parts.der());
        assert!(found.contains(id), "{id}: {found:?}");
    }
}

fn constrained(base: Vec<u8>) -> Vec<u8> {
    list(&[element(0xa0, &list(&[base]))])
}

#[test]
fn broken_authorities_are_found() {
    assert_eq!(ids(Kind::Certificate, &Parts::authority().der()), [""; 0]);
    let cases: &[(&str, Break)] = &[
        ("extension-must-be-critical", |p| {
            p.set(oid::BASIC_CONSTRAINTS, false, list(&[element(tag::BOOLEAN, &[0xff])]));
        }),
        ("ca-without-key-usage", |p| p.drop(oid::KEY_USAGE)),
        ("ca-without-key-cert-sign", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[1, 2]))),
        ("path-length-without-ca", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[1, 2]))),
        ("ca-without-crl-sign", |p| p.set(oid::KEY_USAGE, true, element(tag::BIT_STRING, &[2, 4]))),
        ("ca-without-subject-key-id", |p| p.drop(oid::SUBJECT_KEY_ID)),
        ("ca-without-limits", |p| {
            p.set(oid::BASIC_CONSTRAINTS, true, list(&[element(tag::BOOLEAN, &[0xff])]))
        }),
        ("ca-subject-empty", |p| p.subject = list(&[])),
        ("der-boolean-invalid", |p| {
            p.set(oid::BASIC_CONSTRAINTS, true, list(&[element(tag::BOOLEAN, &[1])]))
        }),
        ("path-length-negative", |p| {
            p.set(
                oid::BASIC_CONSTRAINTS,
                true,
                list(&[element(tag::BOOLEAN, &[0xff]), element(tag::INTEGER, &[0xff])]),
            );
        }),
        ("extension-empty", |p| p.set(oid::NAME_CONSTRAINTS, true, list(&[]))),
        ("name-constraints-dns-leading-dot", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x82, b".internal")))
        }),
        ("name-constraints-dns-invalid", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x82, b"*.internal")))
        }),
        ("name-constraints-ip-invalid", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x87, &[10, 0, 0, 0, 255, 0, 255, 0])))
        }),
        ("name-constraints-ip-host-bits", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x87, &[10, 0, 0, 1, 255, 0, 0, 0])))
        }),
        ("name-constraints-uri-invalid", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x86, b"http://a.internal")))
        }),
        ("name-constraints-email-invalid", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x81, b"a@")))
        }),
        ("name-constraints-kind-unsupported", |p| {
            p.set(oid::NAME_CONSTRAINTS, true, constrained(element(0x88, &[0x2a, 3])))
        }),
        ("name-constraints-minimum", |p| {
            p.set(
                oid::NAME_CONSTRAINTS,
                true,
                constrained([element(0x82, b"internal"), element(0x80, &[1])].concat()),
            );
        }),
        ("name-constraints-maximum", |p| {
            p.set(
                oid::NAME_CONSTRAINTS,
                true,
                constrained([element(0x82, b"internal"), element(0x81, &[1])].concat()),
            );
        }),
        ("policy-constraints-invalid", |p| {
            p.set(oid::POLICY_CONSTRAINTS, true, list(&[element(0x80, &[0xff])]))
        }),
        ("inhibit-any-policy-negative", |p| {
            p.set(oid::INHIBIT_ANY_POLICY, true, element(tag::INTEGER, &[0xff]))
        }),
        ("policy-mapping-any-policy", |p| {
            p.set(
                oid::POLICY_MAPPINGS,
                true,
                list(&[list(&[oid_der(oid::ANY_POLICY), oid_der(&[0x2a, 3])])]),
            );
        }),
    ];
    for (id, change) in cases {
        let mut parts = Parts::authority();
        change(&mut parts);
        let found = ids(Kind::Certificate, &parts.der());
        assert!(found.contains(id), "{id}: {found:?}");
    }
}

#[test]
fn weak_rsa_keys_are_found() {
    let spki = |modulus: &[u8], exponent: &[u8]| {
        let key = list(&[element(tag::INTEGER, modulus), element(tag::INTEGER, exponent)]);
        list(&[list(&[oid_der(oid::RSA), vec![5, 0]]), element(tag::BIT_STRING, &[&[0][..], &key].concat())])
    };
    let odd = [&[0, 0xc1][..], &[0x5b; 254], &[0x0b]].concat();
    // (2^1023 + 1155) (2^1023 + 1493): two primes that are close together.
    let mut close = vec![0; 256];
    for (at, octet) in [(0, 0x40), (126, 0x05), (127, 0x2c), (253, 0x1a), (254, 0x4f), (255, 0xff)] {
        close[at] = octet;
    }
    for (id, modulus, exponent) in [
        ("key-too-small", odd[..130].to_vec(), vec![1, 0, 1]),
        ("rsa-exponent-invalid", odd.clone(), vec![1]),
        ("rsa-exponent-invalid", odd.clone(), vec![1, 0, 0]),
        ("rsa-exponent-small", odd.clone(), vec![3]),
        ("rsa-modulus-weak", [&odd[..256], &[2]].concat(), vec![1, 0, 1]),
        ("rsa-modulus-weak", close.clone(), vec![1, 0, 1]),
        ("rsa-modulus-uneven-size", close, vec![1, 0, 1]),
        ("public-key-malformed", vec![0x80; 256], vec![1, 0, 1]),
    ] {
        let parts = Parts { spki: spki(&modulus, &exponent), ..Parts::good() };
        let found = ids(Kind::Certificate, &parts.der());
        assert!(found.contains(&id), "{id}: {found:?}");
    }
}

#[test]
fn what_is_no_der_is_still_judged() {
    let good = Parts::good().der();
    let with_long_length = [&[0x30, 0x83, 0][..], &good[2..]].concat();
    assert!(ids(Kind::Certificate, &with_long_length).contains(&"der-length-not-minimal"));
    assert!(ids(Kind::Certificate, &[&good[..], &[0]].concat()).contains(&"trailing-data"));
    for length in 0..good.len() {
        assert!(ids(Kind::Certificate, &good[..length]).contains(&"structure-malformed"), "{length}");
    }
    assert!(ids(Kind::Crl, &good).contains(&"structure-malformed"));
    assert!(ids(Kind::Request, &good).contains(&"structure-malformed"));
}

#[test]
fn broken_lists_are_found() {
    let algorithm = || list(&[oid_der(oid::ECDSA_SHA256)]);
    let time = |text: &str| element(tag::UTC_TIME, text.as_bytes());
    let extension = |kind: &[u8], value: Vec<u8>| list(&[oid_der(kind), element(tag::OCTET_STRING, &value)]);
    let make = |version: Vec<u8>, next: Vec<u8>, entries: Vec<u8>, extensions: Vec<Vec<u8>>| {
        let issuer = list(&[attribute(oid::COMMON_NAME, tag::UTF8, b"CA")]);
        let extensions = if extensions.is_empty() { vec![] } else { element(0xa0, &list(&extensions)) };
        let tbs = list(&[version, algorithm(), issuer, time("261231000000Z"), next, entries, extensions]);
        let number = element(tag::INTEGER, &[1]);
        let signature = [vec![0], list(&[number.clone(), number])].concat();
        list(&[tbs, algorithm(), element(tag::BIT_STRING, &signature)])
    };
    let two = || element(tag::INTEGER, &[1]);
    let next = || time("270107000000Z");
    let usual = || {
        let id = extension(oid::AUTHORITY_KEY_ID, list(&[element(0x80, &[2; 20])]));
        vec![id, extension(oid::CRL_NUMBER, element(tag::INTEGER, &[1]))]
    };
    let entry = |date: &str, reason: Option<u8>| {
        let reason =
            reason.map(|code| list(&[extension(oid::CRL_REASON, element(tag::ENUMERATED, &[code]))]));
        list(&[element(tag::INTEGER, &[5]), time(date), reason.unwrap_or_default()])
    };
    let good = make(two(), next(), list(&[entry("261201000000Z", Some(1))]), usual());
    assert_eq!(ids(Kind::Crl, &good), [""; 0]);
    let with = |entry: Vec<u8>| make(two(), next(), list(&[entry]), usual());
    for (id, der) in [
        ("crl-version-not-2", make(vec![], next(), vec![], usual())),
        ("crl-without-next-update", make(two(), vec![], vec![], usual())),
        ("crl-next-update-before-this", make(two(), time("261230000000Z"), vec![], usual())),
        ("crl-lapsed", make(two(), time("261231100000Z"), vec![], usual())),
        ("crl-entries-empty", make(two(), next(), list(&[]), usual())),
        ("crl-number-missing", make(two(), next(), vec![], vec![])),
        ("authority-key-id-missing", make(two(), next(), vec![], vec![])),
        ("crl-entry-in-future", with(entry("270101000000Z", None))),
        ("crl-reason-invalid", with(entry("261201000000Z", Some(7)))),
        ("crl-reason-unspecified", with(entry("261201000000Z", Some(0)))),
        ("crl-reason-remove-without-delta", with(entry("261201000000Z", Some(8)))),
        ("crl-entry-malformed", with(list(&[element(tag::INTEGER, &[5])]))),
        (
            "crl-entry-repeated",
            make(two(), next(), list(&[entry("261201000000Z", None), entry("261202000000Z", None)]), usual()),
        ),
    ] {
        let found = ids(Kind::Crl, &der);
        assert!(found.contains(&id), "{id}: {found:?}");
    }
}
