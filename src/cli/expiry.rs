//! `pkit expiry`: what runs out, and when.

mod csv;
mod html;
mod ics;
mod nagios;
mod progress;
mod prometheus;
mod table;
mod target;

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf, sync::Mutex};

use glob::Pattern;

use super::{
    AtArgs, Context, Exit, PkiArgs, deliver, exit, inspect::PeerArgs, passphrase::PassphraseArgs, terminal,
};
use crate::{
    Error,
    expiry::{Filter, Options, Report, Source, State, Threshold, Thresholds, gather},
    fs,
    key::Passphrase,
    name::escape,
    origin::Origin,
    source,
    store::Store,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit expiry
  pkit expiry pki/ /etc/ssl --warn 30d --critical 7d
  pkit expiry --quiet /etc/nginx || mail -s 'certificates are due' ops
  pkit expiry --at 90d --json fullchain.pem | jq '.leaves[].state'
  pkit expiry /etc --exclude '*.bak' --exclude archive --state due --name '*.internal'
  pkit expiry api.internal:443 10.0.0.7:8443 --timeout 5s --warn 33%
  pkit expiry --starttls smtp mail.internal:587
  pkit expiry --targets servers.txt --format csv --output expiry.csv
  pkit expiry /etc/ssl --format nagios --warn 30d --critical 7d
  pkit expiry pki --format prometheus --output /var/lib/node_exporter/textfile/pkit.prom
  pkit expiry pki --format html --output expiry.html
  kubectl get secrets -A -o yaml | pkit expiry -

Certificates and revocation lists in PEM, DER, PKCS#12, PKCS#7 and Kubernetes Secrets. What is neither is passed over in a
directory, and an error where it was named. Of a PKI directory the current generations count. A certificate stops working with
the first one of its chain that ends: that is its date, and the row names the cause.

A line of --targets is what could stand here, or HOST:PORT and a protocol for STARTTLS; `#` begins a comment.

States: expired, critical, warn, not-yet-valid, ok (or valid); due is all of them but ok.

1 means that something is due: expired, ending within --warn, or not valid yet. Where nothing is due but something could not be read, or nothing was found at all, it is 2. With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, where something could not be read or nothing was found; wrong usage is 3 too."))]
pub(super) struct Args {
    /// Files, directories, `-` for standard input, host:port; the PKI directory where nothing is named
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Look also at what is listed in a file (`-` is standard input), a line each
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
    /// A certificate is due this long before its end, or with so much of its life left: 30d, 33%
    #[arg(long, value_name = "DURATION|PERCENT", default_value = "30d")]
    warn: Option<String>,
    /// It is high time this long before its end; 7d (10% where --warn is a share), or a quarter of a short --warn
    #[arg(long, value_name = "DURATION|PERCENT")]
    critical: Option<String>,
    /// The same as --warn for revocation lists
    #[arg(long, value_name = "DURATION|PERCENT", default_value = "33%")]
    crl_warn: Option<String>,
    /// The same as --critical for revocation lists; 10% unless said otherwise
    #[arg(long, value_name = "DURATION|PERCENT")]
    crl_critical: Option<String>,
    #[command(flatten)]
    at: AtArgs,
    /// Only what is in this state
    #[arg(long, value_name = "STATE", help_heading = "Selection")]
    state: Vec<Wanted>,
    /// Only what has this subject, common name or alternative name; `*` stands for any characters
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    name: Vec<String>,
    /// Only what an issuer of this name signed
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    issuer: Vec<String>,
    /// Leave out files and directories below a directory: by name, or by path where a `/` is in it
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    exclude: Vec<String>,
    /// How to tell it
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        conflicts_with = "json",
        help_heading = "Output"
    )]
    format: Format,
    /// As --format json; errors are JSON on standard error
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Write the answer to a file; one that is there is replaced in one step, so that no reader sees half of it
    #[arg(short, long, value_name = "FILE", alias = "out", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Only what is not well; nothing where all is
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
    #[command(flatten)]
    peer: PeerArgs,
    /// Most servers that are asked at a time
    #[arg(long, value_name = "N", default_value = "32", help_heading = "Servers")]
    parallel: NonZeroUsize,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
}

