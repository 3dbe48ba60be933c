//! `pkit ca show`.

use serde::Serialize;
use time::OffsetDateTime;

use super::list::{Row, rows};
use crate::{
    Error,
    bundle::to_pem,
    cli::{
        Context, Exit, OutputArgs, PkiArgs, exit,
        inspect::{Lines, long},
        terminal::{self, BOLD, styled},
    },
    fingerprint::hex,
    inspect::{CertificateReport, inspect},
    name::escape,
    store::{KeyState, Shelf, Store},
    validity::{format_rfc3339, tell},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca show \"Acme Root\"
  pkit ca show \"Acme Root\" --pem > root.pem
  pkit ca show \"Acme Issuing\" --chain | openssl verify -CAfile /dev/stdin server.pem
  pkit ca show \"Acme Root\" --json | jq -r .key

A CA without its key here is well: the key of a root is best kept elsewhere."))]
pub(super) struct Args {
    /// Its name
    name: String,
    /// Print its certificate alone, in PEM
    #[arg(long, conflicts_with_all = ["json", "chain"])]
    pem: bool,
    /// Print its certificate and those above it, its root last, in PEM
    #[arg(long, conflicts_with = "json")]
    chain: bool,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    row: Row,
    /// Where its key is, or would be.
    key_file: String,
    /// Its own issuer first, its root last.
    above: Vec<Above>,
    /// As `inspect` tells it.
    inspection: CertificateReport,
}

#[derive(Serialize)]
struct Above {
    /// Its name in the PKI directory, where it is there.
    name: Option<String>,
    subject: String,
    not_after: String,
    fingerprint_sha256: String,
    #[serde(skip)]
    title: String,
    #[serde(skip)]
    ends: OffsetDateTime,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.pki.pki)?;
    let now = context.now();
    let ca = store.authority(&args.name)?;
    if args.pem {
        terminal::print(&ca.certificate.to_pem())?;
        return Ok(Exit::Yes);
    }
    if args.chain {
        terminal::print(&to_pem(std::iter::once(&ca.certificate).chain(&ca.above)))?;
        return Ok(Exit::Yes);
    }
    let all = store.authorities()?;
    let above = ca.above.iter().map(|above| Above {
        name: all.iter().find(|ca| ca.certificate == *above).map(|ca| ca.name.clone()),
        subject: above.subject().to_string(),
        not_after: format_rfc3339(above.validity().not_after),
        fingerprint_sha256: hex(&above.fingerprint()),
        title: above.title(),
        ends: above.validity().not_after,
    });
    let row = rows(&store, args.output, now)?.into_iter().find(|row| row.name == ca.name);
    let report = Report {
        row: row.ok_or_else(|| Error::CaUnknown { name: args.name.clone(), known: Vec::new() })?,
        key_file: store.link(Shelf::Ca, &ca.name)?.join("key.pem").display().to_string(),
        above: above.collect(),
        inspection: inspect(&ca.certificate, now),
    };
    if args.output.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&report.text(now))?;
    }
    Ok(Exit::Yes)
}

impl Report {
    fn text(&self, now: OffsetDateTime) -> String {
        let mut lines = Lines::default();
        let above = self.above.iter().map(|above| {
            let name = match &above.name {
                Some(name) => escape(name).into_owned(),
                None => format!("{}, not in this PKI directory", above.title),
            };
            format!("{name}, until {}", tell(above.ends, now))
        });
        lines.all("above it", above);
        lines.one("issued", format!("{} on record here", self.row.issued));
        let path = escape(&self.key_file);
        match self.row.key {
            KeyState::Absent => lines.all(
                "private key",
                [
                    "absent: a normal state, for a root the best",
                    "needed to sign: pkit issue, sign, renew, crl, ca intermediate, ca cross-sign",
                    &format!("put it back for as long as it is needed: {path}"),
                ],
            ),
            state => lines.one("private key", format!("{state}: {path}")),
        }
        let heading = styled(BOLD, format!("{}: {}", escape(&self.row.name), self.inspection.kind));
        format!("{heading}\n{}{}", lines.0, long(&self.inspection, now))
    }
}
