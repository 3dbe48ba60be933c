//! `pkit ca root` and `pkit ca intermediate`.

use std::{path::PathBuf, str::FromStr};

use time::OffsetDateTime;

use crate::{
    Error,
    cert::NameConstraints,
    cli::{
        Context, Exit, OutputArgs,
        content::ContentArgs,
        exit,
        issued::Issued,
        passphrase::{NewPassphraseArgs, PassphraseArgs},
        signer::{IssuerArgs, Signer, StoreArgs, given_or_new_key},
    },
    issue::{Kind, Request, extended_key_usages, plan},
    key::{KeyType, PrivateKey},
    name::Subtree,
    store::{Config, Generation, Shelf, Store},
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
    #[command(flatten)]
    constraints: ConstraintArgs,
    /// Kind of key
    #[arg(long, value_name = "TYPE", conflicts_with = "key", help_heading = "Key")]
    key_type: Option<KeyType>,
    /// Certify the key of this file instead of a new one; it is copied into the set
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    key: Option<PathBuf>,
    /// Do everything but write: show the certificate that would be made
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Where the names of all certificates below must lie (RFC 5280 4.2.1.10). What is permitted of one kind of name bans all
/// others of that kind; kinds of which nothing is said stay free.
#[derive(clap::Args)]
struct ConstraintArgs {
    /// Permit DNS names in this domain only: internal, or .internal, covers all below it
    #[arg(long, value_name = "DOMAIN", help_heading = "Constraints")]
    permit_dns: Vec<String>,
    /// Permit addresses in this network only
    #[arg(long, value_name = "NETWORK", help_heading = "Constraints")]
    permit_ip: Vec<String>,
    /// Permit this mailbox, those of this host, or (.example.com) of all hosts of a domain only
    #[arg(long, value_name = "MAILBOX|HOST|.DOMAIN", help_heading = "Constraints")]
    permit_email: Vec<String>,
    /// Permit URIs of this host, or (.example.com) of all hosts of a domain only
    #[arg(long, value_name = "HOST|.DOMAIN", help_heading = "Constraints")]
    permit_uri: Vec<String>,
    /// Limit what certificates below may be used for, by name or OID, with commas: clientAuth
    #[arg(long, value_name = "USAGE", help_heading = "Constraints")]
    eku: Vec<String>,
    /// Ban DNS names in this domain
    #[arg(long, value_name = "DOMAIN", help_heading = "Constraints")]
    exclude_dns: Vec<String>,
    /// Ban addresses in this network
    #[arg(long, value_name = "NETWORK", help_heading = "Constraints")]
    exclude_ip: Vec<String>,
    /// Ban this mailbox, those of this host, or of all hosts of a domain
    #[arg(long, value_name = "MAILBOX|HOST|.DOMAIN", help_heading = "Constraints")]
    exclude_email: Vec<String>,
    /// Ban URIs of this host, or of all hosts of a domain
    #[arg(long, value_name = "HOST|.DOMAIN", help_heading = "Constraints")]
    exclude_uri: Vec<String>,
}

impl ConstraintArgs {
    fn read(&self) -> Result<Option<NameConstraints>, Error> {
        type Read = fn(&str) -> Result<Subtree, Error>;
        let trees = |given: [(&[String], Read); 4]| -> Result<Vec<Subtree>, Error> {
            given.into_iter().flat_map(|(texts, read)| texts.iter().map(move |text| read(text))).collect()
        };
        let constraints = NameConstraints {
            permitted: trees([
                (&self.permit_dns, Subtree::dns),
                (&self.permit_ip, Subtree::ip),
                (&self.permit_email, Subtree::email),
                (&self.permit_uri, Subtree::uri),
            ])?,
            excluded: trees([
                (&self.exclude_dns, Subtree::dns),
                (&self.exclude_ip, Subtree::ip),
                (&self.exclude_email, Subtree::email),
                (&self.exclude_uri, Subtree::uri),
            ])?,
        };
        // An empty extension is no extension (RFC 5280 4.2.1.10).
        Ok((constraints != NameConstraints::default()).then_some(constraints))
    }
}

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca root \"Acme Root\"
  pkit ca root \"Acme Root\" --subject \"C=US,ST=California,O=MyCompany\" --validity 20y
  pkit ca root dev --unencrypted
  pkit ca root \"Acme Root\" --permit-dns .internal --permit-ip 10.0.0.0/8 --permit-ip fd00::/8
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
  pkit ca intermediate Issuing --passphrase-file root.txt --new-passphrase-file issuing.txt"))]
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
    let existing = Store::open_existing(&args.common.store.pki.pki)?;
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
    let signer = IssuerArgs::named(&issuer).open(&store, &common.passphrase, context.now())?;
    signer.notice_rollover(common.output);
    common.make(Kind::Intermediate, args.path_length.0, Some(store), Some(signer), context)
}

/// An intermediate is signed by the one root where none was named.
fn only_root(store: &Store) -> Result<String, Error> {
    let roots: Vec<String> =
        store.authorities()?.into_iter().filter(|ca| ca.is_root()).map(|ca| ca.name).collect();
    let rotations = store.rotations()?;
    let roots: Vec<String> = roots.into_iter().filter(|name| rotations.signs_by_default(name)).collect();
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
        let now = context.now();
        let request = self.request(kind, path_length, &config, signer.as_ref(), now)?;
        let plan = plan(request, signer.as_ref().map(|signer| &signer.issuer), now)?;
        let key = self.key(&config, context)?;
        plan.judge_key(key.public(), signer.as_ref().map(|signer| &signer.issuer))?;
        let protection = match self.dry_run {
            true => None,
            false => self.new_passphrase.passphrase(&format!("CA \"{}\"", self.name), &self.passphrase)?,
        };

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
        let called = if kind == Kind::Root { "root CA" } else { "intermediate CA" };
        let issued = |links| Issued::new(&self.name, called, &certificate, &plan.notices, links, &files);
        if self.dry_run {
            let link = self.store.pki.pki.join("ca").join(crate::store::directory_name(&self.name)?);
            issued(vec![link]).dry_run(true, &certificate, now).tell(self.output, now)?;
            return Ok(Exit::Yes);
        }

        let store = match store {
            Some(store) => store,
            None => Store::open_or_create(&self.store.pki.pki, now)?,
        };
        let links = self.store.waiting(self.output, |wait| store.write(wait)?.commit(vec![generation]))?;
        if protection.is_none() {
            self.output.notice("the CA's key is not encrypted: whoever reads the file can issue in its name");
        }
        issued(links).tell(self.output, now)?;
        Ok(Exit::Yes)
    }

    fn key(&self, config: &Config, context: &Context) -> Result<PrivateKey, Error> {
        let kind = self.key_type.unwrap_or(config.key_type);
        given_or_new_key(self.key.as_deref(), kind, &mut self.passphrase.opener(), context, self.output)
    }

    fn request(
        &self,
        kind: Kind,
        path_length: Option<u8>,
        config: &Config,
        signer: Option<&Signer>,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let label = signer.and_then(|signer| signer.name.as_deref());
        let label = label.map(crate::store::directory_name).transpose()?;
        let request = self.content.request(kind, &self.name, false, config, label.as_deref(), now)?;
        let usages = self.constraints.eku.iter().map(|text| extended_key_usages(text));
        Ok(Request {
            path_length,
            name_constraints: self.constraints.read()?,
            extended_key_usage: usages.collect::<Result<Vec<_>, _>>()?.concat(),
            ..request
        })
    }
}
