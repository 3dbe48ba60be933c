//! What pkit makes, judged by others; what others make, read by pkit; handshakes with foreign peers. Needs openssl, curl,
//! certtool, mkcert, easy-rsa and a Python with `cryptography` (`PKIT_INTEROP_PYTHON`, else `python3`): a missing one is a failure.
//! `cargo test --features interop --test interop`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod accepted;
mod import;
mod keys;
#[path = "../sandbox/mod.rs"]
mod sandbox;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use sandbox::Sandbox;

const KEY_TYPES: [&str; 6] = ["p256", "p384", "ed25519", "rsa2048", "rsa3072", "rsa4096"];
const VERSIONS: [&str; 2] = ["1.2", "1.3"];

fn python() -> String {
    std::env::var("PKIT_INTEROP_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn script(name: &str) -> String {
    format!("{}/tests/interop/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a foreign program in the sandbox.
fn foreign(sandbox: &Sandbox, line: &str) -> Output {
    let words = shlex_split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(sandbox.root()).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{}: {error}; the interop suite needs it", words[0]))
}

fn shlex_split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| if word == "none" { String::new() } else { word.clone() }).collect()
}

/// Standard output of a foreign program that must succeed.
fn succeeds(sandbox: &Sandbox, line: &str) -> String {
    let output = foreign(sandbox, line);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "$ {line}\n{stdout}{stderr}");
    stdout
}

/// A server that is ended, by its process id, when it goes out of scope.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts a server and reads from its output the line that ends in its port.
    fn start(command: &mut Command, marker: &str) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, receiver) = mpsc::channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(out) as Box<dyn Read + Send>, Box::new(err)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                // Read on to the end, so that the server is never blocked by a full pipe.
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        let port = loop {
            let line = receiver.recv_timeout(Duration::from_secs(20)).expect("the server says its port");
            if line.contains(marker) {
                let digits: String = line.trim_end().chars().rev().take_while(char::is_ascii_digit).collect();
                break digits.chars().rev().collect::<String>().parse().unwrap();
            }
        };
        Self { child, port }
    }

    fn serve_test(sandbox: &Sandbox, name: &str, extra: &[&str]) -> Self {
        let args = [&["serve-test", name, "--listen", "127.0.0.1:0"][..], extra].concat();
        Self::start(&mut sandbox.command(&args), "listening")
    }

    fn openssl(sandbox: &Sandbox, version: &str) -> Self {
        let line = format!(
            "openssl s_server -accept 127.0.0.1:0 -Verify 1 -verify_return_error -CAfile pki/live/srv.internal/ca.pem \
             -cert pki/live/srv.internal/cert.pem -key pki/live/srv.internal/privkey.pem \
             -cert_chain pki/live/srv.internal/chain.pem -www {}",
            if version == "1.2" { "-tls1_2" } else { "-tls1_3" }
        );
        let words = shlex_split(&line);
        Self::start(Command::new(&words[0]).args(&words[1..]).current_dir(sandbox.root()), "ACCEPT")
    }

    fn python(sandbox: &Sandbox, version: &str) -> Self {
        let set = |file: &str| format!("pki/live/srv.internal/{file}");
        let mut command = Command::new(python());
        command
            .args([&script("server.py"), &set("fullchain.pem"), &set("privkey.pem"), &set("ca.pem"), version])
            .current_dir(sandbox.root());
        Self::start(&mut command, "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A PKI with a server, a client, and below another root a client that nobody knows.
fn with_peers() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "127.0.0.1"]);
    sandbox.succeeds(&["issue", "client", "service-a"]);
    sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere"]);
    sandbox.succeeds(&["issue", "client", "stranger", "--pki", "elsewhere"]);
    sandbox.succeeds(&["issue", "server", "stranger.internal", "localhost", "--pki", "elsewhere"]);
    sandbox
}

const GOOD: [&str; 4] =
    ["--cert", "pki/live/service-a/fullchain.pem", "--key", "pki/live/service-a/privkey.pem"];
const STRANGER: [&str; 4] =
    ["--cert", "elsewhere/live/stranger/fullchain.pem", "--key", "elsewhere/live/stranger/privkey.pem"];
const ROOTS: [&str; 2] = ["--roots", "pki/live/srv.internal/ca.pem"];

fn probe(sandbox: &Sandbox, port: u16, identity: &[&str], extra: &[&str]) -> Output {
    let target = format!("localhost:{port}");
    sandbox.run(&[&["probe", &target], &ROOTS[..], identity, extra].concat())
}

