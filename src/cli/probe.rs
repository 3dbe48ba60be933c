//! `pkit probe`: the mutual-TLS test client.

mod nearby;
mod series;
mod target;
mod text;

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use serde::Serialize;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{
    Context, Exit, OutputArgs, PkiArgs,
    deliver::deliver,
    exit,
    identity::{self, CrlArgs, KeyPairArgs},
    passphrase::PassphraseArgs,
    terminal,
};
use crate::{
    Error,
    bundle::to_pem,
    fs, pem,
    tls::{
        Version,
        probe::{CauseCode, Expected, Header, Options, Reception, Report, Request, Verdict, probe},
        starttls::Protocol,
    },
};
use nearby::{Surroundings, on_record};
use series::Series;
use target::Target;
pub(super) use target::target;

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit probe localhost:8443 --as service-a
  pkit probe https://api.example.com/healthz --cert fullchain.pem --key privkey.pem --roots ca.pem
  pkit probe api.internal:443 --connect 10.0.0.5:8443 --as service-a --json | jq .verdict
  pkit probe api.internal:443 --connect unix:/run/api.sock --as service-a
  pkit probe mail.internal:587 --starttls smtp --roots ca.pem
  pkit probe api.internal:8443 --as service-a --expect-status 2xx --alpn http/1.1 --tls 1.3
  pkit probe api.internal:8443 --as service-a --count 60 --interval 1s
  pkit crl --bundle api.internal -o crls.pem && pkit probe api.internal:8443 --crl crls.pem

accepted   the server is trusted, and answered our request completely
refused    one side said no: an alert, a close, a reset, an HTTP refusal, or a server that is not to be trusted
undecided  neither, within the time limit

With --starttls a harmless message of that protocol takes the place of the HTTP request. What an
answer says of logging in does not matter: that there is one proves that TLS let us in. Where the
server asked for a certificate and got none, a denied login is undecided. PostgreSQL is told the
common name of the certificate as the user.

401 and 403 are refusals, unless --expect-status says that they are what is to come; 400, 495 and
496 are about the certificate, and refusals all the same. With --expect-status or --alpn, what else
comes is a no.

--insecure sends our certificate and the request to a server that is not trusted, so that its
judgement on us is seen. Our private key only signs the handshake, and never leaves this process.
The server is not called trusted for it, and the exit status stays 1."))]
pub(super) struct Args {
    /// The server: host:port, [::1]:port, https://host/path, or unix:/path
    #[arg(value_name = "TARGET")]
    target: String,
    /// Who we are: a name in the PKI directory
    #[arg(long = "as", value_name = "NAME", conflicts_with = "cert")]
    name: Option<String>,
    #[command(flatten)]
    pair: KeyPairArgs,
    /// The CAs whose servers are trusted; else those of --as, else the roots of the PKI directory
    #[arg(long, value_name = "FILE", num_args = 1..)]
    roots: Vec<PathBuf>,
    #[command(flatten)]
    crl: CrlArgs,
    /// Connect there instead; TARGET still says the name: an address, host:port, or unix:/path
    #[arg(long, value_name = "ADDR")]
    connect: Option<String>,
    /// The name the server must have, where it is not the host
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Speak this protocol until TLS begins, and again after it
    #[arg(long, value_name = "PROTOCOL")]
    starttls: Option<Protocol>,
    /// Speak this version of TLS only: 1.2 or 1.3
    #[arg(long, value_name = "VERSION")]
    tls: Option<Version>,
    /// Offer these application protocols, and demand one of them; http/1.1 is offered by itself
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    alpn: Vec<String>,
    /// The method of the request
    #[arg(long, value_name = "METHOD", default_value = "GET", conflicts_with = "starttls")]
    method: String,
    /// The path of the request, with its query; / unless the URL has one
    #[arg(long, value_name = "PATH", conflicts_with = "starttls")]
    path: Option<String>,
    /// A header of the request; Host can be set too
    #[arg(long, value_name = "NAME: VALUE", conflicts_with = "starttls")]
    header: Vec<Header>,
    /// Demand such a status: 200, 2xx, 200-299, several with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',', conflicts_with = "starttls")]
    expect_status: Vec<Expected>,
    /// Go on with a server that is not trusted, to see what it makes of us; it is refused all the same
    #[arg(long)]
    insecure: bool,
    /// Probe so many times, a line each, and sum up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// From the beginning of one probe to that of the next
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = super::wait, requires = "count")]
    interval: Duration,
    /// How long all of a probe may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = super::wait)]
    timeout: Duration,
    /// Write the certificates of the server here, as it sent them: PEM
    #[arg(long, value_name = "FILE")]
    save_chain: Option<PathBuf>,
    /// Write the secrets of the connections here, for Wireshark; whoever has them can read what was sent
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    /// Overwrite the files of --save-chain and --keylog
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A report, and what to do about it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    remedy: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let options = options(&args)?;
    if let Some(file) = &args.keylog {
        args.output.notice(format!(
            "the secrets of the connection are written to {}: whoever has them and what went over the wire can read it",
            crate::name::escape(&file.to_string_lossy())
        ));
        // Taken before anything is sent, so that nothing is sent in vain.
        match args.force {
            true => fs::replace(file, b"", fs::SECRET)?,
            false => fs::write_new(file, b"", fs::SECRET)?,
        }
    }
    if let Some(count) = args.count {
        return again_and_again(&args, options, count, context);
    }
    let report = once(&args, &options, context)?;
    let told = Told { remedy: surroundings(&args, &options, context).remedy(&report), report: &report };
    if args.output.json {
        terminal::print_json(&told)?;
    } else if args.output.quiet {
        terminal::print(&text::verdict(&report))?;
    } else {
        terminal::print(&(text::describe(&report, told.remedy.as_deref()) + &text::verdict(&report)))?;
    }
    save_chain(&args, &report)?;
    Ok(match report.verdict {
        Verdict::Accepted => Exit::answer(report.is_good()),
        Verdict::Refused => Exit::No,
        Verdict::Undecided => Exit::Failed,
    })
}

