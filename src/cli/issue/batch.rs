//! `pkit issue --batch`: what is asked of a fleet, and what is said while it is made and afterwards.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
    sync::Once,
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Args, Leaf};
use crate::{
    Error,
    batch::{Fleet, GROUP, Outcome, Row, Summary, Wanted, rows},
    cli::{
        Context, Exit,
        issued::Told,
        signer::notice_key_type,
        terminal::{BAD, ErrorBody, Output, complain, styled},
    },
    fingerprint::hex,
    key::KeyType,
    name::escape,
    profile::Profile,
    source,
    store::Store,
    validity::format_rfc3339,
};

#[derive(clap::Args)]
pub(super) struct BatchArgs {
    /// Issue a fleet: a certificate for each row of this CSV or JSON Lines file, or of standard input (-)
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["name", "sans", "key", "out", "serial", "encrypt_key", "issuer_key"],
        help_heading = "Batch"
    )]
    pub(super) batch: Option<PathBuf>,
    /// An alternative name for every row, as in {name}.devices.internal; {name} stands for its name in --subject and --cn too
    #[arg(long, value_name = "SAN", requires = "batch", conflicts_with = "name", help_heading = "Batch")]
    template: Vec<String>,
    /// Stop at the first row that fails; those above it are made
    #[arg(long, requires = "batch", conflicts_with = "name", help_heading = "Batch")]
    fail_fast: bool,
}

/// A row's line in the JSON answer.
#[derive(Serialize)]
struct Report<'a> {
    line: usize,
    name: &'a str,
    outcome: &'static str,
    /// Whether it was only tried.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a Path>,
    #[serde(flatten)]
    certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
}

/// The last line of the JSON answer.
#[derive(Serialize)]
struct End {
    summary: Summary,
}

#[derive(Serialize)]
struct Certificate {
    serial: String,
    not_after: String,
    fingerprint_sha256: String,
    certificate: String,
    notices: Vec<Told>,
}

impl<'a> Report<'a> {
    fn new(outcome: &'a Outcome, dry_run: bool) -> Self {
        let made = outcome.made.as_ref().ok().and_then(Option::as_ref).map(|made| Certificate {
            serial: made.certificate.serial_hex(),
            not_after: format_rfc3339(made.certificate.validity().not_after),
            fingerprint_sha256: hex(&made.certificate.fingerprint()),
            certificate: made.certificate.to_pem(),
            notices: made.notices.iter().map(Told::from).collect(),
        });
        Self {
            line: outcome.line,
            name: &outcome.name,
            outcome: match &outcome.made {
                Ok(Some(_)) => "made",
                Ok(None) => "skipped",
                Err(_) => "failed",
            },
            dry_run,
            path: outcome.made.is_ok().then_some(&outcome.path),
            certificate: made,
            error: outcome.made.as_ref().err().map(ErrorBody::from),
        }
    }
}

/// What is said on the way, and of notices that many rows have in common, once.
struct Teller<'a> {
    args: &'a Args,
    output: Output,
    bar: ProgressBar,
    /// Code to the first message, with its row, and how many there were.
    notices: BTreeMap<&'static str, (String, usize)>,
}

