//! What came of it.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::Check;
use crate::tls::{Alert, Version};

/// Who was audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audited {
    /// A server, by clients
    Server,
    /// A client, by servers
    Client,
}

/// What must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// It must be let in
    Accepted,
    /// It must be refused
    Refused,
}

/// How a row stands. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It came out as it must
    Passed,
    /// What must be refused was not, or what must be let in was not
    Hole,
    /// It was refused, and the reason that was told is another one
    WrongReason,
    /// It was let in, which is no hole by itself
    Note,
    /// It could not be tried
    NotTried,
    /// It was not to be tried
    Skipped,
    /// It could not be found out
    Undecided,
}

impl Status {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Hole => "HOLE",
            Self::WrongReason => "WRONG REASON",
            Self::Note => "note",
            Self::NotTried => "not tried",
            Self::Skipped => "skipped",
            Self::Undecided => "UNDECIDED",
        }
    }
}

/// One thing that was tried. All text is escaped for a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name, for `--only` and `--skip`
    pub check: &'static str,
    /// What was shown
    pub what: String,
    /// The version of TLS: `1.3`
    pub tls: String,
    /// What must come out
    pub expected: Expected,
    /// How it stands
    pub status: Status,
    /// What happened, in one sentence
    pub happened: String,
    /// The alert by which the other side refused
    pub alert: Option<Alert>,
    /// What the hole is, in words
    pub hole: Option<String>,
    /// Serial numbers of the certificates that the CA signed for this, in hexadecimal
    pub serials: Vec<String>,
    /// How long it took
    #[serde(rename = "microseconds", serialize_with = "microseconds")]
    pub duration: Duration,
    /// What the client said, as it said it. Not escaped.
    #[serde(skip)]
    pub output: String,
}

fn microseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

impl Row {
    pub(super) fn new(check: Check, tls: impl fmt::Display, status: Status, happened: String) -> Self {
        Self {
            check: check.code(),
            what: check.title(),
            tls: tls.to_string(),
            expected: if check.is_control() { Expected::Accepted } else { Expected::Refused },
            status,
            happened: crate::name::escape(&happened).into_owned(),
            alert: None,
            hole: None,
            serials: Vec::new(),
            duration: Duration::ZERO,
            output: String::new(),
        }
    }

    pub(super) fn skipped(check: Check, tls: impl fmt::Display) -> Self {
        Self::new(check, tls, Status::Skipped, "it was not to be tried".to_owned())
    }

    pub(super) fn not_tried(check: Check, tls: impl fmt::Display, why: &str) -> Self {
        Self::new(check, tls, Status::NotTried, why.to_owned())
    }
}

/// How many rows stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// As they must
    pub passed: usize,
    /// Let in, or refused without cause
    pub holes: usize,
    /// Refused for another reason
    pub wrong_reason: usize,
    /// Let in, and no hole by itself
    pub notes: usize,
    /// Could not be tried
    pub not_tried: usize,
    /// Were not to be tried
    pub skipped: usize,
    /// Not found out
    pub undecided: usize,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every row that was tried holds
    Holds,
    /// There is a hole, or a refusal for another reason
    Holes,
    /// It could not be found out
    Undecided,
}

/// The whole matrix.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Who was audited
    pub audited: Audited,
    /// Where, or by which command
    pub target: String,
    /// The versions of TLS that it speaks
    pub speaks: Vec<Version>,
    /// All rows, in the order in which they were tried
    pub rows: Vec<Row>,
    /// How many stand how
    pub counts: Counts,
    /// Why nothing of it counts: the good one was not let in
    pub problem: Option<String>,
    /// The answer
    pub verdict: Verdict,
}

impl Report {
    pub(super) fn new(
        audited: Audited,
        target: String,
        speaks: Vec<Version>,
        rows: Vec<Row>,
        problem: Option<String>,
    ) -> Self {
        let count = |status| rows.iter().filter(|row| row.status == status).count();
        let counts = Counts {
            passed: count(Status::Passed),
            holes: count(Status::Hole),
            wrong_reason: count(Status::WrongReason),
            notes: count(Status::Note),
            not_tried: count(Status::NotTried),
            skipped: count(Status::Skipped),
            undecided: count(Status::Undecided),
        };
        // That the good one is let in says nothing about those that must not be.
        let told = |row: &Row| {
            row.expected == Expected::Refused
                && !matches!(row.status, Status::NotTried | Status::Skipped | Status::Undecided)
        };
        let verdict = if problem.is_some() {
            Verdict::Undecided
        } else if counts.holes + counts.wrong_reason > 0 {
            Verdict::Holes
        } else if counts.undecided > 0 || !rows.iter().any(told) {
            Verdict::Undecided
        } else {
            Verdict::Holds
        };
        Self { audited, target, speaks, rows, counts, problem, verdict }
    }

    /// The holes, in words, each once.
    pub fn holes(&self) -> Vec<&str> {
        let mut holes: Vec<&str> = Vec::new();
        for hole in self.rows.iter().filter_map(|row| row.hole.as_deref()) {
            if !holes.contains(&hole) {
                holes.push(hole);
            }
        }
        holes
    }
}
