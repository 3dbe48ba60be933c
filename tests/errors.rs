//! A case for every error code: what leads to it, exit status 2, words and JSON.
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

/// Codes that no command line of a script can bring about: a random source that fails, libraries that contradict
/// themselves, a file system without locks, a disk that fails late (`tests/crash.rs`), and what needs a terminal (the interop suite has one).
const NOT_BY_COMMAND_LINE: &[&str] = &[
    "key-weak",
    "crypto-failed",
    "chain-refused",
    "pki-no-locks",
    "tls-setup",
    "passphrase-differs",
    "secret-to-terminal",
    "link-not-turned",
];

struct Cases {
    sandbox: Sandbox,
    seen: BTreeSet<String>,
}

impl Cases {
    fn case(&mut self, code: &str, args: &[&str]) -> serde_json::Value {
        self.seen.insert(code.to_owned());
        self.sandbox.fails(code, args)
    }

    /// A server certificate is asked of a CA that lies in `FILE.pem` and `FILE.key`.
    fn loose_issuer(&mut self, code: &str, file: &str) {
        let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
        let issuer = ["--issuer", &certificate, "--issuer-key", &key, "--out", "out"];
        self.case(code, &[&["issue", "server", "a.internal"], &issuer[..]].concat());
    }
}

impl Cases {
    /// The certificate "second" is renewed, which is the answer, and then the hook fails.
    fn renewed(&mut self, code: &str, hook: &[&str]) {
        self.seen.insert(code.to_owned());
        let output = self.sandbox.run(&[&["renew", "second", "--now", "--json"], hook].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        let error: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        assert_eq!((output.status.code(), error["error"]["code"].as_str()), (Some(2), Some(code)), "{told}");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["renewed"][0]["name"], "second");
    }
}

