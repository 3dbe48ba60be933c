//! `pkit renew`: certificates that are due, one or all of them.

mod report;

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use zeroize::Zeroizing;

use self::report::{Outcome, Report};
use super::{
    Context, Exit, OutputArgs, exit, hook,
    passphrase::{NewPassphraseSources, PassphraseArgs},
    signer::{IssuerArgs, Signer, StoreArgs},
    terminal,
};
use crate::{
    Error,
    cert::Certificate,
    crl::Reason,
    key::Passphrase,
    name::San,
    renew::{Changes, Due, New, Old, Signing},
    store::{Filter, Generation, Lineage, Shelf, State, Store, Untold, directory_name, list},
    validity::{End, Validity},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit renew api.internal
  pkit renew --all --exec systemctl reload nginx
  pkit renew --all --due 30d --quiet --pid-file /run/nginx.pid --signal HUP
  pkit renew api.internal --add-san api2.internal --remove-san old.internal
  pkit renew api.internal --now --reuse-key

A certificate is renewed when it is due: in the last third of its life, or as --due has it; expired ones are, and those of a
CA whose place another takes (`pkit ca rotate`). What is not due
is left alone, which is said, and is no failure: a line for cron can run every hour. --now renews at once, and so do --san,
--add-san and --remove-san. The new certificate has the subject, names, profile, usages and other extensions of the old one, its
issuer and kind of key, and lasts as long; where it would outlive its issuer, it ends with it. A key under a passphrase is
followed by one under a passphrase. Of a certificate made from a request, the same key is certified again.

--exec takes all that follows, and is started without a shell, once for all that was renewed, after the names lead to the new
files. In its environment: PKIT_RENEWED_COUNT; PKIT_RENEWED_NAMES and PKIT_RENEWED_PATHS, one a line, where they fit (100 KB
each). No passphrase is in it, nothing is on its standard input, and there is no time limit. --pid-file sends a signal to the
process whose number is in the file, if it runs and was there when the file was written. Where either fails, the exit
status is 2, and the next renew of these names with a hook runs it again, also when nothing is due, until it succeeds."))]
pub(super) struct Args {
    /// Names of certificates
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All certificates that are due
    #[arg(long)]
    all: bool,
    /// When a certificate is due: so long before its end, or when so much of its life is left
    #[arg(long, value_name = "30d|33%", default_value = "33%")]
    due: Due,
    /// Renew what is not due too
    #[arg(long)]
    now: bool,
    /// Keep the key
    #[arg(long)]
    reuse_key: bool,
    /// How long it shall last, instead of as long as the old one: a duration or an RFC 3339 time
    #[arg(long, value_name = "DURATION|TIME")]
    validity: Option<End>,
    /// An alternative name, instead of all it has; empty for none
    #[arg(long, value_name = "SAN", conflicts_with_all = ["all", "add_san", "remove_san"], help_heading = "Names")]
    san: Vec<String>,
    /// An alternative name beside those it has
    #[arg(long, value_name = "SAN", conflicts_with = "all", help_heading = "Names")]
    add_san: Vec<String>,
    /// An alternative name that it shall have no more
    #[arg(long, value_name = "SAN", conflicts_with = "all", help_heading = "Names")]
    remove_san: Vec<String>,
    #[command(flatten)]
    hook: hook::HookArgs,
    /// Do everything but write: show what would be renewed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseSources,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let hook = args.hook.read()?;
    let work = Work::new(&args, context)?;
    if !args.dry_run {
        args.store.waiting(args.output, |wait| work.store.mend(wait))?;
    }
    let names = work.names()?;
    let (mut report, news) = work.renew(&names)?;
    if !args.dry_run {
        work.commit(&mut report, news, hook.is_some())?;
    }
    // Told before the hook, which may take its time, or never end; where it cannot be told, the hook is run all the same.
    let told = report.tell(&args, work.now);
    let concerned = |name: &str| args.all || names.iter().any(|one| one == name);
    let hooked = match args.dry_run {
        true => Ok(()),
        false => hook::tell(hook.as_ref(), &work.store, concerned, &args.store, args.output),
    };
    if let Err(error) = &hooked {
        terminal::failure(error, args.output.json);
    }
    told?;
    Ok(if hooked.is_ok() && !report.has_failed() { Exit::Yes } else { Exit::Failed })
}

/// What was signed for a name, and which of the names it is.
type Signed = (usize, Old, New);

/// What all names have in common.
struct Work<'a> {
    args: &'a Args,
    context: &'a Context,
    store: Store,
    changes: Changes,
    /// CAs whose place others took, so that what they signed is due.
    outgoing: Vec<Certificate>,
    /// And those that were dropped, though something may hang on them that nobody renewed in time.
    replaced: Vec<Certificate>,
    now: OffsetDateTime,
}

