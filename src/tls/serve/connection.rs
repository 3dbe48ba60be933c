//! One connection: waits for the first byte → handshake → request → answer → shuts down writing → drains → over.
//!
//! The drain matters: a socket that is closed with unread bytes in it sends a reset, which destroys the alert that
//! says why the client was refused before the client has read it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use mio::net::TcpStream;
use rustls::{AlertDescription, ServerConnection};

use super::{
    Answer, ClientAuth, ClientFacts, ClientHello, ConnectionReport, Outcome, Shared,
    answer::{self, Seen},
    failure::{self, Failure},
    hello::{self, Start},
    request::{self, Progress, Request},
    setup::Setup,
    verifier::take_judgement,
};
use crate::{
    name::escape,
    tls::{Alert, Negotiated, fault, judge::Judgement},
    verify::Rule,
};

/// Bytes that a client may send before it is answered: handshake, certificates and its request.
const MOST_RECEIVED: usize = 256 * 1024;
/// Bytes that are thrown away after the answer.
const MOST_DRAINED: usize = 1024 * 1024;
/// How long the client may take to end the connection after the answer.
const DRAIN: Duration = Duration::from_secs(2);
/// Outgoing bytes that rustls may hold for us, which is more than any answer.
const BUFFER: usize = 512 * 1024;

/// What is to be done with a connection after it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for the socket; the deadline is unchanged.
    Wait,
    /// Wait for the socket until this moment at the latest.
    Until(Instant),
    /// It is over.
    Over,
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// When it is given up.
    pub(super) deadline: Instant,
    number: u64,
    peer: SocketAddr,
    started: Instant,
    stage: Stage,
    received: usize,
    /// What the handshake is made with, once it has begun.
    setup: Option<Arc<Setup>>,
    /// The client's first bytes, which hold what it offers.
    hello: Vec<u8>,
    judged: Option<Judgement>,
    negotiated: Option<Negotiated>,
    authenticated: bool,
    client: Option<ClientFacts>,
    request: Option<String>,
    status: Option<u16>,
    alert_sent: Option<Alert>,
    alert_received: Option<Alert>,
    /// What the client seems to mind about our certificate.
    server_fault: Option<Rule>,
    /// Whether the client ended its side.
    ended: bool,
    /// How it ends, why as a word and in a sentence; told when it is over.
    verdict: Option<(Outcome, Option<&'static str>, String)>,
}

enum Stage {
    /// Not a byte came yet, so there is nothing to keep.
    Silent,
    /// The first bytes, too few to see what they are, or what is asked for.
    Greeting,
    /// Handshake and request: what came of the request so far.
    Talking { tls: Box<ServerConnection>, request: Box<request::Reader> },
    /// The last bytes to send.
    Closing { out: Vec<u8>, sent: usize },
    /// Everything was sent; what still comes is thrown away.
    Draining { drained: usize },
}

