//! Revoked peers in live handshakes: nginx and haproxy obey our lists, and `probe` tells who refused whom; serve-test and probe
//! obey them with curl and openssl on the other side.

use std::{
    process::Output,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{
    Sandbox,
    daemon::{Daemon, free_port},
    foreign, handshake,
};

const CA: &str = "pki/live/srv.internal/ca.pem";

pub(crate) fn with_peers() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "127.0.0.1", "-q"]);
    for name in ["good", "bad"] {
        sandbox.succeeds(&["issue", "client", name, "-q"]);
    }
    bundle(&sandbox);
    sandbox
}

/// Makes the lists anew, and puts those of the whole chain into `crls.pem`.
pub(crate) fn bundle(sandbox: &Sandbox) {
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["crl", "--bundle", "srv.internal", "-o", "crls.pem", "--force", "-q"]);
}

impl Daemon {
    /// nginx with the set of the server, and TLS 1.2 and 1.3.
    pub(crate) fn nginx(sandbox: &Sandbox) -> Self {
        let set = "pki/live/srv.internal";
        Self::nginx_with(
            sandbox,
            &format!("{set}/fullchain.pem"),
            &format!("{set}/privkey.pem"),
            "TLSv1.2 TLSv1.3",
        )
    }

    /// nginx, whose workers are ended by their master.
    pub(crate) fn nginx_with(sandbox: &Sandbox, fullchain: &str, key: &str, versions: &str) -> Self {
        let port = free_port();
        let at = |file: &str| sandbox.path(file).display().to_string();
        let (fullchain, key, ca, crls, place) = (at(fullchain), at(key), at(CA), at("crls.pem"), at("nginx"));
        std::fs::create_dir_all(&place).unwrap();
        let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("  {kind}_temp_path {kind};\n"))
            .collect();
        sandbox.write(
            "nginx/nginx.conf",
            format!(
                "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log stderr notice;\nevents {{}}\nhttp {{\n  access_log off;\n{places}  \
                 server {{\n    listen 127.0.0.1:{port} ssl;\n    ssl_protocols {versions};\n    ssl_certificate {fullchain};\n    \
                 ssl_certificate_key {key};\n    ssl_client_certificate {ca};\n    ssl_verify_client on;\n    \
                 ssl_verify_depth 3;\n    ssl_crl {crls};\n    location / {{ return 200 \"hello $ssl_client_s_dn\\n\"; }}\n  }}\n}}\n"
            ),
        );
        Self::start(sandbox, port, &format!("nginx -e stderr -p {place}/ -c {place}/nginx.conf"))
    }

    fn haproxy(sandbox: &Sandbox) -> Self {
        let port = free_port();
        let set = "pki/live/srv.internal";
        let pair =
            ["fullchain.pem", "privkey.pem"].map(|file| sandbox.read(&format!("{set}/{file}"))).concat();
        sandbox.write("pair.pem", pair);
        sandbox.write(
            "haproxy.cfg",
            format!(
                "defaults\n  mode http\n  timeout client 10s\n  timeout connect 10s\n  timeout server 10s\nfrontend f\n  \
                 bind 127.0.0.1:{port} ssl crt pair.pem ca-file {set}/ca.pem crl-file crls.pem verify required\n  \
                 http-request return status 200 content-type text/plain string hello\n"
            ),
        );
        Self::start(sandbox, port, "haproxy -f haproxy.cfg -db -q")
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within 20 seconds");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The HTTP status that curl gets, `000` for none, and what it complains of.
fn curl(sandbox: &Sandbox, port: u16, name: &str, extra: &str) -> (String, String) {
    let set = format!("pki/live/{name}");
    let output = foreign(
        sandbox,
        &format!(
            "curl -sS --max-time 20 -o body -w %{{http_code}} --cacert {CA} --cert {set}/fullchain.pem --key {set}/privkey.pem \
             {extra} https://localhost:{port}/"
        ),
    );
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).to_lowercase(),
    )
}

