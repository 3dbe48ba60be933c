//! `pkit issue`: leaf certificates, one or a fleet of them.

mod batch;

use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    Context, Exit, OutputArgs,
    content::ContentArgs,
    exit,
    issued::Issued,
    passphrase::{NewPassphraseSources, PassphraseArgs},
    place::{NewLeaf, Place},
    signer::{IssuerArgs, Signer, StoreArgs, given_or_new_key},
};
use crate::{
    Error,
    issue::{Kind, Request, alternative_names, extended_key_usages, plan, serial_number},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::San,
    origin::Origin,
    profile::{KeyUsage, Profile},
    store::{Config, LeafFiles},
};

#[derive(clap::Args)]
#[command(
    override_usage = "pkit issue [OPTIONS] <PROFILE> <NAME> [SAN]...\n       pkit issue [OPTIONS] [PROFILE] --batch <FILE>"
)]
#[command(after_help = exit::help("  pkit issue server api.internal localhost 127.0.0.1
  pkit issue client service-a
  pkit issue client alice --cn alice --ou engineering --encrypt-key
  pkit issue peer node1.cluster.internal 10.0.0.11 spiffe://cluster.internal/node1
  pkit issue server old.internal --not-after -1d --for-testing
  pkit issue server web --issuer ca.pem --issuer-key ca.key --out certs/web www.example.com
  pkit issue client --batch fleet.csv --template {name}.devices.internal
  jq -c '.devices[]' fleet.json | pkit issue --batch - --json

The kind of an alternative name follows from its value: DNS name (also *.example.com and bücher.example), IP address,
URI, e-mail address; a prefix says it: DNS:, IP:, URI:, email:, RID:, UPN:alice@corp.internal,
otherName:OID;UTF8:text. NAME itself is one of them where it is an IP address, a URI, an e-mail address or a DNS name
with a dot; a DNS name without a dot, where no other name is given.

