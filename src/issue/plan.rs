//! Policy: what of a request may be, and what would fail later at some peer.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::{Kind, Request};
use crate::{
    Error,
    cert::NameConstraints,
    issuer::Issuer,
    name::{GeneralName, Name, San},
    oid,
    profile::{KeyUsage, Profile},
    validity::{Validity, format_time},
    verify::{constraint_breach, names_under_constraints},
};

/// How far before now a certificate begins, in seconds, so that peers whose clocks are behind accept it at once.
const CLOCK_SKEW: i64 = 60;

/// A certificate that may be made.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) kind: Kind,
    pub(super) subject: Name,
    pub(super) sans: Vec<San>,
    pub(super) validity: Validity,
    pub(super) path_length: Option<u8>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) now: OffsetDateTime,
    /// What the person should know about the outcome.
    pub notices: Vec<Notice>,
}

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
}

impl Notice {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Clamped { .. } => "validity-clamped",
            Self::Underscore(_) => "underscore-in-dns-name",
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
        }
    }
}

impl Plan {
    /// When the certificate will be valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject it will have.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// Its key usage, given the kind of its key.
    pub(super) fn key_usage(&self, key: crate::key::Algorithm) -> KeyUsage {
        match self.kind {
            Kind::Leaf(profile) => KeyUsage::for_leaf(profile, key),
            Kind::Root | Kind::Intermediate => KeyUsage::for_authority(),
        }
    }
}

/// Decides on a request. `issuer` is `None` exactly for a root.
///
/// # Errors
/// [`Error::SanMissing`], [`Error::SubjectMissing`], [`Error::ValidityEmpty`], [`Error::OutlivesIssuer`],
/// [`Error::PathLengthUsedUp`], [`Error::NameNotPermitted`], [`Error::UsageNotPermitted`].
pub fn plan(request: Request, issuer: Option<&Issuer>, now: OffsetDateTime) -> Result<Plan, Error> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut notices = Vec::new();
    match request.kind {
        Kind::Leaf(Profile::Server | Profile::Peer) if request.sans.is_empty() => {
            return Err(Error::SanMissing { name: request.subject.short() });
        }
        Kind::Leaf(_) if request.subject.is_empty() && request.sans.is_empty() => {
            return Err(Error::SubjectMissing {});
        }
        Kind::Root | Kind::Intermediate if request.subject.is_empty() => {
            return Err(Error::SubjectMissing {});
        }
        _ => {}
    }
    let mut sans: Vec<San> = Vec::new();
    for san in request.sans {
        if let San::Dns(name) = &san
            && name.has_underscore()
        {
            notices.push(Notice::Underscore(name.to_string()));
        }
        if !sans.contains(&san) {
            sans.push(san);
        }
    }
    let mut not_before = now - Duration::seconds(CLOCK_SKEW);
    let mut not_after = request.end.moment(now)?;
    if let Some(issuer) = issuer {
        not_before =
            not_before.max(issuer.path().map(|ca| ca.validity().not_before).max().unwrap_or(not_before));
        let limit = issuer.not_after();
        if not_after > limit {
            if request.end_is_explicit {
                return Err(Error::OutlivesIssuer {
                    wanted: not_after,
                    issuer: issuer.certificate().origin().clone(),
                    issuer_end: limit,
                });
            }
            let issuer = issuer.certificate().title();
            notices.push(Notice::Clamped { wanted: not_after, granted: limit, issuer });
            not_after = limit;
        }
        within_path_length(request.kind, issuer)?;
        within_constraints(request.kind, &request.subject, &sans, issuer)?;
        within_usages(request.kind, issuer)?;
    }
    if not_after <= now {
        return Err(Error::ValidityEmpty { end: not_after, now });
    }
    Ok(Plan {
        kind: request.kind,
        subject: request.subject,
        sans,
        validity: Validity { not_before, not_after },
        path_length: request.path_length,
        name_constraints: request.name_constraints,
        now,
        notices,
    })
}

/// RFC 5280 4.2.1.9: each authority above allows so many intermediates below it.
fn within_path_length(kind: Kind, issuer: &Issuer) -> Result<(), Error> {
    if kind != Kind::Intermediate {
        return Ok(());
    }
    for (depth, authority) in issuer.path().enumerate() {
        if let Some((_, Some(most))) = authority.basic_constraints()
            && usize::try_from(most).is_ok_and(|most| depth + 1 > most)
        {
            return Err(Error::PathLengthUsedUp {
                origin: authority.origin().clone(),
                subject: authority.title(),
                path_length: most,
            });
        }
    }
    Ok(())
}

/// RFC 5280 4.2.1.10, for the issuer and everyone above it.
fn within_constraints(kind: Kind, subject: &Name, sans: &[San], issuer: &Issuer) -> Result<(), Error> {
    let sans: Vec<GeneralName> = sans.iter().map(San::to_general_name).collect();
    let names = names_under_constraints(subject, &sans, matches!(kind, Kind::Leaf(_)));
    for authority in issuer.path() {
        for name in &names {
            if let Some(fact) = constraint_breach(authority, name) {
                return Err(Error::NameNotPermitted {
                    name: name.to_string(),
                    fact,
                    issuer: authority.origin().clone(),
                });
            }
        }
    }
    Ok(())
}

/// The usages of a leaf must be among those of every authority that restricts them.
fn within_usages(kind: Kind, issuer: &Issuer) -> Result<(), Error> {
    let Kind::Leaf(profile) = kind else { return Ok(()) };
    for authority in issuer.path() {
        let Some(allowed) = authority.extended_key_usage() else { continue };
        // anyExtendedKeyUsage does not help: OpenSSL and webpki want the usage itself.
        let refused = profile.extended_key_usage().into_iter().find(|usage| !allowed.contains(usage));
        if let Some(refused) = refused {
            let allowed: Vec<_> = allowed.iter().map(oid::Oid::name).collect();
            return Err(Error::UsageNotPermitted {
                usage: refused.name(),
                allowed: allowed.join(", "),
                issuer: authority.origin().clone(),
            });
        }
    }
    Ok(())
}
