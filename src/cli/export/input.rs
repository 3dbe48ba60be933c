//! What is handed out: a set of the PKI directory, or files.

use super::Args;
use crate::{
    Error, cli::identity::anchors, export::Material, key::load_private_key, origin::Origin, source,
    store::Store,
};

/// The name that files and manifests are called by.
pub(super) fn name(args: &Args, material: Option<&Material>) -> String {
    let title =
        || material.and_then(|material| material.fullchain.first()).map(crate::cert::Certificate::title);
    args.name.clone().or_else(title).unwrap_or_default()
}

impl Args {
    /// The certificate with its chain, roots and key. Says so where the key was encrypted, because what is made is not.
    pub(super) fn material(&self, stays_encrypted: bool) -> anyhow::Result<Material> {
        let mut ask = self.passphrase.opener();
        let mut encrypted = false;
        let mut opener = |origin: &Origin, attempt: u32| {
            encrypted = true;
            ask(origin, attempt)
        };
        let (material, origin) = match self.pair.open(&mut opener)? {
            Some((fullchain, key, origin)) => {
                (Material { fullchain, key, roots: anchors(&self.roots)?.unwrap_or_default() }, origin)
            }
            None => {
                let leaf = Store::open(&self.pki.pki)?.leaf(self.name.as_deref().unwrap_or_default())?;
                let key = match load_private_key(&leaf.key, &mut opener) {
                    Err(Error::FileNotFound { path }) => {
                        return Err(Error::KeyAbsent { name: leaf.name, path }.into());
                    }
                    other => other?,
                };
                let origin = source::origin(&leaf.key);
                (Material { fullchain: leaf.fullchain, roots: leaf.anchors, key }, origin)
            }
        };
        if let Some(first) = material.fullchain.first() {
            first.require_key(&material.key, &origin)?;
        }
        if encrypted && !stays_encrypted {
            self.output.notice(format!("{origin} is encrypted; the key that is handed out is not"));
        }
        Ok(material)
    }

    /// Refuses what has no roots, where they are wanted.
    pub(super) fn require_roots(&self, material: &Material) -> Result<(), Error> {
        if material.roots.is_empty() {
            let problem = "with --cert it has to be said which roots peers trust: --roots FILE".into();
            return Err(Error::Usage { problem });
        }
        Ok(())
    }
}
