//! Live handshakes: serve-test with foreign clients, probe with foreign servers, and what quickstart tells people to type.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::{Sandbox, ask, foreign, python, script, shlex_split, succeeds};

const VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// A server that is ended, by its process id, when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server and reads from its output the line that ends in its port.
    pub(crate) fn start(command: &mut Command, marker: &str) -> Self {
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

    pub(crate) fn serve_test(sandbox: &Sandbox, name: &str, extra: &[&str]) -> Self {
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
pub(crate) fn with_peers() -> Sandbox {
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
        let question = format!("{set}/cert.pem|{set}/chain.pem|{set}/ca.pem|{host}|{side}");
        let answers = ask(&sandbox, &format!("{} {}", python(), script("verify.py")), &[question]);
        assert_eq!(answers, ["ok"]);
    }
}
