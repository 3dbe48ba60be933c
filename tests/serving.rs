//! What `serve` does beside judging: several identities, certificates that are exchanged while it runs, lists of names, answers, and
//! clients that mean harm. The clients are of rustls, or bytes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

#[path = "visitor/mod.rs"]
mod visitor;

#[path = "sandbox/mod.rs"]
mod sandbox;

use std::{
    io::Write,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use pkit::{
    Error,
    cert::Certificate,
    crl::Lists,
    tls::{
        ClientAuth, Version,
        serve::{Allow, Answer, Code, Credentials, Options, Outcome, Reload, Server},
    },
    verify::Rule,
};
use rustls::ProtocolVersion;
use sandbox::Sandbox;
use serde_json::Value;
use visitor::{Visit, Visitor, anchors, clock, identity, raw, while_serving};

const BOTH: [Version; 2] = [Version::Tls12, Version::Tls13];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "127.0.0.1", "-q"]);
    sandbox.succeeds(&[
        "issue",
        "client",
        "service-a",
        "--san",
        "service-a.internal",
        "--san",
        "spiffe://acme/a",
        "--ou",
        "Billing",
        "-q",
    ]);
    sandbox
}

fn options(sandbox: &Sandbox) -> Options {
    Options::new(identity(sandbox, "srv.internal"), anchors(sandbox, "srv.internal"))
}

fn body(visit: &Visit) -> Value {
    let text = visit.answer.as_deref().unwrap_or_else(|| panic!("no answer: {:?}", visit.error));
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}"))
}

fn status(visit: &Visit) -> Option<u16> {
    visit.answer.as_deref()?.split(' ').nth(1)?.parse().ok()
}

#[test]
fn only_clients_on_a_list_are_let_in() {
    let sandbox = sandbox();
    let leaf = identity(&sandbox, "service-a").leaf().unwrap().clone();
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let fingerprint: String = leaf.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    for (allow, admitted) in [
        (Allow::default(), true),
        (Allow { common_names: list(&["other", "service-a"]), ..Allow::default() }, true),
        (Allow { common_names: list(&["SERVICE-A"]), ..Allow::default() }, false),
        (Allow { common_names: list(&["service-*", "service"]), ..Allow::default() }, false),
        (Allow { organizational_units: list(&["Billing"]), ..Allow::default() }, true),
        (Allow { organizational_units: list(&["service-a"]), ..Allow::default() }, false),
        (Allow { dns: list(&["SERVICE-a.internal"]), ..Allow::default() }, true),
        (Allow { dns: list(&["*.internal", "spiffe://acme/a"]), ..Allow::default() }, false),
        (Allow { uris: list(&["SPIFFE://Acme/a"]), ..Allow::default() }, true),
        (Allow { uris: list(&["spiffe://acme/A", "spiffe://acme/"]), ..Allow::default() }, false),
        (Allow { emails: list(&["a@acme.internal"]), ..Allow::default() }, false),
        (Allow { fingerprints: vec![fingerprint], ..Allow::default() }, true),
        (Allow { fingerprints: list(&["00"]), ..Allow::default() }, false),
        // Of several lists one is enough.
        (Allow { dns: list(&["nobody"]), common_names: list(&["service-a"]), ..Allow::default() }, true),
    ] {
        for version in BOTH {
            let options = Options { allow: allow.clone(), version: Some(version), ..options(&sandbox) };
            let (visit, mut reports, summary) = while_serving(options, |address| {
                Visitor::new(&sandbox, address).sending("service-a").visit("/")
            });
            let report = reports.remove(0);
            assert_eq!(status(&visit), Some(if admitted { 200 } else { 403 }), "{allow:?}");
            let cause = (!admitted).then_some("not-allowed");
            assert_eq!((report.cause, report.client_authenticated), (cause, admitted), "{allow:?}");
            assert_eq!(report.client.unwrap().certificate.common_name.as_deref(), Some("service-a"));
            if !admitted {
                assert_eq!((report.outcome, report.status), (Outcome::Refused, Some(403)));
                assert!(report.findings.is_empty() && report.alert_sent.is_none());
                let told = visit.answer.unwrap();
                assert!(
                    told.contains("not allowed") && report.reason.contains("URI:spiffe://acme/a"),
                    "{told}"
                );
                assert_eq!(summary.refused_by.get("not-allowed"), Some(&1));
            }
        }
    }
}

