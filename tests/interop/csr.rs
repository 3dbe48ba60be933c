//! Certificate requests: those of openssl and `cryptography` signed by pkit, and pkit's judged by them, GnuTLS, and signed
//! by openssl.

use serde_json::Value;

use super::{foreign, python, sandbox::Sandbox, script, succeeds};

fn key(kind: &str) -> String {
    match kind.split_once(':') {
        Some(("rsa", bits)) => {
            format!("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out a.key")
        }
        Some(("pss", bits)) => {
            format!("openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:{bits} -out a.key")
        }
        Some(("ec", curve)) => {
            format!("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out a.key")
        }
        _ => format!("openssl genpkey -algorithm {kind} -out a.key"),
    }
}

/// A request for a new key; `options` are those of `openssl req`.
fn request(sandbox: &Sandbox, kind: &str, options: &str) {
    succeeds(sandbox, &key(kind.trim_start_matches("compressed ")));
    if kind.starts_with("compressed ") {
        succeeds(sandbox, "openssl ec -in a.key -conv_form compressed -out a.key");
    }
    succeeds(sandbox, &format!("openssl req -new -key a.key -out a.csr {options}"));
}

/// Signs `a.csr` and has the outcome judged; the answer in JSON.
fn signed(sandbox: &Sandbox, profile: &str, purpose: &str, extra: &[&str]) -> Value {
    let _ = std::fs::remove_dir_all(sandbox.path("out"));
    let ca = ["--issuer", "pki/ca/issuing/cert.pem", "--issuer-key", "pki/ca/issuing/key.pem"];
    let place = ["--issuer-chain", "pki/ca/root/cert.pem", "--out", "out", "--json"];
    let args = [&["sign", "a.csr", "--profile", profile], &ca[..], &place, extra].concat();
    let answer = serde_json::from_str(&sandbox.succeeds(&args)).unwrap();
    succeeds(
        sandbox,
        &format!(
            "openssl verify -x509_strict -purpose {purpose} -CAfile out/ca.pem -untrusted out/chain.pem out/cert.pem"
        ),
    );
    assert_eq!(
        succeeds(sandbox, "openssl x509 -in out/cert.pem -noout -pubkey"),
        succeeds(sandbox, "openssl req -in a.csr -noout -pubkey"),
    );
    answer
}

#[test]
fn keys_and_signatures_of_openssl() {
    let sandbox = Sandbox::with_authorities();
    let subject = "-subj /DC=com/DC=example/OU=a/OU=b/CN=web.internal";
    for (kind, options, curve) in [
        ("rsa:2048", "", "2048 bit"),
        ("rsa:4096", "-sha512", "4096 bit"),
        ("rsa:2048", "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest", "2048 bit"),
        ("pss:2048", "-sigopt rsa_pss_saltlen:digest", "2048 bit"),
        ("ec:P-256", "", "prime256v1"),
        // openssl signs with SHA-256 by default, whatever the curve.
        ("ec:P-384", "-sha256", "secp384r1"),
        ("ec:P-384", "-sha384", "secp384r1"),
        ("ED25519", "", "ED25519"),
    ] {
        request(&sandbox, kind, &format!("{subject} {options}"));
        signed(&sandbox, "server", "sslserver", &[]);
        let text = succeeds(&sandbox, "openssl x509 -in out/cert.pem -noout -text");
        assert!(text.contains(curve) && text.contains("DNS:web.internal"), "{kind} {options}: {text}");
        assert_eq!(
            succeeds(&sandbox, "openssl x509 -in out/cert.pem -noout -subject"),
            succeeds(&sandbox, "openssl req -in a.csr -noout -subject"),
        );
    }
    for (kind, options, code, cause) in [
        ("rsa:1024", "", "key-weak", "1024 bits"),
        ("rsa:2048", "-sha1", "csr-unproven", "SHA-1"),
        (
            "rsa:2048",
            "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20",
            "csr-unproven",
            "a salt as long",
        ),
        ("ec:P-256", "-sha512", "csr-unproven", "with SHA-256 and SHA-384"),
        ("compressed ec:P-256", "", "csr-unproven", "compressed"),
        ("ec:P-521", "", "csr-unproven", "cannot be checked"),
        ("ec:secp256k1", "", "csr-unproven", "cannot be checked"),
        ("ED448", "", "csr-unproven", "cannot be checked"),
    ] {
        request(&sandbox, kind, &format!("{subject} {options}"));
        let error = sandbox.fails(code, &["sign", "a.csr", "--profile", "server"]);
        assert!(error["facts"].to_string().contains(cause), "{kind} {options}: {error}");
    }
}

