//! The mutual-TLS test client: one handshake, one request, and a verdict that cannot lie.
//!
//! Under TLS 1.3 a client's handshake is over before the server has judged its certificate; the refusal arrives at
//! the next read. So the probe sends a request and reads on until it knows: *accepted* is a complete response to that
//! request, *refused* an alert, a close, a reset or an HTTP refusal, *undecided* everything else.

mod cause;
pub(super) mod connect;
mod observe;
mod report;
mod response;
mod session;
mod verdict;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, ClientConnection, client::Resumption, pki_types::ServerName};

pub use cause::{Cause, CauseCode};
pub use report::{
    CertificateRequest, How, Reception, Report, Response, ServerToUs, Side, Step, StepName, Trust,
    UsToServer, Verdict,
};

use super::{CertificateFacts, Clock, Identity, Negotiated, Time, Version, judge};
use crate::{Error, cert::Certificate, crl::Lists, origin::Origin};
use observe::{Expectation, Resolver, ServerVerifier};
use response::{Progress, ResponseReader};
use session::{Session, Stop};

/// How long a complete response waits for an alert that takes it back: a server may send data before it has judged
/// our certificate (half-RTT data, RFC 8446 4.4.4 and appendix E.1.2).
const SECOND_THOUGHTS: Duration = Duration::from_millis(200);

/// Whom to probe, and as whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// A DNS name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Connect here, and resolve nothing.
    pub connect: Option<SocketAddr>,
    /// The name that the server must have, and that it is asked for (SNI); the host where `None`.
    pub server_name: Option<String>,
    /// Who we are; without one, no certificate is sent.
    pub identity: Option<Identity>,
    /// The CAs whose servers are trusted, and no others.
    pub roots: Vec<Certificate>,
    /// The lists of the CAs above the server, and of those above us, where they are to tell why the server refused us. A server that is
    /// revoked is not trusted, and neither is one of which they do not speak. Revocation is not looked at where `None`.
    pub crls: Option<Arc<Lists>>,
    /// The only version of TLS to speak; both where `None`.
    pub version: Option<Version>,
    /// How long all of it may take.
    pub timeout: Duration,
}

impl Options {
    /// A server that is to be trusted by one of `roots`, without a certificate of ours, within 10 seconds.
    pub fn new(host: impl Into<String>, port: u16, roots: Vec<Certificate>) -> Self {
        Self {
            host: host.into(),
            port,
            connect: None,
            server_name: None,
            identity: None,
            roots,
            crls: None,
            version: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Probes a server.
///
/// # Errors
/// [`Error::ResolveFailed`], [`Error::ConnectFailed`], [`Error::AddressInvalid`] for a name that is none, and
/// [`Error::TlsSetup`]. Whatever happens after connecting is in the report.
pub fn probe(options: &Options, clock: Clock) -> Result<Report, Error> {
    let deadline = super::deadline(options.timeout);
    let wanted = options.server_name.as_deref().unwrap_or(&options.host);
    let server_name = server_name(wanted)?;
    let verifier = Arc::new(ServerVerifier::new(
        Expectation {
            trust: judge::Trust { anchors: options.roots.clone(), crls: options.crls.clone() },
            host: server_name.to_str().into_owned(),
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
    let addresses = match options.connect {
        Some(address) => vec![address],
        None => connect::resolve(&options.host, options.port, deadline)?,
    };
    timed(StepName::Resolve, begun);
    let begun = Instant::now();
    let (stream, address) = connect::connect(&addresses, deadline)?;
    timed(StepName::Connect, begun);

    let mut session = Session::new(stream, tls, deadline);
    let begun = Instant::now();
    let shaken = session.handshake();
    timed(StepName::Handshake, begun);
    let handshake_complete = shaken.is_ok();
    let begun = Instant::now();
    let (end, response) = match shaken {
        Ok(()) => {
            let asked_and_13 = resolver.was_asked() && session.is_tls13();
            let outcome = request(&mut session, options, asked_and_13);
            timed(StepName::Request, begun);
            outcome
        }
        Err(stop) => (stop, None),
    };

    let negotiated = Negotiated::read(session.tls(), sent_name(&server_name));
    let judged = verifier.take();
    // Under TLS 1.2 our certificate goes out in the middle of the handshake, but only to a server that we trust.
    let went_out =
        handshake_complete || (!session.is_tls13() && judged.server_to_us.verdict == Trust::Trusted);
    let request = resolver.take(handshake_complete, went_out);
    let seen = verdict::Seen {
        end,
        response,
        first: session.first(),
        handshake_complete,
        tls_confirmed: handshake_complete && (!session.is_tls13() || session.tickets() > 0),
        request: &request,
        identity: options.identity.as_ref(),
        issuers: &options.roots,
        crls: &options.crls.as_ref().map(|lists| lists.current()).unwrap_or_default(),
        timeout: options.timeout,
        now: clock(),
    };
    let server_to_us = judged.server_to_us;
    let us_to_server = verdict::reception(&seen, &server_to_us);
    let (verdict, side, reason) = verdict::overall(&server_to_us, &us_to_server);
    let response = seen.response.map(|reader| reader.into_facts());
    session.close();
    Ok(Report {
        host: options.host.clone(),
        port: options.port,
        server_name: server_name.to_str().into_owned(),
        addresses,
        address,
        steps,
        negotiated,
        server_chain: judged.chain.iter().map(CertificateFacts::new).collect(),
        certificate_request: request,
        response,
        server_to_us,
        us_to_server,
        verdict,
        side,
        reason,
    })
}

/// Sends the request and reads until the verdict is known.
fn request(session: &mut Session, options: &Options, linger: bool) -> (Stop, Option<ResponseReader>) {
    let host = options.server_name.as_deref().unwrap_or(&options.host);
    let text = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: pkit/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        endpoint(host, options.port),
        env!("CARGO_PKG_VERSION"),
    );
    let mut reader = ResponseReader::default();
    // What came before the request is no response to it.
    if !session.take_plaintext().is_empty() {
        reader.spoke_first();
    }
    session.send(text.as_bytes());
    loop {
        let stop = session.receive().err();
        let progress = reader.push(&session.take_plaintext());
        match (stop, progress) {
            (Some(stop), _) => {
                if stop == (Stop::Closed { orderly: true }) || stop == (Stop::Closed { orderly: false }) {
                    reader.peer_closed();
                }
                return (stop, Some(reader));
            }
            (None, Progress::Partial) => {}
            (None, Progress::Complete) => {
                let stop = if linger { session.linger(SECOND_THOUGHTS) } else { Stop::Enough };
                return (stop, Some(reader));
            }
            (None, Progress::Foreign) => return (session.linger(SECOND_THOUGHTS), Some(reader)),
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
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
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
pub(super) fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
