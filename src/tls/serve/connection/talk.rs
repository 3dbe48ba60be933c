//! Under TLS: the handshake, one request, and what comes of both.

use std::io::{self, Read, Write};

use rustls::{AlertDescription, ServerConnection};

use super::{Connection, Stage};
use crate::{
    tls::{
        Negotiated, fault,
        judge::Judgement,
        serve::{
            Answer, ClientAuth, ClientFacts, Outcome, Shared,
            answer::{self, Seen},
            failure::{self, Failure},
            request::{self, Progress, Request},
            verifier::take_judgement,
        },
    },
    verify::Rule,
};

impl Connection {
    /// Handshake, then request.
    pub(super) fn talk(
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
    pub(super) fn silent_end(&mut self, shared: &Shared, tls: Box<ServerConnection>, is_silent: bool) {
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
    pub(super) fn own_fault(&self, shared: &Shared) -> Option<(Rule, String)> {
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
