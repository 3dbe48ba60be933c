//! `pkit rollback`: back to the generation before.

use serde::Serialize;

use super::{
    Context, Exit, OutputArgs, exit,
    hook::{self, HookArgs},
    signer::StoreArgs,
    terminal::{self, BOLD, styled},
};
use crate::{
    name::escape,
    store::{Record, Shelf, Store, Untold},
    validity::tell,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit rollback api.internal
  pkit rollback api.internal --exec systemctl reload nginx

The name leads to the generation again that the one in use replaced: its certificate and key as they were. Refused where that
is revoked, expired, or not whole. Whoever serves the certificate has to be told, by --exec or --pid-file as of `pkit renew`. What was rolled back is not revoked by it,
and the next renewal replaces what is in use."))]
pub(super) struct Args {
    /// Name of the certificate
    name: String,
    /// Say what it would go back to, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    hook: HookArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    path: std::path::PathBuf,
    #[serde(flatten)]
    record: Record,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let store = Store::open(&args.store.pki.pki)?;
    let hook = args.hook.read()?;
    let record = args.store.waiting(args.output, |wait| {
        let writer = store.write(wait)?;
        let told = |record: &Record| match hook.is_some() && !args.dry_run {
            true => {
                writer.note_untold(&[Untold { name: record.name.clone(), serial: record.serial.clone() }])
            }
            false => Ok(()),
        };
        writer.go_back(&args.name, args.dry_run, now, told)
    })?;
    let report = Report { dry_run: args.dry_run, path: store.link(Shelf::Live, &args.name)?, record };
    if args.output.json {
        terminal::print_json(&report)?;
    } else if !args.output.quiet {
        let record = &report.record;
        let until = record.validity().map_or_else(String::new, |validity| tell(validity.not_after, now));
        terminal::print(&format!(
            "{} {} to generation {}\n  until     {until}\n  serial    {}\n  replaces  {}\n  files     {}/\n",
            if args.dry_run { "would roll back" } else { "rolled back" },
            styled(BOLD, escape(&record.name)),
            record.generation,
            escape(&record.serial),
            escape(record.replaces.as_deref().unwrap_or_default()),
            escape(&report.path.to_string_lossy()),
        ))?;
    }
    if !args.dry_run {
        hook::tell(hook.as_ref(), &store, |name| name == args.name, &args.store, args.output)?;
    }
    Ok(Exit::Yes)
}
