//! Walking over the inventory as a list of certificates with their states. Memory grows with what was renewed or
//! revoked, not with what was issued; lines are read in blocks, and a block on all cores.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use glob::Pattern;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    INVENTORY, RevocationEvent, Store,
    inventory::SET_ASIDE,
    revocation::{self, Words},
    rotation,
};
use crate::{
    Error,
    crl::Reason,
    fingerprint::{hex, unhex},
    source::{self, plain},
};

/// As in the record of a certificate that is in use again.
const ROLLED_BACK: &str = "rolled-back";
/// Bytes that are read at once.
const BLOCK: usize = 4 << 20;

/// How it stands with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum State {
    /// In use
    Valid,
    /// In use, in the last third of its life: time to renew
    Due,
    /// Ended
    Expired,
    /// Replaced by another of the same name
    Superseded,
    /// Revoked, for good or on hold
    Revoked,
}

impl State {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Due => "due",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }
}

/// A certificate on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name
    pub name: String,
    /// `root`, `intermediate`, `server`, `client` or `peer`
    pub kind: String,
    /// How it stands with it
    pub state: State,
    /// Number of its generation
    pub generation: u32,
    /// First second of validity, RFC 3339
    pub not_before: String,
    /// Last second of validity, RFC 3339
    pub not_after: String,
    /// Serial number in hexadecimal
    pub serial: String,
    /// Name of the CA that signed it
    pub issuer: String,
    /// Why it is revoked, where it is
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Which certificates are wanted; an empty filter lets all pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names, of which one must match: `*` and `?` stand for characters. `*.example.com` finds the certificate of that
    /// name too.
    pub names: Vec<Pattern>,
    /// States, of which one must be it
    pub states: Vec<State>,
    /// Name of the CA
    pub issuer: Option<String>,
    /// Serial number in lower-case hexadecimal
    pub serial: Option<String>,
    /// Ends before this moment, and has not ended yet
    pub expires_before: Option<OffsetDateTime>,
}

impl Filter {
    /// From what people write: names with `*` and `?`, a serial number in any case, with or without colons.
    ///
    /// # Errors
    /// [`Error::Usage`] for a pattern or a serial number that is none.
    pub fn new(
        names: &[String],
        states: Vec<State>,
        issuer: Option<String>,
        serial: Option<&str>,
        expires_before: Option<OffsetDateTime>,
    ) -> Result<Self, Error> {
        let pattern = |name: &String| {
            // A class in brackets means nothing here: names hold none, but addresses do.
            Pattern::new(&name.replace('[', "[[]")).map_err(|error| Error::Usage {
                problem: format!("`{}` is no pattern of names: {}", crate::name::escape(name), error.msg),
            })
        };
        let number = |text: &str| match unhex(text) {
            Some(octets) if !octets.is_empty() => Ok(hex(octets.strip_prefix(&[0]).unwrap_or(&octets))),
            _ => Err(Error::Usage {
                problem: format!("`{}` is no serial number in hexadecimal", crate::name::escape(text)),
            }),
        };
        Ok(Self {
            names: names.iter().map(pattern).collect::<Result<_, _>>()?,
            states,
            issuer,
            serial: serial.map(number).transpose()?,
            expires_before,
        })
    }

