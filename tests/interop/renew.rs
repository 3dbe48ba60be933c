//! Renewed sets, judged by openssl: they are what they replace, below old and new CAs alike.

use super::{Sandbox, succeeds};

/// What openssl prints of a certificate but for serial number, dates, keys and signature.
fn lasting(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let text = succeeds(
        sandbox,
        &format!("openssl x509 -in {file} -noout -text -certopt no_serial,no_validity,no_pubkey,no_sigdump"),
    );
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    // The line below its heading is the hash of the key.
    if let Some(at) = lines.iter().position(|line| line.contains("Subject Key Identifier")) {
        lines.remove(at + 1);
    }
    // In which order extensions stand means nothing, and a key may sign with another hash than before.
    lines.retain(|line| !line.contains("Signature Algorithm"));
    lines.sort();
    lines
}

#[test]
fn a_renewed_leaf_is_what_it_replaces() {
    let sandbox = Sandbox::with_authorities();
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let name = format!("{kind}.internal");
        let names = ["10.0.0.1", "spiffe://a/b", "a@a.internal", "RID:1.2.3", "UPN:a@b"];
        let content =
            ["--key-type", kind, "--must-staple", "--eku", "codeSigning", "--policy", "1.2.3=http://a/cps"];
        let more =
            ["--crl-url", "http://a/crl", "--ocsp-url", "http://a/ocsp", "--extension", "1.2.3.4=hex:0500"];
        sandbox.succeeds(&[&["issue", "peer", &name][..], &names, &content, &more, &["-q"]].concat());
        sandbox.succeeds(&["renew", &name, "--now", "-q"]);
        let set = format!("pki/live/{name}");
        let before = lasting(&sandbox, &format!("pki/archive/live/{name}/0001/cert.pem"));
        assert_eq!(lasting(&sandbox, &format!("{set}/cert.pem")), before, "{kind}");
        assert!(before.join("\n").contains("status_request"), "the case does not test what it is for");
        for purpose in ["sslserver", "sslclient"] {
            succeeds(
                &sandbox,
                &format!(
                    "openssl verify -x509_strict -purpose {purpose} -verify_ip 10.0.0.1 -CAfile {set}/ca.pem -untrusted {set}/fullchain.pem {set}/cert.pem"
                ),
            );
        }
        let public = |command: &str| succeeds(&sandbox, &format!("openssl {command}"));
        assert_eq!(
            public(&format!("pkey -in {set}/privkey.pem -pubout")),
            public(&format!("x509 -in {set}/cert.pem -noout -pubkey")),
            "{kind}"
        );
    }
}

#[test]
fn a_renewed_ca_stands_above_what_the_old_one_signed() {
    let sandbox = Sandbox::new();
    sandbox.write("req.cnf", "[req]\ndistinguished_name = dn\nx509_extensions = none\n[dn]\n[none]\n");
    let extensions = [
        "basicConstraints=critical,CA:TRUE,pathlen:2",
        "keyUsage=critical,digitalSignature,keyCertSign,cRLSign",
        "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid:always",
        "nameConstraints=critical,permitted;DNS:internal",
        "certificatePolicies=1.2.3",
        "nsComment=kept",
    ];
    let extensions: String = extensions.iter().map(|one| format!(" -addext {one}")).collect();
    succeeds(&sandbox, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
    succeeds(
        &sandbox,
        &format!(
            "openssl req -x509 -new -config req.cnf -key root.key -days 90 -subj '/C=US/O=Acme/CN=Old Root' -out root.pem{extensions}"
        ),
    );
    sandbox.succeeds(&[
        "ca",
        "import",
        "root",
        "--cert",
        "root.pem",
        "--key",
        "root.key",
        "--unencrypted",
        "-q",
    ]);
    sandbox.succeeds(&["ca", "intermediate", "issuing", "--unencrypted", "-q"]);
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    sandbox.succeeds(&["ca", "renew", "root", "-q"]);
    sandbox.succeeds(&["ca", "renew", "issuing", "-q"]);
    sandbox.succeeds(&["issue", "server", "b.internal", "-q"]);
    assert_eq!(lasting(&sandbox, "pki/ca/root/cert.pem"), lasting(&sandbox, "root.pem"));
    for (leaf, root) in [
        ("a.internal", "root.pem"),
        ("a.internal", "pki/ca/root/cert.pem"),
        ("b.internal", "root.pem"),
        ("b.internal", "pki/ca/root/cert.pem"),
    ] {
        for issuing in ["0001", "0002"] {
            succeeds(
                &sandbox,
                &format!(
                    "openssl verify -x509_strict -purpose sslserver -CAfile {root} -untrusted pki/archive/ca/issuing/{issuing}/cert.pem pki/live/{leaf}/cert.pem"
                ),
            );
        }
    }
    assert_eq!(sandbox.read("pki/live/b.internal/ca.pem"), sandbox.read("pki/ca/root/cert.pem"));
    assert_eq!(sandbox.run(&["check"]).status.code(), Some(0));
}
