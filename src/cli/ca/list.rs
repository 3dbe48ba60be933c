//! `pkit ca list`.

use std::collections::HashMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, PkiArgs, exit,
        terminal::{self, BAD, BOLD, styled},
    },
    fingerprint::hex,
    name::escape,
    store::{Authority, Filter, KeyState, Store, list},
    validity::{format_date, format_rfc3339, relative},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca list
  pkit ca list --json | jq '.authorities[] | {name, not_after, issued}'"))]
pub(super) struct Args {
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    authorities: Vec<Row>,
}

/// A CA as `list` and `show` tell of it.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    kind: &'static str,
    subject: String,
    /// Name of the CA that signed it; absent for a root.
    issuer: Option<String>,
    serial: String,
    not_before: String,
    not_after: String,
    expired: bool,
    /// Certificates on record that it signed, its own as a root not counted.
    pub(super) issued: u64,
    path_length: Option<u32>,
    pub(super) key: KeyState,
    /// Name of the CA that takes its place, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<String>,
    fingerprint_sha256: String,
    certificate: String,
    #[serde(skip)]
    ends: OffsetDateTime,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.pki.pki)?;
    let now = context.now();
    let report = Report { authorities: rows(&store, args.output, now)? };
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&tree(&report.authorities, now))?;
    }
    Ok(Exit::Yes)
}

pub(super) fn rows(store: &Store, output: OutputArgs, now: OffsetDateTime) -> Result<Vec<Row>, Error> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let foreign = list(store, &Filter::default(), now, |row| {
        if row.kind != "root" {
            *counts.entry(row.issuer).or_default() += 1;
        }
        Ok::<_, Error>(true)
    })?;
    if !foreign.is_empty() {
        output.notice("the inventory has lines that are no records: pkit check");
    }
    let all = store.authorities()?;
    let rotations = store.rotations()?;
    let row = |ca: &Authority| {
        let validity = ca.certificate.validity();
        let parent = ca.above.first();
        Row {
            name: ca.name.clone(),
            kind: if ca.is_root() { "root" } else { "intermediate" },
            subject: ca.certificate.subject().to_string(),
            issuer: parent
                .and_then(|parent| all.iter().find(|other| other.certificate == *parent))
                .map(|ca| ca.name.clone()),
            serial: ca.certificate.serial_hex(),
            not_before: format_rfc3339(validity.not_before),
            not_after: format_rfc3339(validity.not_after),
            expired: now > validity.not_after,
            issued: counts.get(&ca.name).copied().unwrap_or(0),
            path_length: ca.certificate.basic_constraints().and_then(|(_, length)| length),
            key: ca.key_state(),
            replaced_by: rotations.from(&ca.name).map(|rotation| rotation.to.clone()),
            fingerprint_sha256: hex(&ca.certificate.fingerprint()),
            certificate: ca.certificate.to_pem(),
            ends: validity.not_after,
        }
    };
    Ok(all.iter().map(row).collect())
}

fn tree(rows: &[Row], now: OffsetDateTime) -> String {
    let mut lines = Vec::new();
    let mut visited = Vec::new();
    for row in rows.iter().filter(|row| row.issuer.is_none()) {
        branch(rows, row, "", "", &mut lines, &mut visited);
    }
    let width = lines.iter().map(|(label, _): &(String, &Row)| label.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, row) in lines {
        let pad = width - label.chars().count();
        let end = format!("until {} ({})", format_date(row.ends), relative(row.ends, now));
        let end = if row.expired { styled(BAD, format!("EXPIRED, {end}")) } else { end };
        let gives_place = row.replaced_by.as_deref().map(|to| format!(", gives place to \"{}\"", escape(to)));
        let gives_place = gives_place.unwrap_or_default();
        text.push_str(&format!(
            "{}{:pad$}  {:12}  {end}  issued {}, key {}{gives_place}\n",
            styled(BOLD, &label),
            "",
            row.kind,
            row.issued,
            row.key
        ));
    }
    if text.is_empty() { "there is no CA yet\n".into() } else { text }
}

fn branch<'a>(
    rows: &'a [Row],
    row: &'a Row,
    indent: &str,
    stem: &str,
    lines: &mut Vec<(String, &'a Row)>,
    visited: &mut Vec<&'a str>,
) {
    if visited.contains(&row.name.as_str()) {
        return;
    }
    visited.push(&row.name);
    lines.push((format!("{indent}{stem}{}", escape(&row.name)), row));
    let children: Vec<_> = rows.iter().filter(|child| child.issuer.as_deref() == Some(&row.name)).collect();
    let below = match stem {
        "" => indent.to_owned(),
        "└─ " => format!("{indent}   "),
        _ => format!("{indent}│  "),
    };
    for (index, child) in children.iter().enumerate() {
        let stem = if index + 1 == children.len() { "└─ " } else { "├─ " };
        branch(rows, child, &below, stem, lines, visited);
    }
}
