//! A server, driven with the good client and every wrong one.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Audited, Check, Report, Row, Selection, Status, Verdict,
    check::OLD,
    reason::{fits, hole},
};
use crate::{
    Error,
    tls::{
        Clock, Identity, Version,
        connect::Address,
        hello::{self, Answer, LegacyVersion},
        probe::{self, How, Reception, Side, Trust, probe},
    },
    twin::{Attempt, Fault, Twin, Twins},
};

/// Which server, and how it is asked.
pub struct ServerAudit {
    /// Where it is, whom of it we trust, how long one handshake may take. Its identity and version are not looked at.
    pub probe: probe::Options,
    /// The good client.
    pub own: Identity,
    /// The rows that are wanted.
    pub selection: Selection,
    /// Whether a name that nobody can have allowed must be refused.
    pub expect_allow_list: bool,
    /// The lowest version of TLS that may be spoken.
    pub floor: Version,
}

/// What one client met.
struct Met {
    report: Result<probe::Report, Error>,
    duration: Duration,
}

impl Met {
    /// Whether the server let the client in; and whether it wanted to know who that is.
    fn accepted(&self) -> Option<bool> {
        let report = self.report.as_ref().ok()?;
        match (report.server_to_us.verdict, report.us_to_server.verdict) {
            (Trust::Trusted, Reception::Accepted) => Some(true),
            (Trust::Trusted, Reception::NotAsked) => Some(false),
            _ => None,
        }
    }

    fn reason(&self) -> String {
        match &self.report {
            Ok(report) => report.reason.clone(),
            Err(error) => told(error),
        }
    }
}

/// An error in one line.
fn told(error: &Error) -> String {
    let facts: Vec<_> = error.facts().into_iter().map(|fact| fact.value).collect();
    format!("{error}: {}", facts.join(", "))
}

/// Drives the server. `watch` is told every row when it is known.
///
/// # Errors
/// Those of connecting for the first time, and of signing. A server that lets nobody in is a report with a problem.
pub fn server(
    audit: &ServerAudit,
    twins: &Twins<'_>,
    clock: &Clock,
    watch: &dyn Fn(&Row),
) -> Result<Report, Error> {
    Run { audit, twins, clock, watch, rows: Vec::new() }.run()
}

struct Run<'a> {
    audit: &'a ServerAudit,
    twins: &'a Twins<'a>,
    clock: &'a Clock,
    watch: &'a dyn Fn(&Row),
    rows: Vec<Row>,
}

