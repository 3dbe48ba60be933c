//! Issuing from the command line: what lies where afterwards, with which mode, and what happens when two do it at once.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod sandbox;

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use pkit::{
    cert::load_certificates,
    verify::{Purpose, Question, verify},
};
use sandbox::Sandbox;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// All files below, links not followed.
fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
fn keys_are_0600_whatever_the_umask() {
    for umask in ["000", "077", "777"] {
        let sandbox = Sandbox::new();
        let binary = env!("CARGO_BIN_EXE_pkit");
        let script = format!(
            "umask {umask}; '{binary}' ca root r --unencrypted -q && '{binary}' issue server a.internal -q --out copy"
        );
        let mut shell = std::process::Command::new("sh");
        let status = shell.args(["-c", &script]).current_dir(sandbox.root()).status().unwrap();
        assert!(status.success(), "umask {umask}");
        assert_eq!(mode(&sandbox.path("pki")), 0o700);
        let all =
            [files(&sandbox.path("pki")), if umask == "777" { vec![] } else { files(&sandbox.path("copy")) }]
                .concat();
        for path in all {
            let secret = fs::read(&path).unwrap().windows(11).any(|window| window == b"PRIVATE KEY");
            let wanted = if secret || path.ends_with("lock") { 0o600 } else { 0o644 };
            assert_eq!(mode(&path), wanted, "umask {umask}: {}", path.display());
        }
    }
}

#[test]
fn json_has_certificates_and_never_a_key() {
    let sandbox = Sandbox::with_authorities();
    let text = sandbox.succeeds(&["issue", "server", "a.internal", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(value["sans"][0], "DNS:a.internal");
    assert!(!text.contains("PRIVATE"));
    let key = sandbox.read("pki/live/a.internal/privkey.pem");
    let secret = key.lines().nth(1).unwrap();
    assert!(!text.contains(secret));
    assert!(!sandbox.read("pki/inventory.jsonl").contains(secret));
}

#[test]
fn what_is_issued_verifies_for_its_purpose_only() {
    let sandbox = Sandbox::with_authorities();
    for (profile, serves, connects) in
        [("server", true, false), ("client", false, true), ("peer", true, true)]
    {
        let name = format!("{profile}.internal");
        sandbox.succeeds(&["issue", profile, &name]);
        let set = sandbox.path("pki/live").join(&name);
        let chain = load_certificates(&set.join("fullchain.pem")).unwrap();
        let anchors = load_certificates(&set.join("ca.pem")).unwrap();
        assert_eq!((chain.len(), anchors.len()), (2, 1), "the root is not in the fullchain");
        assert_eq!(fs::read(set.join("chain.pem")).unwrap(), chain[1].to_pem().into_bytes());
        for (purpose, wanted) in [(Purpose::Server, serves), (Purpose::Client, connects)] {
            let at = chain[0].validity().not_before;
            let question =
                Question { anchors: &anchors, intermediates: &chain[1..], purpose, host: Some(&name), at };
            let verdict = verify(&chain[0], &question);
            assert_eq!(verdict.accepted, wanted, "{profile} as {purpose:?}: {:?}", verdict.findings);
        }
    }
}

#[test]
fn loose_files_work_without_a_pki_directory() {
    let sandbox = Sandbox::with_authorities();
    let issue = |out: &'static str, extra: &[&str]| {
        let base = [
            "issue",
            "server",
            "web",
            "www.example.com",
            "--issuer",
            "ca.pem",
            "--issuer-key",
            "ca.key",
            "--out",
            out,
        ];
        sandbox.run(&[&base[..], extra].concat())
    };
    fs::copy(sandbox.path("pki/ca/issuing/cert.pem"), sandbox.path("ca.pem")).unwrap();
    fs::copy(sandbox.path("pki/ca/issuing/key.pem"), sandbox.path("ca.key")).unwrap();
    fs::copy(sandbox.path("pki/ca/root/cert.pem"), sandbox.path("root.pem")).unwrap();
    fs::remove_dir_all(sandbox.path("pki")).unwrap();
    assert_eq!(issue("out", &[]).status.code(), Some(2), "the root is missing");
    assert!(issue("out", &["--issuer-chain", "root.pem"]).status.success());
    assert_eq!(files(&sandbox.path("out")).len(), 5);
    assert!(!sandbox.path("pki").exists());
    let before = fs::read(sandbox.path("out/privkey.pem")).unwrap();
    assert_eq!(
        issue("out", &["--issuer-chain", "root.pem"]).status.code(),
        Some(2),
        "nothing is overwritten"
    );
    assert_eq!(fs::read(sandbox.path("out/privkey.pem")).unwrap(), before);
}

#[test]
fn processes_side_by_side_lose_nothing() {
    let sandbox = Sandbox::with_authorities();
    let (workers, each) = (8, 12);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in 0..each {
                    sandbox.succeeds(&["issue", "client", &format!("c{worker}-{number}"), "-q"]);
                }
            });
        }
    });
    let records = sandbox.read("pki/inventory.jsonl");
    let values: Vec<serde_json::Value> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let serials: HashSet<&str> = values.iter().filter_map(|value| value["serial"].as_str()).collect();
    assert_eq!(serials.len(), workers * each + 2);
    assert_eq!(fs::read_dir(sandbox.path("pki/live")).unwrap().count(), workers * each);
    assert!(!sandbox.path("pki/pending").exists());
}

#[test]
fn first_commands_at_the_same_moment_make_one_directory() {
    for _ in 0..5 {
        let sandbox = Sandbox::new();
        std::thread::scope(|scope| {
            for number in 0..6 {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    sandbox.succeeds(&["ca", "root", &format!("r{number}"), "--unencrypted", "-q"])
                });
            }
        });
        assert!(sandbox.succeeds(&["check"]).contains("6 authorities"));
    }
}