#[test]
fn lists_hold_for_those_without_a_certificate_too() {
    let sandbox = sandbox();
    let allow = || Allow { common_names: vec!["service-a".into()], ..Allow::default() };
    let optional = || Options { client_auth: ClientAuth::Optional, allow: allow(), ..options(&sandbox) };
    let (visits, reports, summary) = while_serving(optional(), |address| {
        let visitor = Visitor::new(&sandbox, address);
        // One that ends without a request is refused all the same.
        let silent = visitor.clone().saying("").visit("/");
        (visitor.visit("/"), visitor.visit("/healthz"), silent)
    });
    assert_eq!((status(&visits.0), status(&visits.1), status(&visits.2)), (Some(403), Some(200), None));
    assert!(visits.0.answer.unwrap().contains("without a certificate nobody is let in"));
    assert_eq!((summary.accepted, summary.refused), (1, 2), "{reports:?}");
    let none = Options { client_auth: ClientAuth::None, allow: allow(), ..options(&sandbox) };
    assert!(matches!(Server::bind(none, clock()), Err(Error::Usage { .. })));
}

#[test]
fn every_name_has_its_certificate() {
    let sandbox = sandbox();
    for name in ["www.internal", "*.shop.internal"] {
        sandbox.succeeds(&["issue", "server", name, "-q"]);
    }
    let own = |strict_sni, version| Options {
        sni: vec![
            ("*.shop.internal".parse().unwrap(), identity(&sandbox, "*.shop.internal")),
            ("www.internal".parse().unwrap(), identity(&sandbox, "www.internal")),
            ("eu.shop.internal".parse().unwrap(), identity(&sandbox, "www.internal")),
        ],
        strict_sni,
        version: Some(version),
        ..options(&sandbox)
    };
    for version in BOTH {
        for (asked, shown, is_known) in [
            ("www.internal", "www.internal", true),
            ("WWW.internal", "www.internal", true),
            ("a.shop.internal", "*.shop.internal", true),
            ("eu.shop.internal", "www.internal", true),
            ("a.b.shop.internal", "srv.internal", false),
            ("shop.internal", "srv.internal", false),
            ("elsewhere.example", "srv.internal", false),
            ("localhost", "srv.internal", true),
            // An address is not sent as a name.
            ("127.0.0.1", "srv.internal", false),
        ] {
            for strict in [false, true] {
                let (visit, mut reports, _) = while_serving(own(strict, version), |address| {
                    let visitor = Visitor::new(&sandbox, address).sending("service-a").blindly();
                    visitor.asking_for(asked).visit("/")
                });
                let report = reports.remove(0);
                if strict && !is_known {
                    assert_eq!(visit.alert(), Some(112), "{asked}: {:?}", visit.error);
                    assert_eq!(report.alert_sent.unwrap().name, "unrecognized_name");
                    assert_eq!((report.outcome, report.cause), (Outcome::Failed, Some("unrecognized-name")));
                } else {
                    assert_eq!(
                        visit.server.as_ref().unwrap().subject().common_name().as_deref(),
                        Some(shown),
                        "{asked}"
                    );
                    assert_eq!(body(&visit)["server"]["common_name"], shown, "{asked}");
                }
            }
        }
    }
}

