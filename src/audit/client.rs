//! A client, sent to the good server and to every wrong one.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Audited, Check, Report, Row, Selection, Status,
    ancient::{Ancient, Reaction},
    reason::{fits, hole},
};
use crate::{
    Error,
    cert::Certificate,
    tls::{
        Alert, ClientAuth, Clock, Identity, Version,
        hello::LegacyVersion,
        serve::{self, ConnectionReport, Outcome},
    },
    twin::{Attempt, Fault, Twin, Twins},
};

/// How a client is asked.
pub struct ClientAudit<'a> {
    /// What the client is, for the report.
    pub target: String,
    /// The CAs whose clients the good server lets in; it asks for a certificate and does not insist on one.
    pub client_ca: Vec<Certificate>,
    /// Sends the client to an address, and waits for its end.
    pub run: &'a dyn Fn(SocketAddr) -> Result<Ran, Error>,
    /// The rows that are wanted.
    pub selection: Selection,
    /// Whether the client was told of revocation lists, so that it must refuse what they revoke.
    pub knows_lists: bool,
    /// How long a connection may take.
    pub timeout: Duration,
}

/// How a client ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Whether it said that all is well.
    pub succeeded: bool,
    /// How it ended: `exit status 60`.
    pub how: String,
    /// What it said.
    pub output: String,
}

/// Sends the client to all servers. `watch` is told every row when it is known.
///
/// # Errors
/// Those of starting the client and the servers, and of signing. A client that reaches no good server is a report with a problem.
pub fn client(
    audit: &ClientAudit<'_>,
    twins: &Twins<'_>,
    clock: &Clock,
    watch: &dyn Fn(&Row),
) -> Result<Report, Error> {
    Run { audit, twins, clock, watch, rows: Vec::new() }.run()
}

struct Run<'a> {
    audit: &'a ClientAudit<'a>,
    twins: &'a Twins<'a>,
    clock: &'a Clock,
    watch: &'a dyn Fn(&Row),
    rows: Vec<Row>,
}

/// What one server saw of the client, and how that ended.
struct Met {
    connections: Vec<ConnectionReport>,
    ran: Ran,
    duration: Duration,
}

impl Met {
    fn requested(&self) -> bool {
        self.connections.iter().any(|one| one.request.is_some())
    }

    /// Whether the client made the handshake to its end, whatever came then. Refused by us it was after that, too.
    fn shook_hands(&self) -> bool {
        self.connections.iter().any(|one| matches!(one.outcome, Outcome::Accepted | Outcome::Refused))
    }

    fn came(&self) -> bool {
        self.connections.iter().any(|one| one.outcome != Outcome::Empty)
    }

    fn alert(&self) -> Option<Alert> {
        self.connections.iter().find_map(|one| one.alert_received.clone())
    }

    fn reason(&self) -> String {
        let said = self.connections.iter().rfind(|one| one.outcome != Outcome::Empty);
        said.map_or_else(|| "the client did not come".to_owned(), |one| one.reason.clone())
    }
}

