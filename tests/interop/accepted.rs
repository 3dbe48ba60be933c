//! What policy accepts, openssl verifies; and every single rule that is broken is refused before anything is signed.

use std::sync::LazyLock;

use pkit::{
    cert::{Certificate, NameConstraints},
    issue::{Custom, Kind, Pointers, Policy, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::{Name, San, Subtree},
    origin::Origin,
    profile::{KeyUsage, Profile},
    validity::{End, Span},
};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use ring::rand::SystemRandom;
use time::OffsetDateTime;

use super::{Sandbox, foreign};

/// Requests that are tried, the same ones every time; most are refused for one reason or another. `PKIT_REQUESTS` tries
/// that many others.
const REQUESTS: u32 = 2500;
/// Of these, so many at least are to be accepted, or the test says little.
const ACCEPTED: usize = 250;

static NOW: LazyLock<OffsetDateTime> = LazyLock::new(OffsetDateTime::now_utc);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

struct World {
    issuers: Vec<Issuer>,
}

/// A CA without limits, one whose root limits the names, and one that limits them itself in other ways.
fn world() -> World {
    let random = SystemRandom::new();
    let free = NameConstraints::default();
    let limits = |permitted: &[Subtree], excluded: &[Subtree]| NameConstraints {
        permitted: permitted.to_vec(),
        excluded: excluded.to_vec(),
    };
    let subtrees = |read: fn(&str) -> Result<Subtree, pkit::Error>, text: &str| read(text).unwrap();
    let company = limits(
        &[
            subtrees(Subtree::dns, "internal"),
            subtrees(Subtree::ip, "10.0.0.0/8"),
            subtrees(Subtree::email, ".internal"),
            subtrees(Subtree::uri, ".internal"),
        ],
        &[subtrees(Subtree::dns, "secret.internal")],
    );
    let bans = limits(
        &[],
        &[
            subtrees(Subtree::dns, "example.com"),
            subtrees(Subtree::ip, "2001:db8::/32"),
            subtrees(Subtree::email, "evil.internal"),
            subtrees(Subtree::uri, "other.example"),
        ],
    );
    let issuers =
        [(&free, &free, KeyType::P256), (&company, &free, KeyType::P384), (&free, &bans, KeyType::P256)];
    let issuers = issuers.into_iter().enumerate().map(|(index, (above, own, key_type))| {
        let authority = |kind, title: &str, limits: &NameConstraints, path_length| Request {
            name_constraints: (*limits != NameConstraints::default()).then(|| limits.clone()),
            path_length,
            ..Request::new(kind, name(&format!("O=Acme,CN={title} {index}")), End::After(Span::years(5)))
        };
        let new_key = || PrivateKey::generate(key_type, &random).unwrap();
        let key = new_key();
        let root = plan(authority(Kind::Root, "Root", above, None), None, *NOW).unwrap();
        let root = root.sign_root(&key, &random).unwrap();
        let issuer = Issuer::new(root.clone(), &[], key, Origin::named("root"), *NOW).unwrap();
        let key = new_key();
        let planned =
            plan(authority(Kind::Intermediate, "Issuing", own, Some(0)), Some(&issuer), *NOW).unwrap();
        let intermediate = planned.sign(key.public(), &issuer, &random).unwrap();
        Issuer::new(intermediate, &[root], key, Origin::named("issuing"), *NOW).unwrap()
    });
    World { issuers: issuers.collect() }
}

const SANS: &[&str] = &[
    "a.internal",
    "*.apps.internal",
    "x.secret.internal",
    "*.internal.example",
    "my_service.internal",
    "b.example.com",
    "bücher.example",
    "10.1.2.3",
    "192.0.2.1",
    "2001:db8::1",
    "ops@mail.internal",
    "x@evil.internal",
    "x@example.org",
    "spiffe://acme.internal/x",
    "https://other.example/a",
    "https://a@acme.internal/",
    "https://acme.internal?x=1",
    "https://acme.internal:8443/#x",
    "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "UPN:alice@corp.internal",
    "RID:1.2.3.4",
    "otherName:1.2.3.4;hex:020101",
];

const SUBJECTS: &[&str] = &[
    "CN=api",
    "CN=a.internal",
    "CN=b.example.com",
    "CN=10.1.2.3",
    "C=US,ST=California,L=San Francisco,O=Acme\\, Inc,OU=a,OU=b,CN=日本",
    "DC=com,DC=example,CN=x+UID=y",
    "CN=m,emailAddress=x@evil.internal",
    "CN=m,emailAddress=m@mail.internal",
    "CN=m,emailAddress=m",
    "CN=m,emailAddress=a@b@mail.internal",
    "O=Acme",
];

fn request() -> impl Strategy<Value = (usize, KeyType, Request)> {
    let usages =
        ["digitalSignature", "nonRepudiation", "keyEncipherment", "keyAgreement", "dataEncipherment"];
    let what = (
        select(vec![Profile::Server, Profile::Client, Profile::Peer]),
        prop_oneof![4 => select(SUBJECTS).prop_map(name), 1 => Just(Name::empty())],
        subsequence(SANS, 0..=3),
        prop_oneof![
            5 => Just(None),
            1 => subsequence(usages.to_vec(), 1..4).prop_map(|bits| Some(bits.join(",").parse::<KeyUsage>().unwrap())),
        ],
        subsequence(vec!["codeSigning", "emailProtection", "1.3.6.1.4.1.99999.7"], 0..=2),
    );
    let more = (
        any::<bool>(),
        select(vec![30u64, 365, 900, 1800, 4000]),
        any::<bool>(),
        select(vec![None, Some(-30i64), Some(-7200), Some(7200)]),
        subsequence(vec!["1.2.3.4", "1.2.3.5=https://acme.internal/cps"], 0..=2),
        subsequence(vec!["1.3.6.1.4.1.99999.1=hex:0500", "1.3.6.1.4.1.99999.2=hex:0c0161"], 0..=2),
    );
    let key = select(vec![KeyType::P256, KeyType::P384, KeyType::Ed25519]);
    (0..3usize, key, what, more).prop_map(
        |(
            issuer,
            key,
            (profile, subject, sans, key_usage, eku),
            (flag, days, explicit, begin, policies, custom),
        )| {
            let url = |path: &str| if flag { vec![format!("http://pki.internal/{path}")] } else { vec![] };
            let request = Request {
                sans: sans.iter().map(|san| san.parse::<San>().unwrap()).collect(),
                begin: begin.map(|seconds| *NOW + time::Duration::seconds(seconds)),
                end_is_explicit: explicit,
                key_usage,
                extended_key_usage: eku.iter().map(|usage| usage.parse().unwrap()).collect(),
                must_staple: flag,
                pointers: Pointers { crl: url("a.crl"), issuer: url("a.crt"), ocsp: url("ocsp") },
                policies: policies.iter().map(|policy| policy.parse::<Policy>().unwrap()).collect(),
                extensions: custom.iter().map(|custom| custom.parse::<Custom>().unwrap()).collect(),
                ..Request::new(Kind::Leaf(profile), subject, End::After(Span::days(days)))
            };
            (issuer, key, request)
        },
    )
}

fn purposes(profile: Profile) -> &'static [&'static str] {
    match profile {
        Profile::Server => &["sslserver"],
        Profile::Client => &["sslclient"],
        Profile::Peer => &["sslserver", "sslclient"],
    }
}

