//! `pkit ca rotate`: a CA is rolled over to a new one, phase by phase.

mod phases;
mod report;

use self::{phases::Work, report::Report};
use crate::{
    Error,
    cli::{
        Context, Exit, OutputArgs, exit,
        hook::{self, HookArgs},
        passphrase::{NewPassphraseArgs, PassphraseArgs},
        signer::StoreArgs,
    },
    key::KeyType,
    name::escape,
    rotate::successor_name,
    store::{Phase, Rotation, Store},
    validity::End,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca rotate \"Acme Root\" --dry-run
  pkit ca rotate \"Acme Root\" --validity 20y --exec systemctl reload nginx
  pkit ca rotate \"Acme Root\" --phase issue-from-new
  pkit renew --all --exec systemctl reload nginx
  pkit ca rotate \"Acme Root\" --phase drop-old

A CA, root or intermediate, gives place to a new one with another key, without an outage. Each phase has to be asked for,
because only people know that everyone outside of the PKI directory has what the one before made. Said again, a phase goes on
where it stopped, and what is done stays done. Without --phase: the first one, or the one that is under way.

  trust-both      Makes the new CA, with the limits of the old one and a name of its own. Of a root,
                  ca.pem of every certificate holds both from now on: bring it to all peers. Where
                  the old CA has a CRL, so has the new one.
  issue-from-new  Proves by handshakes that old and new servers and clients all accept each other.
                  Then the new CA signs, also where --issuer names the old one, and the CAs right
                  below it are certified by it, with their keys. What hangs on the old CA is due for
                  `pkit renew --all`.
  drop-old        Refuses while a certificate in use hangs on the old CA. Proves again, also with
                  the new one alone. Then the old root goes from ca.pem. Its files stay, for its
                  CRL; its key can be put away."))]
pub(super) struct Args {
    /// The CA that gives place
    name: String,
    /// The phase to begin, or to go on with
    #[arg(long, value_name = "PHASE")]
    phase: Option<Phase>,
    /// What to call the new CA; "NAME G2" by default, and so on
    #[arg(long = "as", value_name = "NAME")]
    called: Option<String>,
    /// How long the new CA shall last, instead of as long as the old one: a duration or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME")]
    validity: Option<End>,
    /// Kind of key of the new CA; as the old one's by default
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// Have the new root certified by the old one too, for peers that trust only that one
    #[arg(long)]
    cross_sign: bool,
    /// Drop the old CA though certificates in use hang on it: peers will refuse them
    #[arg(long)]
    force: bool,
    /// Do everything but write: say what would be done, and prove what can be proved
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    hook: HookArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let hook = args.hook.read()?;
    let store = Store::open(&args.store.pki.pki)?;
    if !args.dry_run {
        args.store.waiting(args.output, |wait| store.mend(wait))?;
    }
    let from = store.authority(&args.name)?;
    let before = store.rotations()?.from(&args.name).cloned();
    let reached = before.as_ref().map(|rotation| rotation.phase);
    let phase = args.phase.or(reached).unwrap_or(Phase::TrustBoth);
    if let Some(problem) = out_of_turn(reached, phase) {
        return Err(Error::Usage { problem: format!("\"{}\" {problem}", escape(&args.name)) }.into());
    }
    let to = match &before {
        Some(rotation) => rotation.to.clone(),
        None => args.called.clone().unwrap_or_else(|| successor_name(&args.name)),
    };
    if args.called.as_ref().is_some_and(|called| *called != to) {
        let problem =
            format!("\"{}\" is being rolled over to \"{}\" already", escape(&args.name), escape(&to));
        return Err(Error::Usage { problem }.into());
    }
    let rotation = Rotation { from: args.name.clone(), to: to.clone(), phase };
    let report = Report {
        dry_run: args.dry_run,
        from: args.name.clone(),
        to,
        phase,
        steps: Vec::new(),
        proof: Vec::new(),
        dependent: Vec::new(),
        done: false,
        next: Vec::new(),
    };
    let mut work =
        Work { args: &args, context, store: &store, now: context.now(), from, before, rotation, report };
    let changed = if reached > Some(phase) { Some(Vec::new()) } else { work.run()? };
    let Some(changed) = changed else {
        work.report.tell(args.output)?;
        return Ok(Exit::No);
    };
    work.report.done = !args.dry_run;
    work.report.set_next(work.from.is_root());
    work.report.tell(args.output)?;
    if args.dry_run {
        return Ok(Exit::Yes);
    }
    let concerned = |name: &str| changed.iter().any(|one| one == name);
    hook::tell(hook.as_ref(), &store, concerned, &args.store, args.output)?;
    Ok(Exit::Yes)
}

/// Why a phase cannot begin yet.
fn out_of_turn(reached: Option<Phase>, wanted: Phase) -> Option<String> {
    let due = reached.map_or(Some(Phase::TrustBoth), Phase::next);
    match due {
        Some(due) if wanted > due => {
            let first = due.name();
            Some(format!("cannot go on with {} before {first}: --phase {first} comes first", wanted.name()))
        }
        _ => None,
    }
}
