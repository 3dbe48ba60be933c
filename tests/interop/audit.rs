//! `audit` with foreign servers and clients: what each of them is known to refuse and to let in.

use serde_json::Value;

use super::{
    Sandbox,
    daemon::{Daemon, free_port},
    python,
    revoked::{bundle, with_peers},
    succeeds,
};

/// A matrix as JSON, and the exit status.
fn audit(sandbox: &Sandbox, args: &[&str]) -> (Value, Option<i32>) {
    let output = sandbox.run(&[&["audit"], args].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("{args:?}: {told}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code())
}

fn of_server(sandbox: &Sandbox, port: u16) -> (Value, Option<i32>) {
    audit(sandbox, &["server", &format!("localhost:{port}"), "--as", "good", "--json"])
}

/// `row version` of all rows that stand so.
fn rows(report: &Value, status: &str) -> Vec<String> {
    let all = report["rows"].as_array().unwrap().iter();
    let mut found: Vec<_> = all
        .filter(|row| row["status"] == status)
        .map(|row| format!("{} {}", row["check"].as_str().unwrap(), row["tls"].as_str().unwrap()))
        .collect();
    found.sort();
    found
}

fn both(checks: &[&str]) -> Vec<String> {
    let mut all: Vec<_> =
        checks.iter().flat_map(|check| ["1.2", "1.3"].map(|tls| format!("{check} {tls}"))).collect();
    all.sort();
    all
}

#[test]
fn openssl_that_only_says_what_it_found_has_its_holes() {
    let sandbox = with_peers();
    let line = |port: u16, extra: &str| {
        format!(
            "openssl s_server -accept 127.0.0.1:{port} -Verify 5 {extra} -CAfile pki/live/srv.internal/ca.pem \
             -cert pki/live/srv.internal/cert.pem -key pki/live/srv.internal/privkey.pem \
             -cert_chain pki/live/srv.internal/chain.pem -www"
        )
    };
    let port = free_port();
    let server = Daemon::start(&sandbox, port, &line(port, ""));
    let (report, code) = of_server(&sandbox, server.port);
    let holes = rows(&report, "hole");
    assert_eq!(code, Some(1), "{report:#}");
    for hole in both(&["untrusted", "expired", "server-eku"]) {
        assert!(holes.contains(&hole), "{hole}: {holes:?}");
    }
    let told = report.to_string();
    for words in [
        "accepts certificates of any CA",
        "accepts expired client certificates",
        "accepts certificates that are for servers only as a client's",
    ] {
        assert!(told.contains(words), "{words}");
    }
    // It does insist on a certificate, and on the key.
    for row in both(&["no-certificate", "wrong-key", "own", "good", "good-again"]) {
        assert!(rows(&report, "passed").contains(&row), "{row}");
    }
    drop(server);

    let port = free_port();
    let server = Daemon::start(&sandbox, port, &line(port, "-verify_return_error"));
    let (report, code) = of_server(&sandbox, server.port);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
}

#[test]
fn nginx_that_verifies_has_none() {
    let sandbox = with_peers();
    sandbox.succeeds(&["revoke", "bad", "-q"]);
    bundle(&sandbox);
    let server = Daemon::nginx(&sandbox);
    let (report, code) = of_server(&sandbox, server.port);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
    assert_eq!(rows(&report, "hole"), Vec::<String>::new());
    let target = format!("localhost:{}", server.port);
    let told = sandbox.succeeds(&["audit", "server", &target, "--as", "good", "--junit", "a<b>.xml", "-q"]);
    assert!(told.contains(" passed, "), "{told}");
    sandbox.write("junit.py", JUNIT);
    succeeds(&sandbox, &format!("{} junit.py a<b>.xml", python()));
    for row in both(&["revoked", "untrusted", "expired", "server-eku", "no-certificate"]) {
        assert!(rows(&report, "passed").contains(&row), "{row}: {report:#}");
    }
}

/// What CI systems take of JUnit's XML: the elements and attributes of Jenkins' schema, with counts that agree.
const JUNIT: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
[suite] = root
assert root.tag == 'testsuites' and suite.tag == 'testsuite', root.tag
assert set(root.attrib) <= {'name', 'tests', 'failures', 'errors', 'time', 'disabled'}, root.attrib
assert set(suite.attrib) <= {'name', 'tests', 'failures', 'errors', 'skipped', 'time'}, suite.attrib
cases = list(suite)
assert all(case.tag == 'testcase' and set(case.attrib) == {'name', 'classname', 'time'} for case in cases)
kinds = [[child.tag for child in case] for case in cases]
assert all(kind in ([], ['failure'], ['error'], ['skipped'], ['system-out']) for kind in kinds), kinds
for kind, count in [('failure', 'failures'), ('error', 'errors'), ('skipped', 'skipped')]:
    assert int(suite.get(count)) == kinds.count([kind]), (kind, suite.attrib)
assert int(suite.get('tests')) == int(root.get('tests')) == len(cases) > 30, suite.attrib
";

#[test]
fn uvicorn_that_does_not_insist_is_optional() {
    let sandbox = with_peers();
    sandbox.write(
        "app.py",
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root():\n    return {'hello': 'world'}\n",
    );
    for (reqs, wanted) in [("1", 1), ("2", 0)] {
        let port = free_port();
        let line = format!(
            "{} -m uvicorn app:app --host 127.0.0.1 --port {port} --ssl-keyfile pki/live/srv.internal/privkey.pem \
             --ssl-certfile pki/live/srv.internal/fullchain.pem --ssl-ca-certs pki/live/srv.internal/ca.pem \
             --ssl-cert-reqs {reqs}",
            python()
        );
        let server = Daemon::start(&sandbox, port, &line);
        let (report, code) = of_server(&sandbox, server.port);
        assert_eq!(code, Some(wanted), "--ssl-cert-reqs {reqs}: {report:#}");
        let optional = "asks for a certificate but does not require one: optional";
        if reqs == "1" {
            assert_eq!(rows(&report, "hole"), both(&["no-certificate"]), "{report:#}");
            assert!(report.to_string().contains(optional), "{report:#}");
        } else {
            assert_eq!(report["verdict"], "holds");
        }
    }
}

#[test]
fn clients_that_verify_and_one_that_does_not() {
    let sandbox = with_peers();
    sandbox.succeeds(&["issue", "server", "localhost", "-q"]);
    let run = |command: &[&str]| {
        let args = ["client", "--as-server", "localhost", "--client", "good", "--json", "--"];
        audit(&sandbox, &[&args[..], command].concat())
    };
    let identity = ["--cert", "{cert}", "--key", "{key}", "{url}"];
    let (report, code) = run(&[&["curl", "-sS", "--cacert", "{ca}"], &identity[..]].concat());
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
    for row in both(&["untrusted", "expired", "client-eku", "wrong-name", "self-signed", "wrong-key"]) {
        assert!(rows(&report, "passed").contains(&row), "{row}: {report:#}");
    }

    let (report, code) = run(&[&["curl", "-sS", "-k"], &identity[..]].concat());
    assert_eq!(code, Some(1), "{report:#}");
    for row in both(&["untrusted", "expired", "client-eku", "wrong-name", "self-signed"]) {
        assert!(rows(&report, "hole").contains(&row), "{row}: {report:#}");
    }
    // Who holds the key is no question of trust.
    assert!(rows(&report, "passed").contains(&"wrong-key 1.3".to_owned()), "{report:#}");

    let client = "import ssl, sys, urllib.request\n\
                  context = ssl.create_default_context(cafile=sys.argv[2])\n\
                  context.check_hostname = len(sys.argv) == 3\n\
                  urllib.request.urlopen(sys.argv[1], context=context).read()\n";
    sandbox.write("client.py", client);
    let python = python();
    let (report, code) = run(&[&python, "client.py", "{url}", "{ca}"]);
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("holds")), "{report:#}");
    let (report, code) = run(&[&python, "client.py", "{url}", "{ca}", "any-name"]);
    assert_eq!((code, rows(&report, "hole")), (Some(1), both(&["wrong-name"])), "{report:#}");
}
