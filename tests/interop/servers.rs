//! `probe` against five servers of others, with each of ten faults under TLS 1.2 and 1.3: who refused whom, by what rule and for which
//! certificate. What each server lets its client know of it stands in `docs/peers.md`, which is checked here;
//! `PKIT_BLESS=1` writes it anew.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

use super::{
    Sandbox, daemon, handshake, peer,
    peer::{Peer, Running},
    python, script, shlex_split, succeeds,
};

const VERSIONS: [&str; 2] = ["1.2", "1.3"];
const SERVERS: [&str; 5] = ["rustls", "OpenSSL", "Go", "Python", "nginx"];
const CA: &str = "pki/live/srv.internal/ca.pem";

type Fault = (&'static str, &'static [&'static str], &'static str, bool, Option<u64>);

/// What a client does wrong: the name of the fault, the arguments by which it does it, the cause that is to be found with its
/// certainty, and the certificate that it is about.
const FAULTS: [Fault; 7] = [
    ("no certificate", &["--roots", CA], "no-certificate", true, None),
    (
        "certificate of another CA",
        &[
            "--cert",
            "elsewhere/live/stranger/fullchain.pem",
            "--key",
            "elsewhere/live/stranger/privkey.pem",
            "--roots",
            CA,
        ],
        "other-authority",
        false,
        Some(1),
    ),
    (
        "leaf without its intermediate",
        &["--cert", "pki/live/good/cert.pem", "--key", "pki/live/good/privkey.pem", "--roots", CA],
        "intermediate-missing",
        true,
        Some(1),
    ),
    ("for servers only", &["--as", "srv.internal"], "not-for-clients", true, Some(1)),
    ("expired", &["--as", "expired"], "expired", true, Some(1)),
    ("not yet valid", &["--as", "future"], "not-yet-valid", true, Some(1)),
    ("revoked", &["--as", "revoked"], "revoked", true, Some(1)),
];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    for name in ["srv.internal", "old.internal"] {
        let old: &[&str] =
            if name == "old.internal" { &["--not-after", "-1d", "--for-testing"] } else { &[] };
        let issue = ["issue", "server", name, "localhost", "127.0.0.1", "-q"];
        sandbox.succeeds(&[&issue[..], old].concat());
    }
    for (name, more) in [
        ("good", &[][..]),
        ("revoked", &[]),
        ("expired", &["--not-after", "-1d", "--for-testing"]),
        ("future", &["--not-before", "1d", "--for-testing"]),
    ] {
        sandbox.succeeds(&[&["issue", "client", name, "-q"], more].concat());
    }
    sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere", "-q"]);
    sandbox.succeeds(&["issue", "client", "stranger", "--pki", "elsewhere", "-q"]);
    sandbox.succeeds(&["revoke", "revoked", "--reason", "keyCompromise", "-q"]);
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["crl", "--bundle", "srv.internal", "-o", "crls.pem", "-q"]);
    // Of -CRL, openssl reads the first list alone.
    sandbox.write("ca-crls.pem", sandbox.read(CA) + &sandbox.read("crls.pem"));
    succeeds(
        &sandbox,
        &format!("go build -o {} {}", sandbox.path("go-server").display(), script("server.go")),
    );
    sandbox
}

/// A running server.
enum Server {
    Own(Running),
    Foreign(handshake::Server),
    Daemon(daemon::Daemon),
}

impl Server {
    fn port(&self) -> u16 {
        match self {
            Self::Own(running) => running.port,
            Self::Foreign(server) => server.port,
            Self::Daemon(daemon) => daemon.port,
        }
    }

