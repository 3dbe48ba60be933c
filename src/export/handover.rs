//! A CA handed over, with its key, to an engine that issues from then on.

use std::path::Path;

use zeroize::Zeroizing;

use super::{File, Issuer, Language, Manifest, Snippet};
use crate::{
    Error,
    bundle::to_pem,
    cert::Certificate,
    key::{Algorithm, PrivateKey},
};

/// Who takes the CA over.
#[derive(Clone, Copy)]
pub enum Handover<'a> {
    /// cert-manager: a Secret and an issuer, in one manifest
    CertManager(Issuer, &'a Manifest<'a>),
    /// A Secret of the type kubernetes.io/tls and a ConfigMap with the root
    Secret(&'a Manifest<'a>),
    /// Istio: the files of the Secret `cacerts`
    Istio,
    /// Linkerd: the trust anchor and the issuer
    Linkerd,
    /// Vault and OpenBao: `pem_bundle`
    Vault,
}

impl Handover<'_> {
    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CertManager(..) => "cert-manager",
            Self::Secret(_) => "Kubernetes",
            Self::Istio => "Istio",
            Self::Linkerd => "Linkerd",
            Self::Vault => "Vault",
        }
    }
}

const KUBECTL: Snippet = Snippet { language: Language::Shell, text: include_str!("snippet/kubectl.sh") };
const ISTIO: Snippet = Snippet { language: Language::Shell, text: include_str!("snippet/istio.sh") };
const LINKERD: Snippet = Snippet { language: Language::Shell, text: include_str!("snippet/linkerd.sh") };
const VAULT: Snippet = Snippet { language: Language::Shell, text: include_str!("snippet/vault.sh") };

/// The command that applies a manifest.
///
/// # Errors
/// [`Error::ValueUnwritable`] for a path that no shell can be told.
pub fn kubectl(manifest: &Path) -> Result<String, Error> {
    filled(KUBECTL, manifest)
}

/// The commands by which an engine takes over what is in this file or directory.
///
/// # Errors
/// As [`kubectl`].
pub fn next_steps(to: Handover<'_>, path: &Path) -> Result<String, Error> {
    let snippet = match to {
        Handover::CertManager(..) | Handover::Secret(_) => KUBECTL,
        Handover::Istio => ISTIO,
        Handover::Linkerd => LINKERD,
        Handover::Vault => VAULT,
    };
    filled(snippet, path)
}

fn filled(snippet: Snippet, path: &Path) -> Result<String, Error> {
    // An empty value is one that cannot be written anywhere.
    let path = path.to_str().unwrap_or_default();
    snippet.fill(|word| match word {
        "file" | "directory" => Some(path.to_owned()),
        "at" => Some("@".into()),
        _ => None,
    })
}

/// The files that hand over a CA: its certificate, those above it up to the root, and its key.
///
/// # Errors
/// [`Error::ExportUnfit`] where the engine does not take such a CA.
pub fn handover(
    to: Handover<'_>,
    authority: &Certificate,
    above: &[Certificate],
    key: &PrivateKey,
) -> Result<Vec<File>, Error> {
    let own = authority.to_pem();
    let root = to_pem([above.last().unwrap_or(authority)]);
    // The whole path, root last: cert-manager and Istio take the root from its end.
    let path = || format!("{own}{}", to_pem(above));
    let key = || key.to_pem();
    Ok(match to {
        Handover::CertManager(kind, manifest) => {
            let secret = manifest.secret(&path(), &key(), &root);
            let all = join(&secret, &format!("---\n{}", manifest.issuer(kind)));
            vec![File::secret("", "Secret with the CA's key, and the issuer", all)]
        }
        Handover::Secret(manifest) => {
            let secret = manifest.secret(&path(), &key(), &root);
            let map = manifest.config_map(&[above.last().unwrap_or(authority).clone()]);
            vec![File::secret(
                "",
                "Secret with the CA's key, and ConfigMap",
                join(&secret, &format!("---\n{map}")),
            )]
        }
        Handover::Istio => vec![
            File::public("root-cert.pem", "root", root),
            File::public("ca-cert.pem", "the CA's certificate", own.clone()),
            File::public("cert-chain.pem", "the CA's certificate and those above it", path()),
            File::secret("ca-key.pem", "the CA's private key, not encrypted", key()),
        ],
        Handover::Linkerd => {
            require_p256(authority)?;
            let intermediates = above.split_last().map(|(_, between)| to_pem(between)).unwrap_or_default();
            vec![
                File::public("ca.crt", "trust anchor", root),
                File::public(
                    "issuer.crt",
                    "the CA's certificate and intermediates",
                    own.clone() + &intermediates,
                ),
                File::secret("issuer.key", "the CA's private key, not encrypted", key()),
            ]
        }
        Handover::Vault => {
            vec![File::secret("", "the CA's private key and certificates", join(&key(), &path()))]
        }
    })
}

/// Linkerd's proxies know no other kind of key.
fn require_p256(authority: &Certificate) -> Result<(), Error> {
    let found = authority.key_algorithm();
    if found == Algorithm::P256 {
        return Ok(());
    }
    let reason = format!("its key is {found}, and Linkerd takes EC P-256 only");
    Err(Error::ExportUnfit { target: "linkerd", subject: authority.title(), reason })
}

fn join(secret: &[u8], more: &str) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(secret.len() + more.len()));
    all.extend_from_slice(secret);
    all.extend_from_slice(more.as_bytes());
    all
}
