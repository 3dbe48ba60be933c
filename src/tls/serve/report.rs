//! What is told about a connection when it is over.

use std::{collections::BTreeMap, net::SocketAddr, ops::AddAssign, time::Duration};

use serde::Serialize;

use super::ClientHello;
use crate::{
    cert::Certificate,
    tls::{Alert, CertificateFacts, Negotiated},
    verify::{Finding, Rule},
};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The handshake held, the client was let in
    Accepted,
    /// We refused the client for its certificate, or for having none
    Refused,
    /// Anything else that kept it from being served: no TLS, the client broke off, the time was over
    Failed,
    /// Not a single byte came: a port scan or a health check
    Empty,
}

impl Outcome {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Empty => "empty",
        }
    }
}

/// The client's certificate, with the chain it sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientFacts {
    /// The leaf
    #[serde(flatten)]
    pub certificate: CertificateFacts,
    /// Subjects of all certificates that were sent, leaf first
    pub chain: Vec<String>,
}

impl ClientFacts {
    pub(super) fn new(chain: &[Certificate]) -> Option<Self> {
        let leaf = chain.first()?;
        Some(Self {
            certificate: CertificateFacts::new(leaf),
            chain: chain.iter().map(|certificate| certificate.subject().to_string()).collect(),
        })
    }
}

/// One connection, from its first byte to its last.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionReport {
    /// Counts connections from 1, in the order in which they were accepted from the listen queue
    pub number: u64,
    /// Who connected
    pub peer: SocketAddr,
    /// How it ended
    pub outcome: Outcome,
    /// Why it was refused, or failed, as a word for programs: the rule that decided, or one of `no-certificate`, `not-allowed`,
    /// `damaged-certificate`, `webpki`, `key-not-held`; `client-alert`, `plain-http`, `not-tls`, `no-common-version`,
    /// `no-common-parameters`, `no-application-protocol`, `unrecognized-name`, `protocol-error`, `closed`, `timeout`, `too-much`,
    /// `bad-request`, `stopped`
    pub cause: Option<&'static str>,
    /// Why, in a person's words. Escaped for a terminal.
    pub reason: String,
    /// Whether the client proved to be who its certificate says
    pub client_authenticated: bool,
    /// The certificate that the client showed, even where it was refused
    pub client: Option<ClientFacts>,
    /// The rules that the client's chain breaks
    pub findings: Vec<Finding>,
    /// What was negotiated, as far as it came
    pub tls: Option<Negotiated>,
    /// What is wrong with the certificate that a client was shown, where it may be for that that it left: `name-mismatch` where it
    /// asked (SNI) for another server, `expired`, `not-yet-valid`
    pub server_fault: Option<Rule>,
    /// What the client offered, where it failed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_hello: Option<ClientHello>,
    /// The fatal alert that we sent
    pub alert_sent: Option<Alert>,
    /// The fatal alert that the client sent
    pub alert_received: Option<Alert>,
    /// The request line without the version: `GET /`. Escaped.
    pub request: Option<String>,
    /// The status we answered with, where it came to an answer
    pub status: Option<u16>,
    /// How long it took
    #[serde(rename = "microseconds", serialize_with = "microseconds")]
    pub duration: Duration,
}

fn microseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// How many connections ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Let in
    pub accepted: u64,
    /// Refused for their certificate, or for having none
    pub refused: u64,
    /// Failed otherwise
    pub failed: u64,
    /// Came and went without a byte
    pub empty: u64,
    /// Those that were refused, by [`ConnectionReport::cause`]
    pub refused_by: BTreeMap<&'static str, u64>,
    /// Those that failed, by [`ConnectionReport::cause`]
    pub failed_by: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub(super) fn count(&mut self, report: &ConnectionReport) {
        let by = match report.outcome {
            Outcome::Accepted => {
                self.accepted += 1;
                return;
            }
            Outcome::Empty => {
                self.empty += 1;
                return;
            }
            Outcome::Refused => {
                self.refused += 1;
                &mut self.refused_by
            }
            Outcome::Failed => {
                self.failed += 1;
                &mut self.failed_by
            }
        };
        *by.entry(report.cause.unwrap_or("unknown")).or_default() += 1;
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.failed += other.failed;
        self.empty += other.empty;
        for (own, others) in
            [(&mut self.refused_by, other.refused_by), (&mut self.failed_by, other.failed_by)]
        {
            for (cause, count) in others {
                *own.entry(cause).or_default() += count;
            }
        }
    }
}
