//! `pkit list --history`: all that happened to a name.

use serde::Serialize;

use crate::{
    Error,
    cli::{
        Exit, OutputArgs,
        terminal::{self, BOLD, DIM, styled},
    },
    name::escape,
    store::{Event, Record, Shelf, Store},
};

/// An event, and how it stands with its certificate.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    record: Record,
    /// Whether it is the one in use
    in_use: bool,
    /// Whether its files are there
    files: bool,
    /// Why it was revoked, where it was
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
}

#[derive(Serialize)]
struct Report {
    history: Vec<Row>,
}

pub(super) fn run(store: &Store, name: &str, output: OutputArgs) -> anyhow::Result<Exit> {
    let mut history = Vec::new();
    // A CA and a leaf may share a name.
    for shelf in [Shelf::Ca, Shelf::Live] {
        let lineage = store.lineage(shelf, name)?;
        let current = lineage.current().map(|record| record.generation);
        let last = lineage.events.iter().rposition(|record| Some(record.generation) == current);
        for (index, record) in lineage.events.iter().enumerate() {
            history.push(Row {
                in_use: Some(index) == last,
                files: store.archived(record)?.is_dir(),
                revoked: lineage.revoked(&record.serial).map(str::to_owned),
                record: record.clone(),
            });
        }
    }
    if history.is_empty() {
        return Err(Error::CertificateUnknown {
            name: name.to_owned(),
            path: store.root().join("inventory.jsonl"),
        }
        .into());
    }
    if output.json {
        terminal::print_json(&Report { history })?;
    } else {
        terminal::print(&text(&history, output.quiet))?;
    }
    Ok(Exit::Yes)
}

fn text(history: &[Row], quiet: bool) -> String {
    let mut text = String::new();
    if !quiet {
        let heading = format!(
            "{:20}  {:11}  {:12}  {:>4}  {:10}  {:40}  REPLACES",
            "TIME", "EVENT", "KIND", "GEN", "UNTIL", "SERIAL"
        );
        text.push_str(&styled(BOLD, heading));
        text.push('\n');
    }
    for Row { record, in_use, files, revoked } in history {
        let event = match record.event {
            Event::Issued => "issued",
            Event::Renewed => "renewed",
            Event::Imported => "imported",
            Event::RolledBack => "rolled back",
        };
        let mut notes = vec![escape(record.replaces.as_deref().unwrap_or("-")).into_owned()];
        notes.extend(in_use.then(|| "(in use)".to_owned()));
        notes.extend((!files).then(|| "(pruned)".to_owned()));
        notes.extend(revoked.as_ref().map(|reason| format!("(revoked: {})", escape(reason))));
        let line = format!(
            "{:20}  {event:11}  {:12}  {:>4}  {:10}  {:40}  {}",
            escape(&record.time),
            escape(&record.kind),
            record.generation,
            escape(record.not_after.get(..10).unwrap_or(&record.not_after)),
            escape(&record.serial),
            notes.join(" ")
        );
        text.push_str(&if *in_use { line } else { styled(DIM, line) });
        text.push('\n');
    }
    text
}
