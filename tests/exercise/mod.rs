//! What is done with bytes of strangers, and what must hold whatever they are: nothing panics, what was read is written
//! and read again as the same, and nothing that is printed reaches for the terminal. The fuzz targets call this with
//! libFuzzer's bytes, `tests/garbage.rs` with a few hundred damaged ones in every `cargo test`.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{ops::ControlFlow, path::Path, sync::LazyLock};

use pkit::{
    Error, batch,
    cert::{Certificate, Piece, Pieces, decode_certificates},
    crl::{Crl, Terms},
    csr::Csr,
    fingerprint::hex,
    inspect::{Forest, Groups, Needle, Object, Report, What, examine, inspect},
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{Algorithm, KeyType, Passphrase, PrivateKey, PublicKey, decode_private_key, no_passphrase},
    kubernetes, lint,
    name::{GeneralName, Name, San, escape},
    origin::Origin,
    pem, pkcs7,
    pkcs12::{Content, Pkcs12},
    profile::Profile,
    tls::{hello::Answer, ocsp::Staple, serve::ClientHello},
    validity::{End, Span, format_rfc3339, parse_time, relative},
    verify::{Demands, Policies, Purpose, Question, Rules, verify_by},
};
use ring::rand::SystemRandom;
use time::{OffsetDateTime, macros::datetime};
use zeroize::Zeroizing;

const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

/// The passphrase that the target `private_key` knows.
pub(crate) const PASSPHRASE: &str = "correct horse";

fn origin() -> Origin {
    Origin::named("fuzz")
}

/// Nothing that a terminal obeys, or that hides.
fn harmless(text: &str) {
    assert_eq!(escape(text), text);
}

fn harmless_error(error: &Error) {
    harmless(&error.to_string());
    assert!(!error.code().is_empty());
}

/// The rows of a batch: each line is told once, whatever is in it.
pub(crate) fn rows(data: &[u8]) {
    let most = data.split(|byte| *byte == b'\n').count();
    match batch::rows(data, Path::new("fuzz")) {
        Err(error) => harmless_error(&error),
        Ok(rows) => {
            let lines: Vec<_> = rows.collect::<Result<_, _>>().unwrap();
            assert!(lines.len() <= most && lines.is_sorted_by(|one, two| one.number < two.number));
            for line in &lines {
                match &line.row {
                    Ok(row) => assert_eq!(row.name, line.name),
                    Err(error) => error.facts().iter().for_each(|fact| harmless(&fact.value)),
                }
            }
        }
    }
}

/// A distinguished name, as a person writes it and as DER.
pub(crate) fn subject(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match text.parse::<Name>() {
            Ok(name) => {
                assert!(name.is_readable());
                harmless(&name.to_string());
                let again: Name =
                    name.to_string().parse().unwrap_or_else(|error| panic!("{text:?} → {name}: {error}"));
                // The slash form is taken as it stands, which may be what the other form would turn.
                let stands = text.trim_start().starts_with('/');
                assert!(stands || again.same(&name), "{text:?} → {name} → {again}");
                let _ = name.with_common_name("added");
            }
            Err(error) => harmless_error(&error),
        }
        if let Ok(name) = Name::from_common_name(text) {
            assert_eq!(name.common_name().as_deref(), Some(text));
        }
    }
    any_name(&Name::from_der(data));
}

/// What can be asked of a name.
fn any_name(name: &Name) {
    harmless(&name.to_string());
    harmless(&name.short());
    let (half, _) = name.der().split_at(name.der().len() / 2);
    let other = Name::from_der(half);
    assert_eq!(name.same(&other), other.same(name));
    assert!(name.same(name));
    assert_eq!(name.is_within(name), name.is_readable());
    let _ = (name.is_within(&other), name.common_name(), name.email_addresses(), name.organizational_units());
}

/// An alternative name, as a person writes it.
pub(crate) fn san(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<San>() {
        Ok(san) => {
            harmless(&san.to_string());
            assert_eq!(san.to_string().parse::<San>().unwrap(), san, "{text:?}");
            general_name(&san.to_general_name());
        }
        Err(error) => harmless_error(&error),
    }
}

fn general_name(name: &GeneralName) {
    harmless(&name.to_string());
    harmless(&name.value());
    let _ = (name.kind(), name.covers_host("a.internal"), name.covers_host("::1"));
}