#[test]
fn protocols_are_agreed_on_or_the_client_is_told() {
    let sandbox = sandbox();
    let spoken = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for version in BOTH {
        for (ours, theirs, agreed) in [
            (&["http/1.1"][..], &["h2", "http/1.1"][..], Some("http/1.1")),
            (&["http/1.1"], &[], None),
            (&["h2", "http/1.1"], &["http/1.1", "h2"], Some("h2")),
            (&[], &["h2"], None),
        ] {
            let options = Options { alpn: spoken(ours), version: Some(version), ..options(&sandbox) };
            let (visit, mut reports, _) = while_serving(options, |address| {
                Visitor::new(&sandbox, address).sending("service-a").speaking(theirs).visit("/")
            });
            let report = reports.remove(0);
            assert_eq!(report.outcome, Outcome::Accepted, "{}", report.reason);
            assert!(report.client_authenticated);
            assert_eq!(report.tls.unwrap().alpn.as_deref(), agreed);
            // Over anything else there is no answer.
            assert_eq!(status(&visit).is_some(), agreed != Some("h2"));
        }
        let options =
            Options { alpn: spoken(&["http/1.1", "acme"]), version: Some(version), ..options(&sandbox) };
        let (visit, mut reports, _) = while_serving(options, |address| {
            Visitor::new(&sandbox, address).sending("service-a").speaking(&["h2", "smtp"]).visit("/")
        });
        let report = reports.remove(0);
        assert_eq!(visit.alert(), Some(120));
        assert_eq!((report.outcome, report.cause), (Outcome::Failed, Some("no-application-protocol")));
        assert_eq!(report.alert_sent.unwrap().number, 120);
        for words in ["h2, smtp", "http/1.1, acme"] {
            assert!(report.reason.contains(words), "{}", report.reason);
        }
        assert_eq!(report.client_hello.unwrap().alpn, ["h2", "smtp"]);
    }
}

#[test]
fn answers_are_what_was_asked_for() {
    let sandbox = sandbox();
    let ask = |answer: Answer, text: &str| {
        let options = Options { answer, ..options(&sandbox) };
        let (visit, mut reports, _) = while_serving(options, |address| {
            Visitor::new(&sandbox, address).sending("service-a").saying(text).visit("")
        });
        (visit.answer.unwrap_or_default(), reports.remove(0))
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let teapot = || Answer { status: Some(418), body: Some(b"short and stout".to_vec()), echo: false };
    let (text, report) = ask(teapot(), &get("/"));
    assert!(
        text.starts_with("HTTP/1.1 418 I'm a Teapot\r\n") && text.ends_with("\r\n\r\nshort and stout"),
        "{text}"
    );
    assert!(text.contains("Content-Type: text/plain") && report.status == Some(418));
    assert_eq!(report.outcome, Outcome::Accepted);
    let (text, _) = ask(teapot(), &get("/healthz?x"));
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nok\n"), "{text}");
    let (text, _) = ask(teapot(), "HEAD / HTTP/1.1\r\n\r\n");
    assert!(text.contains("Content-Length: 15\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    let (text, _) = ask(Answer { body: Some(b" {\"a\": 1}".to_vec()), ..Answer::default() }, &get("/"));
    assert!(text.contains("Content-Type: application/json"), "{text}");
    let (text, _) = ask(Answer { status: Some(204), ..Answer::default() }, &get("/"));
    assert!(
        text.starts_with("HTTP/1.1 204 ") && !text.contains("Content-Length") && text.ends_with("\r\n\r\n")
    );

    let echo = || Answer { echo: true, ..Answer::default() };
    let (text, report) =
        ask(echo(), "PUT /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nX-Y: 2\r\nContent-Length: 3\r\n\r\na\u{0}b");
    let json: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let told = &json["request"];
    assert_eq!((&told["method"], &told["target"]), (&"PUT".into(), &"/a?b=c".into()));
    assert_eq!((&told["body"], &told["body_bytes"]), (&"a\u{0}b".into(), &3.into()));
    assert_eq!(told["headers"][2], serde_json::json!(["X-Y", "2"]));
    assert_eq!(
        (json["client_authenticated"].as_bool(), report.request.as_deref()),
        (Some(true), Some("PUT /a?b=c"))
    );
    let leave =
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let (text, _) = ask(echo(), leave);
    assert!(text.contains("\"body\": \"ok\""), "{text}");
    let large = format!("POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n{}", "x".repeat(70_000));
    let (text, report) = ask(echo(), &large);
    assert!(text.starts_with("HTTP/1.1 413 ") && report.cause == Some("bad-request"), "{text}");

    let (text, _) = ask(Answer::default(), &get("/handshake"));
    let json: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let hello = &json["client_hello"];
    assert_eq!(hello["server_name"], "localhost");
    let has = |list: &str, name: &str, number: u16| {
        let found = hello[list].as_array().unwrap().iter().find(|code| code["name"] == name);
        assert_eq!(found.unwrap_or_else(|| panic!("{list}: {hello}"))["number"], number);
    };
    has("versions", "TLSv1.3", 0x0304);
    has("cipher_suites", "TLS_AES_128_GCM_SHA256", 0x1301);
    has("groups", "x25519", 29);
    has("signature_schemes", "ecdsa_secp256r1_sha256", 0x0403);
    has("extensions", "key_share", 51);
    assert!(json["tls"]["suite"].is_string() && json["client"]["common_name"] == "service-a");

    let huge =
        Options { answer: Answer { body: Some(vec![0; 65_537]), ..Answer::default() }, ..options(&sandbox) };
    assert!(matches!(Server::bind(huge, clock()), Err(Error::Usage { .. })));
    let interim = Options { answer: Answer { status: Some(100), ..Answer::default() }, ..options(&sandbox) };
    assert!(matches!(Server::bind(interim, clock()), Err(Error::Usage { .. })));
}

#[test]
fn a_client_of_the_past_is_told_what_it_lacks() {
    let sandbox = sandbox();
    // TLS 1.0 with two suites, no extensions.
    let mut hello = vec![3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]);
    let mut record = vec![22, 3, 1, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    record.extend(&hello);
    let (answer, mut reports, _) = while_serving(options(&sandbox), |address| raw(address, &record));
    let report = reports.remove(0);
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 70], "protocol_version");
    assert_eq!((report.outcome, report.cause), (Outcome::Failed, Some("no-common-version")));
    assert!(report.reason.contains("it offers 1.0; here it is 1.2 and 1.3"), "{}", report.reason);
    let versions = report.client_hello.unwrap().versions;
    assert_eq!(versions, [Code { name: Some("TLSv1.0".into()), number: 0x0301 }]);
    // One that offers 1.2 where only 1.3 is spoken.
    let only = Options { version: Some(Version::Tls13), ..options(&sandbox) };
    let (visit, mut reports, _) = while_serving(only, |address| {
        Visitor::new(&sandbox, address).sending("service-a").only(ProtocolVersion::TLSv1_2).visit("/")
    });
    assert_eq!(visit.alert(), Some(70), "{:?}", visit.error);
    assert_eq!(reports.remove(0).cause, Some("no-common-version"));
}

