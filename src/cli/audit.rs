//! `pkit audit`: does your own server, or your own client, refuse what it must?

mod client;
mod junit;
mod run;
mod server;
pub(super) mod table;

use std::{cell::OnceCell, io::IsTerminal, path::PathBuf, time::Instant};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use time::OffsetDateTime;

use super::{
    Context, Exit, OutputArgs,
    deliver::deliver,
    exit,
    passphrase::PassphraseArgs,
    signer::{IssuerArgs, Signer},
    terminal,
};
use crate::{
    Error,
    audit::{Check, Report, Selection, Verdict},
    cert::Certificate,
    crl::Crl,
    fs, issue,
    store::Store,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit audit server api.internal:8443 --as service-a
  pkit audit client --as-server localhost --client service-a -- \\
    curl --cacert {ca} --cert {cert} --key {key} {url}

A server meets the good client and every wrong one, a client the good server and every wrong one.
What is wrong is made in memory from the CA of the PKI directory, lasts an hour at most, and is on no
record; --json has its serial numbers."))]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drive a server with every client that it must refuse
    Server(server::Args),
    /// Send a client to every server that it must refuse
    Client(client::Args),
}

/// Options of both.
#[derive(clap::Args)]
pub(super) struct MatrixArgs {
    /// Try these rows alone, by their names in --json
    #[arg(long, value_name = "ROW", value_delimiter = ',', help_heading = "Rows")]
    only: Vec<String>,
    /// Leave these rows out
    #[arg(long, value_name = "ROW", value_delimiter = ',', help_heading = "Rows")]
    skip: Vec<String>,
    /// The serial number, in hexadecimal, of a certificate that the CA has revoked; else one of its CRL
    #[arg(long, value_name = "HEX", help_heading = "Rows")]
    revoked_serial: Option<String>,
    /// Write the rows to a file in JUnit's XML too
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    junit: Option<PathBuf>,
    /// Replace that file
    #[arg(long, requires = "junit", help_heading = "Report")]
    force: bool,
}

impl MatrixArgs {
    fn selection(&self, known: &[Check]) -> Result<Selection, Error> {
        Selection::new(self.only.clone(), self.skip.clone(), known)
    }

    fn revoked(&self, signer: &Signer, store: &Store, files: &[PathBuf]) -> Result<Option<Vec<u8>>, Error> {
        revoked_by(signer, store, self.revoked_serial.as_deref(), files)
    }

    /// Prints and writes the report.
    fn deliver(&self, report: &Report, head: &str, output: OutputArgs) -> anyhow::Result<Exit> {
        if let Some(path) = &self.junit {
            deliver(path, junit::junit(report).as_bytes(), fs::PUBLIC, self.force)?;
        }
        if output.json {
            terminal::print_json(report)?;
        } else if output.quiet {
            terminal::print(&table::summary(report))?;
        } else {
            let spoken: Vec<_> = report.speaks.iter().map(ToString::to_string).collect();
            let spoken =
                if spoken.is_empty() { String::new() } else { format!(", TLS {}", spoken.join(" and ")) };
            let (table, summary) = (table::table(report), table::summary(report));
            terminal::print(&format!("{head}{spoken}\n{table}\n{summary}"))?;
        }
        Ok(match report.verdict {
            Verdict::Holds => Exit::Yes,
            Verdict::Holes => Exit::No,
            Verdict::Undecided => Exit::Failed,
        })
    }

    /// Refuses a report file that is there before anything is tried.
    fn require_writable(&self) -> Result<(), Error> {
        match (&self.junit, self.force) {
            (Some(path), false) if path.is_file() => Err(Error::FileExists { path: path.clone() }),
            _ => Ok(()),
        }
    }
}

/// The serial number of a certificate that a CA has revoked: the one that was named, or one of its list, in these files or beside
/// its certificate.
pub(super) fn revoked_by(
    signer: &Signer,
    store: &Store,
    named: Option<&str>,
    files: &[PathBuf],
) -> Result<Option<Vec<u8>>, Error> {
    if let Some(serial) = named {
        return issue::serial_number(serial).map(Some);
    }
    let mut lists = Vec::new();
    for file in files {
        lists.extend(Crl::load(file)?);
    }
    if let (Some(name), []) = (&signer.name, files) {
        let path = store.authority(name)?.crl();
        match Crl::load(&path) {
            Err(Error::FileNotFound { .. }) => {}
            found => lists = found?,
        }
    }
    let own = lists.into_iter().find(|list| list.verify(signer.issuer.certificate()).is_ok());
    let serial = own.and_then(|list| list.revoked().first().map(|entry| entry.serial.to_vec()));
    Ok(serial.map(|octets| octets.into_iter().skip_while(|octet| *octet == 0).collect()))
}

/// Opens the CA of the PKI directory that signed a certificate.
pub(super) fn signer_of(
    certificate: &Certificate,
    store: &Store,
    passphrase: &PassphraseArgs,
    now: OffsetDateTime,
) -> Result<Signer, Error> {
    let mut above: Vec<_> = store
        .authorities()?
        .into_iter()
        .filter(|ca| certificate.is_signed_by(ca.certificate.public_key()).is_ok())
        .collect();
    // A CA that was certified twice is here under two names, and its key under one.
    above.sort_by_key(|ca| !ca.key.exists());
    match above.first() {
        Some(ca) => IssuerArgs::named(&ca.name).open_named(store, passphrase, now),
        None => Err(Error::CaUnknown {
            name: certificate.issuer().short(),
            known: store.authorities()?.into_iter().map(|ca| ca.name).collect(),
        }),
    }
}

/// What is shown on a terminal while it takes long.
struct Progress {
    begun: Instant,
    rows: usize,
    quiet: bool,
    bar: OnceCell<ProgressBar>,
}

/// From when on it is worth a line.
const LONG: std::time::Duration = std::time::Duration::from_secs(1);

impl Progress {
    fn new(rows: usize, output: OutputArgs) -> Self {
        let quiet = output.quiet || output.json || !std::io::stderr().is_terminal();
        Self { begun: Instant::now(), rows, quiet, bar: OnceCell::new() }
    }

    /// One row is known.
    fn row(&self, done: usize, what: &str) {
        if self.quiet || self.begun.elapsed() < LONG {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new(self.rows as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(done as u64);
        bar.set_message(what.to_owned());
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Command::Server(args) => server::run(args, context),
        Command::Client(args) => client::run(args, context),
    }
}
