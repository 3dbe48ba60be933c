//! `pkit inspect`: what one is handed says.

mod field;
mod relation;
mod source;
mod text;

use std::{cell::RefCell, ops::ControlFlow};

use time::OffsetDateTime;

use super::{AtArgs, Context, Exit, OutputArgs, exit, passphrase::PassphraseArgs, terminal};
use crate::{
    Error,
    inspect::{Object, Report, What},
};
use field::Field;
pub(crate) use source::{PeerArgs, looks_like_server};
use source::{Sources, Visit};
pub(super) use text::{Lines, long};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit inspect server.pem
  pkit inspect --short /etc/ssl/certs
  pkit inspect example.com:443
  pkit inspect --starttls smtp mail.example.com:587 --short
  pkit inspect --json fullchain.pem | jq '.certificates[].not_after'
  pkit inspect --field notAfter --field subject server.pem
  pkit inspect --tree *.pem
  pkit inspect --match server.pem server.key request.csr
  pkit inspect --find 3f9a07c1 /etc/ssl ~/keys
  kubectl get secret web -o yaml | pkit inspect -
  PKIT_PASSPHRASE=secret pkit inspect store.p12

What a source holds is told by its content: certificates, requests, revocation lists, keys, PKCS#12, PKCS#7, Kubernetes Secrets
and ConfigMaps; PEM with anything around it, DER, BER. What breaks the rules is shown as far as it can be read. Private keys are
never printed.

--find exits with 1 where nothing was found, --match where anything but a CA is alone with its key."))]
pub(super) struct Args {
    /// Files, directories with all below them, `-` for standard input, host:port or https://host
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<std::path::PathBuf>,
    /// Few lines for each: names, issuer, validity
    #[arg(long, group = "form")]
    short: bool,
    /// Print certificates, requests and CRLs as PEM
    #[arg(long, group = "form", conflicts_with = "json")]
    pem: bool,
    /// Print the values of these fields alone, a line each; an unknown name lists those there are
    #[arg(long = "field", value_name = "NAME", group = "form", conflicts_with = "json")]
    fields: Vec<Field>,
    /// Show who signed whom in all that is given, by signature
    #[arg(long, group = "form")]
    tree: bool,
    /// Show which keys, requests and certificates belong together, by public key
    #[arg(long = "match", group = "form")]
    matching: bool,
    /// Tell which file holds a key or certificate: fingerprint, serial number, key identifier, pin or name
    #[arg(long, value_name = "WHAT", group = "form")]
    find: Option<String>,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    peer: PeerArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arrays of the JSON document behind the one of certificates.
const ARRAYS: [&str; 5] = ["requests", "crls", "keys", "public_keys", "stores"];

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    if args.short && args.output.json {
        return Err(Error::Usage { problem: "--short is for people, --json is not".into() }.into());
    }
    let at = args.at.moment(context)?;
    let sources = Sources::new(&args.sources, &args.peer, &args.passphrase, args.output, context)?;
    if args.tree {
        return relation::tree(&sources, args.output, at);
    }
    if args.matching {
        return relation::matching(&sources, args.output, at);
    }
    if let Some(wanted) = &args.find {
        return relation::find(&sources, wanted, args.output, at);
    }
    let output = terminal::Output::with_arrays(if args.output.json { &ARRAYS } else { &[] });
    let printer = RefCell::new(Printer { at, output, first: true, values: 0, args: &args });
    let exit = sources.visit(&mut |object| printer.borrow_mut().object(object))?;
    let printer = printer.into_inner();
    let silent = !args.fields.is_empty() && printer.values == 0 && exit == Exit::Yes;
    printer.output.finish()?;
    if silent {
        let problem = "nothing in the input has a field of this name".into();
        return Err(Error::Usage { problem }.into());
    }
    Ok(exit)
}

struct Printer<'a> {
    args: &'a Args,
    at: OffsetDateTime,
    output: terminal::Output,
    first: bool,
    /// Objects that had one of the fields asked for
    values: usize,
}

impl Printer<'_> {
    fn object(&mut self, object: Object) -> anyhow::Result<Visit> {
        if self.args.pem {
            match (object.what.to_pem(), &object.what) {
                (Some(block), _) => self.output.text(&block)?,
                (None, What::Key(_)) => {
                    self.args.output.notice(format!("{}: a private key, not shown", object.place));
                }
                (None, _) => {}
            }
            if !matches!(object.what, What::Broken(_)) {
                return Ok(self.flow());
            }
        }
        let report = object.report(self.at)?;
        if let Report::Other(place, what) = &report {
            self.args.output.notice(format!("{place}: {what}, not shown"));
        } else if self.args.output.json {
            self.json(&report)?;
        } else if self.args.fields.is_empty() {
            self.text(&report)?;
        } else {
            self.fields(&report)?;
        }
        Ok(self.flow())
    }

    fn flow(&self) -> Visit {
        if self.output.is_open() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn json(&mut self, report: &Report) -> anyhow::Result<()> {
        self.output.begin("certificates")?;
        match report {
            Report::Certificate(report) => self.output.value("certificates", report),
            Report::Request(report) => self.output.value_later("requests", report),
            Report::Crl(report) => self.output.value_later("crls", report),
            Report::Key(report) => self.output.value_later("keys", report),
            Report::PublicKey(report) => self.output.value_later("public_keys", report),
            Report::Store(report) => self.output.value_later("stores", report),
            Report::Other(..) => Ok(()),
        }
    }

    fn fields(&mut self, report: &Report) -> anyhow::Result<()> {
        // A line for each field that this kind of object has, empty where this one has none: scripts count on it.
        for field in &self.args.fields {
            if let Some(value) = field.of(report) {
                self.values += 1;
                self.output.text(&format!("{value}\n"))?;
            }
        }
        Ok(())
    }

    fn text(&mut self, report: &Report) -> anyhow::Result<()> {
        let short = self.args.short;
        let told = match report {
            Report::Certificate(report) if short => text::short(report),
            Report::Certificate(report) => {
                text::heading(&report.place, &report.title) + &long(report, self.at)
            }
            Report::Request(report) => text::request(report, short),
            Report::Crl(report) => text::crl(report, self.at, short),
            Report::Key(report) => text::key(report, "private key", short),
            Report::PublicKey(report) => text::key(report, "public key", short),
            Report::Store(report) => text::store(report),
            Report::Other(..) => return Ok(()),
        };
        let gap = if self.first { "" } else { "\n" };
        self.first = false;
        self.output.text(&format!("{gap}{told}"))?;
        if let Report::Crl(report) = report
            && !short
        {
            for entry in report.revoked.iter() {
                self.output.text(&text::entry(&entry))?;
            }
        }
        Ok(())
    }
}
