//! What a person should know of a certificate that is as it should be, but not as might be expected.

use std::fmt;

use time::OffsetDateTime;

use crate::validity::format_time;

/// Something that is as it should be but not as might be expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The end was moved to the issuer's.
    Clamped {
        /// The end it would have had
        wanted: OffsetDateTime,
        /// The end it has
        granted: OffsetDateTime,
        /// Whose end that is
        issuer: String,
    },
    /// A DNS name holds an underscore.
    Underscore(String),
    /// The CAs above allow fewer intermediates below this one than its own path length says.
    PathLength {
        /// The path length it has
        asked: Option<u8>,
        /// How many the CAs above leave
        left: u32,
    },
    /// Something that a certificate request asks for was left out.
    NotGranted(Vec<String>),
    /// Apple's clients refuse server certificates that last so many days.
    LongForApple {
        /// How long it lasts
        days: i64,
    },
    /// A server must staple what it cannot get.
    NothingToStaple,
    /// Who does not know this extension must refuse the certificate.
    CriticalExtension(String),
    /// Some verifiers refuse every chain with name constraints of these kinds.
    ConstraintsNotForAll,
    /// Where the CRL or certificate of the CA before is to be found was left out, and for this one nothing is said.
    PointersLeftOut,
    /// A permitted network of one kind of address bans all addresses of the other.
    OtherAddressesBanned {
        /// The kind that is permitted
        permitted: &'static str,
        /// The kind that is not
        banned: &'static str,
    },
}

impl Notice {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Clamped { .. } => "validity-clamped",
            Self::Underscore(_) => "underscore-in-dns-name",
            Self::PathLength { .. } => "path-length-exceeds-issuers",
            Self::LongForApple { .. } => "validity-beyond-825-days",
            Self::NotGranted(_) => "not-granted",
            Self::NothingToStaple => "must-staple-without-ocsp",
            Self::CriticalExtension(_) => "critical-extension",
            Self::ConstraintsNotForAll => "constraints-not-for-all",
            Self::PointersLeftOut => "pointers-left-out",
            Self::OtherAddressesBanned { .. } => "other-addresses-banned",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clamped { wanted, granted, issuer } => write!(
                f,
                "valid until {}, when \"{issuer}\" ends, instead of {}",
                format_time(*granted),
                format_time(*wanted)
            ),
            Self::Underscore(name) => write!(
                f,
                "the underscore in {name} is no character of a host name: Java and some other clients will not match it"
            ),
            Self::PathLength { asked, left } => {
                let asked = asked.map_or("no limit".to_owned(), |asked| asked.to_string());
                write!(f, "its path length says {asked}, but the CAs above leave room for {left} below it")
            }
            Self::LongForApple { days } => write!(
                f,
                "it lasts {days} days: macOS and iOS refuse TLS server certificates of more than 825, those of private roots too"
            ),
            Self::NotGranted(what) => write!(f, "asked for and not granted: {}", what.join(", ")),
            Self::NothingToStaple => f.write_str(
                "it must be served with a stapled OCSP response, and names no responder: give one with --ocsp-url",
            ),
            Self::CriticalExtension(name) => {
                write!(f, "{name} is critical: every peer that does not know it will refuse the certificate")
            }
            Self::ConstraintsNotForAll => f.write_str(
                "Python's cryptography and other verifiers that know name constraints for DNS and IP alone refuse every certificate below",
            ),
            Self::PointersLeftOut => f.write_str(
                "another CA signed it, and pkit.toml does not say where that one's CRL and certificate are: the old URLs were left out",
            ),
            Self::OtherAddressesBanned { permitted, banned } => write!(
                f,
                "with {permitted} networks permitted and no {banned} network, no {banned} address can be in a certificate below"
            ),
        }
    }
}
