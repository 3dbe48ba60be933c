//! The answers, in words and JSON.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde::Serialize;
use time::OffsetDateTime;

use super::{Args, input::Leaf};
use crate::{
    cert::Certificate,
    cli::{
        exit::Exit,
        terminal::{BAD, BOLD, GOOD, WARN, styled},
    },
    name::escape,
    validity::{format_time, serialize_time},
    verify::{
        Cause, Finding, Purpose, Rule, Rules, SecondOpinion, Step, Verdict, authorities_in, issuer_among,
    },
};

/// What was asked, and what came of it.
#[derive(Serialize)]
pub(super) struct Report {
    purpose: Purpose,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    rules: Rules,
    #[serde(serialize_with = "serialize_time")]
    at: OffsetDateTime,
    pub(super) verdicts: Vec<Row>,
}

/// The answer about one leaf.
#[derive(Serialize)]
pub(super) struct Row {
    /// As it was given. Escaped for a terminal.
    leaf: String,
    accepted: bool,
    /// What is unusual about its file. Escaped for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Whether the search was given up, so that no is no answer
    undecided: bool,
    path: Vec<Step>,
    findings: Vec<Told>,
    /// What rustls says, where it was asked
    #[serde(skip_serializing_if = "Option::is_none")]
    rustls: Option<SecondOpinion>,
    /// The last certificate of a path without a root.
    #[serde(skip)]
    end: Option<Certificate>,
    #[serde(skip)]
    directory: Option<PathBuf>,
}

/// A finding with where its rule stands, and what mends it.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    finding: Finding,
    section: &'static str,
    remedy: String,
}

/// Whether it says that the issuer of the last certificate is not here.
fn is_open(finding: &Finding) -> bool {
    matches!(finding.rule, Rule::UnknownIssuer | Rule::IssuerKeyMismatch)
}

impl From<Finding> for Told {
    fn from(finding: Finding) -> Self {
        Self { section: finding.rule.section(), remedy: finding.rule.remedy().to_owned(), finding }
    }
}

impl Row {
    pub(super) fn new(given: &Path, leaf: &Leaf, verdict: Verdict, rustls: Option<SecondOpinion>) -> Self {
        let open = verdict.findings.iter().any(is_open);
        Self {
            leaf: escape(&given.to_string_lossy()).into_owned(),
            accepted: verdict.accepted,
            note: leaf.note.clone(),
            undecided: verdict.is_undecided(),
            end: verdict.certificates.last().filter(|_| open).cloned(),
            directory: leaf.directory.clone(),
            path: verdict.path,
            findings: verdict.findings.into_iter().map(Told::from).collect(),
            rustls,
        }
    }

    pub(super) fn malformed(given: &Path, leaf: &Leaf) -> Self {
        let verdict = leaf.damage.as_ref().map(|(origin, fact)| Verdict::malformed(origin, fact));
        let empty = Verdict { accepted: false, path: vec![], findings: vec![], certificates: vec![] };
        Self::new(given, leaf, verdict.unwrap_or(empty), None)
    }
}

impl Report {
    pub(super) fn new(purpose: Purpose, args: &Args, at: OffsetDateTime) -> Self {
        let host = args.host.as_ref().map(|host| escape(host).into_owned());
        Self { purpose, host, rules: args.rules, at, verdicts: Vec::new() }
    }

