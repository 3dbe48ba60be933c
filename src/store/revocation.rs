//! What is on record as revoked. A revocation is one line of the inventory, whole or not there, and the last one of a
//! certificate counts. It names the certificate by issuer and serial number, as a CRL does, so that one that was signed
//! before its CA came here can be revoked too.

mod scan;
mod target;

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub use scan::Revocations;
pub(super) use scan::{Line, LineIssuer, Words};

use super::{Authority, FORMAT, IssuerRecord, Writer};
use crate::{
    Error,
    crl::{Reason, unsigned},
    fingerprint::{hex, unhex},
    validity::{format_rfc3339, parse_time},
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationEvent {
    /// It was revoked, for good or on hold.
    Revoked,
    /// A hold was taken back.
    Released,
}

/// One line about a revocation. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Format of the line
    pub v: u64,
    /// When it was put on record
    pub time: String,
    /// What happened
    pub event: RevocationEvent,
    /// What it happened to
    #[serde(flatten)]
    pub target: Target,
    /// Why
    #[serde(default)]
    pub reason: Reason,
    /// Since when
    #[serde(default)]
    pub revoked_at: String,
}

/// A certificate that is revoked, or is to be. All but issuer and serial number is for people, and left out where it is not
/// known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Serial number in hexadecimal
    pub serial: String,
    /// Who signed it
    pub issuer: IssuerRecord,
    /// Its name in the PKI directory
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Subject
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Last second of its validity
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// Hash of the certificate
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl Target {
    /// The content octets of the serial number, as a CRL has them.
    pub fn serial_octets(&self) -> Vec<u8> {
        unsigned(unhex(&self.serial).unwrap_or_default())
    }

    /// What people call it. Not escaped.
    pub fn title(&self) -> &str {
        self.name.as_deref().or(self.subject.as_deref()).unwrap_or(&self.serial)
    }
}

impl Revocation {
    fn new(
        event: RevocationEvent,
        target: &Target,
        reason: Reason,
        at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Self {
        let seconds = |time: OffsetDateTime| format_rfc3339(time.replace_nanosecond(0).unwrap_or(time));
        let (time, revoked_at) = (seconds(now), seconds(at));
        Self { v: FORMAT, time, event, target: target.clone(), reason, revoked_at }
    }

    /// Whether it says what is asked for; nothing asked for is said by any.
    pub fn says(&self, reason: Option<Reason>, at: Option<OffsetDateTime>) -> bool {
        reason.is_none_or(|reason| reason == self.reason) && at.is_none_or(|at| Some(at) == self.date())
    }

    /// Since when; the time of the line, where it does not say.
    pub fn date(&self) -> Option<OffsetDateTime> {
        date(&self.revoked_at, &self.time)
    }
}

impl IssuerRecord {
    fn is(&self, other: &Self) -> bool {
        LineIssuer { name: (&*self.name).into(), key_id: (&*self.key_id).into() }.is(other)
    }
}

impl Authority {
    /// How records name it.
    pub fn record(&self) -> IssuerRecord {
        IssuerRecord {
            name: self.name.clone(),
            serial: self.certificate.serial_hex(),
            key_id: hex(self.certificate.subject_key_id().unwrap_or_default()),
        }
    }
}

impl Writer<'_> {
    /// Puts a revocation on record. Returns the one that stands, and whether it is new: one that says the same is not put on
    /// record twice.
    ///
    /// # Errors
    /// [`Error::RevokedAlready`] where another reason or date is on record, unless a hold becomes final;
    /// [`Error::WriteFailed`].
    pub fn revoke(
        &self,
        target: &Target,
        reason: Option<Reason>,
        at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<(Revocation, bool), Error> {
        if let Some(known) = self.store().revocation(target)? {
            let hold = Reason::CertificateHold;
            match known.says(reason, at) {
                true => return Ok((known, false)),
                false if known.reason == hold && reason.is_some_and(|reason| reason != hold) => {}
                false => {
                    let (serial, reason) = (target.serial.clone(), known.reason);
                    let revoked_at = known.date().unwrap_or(now);
                    return Err(Error::RevokedAlready { serial, reason, revoked_at });
                }
            }
        }
        let (event, reason) = (RevocationEvent::Revoked, reason.unwrap_or_default());
        let revocation = Revocation::new(event, target, reason, at.unwrap_or(now), now);
        self.note(&revocation)?;
        Ok((revocation, true))
    }

    /// Takes a hold back. Returns whether there was one.
    ///
    /// # Errors
    /// [`Error::NotOnHold`] for a certificate that is revoked for good; [`Error::WriteFailed`].
    pub fn release(&self, target: &Target, now: OffsetDateTime) -> Result<bool, Error> {
        match self.store().revocation(target)?.map(|known| known.reason) {
            None => Ok(false),
            Some(Reason::CertificateHold) => {
                let event = RevocationEvent::Released;
                self.note(&Revocation::new(event, target, Reason::CertificateHold, now, now))?;
                Ok(true)
            }
            Some(reason) => Err(Error::NotOnHold { serial: target.serial.clone(), reason }),
        }
    }
}

fn date(revoked_at: &str, time: &str) -> Option<OffsetDateTime> {
    let text = if revoked_at.is_empty() { time } else { revoked_at };
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| parse_time(text).ok())
}
