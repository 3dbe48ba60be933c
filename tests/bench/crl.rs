//! What revocation costs: `cargo bench --bench crl`. Makes a PKI directory with 1,000,000 certificates revoked, makes its CRL
//! and has openssl read it, and revokes one more there and in an empty one.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use nix::sys::resource::{UsageWho, getrusage};

const MANY: u64 = 1_000_000;

/// User CPU, system CPU and wall, in milliseconds.
fn run(directory: &Path, program: &str, args: &[&str]) -> [f64; 3] {
    let usage = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        [usage.user_time(), usage.system_time()]
            .map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3)
    };
    let (before, start) = (usage(), Instant::now());
    let mut command = Command::new(program);
    let status =
        command.args(args).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "{program} {args:?}");
    let ([user, system], after) = (before, usage());
    [after[0] - user, after[1] - system, start.elapsed().as_secs_f64() * 1e3]
}

fn tell(what: &str, [user, system, wall]: [f64; 3]) {
    println!("{what:46} {user:8.1} ms user  {system:8.1} ms system  {wall:8.1} ms wall");
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let pkit = |args: &[&str]| run(directory, env!("CARGO_BIN_EXE_pkit"), args);
    pkit(&["ca", "root", "root", "--unencrypted"]);
    for name in ["a", "b", "c"] {
        pkit(&["issue", "client", name]);
    }
    tell("revoke --no-crl, nothing on record", pkit(&["revoke", "a", "--no-crl"]));
    tell("revoke, nothing on record", pkit(&["revoke", "b"]));

    let inventory = directory.join("pki/inventory.jsonl");
    let text = std::fs::read_to_string(&inventory).unwrap();
    let issued = text.lines().find(|line| line.contains("\"name\":\"a\"")).unwrap();
    let revoked = text.lines().find(|line| line.contains("\"event\":\"revoked\"")).unwrap();
    let serial = |line: &str| line.split("\"serial\":\"").nth(1).unwrap()[..40].to_owned();
    let mut file = BufWriter::new(OpenOptions::new().append(true).open(&inventory).unwrap());
    for (line, old) in [(issued, serial(issued)), (revoked, serial(revoked))] {
        let (before, after) = line.split_once(&old).unwrap();
        for number in 0..MANY {
            // Spread as random ones are.
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            writeln!(file, "{before}4{mixed:016x}{:023x}{after}", number).unwrap();
        }
    }
    file.flush().unwrap();
    drop(file);
    let size = std::fs::metadata(&inventory).unwrap().len() >> 20;
    println!("\n{MANY} issued and revoked: an inventory of {size} MiB");
    tell("revoke --no-crl", pkit(&["revoke", "c", "--no-crl", "--reason", "superseded"]));
    tell("crl", pkit(&["crl"]));
    let size = std::fs::metadata(directory.join("pki/ca/root/crl.pem")).unwrap().len() >> 20;
    tell(&format!("crl again, over one of {size} MiB"), pkit(&["crl"]));
    tell("revoke, said again", pkit(&["revoke", "c"]));
    tell("crl --bundle", pkit(&["crl", "--bundle", "root"]));
    tell("list", pkit(&["list"]));
    let verify = ["crl", "-in", "pki/ca/root/crl.pem", "-CAfile", "pki/ca/root/cert.pem", "-noout"];
    tell("openssl crl -verify", run(directory, "openssl", &verify));
}
