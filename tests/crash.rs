//! Every command that writes, stopped and failed at every change of the disk that it makes: afterwards everything is as
//! before or as wanted, keys belong to their certificates, and the next command succeeds. Needs a debug build, as
//! `cargo test` makes it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]
#![cfg(debug_assertions)]

mod sandbox;

use std::{fs, os::unix::process::ExitStatusExt, path::Path};

use pkit::{
    batch::{Fleet, Row, Wanted, rows},
    cert::load_certificates,
    issue::{Kind, Request},
    key::{KeyType, load_private_key, no_passphrase},
    name::Name,
    profile::Profile,
    store::{Entry, Shelf, Store, Wait},
    validity::{End, Span},
};
use sandbox::Sandbox;

fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").args(["-a"]).arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

/// Everything that can be reached belongs together and is on record.
fn sound(sandbox: &Sandbox, when: &str) {
    let store = match Store::open(&sandbox.path("pki")) {
        Ok(store) => store,
        Err(error) => {
            assert_eq!(error.code(), "pki-missing", "{when}");
            return;
        }
    };
    let mut recorded = Vec::new();
    for entry in store.records().unwrap() {
        if let Entry::Record(_, record) = entry.unwrap() {
            recorded.push((record.shelf(), record.name, record.serial, record.key_file));
        }
    }
    for (shelf, key) in [(Shelf::Ca, "key.pem"), (Shelf::Live, "privkey.pem")] {
        for name in store.names(shelf).unwrap() {
            let set = store.current(shelf, &name).unwrap().unwrap();
            let certificate = load_certificates(&set.join("cert.pem")).unwrap().remove(0);
            // A cross-certificate has no key of its own.
            let with_key = set.join(key).exists() || name.contains(" by ");
            if set.join(key).exists() {
                let key = load_private_key(&set.join(key), &mut no_passphrase()).unwrap();
                assert!(key.public() == certificate.public_key(), "{when}: {name}");
            }
            assert!(
                recorded.contains(&(shelf, name.clone(), certificate.serial_hex(), with_key)),
                "{when}: {name} is not on record, or its key is gone"
            );
        }
    }
}

/// Stops the command at its first change of the disk, its second, … until it comes through.
fn torture(prepared: &Sandbox, args: &[&str], done: &[&str]) -> u64 {
    let mut steps = 0;
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let when = format!("pkit {} with {kind}:{number}", args.join(" "));
            let output =
                sandbox.command(args).env("PKIT_FAULT", format!("{kind}:{number}")).output().unwrap();
            let came_through = output.status.success();
            if kind == "stop" {
                assert!(came_through || output.status.signal().is_some(), "{when}: {:?}", output.status);
            } else {
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(
                    came_through || (output.status.code() == Some(2) && told.contains("error:")),
                    "{when}: {told}"
                );
            }
            sound(&sandbox, &when);
            let is_done =
                |sandbox: &Sandbox| done.iter().map(|path| sandbox.path(path).exists()).collect::<Vec<_>>();
            if came_through {
                assert!(is_done(&sandbox).iter().all(|done| *done), "{when}: it said done");
            }
            // The next command finishes or discards what was begun, and succeeds.
            if sandbox.path("pki/inventory.jsonl").exists() && sandbox.path("pki/ca/issuing").exists() {
                sandbox.succeeds(&["issue", "client", "next", "-q"]);
                sound(&sandbox, &format!("{when}, then another"));
                assert!(!sandbox.path("pki/pending").exists(), "{when}");
                let after = is_done(&sandbox);
                assert!(after.iter().all(|done| *done == after[0]), "{when}: half of it is there: {after:?}");
            }
            // And so does the same command, unless it was done, or on record and finished just now.
            if !is_done(&sandbox)[0] {
                let again = sandbox.run(args);
                let told = String::from_utf8_lossy(&again.stderr);
                assert!(
                    again.status.success() || told.contains("the name is taken"),
                    "{when}, again: {told}"
                );
                assert!(is_done(&sandbox).iter().all(|done| *done), "{when}, again");
            }
            sound(&sandbox, &format!("{when}, again"));
            steps += 1;
            if came_through {
                break;
            }
        }
    }
    assert!(steps > 20, "only {steps} steps: is this a debug build?");
    steps
}

