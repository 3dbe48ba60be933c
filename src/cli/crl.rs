//! `pkit crl`: the revocation lists.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    Context, Exit, OutputArgs, deliver::deliver, exit, passphrase::PassphraseArgs, signer::StoreArgs,
    terminal,
};
use crate::{
    Error,
    cert::Certificate,
    crl::Crl,
    fs,
    name::escape,
    store::{Authority, CRL_VALIDITY, Shelf, Store},
    validity::{Span, format_rfc3339, tell},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit crl
  pkit crl \"Acme Root\" --validity 90d
  pkit crl issuing --der -o issuing.crl --force
  pkit crl --bundle api.internal -o crls.pem --force

Each CA's list is crl.pem beside its certificate. It is made anew by `revoke` and by this command, which belongs into a timer:
a list that has lapsed makes careful peers refuse everyone. Its number is greater than that of every list before.

--bundle renews nothing: it writes the lists of every CA of a chain, the root's too, because nginx, haproxy, Envoy, PostgreSQL
and Node refuse everyone where one is missing. One that is absent, lapsed, another CA's or badly signed is an error."))]
pub(super) struct Args {
    /// The CAs; all whose key is here by default
    #[arg(value_name = "CA")]
    authorities: Vec<String>,
    /// How long the list is good for: the next one has to be there by then
    #[arg(long, value_name = "DURATION", default_value_t = CRL_VALIDITY)]
    validity: Span,
    /// Write the current lists of every CA above this certificate or CA, and its own
    #[arg(long, value_name = "NAME", conflicts_with_all = ["authorities", "validity"])]
    bundle: Option<String>,
    /// Write the list here too; - for standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write it in DER there
    #[arg(long, requires = "out", conflicts_with = "bundle")]
    der: bool,
    /// Replace the file that is there
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is told of a list.
#[derive(Serialize)]
pub(super) struct Row {
    ca: String,
    number: Option<u64>,
    revoked: usize,
    this_update: String,
    next_update: String,
    path: String,
    #[serde(skip)]
    ends: OffsetDateTime,
}

impl Row {
    pub(super) fn new(store: &Store, ca: &str, list: &Crl) -> Result<Self, Error> {
        Ok(Self {
            ca: ca.to_owned(),
            number: list.number(),
            revoked: list.revoked().len(),
            this_update: format_rfc3339(list.this_update()),
            next_update: format_rfc3339(list.next_update()),
            path: store.link(Shelf::Ca, ca)?.join("crl.pem").display().to_string(),
            ends: list.next_update(),
        })
    }

    pub(super) fn text(&self, now: OffsetDateTime) -> String {
        let number = self.number.map(|number| format!(" {number}")).unwrap_or_default();
        let (ca, path) = (escape(&self.ca), escape(&self.path));
        let until = tell(self.ends, now);
        format!("CRL{number} of {ca}: {} revoked, until {until}\n  {path}\n", self.revoked)
    }
}

#[derive(Serialize)]
struct Report {
    crls: Vec<Row>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.store.pki.pki)?;
    if let Some(name) = &args.bundle {
        return bundle(&args, &store, name, context.now());
    }
    let authorities = match args.authorities.as_slice() {
        // A timer does what can be done; what a person names must be.
        [] => {
            let mut all = store.authorities()?;
            all.retain(|ca| {
                let ended = context.now() > ca.certificate.validity().not_after;
                let fit = !ended && crate::crl::may_sign_lists(&ca.certificate).is_ok();
                if ca.key.exists() && !fit {
                    let why = if ended { "it has expired" } else { "its key usage lacks cRLSign" };
                    args.output.notice(format!("no CRL of \"{}\": {why}", escape(&ca.name)));
                }
                ca.key.exists() && fit
            });
            all
        }
        names => names.iter().map(|name| store.authority(name)).collect::<Result<Vec<_>, _>>()?,
    };
    if authorities.is_empty() {
        return Err(Error::Usage { problem: "no CA here has its key: say which with its name".into() }.into());
    }
    if args.out.is_some() && authorities.len() != 1 {
        return Err(
            Error::Usage { problem: "-o takes one list: name the CA, or say --bundle NAME".into() }.into()
        );
    }
    // One that cannot be renewed does not keep the others from it.
    let (mut report, mut outcome) = (Report { crls: Vec::new() }, Exit::Yes);
    for authority in &authorities {
        match args.renew(&store, authority, context) {
            Ok(list) => {
                report.crls.push(Row::new(&store, &authority.name, &list)?);
                if let Some(file) = &args.out {
                    let bytes = if args.der { list.der().to_vec() } else { list.to_pem().into_bytes() };
                    deliver(file, &bytes, fs::PUBLIC, args.force)?;
                }
            }
            Err(error) if authorities.len() == 1 => return Err(error.into()),
            Err(error) => outcome = terminal::error(&error.into(), args.output.json),
        }
    }
    let streams = args.out.as_deref().is_some_and(crate::source::is_stdin);
    if args.output.json && !streams {
        terminal::print_json(&report)?;
    } else if !args.output.quiet && !streams {
        let now = context.now();
        terminal::print(&report.crls.iter().map(|row| row.text(now)).collect::<String>())?;
    }
    Ok(outcome)
}

impl Args {
    fn renew(&self, store: &Store, authority: &Authority, context: &Context) -> Result<Crl, Error> {
        crate::crl::may_sign_lists(&authority.certificate)?;
        let issuer = authority.open(&mut self.passphrase.opener(), context.now())?;
        let renew = |wait: &mut crate::store::Wait<'_>| {
            let writer = store.write(wait)?;
            let validity = Some(self.validity);
            writer.renew_crl(&authority.name, &issuer, validity, context.now(), &context.random)
        };
        Ok(self.store.waiting(self.output, renew)?.0)
    }
}

