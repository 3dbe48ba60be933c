//! The ten faults of a handshake, and five clients that are not ours, against serve-test: what it says of each, and what they say.
//! What they say stands in docs/clients.md, which is the table that is played here.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    Sandbox, python, script, succeeds,
    visitor::{Process, Visitor},
};

const VERSIONS: [&str; 2] = ["1.2", "1.3"];
const CLIENTS: [&str; 5] = ["rustls", "OpenSSL", "Go", "Python", "curl"];
const CA: &str = "pki/live/srv.internal/ca.pem";

/// What a client sends, and what it is to find.
struct Fault {
    /// As the table has it.
    name: &'static str,
    /// Certificate and key.
    pair: Option<(&'static str, &'static str)>,
    server_name: &'static str,
    /// The server's set.
    server: &'static str,
    /// What serve-test has to say; `None` where it depends on the client.
    told: Told,
}

enum Told {
    Accepted,
    /// The cause, the certificate that breaks a rule, and the alert.
    Refused(&'static str, Option<u64>, u64),
    /// The client refuses the server, for its name or for something else.
    ByClient {
        name: bool,
    },
    /// The client's key is not that of its certificate.
    Mismatch,
}

const fn client(name: &'static str, told: Told, pair: Option<(&'static str, &'static str)>) -> Fault {
    Fault { name, pair, server_name: "localhost", server: "srv.internal", told }
}

const GOOD: Option<(&str, &str)> = Some(("pki/live/good/fullchain.pem", "pki/live/good/privkey.pem"));

fn faults() -> Vec<Fault> {
    let set = |set: &'static str| {
        let file = |file: &str| -> &'static str { Box::leak(format!("{set}/{file}").into_boxed_str()) };
        Some((file("fullchain.pem"), file("privkey.pem")))
    };
    vec![
        client("nothing is wrong", Told::Accepted, GOOD),
        client("no certificate", Told::Refused("no-certificate", None, 116), None),
        client("of another CA", Told::Refused("unknown-issuer", Some(1), 48), set("elsewhere/live/stranger")),
        client(
            "without its intermediate",
            Told::Refused("unknown-issuer", Some(1), 48),
            Some(("pki/live/good/cert.pem", "pki/live/good/privkey.pem")),
        ),
        client(
            "for servers only",
            Told::Refused("extended-key-usage", Some(1), 43),
            set("pki/live/srv.internal"),
        ),
        client("expired", Told::Refused("expired", Some(1), 45), set("pki/live/old")),
        client("not yet valid", Told::Refused("not-yet-valid", Some(1), 45), set("pki/live/young")),
        client("revoked", Told::Refused("revoked", Some(1), 44), set("pki/live/revoked")),
        Fault {
            server_name: "wrong.internal",
            ..client("the server has another name", Told::ByClient { name: true }, GOOD)
        },
        Fault {
            server: "late.internal",
            ..client("the server's is expired", Told::ByClient { name: false }, GOOD)
        },
        client(
            "the key of another certificate",
            Told::Mismatch,
            Some(("pki/live/good/fullchain.pem", "pki/live/other/privkey.pem")),
        ),
    ]
}

fn with_peers() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    for issue in [
        "server srv.internal localhost 127.0.0.1",
        "server late.internal localhost --not-after -1d --for-testing",
        "client good",
        "client other",
        "client revoked",
        "client old --not-after -1d --for-testing",
        "client young --not-before 3d --for-testing",
        "client stranger --pki elsewhere",
    ] {
        if issue.contains("elsewhere") {
            sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere", "-q"]);
        }
        let words: Vec<_> = issue.split(' ').collect();
        sandbox.succeeds(&[&["issue"], &words[..], &["-q"]].concat());
    }
    sandbox.succeeds(&["revoke", "revoked", "-q"]);
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["crl", "--bundle", "good", "-o", "crls.pem", "-q"]);
    succeeds(&sandbox, &format!("go build -o client-go {}", script("client.go")));
    sandbox
}