/// A duration or a moment.
pub(crate) fn duration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Span>() {
        Ok(span) => {
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text:?}");
            let _ = (span.after(NOW), span.after(OffsetDateTime::UNIX_EPOCH), span.to_duration());
        }
        Err(error) => harmless_error(&error),
    }
    match text.parse::<End>() {
        Ok(end) => {
            if let Ok(moment) = end.moment(NOW) {
                assert_eq!(parse_time(&format_rfc3339(moment)).unwrap(), moment, "{text:?}");
                assert!(!relative(moment, NOW).is_empty());
            }
        }
        Err(error) => harmless_error(&error),
    }
}

/// A private key, where nobody knows a passphrase and where one is known.
pub(crate) fn private_key(data: &[u8]) {
    let key = |result: Result<PrivateKey, Error>| match result {
        Ok(key) => {
            let again = PrivateKey::from_pkcs8(Zeroizing::new(key.pkcs8().to_vec()), &origin()).ok().unwrap();
            assert!(again.public() == key.public());
            match key.sign(b"message", &SystemRandom::new()) {
                Ok(signature) => {
                    let verdict = key.public().verify(&key.signature_algorithm(), b"message", &signature);
                    assert_eq!(verdict, Ok(()));
                }
                // Of an RSA key, ring checks the private exponent only by the signature it makes.
                Err(error) => {
                    assert!(matches!(key.public().algorithm(), Algorithm::Rsa(_)));
                    harmless_error(&error);
                }
            }
            let spki = PublicKey::from_spki(key.public().spki()).unwrap();
            assert!(spki == *key.public());
        }
        Err(error) => harmless_error(&error),
    };
    key(decode_private_key(data, &origin(), &mut no_passphrase()));
    key(decode_private_key(data, &origin(), &mut |_, attempt| {
        Ok((attempt == 1).then(|| Passphrase::new(Zeroizing::new(PASSPHRASE.into()))))
    }));
}

/// A file of certificates, and one in DER.
pub(crate) fn certificate(data: &[u8]) {
    match Certificate::from_der(data, origin()) {
        Ok(certificate) => {
            assert_eq!(certificate.der(), data);
            any_certificate(&certificate);
        }
        Err(error) => harmless_error(&error),
    }
    for piece in Pieces::new(data, origin()).iter() {
        match piece {
            Piece::Certificate(certificate) => any_certificate(&certificate),
            Piece::Other { what, .. } => harmless(&what),
            Piece::Broken { error, .. } => harmless_error(&error),
        }
    }
}

/// What can be asked of a certificate.
fn any_certificate(certificate: &Certificate) {
    any_name(certificate.subject());
    any_name(certificate.issuer());
    certificate.subject_alt_names().iter().for_each(general_name);
    harmless(&certificate.title());
    harmless(&certificate.serial_hex());
    harmless(&certificate.role().to_string());
    let report = inspect(certificate, NOW);
    for text in [&report.place.source, &report.title, &report.subject, &report.issuer, &report.serial] {
        harmless(text);
    }
    harmless(&serde_json::to_string(&report).unwrap());
    let again = decode_certificates(certificate.to_pem().as_bytes(), &origin()).unwrap();
    assert_eq!(again.as_slice(), std::slice::from_ref(certificate));
    assert_eq!(hex(&again[0].fingerprint()), hex(&certificate.fingerprint()));
    for purpose in [Purpose::Server, Purpose::Client, Purpose::Any] {
        for intermediates in [&[][..], &again] {
            let question =
                Question { anchors: &again, intermediates, purpose, host: Some("a.internal"), at: NOW };
            for rules in [Rules::Path, Rules::Rfc5280, Rules::Webpki] {
                let policies = Policies { explicit: true, ..Policies::default() };
                let demands = Demands { rules, policies, crls: Some(&[]), ..Demands::default() };
                let verdict = verify_by(certificate, &question, &demands);
                assert_eq!(verdict.accepted, verdict.findings.is_empty());
                for finding in &verdict.findings {
                    harmless(&finding.to_string());
                }
            }
        }
    }
}

