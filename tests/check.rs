//! `pkit check DIRECTORY`: faults planted in a directory of good sets are found, each by its rule and at its place, and nothing
//! else is.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod sandbox;

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use sandbox::Sandbox;
use serde_json::Value;

/// A tree of sets as servers get them, and its PKI directory elsewhere.
struct Tree(Sandbox);

impl Tree {
    fn new() -> Self {
        let tree = Self(Sandbox::with_authorities());
        fs::create_dir(tree.0.path("tree")).unwrap();
        tree
    }

    fn run(&self, args: &[&str]) {
        self.0.succeeds(&[args, &["-q"]].concat());
    }

    /// A set of files below the tree.
    fn set(&self, directory: &str, name: &str) {
        self.issue(directory, name, &[]);
    }

    fn issue(&self, directory: &str, name: &str, options: &[&str]) {
        let out = format!("tree/{directory}");
        self.run(&[&["issue", "server", name, "--out", &out], options].concat());
    }

    fn read(&self, file: &str) -> String {
        self.0.read(&format!("tree/{file}"))
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path(&format!("tree/{file}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        self.write(to, &self.0.read(from));
    }

    fn mode(&self, file: &str, mode: u32) {
        let path = self.0.path(&format!("tree/{file}"));
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.0.path(&format!("tree/{file}"))).unwrap();
    }

    fn check(&self, args: &[&str]) -> (Value, i32) {
        let output = self.0.run(&[&["check", "tree", "--json"], args].concat());
        (serde_json::from_slice(&output.stdout).unwrap(), output.status.code().unwrap())
    }

    /// Rule and path of all that was found.
    fn found(&self, report: &Value) -> BTreeSet<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let problems = report["problems"].as_array().unwrap();
        problems.iter().map(|one| (text(&one["rule"]), text(&one["path"]).replacen("tree/", "", 1))).collect()
    }
}

#[test]
fn a_clean_tree_is_one_line() {
    let tree = Tree::new();
    tree.set("a", "a.internal");
    tree.set("b", "b.internal");
    tree.copy("pki/ca/root/cert.pem", "trust/root.pem");
    tree.run(&["crl"]);
    tree.copy("pki/ca/issuing/crl.pem", "crl/issuing.crl");
    tree.write("README", "nothing that matters\n");
    let text = tree.0.succeeds(&["check", "tree"]);
    assert_eq!(text, "tree: fits together: 12 files, 4 certificates, 2 private keys, 1 CRL\n");
    assert_eq!(tree.0.succeeds(&["check", "tree", "--quiet"]), "");
    // The PKI directory itself, with what is in use.
    let text = tree.0.succeeds(&["check", "pki"]);
    assert!(text.starts_with("pki: fits together: "), "{text}");
    let (report, code) = tree.check(&["--at", "400d"]);
    let expired: BTreeSet<_> = tree.found(&report).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!((code, expired), (1, ["expired", "crl-lapsed"].map(String::from).into()));
    tree.0.fails("file-not-found", &["check", "absent"]);
}

