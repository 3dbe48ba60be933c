//! `pkit serve-test` and `pkit probe` as processes: what they print, how they end, what signals do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod sandbox;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sandbox::Sandbox;
use serde_json::Value;

/// A running serve-test, killed when a test fails.
struct Server {
    child: Child,
    first: String,
}

impl Server {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let args = [&["serve-test", "--listen", "127.0.0.1:0"], args].concat();
        let mut command = sandbox.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        Self { child, first: first.trim_end().to_owned() }
    }

    fn port(&self) -> &str {
        let end = self.first.rsplit(':').next().unwrap();
        end.split(|c: char| !c.is_ascii_digit()).next().unwrap()
    }

    fn target(&self) -> String {
        format!("localhost:{}", self.port())
    }

    /// Waits for its end; standard error.
    fn finish(mut self) -> String {
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{told}");
        told
    }

    fn signal(self, signal: Signal) -> String {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
        self.finish()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "api.internal", "localhost", "127.0.0.1"]);
    sandbox.succeeds(&["issue", "client", "service-a"]);
    sandbox
}

#[test]
fn a_server_and_its_probes() {
    let sandbox = sandbox();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let server = Server::start(&sandbox, &["api.internal"]);
        assert!(server.first.starts_with("listening on https://127.0.0.1:"), "{}", server.first);
        let target = server.target();

        let told = sandbox.succeeds(&["probe", &target, "--as", "service-a"]);
        assert!(told.lines().last().unwrap().starts_with("accepted: "), "{told}");
        for line in
            ["resolve ", "connect ", "handshake ", "request ", "server sent ", "server asked ", "we sent "]
        {
            assert!(told.contains(&format!("\n{line}")) || told.starts_with(line), "no {line}\n{told}");
        }
        // As serve-test prints it.
        let url = server.first.trim_start_matches("listening on ");
        assert!(sandbox.succeeds(&["probe", url, "--as", "service-a", "-q"]).starts_with("accepted: "));

        let none = sandbox.run(&["probe", &target]);
        let told = String::from_utf8_lossy(&none.stdout).into_owned();
        assert_eq!(none.status.code(), Some(1), "{told}");
        let last = told.lines().last().unwrap();
        assert!(
            last.starts_with("refused by the server: ") && last.contains("certificate_required (116)"),
            "{last}"
        );
        assert!(told.contains("certain: ") && told.contains("--as service-a"), "{told}");

        let wrong =
            sandbox.run(&["probe", &target, "--as", "service-a", "--server-name", "other.internal", "-q"]);
        let told = String::from_utf8_lossy(&wrong.stdout).into_owned();
        assert!(wrong.status.code() == Some(1) && told.starts_with("refused by us: "), "{told}");

        let log = server.signal(signal);
        // Connections are told when they end, and two workers do not wait for each other.
        let count = |start: &str, part: &str| {
            log.lines().filter(|line| line.starts_with(start) && line.contains(part)).count()
        };
        // Two of them have a remedy below.
        assert_eq!(log.lines().count(), 7, "{log}");
        assert_eq!(count("accepted  127.0.0.1:", "  service-a  TLSv1.3  GET /"), 2, "{log}");
        assert_eq!(count("refused   ", "certificate_required (116)"), 1, "{log}");
        assert_eq!(count("failed    ", "bad_certificate (42)"), 1, "{log}");
        assert!(log.ends_with("\nstopped: 2 accepted, 1 refused (no-certificate 1), 1 failed (client-alert 1), 0 without a byte\n"), "{log}");
    }
}

#[test]
fn json_on_both_sides() {
    let sandbox = sandbox();
    let files = [
        "--cert",
        "pki/live/api.internal/fullchain.pem",
        "--key",
        "pki/live/api.internal/privkey.pem",
        "--client-ca",
        "pki/live/api.internal/ca.pem",
    ];
    let server = Server::start(&sandbox, &[&files[..], &["--json", "--count", "2", "--tls", "1.2"]].concat());
    let first: Value = serde_json::from_str(&server.first).unwrap();
    let url = first["listening"].as_str().unwrap();
    assert_eq!(url, format!("https://{}", first["address"].as_str().unwrap()));
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let target = format!("localhost:{port}");
    let client = [
        "--cert",
        "pki/live/service-a/fullchain.pem",
        "--key",
        "pki/live/service-a/privkey.pem",
        "--roots",
        "pki/live/service-a/ca.pem",
    ];
    let told = sandbox.succeeds(&[&["probe", &target, "--json"], &client[..]].concat());
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["verdict"], "accepted");
    assert_eq!(report["server_to_us"]["verdict"], "trusted");
    assert_eq!(report["us_to_server"]["verdict"], "accepted");
    assert_eq!(report["negotiated"]["version"], "TLSv1.2");
    assert_eq!(report["certificate_request"]["sent"][0]["common_name"], "service-a");
    let refused = sandbox.run(&["probe", &target, "--json", "--roots", "pki/live/service-a/ca.pem"]);
    assert_eq!(refused.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["side"]), (&"refused".into(), &"server".into()));
    assert_eq!(report["us_to_server"]["alert"]["number"], 116);
    assert_eq!(report["us_to_server"]["causes"][0]["code"], "no-certificate");

    let log = server.finish();
    let mut lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The summary, which has no number, stays behind.
    lines.sort_by_key(|line| line["number"].as_u64().unwrap_or(u64::MAX));
    assert_eq!(lines.len(), 3, "{log}");
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["client"]["common_name"]),
        (&"accepted".into(), &"service-a".into())
    );
    assert_eq!(
        (&lines[1]["outcome"], &lines[1]["alert_sent"]["name"]),
        (&"refused".into(), &"certificate_required".into())
    );
    assert_eq!(lines[2]["summary"]["accepted"], 1);
    assert!(!log.contains("PRIVATE KEY"));
}

