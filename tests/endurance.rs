//! The store under kills, full disks and many processes; serve-test under idle clients and rotations. Long, so it does not run by itself:
//! `cargo test --test endurance -- --ignored`. Linux; mounting a small file system needs root.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]
#![cfg(target_os = "linux")]

mod sandbox;
mod visitor;

use std::{
    collections::HashSet,
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use pkit::{
    cert::decode_certificates,
    issue::{Kind, Pointers, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey, decode_private_key, no_passphrase},
    name::Name,
    origin::Origin,
    profile::Profile,
    renew::{Changes, Old, Signing},
    store::{Generation, LeafFiles, Shelf, Store, Wait},
    validity::{End, Span},
};
use sandbox::Sandbox;
use visitor::{Process, Visitor};

/// `pkit check` finds nothing, or only what the next writer ends.
fn sound(sandbox: &Sandbox) {
    let output = sandbox.run(&["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What every line of the inventory says under this name. A kill can tear a line, where it crosses a page; the next writer
/// sets it aside, and says so in the line below.
fn told(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let inventory = sandbox.read("pki/inventory.jsonl");
    let lines: Vec<_> = inventory.lines().map(serde_json::from_str::<serde_json::Value>).collect();
    let mut told = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match line {
            Ok(value) => told.extend(value[name].as_str().map(str::to_owned)),
            Err(error) => {
                let below = lines.get(index + 1).and_then(|line| line.as_ref().ok());
                assert!(
                    below.is_some_and(|value| value["event"] == "set-aside"),
                    "line {}: {error}",
                    index + 1
                );
            }
        }
    }
    told
}

fn serials(sandbox: &Sandbox) -> Vec<String> {
    told(sandbox, "serial")
}

#[test]
#[ignore = "long"]
fn two_and_eight_processes_side_by_side() {
    for workers in [2, 8] {
        let sandbox = Sandbox::with_authorities();
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    for number in 0..200 {
                        sandbox.succeeds(&[
                            "issue",
                            "client",
                            &format!("c{worker}-{number}"),
                            "-q",
                            "--lock-timeout",
                            "5m",
                        ]);
                    }
                });
            }
        });
        let serials = serials(&sandbox);
        assert_eq!(serials.len(), workers * 200 + 2, "a record was lost");
        assert_eq!(
            serials.iter().collect::<HashSet<_>>().len(),
            serials.len(),
            "a serial number was given twice"
        );
        sound(&sandbox);
    }
}

#[test]
#[ignore = "long"]
fn renewals_side_by_side() {
    let sandbox = Sandbox::with_authorities();
    for name in ["a", "b", "c"] {
        sandbox.succeeds(&["issue", "client", name, "-q"]);
    }
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in 0..25 {
                    let wait = ["-q", "--lock-timeout", "5m"];
                    let run = |args: &[&str]| sandbox.run(&[args, &wait].concat());
                    let output = match (worker + number) % 5 {
                        0 => run(&["renew", "--all", "--now"]),
                        1 => run(&["renew", "a", "b", "--now"]),
                        2 => run(&["ca", "renew", "issuing"]),
                        3 => run(&["prune"]),
                        _ => run(&["rollback", "a"]),
                    };
                    let told = String::from_utf8_lossy(&output.stderr);
                    // There may be none before, or another has pruned it.
                    let no_way_back = told.contains("no generation to go back to");
                    assert!(output.status.success() || no_way_back, "{told}");
                }
            });
        }
    });
    sound(&sandbox);
    for name in ["a", "b", "c"] {
        let history = sandbox.succeeds(&["list", "--history", name, "--json"]);
        let history: serde_json::Value = serde_json::from_str(&history).unwrap();
        let history = history["history"].as_array().unwrap();
        let mut in_use = "";
        let mut given = HashSet::new();
        for event in history {
            // Each says whose place it takes, and that is who was in use.
            assert_eq!(event["replaces"].as_str().unwrap_or_default(), in_use, "{name}: {event}");
            in_use = event["serial"].as_str().unwrap();
            let anew = given.insert(event["generation"].as_u64().unwrap());
            assert_eq!(anew, event["event"] != "rolled-back", "{name}: a number was given twice: {event}");
        }
        assert!(name != "a" || history.len() > 20, "only {} events", history.len());
    }
}

