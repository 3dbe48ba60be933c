//! From what was seen to the verdict. Nothing is accepted that could have been refused.

use std::{sync::Arc, time::Duration};

use rustls::Error as TlsError;
use time::OffsetDateTime;

use super::{
    CertificateRequest, Exchange, How, Reception, Request, ServerToUs, Side, Trust, UsToServer, Verdict,
    cause::{Cause, CauseCode, Evidence, causes},
    conversation::{Conversation, Reply},
    response::{Progress, ResponseReader},
    session::Stop,
};
use crate::{
    cert::Certificate,
    crl::Crl,
    name::escape,
    tls::{Alert, Identity, decisive, fault},
};

/// The number of the alert certificate_required.
const CERTIFICATE_REQUIRED: u8 = 116;
const PROTOCOL_VERSION: u8 = 70;
const UNRECOGNIZED_NAME: u8 = 112;
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// All that bears on the server's judgement.
pub(super) struct Seen<'a> {
    pub(super) end: Stop,
    pub(super) exchange: Option<Exchange>,
    /// What the status may be; it decides what 401 and 403 mean.
    pub(super) asked_for: &'a Request,
    /// The application protocol that the server chose.
    pub(super) alpn: Option<String>,
    /// Whether we go on with whom we do not trust.
    pub(super) insecure: bool,
    /// What a second look at the server found.
    pub(super) second: Option<Cause>,
    pub(super) first: &'a [u8],
    pub(super) handshake_complete: bool,
    /// Whether the server's side of TLS is known to be content with us.
    pub(super) tls_confirmed: bool,
    pub(super) request: &'a CertificateRequest,
    pub(super) identity: Option<&'a Identity>,
    /// CAs that are known here.
    pub(super) issuers: &'a [Certificate],
    pub(super) crls: &'a [Arc<Crl>],
    pub(super) timeout: Duration,
    pub(super) now: OffsetDateTime,
}

impl Seen<'_> {
    fn asked(&self) -> bool {
        self.request.asked == Some(true)
    }

    /// The fatal alert that the server sent.
    fn alert(&self) -> Option<Alert> {
        match &self.end {
            Stop::Tls(TlsError::AlertReceived(description)) => Some(Alert::from(*description)),
            _ => None,
        }
    }

    fn causes(&self) -> Vec<Cause> {
        let Self { request, identity, issuers, crls, now, .. } = *self;
        causes(&Evidence { request, identity, issuers, crls, alert: self.alert().as_ref(), now })
    }

    /// Why it came to no answer, where that is not about certificates.
    fn obstacle(&self, how: How, reason: &str) -> Option<Cause> {
        let code = match how {
            How::PlainHttp => CauseCode::PlainHttp,
            How::NotTls => CauseCode::NotTls,
            How::TimedOut => CauseCode::TimedOut,
            _ => return None,
        };
        Some(Cause::new(code, true, escape(reason).into_owned()))
    }

    fn told(&self, verdict: Reception, how: How, reason: impl Into<String>) -> UsToServer {
        let refused = verdict == Reception::Refused;
        let reason = reason.into();
        let mut causes: Vec<Cause> = self.second.iter().cloned().chain(self.obstacle(how, &reason)).collect();
        if refused {
            causes.extend(self.causes());
        }
        UsToServer {
            verdict,
            how,
            alert: None,
            status: None,
            reason: escape(&reason).into_owned(),
            // What answers our request has read it, after TLS had judged us.
            tls_accepted: self.tls_confirmed
                || verdict == Reception::Accepted
                || matches!(how, How::HttpStatus | How::Reply),
            causes,
        }
    }
}

