//! Options of commands that sign and write: which CA, which PKI directory, what subject, how long.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use time::OffsetDateTime;

use super::{Context, OutputArgs, PkiArgs, passphrase::PassphraseArgs};
use crate::{
    Error,
    cert::load_certificates,
    issuer::Issuer,
    key::{KeyType, Opener, PrivateKey, load_private_key},
    name::escape,
    origin::Origin,
    store::{Store, Wait},
    validity::Span,
};

/// Tells what a kind of key is not good for.
pub(crate) fn notice_key_type(kind: KeyType, output: OutputArgs) {
    if kind == KeyType::Ed25519 {
        output.notice(
            "Ed25519 is not taken by Chromium, NSS, Envoy as a client and some other verifiers; P-256 works everywhere",
        );
    }
}

/// The key that is to be certified: that of a file, or a new one of this kind.
pub(crate) fn given_or_new_key(
    file: Option<&Path>,
    kind: KeyType,
    opener: &mut Opener<'_>,
    context: &Context,
    output: OutputArgs,
) -> Result<PrivateKey, Error> {
    match file {
        Some(file) => load_private_key(file, opener),
        None => {
            notice_key_type(kind, output);
            PrivateKey::generate(kind, &context.random)
        }
    }
}

/// Which CA signs.
#[derive(clap::Args, Clone)]
pub(crate) struct IssuerArgs {
    /// The CA that signs: a name in the PKI directory, or with --issuer-key a certificate file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) issuer: Option<String>,
    /// The private key of a CA that is not in the PKI directory
    #[arg(long, value_name = "FILE", requires = "issuer")]
    pub(crate) issuer_key: Option<PathBuf>,
    /// The certificates above that CA up to its root, where its own file does not hold them
    #[arg(long, value_name = "FILE", requires = "issuer_key")]
    pub(crate) issuer_chain: Vec<PathBuf>,
}

/// A CA ready to sign, and its name in the PKI directory where it has one.
pub(crate) struct Signer {
    pub(crate) issuer: Issuer,
    pub(crate) name: Option<String>,
    /// The CA that was asked for, where another took its place.
    instead_of: Option<String>,
}

impl Signer {
    /// Tells that it is another CA than the one that was named.
    pub(crate) fn notice_rollover(&self, output: OutputArgs) {
        if let (Some(asked), Some(name)) = (&self.instead_of, &self.name) {
            let (asked, name) = (escape(asked), escape(name));
            output.notice(format!("the CA \"{asked}\" was rolled over: \"{name}\" signs in its place"));
        }
    }
}

impl IssuerArgs {
    /// Whether the CA is given as loose files.
    pub(crate) fn is_loose(&self) -> bool {
        self.issuer_key.is_some()
    }

    /// Of a CA in the PKI directory.
    pub(crate) fn named(name: &str) -> Self {
        Self { issuer: Some(name.to_owned()), issuer_key: None, issuer_chain: Vec::new() }
    }

    /// Opens the CA in a PKI directory: the one named, or the one that took its place, or the one there is.
    pub(crate) fn open(
        &self,
        store: &Store,
        passphrase: &PassphraseArgs,
        now: OffsetDateTime,
    ) -> Result<Signer, Error> {
        let rotations = store.rotations()?;
        match self.issuer.as_deref().map(|name| (name, rotations.signer(name))) {
            Some((asked, other)) if asked != other => {
                let signer = Self::named(other).open_named(store, passphrase, now)?;
                Ok(Signer { instead_of: Some(asked.to_owned()), ..signer })
            }
            _ => self.open_named(store, passphrase, now),
        }
    }

    /// Opens the CA in a PKI directory: this and no other, though another may have taken its place.
    pub(crate) fn open_named(
        &self,
        store: &Store,
        passphrase: &PassphraseArgs,
        now: OffsetDateTime,
    ) -> Result<Signer, Error> {
        let authority = match &self.issuer {
            Some(file) if crate::store::directory_name(file).is_err() && Path::new(file).exists() => {
                return Err(Error::Usage {
                    problem: "--issuer names a file, and its key is missing: add --issuer-key FILE".into(),
                });
            }
            Some(name) => store.authority(name)?,
            None => store.default_issuer()?,
        };
        let issuer = authority.open(&mut passphrase.opener(), now)?;
        let all = store.authorities()?;
        store.require_unrevoked(&issuer, &all)?;
        let cross = Store::cross_certificates(&issuer, &all, now);
        let others = store.other_anchors(&issuer)?;
        let issuer = issuer.with_cross(cross).with_other_anchors(others);
        Ok(Signer { issuer, name: Some(authority.name), instead_of: None })
    }

    /// Opens the CA from its files.
    pub(crate) fn open_loose(
        &self,
        passphrase: &PassphraseArgs,
        now: OffsetDateTime,
    ) -> Result<Signer, Error> {
        let (Some(file), Some(key_file)) = (&self.issuer, &self.issuer_key) else {
            return Err(Error::Usage { problem: "--issuer FILE and --issuer-key FILE go together".into() });
        };
        let mut certificates = load_certificates(file.as_ref())?;
        let key = load_private_key(key_file, &mut passphrase.opener())?;
        // The file may hold the chain in any order; the CA is the one with this key.
        let index = certificates.iter().position(|certificate| certificate.public_key() == key.public());
        let certificate = certificates.remove(index.unwrap_or(0));
        for chain in &self.issuer_chain {
            certificates.extend(load_certificates(chain)?);
        }
        let issuer = Issuer::new(certificate, &certificates, key, Origin::file(key_file), now)?;
        Ok(Signer { issuer, name: None, instead_of: None })
    }
}

/// Which PKI directory is written to.
#[derive(clap::Args, Clone)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) pki: PkiArgs,
    /// How long to wait for another pkit that writes to the PKI directory
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    lock_timeout: String,
}

impl StoreArgs {
    /// Calls `work` with a wait that tells a person after a second why nothing happens.
    pub(crate) fn waiting<T>(
        &self,
        output: OutputArgs,
        work: impl FnOnce(&mut Wait<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut notice = || output.notice("another pkit is writing to the PKI directory; waiting for it");
        let timeout: Duration = self.lock_timeout.parse::<Span>()?.to_duration();
        work(&mut Wait { timeout, notice: Some(&mut notice) })
    }
}