#[test]
#[ignore = "long"]
fn killed_two_hundred_times() {
    let sandbox = Sandbox::with_authorities();
    // How long one takes, so that the kills hit all of it.
    let start = std::time::Instant::now();
    sandbox.succeeds(&["issue", "client", "measure", "-q"]);
    let whole = start.elapsed();
    let mut done = 0;
    for number in 0..200u32 {
        let name = format!("k{number}");
        let mut child =
            sandbox.command(&["issue", "client", &name, "-q"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(f64::from(number * 7919 % 200) / 180.0));
        let _ = child.kill();
        let came_through = child.wait().unwrap().success();
        done += u32::from(came_through);
        let link = sandbox.path("pki/live").join(&name);
        assert!(!came_through || link.join("privkey.pem").exists(), "{name} said done and is not there");
    }
    sandbox.succeeds(&["issue", "client", "last", "-q"]);
    assert!(done > 0 && done < 200, "{done} of 200 came through: the kills did not hit");
    // Names that were killed before their record can be issued now; the others are there.
    for number in 0..200 {
        let name = format!("k{number}");
        if !sandbox.path("pki/live").join(&name).exists() {
            sandbox.succeeds(&["issue", "client", &name, "-q"]);
        }
    }
    let serials = serials(&sandbox);
    assert_eq!(serials.len(), 204, "root, issuing, measure, last and two hundred");
    assert_eq!(serials.iter().collect::<HashSet<_>>().len(), 204);
    // Temporary names that a kill left are mended; nothing else is wrong.
    sandbox.run(&["check", "--repair"]);
    sound(&sandbox);
}

#[test]
#[ignore = "long"]
fn a_batch_killed_twenty_times() {
    let sandbox = Sandbox::with_authorities();
    let rows: String = (0..2000).map(|number| format!("d{number}\n")).collect();
    sandbox.write("fleet.csv", format!("name\n{rows}"));
    let args = ["issue", "client", "--batch", "fleet.csv", "-q"];
    let mut killed = 0;
    for number in 0..20u64 {
        let mut child = sandbox.command(&args).stderr(Stdio::null()).spawn().unwrap();
        // Long enough that some come to their second group, short enough that the last finds something to do.
        std::thread::sleep(std::time::Duration::from_millis(20 + number * 7919 % 180));
        let _ = child.kill();
        killed += u32::from(!child.wait().unwrap().success());
    }
    assert!(killed > 10, "only {killed} of 20 were killed at work");
    sandbox.succeeds(&args);
    sandbox.run(&["check", "--repair"]);
    sound(&sandbox);
    let names = told(&sandbox, "name");
    assert_eq!(names.len(), 2002, "root, issuing and the fleet");
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 2002, "a name was made twice");
}

