//! Putting loose certificates in the proven order.

use serde::Serialize;

use crate::{Error, cert::Certificate, fingerprint::hex, key::PrivateKey, origin::Origin};

/// The certificates above `certificate`, its own issuer first, its root last, out of a pool in any order. Each link is
/// proved by its signature.
///
/// # Errors
/// [`Error::ChainGap`] naming the issuer that is missing.
pub fn chain_above(certificate: &Certificate, pool: &[Certificate]) -> Result<Vec<Certificate>, Error> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut last = certificate.clone();
    while !last.is_self_signed() {
        let same_name: Vec<_> = pool.iter().filter(|issuer| issuer.subject().same(last.issuer())).collect();
        let signers = same_name.iter().filter(|issuer| last.is_signed_by(issuer.public_key()).is_ok());
        // Of several that fit (a renewed CA, a cross-sign), a root ends the chain, else the one that lasts longest.
        let next = signers
            .filter(|issuer| !chain.contains(issuer) && ***issuer != *certificate)
            .max_by_key(|issuer| (issuer.is_self_signed(), issuer.validity().not_after));
        match next {
            Some(next) => {
                last = (**next).clone();
                chain.push(last.clone());
            }
            None => {
                return Err(Error::ChainGap {
                    origin: last.origin().clone(),
                    subject: last.title(),
                    issuer: last.issuer().to_string(),
                    key_id: last.authority_key_id().map(hex),
                    other_key: same_name.first().map(|other| other.origin().clone()),
                });
            }
        }
    }
    Ok(chain)
}

/// A leaf with its proven chain.
#[derive(Debug, Serialize)]
pub struct Bundle {
    /// The leaf
    #[serde(skip)]
    pub leaf: Certificate,
    /// Intermediates, the leaf's issuer first
    #[serde(skip)]
    pub intermediates: Vec<Certificate>,
    /// The root
    #[serde(skip)]
    pub root: Certificate,
    /// Certificates that were given and are not on the path: what they are and where they lie
    pub surplus: Vec<String>,
}

impl Bundle {
    /// Finds the leaf among certificates in any order, and its chain to a root. The leaf is the certificate that
    /// belongs to `key`, or else the only one that is no CA, or else the only one that signed no other.
    ///
    /// # Errors
    /// [`Error::LeafAmbiguous`], [`Error::LeafMissing`], [`Error::ChainGap`].
    pub fn assemble(pool: &[Certificate], key: Option<(&PrivateKey, &Origin)>) -> Result<Self, Error> {
        let mut distinct: Vec<Certificate> = Vec::new();
        for certificate in pool {
            if !distinct.contains(certificate) {
                distinct.push(certificate.clone());
            }
        }
        let leaf = find_leaf(&distinct, key)?;
        let above = chain_above(&leaf, &distinct)?;
        let used = |certificate: &Certificate| *certificate == leaf || above.contains(certificate);
        let surplus = distinct.iter().filter(|certificate| !used(certificate));
        let surplus = surplus.map(|other| format!("{} ({})", other.title(), other.origin())).collect();
        let (root, intermediates) = match above.split_last() {
            Some((root, intermediates)) => (root.clone(), intermediates.to_vec()),
            None => (leaf.clone(), Vec::new()),
        };
        Ok(Self { leaf, intermediates, root, surplus })
    }

    /// Leaf and intermediates, never the root: what a server sends. A certificate that signed itself stands alone.
    pub fn fullchain(&self) -> Vec<Certificate> {
        std::iter::once(&self.leaf).chain(&self.intermediates).cloned().collect()
    }

    /// [`Bundle::fullchain`] and the root.
    pub fn with_root(&self) -> Vec<Certificate> {
        let mut all = self.fullchain();
        if self.root != self.leaf {
            all.push(self.root.clone());
        }
        all
    }

    /// Root and intermediates, root first: what the other side trusts where it does not get the intermediates.
    pub fn ca_bundle(&self) -> Vec<Certificate> {
        std::iter::once(&self.root).chain(self.intermediates.iter().rev()).cloned().collect()
    }
}

fn find_leaf(pool: &[Certificate], key: Option<(&PrivateKey, &Origin)>) -> Result<Certificate, Error> {
    if let Some((key, origin)) = key {
        let mut fitting = pool.iter().filter(|certificate| certificate.public_key() == key.public());
        // A renewed certificate may keep its key; the one that lasts longest is meant.
        let newest = fitting.next().map(|first| {
            fitting.fold(first, |best, next| {
                if next.validity().not_after > best.validity().not_after { next } else { best }
            })
        });
        return newest.cloned().ok_or_else(|| Error::LeafMissing {
            key: Some(origin.clone()),
            key_id: Some(key.public().short_id()),
        });
    }
    let leaves: Vec<_> = pool.iter().filter(|certificate| !certificate.is_ca()).collect();
    let candidates = if leaves.is_empty() {
        let signed_other = |ca: &Certificate| {
            pool.iter().any(|other| other != ca && other.is_signed_by(ca.public_key()).is_ok())
        };
        pool.iter().filter(|ca| !signed_other(ca)).collect()
    } else {
        leaves
    };
    match candidates.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Error::LeafMissing { key: None, key_id: None }),
        several => Err(Error::LeafAmbiguous {
            candidates: several.iter().map(|leaf| format!("{} ({})", leaf.title(), leaf.origin())).collect(),
        }),
    }
}

/// PEM of certificates, one after the other.
pub fn to_pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(Certificate::to_pem).collect()
}