/// What was typed, as what is meant.
fn options(args: &Args) -> anyhow::Result<Options> {
    let target = Target::parse(&args.target)?;
    let usage = |problem: &str| Error::Usage { problem: problem.to_owned() };
    let path = match (&args.path, target.path) {
        (Some(_), Some(_)) => return Err(usage("the URL has a path, and --path names one too").into()),
        (Some(path), None) => path.clone(),
        (None, path) => path.unwrap_or_else(|| "/".into()),
    };
    if args.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
        return Err(usage("the name of an application protocol has 1 to 255 characters").into());
    }
    let request = Request::new(&args.method, &path, args.header.clone(), args.expect_status.clone())?;
    let connect = args.connect.as_deref().map(target::place).transpose()?;
    let given = identity::anchors(&args.roots)?;
    let (identity, own) = match (&args.name, args.pair.load(&args.passphrase)?) {
        (Some(name), _) => {
            let (identity, anchors) = identity::from_store(&args.pki, name)?;
            (Some(identity), Some(anchors))
        }
        (None, pair) => (pair, None),
    };
    let roots = match given.or(own) {
        Some(roots) => roots,
        None if args.insecure => identity::default_roots(&args.pki).unwrap_or_default(),
        None => identity::default_roots(&args.pki)?,
    };
    Ok(Options {
        connect: connect.or(target.place),
        server_name: args.server_name.clone(),
        identity,
        // A file that changes meanwhile is nothing to tell of: the report says what it was judged by.
        crls: args.crl.load(|_, _| {})?,
        version: args.tls,
        starttls: args.starttls,
        alpn: (!args.alpn.is_empty()).then(|| args.alpn.clone()),
        request,
        insecure: args.insecure,
        key_log: args.keylog.as_ref().map(|_| Arc::default()),
        timeout: super::time_limit(args.timeout)?,
        ..Options::new(target.host, target.port, roots)
    })
}

fn surroundings<'a>(args: &'a Args, options: &'a Options, context: &Context) -> Surroundings<'a> {
    Surroundings {
        pki: &args.pki,
        cert: args.pair.cert.as_deref(),
        name: args.name.as_deref(),
        identity: options.identity.as_ref(),
        roots: &options.roots,
        now: context.now(),
    }
}

