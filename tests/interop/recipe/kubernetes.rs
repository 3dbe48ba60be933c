//! Manifests by the schema of the Kubernetes API and of cert-manager, and CAs that are handed over.

use super::*;
use crate::{script, succeeds};

/// Where `.ci/run` puts what comes from npm.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/interop-node/node_modules");

/// The kinds of cert-manager in a manifest whose objects are all valid.
fn valid(sandbox: &Sandbox, file: &str) -> String {
    let line = format!(
        "'{}' {} {file} > objects && node {} < objects",
        python(),
        script("manifest.py"),
        script("issuer.js")
    );
    let output = shell(sandbox, &line).env("NODE_PATH", NODE).output().unwrap();
    assert!(output.status.success(), "$ {line}\n{}", told(&output));
    String::from_utf8_lossy(&output.stdout).trim().replace('\n', ",")
}

/// A value of the first Secret of a manifest.
fn value(sandbox: &Sandbox, file: &str, name: &str) -> String {
    let line = format!("grep -m 1 ' {name}: ' {file} | sed 's/.*: //' | base64 -d");
    let output = shell(sandbox, &line).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_tls_secret_is_what_the_api_takes() {
    let sandbox = with_peers();
    let args = ["export", "srv.internal", "--to", "k8s-tls", "--namespace", "shop", "-o", "tls.yaml", "-q"];
    sandbox.succeeds(&args);
    assert_eq!(valid(&sandbox, "tls.yaml"), "");
    let set = "pki/live/srv.internal";
    for (name, file) in [("tls.crt", "fullchain.pem"), ("tls.key", "privkey.pem"), ("ca.crt", "ca.pem")] {
        assert_eq!(value(&sandbox, "tls.yaml", name), sandbox.read(&format!("{set}/{file}")), "{name}");
    }
    sandbox.succeeds(&["export", "root", "--to", "k8s-ca", "-o", "ca.yaml", "-q"]);
    assert_eq!(valid(&sandbox, "ca.yaml"), "");
    // The judge can say no.
    sandbox.write("bad.yaml", sandbox.read("tls.yaml").replace("metadata:", "metadate:"));
    let line = format!("'{}' {} bad.yaml", python(), script("manifest.py"));
    assert!(!shell(&sandbox, &line).output().unwrap().status.success());
}

#[test]
fn cert_manager_gets_a_secret_and_an_issuer() {
    let sandbox = with_peers();
    let base = ["export", "issuing", "--to", "cert-manager-ca", "--with-ca-key", "-q"];
    for (more, kind) in
        [(&["-o", "all.yaml"][..], "ClusterIssuer"), (&["-o", "one.yaml", "--namespace", "shop"], "Issuer")]
    {
        sandbox.succeeds(&[&base[..], more].concat());
        assert_eq!(valid(&sandbox, more[1]), kind);
        sandbox.write("tls.key", value(&sandbox, more[1], "tls.key"));
        sandbox.write("tls.crt", value(&sandbox, more[1], "tls.crt"));
        sandbox.write("ca.crt", value(&sandbox, more[1], "ca.crt"));
        assert!(sandbox.read("tls.key").starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS#8");
        let own = succeeds(&sandbox, "openssl pkey -in tls.key -pubout");
        assert_eq!(own, succeeds(&sandbox, "openssl x509 -in tls.crt -noout -pubkey"), "the CA's own first");
        succeeds(&sandbox, "openssl verify -CAfile ca.crt -untrusted tls.crt tls.crt");
    }
    sandbox.succeeds(&["export", "issuing", "--to", "k8s-ca", "--with-ca-key", "-o", "ca.yaml", "-q"]);
    assert_eq!(valid(&sandbox, "ca.yaml"), "");
}

/// What each engine signs with the files handed over is accepted by whoever trusts the root.
#[test]
fn others_issue_with_what_is_handed_over() {
    let sandbox = with_peers();
    for (form, certificate, key, root) in [
        ("istio", "ca-cert.pem", "ca-key.pem", "root-cert.pem"),
        ("linkerd", "issuer.crt", "issuer.key", "ca.crt"),
    ] {
        sandbox.succeeds(&["export", "issuing", "--to", form, "--with-ca-key", "--out", form, "-q"]);
        sign(&sandbox, &format!("{form}/{certificate}"), &format!("{form}/{key}"), &format!("{form}/{root}"));
    }
    let chain = sandbox.read("istio/cert-chain.pem");
    assert_eq!(chain, sandbox.read("istio/ca-cert.pem") + &sandbox.read("istio/root-cert.pem"));
    sandbox.succeeds(&["export", "issuing", "--to", "vault", "--with-ca-key", "-o", "bundle.pem", "-q"]);
    sign(&sandbox, "bundle.pem", "bundle.pem", "pki/ca/root/cert.pem");
}

fn sign(sandbox: &Sandbox, certificate: &str, key: &str, root: &str) {
    succeeds(
        sandbox,
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=workload -out leaf.csr",
    );
    succeeds(
        sandbox,
        &format!("openssl x509 -req -in leaf.csr -CA {certificate} -CAkey {key} -days 1 -out leaf.pem"),
    );
    succeeds(sandbox, &format!("openssl verify -CAfile {root} -untrusted {certificate} leaf.pem"));
}
