//! What `export --for` writes and prints, in the programs that it is for: each is started with exactly the files and lines, in
//! the smallest configuration around them. The good client is let in, one without a certificate and one of another CA are not;
//! a client program reaches our server, and refuses one of another CA.

mod browser;
mod database;
mod kubernetes;
mod language;
mod python;
mod tool;
mod web;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::{
    Sandbox,
    daemon::{Daemon, free_port},
    handshake::{Server, with_peers},
    python,
};

/// What was exported, as `--json` tells it.
struct Exported {
    snippet: String,
    client: String,
    directory: PathBuf,
    port: u16,
}

/// A server certificate for a program, to listen on a free port of the loopback.
fn server(sandbox: &Sandbox, name: &str, program: &str, more: &[&str]) -> Exported {
    let port = free_port();
    let place = ["--host", "localhost", "--listen", "127.0.0.1", "--port", &port.to_string()];
    let args = [&["export", name, "--for", program, "--client", "service-a"], &place[..], more].concat();
    exported(sandbox, &args, port)
}

/// A client certificate for a program that is to knock at this port: our own client, or that of another CA which trusts ours.
fn client(sandbox: &Sandbox, program: &str, port: u16, own: bool) -> Exported {
    let number = port.to_string();
    let out = format!("{program}-{port}-{own}");
    let of = match own {
        true => vec!["service-a"],
        false => vec![
            "--cert",
            "elsewhere/live/stranger/fullchain.pem",
            "--key",
            "elsewhere/live/stranger/privkey.pem",
            "--roots",
            "pki/live/srv.internal/ca.pem",
        ],
    };
    let args = [&["export"], &of[..], &["--for", program, "--port", &number, "--out", &out]].concat();
    exported(sandbox, &args, port)
}

fn exported(sandbox: &Sandbox, args: &[&str], port: u16) -> Exported {
    let mut command = sandbox.command(&[args, &["--json"]].concat());
    let output = command.env("PKIT_EXPORT_PASSWORD", "changeit").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("{args:?}: {told}{}", String::from_utf8_lossy(&output.stderr)));
    let text = |field: &str| report[field].as_str().unwrap_or_default().to_owned();
    let directory = sandbox.path(report["directory"].as_str().unwrap());
    Exported { snippet: text("snippet"), client: text("client"), directory, port }
}

/// A line in a shell, with the programs of the Python environment on the path.
fn shell(sandbox: &Sandbox, line: &str) -> Command {
    let mut command = Command::new("sh");
    let beside = Path::new(&python()).parent().map(|path| path.display().to_string()).unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(["-c", line]).current_dir(sandbox.root()).env("PATH", format!("{beside}:{path}"));
    command.env("HOME", sandbox.root()).env("KEYSTORE_PASSWORD", "changeit").stdin(Stdio::null());
    command
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The client's line as printed lets in; with the certificate of another CA, it does not.
fn the_line_decides(sandbox: &Sandbox, line: &str, says: &str) {
    let good = shell(sandbox, line).output().unwrap();
    assert!(good.status.success() && told(&good).contains(says), "$ {line}\n{}", told(&good));
    let mut stranger = line.to_owned();
    for file in ["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"] {
        let own = format!("pki/live/service-a/{file}");
        stranger = stranger.replace(&own, &format!("elsewhere/live/stranger/{file}"));
    }
    assert_ne!(stranger, line);
    let refused = shell(sandbox, &stranger).output().unwrap();
    let answered = String::from_utf8_lossy(&refused.stdout).contains(says) && !says.is_empty();
    assert!(!refused.status.success() && !answered, "$ {stranger}\n{}", told(&refused));
}

/// What `probe` says of a server that answers HTTP: the good client is accepted, the others are refused, and why.
fn probe_agrees(sandbox: &Sandbox, port: u16) {
    let target = format!("localhost:{port}");
    let of = |set: &str| {
        vec![
            "--cert".to_owned(),
            format!("{set}/fullchain.pem"),
            "--key".into(),
            format!("{set}/privkey.pem"),
        ]
    };
    let cases = [
        ("accepted", of("pki/live/service-a"), &[][..]),
        ("refused", vec![], &["no-certificate"]),
        ("refused", of("elsewhere/live/stranger"), &["other-authority", "intermediate-missing"]),
    ];
    for (verdict, identity, codes) in cases {
        let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
        let base = ["probe", &target, "--roots", "pki/live/srv.internal/ca.pem", "--json"];
        let output = sandbox.run(&[&base[..], &identity].concat());
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
        assert_eq!(report["verdict"], verdict, "{identity:?}: {report:#}");
        assert_eq!(output.status.code(), Some(i32::from(verdict == "refused")));
        if verdict == "refused" {
            assert_eq!(report["side"], "server", "{report:#}");
            let causes = report["us_to_server"]["causes"].as_array().unwrap();
            let fits = causes.iter().any(|cause| codes.iter().any(|code| cause["code"] == *code));
            // Python's ssl names no CAs, and asyncio may close or reset before its alert is sent: then there is no more to be known.
            let silent = report["certificate_request"]["authorities"].as_array().is_some_and(Vec::is_empty);
            let to = &report["us_to_server"];
            let told = to["alert"]["name"] == "unknown_ca" || to["how"] == "closed" || to["how"] == "reset";
            assert!(fits || !identity.is_empty() && silent && told, "{report:#}\n{codes:?}");
        }
    }
}

/// A server that answers HTTP, in every way.
fn serves(sandbox: &Sandbox, exported: &Exported, daemon: &Daemon, says: &str) {
    assert_eq!(daemon.port, exported.port);
    the_line_decides(sandbox, &exported.client, says);
    probe_agrees(sandbox, exported.port);
}

/// A program reaches our server as itself, is refused with the certificate of another CA, and refuses a server of another CA.
fn knocks(program: &str, run: impl Fn(&Sandbox, &Exported) -> Command) {
    let sandbox = with_peers();
    let ours = Server::serve_test(&sandbox, "srv.internal", &[]);
    let good = client(&sandbox, program, ours.port, true);
    let output = run(&sandbox, &good).output().unwrap();
    assert!(
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains("service-a"),
        "{program}\n{}\n{}",
        good.snippet,
        told(&output)
    );
    let stranger = client(&sandbox, program, ours.port, false);
    let output = run(&sandbox, &stranger).output().unwrap();
    let fooled = |output: &Output| String::from_utf8_lossy(&output.stdout).contains("client_authenticated");
    assert!(!fooled(&output), "{}", told(&output));
    // A server that would let it in, and is not below the root that it trusts.
    let args = ["--pki", "elsewhere", "--client-ca", "pki/ca/root/cert.pem"];
    let theirs = Server::serve_test(&sandbox, "stranger.internal", &args);
    let own = client(&sandbox, program, theirs.port, true);
    let output = run(&sandbox, &own).output().unwrap();
    assert!(!fooled(&output), "{}", told(&output));
}
