//! `pkit serve-test`: the mutual-TLS test server.

mod line;
mod log;
mod policy;
mod shown;

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
    fault::{self, FaultArgs},
    identity::{CrlArgs, KeyPairArgs},
    passphrase::PassphraseArgs,
    terminal,
};
use crate::{
    cert::Certificate,
    crl::{Crl, Lists},
    name::escape,
    tls::{
        ClientAuth, Version,
        serve::{Credentials, Options, Server},
    },
    validity::tell,
};
use log::Log;
use policy::{AllowArgs, AnswerArgs};
use shown::{Shown, Sni};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit serve-test api.internal
  pkit serve-test api.internal --listen 0.0.0.0:8443 --client-auth optional --tls 1.3
  pkit serve-test --cert fullchain.pem --key privkey.pem --client-ca ca.pem --once
  pkit serve-test api.internal --crl pki/ca/*/crl.pem
  pkit serve-test api.internal --fault expired
  pkit crl --bundle service-a -o crls.pem && pkit serve-test api.internal --crl crls.pem
  pkit serve-test api.internal --allow-dns service-a --allow-uri spiffe://acme/billing
  pkit serve-test api.internal --sni www.internal=www.internal --sni '*.shop.internal=./shop'
  pkit serve-test api.internal --reload --access-log access.jsonl
  pkit serve-test api.internal --status 503 --body @down.json
  curl --cacert ca.pem --cert fullchain.pem --key privkey.pem https://localhost:8443/handshake

The first line of standard output says where it listens. Every connection is one line on standard
error: who came, what was negotiated, and why a client was refused. It ends at SIGINT or SIGTERM,
or after --count connections, with status 0 and counters of who was refused and why.

/ and any other path say who the client is, unless --status, --body or --echo say otherwise;
/handshake says what was negotiated and what the client offered; /healthz says ok, also to who is on
no --allow list. A connection is one handshake, one request and one answer.

--allow-… compares whole names, a * is a character like others. Whoever has a good certificate and
is not named gets 403, and is told as refused.

--sni NAME=DIR: clients that ask for NAME, or for one below *.NAME, are shown this set of the PKI
directory, or the fullchain.pem and privkey.pem of a directory, which has a slash in it. Others are
shown the certificate of the server, with --strict-sni the alert unrecognized_name (112).

With --reload, certificates, keys and client CAs are looked at with every handshake and read again
when they changed; connections go on with those they began with. What cannot be used, as a key that
is not the certificate's, leaves those of before in force and is told once.

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
    /// Show another certificate to clients that ask for NAME: a set of the PKI directory, or a directory
    #[arg(long, value_name = "NAME=DIR")]
    sni: Vec<Sni>,
    /// Refuse clients that ask for a server of no name here, or of none
    #[arg(long)]
    strict_sni: bool,
    /// Read certificates, keys and client CAs again when their files change
    #[arg(long)]
    reload: bool,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Whether clients are asked for a certificate; 0, 1 and 2 mean the same, as with uvicorn and gunicorn
    #[arg(long, value_name = "MODE", default_value = "required")]
    client_auth: ClientAuth,
    /// Speak this version of TLS only: 1.2 or 1.3
    #[arg(long, value_name = "VERSION")]
    tls: Option<Version>,
    /// Application protocols to agree on, as preferred; only HTTP/1.1 is answered
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', default_value = "http/1.1")]
    alpn: Vec<String>,
    #[command(flatten)]
    allow: AllowArgs,
    #[command(flatten)]
    answer: AnswerArgs,
    /// Append a line of JSON for each connection to a file; one that is moved away is begun anew
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// Stop after one connection
    #[arg(long, conflicts_with = "count")]
    once: bool,
    /// Stop after so many connections; those that say nothing do not count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// How long one connection may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = super::wait)]
    timeout: std::time::Duration,
    #[command(flatten)]
    fault: FaultArgs,
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
    #[serde(flatten)]
    fault: Option<fault::Facts>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let faulty = args.fault.make(args.name.as_deref(), &args.pki, &args.passphrase, context)?;
    let output = args.output;
    let (allow, answer) = (args.allow.read()?, args.answer.read()?);
    let shown =
        Shown { name: args.name, pair: args.pair, client_ca: args.client_ca, sni: args.sni, pki: args.pki };
    let (reload, credentials) = match args.reload {
        true => {
            shown.load_and_watch(&args.passphrase, output).map(|(reload, first)| (Some(reload), first))?
        }
        false => (None, shown.load(&args.passphrase)?),
    };
    let Credentials { identity, sni, client_ca } = credentials;
    let identity = faulty.as_ref().map_or(identity, |faulty| faulty.identity.clone());
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
    if let Some(lists) = &crls {
        gaps(lists, &client_ca, context.now()).for_each(|gap| output.notice(gap));
    }
    if args.alpn.iter().any(|name| name != "http/1.1") {
        output.notice("only HTTP/1.1 is answered: where another protocol is agreed on, the handshake is all");
    }
    allow_many_connections();
    let options = Options {
        listen: args.listen,
        sni,
        strict_sni: args.strict_sni,
        client_auth: args.client_auth,
        crls,
        allow,
        alpn: args.alpn,
        answer,
        reload,
        version: args.tls,
        count: if args.once { Some(1) } else { args.count },
        timeout: super::time_limit(args.timeout)?,
        ..Options::new(identity, client_ca)
    };
    let log = args.access_log.map(|path| Log::open(path, output.json)).transpose()?;
    let server = Server::bind(options, context.clock())?;
    let address = server.address();
    // From here on a signal ends it in order.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let stopper = server.stopper();
    std::thread::spawn(move || signals.forever().for_each(|_| stopper.stop()));

    if let Some(faulty) = &faulty {
        faulty.limit(server.stopper());
    }
    let fault = faulty.map(|faulty| faulty.facts);
    let listening = format!("https://{address}");
    if output.json {
        let line = serde_json::to_string(&Listening { listening, address, fault })?;
        terminal::print_bytes(format!("{line}\n").as_bytes())?;
    } else {
        let fault = fault.as_ref().map(fault::Facts::line).unwrap_or_default();
        terminal::print(&format!("listening on {listening}\n{fault}"))?;
    }
    if !address.ip().is_loopback() {
        output.notice(format!("{address} can be reached from other machines"));
    }
    let stderr = Mutex::new(anstream::stderr());
    let say = |text: &str| {
        // One write a line, so that lines of several workers do not mix. Nobody is left to tell that it failed.
        let _ = stderr.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    };
    let (json, quiet) = (output.json, output.quiet);
    let summary = server.run(&|report| {
        let machine = if log.is_some() || json && !quiet { line::json(report) } else { String::new() };
        if let Some(log) = &log {
            log.write(&machine);
        }
        if !quiet {
            if json { say(&machine) } else { say(&line::text(report)) }
        }
    })?;
    if !quiet {
        say(&line::ending(&summary, json));
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