#[test]
fn ca_root_in_an_empty_directory() {
    torture(&Sandbox::new(), &["ca", "root", "issuing", "--unencrypted", "-q"], &["pki/ca/issuing/cert.pem"]);
}

#[test]
fn ca_intermediate() {
    let sandbox = Sandbox::new();
    sandbox.succeeds(&["ca", "root", "root", "--unencrypted", "-q"]);
    torture(
        &sandbox,
        &["ca", "intermediate", "issuing", "--unencrypted", "-q"],
        &["pki/ca/issuing/cert.pem"],
    );
}

#[test]
fn ca_import() {
    let elsewhere = Sandbox::with_authorities();
    let sandbox = Sandbox::new();
    copy(&elsewhere.path("pki"), &sandbox.path("made"));
    let files = ["--cert", "made/ca/issuing/cert.pem", "--chain", "made/ca/issuing/chain.pem"];
    let key = ["--key", "made/ca/issuing/key.pem", "--unencrypted", "-q"];
    let import = [&["ca", "import", "issuing"], &files[..], &key].concat();
    let done = ["pki/ca/issuing/cert.pem", "pki/ca/issuing/key.pem"];
    torture(&sandbox, &import, &done);
    // Removed by hand and imported anew: the record there is of the same name, serial number and generation.
    sandbox.succeeds(&import);
    fs::remove_file(sandbox.path("pki/ca/issuing")).unwrap();
    fs::remove_dir_all(sandbox.path("pki/archive/ca/issuing")).unwrap();
    let inventory = sandbox.read("pki/inventory.jsonl").replace("\"time\":\"2", "\"time\":\"1");
    sandbox.write("pki/inventory.jsonl", inventory);
    torture(&sandbox, &import, &done);
}

#[test]
fn issue() {
    let done = ["pki/live/a.internal/cert.pem", "pki/live/a.internal/privkey.pem"];
    torture(&Sandbox::with_authorities(), &["issue", "server", "a.internal", "-q"], &done);
}

