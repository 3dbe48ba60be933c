//! What `renew` answers: for each name what became of it, what changed, and what did not.

use std::{path::PathBuf, rc::Rc};

use serde::Serialize;
use time::OffsetDateTime;

use super::Args;
use crate::{
    Error,
    cli::{
        issued::Told,
        terminal::{self, BAD, BOLD, ErrorBody, GOOD, complain, styled},
    },
    name::escape,
    renew::{New, Old},
    validity::{format_rfc3339, relative, tell},
};

/// What became of a name.
pub(super) enum Outcome {
    Renewed(Box<Renewed>),
    /// It is not due, and ends then.
    NotDue(OffsetDateTime),
    /// Another process renewed it since it was looked at.
    Meanwhile,
    Failed(Rc<Error>),
}

/// A certificate that took the place of another.
#[derive(Serialize)]
pub(super) struct Renewed {
    kind: String,
    /// Serial number of the new one, and of the one it replaces
    serial: String,
    replaces: String,
    not_before: String,
    not_after: String,
    subject: String,
    sans: Vec<String>,
    sans_added: Vec<String>,
    sans_removed: Vec<String>,
    issuer: String,
    key: String,
    key_reused: bool,
    changed: Vec<&'static str>,
    unchanged: Vec<&'static str>,
    path: PathBuf,
    certificate: String,
    notices: Vec<Told>,
    #[serde(skip)]
    ends: OffsetDateTime,
    #[serde(skip)]
    ended: OffsetDateTime,
}

impl Outcome {
    pub(super) fn renewed(old: &Old, new: &New, path: PathBuf) -> Self {
        let (before, after) = (&old.certificate, &new.certificate);
        let names = |of: &crate::cert::Certificate| -> Vec<String> {
            of.subject_alt_names().iter().map(ToString::to_string).collect()
        };
        let (had, has) = (names(before), names(after));
        let without = |all: &[String], other: &[String]| -> Vec<String> {
            all.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let same = [
            ("subject", before.subject() == after.subject()),
            ("names", had == has),
            ("profile", true),
            ("issuer", before.issuer() == after.issuer()),
            ("key", before.public_key() == after.public_key()),
            ("dates", false),
            ("serial number", before.serial() == after.serial()),
        ];
        let told =
            |wanted: bool| same.iter().filter(|(_, same)| *same == wanted).map(|(what, _)| *what).collect();
        let validity = after.validity();
        Self::Renewed(Box::new(Renewed {
            kind: old.profile.to_string(),
            serial: after.serial_hex(),
            replaces: before.serial_hex(),
            not_before: format_rfc3339(validity.not_before),
            not_after: format_rfc3339(validity.not_after),
            subject: after.subject().to_string(),
            sans_added: without(&has, &had),
            sans_removed: without(&had, &has),
            sans: has,
            issuer: after.issuer().to_string(),
            key: after.key_algorithm().to_string(),
            key_reused: new.key_reused,
            changed: told(false),
            unchanged: told(true),
            path,
            certificate: after.to_pem(),
            notices: new.notices.iter().map(Told::from).collect(),
            ends: validity.not_after,
            ended: before.validity().not_after,
        }))
    }
}

/// Each name with what became of it.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<(String, Outcome)>,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    renewed: Vec<JsonRow<'a, &'a Renewed>>,
    not_due: Vec<JsonRow<'a, NotDue>>,
    failed: Vec<JsonRow<'a, Failed<'a>>>,
}

#[derive(Serialize)]
struct JsonRow<'a, T> {
    name: &'a str,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct NotDue {
    /// `None` where another process renewed it just now.
    not_after: Option<String>,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: ErrorBody<'a>,
}

impl Report {
    pub(super) fn push(&mut self, name: &str, outcome: Outcome) {
        self.rows.push((name.to_owned(), outcome));
    }

