//! What a long record costs: `cargo bench --bench inventory`. Makes a PKI directory with 1,000,000 records, issues into it and
//! into an empty one, and lists it.
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

fn pkit(directory: &Path, args: &[&str]) -> (f64, f64) {
    let usage = || getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = |usage: nix::sys::resource::Usage| {
        let (user, system) = (usage.user_time(), usage.system_time());
        (user.tv_sec() + system.tv_sec()) as f64 * 1e3 + (user.tv_usec() + system.tv_usec()) as f64 / 1e3
    };
    let (before, start) = (cpu(usage()), Instant::now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
    let status =
        command.args(args).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "{args:?}");
    (cpu(usage()) - before, start.elapsed().as_secs_f64() * 1e3)
}

fn issue(directory: &Path, prefix: &str) -> (f64, f64) {
    let mut walls = Vec::new();
    let mut total = 0.0;
    for index in 0..50 {
        let (cpu, wall) = pkit(directory, &["issue", "client", &format!("{prefix}{index}"), "-q"]);
        walls.push(wall);
        total += cpu;
    }
    walls.sort_by(f64::total_cmp);
    (total / 50.0, walls.get(25).copied().unwrap_or_default())
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    pkit(directory, &["ca", "root", "root", "--unencrypted"]);
    let (cpu, wall) = issue(directory, "a");
    println!("one certificate, no records       {cpu:8.2} ms CPU   median {wall:8.2} ms wall");

    let inventory = directory.join("pki/inventory.jsonl");
    let text = std::fs::read_to_string(&inventory).unwrap();
    let line = text.lines().last().unwrap().to_owned();
    let mut file = BufWriter::new(OpenOptions::new().append(true).open(&inventory).unwrap());
    for number in 0..1_000_000u32 {
        let line =
            line.replace("\"name\":\"a49\"", &format!("\"name\":\"device-{number:07}.fleet.internal\""));
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
    drop(file);
    let size = std::fs::metadata(&inventory).unwrap().len() >> 20;
    let (cpu, wall) = issue(directory, "b");
    println!(
        "one certificate, 1,000,000 records {cpu:7.2} ms CPU   median {wall:8.2} ms wall   (inventory {size} MiB)"
    );
    for args in [&["list"][..], &["list", "--json"], &["list", "device-0999999*"], &["ca", "list"]] {
        let (cpu, wall) = pkit(directory, args);
        println!("pkit {:28} {cpu:8.0} ms CPU   {wall:8.0} ms wall", args.join(" "));
    }
}