    /// Starts one with the set of `name` and the key of the set of `key`.
    fn start(sandbox: &Sandbox, kind: &str, version: &str, name: &str, key: &str) -> Self {
        let set = |file: &str| format!("pki/live/{name}/{file}");
        let key = format!("pki/live/{key}/privkey.pem");
        let is_old = version == "1.2";
        match kind {
            "rustls" => Self::Own(
                Peer {
                    chain: sandbox.read(&set("fullchain.pem")),
                    key: sandbox.read(&key),
                    client_ca: Some(sandbox.read(CA)),
                    crls: sandbox.read("crls.pem"),
                    version: if is_old { "1.2" } else { "1.3" },
                    answer: peer::OK.to_vec(),
                    ..Peer::default()
                }
                .start(),
            ),
            "OpenSSL" => {
                let line = format!(
                    "openssl s_server -accept 127.0.0.1:0 -Verify 3 -verify_return_error -CAfile ca-crls.pem -crl_check_all \
                     -cert {} -key {key} -cert_chain {} -www {}",
                    set("cert.pem"),
                    set("chain.pem"),
                    if is_old { "-tls1_2" } else { "-tls1_3" }
                );
                let words = shlex_split(&line);
                let mut command = Command::new(&words[0]);
                Self::Foreign(handshake::Server::start(
                    command.args(&words[1..]).current_dir(sandbox.root()),
                    "ACCEPT",
                ))
            }
            "Go" => {
                let mut command = Command::new(sandbox.path("go-server"));
                command.args([&set("fullchain.pem"), &key, CA, "crls.pem", version]);
                Self::Foreign(handshake::Server::start(command.current_dir(sandbox.root()), ""))
            }
            "Python" => {
                let mut command = Command::new(python());
                command.args([&script("server.py"), &set("fullchain.pem"), &key, CA, version, "crls.pem"]);
                Self::Foreign(handshake::Server::start(command.current_dir(sandbox.root()), ""))
            }
            "nginx" => {
                let versions = format!("TLSv{version}");
                Self::Daemon(daemon::Daemon::nginx_with(sandbox, &set("fullchain.pem"), &key, &versions))
            }
            other => panic!("{other}"),
        }
    }
}