/// How the server received us.
pub(super) fn reception(seen: &Seen<'_>, server: &ServerToUs) -> UsToServer {
    use Reception as R;
    // Where we refused, the rest is our own doing.
    let unproved = server.objection.as_ref().is_some_and(|objection| objection.by == "handshake");
    if server.verdict == Trust::NotTrusted && (!seen.insecure || unproved) {
        let reason = "we broke off before the server could judge us";
        return UsToServer { causes: Vec::new(), ..seen.told(R::Undecided, How::WeRefused, reason) };
    }
    if let Some(alert) = seen.alert() {
        let reason = format!("the server sent the alert {alert}: {}", alert.meaning());
        let mut told = seen.told(R::Refused, How::Alert, reason);
        told.causes.splice(..0, by_alert(&alert).filter(|_| seen.second.is_none()));
        return UsToServer { alert: Some(alert), tls_accepted: false, ..told };
    }
    if !seen.handshake_complete {
        return unfinished(seen);
    }
    let response = match &seen.exchange {
        Some(Exchange::Http(response)) => response,
        Some(Exchange::Other(conversation)) => return replied(seen, conversation),
        None => {
            let chosen = seen.alpn.as_deref().unwrap_or("none");
            let reason = format!(
                "the server chose the application protocol {chosen}, in which no request is made here; offer http/1.1 too"
            );
            return seen.told(R::Undecided, How::Protocol, reason);
        }
    };
    match response.progress() {
        Progress::Complete => answered(seen, response),
        Progress::Foreign => seen.told(
            R::Undecided,
            How::NotHttp,
            "the handshake was made, but what the server says then is not an HTTP response",
        ),
        Progress::Partial => broken_off(seen, !response.is_empty()),
    }
}

/// The handshake was not made.
fn unfinished(seen: &Seen<'_>) -> UsToServer {
    use Reception as R;
    if let Some((how, reason)) = foreign(seen.first) {
        return seen.told(R::Undecided, how, reason);
    }
    match &seen.end {
        Stop::TimedOut => {
            let what =
                if seen.first.is_empty() { "the server said nothing" } else { "the handshake was not over" };
            let limit = seen.timeout.as_secs_f64();
            seen.told(R::Undecided, How::TimedOut, format!("{what} within {limit} seconds"))
        }
        Stop::Closed { .. } | Stop::Reset => {
            let (how, what) = match seen.end {
                Stop::Reset => (How::Reset, "reset"),
                _ => (How::Closed, "closed"),
            };
            let when = match (seen.first.is_empty(), seen.asked()) {
                (true, _) => {
                    "at our first message, without a word; likely it does not speak TLS, or not under this name"
                }
                (false, true) => {
                    "in the handshake, without an alert, after we had answered its request for a certificate"
                }
                (false, false) => "in the handshake, without an alert",
            };
            seen.told(R::Refused, how, format!("the server {what} the connection {when}"))
        }
        Stop::Tls(error) => {
            let incompatible = matches!(error, TlsError::PeerIncompatible(_));
            let how = if incompatible { How::Incompatible } else { How::Protocol };
            seen.told(R::Undecided, how, fault::words(error, "the server"))
        }
        Stop::Enough => seen.told(R::Undecided, How::Protocol, "the handshake was not made"),
    }
}

/// What a peer speaks whose first bytes are no TLS record.
fn foreign(first: &[u8]) -> Option<(How, String)> {
    let kind = first.first()?;
    if first.starts_with(b"HTTP/") {
        return Some((How::PlainHttp, "the port speaks plain HTTP, not TLS".to_owned()));
    }
    // Content types of RFC 8446 5.1, then the major version.
    let is_tls = (20..=24).contains(kind) && first.get(1).is_none_or(|major| *major == 3);
    if is_tls {
        return None;
    }
    let line: Vec<u8> = first.iter().copied().take_while(|byte| !b"\r\n".contains(byte)).take(40).collect();
    let said = match std::str::from_utf8(&line) {
        Ok(text) if text.len() > 3 && !text.chars().any(char::is_control) => format!("; it says: {text}"),
        _ => String::new(),
    };
    Some((How::NotTls, format!("the port does not speak TLS{said}")))
}