fn probe(sandbox: &Sandbox, port: u16, name: &str, extra: &[&str]) -> (Output, Value) {
    let target = format!("localhost:{port}");
    let output = sandbox.run(&[&["probe", &target, "--as", name, "--json"], extra].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output, report)
}

/// The server let `good` in and refused `bad`; probe says so, and why for certain where it can know.
fn told_by_probe(sandbox: &Sandbox, port: u16, alert: Option<u64>) {
    let (output, report) = probe(sandbox, port, "good", &["--crl", "crls.pem"]);
    assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &"accepted".into()), "{report:#}");
    assert_eq!(report["server_to_us"]["revocation_checked"], true);
    // By the PKI directory, by the list, and by neither.
    let files = [
        "--cert",
        "pki/live/bad/fullchain.pem",
        "--key",
        "pki/live/bad/privkey.pem",
        "--roots",
        CA,
        "--pki",
        "nowhere",
    ];
    let target = format!("localhost:{port}");
    let alone = |extra: &[&str]| -> Value {
        let output = sandbox.run(&[&["probe", &target, "--json"], &files[..], extra].concat());
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (output, by_record) = probe(sandbox, port, "bad", &[]);
    assert_eq!(output.status.code(), Some(1));
    for (report, known) in [(by_record, true), (alone(&["--crl", "crls.pem"]), true), (alone(&[]), false)] {
        assert_eq!(
            (&report["verdict"], &report["side"]),
            (&"refused".into(), &"server".into()),
            "{report:#}"
        );
        let refusal = &report["us_to_server"];
        assert_eq!(refusal["alert"]["number"].as_u64(), alert, "{report:#}");
        assert_eq!(refusal["status"].as_u64(), alert.is_none().then_some(400));
        let causes = refusal["causes"].as_array().unwrap();
        let revoked = causes.iter().find(|cause| cause["code"] == "revoked");
        let certain = revoked.map(|cause| cause["certain"] == true);
        // Without an alert that says so, and without proof, nobody can know.
        assert_eq!(certain, if known { Some(true) } else { alert.map(|_| false) }, "{report:#}");
        let words = "is revoked: keyCompromise";
        assert_eq!(report["reason"].as_str().unwrap().contains(words), known, "{report:#}");
    }
}

#[test]
fn nginx_obeys_our_lists() {
    let sandbox = with_peers();
    let nginx = Daemon::nginx(&sandbox);
    for name in ["good", "bad"] {
        assert_eq!(curl(&sandbox, nginx.port, name, "").0, "200", "{}", nginx.log(&sandbox));
    }
    sandbox.succeeds(&["revoke", "bad", "--reason", "keyCompromise", "-q"]);
    bundle(&sandbox);
    nginx.signal(Signal::SIGHUP);
    // The worker with the lists of before goes on for a moment.
    eventually("nginx's old worker ends", || nginx.log(&sandbox).contains("exited with code 0"));
    assert_eq!(curl(&sandbox, nginx.port, "bad", "").0, "400", "{}", nginx.log(&sandbox));
    assert!(sandbox.read("body").contains("The SSL certificate error"), "{}", sandbox.read("body"));
    assert_eq!(curl(&sandbox, nginx.port, "good", "").0, "200", "{}", nginx.log(&sandbox));
    assert!(sandbox.read("body").starts_with("hello CN=good"), "{}", sandbox.read("body"));
    told_by_probe(&sandbox, nginx.port, None);
}

/// nginx is content with the bundle alone: without the list of the root, everybody is refused.
#[test]
fn nginx_wants_the_list_of_every_ca() {
    let sandbox = with_peers();
    std::fs::copy(sandbox.path("pki/ca/issuing/crl.pem"), sandbox.path("crls.pem")).unwrap();
    let nginx = Daemon::nginx(&sandbox);
    assert_eq!(curl(&sandbox, nginx.port, "good", "").0, "400");
    // As ours does, in words.
    let server = handshake::Server::serve_test(&sandbox, "srv.internal", &["--crl", "crls.pem"]);
    let (output, report) = probe(&sandbox, server.port, "good", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["us_to_server"]["alert"]["number"], 46, "{report:#}");
}

