//! `pkit audit client`.

use std::{
    cell::Cell,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{MatrixArgs, Progress, run::Runner, signer_of};
use crate::{
    Error,
    audit::{Check, ClientAudit, Row, Status, client},
    cert::Certificate,
    cli::{
        Context, Exit, OutputArgs, PkiArgs, exit,
        passphrase::PassphraseArgs,
        signer::{IssuerArgs, Signer},
        terminal::complain,
    },
    issuer::Issuer,
    name::{San, escape},
    profile::Profile,
    store::{Leaf, Shelf, Store},
    twin::{Twins, twin},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit audit client -- curl --cacert {ca} {url}
  pkit audit client --as-server localhost --client service-a -- \\
    curl --cacert {ca} --cert {cert} --key {key} {url}
  pkit audit client --client service-a --junit audit.xml -- python3 client.py {host} {port}

The command is run without a shell, once for each row, with nothing on its standard input. In its
words stand {ca}, {cert} and {key} for the files of --client NAME, {crl} for that of --crl, {host},
{port} and {url} for the server. It must end well with the good server, before and after everything
else: else nothing of the rest counts, and the status is 2.

A row holds when no request comes and the command does not end well. Some clients look at the
certificate only after the handshake; that holds too, if they break off and say so."))]
pub(in crate::cli) struct Args {
    /// The good server: its name in the PKI directory; else one for the host is made up
    #[arg(long, value_name = "NAME")]
    as_server: Option<String>,
    /// Whose files {cert}, {key} and {ca} are: a name in the PKI directory
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// The CA of the server that is made up, where there are several
    #[arg(long, value_name = "CA", conflicts_with = "as_server")]
    issuer: Option<String>,
    /// The name that the command is given for the server; it must lead to 127.0.0.1
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    host: String,
    /// The lists that the client goes by: what they revoke must be refused
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    /// How long the command may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = crate::cli::wait)]
    timeout: std::time::Duration,
    /// Show what the command says, for rows that hold too
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    matrix: MatrixArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What the words of the command stand for.
struct Words {
    command: Vec<OsString>,
    files: Vec<(&'static str, String)>,
    host: String,
}

impl Words {
    /// The command for a server.
    fn at(&self, address: SocketAddr) -> Vec<OsString> {
        let port = address.port().to_string();
        let url = format!("https://{}:{port}/", self.host);
        let fixed = [("{host}", self.host.clone()), ("{port}", port), ("{url}", url)];
        let replace = |word: &OsString| {
            let Some(text) = word.to_str() else { return word.clone() };
            let all = self.files.iter().chain(&fixed);
            all.fold(text.to_owned(), |text, (name, value)| text.replace(name, value)).into()
        };
        self.command.iter().map(replace).collect()
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let checks = Check::of_clients();
    let selection = args.matrix.selection(&checks)?;
    args.matrix.require_writable()?;
    let store = Store::open(&args.pki.pki)?;
    let host: San = args.host.parse()?;
    let named = |name: &Option<String>| name.as_ref().map(|name| store.leaf(name)).transpose();
    let (server, whom) = (named(&args.as_server)?, named(&args.client)?);
    let words = words(&args, &store, server.as_ref(), whom.as_ref())?;
    let signer = match server.as_ref().and_then(|leaf| leaf.fullchain.first()) {
        Some(leaf) => signer_of(leaf, &store, &args.passphrase, now)?,
        None => {
            let issuer = IssuerArgs { issuer: args.issuer.clone(), ..IssuerArgs::named("") };
            issuer.open(&store, &args.passphrase, now)?
        }
    };
    let words = words.with_root(&args, &store, &signer)?;
    let crls: Vec<PathBuf> = args.crl.iter().cloned().collect();
    let revoked = args.matrix.revoked(&signer, &store, &crls)?;
    let made = match &server {
        Some(_) => None,
        None => Some(twin(&signer.issuer, Profile::Server, &host, &context.random, now)?),
    };
    let leaf = made
        .as_ref()
        .and_then(|made| made.leaf())
        .or(server.as_ref().and_then(|leaf| leaf.fullchain.first()));
    let Some(leaf) = leaf.cloned() else {
        return Err(Error::LeafMissing { key: None, key_id: None }.into());
    };
    let twins = Twins::of(&leaf, Profile::Server, &signer.issuer, &context.random, now)?.revoking(revoked);
    let runner = Runner::new(crate::cli::time_limit(args.timeout)?)?;
    let run = |address: SocketAddr| runner.run(&words.at(address));
    let shown: Vec<_> = args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let audit = ClientAudit {
        target: shown.join(" "),
        client_ca: anchors(&signer.issuer, whom.as_ref()),
        run: &run,
        selection,
        knows_lists: args.crl.is_some(),
        timeout: crate::cli::time_limit(args.timeout)?,
    };
    let (progress, done) = (Progress::new(checks.len() * 2 + 2, args.output), Cell::new(0));
    let report = client(&audit, &twins, &context.clock(), &|row| {
        done.set(done.get() + 1);
        progress.row(done.get(), &row.what);
        if !args.output.json && !args.output.quiet && (args.verbose || is_bad(row)) {
            progress.clear();
            tell(row);
        }
    })?;
    progress.clear();
    args.matrix.deliver(&report, &escape(&audit.target), args.output)
}

fn is_bad(row: &Row) -> bool {
    matches!(row.status, Status::Hole | Status::WrongReason | Status::Undecided)
}

/// What the command said, line by line.
fn tell(row: &Row) {
    let mut text = String::new();
    for line in row.output.lines() {
        text.push_str(&format!("TLS {} {}| {}\n", row.tls, row.check, escape(line)));
    }
    complain(&text);
}

/// The CAs whose clients the good server lets in.
fn anchors(issuer: &Issuer, client: Option<&Leaf>) -> Vec<Certificate> {
    let mut anchors: Vec<Certificate> = issuer.anchors().cloned().collect();
    let more = client.into_iter().flat_map(|leaf| &leaf.anchors);
    anchors.extend(more.filter(|anchor| !issuer.anchors().any(|own| own == *anchor)).cloned());
    anchors
}

/// Reads what the words stand for, before a passphrase is asked for.
fn words(args: &Args, store: &Store, server: Option<&Leaf>, client: Option<&Leaf>) -> Result<Words, Error> {
    let mentions = |name: &str| args.command.iter().any(|word| word.to_string_lossy().contains(name));
    let mut files = Vec::new();
    if let Some(leaf) = client {
        let set = store.link(Shelf::Live, &leaf.name)?;
        files.push(("{cert}", absolute(&set.join("fullchain.pem"))));
        files.push(("{key}", absolute(&set.join("privkey.pem"))));
    } else if mentions("{cert}") || mentions("{key}") {
        let problem = "{cert} and {key} are the files of a client: --client NAME is missing".into();
        return Err(Error::Usage { problem });
    }
    match &args.crl {
        Some(path) => files.push(("{crl}", absolute(path))),
        None if mentions("{crl}") => {
            return Err(Error::Usage { problem: "{crl} is the file of --crl, which is missing".into() });
        }
        None => {}
    }
    if let Some(leaf) = client.or(server) {
        files.push(("{ca}", absolute(&store.link(Shelf::Live, &leaf.name)?.join("ca.pem"))));
    }
    Ok(Words { command: args.command.clone(), files, host: args.host.clone() })
}

impl Words {
    /// With the root of the CA, where no set says whom to trust.
    fn with_root(mut self, args: &Args, store: &Store, signer: &Signer) -> Result<Self, Error> {
        if args.client.is_none() && args.as_server.is_none() {
            let all = store.authorities()?;
            let root = all.into_iter().find(|ca| ca.certificate == *signer.issuer.root());
            if let Some(root) = root {
                let set = store.link(Shelf::Ca, &root.name)?;
                self.files.push(("{ca}", absolute(&set.join("cert.pem"))));
            }
        }
        Ok(self)
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
