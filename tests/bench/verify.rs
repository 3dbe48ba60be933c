//! What verification costs: `cargo bench --bench verify`. One chain and 10,000 leaves of one CA as processes, and chains that
//! are made to keep a validator busy.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[allow(dead_code)]
#[path = "../verify/made.rs"]
mod made;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use made::{AUTHORITY_KEY, Chain, SUBJECT_KEY, name};
use nix::sys::resource::{UsageWho, getrusage};
use pkit::{
    cert::Certificate,
    origin::Origin,
    verify::{Demands, Purpose, Question, Rules, verify_by},
};

const MANY: usize = 10_000;
const AT: &str = "2027-06-01";

/// User CPU, system CPU and wall of `times` runs, in milliseconds each.
fn run(directory: &Path, args: &[String], times: usize) -> [f64; 3] {
    let usage = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        [usage.user_time(), usage.system_time()]
            .map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3)
    };
    let (before, start) = (usage(), Instant::now());
    for _ in 0..times {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
        let status = command.args(args).current_dir(directory).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "{args:?}");
    }
    let (after, times) = (usage(), times as f64);
    let wall = start.elapsed().as_secs_f64() * 1e3;
    [(after[0] - before[0]) / times, (after[1] - before[1]) / times, wall / times]
}

fn tell(what: &str, [user, system, wall]: [f64; 3]) {
    println!("{what:46} {user:8.2} ms user  {system:8.2} ms system  {wall:8.2} ms wall");
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der, Origin::named("made")).unwrap()
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let chain = Chain::new();
    let [leaf, ca, root] = chain.certificates().unwrap();
    for (file, certificate) in [("leaf.pem", &leaf), ("ca.pem", &ca), ("root.pem", &root)] {
        fs::write(directory.join(file), certificate.to_pem()).unwrap();
    }
    let mut leaves = Vec::new();
    for number in 0..MANY {
        let mut leaf = chain.leaf.clone();
        leaf.serial = vec![1, (number >> 8) as u8, number as u8];
        let file = format!("{number}.pem");
        fs::write(directory.join(&file), certificate(&leaf.sign(&chain.keys[1])).to_pem()).unwrap();
        leaves.push(file);
    }
    let verify = |more: &[&str], leaves: &[String]| {
        let fixed = ["verify", "--quiet", "--roots", "root.pem", "--intermediates", "ca.pem", "--at", AT];
        let fixed = fixed.iter().chain(more).map(|arg| (*arg).to_owned());
        fixed.chain(leaves.iter().cloned()).collect::<Vec<_>>()
    };
    let server = ["--purpose", "server"];
    let alone = ["--purpose", "server", "--no-rustls"];
    tell("pkit --version", run(directory, &["--version".to_owned()], 200));
    tell("one chain", run(directory, &verify(&server, &leaves[..1]), 200));
    tell("one chain, without rustls", run(directory, &verify(&alone, &leaves[..1]), 200));
    tell(&format!("{MANY} leaves"), run(directory, &verify(&server, &leaves), 3));
    tell(&format!("{MANY} leaves, without rustls"), run(directory, &verify(&alone, &leaves), 3));

    // A hundred CAs of one name, with one key or each with its own, that sign each other and are signed by no root.
    for (what, own_keys) in [("one key", false), ("keys of their own", true)] {
        let keys: Vec<_> = (0..100).map(|_| made::key()).collect();
        let pool: Vec<_> = (0..100usize)
            .map(|number| {
                let mut ca = chain.ca.clone();
                (ca.serial, ca.issuer) = (vec![number as u8 + 1], name("Issuing"));
                ca.remove(AUTHORITY_KEY);
                ca.remove(SUBJECT_KEY);
                let (own, signer) = if own_keys { (number, (number + 1) % 100) } else { (0, 0) };
                ca.spki = keys[own].public().spki().to_vec();
                certificate(&ca.sign(&keys[signer]))
            })
            .collect();
        let leaf = certificate(&chain.leaf.sign(&keys[0]));
        let anchors = std::slice::from_ref(&root);
        let at = pkit::validity::parse_time("2027-06-01T00:00:00Z").unwrap();
        let question = Question { anchors, intermediates: &pool, purpose: Purpose::Server, host: None, at };
        let start = Instant::now();
        let verdict = verify_by(&leaf, &question, &Demands { rules: Rules::Rfc5280, ..Demands::default() });
        let wall = start.elapsed().as_secs_f64() * 1e3;
        assert!(!verdict.accepted);
        println!("100 CAs of one name, {what:25} {wall:8.2} ms wall");
    }
}
