//! What is told about a connection when it is over.

use std::{net::SocketAddr, ops::AddAssign, time::Duration};

use serde::Serialize;

use crate::{
    cert::Certificate,
    tls::{Alert, CertificateFacts, Negotiated},
    verify::Finding,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Let in
    pub accepted: u64,
    /// Refused for their certificate, or for having none
    pub refused: u64,
    /// Failed otherwise
    pub failed: u64,
    /// Came and went without a byte
    pub empty: u64,
}

impl Summary {
    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Empty => self.empty += 1,
        }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.failed += other.failed;
        self.empty += other.empty;
    }
}
