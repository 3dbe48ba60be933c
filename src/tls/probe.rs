//! The mutual-TLS test client: one handshake, one request, and a verdict that cannot lie.
//!
//! Under TLS 1.3 a client's handshake is over before the server has judged its certificate; the refusal arrives at
//! the next read. So the probe sends a request and reads on until it knows: *accepted* is a complete response to that
//! request, *refused* an alert, a close, a reset or an HTTP refusal, *undecided* everything else. Where another protocol
//! than HTTP follows, a harmless message of that takes the place of the request.

mod cause;
mod chain;
mod conversation;
mod observe;
mod options;
mod report;
mod request;
mod response;
mod second;
mod session;
mod verdict;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error as TlsError, client::Resumption,
    pki_types::ServerName,
};

pub use cause::{Cause, CauseCode};
pub use chain::{Expiry, Observation, ObservationCode};
pub use options::{KeyLog, Options};
pub use report::{
    CertificateRequest, How, Reception, Report, Response, ServerToUs, Side, Step, StepName, Trust, Unmet,
    UsToServer, Verdict,
};
pub use request::{Expected, Header, Request};

use super::{
    CertificateFacts, Clock, Identity, Negotiated, Time, Version,
    connect::{self, Address, Place, Stream},
    judge,
};
use crate::{Error, name::escape, origin::Origin, verify::Rule};
use conversation::Conversation;
use observe::{Expectation, Resolver, ServerVerifier};
use response::{Progress, ResponseReader};
use session::{Session, Stop};

/// How long a complete response waits for an alert that takes it back: a server may send data before it has judged
/// our certificate (half-RTT data, RFC 8446 4.4.4 and appendix E.1.2).
const SECOND_THOUGHTS: Duration = Duration::from_millis(200);

/// What is said after the handshake.
enum Exchange {
    Http(ResponseReader),
    Other(Conversation),
}

impl Exchange {
    /// What fits; `None` where the server chose an application protocol in which nothing is said here.
    fn choose(options: &Options, alpn: Option<&str>) -> Option<Self> {
        match (options.starttls, alpn) {
            (Some(protocol), _) => {
                let leaf = options.identity.as_ref().and_then(Identity::leaf);
                let name = leaf.and_then(|leaf| leaf.subject().common_name());
                Some(Self::Other(Conversation::new(protocol, name)))
            }
            (None, None | Some("http/1.1" | "http/1.0")) => {
                Some(Self::Http(ResponseReader::to(options.request.method())))
            }
            (None, Some(_)) => None,
        }
    }

    fn spoke_first(&mut self) {
        match self {
            Self::Http(reader) => reader.spoke_first(),
            Self::Other(conversation) => conversation.spoke_first(),
        }
    }