/// A complete response came.
fn answered(seen: &Seen<'_>, response: &ResponseReader) -> UsToServer {
    use Reception as R;
    let status = response.status().unwrap_or_default();
    let told = |verdict, how, reason: String| UsToServer {
        status: (how == How::HttpStatus).then_some(status),
        ..seen.told(verdict, how, reason)
    };
    // A reset after the whole response is how some servers close; an alert was dealt with before.
    match status {
        // Whom an application lets in is its affair where this was expected of it; 495, 496 and 400 are about the certificate.
        401 | 403 | 495 | 496 if status >= 495 || !seen.asked_for.expects(status) => {
            let words = match status {
                401 => "it wants another authentication",
                403 if seen.request.sent.is_empty() => "nobody may come in like this",
                403 => "its holder may not come in",
                495 => "the certificate is not accepted",
                _ => "a certificate is required",
            };
            let told = told(R::Refused, How::HttpStatus, format!("the server answered {status}: {words}"));
            match status {
                401 | 403 => UsToServer { causes: behind_tls(seen, status, told.causes), ..told },
                _ => told,
            }
        }
        400 if seen.asked() => {
            let at_fault = seen.request.sent.is_empty()
                || response.mentions_certificate()
                || seen.causes().iter().any(|cause| cause.certain);
            if at_fault {
                let words = match seen.request.sent.is_empty() {
                    true => "likely because no certificate was sent",
                    false => "likely because of our certificate",
                };
                told(R::Refused, How::HttpStatus, format!("the server answered 400, {words}"))
            } else {
                let words = "whether for our certificate or for something else in the request cannot be told";
                told(R::Undecided, How::HttpStatus, format!("the server answered 400; {words}"))
            }
        }
        _ if seen.asked() => {
            let whom =
                if seen.request.sent.is_empty() { "; it lets clients in without a certificate" } else { "" };
            told(R::Accepted, How::Response, format!("the server answered our request with {status}{whom}"))
        }
        _ => told(
            R::NotAsked,
            How::Response,
            format!("the server answered our request with {status}, and did not ask for a certificate"),
        ),
    }
}

/// Why an application refuses whom TLS let in: where nothing is wrong with what we sent, it has a list of its own.
fn behind_tls(seen: &Seen<'_>, status: u16, mut causes: Vec<Cause>) -> Vec<Cause> {
    causes.retain(|cause| cause.code != CauseCode::KnownAuthority);
    if status == 403
        && let (true, Some(leaf)) = (causes.is_empty(), seen.request.sent.first())
    {
        let fact = format!(
            "TLS let us in, and the application does not: its list of who may come in has not \"{}\"",
            leaf.subject
        );
        causes.push(Cause::guess(CauseCode::NotAllowed, fact));
    }
    causes
}

/// What came after TLS in a protocol that is not HTTP. An error of it is none of TLS: the server read what we said, so it had judged us;
/// but where it may stand for a refusal, nothing is accepted.
fn replied(seen: &Seen<'_>, conversation: &Conversation) -> UsToServer {
    use Reception as R;
    let protocol = conversation.protocol();
    let yes = if seen.asked() { R::Accepted } else { R::NotAsked };
    match conversation.reply() {
        Some(Reply::Yes(said)) => {
            seen.told(yes, How::Reply, format!("the server answered in {protocol} after TLS: {said}"))
        }
        // Whoever is known by a certificate may be refused in these words for want of one.
        Some(Reply::Login(said)) if seen.asked() && seen.request.sent.is_empty() => seen.told(
            R::Undecided,
            How::Reply,
            format!("the server answered in {protocol}, whether for want of a certificate or of a login cannot be told: {said}"),
        ),
        Some(Reply::Login(said)) => seen.told(
            yes,
            How::Reply,
            format!("the server let us in by TLS and answered in {protocol}, where a probe does not log in: {said}"),
        ),
        Some(Reply::Certificate(said)) => {
            seen.told(R::Refused, How::Reply, format!("the server refused us in {protocol}: {said}"))
        }
        Some(Reply::Error(said)) => seen.told(
            R::Undecided,
            How::Reply,
            format!("the server answered in {protocol} with an error, for whatever reason: {said}"),
        ),
        Some(Reply::Foreign) => seen.told(
            R::Undecided,
            How::NotHttp,
            format!("the handshake was made, but what the server says then is not {protocol}"),
        ),
        None => broken_off(seen, !conversation.is_empty()),
    }
}

/// What an alert says that is not about certificates.
fn by_alert(alert: &Alert) -> Option<Cause> {
    let code = match alert.number {
        UNRECOGNIZED_NAME => CauseCode::NameUnknown,
        PROTOCOL_VERSION => CauseCode::VersionNotSpoken,
        NO_APPLICATION_PROTOCOL => CauseCode::ProtocolNotSpoken,
        _ => return None,
    };
    Some(Cause::new(code, true, format!("the server said so: {}", alert.meaning())))
}

