//! What the probe hangs into rustls to see everything: the server's chain before it is judged, and what the server
//! asks of us.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use time::OffsetDateTime;

use super::{CertificateRequest, ServerToUs, Trust, cause::fits};
use crate::{
    cert::Certificate,
    name::Name,
    origin::Origin,
    tls::{CertificateFacts, Clock, Identity, Objection, fault, judge, negotiated, ocsp::Staple, peer},
    verify::Purpose,
};

/// What the server must prove.
pub(super) struct Expectation {
    pub(super) trust: judge::Trust,
    pub(super) host: String,
    /// Whether the handshake goes on with a server that does not prove it.
    pub(super) insecure: bool,
}

/// Asks our validator, then webpki; both must accept. Revocation is ours alone.
pub(super) struct ServerVerifier {
    expected: Expectation,
    store: RootCertStore,
    origin: Origin,
    clock: Clock,
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    judgement: Option<judge::Judgement>,
    /// The certificates as they were sent.
    sent: Vec<Vec<u8>>,
    staple: Option<Staple>,
    /// The scheme by which the server proved to hold its key.
    scheme: Option<SignatureScheme>,
    /// Why the server did not prove to hold the key of its certificate.
    signature: Option<String>,
}

/// What became known about the server.
pub(super) struct Judged {
    pub(super) chain: Vec<Certificate>,
    pub(super) sent: Vec<Vec<u8>>,
    /// The certificates of the path that was judged.
    pub(super) path: Vec<Certificate>,
    pub(super) staple: Option<Staple>,
    pub(super) scheme: Option<String>,
    pub(super) server_to_us: ServerToUs,
}

impl ServerVerifier {
    pub(super) fn new(expected: Expectation, origin: Origin, clock: Clock) -> Self {
        let mut store = RootCertStore::empty();
        // A root that webpki cannot read is one that it does not trust: the answer is no, never a false yes.
        let roots = expected.trust.anchors.iter().map(|root| CertificateDer::from(root.der()));
        store.add_parsable_certificates(roots);
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        Self { expected, store, origin, clock, algorithms, seen: Mutex::default() }
    }

