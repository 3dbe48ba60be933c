//! What is tried, by name.

use crate::{Error, tls::hello::LegacyVersion, twin::Fault};

/// One thing that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The one whose twins the others are, with its own certificate
    Own,
    /// A twin that is good, before the wrong ones
    Good,
    /// A client without a certificate
    NoCertificate,
    /// A wrong twin
    Wrong(Fault),
    /// A version of TLS that nobody should speak any more
    Old(LegacyVersion),
    /// A twin that is good, after the wrong ones
    GoodAgain,
}

/// The versions below TLS 1.2 (RFC 8996), the oldest first.
pub(super) const OLD: [LegacyVersion; 3] = [LegacyVersion::Ssl3, LegacyVersion::Tls10, LegacyVersion::Tls11];

impl Check {
    /// As it is written: `not-yet-valid`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Good => "good",
            Self::NoCertificate => "no-certificate",
            Self::Wrong(fault) => fault.code(),
            Self::Old(LegacyVersion::Ssl3) => "ssl-3.0",
            Self::Old(LegacyVersion::Tls10) => "tls-1.0",
            Self::Old(LegacyVersion::Tls11) => "tls-1.1",
            Self::Old(LegacyVersion::Tls12) => "tls-1.2",
            Self::Old(LegacyVersion::Tls13) => "tls-1.3",
            Self::GoodAgain => "good-again",
        }
    }

    /// What is shown, in a person's words.
    pub fn title(self) -> String {
        match self {
            Self::Own => "its own certificate".into(),
            Self::Good => "a new one like it".into(),
            Self::NoCertificate => "no certificate".into(),
            Self::Wrong(fault) => format!("one {}", fault.title()),
            Self::Old(version) => version.to_string(),
            Self::GoodAgain => "a new one like it, at the end".into(),
        }
    }

    /// Whether it must be let in.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Own | Self::Good | Self::GoodAgain)
    }

    /// Those that must be refused by a server.
    pub fn of_servers() -> Vec<Self> {
        let faults = Fault::OF_CLIENTS.map(Self::Wrong);
        std::iter::once(Self::NoCertificate).chain(faults).chain(OLD.map(Self::Old)).collect()
    }

    /// Those that must be refused by a client.
    pub fn of_clients() -> Vec<Self> {
        // No client of today can be talked into SSL 3.0 by a hello alone.
        let old = OLD.into_iter().skip(1).map(Self::Old);
        Fault::OF_SERVERS.map(Self::Wrong).into_iter().chain(old).collect()
    }
}

/// Which of the checks are to be made; all where nothing is named.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    /// Those of `only`, or all where it is empty, without those of `skip`.
    ///
    /// # Errors
    /// [`Error::Usage`] for a name that is none of `known`.
    pub fn new(only: Vec<String>, skip: Vec<String>, known: &[Check]) -> Result<Self, Error> {
        let codes: Vec<_> = known.iter().map(|check| check.code()).collect();
        match only.iter().chain(&skip).find(|name| !codes.contains(&name.as_str())) {
            Some(name) => Err(Error::Usage {
                problem: format!("there is no row \"{}\"; there are {}", name, codes.join(", ")),
            }),
            None => Ok(Self { only, skip }),
        }
    }

    pub(super) fn has(&self, check: Check) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == check.code());
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}