/// What is remembered of a client that was let in lets nobody in who may not.
#[test]
fn what_held_once_is_judged_again() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["crl", "--bundle", "service-a", "-o", "crls.pem", "-q"]);
    let lists = Lists::load(&[sandbox.path("crls.pem")], |_, outcome| assert!(outcome.is_ok())).unwrap();
    let good = identity(&sandbox, "service-a");
    let mut der = good.leaf().unwrap().der().to_vec();
    let last = der.len() - 9;
    der[last] ^= 1;
    let forged = vec![der, good.chain()[1].der().to_vec()];
    let options = Options { crls: Some(Arc::new(lists)), ..options(&sandbox) };
    let (_, reports, _) = while_serving(options, |address| {
        let visitor = Visitor::new(&sandbox, address);
        assert_eq!(status(&visitor.clone().sending("service-a").visit("/")), Some(200));
        let alert = visitor.clone().sending_chain("service-a", forged).visit("/").alert();
        assert_eq!(alert, Some(48));
        assert_eq!(status(&visitor.clone().sending("service-a").visit("/")), Some(200));
        sandbox.succeeds(&["revoke", "service-a", "-q"]);
        sandbox.succeeds(&["crl", "--bundle", "service-a", "-o", "crls.pem", "--force", "-q"]);
        assert_eq!(visitor.sending("service-a").visit("/").alert(), Some(44));
    });
    let rules: Vec<_> =
        reports.iter().map(|report| report.findings.first().map(|finding| finding.rule)).collect();
    assert_eq!(rules, [None, Some(Rule::IssuerKeyMismatch), None, Some(Rule::Revoked)]);
    let causes: Vec<_> = reports.iter().map(|report| report.cause).collect();
    assert_eq!(causes, [None, Some("issuer-key-mismatch"), None, Some("revoked")]);
}

