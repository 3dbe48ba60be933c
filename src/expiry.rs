//! What runs out, and when: certificates gathered from files and directories, judged at a moment.

use std::{
    collections::{BTreeSet, HashMap},
    io::Read,
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    Error, Fact,
    cert::{Certificate, MOST_BROKEN, Piece, Pieces, Role},
    fingerprint::{colons, sha256},
    name::escape,
    pem, source,
    validity::{Remaining, Span, Validity, serialize_time},
};

/// Before when a certificate is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    warn: Span,
    critical: Span,
}

impl Thresholds {
    /// Takes both.
    ///
    /// # Errors
    /// [`Error::Usage`] where `critical` is the longer one: no certificate would ever be only due.
    pub fn new(warn: Span, critical: Span) -> Result<Self, Error> {
        if critical.to_duration() > warn.to_duration() {
            return Err(Error::Usage {
                problem: format!("--critical {critical} must not be longer than --warn {warn}"),
            });
        }
        Ok(Self { warn, critical })
    }

    /// How long before its end a certificate is due.
    pub fn warn(&self) -> Span {
        self.warn
    }

    /// How long before its end it is high time.
    pub fn critical(&self) -> Span {
        self.critical
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { warn: Span::days(30), critical: Span::days(7) }
    }
}

/// How a certificate stands, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its end has passed
    Expired,
    /// It ends within the critical threshold
    Critical,
    /// It ends within the warning threshold
    Warn,
    /// It begins later
    NotYetValid,
    /// None of these
    Ok,
}

impl State {
    /// Whether somebody has to do something.
    pub fn is_due(self) -> bool {
        matches!(self, Self::Expired | Self::Critical | Self::Warn | Self::NotYetValid)
    }

    fn of(validity: Validity, at: OffsetDateTime, thresholds: &Thresholds) -> Self {
        // Seconds, not dates: a threshold beyond the end of the calendar is still a threshold.
        let left = validity.not_after - at;
        if left.is_negative() {
            Self::Expired
        } else if at < validity.not_before {
            Self::NotYetValid
        } else if left <= thresholds.critical.to_duration() {
            Self::Critical
        } else if left <= thresholds.warn.to_duration() {
            Self::Warn
        } else {
            Self::Ok
        }
    }
}

/// `expired`, `critical`, `warn`, `not yet valid`, `ok`
impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Expired => "expired",
            Self::Critical => "critical",
            Self::Warn => "warn",
            Self::NotYetValid => "not yet valid",
            Self::Ok => "ok",
        })
    }
}

/// What was found of one certificate, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    title: String,
    subject: String,
    issuer: String,
    serial: String,
    role: Role,
    validity: Validity,
    fingerprint: [u8; 32],
    paths: BTreeSet<String>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The code of the error
    pub code: &'static str,
    /// What happened
    pub message: String,
    /// Where, and why
    pub facts: Vec<Fact>,
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        Self { code: error.code(), message: error.to_string(), facts: error.facts() }
    }
}

/// One line: `a PEM block is broken (input a.pem, line 1, …)`
impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let facts: Vec<_> = self.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
        write!(f, "{} ({})", self.message, facts.join("; "))
    }
}

/// All certificates that were found in a set of places, each once, and what could not be read there.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    certificates: Vec<Found>,
    errors: Vec<Trouble>,
    files: usize,
}

/// Whether this is a directory that pkit keeps: then only its current generations count, not its archive.
pub fn is_pki_directory(path: &Path) -> bool {
    path.join("inventory.jsonl").is_file() && path.join("live").is_dir() && path.join("ca").is_dir()
}

/// A file to read, and whether a person named it: then it must hold a certificate.
struct Target {
    path: PathBuf,
    named: bool,
}

/// Reads files, and directories with all below them.
pub fn gather<P: AsRef<Path>>(places: &[P]) -> Gathered {
    let mut targets = Vec::new();
    for place in places {
        targets.extend(targets_in(place.as_ref()));
    }
    let files = targets.len();
    // In parallel, yet in order: which path, title or error comes first does not depend on chance.
    let read: Vec<Vec<Result<Found, Trouble>>> = targets
        .into_par_iter()
        .map(|target| target.map_or_else(|error| vec![Err(Trouble::from(&error))], |target| look_at(&target)))
        .collect();
    let mut gathered = Gathered { files, ..Gathered::default() };
    let mut index: HashMap<[u8; 32], usize> = HashMap::new();
    for outcome in read.into_iter().flatten() {
        match outcome {
            Ok(found) => {
                match index.get(&found.fingerprint).and_then(|&at| gathered.certificates.get_mut(at)) {
                    Some(known) => known.paths.extend(found.paths),
                    None => {
                        index.insert(found.fingerprint, gathered.certificates.len());
                        gathered.certificates.push(found);
                    }
                }
            }
            Err(trouble) => gathered.errors.push(trouble),
        }
    }
    gathered
}

