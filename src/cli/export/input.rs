//! What is handed out: a set of the PKI directory, or files.

use super::Args;
use crate::{
    Error, cert::Certificate, cli::identity::anchors, export::Material, key::load_private_key,
    origin::Origin, source, store::Store,
};

/// The name that files and manifests are called by.
pub(super) fn name(args: &Args, material: Option<&Material>) -> String {
    let title = || material.and_then(|material| material.fullchain.first()).map(Certificate::title);
    args.name.clone().or_else(title).unwrap_or_default()
}

impl Args {
    /// What is handed out `to` somebody, the key with it. Says so where the key was encrypted, unless what is made has a
    /// password too, and where it is that of a CA, which takes a word of its own.
    pub(super) fn handed_out(
        &self,
        to: &'static str,
        has_password: impl Fn(&Certificate) -> bool,
    ) -> anyhow::Result<Material> {
        let (material, origin, encrypted) = self.open()?;
        let has_password = material.fullchain.first().is_some_and(has_password);
        if encrypted && !has_password {
            self.output.notice(format!("{origin} is encrypted; the key that is handed out is not"));
        }
        let Some(authority) = material.fullchain.first().filter(|first| first.is_ca()) else {
            return Ok(material);
        };
        if !self.with_ca_key {
            return Err(Error::CaKeyUnasked { name: authority.title(), target: to }.into());
        }
        self.warn_of_ca_key(&authority.title(), has_password);
        Ok(material)
    }

    /// What it means that the key of a CA leaves. Not for `--quiet` to keep back.
    pub(super) fn warn_of_ca_key(&self, name: &str, has_password: bool) {
        let protected = if has_password { "under a password" } else { "not encrypted" };
        self.output.warning(format!(
            "THIS HANDS OUT THE PRIVATE KEY OF THE CA {name:?}, {protected}: whoever reads it issues in its name"
        ));
    }

    /// The certificate with its chain, roots and key.
    pub(super) fn material(&self) -> anyhow::Result<Material> {
        Ok(self.open()?.0)
    }

    /// The same, where the key came from, and whether it was encrypted there.
    fn open(&self) -> anyhow::Result<(Material, Origin, bool)> {
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
                if !self.roots.is_empty() {
                    let problem =
                        "--roots is for --cert; the roots of a NAME are in the PKI directory".into();
                    return Err(Error::Usage { problem }.into());
                }
                let leaf = Store::open(&self.pki.pki)?.leaf(self.name.as_deref().unwrap_or_default())?;
                // Of a certificate that was made from a request, the key is somewhere else.
                let path = self.pair.key().unwrap_or(&leaf.key);
                let key = match load_private_key(path, &mut opener) {
                    Err(Error::FileNotFound { path }) if self.pair.key().is_none() => {
                        return Err(Error::KeyAbsent { name: leaf.name, path }.into());
                    }
                    other => other?,
                };
                let origin = source::origin(path);
                (Material { fullchain: leaf.fullchain, roots: leaf.anchors, key }, origin)
            }
        };
        if let Some(first) = material.fullchain.first() {
            first.require_key(&material.key, &origin)?;
        }
        Ok((material, origin, encrypted))
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
