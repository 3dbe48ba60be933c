//! The revocation lists of a PKI directory: each CA's is `crl.pem` beside its certificate.

use std::path::PathBuf;

use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Authority, FORMAT, IssuerRecord, Store, Writer};
use crate::{
    Error,
    cert::Certificate,
    crl::{Crl, Terms, may_sign_lists},
    fs as writer,
    issuer::Issuer,
    origin::Origin,
    validity::{Span, format_rfc3339, parse_time},
};

/// A list that was made. Its number is on record before the file is there, so that no number is given twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrlRecord {
    /// Format of the line
    pub v: u64,
    /// When
    pub time: String,
    /// `crl`
    pub event: CrlEvent,
    /// The CA
    pub issuer: IssuerRecord,
    /// Its number
    pub number: u64,
    /// From when on it is true
    pub this_update: String,
    /// When it lapses
    pub next_update: String,
    /// How many it revokes
    pub revoked: usize,
}

/// The event of a [`CrlRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrlEvent {
    /// A list was made.
    Crl,
}

/// How long a list is good for where nobody said: 7 days.
pub const CRL_VALIDITY: Span = Span::days(7);

impl Authority {
    /// Where its list is, or would be.
    pub fn crl(&self) -> PathBuf {
        self.key.with_file_name("crl.pem")
    }
}

impl Store {
    /// The list of a CA, found to be its own and not lapsed.
    ///
    /// # Errors
    /// [`Error::CrlMissing`], [`Error::SeveralFound`], those of [`Crl::load`], [`Crl::verify`] and
    /// [`Crl::require_current`].
    pub fn crl(&self, authority: &Authority, now: OffsetDateTime) -> Result<Crl, Error> {
        let path = authority.crl();
        let mut lists = match Crl::load(&path) {
            Err(Error::FileNotFound { .. }) => {
                return Err(Error::CrlMissing { name: authority.name.clone(), path: Some(path) });
            }
            other => other?,
        };
        let list = match (lists.pop(), lists.is_empty()) {
            (Some(list), true) => list,
            _ => return Err(Error::SeveralFound { origin: Origin::file(&path), what: "CRL" }),
        };
        list.verify(&authority.certificate)?;
        list.require_current(now)?;
        Ok(list)
    }