#[test]
fn revocation_lists_in_json() {
    let sandbox = sandbox();
    sandbox.succeeds(&["issue", "client", "service-b"]);
    sandbox.succeeds(&["crl", "-q"]);
    let bundle = || sandbox.succeeds(&["crl", "--bundle", "service-a", "-o", "crls.pem", "--force", "-q"]);
    bundle();
    let server = Server::start(&sandbox, &["api.internal", "--crl", "crls.pem", "--json", "--count", "4"]);
    let target = server.target();
    let probe = |name: &str| -> (Option<i32>, Value) {
        let output = sandbox.run(&["probe", &target, "--as", name, "--json", "--crl", "crls.pem"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    };
    assert_eq!(probe("service-a").0, Some(0));
    sandbox.succeeds(&["revoke", "service-a", "--reason", "keyCompromise", "-q"]);
    bundle();
    let (status, report) = probe("service-a");
    assert_eq!((status, &report["side"]), (Some(1), &"server".into()));
    assert_eq!(report["us_to_server"]["alert"]["number"], 44);
    let cause = &report["us_to_server"]["causes"][0];
    assert_eq!((&cause["code"], &cause["certain"]), (&"revoked".into(), &true.into()));
    assert_eq!(report["server_to_us"]["revocation_checked"], true);
    // Cut off in the middle, as a copy that is not whole yet: for us an error, for the server no reason to forget.
    let whole = sandbox.read("crls.pem");
    sandbox.write("crls.pem", &whole[..whole.len() - 40]);
    assert_eq!(probe("service-a").0, Some(2));
    let told = sandbox.run(&["probe", &target, "--as", "service-a", "-q"]);
    assert_eq!(told.status.code(), Some(1), "{}", String::from_utf8_lossy(&told.stdout));
    sandbox.write("crls.pem", whole);
    assert_eq!(probe("service-b").0, Some(0));

    let log = server.finish();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused: Vec<_> = lines.iter().filter(|line| line["outcome"] == "refused").collect();
    assert_eq!(refused.len(), 2, "{log}");
    for refused in refused {
        assert_eq!(refused["findings"].as_array().unwrap().len(), 1);
        let finding = &refused["findings"][0];
        assert_eq!((&finding["rule"], &finding["certificate"]), (&"revoked".into(), &1.into()));
        assert!(finding["fact"].as_str().unwrap().contains("keyCompromise"), "{log}");
        assert_eq!(refused["alert_sent"]["number"], 44);
    }
    let errors: Vec<_> = lines.iter().filter_map(|line| line["error"]["code"].as_str()).collect();
    assert_eq!(errors, ["pem-broken"], "{log}");
    let told = |words: &str| {
        lines.iter().filter(|line| line["notice"].as_str().is_some_and(|told| told.contains(words))).count()
    };
    assert_eq!((told("was read again"), told("said before stays in force")), (2, 1), "{log}");
}

/// Lists that would refuse everybody are told of before anybody comes.
#[test]
fn lists_that_let_nobody_in_are_told_of() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    let crl = ["api.internal", "--once", "--crl", "pki/ca/issuing/crl.pem"];
    let server = Server::start(&sandbox, &crl);
    let told = sandbox.run(&["probe", &server.target(), "--as", "service-a", "-q"]);
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("certificate_unknown (46)"), "{told}");
    let log = server.finish();
    assert!(log.starts_with("notice: there is no CRL of root: no client below it will be let in\n"), "{log}");
    let refusal = "certificate 2 of 3 (issuing): there is no CRL of root (RFC 5280 6.3.3); sent alert certificate_unknown (46)\n          remedy: name the CRLs of all CAs";
    assert!(log.contains(refusal), "{log}");
}

#[test]
fn once_is_once_and_quiet_is_quiet() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox, &["api.internal", "--once", "--quiet", "--client-auth", "none"]);
    let told = sandbox.succeeds(&["probe", &server.target(), "--as", "service-a", "-q"]);
    assert!(told.starts_with("accepted: ") && told.contains("did not ask for a certificate"), "{told}");
    assert_eq!(server.finish(), "");
}

#[test]
fn what_cannot_be_is_an_error() {
    let sandbox = sandbox();
    sandbox.fails("certificate-unknown", &["serve-test", "nobody"]);
    sandbox.fails("certificate-unknown", &["probe", "localhost:1", "--as", "nobody"]);
    sandbox.fails("usage", &["serve-test"]);
    sandbox.fails("usage", &["serve-test", "api.internal", "--timeout", "0s"]);
    sandbox.fails("usage", &["probe", "localhost:1", "--as", "service-a", "--tls", "1.1"]);
    sandbox.fails("usage", &["probe", "localhost:1", "--pki", "nowhere"]);
    sandbox.fails("address-invalid", &["probe", "::1:8443", "--as", "service-a"]);
    let client = "pki/live/service-a/cert.pem";
    sandbox.fails("anchor-not-ca", &["probe", "localhost:1", "--roots", client]);
    let foreign = ["--cert", client, "--key", "pki/live/api.internal/privkey.pem"];
    sandbox.fails("key-mismatch", &[&["probe", "localhost:1"], &foreign[..]].concat());
    sandbox.fails(
        "usage",
        &[
            "serve-test",
            "--cert",
            "pki/live/api.internal/fullchain.pem",
            "--key",
            "pki/live/api.internal/privkey.pem",
        ],
    );
}
