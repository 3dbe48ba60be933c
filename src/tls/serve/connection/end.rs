//! How a connection ends, and what is told of it.

use super::{Connection, Stage};
use crate::{
    name::escape,
    tls::{
        Negotiated,
        serve::{ClientHello, ConnectionReport, Outcome, Shared},
    },
};

impl Connection {
    /// The client ended its side, or the connection as a whole.
    pub(super) fn end(&mut self, shared: &Shared, reset: bool) {
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
    pub(in crate::tls::serve) fn time_out(&mut self, shared: &Shared) {
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
    pub(in crate::tls::serve) fn stop(&mut self) -> bool {
        match &self.stage {
            Stage::Silent => {
                self.finish(Outcome::Empty, None, "the server stopped before the client sent a byte".into());
                true
            }
            _ => false,
        }
    }

    /// The time for ending in order, after the server was told to stop, is over.
    pub(in crate::tls::serve) fn cut_off(&mut self) {
        self.fail("stopped", "the server stopped");
    }

    /// The first verdict stands.
    pub(super) fn finish(&mut self, outcome: Outcome, cause: Option<&'static str>, reason: String) {
        self.verdict.get_or_insert((outcome, cause, reason));
    }

    pub(super) fn fail(&mut self, cause: &'static str, reason: impl Into<String>) {
        self.finish(Outcome::Failed, Some(cause), reason.into());
    }

    /// What is told about it.
    pub(in crate::tls::serve) fn report(self) -> ConnectionReport {
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