/// How a report is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets (RFC 4180)
    Csv,
    /// A line with performance data, and how monitoring plugins end
    Nagios,
    /// For the textfile collector of node_exporter
    Prometheus,
    /// A page with a timeline
    Html,
    /// Entries of a calendar, with reminders (RFC 5545)
    Ics,
}

/// States, and sets of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Wanted {
    Expired,
    Critical,
    Warn,
    NotYetValid,
    #[value(alias = "valid")]
    Ok,
    Due,
}

impl Wanted {
    fn holds(self, state: State) -> bool {
        match self {
            Self::Expired => state == State::Expired,
            Self::Critical => state == State::Critical,
            Self::Warn => state == State::Warn,
            Self::NotYetValid => state == State::NotYetValid,
            Self::Ok => state == State::Ok,
            Self::Due => state.is_due(),
        }
    }
}

/// Whether a command line, right or wrong, asks for a report in this format.
pub(super) fn asks_for(format: &str, args: &[OsString]) -> bool {
    let mut words = args.iter().skip(1).take_while(|arg| *arg != "--").map(|arg| arg.to_string_lossy());
    let is_ours = words.next().is_some_and(|command| command == "expiry");
    let rest: Vec<_> = words.collect();
    let joined = format!("--format={format}");
    is_ours
        && (rest.iter().any(|word| *word == joined)
            || rest.windows(2).any(|pair| matches!(pair, [one, two] if one == "--format" && two == format)))
}