/// What a client says, in lower case: all of it, answer and complaint.
fn visit(sandbox: &Sandbox, who: &str, port: u16, version: &str, fault: &Fault) -> String {
    let Fault { pair, server_name, .. } = fault;
    let flag = if version == "1.2" { "1_2" } else { "1_3" };
    let line = match who {
        "rustls" => {
            let mut visitor = Visitor::new(sandbox, ([127, 0, 0, 1], port).into()).asking_for(server_name);
            if let Some((chain, key)) = pair {
                visitor = visitor.sending_files(&sandbox.path(chain), &sandbox.path(key));
            }
            let version = if version == "1.2" {
                rustls::ProtocolVersion::TLSv1_2
            } else {
                rustls::ProtocolVersion::TLSv1_3
            };
            let visit = visitor.only(version).visit("/");
            let error = visit.error.map(|error| error.to_string());
            return [visit.answer, error].into_iter().flatten().collect::<String>().to_lowercase();
        }
        "OpenSSL" => {
            let identity = pair.map(|(chain, key)| {
                // Its own option takes the leaf alone; the rest of the file stands behind another one.
                format!(" -cert {chain} -key {key} -cert_chain {chain}")
            });
            format!(
                "openssl s_client -connect 127.0.0.1:{port} -servername {server_name} -verify_hostname {server_name} \
                 -verify_return_error -CAfile {CA} -tls{flag} -quiet{}",
                identity.unwrap_or_default()
            )
        }
        "Go" | "Python" => {
            let program = match who {
                "Go" => "./client-go".to_owned(),
                _ => format!("{} {}", python(), script("client.py")),
            };
            let identity = pair.map(|(chain, key)| format!(" {chain} {key}")).unwrap_or_default();
            format!("{program} 127.0.0.1:{port} {server_name} {CA} {version}{identity}")
        }
        _ => {
            let identity =
                pair.map(|(chain, key)| format!(" --cert {chain} --key {key}")).unwrap_or_default();
            format!(
                "curl -sS --max-time 20 --tlsv{version} --tls-max {version} --cacert {CA}{identity} \
                 --resolve {server_name}:{port}:127.0.0.1 https://{server_name}:{port}/"
            )
        }
    };
    let words: Vec<_> = line.split_whitespace().collect();
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .current_dir(sandbox.root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; the interop suite needs it", words[0]));
    // s_client sends it; one that broke off already does not read it.
    let _ = child.stdin.take().unwrap().write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let output = child.wait_with_output().unwrap();
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).to_lowercase()).concat()
}

/// The lines about connections so far.
fn connections(sandbox: &Sandbox) -> Vec<Value> {
    let log = sandbox.read("serve.log");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["outcome"].is_string() && line["outcome"] != "empty").collect()
}

