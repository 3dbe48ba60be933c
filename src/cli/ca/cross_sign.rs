//! `pkit ca cross-sign`.

use crate::{
    Error,
    cert::{Certificate, Extension, ExtensionValue},
    cli::{
        Context, Exit, OutputArgs,
        content::{ExtensionArgs, ValidityArgs},
        exit,
        issued::Issued,
        passphrase::PassphraseArgs,
        signer::{IssuerArgs, StoreArgs},
    },
    issue::{Kind, Policy, Request, plan},
    oid,
    store::{Authority, Generation, Shelf, Store},
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
    let issuer = IssuerArgs::named(&args.issuer).open_named(&store, &args.passphrase, now)?.issuer;

    let twin = |ca: &Authority| {
        ca.certificate.is_same_authority(&subject) && ca.above.first() == Some(issuer.certificate())
    };
    if let Some(twin) = store.authorities()?.iter().find(|ca| twin(ca)) {
        return Err(
            Error::CaExists { origin: twin.certificate.origin().clone(), name: twin.name.clone() }.into()
        );
    }
    let mut request = same_authority(&subject)?;
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
        .dry_run(args.dry_run, &certificate, now)
        .tell(args.output, now)?;
    Ok(Exit::Yes)
}

/// What another CA is to certify: the same subject, key identifier and limits, so that nothing below can tell the
/// difference.
///
/// # Errors
/// [`Error::ExtensionInvalid`] for a limit that cannot be repeated: without it, the new certificate would allow more.
fn same_authority(authority: &Certificate) -> Result<Request, Error> {
    let mut request = Request {
        name_constraints: authority.name_constraints().cloned(),
        key_id: authority.subject_key_id().map(<[u8]>::to_vec),
        extended_key_usage: authority.extended_key_usage().unwrap_or_default().to_vec(),
        ..Request::new(
            Kind::Intermediate,
            authority.subject().clone(),
            End::At(authority.validity().not_after),
        )
    };
    for extension in authority.extensions() {
        match (&extension.value, extension.oid.content()) {
            (ExtensionValue::BasicConstraints { path_length, .. }, _) => {
                request.path_length = path_length.map(|most| u8::try_from(most).unwrap_or(u8::MAX));
            }
            (ExtensionValue::CertificatePolicies(policies), _) => {
                request.policies =
                    policies.iter().map(|oid| Policy { oid: oid.clone(), cps: None }).collect();
            }
            (_, oid::POLICY_CONSTRAINTS | oid::INHIBIT_ANY_POLICY | oid::POLICY_MAPPINGS) => {
                return Err(lost(extension));
            }
            (ExtensionValue::Other(_) | ExtensionValue::Malformed(_), _) if extension.critical => {
                return Err(lost(extension));
            }
            _ => {}
        }
    }
    Ok(request)
}

fn lost(extension: &Extension) -> Error {
    Error::ExtensionInvalid {
        what: "extension",
        value: extension.oid.name(),
        reason: "it limits the CA, and a second certificate without it would allow more".into(),
    }
}
