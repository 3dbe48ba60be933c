//! `pkit prune`: old generations.

use std::collections::HashSet;

use serde::Serialize;

use super::{Context, Exit, OutputArgs, exit, signer::StoreArgs, terminal};
use crate::{
    Error,
    name::escape,
    store::{Pruned, Shelf, Store},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit prune --dry-run
  pkit prune
  pkit prune api.internal --keep 1

Kept are the generation in use and, for `rollback`, the one that was in use before it; more with --keep. The newest is kept
too, so that no number is given twice. The record of every generation stays: what was pruned can still be listed and revoked.
Generations of CAs are never removed."))]
pub(super) struct Args {
    /// Names of certificates; all where none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// How many generations of a name to keep, the one in use among them
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    pruned: Vec<Pruned>,
}

pub(super) fn run(args: Args, _: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.store.pki.pki)?;
    let pruned = args.store.waiting(args.output, |wait| {
        let writer = store.write(wait)?;
        args.names.iter().try_for_each(|name| store.leaf(name).map(drop))?;
        let names = if args.names.is_empty() { store.names(Shelf::Live)? } else { args.names.clone() };
        let keep = args.keep as usize;
        let mut several = HashSet::new();
        for name in &names {
            if writer.generations(name)?.len() > keep {
                several.insert(name.as_str());
            }
        }
        let lineages =
            if several.is_empty() { Default::default() } else { store.lineages(Shelf::Live, &several)? };
        let mut names: Vec<_> = several.into_iter().collect();
        names.sort_unstable();
        let mut pruned = Vec::new();
        for name in names {
            if let Some(lineage) = lineages.get(name) {
                pruned.extend(writer.prune(name, lineage, keep, args.dry_run)?);
            }
        }
        Ok::<_, Error>(pruned)
    })?;
    let report = Report { dry_run: args.dry_run, pruned };
    if args.output.json {
        terminal::print_json(&report)?;
    } else if !args.output.quiet {
        terminal::print(&text(&report))?;
    }
    Ok(Exit::Yes)
}

fn text(report: &Report) -> String {
    let verb = if report.dry_run { "would remove" } else { "removed" };
    if report.pruned.is_empty() {
        return "nothing to remove\n".into();
    }
    let lines = report.pruned.iter().map(|pruned| {
        let name = escape(&pruned.name);
        format!(
            "{verb} generation {} of {name}: {}\n",
            pruned.generation,
            escape(&pruned.path.to_string_lossy())
        )
    });
    lines.collect()
}