impl Run<'_> {
    fn run(mut self) -> Result<Report, Error> {
        let own = &self.audit.own;
        let mut first = Vec::new();
        for version in [Version::Tls12, Version::Tls13] {
            first.push((version, self.meet(version, Some(own.clone()))));
        }
        let speaks: Vec<Version> =
            first.iter().filter(|(_, met)| met.accepted().is_some()).map(|(version, _)| *version).collect();
        if speaks.is_empty() && first.iter().all(|(_, met)| met.report.is_err()) {
            // Nobody is there.
            let error = first.into_iter().find_map(|(_, met)| met.report.err());
            return Err(error.unwrap_or(Error::TlsSetup { cause: "nothing was tried".into() }));
        }
        let mut address = None;
        let mut asks = true;
        for (version, met) in first {
            if let Ok(report) = &met.report {
                address = address.or(match &report.address {
                    Address::Tcp(address) => Some(*address),
                    Address::Unix(_) => None,
                });
            }
            let negotiated = met.report.as_ref().is_ok_and(|report| report.negotiated.is_some());
            if !speaks.is_empty() && met.accepted().is_none() && !negotiated {
                let why = format!("the server does not speak TLS {version}: {}", met.reason());
                self.push(Row::not_tried(Check::Own, version, &why));
                continue;
            }
            asks &= met.accepted().unwrap_or(true);
            if let Some(problem) = self.control(Check::Own, version, met, Vec::new()) {
                return Ok(self.end(speaks, Some(problem)));
            }
        }
        for version in &speaks {
            if let Some(problem) = self.good(Check::Good, *version)? {
                return Ok(self.end(speaks, Some(problem)));
            }
        }
        for check in Check::of_servers() {
            match check {
                Check::Old(old) => self.old(old, address)?,
                _ => {
                    for version in &speaks {
                        self.wrong(check, *version, asks)?;
                    }
                }
            }
        }
        if self.audit.floor == Version::Tls13 {
            self.old(LegacyVersion::Tls12, address)?;
        }
        for version in &speaks {
            if let Some(problem) = self.good(Check::GoodAgain, *version)? {
                return Ok(self.end(speaks, Some(problem)));
            }
        }
        Ok(self.end(speaks, None))
    }

    fn end(self, speaks: Vec<Version>, problem: Option<String>) -> Report {
        let target = probe::endpoint(&self.audit.probe.host, self.audit.probe.port);
        Report::new(Audited::Server, target, speaks, self.rows, problem)
    }

    fn push(&mut self, row: Row) {
        (self.watch)(&row);
        self.rows.push(row);
    }

    fn meet(&self, version: Version, identity: Option<Identity>) -> Met {
        let options = probe::Options { identity, version: Some(version), ..self.audit.probe.clone() };
        let begun = Instant::now();
        let report = probe(&options, Arc::clone(self.clock));
        Met { report, duration: begun.elapsed() }
    }

    /// The good one must be let in; else why nothing counts.
    fn control(&mut self, check: Check, version: Version, met: Met, serials: Vec<String>) -> Option<String> {
        let accepted = met.accepted();
        let status = if accepted.is_some() { Status::Passed } else { Status::Undecided };
        let duration = met.duration;
        self.push(Row { serials, duration, ..Row::new(check, version, status, met.reason()) });
        if accepted.is_some() {
            return None;
        }
        let ours = met.report.is_ok_and(|report| report.side == Some(Side::Us));
        let who = if ours { "we do not trust the server" } else { "the good client is not let in" };
        let last = self.rows.last().map(|row| row.happened.clone()).unwrap_or_default();
        Some(format!("{who} ({}, TLS {version}): {last}", check.title()))
    }

    fn good(&mut self, check: Check, version: Version) -> Result<Option<String>, Error> {
        let Twin { identity, serials } = self.twins.good()?;
        let met = self.meet(version, Some(identity));
        Ok(self.control(check, version, met, serials))
    }

    fn wrong(&mut self, check: Check, version: Version, asks: bool) -> Result<(), Error> {
        if !self.audit.selection.has(check) {
            self.push(Row::skipped(check, version));
            return Ok(());
        }
        let (identity, serials) = match check {
            // No certificate of any kind changes what a server says that asks for none.
            Check::Wrong(_) if !asks => {
                self.push(Row::not_tried(check, version, "the server does not ask for a certificate"));
                return Ok(());
            }
            Check::Wrong(fault) => match self.twins.wrong(fault)? {
                Attempt::NotMade(why) => {
                    self.push(Row::not_tried(check, version, &why));
                    return Ok(());
                }
                Attempt::Made(Twin { identity, serials }) => (Some(identity), serials),
            },
            _ => (None, Vec::new()),
        };
        let met = self.meet(version, identity);
        let row = self.judge(check, version, &met);
        self.push(Row { serials, duration: met.duration, ..row });
        Ok(())
    }

    /// How a wrong client was received.
    fn judge(&self, check: Check, version: Version, met: &Met) -> Row {
        let report = match &met.report {
            Ok(report) => report,
            Err(error) => return Row::new(check, version, Status::Undecided, told(error)),
        };
        let received = &report.us_to_server;
        let row = |status| Row::new(check, version, status, received.reason.clone());
        if let Some(why) = &report.certificate_request.withheld {
            return Row::not_tried(check, version, why);
        }
        if report.server_to_us.verdict != Trust::Trusted {
            return Row::new(check, version, Status::Undecided, report.reason.clone());
        }
        // The good one got another answer to the same request.
        let bad_request = report.response.as_ref().is_some_and(|response| response.status == 400);
        match received.verdict {
            Reception::Refused => match &received.alert {
                Some(alert) if !fits(check, alert) => {
                    Row { alert: Some(alert.clone()), ..row(Status::WrongReason) }
                }
                Some(alert) => Row { alert: Some(alert.clone()), ..row(Status::Passed) },
                None if received.how == How::HttpStatus => row(Status::Passed),
                None => {
                    let happened = format!("{}; no reason was told", received.reason);
                    Row::new(check, version, Status::Passed, happened)
                }
            },
            Reception::Undecided if bad_request => row(Status::Passed),
            Reception::Undecided => row(Status::Undecided),
            Reception::NotAsked => {
                let hole = Some("does not ask for a certificate".to_owned());
                Row { hole, ..row(Status::Hole) }
            }
            Reception::Accepted => self.let_in(check, row(Status::Hole)),
        }
    }

    /// A wrong client was let in.
    fn let_in(&self, check: Check, row: Row) -> Row {
        let words = hole(check, Audited::Server);
        let refuses = |code: &str| {
            let mut same = self.rows.iter().filter(|other| other.check == code && other.tls == row.tls);
            same.any(|other| other.status == Status::Passed)
        };
        match check {
            // Whether there is a list of who may come in is the server's business.
            Check::Wrong(Fault::UnallowedName) if !self.audit.expect_allow_list => {
                let happened = format!("{words}: it has no list of who may come in, or was not asked for it");
                Row { status: Status::Note, happened, ..row }
            }
            // Who refuses strangers and lets this one in has the intermediate in its own store.
            Check::Wrong(Fault::NoIntermediate) if refuses(Fault::Untrusted.code()) => {
                let happened = "the server knows the intermediate itself".to_owned();
                Row { status: Status::Note, happened, ..row }
            }
            _ => Row { hole: Some(words), ..row },
        }
    }

    /// Whether a version is spoken that should not be.
    fn old(&mut self, version: LegacyVersion, address: Option<SocketAddr>) -> Result<(), Error> {
        let check = Check::Old(version);
        let shown = version.to_string();
        let tls = shown.rsplit(' ').next().unwrap_or_default();
        if !self.audit.selection.has(check) {
            self.push(Row::skipped(check, tls));
            return Ok(());
        }
        let Some(address) = address else {
            self.push(Row::not_tried(check, tls, "this is tried over TCP alone"));
            return Ok(());
        };
        let begun = Instant::now();
        let deadline = begun + self.audit.probe.timeout;
        let name = self.audit.probe.server_name.as_deref().unwrap_or(&self.audit.probe.host);
        let name = name.parse::<std::net::IpAddr>().is_err().then_some(name);
        let row = match hello::spoken(address, name, version, deadline) {
            Err(error) => Row::new(check, tls, Status::Undecided, told(&error)),
            Ok(Answer::Accepted { version: chosen, cipher, .. })
                if OLD.contains(&chosen) || chosen == version =>
            {
                Row {
                    hole: Some(hole(Check::Old(chosen), Audited::Server)),
                    ..Row::new(
                        check,
                        tls,
                        Status::Hole,
                        format!("the server goes on with {chosen}, {cipher}"),
                    )
                }
            }
            Ok(Answer::Accepted { version: chosen, .. }) => {
                let happened = format!("the server goes on with {chosen}, which was not offered");
                Row::new(check, tls, Status::Undecided, happened)
            }
            Ok(Answer::Alert(alert)) => {
                let status = if fits(check, &alert) { Status::Passed } else { Status::WrongReason };
                let happened = format!("the server sent the alert {alert}: {}", alert.meaning());
                Row { alert: Some(alert), ..Row::new(check, tls, status, happened) }
            }
            Ok(Answer::Closed) => {
                let happened = "the server closed the connection; no reason was told".to_owned();
                Row::new(check, tls, Status::Passed, happened)
            }
            Ok(Answer::Silent) => {
                Row::new(check, tls, Status::Undecided, "the server said nothing".to_owned())
            }
            Ok(Answer::NotTls) => {
                Row::new(check, tls, Status::Undecided, "what the server said is not TLS".to_owned())
            }
        };
        self.push(Row { duration: begun.elapsed(), ..row });
        Ok(())
    }
}

impl Report {
    /// Whether every row that was tried holds.
    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }
}
