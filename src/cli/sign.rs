//! `pkit sign`: a certificate for a request that somebody else made.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::{
    Context, Exit, OutputArgs,
    content::ContentArgs,
    exit,
    issue::UsageArgs,
    issued::Issued,
    passphrase::PassphraseArgs,
    place::{NewLeaf, Place},
    signer::{IssuerArgs, Signer, StoreArgs},
};
use crate::{
    Error,
    csr::{Csr, Grant, grant},
    issue::{Kind, Notice, plan},
    name::San,
    profile::Profile,
    store::{Config, LeafFiles},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit sign api.csr --profile server
  pkit sign api.csr --profile server --dry-run
  pkit sign keytool.csr --profile peer --name node1 --san node1.cluster.internal --san 10.0.0.11
  pkit sign web.csr --profile server --issuer ca.pem --issuer-key ca.key --out certs/web
  ssh web cat api.csr | pkit sign - --profile server

The answer is a table of what the request asks for, what is granted, and why. Its signature must prove that who made it has
the key. Its subject is taken byte for byte. Its names are held to the rules of `issue` and to the name constraints of the CA:
one that cannot be granted refuses the whole request, until --san says which names the certificate shall have. Without any,
a server's common name becomes its name. Usages follow from --profile, whatever is asked for, and no other extension is
granted unless an option says so; what was not is told in a notice. The private key stays with who asked: the set in the PKI
directory has no privkey.pem."))]
pub(super) struct Args {
    /// The certificate request, PEM or DER; - for standard input
    file: PathBuf,
    /// What the certificate is for; a request has no say in this
    #[arg(long)]
    profile: Profile,
    /// What to call it; by default its common name, or else its first alternative name
    #[arg(long)]
    name: Option<String>,
    /// An alternative name, instead of all that the request asks for; empty for none
    #[arg(long, value_name = "SAN")]
    san: Vec<String>,
    #[command(flatten)]
    content: ContentArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    issuer: IssuerArgs,
    /// Write the set of files to this directory too; without a PKI directory, there alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Do everything but write: show what would be granted, and the certificate that would be made
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let csr = Csr::load(&args.file)?;
    csr.verify_signature()?;
    // A first look refuses what no CA could sign, before a passphrase is asked for.
    let look = args.grant(&csr, &Config::default(), None, now)?;
    let name = args.name(&look)?;
    let files = LeafFiles::WITHOUT_KEY;
    let place = Place::open(&name, &files, args.out.as_deref(), &args.issuer, &args.store)?;
    let signer = place.signer(&args.issuer, &args.passphrase, now)?;
    signer.notice_rollover(args.output);

    let grant = args.grant(&csr, &place.config(), Some(&signer), now)?;
    let not_granted: Vec<String> = grant.refused().map(str::to_owned).collect();
    place.require_unused_serial(&grant.request, &signer)?;
    let mut plan = plan(grant.request, Some(&signer.issuer), now)?;
    if !not_granted.is_empty() {
        plan.notices.push(Notice::NotGranted(not_granted));
    }
    let certificate = plan.sign(csr.public_key(), &signer.issuer, &context.random)?;
    let files_made = LeafFiles::without_key(&certificate, &signer.issuer);
    let leaf = NewLeaf { profile: args.profile, certificate, plan, files: files_made };
    let directories = match args.dry_run {
        true => place.directories()?,
        false => place.put(&leaf, &signer, &args.store, args.output)?,
    };
    let (notices, now) = (&leaf.plan.notices, leaf.plan.now());
    Issued::new(&name, args.profile, &leaf.certificate, notices, directories, &files)
        .granted(grant.lines)
        .signed_by(&signer.issuer)
        .dry_run(args.dry_run, &leaf.certificate, now)
        .tell(args.output, now)?;
    Ok(Exit::Yes)
}

impl Args {
    fn grant(
        &self,
        csr: &Csr,
        config: &Config,
        signer: Option<&Signer>,
        now: OffsetDateTime,
    ) -> Result<Grant, Error> {
        let label = signer.and_then(|signer| signer.name.as_deref());
        let label = label.map(crate::store::directory_name).transpose()?;
        let kind = Kind::Leaf(self.profile);
        let mut terms = self.content.request_for(kind, csr.subject(), config, label.as_deref(), now)?;
        self.usage.apply(&mut terms)?;
        let stated = self.san.iter().filter(|san| !san.is_empty()).map(|san| san.parse::<San>());
        let stated = stated.collect::<Result<Vec<_>, _>>()?;
        let stated = (!self.san.is_empty()).then_some(stated);
        grant(csr, self.profile, terms, stated, signer.map(|signer| &signer.issuer))
    }

    fn name(&self, grant: &Grant) -> Result<String, Error> {
        let request = &grant.request;
        let name = self.name.clone().or_else(|| request.subject.common_name());
        name.or_else(|| request.sans.first().map(ToString::to_string)).ok_or_else(|| Error::Usage {
            problem: "the request has neither a common name nor an alternative name: say what to call it with --name"
                .into(),
        })
    }
}
