//! `pkit ca cross-sign`.

use crate::{
    cert::Certificate,
    cli::{
        Context, Exit, OutputArgs,
        content::{ExtensionArgs, ValidityArgs},
        exit,
        issued::Issued,
        passphrase::PassphraseArgs,
        signer::{IssuerArgs, StoreArgs},
    },
    issue::{Kind, Request, plan},
    store::{Generation, Shelf, Store},
    validity::End,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca cross-sign \"New Root\" --issuer \"Old Root\"
  pkit ca cross-sign \"Old Root\" --issuer \"New Root\"

The first line lets peers that trust the old root alone accept what the new root signs; the second is the way back. The
new certificate has the subject, key and key identifier of the CA, and becomes a CA of its own in the PKI directory,
without a key. Leaf certificates issued from then on below the CA carry it at the end of chain.pem and fullchain.pem."))]
pub(super) struct Args {
    /// The CA whose key is certified anew
    name: String,
    /// The CA that signs
    #[arg(long, value_name = "NAME")]
    issuer: String,
    /// What to call the new certificate; "NAME by ISSUER" by default
    #[arg(long = "as", value_name = "NAME")]
    called: Option<String>,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    extensions: ExtensionArgs,
    /// Do everything but write: show the certificate that would be made
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
    let store = Store::open(&args.store.pki.pki)?;
    let called = args.called.clone().unwrap_or_else(|| format!("{} by {}", args.name, args.issuer));
    store.require_free(Shelf::Ca, &called)?;
    let subject = store.authority(&args.name)?.certificate;
    let issuer = IssuerArgs { issuer: Some(args.issuer.clone()), issuer_key: None, issuer_chain: Vec::new() };
    let issuer = issuer.open(&store, &args.passphrase, now)?.issuer;

    let mut request = same_authority(&subject);
    args.validity.apply(&mut request, End::At(subject.validity().not_after), now)?;
    let label = crate::store::directory_name(&args.issuer)?;
    args.extensions.apply(&mut request, store.config().pointers(&label))?;
    let plan = plan(request, Some(&issuer), now)?;
    let certificate = plan.sign(subject.public_key(), &issuer, &context.random)?;

    let generation = Generation::cross_signed(&called, &certificate, (&args.issuer, &issuer), now);
    let files: Vec<_> = generation.files.iter().map(|(file, ..)| *file).collect();
    let links = match args.dry_run {
        true => vec![store.link(Shelf::Ca, &called)?],
        false => args.store.waiting(args.output, |wait| store.write(wait)?.commit(vec![generation]))?,
    };
    Issued::new(&called, "intermediate CA", &certificate, &plan.notices, links, &files)
        .dry_run(args.dry_run)
        .tell(args.output, now)?;
    Ok(Exit::Yes)
}

/// What another CA is to certify: the same subject, key identifier and limits, so that nothing below can tell the
/// difference.
fn same_authority(authority: &Certificate) -> Request {
    let path_length = authority.basic_constraints().and_then(|(_, most)| most);
    Request {
        path_length: path_length.map(|most| u8::try_from(most).unwrap_or(u8::MAX)),
        name_constraints: authority.name_constraints().cloned(),
        key_id: authority.subject_key_id().map(<[u8]>::to_vec),
        ..Request::new(
            Kind::Intermediate,
            authority.subject().clone(),
            End::At(authority.validity().not_after),
        )
    }
}
