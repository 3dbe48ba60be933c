//! `pkit completions`: scripts for shells, from the same definitions as the help.

use clap_complete::Shell;

use super::{Exit, command, exit, terminal};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit completions bash > /etc/bash_completion.d/pkit
  pkit completions zsh > \"${fpath[1]}/_pkit\"
  pkit completions fish > ~/.config/fish/completions/pkit.fish"))]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "pkit", &mut script);
    terminal::print_bytes(&script)?;
    Ok(Exit::Yes)
}
