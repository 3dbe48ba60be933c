//! What a probe found out.

use std::time::Duration;

use serde::Serialize;

use super::{
    CauseCode,
    cause::Cause,
    chain::{Expiry, Observation},
    verdict::overall,
};
use crate::{
    cert::Certificate,
    name::Name,
    tls::{
        Alert, CertificateFacts, Negotiated, connect::Address, judge::Objection, ocsp::Staple,
        starttls::Protocol,
    },
    verify::{self, Finding},
};

/// The whole answer. All text is escaped for a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The host as it was given
    pub host: String,
    /// The port
    pub port: u16,
    /// The name that the server must have
    pub server_name: String,
    /// All addresses of the host
    pub addresses: Vec<Address>,
    /// The one that answered
    pub address: Address,
    /// What was spoken before TLS and after it
    pub starttls: Option<Protocol>,
    /// What was done, and how long it took
    pub steps: Vec<Step>,
    /// From the request to the first byte that came back
    #[serde(rename = "first_byte_microseconds", serialize_with = "maybe_microseconds")]
    pub first_byte: Option<Duration>,
    /// All of it, until the verdict was known
    #[serde(rename = "total_microseconds", serialize_with = "microseconds")]
    pub total: Duration,
    /// What was negotiated, as far as it came
    pub negotiated: Option<Negotiated>,
    /// The scheme by which the server proved to hold the key of its certificate
    pub signature_scheme: Option<String>,
    /// Tickets for resuming the session that the server sent; under TLS 1.2 none is asked for
    pub tickets: Option<u32>,
    /// What the server stapled, where it did
    pub ocsp: Option<Staple>,
    /// The certificates that the server sent, in its order
    pub server_chain: Vec<CertificateFacts>,
    /// What is to be said of them
    pub observations: Vec<Observation>,
    /// The certificate of the path that ends first
    pub expiry: Option<Expiry>,
    /// Whether the server's certificate is for the name
    pub name_matches: Option<bool>,
    /// What the server asked of us, and what we answered
    pub certificate_request: CertificateRequest,
    /// The request: method and path. Escaped.
    pub request: Option<String>,
    /// The response, where there is one
    pub response: Option<Response>,
    /// Whether we trust the server
    pub server_to_us: ServerToUs,
    /// Whether the server let us in
    pub us_to_server: UsToServer,
    /// The verdict on both
    pub verdict: Verdict,
    /// Who said no
    pub side: Option<Side>,
    /// The rule that was broken, or the cause of the refusal, by its code
    pub rule: Option<String>,
    /// The certificate that it is about: its position in the path of the server where we said no, in what we sent where the server did
    pub certificate: Option<usize>,
    /// Why, in one sentence
    pub reason: String,
    /// Whether we went on with a server that we do not trust
    pub insecure: bool,
    /// What was demanded beside, and did not come
    pub unmet: Vec<Unmet>,
    /// The server's certificates, as far as they could be read.
    #[serde(skip)]
    pub chain: Vec<Certificate>,
    /// The DER of the server's certificates, as it was sent.
    #[serde(skip)]
    pub chain_der: Vec<Vec<u8>>,
}

/// A demand that does not decide who is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// What was demanded: `alpn` or `status`
    pub demand: &'static str,
    /// What came instead. Escaped.
    pub fact: String,
}

impl Report {
    /// Whether the verdict is yes, and all that was demanded came.
    pub fn is_good(&self) -> bool {
        self.verdict == Verdict::Accepted && self.unmet.is_empty()
    }

    /// How long a step took.
    pub fn step(&self, name: StepName) -> Option<Duration> {
        self.steps.iter().find(|step| step.name == name).map(|step| step.duration)
    }

    /// Takes in why the server refused us, where that is known from elsewhere, and tells it in the reason. It changes nothing about who
    /// refused whom.
    pub fn explain(&mut self, cause: Cause) {
        if self.us_to_server.verdict != Reception::Refused {
            return;
        }
        let causes = &mut self.us_to_server.causes;
        if cause.certain {
            let said = [cause.code, CauseCode::KnownAuthority, CauseCode::NotAllowed];
            causes.retain(|known| known.certain || !said.contains(&known.code));
        }
        // It was guessed that an intermediate is missing because the leaf was sent alone; none is, where it leads to a root.
        if cause.code == CauseCode::OtherAuthority {
            causes.retain(|known| known.certain || known.code != CauseCode::IntermediateMissing);
        }
        let certain = causes.iter().take_while(|known| known.certain).count();
        causes.insert(if cause.certain { certain } else { causes.len() }, cause);
        let told = overall(&self.server_to_us, &self.us_to_server);
        (self.reason, self.rule, self.certificate) = (told.reason, told.rule, told.certificate);
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which
    pub name: StepName,
    /// How long it took
    #[serde(rename = "microseconds", serialize_with = "microseconds")]
    pub duration: Duration,
}

fn maybe_microseconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => microseconds(duration, serializer),
        None => serializer.serialize_none(),
    }
}