/// The handshake was made, but no complete response came.
fn broken_off(seen: &Seen<'_>, began: bool) -> UsToServer {
    use Reception as R;
    let what = match (&seen.end, began) {
        (Stop::TimedOut | Stop::Enough, true) => "did not end its response",
        (Stop::TimedOut | Stop::Enough, false) => "did not answer our request",
        (Stop::Reset, true) => "reset the connection in the middle of its response",
        (Stop::Reset, false) => "reset the connection instead of answering, without an alert",
        (Stop::Closed { .. }, true) => "closed the connection in the middle of its response",
        (Stop::Closed { .. }, false) => "closed the connection instead of answering, without an alert",
        (Stop::Tls(error), _) => {
            return seen.told(R::Undecided, How::Protocol, fault::words(error, "the server"));
        }
    };
    match &seen.end {
        Stop::TimedOut | Stop::Enough => {
            let limit = seen.timeout.as_secs_f64();
            let tls = match (seen.tls_confirmed, seen.asked()) {
                (true, true) => "; its TLS let us in, its application said nothing",
                _ => "",
            };
            seen.told(R::Undecided, How::TimedOut, format!("the server {what} within {limit} seconds{tls}"))
        }
        end => {
            let how = if matches!(end, Stop::Reset) { How::Reset } else { How::Closed };
            // Who never asked for a certificate does not close for want of one; and who began to answer had judged.
            if !seen.asked() || began {
                let why = if began {
                    ""
                } else {
                    "; it asked for no certificate, so likely it does not speak HTTP"
                };
                return seen.told(R::Undecided, how, format!("the server {what}{why}"));
            }
            seen.told(R::Refused, how, format!("the server {what}"))
        }
    }
}

/// The verdict on both sides, as a report tells it.
pub(super) struct Overall {
    pub(super) verdict: Verdict,
    pub(super) side: Option<Side>,
    pub(super) rule: Option<String>,
    pub(super) certificate: Option<usize>,
    pub(super) reason: String,
}

/// The verdict on both sides, who said no, by what rule, and why in one sentence.
pub(super) fn overall(server: &ServerToUs, us: &UsToServer) -> Overall {
    let cause = us.causes.first();
    let (mut rule, mut certificate) =
        (cause.map(|cause| cause.code.name()), cause.and_then(|cause| cause.certificate));
    let (verdict, side, reason) = match (server.verdict, us.verdict) {
        (Trust::NotTrusted, _) => {
            let finding = decisive(&server.findings);
            rule = finding.map(|finding| finding.rule.code().to_owned());
            rule = rule.or_else(|| server.objection.as_ref().map(|objection| objection.code().to_owned()));
            certificate = finding.map(|finding| finding.certificate).or(Some(1));
            let reason = server.reason.clone().unwrap_or_default();
            (Verdict::Refused, Some(Side::Us), format!("we do not trust the server: {reason}"))
        }
        (_, Reception::Refused) => {
            // What the alert itself has said already.
            let said = us.alert.as_ref().is_some_and(|alert| {
                alert.number == CERTIFICATE_REQUIRED || by_alert(alert).as_ref() == cause
            });
            let proved = cause.filter(|cause| cause.certain && !said);
            (Verdict::Refused, Some(Side::Server), us.reason.clone() + &fact(proved))
        }
        (_, Reception::Undecided) if us.how == How::Incompatible => {
            (Verdict::Refused, Some(Side::Us), us.reason.clone() + &fact(cause))
        }
        (Trust::Trusted, Reception::Accepted | Reception::NotAsked) => {
            (Verdict::Accepted, None, us.reason.clone())
        }
        _ => {
            let known = cause.filter(|cause| cause.fact != us.reason);
            (Verdict::Undecided, None, us.reason.clone() + &fact(known))
        }
    };
    Overall { verdict, side, rule, certificate, reason }
}

fn fact(cause: Option<&Cause>) -> String {
    cause.map(|cause| format!("; {}", cause.fact)).unwrap_or_default()
}
