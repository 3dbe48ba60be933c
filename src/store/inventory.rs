//! The inventory: what was signed, renewed and revoked, one JSON object a line, only ever appended to.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{FORMAT, Shelf};
use crate::{
    Error,
    cert::Certificate,
    fingerprint::hex,
    issue::Kind,
    name::escape,
    profile::Profile,
    source::{self, plain},
    validity::{Validity, format_rfc3339},
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// A certificate was signed for a new name.
    Issued,
    /// A certificate was signed that takes the place of the one before.
    Renewed,
    /// A CA was taken in that was made elsewhere.
    Imported,
    /// A generation that had been replaced is in use again. The record is that of the certificate, but for this and its time.
    #[serde(rename = "rolled-back")]
    RolledBack,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IssuerRecord {
    /// The CA's name in this PKI directory, its own for a root; its subject, where it is not there
    pub name: String,
    /// Serial number of the CA's certificate in hexadecimal
    pub serial: String,
    /// Its key identifier in hexadecimal
    pub key_id: String,
}

/// One line about a certificate. Times are RFC 3339 in UTC, hashes SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Format of the line
    pub v: u64,
    /// When it happened
    pub time: String,
    /// What happened
    pub event: Event,
    /// `root`, `intermediate`, `server`, `client` or `peer`
    pub kind: String,
    /// Name of the set of files
    pub name: String,
    /// Number of the generation in the archive
    pub generation: u32,
    /// Serial number in hexadecimal
    pub serial: String,
    /// Subject
    pub subject: String,
    /// Alternative names with their kinds
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sans: Vec<String>,
    /// First second of validity
    pub not_before: String,
    /// Last second of validity
    pub not_after: String,
    /// Who signed
    pub issuer: IssuerRecord,
    /// Kind of key
    pub key: String,
    /// Whether the set came with its private key; `false` where it was made from a request
    #[serde(default = "with_key", skip_serializing_if = "Clone::clone")]
    pub key_file: bool,
    /// Hash of the subjectPublicKeyInfo
    pub public_key: String,
    /// Hash of the certificate
    pub fingerprint: String,
    /// Serial number of the certificate whose place it takes
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

fn with_key() -> bool {
    true
}

impl Record {
    /// Describes a certificate that was signed; the generation is filled in on commit.
    pub fn issued(
        kind: Kind,
        name: &str,
        certificate: &Certificate,
        issuer_name: &str,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Self {
        let validity = certificate.validity();
        Self {
            v: FORMAT,
            time: format_rfc3339(now.replace_nanosecond(0).unwrap_or(now)),
            event: Event::Issued,
            kind: match kind {
                Kind::Root => "root".into(),
                Kind::Intermediate => "intermediate".into(),
                Kind::Leaf(profile) => profile.to_string(),
            },
            name: name.to_owned(),
            generation: 0,
            serial: certificate.serial_hex(),
            subject: certificate.subject().to_string(),
            sans: certificate.subject_alt_names().iter().map(ToString::to_string).collect(),
            not_before: format_rfc3339(validity.not_before),
            not_after: format_rfc3339(validity.not_after),
            issuer: IssuerRecord {
                name: issuer_name.to_owned(),
                serial: issuer.serial_hex(),
                key_id: hex(issuer.subject_key_id().unwrap_or_default()),
            },
            key: certificate.key_algorithm().to_string(),
            key_file: true,
            public_key: hex(&certificate.public_key().fingerprint()),
            fingerprint: hex(&certificate.fingerprint()),
            replaces: None,
        }
    }

    /// Says that it takes the place of another, and when.
    pub fn replacing(self, event: Event, other: &Record, now: OffsetDateTime) -> Self {
        let time = format_rfc3339(now.replace_nanosecond(0).unwrap_or(now));
        Self { event, time, replaces: Some(other.serial.clone()), ..self }
    }

    /// What a leaf is for; `None` for a CA.
    pub fn profile(&self) -> Option<Profile> {
        [Profile::Server, Profile::Client, Profile::Peer]
            .into_iter()
            .find(|profile| profile.to_string() == self.kind)
    }

    /// When it is valid, where that can be read.
    pub fn validity(&self) -> Option<Validity> {
        let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        Some(Validity { not_before: read(&self.not_before)?, not_after: read(&self.not_after)? })
    }

    /// Where its files are.
    pub fn shelf(&self) -> Shelf {
        if matches!(self.kind.as_str(), "root" | "intermediate") { Shelf::Ca } else { Shelf::Live }
    }

    pub(super) fn line(&self) -> Result<String, Error> {
        line(self)
    }
}

/// An event as a line.
pub(super) fn line(event: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(event).map_err(|error| Error::Malformed {
        origin: crate::origin::Origin::named("new record"),
        what: "record",
        cause: error.to_string(),
    })?;
    Ok(format!("{text}\n"))
}

/// A line of the inventory, its number counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A record.
    Record(usize, Box<Record>),
    /// Any other event: the line that tells the format, a revocation, a CRL, or what this version does not know.
    Other(usize, serde_json::Value),
    /// A line that is no JSON: torn by a crash, or edited by hand. Kept as it is. Escaped for a terminal.
    Foreign(usize, String),
}

/// Walks over the lines of the inventory, in bounded memory.
pub struct Records {
    lines: BufReader<File>,
    path: PathBuf,
    number: usize,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            lines: BufReader::with_capacity(1 << 16, source::open(path)?),
            path: path.to_owned(),
            number: 0,
        })
    }
}