fn microseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// The steps of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepName {
    /// Host name to addresses
    Resolve,
    /// TCP, or a Unix socket
    Connect,
    /// What is spoken before TLS
    Starttls,
    /// TLS, as far as the client sees it
    Handshake,
    /// From the first byte of the request until the verdict was known
    Request,
}

impl StepName {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Starttls => "starttls",
            Self::Handshake => "handshake",
            Self::Request => "request",
        }
    }
}

/// The server's CertificateRequest (RFC 8446 4.3.2) and our answer to it.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateRequest {
    /// Whether the server asked for a certificate; `None` where it did not come to that
    pub asked: Option<bool>,
    /// Names of the CAs that the server says it accepts; empty: it does not say
    pub authorities: Vec<String>,
    /// Signature schemes that the server accepts
    pub signature_schemes: Vec<String>,
    /// The certificates that we sent, leaf first
    pub sent: Vec<CertificateFacts>,
    /// Why our certificate was not sent though there is one
    pub withheld: Option<String>,
    /// Whether a CA that the server names issued what we have to send; `None` where it names none, or we have nothing
    pub authority_fits: Option<bool>,
    /// Whether the server accepts signatures of our key; `None` where we have none
    pub scheme_fits: Option<bool>,
    /// The names of the CAs, for comparing.
    #[serde(skip)]
    pub authority_names: Vec<Name>,
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Response {
    /// The status code
    pub status: u16,
    /// Its phrase. Escaped.
    pub phrase: String,
    /// Bytes of the body that came
    pub body_bytes: u64,
    /// Whether all of it came
    pub complete: bool,
    /// Whether the body, as far as it was kept, speaks of certificates
    pub mentions_certificate: bool,
}

/// Whether a server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Its chain leads to a root of ours; name, dates, usage and path hold; it holds its key
    Trusted,
    /// Something of that does not hold
    NotTrusted,
    /// It showed no certificate
    Unknown,
}

/// Our judgement on the server.
#[derive(Clone, Debug, Serialize)]
pub struct ServerToUs {
    /// Yes, no, or not known
    pub verdict: Trust,
    /// Why not
    pub reason: Option<String>,
    /// The rules that its chain breaks
    pub findings: Vec<Finding>,
    /// What speaks against it though no rule is broken
    pub objection: Option<Objection>,
    /// The path from its certificate to a root of ours
    pub path: Vec<verify::Step>,
    /// Whether that includes what revocation lists say of it
    pub revocation_checked: bool,
}

/// How the server received us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reception {
    /// It asked for a certificate and answered our request
    Accepted,
    /// It refused us
    Refused,
    /// It did neither
    Undecided,
    /// It answered our request, and never asked who we are
    NotAsked,
}

/// By what the server's judgement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A complete HTTP response
    Response,
    /// An answer in the protocol that was spoken before TLS
    Reply,
    /// A TLS alert
    Alert,
    /// It closed the connection
    Closed,
    /// It reset the connection
    Reset,
    /// An HTTP status that is a refusal
    HttpStatus,
    /// The time was over
    TimedOut,
    /// The port speaks plain HTTP
    PlainHttp,
    /// The port does not speak TLS
    NotTls,
    /// What it said after the handshake is not HTTP, nor the protocol that was spoken before TLS
    NotHttp,
    /// It upgrades to no TLS
    NoUpgrade,
    /// It wants something that is not spoken here: a version, a cipher suite
    Incompatible,
    /// TLS went wrong in some other way
    Protocol,
    /// We broke off, because we do not trust the server
    WeRefused,
}

/// The server's judgement on us.
#[derive(Clone, Debug, Serialize)]
pub struct UsToServer {
    /// What it was
    pub verdict: Reception,
    /// By what it is known
    pub how: How,
    /// The alert that the server sent
    pub alert: Option<Alert>,
    /// The HTTP status that refused us
    pub status: Option<u16>,
    /// What happened, in one sentence
    pub reason: String,
    /// Whether the server's TLS is known to have let us in, whatever its application said
    pub tls_accepted: bool,
    /// Why it refused us: what our own check of what we sent proves, and what is likely
    pub causes: Vec<Cause>,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server is trusted, and answered our request
    Accepted,
    /// One side said no
    Refused,
    /// It could not be found out
    Undecided,
}

impl Verdict {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
        }
    }
}

/// A side of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The probe
    Us,
    /// The server
    Server,
}