/// Five rows in groups of two, by the library in a process of its own: this test's, called again by the one below.
#[test]
#[ignore = "a process for `batch`"]
fn batch_child() {
    let Ok(directory) = std::env::var("PKIT_TEST_BATCH") else { return };
    let directory = Path::new(&directory);
    let store = Store::open(&directory.join("pki")).unwrap();
    let now = time::OffsetDateTime::now_utc();
    let random = ring::rand::SystemRandom::new();
    let issuer = store.authority("issuing").unwrap().open(&mut no_passphrase(), now).unwrap();
    let wanted = |row: &Row| {
        let request = Request::new(
            Kind::Leaf(Profile::Client),
            Name::from_common_name(&row.name)?,
            End::After(Span::days(30)),
        );
        Ok(Wanted { request, key_type: KeyType::P256 })
    };
    let fleet = Fleet {
        store: &store,
        issuer: ("issuing", &issuer),
        wanted: &wanted,
        random: &random,
        now,
        group: 2,
        fail_fast: false,
        dry_run: false,
    };
    let text = fs::read(directory.join("fleet.csv")).unwrap();
    let rows = rows(&text[..], Path::new("fleet.csv")).unwrap();
    let made = fleet.make(rows, &mut Wait::default(), |group| {
        let told: Vec<_> = group.iter().map(|outcome| outcome.name.clone()).collect();
        for name in &told {
            assert!(directory.join("pki/live").join(name).join("privkey.pem").exists(), "{name} is told");
        }
        Ok::<_, pkit::Error>(())
    });
    if let Err(error) = made {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

#[test]
fn batch() {
    let prepared = Sandbox::with_authorities();
    prepared.write("fleet.csv", "name\na\nb\nc\nd\ne\n");
    let run = |sandbox: &Sandbox, fault: &str| {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["batch_child", "--exact", "--ignored", "--nocapture"]);
        child.env("PKIT_TEST_BATCH", sandbox.root()).env("PKIT_FAULT", fault).output().unwrap()
    };
    let mut steps = 0;
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let when = format!("batch with {kind}:{number}");
            let output = run(&sandbox, &format!("{kind}:{number}"));
            let told = String::from_utf8_lossy(&output.stderr);
            let came_through = output.status.success();
            let ended = if kind == "stop" {
                output.status.signal().is_some()
            } else {
                output.status.code() == Some(2) && told.contains("error:")
            };
            assert!(came_through || ended, "{when}: {:?} {told}", output.status);
            sound(&sandbox, &when);
            // The next command ends the group that was begun: whole groups are there, in order, and no half one.
            sandbox.succeeds(&["issue", "client", "next", "-q"]);
            let there = ["a", "b", "c", "d", "e"].map(|name| sandbox.path("pki/live").join(name).exists());
            let count = there.iter().filter(|there| **there).count();
            assert!(there.is_sorted_by(|one, two| one >= two), "{when}: {there:?}");
            assert!([0, 2, 4, 5].contains(&count) && (!came_through || count == 5), "{when}: {there:?}");
            // And the same again makes the rest.
            assert!(run(&sandbox, "").status.success(), "{when}, again");
            sound(&sandbox, &format!("{when}, again"));
            let names = ["a", "b", "c", "d", "e"].map(|name| sandbox.path("pki/live").join(name));
            assert!(names.iter().all(|name| name.exists()), "{when}, again");
            assert_eq!(sandbox.run(&["check"]).status.code(), Some(0), "{when}, again");
            steps += 1;
            if came_through {
                break;
            }
        }
    }
    assert!(steps > 100, "only {steps} steps: is this a debug build?");
}

#[test]
fn sign() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["request", "a.internal", "-q"]);
    torture(
        &sandbox,
        &["sign", "a.internal.csr", "--profile", "server", "-q"],
        &["pki/live/a.internal/cert.pem", "pki/live/a.internal/ca.pem"],
    );
}

/// Stops and fails a command that changes what is there, at each change of the disk. Afterwards the name leads to one whole
/// generation, before or after; the next writer ends what was begun; then the same command succeeds. `is_done` tells whether
/// a sandbox is as the command was to leave it.
fn change(prepared: &Sandbox, args: &[&str], least: u64, is_done: impl Fn(&Sandbox) -> bool) {
    let mut steps = 0;
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let fault = format!("{kind}:{number}");
            let when = format!("pkit {} with {fault}", args.join(" "));
            let output = sandbox.command(args).env("PKIT_FAULT", &fault).output().unwrap();
            let came_through = output.status.success();
            let told = String::from_utf8_lossy(&output.stderr);
            let ended = if kind == "stop" {
                output.status.signal().is_some()
            } else {
                output.status.code() == Some(2) && told.contains("error:")
            };
            assert!(came_through || ended, "{when}: {:?} {told}", output.status);
            sound(&sandbox, &when);
            assert!(!came_through || is_done(&sandbox), "{when}: it said done");
            // The next writer ends or discards it.
            sandbox.succeeds(&["issue", "client", "next", "-q"]);
            assert!(!sandbox.path("pki/pending").exists(), "{when}");
            sound(&sandbox, &format!("{when}, then another"));
            sandbox.run(&["check", "--repair"]);
            let check = sandbox.run(&["check"]);
            assert!(check.status.success(), "{when}: {}", String::from_utf8_lossy(&check.stdout));
            if !is_done(&sandbox) {
                let again = sandbox.run(args);
                assert!(again.status.success(), "{when}, again: {}", String::from_utf8_lossy(&again.stderr));
                assert!(is_done(&sandbox), "{when}, again");
            }
            sound(&sandbox, &format!("{when}, again"));
            assert_eq!(sandbox.run(&["check"]).status.code(), Some(0), "{when}, again");
            steps += 1;
            if came_through {
                break;
            }
        }
    }
    assert!(steps > least, "only {steps} steps: is this a debug build?");
}