    pub(super) fn take(&self) -> Judged {
        let seen = std::mem::take(&mut *self.seen());
        let Some(judgement) = seen.judgement else {
            let server_to_us = ServerToUs {
                verdict: Trust::Unknown,
                reason: Some("the server did not come to show a certificate".to_owned()),
                findings: Vec::new(),
                objection: None,
                path: Vec::new(),
                revocation_checked: false,
            };
            let (chain, sent, path) = (Vec::new(), Vec::new(), Vec::new());
            return Judged { chain, sent, path, staple: None, scheme: None, server_to_us };
        };
        let trusted = judgement.accepted() && seen.signature.is_none();
        let unproved = seen.signature.map(|fact| Objection { by: "handshake", fact });
        let server_to_us = ServerToUs {
            verdict: if trusted { Trust::Trusted } else { Trust::NotTrusted },
            reason: judgement.reason().or(unproved.as_ref().map(|objection| objection.fact.clone())),
            findings: judgement.findings,
            objection: unproved.or(judgement.objection),
            path: judgement.path,
            revocation_checked: self.expected.trust.crls.is_some(),
        };
        Judged {
            chain: judgement.chain,
            sent: seen.sent,
            path: judgement.taken,
            staple: seen.staple,
            scheme: seen.scheme.map(negotiated::scheme),
            server_to_us,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn webpki(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let all = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.store, intermediates, now, all)?;
        verify_server_name(&parsed, name)
    }

    fn signature<T>(&self, scheme: SignatureScheme, answer: Result<T, TlsError>) -> Result<T, TlsError> {
        self.seen().scheme = Some(scheme);
        answer.inspect_err(|error| {
            let reason = match error {
                TlsError::InvalidCertificate(CertificateError::BadSignature) => {
                    fault::words(error, "the server")
                }
                _ => "the server's signature in the handshake is of a kind that is not accepted".to_owned(),
            };
            self.seen().signature = Some(reason);
        })
    }
}

impl fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerVerifier").field("host", &self.expected.host).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let sent: Vec<&[u8]> = std::iter::once(end_entity).chain(intermediates).map(AsRef::as_ref).collect();
        let kept = sent.iter().map(|der| der.to_vec()).collect();
        let chain = peer::read_chain(sent.into_iter(), &self.origin);
        let host = Some(self.expected.host.as_str());
        let at = (self.clock)();
        let mut judgement = judge::Judgement::new(chain, &self.expected.trust, Purpose::Server, host, at);
        let staple = staple(ocsp_response, &judgement, at);
        let revoked = staple.as_ref().is_some_and(Staple::is_revocation);
        let answer = match judgement.refusal() {
            Some(refusal) => Err(refusal),
            None if revoked => {
                let fact = "the OCSP response that it staples itself says that it is revoked".to_owned();
                judgement.objection = Some(Objection { by: "ocsp", fact });
                Err(CertificateError::Revoked.into())
            }
            None => judgement.second(self.webpki(end_entity, intermediates, server_name, now)),
        };
        let mut seen = self.seen();
        (seen.sent, seen.staple, seen.judgement) = (kept, staple, Some(judgement));
        match answer {
            Err(_) if self.expected.insecure => Ok(ServerCertVerified::assertion()),
            answer => answer.map(|()| ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.signature(
            signature.scheme,
            verify_tls12_signature(message, certificate, signature, &self.algorithms),
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.signature(
            signature.scheme,
            verify_tls13_signature(message, certificate, signature, &self.algorithms),
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a server staples; rustls asks every server for it, and few have one. Its issuer is above it in the path, or was sent along.
fn staple(response: &[u8], judgement: &judge::Judgement, now: OffsetDateTime) -> Option<Staple> {
    let leaf = judgement.chain.first().filter(|_| !response.is_empty())?;
    let issuer = judgement.taken.iter().chain(&judgement.chain).skip(1);
    let mut issuer = issuer.filter(|one| one.subject().same(leaf.issuer()));
    let issuer = issuer.find(|one| leaf.is_signed_by(one.public_key()).is_ok());
    Some(Staple::read(response, leaf, issuer, now))
}

/// Answers the server's request for a certificate, and remembers it.
pub(super) struct Resolver {
    identity: Option<Identity>,
    asked: Mutex<Option<Asked>>,
}

struct Asked {
    authorities: Vec<Name>,
    schemes: Vec<SignatureScheme>,
    sent: bool,
}

impl Resolver {
    pub(super) fn new(identity: Option<Identity>) -> Self {
        Self { identity, asked: Mutex::default() }
    }

    pub(super) fn was_asked(&self) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What the server asked for. Where the handshake did not come to its end, that it did not ask says nothing, and
    /// what was chosen may never have gone out.
    pub(super) fn take(&self, handshake_complete: bool, went_out: bool) -> CertificateRequest {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(asked) = asked else {
            return CertificateRequest {
                asked: handshake_complete.then_some(false),
                authorities: Vec::new(),
                signature_schemes: Vec::new(),
                sent: Vec::new(),
                withheld: None,
                authority_fits: None,
                scheme_fits: None,
                authority_names: Vec::new(),
            };
        };
        let sent = self.identity.as_ref().filter(|_| asked.sent && went_out);
        let chain = sent.map(Identity::chain).unwrap_or_default();
        let withheld = (self.identity.is_some() && !asked.sent)
            .then(|| "the server knows no signature scheme that goes with our key".to_owned());
        CertificateRequest {
            asked: Some(true),
            authorities: asked.authorities.iter().map(Name::to_string).collect(),
            signature_schemes: asked.schemes.iter().map(|scheme| negotiated::scheme(*scheme)).collect(),
            sent: chain.iter().map(CertificateFacts::new).collect(),
            withheld,
            authority_fits: self
                .identity
                .as_ref()
                .and_then(|identity| fits(&asked.authorities, identity.chain())),
            scheme_fits: self.identity.is_some().then_some(asked.sent),
            authority_names: asked.authorities,
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let certified = self.identity.as_ref().map(Identity::certified);
        let certified = certified.filter(|certified| certified.key.choose_scheme(schemes).is_some());
        let asked = Asked {
            authorities: hints.iter().map(|der| Name::from_der(der)).collect(),
            schemes: schemes.to_vec(),
            sent: certified.is_some(),
        };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        certified
    }

    /// Always, so that the server's request is seen even where there is nothing to answer.
    fn has_certs(&self) -> bool {
        true
    }
}