#[test]
fn others_accept_what_is_issued() {
    for key_type in KEY_TYPES {
        let sandbox = Sandbox::new();
        sandbox.succeeds(&[
            "ca",
            "root",
            "R",
            "--unencrypted",
            "--key-type",
            key_type,
            "--subject",
            "C=US,O=Acme, Inc".replace(", ", "\\, ").as_str(),
        ]);
        sandbox.succeeds(&["ca", "intermediate", "I", "--unencrypted", "--key-type", key_type]);
        let mut questions = Vec::new();
        for profile in ["server", "client", "peer"] {
            let name = format!("{profile}.internal");
            sandbox.succeeds(&[
                "issue",
                profile,
                &name,
                "*.apps.internal",
                "bücher.example",
                "10.1.2.3",
                "2001:db8::1",
                "spiffe://acme.internal/x",
                "ops@example.com",
                "--key-type",
                key_type,
            ]);
            let set = format!("pki/live/{name}");
            for (side, purpose, fits) in
                [("server", "sslserver", profile != "client"), ("client", "sslclient", profile != "server")]
            {
                let line = format!(
                    "openssl verify -x509_strict -purpose {purpose} -CAfile {set}/ca.pem -untrusted {set}/chain.pem {set}/cert.pem"
                );
                assert_eq!(foreign(&sandbox, &line).status.success(), fits, "{key_type} {profile}: {line}");
                // `cryptography` does not verify Ed25519 chains (it follows the CA/Browser Forum there).
                if key_type != "ed25519" {
                    questions
                        .push((format!("{side}|{set}/cert.pem|{set}/chain.pem|{set}/ca.pem|{name}"), fits));
                }
            }
            succeeds(
                &sandbox,
                &format!("certtool --verify --load-ca-certificate {set}/ca.pem --infile {set}/fullchain.pem"),
            );
            succeeds(&sandbox, &format!("openssl pkey -in {set}/privkey.pem -check -noout"));
        }
        if !questions.is_empty() {
            let arguments: Vec<String> =
                questions.iter().map(|(question, _)| format!("'{question}'")).collect();
            let line = format!("{} {} {}", python(), script("verify.py"), arguments.join(" "));
            let answers = succeeds(&sandbox, &line);
            for ((question, fits), answer) in questions.iter().zip(answers.lines()) {
                assert_eq!(answer == "ok", *fits, "{question}: {answer}");
            }
            assert_eq!(answers.lines().count(), questions.len());
        }
    }
}

#[test]
fn openssl_reads_the_fields_as_they_were_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.succeeds(&[
        "ca",
        "root",
        "My Root",
        "--unencrypted",
        "--subject",
        "C=US,ST=California,O=MyCompany",
        "--validity",
        "30y",
    ]);
    sandbox.succeeds(&["ca", "intermediate", "My Issuing", "--unencrypted"]);
    sandbox.succeeds(&["issue", "server", "a.internal", "10.0.0.1"]);
    let text = |file: &str| succeeds(&sandbox, &format!("openssl x509 -noout -text -in {file}"));
    let root = text("pki/ca/_my+_root/cert.pem");
    for line in [
        "Subject: C = US, ST = California, O = MyCompany, CN = My Root",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Basic Constraints: critical\n                CA:TRUE\n",
    ] {
        assert!(root.contains(line), "{line}\n{root}");
    }
    assert!(!root.contains("pathlen") && !root.contains("Extended"));
    let intermediate = text("pki/ca/_my+_issuing/cert.pem");
    assert!(intermediate.contains("CA:TRUE, pathlen:0"), "{intermediate}");
    let leaf = text("pki/live/a.internal/cert.pem");
    for line in [
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
        "X509v3 Subject Alternative Name: \n                DNS:a.internal, IP Address:10.0.0.1\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(leaf.contains(line), "{line}\n{leaf}");
    }
    // A validity past 2049 is written as GeneralizedTime, as RFC 5280 wants it.
    let dump = succeeds(&sandbox, "openssl asn1parse -in pki/ca/_my+_root/cert.pem");
    assert!(dump.contains("UTCTIME") && dump.contains("GENERALIZEDTIME"), "{dump}");
}