#[test]
fn every_code_has_a_case() {
    let mut cases = Cases { sandbox: Sandbox::with_authorities(), seen: BTreeSet::new() };
    let c = &mut cases;

    c.sandbox.write("no-header.csv", "api.internal,server\n");
    c.case("row-invalid", &["issue", "--batch", "no-header.csv"]);

    // Files and what is in them.
    c.sandbox.write("empty", "");
    c.sandbox.write("noise", [0u8, 255, 7, 3]);
    c.sandbox.succeeds(&["issue", "server", "api.internal"]);
    let certificate = c.sandbox.read("pki/live/api.internal/cert.pem");
    let key = c.sandbox.read("pki/live/api.internal/privkey.pem");
    c.sandbox.write("cut.pem", &certificate[..certificate.len() / 2]);
    c.sandbox.write("garbled.pem", "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n");
    c.sandbox.write("two.key", format!("{key}{key}"));
    let loose = |key: &'static str| {
        ["issue", "client", "x", "--issuer", "pki/ca/root/cert.pem", "--issuer-key", key, "--out", "out"]
    };
    c.case("file-not-found", &["inspect", "missing"]);
    c.case(
        "not-a-file",
        &["inspect", "pki/ca/root"][..1].iter().chain(&["/dev/null"]).copied().collect::<Vec<_>>(),
    );
    fs::File::create(c.sandbox.path("huge")).unwrap().set_len(300 << 20).unwrap();
    c.case("file-too-large", &loose("huge"));
    c.case("nothing-found", &["inspect", "empty"]);
    c.case("nothing-found", &["lint", "noise"]);
    c.case("nothing-found", &["explain", "empty"]);
    c.case("word-unknown", &["explain", "no-such-word"]);
    c.case("word-unknown", &["lint", "--explain", "no-such-rule"]);
    c.case("nothing-found", &["inspect", "noise"]);
    c.case("pem-broken", &["inspect", "cut.pem"]);
    c.case("malformed", &["inspect", "garbled.pem"]);
    c.case("several-found", &loose("two.key"));
    let unreadable = c.sandbox.path("loop");
    std::os::unix::fs::symlink(&unreadable, &unreadable).unwrap();
    c.case("file-unreadable", &["inspect", "loop"]);

    // Keys and passphrases.
    c.sandbox.write("phrase", "one\n");
    c.sandbox.write("wrong", "two\n");
    c.sandbox.write("blank", "\n");
    c.sandbox.succeeds(&["ca", "root", "sealed", "--new-passphrase-file", "phrase"]);
    c.sandbox.write("old.key", "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n");
    c.case("malformed", &loose("old.key"));
    c.sandbox.write("ssh.key", pkit::pem::encode("OPENSSH PRIVATE KEY", b"openssh-key-v1"));
    c.case("key-unsupported", &loose("ssh.key"));
    c.case("private-key-wanted", &loose("pki/ca/root/cert.pem"));
    c.case("key-mismatch", &loose("pki/live/api.internal/privkey.pem"));
    c.case("passphrase-needed", &["issue", "client", "x", "--issuer", "sealed"]);
    c.case(
        "passphrase-source",
        &["issue", "client", "x", "--issuer", "sealed", "--passphrase-file", "blank"],
    );
    c.case(
        "passphrase-source",
        &["issue", "client", "x", "--issuer", "sealed", "--passphrase-command", "false"],
    );
    c.case("key-not-opened", &["issue", "client", "x", "--issuer", "sealed", "--passphrase-file", "wrong"]);

    c.sandbox.succeeds(&[
        "export",
        "api.internal",
        "--to",
        "p12",
        "-o",
        "store.p12",
        "--export-password-command",
        "printf secret",
    ]);
    let opened = ["inspect", "store.p12", "--field", "source", "--passphrase-file", "wrong"];
    c.seen.insert("store-not-opened".into());
    let output = c.sandbox.run(&opened);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("the PKCS#12 store cannot be opened") && told.contains("store.p12"), "{told}");

    c.case("ca-key-unasked", &["export", "issuing", "--to", "vault"]);
    c.case("export-unfit", &["export", "api.internal", "--for", "curl"]);
    c.case("value-unwritable", &["export", "api.internal", "--for", "nginx", "--path", "/a;b"]);

    // What was typed.
    c.case("name-invalid", &["issue", "client", "a/../b"]);
    c.case("san-invalid", &["issue", "server", "a.internal", "b..c"]);
    c.case("subject-invalid", &["issue", "server", "a.internal", "--subject", "C=USA"]);
    c.case("duration-invalid", &["issue", "server", "a.internal", "--validity", "soon"]);
    c.case("usage", &["issue", "server"]);
    c.case("usage", &["issue", "client", "x", "--issuer", "a", "--issuer-key", "b"]);
    c.case("address-invalid", &["probe", "nowhere", "--roots", "pki/ca/root/cert.pem"]);

    // Policy.
    c.case("san-missing", &["issue", "server", "Not A Host"]);
    c.case("constraint-invalid", &["ca", "root", "x", "--unencrypted", "--permit-ip", "10.0.0.1/8"]);
    c.case("extension-invalid", &["issue", "server", "a.internal", "--key-usage", "keyCertSign"]);
    c.case("validity-not-begun", &["issue", "client", "x", "--not-before", "1d"]);
    c.case(
        "validity-reversed",
        &["issue", "client", "x", "--not-before", "2d", "--not-after", "1d", "--for-testing"],
    );
    c.case("predates-issuer", &["issue", "client", "x", "--not-before", "-1y"]);
    c.case(
        "key-is-issuers",
        &["issue", "client", "x", "--key", "pki/ca/root/key.pem", "--issuer", "issuing"],
    );
    c.sandbox.succeeds(&["issue", "client", "first", "--serial", "01", "--issuer", "issuing"]);
    c.case("serial-used", &["issue", "client", "second", "--serial", "0x1", "--issuer", "issuing"]);
    c.case("validity-empty", &["issue", "client", "x", "--validity", "2020-01-01"]);
    c.case("outlives-issuer", &["issue", "client", "x", "--validity", "50y"]);
    c.case("path-length-used-up", &["ca", "intermediate", "deeper", "--issuer", "issuing", "--unencrypted"]);
    c.case(
        "issuer-not-ca",
        &[
            "issue",
            "client",
            "x",
            "--issuer",
            "pki/live/api.internal/cert.pem",
            "--issuer-key",
            "pki/live/api.internal/privkey.pem",
            "--out",
            "out",
        ],
    );
    c.case(
        "chain-gap",
        &[
            "issue",
            "client",
            "x",
            "--issuer",
            "pki/ca/issuing/cert.pem",
            "--issuer-key",
            "pki/ca/issuing/key.pem",
            "--out",
            "out",
        ],
    );
    made_at_hand(c);

    requests(c);
    revocations(c);

    // Bundles.
    c.sandbox.succeeds(&["issue", "client", "second"]);
    c.case(
        "leaf-ambiguous",
        &[
            "bundle",
            "pki/live/api.internal/cert.pem",
            "pki/live/second/fullchain.pem",
            "pki/ca/root/cert.pem",
        ],
    );
    c.case(
        "leaf-missing",
        &[
            "bundle",
            "pki/ca/root/cert.pem",
            "pki/ca/issuing/cert.pem",
            "--combined",
            "--key",
            "pki/live/second/privkey.pem",
            "-o",
            "x.pem",
        ],
    );
    c.case(
        "file-exists",
        &["bundle", "pki/live/api.internal/fullchain.pem", "pki/ca/root/cert.pem", "-o", "phrase"],
    );
    c.case(
        "write-failed",
        &[
            "bundle",
            "pki/live/api.internal/fullchain.pem",
            "pki/ca/root/cert.pem",
            "-o",
            "no/such/directory/x.pem",
        ],
    );
    c.case("anchor-not-ca", &["probe", "localhost:1", "--roots", "pki/live/api.internal/cert.pem"]);
    assert!(!c.sandbox.path("out").exists(), "a refused command left its directory");

    // The PKI directory.
    c.case("name-taken", &["issue", "server", "api.internal"]);
    c.case("name-taken", &["ca", "root", "root", "--unencrypted"]);
    c.case("ca-exists", &["ca", "import", "twin", "--cert", "pki/ca/root/cert.pem"]);
    c.case("ca-unknown", &["ca", "show", "nobody"]);
    c.case("ca-unknown", &["issue", "client", "x", "--issuer", "nobody"]);
    c.case("certificate-unknown", &["serve-test", "nobody"]);
    c.case("certificate-unknown", &["renew", "nobody"]);
    c.case("no-rollback", &["rollback", "second"]);
    c.sandbox.succeeds(&["revoke", "second", "--reason", "keyCompromise", "--no-crl"]);
    c.case("key-compromised", &["renew", "second", "--reuse-key"]);
    c.sandbox.succeeds(&["renew", "second"]);
    c.case("no-rollback", &["rollback", "second"]);
    c.sandbox.write("pid", "none\n");
    c.renewed("hook-failed", &["--exec", "false"]);
    c.renewed("pid-file-unfit", &["--pid-file", "pid"]);
    c.case("pki-missing", &["ca", "list", "--pki", "elsewhere"]);
    c.case("pki-exists", &["quickstart"]);
    c.sandbox.succeeds(&["ca", "intermediate", "another", "--issuer", "root", "--unencrypted"]);
    c.case("issuer-ambiguous", &["issue", "client", "x"]);
    fs::remove_file(c.sandbox.path("pki/ca/another/key.pem")).unwrap();
    c.case("ca-key-absent", &["issue", "client", "x", "--issuer", "another"]);
    c.case("ca-key-absent", &["crl", "another"]);
    c.case("crl-not-renewed", &["revoke", "--serial", "0102", "--issuer", "another"]);
    let lock = fs::File::open(c.sandbox.path("pki/lock")).unwrap();
    lock.lock().unwrap();
    c.case("pki-busy", &["issue", "client", "x", "--issuer", "issuing", "--lock-timeout", "0s"]);
    drop(lock);
    c.sandbox.write("pki/pkit.toml", "key-type = 5\n");
    c.case("config-invalid", &["ca", "list"]);
    fs::remove_file(c.sandbox.path("pki/pkit.toml")).unwrap();
    let inventory = c.sandbox.read("pki/inventory.jsonl");
    c.sandbox.write("pki/inventory.jsonl", inventory.replacen("\"v\":1", "\"v\":99", 1));
    c.case("pki-newer", &["ca", "list"]);
    c.sandbox.write("pki/inventory.jsonl", "nonsense\n");
    c.case("pki-damaged", &["ca", "list"]);
    fs::set_permissions(c.sandbox.path("pki"), fs::Permissions::from_mode(0o777)).unwrap();
    c.case("pki-unsafe", &["ca", "list"]);

    // The network. Port 1 of the loopback address answers nobody.
    c.case("connect-failed", &["probe", "127.0.0.1:1", "--roots", "pki/ca/root/cert.pem"]);
    c.case("resolve-failed", &["probe", "no-such-host.invalid:1", "--roots", "pki/ca/root/cert.pem"]);
    // One whose queue is full answers nobody either, and does not say so.
    let full = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let address = full.local_addr().unwrap();
    let _waiting = std::net::TcpStream::connect(address).unwrap();
    let timed_out = ["probe", &address.to_string(), "--roots", "pki/ca/root/cert.pem", "--timeout", "1s"];
    c.case("connect-timed-out", &timed_out);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    std::thread::spawn(move || silent.incoming().for_each(drop));
    c.case("peer-unseen", &["inspect", &address]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let set = [
        "--cert",
        "pki/archive/live/api.internal/0001/fullchain.pem",
        "--key",
        "pki/archive/live/api.internal/0001/privkey.pem",
    ];
    let serve = ["serve-test", "--client-ca", "pki/archive/ca/root/0001/cert.pem", "--listen", &address];
    c.case("listen-failed", &[&serve[..], &set].concat());

    let seen: BTreeSet<&str> =
        cases.seen.iter().map(String::as_str).chain(NOT_BY_COMMAND_LINE.iter().copied()).collect();
    let known: BTreeSet<&str> = pkit::Error::CODES.iter().copied().collect();
    assert_eq!(seen, known, "left: cases; right: codes");
}

