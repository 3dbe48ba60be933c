//! Where a new leaf goes: into the PKI directory, or, signed by a CA in loose files, to `--out` alone.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{
    OutputArgs,
    passphrase::PassphraseArgs,
    signer::{IssuerArgs, Signer, StoreArgs},
};
use crate::{
    Error,
    cert::Certificate,
    fingerprint::hex,
    fs,
    issue::{Plan, Request},
    profile::Profile,
    store::{Config, Generation, LeafFiles, Shelf, Store},
};

/// A place that was found free.
pub(crate) struct Place<'a> {
    pub(crate) name: &'a str,
    /// `None` for a CA in loose files.
    pub(crate) store: Option<Store>,
    pub(crate) out: Option<&'a Path>,
}

/// A leaf that was signed.
pub(crate) struct NewLeaf {
    pub(crate) profile: Profile,
    pub(crate) certificate: Certificate,
    pub(crate) plan: Plan,
    pub(crate) files: LeafFiles,
}

impl<'a> Place<'a> {
    /// Refuses a name that cannot be and a place that is taken, before a passphrase is asked for.
    pub(crate) fn open(
        name: &'a str,
        files: &[&str],
        out: Option<&'a Path>,
        issuer: &IssuerArgs,
        store: &StoreArgs,
    ) -> Result<Self, Error> {
        crate::store::directory_name(name)?;
        if let Some(out) = out {
            fs::require_absent(out, files)?;
        }
        if issuer.is_loose() {
            return match out {
                Some(_) => Ok(Self { name, store: None, out }),
                None => Err(Error::Usage {
                    problem: "with --issuer-key the files go where --out says; it is missing".into(),
                }),
            };
        }
        let store = Store::open(&store.pki.pki)?;
        store.require_free(Shelf::Live, name)?;
        Ok(Self { name, store: Some(store), out })
    }

    /// The defaults that hold there.
    pub(crate) fn config(&self) -> Config {
        self.store.as_ref().map(|store| store.config().clone()).unwrap_or_default()
    }

    /// The CA that signs.
    pub(crate) fn signer(
        &self,
        issuer: &IssuerArgs,
        passphrase: &PassphraseArgs,
        now: OffsetDateTime,
    ) -> Result<Signer, Error> {
        match &self.store {
            Some(store) => issuer.open(store, passphrase, now),
            None => issuer.open_loose(passphrase, now),
        }
    }

    /// Refuses a serial number that was asked for and is on record, before anything is signed. Whoever puts the leaf there asks
    /// once more under the lock.
    pub(crate) fn require_unused_serial(&self, request: &Request, signer: &Signer) -> Result<(), Error> {
        match (&self.store, &request.serial) {
            (Some(store), Some(serial)) => {
                let name = signer.name.as_deref().unwrap_or_default();
                store.require_unused_serial(&hex(serial), name, signer.issuer.certificate())
            }
            _ => Ok(()),
        }
    }

    /// Where the files would be.
    pub(crate) fn directories(&self) -> Result<Vec<PathBuf>, Error> {
        let link = self.store.as_ref().map(|store| store.link(Shelf::Live, self.name)).transpose()?;
        Ok(link.into_iter().chain(self.out.map(Path::to_owned)).collect())
    }

    /// Puts the files there, all of them or none, and the certificate on record. Returns where they are.
    pub(crate) fn put(
        &self,
        leaf: &NewLeaf,
        signer: &Signer,
        args: &StoreArgs,
        output: OutputArgs,
    ) -> Result<Vec<PathBuf>, Error> {
        // Before the record, because a directory that cannot be written to is no reason to have signed.
        let staged = self.out.map(|out| fs::Staged::new(out, &leaf.files.files())).transpose()?;
        if let Some(store) = &self.store {
            let issuer = (signer.name.as_deref().unwrap_or_default(), &signer.issuer);
            let (certificate, now) = (&leaf.certificate, leaf.plan.now());
            let generation = Generation::leaf(self.name, leaf.profile, certificate, &leaf.files, issuer, now);
            args.waiting(output, |wait| {
                let writer = store.write(wait)?;
                self.require_unused_serial(leaf.plan.request(), signer)?;
                writer.commit(vec![generation])
            })?;
        }
        staged.map_or(Ok(()), fs::Staged::publish)?;
        self.directories()
    }
}