    fn row(&self, line: &Line<'_>, known: &Known, now: OffsetDateTime) -> Option<Row> {
        // The certificate itself has a line of its own.
        if line.event == ROLLED_BACK {
            return None;
        }
        let named = |pattern: &Pattern| pattern.matches(&line.name);
        if !self.names.is_empty() && !self.names.iter().any(named) {
            return None;
        }
        if self.issuer.as_ref().is_some_and(|issuer| *issuer != line.issuer.name)
            || self.serial.as_ref().is_some_and(|serial| *serial != line.serial)
        {
            return None;
        }
        let reason = match known.revoked.is_empty() {
            true => None,
            false => known.revoked.get(&identity(&line.issuer.name, &line.issuer.key_id, &line.serial)),
        };
        let superseded = !known.latest.is_empty()
            && known
                .latest
                .get(&(line.is_ca(), line.name.clone().into_owned()))
                .is_some_and(|current| *current != line.generation);
        let start = OffsetDateTime::parse(&line.not_before, &Rfc3339).ok()?;
        let end = OffsetDateTime::parse(&line.not_after, &Rfc3339).ok()?;
        let state = match () {
            () if reason.is_some() => State::Revoked,
            () if superseded => State::Superseded,
            () if now > end => State::Expired,
            () if end - now < (end - start) / 3 => State::Due,
            () => State::Valid,
        };
        let ending = self.expires_before.is_none_or(|moment| end < moment && now <= end);
        if !ending || !(self.states.is_empty() || self.states.contains(&state)) {
            return None;
        }
        Some(Row {
            name: line.name.clone().into_owned(),
            kind: line.kind.clone().into_owned(),
            state,
            generation: line.generation,
            not_before: line.not_before.clone().into_owned(),
            not_after: line.not_after.clone().into_owned(),
            serial: line.serial.clone().into_owned(),
            issuer: line.issuer.name.clone().into_owned(),
            reason: reason.copied(),
        })
    }
}

/// The generation in use of names that have or had more than one, by whether it is a CA, because a CA and a leaf may share a
/// name.
type Latest = HashMap<(bool, String), u32>;

/// What is known of certificates from later lines.
#[derive(Default)]
struct Known {
    latest: Latest,
    /// Reasons of those that are revoked, by [`identity`].
    revoked: HashMap<String, Reason>,
}

/// A certificate as revocations name it: by its issuer's key, or its name where that has no identifier, and serial number.
fn identity(issuer: &str, key_id: &str, serial: &str) -> String {
    format!("{} {serial}", if key_id.is_empty() { issuer } else { key_id })
}

/// What of a record the list needs, borrowed from its line.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    generation: u32,
    #[serde(borrow)]
    serial: Cow<'a, str>,
    #[serde(borrow)]
    not_before: Cow<'a, str>,
    #[serde(borrow)]
    not_after: Cow<'a, str>,
    #[serde(borrow)]
    issuer: LineIssuer<'a>,
}

#[derive(Deserialize)]
struct LineIssuer<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    key_id: Cow<'a, str>,
}

/// Events of lines that are about no new certificate.
const KNOWN_LINES: [&str; 4] = ["revoked", "released", "crl", rotation::EVENT];

/// What happened, of a line about anything else.
#[derive(Deserialize)]
struct OtherLine<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

impl Line<'_> {
    fn is_ca(&self) -> bool {
        matches!(&*self.kind, "root" | "intermediate")
    }
}

/// Calls `row` for every certificate that passes the filter, in the order of the record, until it answers `false`. Returns
/// the numbers of lines that are no records of this version, but for the first, which states the format.
///
/// # Errors
/// [`Error::FileUnreadable`]; whatever `row` fails with.
pub fn list<E: From<Error>>(
    store: &Store,
    filter: &Filter,
    now: OffsetDateTime,
    mut row: impl FnMut(Row) -> Result<bool, E>,
) -> Result<Vec<usize>, E> {
    let path = store.root().join(INVENTORY);
    let known = later_lines(&path)?;
    let mut foreign = Vec::new();
    let mut blocks = Blocks::open(&path)?;
    let mut before = 0;
    while let Some(block) = blocks.next()? {
        let lines: Vec<&[u8]> = lines(block).collect();
        let read = |(index, line): (usize, &&[u8])| match serde_json::from_slice::<Line<'_>>(line) {
            Ok(line) => filter.row(&line, &known, now).map(Ok),
            Err(_) => match serde_json::from_slice::<OtherLine<'_>>(line).map(|line| line.event) {
                Ok(event) if KNOWN_LINES.contains(&&*event) => None,
                event => Some(Err((index, event.is_ok_and(|event| event == SET_ASIDE)))),
            },
        };
        let rows: Vec<Result<Row, (usize, bool)>> = lines.par_iter().enumerate().filter_map(read).collect();
        for found in rows {
            match found {
                Ok(found) => {
                    if !row(found)? {
                        return Ok(foreign);
                    }
                }
                // The mark, and the torn lines right above it.
                Err((index, true)) => {
                    let mut above = before + index;
                    while above > 0 && foreign.last() == Some(&above) {
                        foreign.pop();
                        above -= 1;
                    }
                }
                Err((index, false)) if before + index > 0 => foreign.push(before + index + 1),
                Err(_) => {}
            }
        }
        before += lines.len();
    }
    Ok(foreign)
}

