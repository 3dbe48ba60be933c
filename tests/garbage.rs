//! A few hundred damaged inputs for everything that reads bytes of strangers, the same in every run, and those that a fuzzer
//! once found. `tests/fuzz` tries many more with the same code; what must hold stands in `exercise`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod exercise;

use pkit::{
    Error,
    cert::Certificate,
    crl::{Crl, Reason, Revoked, Terms},
    csr::Csr,
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, Passphrase, PrivateKey},
    name::Name,
    origin::Origin,
    pem,
    pkcs12::{Compat, Entry, write},
    profile::Profile,
    validity::{End, Span},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use ring::rand::SystemRandom;
use time::macros::datetime;

/// Good inputs with a few octets changed, put in, taken out, doubled or cut off; and random ones.
fn damaged(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..5u8, any::<u8>()), 0..4);
    let damaged = (prop::sample::select(seeds), edits).prop_map(|(mut bytes, edits)| {
        for (place, what, octet) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match what {
                0 => bytes[at] = octet,
                1 => bytes.insert(at, octet),
                2 => drop(bytes.remove(at)),
                3 => bytes.extend_from_within(at..),
                _ => bytes.truncate(at),
            }
        }
        bytes
    });
    prop_oneof![4 => damaged, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

fn try_all(seeds: Vec<Vec<u8>>, exercise: fn(&[u8])) {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, random);
    seeds.iter().for_each(|seed| exercise(seed));
    runner
        .run(&damaged(seeds), |bytes| {
            exercise(&bytes);
            Ok(())
        })
        .unwrap();
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const KEY_TYPES: [KeyType; 3] = [KeyType::P256, KeyType::P384, KeyType::Ed25519];

fn key(kind: KeyType) -> PrivateKey {
    PrivateKey::generate(kind, &SystemRandom::new()).unwrap()
}

fn root(kind: KeyType) -> Certificate {
    let name = "C=DE,O=Köln,OU=One,OU=Two,CN=Root".parse().unwrap();
    let request = Request::new(Kind::Root, name, End::After(Span::years(30)));
    let plan = plan(request, None, datetime!(2027-01-01 0:00 UTC)).unwrap();
    plan.sign_root(&key(kind), &SystemRandom::new()).unwrap()
}

/// An OCSP response about the certificate of the exercise, with a signature that is none.
fn stapled(status: &[u8]) -> Vec<u8> {
    let put = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        let length = content.len();
        let head = if length < 0x80 {
            vec![tag, length as u8]
        } else {
            vec![tag, 0x82, (length >> 8) as u8, length as u8]
        };
        let head = if (0x80..0x100).contains(&length) { vec![tag, 0x81, length as u8] } else { head };
        [head, content].concat()
    };
    let subject = &exercise::SUBJECT;
    let digest = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec();
    let hash = put(0x30, &[&put(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]])]);
    let (name, key) = (put(4, &[&digest(subject.subject().der())]), put(4, &[&[7; 32]]));
    let id = put(0x30, &[&hash, &name, &key, &put(2, &[subject.serial()])]);
    let time = |text: &[u8]| put(0x18, &[text]);
    let next = put(0xa0, &[&time(b"20270201000000Z")]);
    let single = put(0x30, &[&id, status, &time(b"20261231000000Z"), &next]);
    let tbs =
        put(0x30, &[&put(0xa2, &[&put(4, &[&[7; 20]])]), &time(b"20261231000000Z"), &put(0x30, &[&single])]);
    let algorithm = put(0x30, &[&put(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])]);
    let certificates = put(0xa0, &[&put(0x30, &[subject.der()])]);
    let basic = put(0x30, &[&tbs, &algorithm, &put(3, &[&[0; 72]]), &certificates]);
    let kind = put(6, &[&[0x2b, 6, 1, 5, 5, 7, 48, 1, 1]]);
    let bytes = put(0xa0, &[&put(0x30, &[&kind, &put(4, &[&basic])])]);
    put(0x30, &[&put(0x0a, &[&[0]]), &bytes])
}

