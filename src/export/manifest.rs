//! Kubernetes manifests: Secrets of the type kubernetes.io/tls, ConfigMaps with roots, issuers of cert-manager.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::Material;
use crate::{Error, bundle::to_pem, cert::Certificate};

/// The name and namespace of what is made.
pub struct Manifest<'a> {
    /// `metadata.name`
    pub name: &'a str,
    /// `metadata.namespace`; without it, that of who applies it
    pub namespace: Option<&'a str>,
}

/// Which of cert-manager's two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// For one namespace
    Issuer,
    /// For all, with its Secret in the namespace of cert-manager itself
    ClusterIssuer,
}

/// Longest name of an object (RFC 1123 subdomain), and of a namespace (a label).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

fn is_label(label: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    label.starts_with(inner) && label.ends_with(inner) && label.chars().all(|c| inner(c) || c == '-')
}

impl<'a> Manifest<'a> {
    /// Takes names that Kubernetes takes.
    ///
    /// # Errors
    /// [`Error::NameInvalid`].
    pub fn new(name: &'a str, namespace: Option<&'a str>) -> Result<Self, Error> {
        let invalid = |name: &str, reason: &str| {
            Err(Error::NameInvalid { name: name.to_owned(), reason: format!("{reason} (RFC 1123)") })
        };
        if name.len() > LONGEST || !name.split('.').all(is_label) {
            return invalid(name, "Kubernetes wants lower-case letters, digits, `-` and `.`, 253 at most");
        }
        match namespace {
            Some(space) if space.len() > LONGEST_LABEL || !is_label(space) => {
                invalid(space, "a namespace has lower-case letters, digits and `-`, 63 at most")
            }
            _ => Ok(Self { name, namespace }),
        }
    }

    /// A name that Kubernetes takes, as near to another as it can be; empty where nothing of it is left.
    pub fn name_for(name: &str) -> String {
        let plain = name.replacen("*.", "wildcard.", 1).to_lowercase();
        let plain: String =
            plain.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        let labels = plain.split('.').map(|label| label.trim_matches('-')).filter(|label| !label.is_empty());
        labels.collect::<Vec<_>>().join(".")
    }

    fn head(&self, version: &str, kind: &str) -> String {
        let space = self.namespace.map(|space| format!("  namespace: \"{space}\"\n")).unwrap_or_default();
        format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: \"{}\"\n{space}", self.name)
    }

    /// A Secret of the type kubernetes.io/tls: `tls.crt` with leaf and intermediates, `tls.key` as PKCS#8, `ca.crt` with the
    /// roots.
    pub fn tls_secret(&self, material: &Material) -> Zeroizing<Vec<u8>> {
        self.secret(&to_pem(&material.fullchain), &material.key.to_pem(), &to_pem(&material.roots))
    }

    pub(super) fn secret(&self, chain: &str, key: &[u8], roots: &str) -> Zeroizing<Vec<u8>> {
        let head = self.head("v1", "Secret");
        let values = [("tls.crt", chain.as_bytes()), ("tls.key", key), ("ca.crt", roots.as_bytes())];
        // At its full size from the start, so that no copy of the key is left behind by growing.
        let size: usize = values.iter().map(|(_, value)| value.len() * 4 / 3 + 32).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(head.len() + size + 64));
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(b"type: kubernetes.io/tls\ndata:\n");
        for (name, value) in values {
            text.extend_from_slice(format!("  {name}: ").as_bytes());
            text.extend_from_slice(Zeroizing::new(STANDARD.encode(value)).as_bytes());
            text.push(b'\n');
        }
        text
    }

    /// A ConfigMap with the roots that peers trust, as `ca.crt`.
    pub fn config_map(&self, roots: &[Certificate]) -> String {
        let lines: String = to_pem(roots).lines().map(|line| format!("    {line}\n")).collect();
        format!("{}data:\n  ca.crt: |\n{lines}", self.head("v1", "ConfigMap"))
    }

    /// An issuer of cert-manager that signs with the CA in the Secret of this name.
    pub fn issuer(&self, kind: Issuer) -> String {
        let (kind, namespace) = match kind {
            Issuer::Issuer => ("Issuer", self.namespace),
            Issuer::ClusterIssuer => ("ClusterIssuer", None),
        };
        let head = Self { name: self.name, namespace }.head("cert-manager.io/v1", kind);
        format!("{head}spec:\n  ca:\n    secretName: \"{}\"\n", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        for (name, made) in [
            ("api.internal", "api.internal"),
            ("*.example.com", "wildcard.example.com"),
            ("Acme Issuing", "acme-issuing"),
            ("spiffe://a/b", "spiffe---a-b"),
            ("a_.b", "a.b"),
        ] {
            assert_eq!(Manifest::name_for(name), made);
            assert!(Manifest::new(made, None).is_ok(), "{made}");
        }
        for name in ["", "A", "-a", "a..b", "a/b", "a\nb", &"a".repeat(254)] {
            assert!(Manifest::new(name, None).is_err(), "{name}");
        }
        assert!(Manifest::new("a", Some("b.c")).is_err() && Manifest::new("a", Some("b-c")).is_ok());
    }
}
