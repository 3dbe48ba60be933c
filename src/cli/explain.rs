//! `pkit explain`: what a word means, or what is in a file is good for.

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    AtArgs, Context, Exit, OutputArgs, exit,
    terminal::{self, BOLD, DIM, styled},
};
use crate::{
    Error,
    cert::{Piece, Pieces},
    crl::Crl,
    csr::Csr,
    explain::{self, Account, Explanation},
    inspect::unpack,
    key::{decode_private_key, no_passphrase},
    lint::{self, Rule},
    source,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit explain 48
  pkit explain bad_certificate
  pkit explain keyUsage
  pkit explain 1.3.6.1.5.5.7.3.2
  pkit explain key-mismatch
  pkit explain keyCompromise
  pkit explain server.pem
  pkit explain --json ca.pem | jq '.accounts[].sections'

A word is a TLS alert, an extension or another object identifier, a reason of revocation, the code of an error of pkit, a rule
of validation or of lint. A file is told by what can be done with it, and what cannot, and why."))]
pub(super) struct Args {
    /// A word, a number, an object identifier, or a file; `-` is standard input
    #[arg(value_name = "WORD|FILE")]
    subject: String,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Words {
    explanations: Vec<Explanation>,
}

#[derive(Serialize)]
struct Accounts {
    accounts: Vec<Account>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let path = PathBuf::from(&args.subject);
    if source::is_stdin(&path) || path.exists() {
        let now = args.at.moment(context)?;
        let accounts = accounts(&path, now)?;
        if args.output.json {
            terminal::print_json(&Accounts { accounts })?;
        } else {
            let texts: Vec<String> = accounts.iter().map(account).collect();
            terminal::print(&texts.join("\n"))?;
        }
        return Ok(Exit::Yes);
    }
    let explanations = explain::word(&args.subject);
    if explanations.is_empty() {
        // Something that looks like a path is one.
        if args.subject.contains('/') || path.extension().is_some() {
            return Err(Error::FileNotFound { path }.into());
        }
        return Err(Error::WordUnknown { word: args.subject, wanted: "word, number or file" }.into());
    }
    if args.output.json {
        terminal::print_json(&Words { explanations })?;
    } else {
        let texts: Vec<String> = explanations.iter().map(explanation).collect();
        terminal::print(&texts.join("\n"))?;
    }
    Ok(Exit::Yes)
}

/// Everything in a file that something can be said of.
fn accounts(path: &Path, now: OffsetDateTime) -> Result<Vec<Account>, Error> {
    let origin = source::origin(path);
    // May hold a key, so it is wiped afterwards.
    let given = zeroize::Zeroizing::new(source::read(path, source::LARGE)?);
    let bytes = unpack(&given, &origin)?.unwrap_or(given);
    let mut found = Vec::new();
    let mut has_key = false;
    for piece in Pieces::new(&bytes, origin.clone()).iter() {
        match piece {
            Piece::Certificate(certificate) => found.push(explain::certificate(&certificate, now)),
            Piece::Other { is_private_key, .. } => has_key |= is_private_key,
            Piece::Broken { error, .. } => return Err(error),
        }
    }
    let items = lint::read(&bytes, &origin).unwrap_or_default();
    if items.iter().flatten().any(|item| item.kind() == lint::Kind::Request) {
        found.push(explain::request(&Csr::decode(&bytes, &origin)?));
    }
    if items.iter().flatten().any(|item| item.kind() == lint::Kind::Crl) {
        found.extend(Crl::decode(&bytes, &origin)?.iter().map(|crl| explain::crl(crl, now)));
    }
    if has_key {
        found.push(match decode_private_key(&bytes, &origin, &mut no_passphrase()) {
            Ok(key) => explain::private_key(Some(key.public()), &origin),
            Err(Error::PassphraseNeeded { .. }) => explain::private_key(None, &origin),
            Err(error) => return Err(error),
        });
    }
    if found.is_empty() {
        return Err(Error::NothingFound { origin, what: "certificate, CRL, request or key" });
    }
    Ok(found)
}

fn account(account: &Account) -> String {
    let number =
        if account.of > 1 { format!(", {} of {}", account.position, account.of) } else { String::new() };
    let mut text = format!("{}\n", styled(BOLD, format!("{}{number}: {}", account.source, account.title)));
    for section in &account.sections {
        for (index, says) in section.says.iter().enumerate() {
            let about = if index == 0 { section.about } else { "" };
            text.push_str(&format!("  {about:<8}  {says}\n"));
        }
    }
    text
}

fn explanation(explanation: &Explanation) -> String {
    let number = explanation.number.as_ref().map(|number| format!(" ({number})")).unwrap_or_default();
    let heading = styled(BOLD, format!("{}{number}", explanation.name));
    let section = explanation.section.as_ref().map(|section| format!(", {section}")).unwrap_or_default();
    let mut text = format!("{heading}  {}\n", styled(DIM, format!("{}{section}", explanation.kind)));
    for sentence in &explanation.meaning {
        text.push_str(&format!("  {sentence}\n"));
    }
    if let Some(remedy) = &explanation.remedy {
        text.push_str(&format!("  {}: {remedy}\n", styled(BOLD, "what to do")));
    }
    text
}

/// A lint rule in words, as `lint --explain` tells it.
pub(super) fn lint_rule(rule: &Rule) -> String {
    explanation(&explain::lint_rule(rule))
}