fn leads_to(sandbox: &Sandbox, link: &str, generation: &str) -> bool {
    fs::read_link(sandbox.path("pki").join(link)).unwrap().ends_with(generation)
}

#[test]
fn renew() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    sandbox.succeeds(&["issue", "client", "b", "-q"]);
    change(&sandbox, &["renew", "a.internal", "b", "--now", "-q"], 60, |sandbox| {
        let there = ["live/a.internal", "live/b"].map(|link| !leads_to(sandbox, link, "0001"));
        // Stopped while the links turn, one of them may be before the other; the next writer turns both.
        assert!(there[0] == there[1] || sandbox.path("pki/pending").exists());
        there[0] && there[1]
    });
}

#[test]
fn renew_with_a_hook() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    // Whenever it was stopped: what is in use has been told, or will be by the next that comes.
    let args = [
        "renew",
        "a.internal",
        "--due",
        "100%",
        "-q",
        "--exec",
        "sh",
        "-c",
        "readlink pki/live/a.internal >> told",
    ];
    let mut steps = 0;
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox_now = Sandbox::new();
            copy(&sandbox.path("."), sandbox_now.root());
            let fault = format!("{kind}:{number}");
            let output = sandbox_now.command(&args).env("PKIT_FAULT", &fault).output().unwrap();
            let mut again = args;
            again[3] = "0%";
            sandbox_now.succeeds(&again);
            assert!(!sandbox_now.path("pki/hooks").exists(), "{fault}");
            let link = fs::read_link(sandbox_now.path("pki/live/a.internal")).unwrap();
            if !link.ends_with("0001") {
                assert!(
                    sandbox_now.read("told").contains(link.to_str().unwrap()),
                    "{fault}: nobody was told"
                );
            }
            steps += 1;
            if output.status.success() {
                break;
            }
        }
    }
    assert!(steps > 50, "only {steps} steps: is this a debug build?");
}

#[test]
fn rollback_and_prune() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    for _ in 0..3 {
        sandbox.succeeds(&["renew", "a.internal", "--now", "-q"]);
    }
    change(&sandbox, &["rollback", "a.internal", "-q"], 15, |sandbox| {
        leads_to(sandbox, "live/a.internal", "0003") || leads_to(sandbox, "live/a.internal", "0002")
    });
    let count =
        |sandbox: &Sandbox| fs::read_dir(sandbox.path("pki/archive/live/a.internal")).unwrap().count();
    change(&sandbox, &["prune", "-q"], 3, |sandbox| count(sandbox) == 2);
}

#[test]
fn ca_renew() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    for name in ["issuing", "root"] {
        let link = format!("ca/{name}");
        change(&sandbox, &["ca", "renew", name, "-q"], 30, |sandbox| !leads_to(sandbox, &link, "0001"));
    }
}

/// Numbers of all lists on record, in order.
fn crl_numbers(sandbox: &Sandbox) -> Vec<u64> {
    let lines = sandbox.read("pki/inventory.jsonl");
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter(|line| line["event"] == "crl").map(|line| line["number"].as_u64().unwrap()).collect()
}

