//! `pkit export`: what is in the PKI directory, or in files, in the form that another program wants.

mod p12;

use std::path::PathBuf;

use super::{
    Context, Exit, OutputArgs, PkiArgs, exit,
    identity::KeyPairArgs,
    passphrase::{ExportPasswordArgs, PassphraseArgs},
};
use crate::pkcs12::Compat;

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit export api.internal --to p12 -o api.p12
  PKIT_EXPORT_PASSWORD=changeit pkit export api.internal --to p12 --compat legacy
  pkit export --cert fullchain.pem --key privkey.pem --to p12 -o server.p12
  pkit export api.internal --to truststore --export-password-file password.txt -o trust.p12

p12         private key, certificate and chain, for Java, Windows, browsers, Keychain
truststore  the roots that peers have to trust, as Java's trusted certificates in PKCS#12"))]
pub(super) struct Args {
    /// The certificate in the PKI directory
    #[arg(value_name = "NAME", required_unless_present = "cert", conflicts_with = "cert")]
    name: Option<String>,
    /// What to make
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// Which programs are to read it
    #[arg(long, value_name = "PROGRAMS", default_value = "modern")]
    compat: Compat,
    #[command(flatten)]
    pair: KeyPairArgs,
    /// The name under which programs show the key, where it is not NAME
    #[arg(long, value_name = "NAME")]
    friendly_name: Option<String>,
    /// Where to write; `-` is standard output [default: NAME.p12]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file where there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    password: ExportPasswordArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// PKCS#12 with the key, the certificate and the chain
    P12,
    /// PKCS#12 with the roots to trust
    Truststore,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    match args.to {
        Form::P12 => p12::keystore(&args, context),
        Form::Truststore => p12::truststore(&args, context),
    }
}
