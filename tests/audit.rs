//! `pkit audit` and `serve-test --fault` as processes, with our own servers and clients on the other side.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod sandbox;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sandbox::Sandbox;
use serde_json::Value;

/// A running serve-test, ended by its process id.
struct Server {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    first: String,
}

impl Server {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let args = [&["serve-test", "localhost", "--listen", "127.0.0.1:0", "-q"], args].concat();
        let mut child = sandbox.command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        Self { child, lines, first: first.trim_end().to_owned() }
    }

    fn target(&self) -> String {
        format!("localhost:{}", self.first.rsplit(':').next().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server, a client, and a client that is revoked, whose lists are in crls.pem.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "localhost", "-q"]);
    sandbox.succeeds(&["issue", "client", "service-a", "-q"]);
    sandbox.succeeds(&["issue", "client", "laptop", "-q"]);
    sandbox.succeeds(&["revoke", "laptop", "-q"]);
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["crl", "--bundle", "localhost", "-o", "crls.pem", "-q"]);
    sandbox
}

fn audit(sandbox: &Sandbox, args: &[&str]) -> (Value, Option<i32>) {
    let output = sandbox.run(&[&["audit"], args].concat());
    let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report =
        serde_json::from_str(&told).unwrap_or_else(|_| panic!("audit {args:?} says no JSON: {told}{error}"));
    (report, output.status.code())
}

/// The names of the rows that stand so, each once.
fn rows(report: &Value, status: &str) -> Vec<String> {
    let all = report["rows"].as_array().unwrap().iter();
    let mut found: Vec<String> =
        all.filter(|row| row["status"] == status).map(|row| row["check"].as_str().unwrap().into()).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_server_that_refuses_all_it_must() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox, &["--crl", "crls.pem"]);
    let before = sandbox.read("pki/inventory.jsonl");
    let (report, code) =
        audit(&sandbox, &["server", &server.target(), "--as", "service-a", "--json", "--junit", "a.xml"]);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
    assert_eq!(report["speaks"], serde_json::json!(["1.2", "1.3"]));
    assert_eq!(rows(&report, "note"), ["unallowed-name"]);
    // An issuing CA has no room for another below it, and has no constraints of its own.
    assert_eq!(rows(&report, "not-tried"), ["name-constraint"]);
    let alert = |check: &str| {
        let all = report["rows"].as_array().unwrap();
        let row = all.iter().find(|row| row["check"] == check && row["tls"] == "1.3").unwrap();
        row["alert"]["name"].as_str().unwrap_or_default().to_owned()
    };
    for (check, name) in [
        ("no-certificate", "certificate_required"),
        ("untrusted", "unknown_ca"),
        ("same-name", "unknown_ca"),
        ("server-eku", "unsupported_certificate"),
        ("expired", "certificate_expired"),
        ("revoked", "certificate_revoked"),
        ("wrong-key", "decrypt_error"),
        ("path-length", "bad_certificate"),
        ("sha1", "bad_certificate"),
    ] {
        assert_eq!(alert(check), name, "{check}");
    }
    // What was signed is told, and on no record; that of the revoked one is the laptop's.
    let serials = |check: &str| {
        let all = report["rows"].as_array().unwrap().iter().filter(|row| row["check"] == check);
        all.flat_map(|row| row["serials"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(serials("expired").len(), 2);
    assert_eq!(serials("untrusted").len(), 0);
    let laptop = sandbox.succeeds(&["inspect", "--field", "serial", "pki/live/laptop/cert.pem"]);
    assert_eq!(serials("revoked")[0], laptop.trim().to_lowercase().replace(':', ""));
    assert_eq!(sandbox.read("pki/inventory.jsonl"), before);

    let junit = sandbox.read("a.xml");
    let count = report["rows"].as_array().unwrap().len();
    assert_eq!(junit.matches("<testcase ").count(), count);
    assert_eq!(junit.matches("<skipped ").count(), 2);
    assert!(junit.contains(&format!("tests=\"{count}\" failures=\"0\" errors=\"0\"")), "{junit}");
    let again = ["audit", "server", &server.target(), "--as", "service-a", "--junit", "a.xml"];
    sandbox.fails("file-exists", &again);

    // For people, one line for what came out the same under both versions.
    let told =
        sandbox.succeeds(&["audit", "server", &server.target(), "--as", "service-a", "--only", "expired"]);
    assert!(told.starts_with("localhost:") && told.contains(", as service-a, TLS 1.2 and 1.3\n"), "{told}");
    assert!(told.contains("\npassed  one expired ") && told.contains("  1.2 1.3  refuse  "), "{told}");
    assert!(told.ends_with("\n8 passed, 35 skipped\n"), "{told}");
}

#[test]
fn servers_with_holes() {
    let sandbox = sandbox();
    let ask = |target: &str, extra: &[&str]| {
        audit(&sandbox, &[&["server", target, "--as", "service-a", "--json"], extra].concat())
    };
    // Without lists, revocation is a hole; a matrix of what is named has nothing else.
    let server = Server::start(&sandbox, &[]);
    let (report, code) = ask(&server.target(), &["--only", "revoked,expired", "--skip", "expired"]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["revoked".to_owned()]), "{report:#}");
    // One for both sides has twins for both sides, but for the one that lacks ours.
    sandbox.succeeds(&["issue", "peer", "node.internal", "-q"]);
    let target = server.target();
    let node = ["server", &target, "--as", "node.internal", "--json", "--skip", "revoked"];
    let (report, code) = audit(&sandbox, &node);
    assert_eq!(code, Some(0), "{report:#}");
    assert!(rows(&report, "passed").contains(&"server-eku".to_owned()));
    let (report, code) = ask(&server.target(), &["--only", "unallowed-name", "--expect-allow-list"]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["unallowed-name".to_owned()]));
    assert!(report.to_string().contains("accepts every name of this CA"));

    let (report, code) = ask(&server.target(), &["--only", "tls-1.1", "--min-tls", "1.3"]);
    assert_eq!((code, rows(&report, "hole")), (Some(0), Vec::new()), "not to be tried: {report:#}");
    let (report, code) = ask(&server.target(), &["--skip", "revoked", "--min-tls", "1.3"]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["tls-1.2".to_owned()]), "{report:#}");

    let server = Server::start(&sandbox, &["--client-auth", "optional", "--tls", "1.3"]);
    let (report, code) = ask(&server.target(), &["--skip", "revoked"]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["no-certificate".to_owned()]), "{report:#}");
    assert!(report.to_string().contains("asks for a certificate but does not require one: optional"));
    assert_eq!(report["speaks"], serde_json::json!(["1.3"]));
    let own = report["rows"].as_array().unwrap().iter().find(|row| row["check"] == "own").unwrap();
    assert_eq!((own["tls"].as_str(), own["status"].as_str()), (Some("1.2"), Some("not-tried")));

    let server = Server::start(&sandbox, &["--client-auth", "none"]);
    let (report, code) = ask(&server.target(), &[]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["no-certificate".to_owned()]), "{report:#}");
    assert!(report.to_string().contains("does not ask for a certificate"));
    assert!(rows(&report, "not-tried").contains(&"expired".to_owned()));
}

