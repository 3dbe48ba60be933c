//! `pkit issue`: leaf certificates.

use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    Context, Exit, OutputArgs,
    content::ContentArgs,
    exit,
    issued::Issued,
    passphrase::{NewPassphraseSources, PassphraseArgs},
    signer::{IssuerArgs, Signer, StoreArgs, notice_key_type},
};
use crate::{
    Error, fs,
    issue::{Kind, Request, alternative_names, extended_key_usages, plan, serial_number},
    issuer::Issuer,
    key::{KeyType, PrivateKey, load_private_key},
    name::San,
    profile::{KeyUsage, Profile},
    store::{Config, Generation, LeafFiles, Shelf, Store},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit issue server api.internal localhost 127.0.0.1
  pkit issue client service-a
  pkit issue client alice --cn alice --ou engineering --encrypt-key
  pkit issue peer node1.cluster.internal 10.0.0.11 spiffe://cluster.internal/node1
  pkit issue server old.internal --not-after -1d --for-testing
  pkit issue server web --issuer ca.pem --issuer-key ca.key --out certs/web www.example.com

The kind of an alternative name follows from its value: DNS name (also *.example.com and bücher.example), IP address,
URI, e-mail address; a prefix says it: DNS:, IP:, URI:, email:, RID:, UPN:alice@corp.internal,
otherName:OID;UTF8:text. NAME itself is one of them where it is an IP address, a URI, an e-mail address or a DNS name
with a dot; a DNS name without a dot, where no other name is given."))]
pub(super) struct Args {
    /// What it is for: a server, a client, or a peer that is both
    profile: Profile,
    /// What to call it; its common name, unless --subject or --cn state one
    name: String,
    /// Alternative names; --san means the same
    #[arg(value_name = "SAN")]
    sans: Vec<String>,
    /// An alternative name
    #[arg(long, value_name = "SAN")]
    san: Vec<String>,
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
    // A name that cannot be is refused before a passphrase is asked for.
    crate::store::directory_name(&args.name)?;
    if args.new_passphrase.is_given() && !args.encrypt_key {
        let problem = "a new passphrase protects nothing here without --encrypt-key".into();
        return Err(Error::Usage { problem }.into());
    }
    if let Some(out) = &args.out {
        fs::require_absent(out, &LeafFiles::NAMES)?;
    }
    let now = context.now();
    if args.issuer.is_loose() {
        let out = args.out.as_ref().ok_or_else(|| Error::Usage {
            problem: "with --issuer-key the files go where --out says; it is missing".into(),
        })?;
        let config = Config::default();
        args.request(&config, None, now)?;
        let signer = args.issuer.open_loose(&args.passphrase, now)?;
        let made = args.make(&config, &signer, context)?;
        if !args.dry_run {
            fs::write_set(out, &made.files.files())?;
        }
        made.tell(&args, vec![out.clone()])?;
        return Ok(Exit::Yes);
    }
    let store = Store::open(&args.store.pki.pki)?;
    store.require_free(Shelf::Live, &args.name)?;
    args.request(store.config(), None, now)?;
    let signer = args.issuer.open(&store, &args.passphrase, now)?;
    let made = args.make(store.config(), &signer, context)?;
    if args.dry_run {
        let mut directories = vec![store.link(Shelf::Live, &args.name)?];
        directories.extend(args.out.clone());
        made.tell(&args, directories)?;
        return Ok(Exit::Yes);
    }
    let issuer = (signer.name.as_deref().unwrap_or_default(), &signer.issuer);
    let generation = Generation::leaf(&args.name, args.profile, &made.certificate, &made.files, issuer, now);
    // Before the record, because a directory that cannot be written to is no reason to have signed.
    let staged = args.out.as_ref().map(|out| fs::Staged::new(out, &made.files.files())).transpose()?;
    let mut directories = args.store.waiting(args.output, |wait| {
        let writer = store.write(wait)?;
        if made.plan.request().serial.is_some() {
            store.require_unused_serial(&made.certificate, signer.issuer.certificate())?;
        }
        writer.commit(vec![generation])
    })?;
    if let (Some(out), Some(staged)) = (&args.out, staged) {
        staged.publish()?;
        directories.push(out.clone());
    }
    made.tell(&args, directories)?;
    Ok(Exit::Yes)
}

struct Made {
    certificate: crate::cert::Certificate,
    plan: crate::issue::Plan,
    files: LeafFiles,
}

impl Made {
    fn tell(&self, args: &Args, directories: Vec<PathBuf>) -> anyhow::Result<()> {
        let notices = &self.plan.notices;
        Issued::new(&args.name, args.profile, &self.certificate, notices, directories, &LeafFiles::NAMES)
            .dry_run(args.dry_run)
            .tell(args.output, self.plan.now())
    }
}

impl Args {
    /// Without a signer, a first look that refuses what no CA could sign.
    fn request(
        &self,
        config: &Config,
        signer: Option<&Signer>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let given = self.sans.iter().chain(&self.san).map(|san| san.parse::<San>());
        let given = given.collect::<Result<Vec<_>, _>>()?;
        let issuer: Option<&Issuer> = signer.map(|signer| &signer.issuer);
        let sans = alternative_names(&self.name, self.profile, &given, issuer)?;
        let label = signer.and_then(|signer| signer.name.as_deref());
        let label = label.map(crate::store::directory_name).transpose()?;
        let kind = Kind::Leaf(self.profile);
        let mut request =
            self.content.request(kind, &self.name, !sans.is_empty(), config, label.as_deref(), now)?;
        request.sans = sans;
        self.usage.apply(&mut request)?;
        Ok(request)
    }

    fn make(&self, config: &Config, signer: &Signer, context: &Context) -> Result<Made, Error> {
        let now = context.now();
        let plan = plan(self.request(config, Some(signer), now)?, Some(&signer.issuer), now)?;
        let key = self.key(config, context)?;
        plan.judge_key(key.public(), Some(&signer.issuer))?;
        let key_file = self.key_file(&key, context)?;
        let certificate = plan.sign(key.public(), &signer.issuer, &context.random)?;
        let files = LeafFiles::new(&certificate, key_file, &signer.issuer);
        Ok(Made { certificate, plan, files })
    }

    fn key(&self, config: &Config, context: &Context) -> Result<PrivateKey, Error> {
        if let Some(file) = &self.key {
            return load_private_key(file, &mut self.passphrase.opener());
        }
        let key_type = self.key_type.unwrap_or(config.key_type);
        notice_key_type(key_type, self.output);
        PrivateKey::generate(key_type, &context.random)
    }

    /// The key file as it shall be written.
    fn key_file(&self, key: &PrivateKey, context: &Context) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self.encrypt_key || self.dry_run {
            return Ok(key.to_pem());
        }
        let passphrase = self.new_passphrase.passphrase(&format!("\"{}\"", self.name), &self.passphrase)?;
        key.to_encrypted_pem(&passphrase, &context.random)
    }
}
