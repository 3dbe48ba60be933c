//! `pkit issue`: leaf certificates.

use std::path::PathBuf;

use super::{
    Context, Exit, OutputArgs, exit,
    issued::Issued,
    passphrase::PassphraseArgs,
    signer::{ContentArgs, IssuerArgs, Signer, StoreArgs, notice_key_type},
};
use crate::{
    Error, fs,
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::San,
    profile::Profile,
    store::{Config, Generation, LeafFiles, Shelf, Store},
    verify::constraint_breach,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit issue server api.internal localhost 127.0.0.1
  pkit issue client service-a
  pkit issue peer node1.cluster.internal 10.0.0.11 spiffe://cluster.internal/node1
  pkit issue server web --issuer ca.pem --issuer-key ca.key --out certs/web www.example.com

The kind of an alternative name follows from its value: DNS name (also *.example.com and bücher.example), IP address,
URI, e-mail address. NAME itself is one of them where it is an IP address, a URI, an e-mail address or a DNS name with a
dot; a DNS name without a dot, where no other name is given."))]
pub(super) struct Args {
    /// What it is for: a server, a client, or a peer that is both
    profile: Profile,
    /// What to call it; its common name, unless --subject states one
    name: String,
    /// Alternative names
    #[arg(value_name = "SAN")]
    sans: Vec<String>,
    #[command(flatten)]
    content: ContentArgs,
    /// Kind of key
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    #[command(flatten)]
    issuer: IssuerArgs,
    /// Write the set of files to this directory too; without a PKI directory, there alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    // A name that cannot be is refused before a passphrase is asked for.
    crate::store::directory_name(&args.name)?;
    let now = context.now();
    if args.issuer.is_loose() {
        let out = args.out.as_ref().ok_or_else(|| Error::Usage {
            problem: "with --issuer-key the files go where --out says; it is missing".into(),
        })?;
        fs::require_absent(out, &LeafFiles::NAMES)?;
        let config = Config::default();
        args.sans(None)?;
        let signer = args.issuer.open_loose(&args.passphrase, now)?;
        let made = args.make(&config, &signer, context)?;
        fs::write_set(out, &made.files.files())?;
        made.tell(&args, vec![out.clone()])?;
        return Ok(Exit::Yes);
    }
    let store = Store::open(&args.store.pki.pki)?;
    store.require_free(Shelf::Live, &args.name)?;
    if let Some(out) = &args.out {
        fs::require_absent(out, &LeafFiles::NAMES)?;
    }
    args.sans(None)?;
    let signer = args.issuer.open(&store, &args.passphrase, now)?;
    let made = args.make(store.config(), &signer, context)?;
    let issuer = (signer.name.as_deref().unwrap_or_default(), &signer.issuer);
    let generation = Generation::leaf(&args.name, args.profile, &made.certificate, &made.files, issuer, now);
    // Before the record, because a directory that cannot be written to is no reason to have signed.
    let staged = args.out.as_ref().map(|out| fs::Staged::new(out, &made.files.files())).transpose()?;
    let mut directories =
        args.store.waiting(args.output, |wait| store.write(wait)?.commit(vec![generation]))?;
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
        let now = self.plan.now();
        Issued::new(&args.name, args.profile, &self.certificate, &self.plan, directories, &LeafFiles::NAMES)
            .tell(args.output, now)
    }
}

impl Args {
    fn make(&self, config: &Config, signer: &Signer, context: &Context) -> Result<Made, Error> {
        let sans = self.sans(Some(&signer.issuer))?;
        let (end, end_is_explicit) = self.content.end(config.validity.leaf)?;
        let subject = self.content.subject(&self.name, config, !sans.is_empty())?;
        let request =
            Request { sans, end_is_explicit, ..Request::new(Kind::Leaf(self.profile), subject, end) };
        let plan = plan(request, Some(&signer.issuer), context.now())?;
        let key_type = self.key_type.unwrap_or(config.key_type);
        notice_key_type(key_type, self.output);
        let key = PrivateKey::generate(key_type, &context.random)?;
        let certificate = plan.sign(key.public(), &signer.issuer, &context.random)?;
        let files = LeafFiles::new(&certificate, &key, &signer.issuer);
        Ok(Made { certificate, plan, files })
    }

    /// The alternative names: those given, and NAME where it is one. Without an issuer, a first look that refuses what
    /// no issuer could sign.
    fn sans(&self, issuer: Option<&Issuer>) -> Result<Vec<San>, Error> {
        let own: Option<San> = self.name.parse().ok();
        let own = own.filter(|own| match own {
            San::Dns(name) => {
                name.as_str().contains('.') || self.sans.is_empty() || name.as_str() == "localhost"
            }
            _ => true,
        });
        // Nobody asked for the name of a client as an alternative name; where the CA does not permit it, the common
        // name is enough.
        let own = own.filter(|own| {
            let name = own.to_general_name();
            let forbidden =
                issuer.is_some_and(|issuer| issuer.path().any(|ca| constraint_breach(ca, &name).is_some()));
            self.profile.serves() || !forbidden
        });
        let given = self.sans.iter().map(|san| san.parse::<San>());
        let sans = own.into_iter().map(Ok).chain(given).collect::<Result<Vec<_>, _>>()?;
        if sans.is_empty() && self.profile.serves() {
            return Err(Error::SanMissing { name: self.name.clone() });
        }
        Ok(sans)
    }
}