/// A small file system of its own, unmounted at the end.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        let status = mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).status();
        assert!(status.is_ok_and(|status| status.success()), "this test needs the right to mount (root)");
        Self(at.to_owned())
    }

    fn remount(&self, how: &str) {
        assert!(
            Command::new("mount")
                .args(["-o", &format!("remount,{how}")])
                .arg(&self.0)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_and_a_read_only_one() {
    let sandbox = Sandbox::new();
    let disk = Disk::mount(&sandbox.path("disk"), "256k");
    let pki = ["--pki", "disk/pki"];
    let run = |args: &[&str]| sandbox.run(&[args, &pki].concat());
    assert!(run(&["ca", "root", "root", "--unencrypted", "-q"]).status.success());
    // Leave room for one page after the other, so that the disk is full at another step each time.
    let mut failures = 0;
    for pages in 0..40 {
        let filler = sandbox.path("disk/filler");
        let mut bytes = Vec::new();
        fs::write(&filler, &bytes).unwrap();
        loop {
            bytes.resize(bytes.len() + 4096, 0);
            if fs::write(&filler, &bytes).is_err() {
                break;
            }
        }
        bytes.truncate(bytes.len().saturating_sub(4096 * (1 + pages)));
        fs::write(&filler, &bytes).unwrap();
        let name = format!("n{pages}");
        let output = run(&["issue", "client", &name]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            assert!(sandbox.path("disk/pki/live").join(&name).join("privkey.pem").exists());
            break;
        }
        failures += 1;
        assert!(output.status.code() == Some(2) && told.contains("cannot be written"), "{told}");
        assert!(told.contains("no space") || told.contains("storage"), "{told}");
        fs::remove_file(&filler).unwrap();
        // With room again, the next command ends what could not be taken back.
        assert!(run(&["issue", "client", &format!("after-{pages}"), "-q"]).status.success());
        assert!(!sandbox.path("disk/pki/live").join(&name).exists(), "{name} failed and is there");
        let check = run(&["check"]);
        assert!(check.status.success(), "{pages}: {}", String::from_utf8_lossy(&check.stdout));
        for entry in fs::read_dir(sandbox.path("disk/pki/live")).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            fs::remove_file(sandbox.path("disk/pki/live").join(&name)).unwrap();
            fs::remove_dir_all(sandbox.path("disk/pki/archive/live").join(&name)).unwrap();
        }
        let header = sandbox.read("disk/pki/inventory.jsonl").lines().take(2).collect::<Vec<_>>().join("\n");
        fs::write(sandbox.path("disk/pki/inventory.jsonl"), format!("{header}\n")).unwrap();
    }
    assert!(failures > 3, "the disk was full {failures} times only");

    disk.remount("ro");
    for reading in [&["ca", "list"][..], &["list"], &["expiry", "disk/pki"], &["check"]] {
        let output = run(reading);
        assert!(output.status.success(), "{reading:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let output = run(&["issue", "client", "x"]);
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("read-only"));
    disk.remount("rw");
}

#[test]
#[ignore = "long"]
fn a_reader_never_sees_a_mixed_pair() {
    let sandbox = Sandbox::new();
    let now = time::OffsetDateTime::now_utc();
    let random = ring::rand::SystemRandom::new();
    let store = Store::open_or_create(&sandbox.path("pki"), now).unwrap();
    let request = |kind, name: &str| {
        Request::new(kind, Name::from_common_name(name).unwrap(), End::After(Span::days(30)))
    };
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    let root = plan(request(Kind::Root, "root"), None, now).unwrap().sign_root(&key, &random).unwrap();
    let issuer = Issuer::new(root, &[], key, Origin::named("test"), now).unwrap();
    let write = |generation: Generation| {
        store.write(&mut Wait::default()).unwrap().commit(vec![generation]).unwrap();
    };
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    let planned = plan(request(Kind::Leaf(Profile::Client), "a"), Some(&issuer), now).unwrap();
    let certificate = planned.sign(key.public(), &issuer, &random).unwrap();
    let files = LeafFiles::new(&certificate, key.to_pem(), &issuer);
    write(Generation::leaf("a", Profile::Client, &certificate, &files, ("root", &issuer), now));
    let renew = || {
        let lineage = store.lineage(Shelf::Live, "a").unwrap();
        let old = Old::find(&store, "a", Some(&lineage), &[], now).unwrap();
        let by = Signing { name: "root", issuer: &issuer, pointers: Pointers::default() };
        let mut nobody = || unreachable!("the key is under no passphrase");
        let usual = End::After(Span::days(30));
        let new = old.renew(&Changes::default(), &by, usual, &mut nobody, &random, now);
        write(new.unwrap().generation);
    };
    let (over, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let link = sandbox.path("pki/live/a");
            while !over.load(Ordering::Relaxed) {
                // Opened once, as a server does that reloads.
                let set = fs::File::open(&link).unwrap();
                let read = |name: &str| {
                    let fd = rustix::fs::openat(
                        set.as_fd(),
                        name,
                        rustix::fs::OFlags::RDONLY,
                        rustix::fs::Mode::empty(),
                    );
                    let mut bytes = Vec::new();
                    fs::File::from(fd.unwrap()).read_to_end(&mut bytes).unwrap();
                    bytes
                };
                let origin = Origin::named("read");
                let certificate = decode_certificates(&read("fullchain.pem"), &origin).unwrap().remove(0);
                let key = decode_private_key(&read("privkey.pem"), &origin, &mut no_passphrase()).unwrap();
                assert!(key.public() == certificate.public_key(), "a mixed pair");
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..1000 {
            renew();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(reads.load(Ordering::Relaxed) > 1000, "the reader read {reads:?} times only");
    let listed = sandbox.succeeds(&["list", "--json"]);
    assert_eq!(listed.matches("\"superseded\"").count(), 1000);
}

/// Resident memory of a process, in bytes.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "long"]
fn ten_thousand_idle_clients() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(most > 11_000, "this test needs more descriptors than {most}");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "-q"]);
    sandbox.succeeds(&["issue", "client", "service-a", "-q"]);
    let process = Process::start(&sandbox, &["srv.internal", "--timeout", "5m", "--json"]);
    let visitor = Visitor::new(&sandbox, process.address).sending("service-a");
    assert!(visitor.visit("/").answer.is_some());
    let before = resident(process.id());
    // Those that say nothing, those that stop in their first message, and those that stop after the handshake.
    let silent: Vec<_> = (0..5000).map(|_| TcpStream::connect(process.address).unwrap()).collect();
    let half = || {
        let mut stream = TcpStream::connect(process.address).unwrap();
        let start = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 300]].concat();
        stream.write_all(&start).unwrap();
        stream
    };
    let half: Vec<_> = (0..3000).map(|_| half()).collect();
    let idle: Vec<_> = (0..2000).map(|_| visitor.begin().shake_hands()).collect();
    let held = resident(process.id()).saturating_sub(before);
    println!("10,000 idle clients: {} MB more, {} B each", held >> 20, held / 10_000);
    assert!(held < 160 << 20, "{held} bytes");
    // The others are served as if nobody was there.
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        assert!(visitor.visit("/").answer.is_some());
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    drop((silent, half, idle));
    let log = process.stop();
    let summary = log.lines().last().unwrap();
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
    let count = |name: &str| summary["summary"][name].as_u64().unwrap();
    // What ended while the server stopped may have ended in more than one way.
    assert_eq!(count("accepted") + count("failed") + count("empty"), 10_101, "{summary}");
    assert!(count("accepted") >= 101 && count("refused") == 0, "{summary}");
}