impl<'a> Work<'a> {
    fn new(args: &'a Args, context: &'a Context) -> Result<Self, Error> {
        let sans = |given: &[String]| {
            let given = given.iter().filter(|san| !san.is_empty());
            given.map(|san| san.parse::<San>()).collect::<Result<Vec<_>, _>>()
        };
        let changes = Changes {
            sans: if args.san.is_empty() { None } else { Some(sans(&args.san)?) },
            add: sans(&args.add_san)?,
            remove: sans(&args.remove_san)?,
            end: args.validity,
            reuse_key: args.reuse_key,
        };
        let store = Store::open(&args.store.pki.pki)?;
        let outgoing = store.outgoing()?;
        let replaced = outgoing.iter().cloned().chain(store.dropped()?).collect();
        Ok(Self { args, context, store, changes, outgoing, replaced, now: context.now() })
    }

    /// The names to look at: those given, or of all those that are due by the record.
    fn names(&self) -> Result<Vec<String>, Error> {
        if !self.args.all {
            let mut seen = BTreeSet::new();
            let names = self.args.names.iter().filter(|name| seen.insert(*name));
            return Ok(names.cloned().collect());
        }
        let mut names = BTreeSet::new();
        list(&self.store, &Filter::default(), self.now, |row| {
            let leaf = !matches!(row.kind.as_str(), "root" | "intermediate");
            let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
            let validity = moment(&row.not_before).zip(moment(&row.not_after));
            let due = validity.is_some_and(|(not_before, not_after)| {
                self.args.due.is_reached(Validity { not_before, not_after }, self.now)
            });
            // What was taken back on purpose stays so; what only needs another certificate gets one.
            let replaceable =
                |reason| matches!(reason, Reason::Unspecified | Reason::KeyCompromise | Reason::Superseded);
            let wanted = match row.state {
                State::Revoked => row.reason.is_some_and(replaceable),
                State::Superseded => false,
                _ => due || self.args.now,
            };
            // A name that somebody removed is nobody's to renew.
            if leaf && wanted && self.store.current(Shelf::Live, &row.name).map_or(true, |set| set.is_some())
            {
                names.insert(row.name);
            }
            Ok::<_, Error>(true)
        })?;
        for authority in &self.outgoing {
            let dependent = self.store.dependent_on(authority, self.now)?;
            // Revoked ones are dealt with above.
            let lineages =
                self.store.lineages(Shelf::Live, &dependent.iter().map(String::as_str).collect())?;
            let good = |name: &String| lineages.get(name).is_none_or(|lineage| !lineage.is_revoked());
            names.extend(dependent.into_iter().filter(good));
        }
        Ok(names.into_iter().collect())
    }

    /// Signs what is due. Nothing is written yet.
    fn renew(&self, names: &[String]) -> Result<(Report, Vec<Signed>), Error> {
        let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
        let lineages = self.store.lineages(Shelf::Live, &wanted)?;
        let mut signers = Signers { work: self, known: HashMap::new() };
        let protection = OnceCell::new();
        let (mut report, mut news) = (Report::default(), Vec::new());
        for (index, name) in names.iter().enumerate() {
            let in_use = || self.store.current(Shelf::Live, name).ok();
            let before = in_use();
            let outcome = match self.one(name, lineages.get(name), &mut signers, &protection) {
                // What was read may have been pruned meanwhile.
                Err(_) if in_use() != before => Outcome::Meanwhile,
                Err(error) => Outcome::Failed(error),
                Ok((old, None)) => Outcome::NotDue(old.certificate.validity().not_after),
                Ok((old, Some(new))) => {
                    let link = self.store.link(Shelf::Live, name)?;
                    let outcome = Outcome::renewed(&old, &new, link);
                    news.push((index, old, new));
                    outcome
                }
            };
            report.push(name, outcome);
        }
        Ok((report, news))
    }