#[test]
fn stapled_responses() {
    let revoked = [&[0xa1, 22, 0x18, 15][..], b"20261201000000Z", &[0xa0, 3, 0x0a, 1, 1]].concat();
    let seeds = vec![stapled(&[0x80, 0]), stapled(&revoked), stapled(&[0x82, 0])];
    try_all(seeds, exercise::ocsp);
}

#[test]
fn first_messages_of_servers() {
    let mut hello = vec![22, 3, 3, 0, 82, 2, 0, 0, 78, 3, 3];
    hello.extend([7; 32]);
    hello.push(32);
    hello.extend([9; 32]);
    hello.extend([0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    try_all(vec![hello, vec![21, 3, 1, 0, 2, 2, 70]], exercise::answer);
}

#[test]
fn subjects() {
    let written = [
        "C=US,ST=California,O=Acme\\, Inc,CN=api",
        "DC=com,DC=example,OU=One+CN=Two",
        "2.5.4.3=x",
        "CN=\\41\\20",
    ];
    let names = written.iter().filter_map(|text| text.parse::<Name>().ok()).map(|name| name.der().to_vec());
    try_all(texts(&written).into_iter().chain(names).collect(), exercise::subject);
}

#[test]
fn sans() {
    let written =
        ["*.example.com", "bücher.example", "10.1.2.3", "[::1]", "spiffe://example.org/a", "a.b@example.com"];
    try_all(texts(&written), exercise::san);
}

#[test]
fn hellos() {
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let mut bytes = Vec::new();
    let mut client =
        rustls::ClientConnection::new(config.into(), "api.internal".try_into().unwrap()).unwrap();
    client.write_tls(&mut bytes).unwrap();
    let cut = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
    let pieces = bytes[5..].chunks(3).flat_map(cut).collect();
    try_all(vec![bytes, pieces], exercise::hello);
}

#[test]
fn rows() {
    let written = [
        "name,profile,sans,subject\na,server,\"a.internal; 10.0.0.1\",\"O=Acme, CN=a\"\n\nb,,,\n",
        "{\"name\":\"a\",\"sans\":[\"a.internal\"],\"key-type\":\"p384\"}\n{\"name\":\"b\",\"sans\":\"x y\"}",
    ];
    try_all(texts(&written), exercise::rows);
}

#[test]
fn durations() {
    let written = ["1y6mo", "2w 1h", "10m90s", "2027-06-30T00:00:00Z", "9999-12-31T23:59:59+01:00"];
    try_all(texts(&written), exercise::duration);
}

#[test]
fn private_keys() {
    let keys = KEY_TYPES.map(key);
    let der = keys.iter().map(|key| key.pkcs8().to_vec());
    let pem = keys.iter().map(|key| key.to_pem().to_vec());
    try_all(der.chain(pem).collect(), exercise::private_key);
}

#[test]
fn certificates() {
    let roots = KEY_TYPES.map(root);
    let der = roots.iter().map(|root| root.der().to_vec());
    let pem = roots.iter().map(|root| root.to_pem().into_bytes());
    let seeds: Vec<_> = der.chain(pem).collect();
    try_all(seeds.clone(), exercise::certificate);
    try_all(seeds, exercise::lint);
}

#[test]
fn revocation_lists() {
    let now = datetime!(2027-01-01 0:00 UTC);
    let list = |kind| {
        let key = key(kind);
        let request = Request::new(Kind::Root, "CN=Root".parse().unwrap(), End::After(Span::years(30)));
        let root = plan(request, None, now).unwrap().sign_root(&key, &SystemRandom::new()).unwrap();
        let issuer = Issuer::new(root, &[], key, Origin::named("key"), now).ok().unwrap();
        let entry = |serial: &[u8], reason| Revoked { serial: serial.into(), date: now, reason };
        let entries = vec![entry(&[1, 2], Reason::KeyCompromise), entry(&[0, 0x80], Reason::Unspecified)];
        let terms = Terms { number: 7, this_update: now, next_update: datetime!(2051-01-01 0:00 UTC) };
        Crl::sign(&issuer, entries, terms, &SystemRandom::new()).unwrap()
    };
    let lists = KEY_TYPES.map(list);
    let der = lists.iter().map(|list| list.der().to_vec());
    let seeds: Vec<_> = der.chain(lists.iter().map(|list| list.to_pem().into_bytes())).collect();
    try_all(seeds.clone(), exercise::crl);
    try_all(seeds, exercise::lint);
}

/// What is handed out and handed in: a store under the passphrase that the exercise knows.
fn store(compat: Compat) -> Vec<u8> {
    let key = key(KeyType::P256);
    let request = Request::new(Kind::Root, "CN=Root".parse().unwrap(), End::After(Span::years(30)));
    let plan = plan(request, None, datetime!(2027-01-01 0:00 UTC)).unwrap();
    let certificate = plan.sign_root(&key, &SystemRandom::new()).unwrap();
    let entries = [Entry::Key { key: &key, certificate: &certificate, name: "a" }];
    let password = Passphrase::new(exercise::PASSPHRASE.as_bytes().to_vec().into());
    write(&entries, &password, compat, &SystemRandom::new()).unwrap().to_vec()
}

#[test]
fn stores() {
    try_all(vec![store(Compat::Legacy)], exercise::pkcs12);
}

/// Signed data without a signature, definite and indefinite.
fn messages() -> Vec<Vec<u8>> {
    let certificate = root(KeyType::Ed25519);
    let element = |kind: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 0x82, length[0], length[1]], content].concat()
    };
    let signed = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let parts = [&[2, 1, 1, 0x31, 0, 0x30, 0][..], &element(0xa0, certificate.der()), &[0x31, 0]].concat();
    let definite = element(0x30, &[&signed[..], &element(0xa0, &element(0x30, &parts))].concat());
    let indefinite = [&[0x30, 0x80][..], &signed, &[0xa0, 0x80, 0x30, 0x80], &parts, &[0; 6]].concat();
    vec![definite, indefinite]
}

