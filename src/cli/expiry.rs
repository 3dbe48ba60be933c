//! `pkit expiry`: what runs out, and when.

use std::path::PathBuf;

use anstyle::Style;
use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{AtArgs, Context, Exit, PkiArgs, exit, terminal};
use crate::{
    Error,
    expiry::{Report, Row, State, Thresholds, gather},
    source,
    store::Store,
    validity::{Span, format_date, relative},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit expiry
  pkit expiry pki/ /etc/ssl --warn 30d --critical 7d
  pkit expiry --quiet /etc/nginx || mail -s 'certificates are due' ops
  pkit expiry --at 90d --json fullchain.pem | jq '.leaves[].state'

1 means that something is due: expired, ending within --warn, or not valid yet. Where nothing is due but something could not be read, or no certificate was found at all, it is 2."))]
pub(super) struct Args {
    /// Files (PEM, DER) and directories; the PKI directory where none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A certificate is due this long before its end
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    warn: String,
    /// It is high time this long before its end
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    critical: String,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    pki: PkiArgs,
    /// Answer in JSON on standard output; errors are JSON on standard error
    #[arg(long)]
    json: bool,
    /// Only what is not well; nothing where all is
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let at = args.at.moment(context)?;
    let thresholds = Thresholds::new(args.warn.parse::<Span>()?, args.critical.parse::<Span>()?)?;
    let mut paths = args.paths;
    if paths.is_empty() {
        if !args.pki.pki.is_dir() {
            return Err(Error::PkiMissing { path: args.pki.pki }.into());
        }
        match Store::open(&args.pki.pki) {
            Err(error @ Error::PkiUnsafe { .. }) => return Err(error.into()),
            // What ends is worth knowing of a damaged PKI directory too, or of one that is none.
            _ => paths.push(args.pki.pki),
        }
    }
    let mut report = gather(&paths).report(&thresholds, at);
    if report.counts.certificates == 0 && report.errors.is_empty() {
        // Nothing was seen, so nothing can be said to be well.
        let origin = match paths.as_slice() {
            [one] => source::origin(one),
            several => crate::origin::Origin::named(&format!("{} places", several.len())),
        };
        return Err(Error::NothingFound { origin, what: "certificate to look at" }.into());
    }
    let next = report.next().map(|row| format!("{} {}", row.title, relative(row.not_after, at)));
    let exit = match (report.is_due(), report.errors.is_empty()) {
        (true, _) => Exit::No,
        (false, true) => Exit::Yes,
        (false, false) => Exit::Failed,
    };
    if args.quiet {
        report = report.without_ok();
    }
    if args.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&text(&report, next, args.quiet))?;
    }
    for trouble in &report.errors {
        terminal::trouble(trouble, args.json);
    }
    Ok(exit)
}

fn text(report: &Report, next: Option<String>, quiet: bool) -> String {
    let mut text = String::new();
    for (heading, rows) in [("CERTIFICATE", &report.leaves), ("AUTHORITY", &report.authorities)] {
        if !rows.is_empty() {
            text.push_str(&table(heading, rows));
            text.push('\n');
        }
    }
    if quiet {
        return text.trim_end_matches('\n').to_owned() + if text.is_empty() { "" } else { "\n" };
    }
    text.push_str(&summary(report, next));
    text
}

fn table(heading: &str, rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["STATE", heading, "KIND", "ENDS", "DAYS", "LIFE", "ISSUER", "SERIAL", "FILES"]);
    for row in rows {
        table.add_row(vec![
            Cell::new(row.state),
            Cell::new(clip(&row.title)),
            Cell::new(row.kind),
            Cell::new(format_date(row.not_after)),
            Cell::new(row.remaining.days).set_alignment(CellAlignment::Right),
            Cell::new(format!("{} %", row.remaining.percent)).set_alignment(CellAlignment::Right),
            Cell::new(clip(&row.issuer)),
            Cell::new(serial(&row.serial)),
            Cell::new(files(&row.paths)),
        ]);
    }
    let mut styles = rows.iter().map(|row| style(row.state));
    let mut text = String::new();
    // The table knows no styles: they go around whole words afterwards, where they disturb no width.
    for (number, line) in table.lines().enumerate() {
        let line = line.trim_end();
        let line = line.strip_prefix(' ').unwrap_or(line);
        if number == 0 {
            text.push_str(&terminal::styled(terminal::BOLD, line));
        } else if line.starts_with(' ') {
            // A further file of the row above.
            text.push_str(line);
        } else {
            let end = line.find("  ").unwrap_or(line.len());
            let (word, rest) = line.split_at_checked(end).unwrap_or((line, ""));
            text.push_str(&terminal::styled(styles.next().unwrap_or_default(), word));
            text.push_str(rest);
        }
        text.push('\n');
    }
    text
}

fn style(state: State) -> Style {
    match state {
        State::Expired | State::Critical => terminal::BAD,
        State::Warn | State::NotYetValid => terminal::WARN,
        State::Ok => terminal::GOOD,
    }
}

/// A name, cut where it would push all else off the line; JSON has it whole.
fn clip(name: &str) -> String {
    const MOST: usize = 40;
    match name.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or(name)),
        None => name.to_owned(),
    }
}

/// Enough of a serial number to tell certificates apart; JSON has it whole.
fn serial(serial: &str) -> String {
    match serial.get(..8) {
        Some(start) if serial.len() > 10 => format!("{start}…"),
        _ => serial.to_owned(),
    }
}

/// Most files that are told of one certificate; JSON has all.
const MOST_FILES: usize = 5;

fn files(paths: &[String]) -> String {
    let mut lines: Vec<_> = paths.iter().take(MOST_FILES).cloned().collect();
    if let Some(more) = paths.len().checked_sub(MOST_FILES).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

fn summary(report: &Report, next: Option<String>) -> String {
    let counts = &report.counts;
    let plural = if counts.certificates == 1 { "" } else { "s" };
    let mut parts = Vec::new();
    for (count, words) in [
        (counts.expired, "expired".to_owned()),
        (counts.critical, format!("due within {}", days(&report.critical))),
        (counts.warn, format!("due within {}", days(&report.warn))),
        (counts.not_yet_valid, "not valid yet".to_owned()),
        (counts.ok, "ok".to_owned()),
        (report.errors.len(), "not read".to_owned()),
    ] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    let next = next.map(|next| format!("; next: {next}")).unwrap_or_default();
    format!("{} certificate{plural}: {}{next}\n", counts.certificates, parts.join(", "))
}

/// `30d` as `30 days`; other spans as they are.
fn days(span: &str) -> String {
    match span.strip_suffix('d') {
        Some("1") => "1 day".into(),
        Some(number) if number.bytes().all(|digit| digit.is_ascii_digit()) => format!("{number} days"),
        _ => span.to_owned(),
    }
}
