//! `--to k8s-tls` and `--to k8s-ca`.

use super::{
    Args,
    delivery::{Report, tell, write_one},
    input,
};
use crate::{
    Error,
    cert::Certificate,
    cli::Exit,
    export::{File, Manifest, kubectl},
    store::{Store, directory_name},
};

impl Args {
    /// The name of what a manifest makes.
    pub(super) fn object_name(&self, name: &str) -> String {
        self.secret_name.clone().unwrap_or_else(|| Manifest::name_for(name))
    }
}

pub(super) fn tls_secret(args: &Args) -> anyhow::Result<Exit> {
    let object = args.object_name(&input::name(args, None));
    let check = |object: &str| Manifest::new(object, args.namespace.as_deref()).map(|_| ());
    // Before anybody is asked for a passphrase.
    if !object.is_empty() {
        check(&object)?;
    }
    let material = args.handed_out("a Kubernetes Secret", |_| false)?;
    args.require_roots(&material)?;
    let name = input::name(args, Some(&material));
    let object = args.object_name(&name);
    let manifest = Manifest::new(&object, args.namespace.as_deref())?;
    let file = File {
        name: String::new(),
        holds: "Secret with certificate, intermediates, key and roots",
        bytes: manifest.tls_secret(&material),
        secret: true,
    };
    one(args, "k8s-tls", name, "tls", &file)
}

pub(super) fn config_map(args: &Args) -> anyhow::Result<Exit> {
    let (name, roots) = match &args.name {
        Some(name) => (name.clone(), roots(args, name)?),
        None => {
            let material = args.material()?;
            args.require_roots(&material)?;
            (input::name(args, Some(&material)), material.roots)
        }
    };
    let object = args.object_name(&name);
    let manifest = Manifest::new(&object, args.namespace.as_deref())?;
    let bytes = manifest.config_map(&roots).into_bytes().into();
    let file = File { name: String::new(), holds: "ConfigMap with the roots to trust", bytes, secret: false };
    one(args, "k8s-ca", name, "ca", &file)
}

/// The root of the CA of that name, or those that the peers of a leaf trust.
fn roots(args: &Args, name: &str) -> Result<Vec<Certificate>, Error> {
    let store = Store::open(&args.pki.pki)?;
    match store.authority(name) {
        Ok(authority) => Ok(vec![authority.above.last().unwrap_or(&authority.certificate).clone()]),
        Err(unknown @ Error::CaUnknown { .. }) => match store.leaf(name) {
            Ok(leaf) => Ok(leaf.anchors),
            Err(Error::CertificateUnknown { .. }) => Err(unknown),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Writes a manifest, and says how it is applied.
pub(super) fn one(
    args: &Args,
    format: &'static str,
    name: String,
    suffix: &str,
    file: &File,
) -> anyhow::Result<Exit> {
    let default = format!("{}-{suffix}.yaml", directory_name(&name)?);
    if let Some((path, made)) = write_one(args, &default, file)? {
        let next = Some(kubectl(&path)?);
        tell(args, &Report { next, ..Report::new(format, name, path, vec![made]) })?;
    }
    Ok(Exit::Yes)
}
