//! Authorities that can sign: the only way to a signature is through [`Issuer::new`], which checks everything a peer
//! would check of them later.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{Error, cert::Certificate, key::PrivateKey, profile::KeyUsage};

/// A CA certificate with its key and the certificates above it, all found fit to sign.
pub struct Issuer {
    certificate: Certificate,
    /// The CA, then those above it up to the root.
    path: Vec<Certificate>,
    /// Other certificates of the CAs on the path.
    cross: Vec<Certificate>,
    /// Roots that its peers trust beside its own.
    other_anchors: Vec<Certificate>,
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
        certificate.require_key(&key, &key_origin)?;
        let mut path = vec![certificate.clone()];
        path.extend(fit_above(&certificate, above, Some(now))?);
        Ok(Self { certificate, path, cross: Vec::new(), other_anchors: Vec::new(), key })
    }

    /// The same CA by another certificate of its key.
    ///
    /// # Errors
    /// As [`Issuer::new`].
    pub fn by(
        &self,
        certificate: Certificate,
        above: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let origin = certificate.origin().clone();
        let key = PrivateKey::from_pkcs8(Zeroizing::new(self.key.pkcs8().to_vec()), &origin)?;
        Self::new(certificate, above, key, origin, now)
    }

    /// With further certificates of CAs on the path, signed by others (RFC 5280 3.2: cross-certificates), which are sent
    /// along so that peers who trust only those others can find their way.
    pub fn with_cross(self, cross: Vec<Certificate>) -> Self {
        Self { cross, ..self }
    }

    /// With further roots that peers are to trust, because one takes the place of another.
    pub fn with_other_anchors(self, other_anchors: Vec<Certificate>) -> Self {
        Self { other_anchors, ..self }
    }

    /// The roots that peers of what is signed here are to trust, its own first.
    pub fn anchors(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(self.root()).chain(&self.other_anchors)
    }

    /// The cross-certificates that are sent along.
    pub fn cross(&self) -> &[Certificate] {
        &self.cross
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates above it, its own issuer first, its root last; none for a root.
    pub fn above(&self) -> &[Certificate] {
        self.path.get(1..).unwrap_or_default()
    }

    /// Its key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The certificate and all above it.
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }

    /// What a certificate signed here is sent with: the intermediates, without the root.
    pub fn intermediates(&self) -> &[Certificate] {
        self.path.split_last().map(|(_, intermediates)| intermediates).unwrap_or_default()
    }

    /// The root at the end of the path.
    pub fn root(&self) -> &Certificate {
        self.path.last().unwrap_or(&self.certificate)
    }

    /// The first moment at which everything on the path is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        let begins = self.path.iter().map(|authority| authority.validity().not_before);
        begins.fold(self.certificate.validity().not_before, OffsetDateTime::max)
    }

    /// The last moment at which everything on the path is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        let ends = self.path.iter().map(|authority| authority.validity().not_after);
        ends.fold(self.certificate.validity().not_after, OffsetDateTime::min)
    }
}

/// The certificates above a CA, its own issuer first, its root last, out of a pool in any order, where it and all of them
/// may sign certificates. Without `now` dates do not count: that is for a CA that is kept for the record.
///
/// # Errors
/// As [`Issuer::new`], but for [`Error::KeyMismatch`].
pub fn fit_above(
    certificate: &Certificate,
    pool: &[Certificate],
    now: Option<OffsetDateTime>,
) -> Result<Vec<Certificate>, Error> {
    fit_to_sign(certificate, now)?;
    let above = crate::bundle::chain_above(certificate, pool)?;
    above.iter().try_for_each(|authority| fit_to_sign(authority, now))?;
    Ok(above)
}

fn fit_to_sign(certificate: &Certificate, now: Option<OffsetDateTime>) -> Result<(), Error> {
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
    let Some(now) = now else { return Ok(()) };
    if now > validity.not_after {
        return Err(Error::IssuerExpired { origin, subject, not_after: validity.not_after, now });
    }
    if now < validity.not_before {
        return Err(Error::IssuerNotYetValid { origin, subject, not_before: validity.not_before, now });
    }
    Ok(())
}
