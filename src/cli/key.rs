//! `pkit key`: private keys alone.

mod convert;
mod generate;
mod passphrase;

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use super::{Context, Exit, OutputArgs, exit, terminal};
use crate::{
    Error,
    fingerprint::hex,
    key::{Encoding, PrivateKey},
    source,
};

#[derive(clap::Args)]
#[command(arg_required_else_help = true, after_help = exit::help("  pkit key generate -o key.pem
  pkit key convert server.key --to pkcs1 -o rsa.pem
  pkit key passphrase server.key"))]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a private key
    Generate(generate::Args),
    /// Write a private key in another encoding: PKCS#8, PKCS#1 or SEC1, PEM or DER
    Convert(convert::Args),
    /// Give a private key file a passphrase, another one, or none
    Passphrase(passphrase::Args),
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Command::Generate(args) => generate::run(args, context),
        Command::Convert(args) => convert::run(args, context),
        Command::Passphrase(args) => passphrase::run(args, context),
    }
}

/// What was written; never the key itself.
#[derive(Serialize)]
struct Report {
    file: String,
    key: String,
    public_key_sha256: String,
    encoding: Encoding,
    /// `pem` or `der`
    format: &'static str,
    encrypted: bool,
}

impl Report {
    fn new(file: &Path, key: &PrivateKey, encoding: Encoding, pem: bool, encrypted: bool) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            key: key.public().algorithm().to_string(),
            public_key_sha256: hex(&key.public().fingerprint()),
            encoding,
            format: if pem { "pem" } else { "der" },
            encrypted,
        }
    }

    /// Tells it as JSON, or beside the key in words.
    fn tell(&self, file: &Path, output: OutputArgs) -> anyhow::Result<()> {
        if output.json {
            return terminal::print_json(self);
        }
        let state = if self.encrypted { "encrypted" } else { "not encrypted" };
        let id = self.public_key_sha256.get(..8).unwrap_or_default();
        let place =
            if source::is_stdin(file) { "standard output".into() } else { source::origin(file).to_string() };
        output.notice(format!("{place}: {}, {}, {state} (public key sha256 {id})", self.key, self.encoding));
        Ok(())
    }
}

/// Refuses before any work what could not be delivered: a key on a terminal, or among JSON.
fn require_place(out: &Path, output: OutputArgs) -> Result<(), Error> {
    if !source::is_stdin(out) {
        return Ok(());
    }
    if output.json {
        let problem = "--json needs -o FILE: JSON never holds a private key".to_owned();
        return Err(Error::Usage { problem });
    }
    if terminal::stdout_is_terminal() {
        return Err(Error::SecretToTerminal { what: "a private key" });
    }
    Ok(())
}