#[test]
fn one_of_two_that_want_the_same_name_gets_it() {
    let sandbox = Sandbox::with_authorities();
    let start = || {
        sandbox
            .command(&["issue", "client", "same"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut running: Vec<_> = (0..6).map(|_| start()).collect();
    let codes: Vec<_> = running.iter_mut().map(|child| child.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 2).count(), 5, "{codes:?}");
    assert_eq!(files(&sandbox.path("pki/archive/live")).len(), 5);
}

#[test]
fn what_a_crash_left_is_finished_or_discarded() {
    // A generation without a record.
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "client", "done"]);
    let records = sandbox.read("pki/inventory.jsonl");
    let half = sandbox.path("pki/archive/live/half/0001");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("privkey.pem"), "half").unwrap();
    let done = records.lines().last().unwrap();
    // A record without its link.
    fs::remove_file(sandbox.path("pki/live/done")).unwrap();
    sandbox.write("pki/pending", format!("{done}\n"));
    sandbox.succeeds(&["issue", "client", "other"]);
    assert!(sandbox.path("pki/live/done/cert.pem").exists() && !sandbox.path("pki/pending").exists());
    let records = sandbox.read("pki/inventory.jsonl");
    sandbox.write("pki/pending", done.replace("\"done\"", "\"half\"") + "\n");
    sandbox.succeeds(&["issue", "client", "next"]);
    assert!(!half.exists() && !sandbox.path("pki/pending").exists());
    assert!(sandbox.path("pki/live/done/cert.pem").exists());
    assert!(sandbox.read("pki/inventory.jsonl").starts_with(&records));
    // A torn last line: closed, kept, and not taken for a record.
    sandbox
        .write("pki/inventory.jsonl", format!("{}{}", sandbox.read("pki/inventory.jsonl"), r#"{"v":1,"eve"#));
    sandbox.succeeds(&["issue", "client", "after"]);
    let lines = sandbox.read("pki/inventory.jsonl");
    assert!(lines.contains("{\"v\":1,\"eve\n{\"v\":1,\"event\":\"set-aside\"}\n{\"v\":1,"), "{lines}");
    assert!(sandbox.succeeds(&["check"]).contains("holds together"));
    // A last line that lacks nothing but its end is a record.
    let whole = sandbox.read("pki/inventory.jsonl");
    sandbox.write("pki/inventory.jsonl", whole.trim_end());
    assert_eq!(sandbox.run(&["check"]).status.code(), Some(1));
    sandbox.succeeds(&["check", "--repair"]);
    assert_eq!(sandbox.read("pki/inventory.jsonl"), whole);
    // What pkit did not write is not obeyed.
    sandbox.write("pki/pending", "[1]");
    sandbox.fails("pki-damaged", &["issue", "client", "more"]);
    sandbox.write("pki/pending", done.replace("\"done\"", "\"../../x\""));
    sandbox.fails("name-invalid", &["issue", "client", "more"]);
}

#[test]
fn an_unwritable_directory_is_an_error_and_changes_nothing() {
    let sandbox = Sandbox::with_authorities();
    if rustix::process::geteuid().is_root() {
        // Modes do not bind root; a file where the directory of the name should be does.
        fs::write(sandbox.path("pki/archive/live/x"), "").unwrap();
    } else {
        fs::set_permissions(sandbox.path("pki/archive/live"), fs::Permissions::from_mode(0o500)).unwrap();
    }
    let records = sandbox.read("pki/inventory.jsonl");
    let error = sandbox.fails("write-failed", &["issue", "client", "x"]);
    assert!(error["hint"].as_str().unwrap().contains("ls -ld"));
    assert_eq!(sandbox.read("pki/inventory.jsonl"), records);
    assert!(!sandbox.path("pki/live/x").exists() && !sandbox.path("pki/pending").exists());
}

#[test]
fn nothing_is_written_through_a_link_that_leads_out() {
    for inside in ["archive/live", "live", "archive", "lock", "inventory.jsonl"] {
        let sandbox = Sandbox::with_authorities();
        let (from, to) = (sandbox.path("pki").join(inside), sandbox.path("elsewhere"));
        fs::rename(&from, &to).unwrap();
        std::os::unix::fs::symlink(&to, &from).unwrap();
        let before = if to.is_file() { fs::read(&to).unwrap().len() } else { files(&to).len() };
        sandbox.fails("pki-damaged", &["issue", "client", "x"]);
        let after = if to.is_file() { fs::read(&to).unwrap().len() } else { files(&to).len() };
        assert_eq!(before, after, "{inside}");
    }
}

#[test]
fn a_full_standard_output_is_an_error() {
    let sandbox = Sandbox::with_authorities();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = sandbox.command(&["ca", "list"]).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
    // A reader that went away is none.
    let (reader, pipe) = std::io::pipe().unwrap();
    drop(reader);
    let output = sandbox.command(&["ca", "list"]).stdout(pipe).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn a_remembered_signature_answers_for_its_key_alone() {
    let sandbox = Sandbox::with_authorities();
    let load = |name: &str| load_certificates(&sandbox.path(name)).unwrap().remove(0);
    let [root, issuing] = ["pki/ca/root/cert.pem", "pki/ca/issuing/cert.pem"].map(load);
    for (first, then) in [(&root, &issuing), (&issuing, &root)] {
        let asked = load("pki/ca/issuing/cert.pem");
        for key in [first, then, first].map(pkit::cert::Certificate::public_key) {
            assert_eq!(asked.is_signed_by(key).is_ok(), key == root.public_key());
        }
    }
}