#[test]
fn every_planted_fault_is_found_and_nothing_else() {
    let tree = Tree::new();
    let mut planted: BTreeSet<(String, String)> = BTreeSet::new();
    let mut plant = |rule: &str, path: &str| assert!(planted.insert((rule.to_owned(), path.to_owned())));

    tree.set("good", "good.internal");
    // The root, which peers have.
    tree.copy("pki/ca/root/cert.pem", "trust/root.pem");
    tree.copy("pki/ca/issuing/cert.pem", "trust/issuing.pem");

    // Keys and certificates.
    tree.set("swapped-1", "one.internal");
    tree.set("swapped-2", "two.internal");
    let (one, two) = (tree.read("swapped-1/privkey.pem"), tree.read("swapped-2/privkey.pem"));
    tree.write("swapped-1/privkey.pem", &two);
    tree.write("swapped-2/privkey.pem", &one);
    plant("key-mismatch", "swapped-1/privkey.pem");
    plant("key-mismatch", "swapped-2/privkey.pem");
    fs::create_dir(tree.0.path("tree/alone")).unwrap();
    tree.run(&["key", "generate", "-o", "tree/alone/old.key"]);
    plant("key-alone", "alone/old.key");
    tree.set("shared", "shared.internal");
    tree.issue("shared-too", "other.internal", &["--key", "tree/shared/privkey.pem"]);
    plant("key-copied", "shared-too/privkey.pem");
    plant("key-shared", "shared-too/cert.pem");
    tree.run(&["request", "wanted.internal", "--out", "tree/wanted"]);
    tree.remove("wanted/wanted.internal.key");
    plant("request-alone", "wanted/wanted.internal.csr");

    // Modes.
    tree.set("open", "open.internal");
    tree.mode("open/privkey.pem", 0o644);
    tree.mode("open/cert.pem", 0o666);
    plant("key-readable", "open/privkey.pem");
    plant("writable", "open/cert.pem");

    // Chains.
    let part = |file: &str, index: usize| {
        let text = tree.read(file);
        let begin = text.match_indices("-----BEGIN").nth(index).unwrap().0;
        text[begin..].split_inclusive("-----END CERTIFICATE-----\n").next().unwrap().to_owned()
    };
    let root = tree.0.read("pki/ca/root/cert.pem");
    tree.set("order", "order.internal");
    let (leaf, issuing) = (part("order/fullchain.pem", 0), part("order/fullchain.pem", 1));
    tree.write("order/fullchain.pem", &format!("{issuing}{leaf}"));
    plant("chain-order", "order/fullchain.pem");
    tree.set("rooted", "rooted.internal");
    tree.write("rooted/fullchain.pem", &format!("{}{root}", tree.read("rooted/fullchain.pem")));
    plant("root-in-chain", "rooted/fullchain.pem");
    tree.set("gap", "gap.internal");
    tree.write("gap/fullchain.pem", &tree.read("gap/cert.pem"));
    plant("intermediate-missing", "gap/fullchain.pem");
    tree.set("twice", "twice.internal");
    tree.write(
        "twice/fullchain.pem",
        &format!("{}{}", tree.read("twice/fullchain.pem"), part("twice/chain.pem", 0)),
    );
    plant("duplicate", "twice/fullchain.pem");
    tree.run(&["ca", "intermediate", "stranger", "--unencrypted", "--issuer", "root"]);
    let issuing = ["--issuer", "issuing"];
    tree.issue("surplus", "surplus.internal", &issuing);
    let stranger = tree.0.read("pki/ca/stranger/cert.pem");
    tree.write("surplus/fullchain.pem", &format!("{}{stranger}", tree.read("surplus/fullchain.pem")));
    plant("surplus-certificate", "surplus/fullchain.pem");

    // Dates.
    tree.issue("past", "past.internal", &["--not-after", "-1d", "--for-testing", "--issuer", "issuing"]);
    plant("expired", "past/cert.pem");
    tree.issue("future", "future.internal", &["--not-before", "30d", "--for-testing", "--issuer", "issuing"]);
    plant("not-yet-valid", "future/cert.pem");

    // Trust.
    tree.issue("no-anchor", "no-anchor.internal", &issuing);
    tree.write("no-anchor/ca.pem", &tree.read("no-anchor/cert.pem"));
    plant("not-a-ca", "no-anchor/ca.pem");
    tree.run(&["ca", "root", "elsewhere", "--unencrypted"]);
    tree.issue("wrong-anchor", "wrong-anchor.internal", &issuing);
    tree.copy("pki/ca/elsewhere/cert.pem", "wrong-anchor/ca.pem");
    plant("wrong-anchor", "wrong-anchor/ca.pem");
    // Same name, another key; and one whose CA is nowhere.
    let again = ["--pki", "again", "--unencrypted"];
    tree.run(&[&["ca", "root", "root"], &again[..]].concat());
    tree.run(&["issue", "server", "remade.internal", "--pki", "again", "--out", "tree/remade"]);
    tree.remove("remade/ca.pem");
    for file in ["cert.pem", "chain.pem"] {
        let _ = fs::remove_file(tree.0.path(&format!("tree/remade/{file}")));
    }
    plant("issuer-key-mismatch", "remade/fullchain.pem");
    tree.run(&["ca", "root", "nowhere", "--pki", "lost", "--unencrypted"]);
    tree.run(&["issue", "server", "lost.internal", "--pki", "lost", "--out", "tree/lost"]);
    for file in ["ca.pem", "cert.pem", "chain.pem"] {
        tree.remove(&format!("lost/{file}"));
    }
    plant("unknown-issuer", "lost/fullchain.pem");

    // Names and stores.
    tree.issue("named", "named.internal", &issuing);
    fs::rename(tree.0.path("tree/named/cert.pem"), tree.0.path("tree/named/www.other.internal.pem")).unwrap();
    plant("name-differs", "named/www.other.internal.pem");
    tree.issue("store", "store.internal", &issuing);
    let password = tree.0.path("password");
    tree.0.write("password", "secret");
    let password = password.to_str().unwrap();
    let out = ["-o", "tree/store/cert.p12", "--export-password-file", password];
    tree.run(&[&["export", "store.internal", "--to", "p12"], &out[..]].concat());
    tree.run(&["renew", "store.internal", "--now"]);
    for file in ["cert.pem", "fullchain.pem", "privkey.pem"] {
        tree.copy(&format!("pki/live/store.internal/{file}"), &format!("store/{file}"));
    }
    tree.mode("store/privkey.pem", 0o600);
    plant("store-differs", "store/cert.p12");

    // Lists.
    tree.issue("revoked", "revoked.internal", &issuing);
    tree.run(&["revoke", "revoked.internal"]);
    tree.copy("pki/ca/issuing/crl.pem", "crl/issuing.crl");
    for file in ["cert.pem", "fullchain.pem"] {
        plant("revoked", &format!("revoked/{file}"));
    }
    tree.run(&["crl", "root", "--validity", "1s", "--pki", "pki"]);
    tree.copy("pki/ca/root/crl.pem", "crl/lapsed.crl");
    plant("crl-lapsed", "crl/lapsed.crl");
    tree.run(&["crl", "root", "--pki", "again"]);
    tree.copy("again/ca/root/crl.pem", "crl/foreign.crl");
    plant("crl-foreign", "crl/foreign.crl");
    tree.run(&["crl", "nowhere", "--pki", "lost"]);
    tree.copy("lost/ca/nowhere/crl.pem", "crl/unknown.crl");
    plant("crl-issuer-missing", "crl/unknown.crl");

    // Files.
    tree.issue("torn", "torn.internal", &issuing);
    let text = tree.read("torn/cert.pem");
    tree.write("torn/cert.pem", &text[..text.len() / 2]);
    plant("unreadable", "torn/cert.pem");
    tree.write("empty/server.crt", "");
    plant("nothing-found", "empty/server.crt");
    std::os::unix::fs::symlink("gone.pem", tree.0.path("tree/good/link.pem")).unwrap();
    plant("dangling-link", "good/link.pem");

    // A second, so that the list has lapsed.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (report, code) = tree.check(&["--passphrase-file", password]);
    let found = tree.found(&report);
    let missed: Vec<_> = planted.difference(&found).collect();
    let more: Vec<_> = found.difference(&planted).collect();
    assert!(missed.is_empty() && more.is_empty(), "missed {missed:?}, said besides {more:?}: {report:#}");
    assert_eq!(code, 1);
    let remedies = report["remedies"].as_array().unwrap();
    assert!(remedies.iter().all(Value::is_string), "{remedies:?}");
    // In words, with the remedy below each.
    let text = String::from_utf8(tree.0.run(&["check", "tree"]).stdout).unwrap();
    assert!(
        text.contains("key-mismatch  tree/swapped-1/privkey.pem: the private key has public key sha256 "),
        "{text}"
    );
    assert!(text.contains("the key of that certificate is tree/swapped-2/privkey.pem\n"), "{text}");
    assert!(text.contains("chmod 600 tree/open/privkey.pem\n"), "{text}");
}

