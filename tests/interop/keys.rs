//! Private keys in every encoding and under every cipher that people hold: made by openssl and read by pkit, and the
//! other way round.

use std::os::unix::fs::PermissionsExt;

use super::*;

const PHRASE: [&str; 2] = ["--passphrase-file", "phrase"];

/// Kinds of keys, and the options of `openssl genpkey` that make them.
const KINDS: [(&str, &str); 6] = [
    ("rsa2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa3072", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
    ("rsa4096", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096"),
    ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    ("ed25519", "-algorithm ED25519"),
];

fn with_phrase() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("phrase", "correct horse\n");
    sandbox.write("wrong", "battery staple\n");
    sandbox
}

/// The public half, in PEM, of a key file that openssl reads.
fn public(sandbox: &Sandbox, file: &str) -> String {
    succeeds(sandbox, &format!("openssl pkey -in {file} -passin file:phrase -pubout"))
}

/// Has openssl write a key, has pkit read it, and compares the public half of what pkit makes of it.
fn reads(sandbox: &Sandbox, made: &str, expected: &str) {
    for form in ["PEM", "DER"] {
        // The traditional encryption is one of PEM; `ecparam` writes its parameters in PEM alone.
        if form == "DER" && (made.contains("-traditional -") || made.contains("ecparam")) {
            continue;
        }
        let _ = std::fs::remove_file(sandbox.path("foreign"));
        succeeds(sandbox, &format!("{made} -outform {form} -out foreign"));
        let convert = ["key", "convert", "foreign", "--to", "pkcs8", "-o", "ours.pem", "--force"];
        sandbox.succeeds(&[&convert[..], &PHRASE].concat());
        assert_eq!(public(sandbox, "ours.pem"), expected, "{made} {form}");
        if made.contains("phrase") {
            let output = sandbox.run(&[&convert[..], &["--passphrase-file", "wrong"]].concat());
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.code() == Some(2) && told.contains("the passphrase is wrong"),
                "{made}: {told}"
            );
        }
    }
}

#[test]
fn keys_of_openssl_are_read_in_every_encoding_and_cipher() {
    std::thread::scope(|scope| {
        for (kind, options) in KINDS {
            scope.spawn(move || keys_of_one_kind(kind, options));
        }
    });
}

fn keys_of_one_kind(kind: &str, options: &str) {
    let sandbox = with_phrase();
    succeeds(&sandbox, &format!("openssl genpkey {options} -out base.pem"));
    let expected = public(&sandbox, "base.pem");
    let reads = |made: &str| reads(&sandbox, made, &expected);
    reads("openssl pkcs8 -topk8 -nocrypt -in base.pem");
    for cipher in ["aes128", "aes192", "aes256", "des3"] {
        for hash in ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] {
            reads(&format!(
                "openssl pkcs8 -topk8 -in base.pem -passout file:phrase -v2 {cipher} -v2prf hmacWith{hash}"
            ));
        }
    }
    reads("openssl pkcs8 -topk8 -in base.pem -passout file:phrase -scrypt");
    for scheme in ["PBE-SHA1-3DES", "PBE-MD5-DES", "PBE-SHA1-DES"] {
        reads(&format!(
            "openssl pkcs8 -provider legacy -provider default -topk8 -in base.pem -passout file:phrase -v1 {scheme}"
        ));
    }
    if kind == "ed25519" {
        return;
    }
    reads("openssl pkey -in base.pem -traditional");
    for cipher in ["aes128", "aes192", "aes256", "des3", "des"] {
        reads(&format!(
            "openssl pkey -provider legacy -provider default -in base.pem -passout file:phrase -traditional -{cipher}"
        ));
    }
    if kind.starts_with("rsa") {
        return;
    }
    for form in ["-no_public", "-conv_form compressed"] {
        reads(&format!("openssl ec -in base.pem {form}"));
    }
    reads("openssl pkey -in base.pem -ec_conv_form compressed");
    // With its parameters in a block before it.
    let curve = if kind == "p256" { "prime256v1" } else { "secp384r1" };
    succeeds(&sandbox, &format!("openssl ecparam -name {curve} -genkey -out parameters.pem"));
    assert!(sandbox.read("parameters.pem").contains("BEGIN EC PARAMETERS"));
    sandbox.succeeds(&["key", "convert", "parameters.pem", "--to", "sec1", "-o", "ours.sec1"]);
    assert_eq!(public(&sandbox, "ours.sec1"), public(&sandbox, "parameters.pem"));
}