/// A revocation is on record or not; a list that is there is whole and its CA's; what is on record gets into the next one;
/// no number is given twice.
#[test]
fn revoke_and_crl() {
    let prepared = Sandbox::with_authorities();
    prepared.succeeds(&["issue", "client", "a", "-q"]);
    prepared.succeeds(&["issue", "client", "b", "-q"]);
    prepared.succeeds(&["revoke", "b", "-q"]);
    let now = time::OffsetDateTime::now_utc() + time::Duration::MINUTE;
    for args in [&["revoke", "a", "-q"][..], &["crl", "issuing", "-q"]] {
        for kind in ["stop", "error"] {
            for number in 1.. {
                let sandbox = Sandbox::new();
                copy(&prepared.path("."), sandbox.root());
                let fault = format!("{kind}:{number}");
                let when = format!("pkit {args:?} with {fault}");
                let came_through =
                    sandbox.command(args).env("PKIT_FAULT", &fault).output().unwrap().status.success();
                sound(&sandbox, &when);
                let store = Store::open(&sandbox.path("pki")).unwrap();
                let issuing = store.authority("issuing").unwrap();
                let serial = |name| store.leaf(name).unwrap().fullchain[0].serial().to_vec();
                let list = store.crl(&issuing, now).unwrap();
                assert!(list.lookup(&serial("b")).is_some(), "{when}");
                let given = crl_numbers(&sandbox);
                assert!(list.number().unwrap() <= *given.last().unwrap(), "{when}");
                if came_through && args[0] == "revoke" {
                    assert!(list.lookup(&serial("a")).is_some(), "{when}: it said done");
                }
                // Said again, it is done; and what was done is not undone.
                sandbox.succeeds(args);
                let list = store.crl(&issuing, now).unwrap();
                assert_eq!(list.lookup(&serial("a")).is_some(), args[0] == "revoke", "{when}, again");
                let all = crl_numbers(&sandbox);
                assert!(all.is_sorted_by(|one, two| one < two), "{when}: {all:?}");
                assert_eq!(list.number(), all.last().copied(), "{when}");
                let set = fs::read_dir(sandbox.path("pki/ca/issuing")).unwrap();
                assert_eq!(set.count(), 4, "{when}: a temporary file is left");
                assert_eq!(sandbox.run(&["check"]).status.code(), Some(0), "{when}, again");
                if came_through {
                    assert!(number > 4, "only {number} steps: is this a debug build?");
                    break;
                }
            }
        }
    }
}

#[test]
fn request() {
    for number in 1.. {
        let sandbox = Sandbox::new();
        let args = ["request", "a.internal", "--out", "out"];
        let output = sandbox.command(&args).env("PKIT_FAULT", format!("error:{number}")).output().unwrap();
        let count = fs::read_dir(sandbox.path("out")).map(Iterator::count).unwrap_or(0);
        if output.status.success() {
            assert_eq!(count, 2);
            assert!(number > 5);
            break;
        }
        assert_eq!(count, 0, "error:{number} left files");
    }
}

#[test]
fn check_repair() {
    let prepared = Sandbox::with_authorities();
    prepared.succeeds(&["issue", "client", "done", "-q"]);
    fs::remove_file(prepared.path("pki/live/done")).unwrap();
    fs::create_dir_all(prepared.path("pki/archive/live/half/0001")).unwrap();
    fs::write(prepared.path("pki/archive/live/half/0001/privkey.pem"), "half").unwrap();
    prepared.write("pki/.pkit-left", "x");
    let done = prepared.read("pki/inventory.jsonl").lines().last().unwrap().to_owned();
    prepared.write("pki/pending", done.replace("\"done\"", "\"half\"") + "\n");
    prepared.write(
        "pki/inventory.jsonl",
        format!("{}{}", prepared.read("pki/inventory.jsonl"), r#"{"v":1,"eve"#),
    );
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let fault = format!("{kind}:{number}");
            let output = sandbox.command(&["check", "--repair"]).env("PKIT_FAULT", &fault).output().unwrap();
            sound(&sandbox, &fault);
            assert_eq!(sandbox.run(&["check", "--repair"]).status.code(), Some(0), "{fault}");
            assert!(sandbox.path("pki/live/done/cert.pem").exists(), "{fault}");
            if output.status.success() {
                assert!(number > 5);
                break;
            }
        }
    }
}

