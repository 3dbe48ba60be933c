//! Looking through the inventory for revocations: in blocks, on all cores.

use std::{borrow::Cow, path::Path};

use memchr::memmem::Finder;
use rayon::prelude::*;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Revocation, RevocationEvent, Target, date};
use crate::{
    Error,
    crl::{Reason, Revoked, unsigned},
    fingerprint::unhex,
    store::{
        CrlRecord, INVENTORY, IssuerRecord, Record, Store, inventory,
        listing::{Blocks, lines},
    },
};

/// What the inventory says of a CA's revocations.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    /// All that is revoked now, holds included
    pub revoked: Vec<Revoked>,
    /// The highest number that was given to a list
    pub number: u64,
    /// The last list
    pub last: Option<CrlRecord>,
}

/// What of a line is needed, borrowed from it.
#[derive(Deserialize)]
pub(in crate::store) struct Line<'a> {
    pub(in crate::store) event: RevocationEvent,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    pub(in crate::store) serial: Cow<'a, str>,
    #[serde(borrow)]
    pub(in crate::store) issuer: LineIssuer<'a>,
    #[serde(default)]
    pub(in crate::store) reason: Reason,
    #[serde(borrow, default)]
    pub(in crate::store) revoked_at: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(in crate::store) struct LineIssuer<'a> {
    #[serde(borrow)]
    pub(in crate::store) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(in crate::store) key_id: Cow<'a, str>,
}

impl LineIssuer<'_> {
    /// Whether it is this CA: by its key, which stays when its certificate is renewed; by name, where a key identifier is
    /// missing.
    pub(super) fn is(&self, issuer: &IssuerRecord) -> bool {
        if self.key_id.is_empty() || issuer.key_id.is_empty() {
            self.name == issuer.name
        } else {
            self.key_id == issuer.key_id
        }
    }
}

