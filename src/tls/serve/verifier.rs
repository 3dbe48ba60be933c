//! The judge of client certificates.

use std::{cell::RefCell, fmt, sync::Arc};

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use crate::{
    Error,
    cert::Certificate,
    origin::Origin,
    tls::{
        Clock,
        judge::{Judgement, Trust},
        peer,
        proven::{self, Known},
        setup,
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
    /// By which the client's signature of the handshake is checked.
    algorithms: WebPkiSupportedAlgorithms,
    known: Known,
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
        let algorithms = provider.signature_verification_algorithms;
        let remembering = CryptoProvider {
            signature_verification_algorithms: proven::algorithms(),
            ..(**provider).clone()
        };
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), remembering.into());
        let webpki = builder.build().map_err(setup)?;
        Ok(Self { trust, webpki, algorithms, known: Known::default(), mandatory, clock })
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
        let read =
            |der, origin| self.known.find(der, &origin).or_else(|| Certificate::from_der(der, origin).ok());
        let chain = peer::read_chain_by(sent.into_iter(), &Origin::named("sent by the client"), read);
        let mut judgement = Judgement::new(chain, &self.trust, Purpose::Client, None, (self.clock)());
        let answer = match judgement.refusal() {
            Some(refusal) => Err(refusal),
            None => judgement.second(self.webpki.verify_client_cert(end_entity, intermediates, now)),
        };
        if answer.is_ok() {
            // What else was sent is nobody's, and anybody can send it beside a certificate that went over the wire before.
            self.known.insert(judgement.chain.iter().filter(|one| judgement.taken.contains(one)));
        }
        JUDGED.set(Some(judgement));
        answer
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
