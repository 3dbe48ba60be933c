//! A key that is too short, in a handshake.

use std::sync::Arc;

use rustls::{SignatureAlgorithm as TlsAlgorithm, SignatureScheme, sign};

use crate::key::weak;

/// A weak key as rustls asks for it.
pub(super) struct Weak(Arc<weak::WeakKey>);

impl Weak {
    pub(super) fn new(key: weak::WeakKey) -> Self {
        Self(Arc::new(key))
    }
}

struct WeakSigner(Arc<weak::WeakKey>, SignatureScheme);

impl std::fmt::Debug for Weak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Weak")
    }
}

impl std::fmt::Debug for WeakSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeakSigner")
    }
}

impl sign::SigningKey for Weak {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn sign::Signer>> {
        let known = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
        let scheme = known.into_iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(WeakSigner(self.0.clone(), scheme)))
    }

    fn algorithm(&self) -> TlsAlgorithm {
        TlsAlgorithm::RSA
    }
}

impl sign::Signer for WeakSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = match self.1 {
            SignatureScheme::RSA_PKCS1_SHA256 => self.0.sign_pkcs1(message),
            _ => self.0.sign_pss(message, &ring::rand::SystemRandom::new()),
        };
        signature.ok_or_else(|| rustls::Error::General("the weak key does not sign".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.1
    }
}
