//! What `pkit probe` can be told: where to go, what to speak, what to expect, what to write; against a server of rustls alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod peer;
mod sandbox;

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use peer::{OK, Peer, Running};
use sandbox::Sandbox;
use serde_json::Value;

const CA: &str = "pki/live/srv.internal/ca.pem";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "127.0.0.1", "-q"]);
    sandbox.succeeds(&["issue", "client", "good", "-q"]);
    sandbox
}

/// A server that requires a certificate.
fn server(sandbox: &Sandbox) -> Peer {
    Peer {
        chain: sandbox.read("pki/live/srv.internal/fullchain.pem"),
        key: sandbox.read("pki/live/srv.internal/privkey.pem"),
        client_ca: Some(sandbox.read(CA)),
        answer: OK.to_vec(),
        ..Peer::default()
    }
}

fn probe(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = sandbox.run(&[&["probe", "--json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

fn target(running: &Running) -> String {
    format!("localhost:{}", running.port)
}

fn answering(sandbox: &Sandbox, text: &str) -> Running {
    Peer { answer: text.as_bytes().to_vec(), ..server(sandbox) }.start()
}

/// What a server of each protocol says before TLS, whether it speaks first, what after, and what that is.
type Talk = (&'static str, Vec<&'static [u8]>, bool, &'static [u8], (i32, &'static str));

#[test]
fn seven_protocols_before_and_after_tls() {
    let sandbox = sandbox();
    let greeting: &[u8] =
        &[&[43, 0, 0, 0, 10][..], b"8.0.1\0\x01\0\0\0abcdefgh\0\xff\xff", &[0; 21]].concat().leak()[..];
    let talks: Vec<Talk> = vec![
        ("smtp", vec![b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n"], true, b"250 mx\r\n", (0, "accepted")),
        ("smtp", vec![b"220 mx\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"], true, b"530 client certificate wanted\r\n", (1, "refused")),
        ("smtp", vec![b"220 mx\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"], true, b"421 later\r\n", (2, "undecided")),
        ("smtp", vec![b"220 mx\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"], true, OK, (2, "undecided")),
        ("imap", vec![b"* OK hi\r\n", b"a1 OK go\r\n"], true, b"a2 OK done\r\n", (0, "accepted")),
        ("pop3", vec![b"+OK hi\r\n", b"+OK go\r\n"], true, b"+OK\r\n.\r\n", (0, "accepted")),
        (
            "ldap",
            vec![b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"],
            false,
            b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
            (0, "accepted"),
        ),
        ("postgres", vec![b"S"], false, b"R\0\0\0\x08\0\0\0\x0a", (0, "accepted")),
        ("mysql", vec![greeting, b""], true, b"\x08\0\0\x03\xff\x15\x04#2800", (0, "accepted")),
        (
            "xmpp",
            vec![
                b"<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
                b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            ],
            false,
            b"<stream:stream><stream:features/>",
            (0, "accepted"),
        ),
    ];
    for (protocol, before, speaks_first, answer, (status, verdict)) in talks {
        let peer = Peer {
            before: before.iter().map(|part| part.to_vec()).filter(|part| !part.is_empty()).collect(),
            speaks_first,
            answer: answer.to_vec(),
            // What is asked for after MySQL's greeting is read by TLS.
            ..server(&sandbox)
        };
        let peer = if protocol == "mysql" { peer_of_mysql(peer) } else { peer };
        let running = peer.start();
        let target = target(&running);
        let (code, report) = probe(&sandbox, &[&target, "--as", "good", "--starttls", protocol]);
        let said = String::from_utf8_lossy(answer).into_owned();
        assert_eq!(
            (code, &report["verdict"]),
            (Some(status), &verdict.into()),
            "{protocol} {said}: {report:#}"
        );
        assert_eq!((&report["starttls"], &report["request"]), (&protocol.into(), &Value::Null));
        assert_eq!(report["steps"][2]["name"], "starttls");
        assert_eq!(report["server_to_us"]["verdict"], "trusted");
        // Under TLS 1.3 the refusal comes after the handshake, and is seen for all that.
        for version in ["1.2", "1.3"] {
            let none = [&target, "--roots", CA, "--starttls", protocol, "--tls", version];
            let (code, report) = probe(&sandbox, &none);
            assert_eq!((code, &report["side"]), (Some(1), &"server".into()), "{protocol}: {report:#}");
            assert_eq!(report["us_to_server"]["alert"]["number"], 116, "{protocol}: {report:#}");
            assert_eq!(report["rule"], "no-certificate");
        }
    }
    // A login that is denied may want a certificate, where one was asked for and none was sent.
    let denying = Peer {
        before: vec![b"S".to_vec()],
        answer: b"E\0\0\0\x14C28000\0Mdenied\0\0".to_vec(),
        optional: true,
        ..server(&sandbox)
    };
    let running = denying.start();
    for (who, status, verdict) in [(["--as", "good"], 0, "accepted"), (["--roots", CA], 2, "undecided")] {
        let place = target(&running);
        let line = [who[0], who[1], "--starttls", "postgres", &place];
        let (code, report) = probe(&sandbox, &line);
        assert_eq!((code, &report["verdict"]), (Some(status), &verdict.into()), "{report:#}");
        assert_eq!(report["us_to_server"]["how"], "reply", "{report:#}");
    }
    // No TLS to upgrade to.
    let refusing = Peer {
        before: vec![b"+OK\r\n".to_vec(), b"-ERR no\r\n".to_vec()],
        speaks_first: true,
        ..server(&sandbox)
    };
    let running = refusing.start();
    sandbox.fails("peer-unseen", &["probe", &target(&running), "--as", "good", "--starttls", "pop3"]);
}

/// After its greeting comes a packet of ours, to which nothing is said before TLS.
fn peer_of_mysql(peer: Peer) -> Peer {
    Peer { skip: 36, ..peer }
}

#[test]
fn places_and_names() {
    let sandbox = sandbox();
    let running = server(&sandbox).start();
    let port = running.port;
    // The target says the name; --connect where it is.
    for place in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let (code, report) = probe(&sandbox, &["srv.internal:443", "--connect", &place, "--as", "good"]);
        assert_eq!((code, &report["server_name"]), (Some(0), &"srv.internal".into()), "{report:#}");
        assert_eq!(report["address"], format!("127.0.0.1:{port}"));
        assert_eq!(report["negotiated"]["server_name"], "srv.internal");
    }
    let (code, report) =
        probe(&sandbox, &["x.internal:443", "--connect", &format!("127.0.0.1:{port}"), "--as", "good"]);
    assert_eq!(
        (code, &report["rule"], &report["name_matches"]),
        (Some(1), &"name-mismatch".into(), &false.into())
    );
    let socket = sandbox.path("server.sock");
    server(&sandbox).start_unix(&socket);
    let (code, report) = probe(&sandbox, &["unix:server.sock", "--as", "good"]);
    assert_eq!((code, &report["address"]), (Some(0), &"unix:server.sock".into()), "{report:#}");
    std::fs::remove_file(&socket).unwrap();
    server(&sandbox).start_unix(&socket);
    let named = ["srv.internal:443", "--connect", "unix:server.sock", "--as", "good"];
    assert_eq!(probe(&sandbox, &named).0, Some(0));
    sandbox.fails("connect-failed", &["probe", "unix:nothing.sock", "--as", "good"]);
    sandbox.fails("address-invalid", &["probe", "http://localhost:1", "--as", "good"]);
    sandbox.fails("address-invalid", &["probe", "localhost:1", "--connect", "nowhere", "--as", "good"]);
}

#[test]
fn requests_and_what_is_expected() {
    let sandbox = sandbox();
    // Says back what it was asked.
    let running = Peer { echo: true, ..server(&sandbox) }.start();
    let url = format!("https://localhost:{}/a/b?c=d", running.port);
    let (code, report) = probe(
        &sandbox,
        &[&url, "--as", "good", "--header", "X-Trace: 1 2", "--header", "Host: other.internal"],
    );
    assert_eq!((code, &report["request"]), (Some(0), &"GET /a/b?c=d".into()), "{report:#}");
    let heard = running.heard();
    assert!(heard.starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("X-Trace: 1 2\r\n") && heard.contains("Host: other.internal\r\n"), "{heard}");
    assert!(!heard.contains("Host: localhost"), "{heard}");
    let plain = target(&running);
    let (code, _) = probe(&sandbox, &[&plain, "--as", "good", "--method", "HEAD", "--path", "/x"]);
    assert_eq!(code, Some(0));
    assert!(running.heard().starts_with("HEAD /x HTTP/1.1\r\n"));
    for bad in [
        &["--header", "X: a\r\nY: b"][..],
        &["--header", "X"],
        &["--path", "x"],
        &["--method", "A B"],
        &["--expect-status", "20"],
        &["--alpn", ""],
        &["--method", "PUT", "--starttls", "smtp"],
        &["--interval", "1s"],
    ] {
        sandbox.fails("usage", &[&["probe", &plain, "--as", "good"], bad].concat());
    }
    sandbox.fails("usage", &["probe", &url, "--as", "good", "--path", "/x"]);

    for (text, expected, status, verdict) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "2xx", 0, "accepted"),
        ("HTTP/1.1 204 No\r\n\r\n", "200", 1, "accepted"),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "200-299,404", 1, "accepted"),
        ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "200", 1, "refused"),
        ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "401-403", 0, "accepted"),
        // What is about the certificate stays a refusal.
        ("HTTP/1.1 496 No\r\nContent-Length: 0\r\n\r\n", "496", 1, "refused"),
        ("HTTP/1.1 400 No\r\nContent-Length: 15\r\n\r\nSSL certificate", "400", 1, "refused"),
    ] {
        let running = answering(&sandbox, text);
        let (code, report) =
            probe(&sandbox, &[&target(&running), "--as", "good", "--expect-status", expected]);
        assert_eq!((code, &report["verdict"]), (Some(status), &verdict.into()), "{text}: {report:#}");
        let unmet = report["unmet"].as_array().unwrap();
        assert_eq!(unmet.len() == 1, status == 1 && !expected.starts_with('4'), "{text}: {report:#}");
    }
    // Whom TLS let in and the application does not is told so; a login says nothing of a list.
    for (status, rule) in [(403, Some("not-allowed")), (401, None)] {
        let running = answering(&sandbox, &format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"));
        let (code, report) = probe(&sandbox, &[&target(&running), "--as", "good"]);
        assert_eq!((code, report["rule"].as_str()), (Some(1), rule), "{report:#}");
        assert_eq!(report["us_to_server"]["tls_accepted"], true, "{report:#}");
        assert_eq!(report["remedy"].is_string(), rule.is_some(), "{report:#}");
    }
    let running = answering(&sandbox, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    let output = sandbox.run(&["probe", &target(&running), "--as", "good", "--expect-status", "2xx", "-q"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with("accepted, but not as demanded: "), "{told}");
    assert!(told.contains("the server answered 503, and 200-299 was expected"), "{told}");
}

#[test]
fn application_protocols() {
    let sandbox = sandbox();
    for (knows, offered, status, chosen) in [
        (&["http/1.1"][..], "http/1.1", 0, Some("http/1.1")),
        (&["http/1.1"], "h2,http/1.1", 0, Some("http/1.1")),
        // It chose none, which is not what was demanded.
        (&[], "http/1.1", 1, None),
        // There is no request to make.
        (&["h2"], "h2", 2, Some("h2")),
    ] {
        let running = Peer { alpn: knows.to_vec(), ..server(&sandbox) }.start();
        let (code, report) = probe(&sandbox, &[&target(&running), "--as", "good", "--alpn", offered]);
        assert_eq!((code, report["negotiated"]["alpn"].as_str()), (Some(status), chosen), "{report:#}");
        assert_eq!(report["unmet"][0]["demand"] == "alpn", status == 1, "{report:#}");
    }
    let running = Peer { alpn: vec!["h2"], ..server(&sandbox) }.start();
    let (code, report) = probe(&sandbox, &[&target(&running), "--as", "good", "--alpn", "http/1.1"]);
    assert_eq!((code, &report["rule"]), (Some(1), &"protocol-not-spoken".into()), "{report:#}");
    assert_eq!(report["us_to_server"]["alert"]["number"], 120);
    // Without a demand, nothing is unmet.
    let running = server(&sandbox).start();
    let (code, report) = probe(&sandbox, &[&target(&running), "--as", "good"]);
    assert_eq!((code, report["unmet"].as_array().unwrap().len()), (Some(0), 0));
}

#[test]
fn again_and_again() {
    let sandbox = sandbox();
    let running = server(&sandbox).start();
    let place = target(&running);
    let output =
        sandbox.succeeds(&["probe", &place, "--as", "good", "--count", "5", "--interval", "0s", "--json"]);
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[..5].iter().all(|line| line["verdict"] == "accepted"));
    let summary = &lines[5]["summary"];
    assert_eq!(
        (&summary["runs"], &summary["accepted"], &summary["refused"]),
        (&5.into(), &5.into(), &0.into())
    );
    for what in ["handshake_microseconds", "total_microseconds"] {
        let of = |name: &str| summary[what][name].as_u64().unwrap();
        assert!(
            0 < of("min") && of("min") <= of("median") && of("median") <= of("p95") && of("p95") <= of("max")
        );
    }
    let output = sandbox.run(&["probe", &place, "--roots", CA, "--count", "2", "--interval", "0s"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.starts_with("   1  refused ") && told.ends_with("2 runs: 0 accepted, 2 refused, 0 undecided\n"),
        "{told}"
    );
    // Nobody there: each run is told of, and it could not be found out.
    let gone = ["probe", "127.0.0.1:1", "--as", "good", "--count", "2", "--interval", "0s"];
    let output = sandbox.run(&gone);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        (output.status.code(), told.as_str()),
        (Some(2), "2 runs: 0 accepted, 0 refused, 2 undecided\n")
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches("error: ").count(), 2);
    // A person who has seen enough gets the summary of what there is.
    let mut child = sandbox
        .command(&["probe", &place, "--as", "good", "--count", "1000", "--interval", "3600000ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let id = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(first.contains("accepted") && rest.starts_with("1 run: 1 accepted, 0 refused"), "{first}{rest}");
}

#[test]
fn files_are_written_and_not_overwritten() {
    let sandbox = sandbox();
    for version in ["1.2", "1.3"] {
        let running = server(&sandbox).start();
        let place = target(&running);
        let files = ["--keylog", "keys.log", "--save-chain", "seen.pem", "--tls", version];
        let line = [&["probe", &place, "--as", "good", "-q"], &files[..]].concat();
        let output = sandbox.run(&[&line[..], &["--force"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(sandbox.read("seen.pem"), sandbox.read("pki/live/srv.internal/fullchain.pem"));
        let keys = sandbox.read("keys.log");
        let label = if version == "1.2" { "CLIENT_RANDOM " } else { "CLIENT_TRAFFIC_SECRET_0 " };
        assert!(keys.lines().any(|line| line.starts_with(label)), "{version}");
        let is_line = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            words.len() == 3 && words[1].len() == 64 && words[2].len() >= 64
        };
        assert!(keys.lines().all(is_line), "{version}");
        let mode = std::fs::metadata(sandbox.path("keys.log")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        sandbox.fails("file-exists", &line);
        sandbox.fails("file-exists", &["probe", &place, "--as", "good", "--save-chain", "seen.pem"]);
    }
    // A warning, which is not a secret.
    let running = server(&sandbox).start();
    let told = sandbox.run(&["probe", &target(&running), "--as", "good", "--keylog", "more.log"]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.starts_with("notice: the secrets of the connection are written to more.log"), "{told}");
    // What another tool's variable says does not matter.
    let mut command = sandbox.command(&["probe", &target(&running), "--as", "good"]);
    assert!(command.env("SSLKEYLOGFILE", sandbox.path("other.log")).output().unwrap().status.success());
    assert!(!sandbox.path("other.log").exists());
}

#[test]
fn a_server_of_another_ca_is_looked_at_and_not_trusted() {
    let sandbox = sandbox();
    sandbox.succeeds(&["ca", "root", "other", "--unencrypted", "--pki", "elsewhere", "-q"]);
    let foreign_root = "elsewhere/ca/other/cert.pem";
    let running = server(&sandbox).start();
    let place = target(&running);
    let pair = ["--cert", "pki/live/good/fullchain.pem", "--key", "pki/live/good/privkey.pem"];
    for (more, verdict) in [(&[][..], "undecided"), (&["--insecure"], "accepted")] {
        let line = [&[&place, "--roots", foreign_root][..], &pair, more].concat();
        let (code, report) = probe(&sandbox, &line);
        assert_eq!((code, &report["verdict"], &report["side"]), (Some(1), &"refused".into(), &"us".into()));
        assert_eq!(report["server_to_us"]["verdict"], "not-trusted");
        assert_eq!(report["us_to_server"]["verdict"], verdict, "{report:#}");
        assert_eq!((&report["rule"], &report["certificate"]), (&"unknown-issuer".into(), &2.into()));
        // The CA lies beside our own certificate.
        let remedy = report["remedy"].as_str().unwrap();
        assert!(remedy.ends_with("--roots pki/live/good/ca.pem"), "{remedy}");
    }
    let output =
        sandbox.run(&[&["probe", &place, "--roots", foreign_root, "--insecure", "-q"], &pair[..]].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with("refused by us: we do not trust the server: "), "{told}");
    assert!(told.contains("as for the other side: the server answered our request with 200"), "{told}");
}

#[test]
fn what_was_sent_is_told_of() {
    let sandbox = sandbox();
    let read = |file: &str| sandbox.read(&format!("pki/live/srv.internal/{file}"));
    let (cert, chain, ca) = (read("cert.pem"), read("chain.pem"), read("ca.pem"));
    let other = sandbox.read("pki/live/good/cert.pem");
    for (sent, codes) in [
        (format!("{cert}{chain}"), vec![]),
        (format!("{cert}{chain}{ca}"), vec![("root-included", 3)]),
        (format!("{cert}{ca}{chain}"), vec![("out-of-order", 2), ("root-included", 2), ("out-of-order", 3)]),
        (format!("{cert}{chain}{other}"), vec![("surplus", 3)]),
        (format!("{cert}{chain}{chain}"), vec![("surplus", 3)]),
        (cert.clone(), vec![("intermediate-missing", 1)]),
    ] {
        let running = Peer { chain: sent, ..server(&sandbox) }.start();
        let (code, report) = probe(&sandbox, &[&target(&running), "--as", "good"]);
        let told: Vec<_> = report["observations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["code"].as_str().unwrap(), one["certificate"].as_u64().unwrap()))
            .collect();
        assert_eq!(told, codes, "{report:#}");
        let is_missing = codes == [("intermediate-missing", 1)];
        assert_eq!(code, Some(i32::from(is_missing)), "{report:#}");
        if is_missing {
            let remedy = report["remedy"].as_str().unwrap();
            assert!(remedy.contains("let the server send its intermediate along"), "{remedy}");
            assert!(remedy.contains("pki/live/good/chain.pem"), "{remedy}");
        }
    }
}

/// What is no TLS has its own code and remedy.
#[test]
fn ports_of_other_kinds() {
    let sandbox = sandbox();
    for (said, rule) in
        [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "plain-http"), (b"SSH-2.0-x\r\n", "not-tls")]
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(said);
        });
        let (code, report) = probe(&sandbox, &[&place, "--as", "good"]);
        thread.join().unwrap();
        assert_eq!(
            (code, &report["verdict"], &report["rule"]),
            (Some(2), &"undecided".into(), &rule.into()),
            "{report:#}"
        );
        assert!(report["remedy"].is_string());
    }
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap().to_string();
    let (code, report) = probe(&sandbox, &[&place, "--as", "good", "--timeout", "1s"]);
    assert_eq!((code, &report["rule"]), (Some(2), &"timed-out".into()), "{report:#}");
    assert!(report["remedy"].as_str().unwrap().contains("--timeout"));
}