impl Teller<'_> {
    fn group(&mut self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        for outcome in outcomes {
            if self.args.output.json {
                self.output.json_line(&Report::new(outcome, self.args.dry_run))?;
                continue;
            }
            let row = format!("line {} ({})", outcome.line, escape(&outcome.name));
            match &outcome.made {
                Err(error) => {
                    let facts = error.facts().into_iter().filter(|fact| fact.label != "line");
                    let facts: Vec<_> = facts.map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
                    let facts =
                        if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
                    let text = format!("{}: {row}: {error}{facts}\n", styled(BAD, "error"));
                    self.bar.suspend(|| complain(&text));
                }
                Ok(made) => {
                    for notice in made.iter().flat_map(|made| &made.notices) {
                        let first = || (format!("{row}: {notice}"), 0);
                        self.notices.entry(notice.code()).or_insert_with(first).1 += 1;
                    }
                }
            }
        }
        self.bar.set_position(outcomes.last().map_or(0, |last| last.line as u64));
        self.output.flush()
    }

    fn end(mut self, summary: Summary) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if self.args.output.json {
            self.output.json_line(&End { summary })?;
            return self.output.finish();
        }
        for (first, count) in self.notices.values() {
            let more =
                if *count > 1 { format!(" (and {} like it)", human(count - 1)) } else { String::new() };
            self.args.output.notice(format!("{first}{more}"));
        }
        if !self.args.output.quiet {
            let made = if self.args.dry_run { "would make" } else { "made" };
            let mut text = format!("{made} {}", human(summary.made));
            if summary.skipped > 0 {
                text.push_str(&format!(", skipped {} that exist", human(summary.skipped)));
            }
            if summary.failed > 0 {
                text.push_str(&format!(", failed {}", human(summary.failed)));
            }
            self.output.text(&format!("{text}\n"))?;
        }
        self.output.finish()
    }
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let file = args.batch.batch.as_deref().unwrap_or(Path::new("-"));
    let now = context.now();
    let store = Store::open(&args.store.pki.pki)?;
    let (reader, path): (Box<dyn BufRead + Send>, _) = if source::is_stdin(file) {
        (Box::new(BufReader::new(std::io::stdin())), Path::new("standard input"))
    } else {
        (Box::new(BufReader::with_capacity(1 << 16, source::open(file)?)), file)
    };
    let rows = rows(reader, path)?;
    // Options that no row could be made with are told once, and before a passphrase is asked for.
    let sample = Row { name: "name".into(), ..Row::default() };
    let content = args.content.for_row(&sample);
    let leaf =
        Leaf { name: &sample.name, profile: Profile::Client, sans: args.san.clone(), content: &content };
    args.request(&leaf, store.config(), None, now)?;
    let signer = args.issuer.open(&store, &args.passphrase, now)?;
    signer.notice_rollover(args.output);
    let ed25519 = Once::new();
    let wanted = |row: &Row| {
        let problem = "no profile is said, neither here nor on the command line".to_owned();
        let profile = row.profile.or(args.profile).ok_or(Error::Usage { problem })?;
        let templates = args.batch.template.iter().map(|template| template.replace("{name}", &row.name));
        let sans = row.sans.iter().chain(&args.san).cloned().chain(templates).collect();
        let leaf = Leaf { name: &row.name, profile, sans, content: &args.content.for_row(row) };
        let key_type = row.key_type.or(args.key_type).unwrap_or(store.config().key_type);
        if key_type == KeyType::Ed25519 {
            ed25519.call_once(|| notice_key_type(key_type, args.output));
        }
        Ok(Wanted { request: args.request(&leaf, store.config(), Some(&signer), now)?, key_type })
    };
    let fleet = Fleet {
        store: &store,
        issuer: (signer.name.as_deref().unwrap_or_default(), &signer.issuer),
        wanted: &wanted,
        random: &context.random,
        now,
        group: GROUP,
        fail_fast: args.batch.fail_fast,
        dry_run: args.dry_run,
    };
    let bar = progress(args, file);
    let mut teller = Teller { args, output: Output::new(), bar, notices: BTreeMap::new() };
    // Waiting is said once, not with every group.
    let summary =
        args.store.waiting(args.output, |wait| Ok(fleet.make(rows, wait, |group| teller.group(group))))?;
    let summary = summary.inspect_err(|_| teller.bar.finish_and_clear())?;
    teller.end(summary)?;
    Ok(if summary.failed == 0 { Exit::Yes } else { Exit::Failed })
}

/// A bar for whoever sits before a terminal; its measure are the lines of the file, where it can be read twice.
fn progress(args: &Args, file: &Path) -> ProgressBar {
    if args.output.json || args.output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let lines = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).and_then(|_| {
        let mut reader = BufReader::with_capacity(1 << 16, source::open(file).ok()?);
        // The header of CSV is no row.
        let json = reader.fill_buf().ok()?.trim_ascii_start().starts_with(b"{");
        let mut lines = 0;
        while reader.skip_until(b'\n').ok()? > 0 {
            lines += 1;
        }
        Some(if json { lines } else { lines.max(1) - 1 })
    });
    let Some(lines) = lines else { return ProgressBar::new_spinner() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}  {eta} left");
    ProgressBar::new(lines).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn human(count: usize) -> HumanCount {
    HumanCount(count as u64)
}