    pub(super) fn set(&mut self, index: usize, outcome: Outcome) {
        if let Some((_, known)) = self.rows.get_mut(index) {
            *known = outcome;
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.rows.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
    }

    pub(super) fn tell(&self, args: &Args, now: OffsetDateTime) -> anyhow::Result<()> {
        self.complain(args);
        if args.output.json {
            // As of every command that fails at the one thing it was asked for, there is an error and no answer.
            if let [(_, Outcome::Failed(_))] = self.rows.as_slice() {
                return Ok(());
            }
            return terminal::print_json(&self.json(args.dry_run));
        }
        for (name, outcome) in &self.rows {
            if let Outcome::Renewed(renewed) = outcome {
                for notice in &renewed.notices {
                    args.output.notice(format!("{}: {}", escape(name), notice.message()));
                }
            }
        }
        if args.output.quiet { Ok(()) } else { terminal::print(&self.text(args, now)) }
    }

    /// Errors, on standard error: that of one name as any other, those of several a line each.
    fn complain(&self, args: &Args) {
        for (name, outcome) in &self.rows {
            let Outcome::Failed(error) = outcome else { continue };
            if self.rows.len() == 1 {
                terminal::failure(error, args.output.json);
            } else if !args.output.json {
                let facts = error.facts();
                let facts: Vec<_> =
                    facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
                let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
                complain(&format!("{}: {}: {error}{facts}\n", styled(BAD, "error"), escape(name)));
            }
        }
    }

    fn json(&self, dry_run: bool) -> Json<'_> {
        let mut json = Json { dry_run, renewed: vec![], not_due: vec![], failed: vec![] };
        for (name, outcome) in &self.rows {
            match outcome {
                Outcome::Renewed(renewed) => json.renewed.push(JsonRow { name, what: renewed }),
                Outcome::NotDue(ends) => {
                    json.not_due
                        .push(JsonRow { name, what: NotDue { not_after: Some(format_rfc3339(*ends)) } });
                }
                Outcome::Meanwhile => json.not_due.push(JsonRow { name, what: NotDue { not_after: None } }),
                Outcome::Failed(error) => {
                    json.failed.push(JsonRow { name, what: Failed { error: ErrorBody::from(&**error) } });
                }
            }
        }
        json
    }

    fn text(&self, args: &Args, now: OffsetDateTime) -> String {
        let mut text = String::new();
        for (name, outcome) in &self.rows {
            let name = escape(name);
            match outcome {
                Outcome::Renewed(renewed) => {
                    let verb = if args.dry_run { "would renew" } else { "renewed" };
                    text += &format!("{verb} a {} certificate: {}\n", renewed.kind, styled(BOLD, name));
                    text += &renewed.text(now);
                }
                Outcome::NotDue(ends) => {
                    text += &format!("{}  {name}  until {}\n", styled(GOOD, "not due"), tell(*ends, now));
                }
                Outcome::Meanwhile => {
                    text +=
                        &format!("{}  {name}  another pkit renewed it just now\n", styled(GOOD, "not due"));
                }
                Outcome::Failed(_) => {}
            }
        }
        if self.rows.is_empty() {
            text += "nothing is due\n";
        }
        text
    }
}

impl Renewed {
    fn text(&self, now: OffsetDateTime) -> String {
        let ended = if self.ended < now { "ended" } else { "would have ended" };
        let mut text = format!(
            "  until     {}; the old one {ended} {}\n  serial    {}\n  replaces  {}\n",
            tell(self.ends, now),
            relative(self.ended, now),
            self.serial,
            self.replaces
        );
        let added = self.sans_added.iter().map(|name| format!("+{name}"));
        let changes: Vec<_> = added.chain(self.sans_removed.iter().map(|name| format!("-{name}"))).collect();
        if !changes.is_empty() {
            text += &format!("  names     {}\n", changes.join(", "));
        }
        text += &format!("  changed   {}\n", self.changed.join(", "));
        text += &format!("  same      {}\n", self.unchanged.join(", "));
        text + &format!("  files     {}/\n", escape(&self.path.to_string_lossy()))
    }
}