impl Iterator for Records {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.lines.read_until(b'\n', &mut line) {
            Err(error) => Some(Err(Error::FileUnreadable { path: self.path.clone(), cause: plain(&error) })),
            Ok(0) => None,
            Ok(_) => {
                self.number += 1;
                Some(Ok(entry(self.number, line.trim_ascii())))
            }
        }
    }
}

fn entry(number: usize, line: &[u8]) -> Entry {
    if let Ok(record) = serde_json::from_slice(line) {
        return Entry::Record(number, Box::new(record));
    }
    match serde_json::from_slice(line) {
        Ok(value) => Entry::Other(number, value),
        Err(_) => Entry::Foreign(number, escape(&String::from_utf8_lossy(line)).into_owned()),
    }
}

/// The first line of a new inventory.
pub(super) fn header(now: OffsetDateTime) -> String {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    format!("{{\"v\":{FORMAT},\"time\":\"{}\",\"event\":\"created\"}}\n", format_rfc3339(now))
}

/// Refuses a store of a newer format: its first line tells with which it began, its last to which it was brought.
pub(super) fn check_format(path: &Path) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    let unreadable =
        |error: std::io::Error| Error::FileUnreadable { path: path.to_owned(), cause: plain(&error) };
    let mut file = source::open(path)?;
    let mut first = Vec::new();
    BufReader::with_capacity(4096, &mut file).take(4096).read_until(b'\n', &mut first).map_err(unreadable)?;
    let first = serde_json::from_slice::<Versioned>(&first).map_err(|_| Error::PkiDamaged {
        path: path.to_owned(),
        problem: "its first line does not tell the format, as in {\"v\":1}".into(),
    })?;
    let tail = read_tail(&mut file, 64 << 10).map_err(unreadable)?;
    let last = tail.trim_ascii_end().rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    // A last line that is torn or foreign tells nothing.
    let last = serde_json::from_slice::<Versioned>(last).map_or(0, |last| last.v);
    match first.v.max(last) {
        found if found > FORMAT => Err(Error::PkiNewer { path: path.to_owned(), found, known: FORMAT }),
        _ => Ok(()),
    }
}

/// At most so many bytes at the end of a file.
fn read_tail(file: &mut File, most: u64) -> std::io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

/// What must be appended so that the next record begins a line of its own: nothing, the end of a line that is whole but
/// for it, or the end of a torn one and a mark that it is set aside.
pub(super) fn closing(path: &Path) -> Result<&'static str, Error> {
    let unreadable =
        |error: std::io::Error| Error::FileUnreadable { path: path.to_owned(), cause: plain(&error) };
    // Longer than any line of ours, so that a line that does not begin in it is none.
    let tail = read_tail(&mut source::open(path)?, 64 << 10).map_err(unreadable)?;
    let last = tail.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(match entry(0, last) {
        _ if last.is_empty() => "",
        Entry::Foreign(..) => "\n{\"v\":1,\"event\":\"set-aside\"}\n",
        _ => "\n",
    })
}

/// The event of a line that says so of the one above it.
pub(super) const SET_ASIDE: &str = "set-aside";

/// Whether a line says that the one above it was torn, and set aside.
pub(super) fn is_set_aside_mark(line: &serde_json::Value) -> bool {
    line.get("event").and_then(serde_json::Value::as_str) == Some(SET_ASIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind_are_kept() {
        assert!(matches!(entry(1, header(OffsetDateTime::UNIX_EPOCH).trim().as_bytes()), Entry::Other(1, _)));
        assert!(matches!(entry(2, br#"{"v":1,"event":"someth"#), Entry::Foreign(2, _)));
        let record = Record {
            v: 1,
            time: "2027-01-01T00:00:00Z".into(),
            event: Event::Issued,
            kind: "server".into(),
            name: "api \u{1b}".into(),
            generation: 1,
            serial: "01".into(),
            subject: "CN=api".into(),
            sans: vec!["DNS:api".into()],
            not_before: String::new(),
            not_after: String::new(),
            issuer: IssuerRecord { name: "I".into(), serial: "02".into(), key_id: "03".into() },
            key: "EC P-256".into(),
            key_file: true,
            public_key: String::new(),
            fingerprint: String::new(),
            replaces: None,
        };
        let line = record.line().unwrap();
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains("key_file"), "said only where there is none");
        assert_eq!(entry(3, line.trim().as_bytes()), Entry::Record(3, Box::new(record.clone())));
        let signed = Record { key_file: false, ..record };
        assert_eq!(entry(4, signed.line().unwrap().trim().as_bytes()), Entry::Record(4, Box::new(signed)));
    }
}