fn targets_in(place: &Path) -> Vec<Result<Target, Error>> {
    let unnamed = |path: Result<PathBuf, Error>| path.map(|path| Target { path, named: false });
    if source::is_stdin(place) || !place.is_dir() {
        return vec![Ok(Target { path: place.to_owned(), named: true })];
    }
    if is_pki_directory(place) {
        return current_sets(place).into_iter().map(unnamed).collect();
    }
    let mut paths: Vec<_> = source::walk(place).collect();
    // PKI directories further down: their archives hold what was replaced, and nobody wants to hear of its end.
    let inside: Vec<PathBuf> = paths
        .iter()
        .flatten()
        .filter(|path| path.file_name().is_some_and(|name| name == "inventory.jsonl"))
        .filter_map(|path| path.parent().filter(|parent| is_pki_directory(parent)))
        .map(Path::to_owned)
        .collect();
    if !inside.is_empty() {
        let is_inside = |path: &PathBuf| inside.iter().any(|pki| path.starts_with(pki));
        paths.retain(|path| !path.as_ref().is_ok_and(is_inside));
        paths.extend(inside.iter().flat_map(|pki| current_sets(pki)));
    }
    paths.into_iter().map(unnamed).collect()
}

/// The current certificates of a PKI directory.
fn current_sets(pki: &Path) -> Vec<Result<PathBuf, Error>> {
    let mut paths = Vec::new();
    for (below, file) in [("ca", "cert.pem"), ("live", "fullchain.pem")] {
        let directory = pki.join(below);
        let unreadable = |cause: std::io::Error| Error::FileUnreadable {
            path: directory.clone(),
            cause: source::plain(&cause),
        };
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(cause) => {
                paths.push(Err(unreadable(cause)));
                continue;
            }
        };
        let mut sets: Vec<_> = entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
            // A link that leads nowhere is a set that is lost: reading it tells so.
            .filter(|path| path.as_ref().map_or(true, |path| path.is_dir() || path.is_symlink()))
            .map(|path| path.map(|path| path.join(file)))
            .collect();
        sets.sort_by(|one, two| one.as_ref().ok().cmp(&two.as_ref().ok()));
        paths.append(&mut sets);
    }
    paths
}

/// How much of a file is looked at before it is read whole.
const HEAD: u64 = 4096;
/// A larger file in a directory is read only where its beginning looks like PEM.
const MOST_UNASKED: u64 = 16 << 20;
/// How much of such a file is searched for the beginning of PEM.
const LARGE_HEAD: u64 = 64 << 10;

/// The content of a file that may hold certificates; `None` for one of a directory that holds none.
fn read(target: &Target) -> Result<Option<Vec<u8>>, Error> {
    if target.named {
        return source::read(&target.path, source::LARGE).map(Some);
    }
    let unreadable = |cause: std::io::Error| Error::FileUnreadable {
        path: target.path.clone(),
        cause: source::plain(&cause),
    };
    let mut file = source::open(&target.path)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(HEAD)).unwrap_or(0) + 1);
    Read::by_ref(&mut file).take(HEAD).read_to_end(&mut bytes).map_err(unreadable)?;
    let is_der = bytes.first() == Some(&0x30);
    let is_utf16 = matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    // Programs and archives hold zeros; text and base64 do not.
    if !is_der && !is_utf16 && bytes.contains(&0) {
        return Ok(None);
    }
    if size > MOST_UNASKED {
        Read::by_ref(&mut file).take(LARGE_HEAD - HEAD).read_to_end(&mut bytes).map_err(unreadable)?;
        if !pem::looks_like_pem(&bytes) {
            return Ok(None);
        }
    }
    if bytes.len() as u64 >= HEAD {
        let rest = source::LARGE - bytes.len() as u64;
        file.take(rest + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > source::LARGE {
            return Err(Error::FileTooLarge { path: target.path.clone(), limit: source::LARGE });
        }
    }
    Ok(Some(bytes))
}

fn look_at(target: &Target) -> Vec<Result<Found, Trouble>> {
    let bytes = match read(target) {
        Ok(Some(bytes)) => zeroize::Zeroizing::new(bytes),
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Err(Trouble::from(&error))],
    };
    let origin = source::origin(&target.path);
    let mut outcomes = Vec::new();
    let mut broken = 0;
    for piece in Pieces::new(&bytes, origin.clone()).iter() {
        match piece {
            Piece::Certificate(certificate) => outcomes.push(Ok(Found::new(&certificate))),
            Piece::Broken { is_certificate, error } if is_certificate || target.named => {
                outcomes.push(Err(Trouble::from(&error)));
                broken += 1;
                // What is broken so often is no file of certificates.
                if broken == MOST_BROKEN {
                    break;
                }
            }
            Piece::Broken { .. } | Piece::Other { .. } => {}
        }
    }
    if outcomes.is_empty() && target.named {
        let error = Error::NothingFound { origin, what: "certificate" };
        outcomes.push(Err(Trouble::from(&error)));
    }
    outcomes
}

