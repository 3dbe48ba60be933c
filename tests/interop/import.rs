//! CAs that other tools made: taken in by `pkit ca import`, and what is issued below them judged by openssl, and proved
//! by a handshake.

use pkit::{cert::load_certificates, pem};

use super::{foreign, handshake::Server, python, sandbox::Sandbox, script, shlex_split, succeeds};

/// Where openssl's `-x509_strict` accepts the CA itself.
const STRICT: &str = "-x509_strict";
/// Where it does not, for the reason that the case states.
const LENIENT: &str = "";

/// Takes a CA in, issues below it, and puts both before openssl. `files` are the options of `ca import`, `root` is the file
/// of the tool that made it.
fn adopt(sandbox: &Sandbox, name: &str, files: &str, root: &str, strictness: &str) {
    let files = shlex_split(files);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    sandbox.write("phrase", "horse\n");
    sandbox.write("new", "staple\n");
    let phrases = ["--passphrase-file", "phrase", "--new-passphrase-file", "new"];
    sandbox.succeeds(&[&["ca", "import", name], &files[..], &phrases].concat());

    let set = format!("pki/ca/{name}");
    let ca = load_certificates(&sandbox.path(&format!("{set}/cert.pem"))).unwrap().remove(0);
    let source = files[files.iter().position(|option| *option == "--cert").unwrap() + 1];
    let given = load_certificates(&sandbox.path(source)).unwrap();
    assert!(given.iter().any(|given| given.der() == ca.der()), "{name}: not the bytes that were given");
    assert!(sandbox.read(&format!("{set}/key.pem")).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    succeeds(sandbox, &format!("openssl pkey -in {set}/key.pem -passin file:new -noout"));

    for (profile, leaf, purpose) in [
        ("server", format!("{name}.internal"), "sslserver"),
        ("client", format!("{name}-client"), "sslclient"),
    ] {
        let mut issue = vec!["issue", profile, &leaf, "--issuer", name, "--passphrase-file", "new"];
        if profile == "server" {
            issue.push("localhost.internal");
        }
        sandbox.succeeds(&issue);
        let live = format!("pki/live/{leaf}");
        let made = load_certificates(&sandbox.path(&format!("{live}/cert.pem"))).unwrap().remove(0);
        assert_eq!(made.issuer().der(), ca.subject().der(), "{name}: the issuer is written otherwise");
        assert_eq!(made.authority_key_id(), ca.subject_key_id(), "{name}: another key identifier");
        let chain = sandbox.read(&format!("{live}/chain.pem"));
        let untrusted = if chain.is_empty() { String::new() } else { format!("-untrusted {live}/chain.pem") };
        succeeds(
            sandbox,
            &format!(
                "openssl verify {strictness} -purpose {purpose} -CAfile {root} {untrusted} {live}/cert.pem"
            ),
        );
    }
    let server = Server::serve_test(sandbox, &format!("{name}.internal"), &[]);
    let target = format!("localhost:{}", server.port);
    let client = format!("{name}-client");
    let host = format!("{name}.internal");
    sandbox.succeeds(&["probe", &target, "--as", &client, "--roots", root, "--server-name", &host]);
    assert_eq!(sandbox.run(&["check"]).status.code(), Some(0), "{name}");
}

/// The extensions that `openssl req -x509` gives to a CA unless told otherwise.
const USUAL: &str =
    "basicConstraints=critical,CA:TRUE;keyUsage=critical,keyCertSign,cRLSign;subjectKeyIdentifier=hash";

/// A self-signed CA of openssl in NAME.pem and NAME.key.
fn openssl_root(sandbox: &Sandbox, name: &str, key: &str, mask: &str, subject: &str, more: &str) {
    let config = format!(
        "[req]\ndistinguished_name = dn\nx509_extensions = none\nstring_mask = {mask}\n[dn]\n[none]\n"
    );
    sandbox.write("req.cnf", config);
    succeeds(sandbox, &format!("openssl genpkey {key} -out {name}.key"));
    let (options, extensions) = more.split_once('|').unwrap_or(("", more));
    let extensions: String = extensions.split(';').map(|one| format!(" -addext {one}")).collect();
    succeeds(
        sandbox,
        &format!(
            "openssl req -x509 -new -config req.cnf -utf8 -key {name}.key -days 90 -subj '{subject}' -out {name}.pem {options}{extensions}"
        ),
    );
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const RSA2048: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
const RSA3072: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:3072";
const ED25519: &str = "-algorithm ED25519";

#[test]
fn of_openssl_with_names_of_every_kind() {
    let sandbox = Sandbox::new();
    let every =
        "/DC=com/DC=example/DC=corp/OU=One/OU=Two/O=Acme+CN=Multi/emailAddress=ca@example.com/serialNumber=7";
    for (name, key, mask, subject, type_of_string) in [
        ("every", RSA2048, "utf8only", every, "IA5STRING"),
        ("teletex", RSA3072, "MASK:0x4", "/C=DE/O=Müller/CN=Prüfstelle", "T61STRING"),
        ("bmp", P384, "MASK:0x800", "/C=DE/O=Müller/CN=Ключ", "BMPSTRING"),
        ("printable", ED25519, "MASK:0x2", "/C=US/O=Acme/OU=A/OU=B/CN=plain", "PRINTABLESTRING"),
    ] {
        let multivalued = format!("-multivalue-rdn|{USUAL}");
        openssl_root(&sandbox, name, key, mask, subject, &multivalued);
        let dump = succeeds(&sandbox, &format!("openssl asn1parse -in {name}.pem"));
        assert!(dump.contains(type_of_string), "{name}: the case does not test what it is for\n{dump}");
        let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
        adopt(&sandbox, name, &format!("--cert {cert} --key {key}"), &cert, STRICT);
    }
    assert!(sandbox.succeeds(&["ca", "show", "teletex"]).contains("C=DE,O=Müller,CN=Prüfstelle"));
    assert!(sandbox.succeeds(&["ca", "show", "bmp"]).contains("CN=Ключ"));
}

#[test]
fn of_openssl_with_extensions_of_every_kind() {
    let sandbox = Sandbox::new();
    let long_id = "subjectKeyIdentifier=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let usage = "keyUsage=critical,keyCertSign,cRLSign";
    for (name, more, strictness) in [
        // Strictness wants a key identifier in the CA, and one of the authority in what it signed.
        (
            "anonymous",
            format!("basicConstraints=critical,CA:TRUE;{usage};subjectKeyIdentifier=none"),
            LENIENT,
        ),
        ("long", format!("basicConstraints=critical,CA:TRUE;{usage};{long_id}"), STRICT),
        ("short", format!("basicConstraints=critical,CA:TRUE;{usage};subjectKeyIdentifier=01"), STRICT),
        (
            "last",
            format!("basicConstraints=critical,CA:TRUE,pathlen:0;{usage};subjectKeyIdentifier=hash"),
            STRICT,
        ),
        // Strictness wants basicConstraints critical, and a key usage.
        ("plain", "basicConstraints=CA:TRUE;subjectKeyIdentifier=hash".to_owned(), LENIENT),
        ("sha1", format!("-sha1|{USUAL}"), STRICT),
        // Without any identifier, nothing but the signature says that it is its own issuer.
        (
            "sha1-bare",
            "-sha1|basicConstraints=critical,CA:TRUE;subjectKeyIdentifier=none".to_owned(),
            LENIENT,
        ),
        ("sha512", format!("-sha512|{USUAL}"), STRICT),
    ] {
        openssl_root(&sandbox, name, RSA2048, "utf8only", &format!("/CN={name}"), &more);
        adopt(
            &sandbox,
            name,
            &format!("--cert {name}.pem --key {name}.key"),
            &format!("{name}.pem"),
            strictness,
        );
    }
    let refused = sandbox.fails(
        "path-length-used-up",
        &["ca", "intermediate", "below", "--issuer", "last", "--passphrase-file", "new", "--unencrypted"],
    );
    assert_eq!(refused["facts"][1]["value"], "0");
    succeeds(&sandbox, "openssl pkey -in long.key -outform DER -out der.key");
    succeeds(&sandbox, "openssl x509 -in long.pem -outform DER -out der.crt");
    sandbox.succeeds(&[
        "ca",
        "import",
        "der",
        "--cert",
        "der.crt",
        "--key",
        "der.key",
        "--unencrypted",
        "--pki",
        "x",
    ]);
}

#[test]
fn of_openssl_below_a_root_that_stays_away() {
    let sandbox = Sandbox::new();
    let names = "/DC=com/DC=example/CN=Root";
    openssl_root(&sandbox, "root", P384, "utf8only", names, USUAL);
    succeeds(&sandbox, &format!("openssl genpkey {RSA2048} -aes-256-cbc -pass pass:horse -out issuing.key"));
    succeeds(
        &sandbox,
        "openssl req -new -key issuing.key -passin pass:horse -subj '/OU=One/OU=Two/CN=Issuing' -out issuing.csr",
    );
    // With the authority's name and serial number, as easy-rsa and old configurations have it.
    sandbox.write(
        "ext.cnf",
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
         authorityKeyIdentifier=keyid:always,issuer:always\n",
    );
    succeeds(
        &sandbox,
        "openssl x509 -req -in issuing.csr -CA root.pem -CAkey root.key -set_serial 2 -days 30 -extfile ext.cnf -out issuing.pem",
    );
    let chain = sandbox.read("root.pem") + &sandbox.read("issuing.pem");
    sandbox.write("chain.pem", chain);
    sandbox.fails("chain-gap", &["ca", "import", "issuing", "--cert", "issuing.pem"]);
    sandbox.succeeds(&["ca", "import", "root", "--cert", "root.pem"]);
    adopt(&sandbox, "issuing", "--cert chain.pem --key issuing.key", "root.pem", STRICT);
    let alone = Sandbox::new();
    for file in ["issuing.pem", "issuing.key", "root.pem"] {
        alone.write(file, sandbox.read(file));
    }
    adopt(&alone, "alone", "--cert issuing.pem --key issuing.key --chain root.pem", "root.pem", STRICT);
    // A person who mistypes the passphrase is asked again, and the key keeps the one that opened it.
    let line = format!(
        "{} {} 'mistyped|horse' {} ca import typed --cert chain.pem --key issuing.key --pki typed",
        python(),
        script("terminal.py"),
        env!("CARGO_BIN_EXE_pkit")
    );
    let shown = succeeds(&sandbox, &line);
    assert!(shown.contains("That did not open it") && shown.trim_end().ends_with("\n0"), "{shown}");
    sandbox.succeeds(&["issue", "client", "x", "--pki", "typed", "--passphrase-file", "phrase"]);
    let path = sandbox.succeeds(&["ca", "show", "issuing", "--chain"]);
    assert_eq!(path, pem_of(&sandbox, "issuing.pem") + &pem_of(&sandbox, "root.pem"));
    sandbox.fails("ca-key-absent", &["issue", "client", "x", "--issuer", "root"]);
    // The root's key comes for a moment, as openssl wrote it.
    std::fs::copy(sandbox.path("root.key"), sandbox.path("pki/ca/root/key.pem")).unwrap();
    sandbox.succeeds(&["ca", "intermediate", "next", "--issuer", "root", "--unencrypted"]);
    succeeds(&sandbox, "openssl verify -x509_strict -CAfile root.pem pki/ca/next/cert.pem");
}

fn pem_of(sandbox: &Sandbox, file: &str) -> String {
    load_certificates(&sandbox.path(file))
        .unwrap()
        .iter()
        .map(|one| pem::encode("CERTIFICATE", one.der()))
        .collect()
}

/// What openssl would take and pkit does not, and why.
#[test]
fn what_is_refused() {
    let sandbox = Sandbox::new();
    let import = |code: &str, name: &str| {
        let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
        sandbox.fails(code, &["ca", "import", name, "--cert", &cert, "--key", &key, "--unencrypted"]);
    };
    openssl_root(
        &sandbox,
        "p521",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "utf8only",
        "/CN=a",
        USUAL,
    );
    import("key-unsupported", "p521");
    openssl_root(
        &sandbox,
        "rsa1024",
        "-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
        "utf8only",
        "/CN=a",
        USUAL,
    );
    import("key-unsupported", "rsa1024");
    // A key on which openssl proves signatures, and ring, webpki and rustls do not.
    succeeds(&sandbox, &format!("openssl genpkey {P256} -out full.key"));
    succeeds(&sandbox, "openssl pkey -in full.key -ec_conv_form compressed -out compressed.key");
    succeeds(&sandbox, "openssl req -x509 -new -key compressed.key -subj /CN=a -out compressed.pem");
    import("key-unsupported", "compressed");
    for name in ["p521", "rsa1024", "compressed"] {
        sandbox.fails("key-unsupported", &["ca", "import", name, "--cert", &format!("{name}.pem")]);
    }
    openssl_root(&sandbox, "leaf", P256, "utf8only", "/CN=a", "basicConstraints=critical,CA:FALSE");
    import("issuer-not-ca", "leaf");
    openssl_root(
        &sandbox,
        "crippled",
        P256,
        "utf8only",
        "/CN=a",
        "basicConstraints=critical,CA:TRUE;keyUsage=cRLSign",
    );
    import("issuer-may-not-sign", "crippled");
    // Version 1 says nothing of being a CA. openssl takes it as a root; webpki, GnuTLS and Go do not.
    succeeds(&sandbox, "openssl req -new -key leaf.key -subj /CN=v1 -out v1.csr");
    succeeds(&sandbox, "openssl x509 -req -in v1.csr -signkey leaf.key -out v1.pem");
    std::fs::copy(sandbox.path("leaf.key"), sandbox.path("v1.key")).unwrap();
    import("issuer-not-ca", "v1");
    assert!(!sandbox.path("pki").exists());
    let passed = foreign(&sandbox, "openssl verify -CAfile v1.pem v1.pem");
    assert!(passed.status.success());
}

#[test]
fn of_cryptography_and_in_the_shape_of_step_and_cert_manager() {
    let sandbox = Sandbox::new();
    succeeds(&sandbox, &format!("{} {}", python(), script("authority.py")));
    let step = "--cert step/intermediate_ca.crt --key step/intermediate_ca_key --chain step/root_ca.crt";
    adopt(&sandbox, "step", step, "step/root_ca.crt", STRICT);
    let manager = "--cert cert-manager/tls.crt --key cert-manager/tls.key --chain cert-manager/ca.crt";
    adopt(&sandbox, "cert-manager", manager, "cert-manager/ca.crt", STRICT);
    // The CA is found by its key, though it is not the first.
    let middle = "--cert cert-manager/tls.crt --key cert-manager/middle.key --chain cert-manager/ca.crt";
    adopt(&sandbox, "middle", middle, "cert-manager/ca.crt", STRICT);
    // No key usage and no key identifier, which strictness wants.
    adopt(&sandbox, "bare", "--cert bare/ca.pem --key bare/ca.key", "bare/ca.pem", LENIENT);
    adopt(&sandbox, "bounded", "--cert bounded/ca.pem --key bounded/ca.key", "bounded/ca.pem", STRICT);
    let bounded = ["--issuer", "bounded", "--passphrase-file", "new"];
    for name in ["www.example.com", "a.forbidden.internal"] {
        sandbox.fails("name-not-permitted", &[&["issue", "server", name], &bounded[..]].concat());
    }
    let shown = sandbox.succeeds(&["ca", "show", "bounded"]);
    assert!(
        shown.contains("O=Müller,CN=Universal €") && shown.contains("excluded DNS:forbidden.internal"),
        "{shown}"
    );
}

#[test]
fn of_mkcert() {
    let sandbox = Sandbox::new();
    succeeds(&sandbox, &format!("env CAROOT={} mkcert example.test", sandbox.path("mk").display()));
    adopt(&sandbox, "mkcert", "--cert mk/rootCA.pem --key mk/rootCA-key.pem", "mk/rootCA.pem", STRICT);
}

#[test]
fn of_easy_rsa() {
    let sandbox = Sandbox::new();
    let easyrsa = |pki: &str, settings: &str, arguments: &str| {
        let pki = sandbox.path(pki);
        let line = format!(
            "env EASYRSA_PKI={} {settings} /usr/share/easy-rsa/easyrsa --batch {arguments}",
            pki.display()
        );
        succeeds(&sandbox, &line);
    };
    // Strictness wants basicConstraints critical.
    easyrsa("rsa", "EASYRSA_DN=cn_only", "init-pki");
    easyrsa("rsa", "'EASYRSA_REQ_CN=Easy RSA CA'", "--passout=pass:horse --passin=pass:horse build-ca");
    adopt(&sandbox, "easy-rsa", "--cert rsa/ca.crt --key rsa/private/ca.key", "rsa/ca.crt", LENIENT);
    let curve = "EASYRSA_ALGO=ec EASYRSA_CURVE=secp384r1 EASYRSA_DN=org EASYRSA_REQ_CN=organisation";
    easyrsa("ec", curve, "init-pki");
    easyrsa("ec", curve, "build-ca nopass");
    adopt(&sandbox, "organisation", "--cert ec/ca.crt --key ec/private/ca.key", "ec/ca.crt", LENIENT);
}