/// Two generations of a server in directories, and a link to one of them that can be turned.
struct Rotation<'a> {
    sandbox: &'a Sandbox,
    serials: Vec<String>,
}

impl<'a> Rotation<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let serials = (0..2).map(|number| {
            let name = format!("g{number}.internal");
            sandbox.succeeds(&["issue", "server", &name, "localhost", "-q"]);
            identity(sandbox, &name).leaf().unwrap().serial_hex()
        });
        let rotation = Self { serials: serials.collect(), sandbox };
        rotation.turn(0);
        rotation
    }

    fn turn(&self, to: usize) {
        let target = self.sandbox.path(&format!("pki/live/g{to}.internal"));
        let _ = std::fs::remove_file(self.sandbox.path("next"));
        std::os::unix::fs::symlink(target, self.sandbox.path("next")).unwrap();
        std::fs::rename(self.sandbox.path("next"), self.sandbox.path("current")).unwrap();
    }

    /// As a program does that was told of two files below a link.
    fn reload(&self, tell: impl Fn(Result<&Credentials, &Error>) + Send + Sync + 'static) -> Options {
        let [chain, key] =
            ["current/fullchain.pem", "current/privkey.pem"].map(|file| self.sandbox.path(file));
        let client_ca = anchors(self.sandbox, "srv.internal");
        let files = vec![chain.clone(), key.clone()];
        let load = move || {
            let identity = visitor::load(&chain, &key)?;
            Ok(Credentials { identity, sni: Vec::new(), client_ca: client_ca.clone() })
        };
        let (reload, first) = Reload::start(files, load, tell).unwrap();
        Options { reload: Some(Arc::new(reload)), ..Options::new(first.identity, first.client_ca) }
    }
}

#[test]
fn certificates_are_exchanged_while_it_runs() {
    let sandbox = sandbox();
    let rotation = Rotation::new(&sandbox);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let told = told.clone();
        move |outcome: Result<&Credentials, &Error>| {
            let outcome = outcome.map(|new| new.identity.leaf().unwrap().serial_hex());
            told.lock().unwrap().push(outcome.map_err(|error| error.code()));
        }
    };
    let told = || std::mem::take(&mut *told.lock().unwrap());
    let g = rotation.serials.clone();
    let (_, reports, _) = while_serving(rotation.reload(tell), |address| {
        let visitor = Visitor::new(&sandbox, address).sending("service-a");
        let shown = || visitor.visit("/").server.unwrap().serial_hex();
        // A connection that began with the old goes on with it: its handshake is half done.
        assert_eq!(shown(), g[0]);
        let begun = visitor.begin();
        rotation.turn(1);
        assert_eq!((shown(), told()), (g[1].clone(), vec![Ok(g[1].clone())]));
        assert_eq!(status(&begun.end("/")), Some(200));
        assert_eq!((shown(), told()), (g[1].clone(), vec![]));
        // Broken, twice, then gone: told once each, and what was there stays.
        std::fs::remove_file(sandbox.path("current")).unwrap();
        std::fs::create_dir(sandbox.path("current")).unwrap();
        for (name, other) in [("fullchain.pem", 0), ("privkey.pem", 1)] {
            let from = sandbox.path(&format!("pki/live/g{other}.internal/{name}"));
            std::fs::copy(from, sandbox.path("current").join(name)).unwrap();
        }
        assert_eq!((shown(), shown(), told()), (g[1].clone(), g[1].clone(), vec![Err("key-mismatch")]));
        std::fs::write(sandbox.path("current/fullchain.pem"), "nothing").unwrap();
        assert_eq!((shown(), told()), (g[1].clone(), vec![Err("nothing-found")]));
        std::fs::remove_dir_all(sandbox.path("current")).unwrap();
        assert_eq!((shown(), shown(), told()), (g[1].clone(), g[1].clone(), vec![Err("file-not-found")]));
        rotation.turn(0);
        assert_eq!((shown(), told()), (g[0].clone(), vec![Ok(g[0].clone())]));
    });
    assert!(reports.iter().all(|report| report.outcome == Outcome::Accepted));
}

