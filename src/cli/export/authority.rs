//! A CA handed over with its key: to cert-manager, Istio, Linkerd, Vault, or as a Secret.

use std::path::PathBuf;

use super::{
    Args, Form,
    delivery::{self, Report, tell, write_one},
    manifest,
};
use crate::{
    Error,
    cli::Exit,
    export::{File, Handover, Issuer, Manifest, handover, next_steps},
    key::{PrivateKey, load_private_key},
    source,
    store::{Authority, Store, directory_name},
};

/// Where cert-manager looks for the Secrets of a ClusterIssuer.
const CERT_MANAGER: &str = "cert-manager";

pub(super) fn run(args: &Args, form: Form) -> anyhow::Result<Exit> {
    let Some(name) = &args.name else {
        let problem = "a CA is handed over by its NAME in the PKI directory; one from elsewhere comes there with: pkit ca import";
        return Err(Error::Usage { problem: problem.into() }.into());
    };
    let authority = Store::open(&args.pki.pki)?.authority(name)?;
    let (kind, namespace) = match (form, args.namespace.as_deref()) {
        (Form::CertManagerCa, None) => (Issuer::ClusterIssuer, Some(CERT_MANAGER)),
        (_, namespace) => (Issuer::Issuer, namespace),
    };
    let object = args.object_name(name);
    let object = Manifest::new(&object, namespace)?;
    let to = match form {
        Form::CertManagerCa => Handover::CertManager(kind, &object),
        Form::Istio => Handover::Istio,
        Form::Linkerd => Handover::Linkerd,
        Form::Vault => Handover::Vault,
        _ => Handover::Secret(&object),
    };
    if !args.with_ca_key {
        return Err(Error::CaKeyUnasked { name: name.clone(), target: to.name() }.into());
    }
    let key = key(args, &authority)?;
    let files = handover(to, &authority.certificate, &authority.above, &key)?;
    warn(args, &authority, to);
    deliver(args, form, to, name, &files)
}

fn key(args: &Args, authority: &Authority) -> Result<PrivateKey, Error> {
    let key = match load_private_key(&authority.key, &mut args.passphrase.opener()) {
        Err(Error::FileNotFound { path }) => {
            return Err(Error::CaKeyAbsent { name: authority.name.clone(), path });
        }
        other => other?,
    };
    authority.certificate.require_key(&key, &source::origin(&authority.key))?;
    Ok(key)
}

/// What it means that the key leaves, and what stays.
fn warn(args: &Args, authority: &Authority, to: Handover<'_>) {
    let name = &authority.name;
    args.warn_of_ca_key(name, false);
    match authority.is_root() {
        true => args.output.warning(format!(
            "{name:?} is a root: nobody above it can revoke it when {} loses the key; an intermediate is better",
            to.name()
        )),
        false => args.output.notice("the keys of the CAs above it stay here, and can revoke it"),
    }
    args.output.notice(format!(
        "the inventory and the CRLs stay here too: {} knows nothing of what was signed here, so go on with pkit crl {name:?} until all of that has ended",
        to.name()
    ));
}

fn deliver(args: &Args, form: Form, to: Handover<'_>, name: &str, files: &[File]) -> anyhow::Result<Exit> {
    let base = directory_name(name)?;
    let report = |format, path: PathBuf, files, next| Report {
        owner: args.owner.told(),
        next: Some(next),
        ..Report::new(format, name.to_owned(), path, files)
    };
    match (form, files) {
        (Form::CertManagerCa, [file]) => {
            return manifest::one(args, "cert-manager-ca", name.to_owned(), "cert-manager", file);
        }
        (Form::K8sCa, [file]) => return manifest::one(args, "k8s-ca", name.to_owned(), "ca", file),
        (Form::Vault, [file]) => {
            if let Some((path, made)) = write_one(args, &format!("{base}-vault.pem"), file)? {
                let next = next_steps(to, &path)?;
                tell(args, &report("vault", path, vec![made], next))?;
            }
        }
        _ => {
            let format = if form == Form::Istio { "istio" } else { "linkerd" };
            let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{base}-{format}")));
            let next = next_steps(to, &out)?;
            let made = delivery::write(args, &out, files)?;
            tell(args, &report(format, out, made, next))?;
        }
    }
    Ok(Exit::Yes)
}
