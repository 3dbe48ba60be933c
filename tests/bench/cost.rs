//! What things cost: `cargo bench --bench cost`. CPU times are of the process doing the work, user and system apart. RSA keys
//! beside those of openssl: `cargo bench --bench cost -- rsa`. Handshakes alone: `-- handshake`; beside Go's, where Go is there.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};
use pkit::{
    cert::{load_anchors, load_certificates},
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey, load_private_key, no_passphrase},
    name::Name,
    origin::Origin,
    profile::Profile,
    tls::{
        Identity,
        probe::{Options, Verdict, probe},
    },
    validity::{End, Span},
};
use ring::rand::SystemRandom;
use time::OffsetDateTime;

/// User and system seconds.
fn cpu(who: UsageWho) -> (f64, f64) {
    let usage = getrusage(who).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    (seconds(usage.user_time()), seconds(usage.system_time()))
}

fn report(what: &str, count: u32, before: (f64, f64), after: (f64, f64), wall: Duration, bound: &str) {
    let each = 1e3 / f64::from(count);
    println!(
        "{what:44} {:8.3} ms user {:8.3} ms system {:8.3} ms wall   {bound}",
        (after.0 - before.0) * each,
        (after.1 - before.1) * each,
        wall.as_secs_f64() * each,
    );
}

fn request(kind: Kind, name: &str) -> Request {
    Request {
        sans: if kind == Kind::Leaf(Profile::Server) { vec!["localhost".parse().unwrap()] } else { vec![] },
        ..Request::new(kind, Name::from_common_name(name).unwrap(), End::After(Span::days(30)))
    }
}

/// Root, intermediate, server and client, all keys new, every chain verified.
fn set_of_four(random: &SystemRandom, now: OffsetDateTime) {
    let new_key = || PrivateKey::generate(KeyType::P256, random).unwrap();
    let origin = || Origin::named("bench");
    let key = new_key();
    let root = plan(request(Kind::Root, "root"), None, now).unwrap().sign_root(&key, random).unwrap();
    let root_issuer = Issuer::new(root.clone(), &[], key, origin(), now).unwrap();
    let key = new_key();
    let planned = plan(request(Kind::Intermediate, "intermediate"), Some(&root_issuer), now).unwrap();
    let intermediate = planned.sign(key.public(), &root_issuer, random).unwrap();
    let issuer = Issuer::new(intermediate, &[root], key, origin(), now).unwrap();
    for profile in [Profile::Server, Profile::Client] {
        let key = new_key();
        let planned = plan(request(Kind::Leaf(profile), "leaf"), Some(&issuer), now).unwrap();
        planned.sign(key.public(), &issuer, random).unwrap();
    }
}

fn in_process(what: &str, count: u32, bound: &str, mut work: impl FnMut()) {
    work();
    let (before, start) = (cpu(UsageWho::RUSAGE_SELF), Instant::now());
    for _ in 0..count {
        work();
    }
    report(what, count, before, cpu(UsageWho::RUSAGE_SELF), start.elapsed(), bound);
}

fn processes(what: &str, count: u32, bound: &str, mut arguments: impl FnMut(u32) -> Vec<String>) {
    let directory = std::env::current_dir().unwrap();
    let (before, start) = (cpu(UsageWho::RUSAGE_CHILDREN), Instant::now());
    for index in 0..count {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
        command.args(arguments(index)).current_dir(&directory).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success());
    }
    report(what, count, before, cpu(UsageWho::RUSAGE_CHILDREN), start.elapsed(), bound);
}

/// A server that ends after so many requests, and says on its first line where it listens.
fn start(mut command: Command, prefix: &str) -> (Child, SocketAddr) {
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (server, line.trim().strip_prefix(prefix).unwrap().parse().unwrap())
}

/// What one `pkit probe` costs, from its start to its verdict.
fn probe_processes(count: u32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
    command.args(words(&format!("serve-test s0.internal --listen 127.0.0.1:0 --count {count}")));
    let (mut server, address) = start(command, "listening on https://");
    let line = format!("probe localhost:{} --as client --quiet", address.port());
    // The server is waited for afterwards, so that its time does not count.
    processes("pkit probe", count, "user and system at most 4 ms", |_| words(&line));
    assert!(server.wait().unwrap().success());
}

