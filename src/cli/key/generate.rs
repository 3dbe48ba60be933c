//! `pkit key generate`.

use std::path::PathBuf;

use super::{Report, require_place};
use crate::{
    cli::{
        Context, Exit, OutputArgs, deliver, exit,
        passphrase::{NewPassphraseArgs, PassphraseArgs},
        signer::notice_key_type,
    },
    fs,
    key::{Encoding, KeyType, PrivateKey},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit key generate -o key.pem
  pkit key generate --key-type rsa3072 -o key.pem
  pkit key generate --new-passphrase-file secret.txt -o key.pem

The key is PKCS#8 in PEM. It has a passphrase where a source of one is given; nobody is asked."))]
pub(super) struct Args {
    /// Kind of key
    #[arg(long, value_name = "TYPE", default_value = "p256")]
    key_type: KeyType,
    /// Write to a new file of mode 0600; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    require_place(&args.out, args.output)?;
    notice_key_type(args.key_type, args.output);
    let passphrase = args.new_passphrase.given(&PassphraseArgs::default())?;
    let key = PrivateKey::generate(args.key_type, &context.random)?;
    let bytes = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase, &context.random)?,
        None => key.to_pem(),
    };
    deliver::deliver(&args.out, &bytes, fs::SECRET, false)?;
    Report::new(&args.out, &key, Encoding::Pkcs8, true, passphrase.is_some()).tell(&args.out, args.output)?;
    Ok(Exit::Yes)
}