impl Connection {
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, number: u64, deadline: Instant) -> Self {
        Self {
            stream,
            deadline,
            number,
            peer,
            started: Instant::now(),
            stage: Stage::Silent,
            received: 0,
            setup: None,
            hello: Vec::new(),
            judged: None,
            negotiated: None,
            authenticated: false,
            client: None,
            request: None,
            status: None,
            alert_sent: None,
            alert_received: None,
            server_fault: None,
            ended: false,
            verdict: None,
        }
    }

    /// Goes on as far as the socket allows. `buffer` is the worker's, to read into.
    pub(super) fn advance(&mut self, shared: &Shared, buffer: &mut [u8]) -> Next {
        let mut next = Next::Wait;
        loop {
            match self.flush() {
                Ok(true) => {
                    if matches!(self.stage, Stage::Closing { .. }) {
                        // Where the client is gone already, the read below says so.
                        let _ = self.stream.shutdown(Shutdown::Write);
                        self.stage = Stage::Draining { drained: 0 };
                        next = Next::Until(Instant::now() + DRAIN);
                    }
                }
                Ok(false) => {}
                // What the client said last may explain why it no longer listens: read on.
                Err(_) if matches!(self.stage, Stage::Talking { .. }) => {}
                Err(_) => return Next::Over,
            }
            if self.ended {
                // Nobody speaks any more; what is left is still sent.
                return if matches!(self.stage, Stage::Draining { .. }) { Next::Over } else { next };
            }
            match self.stream.read(buffer) {
                Ok(0) => self.end(shared, false),
                Ok(count) => {
                    if !self.take(shared, buffer.get(..count).unwrap_or_default()) {
                        return Next::Over;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return next,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.end(shared, true);
                    return Next::Over;
                }
            }
        }
    }

    /// Sends what waits to be sent; `true` when all of it is.
    fn flush(&mut self) -> io::Result<bool> {
        loop {
            let outcome = match &mut self.stage {
                Stage::Talking { tls, .. } if tls.wants_write() => tls.write_tls(&mut self.stream),
                Stage::Closing { out, sent } if *sent < out.len() => {
                    let outcome = self.stream.write(out.get(*sent..).unwrap_or_default());
                    if let Ok(count) = outcome {
                        *sent += count;
                    }
                    outcome
                }
                _ => return Ok(true),
            };
            match outcome {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes bytes from the client. `false`: the connection is over.
    fn take(&mut self, shared: &Shared, bytes: &[u8]) -> bool {
        match &mut self.stage {
            Stage::Closing { .. } => {
                self.received += bytes.len();
                return self.received <= MOST_DRAINED;
            }
            Stage::Draining { drained } => {
                *drained += bytes.len();
                return *drained <= MOST_DRAINED;
            }
            _ => {}
        }
        self.received += bytes.len();
        if self.received > MOST_RECEIVED {
            self.fail("too-much", "the client sent more than a handshake and a request need");
            self.close(Vec::new());
            return true;
        }
        match std::mem::replace(&mut self.stage, Stage::Silent) {
            Stage::Silent | Stage::Greeting => self.greet(shared, bytes),
            Stage::Talking { tls, request } => self.talk(shared, tls, request, bytes),
            closing => self.stage = closing,
        }
        true
    }

    /// Looks at the first bytes: TLS, or something that deserves a plain word.
    fn greet(&mut self, shared: &Shared, bytes: &[u8]) {
        self.hello.extend_from_slice(bytes);
        let is_letter = self.hello.first().is_some_and(u8::is_ascii_uppercase);
        let is_partial = match is_letter {
            true => self.hello.len() < 4,
            false => self.hello.len() < hello::MOST && hello::start(&self.hello) == Start::Partial,
        };
        if is_partial {
            self.stage = Stage::Greeting;
            return;
        }
        if request::is_plain_http(&self.hello) {
            self.status = Some(400);
            self.fail("plain-http", "the client spoke plain HTTP, but this port speaks TLS: https://");
            self.close(answer::refusal(400, "This port speaks TLS. Use https:// and a client certificate."));
            return;
        }
        let setup = shared.setup();
        if setup.shown.is_strict()
            && let Some(hello) = ClientHello::read(&self.hello)
            && !setup.shown.knows(hello.server_name.as_deref())
        {
            return self.refuse_name(hello.server_name.as_deref());
        }
        match ServerConnection::new(setup.tls.clone()) {
            Ok(mut tls) => {
                self.setup = Some(setup);
                tls.set_buffer_limit(Some(BUFFER));
                let first = std::mem::take(&mut self.hello);
                self.talk(shared, Box::new(tls), Box::default(), &first);
                self.hello = first;
            }
            Err(error) => {
                self.fail("protocol-error", fault::words(&error, "the client"));
                self.close(Vec::new());
            }
        }
    }

    /// There is no server of this name: an alert that rustls has no word for (RFC 6066 3), in a record of its own.
    fn refuse_name(&mut self, name: Option<&str>) {
        self.alert_sent = Some(Alert::from_number(112));
        let reason = match name {
            Some(name) => {
                // No name of a host is longer (RFC 1035 2.3.4).
                let name: String = name.chars().take(255).collect();
                format!("the client asked for {name}, and there is no server of this name here")
            }
            None => {
                "the client asked for no server by name (SNI), and only those that do are served".to_owned()
            }
        };
        self.fail("unrecognized-name", reason);
        self.close(fault::fatal(112).to_vec());
    }

    /// Handshake, then request.
    fn talk(
        &mut self,
        shared: &Shared,
        mut tls: Box<ServerConnection>,
        mut request: Box<request::Reader>,
        bytes: &[u8],
    ) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let fed = tls.read_tls(&mut rest);
            let processed = tls.process_new_packets();
            if let Some(judged) = take_judgement() {
                self.client = ClientFacts::new(&judged.chain);
                self.judged = Some(judged);
            }
            if let Err(error) = processed {
                return self.broken(shared, tls, &error, bytes);
            }
            if !matches!(fed, Ok(1..)) {
                self.fail("too-much", "the client sent more at once than a handshake needs");
                return self.close_tls(tls);
            }
            if tls.is_handshaking() {
                continue;
            }
            if self.negotiated.is_none() {
                self.negotiated = Negotiated::read(&tls, tls.server_name());
                // rustls ends a handshake only when the client has proved to hold the key.
                self.authenticated = tls.peer_certificates().is_some()
                    && self.judged.as_ref().is_some_and(Judgement::accepted);
            }
            if !speaks_http(&tls) {
                self.accept(shared);
                return self.close_tls(tls);
            }
            let mut reader = tls.reader().take(request.room() as u64);
            let ended = match reader.read_to_end(&mut request.bytes) {
                Ok(_) => reader.limit() > 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            match request.progress(shared.answer.echo) {
                Progress::Partial | Progress::Expects if ended => {
                    return self.silent_end(shared, tls, request.bytes.is_empty());
                }
                Progress::Partial => {}
                // The buffer limit is above this.
                Progress::Expects => drop(tls.writer().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")),
                Progress::Whole(request) => return self.respond(shared, tls, &request),
                Progress::Bad(status, reason) => {
                    self.status = Some(status);
                    self.fail("bad-request", reason);
                    return self.answer(tls, &answer::refusal(status, reason));
                }
            }
        }
        self.stage = Stage::Talking { tls, request };
    }

    fn respond(&mut self, shared: &Shared, tls: Box<ServerConnection>, request: &Request) {
        self.request = Some(request.line());
        self.accept(shared);
        if let Some((Outcome::Refused, _, reason)) = &self.verdict
            && !Answer::is_public(request)
        {
            self.status = Some(403);
            let text = answer::refusal(403, reason);
            return self.answer(tls, &text);
        }
        let Some(setup) = &self.setup else { return self.close_tls(tls) };
        let seen = Seen {
            client: self.client.as_ref().filter(|_| self.authenticated),
            tls: self.negotiated.as_ref(),
            server: setup.shown.facts(tls.server_name()),
            hello: &self.hello,
        };
        let (status, text) = shared.answer.to(request, &seen);
        self.status = Some(status);
        if Answer::is_public(request) {
            // Whoever comes for this alone is not asked who it is.
            self.verdict =
                Some((Outcome::Accepted, None, "it is asked whether the server is well".to_owned()));
        }
        self.answer(tls, &text);
    }

    /// The handshake held: the client is let in, unless it is on no list.
    fn accept(&mut self, shared: &Shared) {
        let leaf =
            self.judged.as_ref().filter(|_| self.authenticated).and_then(|judged| judged.chain.first());
        if !shared.allow.is_empty() && !leaf.is_some_and(|leaf| shared.allow.admits(leaf)) {
            let reason = shared.allow.refusal(leaf);
            return self.finish(Outcome::Refused, Some("not-allowed"), reason);
        }
        let reason = match shared.terms.client_auth {
            _ if leaf.is_some() => "the client's certificate is good",
            ClientAuth::None => "clients are not asked for a certificate",
            _ => "the client sent no certificate, and none is required",
        };
        self.finish(Outcome::Accepted, None, reason.to_owned());
    }

    /// The client ended its side after the handshake, without a whole request.
    fn silent_end(&mut self, shared: &Shared, tls: Box<ServerConnection>, is_silent: bool) {
        if is_silent {
            self.accept(shared);
            let own = self.own_fault(shared);
            if let Some((Outcome::Accepted, _, reason)) = &mut self.verdict {
                reason.push_str("; it closed without a request");
                if let Some((rule, fault)) = own {
                    self.server_fault = Some(rule);
                    reason.push_str(&format!("; {fault}"));
                }
            }
        } else {
            self.fail("closed", "the client closed in the middle of its request");
        }
        self.close_tls(tls);
    }

    /// What the client may mind about our certificate.
    fn own_fault(&self, shared: &Shared) -> Option<(Rule, String)> {
        let shown = &self.setup.as_ref()?.shown;
        shown.fault(self.negotiated.as_ref()?.server_name.as_deref(), (shared.terms.clock)())
    }

    /// rustls gave the connection up.
    fn broken(
        &mut self,
        shared: &Shared,
        mut tls: Box<ServerConnection>,
        error: &rustls::Error,
        bytes: &[u8],
    ) {
        use rustls::Error as E;
        self.negotiated = self.negotiated.take().or_else(|| Negotiated::read(&tls, tls.server_name()));
        // It may be the first bytes that broke it.
        let first = if self.hello.is_empty() { bytes } else { &self.hello };
        let mut alert = None;
        match failure::refusal(error, self.judged.as_ref()) {
            Some((cause, reason)) => self.finish(Outcome::Refused, Some(cause), reason),
            None => {
                let failure = Failure::new(error, &shared.terms, first);
                let mut reason = failure.reason;
                if matches!(error, E::AlertReceived(alert) if is_of_certificate(*alert))
                    && let Some((rule, fault)) = self.own_fault(shared)
                {
                    self.server_fault = Some(rule);
                    reason.push_str(&format!("; {fault}"));
                }
                self.fail(failure.cause, reason);
                alert = failure.alert;
            }
        }
        if let E::AlertReceived(description) = error {
            self.alert_received = Some((*description).into());
        }
        let mut out = Vec::new();
        drain_tls(&mut tls, &mut out);
        if let Some(alert) = alert {
            out = fault::fatal(alert).to_vec();
        }
        self.alert_sent = match error {
            E::AlertReceived(_) => None,
            _ => fault::plain_alert(&out).or_else(|| fault::alert_for(error)),
        };
        self.close(out);
    }

    fn answer(&mut self, mut tls: Box<ServerConnection>, text: &[u8]) {
        // The buffer limit is above the size of any answer; were it not, the client would see it cut off.
        let _ = tls.writer().write_all(text);
        self.close_tls(tls);
    }

    /// Ends TLS in order. rustls is not needed after this, so its memory goes first.
    fn close_tls(&mut self, mut tls: Box<ServerConnection>) {
        tls.send_close_notify();
        let mut out = Vec::new();
        drain_tls(&mut tls, &mut out);
        self.close(out);
    }

    fn close(&mut self, out: Vec<u8>) {
        self.stage = Stage::Closing { out, sent: 0 };
    }

    /// The client ended its side, or the connection as a whole.
    fn end(&mut self, shared: &Shared, reset: bool) {
        self.ended = true;
        let how = if reset { "reset the connection" } else { "closed the connection" };
        match std::mem::replace(&mut self.stage, Stage::Draining { drained: 0 }) {
            Stage::Silent => {
                self.finish(Outcome::Empty, None, format!("the client {how} without sending a byte"));
            }
            Stage::Greeting if self.hello.first() == Some(&22) => {
                self.fail("closed", format!("the client {how} in the middle of its first message"));
            }
            Stage::Greeting => self.fail("not-tls", format!("the client {how}; it sent no TLS")),
            Stage::Talking { tls, .. } if tls.is_handshaking() => {
                self.negotiated = Negotiated::read(&tls, tls.server_name());
                let own = self.own_fault(shared);
                self.server_fault = own.as_ref().map(|(rule, _)| *rule);
                let why = own.map_or_else(
                    || "likely it does not trust our certificate".to_owned(),
                    |(_, fault)| fault,
                );
                self.fail(
                    "closed",
                    format!("the client {how} during the handshake, without an alert; {why}"),
                );
            }
            Stage::Talking { tls, request } if !reset => {
                self.silent_end(shared, tls, request.bytes.is_empty())
            }
            Stage::Talking { .. } => {
                self.fail("closed", format!("the client {how} before its request was whole"))
            }
            closing @ Stage::Closing { .. } => self.stage = closing,
            Stage::Draining { .. } => {}
        }
    }

    /// The deadline has come.
    pub(super) fn time_out(&mut self, shared: &Shared) {
        let limit = shared.timeout.as_secs_f64();
        let reason = match &self.stage {
            Stage::Silent => format!("the client sent nothing within {limit} seconds"),
            Stage::Talking { tls, .. } if tls.is_handshaking() => {
                format!("the handshake was not over within {limit} seconds")
            }
            Stage::Greeting => format!("the first message was not whole within {limit} seconds"),
            Stage::Talking { request, .. } if request.bytes.is_empty() => {
                format!("no request came within {limit} seconds after the handshake began")
            }
            Stage::Talking { .. } => format!("the request was not whole within {limit} seconds"),
            Stage::Closing { .. } => format!("the client did not read its answer within {limit} seconds"),
            Stage::Draining { .. } => return,
        };
        // A refusal stands, read or not; to be let in takes an answer.
        if matches!(self.verdict, Some((Outcome::Accepted, ..))) {
            self.verdict = None;
        }
        self.fail("timeout", reason);
    }

    /// The server stops. `true`: there is nothing to wait for.
    pub(super) fn stop(&mut self) -> bool {
        match &self.stage {
            Stage::Silent => {
                self.finish(Outcome::Empty, None, "the server stopped before the client sent a byte".into());
                true
            }
            _ => false,
        }
    }

    /// The time for ending in order, after the server was told to stop, is over.
    pub(super) fn cut_off(&mut self) {
        self.fail("stopped", "the server stopped");
    }

    /// The first verdict stands.
    fn finish(&mut self, outcome: Outcome, cause: Option<&'static str>, reason: String) {
        self.verdict.get_or_insert((outcome, cause, reason));
    }

    fn fail(&mut self, cause: &'static str, reason: impl Into<String>) {
        self.finish(Outcome::Failed, Some(cause), reason.into());
    }

    /// What is told about it.
    pub(super) fn report(self) -> ConnectionReport {
        let lost = || (Outcome::Failed, Some("closed"), "the connection was lost".to_owned());
        let (outcome, cause, reason) = self.verdict.unwrap_or_else(lost);
        let offered = || ClientHello::read(&self.hello);
        ConnectionReport {
            number: self.number,
            peer: self.peer,
            outcome,
            cause,
            server_fault: self.server_fault,
            client_hello: if outcome == Outcome::Failed { offered() } else { None },
            reason: escape(&reason).into_owned(),
            client_authenticated: self.authenticated && outcome == Outcome::Accepted,
            client: self.client,
            findings: self.judged.map(|judged| judged.findings).unwrap_or_default(),
            tls: self.negotiated,
            alert_sent: self.alert_sent,
            alert_received: self.alert_received,
            request: self.request,
            status: self.status,
            duration: self.started.elapsed(),
        }
    }
}

/// Whether what was negotiated is answered here; where nothing was, HTTP/1.1 is meant.
fn speaks_http(tls: &ServerConnection) -> bool {
    matches!(tls.alpn_protocol(), None | Some(b"http/1.1" | b"http/1.0"))
}

/// Whether a client says so of our certificate; many do not tell one fault from another.
fn is_of_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::BadCertificate
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::HandshakeFailure
            | A::InternalError
    )
}

/// Moves everything that rustls wants to send.
fn drain_tls(tls: &mut ServerConnection, out: &mut Vec<u8>) {
    while tls.wants_write() {
        if !matches!(tls.write_tls(out), Ok(count) if count > 0) {
            break;
        }
    }
}
