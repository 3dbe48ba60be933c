//! One connection: waits for the first byte → handshake → request → answer → shuts down writing → drains → over.
//!
//! The drain matters: a socket that is closed with unread bytes in it sends a reset, which destroys the alert that
//! says why the client was refused before the client has read it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr},
    time::{Duration, Instant},
};

use mio::net::TcpStream;
use rustls::ServerConnection;

use super::{
    ClientAuth, ClientFacts, ConnectionReport, Outcome, Shared,
    answer::{self, Head},
    verifier::take_judgement,
};
use crate::{
    name::escape,
    tls::{Alert, Negotiated, fault, judge::Judgement},
};

/// Bytes that a client may send before it is answered: handshake, certificates and the head of its request.
const MOST_RECEIVED: usize = 160 * 1024;
/// Bytes that are thrown away after the answer.
const MOST_DRAINED: usize = 1024 * 1024;
/// How long the client may take to end the connection after the answer.
const DRAIN: Duration = Duration::from_secs(2);
/// Outgoing bytes that rustls may hold for us.
const BUFFER: usize = 32 * 1024;

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
    judged: Option<Judgement>,
    negotiated: Option<Negotiated>,
    authenticated: bool,
    client: Option<ClientFacts>,
    request: Option<String>,
    status: Option<u16>,
    alert_sent: Option<Alert>,
    alert_received: Option<Alert>,
    /// Whether the client ended its side.
    ended: bool,
    /// How it ends; told when it is over.
    verdict: Option<(Outcome, String)>,
}

enum Stage {
    /// Not a byte came yet, so there is nothing to keep.
    Silent,
    /// The first bytes, too few to see what they are.
    Greeting(Vec<u8>),
    /// Handshake and request: what came of the request so far.
    Talking { tls: Box<ServerConnection>, head: Vec<u8> },
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
            judged: None,
            negotiated: None,
            authenticated: false,
            client: None,
            request: None,
            status: None,
            alert_sent: None,
            alert_received: None,
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
                Ok(0) => self.end(false),
                Ok(count) => {
                    if !self.take(shared, buffer.get(..count).unwrap_or_default()) {
                        return Next::Over;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return next,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.end(true);
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
            self.finish(Outcome::Failed, "the client sent more than a handshake and a request need".into());
            self.close(Vec::new());
            return true;
        }
        match std::mem::replace(&mut self.stage, Stage::Silent) {
            Stage::Silent => self.greet(shared, bytes, Vec::new()),
            Stage::Greeting(mut first) => {
                first.extend_from_slice(bytes);
                self.greet(shared, &[], first);
            }
            Stage::Talking { tls, head } => self.talk(shared, tls, head, bytes),
            closing => self.stage = closing,
        }
        true
    }

    /// Looks at the first bytes: TLS, or something that deserves a plain word.
    fn greet(&mut self, shared: &Shared, bytes: &[u8], first: Vec<u8>) {
        let bytes = if first.is_empty() { bytes } else { &first };
        let is_letter = bytes.first().is_some_and(u8::is_ascii_uppercase);
        if is_letter && bytes.len() < 4 {
            self.stage = Stage::Greeting(bytes.to_vec());
            return;
        }
        if answer::is_plain_http(bytes) {
            self.status = Some(400);
            self.finish(
                Outcome::Failed,
                "the client spoke plain HTTP, but this port speaks TLS: https://".into(),
            );
            self.close(answer::refusal(400, "This port speaks TLS. Use https:// and a client certificate."));
            return;
        }
        match ServerConnection::new(shared.tls.clone()) {
            Ok(mut tls) => {
                tls.set_buffer_limit(Some(BUFFER));
                self.talk(shared, Box::new(tls), Vec::new(), bytes);
            }
            Err(error) => {
                self.finish(Outcome::Failed, fault::words(&error, "the client"));
                self.close(Vec::new());
            }
        }
    }

