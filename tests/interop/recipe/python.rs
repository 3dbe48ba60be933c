//! Python: servers and clients.

use super::*;

const FASTAPI: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef hello():\n    return \"hello\"\n";
const WSGI: &str = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef hello():\n    return \"hello\"\n";

fn program(sandbox: &Sandbox, name: &str, snippet: &str) -> Command {
    sandbox.write(name, snippet);
    shell(sandbox, &format!("exec '{}' {name}", python()))
}

#[test]
fn uvicorn() {
    let sandbox = with_peers();
    sandbox.write("app.py", FASTAPI);
    let exported = server(&sandbox, "srv.internal", "uvicorn", &[]);
    let mut command = shell(&sandbox, &format!("exec {}", exported.snippet));
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello");
}

#[test]
fn gunicorn() {
    let sandbox = with_peers();
    sandbox.write("app.py", WSGI);
    let exported = server(&sandbox, "srv.internal", "gunicorn", &[]);
    let mut command = shell(&sandbox, &format!("exec {}", exported.snippet));
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello");
}

#[test]
fn flask() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "flask", &[]);
    let mut command = program(&sandbox, "server.py", &exported.snippet);
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello");
}

#[test]
fn grpc() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "grpc", &[]);
    let mut command = program(&sandbox, "server.py", &exported.snippet);
    let _daemon = Daemon::run(&sandbox, exported.port, &mut command);
    // The client's line, and the client's own export.
    let output = program(&sandbox, "line.py", &exported.client).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("hello service-a"), "{}", told(&output));
    for own in [true, false] {
        let snippet = client(&sandbox, "grpc", exported.port, own).snippet;
        let output = program(&sandbox, "client.py", &snippet).output().unwrap();
        assert_eq!(output.status.success(), own, "{}", told(&output));
    }
    let start = exported.client.find("    private_key").unwrap();
    let end = exported.client.find(")\nwith grpc").unwrap();
    let without = [&exported.client[..start], &exported.client[end..]].concat();
    let output = program(&sandbox, "without.py", &without).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", told(&output));
}

#[test]
fn requests() {
    knocks("requests", |sandbox, exported| program(sandbox, "client.py", &exported.snippet));
}

#[test]
fn httpx() {
    knocks("httpx", |sandbox, exported| program(sandbox, "client.py", &exported.snippet));
}
