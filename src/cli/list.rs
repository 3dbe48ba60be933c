//! `pkit list`: what is on record.

mod history;

use anstyle::Style;

use super::{
    AtArgs, Context, Exit, OutputArgs, PkiArgs, exit,
    terminal::{BAD, BOLD, DIM, Output, WARN, styled},
};
use crate::{
    name::escape,
    store::{Filter, Row, State, Store, list},
    validity::{End, Span},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit list
  pkit list '*.internal' --state due
  pkit list --expires-within 30d --json | jq -r '.certificates[].name'
  pkit list --serial 5e:c3:96:77:0f
  pkit list --history api.internal

States: valid; due, in the last third of its life; expired; superseded, replaced by another of its name; revoked, for
good or on hold."))]
pub(super) struct Args {
    /// Names; `*` stands for any characters, `?` for one
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    state: Vec<State>,
    /// Only those that this CA signed
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Only those that end within this time, and have not ended yet
    #[arg(long, value_name = "DURATION")]
    expires_within: Option<String>,
    /// Only the one with this serial number, in hexadecimal
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    /// Everything that happened to this name, in order: who replaced whom
    #[arg(long, value_name = "NAME", conflicts_with_all = ["names", "state", "issuer", "expires_within", "serial"])]
    history: Option<String>,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let store = Store::open(&args.pki.pki)?;
    if let Some(name) = &args.history {
        return history::run(&store, name, args.output);
    }
    let now = args.at.moment(context)?;
    let filter = Filter::new(
        &args.names,
        args.state,
        args.issuer,
        args.serial.as_deref(),
        args.expires_within.map(|span| End::After(span.parse::<Span>()?).moment(now)).transpose()?,
    )?;
    let mut output = Output::new();
    let mut count = 0u64;
    let foreign = list(&store, &filter, now, |row| -> anyhow::Result<bool> {
        if args.output.json {
            output.value("certificates", &row)?;
        } else {
            if count == 0 && !args.output.quiet {
                output.text(&styled(BOLD, heading()))?;
                output.text("\n")?;
            }
            output.text(&line(&row))?;
        }
        count += 1;
        Ok(output.is_open())
    })?;
    if args.output.json && count == 0 {
        output.text("{\"certificates\":[]}\n")?;
    }
    output.finish()?;
    if !foreign.is_empty() {
        let lines: Vec<_> = foreign.iter().take(5).map(ToString::to_string).collect();
        let more = if foreign.len() > 5 { ", …" } else { "" };
        args.output.notice(format!(
            "{} of the inventory's lines are no records of this version and were left as they are: {}{more}",
            foreign.len(),
            lines.join(", ")
        ));
    }
    Ok(Exit::Yes)
}

fn heading() -> String {
    format!("{:10}  {:10}  {:12}  {:40}  NAME", "STATE", "UNTIL", "KIND", "SERIAL")
}

fn line(row: &Row) -> String {
    let style = match row.state {
        State::Valid => Style::new(),
        State::Due => WARN,
        State::Expired | State::Revoked => BAD,
        State::Superseded => DIM,
    };
    // An inventory may be edited by hand, so nothing of it reaches a terminal as it is.
    format!(
        "{}  {:10}  {:12}  {:40}  {}\n",
        styled(style, format!("{:10}", row.state.name())),
        escape(row.not_after.get(..10).unwrap_or(&row.not_after)),
        escape(&row.kind),
        escape(&row.serial),
        escape(&row.name)
    )
}
