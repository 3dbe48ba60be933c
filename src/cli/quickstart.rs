//! `pkit quickstart`.

use std::{path::Path, sync::Arc};

use serde::Serialize;

use super::{Context, Exit, OutputArgs, PkiArgs, audit::table, exit, terminal};
use crate::{
    audit,
    cert::load_certificates,
    quickstart::{CLIENT, INTERMEDIATE, Proof, Quickstart, ROOT},
    store::{Shelf, Store},
    validity::relative,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit quickstart
  pkit quickstart api.internal
  pkit quickstart --pki /tmp/try-it

The test PKI ends in 30 days, its keys are not encrypted, and name constraints bind it to localhost and NAME."))]
pub(super) struct Args {
    /// A DNS name or IP address of the server beside localhost, 127.0.0.1 and ::1
    name: Option<String>,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    pki: String,
    sets: Vec<Set>,
    proof: Proof,
    proved: bool,
    next: Vec<String>,
}

#[derive(Serialize)]
struct Set {
    is: &'static str,
    path: String,
    subject: String,
    sans: Vec<String>,
    #[serde(serialize_with = "crate::validity::serialize_time")]
    not_after: time::OffsetDateTime,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let made = Quickstart::make(&args.pki.pki, args.name.as_deref(), &context.random, now)?;
    let (store, server) = (made.store.clone(), made.server.clone());
    let clock = context.clock();
    let proof = made.prove(&context.random, Arc::clone(&clock))?;
    let proved = proof.holds();
    let report = Report {
        pki: store.root().display().to_string(),
        sets: sets(&store, &server)?,
        proof,
        proved,
        next: next(&store, &server)?,
    };
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&report.text(args.output.quiet, now))?;
    }
    Ok(Exit::answer(proved))
}

fn sets(store: &Store, server: &str) -> Result<Vec<Set>, crate::Error> {
    let all = [
        ("root", Shelf::Ca, ROOT),
        ("intermediate", Shelf::Ca, INTERMEDIATE),
        ("server", Shelf::Live, server),
        ("client", Shelf::Live, CLIENT),
    ];
    let set = |(is, shelf, name)| {
        let link = store.link(shelf, name)?;
        let certificate = load_certificates(&link.join("cert.pem"))?;
        let leaf = certificate.first();
        Ok(Set {
            is,
            path: link.display().to_string(),
            subject: leaf.map(|leaf| leaf.subject().to_string()).unwrap_or_default(),
            sans: leaf.iter().flat_map(|leaf| leaf.subject_alt_names()).map(ToString::to_string).collect(),
            not_after: leaf.map_or(time::OffsetDateTime::UNIX_EPOCH, |leaf| leaf.validity().not_after),
        })
    };
    all.into_iter().map(set).collect()
}

/// How this program can be called from here: by its name where the path leads to it, else by where it is.
fn invocation() -> String {
    let Ok(own) = std::env::current_exe() else { return "pkit".into() };
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|dir| dir.join("pkit")).find(|file| file.is_file())
    });
    let same = found.is_some_and(|found| found.canonicalize().ok() == own.canonicalize().ok());
    let here = std::env::current_dir().unwrap_or_default();
    let place =
        own.strip_prefix(here).map(|below| Path::new(".").join(below)).unwrap_or_else(|_| own.clone());
    let text = place.to_string_lossy();
    if same {
        "pkit".into()
    } else {
        shlex::try_quote(&text).map(Into::into).unwrap_or_else(|_| text.into_owned())
    }
}

/// Lines that work as pasted, in two terminals.
fn next(store: &Store, server: &str) -> Result<Vec<String>, crate::Error> {
    let quote = |path: &Path| {
        let text = path.to_string_lossy();
        shlex::try_quote(&text).map(|quoted| quoted.into_owned()).unwrap_or_else(|_| text.into_owned())
    };
    let name = shlex::try_quote(server).map(|name| name.into_owned()).unwrap_or_default();
    let set = store.link(Shelf::Live, server)?;
    let client = store.link(Shelf::Live, CLIENT)?;
    let (ca, fullchain, key) = (
        quote(&set.join("ca.pem")),
        quote(&client.join("fullchain.pem")),
        quote(&client.join("privkey.pem")),
    );
    let (cert, chain) = (quote(&client.join("cert.pem")), quote(&client.join("chain.pem")));
    let pki = match store.root() {
        root if root == Path::new("pki") => String::new(),
        root => format!(" --pki {}", quote(root)),
    };
    let pkit = invocation();
    Ok(vec![
        format!("{pkit} serve-test {name}{pki}"),
        format!("{pkit} probe localhost:8443 --as {CLIENT}{pki}"),
        format!("curl --cacert {ca} --cert {fullchain} --key {key} https://localhost:8443/"),
        format!(
            "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' | openssl s_client -quiet -connect localhost:8443 \
             -servername localhost -verify_return_error -CAfile {ca} -cert {cert} -cert_chain {chain} -key {key}"
        ),
    ])
}

impl Report {
    fn text(&self, quiet: bool, now: time::OffsetDateTime) -> String {
        let mut text = String::new();
        if !quiet {
            let end = self.sets.iter().map(|set| set.not_after).min().unwrap_or(now);
            text.push_str(&format!(
                "made a test PKI in {}/: it ends {}, and cannot issue for any other host name or address\n",
                crate::name::escape(&self.pki),
                relative(end, now)
            ));
            let width = self.sets.iter().map(|set| set.path.len()).max().unwrap_or(0);
            for set in &self.sets {
                let what = if set.sans.is_empty() { set.subject.clone() } else { set.sans.join(", ") };
                text.push_str(&format!(
                    "  {:12}  {:width$}  {what}\n",
                    set.is,
                    crate::name::escape(&set.path)
                ));
            }
        }
        let Proof { server, client } = &self.proof;
        let made = |report: &audit::Report| report.counts.passed + report.counts.holes;
        if !quiet {
            text.push_str(&format!(
                "\nproved by {} live handshakes under TLS 1.2 and 1.3, in which both sides were shown:\n",
                made(server) + made(client)
            ));
        }
        text.push_str(&table::pair(server, client));
        for report in [server, client].into_iter().filter(|report| !report.holds()) {
            text.push_str(&table::summary(report));
        }
        if !quiet && self.proved {
            text.push_str("\nnext, in two terminals:\n");
            for line in &self.next {
                text.push_str(&format!("  {line}\n"));
            }
        }
        text
    }
}
