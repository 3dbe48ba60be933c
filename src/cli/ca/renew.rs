//! `pkit ca renew`.

use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, exit,
        issued::Issued,
        passphrase::PassphraseArgs,
        signer::{IssuerArgs, StoreArgs},
    },
    issue::{Kind, Notice, Pointers, Request, plan},
    key::load_private_key,
    origin::Origin,
    renew::{certify_again, end_as_before},
    store::{Generation, Shelf, Store, Wait},
    validity::End,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca renew \"Acme Issuing\"
  pkit ca renew \"Acme Root\" --validity 10y

The new certificate has the subject, key, key identifier, path length, name constraints and other extensions of the old one,
so that everything the CA signed stays good. It is signed by the same CA as before, a root by itself, and lasts as long. Leaf
certificates issued or renewed from then on carry it; those before go on with the old one until they are renewed. A renewed
root has to reach whoever trusts it before the old one ends. A root's key is needed; that of an intermediate is not, but its
issuer's is."))]
pub(super) struct Args {
    /// Name of the CA
    name: String,
    /// The CA that signs it, where it was imported and its issuer came later
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// How long it shall last, instead of as long as the old one: a duration or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME")]
    validity: Option<End>,
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
    if !args.dry_run {
        args.store.waiting(args.output, |wait| store.mend(wait))?;
    }
    // Before its files are read, so that what is read is this or newer.
    let set = store.current(Shelf::Ca, &args.name)?;
    let old = store.authority(&args.name)?;
    let lineage = store.lineage(Shelf::Ca, &args.name)?;
    let damaged = || Error::PkiDamaged {
        path: old.key.with_file_name("cert.pem"),
        problem: "it is on no record".into(),
    };
    let record = lineage.of_serial(&old.certificate.serial_hex()).ok_or_else(damaged)?;

    // The same key again would undo it.
    if lineage.is_compromised(&record.public_key) {
        return Err(Error::KeyCompromised { name: args.name.clone() }.into());
    }
    if let Some(reason) = lineage.revoked(&record.serial) {
        let problem = format!("the CA was revoked ({reason}), and is not renewed: make a new one");
        return Err(Error::Usage { problem }.into());
    }
    let end = match args.validity {
        Some(end) => end,
        None => end_as_before(&old, store.config().validity.intermediate, now)?,
    };
    // Its key, as the file has it; of a CA whose key is elsewhere, none.
    let key_file = old.key_file()?;
    let (certificate, mut notices, generation) = if old.is_root() {
        let key = match load_private_key(&old.key, &mut args.passphrase.opener()) {
            Err(Error::FileNotFound { path }) => Err(Error::CaKeyAbsent { name: args.name.clone(), path }),
            other => other,
        }?;
        old.certificate.require_key(&key, &Origin::file(&old.key))?;
        let mut request = Request::again(&old.certificate, Kind::Root, end);
        request.end_is_explicit = args.validity.is_some();
        let plan = plan(request, None, now)?;
        let certificate = plan.sign_root(&key, &context.random)?;
        let generation = Generation::renewed_authority(&args.name, &certificate, key_file, None, record, now);
        (certificate, plan.notices, generation)
    } else {
        let name = args.issuer.as_ref().unwrap_or(&record.issuer.name);
        let issuer = IssuerArgs::named(name).open_named(&store, &args.passphrase, now)?.issuer;
        if issuer.certificate().subject() != old.certificate.issuer() {
            let problem = format!("\"{name}\" is not the CA that signed it: the issuer stays the same");
            return Err(Error::Usage { problem }.into());
        }
        let end = (end, args.validity.is_some());
        let (certificate, notices) =
            certify_again(&old.certificate, end, &issuer, Pointers::default(), &context.random, now)?;
        let signed_by = Some((name.as_str(), &issuer));
        let generation =
            Generation::renewed_authority(&args.name, &certificate, key_file, signed_by, record, now);
        (certificate, notices, generation)
    };
    // What held before is no news.
    notices.retain(|notice| matches!(notice, Notice::Clamped { .. }));
    let files: Vec<_> = generation.files.iter().map(|(file, ..)| *file).collect();
    let commit = |wait: &mut Wait<'_>| {
        let writer = store.write(wait)?;
        // Somebody else may have renewed it since it was read.
        match store.current(Shelf::Ca, &args.name)? == set {
            true => {
                let generation = generation.keeping_list(&old)?;
                writer.commit(vec![generation]).map(Some)
            }
            false => Ok(None),
        }
    };
    let links = match args.dry_run {
        true => vec![store.link(Shelf::Ca, &args.name)?],
        false => match args.store.waiting(args.output, commit)? {
            Some(links) => links,
            None if args.validity.is_some() => {
                let problem = "another pkit renewed it just now without this --validity: say it again";
                return Err(Error::Usage { problem: problem.into() }.into());
            }
            None => {
                args.output.notice("another pkit renewed it just now; nothing was done");
                return Ok(Exit::Yes);
            }
        },
    };
    if old.is_root() && !args.dry_run {
        args.output.notice("whoever trusts the root needs the new certificate before the old one ends; both have the same key");
    }
    let called = if old.is_root() { "root CA" } else { "intermediate CA" };
    Issued::new(&args.name, called, &certificate, &notices, links, &files)
        .renewed()
        .dry_run(args.dry_run, &certificate, now)
        .tell(args.output, now)?;
    Ok(Exit::Yes)
}
