//! Authorities that can sign: the only way to a signature is through [`Issuer::new`], which checks everything a peer
//! would check of them later.

use time::OffsetDateTime;

use crate::{Error, cert::Certificate, key::PrivateKey, profile::KeyUsage};

/// A CA certificate with its key and the certificates above it, all found fit to sign.
pub struct Issuer {
    certificate: Certificate,
    above: Vec<Certificate>,
    key: PrivateKey,
}

impl Issuer {
    /// Takes a CA. `above` holds, in any order, the certificates above it up to its root; a root has none.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`], [`Error::IssuerNotCa`], [`Error::IssuerMayNotSign`], [`Error::IssuerExpired`],
    /// [`Error::IssuerNotYetValid`], [`Error::ChainGap`] where `above` does not lead to a root.
    pub fn new(
        certificate: Certificate,
        above: &[Certificate],
        key: PrivateKey,
        key_origin: crate::origin::Origin,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        if key.public() != certificate.public_key() {
            return Err(Error::KeyMismatch {
                certificate: certificate.origin().clone(),
                certificate_key: certificate.public_key().short_id(),
                key: key_origin,
                key_id: key.public().short_id(),
            });
        }
        fit_to_sign(&certificate, now)?;
        let above = crate::bundle::chain_above(&certificate, above)?;
        for authority in &above {
            fit_to_sign(authority, now)?;
        }
        Ok(Self { certificate, above, key })
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates above it, its own issuer first, its root last; none for a root.
    pub fn above(&self) -> &[Certificate] {
        &self.above
    }

    /// Its key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The certificate and all above it.
    pub fn path(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(&self.above)
    }

    /// What a certificate signed here is sent with: the intermediates, without the root.
    pub fn intermediates(&self) -> Vec<Certificate> {
        let path: Vec<_> = self.path().cloned().collect();
        path.split_last().map(|(_, intermediates)| intermediates.to_vec()).unwrap_or_default()
    }

    /// The root at the end of the path.
    pub fn root(&self) -> &Certificate {
        self.above.last().unwrap_or(&self.certificate)
    }

    /// The last moment at which everything on the path is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        let ends = self.above.iter().map(|authority| authority.validity().not_after);
        ends.fold(self.certificate.validity().not_after, OffsetDateTime::min)
    }
}

fn fit_to_sign(certificate: &Certificate, now: OffsetDateTime) -> Result<(), Error> {
    let origin = certificate.origin().clone();
    let subject = certificate.title();
    let validity = certificate.validity();
    if !certificate.is_ca() {
        return Err(Error::IssuerNotCa { origin, subject });
    }
    if let Some(usage) = certificate.key_usage()
        && !usage.contains(KeyUsage::KEY_CERT_SIGN)
    {
        return Err(Error::IssuerMayNotSign { origin, subject, usage: usage.to_string() });
    }
    if now > validity.not_after {
        return Err(Error::IssuerExpired { origin, subject, not_after: validity.not_after, now });
    }
    if now < validity.not_before {
        return Err(Error::IssuerNotYetValid { origin, subject, not_before: validity.not_before, now });
    }
    Ok(())
}