    /// Handshake, then request.
    fn talk(&mut self, shared: &Shared, mut tls: Box<ServerConnection>, mut head: Vec<u8>, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let fed = tls.read_tls(&mut rest);
            let processed = tls.process_new_packets();
            if let Some(judged) = take_judgement() {
                self.client = ClientFacts::new(&judged.chain);
                self.judged = Some(judged);
            }
            if let Err(error) = processed {
                return self.broken(tls, &error);
            }
            if !matches!(fed, Ok(1..)) {
                self.finish(Outcome::Failed, "the client sent more at once than a handshake needs".into());
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
            let mut reader = tls.reader().take(answer::MOST_HEAD.saturating_sub(head.len()) as u64);
            let ended = match reader.read_to_end(&mut head) {
                Ok(_) => reader.limit() > 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            match answer::read_head(&head) {
                Head::Partial if ended => return self.silent_end(tls, &head),
                Head::Partial => {}
                Head::Whole { head_only, line } => {
                    self.request = Some(line);
                    self.status = Some(200);
                    let client = self.client.as_ref().filter(|_| self.authenticated);
                    let text = answer::hello(shared, client, self.negotiated.as_ref(), head_only);
                    self.accept(shared);
                    return self.answer(tls, &text);
                }
                Head::Bad { status, reason } => {
                    self.status = Some(status);
                    self.finish(Outcome::Failed, reason.to_owned());
                    return self.answer(tls, &answer::refusal(status, reason));
                }
            }
        }
        self.stage = Stage::Talking { tls, head };
    }

    /// The client was let in.
    fn accept(&mut self, shared: &Shared) {
        let reason = match (&self.client, shared.client_auth) {
            (Some(_), _) if self.authenticated => "the client's certificate is good",
            (_, ClientAuth::None) => "clients are not asked for a certificate",
            _ => "the client sent no certificate, and none is required",
        };
        self.finish(Outcome::Accepted, reason.to_owned());
    }

    /// The client ended its side after the handshake, without a whole request.
    fn silent_end(&mut self, tls: Box<ServerConnection>, head: &[u8]) {
        if head.is_empty() {
            let reason = match self.authenticated {
                true => "the client's certificate is good; it closed without a request",
                false => "the client was let in without a certificate; it closed without a request",
            };
            self.finish(Outcome::Accepted, reason.to_owned());
        } else {
            self.finish(Outcome::Failed, "the client closed in the middle of its request".to_owned());
        }
        self.close_tls(tls);
    }

    /// rustls gave the connection up.
    fn broken(&mut self, mut tls: Box<ServerConnection>, error: &rustls::Error) {
        use rustls::Error as E;
        self.negotiated = self.negotiated.take().or_else(|| Negotiated::read(&tls, tls.server_name()));
        let objection = self.judged.as_ref().and_then(Judgement::reason);
        let (outcome, reason) = match (error, objection) {
            (E::InvalidCertificate(_), Some(reason)) => (Outcome::Refused, reason),
            (E::NoCertificatesPresented, _) => {
                (Outcome::Refused, "the client sent no certificate, and one is required".to_owned())
            }
            (E::InvalidCertificate(_), None) => (Outcome::Refused, fault::words(error, "the client")),
            _ => (Outcome::Failed, fault::words(error, "the client")),
        };
        if let E::AlertReceived(description) = error {
            self.alert_received = Some((*description).into());
        }
        self.finish(outcome, reason);
        let mut out = Vec::new();
        drain_tls(&mut tls, &mut out);
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
    fn end(&mut self, reset: bool) {
        self.ended = true;
        let how = if reset { "reset the connection" } else { "closed the connection" };
        match std::mem::replace(&mut self.stage, Stage::Draining { drained: 0 }) {
            Stage::Silent => self.finish(Outcome::Empty, format!("the client {how} without sending a byte")),
            Stage::Greeting(_) => self.finish(Outcome::Failed, format!("the client {how}; it sent no TLS")),
            Stage::Talking { tls, .. } if tls.is_handshaking() => {
                self.negotiated = Negotiated::read(&tls, tls.server_name());
                let reason = format!(
                    "the client {how} during the handshake, without an alert; likely it does not trust our certificate"
                );
                self.finish(Outcome::Failed, reason);
            }
            Stage::Talking { tls, head } if !reset => self.silent_end(tls, &head),
            Stage::Talking { .. } => {
                self.finish(Outcome::Failed, format!("the client {how} before its request was whole"));
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
            Stage::Talking { head, .. } if head.is_empty() => {
                format!("no request came within {limit} seconds after the handshake began")
            }
            Stage::Greeting(_) | Stage::Talking { .. } => {
                format!("the request was not whole within {limit} seconds")
            }
            Stage::Closing { .. } => format!("the client did not read its answer within {limit} seconds"),
            Stage::Draining { .. } => return,
        };
        // A refusal stands, read or not; to be let in takes an answer.
        if matches!(self.verdict, Some((Outcome::Accepted, _))) {
            self.verdict = None;
        }
        self.finish(Outcome::Failed, reason);
    }

    /// The server stops. `true`: there is nothing to wait for.
    pub(super) fn stop(&mut self) -> bool {
        match &self.stage {
            Stage::Silent => {
                self.finish(Outcome::Empty, "the server stopped before the client sent a byte".into());
                true
            }
            _ => false,
        }
    }

    /// The time for ending in order, after the server was told to stop, is over.
    pub(super) fn cut_off(&mut self) {
        self.finish(Outcome::Failed, "the server stopped".to_owned());
    }

    /// The first verdict stands.
    fn finish(&mut self, outcome: Outcome, reason: String) {
        self.verdict.get_or_insert((outcome, reason));
    }

    /// What is told about it.
    pub(super) fn report(self) -> ConnectionReport {
        let (outcome, reason) =
            self.verdict.unwrap_or_else(|| (Outcome::Failed, "the connection was lost".to_owned()));
        ConnectionReport {
            number: self.number,
            peer: self.peer,
            outcome,
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

/// Moves everything that rustls wants to send.
fn drain_tls(tls: &mut ServerConnection, out: &mut Vec<u8>) {
    while tls.wants_write() {
        if !matches!(tls.write_tls(out), Ok(count) if count > 0) {
            break;
        }
    }
}
