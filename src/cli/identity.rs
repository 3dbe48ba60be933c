//! Options of commands that take part in a handshake: who we are, and whom we trust.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{PkiArgs, passphrase::PassphraseArgs};
use crate::{
    Error,
    cert::{Certificate, load_anchors, load_certificates},
    crl::{Lists, Reread},
    key::{Opener, PrivateKey, load_private_key, no_passphrase},
    origin::Origin,
    source,
    store::Store,
    tls::Identity,
};

/// A certificate and its key in files.
#[derive(clap::Args, Clone)]
pub(crate) struct KeyPairArgs {
    /// The certificate in a file, with its intermediates behind it
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key; the same file where it holds both
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl KeyPairArgs {
    /// Loads them, where they are given.
    pub(crate) fn load(&self, passphrase: &PassphraseArgs) -> Result<Option<Identity>, Error> {
        self.load_by(&mut passphrase.opener())
    }

    /// The same by an opener of one's own.
    pub(crate) fn load_by(&self, opener: &mut Opener<'_>) -> Result<Option<Identity>, Error> {
        let Some((chain, key, origin)) = self.open(opener)? else { return Ok(None) };
        Identity::new(chain, key, origin).map(Some)
    }

    /// The key in a file, for a certificate that comes from elsewhere.
    pub(crate) fn key(&self) -> Option<&Path> {
        self.key.as_deref()
    }

    /// The files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.cert.iter().chain(&self.key)
    }

    /// The certificates as they stand in their file, the key, and where that came from.
    pub(crate) fn open(
        &self,
        opener: &mut Opener<'_>,
    ) -> Result<Option<(Vec<Certificate>, PrivateKey, Origin)>, Error> {
        let Some(cert) = &self.cert else { return Ok(None) };
        let chain = load_certificates(cert)?;
        let path = self.key.as_ref().unwrap_or(cert);
        let key = load_private_key(path, opener)?;
        Ok(Some((chain, key, source::origin(path))))
    }
}

/// The revocation lists to go by.
#[derive(clap::Args, Clone)]
pub(crate) struct CrlArgs {
    /// Refuse what these CRLs revoke: PEM or DER, one or many in a file; every CA above the certificate needs a current one
    #[arg(long, value_name = "FILE", num_args = 1..)]
    crl: Vec<PathBuf>,
}

impl CrlArgs {
    /// Loads them, where they are given. `tell` is told when a file is read again.
    pub(crate) fn load(
        &self,
        tell: impl Fn(&Path, Reread<'_>) + Send + Sync + 'static,
    ) -> Result<Option<Arc<Lists>>, Error> {
        if self.crl.is_empty() { Ok(None) } else { Lists::load(&self.crl, tell).map(Arc::new).map(Some) }
    }
}

/// The set of a name in the PKI directory, and the CAs whose peers it trusts.
pub(crate) fn from_store(pki: &PkiArgs, name: &str) -> Result<(Identity, Vec<Certificate>), Error> {
    let leaf = Store::open(&pki.pki)?.leaf(name)?;
    let key = match load_private_key(&leaf.key, &mut no_passphrase()) {
        Err(Error::FileNotFound { path }) => return Err(Error::KeyAbsent { name: leaf.name, path }),
        other => other?,
    };
    Ok((Identity::new(leaf.fullchain, key, source::origin(&leaf.key))?, leaf.anchors))
}

/// The roots of the PKI directory, for who names none.
pub(crate) fn default_roots(pki: &PkiArgs) -> anyhow::Result<Vec<Certificate>> {
    let authorities = match Store::open(&pki.pki) {
        Ok(store) => store.authorities()?,
        Err(Error::PkiMissing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let roots: Vec<Certificate> = authorities
        .into_iter()
        .filter(|authority| authority.is_root())
        .map(|authority| authority.certificate)
        .collect();
    if roots.is_empty() {
        let path = pki.pki.display();
        let problem = format!("it is not said whom to trust: give --roots FILE; there is no CA in {path}");
        return Err(Error::Usage { problem }.into());
    }
    Ok(roots)
}

/// The CAs in the files.
pub(crate) fn anchors(paths: &[PathBuf]) -> Result<Option<Vec<Certificate>>, Error> {
    if paths.is_empty() { Ok(None) } else { load_anchors(paths).map(Some) }
}