#[test]
fn quickstart_and_bundle() {
    for number in 1.. {
        let sandbox = Sandbox::new();
        let fault = format!("stop:{number}");
        let output = sandbox.command(&["quickstart", "-q"]).env("PKIT_FAULT", &fault).output().unwrap();
        sound(&sandbox, &fault);
        if sandbox.path("pki/inventory.jsonl").exists() {
            // Four sets, or none, after the next writer.
            sandbox.run(&["check", "--repair"]);
            let sets = ["ca/quickstart-root", "ca/quickstart-issuing", "live/localhost", "live/client"];
            let there = sets.iter().filter(|set| sandbox.path("pki").join(set).exists()).count();
            assert!(there == 0 || there == 4, "{fault}: {there} of 4");
        }
        if output.status.success() {
            assert!(number > 40);
            break;
        }
    }
    let prepared = Sandbox::with_authorities();
    prepared.succeeds(&["issue", "server", "a.internal", "-q"]);
    prepared.write("old.pem", "old");
    for kind in ["stop", "error"] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let args = [
                "bundle",
                "pki/live/a.internal/fullchain.pem",
                "pki/ca/root/cert.pem",
                "--force",
                "-q",
                "-o",
                "old.pem",
            ];
            let output =
                sandbox.command(&args).env("PKIT_FAULT", format!("{kind}:{number}")).output().unwrap();
            let now = sandbox.read("old.pem");
            assert!(
                now == "old" || now == sandbox.read("pki/live/a.internal/fullchain.pem"),
                "{kind}:{number}: {now}"
            );
            if output.status.success() {
                assert!(number > 3);
                break;
            }
        }
    }
}

#[test]
fn a_copy_outside_is_whole_or_absent() {
    let prepared = Sandbox::with_authorities();
    for number in 1.. {
        let sandbox = Sandbox::new();
        copy(&prepared.path("."), sandbox.root());
        let args = [
            "issue",
            "server",
            "a.internal",
            "--issuer",
            "pki/ca/root/cert.pem",
            "--issuer-key",
            "pki/ca/root/key.pem",
            "--out",
            "out",
        ];
        let output = sandbox.command(&args).env("PKIT_FAULT", format!("error:{number}")).output().unwrap();
        let count = fs::read_dir(sandbox.path("out")).map(Iterator::count).unwrap_or(0);
        if output.status.success() {
            assert_eq!(count, 5);
            assert!(number > 10);
            break;
        }
        assert_eq!(count, 0, "error:{number} left files");
    }
}

/// A key file whose passphrase changes is, whatever happens, the old one or the new one.
#[test]
fn a_passphrase_changes_or_not() {
    let sandbox = Sandbox::new();
    sandbox.write("phrase", "correct horse\n");
    sandbox.succeeds(&["key", "generate", "-o", "plain.pem", "-q"]);
    let plain = sandbox.read("plain.pem");
    let change = ["key", "passphrase", "key.pem", "--new-passphrase-file", "phrase", "-q"];
    for kind in ["stop", "error"] {
        for number in 1.. {
            sandbox.write("key.pem", &plain);
            let fault = format!("{kind}:{number}");
            let before = fs::read_dir(sandbox.root()).unwrap().count();
            let output = sandbox.command(&change).env("PKIT_FAULT", &fault).output().unwrap();
            let now = sandbox.read("key.pem");
            if now != plain {
                sandbox.succeeds(&[
                    "key",
                    "passphrase",
                    "key.pem",
                    "--remove",
                    "--passphrase-file",
                    "phrase",
                    "-q",
                ]);
                assert_eq!(sandbox.read("key.pem"), plain, "{fault}");
            }
            let left = fs::read_dir(sandbox.root()).unwrap().count();
            assert!(left == before || kind == "stop", "{fault}: a temporary file is left");
            if output.status.success() {
                assert!(now != plain && number > 2, "{fault}: it said done");
                break;
            }
        }
    }
}