/// What is told of a connection after so many others; `None` where there is none.
fn next(sandbox: &Sandbox, before: usize, is_expected: bool) -> Option<Value> {
    let patience = if is_expected { Duration::from_secs(10) } else { Duration::from_millis(300) };
    let end = Instant::now() + patience;
    loop {
        if let Some(line) = connections(sandbox).into_iter().nth(before) {
            return Some(line);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The tables of the document. A row: its name, and for each client the words for TLS 1.2, and for TLS 1.3 where they are others.
fn tables() -> Vec<Vec<(String, Vec<[String; 2]>)>> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/clients.md")).unwrap();
    let mut tables = Vec::new();
    for line in text.lines() {
        if line.starts_with("| what is wrong") {
            tables.push(Vec::new());
        } else if line.starts_with("| ") {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let name = cells.next().unwrap().to_owned();
            let words = cells.map(|cell| {
                let mut words = cell.split(" / ").map(|part| part.trim_matches('`').to_lowercase());
                let first = words.next().unwrap();
                let second = words.next().unwrap_or_else(|| first.clone());
                [first, second]
            });
            tables.last_mut().unwrap().push((name, words.collect()));
        }
    }
    tables
}

#[test]
fn ten_faults_and_five_clients() {
    let sandbox = with_peers();
    let [table, alerts] = &tables()[..] else { panic!("docs/clients.md has two tables") };
    let mut surprises = Vec::new();
    for server in ["srv.internal", "late.internal"] {
        for (index, version) in VERSIONS.into_iter().enumerate() {
            // Everybody is shown this one, whatever name they ask for.
            let process =
                Process::start(&sandbox, &[server, "--tls", version, "--crl", "crls.pem", "--json"]);
            for fault in faults().iter().filter(|fault| fault.server == server) {
                for (column, who) in CLIENTS.into_iter().enumerate() {
                    let before = connections(&sandbox).len();
                    let said = visit(&sandbox, who, process.address.port(), version, fault);
                    let case = format!("{who}, TLS {version}, {}", fault.name);
                    let row = table.iter().find(|(name, _)| name == fault.name);
                    let words = row.map_or("(no such row)", |(_, words)| &words[column][index]);
                    if !said.contains(words) {
                        surprises.push(format!(
                            "{case}\n  wanted: {words}\n  said: {}",
                            said.replace('\n', "\n        ")
                        ));
                    }
                    // rustls alone is made to use a key that is not the certificate's; the others look before they leap.
                    let comes = !matches!(fault.told, Told::Mismatch) || who == "rustls";
                    let told = next(&sandbox, before, comes);
                    judge(&case, &fault.told, told.as_ref(), comes);
                    if let (Told::ByClient { name }, Some(told)) = (&fault.told, &told) {
                        let (_, words) = &alerts[usize::from(!name)];
                        let alert = match &told["alert_received"] {
                            Value::Null => "nothing".to_owned(),
                            alert => format!("{} ({})", alert["name"].as_str().unwrap(), alert["number"]),
                        };
                        assert!(words[column][index].starts_with(&alert), "{case}: {alert}");
                    }
                }
            }
            process.stop();
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Whether serve-test said what it should.
fn judge(case: &str, wanted: &Told, told: Option<&Value>, comes: bool) {
    assert_eq!(told.is_some(), comes, "{case}: {told:?}");
    let Some(told) = told else { return };
    let outcome = told["outcome"].as_str().unwrap();
    let alert = told["alert_sent"]["number"].as_u64();
    match wanted {
        Told::Accepted => {
            assert_eq!((outcome, told["status"].as_u64()), ("accepted", Some(200)), "{case}: {told:#}");
            assert_eq!(told["client"]["common_name"], "good", "{case}");
        }
        Told::Refused(cause, certificate, number) => {
            assert_eq!((outcome, told["cause"].as_str()), ("refused", Some(*cause)), "{case}: {told:#}");
            assert_eq!(alert, Some(*number), "{case}: {told:#}");
            let finding = &told["findings"][0];
            assert_eq!(finding["certificate"].as_u64(), *certificate, "{case}: {told:#}");
            if certificate.is_some() {
                assert_eq!(finding["rule"].as_str(), Some(*cause), "{case}: {told:#}");
                assert!(told["client"]["subject"].is_string(), "{case}: {told:#}");
            }
            assert!(told["remedy"].is_string() || *cause == "not-yet-valid", "{case}: {told:#}");
        }
        Told::ByClient { name } => {
            assert!(told["request"].is_null() && alert.is_none(), "{case}: {told:#}");
            assert!(told["remedy"].is_string(), "{case}: {told:#}");
            let (fault, words) = match name {
                true => ("name-mismatch", "it asked for wrong.internal"),
                false => ("expired", "our certificate \"late.internal\" expired"),
            };
            assert_eq!(told["server_fault"], fault, "{case}: {told:#}");
            assert!(told["reason"].as_str().unwrap().contains(words), "{case}: {told:#}");
            // curl looks at the name when the handshake is over, and closes without a word.
            let is_silent = *name && case.starts_with("curl");
            let wanted = if is_silent { ("accepted", None) } else { ("failed", Some("client-alert")) };
            assert_eq!((outcome, told["cause"].as_str()), wanted, "{case}: {told:#}");
            assert_eq!(told["alert_received"]["number"].is_u64(), !is_silent, "{case}: {told:#}");
        }
        Told::Mismatch => {
            assert_eq!(
                (outcome, told["cause"].as_str()),
                ("refused", Some("key-not-held")),
                "{case}: {told:#}"
            );
            assert!(told["findings"].as_array().unwrap().is_empty() && alert.is_some(), "{case}: {told:#}");
        }
    }
}

/// Clients that try what is not done: openssl asks for renegotiation under TLS 1.2, and is told no.
#[test]
fn renegotiation_is_declined() {
    let sandbox = with_peers();
    let process = Process::start(&sandbox, &["srv.internal", "--tls", "1.2", "--json"]);
    let (chain, key) = GOOD.unwrap();
    let line = format!(
        "(echo R; sleep 1) | openssl s_client -connect 127.0.0.1:{} -CAfile {CA} -cert {chain} -key {key} -cert_chain {chain} -tls1_2",
        process.address.port()
    );
    let output = Command::new("sh").args(["-c", &line]).current_dir(sandbox.root()).output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).to_lowercase()).concat();
    assert!(said.contains("no renegotiation") || said.contains("renegotiating"), "{said}");
    let told = next(&sandbox, 0, true).unwrap();
    assert_ne!(told["outcome"], "refused", "{told:#}");
    let curl = format!(
        "curl -sS --max-time 20 --cacert {CA} --cert {chain} --key {key} https://localhost:{}/healthz",
        process.address.port()
    );
    assert_eq!(succeeds(&sandbox, &curl), "ok\n");
    process.stop();
}