/// Nobody fails, and everybody sees a certificate whose key signed: rustls' client would break off otherwise.
#[test]
fn rotations_under_load_disturb_nobody() {
    let sandbox = sandbox();
    let rotation = Rotation::new(&sandbox);
    let options = rotation.reload(|outcome| assert!(outcome.is_ok()));
    let (seen, _, summary) = while_serving(options, |address| {
        visitor::rotate(&sandbox, address, 300, 20, |round| rotation.turn(round % 2))
    });
    assert_eq!((summary.accepted, summary.refused, summary.failed), (300, 0, 0));
    assert!(rotation.serials.iter().all(|serial| seen.contains(serial)), "{seen:?}");
}

/// While others do harm, the good clients are served.
#[test]
fn hostile_clients_are_bounded_and_told() {
    let sandbox = sandbox();
    let options = || Options { timeout: Duration::from_secs(2), ..options(&sandbox) };
    let huge = [vec![22, 3, 1, 0x40, 0], vec![1, 0xff, 0xff, 0xff], vec![0; (1 << 14) - 4]].concat();
    let rest: Vec<u8> =
        std::iter::repeat_n([vec![22, 3, 3, 0x40, 0], vec![0; 1 << 14]].concat(), 20).flatten().collect();
    let pathological: Vec<Vec<u8>> = (0..100).map(|number| visitor::pathological(&sandbox, number)).collect();
    let (_, reports, summary) = while_serving(options(), |address| {
        let visitor = Visitor::new(&sandbox, address).sending("service-a");
        std::thread::scope(|scope| {
            // A byte now and then, in the handshake and in the request.
            let drip = |bytes: Vec<u8>| {
                scope.spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    for byte in bytes {
                        if stream.write_all(&[byte]).is_err() {
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(30));
                    }
                });
            };
            for _ in 0..20 {
                drip([&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 200]].concat());
            }
            for _ in 0..10 {
                let slow = visitor.clone();
                scope.spawn(move || slow.dripping(Duration::from_millis(100)).visit("/"));
            }
            // Half open: nothing comes any more, and nobody says so.
            let half: Vec<_> = (0..50).map(|_| TcpStream::connect(address).unwrap()).collect();
            let begun = Instant::now();
            for _ in 0..20 {
                assert_eq!(status(&visitor.visit("/")), Some(200));
            }
            assert!(begun.elapsed() < Duration::from_secs(10));
            // Garbage, and messages that announce more than anybody needs.
            for garbage in [
                &[0xff; 3000][..],
                &[22, 3, 1, 0, 0],
                &[22, 3, 1, 0, 5, 2, 0, 0, 1, 0],
                &[0x80, 0x2e, 1, 3, 1],
            ] {
                raw(address, garbage);
            }
            raw(address, &[&huge[..], &rest].concat());
            // A hello in records of one byte is slow, but right.
            assert_eq!(status(&visitor.clone().fragmenting(1).visit("/")), Some(200));
            // A request in so many records that their headers weigh more than it.
            let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(15_000));
            let bomb = visitor.clone().in_records_of(1).saying(&head).visit("");
            assert_eq!(status(&bomb), None);
            for (text, wanted) in [
                (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(17_000)), Some(431)),
                (format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200)), Some(431)),
                ("\0\0\0\0\r\n\r\n".to_owned(), Some(400)),
                // Nobody reads it, and nobody waits for it.
                (
                    format!("POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{}", "x".repeat(900_000)),
                    Some(200),
                ),
            ] {
                assert_eq!(status(&visitor.clone().saying(&text).visit("")), wanted, "{text:.40}");
            }
            // A hundred certificates whose names lead nowhere.
            let begun = Instant::now();
            let chain = visitor::with_leaf(&sandbox, "service-a", &pathological);
            let visit = visitor.clone().sending_chain("service-a", chain).visit("/");
            assert_eq!(visit.alert(), Some(48), "{:?}", visit.error);
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            assert_eq!(status(&visitor.visit("/")), Some(200));
            drop(half);
        });
    });
    let count = |cause: &str| *summary.failed_by.get(cause).unwrap_or(&0);
    assert_eq!(count("timeout"), 30, "{summary:?}");
    assert!(count("too-much") >= 1 && count("bad-request") >= 3 && count("not-tls") >= 1, "{summary:?}");
    assert_eq!(summary.refused_by.get("issuer-key-mismatch"), Some(&1), "{summary:?}");
    assert_eq!((summary.accepted, summary.empty), (23, 50), "{summary:?}");
    assert!(reports.iter().all(|report| report.duration < Duration::from_secs(8)));
}