/// Certificate requests, and what is missing after one was signed.
fn requests(c: &mut Cases) {
    c.sandbox.succeeds(&["request", "asked.internal", "--out", "requests"]);
    let sign = |file: &'static str| ["sign", file, "--profile", "server"];
    let pem = c.sandbox.read("requests/asked.internal.csr");
    let whole = pkit::pem::blocks(pem.as_bytes(), &pkit::origin::Origin::named("csr")).unwrap().remove(0).der;
    let mut forged = whole.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    c.sandbox.write("forged.csr", &forged);
    c.case("csr-forged", &sign("forged.csr"));
    let mut sha512 = whole.to_vec();
    let at = sha512.windows(8).position(|window| window == [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]).unwrap();
    sha512[at + 7] = 4;
    c.sandbox.write("sha512.csr", &sha512);
    c.case("csr-unproven", &sign("sha512.csr"));
    let bounded = ["--issuer", "bounded.pem", "--issuer-key", "bounded.key", "--out", "out"];
    c.case("csr-name-refused", &[&sign("requests/asked.internal.csr"), &bounded[..]].concat());
    c.case("nothing-found", &sign("pki/ca/root/cert.pem"));
    c.case("usage", &["sign", "requests/asked.internal.csr"]);
    c.case("usage", &["request", "x.internal", "--passphrase-file", "phrase"]);
    c.case("usage", &["request", "x.internal", "--new-passphrase-file", "phrase"]);
    c.case("san-missing", &["request", "Not A Host"]);
    c.case("file-exists", &["request", "asked.internal", "--out", "requests"]);
    c.sandbox.succeeds(&["request", "ca.internal", "--key", "pki/ca/root/key.pem", "--out", "requests"]);
    c.case("key-is-issuers", &sign("requests/ca.internal.csr"));
    c.sandbox.succeeds(&sign("requests/asked.internal.csr"));
    c.case("key-absent", &["serve-test", "asked.internal"]);
    c.case("key-absent", &["probe", "localhost:1", "--as", "asked.internal"]);
}

