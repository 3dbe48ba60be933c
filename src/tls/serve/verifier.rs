//! The judge of client certificates.

use std::{cell::RefCell, fmt, sync::Arc};

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use crate::{
    Error,
    origin::Origin,
    tls::{
        Clock,
        judge::{Judgement, Trust},
        peer, setup,
    },
    verify::Purpose,
};

thread_local! {
    /// The last judgement of this thread. rustls calls the verifier inside of `process_new_packets` and hands nothing
    /// of it on, so it is left here for whoever made that call.
    static JUDGED: RefCell<Option<Judgement>> = const { RefCell::new(None) };
}

/// What was judged since the last call, on this thread.
pub(super) fn take_judgement() -> Option<Judgement> {
    JUDGED.take()
}

/// Asks our validator, then webpki; both must accept. Revocation is ours alone: webpki takes the first list of an issuer for the
/// only one.
pub(super) struct ClientVerifier {
    trust: Trust,
    webpki: Arc<dyn ClientCertVerifier>,
    mandatory: bool,
    clock: Clock,
}

impl ClientVerifier {
    pub(super) fn new(
        trust: Trust,
        mandatory: bool,
        provider: &Arc<CryptoProvider>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for anchor in &trust.anchors {
            roots.add(CertificateDer::from(anchor.der())).map_err(setup)?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let webpki = builder.build().map_err(setup)?;
        Ok(Self { trust, webpki, mandatory, clock })
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("anchors", &self.trust.anchors).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    /// The names of our CAs, so that clients with several certificates can choose.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let sent: Vec<&[u8]> = std::iter::once(end_entity).chain(intermediates).map(AsRef::as_ref).collect();
        let chain = peer::read_chain(sent.into_iter(), &Origin::named("sent by the client"));
        let mut judgement = Judgement::new(chain, &self.trust, Purpose::Client, None, (self.clock)());
        let answer = match judgement.refusal() {
            Some(refusal) => Err(refusal),
            None => judgement.second(self.webpki.verify_client_cert(end_entity, intermediates, now)),
        };
        JUDGED.set(Some(judgement));
        answer
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