#[test]
fn keys_of_pkit_are_read_by_others_in_every_encoding() {
    let sandbox = with_phrase();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for (kind, _) in KINDS {
        let key = format!("{kind}.pem");
        let told = sandbox.succeeds(&["key", "generate", "--key-type", kind, "-o", &key, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(std::fs::metadata(sandbox.path(&key)).unwrap().permissions().mode() & 0o777, 0o600);
        succeeds(&sandbox, &format!("openssl pkey -in {key} -check -noout"));
        let own = public(&sandbox, &key);
        let special = match kind {
            "ed25519" => None,
            _ if kind.starts_with("rsa") => Some("pkcs1"),
            _ => Some("sec1"),
        };
        let mut convert = |to: &str, options: &[&str], name: String| {
            sandbox.succeeds(&[&["key", "convert", &key, "--to", to, "-o", &name], options].concat());
            assert_eq!(public(&sandbox, &name), own, "{name}");
            files.push(name);
            expected.push(report["public_key_sha256"].as_str().unwrap().to_owned());
        };
        for to in std::iter::once("pkcs8").chain(special) {
            convert(to, &[], format!("{kind}-{to}.pem"));
            convert(to, &["--der"], format!("{kind}-{to}.der"));
        }
        let protect = ["--new-passphrase-file", "phrase"];
        convert("pkcs8", &protect, format!("{kind}-sealed.pem"));
        convert("pkcs8", &[&protect[..], &["--der"]].concat(), format!("{kind}-sealed.der"));
    }
    let line = format!("{} {} 'correct horse' {}", python(), script("keys.py"), files.join(" "));
    assert_eq!(succeeds(&sandbox, &line).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_changed_passphrase_opens_the_same_key_elsewhere() {
    let sandbox = with_phrase();
    sandbox.succeeds(&["ca", "root", "root", "--unencrypted"]);
    sandbox.succeeds(&["issue", "server", "a.internal"]);
    let set = "pki/live/a.internal/";
    let certificate = sandbox.read(&format!("{set}cert.pem"));
    let whole = certificate.clone() + &sandbox.read(&format!("{set}privkey.pem")) + "after\n";
    sandbox.write("combined.pem", &whole);
    let own = public(&sandbox, "combined.pem");
    let protect = ["--new-passphrase-file", "phrase"];
    sandbox.succeeds(&[&["key", "passphrase", "combined.pem"], &protect[..]].concat());
    let sealed = sandbox.read("combined.pem");
    assert!(
        sealed.starts_with(&certificate) && sealed.ends_with("-----END ENCRYPTED PRIVATE KEY-----\nafter\n")
    );
    assert_eq!(public(&sandbox, "combined.pem"), own);
    sandbox.succeeds(&[&["key", "passphrase", "combined.pem", "--remove"], &PHRASE[..]].concat());
    assert_eq!(sandbox.read("combined.pem"), whole);
    // A CA's key, through the link that leads to it.
    sandbox.succeeds(&[&["key", "passphrase", "pki/ca/root/key.pem"], &protect[..]].concat());
    sandbox.succeeds(&[&["issue", "client", "b"], &PHRASE[..]].concat());
    sandbox.succeeds(&["check"]);
    // The traditional encryption goes when the passphrase changes.
    succeeds(&sandbox, "openssl genrsa -traditional -aes256 -passout file:wrong -out old.pem 2048");
    let change = ["key", "passphrase", "old.pem", "--passphrase-file", "wrong"];
    sandbox.succeeds(&[&change[..], &protect].concat());
    assert!(sandbox.read("old.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    public(&sandbox, "old.pem");
}

#[test]
fn a_person_changes_a_passphrase_on_the_terminal() {
    let sandbox = with_phrase();
    sandbox.succeeds(&["key", "generate", "-o", "key.pem"]);
    let ask = |answers: &str, command: &str| {
        let binary = env!("CARGO_BIN_EXE_pkit");
        let line = format!("{} {} {answers} {binary} {command}", python(), script("terminal.py"));
        let shown = succeeds(&sandbox, &line);
        let status: i32 = shown.trim_end().lines().last().unwrap().parse().unwrap();
        assert!(!shown.contains("horse") && !shown.contains("BEGIN"), "{shown}");
        (shown, status)
    };
    let plain = sandbox.read("key.pem");
    let (shown, status) = ask("horse|hose", "key passphrase key.pem");
    assert!(status == 2 && shown.contains("not the same") && sandbox.read("key.pem") == plain, "{shown}");
    let (shown, status) = ask("horse|horse", "key passphrase key.pem");
    assert!(status == 0 && shown.contains("Once more"), "{shown}");
    let (shown, status) = ask("wrong|horse|horses|horses", "key passphrase key.pem");
    assert!(status == 0 && shown.contains("That did not open it"), "{shown}");
    for command in ["key convert key.pem --to pkcs8", "key generate", "key generate -o /dev/tty"] {
        let (shown, status) = ask("horses", command);
        assert!(status == 2 && shown.contains("not printed on a terminal"), "{command}: {shown}");
    }
}