#[test]
fn nothing_counts_where_the_good_one_is_refused() {
    let sandbox = sandbox();
    sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere", "-q"]);
    sandbox.succeeds(&["issue", "client", "stranger", "--pki", "elsewhere", "-q"]);
    let server = Server::start(&sandbox, &[]);
    let (report, code) = audit(
        &sandbox,
        &[
            "server",
            &server.target(),
            "--as",
            "stranger",
            "--pki",
            "elsewhere",
            "--roots",
            "pki/live/localhost/ca.pem",
            "--json",
        ],
    );
    assert_eq!((code, report["verdict"].as_str()), (Some(2), Some("undecided")), "{report:#}");
    assert!(report["problem"].as_str().unwrap().starts_with("the good client is not let in"), "{report:#}");
    assert_eq!(rows(&report, "passed"), Vec::<String>::new());
    // A server that is not to be trusted.
    let roots = ["--roots", "elsewhere/live/stranger/ca.pem"];
    let target = server.target();
    let args = [&["server", &target, "--as", "service-a", "--json"], &roots[..]].concat();
    let (report, code) = audit(&sandbox, &args);
    assert_eq!(code, Some(2));
    assert!(report["problem"].as_str().unwrap().starts_with("we do not trust the server"), "{report:#}");
    drop(server);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("localhost:{free}");
    sandbox.fails("connect-failed", &["audit", "server", &nobody, "--as", "service-a"]);
    sandbox.fails("usage", &["audit", "server", &nobody, "--as", "service-a", "--only", "nonsense"]);
    sandbox.fails("certificate-unknown", &["audit", "server", &nobody, "--as", "nobody"]);
}