A batch is CSV with a header line, or one JSON object a line. Columns, in any order: name, and where the row is to differ
from the options profile, sans (blanks or ; between them), subject, validity, key-type. A row that fails is named by its
line and does not stop the others; a name that exists is skipped, so that the same batch can be run again. Answer with
--json: one object a line for each row (line, name, outcome: made, skipped or failed, and the certificate or the error), and
{summary: {made, skipped, failed}} at the end. The exit status is 2 where any row failed."))]
pub(super) struct Args {
    /// What it is for: a server, a client, or a peer that is both
    #[arg(required_unless_present = "batch")]
    profile: Option<Profile>,
    /// What to call it; its common name, unless --subject or --cn state one
    #[arg(required_unless_present = "batch")]
    name: Option<String>,
    /// Alternative names; --san means the same
    #[arg(value_name = "SAN")]
    sans: Vec<String>,
    /// An alternative name
    #[arg(long, value_name = "SAN")]
    san: Vec<String>,
    #[command(flatten)]
    batch: batch::BatchArgs,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    usage: UsageArgs,
    /// Kind of key
    #[arg(long, value_name = "TYPE", conflicts_with = "key", help_heading = "Key")]
    key_type: Option<KeyType>,
    /// Certify the key of this file instead of a new one; it is copied into the set
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    key: Option<PathBuf>,
    /// Write the key under a passphrase, from --new-passphrase-*, PKIT_NEW_PASSPHRASE or the terminal
    #[arg(long, help_heading = "Key")]
    encrypt_key: bool,
    #[command(flatten)]
    issuer: IssuerArgs,
    /// Write the set of files to this directory too; without a PKI directory, there alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Do everything but write: show the certificate that would be made
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseSources,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What the certificate may be used for, beside what its profile says.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct UsageArgs {
    /// Further extended key usages, by name or OID, with commas: codeSigning,emailProtection
    #[arg(long, value_name = "USAGE", help_heading = "Extensions")]
    eku: Vec<String>,
    /// Another key usage than the one that fits profile and key: digitalSignature,keyAgreement
    #[arg(long, value_name = "USAGE", help_heading = "Extensions")]
    key_usage: Option<String>,
    /// Make clients refuse the server without a stapled OCSP response (RFC 7633)
    #[arg(long, help_heading = "Extensions")]
    must_staple: bool,
    /// The serial number in hexadecimal, instead of 159 random bits
    #[arg(long, value_name = "HEX", help_heading = "Extensions")]
    serial: Option<String>,
}

impl UsageArgs {
    pub(crate) fn apply(&self, request: &mut Request) -> Result<(), Error> {
        for text in &self.eku {
            request.extended_key_usage.extend(extended_key_usages(text)?);
        }
        request.key_usage = self.key_usage.as_ref().map(|text| text.parse::<KeyUsage>()).transpose()?;
        request.must_staple = self.must_staple;
        request.serial = self.serial.as_ref().map(|text| serial_number(text)).transpose()?;
        Ok(())
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    if args.new_passphrase.is_given() && !args.encrypt_key {
        let problem = "a new passphrase protects nothing here without --encrypt-key".into();
        return Err(Error::Usage { problem }.into());
    }
    let (Some(profile), Some(name)) = (args.profile, &args.name) else { return batch::run(&args, context) };
    let sans = args.sans.iter().chain(&args.san).cloned().collect();
    let asked = Leaf { name, profile, sans, content: &args.content };
    let now = context.now();
    let place = Place::open(name, &LeafFiles::NAMES, args.out.as_deref(), &args.issuer, &args.store)?;
    let config = place.config();
    let request = args.request(&asked, &config, None, now)?;
    let signer = place.signer(&args.issuer, &args.passphrase, now)?;
    signer.notice_rollover(args.output);
    place.require_unused_serial(&request, &signer)?;
    let leaf = args.make(&asked, &config, &signer, context)?;
    let directories = match args.dry_run {
        true => place.directories()?,
        false => place.put(&leaf, &signer, &args.store, args.output)?,
    };
    let (notices, now) = (&leaf.plan.notices, leaf.plan.now());
    Issued::new(name, profile, &leaf.certificate, notices, directories, &LeafFiles::NAMES)
        .signed_by(&signer.issuer)
        .dry_run(args.dry_run, &leaf.certificate, now)
        .tell(args.output, now)?;
    Ok(Exit::Yes)
}

/// What a leaf is to be: what was typed, or a row of a batch.
struct Leaf<'a> {
    name: &'a str,
    profile: Profile,
    sans: Vec<String>,
    content: &'a ContentArgs,
}

impl Args {
    /// Without a signer, a first look that refuses what no CA could sign.
    fn request(
        &self,
        leaf: &Leaf<'_>,
        config: &Config,
        signer: Option<&Signer>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let given = leaf.sans.iter().map(|san| san.parse::<San>()).collect::<Result<Vec<_>, _>>()?;
        let issuer: Option<&Issuer> = signer.map(|signer| &signer.issuer);
        let sans = alternative_names(leaf.name, leaf.profile, &given, issuer)?;
        let label = signer.and_then(|signer| signer.name.as_deref());
        let label = label.map(crate::store::directory_name).transpose()?;
        let kind = Kind::Leaf(leaf.profile);
        let mut request =
            leaf.content.request(kind, leaf.name, !sans.is_empty(), config, label.as_deref(), now)?;
        request.sans = sans;
        self.usage.apply(&mut request)?;
        Ok(request)
    }

    fn make(
        &self,
        leaf: &Leaf<'_>,
        config: &Config,
        signer: &Signer,
        context: &Context,
    ) -> Result<NewLeaf, Error> {
        let now = context.now();
        let plan = plan(self.request(leaf, config, Some(signer), now)?, Some(&signer.issuer), now)?;
        let key = self.key(config, context)?;
        plan.judge_key(key.public(), Some(&signer.issuer))?;
        let key_file = self.key_file(leaf.name, &key, context)?;
        let certificate = plan.sign(key.public(), &signer.issuer, &context.random)?;
        let files = LeafFiles::new(&certificate, key_file, &signer.issuer);
        Ok(NewLeaf { profile: leaf.profile, certificate, plan, files })
    }

    fn key(&self, config: &Config, context: &Context) -> Result<PrivateKey, Error> {
        let (mut opener, mut sealed) = (self.passphrase.opener(), false);
        let mut asked = |origin: &Origin, attempt| {
            sealed = true;
            opener(origin, attempt)
        };
        let kind = self.key_type.unwrap_or(config.key_type);
        let key = given_or_new_key(self.key.as_deref(), kind, &mut asked, context, self.output)?;
        if sealed && !self.encrypt_key {
            self.output
                .notice("the key was under a passphrase, and its copy is not; --encrypt-key puts one on it");
        }
        Ok(key)
    }

    /// The key file as it shall be written.
    fn key_file(&self, name: &str, key: &PrivateKey, context: &Context) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self.encrypt_key || self.dry_run {
            return Ok(key.to_pem());
        }
        let passphrase = self.new_passphrase.passphrase(&format!("\"{name}\""), &self.passphrase)?;
        key.to_encrypted_pem(&passphrase, &context.random)
    }
}
