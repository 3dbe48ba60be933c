//! `pkit serve-test`: the mutual-TLS test server.

use std::{
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use time::OffsetDateTime;

use super::{
    Context, Exit, OutputArgs, PkiArgs, exit,
    identity::{self, CrlArgs, KeyPairArgs},
    passphrase::PassphraseArgs,
    remedy::remedy,
    terminal::{self, BAD, DIM, GOOD, WARN, styled},
};
use crate::{
    Error,
    cert::Certificate,
    crl::{Crl, Lists},
    name::escape,
    tls::{
        ClientAuth, Version, decisive,
        serve::{ConnectionReport, Options, Outcome, Server, Summary},
    },
    validity::{Span, tell},
    verify::Purpose,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit serve-test api.internal
  pkit serve-test api.internal --listen 0.0.0.0:8443 --client-auth optional --tls 1.3
  pkit serve-test --cert fullchain.pem --key privkey.pem --client-ca ca.pem --once
  pkit serve-test api.internal --crl pki/ca/*/crl.pem
  pkit crl --bundle service-a -o crls.pem && pkit serve-test api.internal --crl crls.pem
  curl --cacert ca.pem --cert fullchain.pem --key privkey.pem https://localhost:8443/

The first line of standard output says where it listens. Every connection is one line on standard
error: who came, what was negotiated, and why a client was refused. It ends at SIGINT or SIGTERM,
or after --count connections, with status 0.

CRL files are read again when they change; one that cannot be read then leaves what it said before
in force. Clients that are revoked get the alert certificate_revoked (44), those of which no current
CRL speaks certificate_unknown (46)."))]
pub(super) struct Args {
    /// The server's certificate: its name in the PKI directory
    #[arg(required_unless_present = "cert", conflicts_with = "cert")]
    name: Option<String>,
    #[command(flatten)]
    pair: KeyPairArgs,
    /// The CAs whose clients are let in; with NAME, those of its set unless others are named
    #[arg(long, value_name = "FILE", num_args = 1..)]
    client_ca: Vec<PathBuf>,
    #[command(flatten)]
    crl: CrlArgs,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Whether clients are asked for a certificate
    #[arg(long, value_name = "MODE", default_value = "required")]
    client_auth: ClientAuth,
    /// Speak this version of TLS only: 1.2 or 1.3
    #[arg(long, value_name = "VERSION")]
    tls: Option<Version>,
    /// Stop after one connection
    #[arg(long, conflicts_with = "count")]
    once: bool,
    /// Stop after so many connections; those that say nothing do not count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// How long one connection may take
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    timeout: Span,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Listening {
    listening: String,
    address: SocketAddr,
}

#[derive(Serialize)]
struct Ended {
    summary: Summary,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let given = identity::anchors(&args.client_ca)?;
    let (identity, own) = match (&args.name, args.pair.load(&args.passphrase)?) {
        (_, Some(identity)) => (identity, Vec::new()),
        (Some(name), None) => identity::from_store(&args.pki, name)?,
        (None, None) => return Err(Error::Usage { problem: "a server needs a certificate".into() }.into()),
    };
    let output = args.output;
    let crls = args.crl.load(move |path, reread| {
        let path = path.to_string_lossy();
        match reread {
            Ok(lists) => {
                let lists: Vec<_> = lists.iter().map(|list| describe(list)).collect();
                output.notice(format!("{} was read again: {}", escape(&path), lists.join("; ")));
            }
            Err(error) => {
                terminal::failure(error, output.json);
                output.notice(format!("what {} said before stays in force", escape(&path)));
            }
        }
    })?;
    let client_ca = given.unwrap_or(own);
    if let Some(lists) = &crls {
        gaps(lists, &client_ca, context.now()).for_each(|gap| output.notice(gap));
    }
    allow_many_connections();
    let options = Options {
        listen: args.listen,
        client_auth: args.client_auth,
        crls,
        version: args.tls,
        count: if args.once { Some(1) } else { args.count },
        timeout: super::time_limit(args.timeout)?,
        ..Options::new(identity, client_ca)
    };
    let server = Server::bind(options, context.clock())?;
    let address = server.address();
    // From here on a signal ends it in order.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let stopper = server.stopper();
    std::thread::spawn(move || signals.forever().for_each(|_| stopper.stop()));

    let listening = format!("https://{address}");
    if args.output.json {
        let line = serde_json::to_string(&Listening { listening, address })?;
        terminal::print_bytes(format!("{line}\n").as_bytes())?;
    } else {
        terminal::print(&format!("listening on {listening}\n"))?;
    }
    if !address.ip().is_loopback() {
        args.output.notice(format!("{address} can be reached from other machines"));
    }
    let stderr = Mutex::new(anstream::stderr());
    let say = |text: &str| {
        // One write a line, so that lines of several workers do not mix. Nobody is left to tell that it failed.
        let _ = stderr.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    };
    let summary = server.run(&|report| {
        if !args.output.quiet {
            say(&line(report, args.output.json));
        }
    })?;
    if !args.output.quiet {
        say(&ending(summary, args.output.json));
    }
    Ok(Exit::Yes)
}

fn describe(list: &Crl) -> String {
    let number = list.number().map(|number| format!(" {number}")).unwrap_or_default();
    format!("CRL{number} of {}, {} revoked", list.issuer(), list.revoked().len())
}

/// Why the lists refuse every client below a CA, whoever it is. Found now, so that it need not be found out from a refusal.
fn gaps(lists: &Arc<Lists>, client_ca: &[Certificate], now: OffsetDateTime) -> impl Iterator<Item = String> {
    let lists = lists.current();
    let mut gaps: Vec<String> = Vec::new();
    for ca in client_ca {
        let name = escape(&ca.title()).into_owned();
        let own: Vec<_> = lists.iter().filter(|list| list.verify(ca).is_ok()).collect();
        let last = own.iter().map(|list| list.next_update()).max();
        match last {
            None => gaps.push(format!("there is no CRL of {name}: no client below it will be let in")),
            Some(end) if end < now => gaps.push(format!(
                "the CRL of {name} lapsed on {}: no client below it will be let in",
                tell(end, now)
            )),
            Some(_) => {}
        }
    }
    gaps.into_iter()
}

/// A connection needs a descriptor, and many systems start programs with a limit of 1024 though more are allowed.
fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, accepting pauses at the limit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn line(report: &ConnectionReport, json: bool) -> String {
    if json {
        return serde_json::to_string(report).map(|text| text + "\n").unwrap_or_default();
    }
    let style = match report.outcome {
        Outcome::Accepted => GOOD,
        Outcome::Refused => BAD,
        Outcome::Failed => WARN,
        Outcome::Empty => DIM,
    };
    // Padded before it is styled: escapes have no width.
    let mut text = styled(style, format!("{:8}", report.outcome.name()));
    text.push_str(&format!("  {}", report.peer));
    match &report.client {
        Some(client) => text.push_str(&format!("  {}", client.certificate.title())),
        None if report.outcome == Outcome::Accepted => text.push_str("  (no certificate)"),
        None => {}
    }
    if let Some(tls) = &report.tls {
        text.push_str(&format!("  {}", tls.version));
    }
    if let Some(request) = &report.request {
        text.push_str(&format!("  {request}"));
    }
    text.push_str(&format!("  {:.1} ms", report.duration.as_secs_f64() * 1e3));
    if report.outcome != Outcome::Accepted || report.request.is_none() {
        text.push_str(&format!("  {}", report.reason));
        if let [finding] = report.findings.as_slice() {
            text.push_str(&format!(" ({})", finding.rule.section()));
        }
    }
    if let Some(alert) = &report.alert_sent {
        text.push_str(&format!("; sent alert {alert}"));
    }
    if report.findings.len() > 1 {
        for finding in &report.findings {
            text.push_str(&format!("\n          {finding} ({})", finding.rule.section()));
        }
    }
    if let Some(remedy) = decisive(&report.findings).and_then(|finding| remedy(finding, Purpose::Client)) {
        text.push_str(&format!("\n          remedy: {remedy}"));
    }
    text.push('\n');
    text
}

fn ending(summary: Summary, json: bool) -> String {
    if json {
        return serde_json::to_string(&Ended { summary }).map(|text| text + "\n").unwrap_or_default();
    }
    let Summary { accepted, refused, failed, empty } = summary;
    format!("stopped: {accepted} accepted, {refused} refused, {failed} failed, {empty} without a byte\n")
}