/// Each phase of a rollover, with a list and a cross-certificate.
#[test]
fn ca_rotate() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal", "-q"]);
    sandbox.succeeds(&["crl", "root", "-q"]);
    let anchors = |sandbox: &Sandbox, count: usize| {
        let of = |name: &str| load_certificates(&sandbox.path("pki/live").join(name).join("ca.pem")).unwrap();
        // That which is issued meanwhile trusts no less.
        ["a.internal", "next"]
            .iter()
            .all(|name| !sandbox.path("pki/live").join(name).exists() || of(name).len() == count)
    };
    let reached = |sandbox: &Sandbox, phase: &str| {
        sandbox.path("pki/rotations").exists() && sandbox.read("pki/rotations").contains(phase)
    };
    let begin = ["ca", "rotate", "root", "--cross-sign", "-q"];
    change(&sandbox, &begin, 25, |sandbox| {
        let made =
            ["root+_g2/crl.pem", "root+_g2+by+root/cert.pem"].map(|file| sandbox.path("pki/ca").join(file));
        reached(sandbox, "trust-both") && made.iter().all(|file| file.exists()) && anchors(sandbox, 2)
    });
    sandbox.succeeds(&begin);
    let issue = ["ca", "rotate", "root", "--phase", "issue-from-new", "-q"];
    change(&sandbox, &issue, 20, |sandbox| {
        reached(sandbox, "issue-from-new") && leads_to(sandbox, "ca/issuing", "0002") && anchors(sandbox, 2)
    });
    sandbox.succeeds(&issue);
    let drop = ["ca", "rotate", "root", "--phase", "drop-old", "--force", "-q"];
    change(&sandbox, &drop, 8, |sandbox| reached(sandbox, "drop-old") && anchors(sandbox, 1));
}

/// Files for a program: all or none where something fails, each whole where the process is stopped; `--force` goes on from there.
#[test]
fn an_export() {
    let prepared = Sandbox::with_authorities();
    prepared.succeeds(&["issue", "server", "a.internal", "-q"]);
    let files = ["fullchain.pem", "ca.pem", "privkey.pem"];
    let export = ["export", "a.internal", "--for", "nginx", "--out", "tls", "-q"];
    for (kind, force) in [("stop", false), ("error", false), ("stop", true), ("error", true)] {
        for number in 1.. {
            let sandbox = Sandbox::new();
            copy(&prepared.path("."), sandbox.root());
            let args = [&export[..], if force { &["--force"][..] } else { &[] }].concat();
            let when = format!("{kind}:{number}, {force}");
            let output =
                sandbox.command(&args).env("PKIT_FAULT", format!("{kind}:{number}")).output().unwrap();
            let there: Vec<bool> = files.iter().map(|file| sandbox.path("tls").join(file).exists()).collect();
            for (file, _) in files.iter().zip(&there).filter(|(_, there)| **there) {
                assert_eq!(
                    sandbox.read(&format!("tls/{file}")),
                    sandbox.read(&format!("pki/live/a.internal/{file}"))
                );
            }
            if kind == "error" && !force {
                assert!(there.iter().all(|one| *one == there[0]), "{when}: {there:?}");
                assert!(there[0] || !sandbox.path("tls").exists(), "{when}: an empty directory is left");
            }
            sandbox.succeeds(&[&export[..], &["--force"]].concat());
            assert!(files.iter().all(|file| sandbox.path("tls").join(file).exists()), "{when}, again");
            if output.status.success() {
                assert!(number > 8 && there.iter().all(|one| *one), "{when}: it said done");
                break;
            }
        }
    }
}