#[test]
fn the_command_line_says_all_of_it() {
    let sandbox = sandbox();
    sandbox.succeeds(&["issue", "server", "www.internal", "-q"]);
    sandbox.succeeds(&["issue", "client", "service-b", "-q"]);
    std::fs::create_dir(sandbox.path("shop")).unwrap();
    for file in ["fullchain.pem", "privkey.pem"] {
        std::fs::copy(sandbox.path("pki/live/www.internal").join(file), sandbox.path("shop").join(file))
            .unwrap();
    }
    let server = visitor::Process::start(
        &sandbox,
        &[
            "srv.internal",
            "--client-auth",
            "1",
            "--allow-dns",
            "service-a.internal",
            "--sni",
            "www.internal=www.internal",
            "--sni",
            "*.shop.internal=./shop",
            "--strict-sni",
            "--alpn",
            "acme,http/1.1",
            "--reload",
            "--access-log",
            "access.jsonl",
            "--status",
            "202",
            "--body",
            "hello",
            "--json",
        ],
    );
    let visitor = Visitor::new(&sandbox, server.address);
    let good = visitor.clone().sending("service-a").speaking(&["http/1.1"]);
    let visit = good.visit("/");
    assert!(visit.answer.as_ref().unwrap().ends_with("\r\n\r\nhello"), "{visit:?}");
    assert_eq!(status(&visit), Some(202));
    assert_eq!(status(&visitor.clone().sending("service-b").visit("/")), Some(403));
    assert_eq!(status(&visitor.visit("/healthz")), Some(200));
    let shop = good.clone().blindly().asking_for("a.shop.internal").visit("/").server.unwrap();
    assert_eq!(shop.subject().common_name().as_deref(), Some("www.internal"));
    assert_eq!(good.clone().blindly().asking_for("b.internal").visit("/").alert(), Some(112));
    // Connections are told when they end, a moment after the answer. The log is begun anew when it is moved away, and private.
    let lines = || sandbox.read("access.jsonl").lines().count();
    let end = Instant::now() + Duration::from_secs(10);
    while lines() < 5 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::fs::rename(sandbox.path("access.jsonl"), sandbox.path("access.1")).unwrap();
    sandbox.succeeds(&["renew", "srv.internal", "--now", "-q"]);
    let renewed = identity(&sandbox, "srv.internal").leaf().unwrap().serial_hex();
    assert_eq!(good.visit("/").server.unwrap().serial_hex(), renewed);
    let log = server.stop();
    assert_eq!(sandbox.read("access.1").lines().count(), 5);
    let mode = std::fs::metadata(sandbox.path("access.jsonl")).unwrap().permissions().mode();
    assert_eq!((sandbox.read("access.jsonl").lines().count(), mode & 0o777), (1, 0o600));
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with =
        |cause: &str| lines.iter().find(|line| line["cause"] == cause).unwrap_or_else(|| panic!("{log}"));
    assert_eq!(with("not-allowed")["remedy"], "to let it in: --allow-dns service-b");
    assert_eq!(with("not-allowed")["client"]["common_name"], "service-b");
    assert!(with("unrecognized-name")["remedy"].as_str().unwrap().contains("--sni"));
    assert!(log.contains("certificates were read again") && log.contains(&renewed), "{log}");
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(
        (&summary["accepted"], &summary["refused_by"]["not-allowed"]),
        (&4.into(), &1.into()),
        "{log}"
    );
    assert_eq!(summary["failed_by"]["unrecognized-name"], 1);

    for wrong in [
        &["--sni", "www.internal"][..],
        &["--sni", "a b=www.internal"],
        &["--allow-cn", ""],
        &["--allow-fingerprint", "00ff"],
        &["--client-auth", "0", "--allow-cn", "x"],
        &["--client-auth", "3"],
        &["--status", "99"],
        &["--alpn", ""],
        &["--echo", "--body", "x"],
    ] {
        sandbox.fails("usage", &[&["serve-test", "srv.internal", "--listen", "127.0.0.1:0"], wrong].concat());
    }
    for (code, wrong) in [
        ("certificate-unknown", &["--sni", "www.internal=nobody"][..]),
        ("file-not-found", &["--sni", "www.internal=./nowhere"]),
        ("file-not-found", &["--body", "@nowhere"]),
        ("write-failed", &["--access-log", "nowhere/log"]),
    ] {
        sandbox.fails(code, &[&["serve-test", "srv.internal", "--listen", "127.0.0.1:0"], wrong].concat());
    }
}