/// Of the names that have or had more than one generation, the last that was made or rolled back to; and what is revoked.
fn later_lines(path: &Path) -> Result<Known, Error> {
    let mut known = Known::default();
    let mut blocks = Blocks::open(path)?;
    let (first, words) = (memchr::memmem::Finder::new(br#""generation":1,"#), Words::new());
    let rolled_back = memchr::memmem::Finder::new(ROLLED_BACK);
    while let Some(block) = blocks.next()? {
        // The event stands near the beginning of a line.
        let event = |line: &[u8]| rolled_back.find(line.get(..96).unwrap_or(line)).is_some();
        let later = |line: &&[u8]| first.find(line).is_none() || event(line) || words.are_in(line);
        for text in lines(block).filter(later) {
            if let Ok(line) = serde_json::from_slice::<revocation::Line<'_>>(text) {
                let identity = identity(&line.issuer.name, &line.issuer.key_id, &line.serial);
                match line.event {
                    RevocationEvent::Revoked => known.revoked.insert(identity, line.reason),
                    RevocationEvent::Released => known.revoked.remove(&identity),
                };
            } else if let Ok(line) = serde_json::from_slice::<Line<'_>>(text) {
                known.latest.insert((line.is_ca(), line.name.into_owned()), line.generation);
            }
        }
    }
    Ok(known)
}

pub(super) fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let block = block.strip_suffix(b"\n").unwrap_or(block);
    let mut start = 0;
    memchr::memchr_iter(b'\n', block).chain([block.len()]).map(move |end| {
        let line = block.get(start..end).unwrap_or_default();
        start = end + 1;
        line
    })
}

/// A file in blocks of whole lines.
pub(super) struct Blocks<'a> {
    file: File,
    path: &'a Path,
    buffer: Vec<u8>,
    /// Where the block ends in the buffer; behind it the beginning of the next line.
    end: usize,
    /// How much of the buffer is filled.
    filled: usize,
}

impl<'a> Blocks<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        Ok(Self { file: source::open(path)?, path, buffer: vec![0; BLOCK], end: 0, filled: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        self.buffer.copy_within(self.end..self.filled, 0);
        self.filled -= self.end;
        loop {
            if self.filled == self.buffer.len() {
                // A line longer than a block; nothing of ours is, but nothing is dropped.
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            let read = match self.file.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(|error| Error::FileUnreadable {
                    path: self.path.to_owned(),
                    cause: plain(&error),
                })?,
            };
            self.filled += read;
            let filled = self.buffer.get(..self.filled).unwrap_or_default();
            let last = memchr::memrchr(b'\n', filled).map(|at| at + 1);
            match (read, last) {
                (0, _) => {
                    self.end = self.filled;
                    return Ok((self.filled > 0).then(|| self.buffer.get(..self.end).unwrap_or_default()));
                }
                (_, Some(end)) if self.filled == self.buffer.len() => {
                    self.end = end;
                    return Ok(self.buffer.get(..end));
                }
                _ => {}
            }
        }
    }
}
