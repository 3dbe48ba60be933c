//! What a server shows: its certificates, trusted or not, after an upgrade to TLS where its protocol has one.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

pub use super::starttls::Protocol;

use super::{
    Clock, Time,
    connect::{self, Place},
    fault, probe,
};
use crate::Error;

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Target {
    /// A DNS name or an IP address, without brackets
    pub host: String,
    /// The port
    pub port: u16,
    /// The name that the server is asked for (SNI); the host where `None`
    pub server_name: Option<String>,
    /// What is spoken before TLS; TLS begins at once where `None`
    pub protocol: Option<Protocol>,
    /// How long all of it may take
    pub timeout: Duration,
}

/// The DER of the certificates that a server shows, its own first. Nothing is judged, and nothing secret is sent.
///
/// # Errors
/// [`Error::ResolveFailed`], [`Error::ConnectFailed`], [`Error::AddressInvalid`], [`Error::TlsSetup`], and
/// [`Error::PeerUnseen`] where it shows none.
pub fn fetch(target: &Target, clock: Clock) -> Result<Vec<Vec<u8>>, Error> {
    let deadline = super::deadline(target.timeout);
    let unseen =
        |cause: String| Error::PeerUnseen { peer: probe::endpoint(&target.host, target.port), cause };
    let name = probe::server_name(target.server_name.as_deref().unwrap_or(&target.host))?;
    let recorder = Arc::new(Recorder::default());
    let mut config = ClientConfig::builder_with_details(super::provider(), Arc::new(Time(clock)))
        .with_protocol_versions(super::versions(None))
        .map_err(super::setup)?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    let mut tls = ClientConnection::new(Arc::new(config), name.clone()).map_err(super::setup)?;

    let addresses = Place::Host(target.host.clone(), target.port).resolve(deadline)?;
    let (mut stream, _) = connect::connect(&addresses, deadline)?;
    if let Some(protocol) = target.protocol {
        protocol.upgrade(&mut stream, &name.to_str()).map_err(&unseen)?;
    }
    // What the server makes of our lack of a certificate does not matter: its own came before.
    let mut outcome = Ok(());
    while outcome.is_ok() && tls.is_handshaking() && !recorder.has_seen() {
        outcome = tls.complete_io(&mut stream).map(drop);
    }
    let chain = recorder.take();
    match (chain.is_empty(), outcome) {
        (false, _) => Ok(chain),
        (true, Ok(())) => Err(unseen("the handshake came to its end without one".into())),
        (true, Err(error)) => Err(unseen(why(&error, target))),
    }
}

/// Why no certificate came.
fn why(error: &std::io::Error, target: &Target) -> String {
    use rustls::{AlertDescription as A, Error as E, InvalidMessage as M, PeerIncompatible as P};
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<E>());
    match tls {
        Some(
            E::AlertReceived(A::ProtocolVersion)
            | E::PeerIncompatible(P::ServerDoesNotSupportTls12Or13 | P::ServerTlsVersionIsDisabledByOurConfig),
        ) => "it speaks TLS 1.1 or older only, which nobody should speak any more; this program does not"
            .into(),
        Some(E::AlertReceived(A::HandshakeFailure) | E::PeerIncompatible(_)) => format!(
            "{}; old servers want ciphers or curves that this program does not speak",
            tls.map(|error| fault::words(error, "it")).unwrap_or_default()
        ),
        Some(E::InvalidMessage(M::InvalidContentType | M::MessageTooLarge)) if target.protocol.is_none() => {
            "what it sent is not TLS".into()
        }
        Some(other) => fault::words(other, "it"),
        None => connect::words(error),
    }
}

/// Takes note of what a server shows, and objects to nothing.
#[derive(Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl Recorder {
    fn chain(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        // Whoever held it before can have left nothing half done.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn has_seen(&self) -> bool {
        !self.chain().is_empty()
    }

    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.chain())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.chain() = std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// All of them: a server must not hide its certificate because we could not check its signature.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme as S;
        vec![
            S::ECDSA_NISTP256_SHA256,
            S::ECDSA_NISTP384_SHA384,
            S::ECDSA_NISTP521_SHA512,
            S::ED25519,
            S::ED448,
            S::RSA_PSS_SHA256,
            S::RSA_PSS_SHA384,
            S::RSA_PSS_SHA512,
            S::RSA_PKCS1_SHA256,
            S::RSA_PKCS1_SHA384,
            S::RSA_PKCS1_SHA512,
            S::ECDSA_SHA1_Legacy,
            S::RSA_PKCS1_SHA1,
        ]
    }
}
