//! What looking at a large tree costs: `cargo bench --bench expiry`. Makes 100,000 files with a certificate each, reads them as
//! `cat` does, and asks what is due.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use pkit::{
    cert::Certificate,
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::Name,
    origin::Origin,
    profile::Profile,
    validity::{End, Span},
};
use rayon::prelude::*;
use ring::rand::SystemRandom;
use time::{OffsetDateTime, macros::datetime};

const FILES: usize = 100_000;
const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

fn leaf(issuer: &Issuer, key: &PrivateKey, number: usize) -> Certificate {
    let name = format!("device-{number:06}.fleet.internal");
    let mut request = Request::new(
        Kind::Leaf(Profile::Server),
        Name::from_common_name(&name).unwrap(),
        End::After(Span::days(60 + number as u64 % 300)),
    );
    request.sans = vec![name.parse().unwrap()];
    let plan = plan(request, Some(issuer), NOW).unwrap();
    plan.sign(key.public(), issuer, &SystemRandom::new()).unwrap()
}

fn make(tree: &Path) {
    let random = SystemRandom::new();
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    let request =
        Request::new(Kind::Root, Name::from_common_name("Fleet Root").unwrap(), End::After(Span::years(10)));
    let root = plan(request, None, NOW).unwrap().sign_root(&key, &random).unwrap();
    let issuer = Issuer::new(root.clone(), &[], key, Origin::named("key"), NOW).unwrap();
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    fs::write(tree.join("root.pem"), root.to_pem()).unwrap();
    (0..FILES / 1000).into_par_iter().for_each(|part| {
        let directory = tree.join(format!("{part:03}"));
        fs::create_dir(&directory).unwrap();
        for number in part * 1000..(part + 1) * 1000 {
            fs::write(directory.join(format!("{number:06}.pem")), leaf(&issuer, &key, number).to_pem())
                .unwrap();
        }
    });
}

fn measure(label: &str, command: &mut Command) {
    let usage = || getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |value: nix::sys::time::TimeVal| value.tv_sec() as f64 + value.tv_usec() as f64 / 1e6;
    let both = |usage: Usage| (seconds(usage.user_time()), seconds(usage.system_time()));
    let (before, start) = (both(usage()), Instant::now());
    let status = command.stdout(Stdio::null()).stdin(Stdio::null()).status().unwrap();
    let (after, wall) = (both(usage()), start.elapsed().as_secs_f64());
    let (user, system) = (after.0 - before.0, after.1 - before.1);
    // The most of all so far; the first is the smallest.
    let memory = usage().max_rss() / 1024;
    println!(
        "{label:44} {:5.2} s CPU ({user:.2} user, {system:.2} system), {wall:5.2} s wall, at most {memory} MiB, {status}",
        user + system
    );
}

fn main() {
    let directory = std::env::var_os("PKIT_BENCH_TREE").map(std::path::PathBuf::from);
    let made = tempfile::tempdir().unwrap();
    let tree = directory.unwrap_or_else(|| made.path().join("tree"));
    if !tree.exists() {
        fs::create_dir_all(&tree).unwrap();
        make(&tree);
    }
    let pkit = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
        command.args(["expiry", "--at", "2027-01-02"]).args(args).arg(&tree);
        command
    };
    // Once, so that all find the files in memory.
    File::open(tree.join("root.pem")).unwrap();
    let all = format!("find {} -type f -print0 | xargs -0 cat", tree.display());
    Command::new("sh").args(["-c", &all]).stdout(Stdio::null()).status().unwrap();
    measure("cat", Command::new("sh").args(["-c", &all]));
    for format in ["table", "json", "csv", "nagios", "prometheus", "html", "ics"] {
        measure(&format!("pkit expiry --format {format}"), &mut pkit(&["--format", format]));
    }
    measure("pkit expiry --quiet", &mut pkit(&["--quiet"]));
}