    /// Refuses a CA that stands on the list of the CA above it, or one above that does so: nobody who checks lists would accept
    /// what it signs. A list that has lapsed says so still; a CA without a list says nothing.
    ///
    /// # Errors
    /// [`Error::IssuerRevoked`]; those of reading the lists and of [`Crl::verify`].
    pub fn require_unrevoked(&self, issuer: &Issuer, authorities: &[Authority]) -> Result<(), Error> {
        for (authority, above) in issuer.path().iter().zip(issuer.path().iter().skip(1)) {
            let signs = |ca: &&Authority| ca.certificate.is_same_authority(above);
            for path in authorities.iter().filter(signs).map(Authority::crl).filter(|path| path.exists()) {
                for list in Crl::load(&path)? {
                    list.verify(above)?;
                    if let Some(entry) = list.lookup(authority.serial()) {
                        return Err(Error::IssuerRevoked {
                            origin: authority.origin().clone(),
                            subject: authority.title(),
                            reason: entry.reason.to_string(),
                            since: entry.date,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The lists of all CAs of a chain, its root included, of those that certified one of them too, and of those that take the
    /// place of one: what a peer wants that checks every certificate of a path. A CA of several certificates has one list.
    ///
    /// # Errors
    /// As [`Store::crl`]; [`Error::CrlMissing`] too for a CA that is not here.
    pub fn crls_of_chain(&self, chain: &[Certificate], now: OffsetDateTime) -> Result<Vec<Crl>, Error> {
        let all = self.authorities()?;
        let pairs = self.pairs()?;
        let mut wanted: Vec<Certificate> = Vec::new();
        let mut found = chain.to_vec();
        while let Some(next) = (!found.is_empty()).then(|| found.remove(0)) {
            if wanted.contains(&next) || !next.is_ca() {
                continue;
            }
            let above = all.iter().map(|ca| &ca.certificate).filter(|above| {
                next.issuer().same(above.subject()) && next.is_signed_by(above.public_key()).is_ok()
            });
            found.extend(above.cloned());
            // While one takes the place of the other, peers meet chains of both.
            for pair in pairs.iter().map(|(old, new)| [&old.certificate, &new.certificate]) {
                if pair.iter().any(|one| one.is_same_authority(&next)) {
                    found.extend(pair.into_iter().cloned());
                }
            }
            wanted.push(next);
        }
        let mut lists: Vec<Crl> = Vec::new();
        let mut done: Vec<&Certificate> = Vec::new();
        for certificate in &wanted {
            let same = |other: &Certificate| other.is_same_authority(certificate);
            if done.iter().any(|other| same(other)) {
                continue;
            }
            done.push(certificate);
            let mut here: Vec<_> = all.iter().filter(|ca| same(&ca.certificate)).collect();
            here.sort_by_key(|ca| (!ca.crl().exists(), !ca.key.exists()));
            match here.first() {
                Some(authority) => lists.push(self.crl(authority, now)?),
                None => {
                    return Err(Error::CrlMissing { name: certificate.subject().to_string(), path: None });
                }
            }
        }
        Ok(lists)
    }
}

impl Writer<'_> {
    /// Makes the list of a CA anew, for so long; as long as the last, where nothing is said. Returns it and its place.
    ///
    /// Its number is one more than every number on record and that of the list that is there, and is on record before the
    /// file is replaced: a crash in between skips a number, and none is given twice.
    ///
    /// # Errors
    /// [`Error::IssuerMayNotRevoke`]; [`Error::KeyMismatch`] where the CA has another key by now; [`Error::PkiDamaged`] as
    /// [`Store::revocations`]; [`Error::DurationInvalid`]; [`Error::WriteFailed`].
    pub fn renew_crl(
        &self,
        name: &str,
        issuer: &Issuer,
        validity: Option<Span>,
        now: OffsetDateTime,
        random: &dyn SecureRandom,
    ) -> Result<(Crl, PathBuf), Error> {
        // Under the lock, because a renewal may have made another generation.
        let authority = self.store().authority(name)?;
        authority.certificate.require_key(issuer.key(), &Origin::file(&authority.key))?;
        may_sign_lists(&authority.certificate)?;
        let known = self.store().revocations(&authority.record())?;
        let path = authority.crl();
        let there = Crl::load(&path).ok().and_then(|mut lists| lists.pop());
        let there = there.filter(|list| list.verify(&authority.certificate).is_ok());
        let too_large = || Error::PkiDamaged {
            path: path.clone(),
            problem: "its number is greater than pkit can count on from".into(),
        };
        // One that does not fit is no reason to begin anew: peers would take the next list for an older one.
        let given = match there {
            Some(list) if list.number_hex().is_some() => list.number().ok_or_else(too_large)?,
            _ => 0,
        };
        let number = known.number.max(given).checked_add(1).ok_or_else(too_large)?;
        let now = now.replace_nanosecond(0).unwrap_or(now);
        // A minute back, as certificates begin, so that peers whose clocks are behind take it at once.
        let this_update = now - time::Duration::MINUTE;
        let next_update = match (validity, known.last.as_ref().and_then(period)) {
            (Some(validity), _) => validity.after(now)?,
            (None, Some(period)) => this_update + period,
            (None, None) => CRL_VALIDITY.after(now)?,
        };
        if next_update <= now {
            return Err(Error::DurationInvalid {
                value: validity.unwrap_or(CRL_VALIDITY).to_string(),
                reason: "the CRL would lapse at once".into(),
            });
        }
        let revoked = known.revoked.len();
        let list = Crl::sign(issuer, known.revoked, Terms { number, this_update, next_update }, random)?;
        self.note(&CrlRecord {
            v: FORMAT,
            time: format_rfc3339(now),
            event: CrlEvent::Crl,
            issuer: authority.record(),
            number,
            this_update: format_rfc3339(this_update),
            next_update: format_rfc3339(next_update),
            revoked,
        })?;
        if let Some(directory) = path.parent() {
            self.sweep(directory)?;
        }
        writer::replace(&path, list.to_pem().as_bytes(), writer::PUBLIC)?;
        Ok((list, path))
    }
}

/// How long a list was good for.
fn period(record: &CrlRecord) -> Option<time::Duration> {
    let period = parse_time(&record.next_update).ok()? - parse_time(&record.this_update).ok()?;
    period.is_positive().then_some(period)
}