/// As certbot, easy-rsa and haproxy lay their files out: what is kept for the record alone may have ended or be revoked, and the
/// root is with those who trust it.
#[test]
fn common_layouts_fit_together() {
    let tree = Tree::new();
    let dates = ["--not-before", "-9d", "--not-after", "-1d", "--for-testing"];
    let archive = |number: u32, options: &[&str]| {
        let made = format!("made{number}");
        let pki = format!("pki{number}");
        tree.run(&["ca", "root", &pki, "--unencrypted", "--pki", &pki]);
        tree.run(&["ca", "intermediate", "below", "--unencrypted", "--pki", &pki]);
        let issue = ["issue", "server", "www.internal", "--out", &made, "--pki", &pki];
        tree.run(&[&issue, options].concat());
        for file in ["cert", "chain", "fullchain", "privkey"] {
            let to = format!("le/archive/www.internal/{file}{number}.pem");
            tree.copy(&format!("{made}/{file}.pem"), &to);
            tree.mode(&to, 0o600);
        }
    };
    archive(1, &dates);
    archive(2, &[]);
    fs::create_dir_all(tree.0.path("tree/le/live/www.internal")).unwrap();
    for file in ["cert", "chain", "fullchain", "privkey"] {
        let link = tree.0.path(&format!("tree/le/live/www.internal/{file}.pem"));
        std::os::unix::fs::symlink(format!("../../archive/www.internal/{file}2.pem"), link).unwrap();
    }
    tree.run(&["issue", "client", "gone", "--out", "gone", "--issuer", "root"]);
    tree.run(&["revoke", "gone"]);
    tree.copy("gone/cert.pem", "easy/revoked/certs_by_serial/1.crt");
    tree.copy("pki/ca/root/cert.pem", "easy/ca.crt");
    tree.copy("pki/ca/root/crl.pem", "easy/crl.pem");
    // A root of old, and what a package manager makes for a first start.
    tree.write("trust/old.pem", include_str!("data/sha1-root.pem"));
    tree.write("trust/snakeoil.pem", include_str!("data/self-signed.pem"));
    let (report, code) = tree.check(&[]);
    assert_eq!((code, tree.found(&report)), (0, BTreeSet::new()), "{report:#}");
    // The last generation counts, and what is in use elsewhere.
    let (report, _) = tree.check(&["--at", "400d"]);
    let expired = ("expired".to_owned(), "le/archive/www.internal/cert2.pem".to_owned());
    assert!(tree.found(&report).contains(&expired), "{report:#}");
    tree.copy("gone/cert.pem", "use/gone.crt");
    let (report, code) = tree.check(&[]);
    let revoked = ("revoked".to_owned(), "use/gone.crt".to_owned());
    assert_eq!((code, tree.found(&report)), (1, [revoked].into()), "{report:#}");
}

/// Each file is looked at with those that belong to it, not with all others.
#[test]
fn many_files_in_one_directory() {
    let tree = Tree::new();
    let rows: String = std::iter::once("name,profile\n".to_owned())
        .chain((0..1500).map(|number| format!("h{number}.internal,server\n")))
        .collect();
    tree.0.write("rows.csv", &rows);
    tree.run(&["issue", "--batch", "rows.csv"]);
    for number in 0..1500 {
        let name = format!("h{number}.internal");
        tree.copy(&format!("pki/live/{name}/fullchain.pem"), &format!("all/{name}.crt"));
        tree.copy(&format!("pki/live/{name}/privkey.pem"), &format!("all/{name}.key"));
        tree.mode(&format!("all/{name}.key"), 0o600);
    }
    let begin = std::time::Instant::now();
    let (report, code) = tree.check(&[]);
    assert_eq!((code, tree.found(&report)), (0, BTreeSet::new()));
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}