/// Full mutual handshakes with a server, each with a request: what each side spends on one. By many hands, the wall time says whether
/// the server uses all cores, as far as the clients beside it leave it any.
fn handshakes(what: &str, count: u32, hands: u32, (mut server, address): (Child, SocketAddr)) {
    let set = Path::new("pki/live/client");
    let key = load_private_key(&set.join("privkey.pem"), &mut no_passphrase()).unwrap();
    let chain = load_certificates(&set.join("fullchain.pem")).unwrap();
    let options = Options {
        connect: Some(address.into()),
        identity: Some(Identity::new(chain, key, Origin::named("bench")).unwrap()),
        ..Options::new("localhost", address.port(), load_anchors(&[set.join("ca.pem")]).unwrap())
    };
    let (client, children) = (cpu(UsageWho::RUSAGE_SELF), cpu(UsageWho::RUSAGE_CHILDREN));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                for _ in 0..count / hands {
                    let report = probe(&options, Arc::new(OffsetDateTime::now_utc)).unwrap();
                    assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
                }
            });
        }
    });
    let wall = start.elapsed();
    assert!(server.wait().unwrap().success());
    report(what, count, children, cpu(UsageWho::RUSAGE_CHILDREN), wall, "");
    if what.ends_with("serve-test") {
        report("mutual handshake and request, probe", count, client, cpu(UsageWho::RUSAGE_SELF), wall, "");
    }
}

/// serve-test, and Go's net/http where Go is there, in turns.
fn servers(count: u32) {
    let ours = |options: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
        command.args(words(&format!("serve-test s0.internal --listen 127.0.0.1:0 --count {count}{options}")));
        start(command, "listening on https://")
    };
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/serve.go");
    let built = Command::new("go").args(["build", "-o", "serve-go", source]).status();
    let go = built.is_ok_and(|status| status.success());
    let theirs = || {
        let mut command = Command::new("./serve-go");
        let set = "pki/live/s0.internal";
        command.args(["fullchain.pem", "privkey.pem", "ca.pem"].map(|file| format!("{set}/{file}")));
        command.arg(count.to_string());
        start(command, "")
    };
    for _ in 0..2 {
        handshakes("mutual handshake and request, serve-test", count, 1, ours(""));
        match go {
            true => handshakes("mutual handshake and request, Go net/http", count, 1, theirs()),
            false => println!("Go is not there: its net/http is not measured"),
        }
    }
    handshakes("the same with --reload and a log", count, 1, ours(" --reload --access-log access.jsonl"));
    handshakes("the same by 4 hands at once, serve-test", count, 4, ours(""));
    if go {
        handshakes("the same by 4 hands at once, Go net/http", count, 4, theirs());
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// How long a whole process takes that makes an RSA key: medians, ours and openssl's in turns, because the search for
/// primes takes four times as long on a bad day as on a good one.
fn rsa_generation() {
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    for (bits, count) in [("2048", 20), ("3072", 12), ("4096", 8)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (kind, size) = (format!("rsa{bits}"), format!("rsa_keygen_bits:{bits}"));
        for _ in 0..count {
            let timed = |program: &str, arguments: &[&str]| {
                let start = Instant::now();
                let mut command = Command::new(program);
                assert!(
                    command
                        .args(arguments)
                        .stdout(Stdio::null())
                        .stderr(Stdio::null())
                        .status()
                        .unwrap()
                        .success()
                );
                start.elapsed()
            };
            let generate = ["key", "generate", "--key-type", &kind];
            ours.push(timed(env!("CARGO_BIN_EXE_pkit"), &generate));
            theirs.push(timed("openssl", &["genpkey", "-algorithm", "RSA", "-pkeyopt", &size]));
        }
        println!(
            "new RSA-{bits} key, median of {count}: pkit key generate {:.0} ms, openssl genpkey {:.0} ms",
            median(ours),
            median(theirs)
        );
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "rsa") {
        return rsa_generation();
    }
    let directory = tempfile::tempdir().unwrap();
    std::env::set_current_dir(&directory).unwrap();
    if std::env::args().any(|argument| argument == "handshake") {
        for line in [
            "ca root root --unencrypted",
            "ca intermediate issuing --unencrypted",
            "issue server s0.internal localhost 127.0.0.1",
            "issue client client",
        ] {
            processes("", 1, "", |_| words(line));
        }
        return servers(3000);
    }
    let random = SystemRandom::new();
    let now = OffsetDateTime::now_utc();
    in_process("root+intermediate+server+client, one process", 200, "user at most 7 ms", || {
        set_of_four(&random, now);
    });
    in_process("new P-256 key", 2000, "", || drop(PrivateKey::generate(KeyType::P256, &random).unwrap()));

    processes("pkit --version", 300, "wall at most 1.5 ms", |_| words("--version"));
    processes("pkit ca root (no passphrase)", 1, "", |_| words("ca root root --unencrypted"));
    processes("pkit ca intermediate (no passphrase)", 1, "", |_| {
        words("ca intermediate issuing --unencrypted")
    });
    processes("pkit issue server", 100, "user at most 3.3 ms", |index| {
        words(&format!("issue server s{index}.internal localhost 127.0.0.1"))
    });
    processes("pkit issue client", 1, "", |_| words("issue client client"));
    servers(3000);
    processes("pkit ca list", 100, "", |_| words("ca list"));
    probe_processes(100);
}
