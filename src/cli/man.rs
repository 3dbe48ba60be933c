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

/// The page with its examples and exit status line by line, as they were written: filled, they would not work as pasted.
fn unfilled(page: &str) -> String {
    let Some((before, extra)) = page.split_once(".SH EXTRA\n") else { return page.to_owned() };
    let end = extra.find("\n.SH ").map_or(extra.len(), |end| end + 1);
    let (extra, after) = extra.split_at(end);
    // A heading fills again what follows it.
    let headed = |heading: &str| format!("\n.SH {heading}\n.nf\n");
    let extra = format!("\n{extra}")
        .replace("\nExamples:\n", &headed("EXAMPLES"))
        .replace("\nExit status:\n", &headed("EXIT STATUS"));
    format!("{}{}\n.fi\n{after}", before.trim_end(), extra.trim_end())
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
    terminal::print(&unfilled(&String::from_utf8_lossy(&page)))?;
    Ok(Exit::Yes)
}
