//! `pkit ca root` and `pkit ca intermediate`.

use std::str::FromStr;

use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, exit,
        issued::Issued,
        passphrase::{NewPassphraseArgs, PassphraseArgs},
        signer::{ContentArgs, IssuerArgs, Signer, StoreArgs, notice_key_type},
    },
    issue::{Kind, Request, plan},
    key::{KeyType, PrivateKey},
    store::{Config, Generation, Shelf, Store},
    validity::Span,
};

/// Most intermediates below a CA.
#[derive(Clone, Copy)]
struct PathLength(Option<u8>);

impl FromStr for PathLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            number => {
                number.parse().map(Some).map(Self).map_err(|_| "a number from 0 to 255, or `none`".into())
            }
        }
    }
}

/// What roots and intermediates have in common.
#[derive(clap::Args)]
struct CommonArgs {
    /// What to call it; its common name, unless --subject states one
    name: String,
    #[command(flatten)]
    content: ContentArgs,
    /// Kind of key
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca root \"Acme Root\"
  pkit ca root \"Acme Root\" --subject \"C=US,ST=California,O=MyCompany\" --validity 20y
  pkit ca root dev --unencrypted
  pkit ca root \"Acme Root\" --new-passphrase-file secret.txt"))]
pub(super) struct RootArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Most intermediate CAs in a row below it, or `none` for no limit
    #[arg(long, value_name = "N|none", default_value = "none")]
    path_length: PathLength,
}

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca intermediate \"Acme Issuing\" --issuer \"Acme Root\"
  pkit ca intermediate \"Acme Issuing\" --issuer \"Acme Root\" --passphrase-file root.txt --new-passphrase-file issuing.txt"))]
pub(super) struct IntermediateArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// The CA in the PKI directory that signs it; the root, where there is but one
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Most intermediate CAs in a row below it, or `none` for no limit
    #[arg(long, value_name = "N|none", default_value = "0")]
    path_length: PathLength,
}

pub(super) fn root(args: RootArgs, context: &Context) -> anyhow::Result<Exit> {
    let existing = match Store::open(&args.common.store.pki.pki) {
        Ok(store) => Some(store),
        Err(Error::PkiMissing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    args.common.make(Kind::Root, args.path_length.0, existing, None, context)
}

pub(super) fn intermediate(args: IntermediateArgs, context: &Context) -> anyhow::Result<Exit> {
    let common = args.common;
    let store = Store::open(&common.store.pki.pki)?;
    common.require_free(Some(&store))?;
    let issuer = match args.issuer {
        Some(name) => name,
        None => only_root(&store)?,
    };
    let issuer = IssuerArgs { issuer: Some(issuer), issuer_key: None, issuer_chain: Vec::new() };
    let signer = issuer.open(&store, &common.passphrase, context.now())?;
    common.make(Kind::Intermediate, args.path_length.0, Some(store), Some(signer), context)
}

/// An intermediate is signed by the one root where none was named.
fn only_root(store: &Store) -> Result<String, Error> {
    let roots: Vec<String> =
        store.authorities()?.into_iter().filter(|ca| ca.is_root()).map(|ca| ca.name).collect();
    match roots.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(Error::IssuerAmbiguous { candidates: roots }),
    }
}

impl CommonArgs {
    /// Asked before any passphrase is.
    fn require_free(&self, store: Option<&Store>) -> Result<(), Error> {
        crate::store::directory_name(&self.name)?;
        store.map_or(Ok(()), |store| store.require_free(Shelf::Ca, &self.name))
    }

    fn make(
        &self,
        kind: Kind,
        path_length: Option<u8>,
        store: Option<Store>,
        signer: Option<Signer>,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        self.require_free(store.as_ref())?;
        let config = store.as_ref().map(|store| store.config().clone()).unwrap_or_default();
        let request = self.request(kind, path_length, &config)?;
        let now = context.now();
        let plan = plan(request, signer.as_ref().map(|signer| &signer.issuer), now)?;
        let protection =
            self.new_passphrase.passphrase(&format!("CA \"{}\"", self.name), &self.passphrase)?;

        let key_type = self.key_type.unwrap_or(config.key_type);
        notice_key_type(key_type, self.output);
        let key = PrivateKey::generate(key_type, &context.random)?;
        let certificate = match &signer {
            None => plan.sign_root(&key, &context.random)?,
            Some(signer) => plan.sign(key.public(), &signer.issuer, &context.random)?,
        };
        let key_file = match &protection {
            Some(passphrase) => key.to_encrypted_pem(passphrase, &context.random)?,
            None => key.to_pem(),
        };
        let issuer = signer.as_ref().and_then(|signer| Some((signer.name.as_deref()?, &signer.issuer)));
        let generation = Generation::authority(&self.name, &certificate, key_file, issuer, now);
        let files: Vec<_> = generation.files.iter().map(|(name, ..)| *name).collect();

        let store = match store {
            Some(store) => store,
            None => Store::open_or_create(&self.store.pki.pki, now)?,
        };
        let links = self.store.waiting(self.output, |wait| store.write(wait)?.commit(vec![generation]))?;
        let called = if kind == Kind::Root { "root CA" } else { "intermediate CA" };
        if protection.is_none() {
            self.output.notice("the CA's key is not encrypted: whoever reads the file can issue in its name");
        }
        Issued::new(&self.name, called, &certificate, &plan, links, &files).tell(self.output, now)?;
        Ok(Exit::Yes)
    }

    fn request(&self, kind: Kind, path_length: Option<u8>, config: &Config) -> Result<Request, Error> {
        let default: Span = match kind {
            Kind::Root => config.validity.root,
            _ => config.validity.intermediate,
        };
        let (end, end_is_explicit) = self.content.end(default)?;
        let subject = self.content.subject(&self.name, config, false)?;
        Ok(Request { end_is_explicit, path_length, ..Request::new(kind, subject, end) })
    }
}
