//! Why rustls gave a client up: as a word for programs, and in a sentence.

use rustls::{CertificateError, Error, InvalidMessage};

use super::{ClientHello, setup::Terms};
use crate::tls::{
    fault,
    judge::{Judgement, decisive},
};

/// Where it was for the client's certificate, or the want of one.
pub(super) fn refusal(error: &Error, judged: Option<&Judgement>) -> Option<(&'static str, String)> {
    match error {
        Error::NoCertificatesPresented => {
            Some(("no-certificate", "the client sent no certificate, and one is required".to_owned()))
        }
        Error::InvalidCertificate(why) => {
            let cause = match judged {
                Some(judged) if !judged.accepted() => decisive(&judged.findings).map_or_else(
                    || match judged.objection.as_ref().map(|objection| objection.by) {
                        Some("parser") | None => "damaged-certificate",
                        Some(by) => by,
                    },
                    |finding| finding.rule.code(),
                ),
                _ if *why == CertificateError::BadSignature => "key-not-held",
                _ => "webpki",
            };
            let reason = judged.and_then(Judgement::reason);
            Some((cause, reason.unwrap_or_else(|| fault::words(error, "the client"))))
        }
        _ => None,
    }
}

/// Anything else: the word, the sentence, and the alert that should have been sent where rustls chooses another one.
pub(super) struct Failure {
    pub(super) cause: &'static str,
    pub(super) reason: String,
    pub(super) alert: Option<u8>,
}

impl Failure {
    /// `first` is what the client sent first.
    pub(super) fn new(error: &Error, terms: &Terms, first: &[u8]) -> Self {
        let words = fault::words(error, "the client");
        let plain = |cause, reason| Self { cause, reason, alert: None };
        match error {
            Error::AlertReceived(_) => plain("client-alert", words),
            Error::NoApplicationProtocol => {
                let offered = ClientHello::read(first).map(|hello| hello.alpn_told()).unwrap_or_default();
                let spoken = terms.alpn_told();
                plain(
                    "no-application-protocol",
                    format!(
                        "the client speaks no application protocol that is spoken here: it offers {offered}; here it is {spoken} (ALPN)"
                    ),
                )
            }
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::MessageTooLarge) => {
                plain("not-tls", words)
            }
            // For an old client rustls complains of what old versions lack. RFC 8446 4.2.1 has a word for it.
            Error::PeerIncompatible(_) => match ClientHello::read(first) {
                Some(hello) if !terms.speaks_any(&hello.versions) => Self {
                    cause: "no-common-version",
                    reason: format!(
                        "the client speaks no version of TLS that is spoken here: it offers {}; here it is {}",
                        hello.versions_told(),
                        terms.versions_told()
                    ),
                    alert: Some(70),
                },
                _ => plain("no-common-parameters", words),
            },
            // What rustls says where it is given no certificate to show.
            Error::General(why) if why.contains("no server certificate chain resolved") => plain(
                "unrecognized-name",
                "there is no certificate for the server that the client asked for".to_owned(),
            ),
            _ => plain("protocol-error", words),
        }
    }
}
