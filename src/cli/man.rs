//! `pkit man`: manual pages, from the same definitions as the help.

use super::{Exit, command, exit, terminal};
use crate::Error;

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit man | man -l -
  pkit man ca root > pkit-ca-root.1"))]
pub(super) struct Args {
    /// The command; none for pkit itself
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let mut found = command();
    let mut title = "pkit".to_owned();
    for name in &args.path {
        found = found.find_subcommand(name).cloned().ok_or_else(|| Error::Usage {
            problem: format!("there is no command `{}`", crate::name::escape(name)),
        })?;
        title = format!("{title}-{name}");
    }
    let mut page = Vec::new();
    // clap keeps names for as long as the program runs.
    let title: &'static str = title.leak();
    clap_mangen::Man::new(found.name(title).bin_name(title.replace('-', " "))).render(&mut page)?;
    terminal::print_bytes(&page)?;
    Ok(Exit::Yes)
}
