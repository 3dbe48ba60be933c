//! `pkit check`: whether a PKI directory holds together, and whether the files of any directory fit together.

mod directory;

use std::path::PathBuf;

use serde::Serialize;

use super::{
    Context, Exit, OutputArgs, exit,
    passphrase::PassphraseArgs,
    signer::StoreArgs,
    terminal::{self, BAD, GOOD, styled},
};
use crate::{
    name::escape,
    store::{Findings, Problem, Store, check, repair},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit check
  pkit check --repair
  pkit check --json | jq '.problems[]'
  pkit check /etc/ssl/private pki
  pkit check certs --at 30d

Without DIRECTORY, the PKI directory: what is on record has its files, what has files is on record, links lead to the newest
generation, keys belong to their certificates, and nothing is left of a crash. --repair mends what a crash can leave, and deletes
nothing that might be wanted; the rest is told, and stays as it is.

With directories, whatever is in them, kind found by content: every key has its certificate, every certificate its way to a root,
chains are in order and without root, trust anchors are CAs and the right ones, names are those of the files, PKCS#12 stores hold
what the PEM files beside them do, CRLs are genuine and current, nothing is expired, weak, revoked, twice or alone, and nobody
else can read keys or write. Of a PKI directory, what is in use is looked at, and its record. Passphrases are not asked for;
what nobody opened is counted."))]
pub(super) struct Args {
    /// Directories to look into, with all below them
    #[arg(value_name = "DIRECTORY")]
    directories: Vec<PathBuf>,
    /// Finish or discard what a crash left, and turn links to what is on record
    #[arg(long, conflicts_with = "directories")]
    repair: bool,
    /// As of when: 30d from now, or an RFC 3339 time
    #[arg(long, value_name = "TIME", requires = "directories")]
    at: Option<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    /// Whether nothing is wrong (any more).
    sound: bool,
    /// What was wrong before and is mended.
    repaired: Vec<Problem>,
    #[serde(flatten)]
    findings: Findings,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    if !args.directories.is_empty() {
        return directory::run(&args, context);
    }
    let store = Store::open(&args.store.pki.pki)?;
    let mut findings = check(&store)?;
    let mut repaired = Vec::new();
    if args.repair && findings.problems.iter().any(|problem| problem.fault.is_repairable()) {
        let before = std::mem::take(&mut findings.problems);
        args.store.waiting(args.output, |wait| repair(&store, wait))?;
        findings = check(&store)?;
        repaired = before.into_iter().filter(|problem| !findings.problems.contains(problem)).collect();
    }
    let report = Report { sound: findings.problems.is_empty(), repaired, findings };
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&text(&report, &store, args.output.quiet))?;
    }
    Ok(Exit::answer(report.sound))
}

fn text(report: &Report, store: &Store, quiet: bool) -> String {
    let mut text = String::new();
    let mut line = |problem: &Problem, word: String| {
        let path = escape(&problem.path.to_string_lossy()).into_owned();
        text.push_str(&format!("{word}  {}  {path}: {}\n", problem.fault.code(), problem.fact));
    };
    for problem in &report.repaired {
        line(problem, styled(GOOD, "mended"));
    }
    let mut repairable = false;
    for problem in &report.findings.problems {
        repairable |= problem.fault.is_repairable();
        line(problem, styled(BAD, "wrong "));
    }
    if quiet {
        return text;
    }
    let found = &report.findings;
    let count = |number: usize, one: &str, several: &str| {
        format!("{number} {}", if number == 1 { one } else { several })
    };
    let sealed = match found.sealed_keys {
        0 => String::new(),
        number => format!("; not compared, being under a passphrase: {}", count(number, "CA key", "CA keys")),
    };
    let verdict = if report.sound { "holds together" } else { "does not hold together" };
    text.push_str(&format!(
        "{}/ {verdict}: {}, {}, {}{sealed}\n",
        escape(&store.root().to_string_lossy()),
        count(found.authorities, "authority", "authorities"),
        count(found.certificates, "certificate", "certificates"),
        count(found.records, "record", "records"),
    ));
    if repairable {
        text.push_str("mend what a crash left: pkit check --repair\n");
    }
    text
}