/// Revocations, and lists that say nothing.
fn revocations(c: &mut Cases) {
    use pkit::{
        crl::{Crl, Terms},
        store::Store,
    };
    c.sandbox.succeeds(&["issue", "client", "lost"]);
    c.case("usage", &["revoke"]);
    c.case("usage", &["revoke", "lost", "--revoked-at", "1h"]);
    c.case("usage", &["revoke", "--serial", "xyz"]);
    c.case("certificate-unknown", &["revoke", "nobody"]);
    c.case("root-not-revocable", &["revoke", "root"]);
    c.case("serial-unknown", &["revoke", "--serial", "77"]);
    c.sandbox.succeeds(&["revoke", "lost", "--reason", "keycompromise"]);
    c.case("revoked-already", &["revoke", "lost", "--reason", "superseded"]);
    c.case("revoked-already", &["revoke", "lost", "--revoked-at", "2026-01-01"]);
    c.case("not-on-hold", &["revoke", "lost", "--release"]);
    let bounded = ["--issuer", "bounded.pem", "--issuer-key", "bounded.key", "--out", "stranger"];
    c.sandbox.succeeds(&[&["issue", "client", "stranger"], &bounded[..]].concat());
    c.case("issuer-not-here", &["revoke", "--cert", "stranger/cert.pem"]);

    let bundle = ["crl", "--bundle", "lost"];
    c.case("certificate-unknown", &["crl", "--bundle", "nobody"]);
    let told = c.sandbox.run(&bundle);
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("a CA of the chain has no CRL") && told.contains("pkit crl root"), "{told}");
    c.case("crl-missing", &bundle);
    c.case("usage", &["crl", "--der"]);
    c.case("duration-invalid", &["crl", "root", "--validity", "0s"]);
    c.case("usage", &["crl", "root", "issuing", "-o", "two.crl"]);
    c.case("file-exists", &["crl", "root", "-o", "phrase"]);
    let own = c.sandbox.read("pki/ca/root/crl.pem");
    let put = |c: &Cases, pem: &str| c.sandbox.write("pki/ca/root/crl.pem", pem);
    let now = time::OffsetDateTime::now_utc();
    let store = Store::open(&c.sandbox.path("pki")).unwrap();
    let root = store.authority("root").unwrap().open(&mut pkit::key::no_passphrase(), now).unwrap();
    let day = time::Duration::DAY;
    for (code, this_update, next_update) in
        [("crl-lapsed", now - day * 2, now - day), ("crl-not-yet-valid", now + day, now + day * 2)]
    {
        let terms = Terms { number: 1, this_update, next_update };
        let list = Crl::sign(&root, vec![], terms, &ring::rand::SystemRandom::new()).unwrap();
        put(c, &list.to_pem());
        c.case(code, &bundle);
    }
    put(c, &c.sandbox.read("pki/ca/issuing/crl.pem"));
    c.case("crl-foreign", &bundle);
    let mut forged =
        Crl::decode(own.as_bytes(), &pkit::origin::Origin::named("own")).unwrap()[0].der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    put(c, &pkit::pem::encode("X509 CRL", &forged));
    c.case("crl-forged", &bundle);
    put(c, &own[..own.len() / 2]);
    c.case("pem-broken", &bundle);
    // Nobody goes on without the lists that were named.
    for (code, file) in [
        ("pem-broken", "pki/ca/root/crl.pem"),
        ("nothing-found", "pki/ca/root/cert.pem"),
        ("nothing-found", "empty"),
        ("file-not-found", "nowhere.crl"),
        ("not-a-file", "pki"),
    ] {
        c.case(code, &["serve-test", "lost", "--crl", "pki/ca/issuing/crl.pem", file]);
        c.case(code, &["probe", "localhost:1", "--as", "lost", "--crl", file]);
    }
    c.case("usage", &["serve-test", "lost", "--client-auth", "none", "--crl", "pki/ca/issuing/crl.pem"]);
    // What is there is no hindrance to making it anew.
    c.sandbox.succeeds(&["crl", "root"]);
    c.sandbox.succeeds(&bundle);
    without_crl_sign(c);
}