/// Tells a monitoring system why there is no answer.
pub(super) fn unknown(message: &str) -> Exit {
    match terminal::print(&nagios::unknown(message)) {
        Ok(()) | Err(_) => Exit::Plugin(nagios::UNKNOWN),
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let format = if args.json { Format::Json } else { args.format };
    let at = args.at.moment(context)?;
    let threshold = |text: &Option<String>| text.as_ref().map(|text| text.parse::<Threshold>()).transpose();
    let certificates = Thresholds::CERTIFICATE.or(threshold(&args.warn)?, threshold(&args.critical)?)?;
    let crls = Thresholds::CRL.or(threshold(&args.crl_warn)?, threshold(&args.crl_critical)?)?;
    let sources = args.sources()?;
    let opener = args.opener();
    let bar = progress::Bar::new(matches!(format, Format::Nagios) || args.json || args.quiet);
    let options = Options {
        exclude: patterns(&args.exclude, "--exclude")?,
        filter: Filter {
            names: patterns(&args.name, "--name")?,
            issuers: patterns(&args.issuer, "--issuer")?,
        },
        opener: &opener,
        parallel: Some(args.parallel),
        progress: &|done, all| bar.set(done, all),
        ..Options::new(context.clock())
    };
    let mut report = gather(&sources, &options).report(&certificates, &crls, at);
    bar.clear();
    // Nothing was seen, so nothing can be said to be well.
    let nothing = (report.counts.all() == 0 && report.errors.is_empty()).then(|| Error::NothingFound {
        origin: match sources.as_slice() {
            [Source::Path(one)] => source::origin(one),
            several => Origin::named(&format!("{} places", several.len())),
        },
        what: "certificate to look at",
    });
    if let (Some(error), Format::Prometheus) = (nothing.as_ref(), format) {
        // Metrics of nothing, lest those of yesterday stand for today's.
        terminal::failure(error, false);
    } else if let Some(error) = nothing {
        return Err(error.into());
    }
    let is_nothing = report.counts.all() == 0;
    if !args.state.is_empty() {
        report = report.only(|state| args.state.iter().any(|wanted| wanted.holds(state)));
    }
    let exit = match (format, report.is_due(), report.errors.is_empty()) {
        (Format::Nagios, ..) => Exit::Plugin(nagios::status(&report)),
        (_, true, _) => Exit::No,
        (_, false, _) if is_nothing => Exit::Failed,
        (_, false, true) => Exit::Yes,
        (_, false, false) => Exit::Failed,
    };
    let next = report.next().map(table::next);
    if args.quiet && !matches!(format, Format::Nagios | Format::Prometheus) {
        report = report.only(State::is_due);
    }
    let output = args.output.as_deref();
    deliver::stream(output, fs::PUBLIC, |writer| match format {
        Format::Table => {
            let styled = output.is_none_or(source::is_stdin) && terminal::is_styled();
            let mut writer = terminal::Text::new(writer, styled);
            table::write(&report, next.as_deref(), args.quiet, &mut writer)
        }
        Format::Json => terminal::write_json(writer, &report),
        Format::Csv => csv::write(&report, writer),
        Format::Nagios => writer.write_all(nagios::text(&report, &certificates).as_bytes()),
        Format::Prometheus => prometheus::write(&report, context.now(), writer),
        Format::Html => html::write(&report, writer),
        Format::Ics => ics::write(&report, &certificates, &crls, context.now(), writer),
    })?;
    tell(&report, format);
    Ok(exit)
}

/// What could not be read, on standard error; a monitoring system reads standard output alone.
fn tell(report: &Report, format: Format) {
    if format != Format::Nagios {
        report.errors.iter().for_each(|trouble| terminal::trouble(trouble, format == Format::Json));
    }
}

impl Args {
    /// Where to look.
    fn sources(&self) -> Result<Vec<Source>, Error> {
        let mut sources = self
            .sources
            .iter()
            .map(|path| target::source(path, &self.peer))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(list) = &self.targets {
            sources.extend(target::listed(list, &self.peer)?);
        }
        self.peer.require(sources.iter().any(|source| matches!(source, Source::Server(_))))?;
        if !sources.is_empty() {
            return Ok(sources);
        }
        if self.targets.is_some() {
            return Err(Error::Usage { problem: "the list of --targets is empty".into() });
        }
        let pki = &self.pki.pki;
        if !pki.is_dir() {
            return Err(Error::PkiMissing { path: pki.clone() });
        }
        match Store::open(pki) {
            Err(error @ Error::PkiUnsafe { .. }) => Err(error),
            // What ends is worth knowing of a damaged PKI directory too, or of one that is none.
            _ => Ok(vec![Source::Path(pki.clone())]),
        }
    }

    /// Opens stores. A passphrase that was stated is fetched once, for all of them; a person is asked for those that were
    /// named, one after the other.
    fn opener(&self) -> impl Fn(&Origin, bool, u32) -> Result<Option<Passphrase>, Error> + Sync + '_ {
        let stated: Mutex<Option<Passphrase>> = Mutex::new(None);
        move |origin, named, attempt| {
            let mut known = stated.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if self.passphrase.is_stated() {
                if attempt > 1 {
                    return Ok(None);
                }
                if known.is_none() {
                    *known = (self.passphrase.opener())(origin, attempt)?;
                }
                return Ok(known.as_ref().map(Passphrase::copy));
            }
            if named { (self.passphrase.opener())(origin, attempt) } else { Ok(None) }
        }
    }
}

fn patterns(texts: &[String], option: &str) -> Result<Vec<Pattern>, Error> {
    let pattern = |text: &String| {
        Pattern::new(text).map_err(|error| Error::Usage {
            problem: format!("{option}: `{}` is no pattern: {}", escape(text), error.msg),
        })
    };
    texts.iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_known_from_a_line_that_cannot_be_parsed() {
        let is = |line: &str| asks_for("nagios", &line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(is("pkit expiry --frmat x --format nagios") && is("pkit expiry --format=nagios --warn"));
        assert!(!is("pkit expiry --format json nagios") && !is("pkit expiry -- --format nagios"));
        assert!(!is("pkit inspect --format nagios") && !is("pkit"));
    }
}