    /// Looks next door for the certificate that a path lacks.
    pub(super) fn look_around(&mut self, args: &Args) {
        let mut known: HashMap<PathBuf, Vec<Certificate>> = HashMap::new();
        let beside = args.intermediates.iter().filter_map(|path| path.parent());
        let beside: Vec<PathBuf> = beside
            .map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }.to_owned())
            .collect();
        for row in &mut self.verdicts {
            let Some(end) = &row.end else { continue };
            let mut places: Vec<&PathBuf> = row.directory.iter().chain(&beside).collect();
            places.dedup();
            let found = places.into_iter().find_map(|place| {
                let found = known.entry(place.clone()).or_insert_with(|| authorities_in(place));
                issuer_among(end, found).cloned()
            });
            let Some(found) = found else { continue };
            let missing = |told: &&mut Told| is_open(&told.finding);
            if let Some(told) = row.findings.iter_mut().find(missing) {
                let place = found.origin();
                let file = escape(place.place());
                let root = found.is_own_issuer();
                told.remedy = match (root, told.finding.cause) {
                    (true, Some(Cause::IssuerRekeyed)) => {
                        format!(
                            "the one with the right key is in {place}; if that root is to be trusted: --roots {file}"
                        )
                    }
                    (true, _) => format!("it is in {place}; if that root is to be trusted: --roots {file}"),
                    (false, Some(Cause::IssuerRekeyed)) => {
                        format!("the one with the right key is in {place}: add --intermediates {file}")
                    }
                    (false, Some(Cause::LeafAlone | Cause::IssuerMissing | Cause::CrossSigned) | None) => {
                        format!("it is in {place}: add --intermediates {file}")
                    }
                    (false, Some(Cause::OtherRoot)) => told.remedy.clone(),
                };
            }
        }
    }

    /// The status: a no wins over what could not be found out.
    pub(super) fn exit(&self, failed: bool) -> Exit {
        if self.verdicts.iter().any(|row| !row.accepted && !row.undecided) {
            Exit::No
        } else if failed || self.verdicts.iter().any(|row| row.undecided) {
            Exit::Failed
        } else {
            Exit::Yes
        }
    }

    pub(super) fn text(&self, quiet: bool) -> String {
        let mut text = String::new();
        let several = self.verdicts.len() > 1;
        for row in &self.verdicts {
            if row.accepted && quiet {
                continue;
            }
            row.text(self, several, &mut text);
        }
        if several && !quiet {
            let count = |accepted: bool| self.verdicts.iter().filter(|row| row.accepted == accepted).count();
            text.push_str(&format!("{} accepted, {} refused\n", count(true), count(false)));
        }
        text
    }

    /// What was asked, for the first line.
    fn question(&self) -> String {
        let purpose = match self.purpose {
            Purpose::Server => " as a server",
            Purpose::Client => " as a client",
            Purpose::Any => "",
        };
        let host = self.host.as_ref().map(|host| format!(" named {host}")).unwrap_or_default();
        format!("{purpose}{host}, on {}", format_time(self.at))
    }
}

impl Row {
    fn text(&self, report: &Report, several: bool, text: &mut String) {
        let word = match (self.accepted, self.undecided) {
            (true, _) => styled(GOOD, "accepted"),
            (false, true) => styled(WARN, "undecided"),
            (false, false) => styled(BAD, "refused"),
        };
        let differs = self.rustls.as_ref().is_some_and(|rustls| rustls.difference.is_some());
        if several && self.accepted && !differs {
            text.push_str(&format!("{word}  {}\n", self.leaf));
            return;
        }
        text.push_str(&format!("{word}: {}{}\n", self.leaf, report.question()));
        for (index, step) in self.path.iter().enumerate() {
            text.push_str(&format!("  {}  {}  ({})\n", index + 1, step.subject, step.origin));
        }
        for told in &self.findings {
            let finding = &told.finding;
            let subject =
                self.path.get(finding.certificate - 1).map_or(finding.subject.as_str(), |step| &step.subject);
            text.push_str(&format!(
                "certificate {} of {} ({subject}, {}) · {} · {} · {}\n",
                finding.certificate,
                finding.of,
                finding.origin,
                styled(BOLD, finding.rule.code()),
                finding.fact,
                told.remedy,
            ));
        }
        if let Some(rustls) = &self.rustls {
            let word = if rustls.accepted { "accepts it" } else { "refuses it" };
            let reason = rustls.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let differs = rustls.difference.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            text.push_str(&format!("rustls {word}{reason}{differs}\n"));
        }
    }
}
