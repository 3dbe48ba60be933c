//! `pkit key passphrase`.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Report;
use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, exit,
        passphrase::{NewPassphraseSources, PassphraseArgs},
    },
    fs,
    key::{Encoding, KeyFile, Passphrase},
    source,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit key passphrase server.key
  pkit key passphrase pki/ca/root/key.pem --passphrase-file old.txt --new-passphrase-file new.txt
  pkit key passphrase server.key --remove --passphrase-file old.txt

The file is replaced in one step, with its mode and its owner. What else is in it stays, byte for byte; the key becomes PKCS#8, in PEM or DER as it was."))]
pub(super) struct Args {
    /// File with the private key
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Leave the key without a passphrase
    #[arg(long, group = "new-passphrase")]
    remove: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseSources,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    if source::is_stdin(&args.file) {
        let problem =
            "a file is changed in its place; for standard input there is pkit key convert".to_owned();
        return Err(Error::Usage { problem }.into());
    }
    let origin = source::origin(&args.file);
    let bytes = Zeroizing::new(source::read_small(&args.file)?);
    let (mut opener, mut old) = (args.passphrase.opener(), None);
    let found = KeyFile::decode(&bytes, &origin, &mut |origin, attempt| {
        let given = opener(origin, attempt)?;
        old = given.as_ref().map(Passphrase::copy);
        Ok(given)
    })?;
    if args.remove && !found.encrypted {
        args.output.notice("it has no passphrase; nothing was changed");
        Report::new(&args.file, &found.key, found.encoding, found.is_pem(), false)
            .tell(&args.file, args.output)?;
        return Ok(Exit::Yes);
    }
    let new = match args.remove {
        true => None,
        false => {
            let (what, question) =
                (format!("new passphrase of {origin}"), format!("New passphrase for {origin}: "));
            Some(args.new_passphrase.ask(&what, &question, &args.passphrase)?)
        }
    };
    if let (Some(old), Some(new)) = (&old, &new)
        && old.same(new)
    {
        args.output.notice("the new passphrase is the old one");
    }
    fs::rewrite(&args.file, &found.rewritten(&bytes, new.as_ref(), &context.random)?)?;
    Report::new(&args.file, &found.key, Encoding::Pkcs8, found.is_pem(), new.is_some())
        .tell(&args.file, args.output)?;
    Ok(Exit::Yes)
}