/// A CA whose key usage has keyCertSign alone: of one of ours, with a bit less, signed anew.
fn without_crl_sign(c: &mut Cases) {
    use pkit::{cert::load_certificates, key::load_private_key};
    let make = ["ca", "root", "mute", "--key-type", "ed25519", "--unencrypted", "--pki", "elsewhere.pki"];
    c.sandbox.succeeds(&make);
    let set = c.sandbox.path("elsewhere.pki/ca/mute");
    let mut der = load_certificates(&set.join("cert.pem")).unwrap()[0].der().to_vec();
    let at = der.windows(4).position(|window| window == [3, 2, 1, 6]).unwrap();
    der[at + 2..at + 4].copy_from_slice(&[2, 4]);
    let key = load_private_key(&set.join("key.pem"), &mut pkit::key::no_passphrase()).unwrap();
    // SEQUENCE { tbs, algorithm of 7 octets, signature of 3 and 64 }
    let (start, end) = (4, der.len() - 64 - 3 - 7);
    let signature = key.sign(&der[start..end], &ring::rand::SystemRandom::new()).unwrap();
    der.splice(end + 10.., signature);
    c.sandbox.write("mute.pem", pkit::pem::encode("CERTIFICATE", &der));
    let import = ["ca", "import", "mute", "--cert", "mute.pem", "--unencrypted", "--key"];
    c.sandbox.succeeds(&[&import[..], &["elsewhere.pki/ca/mute/key.pem"]].concat());
    let fallen = ["--pki", "fallen"];
    c.sandbox.succeeds(&[&["ca", "root", "r", "--unencrypted"], &fallen[..]].concat());
    c.sandbox.succeeds(&[&["ca", "intermediate", "i", "--unencrypted"], &fallen[..]].concat());
    c.sandbox.succeeds(&[&["revoke", "i"], &fallen[..]].concat());
    c.case("issuer-revoked", &[&["issue", "client", "below"], &fallen[..]].concat());
    c.case("issuer-may-not-revoke", &["crl", "mute"]);
    c.case("issuer-may-not-revoke", &["crl", "mute"]);
    c.sandbox.succeeds(&["revoke", "--serial", "0102", "--issuer", "mute", "--no-crl"]);
    fs::remove_file(c.sandbox.path("pki/ca/mute")).unwrap();
    fs::remove_dir_all(c.sandbox.path("pki/archive/ca/mute")).unwrap();
}