#[test]
fn bags_of_certificates() {
    messages()
        .iter()
        .for_each(|message| assert_eq!(pkit::pkcs7::Pkcs7::read(message).unwrap().certificates.len(), 1));
    try_all(messages(), exercise::pkcs7);
}

#[test]
fn requests() {
    let request = |kind| {
        let key = key(kind);
        let subject = "C=DE,O=Köln,CN=a".parse().unwrap();
        let request = Request::new(Kind::Leaf(Profile::Server), subject, End::After(Span::days(1)));
        let request = Request { sans: vec!["a.internal".parse().unwrap()], ..request };
        Csr::make(request, &key, &SystemRandom::new()).unwrap()
    };
    let requests = KEY_TYPES.map(request);
    let der = requests.iter().map(|csr| csr.der().to_vec());
    try_all(der.chain(requests.iter().map(|csr| csr.to_pem().into_bytes())).collect(), exercise::request);
}

#[test]
fn manifests() {
    let pem = root(KeyType::P256).to_pem();
    let indented = pem.replace('\n', "\n    ");
    let written = [
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ca\ndata:\n  ca.crt: |\n    {indented}\n---\nkind: List\n"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {tls.crt: TUlJ, x: 'YQ=='}\n".into(),
        "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"stringData\":{\"a\":\"b\"}}]}".into(),
    ];
    try_all(written.map(String::into_bytes).into(), exercise::manifest);
}

#[test]
fn pem_in_pieces() {
    let root = root(KeyType::Ed25519).to_pem();
    let text = format!(
        "subject\n{root}\n-----BEGIN X-----\n-----END Y-----\n  {root}a -----END X-----\n-----BEGIN Z-----\nAA"
    );
    let seeds = [0u8, 1, 40, 255].map(|step| [&[step], text.as_bytes()].concat());
    try_all(seeds.into(), exercise::pem_chunks);
}

