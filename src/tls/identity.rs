//! Who we are in a handshake: a chain and its key.

use std::{fmt, sync::Arc};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};

use crate::{Error, cert::Certificate, key::PrivateKey, origin::Origin};

/// A chain, leaf first, with the private key of the leaf. Cheap to clone; the key has no voice.
#[derive(Clone)]
pub struct Identity {
    chain: Arc<[Certificate]>,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Takes a chain as it is to be sent, leaf first, and the leaf's key.
    ///
    /// # Errors
    /// [`Error::LeafMissing`] for an empty chain, [`Error::KeyMismatch`] where the key is not the leaf's,
    /// [`Error::TlsSetup`] where TLS cannot sign with this kind of key.
    pub fn new(chain: Vec<Certificate>, key: PrivateKey, key_origin: Origin) -> Result<Self, Error> {
        let Some(leaf) = chain.first() else {
            let key_id = Some(key.public().short_id());
            return Err(Error::LeafMissing { key: Some(key_origin), key_id });
        };
        leaf.require_key(&key, &key_origin)?;
        let signing = signing_key(&key)?;
        let certificates = chain.iter().map(|certificate| CertificateDer::from(certificate.der().to_vec()));
        let certified = CertifiedKey::new(certificates.collect(), signing);
        Ok(Self { chain: chain.into(), certified: Arc::new(certified) })
    }

    /// One whose chain is not of the key that signs: what a thief of a certificate would show. For [`crate::twin`] alone.
    pub(crate) fn unmatched(chain: Vec<Certificate>, signing: Arc<dyn SigningKey>) -> Self {
        let certificates = chain.iter().map(|certificate| CertificateDer::from(certificate.der().to_vec()));
        let certified = CertifiedKey::new(certificates.collect(), signing);
        Self { chain: chain.into(), certified: Arc::new(certified) }
    }

    /// The chain, leaf first, as it is sent.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The certificate of the key.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}

/// A key as rustls signs with it.
pub(crate) fn signing_key(key: &PrivateKey) -> Result<Arc<dyn SigningKey>, Error> {
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8()));
    rustls::crypto::ring::sign::any_supported_type(&der).map_err(super::setup)
}

/// Names the leaf, never the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// A server of one identity shows it under any name.
impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}