impl Run<'_> {
    fn run(mut self) -> Result<Report, Error> {
        let mut first = Vec::new();
        for version in [Version::Tls12, Version::Tls13] {
            let Twin { identity, serials } = self.twins.good()?;
            first.push((version, self.meet(version, identity)?, serials));
        }
        let good = |met: &Met| met.requested() && met.ran.succeeded;
        let speaks: Vec<Version> =
            first.iter().filter(|(_, met, _)| good(met)).map(|(version, ..)| *version).collect();
        for (version, met, serials) in first {
            if !speaks.is_empty() && !met.requested() && !met.shook_hands() && met.came() {
                let why = format!("the client does not speak TLS {version}: {}", met.reason());
                let output = met.ran.output;
                self.push(Row { serials, output, ..Row::not_tried(Check::Good, version, &why) });
            } else if let Some(problem) = self.control(Check::Good, version, &met, serials) {
                return Ok(self.end(speaks, Some(problem)));
            }
        }
        for check in Check::of_clients() {
            match check {
                Check::Old(old) => self.old(old)?,
                _ => {
                    for version in &speaks {
                        self.wrong(check, *version)?;
                    }
                }
            }
        }
        for version in &speaks {
            let Twin { identity, serials } = self.twins.good()?;
            let met = self.meet(*version, identity)?;
            if let Some(problem) = self.control(Check::GoodAgain, *version, &met, serials) {
                return Ok(self.end(speaks, Some(problem)));
            }
        }
        Ok(self.end(speaks, None))
    }

    fn end(self, speaks: Vec<Version>, problem: Option<String>) -> Report {
        Report::new(Audited::Client, self.audit.target.clone(), speaks, self.rows, problem)
    }

    fn push(&mut self, row: Row) {
        (self.watch)(&row);
        self.rows.push(row);
    }

    /// Starts a server that shows this, and sends the client there.
    fn meet(&self, version: Version, identity: Identity) -> Result<Met, Error> {
        let options = serve::Options {
            client_auth: ClientAuth::Optional,
            version: Some(version),
            timeout: self.audit.timeout,
            ..serve::Options::new(identity, self.audit.client_ca.clone())
        };
        let server = serve::Server::bind(options, Arc::clone(self.clock))?;
        let (address, stopper) = (server.address(), server.stopper());
        let connections: Mutex<Vec<ConnectionReport>> = Mutex::default();
        let note = |report: &ConnectionReport| {
            connections.lock().unwrap_or_else(PoisonError::into_inner).push(report.clone());
        };
        let begun = Instant::now();
        let ran = thread::scope(|scope| {
            let serving = scope.spawn(|| server.run(&note));
            let ran = (self.audit.run)(address);
            stopper.stop();
            match serving.join() {
                Ok(summary) => summary.and(ran),
                Err(_) => Err(Error::TlsSetup { cause: "the server stopped before its time".into() }),
            }
        })?;
        let connections = connections.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Met { connections, ran, duration: begun.elapsed() })
    }

    /// The good one must be answered; else why nothing counts.
    fn control(&mut self, check: Check, version: Version, met: &Met, serials: Vec<String>) -> Option<String> {
        let passed = met.requested() && met.ran.succeeded;
        let status = if passed { Status::Passed } else { Status::Undecided };
        let happened = match (met.requested(), met.ran.succeeded) {
            (true, true) => "its request came, and it ended well".to_owned(),
            (true, false) => format!("its request came, and it ended with {}", met.ran.how),
            (false, _) => format!("no request came: {}; it ended with {}", met.reason(), met.ran.how),
        };
        let row = Row::new(check, version, status, happened);
        let problem =
            format!("the client does not get along with the good server (TLS {version}): {}", row.happened);
        self.push(Row { serials, duration: met.duration, output: met.ran.output.clone(), ..row });
        (!passed).then_some(problem)
    }

    fn wrong(&mut self, check: Check, version: Version) -> Result<(), Error> {
        let Check::Wrong(fault) = check else { return Ok(()) };
        if !self.audit.selection.has(check) {
            self.push(Row::skipped(check, version));
            return Ok(());
        }
        let Twin { identity, serials } = match self.twins.wrong(fault)? {
            Attempt::Made(twin) => twin,
            Attempt::NotMade(why) => {
                self.push(Row::not_tried(check, version, &why));
                return Ok(());
            }
        };
        let met = self.meet(version, identity)?;
        let row = self.judge(check, version, &met);
        self.push(Row { serials, duration: met.duration, output: met.ran.output, ..row });
        Ok(())
    }

    /// What the client made of a wrong server.
    fn judge(&self, check: Check, version: Version, met: &Met) -> Row {
        let row = |status, happened| Row::new(check, version, status, happened);
        let how = &met.ran.how;
        let hole = |happened: String| Row {
            hole: Some(hole(check, Audited::Client)),
            ..row(Status::Hole, happened)
        };
        if met.requested() {
            return match check {
                Check::Wrong(Fault::Revoked) if !self.audit.knows_lists => {
                    row(Status::Note, "its request came; it was told of no revocation list".to_owned())
                }
                Check::Wrong(Fault::NoIntermediate) if self.refuses(Fault::Untrusted, version) => {
                    row(Status::Note, "the client knows the intermediate itself".to_owned())
                }
                _ => hole("its request came".to_owned()),
            };
        }
        if !met.came() {
            return row(Status::Undecided, format!("the client did not come, and ended with {how}"));
        }
        if met.shook_hands() {
            return match met.ran.succeeded {
                true => hole(format!("it made the handshake to its end, and ended with {how}")),
                false => {
                    row(Status::Passed, format!("it broke off after the handshake, and ended with {how}"))
                }
            };
        }
        self.broke_off(check, version.to_string(), met.alert(), &met.ran)
    }

    fn refuses(&self, fault: Fault, version: Version) -> bool {
        let tls = version.to_string();
        let mut rows = self.rows.iter().filter(|row| row.check == fault.code() && row.tls == tls);
        rows.any(|row| row.status == Status::Passed)
    }

    /// The client broke off in the handshake.
    fn broke_off(&self, check: Check, tls: String, alert: Option<Alert>, ran: &Ran) -> Row {
        let how = &ran.how;
        let said = match &alert {
            Some(alert) => format!("it sent the alert {alert}, and ended with {how}"),
            None => format!("it broke off, and ended with {how}; no reason was told"),
        };
        let right = alert.as_ref().is_none_or(|alert| fits(check, alert));
        let row = match (ran.succeeded, right) {
            (true, _) => Row {
                hole: Some("says that all is well though it broke off".to_owned()),
                ..Row::new(check, tls, Status::Hole, said)
            },
            (false, true) => Row::new(check, tls, Status::Passed, said),
            (false, false) => Row::new(check, tls, Status::WrongReason, said),
        };
        Row { alert, ..row }
    }

    /// Whether the client would speak a version that it should not.
    fn old(&mut self, version: LegacyVersion) -> Result<(), Error> {
        let check = Check::Old(version);
        let shown = version.to_string();
        let tls = shown.rsplit(' ').next().unwrap_or_default();
        if !self.audit.selection.has(check) {
            self.push(Row::skipped(check, tls));
            return Ok(());
        }
        let begun = Instant::now();
        let server = Ancient::start(version)?;
        let ran = (self.audit.run)(server.address);
        let reactions = server.end();
        let ran = ran?;
        let row = |status, happened: String| Row::new(check, tls, status, happened);
        let row = if reactions.contains(&Reaction::WentOn) {
            Row {
                hole: Some(hole(check, Audited::Client)),
                ..row(Status::Hole, format!("it went on, and ended with {}", ran.how))
            }
        } else if reactions.iter().all(|reaction| *reaction == Reaction::NoHello) {
            row(Status::Undecided, format!("the client did not come, and ended with {}", ran.how))
        } else {
            let alert = reactions.into_iter().find_map(|reaction| match reaction {
                Reaction::Alert(alert) => Some(alert),
                _ => None,
            });
            self.broke_off(check, tls.to_owned(), alert, &ran)
        };
        self.push(Row { duration: begun.elapsed(), output: ran.output, ..row });
        Ok(())
    }
}