impl Found {
    fn new(certificate: &Certificate) -> Self {
        Self {
            title: certificate.title(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().short(),
            serial: certificate.serial_hex(),
            role: certificate.role(),
            validity: certificate.validity(),
            fingerprint: sha256(certificate.der()),
            paths: BTreeSet::from([escape(certificate.origin().place()).into_owned()]),
        }
    }
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What people call it
    pub title: String,
    /// Its whole subject
    pub subject: String,
    /// What people call its issuer
    pub issuer: String,
    /// What it is for
    pub kind: Role,
    /// How it stands
    pub state: State,
    /// First second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_before: OffsetDateTime,
    /// Last second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_after: OffsetDateTime,
    /// What is left of it
    #[serde(flatten)]
    pub remaining: Remaining,
    /// Serial number in hexadecimal
    pub serial: String,
    /// SHA-256 of the certificate, as openssl prints it
    pub fingerprint: String,
    /// Every file that holds it
    pub paths: Vec<String>,
}

/// How many certificates are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All that were seen
    pub certificates: usize,
    /// Expired
    pub expired: usize,
    /// Critical
    pub critical: usize,
    /// Due
    pub warn: usize,
    /// Beginning later
    pub not_yet_valid: usize,
    /// Well
    pub ok: usize,
}

/// What runs out, soonest first.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// As of when
    #[serde(serialize_with = "serialize_time")]
    pub at: OffsetDateTime,
    /// How long before its end a certificate is due
    pub warn: String,
    /// How long before its end it is high time
    pub critical: String,
    /// How many are in which state
    pub counts: Counts,
    /// Files that were looked at
    pub files: usize,
    /// Certificates of servers, clients and others
    pub leaves: Vec<Row>,
    /// Certificates of CAs
    pub authorities: Vec<Row>,
    /// What could not be read
    pub errors: Vec<Trouble>,
}

impl Report {
    /// Whether anything is due.
    pub fn is_due(&self) -> bool {
        self.rows().any(|row| row.state.is_due())
    }

    /// All rows, CAs behind the others.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.leaves.iter().chain(&self.authorities)
    }

    /// What ends next, of what has not ended yet.
    pub fn next(&self) -> Option<&Row> {
        self.rows().filter(|row| row.state != State::Expired).min_by_key(|row| row.not_after)
    }

    /// Without the rows that are well.
    #[must_use]
    pub fn without_ok(mut self) -> Self {
        self.leaves.retain(|row| row.state != State::Ok);
        self.authorities.retain(|row| row.state != State::Ok);
        self
    }
}

impl Gathered {
    /// Judges what was found at a moment.
    pub fn report(self, thresholds: &Thresholds, at: OffsetDateTime) -> Report {
        let mut counts = Counts { certificates: self.certificates.len(), ..Counts::default() };
        let mut rows: Vec<Row> =
            self.certificates.into_iter().map(|found| found.row(thresholds, at)).collect();
        for row in &rows {
            let count = match row.state {
                State::Expired => &mut counts.expired,
                State::Critical => &mut counts.critical,
                State::Warn => &mut counts.warn,
                State::NotYetValid => &mut counts.not_yet_valid,
                State::Ok => &mut counts.ok,
            };
            *count += 1;
        }
        // Stable, so that those that end together stay in the order in which they were found.
        rows.sort_by_key(|row| row.not_after);
        let (authorities, leaves) = rows.into_iter().partition(|row| row.kind.is_ca());
        Report {
            at,
            warn: thresholds.warn.to_string(),
            critical: thresholds.critical.to_string(),
            counts,
            files: self.files,
            leaves,
            authorities,
            errors: self.errors,
        }
    }
}

impl Found {
    fn row(self, thresholds: &Thresholds, at: OffsetDateTime) -> Row {
        Row {
            state: State::of(self.validity, at, thresholds),
            not_before: self.validity.not_before,
            not_after: self.validity.not_after,
            remaining: self.validity.remaining(at),
            kind: self.role,
            fingerprint: colons(&self.fingerprint),
            title: self.title,
            subject: self.subject,
            issuer: self.issuer,
            serial: self.serial,
            paths: self.paths.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn states_change_at_their_thresholds() {
        let validity = Validity {
            not_before: datetime!(2027-01-01 0:00 UTC),
            not_after: datetime!(2027-12-31 0:00 UTC),
        };
        let thresholds = Thresholds::default();
        for (at, state) in [
            (datetime!(2026-12-31 23:59:59 UTC), State::NotYetValid),
            (datetime!(2027-01-01 0:00 UTC), State::Ok),
            (datetime!(2027-11-30 23:59:59 UTC), State::Ok),
            (datetime!(2027-12-01 0:00 UTC), State::Warn),
            (datetime!(2027-12-23 23:59:59 UTC), State::Warn),
            (datetime!(2027-12-24 0:00 UTC), State::Critical),
            (datetime!(2027-12-31 0:00 UTC), State::Critical),
            (datetime!(2027-12-31 0:00:01 UTC), State::Expired),
        ] {
            assert_eq!(State::of(validity, at, &thresholds), state, "{at}");
        }
    }

    #[test]
    fn a_warning_after_the_alarm_is_refused() {
        assert!(Thresholds::new(Span::days(7), Span::days(30)).is_err());
        assert!(Thresholds::new(Span::days(7), Span::days(7)).is_ok());
    }
}