    fn question(&self, options: &Options, name: &str) -> Vec<u8> {
        match self {
            Self::Http(_) => {
                // The port of https need not be said (RFC 9110 7.2).
                let own = endpoint(name, options.port);
                let host = if options.port == 443 { own.trim_end_matches(":443") } else { own.as_str() };
                options.request.text(host).into_bytes()
            }
            Self::Other(conversation) => conversation.question(name),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Progress {
        match self {
            Self::Http(reader) => reader.push(bytes),
            Self::Other(conversation) => {
                conversation.push(bytes);
                match conversation.reply() {
                    None => Progress::Partial,
                    Some(conversation::Reply::Foreign) => Progress::Foreign,
                    Some(_) => Progress::Complete,
                }
            }
        }
    }

    fn peer_closed(&mut self) {
        if let Self::Http(reader) = self {
            reader.peer_closed();
        }
    }
}

/// Probes a server.
///
/// # Errors
/// [`Error::ResolveFailed`], [`Error::ConnectFailed`], [`Error::ConnectTimedOut`], [`Error::AddressInvalid`] for a name that is none,
/// [`Error::PeerUnseen`] where a protocol has no upgrade to TLS, and [`Error::TlsSetup`]. Whatever happens after that is in the report.
pub fn probe(options: &Options, clock: Clock) -> Result<Report, Error> {
    let whole = Instant::now();
    let deadline = super::deadline(options.timeout);
    let wanted = options.server_name.as_deref().unwrap_or(&options.host);
    let server_name = server_name(wanted)?;
    let verifier = Arc::new(ServerVerifier::new(
        Expectation {
            trust: judge::Trust { anchors: options.roots.clone(), crls: options.crls.clone() },
            host: server_name.to_str().into_owned(),
            insecure: options.insecure,
        },
        Origin::named(&format!("sent by {}", endpoint(&options.host, options.port))),
        clock.clone(),
    ));
    let resolver = Arc::new(Resolver::new(options.identity.clone()));
    let tls = ClientConnection::new(
        configure(options, verifier.clone(), resolver.clone(), clock.clone())?,
        server_name.clone(),
    )
    .map_err(super::setup)?;

    let mut steps = Vec::new();
    let mut timed = |name: StepName, since: Instant| steps.push(Step { name, duration: since.elapsed() });
    let begun = Instant::now();
    let own = || Place::Host(options.host.clone(), options.port);
    let addresses = options.connect.clone().unwrap_or_else(own).resolve(deadline)?;
    timed(StepName::Resolve, begun);
    let begun = Instant::now();
    let (mut stream, address) = connect::connect(&addresses, deadline)?;
    timed(StepName::Connect, begun);
    if options.starttls.is_some() {
        let begun = Instant::now();
        upgrade(&mut stream, &address, options, &server_name)?;
        timed(StepName::Starttls, begun);
    }

    let mut session = Session::new(stream, tls);
    let begun = Instant::now();
    let shaken = session.handshake();
    timed(StepName::Handshake, begun);
    let handshake_complete = shaken.is_ok();
    let begun = Instant::now();
    let negotiated = Negotiated::read(session.tls(), sent_name(&server_name));
    let alpn = negotiated.as_ref().and_then(|negotiated| negotiated.alpn.clone());
    let (end, exchange) = match shaken {
        Ok(()) => {
            let linger = resolver.was_asked() && session.is_tls13();
            match Exchange::choose(options, alpn.as_deref()) {
                Some(exchange) => {
                    let outcome = ask(&mut session, exchange, options, &server_name.to_str(), linger);
                    timed(StepName::Request, begun);
                    outcome
                }
                None => (session.linger(SECOND_THOUGHTS), None),
            }
        }
        Err(stop) => (stop, None),
    };
    let first_byte = session.heard().map(|heard| heard.saturating_duration_since(begun));
    let total = whole.elapsed();

    let judged = verifier.take();
    // Under TLS 1.2 our certificate goes out in the middle of the handshake, but only to a server that we trust.
    let goes_on = options.insecure || judged.server_to_us.verdict == Trust::Trusted;
    let went_out = handshake_complete || (!session.is_tls13() && goes_on);
    let certificate_request = resolver.take(handshake_complete, went_out);
    let second = is_worth_a_look(&end, session.first(), !judged.sent.is_empty()).then(|| {
        let dial = |limit| {
            let (mut stream, _) = connect::connect(std::slice::from_ref(&address), limit)?;
            if options.starttls.is_some() {
                upgrade(&mut stream, &address, options, &server_name)?;
            }
            Ok(stream)
        };
        second::look(dial, sent_name(&server_name), options.version, deadline)
    });
    let seen = verdict::Seen {
        end,
        exchange,
        asked_for: &options.request,
        alpn: alpn.clone(),
        insecure: options.insecure,
        second: second.flatten(),
        first: session.first(),
        handshake_complete,
        tls_confirmed: handshake_complete && (!session.is_tls13() || session.tickets() > 0),
        request: &certificate_request,
        identity: options.identity.as_ref(),
        issuers: &options.roots,
        crls: &options.crls.as_ref().map(|lists| lists.current()).unwrap_or_default(),
        timeout: options.timeout,
        now: clock(),
    };
    let server_to_us = judged.server_to_us;
    let us_to_server = verdict::reception(&seen, &server_to_us);
    let overall = verdict::overall(&server_to_us, &us_to_server);
    let (response, request) = match seen.exchange {
        Some(Exchange::Http(reader)) => (Some(reader.into_facts()), Some(options.request.line())),
        _ => (None, None),
    };
    let findings = &server_to_us.findings;
    let is_shown = !judged.chain.is_empty();
    let report = Report {
        host: options.host.clone(),
        port: options.port,
        server_name: server_name.to_str().into_owned(),
        addresses,
        address,
        starttls: options.starttls,
        steps,
        first_byte,
        total,
        negotiated,
        signature_scheme: judged.scheme,
        tickets: (handshake_complete && session.is_tls13()).then(|| session.tickets()),
        ocsp: judged.staple,
        server_chain: judged.chain.iter().map(CertificateFacts::new).collect(),
        observations: chain::observe(&judged.chain, findings),
        expiry: chain::soonest(&judged.path, clock()),
        name_matches: is_shown.then(|| !findings.iter().any(|finding| finding.rule == Rule::NameMismatch)),
        certificate_request,
        unmet: unmet(options, handshake_complete, alpn.as_deref(), response.as_ref()),
        request,
        response,
        server_to_us,
        us_to_server,
        verdict: overall.verdict,
        side: overall.side,
        rule: overall.rule,
        certificate: overall.certificate,
        reason: overall.reason,
        insecure: options.insecure,
        chain: judged.chain,
        chain_der: judged.sent,
    };
    session.close();
    Ok(report)
}

/// Brings a connection to where TLS begins.
fn upgrade(
    stream: &mut Stream,
    address: &Address,
    options: &Options,
    name: &ServerName<'_>,
) -> Result<(), Error> {
    // A Unix socket has no port.
    let peer = match address {
        Address::Unix(_) => address.to_string(),
        Address::Tcp(_) => endpoint(&options.host, options.port),
    };
    let unseen = |cause| Error::PeerUnseen { peer, cause };
    match options.starttls {
        Some(protocol) => protocol.upgrade(stream, &name.to_str()).map_err(unseen),
        None => Ok(()),
    }
}

/// Whether hellos of other versions may tell why no handshake could be begun.
fn is_worth_a_look(end: &Stop, first: &[u8], saw_certificate: bool) -> bool {
    use AlertDescription as A;
    !saw_certificate
        && match end {
            Stop::Tls(TlsError::AlertReceived(alert)) => matches!(
                alert,
                A::HandshakeFailure | A::ProtocolVersion | A::InsufficientSecurity | A::InternalError
            ),
            Stop::Tls(TlsError::PeerIncompatible(_)) => true,
            Stop::Closed { .. } | Stop::Reset => first.is_empty(),
            _ => false,
        }
}

/// What was demanded and did not come.
fn unmet(
    options: &Options,
    handshake_complete: bool,
    alpn: Option<&str>,
    response: Option<&Response>,
) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if let (Some(offered), true, None) = (&options.alpn, handshake_complete, alpn) {
        let fact = format!(
            "the server chose none of the application protocols that were offered: {}",
            escape(&offered.join(", "))
        );
        unmet.push(Unmet { demand: "alpn", fact });
    }
    if let Some(response) = response.filter(|response| response.complete)
        && let Some(wanted) = options.request.missed(response.status)
    {
        let fact = format!("the server answered {}, and {wanted} was expected", response.status);
        unmet.push(Unmet { demand: "status", fact });
    }
    unmet
}

/// Says what there is to say, and reads until the verdict is known.
fn ask(
    session: &mut Session,
    mut exchange: Exchange,
    options: &Options,
    name: &str,
    linger: bool,
) -> (Stop, Option<Exchange>) {
    // What came before the request is no response to it.
    if !session.take_plaintext().is_empty() {
        exchange.spoke_first();
    }
    session.send(&exchange.question(options, name));
    loop {
        let stop = session.receive().err();
        let progress = exchange.push(&session.take_plaintext());
        match (stop, progress) {
            (Some(stop), _) => {
                if matches!(stop, Stop::Closed { .. }) {
                    exchange.peer_closed();
                }
                return (stop, Some(exchange));
            }
            (None, Progress::Partial) => {}
            (None, Progress::Complete) => {
                let stop = if linger { session.linger(SECOND_THOUGHTS) } else { Stop::Enough };
                return (stop, Some(exchange));
            }
            (None, Progress::Foreign) => return (session.linger(SECOND_THOUGHTS), Some(exchange)),
        }
    }
}

fn configure(
    options: &Options,
    verifier: Arc<ServerVerifier>,
    resolver: Arc<Resolver>,
    clock: Clock,
) -> Result<Arc<ClientConfig>, Error> {
    let mut config = ClientConfig::builder_with_details(super::provider(), Arc::new(Time(clock)))
        .with_protocol_versions(super::versions(options.version))
        .map_err(super::setup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(resolver);
    config.resumption = Resumption::disabled();
    config.alpn_protocols = options.offered();
    if let Some(log) = &options.key_log {
        config.key_log = log.clone();
    }
    Ok(Arc::new(config))
}

/// A name as TLS wants it: an IP address, or a DNS name in A-labels.
pub(super) fn server_name(text: &str) -> Result<ServerName<'static>, Error> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    let invalid = || Error::AddressInvalid {
        value: text.to_owned(),
        reason: "it is neither a DNS name nor an IP address".to_owned(),
    };
    let ascii = idna::domain_to_ascii(text).map_err(|_| invalid())?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii).to_owned();
    ServerName::try_from(ascii).map_err(|_| invalid())
}

/// The name that went out as SNI, which addresses do not (RFC 6066 section 3).
fn sent_name<'a>(name: &'a ServerName<'_>) -> Option<&'a str> {
    match name {
        ServerName::DnsName(name) => Some(name.as_ref()),
        _ => None,
    }
}

/// `host:port`, with brackets around what has colons.
pub(crate) fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
