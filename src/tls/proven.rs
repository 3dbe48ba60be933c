//! What was found to hold once and is asked again with every handshake: the signatures in chains. A signature over the same octets
//! by the same key under the same algorithm cannot come out differently; dates, usages, names and revocation are judged anew each time.

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use rustls::{
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm},
};

use crate::{cert::Certificate, origin::Origin};

/// How much is remembered; a thousand clients and their CAs are a megabyte.
const MOST: usize = 1024;

/// An algorithm of webpki that remembers which signatures held. webpki still takes the chain apart by itself; what is spared is the
/// arithmetic.
#[derive(Debug)]
struct Remembering {
    inner: &'static dyn SignatureVerificationAlgorithm,
    held: Mutex<HashSet<[u8; 32]>>,
}

impl Remembering {
    fn held(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        for part in [public_key, message, signature] {
            // With its length, so that parts cannot be cut elsewhere.
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut name = [0; 32];
        name.copy_from_slice(digest.finish().as_ref());
        if self.held().contains(&name) {
            return Ok(());
        }
        self.inner.verify_signature(public_key, message, signature)?;
        let mut held = self.held();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(name);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.signature_alg_id()
    }
}

/// The algorithms for chains of certificates. Signatures of handshakes are new each time; they go by those of the provider.
pub(super) fn algorithms() -> WebPkiSupportedAlgorithms {
    // webpki wants them for ever, so they are made once.
    static ALL: LazyLock<&'static [&'static dyn SignatureVerificationAlgorithm]> = LazyLock::new(|| {
        let all = super::provider().signature_verification_algorithms.all;
        let remembering = all.iter().map(|inner| -> &'static dyn SignatureVerificationAlgorithm {
            Box::leak(Box::new(Remembering { inner: *inner, held: Mutex::default() }))
        });
        Box::leak(remembering.collect())
    });
    WebPkiSupportedAlgorithms { all: &ALL, ..super::provider().signature_verification_algorithms }
}

/// Certificates by which clients were let in, as they were read: each remembers under which key its signature held.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Vec<u8>, Vec<Certificate>>>);

impl Known {
    fn known(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Certificate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificate of these octets that was read from the same place in a chain.
    pub(super) fn find(&self, der: &[u8], origin: &Origin) -> Option<Certificate> {
        self.known().get(der)?.iter().find(|known| known.origin() == origin).cloned()
    }

    /// Remembers the certificates of a path that was accepted.
    pub(super) fn insert<'a>(&self, path: impl Iterator<Item = &'a Certificate>) {
        let mut known = self.known();
        for certificate in path {
            if let Some(places) = known.get(certificate.der())
                && (places.len() >= MOST_PLACES
                    || places.iter().any(|known| known.origin() == certificate.origin()))
            {
                continue;
            }
            if known.len() >= MOST {
                known.clear();
            }
            known.entry(certificate.der().to_vec()).or_default().push(certificate.clone());
        }
    }
}

/// Places in chains at which a certificate is remembered: first of one, second of three.
const MOST_PLACES: usize = 4;