/// One probe, with all that is known here of why it was refused.
fn once(args: &Args, options: &Options, context: &Context) -> anyhow::Result<Report> {
    let outcome = probe(options, context.clock());
    if let (Some(file), Some(log)) = (&args.keylog, &options.key_log) {
        fs::append(file, &log.take())?;
    }
    let mut report = outcome?;
    if let (Some(identity), Reception::Refused) = (&options.identity, report.us_to_server.verdict)
        && report.certificate_request.asked == Some(true)
        && !report.us_to_server.causes.iter().any(|cause| cause.certain && cause.code == CauseCode::Revoked)
    {
        match on_record(&args.pki, identity, context.now()) {
            Ok(causes) => causes.into_iter().for_each(|cause| report.explain(cause)),
            Err(error) => args.output.notice(format!(
                "whether {} has a revocation of what we sent cannot be seen: {error}",
                args.pki.pki.display()
            )),
        }
    }
    surroundings(args, options, context).explain(&mut report);
    Ok(report)
}

/// The certificates as they were sent, damaged ones too.
fn save_chain(args: &Args, report: &Report) -> anyhow::Result<()> {
    let Some(file) = &args.save_chain else { return Ok(()) };
    if report.chain_der.is_empty() {
        args.output.notice("the server showed no certificate, so there is no chain to save");
        return Ok(());
    }
    let pem: String = match report.chain.len() == report.chain_der.len() {
        true => to_pem(&report.chain),
        false => report.chain_der.iter().map(|der| pem::encode("CERTIFICATE", der)).collect(),
    };
    deliver(file, pem.as_bytes(), fs::PUBLIC, args.force)
}

/// What happens while runs are waited for.
enum Event {
    Run(Box<anyhow::Result<Report>>),
    Signal,
}

/// Runs until the count is full, or a signal ends it; the summary comes in any case.
fn again_and_again(args: &Args, options: Options, count: u64, context: &Context) -> anyhow::Result<Exit> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (sender, events) = mpsc::channel();
    let told = sender.clone();
    // The other end may be gone, and then nobody needs to be told.
    std::thread::spawn(move || {
        signals.forever().for_each(|_| {
            let _ = told.send(Event::Signal);
        })
    });
    let interval = args.interval;
    let mut series = Series::default();
    std::thread::scope(|scope| {
        let (ask, asked) = mpsc::channel::<()>();
        let options = &options;
        scope.spawn(move || {
            while asked.recv().is_ok() {
                if sender.send(Event::Run(Box::new(once(args, options, context)))).is_err() {
                    return;
                }
            }
        });
        while (series.runs() as u64) < count {
            let begun = Instant::now();
            let _ = ask.send(());
            match events.recv()? {
                Event::Run(outcome) => tell(args, &mut series, *outcome)?,
                Event::Signal => interrupted(args, &series)?,
            }
            let is_last = series.runs() as u64 >= count;
            let left = if is_last { Duration::ZERO } else { interval.saturating_sub(begun.elapsed()) };
            if matches!(events.recv_timeout(left), Ok(Event::Signal)) && !is_last {
                interrupted(args, &series)?;
            }
        }
        anyhow::Ok(())
    })?;
    sum_up(args, &series)?;
    Ok(series.exit())
}

fn sum_up(args: &Args, series: &Series) -> anyhow::Result<()> {
    if args.output.json { line(&series.ending()) } else { terminal::print(&series.text()) }
}

/// Sums up, and ends at once: a run may be waiting for a server that says nothing.
fn interrupted(args: &Args, series: &Series) -> anyhow::Result<()> {
    sum_up(args, series)?;
    std::process::exit(series.exit().status().into())
}

/// A run of many in a line.
fn tell(args: &Args, series: &mut Series, outcome: anyhow::Result<Report>) -> anyhow::Result<()> {
    let outcome = match outcome {
        Ok(report) => Ok(report),
        // What a network does may be over with the next run; anything else is not.
        Err(error) => match error.downcast::<Error>() {
            Ok(
                error @ (Error::ConnectFailed { .. }
                | Error::ConnectTimedOut { .. }
                | Error::ResolveFailed { .. }
                | Error::PeerUnseen { .. }),
            ) => Err(error),
            Ok(other) => return Err(other.into()),
            Err(other) => return Err(other),
        },
    };
    series.take(outcome.as_ref().ok());
    match outcome {
        Ok(report) => {
            if series.runs() == 1 {
                save_chain(args, &report)?;
            }
            match args.output {
                OutputArgs { json: true, .. } => line(&report),
                OutputArgs { quiet: true, .. } => Ok(()),
                _ => terminal::print(&series::line(series.runs(), &report)),
            }
        }
        Err(error) => {
            terminal::failure(&error, args.output.json);
            Ok(())
        }
    }
}

/// One JSON value in a line of its own.
fn line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut output = terminal::Output::new();
    output.json_line(value)?;
    output.finish()
}