fn probe(sandbox: &Sandbox, port: u16, arguments: &[&str]) -> (Option<i32>, Value) {
    let target = format!("localhost:{port}");
    let output = sandbox.run(&[&["probe", &target, "--json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

/// What a client is told: an alert, a status, or nothing.
fn told(report: &Value) -> String {
    let us = &report["us_to_server"];
    match us["how"].as_str().unwrap() {
        "alert" => format!("{} ({})", us["alert"]["name"].as_str().unwrap(), us["alert"]["number"]),
        "http-status" => format!("HTTP {}", us["status"]),
        other => other.to_owned(),
    }
}

#[test]
fn ten_faults_with_five_servers() {
    let sandbox = sandbox();
    let mut answers: BTreeMap<(&str, &str, &str), String> = BTreeMap::new();
    for kind in SERVERS {
        for version in VERSIONS {
            let server = Server::start(&sandbox, kind, version, "srv.internal", "srv.internal");
            let (status, report) = probe(&sandbox, server.port(), &["--as", "good"]);
            let who = format!("{kind}, TLS {version}");
            assert_eq!((status, &report["verdict"]), (Some(0), &"accepted".into()), "{who}: {report:#}");
            assert_eq!(report["negotiated"]["version"], format!("TLSv{version}"));
            assert!(report["rule"].is_null() && report["certificate"].is_null(), "{report:#}");
            for (fault, arguments, rule, certain, certificate) in FAULTS {
                let (status, report) = probe(&sandbox, server.port(), arguments);
                let who = format!("{who}, {fault}: {report:#}");
                assert_eq!((status, &report["verdict"]), (Some(1), &"refused".into()), "{who}");
                assert_eq!(report["side"], "server", "{who}");
                assert_eq!(report["server_to_us"]["verdict"], "trusted", "{who}");
                assert_eq!(
                    (&report["rule"], &report["certificate"]),
                    (&rule.into(), &certificate.into()),
                    "{who}"
                );
                assert_eq!(report["us_to_server"]["causes"][0]["certain"], certain, "{who}");
                assert!(report["remedy"].is_string(), "{who}");
                answers.insert((fault, kind, version), told(&report));
            }
            // The name next door that fits what the server names; a server that names none can be told nothing.
            let (_, report) = probe(&sandbox, server.port(), &["--roots", CA]);
            let names = !report["certificate_request"]["authorities"].as_array().unwrap().is_empty();
            assert_eq!(names, kind != "Python", "{who}: {report:#}");
            let remedy = report["remedy"].as_str().unwrap();
            assert_eq!(remedy.contains("--as good"), names, "{who}: {remedy}");
            let (_, report) = probe(&sandbox, server.port(), FAULTS[2].1);
            assert_eq!(
                report["remedy"], "send the chain with it: --cert pki/live/good/fullchain.pem",
                "{who}"
            );

            let (status, report) =
                probe(&sandbox, server.port(), &["--as", "good", "--server-name", "other.internal"]);
            refused_by_us(&who, status, &report, "name-mismatch", Some(1));
            drop(server);
            let server = Server::start(&sandbox, kind, version, "old.internal", "old.internal");
            let (status, report) = probe(&sandbox, server.port(), &["--as", "good"]);
            refused_by_us(&who, status, &report, "expired", Some(1));
            // What the server makes of us is seen all the same, where we want to, and it is not called trusted for it.
            let (status, report) = probe(&sandbox, server.port(), &["--as", "good", "--insecure"]);
            refused_by_us(&who, status, &report, "expired", Some(1));
            assert_eq!(report["us_to_server"]["verdict"], "accepted", "{who}: {report:#}");
            let (status, report) = probe(&sandbox, server.port(), &["--roots", CA, "--insecure"]);
            refused_by_us(&who, status, &report, "expired", Some(1));
            assert_eq!(report["us_to_server"]["verdict"], "refused", "{who}: {report:#}");
            drop(server);
            // The others do not start with a key that is not that of the certificate.
            if ["rustls", "Go"].contains(&kind) {
                let server = Server::start(&sandbox, kind, version, "srv.internal", "old.internal");
                for more in [&[][..], &["--insecure"]] {
                    let (status, report) =
                        probe(&sandbox, server.port(), &[&["--as", "good"], more].concat());
                    refused_by_us(&who, status, &report, "key-mismatch", Some(1));
                }
            }
        }
    }
    // Of our own key, it is known before anybody is asked.
    let files = ["--cert", "pki/live/good/fullchain.pem", "--key", "pki/live/revoked/privkey.pem"];
    sandbox.fails("key-mismatch", &[&["probe", "localhost:1"], &files[..]].concat());
    document(&answers);
}

#[track_caller]
fn refused_by_us(who: &str, status: Option<i32>, report: &Value, rule: &str, certificate: Option<u64>) {
    assert_eq!((status, &report["verdict"]), (Some(1), &"refused".into()), "{who}: {report:#}");
    assert_eq!(report["side"], "us", "{who}: {report:#}");
    assert_eq!(report["rule"], rule, "{who}: {report:#}");
    assert_eq!(report["certificate"].as_u64(), certificate, "{who}: {report:#}");
}

/// The table in the docs holds what was seen.
fn document(answers: &BTreeMap<(&str, &str, &str), String>) {
    let mut table = format!("| fault of the client | {} |\n|{}\n", SERVERS.join(" | "), "---|".repeat(6));
    for (fault, _, rule, certain, _) in FAULTS {
        let cells = SERVERS.map(|kind| {
            let [old, new] = VERSIONS.map(|version| answers[&(fault, kind, version)].as_str());
            if old == new { old.to_owned() } else { format!("1.2: {old}<br>1.3: {new}") }
        });
        let how = if certain { "certain" } else { "likely" };
        table.push_str(&format!("| {fault}<br>`{rule}`, {how} | {} |\n", cells.join(" | ")));
    }
    let path = format!("{}/docs/peers.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- what servers say -->\n", "<!-- end -->\n");
    let (head, rest) = text.split_once(begin).unwrap();
    let (known, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("PKIT_BLESS").is_some() {
        std::fs::write(&path, format!("{head}{begin}{table}{end}{tail}")).unwrap();
    } else {
        assert_eq!(known, table, "docs/peers.md tells something else; PKIT_BLESS=1 writes it anew");
    }
}

/// A thousand refusals under load, by servers that judge after the handshake: none is told as a yes, each is the server's and for its
/// reason; and the same servers let the good client in, before and after.
#[test]
fn a_thousand_refusals_and_no_yes() {
    let sandbox = sandbox();
    for (kind, fault) in [("rustls", 4), ("OpenSSL", 2), ("Go", 1), ("Python", 3), ("nginx", 6)] {
        let server = Server::start(&sandbox, kind, "1.3", "srv.internal", "srv.internal");
        let target = format!("localhost:{}", server.port());
        let count = ["--count", "50", "--interval", "0s", "--json"];
        let line = [&["probe", &target], FAULTS[fault].1, &count].concat();
        let lets_in = || {
            let (status, report) = probe(&sandbox, server.port(), &["--as", "good"]);
            assert_eq!((status, &report["verdict"]), (Some(0), &"accepted".into()), "{kind}: {report:#}");
        };
        lets_in();
        // Four at once, on two cores.
        std::thread::scope(|scope| {
            let run = || {
                let output = sandbox.run(&line);
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                assert_eq!(output.status.code(), Some(1), "{kind}: {told}");
                let lines: Vec<Value> =
                    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                let (last, runs) = lines.split_last().unwrap();
                assert_eq!(runs.len(), 50, "{kind}: {told}");
                for run in runs {
                    assert_eq!(
                        (&run["verdict"], &run["side"], &run["rule"]),
                        (&"refused".into(), &"server".into(), &FAULTS[fault].2.into()),
                        "{kind}: {run:#}"
                    );
                    assert_eq!(run["server_to_us"]["verdict"], "trusted", "{kind}: {run:#}");
                }
                let summary = &last["summary"];
                assert_eq!(
                    (&summary["runs"], &summary["accepted"]),
                    (&50.into(), &0.into()),
                    "{kind}: {last}"
                );
                assert_eq!(summary["refused"], 50, "{kind}: {last}");
            };
            let running: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            running.into_iter().for_each(|one| one.join().unwrap());
        });
        lets_in();
    }
}

/// Servers of another age get a sentence.
#[test]
fn old_servers_are_named() {
    let sandbox = Sandbox::with_authorities();
    let issue = ["issue", "server", "srv.internal", "localhost", "--key-type", "rsa2048", "-q"];
    sandbox.succeeds(&issue);
    sandbox.succeeds(&["issue", "client", "good", "-q"]);
    for (flags, more, rule, words) in [
        ("-tls1 -cipher ALL@SECLEVEL=0", &[][..], "version-too-old", "speaks TLS 1.0 at most"),
        ("-tls1_1 -cipher ALL@SECLEVEL=0", &[], "version-too-old", "speaks TLS 1.1 at most"),
        ("-tls1_2 -cipher AES128-SHA", &[], "cipher-too-old", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("-tls1_2", &["--tls", "1.3"], "version-not-spoken", "TLS 1.2, and not TLS 1.3"),
        ("-tls1_3", &["--tls", "1.2"], "version-not-spoken", "TLS 1.3, and not TLS 1.2"),
        (
            "-servername srv.internal -servername_fatal -cert2 pki/live/srv.internal/cert.pem -key2 pki/live/srv.internal/privkey.pem",
            &["--server-name", "other.internal"],
            "name-unknown",
            "no server of this name",
        ),
    ] {
        let set = "pki/live/srv.internal";
        let line = format!(
            "openssl s_server -accept 127.0.0.1:0 -cert {set}/cert.pem -key {set}/privkey.pem -cert_chain {set}/chain.pem -www {flags}"
        );
        let words_of = shlex_split(&line);
        let mut command = Command::new(&words_of[0]);
        let server =
            handshake::Server::start(command.args(&words_of[1..]).current_dir(sandbox.root()), "ACCEPT");
        let (status, report) = probe(&sandbox, server.port, &[&["--as", "good"], more].concat());
        assert_eq!(report["rule"], rule, "{flags}: {report:#}");
        assert_eq!((status, &report["verdict"]), (Some(1), &"refused".into()), "{flags}: {report:#}");
        assert!(report["reason"].as_str().unwrap().contains(words), "{flags}: {report:#}");
        assert!(report["remedy"].is_string(), "{flags}: {report:#}");
    }
}

/// OCSP responses that openssl made and its server staples.
#[test]
fn stapled_responses_are_judged() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "-q"]);
    sandbox.succeeds(&["issue", "client", "good", "-q"]);
    let set = "pki/live/srv.internal";
    let serial = succeeds(&sandbox, &format!("openssl x509 -in {set}/cert.pem -noout -serial"));
    let serial = serial.trim().trim_start_matches("serial=").to_owned();
    let (ca, key) = ("pki/ca/issuing/cert.pem", "pki/ca/issuing/key.pem");
    let (end, then) = ("491231235959Z", "250101000000Z");
    for (status, index) in [
        ("good", format!("V\t{end}\t\t{serial}\tunknown\t/CN=srv.internal\n")),
        ("revoked", format!("R\t{end}\t{then},keyCompromise\t{serial}\tunknown\t/CN=srv.internal\n")),
    ] {
        sandbox.write("index.txt", index);
        succeeds(
            &sandbox,
            &format!("openssl ocsp -issuer {ca} -cert {set}/cert.pem -no_nonce -reqout request.der"),
        );
        succeeds(
            &sandbox,
            &format!(
                "openssl ocsp -index index.txt -CA {ca} -rsigner {ca} -rkey {key} -reqin request.der -respout {status}.der -ndays 1"
            ),
        );
        let line = format!(
            "openssl s_server -accept 127.0.0.1:0 -cert {set}/cert.pem -key {set}/privkey.pem -cert_chain {set}/chain.pem -www \
             -status_file {status}.der"
        );
        let words = shlex_split(&line);
        let mut command = Command::new(&words[0]);
        let server =
            handshake::Server::start(command.args(&words[1..]).current_dir(sandbox.root()), "ACCEPT");
        let (code, report) = probe(&sandbox, server.port, &["--as", "good"]);
        let staple = &report["ocsp"];
        assert_eq!(
            (&staple["status"], &staple["signed_by"]),
            (&status.into(), &"issuing".into()),
            "{report:#}"
        );
        assert!(staple["fault"].is_null() && staple["next_update"].is_string(), "{report:#}");
        if status == "revoked" {
            assert_eq!(staple["reason"], "keyCompromise");
            refused_by_us(status, code, &report, "revoked", Some(1));
        } else {
            assert_eq!(code, Some(0), "{report:#}");
        }
    }
    // Whatever is changed in a response, it proves nothing else than before.
    let load = |file: &str| pkit::cert::load_certificates(&sandbox.path(file)).unwrap().remove(0);
    let (leaf, issuer) = (load(&format!("{set}/cert.pem")), load(ca));
    let now = time::OffsetDateTime::now_utc();
    let whole = std::fs::read(sandbox.path("revoked.der")).unwrap();
    let read = |der: &[u8]| pkit::tls::ocsp::Staple::read(der, &leaf, Some(&issuer), now);
    let known = read(&whole);
    assert!(known.is_revocation());
    for index in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut other = whole.clone();
            other[index] ^= bit;
            let other = read(&other);
            let same = (other.status, other.revoked_at, other.reason)
                == (known.status, known.revoked_at, known.reason);
            assert!(other.fault.is_some() || same, "byte {index}: {other:?}");
        }
        assert!(read(&whole[..index]).fault.is_some(), "the first {index} bytes");
    }
    assert!(read(&[&whole[..], b"x"].concat()).fault.is_some());
    // Of another certificate, and of another CA.
    let root = load("pki/ca/root/cert.pem");
    assert!(pkit::tls::ocsp::Staple::read(&whole, &issuer, Some(&root), now).fault.is_some());
    assert!(pkit::tls::ocsp::Staple::read(&whole, &leaf, Some(&root), now).fault.is_some());
    assert!(pkit::tls::ocsp::Staple::read(&whole, &leaf, None, now).fault.is_some());
    let later = pkit::tls::ocsp::Staple::read(&whole, &leaf, Some(&issuer), now + time::Duration::days(3));
    assert!(
        later.fault.unwrap().contains("lapsed") && known.next_update < Some(now + time::Duration::days(3))
    );
}

/// What pkit would not sign: a name outside of the constraints of the CA.
#[test]
fn a_breach_of_name_constraints_is_named() {
    let sandbox = sandbox();
    let narrow = [
        "ca",
        "intermediate",
        "narrow",
        "--issuer",
        "root",
        "--unencrypted",
        "--permit-dns",
        "lab.internal",
        "-q",
    ];
    sandbox.succeeds(&narrow);
    sandbox.write(
        "ext",
        "subjectAltName=DNS:client.example.com\nextendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n",
    );
    let request = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout c.key -subj /CN=c -out c.csr";
    succeeds(&sandbox, request);
    let (ca, key) = ("pki/ca/narrow/cert.pem", "pki/ca/narrow/key.pem");
    let sign = format!(
        "openssl x509 -req -in c.csr -CA {ca} -CAkey {key} -CAcreateserial -days 30 -extfile ext -out c.pem"
    );
    succeeds(&sandbox, &sign);
    sandbox.write("c-full.pem", sandbox.read("c.pem") + &sandbox.read(ca));
    sandbox.succeeds(&["crl", "-q"]);
    let lists = ["root", "issuing", "narrow"].map(|name| sandbox.read(&format!("pki/ca/{name}/crl.pem")));
    sandbox.write("crls.pem", lists.concat());
    for kind in ["rustls", "Go"] {
        let server = Server::start(&sandbox, kind, "1.3", "srv.internal", "srv.internal");
        let files = ["--cert", "c-full.pem", "--key", "c.key", "--roots", CA];
        let (code, report) = probe(&sandbox, server.port(), &files);
        assert_eq!((code, &report["side"]), (Some(1), &"server".into()), "{kind}: {report:#}");
        assert_eq!(
            (&report["rule"], &report["certificate"]),
            (&"name-constraint".into(), &1.into()),
            "{report:#}"
        );
        assert_eq!(report["us_to_server"]["causes"][0]["certain"], true);
    }
}