#[test]
fn what_policy_accepts_openssl_verifies() {
    let (world, random, sandbox) = (world(), SystemRandom::new(), Sandbox::new());
    for (index, issuer) in world.issuers.iter().enumerate() {
        sandbox.write(&format!("root{index}.pem"), issuer.root().to_pem());
        sandbox.write(&format!("chain{index}.pem"), issuer.certificate().to_pem());
    }
    let config = |cases| Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = match std::env::var("PKIT_REQUESTS") {
        Ok(count) => TestRunner::new(config(count.parse().unwrap())),
        Err(_) => {
            TestRunner::new_with_rng(config(REQUESTS), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        }
    };
    let accepted = std::cell::Cell::new(0);
    let outcome = runner.run(&request(), |(index, key, request)| {
        let issuer = &world.issuers[index];
        let profile = match request.kind {
            Kind::Leaf(profile) => profile,
            _ => unreachable!("leaves alone are asked for"),
        };
        let key = PrivateKey::generate(key, &random).unwrap();
        let signed = plan(request, Some(issuer), *NOW)
            .and_then(|plan| plan.judge_key(key.public(), Some(issuer)).map(|()| plan))
            .map(|plan| plan.sign(key.public(), issuer, &random));
        let certificate: Certificate = match signed {
            Err(_) => return Ok(()),
            // What the plan lets through, our own validator must not stop.
            Ok(signed) => signed.map_err(|error| TestCaseError::fail(format!("{error}: {:?}", error.facts())))?,
        };
        accepted.set(accepted.get() + 1);
        sandbox.write("leaf.pem", certificate.to_pem());
        for purpose in purposes(profile) {
            let line = format!(
                "openssl verify -x509_strict -purpose {purpose} -CAfile root{index}.pem -untrusted chain{index}.pem leaf.pem"
            );
            let output = foreign(&sandbox, &line);
            prop_assert!(
                output.status.success(),
                "{}{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
                certificate.to_pem()
            );
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(accepted.get() >= ACCEPTED, "only {} of {REQUESTS} requests were accepted", accepted.get());
}

/// A change to a request that breaks one rule, and what it is refused for.
type Break = (&'static str, fn(&mut Request));

#[test]
fn every_rule_that_is_broken_is_refused() {
    let world = world();
    let issuer = &world.issuers[1];
    let good = || Request {
        sans: vec!["a.internal".parse().unwrap(), "10.1.2.3".parse().unwrap()],
        end_is_explicit: true,
        ..Request::new(Kind::Leaf(Profile::Server), name("CN=a.internal"), End::After(Span::days(90)))
    };
    assert!(plan(good(), Some(issuer), *NOW).is_ok());
    fn with(request: &mut Request, san: &str) {
        request.sans.push(san.parse().unwrap());
    }
    let breaks: &[Break] = &[
        ("san-missing", |r| r.sans.clear()),
        ("name-not-permitted", |r| with(r, "b.example.com")),
        ("name-not-permitted", |r| with(r, "x.secret.internal")),
        ("name-not-permitted", |r| with(r, "*.internal.example")),
        ("name-not-permitted", |r| with(r, "192.0.2.1")),
        ("name-not-permitted", |r| with(r, "2001:db8::1")),
        ("name-not-permitted", |r| with(r, "ops@internal")),
        ("name-not-permitted", |r| with(r, "https://other.example/")),
        ("name-not-permitted", |r| with(r, "https://10.1.2.3/")),
        ("name-not-permitted", |r| r.subject = name("CN=a,emailAddress=a@example.org")),
        ("name-not-permitted", |r| {
            r.kind = Kind::Leaf(Profile::Client);
            r.sans.clear();
            r.subject = name("CN=b.example.com");
        }),
        ("subject-missing", |r| {
            r.kind = Kind::Leaf(Profile::Client);
            r.sans.clear();
            r.subject = Name::empty();
        }),
        ("path-length-used-up", |r| r.kind = Kind::Intermediate),
        ("outlives-issuer", |r| r.end = End::After(Span::years(6))),
        ("predates-issuer", |r| r.begin = Some(*NOW - time::Duration::days(1))),
        ("validity-empty", |r| r.end = End::At(*NOW - time::Duration::seconds(1))),
        ("validity-not-begun", |r| r.begin = Some(*NOW + time::Duration::days(1))),
        ("validity-reversed", |r| {
            r.begin = Some(*NOW + time::Duration::days(2));
            r.end = End::At(*NOW + time::Duration::days(1));
            r.for_testing = true;
        }),
        ("extension-invalid", |r| r.extended_key_usage = vec!["clientAuth".parse().unwrap()]),
        ("extension-invalid", |r| r.policies = vec!["1.2.3".parse().unwrap(), "1.2.3".parse().unwrap()]),
        ("extension-invalid", |r| {
            r.extensions = vec!["1.2.3=hex:0500".parse().unwrap(), "1.2.3=hex:0500".parse().unwrap()];
        }),
    ];
    for (code, change) in breaks {
        let mut request = good();
        change(&mut request);
        let told = format!("{request:?}");
        match plan(request, Some(issuer), *NOW) {
            Err(error) => assert_eq!(error.code(), *code, "{told}"),
            Ok(_) => panic!("accepted, and should be {code}: {told}"),
        }
    }
    // Keys.
    let planned = plan(good(), Some(issuer), *NOW).unwrap();
    for authority in issuer.path() {
        let error = planned.judge_key(authority.public_key(), Some(issuer)).unwrap_err();
        assert_eq!(error.code(), "key-is-issuers");
    }
    let random = SystemRandom::new();
    let key = PrivateKey::generate(KeyType::Ed25519, &random).unwrap();
    let enciphers =
        Request { key_usage: Some("digitalSignature,keyEncipherment".parse().unwrap()), ..good() };
    let planned = plan(enciphers, Some(issuer), *NOW).unwrap();
    assert_eq!(planned.sign(key.public(), issuer, &random).unwrap_err().code(), "extension-invalid");
}
