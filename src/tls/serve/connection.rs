//! One connection: waits for the first byte → handshake → request → answer → shuts down writing → drains → over.
//!
//! The drain matters: a socket that is closed with unread bytes in it sends a reset, which destroys the alert that
//! says why the client was refused before the client has read it.

mod end;
mod talk;

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use mio::net::TcpStream;
use rustls::ServerConnection;

use super::{
    ClientFacts, ClientHello, Outcome, Shared, answer,
    hello::{self, Start},
    request,
    setup::Setup,
};
use crate::{
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

    fn close(&mut self, out: Vec<u8>) {
        self.stage = Stage::Closing { out, sent: 0 };
    }
}
