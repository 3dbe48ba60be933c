//! Java, Node.js, Go and Rust: servers and clients.

use super::*;

fn java(sandbox: &Sandbox, name: &str, snippet: &str) -> Command {
    sandbox.write(name, snippet);
    shell(sandbox, &format!("exec java {name}"))
}

fn node(sandbox: &Sandbox, name: &str, snippet: &str) -> Command {
    sandbox.write(name, snippet);
    shell(sandbox, &format!("exec node {name}"))
}

/// With the cache of whoever runs the tests, because the standard library takes long to compile.
fn go(sandbox: &Sandbox, name: &str, snippet: &str) -> Command {
    sandbox.write(&format!("{name}.go"), snippet);
    let home = std::env::var("HOME").unwrap_or_default();
    let mut build = shell(sandbox, &format!("go build -o {name} {name}.go"));
    let built = build.env("HOME", home).output().unwrap();
    assert!(built.status.success(), "{}", told(&built));
    shell(sandbox, &format!("exec ./{name}"))
}

#[test]
fn java_as_a_server() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "java", &[]);
    let mut command = java(&sandbox, "Server.java", &exported.snippet);
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello");
}

#[test]
fn java_as_a_client() {
    knocks("java", |sandbox, exported| java(sandbox, "Client.java", &exported.snippet));
}

#[test]
fn node_as_a_server() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "node", &[]);
    let mut command = node(&sandbox, "server.js", &exported.snippet);
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello service-a");
}

#[test]
fn node_as_a_client() {
    knocks("node", |sandbox, exported| node(sandbox, "client.js", &exported.snippet));
}

#[test]
fn go_as_a_server() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "go", &[]);
    let mut command = go(&sandbox, "server", &exported.snippet);
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello CN=service-a");
}

#[test]
fn go_as_a_client() {
    knocks("go", |sandbox, exported| go(sandbox, "client", &exported.snippet));
}

/// Built with the dependencies and versions of `actix/`, once for all runs.
#[test]
fn actix_with_openssl() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "actix", &[]);
    let root = env!("CARGO_MANIFEST_DIR");
    for file in ["Cargo.toml", "Cargo.lock"] {
        sandbox.write(file, std::fs::read(format!("{root}/tests/interop/actix/{file}")).unwrap());
    }
    std::fs::create_dir(sandbox.path("src")).unwrap();
    sandbox.write("src/main.rs", &exported.snippet);
    let target = format!("{root}/target/interop-actix");
    let home = std::env::var("HOME").unwrap_or_default();
    let mut build = shell(&sandbox, "cargo build --quiet --locked");
    let built = build.env("HOME", home).env("CARGO_TARGET_DIR", &target).output().unwrap();
    assert!(built.status.success(), "{}", told(&built));
    let mut command = Command::new(format!("{target}/debug/actix-server"));
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello");
}
