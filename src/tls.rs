//! Live mutual TLS: a test server ([`serve`]) and a test client ([`probe`](mod@probe)) that say whom they saw, what
//! was negotiated, who refused whom, and why.
//!
//! Both judge the other side twice: with [`crate::verify`], which names the certificate and the rule, and with
//! rustls' webpki, as real peers do. Both must accept. Neither resumes a session, because a resumed one is not
//! judged at all.

pub mod alert;
pub mod connect;
mod fault;
pub mod fetch;
pub mod hello;
mod identity;
mod judge;
mod negotiated;
pub mod ocsp;
mod peer;
pub mod probe;
mod proven;
pub mod serve;
pub mod starttls;

use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::UnixTime,
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};
use serde::Serialize;
use time::OffsetDateTime;

pub use alert::Alert;
pub(crate) use fault::reason as refusal;
pub use identity::Identity;
pub(crate) use identity::signing_key;
pub use judge::{Objection, decisive};
pub use negotiated::Negotiated;
pub use peer::CertificateFacts;

use crate::Error;

/// What tells the time: certificates are judged as of now, and now is an argument.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum ClientAuth {
    /// Clients are not asked for a certificate
    #[cfg_attr(feature = "cli", value(alias = "0"))]
    None,
    /// Clients may come without a certificate; one that they send must be good
    #[cfg_attr(feature = "cli", value(alias = "1"))]
    Optional,
    /// Clients without a good certificate are refused
    #[default]
    #[cfg_attr(feature = "cli", value(alias = "2"))]
    Required,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Version {
    /// TLS 1.2 (RFC 5246)
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446)
    #[serde(rename = "1.3")]
    Tls13,
}

/// `1.2` or `1.3`
impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err(Error::Usage { problem: format!("TLS {text} is not spoken here, only 1.2 and 1.3") }),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        })
    }
}

/// The versions that are spoken where one, or none in particular, was asked for.
fn versions(only: Option<Version>) -> &'static [&'static rustls::SupportedProtocolVersion] {
    static BOTH: [&rustls::SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    let (newest, oldest) = BOTH.split_at(1);
    match only {
        None => &BOTH,
        Some(Version::Tls12) => oldest,
        Some(Version::Tls13) => newest,
    }
}

/// The cryptography, named explicitly: the process-wide default belongs to the embedder.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// How rustls' refusal of a setting is told.
fn setup(error: impl fmt::Display) -> Error {
    Error::TlsSetup { cause: error.to_string() }
}

/// A [`Clock`] as rustls asks for it.
struct Time(Clock);

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        unix((self.0)())
    }
}

/// The moment at which a time limit is over.
fn deadline(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);
    Instant::now() + limit.min(FAR)
}

fn unix(time: OffsetDateTime) -> Option<UnixTime> {
    let seconds = u64::try_from(time.unix_timestamp()).ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}
