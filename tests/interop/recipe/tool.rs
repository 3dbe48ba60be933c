//! curl and openssl.

use super::*;

#[test]
fn curl() {
    knocks("curl", |sandbox, exported| shell(sandbox, &exported.snippet));
}

#[test]
fn openssl_as_a_client() {
    knocks("openssl", |sandbox, exported| shell(sandbox, &exported.snippet));
}

#[test]
fn openssl_as_a_server() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "openssl", &[]);
    let mut command = shell(&sandbox, &format!("exec {}", exported.snippet));
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "HTTP/1.0 200 ok");
}