/// Finds lines that may be about revocations, however they are written; a name may hold these words too.
pub(in crate::store) struct Words([Finder<'static>; 3]);

impl Words {
    pub(in crate::store) fn new() -> Self {
        Self(["revoked", "released", "\"crl\""].map(Finder::new))
    }

    pub(in crate::store) fn are_in(&self, line: &[u8]) -> bool {
        // Most lines are of certificates, and say so where we always write it.
        const OURS: &[u8] = br#"{"v":1,"time":"2000-01-01T00:00:00Z","event":""#;
        let event = line.get(OURS.len()..).unwrap_or_default();
        let known = [&b"issued"[..], b"renewed", b"imported"].iter().any(|word| event.starts_with(word));
        let ours =
            known && line.starts_with(br#"{"v":1,"time":""#) && line.get(35..OURS.len()) == OURS.get(35..);
        !ours && self.0.iter().any(|word| word.find(line).is_some())
    }
}

enum Found {
    /// The beginning of the serial number, the whole, and whether it is revoked or released
    Event(u128, Revoked, bool),
    Crl(Box<CrlRecord>),
    /// The line above was torn by a crash and set aside.
    Mark,
    /// It may have been about a revocation.
    Unreadable,
}

impl Store {
    /// All that is on record as revoked by a CA.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`]; [`Error::PkiDamaged`] where a line may say that something was revoked and cannot be read.
    pub fn revocations(&self, issuer: &IssuerRecord) -> Result<Revocations, Error> {
        let path = self.root().join(INVENTORY);
        let (words, mark) = (Words::new(), Finder::new("set-aside"));
        let read = |line: &[u8]| match () {
            () if words.are_in(line) => read(line, issuer),
            () if mark.find(line).is_some() => Some(Found::Mark),
            () => None,
        };
        let (mut events, mut all) = (Vec::<(u128, Revoked, bool)>::new(), Revocations::default());
        let mut unreadable: Vec<usize> = Vec::new();
        let total = each_line(&path, read, |number, found| match found {
            Found::Event(begin, revoked, stands) => events.push((begin, revoked, stands)),
            Found::Crl(record) => {
                all.number = all.number.max(record.number);
                all.last = Some(*record);
            }
            // A mark that was itself torn may stand in between.
            Found::Mark => unreadable.retain(|line| line + 3 < number),
            Found::Unreadable => unreadable.push(number),
        })?;
        // The last line, without its end, was torn just now: it was not on record yet.
        if inventory::closing(&path)?.len() > 1 {
            unreadable.retain(|line| *line != total);
        }
        if let Some(line) = unreadable.first() {
            let problem = format!("line {line} may say that a certificate is revoked, and cannot be read");
            return Err(Error::PkiDamaged { path, problem });
        }
        // By serial number, whose beginning nearly always decides, in the order of the record; the last one counts.
        events.sort_by(|(begin, one, _), (other, two, _)| {
            begin.cmp(other).then_with(|| one.serial.cmp(&two.serial))
        });
        events.dedup_by(|later, kept| {
            let same = later.1.serial == kept.1.serial;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        all.revoked =
            events.into_iter().filter_map(|(_, revoked, stands)| stands.then_some(revoked)).collect();
        Ok(all)
    }

    /// The revocation that stands for a certificate.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn revocation(&self, target: &Target) -> Result<Option<Revocation>, Error> {
        let (_, mut events) = self.with_serial(&target.serial)?;
        events.retain(|event| event.target.issuer.is(&target.issuer));
        Ok(events.pop().filter(|last| last.event == RevocationEvent::Revoked))
    }

    /// The other certificates of the key of a certificate that have not ended and are not revoked: whoever has the key has them
    /// too. None where the certificate itself is on no record.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn others_of_key(&self, target: &Target, now: OffsetDateTime) -> Result<Vec<Record>, Error> {
        let of_issuer = |record: &Record| record.issuer.is(&target.issuer);
        let (own, _) = self.with_serial(&target.serial)?;
        let Some(own) = own.into_iter().find(of_issuer) else { return Ok(Vec::new()) };
        let sought = Finder::new(&own.public_key);
        let read = |line: &[u8]| {
            sought.find(line)?;
            serde_json::from_slice::<Record>(line).ok().filter(|record| record.public_key == own.public_key)
        };
        let mut others: Vec<Record> = Vec::new();
        each_line(&self.root().join(INVENTORY), read, |_, record| {
            let ended = record.validity().is_some_and(|validity| validity.not_after < now);
            let known = |other: &Record| other.serial == record.serial && other.issuer.is(&record.issuer);
            // A root is taken out of trust stores; no list speaks of it.
            if !ended && record.kind != "root" && !known(&own) && !others.iter().any(known) {
                others.push(record);
            }
        })?;
        let mut good = Vec::new();
        for record in others {
            let (_, mut events) = self.with_serial(&record.serial)?;
            events.retain(|event| event.target.issuer.is(&record.issuer));
            if events.pop().is_none_or(|last| last.event == RevocationEvent::Released) {
                good.push(record);
            }
        }
        Ok(good)
    }

    /// All that is on record of a serial number.
    pub(super) fn with_serial(&self, serial: &str) -> Result<(Vec<Record>, Vec<Revocation>), Error> {
        #[derive(Deserialize)]
        struct Only<'a> {
            #[serde(borrow)]
            serial: Cow<'a, str>,
        }
        let sought = Finder::new(serial);
        let read = |line: &[u8]| {
            sought.find(line)?;
            // It may be that of its issuer.
            serde_json::from_slice::<Only<'_>>(line).ok().filter(|only| only.serial == serial)?;
            let revocation = serde_json::from_slice::<Revocation>(line).ok();
            revocation.map(Ok).or_else(|| serde_json::from_slice::<Record>(line).ok().map(Err))
        };
        let (mut records, mut revocations) = (Vec::new(), Vec::new());
        each_line(&self.root().join(INVENTORY), read, |_, found| match found {
            Ok(revocation) => revocations.push(revocation),
            Err(record) => records.push(record),
        })?;
        Ok((records, revocations))
    }
}

fn read(line: &[u8], issuer: &IssuerRecord) -> Option<Found> {
    if let Ok(line) = serde_json::from_slice::<Line<'_>>(line) {
        let serial = unhex(&line.serial).filter(|octets| !octets.is_empty());
        let (Some(serial), Some(date)) = (serial, date(&line.revoked_at, &line.time)) else {
            return Some(Found::Unreadable);
        };
        if !line.issuer.is(issuer) {
            return None;
        }
        let serial = unsigned(serial);
        let begin = serial.iter().take(16).fold(0, |begin, &octet| begin << 8 | u128::from(octet));
        let revoked = Revoked { serial: serial.into(), date, reason: line.reason };
        return Some(Found::Event(begin, revoked, line.event == RevocationEvent::Revoked));
    }
    if let Ok(record) = serde_json::from_slice::<CrlRecord>(line) {
        return record.issuer.is(issuer).then(|| Found::Crl(Box::new(record)));
    }
    // A certificate whose name holds the words is none of our business, a line that is damaged is.
    #[derive(Deserialize)]
    struct Other<'a> {
        #[serde(borrow)]
        event: Cow<'a, str>,
    }
    match serde_json::from_slice::<Other<'_>>(line) {
        Ok(other) if !matches!(&*other.event, "revoked" | "released" | "crl") => None,
        _ => Some(Found::Unreadable),
    }
}

/// Reads the lines of the inventory on all cores, and takes in order what is found, with the number of its line. Returns
/// how many lines there are.
fn each_line<T: Send>(
    path: &Path,
    read: impl Fn(&[u8]) -> Option<T> + Sync,
    mut take: impl FnMut(usize, T),
) -> Result<usize, Error> {
    let mut blocks = Blocks::open(path)?;
    let mut before = 0;
    while let Some(block) = blocks.next()? {
        let lines: Vec<&[u8]> = lines(block).collect();
        let found: Vec<(usize, T)> = lines
            .par_iter()
            .enumerate()
            .filter_map(|(index, line)| read(line).map(|found| (before + index + 1, found)))
            .collect();
        found.into_iter().for_each(|(number, found)| take(number, found));
        before += lines.len();
    }
    Ok(before)
}