/// Anything that people are handed: everything in it is found, told, put into trees and groups, and looked for.
pub(crate) fn inspection(data: &[u8]) {
    let mut opener = |_: pkit::inspect::Locked, _: &Origin, attempt: u32| Ok((attempt == 1).then(passphrase));
    let mut found = Vec::new();
    let outcome = examine(data, &origin(), &mut opener, &mut |object| {
        found.push(object);
        ControlFlow::Continue(())
    });
    outcome.unwrap();
    let (mut forest, mut groups) = (Forest::default(), Groups::default());
    let needle = Needle::new("a.internal");
    for object in found {
        if let What::Certificate(der, _) = &object.what {
            forest.add(der, object.place.clone(), &object.origin, NOW);
        }
        if let Some(report) = told(object) {
            let _ = needle.finds(&report);
            groups.add(report);
        }
    }
    harmless(&serde_json::to_string(&forest.grow()).unwrap());
    harmless(&serde_json::to_string(groups.groups()).unwrap());
}

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new(PASSPHRASE.into()))
}

/// What is told of an object, none of which reaches for the terminal.
fn told(object: Object) -> Option<Report> {
    let report = match object.report(NOW) {
        Ok(report) => report,
        Err(error) => {
            harmless_error(&error);
            error.facts().iter().for_each(|fact| harmless(&fact.value));
            return None;
        }
    };
    harmless(&match &report {
        Report::Certificate(report) => serde_json::to_string(report).unwrap(),
        Report::Request(report) => serde_json::to_string(report).unwrap(),
        Report::Crl(report) => serde_json::to_string(report).unwrap(),
        Report::Key(report) | Report::PublicKey(report) => serde_json::to_string(report).unwrap(),
        Report::Store(report) => serde_json::to_string(report).unwrap(),
        Report::Other(place, what) => serde_json::to_string(place).unwrap() + what,
    });
    Some(report)
}

/// A PKCS#12 store, with no password, a wrong one, and the right one.
pub(crate) fn pkcs12(data: &[u8]) {
    let Ok(store) = Pkcs12::read(data) else { return };
    let _ = store.accepts(PASSPHRASE.as_bytes());
    for password in [None, Some(&b""[..]), Some(b"wrong"), Some(PASSPHRASE.as_bytes())] {
        let opened = store.open(password);
        for bag in opened.safes.iter().flat_map(|safe| safe.bags.iter().flatten()) {
            if let Content::Key { pkcs8: Some(key), .. } = &bag.content {
                assert!(!key.is_empty());
            }
        }
    }
    inspection(data);
}

/// A PKCS#7 message.
pub(crate) fn pkcs7(data: &[u8]) {
    if let Ok(message) = pkcs7::Pkcs7::read(data) {
        for der in message.certificates.iter().chain(&message.crls) {
            assert_eq!(der.first(), Some(&0x30));
        }
        inspection(data);
    }
}

/// A certificate request: whatever the strict reader takes, the lenient one tells as the same.
pub(crate) fn request(data: &[u8]) {
    match Csr::decode(data, &origin()) {
        Err(error) => harmless_error(&error),
        Ok(csr) => {
            let mut subjects = Vec::new();
            let _ = examine(csr.der(), &origin(), &mut |_, _, _| Ok(None), &mut |object| {
                if let Some(Report::Request(report)) = told(object) {
                    subjects.push(report.subject);
                }
                ControlFlow::Continue(())
            });
            assert_eq!(subjects, [csr.subject().to_string()]);
        }
    }
    inspection(data);
}

/// A Kubernetes manifest.
pub(crate) fn manifest(data: &[u8]) {
    let _ = kubernetes::looks_like_manifest(data);
    match kubernetes::entries(data) {
        Ok(entries) => {
            // What is there is no larger than what it was made of.
            assert!(entries.iter().map(|entry| entry.bytes.len()).sum::<usize>() <= data.len());
            entries.iter().for_each(|entry| harmless(&entry.place));
        }
        Err(cause) => harmless(&cause),
    }
    inspection(data);
}

