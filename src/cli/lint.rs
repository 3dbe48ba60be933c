//! `pkit lint`: what is wrong, unwise or unusual in certificates, CRLs and requests.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::{
    AtArgs, Context, Exit, OutputArgs, exit,
    terminal::{self, BAD, BOLD, DIM, GOOD, WARN, styled},
};
use crate::{
    Error,
    inspect::{What, contents},
    lint::{self, Finding, Item, Report, Rule, Severity},
    origin::Origin,
    source,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit lint server.pem
  pkit lint --fail-on warn fullchain.pem ca.crl request.csr
  pkit lint --ignore wildcard --ignore leaf-validity-long server.pem
  pkit lint --explain serial-number-not-positive
  pkit lint --list
  pkit lint --json *.pem | jq '.files[].findings[].rule'

error: a MUST of RFC 5280 and its neighbours is broken, or it is worthless. warn: a SHOULD is broken, or some peers refuse it.
info: worth knowing. 1 means findings of --fail-on or graver. Whether a chain is accepted, `verify` tells."))]
pub(super) struct Args {
    /// Files with certificates, CRLs and requests: PEM, DER, PKCS#7, PKCS#12, Kubernetes; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["explain", "list"])]
    files: Vec<PathBuf>,
    /// How grave a finding makes the exit status 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: Level,
    /// Leave the findings of a rule out; may be given more than once, or with commas
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Say what a rule demands, why, and what to do
    #[arg(long, value_name = "ID", conflicts_with_all = ["files", "list"])]
    explain: Option<String>,
    /// List all rules
    #[arg(long, conflicts_with = "files")]
    list: bool,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How grave.
#[derive(Clone, Copy, ValueEnum)]
enum Level {
    /// A MUST is broken
    Error,
    /// A SHOULD is broken, or peers refuse it
    Warn,
    /// Anything
    Info,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
        }
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    if args.list {
        return list(args.output);
    }
    if let Some(id) = &args.explain {
        return explain(known(id)?, args.output);
    }
    for id in &args.ignore {
        known(id)?;
    }
    let now = args.at.moment(context)?;
    let mut exit = Exit::Yes;
    let mut items = Vec::new();
    for path in &args.files {
        let read = match read(path) {
            Ok(read) => read,
            Err(error) => vec![Err(error)],
        };
        for item in read {
            match item {
                Ok(item) => items.push(item),
                Err(error) => exit = terminal::error(&error.into(), args.output.json),
            }
        }
    }
    let mut reports = lint::judge(&items, now);
    for report in &mut reports {
        report.findings.retain(|finding| !args.ignore.iter().any(|id| id == finding.rule.id));
    }
    print(&reports, &args)?;
    let grave = |finding: &Finding| finding.rule.severity >= args.fail_on.into();
    let any = reports.iter().flat_map(|report| &report.findings).any(grave);
    Ok(exit.max(Exit::answer(!any)))
}

/// What a file holds. May hold keys too, so it is wiped afterwards.
fn read(path: &Path) -> Result<Vec<Result<Item, Error>>, Error> {
    let origin = source::origin(path);
    let bytes = zeroize::Zeroizing::new(source::read(path, source::LARGE)?);
    let Some(objects) = contents(&bytes, &origin)? else { return lint::read(&bytes, &origin) };
    // Each by itself: their order in a store, or in the entries of a manifest, says nothing of a chain.
    let items: Vec<_> = objects
        .into_iter()
        .filter_map(|object| {
            let origin = Origin::named(&object.place.to_string());
            let (kind, der) = match object.what {
                What::Certificate(der, _) => (lint::Kind::Certificate, der),
                What::Request(der) => (lint::Kind::Request, der),
                What::Crl(der) => (lint::Kind::Crl, der),
                _ => return None,
            };
            Some(Ok(Item::new(kind, der, origin)))
        })
        .collect();
    match items.is_empty() {
        true => Err(Error::NothingFound { origin, what: "certificate, CRL or request" }),
        false => Ok(items),
    }
}

fn known(id: &str) -> Result<&'static Rule, Error> {
    lint::rule(id).ok_or_else(|| Error::WordUnknown { word: id.to_owned(), wanted: "lint rule" })
}

fn print(reports: &[Report], args: &Args) -> anyhow::Result<()> {
    let mut output = terminal::Output::new();
    if args.output.json {
        for report in reports {
            output.value("files", report)?;
        }
        return output.finish();
    }
    let mut counts = [0usize; 3];
    for report in reports {
        for finding in &report.findings {
            if let Some(count) = counts.get_mut(finding.rule.severity as usize) {
                *count += 1;
            }
        }
        if !args.output.quiet || !report.findings.is_empty() {
            output.text(&text(report))?;
        }
    }
    if !args.output.quiet && reports.len() > 1 {
        let [info, warn, error] = counts;
        output.text(&format!("{} looked at: {error} error, {warn} warn, {info} info\n", reports.len()))?;
    }
    output.finish()
}

fn text(report: &Report) -> String {
    let number =
        if report.of > 1 { format!(", {} of {}", report.position, report.of) } else { String::new() };
    let heading = styled(BOLD, format!("{}{number}: {}", report.source, report.title));
    if report.findings.is_empty() {
        return format!("{heading}  {}\n", styled(GOOD, "clean"));
    }
    let mut text = format!("{heading}\n");
    let width = report.findings.iter().map(|finding| finding.rule.id.len()).max().unwrap_or(0);
    for finding in &report.findings {
        let id = finding.rule.id;
        text.push_str(&format!(
            "  {}  {id:width$}  {}  {}\n",
            severity(finding.rule.severity),
            finding.fact,
            styled(DIM, format!("({})", finding.rule.section))
        ));
    }
    text
}

fn severity(severity: Severity) -> String {
    let style = match severity {
        Severity::Error => BAD,
        Severity::Warn => WARN,
        Severity::Info => DIM,
    };
    styled(style, format!("{:5}", severity.name()))
}

fn list(output: OutputArgs) -> anyhow::Result<Exit> {
    #[derive(Serialize)]
    struct List {
        rules: Vec<&'static Rule>,
    }
    if output.json {
        terminal::print_json(&List { rules: lint::rules().collect() })?;
        return Ok(Exit::Yes);
    }
    let width = lint::rules().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines = lint::rules()
        .map(|rule| format!("{}  {:width$}  {}\n", severity(rule.severity), rule.id, rule.section));
    terminal::print(&lines.collect::<String>())?;
    Ok(Exit::Yes)
}

fn explain(rule: &'static Rule, output: OutputArgs) -> anyhow::Result<Exit> {
    if output.json {
        terminal::print_json(rule)?;
    } else {
        terminal::print(&super::explain::lint_rule(rule))?;
    }
    Ok(Exit::Yes)
}