/// Certificates and lists that speak of each other, so that both are used here.
#[test]
fn what_reload_reads_is_of_one_piece() {
    let sandbox = sandbox();
    let own: Vec<Certificate> = anchors(&sandbox, "srv.internal");
    let nobody = Options { client_ca: Vec::new(), ..options(&sandbox) };
    assert!(matches!(Server::bind(nobody, clock()), Err(Error::Usage { .. })));
    // CAs that vanish are no reason to let everybody in, or nobody.
    let client_ca = sandbox.path("client-ca.pem");
    std::fs::write(&client_ca, own.iter().map(Certificate::to_pem).collect::<String>()).unwrap();
    let server =
        visitor::Process::start(&sandbox, &["srv.internal", "--client-ca", "client-ca.pem", "--reload"]);
    let visitor = Visitor::new(&sandbox, server.address).sending("service-a");
    assert_eq!(status(&visitor.visit("/")), Some(200));
    std::fs::write(&client_ca, "").unwrap();
    assert_eq!((status(&visitor.visit("/")), status(&visitor.visit("/"))), (Some(200), Some(200)));
    sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere", "-q"]);
    std::fs::copy(sandbox.path("elsewhere/ca/other/cert.pem"), &client_ca).unwrap();
    assert_eq!(visitor.visit("/").alert(), Some(48));
    let log = server.stop();
    assert_eq!(log.matches("the certificates of before stay in force").count(), 1, "{log}");
    assert!(log.contains("there is no certificate in the input"), "{log}");
}

/// The passphrase of a key is asked for once, and kept for the next key.
#[test]
fn a_key_under_a_passphrase_is_read_again() {
    let sandbox = sandbox();
    sandbox.write("passphrase", "correct horse\n");
    let put = |name: &str| {
        let set = sandbox.path("pki/live").join(name);
        std::fs::copy(set.join("privkey.pem"), sandbox.path("new.key")).unwrap();
        sandbox.succeeds(&["key", "passphrase", "new.key", "--new-passphrase-file", "passphrase", "-q"]);
        std::fs::copy(set.join("fullchain.pem"), sandbox.path("new.pem")).unwrap();
        for kind in ["key", "pem"] {
            std::fs::rename(sandbox.path(&format!("new.{kind}")), sandbox.path(&format!("server.{kind}")))
                .unwrap();
        }
    };
    sandbox.succeeds(&["issue", "server", "www.internal", "localhost", "-q"]);
    put("srv.internal");
    let files =
        ["--cert", "server.pem", "--key", "server.key", "--client-ca", "pki/live/srv.internal/ca.pem"];
    let with = ["--reload", "--passphrase-file", "passphrase"];
    let server = visitor::Process::start(&sandbox, &[&files[..], &with].concat());
    let visitor = Visitor::new(&sandbox, server.address).sending("service-a");
    let shown = || visitor.visit("/").server.unwrap().subject().common_name();
    assert_eq!(shown().as_deref(), Some("srv.internal"));
    put("www.internal");
    sandbox.write("passphrase", "another\n");
    assert_eq!(shown().as_deref(), Some("www.internal"));
    let log = server.stop();
    assert!(log.contains("certificates were read again") && !log.contains("horse"), "{log}");
}