    fn one(
        &self,
        name: &str,
        lineage: Option<&Lineage>,
        signers: &mut Signers<'_, '_>,
        protection: &OnceCell<Passphrase>,
    ) -> Result<(Old, Option<New>), Rc<Error>> {
        let old = Old::find(&self.store, name, lineage, &self.replaced, self.now)?;
        if !(self.args.now || self.changes.names() || old.is_due(self.args.due, self.now)) {
            return Ok((old, None));
        }
        let signer = signers.of(old.issuer())?;
        let mut passphrase = || match protection.get() {
            Some(known) => Ok(known.copy()),
            // Nobody needs to be asked for what is not written.
            None if self.args.dry_run => Ok(Passphrase::new(Zeroizing::new(b"-".to_vec()))),
            None => {
                let what = format!("renewed key of \"{name}\"");
                let question = "Passphrase for the renewed keys: ";
                let asked = self.args.new_passphrase.ask(&what, question, &self.args.passphrase)?;
                Ok(protection.get_or_init(|| asked).copy())
            }
        };
        let usual = End::After(self.store.config().validity.leaf);
        let name = signer.name.as_deref().unwrap_or_default();
        let pointers = self.store.config().pointers(&directory_name(name)?);
        let by = Signing { name, issuer: &signer.issuer, pointers };
        let random = &self.context.random;
        let new = old.renew(&self.changes, &by, usual, &mut passphrase, random, self.now)?;
        Ok((old, Some(new)))
    }

    /// Puts on record what was signed, in one group.
    fn commit(&self, report: &mut Report, news: Vec<Signed>, hook: bool) -> Result<(), Error> {
        if news.is_empty() {
            return Ok(());
        }
        self.args.store.waiting(self.args.output, |wait| {
            let writer = self.store.write(wait)?;
            let mut group = Vec::new();
            for (index, old, new) in news {
                // Somebody else may have been faster.
                match self.store.current(Shelf::Live, &old.name) {
                    Ok(Some(set)) if set == old.directory => group.push(new.generation),
                    // What was asked for beside being renewed is not in what the other one made.
                    _ if self.changes.names() || self.changes.end.is_some() => {
                        let problem = "another pkit renewed it just now without these changes: say it again";
                        report.set(index, Outcome::Failed(Error::Usage { problem: problem.into() }.into()));
                    }
                    _ => report.set(index, Outcome::Meanwhile),
                }
            }
            if group.is_empty() {
                return Ok(());
            }
            let told = |generation: &Generation| Untold {
                name: generation.name.clone(),
                serial: generation.record.serial.clone(),
            };
            if hook {
                // Not struck out where the commit fails: it may be on record, and to be told once too often does no harm.
                writer.note_untold(&group.iter().map(told).collect::<Vec<_>>())?;
            }
            writer.commit(group).map(drop)
        })
    }
}

/// The CAs that sign, each opened once.
struct Signers<'w, 'a> {
    work: &'w Work<'a>,
    known: HashMap<String, Result<Rc<Signer>, Rc<Error>>>,
}

impl Signers<'_, '_> {
    fn of(&mut self, name: &str) -> Result<Rc<Signer>, Rc<Error>> {
        let work = self.work;
        let open = || {
            let opened = IssuerArgs::named(name).open(&work.store, &work.args.passphrase, work.now);
            opened.map(Rc::new).map_err(Rc::new)
        };
        self.known.entry(name.to_owned()).or_insert_with(open).clone()
    }
}
