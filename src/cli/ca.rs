//! `pkit ca`: authorities.

mod cross_sign;
mod import;
mod list;
mod make;
mod renew;
mod rotate;
mod show;

use clap::Subcommand;

use super::{Context, Exit, exit};

#[derive(clap::Args)]
#[command(arg_required_else_help = true, after_help = exit::help("  pkit ca root \"Acme Root\"
  pkit ca intermediate \"Acme Issuing\" --issuer \"Acme Root\"
  pkit ca import corp --cert ca.crt --key ca.key
  pkit ca list
  pkit ca show \"Acme Root\""))]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a root CA, which signs itself
    Root(make::RootArgs),
    /// Make an intermediate CA, signed by a root or another intermediate
    Intermediate(make::IntermediateArgs),
    /// Adopt a CA that another tool made: openssl, mkcert, easy-rsa, step, cert-manager, …
    Import(import::Args),
    /// Have a CA certified by another one too, so that peers that trust only that one accept what it signs
    CrossSign(cross_sign::Args),
    /// Renew a CA: same key and name, new serial number and dates; what it issued stays good
    Renew(renew::Args),
    /// Roll a CA over to a new one with another key, in proven phases and without an outage
    Rotate(rotate::Args),
    /// List the authorities: who signed whom, how many certificates each issued, when each ends
    List(list::Args),
    /// Show one authority: what it says, who is above it, how it stands with its key
    Show(show::Args),
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Command::Root(args) => make::root(args, context),
        Command::Intermediate(args) => make::intermediate(args, context),
        Command::Import(args) => import::run(args, context),
        Command::CrossSign(args) => cross_sign::run(args, context),
        Command::Renew(args) => renew::run(args, context),
        Command::Rotate(args) => rotate::run(args, context),
        Command::List(args) => list::run(args, context),
        Command::Show(args) => show::run(args, context),
    }
}