#[test]
fn anything_that_people_are_handed() {
    let certificate = root(KeyType::P384);
    let mut seeds = messages();
    seeds.extend([certificate.der().to_vec(), certificate.to_pem().into_bytes()]);
    seeds.extend([key(KeyType::P256).pkcs8().to_vec(), key(KeyType::Ed25519).to_pem().to_vec()]);
    seeds.push(certificate.public_key().spki().to_vec());
    seeds.push(b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== someone".to_vec());
    try_all(seeds, exercise::inspection);
}

#[test]
fn blocks_of_pem() {
    let root = root(KeyType::P256).to_pem();
    let written = [root.clone() + &root, format!("subject=x\r\n{root}"), pem::encode("A:B", b"content")];
    try_all(written.map(String::into_bytes).into(), exercise::pem);
}

#[test]
fn names_and_keys_in_new_certificates() {
    let seed = |name: &[u8], kind| [&[name.len() as u8], name, key(kind).public().spki()].concat();
    let name: Name = "O=Acme,CN=a".parse().unwrap();
    try_all(KEY_TYPES.map(|kind| seed(name.der(), kind)).into(), exercise::splice);
}

#[test]
fn what_a_fuzzer_found() {
    // Beyond the calendar, in UTC.
    exercise::duration(b"9999-12-31T23:59:59-12:15");
    // A set with a wrong tag inside.
    let broken = [0x30, 12, 0x31, 10, 0x48, 8, 6, 3, 0x55, 4, 3, 12, 1, b'a'];
    exercise::splice(&[&[broken.len() as u8], &broken[..]].concat());
    exercise::splice(&[&[2], &[0x30, 0][..]].concat());
    // An END line without a label closes nothing.
    exercise::pem_chunks(
        b"\x28-----BEGIN A-----\nAAAA\n-----END \nAAAA\nAAAA\nAAAA\nAAAA\n-----END A-----\n",
    );
    // Bytes in the middle that at the beginning would say UTF-16.
    exercise::pem_chunks(b"\x04x\n\xfe\xff\n-----BEGIN A-----\nAAAA\n-----END A-----\n");
    // A relative name of several parts has no order.
    exercise::subject(b"DC=a+CN=b,OU=c");
    exercise::subject(b"CN=b+DC=a,OU=c");
    // A URI that begins like a prefix.
    exercise::san(b"uri:n1uri:n1");
    exercise::san(b"uri:dns://n1");
}

/// Bytes that go on behind the name would be the key and the extensions of the certificate.
#[test]
fn a_subject_that_is_no_name_is_not_signed() {
    for der in [
        &[][..],
        &[0x30],
        &[0x30, 0, 0x30, 0],
        &[0x30, 2, 0x31, 0, 0x05, 0],
        &[0x30, 12, 0x31, 10, 0x48, 8, 6, 3, 0x55, 4, 3, 12, 1, b'a'],
    ] {
        let request = Request::new(Kind::Root, Name::from_der(der), End::After(Span::years(1)));
        let refused = plan(request, None, datetime!(2027-01-01 0:00 UTC));
        assert!(matches!(refused, Err(Error::SubjectInvalid { .. })), "{der:02x?}");
    }
}

/// x509-parser stops at the part of a name that it cannot read, and says that the name ends there.
#[test]
fn a_certificate_of_a_name_that_cannot_be_read_is_refused() {
    let root = root(KeyType::Ed25519);
    let name = root.subject().der();
    let places: Vec<usize> =
        (0..root.der().len() - name.len()).filter(|&at| root.der()[at..].starts_with(name)).collect();
    assert_eq!(places.len(), 2, "issuer and subject");
    for (place, whose) in places.into_iter().zip(["issuer", "subject"]) {
        let mut der = root.der().to_vec();
        // The tag of the first attribute, behind those of the name and of its first set.
        assert_eq!(der[place + 4], 0x30);
        der[place + 4] = 0x48;
        let error = Certificate::from_der(&der, Origin::named("test")).unwrap_err();
        let Error::Malformed { cause, .. } = error else { panic!("{error}") };
        assert!(cause.contains(whose) && cause.contains("distinguished name"), "{cause}");
    }
}