#[test]
fn clients() {
    let sandbox = sandbox();
    let pkit = env!("CARGO_BIN_EXE_pkit");
    let probe =
        [pkit, "probe", "{host}:{port}", "--cert", "{cert}", "--key", "{key}", "--roots", "{ca}", "-q"];
    let args = ["client", "--as-server", "localhost", "--client", "service-a", "--json"];
    let with =
        |extra: &[&str], command: &[&str]| audit(&sandbox, &[&args[..], extra, &["--"], command].concat());
    let lists = [&probe[..], &["--crl", "{crl}"]].concat();
    let (report, code) = with(&["--crl", "crls.pem"], &lists);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
    assert!(rows(&report, "passed").contains(&"revoked".to_owned()));
    assert_eq!(rows(&report, "not-tried"), ["name-constraint"]);

    let (report, code) = with(&[], &probe);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(rows(&report, "note"), ["revoked"]);

    // Told of lists, and deaf to them.
    let (report, code) = with(&["--crl", "crls.pem", "--only", "revoked"], &probe);
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["revoked".to_owned()]), "{report:#}");

    // A client that hides its refusal.
    let hides = ["sh", "-c", "\"$@\"; exit 0", "sh"];
    let (report, code) = with(&["--only", "expired"], &[&hides[..], &probe].concat());
    assert_eq!((code, rows(&report, "hole")), (Some(1), vec!["expired".to_owned()]), "{report:#}");
    assert!(report.to_string().contains("says that all is well though it broke off"));

    // Clients that never come, or never end.
    for (command, extra) in [(&["true"][..], &[][..]), (&["sleep", "600"], &["--timeout", "1s"])] {
        let begun = Instant::now();
        let (report, code) = with(extra, command);
        assert_eq!(code, Some(2), "{command:?}: {report:#}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{command:?}");
        assert!(report["problem"].as_str().unwrap().contains("no request came"), "{report:#}");
    }
    // Without names of their own, a server for the host is made up.
    let made_up =
        ["client", "--json", "--only", "wrong-name", "--", pkit, "probe", "{host}:{port}", "--roots"];
    let (report, code) = audit(&sandbox, &[&made_up[..], &["{ca}", "-q"]].concat());
    assert_eq!((code, rows(&report, "hole")), (Some(0), Vec::new()), "{report:#}");
    sandbox.fails("usage", &["audit", "client", "--json", "--", "curl", "{cert}"]);
    sandbox.fails("usage", &["audit", "client", "--json", "--", "/does/not/exist"]);

    let told =
        sandbox.run(&["audit", "client", "--only", "expired", "-v", "--", "sh", "-c", "printf 'a\\033[31m'"]);
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(said.contains("TLS 1.2 good| a") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_signal_ends_the_command_too() {
    let sandbox = sandbox();
    // One that would rather stay.
    let script = "trap '' HUP QUIT TERM; echo $$ > pid.new; mv pid.new pid; exec sleep 600";
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let args = ["audit", "client", "--timeout", "1h", "--", "sh", "-c", script];
        let mut audit = sandbox.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        let wait = |what: &str, holds: &dyn Fn() -> bool| {
            while !holds() {
                assert!(Instant::now() < end, "{signal}: {what}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        wait("it is run", &|| sandbox.path("pid").exists());
        let child = Pid::from_raw(sandbox.read("pid").trim().parse().unwrap());
        std::fs::remove_file(sandbox.path("pid")).unwrap();
        assert!(kill(child, None).is_ok());
        kill(Pid::from_raw(audit.id().try_into().unwrap()), signal).unwrap();
        assert!(!audit.wait().unwrap().success());
        // It is gone, or dead and not yet collected.
        let state = || std::fs::read_to_string(format!("/proc/{child}/stat"));
        wait("it has ended", &|| {
            kill(child, None).is_err() || state().is_ok_and(|stat| stat.contains(") Z "))
        });
    }
}

#[test]
fn a_server_that_is_bad_on_purpose() {
    let sandbox = sandbox();
    for (fault, words) in [
        ("expired", "expired"),
        ("untrusted", "not among the trusted roots"),
        ("wrong-name", "not for localhost"),
        ("client-eku", "serverAuth"),
        ("path-length", "intermediate certificates below it"),
    ] {
        let mut server = Server::start(&sandbox, &["--fault", fault]);
        let mut second = String::new();
        server.lines.read_line(&mut second).unwrap();
        assert!(second.starts_with("BAD ON PURPOSE: ") && second.contains(fault), "{second}");
        assert_eq!(second.contains("serial "), fault != "untrusted", "{second}");
        let output = sandbox.run(&["probe", &server.target(), "--as", "service-a", "-q"]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{fault}: {told}");
        assert!(told.starts_with("refused by us: ") && told.contains(words), "{fault}: {told}");
    }
    let server = Server::start(&sandbox, &["--fault", "revoked", "--json"]);
    let first: Value = serde_json::from_str(&server.first).unwrap();
    assert_eq!((first["fault"].as_str(), first["serials"].as_array().unwrap().len()), (Some("revoked"), 1));
    let port = first["address"].as_str().unwrap().rsplit(':').next().unwrap();
    let target = format!("localhost:{port}");
    let output = sandbox.run(&["probe", &target, "--as", "service-a", "-q", "--crl", "crls.pem"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("revoked"));
    sandbox.fails("usage", &["serve-test", "localhost", "--fault", "name-constraint"]);
    sandbox.fails("usage", &["serve-test", "localhost", "--fault", "nonsense"]);
}

#[test]
fn wrong_twins_need_the_passphrase_of_the_ca() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", "correct horse\n");
    sandbox.succeeds(&["ca", "root", "root", "--new-passphrase-file", "secret", "-q"]);
    let secret = ["--passphrase-file", "secret"];
    sandbox.succeeds(&[&["issue", "server", "localhost", "-q"], &secret[..]].concat());
    sandbox.succeeds(&[&["issue", "client", "service-a", "-q"], &secret[..]].concat());
    let server = Server::start(&sandbox, &[]);
    let target = server.target();
    let args = ["audit", "server", &target, "--as", "service-a", "--only", "expired,no-intermediate"];
    sandbox.fails("passphrase-needed", &args);
    let told = sandbox.succeeds(&[&args[..], &secret].concat());
    assert!(told.contains("the CA is a root: there is no intermediate to leave out"), "{told}");
    sandbox.fails("passphrase-needed", &["serve-test", "localhost", "--fault", "expired"]);
}