fn bundle(args: &Args, store: &Store, name: &str, now: OffsetDateTime) -> anyhow::Result<Exit> {
    let chain: Vec<Certificate> = match store.current(Shelf::Live, name)? {
        Some(_) => {
            let leaf = store.leaf(name)?;
            leaf.fullchain.into_iter().skip(1).chain(leaf.anchors).collect()
        }
        None => match store.current(Shelf::Ca, name)? {
            Some(_) => {
                let authority = store.authority(name)?;
                std::iter::once(authority.certificate).chain(authority.above).collect()
            }
            None => {
                let (name, path) = (name.to_owned(), store.root().join(Shelf::Live.directory()));
                return Err(Error::CertificateUnknown { name, path }.into());
            }
        },
    };
    let lists = store.crls_of_chain(&chain, now)?;
    let text: String = lists.iter().map(Crl::to_pem).collect();
    if let (None, true) = (&args.out, args.output.json) {
        terminal::print_json(&Bundle { crls: lists.iter().map(Listed::new).collect(), pem: Some(text) })?;
        return Ok(Exit::Yes);
    }
    let file = args.out.clone().unwrap_or_else(|| "-".into());
    deliver(&file, text.as_bytes(), fs::PUBLIC, args.force)?;
    let listed: Vec<_> = lists.iter().map(Listed::new).collect();
    if args.output.json && !crate::source::is_stdin(&file) {
        terminal::print_json(&Bundle { crls: listed, pem: None })?;
    } else {
        for list in lists {
            let (issuer, count) = (list.issuer(), list.revoked().len());
            let until = tell(list.next_update(), now);
            args.output.notice(format!("the CRL of {issuer}: {count} revoked, until {until}"));
        }
    }
    Ok(Exit::Yes)
}

#[derive(Serialize)]
struct Bundle {
    crls: Vec<Listed>,
    /// All of them, where they are not written elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pem: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    issuer: String,
    number: Option<u64>,
    revoked: usize,
    this_update: String,
    next_update: String,
}

impl Listed {
    fn new(list: &Crl) -> Self {
        Self {
            issuer: list.issuer().to_string(),
            number: list.number(),
            revoked: list.revoked().len(),
            this_update: format_rfc3339(list.this_update()),
            next_update: format_rfc3339(list.next_update()),
        }
    }
}
