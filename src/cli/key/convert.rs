//! `pkit key convert`.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{Report, require_place};
use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, deliver, exit,
        passphrase::{NewPassphraseArgs, PassphraseArgs},
    },
    fs,
    key::{Encoding, KeyFile},
    pem, source,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit key convert server.key --to pkcs8 -o server.pem
  pkit key convert server.key --to pkcs1 --passphrase-file secret.txt > rsa.key
  pkit key convert server.der --to pkcs8 --new-passphrase-file secret.txt -o sealed.pem
  pkit key convert server.pem --to sec1 --der -o server.der

Read are PKCS#8, PKCS#1 and SEC1 in PEM and DER, with or without a passphrase. What is written has one where a source of a new one is given, and only in PKCS#8; nobody is asked."))]
pub(super) struct Args {
    /// File with the private key; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The encoding: pkcs8 for any key, pkcs1 for RSA, sec1 for EC
    #[arg(long, value_name = "ENCODING", hide_possible_values = true)]
    to: Encoding,
    /// Write DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Write to a file of mode 0600; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Replace the file where there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    require_place(&args.out, args.output)?;
    if args.to != Encoding::Pkcs8 && args.new_passphrase.is_given() {
        let problem = format!(
            "{} has no passphrase here: its traditional encryption makes the key with one round of MD5, which is guessed fast; \
             use --to pkcs8, or --unencrypted",
            args.to
        );
        return Err(Error::Usage { problem }.into());
    }
    let bytes = Zeroizing::new(source::read_small(&args.file)?);
    let found = KeyFile::decode(&bytes, &source::origin(&args.file), &mut args.passphrase.opener())?;
    let key = &found.key;
    let Some(der) = key.to_der(args.to) else {
        let (kind, encoding) = (key.public().algorithm(), args.to);
        let problem = format!("{kind} has no encoding in {encoding}; --to pkcs8 takes any key");
        return Err(Error::Usage { problem }.into());
    };
    let passphrase = args.new_passphrase.given(&args.passphrase)?;
    let written = match (&passphrase, args.der) {
        (Some(passphrase), true) => key.to_encrypted_der(passphrase, &context.random)?,
        (Some(passphrase), false) => key.to_encrypted_pem(passphrase, &context.random)?,
        (None, true) => der,
        (None, false) => pem::encode_secret(args.to.label(), &der),
    };
    deliver::deliver(&args.out, &written, fs::SECRET, args.force)?;
    if found.encrypted && passphrase.is_none() {
        args.output.notice("the key was under a passphrase, and what was written is not");
    }
    Report::new(&args.out, key, args.to, !args.der, passphrase.is_some()).tell(&args.out, args.output)?;
    Ok(Exit::Yes)
}
