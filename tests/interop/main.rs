//! What pkit makes, judged by others; what others make, read by pkit; handshakes with foreign peers. Needs openssl, curl, nginx,
//! haproxy, certtool, gpgsm, Go, mkcert, easy-rsa, Java's keytool, NSS's certutil and pk12util, chromium, systemd-analyze, Perl's
//! Monitoring::Plugin, a Python with what `requirements.txt` names (`PKIT_INTEROP_PYTHON`, else `python3`), and the servers and
//! clients of `recipe/`: a missing one is a failure. `.ci/run` installs them.
//! `cargo test --features interop --test interop`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod accepted;
mod audit;
mod clients;
mod crl;
mod csr;
mod daemon;
mod expiry;
mod import;
mod keys;
#[path = "../peer/mod.rs"]
mod peer;
mod pkcs12;
mod recipe;
mod renew;
mod revoked;
#[path = "../sandbox/mod.rs"]
mod sandbox;

mod handshake;
mod made;
mod servers;
mod terminal;
#[path = "../visitor/mod.rs"]
mod visitor;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use sandbox::Sandbox;

fn python() -> String {
    std::env::var("PKIT_INTEROP_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn script(name: &str) -> String {
    format!("{}/tests/interop/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a foreign program in the sandbox.
fn foreign(sandbox: &Sandbox, line: &str) -> Output {
    let words = shlex_split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(sandbox.root()).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{}: {error}; the interop suite needs it", words[0]))
}

fn shlex_split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| if word == "none" { String::new() } else { word.clone() }).collect()
}

/// Standard output of a foreign program that must succeed.
fn succeeds(sandbox: &Sandbox, line: &str) -> String {
    let output = foreign(sandbox, line);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "$ {line}\n{stdout}{stderr}");
    stdout
}

/// Asks a foreign program one question a line; it answers each with `ok` or `no: reason`, a line each.
fn ask(sandbox: &Sandbox, line: &str, questions: &[String]) -> Vec<String> {
    let words = shlex_split(line);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(sandbox.root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}; the interop suite needs it", words[0]));
    let mut stdin = child.stdin.take().unwrap();
    let lines = questions.join("\n") + "\n";
    // Beside the reading of the answers, so that neither side waits for the other; one that ends early says why below.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    let told = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "$ {line}\n{told}{stderr}");
    let answers: Vec<String> = told.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), questions.len(), "$ {line}\n{told}{stderr}");
    let odd = answers.iter().find(|answer| *answer != "ok" && !answer.starts_with("no: "));
    assert_eq!(odd, None, "$ {line}\n{stderr}");
    answers
}