#[test]
fn ca_keys_open_in_openssl_and_keys_of_openssl_open_here() {
    let sandbox = Sandbox::new();
    sandbox.write("phrase", "correct horse\n");
    sandbox.succeeds(&["ca", "root", "sealed", "--new-passphrase-file", "phrase"]);
    succeeds(&sandbox, "openssl pkey -in pki/ca/sealed/key.pem -passin file:phrase -check -noout");
    assert!(
        !foreign(&sandbox, "openssl pkey -in pki/ca/sealed/key.pem -passin pass:wrong -noout")
            .status
            .success()
    );
    for (index, make) in [
        "openssl ecparam -name prime256v1 -genkey -out ca.key",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ca.key",
        "openssl genpkey -algorithm ED25519 -out ca.key",
        "openssl genrsa -traditional -out ca.key 2048",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-256-cbc -pass file:phrase -out ca.key",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -des3 -pass file:phrase -out ca.key",
    ]
    .iter()
    .enumerate()
    {
        succeeds(&sandbox, make);
        // A name with repeated and multi-valued attributes must be repeated byte for byte.
        succeeds(
            &sandbox,
            "openssl req -x509 -new -key ca.key -passin file:phrase -days 30 -multivalue-rdn \
             -subj '/DC=com/DC=example/DC=corp/OU=One/OU=Two/O=Acme+CN=Foreign Root' \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out ca.pem",
        );
        let out = format!("out{index}");
        sandbox.succeeds(&[
            "issue", "server", "a.internal", "--issuer", "ca.pem", "--issuer-key", "ca.key", "--passphrase-file", "phrase",
            "--validity", "7d", "--out", &out,
        ]);
        succeeds(&sandbox, &format!("openssl verify -x509_strict -purpose sslserver -CAfile ca.pem {out}/cert.pem"));
    }
}

#[test]
fn a_person_is_asked_on_the_terminal() {
    let sandbox = Sandbox::new();
    let ask = |answers: &str, command: &str| {
        let line = format!(
            "{} {} {answers} {} {command}",
            python(),
            script("terminal.py"),
            env!("CARGO_BIN_EXE_pkit")
        );
        let shown = succeeds(&sandbox, &line);
        let status: i32 = shown.trim_end().lines().last().unwrap().parse().unwrap();
        assert!(!shown.contains("horse"), "the passphrase was shown: {shown}");
        assert!(shown.contains("echo is on"), "the terminal was left dumb: {shown}");
        (shown, status)
    };
    let (shown, status) = ask("horse|hose", "ca root R");
    assert!(status == 2 && shown.contains("not the same") && !sandbox.path("pki").exists(), "{shown}");
    let (shown, status) = ask("horse|horse", "ca root R");
    assert!(status == 0 && shown.contains("Once more"), "{shown}");
    let (shown, status) = ask("one|two|horse", "issue client a");
    assert!(status == 0 && shown.matches("That did not open it").count() == 2, "{shown}");
    let (shown, status) = ask("one|two|three", "issue client b");
    assert!(status == 2 && shown.contains("the passphrase is wrong"), "{shown}");
    let (shown, status) = ask("^C", "issue client b");
    assert!(status == -2, "interrupted: {shown}");
    let bundle = "bundle pki/live/a/fullchain.pem pki/live/a/ca.pem --combined --key pki/live/a/privkey.pem";
    let (shown, status) = ask("none", bundle);
    assert!(
        status == 2 && shown.contains("not printed on a terminal") && !shown.contains("BEGIN"),
        "{shown}"
    );
    let (shown, status) = ask("horse", "issue client b --no-input");
    assert!(status == 2 && shown.contains("a passphrase is needed"), "{shown}");
}

#[test]
fn foreign_clients_against_serve_test() {
    let sandbox = with_peers();
    for version in VERSIONS {
        let server = Server::serve_test(&sandbox, "srv.internal", &["--tls", version]);
        let url = format!("https://localhost:{}/", server.port);
        let curl = |identity: &str| {
            foreign(
                &sandbox,
                &format!("curl -sS --max-time 20 --cacert pki/live/srv.internal/ca.pem {identity} {url}"),
            )
        };
        let good = curl("--cert pki/live/service-a/fullchain.pem --key pki/live/service-a/privkey.pem");
        let answer: serde_json::Value = serde_json::from_slice(&good.stdout)
            .unwrap_or_else(|_| panic!("curl: {}", String::from_utf8_lossy(&good.stderr)));
        assert_eq!(answer["client_authenticated"], true, "{answer}");
        assert!(answer.to_string().contains("service-a"), "{answer}");
        assert!(answer.to_string().contains(if version == "1.2" { "1.2" } else { "1.3" }), "{answer}");
        for (refused, alert) in [
            // rustls says so under TLS 1.2 too, where RFC 5246 has no such alert.
            ("", "certificate required"),
            (
                "--cert elsewhere/live/stranger/fullchain.pem --key elsewhere/live/stranger/privkey.pem",
                "unknown ca",
            ),
            ("--cert pki/live/service-a/cert.pem --key pki/live/service-a/privkey.pem", "unknown ca"),
            (
                "--cert pki/live/srv.internal/fullchain.pem --key pki/live/srv.internal/privkey.pem",
                "unsupported certificate",
            ),
        ] {
            let output = curl(refused);
            let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
            assert!(!output.status.success() && output.stdout.is_empty(), "TLS {version}, {refused}: let in");
            assert!(told.contains(alert), "TLS {version}, {refused}: {told}");
        }
        let s_client = |identity: &str| {
            let line = format!(
                "openssl s_client -connect localhost:{} -servername localhost -verify_return_error -CAfile pki/live/srv.internal/ca.pem \
                 {identity} -quiet -no_ign_eof",
                server.port
            );
            let words = shlex_split(&line);
            let mut child = Command::new(&words[0])
                .args(&words[1..])
                .current_dir(sandbox.root())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            use std::io::Write;
            let mut stdin = child.stdin.take().unwrap();
            let _ = stdin.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            std::thread::sleep(Duration::from_millis(500));
            drop(stdin);
            child.wait_with_output().unwrap()
        };
        let good = s_client(
            "-cert pki/live/service-a/cert.pem -key pki/live/service-a/privkey.pem -cert_chain pki/live/service-a/chain.pem",
        );
        let told = String::from_utf8_lossy(&good.stdout);
        assert!(
            told.contains("\"client_authenticated\"") && told.contains("true"),
            "{told}{}",
            String::from_utf8_lossy(&good.stderr)
        );
        let none = s_client("");
        assert!(!String::from_utf8_lossy(&none.stdout).contains("client_authenticated"));
    }
}