/// PEM in pieces is the same as PEM in one: the first byte says how large the pieces are.
pub(crate) fn pem_chunks(data: &[u8]) {
    let Some((&step, text)) = data.split_first() else { return };
    let told = |text: &[u8], line: usize| -> Vec<String> {
        let text = pem::Text::piece(text, line);
        let tell = |armor: Result<pem::Armor<'_>, pem::Broken>| match armor {
            Ok(armor) => {
                let (label, line) = (armor.label.clone(), armor.line);
                format!("{label} {line} {:?}", armor.decode().ok().map(|block| block.der.len()))
            }
            Err(broken) => format!("{} {:?}", broken.label, broken.error.facts()),
        };
        text.armors_behind(line, &origin()).map(tell).collect()
    };
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return;
    }
    let mut chunks = pem::Chunks::with_step(text, usize::from(step));
    let mut pieces = Vec::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next(&origin()).unwrap() {
        length += chunk.text.len();
        pieces.extend(told(&chunk.text, chunk.line));
    }
    assert_eq!(length, text.len());
    assert_eq!(pieces, told(text, 0));
}

/// Blocks of PEM.
pub(crate) fn pem(data: &[u8]) {
    let _ = pem::looks_like_pem(data);
    match pem::blocks(data, &origin()) {
        Ok(blocks) => {
            for block in blocks {
                let text = pem::encode(&block.label, &block.der);
                let again = pem::blocks(text.as_bytes(), &origin()).unwrap();
                assert_eq!(again.len(), 1, "{text}");
                assert_eq!((&again[0].label, &*again[0].der), (&block.label, &*block.der));
            }
        }
        Err(error) => harmless_error(&error),
    }
    for armor in pem::Text::new(data).armors(&origin()).flatten() {
        let _ = armor.decode();
    }
}

/// An authority, and a request of a stranger's name and key below it.
struct Authority {
    key: PrivateKey,
    issuer: Issuer,
}

// ring's keys are made once; a target that made them anew would measure nothing else.
static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let key = || PrivateKey::generate(KeyType::Ed25519, &SystemRandom::new()).ok().unwrap();
    let request =
        Request::new(Kind::Root, Name::from_common_name("Root").unwrap(), End::After(Span::years(10)));
    let own = key();
    let root = plan(request, None, NOW).unwrap().sign_root(&own, &SystemRandom::new()).unwrap();
    Authority { key: key(), issuer: Issuer::new(root, &[], own, origin(), NOW).ok().unwrap() }
});

/// Names and keys that are put into a certificate byte for byte: whatever is signed says what was asked for and no more.
/// The first byte says how much of the rest is the name.
pub(crate) fn splice(data: &[u8]) {
    let (name, spki) = match data.split_first() {
        Some((&length, rest)) => rest.split_at(usize::from(length).min(rest.len())),
        None => return,
    };
    let authority = &*AUTHORITY;
    let name = Name::from_der(name);
    let key = PublicKey::from_spki(spki);
    let key = key.as_ref().unwrap_or(authority.key.public());
    let leaf = |subject: &Name| {
        let request = Request::new(Kind::Leaf(Profile::Server), subject.clone(), End::After(Span::days(90)));
        Request { sans: vec!["a.internal".parse().unwrap()], ..request }
    };
    let random = SystemRandom::new();
    // A stranger's name and key below our authority.
    let signed = plan(leaf(&name), Some(&authority.issuer), NOW)
        .and_then(|plan| plan.sign(key, &authority.issuer, &random));
    match signed {
        Ok(certificate) => says(&certificate, authority.issuer.certificate().subject(), &name, key, 6),
        Err(error) => harmless_error(&error),
    }
    // An authority of a stranger's name, and ours below it.
    let own = PrivateKey::from_pkcs8(Zeroizing::new(authority.key.pkcs8().to_vec()), &origin()).ok().unwrap();
    let request = Request::new(Kind::Root, name.clone(), End::After(Span::years(10)));
    let root = match plan(request, None, NOW).and_then(|plan| plan.sign_root(&own, &random)) {
        Ok(root) => root,
        Err(error) => return harmless_error(&error),
    };
    says(&root, &name, &name, own.public(), 4);
    let issuer = match Issuer::new(root, &[], own, origin(), NOW) {
        Ok(issuer) => issuer,
        Err(error) => return harmless_error(&error),
    };
    let subject = Name::from_common_name("a.internal").unwrap();
    match plan(leaf(&subject), Some(&issuer), NOW).and_then(|plan| plan.sign(key, &issuer, &random)) {
        Ok(certificate) => says(&certificate, &name, &subject, key, 6),
        Err(error) => harmless_error(&error),
    }
}