#[test]
#[ignore = "long"]
fn a_hundred_rotations_during_ten_thousand_handshakes() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "localhost", "-q"]);
    sandbox.succeeds(&["issue", "client", "service-a", "-q"]);
    let process = Process::start(&sandbox, &["srv.internal", "--reload", "--json"]);
    let serial = || visitor::identity(&sandbox, "srv.internal").leaf().unwrap().serial_hex();
    let serials = std::sync::Mutex::new(HashSet::from([serial()]));
    // By pkit's own hand: each is a new key, and a link that turns.
    let seen = visitor::rotate(&sandbox, process.address, 10_000, 100, |_| {
        sandbox.succeeds(&["renew", "srv.internal", "--now", "-q"]);
        serials.lock().unwrap().insert(serial());
    });
    let serials = serials.into_inner().unwrap();
    assert_eq!(serials.len(), 101);
    assert!(seen.is_subset(&serials), "somebody saw what never was");
    println!("{} of 101 generations were seen", seen.len());
    assert!(seen.len() > 50, "only {} of 101 generations were seen", seen.len());
    let log = process.stop();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(
        (&summary["accepted"], &summary["refused"], &summary["failed"]),
        (&10_000.into(), &0.into(), &0.into())
    );
    assert!(!log.contains("\"error\""), "a reload failed");
}