#[test]
fn probe_against_foreign_servers() {
    let sandbox = with_peers();
    for version in VERSIONS {
        for (who, server) in
            [("openssl", Server::openssl(&sandbox, version)), ("python", Server::python(&sandbox, version))]
        {
            for (identity, wanted) in [(&GOOD[..], 0), (&[][..], 1), (&STRANGER[..], 1)] {
                let output = probe(&sandbox, server.port, identity, &["--json"]);
                let (told, error) =
                    (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert_eq!(
                    output.status.code(),
                    Some(wanted),
                    "{who} TLS {version} {identity:?}\n{told}{error}"
                );
                serde_json::from_str::<serde_json::Value>(&told).unwrap();
            }
            // Our side refuses a server that is not below the roots, or not of that name.
            let target = format!("localhost:{}", server.port);
            let foreign_root = ["probe", &target, "--roots", "elsewhere/live/stranger/ca.pem"];
            assert_eq!(sandbox.run(&[&foreign_root[..], &GOOD].concat()).status.code(), Some(1), "{who}");
            let wrong_name = probe(&sandbox, server.port, &GOOD, &["--server-name", "other.internal"]);
            assert_eq!(wrong_name.status.code(), Some(1), "{who}");
        }
    }
}

#[test]
fn nobody_is_told_accepted_who_was_not() {
    let sandbox = with_peers();
    let openssl = Server::openssl(&sandbox, "1.3");
    let ours = Server::serve_test(&sandbox, "srv.internal", &[]);
    for port in [openssl.port, ours.port] {
        let codes: Vec<_> = (0..200).map(|_| probe(&sandbox, port, &[], &["-q"]).status.code()).collect();
        assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 0, "accepted");
        assert_eq!(codes.iter().filter(|code| **code == Some(1)).count(), 200, "{codes:?}");
    }
}

#[test]
fn quickstart_prints_lines_that_work_as_pasted() {
    let sandbox = Sandbox::new();
    let told = sandbox.succeeds(&["quickstart", "api.internal"]);
    let line = |start: &str| {
        let found = told.lines().map(str::trim).find(|line| line.contains(start));
        found.unwrap_or_else(|| panic!("no line has {start}\n{told}")).to_owned()
    };
    let server = Server::serve_test(&sandbox, "api.internal", &[]);
    for start in ["curl --", "openssl s_client"] {
        let pasted = line(start).replace(":8443", &format!(":{}", server.port));
        let output = Command::new("sh").args(["-c", &pasted]).current_dir(sandbox.root()).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && stdout.contains("client_authenticated"),
            "$ {pasted}\n{stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    for set in ["api.internal|sslserver|server|localhost", "client|sslclient|client|-"] {
        let [name, purpose, side, host] = set.split('|').collect::<Vec<_>>()[..] else { panic!() };
        let set = format!("pki/live/{name}");
        succeeds(
            &sandbox,
            &format!(
                "openssl verify -x509_strict -purpose {purpose} -CAfile {set}/ca.pem -untrusted {set}/chain.pem {set}/cert.pem"
            ),
        );
        let question = format!("{side}|{set}/cert.pem|{set}/chain.pem|{set}/ca.pem|{host}");
        let answer = succeeds(&sandbox, &format!("{} {} '{question}'", python(), script("verify.py")));
        assert_eq!(answer.trim(), "ok");
    }
}