fn says(certificate: &Certificate, issuer: &Name, subject: &Name, key: &PublicKey, extensions: usize) {
    assert_eq!(certificate.issuer().der(), issuer.der());
    assert_eq!(certificate.subject().der(), subject.der());
    assert_eq!(certificate.public_key().spki(), key.spki());
    assert_eq!(certificate.extensions().len(), extensions, "{certificate:?}");
    assert!(subject.is_readable() && issuer.is_readable(), "{certificate:?}");
}

/// What a client says first.
pub(crate) fn hello(data: &[u8]) {
    if let Some(hello) = ClientHello::read(data) {
        assert!(
            !hello.versions.is_empty() || hello.extensions.iter().any(|extension| extension.number == 43)
        );
        harmless(&serde_json::to_string(&hello).unwrap());
        // Nothing behind it changes what it says.
        assert_eq!(ClientHello::read(&[data, b"more"].concat()), Some(hello));
    }
}

/// A revocation list.
pub(crate) fn crl(data: &[u8]) {
    let issuer = &AUTHORITY.issuer;
    // One that speaks of a part is taken too, and everything that is taken whole is taken as a part.
    let partial = Crl::partial_from_der(data.to_vec(), origin());
    assert!(partial.is_ok() || Crl::from_der(data.to_vec(), origin()).is_err());
    match Crl::decode(data, &origin()) {
        Err(error) => harmless_error(&error),
        Ok(lists) => {
            for list in lists {
                any_name(list.issuer());
                assert!(list.revoked().iter().all(|entry| list.lookup(&entry.serial).is_some()));
                let again = Crl::from_der(list.der().to_vec(), origin()).ok().unwrap();
                assert!(again.revoked() == list.revoked() && again.number() == list.number());
                for refused in [list.verify(issuer.certificate()).err(), list.require_current(NOW).err()] {
                    refused.iter().flat_map(Error::facts).for_each(|fact| harmless(&fact.value));
                }
                let (this_update, next_update) = (list.this_update(), list.next_update());
                let terms = Terms { number: 1, this_update, next_update };
                // Whatever was read can be put on a list of our own, where the number is a positive one.
                let entries: Vec<_> = list.revoked().to_vec();
                let made = Crl::sign(issuer, entries, terms, &SystemRandom::new());
                if let Ok(made) = made {
                    assert!(made.revoked().len() == list.revoked().len());
                    made.verify(issuer.certificate()).unwrap();
                }
            }
        }
    }
}

/// What is judged is told, whatever it is; as each of the kinds, because the outline may deceive.
pub(crate) fn lint(data: &[u8]) {
    let mut items: Vec<_> = [lint::Kind::Certificate, lint::Kind::Crl, lint::Kind::Request]
        .map(|kind| lint::Item::new(kind, data.to_vec(), origin()))
        .into();
    match lint::read(data, &origin()) {
        Ok(read) => items.extend(read.into_iter().flatten()),
        Err(error) => harmless_error(&error),
    }
    let reports = lint::judge(&items, NOW);
    assert_eq!(reports.len(), items.len());
    for report in &reports {
        harmless(&report.title);
        report.findings.iter().for_each(|finding| harmless(&finding.fact));
    }
}

/// A certificate that responses can be about; it is its own issuer.
pub(crate) static SUBJECT: LazyLock<Certificate> = LazyLock::new(|| {
    decode_certificates(include_bytes!("../data/self-signed.pem"), &origin()).ok().unwrap().remove(0)
});

/// A stapled response: none is signed by whom it would have to be, so none proves anything.
pub(crate) fn ocsp(data: &[u8]) {
    let staple = Staple::read(data, &SUBJECT, Some(&SUBJECT), NOW);
    assert!(staple.signed_by.is_none() && !staple.is_revocation());
    harmless(staple.fault.as_deref().unwrap());
    harmless(Staple::read(data, &SUBJECT, None, NOW).fault.as_deref().unwrap());
}

/// The first message of a server.
pub(crate) fn answer(data: &[u8]) {
    match Answer::read(data) {
        // Whatever follows the first message changes nothing.
        Some(answer) => assert!(Answer::read(&[data, b"x"].concat()) == Some(answer)),
        None => assert!(data.len() < 64 << 10),
    }
}
