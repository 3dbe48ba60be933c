//! inspect, expiry and bundle as a person runs them: on good files, on what people really have, and on bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "tests make their own files")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use assert_cmd::Command;
use nix::sys::time::{TimeVal, TimeValLike};
use pkit::{
    cert::Certificate,
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, Passphrase, PrivateKey},
    name::Name,
    origin::Origin,
    profile::Profile,
    validity::{End, Span},
};
use ring::rand::SystemRandom;
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// When everything was made; it begins a minute earlier.
const MADE: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

struct Pki {
    directory: tempfile::TempDir,
    root: Certificate,
    intermediate: Certificate,
    leaf: Certificate,
    leaf_key: PrivateKey,
    issuer: Issuer,
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyType::P256, &SystemRandom::new()).unwrap()
}

fn request(kind: Kind, subject: Name, days: u64) -> Request {
    let sans = match kind {
        Kind::Leaf(_) => vec!["api.internal".parse().unwrap(), "10.0.0.5".parse().unwrap()],
        _ => vec![],
    };
    let end = End::After(Span::days(days));
    Request { sans, ..Request::new(kind, subject, end) }
}

fn named(name: &str) -> Name {
    Name::from_common_name(name).unwrap()
}

impl Pki {
    /// Root (3650 days), intermediate (1000 days) and a server certificate (90 days), as files root.pem, int.pem,
    /// leaf.pem and leaf.key.
    fn new() -> Self {
        let random = SystemRandom::new();
        let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
        let root = plan(request(Kind::Root, named("Root"), 3650), None, MADE).unwrap();
        let root = root.sign_root(&root_key, &random).unwrap();
        let issuer = Issuer::new(root.clone(), &[], root_key, Origin::named("key"), MADE).unwrap();
        let intermediate =
            plan(request(Kind::Intermediate, named("Issuing"), 1000), Some(&issuer), MADE).unwrap();
        let intermediate = intermediate.sign(intermediate_key.public(), &issuer, &random).unwrap();
        let above = std::slice::from_ref(&root);
        let issuer =
            Issuer::new(intermediate.clone(), above, intermediate_key, Origin::named("key"), MADE).unwrap();
        let leaf = issue(&issuer, named("api.internal"), &leaf_key, 90);
        let directory = tempfile::tempdir().unwrap();
        let pki = Self { directory, root, intermediate, leaf, leaf_key, issuer };
        pki.write("root.pem", pki.root.to_pem());
        pki.write("int.pem", pki.intermediate.to_pem());
        pki.write("leaf.pem", pki.leaf.to_pem());
        pki.write("leaf.key", &*pki.leaf_key.to_pem());
        pki
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs pkit in the directory.
    fn run(&self, args: &[&str]) -> Outcome {
        run_in(self.directory.path(), args, b"")
    }

    fn json(&self, args: &[&str]) -> Value {
        let outcome = self.run(args);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
    }
}

fn issue(issuer: &Issuer, subject: Name, key: &PrivateKey, days: u64) -> Certificate {
    let planned = plan(request(Kind::Leaf(Profile::Server), subject, days), Some(issuer), MADE).unwrap();
    planned.sign(key.public(), issuer, &SystemRandom::new()).unwrap()
}

#[derive(Debug)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run_in(directory: &Path, args: &[&str], stdin: &[u8]) -> Outcome {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("pkit"))
        .current_dir(directory)
        .env_remove("PKIT_DIR")
        .env_remove("PKIT_PASSPHRASE")
        .args(args)
        .write_stdin(stdin)
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().expect("it ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn inspect_tells_what_a_certificate_says() {
    let pki = Pki::new();
    let outcome = pki.run(&["inspect", "--at", "2027-01-31", "leaf.pem"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    for part in [
        "leaf.pem: api.internal\n",
        "  subject               CN=api.internal\n",
        "  issuer                CN=Issuing\n",
        "  kind                  server\n",
        "  valid until           2027-04-01 00:00:00 UTC, in 60 days\n",
        "  left                  60 days, 66 % of its life\n",
        "  key                   EC P-256\n",
        "  signature algorithm   ecdsa-with-SHA256\n",
        "  names                 DNS:api.internal\n                        IP:10.0.0.5\n",
        "  key usage             digitalSignature  (critical)\n",
        "  extended key usage    serverAuth\n",
        "  basic constraints     no CA  (critical)\n",
    ] {
        assert!(outcome.stdout.contains(part), "{part:?} in\n{}", outcome.stdout);
    }
    let root = pki.run(&["inspect", "--at", "2027-01-31", "root.pem"]).stdout;
    assert!(root.contains("CN=Root  (itself)\n") && root.contains("root CA\n"), "{root}");
    let late = pki.run(&["inspect", "--short", "--at", "2028-01-01", "leaf.pem"]);
    assert!(late.stdout.contains("2026-12-31 to 2027-04-01 (expired)"), "{}", late.stdout);
    assert!(!late.stdout.contains('\u{1b}'), "no styles where there is no terminal");
}

#[test]
fn inspect_shows_every_certificate_of_every_file() {
    let pki = Pki::new();
    let bundle = pki.leaf.to_pem() + &pki.intermediate.to_pem() + &pki.root.to_pem();
    pki.write("bundle.pem", format!("some text\n{bundle}more text\n"));
    pki.write("root.der", pki.root.der());
    let report = pki.json(&["inspect", "--json", "--at", "2027-01-31", "bundle.pem", "root.der"]);
    let certificates = report["certificates"].as_array().unwrap();
    let kinds: Vec<_> = certificates.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["server", "intermediate", "root", "root"]);
    assert_eq!((&certificates[1]["source"], &certificates[1]["position"]), (&"bundle.pem".into(), &2.into()));
    assert_eq!(certificates[0]["pem"], pki.leaf.to_pem());
    assert_eq!(certificates[0]["not_after"], "2027-04-01T00:00:00Z");
    assert_eq!(certificates[0]["days_left"], 60);
    assert_eq!(certificates[0]["state"], "valid");
    assert_eq!(certificates[0]["self_signed"], false);
    assert_eq!(certificates[2]["self_signed"], true);
    assert_eq!(certificates[1]["basic_constraints"]["path_length"], Value::Null);
    assert_eq!(certificates[0]["authority_key_id"], certificates[1]["subject_key_id"]);
    let stdin = run_in(pki.directory.path(), &["inspect", "--json", "-"], bundle.as_bytes());
    let report: Value = serde_json::from_str(&stdin.stdout).unwrap();
    assert_eq!(report["certificates"].as_array().unwrap().len(), 3);
    assert_eq!(report["certificates"][0]["source"], "standard input");
}

#[test]
fn what_people_really_have_is_read() {
    let pki = Pki::new();
    let plain = pki.leaf.to_pem();
    for (name, bytes) in [
        ("crlf.pem", plain.replace('\n', "\r\n").into_bytes()),
        ("bom.pem", format!("\u{feff}{plain}").into_bytes()),
        ("text.pem", format!("Certificate:\n    Data:\n{plain}\nbye").into_bytes()),
        ("indented.pem", plain.replace('\n', "\n   ").into_bytes()),
        ("no-newline.pem", plain.trim_end().as_bytes().to_vec()),
    ] {
        pki.write(name, bytes);
        let report = pki.json(&["inspect", "--json", name]);
        assert_eq!(report["certificates"][0]["subject"], "CN=api.internal", "{name}");
    }
}

#[test]
fn a_private_key_is_named_and_never_shown() {
    let pki = Pki::new();
    let key = String::from_utf8(pki.leaf_key.to_pem().to_vec()).unwrap();
    pki.write("combined.pem", key.clone() + &pki.leaf.to_pem());
    let secret = key.lines().nth(1).unwrap();
    for args in [
        &["inspect", "combined.pem"][..],
        &["inspect", "--json", "combined.pem"],
        &["bundle", "combined.pem", "root.pem", "int.pem"],
        &["bundle", "--json", "combined.pem", "root.pem", "int.pem"],
        &["expiry", "--json", "--at", "2027-01-02", "combined.pem"],
    ] {
        let outcome = pki.run(args);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{args:?}");
    }
    let outcome = pki.run(&["inspect", "combined.pem"]);
    assert!(outcome.stdout.contains("combined.pem: private key\n"), "{}", outcome.stdout);
    let report = pki.json(&["inspect", "--json", "leaf.key", "combined.pem"]);
    let pin = &report["certificates"][0]["public_key"]["pin"];
    assert_eq!(report["keys"][0]["public_key"]["pin"], *pin);
    assert_eq!(report["keys"][1]["public_key"]["pin"], *pin);
}

/// Files that hold no certificate, and the words with which they are refused.
fn bad_files(pki: &Pki) -> Vec<(String, &'static str)> {
    let pem = pki.leaf.to_pem();
    pki.write("empty", "");
    pki.write("truncated.pem", &pem[..pem.len() / 2]);
    pki.write("damaged.pem", pem.replacen("MI", "M!", 1));
    pki.write("hollow.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    pki.write("truncated.der", &pki.leaf.der()[..100]);
    pki.write("binary", (0u8..=255).cycle().take(100_000).collect::<Vec<_>>());
    pki.write("zeros", vec![0; 50 << 20]);
    pki.write("escape\u{1b}[31m", "");
    fs::create_dir(pki.path("directory")).unwrap();
    let fifo = pki.path("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let mut bad = vec![
        ("missing", "there is no such file"),
        ("empty", "there is no certificate"),
        ("truncated.pem", "a PEM block is broken"),
        ("damaged.pem", "a PEM block is broken"),
        ("hollow.pem", "the certificate is malformed"),
        ("truncated.der", "the certificate is malformed"),
        ("binary", "there is no certificate"),
        ("zeros", "there is no certificate"),
        ("escape\u{1b}[31m", "there is no certificate"),
        ("directory", "a file is wanted here"),
        ("fifo", "a file is wanted here"),
    ];
    // A regular file that opens and cannot be read, whoever runs the test.
    if cfg!(target_os = "linux") {
        bad.push(("/proc/self/mem", "a file cannot be read"));
    }
    bad.into_iter().map(|(name, words)| (name.to_owned(), words)).collect()
}

#[test]
fn bad_files_are_clear_errors() {
    let pki = Pki::new();
    for (name, words) in bad_files(&pki) {
        for command in [&["inspect"][..], &["expiry", "--at", "2027-01-02"], &["bundle"]] {
            // These two look into directories.
            if name == "directory" && command[0] != "bundle" {
                continue;
            }
            let outcome = pki.run(&[command, &[&name]].concat());
            assert_eq!(outcome.code, 2, "{command:?} {name:?}: {outcome:?}");
            assert!(outcome.stderr.contains(words), "{command:?} {name:?}: {}", outcome.stderr);
            assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stdout.contains('\u{1b}'), "{outcome:?}");
            let outcome = pki.run(&[command, &["--json", &name]].concat());
            assert_eq!(outcome.code, 2, "{command:?} {name:?}");
            let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
            assert!(error["error"]["message"].as_str().unwrap().contains(words), "{error}");
        }
    }
}

#[test]
fn a_bad_file_does_not_hide_the_others() {
    let pki = Pki::new();
    let pem = pki.leaf.to_pem();
    pki.write("half.pem", format!("{}\n{}", &pem[..pem.len() / 2], pki.root.to_pem()));
    let outcome = pki.run(&["inspect", "--json", "missing", "half.pem", "int.pem"]);
    assert_eq!(outcome.code, 2);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let subjects: Vec<_> = report["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["CN=Root", "CN=Issuing"]);
    let errors: Vec<Value> = outcome.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<_> = errors.iter().map(|error| error["error"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["file-not-found", "pem-broken"]);
}

#[test]
fn strings_of_strangers_do_not_reach_the_terminal() {
    let pki = Pki::new();
    // CN = a ESC [ 2 J b CSI (C1), put in by hand and signed anew because the library refuses to make such a name.
    let value = "a\u{1b}[2Jb\u{9b}m".as_bytes();
    let harmless = issue(&pki.issuer, named(&"x".repeat(value.len())), &key(), 90);
    let (_, parsed) = X509Certificate::from_der(harmless.der()).unwrap();
    let mut tbs = parsed.tbs_certificate.as_ref().to_vec();
    let at = tbs.windows(value.len()).position(|window| window.iter().all(|octet| *octet == b'x')).unwrap();
    tbs[at..at + value.len()].copy_from_slice(value);
    let issuer = pki.issuer.key();
    let signature = issuer.sign(&tbs, &SystemRandom::new()).unwrap();
    let hostile = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&tbs);
            writer.next().write_der(issuer.signature_algorithm().der());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    let hostile = Certificate::from_der(&hostile, Origin::named("hostile")).unwrap();
    pki.write("hostile.pem", hostile.to_pem());
    pki.write("\u{1b}[31m.pem", hostile.to_pem());
    for args in [
        &["inspect", "hostile.pem", "\u{1b}[31m.pem"][..],
        &["inspect", "--short", "hostile.pem", "\u{1b}[31m.pem"],
        &["inspect", "--json", "hostile.pem", "\u{1b}[31m.pem"],
        &["expiry", "--at", "2027-01-02", "."],
        &["expiry", "--at", "2027-01-02", "--json", "."],
        &["bundle", "hostile.pem", "int.pem", "root.pem"],
        &["bundle", "--json", "hostile.pem", "int.pem", "root.pem", "leaf.key"],
    ] {
        let outcome = pki.run(args);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{9b}']), "{args:?}: {text:?}");
        }
    }
}

#[test]
fn expiry_says_what_is_due_by_its_exit_status() {
    let pki = Pki::new();
    // The leaf ends on 2027-04-01.
    for (at, code, state) in [
        ("2027-01-02", 0, "ok"),
        ("2027-03-01", 0, "ok"),
        ("2027-03-02", 1, "warn"),
        ("2027-03-25", 1, "critical"),
        ("2027-04-01", 1, "critical"),
        ("2027-04-02", 1, "expired"),
        ("2026-12-01", 1, "not-yet-valid"),
    ] {
        let outcome = pki.run(&["expiry", "--json", "--at", at, "leaf.pem"]);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!((outcome.code, &report["leaves"][0]["state"]), (code, &state.into()), "{at}");
    }
    let strict = pki.run(&["expiry", "--at", "2027-01-02", "--warn", "1y", "leaf.pem"]);
    assert_eq!(strict.code, 1);
    let wrong = pki.run(&["expiry", "--warn", "7d", "--critical", "30d", "leaf.pem"]);
    assert_eq!(wrong.code, 2);
}

#[test]
fn expiry_tells_rows_in_the_order_of_their_end() {
    let pki = Pki::new();
    pki.write("long.pem", issue(&pki.issuer, named("long"), &key(), 300).to_pem());
    pki.write("short.pem", issue(&pki.issuer, named("short"), &key(), 10).to_pem());
    let outcome = pki.run(&["expiry", "--at", "2027-03-20", "."]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("STATE") && lines[0].contains("CERTIFICATE"), "{}", outcome.stdout);
    assert!(lines[1].starts_with("expired") && lines[1].contains(" short "), "{}", lines[1]);
    assert!(lines[2].starts_with("warn") && lines[2].contains(" api.internal "), "{}", lines[2]);
    assert!(lines[3].starts_with("ok") && lines[3].contains(" long "), "{}", lines[3]);
    assert!(lines[5].contains("AUTHORITY") && lines[6].contains("Issuing") && lines[7].contains("root CA"));
    assert_eq!(
        lines[9],
        "5 certificates: 1 expired, 1 due within 30 days, 3 ok; next: api.internal in 12 days"
    );
    let quiet = pki.run(&["expiry", "--quiet", "--at", "2027-03-20", "."]);
    assert_eq!((quiet.code, quiet.stdout.lines().count()), (1, 3), "{}", quiet.stdout);
    let quiet = pki.run(&["expiry", "--quiet", "--at", "2027-03-20", "long.pem", "root.pem"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
}

#[test]
fn the_same_certificate_is_one_row() {
    let pki = Pki::new();
    pki.write("a/leaf.pem", pki.leaf.to_pem());
    pki.write("b/leaf.der", pki.leaf.der());
    pki.write("b/bundle.pem", pki.leaf.to_pem() + &pki.leaf.to_pem() + &pki.intermediate.to_pem());
    let report = pki.json(&["expiry", "--json", "--at", "2027-01-02", "a", "b", "a"]);
    assert_eq!(report["counts"]["certificates"], 2);
    let paths: Vec<_> =
        report["leaves"][0]["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(paths, ["a/leaf.pem", "b/bundle.pem", "b/leaf.der"]);
    assert_eq!(report["authorities"][0]["kind"], "intermediate");
}

#[test]
fn a_directory_holds_much_that_is_no_certificate() {
    let pki = Pki::new();
    let pem = pki.leaf.to_pem();
    pki.write("d/leaf.pem", &pem);
    pki.write("d/notes.txt", "not a certificate");
    pki.write("d/leaf.key", &*pki.leaf_key.to_pem());
    pki.write("d/broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
    pki.write("d/program", [b"\x7fELF\0\0\0\0".as_slice(), pem.as_bytes()].concat());
    pki.write("d/key.der", pki.leaf_key.pkcs8());
    pki.write("d/zeros", vec![0; 20 << 20]);
    symlink(".", pki.path("d/loop")).unwrap();
    let outcome = pki.run(&["expiry", "--json", "--at", "2027-01-02", "d"]);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, &report["counts"]["certificates"]), (0, &1.into()), "{report}");
    assert_eq!(report["errors"], Value::Array(vec![]));
    // What should be a certificate and is not is never passed over.
    pki.write("d/cut.pem", &pem[..pem.len() / 2]);
    pki.write("d/cut.der", &pki.leaf.der()[..200]);
    let outcome = pki.run(&["expiry", "--at", "2027-01-02", "d"]);
    assert_eq!((outcome.code, outcome.stderr.lines().count()), (2, 2), "{outcome:?}");
    assert!(
        outcome.stdout.contains("1 certificate: 1 ok, 2 not read; next: api.internal"),
        "{}",
        outcome.stdout
    );
    // Where something is due, that is the answer.
    assert_eq!(pki.run(&["expiry", "--at", "2027-03-20", "d"]).code, 1);
}

#[test]
fn nothing_seen_is_never_well() {
    let pki = Pki::new();
    pki.write("d/notes.txt", "not a certificate");
    for args in [&["expiry", "d"][..], &["expiry", "--quiet", "d"], &["expiry", "--json", "d"]] {
        let outcome = pki.run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        assert!(outcome.stderr.contains("no certificate to look at"), "{}", outcome.stderr);
    }
    let outcome = pki.run(&["expiry"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("there is no PKI directory"), "{}", outcome.stderr);
}

#[test]
fn of_a_pki_directory_only_the_current_sets_count() {
    let pki = Pki::new();
    let old = issue(&pki.issuer, named("api.internal"), &key(), 5);
    pki.write("pki/inventory.jsonl", "");
    pki.write("pki/archive/live/api/0001/fullchain.pem", old.to_pem());
    pki.write("pki/archive/live/api/0002/fullchain.pem", pki.leaf.to_pem() + &pki.intermediate.to_pem());
    pki.write("pki/archive/ca/root/0001/cert.pem", pki.root.to_pem());
    fs::create_dir_all(pki.path("pki/live")).unwrap();
    fs::create_dir_all(pki.path("pki/ca")).unwrap();
    symlink("../archive/live/api/0002", pki.path("pki/live/api")).unwrap();
    symlink("../archive/ca/root/0001", pki.path("pki/ca/root")).unwrap();
    for args in [
        &["expiry", "--json", "--at", "2027-02-01"][..],
        &["expiry", "--json", "--at", "2027-02-01", "pki"],
        &["expiry", "--json", "--at", "2027-02-01", "."],
    ] {
        let report = pki.json(args);
        assert_eq!(report["counts"]["certificates"], 3, "{report}");
        assert_eq!(report["counts"]["expired"], 0);
    }
    let report = pki.json(&["expiry", "--json", "--at", "2027-02-01"]);
    assert_eq!(report["leaves"][0]["paths"][0], "pki/live/api/fullchain.pem");
    // A set that is lost is not passed over.
    symlink("../archive/live/lost/0001", pki.path("pki/live/lost")).unwrap();
    assert_eq!(pki.run(&["expiry", "--at", "2027-02-01"]).code, 2);
}

#[test]
fn bundle_writes_the_proven_order() {
    let pki = Pki::new();
    let (leaf, intermediate, root) = (pki.leaf.to_pem(), pki.intermediate.to_pem(), pki.root.to_pem());
    for (mode, expected) in [
        (&[][..], leaf.clone() + &intermediate),
        (&["--with-root"], leaf.clone() + &intermediate + &root),
        (&["--ca-bundle"], root.clone() + &intermediate),
    ] {
        let outcome =
            pki.run(&[&["bundle"], mode, &["root.pem", "leaf.pem", "int.pem", "leaf.pem"]].concat());
        assert_eq!((outcome.code, outcome.stdout), (0, expected));
        assert!(outcome.stderr.contains("the chain is api.internal ← Issuing ← Root"), "{}", outcome.stderr);
    }
    let both = pki.run(&["bundle", "--with-root", "--ca-bundle", "leaf.pem"]);
    assert_eq!(both.code, 2);
    let report = pki.json(&["bundle", "--json", "root.pem", "leaf.pem", "int.pem"]);
    assert_eq!(report["pem"], leaf.clone() + &intermediate);
    assert_eq!(report["certificates"][1]["title"], "Issuing");

    let out = ["bundle", "-o", "out.pem", "root.pem", "leaf.pem", "int.pem"];
    assert_eq!(pki.run(&out).code, 0);
    assert_eq!(fs::read_to_string(pki.path("out.pem")).unwrap(), leaf + &intermediate);
    assert_eq!(fs::metadata(pki.path("out.pem")).unwrap().permissions().mode() & 0o777, 0o644);
    let again = pki.run(&out);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("a file exists already"), "{}", again.stderr);
    assert_eq!(pki.run(&[&out[..], &["--force"]].concat()).code, 0);
}

#[test]
fn bundle_names_gaps() {
    let pki = Pki::new();
    let outcome = pki.run(&["bundle", "leaf.pem", "root.pem"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.contains("the chain has a gap") && outcome.stderr.contains("CN=Issuing"));
    let outcome = pki.run(&["bundle", "leaf.pem", "int.pem"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("--partial"), "{}", outcome.stderr);
    let outcome = pki.run(&["bundle", "--partial", "leaf.pem", "int.pem"]);
    assert_eq!((outcome.code, outcome.stdout), (0, pki.leaf.to_pem() + &pki.intermediate.to_pem()));
    assert!(outcome.stderr.contains("it ends below its root: \"CN=Root\""), "{}", outcome.stderr);
    let outcome = pki.run(&["bundle", "leaf.pem", "int.pem", "root.pem", "truncated.pem"]);
    assert_eq!(outcome.code, 2);
}

#[test]
fn combined_holds_the_key_and_is_private() {
    let pki = Pki::new();
    let key = String::from_utf8(pki.leaf_key.to_pem().to_vec()).unwrap();
    let expected = key.clone() + &pki.leaf.to_pem() + &pki.intermediate.to_pem();
    let files = ["root.pem", "leaf.pem", "int.pem"];
    let piped = pki.run(&[&["bundle", "--combined", "leaf.key"], &files[..]].concat());
    assert_eq!((piped.code, &piped.stdout), (0, &expected), "{}", piped.stderr);
    assert!(piped.stderr.contains("not encrypted"), "{}", piped.stderr);
    let written = pki.run(
        &[&["bundle", "--combined", "--key", "leaf.key", "-o", "out.pem", "--json"], &files[..]].concat(),
    );
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert_eq!(fs::read_to_string(pki.path("out.pem")).unwrap(), expected);
    assert_eq!(fs::metadata(pki.path("out.pem")).unwrap().permissions().mode() & 0o777, 0o600);
    let report: Value = serde_json::from_str(&written.stdout).unwrap();
    assert_eq!((&report["key_included"], &report["output"]), (&true.into(), &"out.pem".into()));
    assert!(!written.stdout.contains("PRIVATE KEY"));

    assert_eq!(pki.run(&[&["bundle", "--combined", "--json", "leaf.key"], &files[..]].concat()).code, 2);
    assert_eq!(pki.run(&[&["bundle", "--combined"], &files[..]].concat()).code, 2);
    pki.write("other.key", &*self::key().to_pem());
    let foreign = pki.run(&[&["bundle", "--combined", "other.key"], &files[..]].concat());
    assert_eq!((foreign.code, foreign.stdout.as_str()), (2, ""));
    assert!(foreign.stderr.contains("fits none of the certificates"), "{}", foreign.stderr);
    let two = pki.run(&[&["bundle", "--combined", "other.key", "leaf.key"], &files[..]].concat());
    assert!(two.code == 2 && two.stderr.contains("more than one private key"), "{}", two.stderr);
}

#[test]
fn combined_opens_an_encrypted_key() {
    let pki = Pki::new();
    let passphrase = Passphrase::new(b"secret".to_vec().into());
    let sealed = pki.leaf_key.to_encrypted_pem(&passphrase, &SystemRandom::new()).unwrap();
    pki.write("sealed.key", &*sealed);
    pki.write("passphrase", "secret\n");
    let args = ["bundle", "--combined", "sealed.key", "root.pem", "leaf.pem", "int.pem"];
    let outcome = pki.run(&[&args[..], &["--passphrase-file", "passphrase"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let outcome = pki.run(&[&args[..], &["--no-input"]].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    // A key that is not wanted is not opened.
    assert_eq!(pki.run(&["bundle", "--no-input", "sealed.key", "root.pem", "leaf.pem", "int.pem"]).code, 0);
}

/// Not a test but a measurement, on a bundle and a tree that it makes:
/// `cargo test --release --test reading -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure() {
    let pki = Pki::new();
    let leaf_key = key();
    let distinct: Vec<String> =
        (0..10_000).map(|n| issue(&pki.issuer, named(&format!("node{n}")), &leaf_key, 90).to_pem()).collect();
    pki.write("bundle.pem", distinct.concat().repeat(10));
    for (number, pem) in distinct.iter().enumerate() {
        pki.write(&format!("tree/{}/{number}.pem", number % 100), pem);
    }
    for args in [&["inspect", "--json", "bundle.pem"][..], &["expiry", "--at", "2027-01-02", "tree"]] {
        let children =
            || nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap();
        let before = children();
        let status = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pkit"))
            .current_dir(pki.directory.path())
            .args(args)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        let after = children();
        let milliseconds = |value: TimeVal| value.num_milliseconds();
        let user = milliseconds(after.user_time()) - milliseconds(before.user_time());
        let system = milliseconds(after.system_time()) - milliseconds(before.system_time());
        // The most of all children so far, and this is the first.
        let memory = after.max_rss();
        println!(
            "pkit {}: {status}, user {user} ms, system {system} ms, at most {memory} KiB",
            args.join(" ")
        );
    }
}