/// Issuers that our own commands would not make.
fn made_at_hand(c: &mut Cases) {
    use pkit::{
        cert::NameConstraints,
        issue::{Kind, Request, plan},
        key::{KeyType, PrivateKey},
        name::{Name, Subtree},
        validity::{End, Span},
    };
    use time::macros::datetime;

    let random = ring::rand::SystemRandom::new();
    let make = |file: &str, now, constraints| {
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let request = Request {
            name_constraints: constraints,
            ..Request::new(Kind::Root, Name::from_common_name(file).unwrap(), End::After(Span::days(30)))
        };
        let root = plan(request, None, now).unwrap().sign_root(&key, &random).unwrap();
        c.sandbox.write(&format!("{file}.pem"), root.to_pem());
        c.sandbox.write(&format!("{file}.key"), key.to_pem());
    };
    let now = time::OffsetDateTime::now_utc();
    make("past", datetime!(2001-01-01 0:00 UTC), None);
    make("future", datetime!(2999-01-01 0:00 UTC), None);
    let permitted = vec![Subtree::Dns("example.com".into())];
    make("bounded", now, Some(NameConstraints { permitted, excluded: vec![] }));
    for (code, file) in
        [("issuer-expired", "past"), ("issuer-not-yet-valid", "future"), ("name-not-permitted", "bounded")]
    {
        c.loose_issuer(code, file);
    }
    for (code, file) in [("issuer-expired", "past"), ("issuer-not-yet-valid", "future")] {
        let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
        c.case(code, &["ca", "import", file, "--cert", &certificate, "--key", &key, "--unencrypted"]);
        let adopt = ["ca", "import", file, "--cert", &certificate, "--key", &key, "--unencrypted"];
        let told = c.sandbox.succeeds(&[&adopt[..], &["--allow-expired", "--json"]].concat());
        assert!(told.contains("\"not-valid\""), "{told}");
        c.case(code, &["issue", "client", "x", "--issuer", file]);
    }
    // A certificate whose signature algorithm does not go with its issuer's key.
    let own = c.sandbox.read("pki/live/api.internal/cert.pem");
    let own = pkit::cert::decode_certificates(own.as_bytes(), &pkit::origin::Origin::named("own"))
        .unwrap()
        .remove(0);
    let mut der = own.der().to_vec();
    let sha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    while let Some(at) = der.windows(8).position(|window| window == sha256) {
        der[at + 7] = 4;
    }
    c.sandbox.write("sha512.pem", pkit::pem::encode("CERTIFICATE", &der));
    c.case("link-unproven", &["bundle", "sha512.pem", "pki/ca/issuing/cert.pem", "pki/ca/root/cert.pem"]);

    // A CA for clients only, and one without keyCertSign, as other tools make them.
    for (code, file, usages) in
        [("usage-not-permitted", "clients", true), ("issuer-may-not-sign", "crippled", false)]
    {
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let request =
            Request::new(Kind::Root, Name::from_common_name(file).unwrap(), End::After(Span::days(30)));
        let root = plan(request, None, now).unwrap().sign_root(&key, &random).unwrap();
        let altered = resign(root.der(), &key, &random, usages);
        c.sandbox.write(&format!("{file}.pem"), altered);
        c.sandbox.write(&format!("{file}.key"), key.to_pem());
        c.loose_issuer(code, file);
    }
    c.case("issuer-may-not-sign", &["ca", "import", "x", "--cert", "crippled.pem", "--allow-expired"]);
    let leaf = ["--cert", "pki/live/api.internal/cert.pem", "--key", "pki/live/api.internal/privkey.pem"];
    c.case("issuer-not-ca", &[&["ca", "import", "x"], &leaf[..]].concat());
    c.seen.insert("subject-missing".into());
    let empty = Request::new(Kind::Root, Name::empty(), End::After(Span::days(30)));
    assert_eq!(plan(empty, None, now).unwrap_err().code(), "subject-missing");
}