#[test]
fn haproxy_obeys_our_lists() {
    let sandbox = with_peers();
    let haproxy = Daemon::haproxy(&sandbox);
    for name in ["good", "bad"] {
        assert_eq!(curl(&sandbox, haproxy.port, name, "").0, "200", "{}", haproxy.log(&sandbox));
    }
    drop(haproxy);
    sandbox.succeeds(&["revoke", "bad", "--reason", "keyCompromise", "-q"]);
    bundle(&sandbox);
    let haproxy = Daemon::haproxy(&sandbox);
    let (status, told) = curl(&sandbox, haproxy.port, "bad", "");
    assert!(status == "000" && told.contains("certificate revoked"), "{status} {told}");
    assert_eq!(curl(&sandbox, haproxy.port, "good", "").0, "200");
    told_by_probe(&sandbox, haproxy.port, Some(44));
}

/// curl and openssl are told by serve-test, which sees the new list without being told.
#[test]
fn foreign_clients_that_are_revoked() {
    for version in ["1.2", "1.3"] {
        let sandbox = with_peers();
        let arguments = ["--tls", version, "--crl", "crls.pem"];
        let server = handshake::Server::serve_test(&sandbox, "srv.internal", &arguments);
        for name in ["good", "bad"] {
            assert_eq!(curl(&sandbox, server.port, name, "--crlfile crls.pem").0, "200");
        }
        sandbox.succeeds(&["revoke", "bad", "-q"]);
        bundle(&sandbox);
        let (status, told) = curl(&sandbox, server.port, "bad", "");
        assert!(status == "000" && told.contains("certificate revoked"), "TLS {version}: {status} {told}");
        assert_eq!(curl(&sandbox, server.port, "good", "").0, "200");
        let told = foreign(
            &sandbox,
            &format!(
                "openssl s_client -connect localhost:{} -CAfile {CA} -cert pki/live/bad/cert.pem -key pki/live/bad/privkey.pem \
                 -cert_chain pki/live/bad/chain.pem -ign_eof",
                server.port
            ),
        );
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains("certificate revoked") && told.contains("alert number 44"), "{told}");
        // A revoked server is refused by curl too.
        sandbox.succeeds(&["revoke", "srv.internal", "-q"]);
        bundle(&sandbox);
        let (status, told) = curl(&sandbox, server.port, "good", "--crlfile crls.pem");
        assert!(status == "000" && told.contains("revoked"), "TLS {version}: {status} {told}");
    }
}

/// openssl as a server whose certificate is revoked: probe refuses it, and openssl is told why.
#[test]
fn foreign_servers_that_are_revoked() {
    let sandbox = with_peers();
    let set = "pki/live/srv.internal";
    for (version, flag) in [("1.2", "-tls1_2"), ("1.3", "-tls1_3")] {
        let port = free_port();
        let server = Daemon::start(
            &sandbox,
            port,
            &format!(
                "openssl s_server -accept 127.0.0.1:{port} -Verify 3 -verify_return_error -CAfile {CA} \
                 -cert {set}/cert.pem -key {set}/privkey.pem -cert_chain {set}/chain.pem -www {flag}"
            ),
        );
        let revoked = version == "1.3";
        if revoked {
            sandbox.succeeds(&["revoke", "srv.internal", "-q"]);
            bundle(&sandbox);
        }
        let (output, report) = probe(&sandbox, port, "good", &["--crl", "crls.pem"]);
        assert_eq!(output.status.code(), Some(i32::from(revoked)), "TLS {version}: {report:#}");
        if revoked {
            assert_eq!(report["side"], "us");
            let finding = &report["server_to_us"]["findings"][0];
            assert_eq!((&finding["rule"], &finding["certificate"]), (&"revoked".into(), &1.into()));
            eventually("openssl tells of the alert", || server.log(&sandbox).contains("alert number 44"));
        }
        // Without lists, nothing is known of it.
        let (output, report) = probe(&sandbox, port, "good", &[]);
        assert_eq!(output.status.code(), Some(0), "TLS {version}: {report:#}");
        drop(server);
    }
}
