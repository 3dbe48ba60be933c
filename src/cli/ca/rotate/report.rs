//! What a rollover says: before a phase what it does, after it how it came out and what comes next.

use serde::Serialize;

use crate::{
    cli::{
        OutputArgs,
        hint::pki_option,
        terminal::{self, BAD, BOLD, GOOD, WARN, styled},
    },
    name::escape,
    rotate::Row,
    store::Phase,
};

/// One thing that a phase does.
#[derive(Serialize)]
pub(super) struct Step {
    #[serde(rename = "do")]
    verb: &'static str,
    what: String,
}

/// What `ca rotate` answers.
#[derive(Serialize)]
pub(super) struct Report {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry_run: bool,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) phase: Phase,
    pub(super) steps: Vec<Step>,
    pub(super) proof: Vec<Row>,
    /// Certificates in use that peers would refuse without the old CA
    pub(super) dependent: Vec<String>,
    pub(super) done: bool,
    pub(super) next: Vec<String>,
}

impl Report {
    /// Adds something that the phase does.
    pub(super) fn step(&mut self, verb: &'static str, what: String) {
        self.steps.push(Step { verb, what });
    }

    /// Says what the phase does, before it is done.
    pub(super) fn announce(&self, output: OutputArgs) -> anyhow::Result<()> {
        if output.json || output.quiet {
            return Ok(());
        }
        let number = Phase::ALL.iter().position(|phase| *phase == self.phase).unwrap_or(0) + 1;
        let mut text = format!(
            "phase {number} of {}, {}: \"{}\" gives place to \"{}\"\n",
            Phase::ALL.len(),
            styled(BOLD, self.phase.name()),
            escape(&self.from),
            escape(&self.to),
        );
        for step in &self.steps {
            text.push_str(&format!("  {:8}  {}\n", step.verb, step.what));
        }
        terminal::print(&text)
    }

    /// What people have to do now.
    pub(super) fn set_next(&mut self, root: bool) {
        let name = shlex::try_quote(&self.from).map(|name| name.into_owned()).unwrap_or_default();
        let pki = pki_option();
        let go_on = |phase: Phase| format!("pkit ca rotate {name} --phase {}{pki}", phase.name());
        let renew = format!("pkit renew --all{pki}");
        let next: &[&str] = match (self.phase, root) {
            _ if self.dry_run => &[],
            (Phase::TrustBoth, true) => &["bring ca.pem to every peer, and have all of them reload it"],
            (Phase::TrustBoth, false) => {
                &["bring its certificate and CRL to every peer that keeps those of the old one"]
            }
            (Phase::IssueFromNew, _) => &[&renew, "have all servers and clients reload"],
            (Phase::DropOld, true) => {
                &["have all peers reload ca.pem", "take the old root out of every other trust store"]
            }
            (Phase::DropOld, false) => &["put the key of the old CA away, or revoke its certificate"],
        };
        self.next = next.iter().map(|line| (*line).to_owned()).collect();
        if self.phase == Phase::DropOld && !self.dry_run && !self.dependent.is_empty() {
            let names = shlex::try_join(self.dependent.iter().map(String::as_str)).unwrap_or_default();
            self.next.insert(0, format!("pkit renew {names}{pki}, and have them reload"));
        }
        if let Some(phase) = self.phase.next().filter(|_| !self.dry_run) {
            self.next.push(go_on(phase));
        }
    }

    pub(super) fn tell(&self, output: OutputArgs) -> anyhow::Result<()> {
        if output.json {
            return terminal::print_json(self);
        }
        let mut text = String::new();
        for row in &self.proof {
            let mark = if row.passed { styled(GOOD, "ok    ") } else { styled(BAD, "FAILED") };
            text.push_str(&format!(
                "  {mark}    {} server, {} client, below \"{}\", trusting {}{}\n",
                row.server,
                row.client,
                escape(&row.signer),
                escape(&row.trusted.join(" and ")),
                if row.passed { String::new() } else { format!(": {}", row.reason) },
            ));
        }
        let dependent = &self.dependent;
        if !dependent.is_empty() {
            let shown: Vec<_> = dependent.iter().take(10).map(|name| escape(name)).collect();
            let more = if dependent.len() > 10 { ", …" } else { "" };
            let count = dependent.len();
            text.push_str(&format!(
                "  {}   {count} in use on \"{}\": {}{more}\n",
                styled(WARN, "hanging"),
                escape(&self.from),
                shown.join(", ")
            ));
        }
        let refused = !self.done && !self.dry_run;
        let verdict = match (self.done, refused) {
            (true, _) => styled(GOOD, "done"),
            (_, true) => format!("{}: nothing was changed", styled(BAD, "refused")),
            _ => "nothing was written".into(),
        };
        text.push_str(&format!("{verdict}\n"));
        if refused && self.proof.iter().all(|row| row.passed) {
            text.push_str(&format!(
                "  next      pkit renew --all{}, and have all servers and clients reload\n",
                pki_option()
            ));
        }
        for (index, line) in self.next.iter().enumerate() {
            text.push_str(&format!("  {:8}  {line}\n", if index == 0 { "next" } else { "then" }));
        }
        if output.quiet && !refused { Ok(()) } else { terminal::print(&text) }
    }
}