/// Alters a certificate of ours and signs it again: keyUsage becomes cRLSign alone, or the subject key identifier gives way
/// to an extended key usage of clientAuth.
fn resign(
    der: &[u8],
    key: &pkit::key::PrivateKey,
    random: &ring::rand::SystemRandom,
    usages: bool,
) -> String {
    let (_, parsed) = <x509_parser::certificate::X509Certificate<'_> as x509_parser::prelude::FromDer<
        '_,
        _,
    >>::from_der(der)
    .unwrap();
    let mut tbs = parsed.tbs_certificate.as_ref().to_vec();
    let find = |tbs: &[u8], what: &[u8]| tbs.windows(what.len()).position(|window| window == what).unwrap();
    if usages {
        // AKI, 33 octets: SEQUENCE { OID 2.5.29.35, OCTET STRING { SEQUENCE { [0] 20 octets } } }
        let at = find(&tbs, &[0x30, 0x1f, 6, 3, 0x55, 0x1d, 0x23]);
        let eku = [0x30, 0x13, 6, 3, 0x55, 0x1d, 0x25, 4, 0x0c, 0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        // and an unknown, empty extension that fills the rest: 33 - 21 = 12 octets.
        let filler = [0x30, 0x0a, 6, 4, 0x2b, 6, 1, 1, 4, 2, 5, 0];
        tbs.splice(at..at + 33, eku.into_iter().chain(filler));
    } else {
        let at = find(&tbs, &[0x55, 0x1d, 0x0f, 1, 1, 0xff, 4, 4, 3, 2, 1, 6]);
        tbs[at + 10] = 1;
        tbs[at + 11] = 2;
    }
    let signature = key.sign(&tbs, random).unwrap();
    let algorithm = key.signature_algorithm();
    let der = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&tbs);
            writer.next().write_der(algorithm.der());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    pkit::pem::encode("CERTIFICATE", &der)
}