#[test]
fn what_openssl_can_ask_for() {
    let sandbox = Sandbox::with_authorities();
    sandbox.write(
        "req.cnf",
        "[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\nreq_extensions=ext\n[dn]\nC=US\nCN=evil.internal\n\
         [at]\nchallengePassword=secret1\nunstructuredName=x\n[ext]\nbasicConstraints=critical,CA:TRUE\n\
         keyUsage=critical,digitalSignature,keyCertSign,cRLSign\nextendedKeyUsage=clientAuth,codeSigning,1.2.3.4\n\
         subjectAltName=DNS:ok.internal,IP:10.0.0.1\ntlsfeature=status_request\nsubjectKeyIdentifier=hash\n\
         nameConstraints=permitted;DNS:internal\ncertificatePolicies=1.2.3\n1.2.3.4.5=critical,ASN1:UTF8:hi\n",
    );
    request(&sandbox, "ec:P-256", "-config req.cnf");
    let answer = signed(&sandbox, "server", "sslserver", &[]);
    let text = succeeds(&sandbox, "openssl x509 -in out/cert.pem -noout -text");
    for absent in [
        "CA:TRUE",
        "Certificate Sign",
        "CRL Sign",
        "Client Auth",
        "Code Sign",
        "TLS Feature",
        "1.2.3",
        "Name C",
    ] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    let lines = answer["asked_granted"].as_array().unwrap();
    let granted: Vec<&str> = lines
        .iter()
        .filter(|line| line["asked"].is_string() && line["granted"].is_string())
        .map(|line| line["asked"].as_str().unwrap())
        .collect();
    assert_eq!(granted, ["C=US,CN=evil.internal", "DNS:ok.internal", "IP:10.0.0.1", "digitalSignature"]);
    assert!(lines.iter().all(|line| line["why"].as_str().is_some_and(|why| !why.is_empty())), "{lines:?}");
    let refused = lines.iter().filter(|line| line["granted"].is_null()).count();
    assert_eq!(refused, 13, "{lines:?}");
    let stapled = signed(&sandbox, "peer", "sslclient", &["--must-staple", "--eku", "codeSigning"]);
    assert!(stapled["asked_granted"].to_string().contains("--eku"));
    let text = succeeds(&sandbox, "openssl x509 -in out/cert.pem -noout -text");
    assert!(text.contains("status_request") && text.contains("Code Signing"), "{text}");

    // DER, and what stands before the block in what `openssl req -text` writes.
    succeeds(&sandbox, "openssl req -in a.csr -outform DER -out der.csr");
    succeeds(&sandbox, "openssl req -in a.csr -text -out text.csr");
    for file in ["der.csr", "text.csr"] {
        sandbox.succeeds(&["sign", file, "--profile", "client", "--dry-run"]);
    }
    // Without a subject the alternative names are critical.
    sandbox.write("empty.cnf", "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\n");
    request(&sandbox, "ec:P-256", "-config empty.cnf -subj / -addext subjectAltName=DNS:only.internal");
    assert_eq!(signed(&sandbox, "server", "sslserver", &[])["name"], "only.internal");
    assert!(
        succeeds(&sandbox, "openssl x509 -in out/cert.pem -noout -text")
            .contains("Subject Alternative Name: critical")
    );
    for name in ["*.com", "10.0.0.1", "a.internal.", "-a.internal", "xn--a", "bücher.internal"] {
        request(
            &sandbox,
            "ED25519",
            &format!("-subj /CN=x -addext subjectAltName=DNS:ok.internal,DNS:{name}"),
        );
        sandbox.fails("csr-name-refused", &["sign", "a.csr", "--profile", "server"]);
        sandbox.succeeds(&["sign", "a.csr", "--profile", "server", "--san", "ok.internal", "--dry-run"]);
    }
}

#[test]
fn requests_of_cryptography() {
    let sandbox = Sandbox::with_authorities();
    succeeds(&sandbox, &format!("{} {} make .", python(), script("csr.py")));
    for kind in ["p256", "p384", "rsa", "ed25519"] {
        std::fs::rename(sandbox.path(&format!("{kind}.csr")), sandbox.path("a.csr")).unwrap();
        let answer = signed(&sandbox, "peer", "sslserver", &[]);
        assert_eq!(answer["name"], format!("{kind}.py"));
        assert_eq!(answer["sans"].as_array().unwrap().len(), 6);
        let same = format!("{} {} same a.csr out/cert.pem", python(), script("csr.py"));
        assert_eq!(succeeds(&sandbox, &same).trim(), "ok", "{kind}");
    }
}

#[test]
fn others_accept_what_is_requested() {
    let sandbox = Sandbox::with_authorities();
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        for profile in ["server", "client", "peer"] {
            let name = format!("{profile}.{kind}.internal");
            let names = ["*.apps.internal", "bücher.example", "10.1.2.3", "spiffe://acme.internal/x"];
            let args = ["request", &name, "--profile", profile, "--key-type", kind];
            let staple: &[&str] = if profile == "client" { &[] } else { &["--must-staple"] };
            sandbox.succeeds(&[&args[..], staple, &names].concat());
            let file = format!("{name}.csr");
            // openssl ends with 0 either way, and says so.
            let told = foreign(&sandbox, &format!("openssl req -in {file} -verify -noout"));
            assert!(String::from_utf8_lossy(&told.stderr).contains("verify OK"), "{told:?}");
            let told = succeeds(&sandbox, &format!("certtool --crq-info --infile {file}"));
            assert!(told.contains("Self signature: verified") && told.contains("*.apps.internal"), "{told}");
            let valid = format!("{} {} valid {file}", python(), script("csr.py"));
            assert_eq!(succeeds(&sandbox, &valid).trim(), "ok");
            // Another CA obeys it, and pkit finds nothing to complain of.
            succeeds(
                &sandbox,
                &format!(
                    "openssl x509 -req -in {file} -CA pki/ca/root/cert.pem -CAkey pki/ca/root/key.pem -days 9 -copy_extensions copyall -out other.pem"
                ),
            );
            let purpose = if profile == "client" { "sslclient" } else { "sslserver" };
            succeeds(
                &sandbox,
                &format!("openssl verify -purpose {purpose} -CAfile pki/ca/root/cert.pem other.pem"),
            );
            succeeds(&sandbox, &format!("openssl pkey -in {name}.key -check -noout"));
            sandbox.succeeds(&["sign", &file, "--profile", profile, "-q"]);
        }
    }
    assert_eq!(sandbox.run(&["check"]).status.code(), Some(0));
}
