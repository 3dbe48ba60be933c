//! The command line: what was typed becomes what is meant, reports become text or JSON, errors get their remedy.

mod audit;
mod bundle;
mod ca;
mod check;
mod completions;
mod content;
mod crl;
mod deliver;
mod exit;
mod expiry;
mod explain;
mod export;
mod fault;
mod hint;
mod hook;
mod identity;
mod inspect;
mod issue;
mod issued;
mod key;
mod lint;
mod list;
mod man;
mod passphrase;
mod place;
mod probe;
mod prune;
mod quickstart;
mod remedy;
mod renew;
mod request;
mod revoke;
mod rollback;
mod serve_test;
mod sign;
mod signer;
mod terminal;
mod verify;

use std::{
    ffi::OsString,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use clap::{CommandFactory, Parser, Subcommand};
use ring::rand::SystemRandom;
use time::OffsetDateTime;

pub use exit::Exit;

use crate::{
    Error,
    validity::{End, Span},
};

/// What comes from the outermost layer: time and chance.
pub(crate) struct Context {
    /// The source of all randomness.
    pub(crate) random: SystemRandom,
}

impl Context {
    /// The time, in UTC.
    #[allow(clippy::disallowed_methods, reason = "this is the outermost layer")]
    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// The same, for those who ask again and again.
    #[allow(clippy::disallowed_methods, reason = "this is the outermost layer")]
    pub(crate) fn clock(&self) -> crate::tls::Clock {
        std::sync::Arc::new(OffsetDateTime::now_utc)
    }
}

/// Private PKI toolkit: issue certificates, and prove them with a live mutual-TLS handshake
#[derive(Parser)]
#[command(name = "pkit", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = exit::help(""))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// From an empty directory to a proven mutual-TLS handshake
    Quickstart(Deferred<quickstart::Args>),
    /// Make, import, list and show certificate authorities
    Ca(Deferred<ca::Args>),
    /// Issue a certificate for a server, a client, or a peer that is both
    Issue(Deferred<issue::Args>),
    /// Make a key and a certificate request, for another CA or for `sign`
    Request(Deferred<request::Args>),
    /// Sign a certificate request: say what is granted of it, and why the rest is not
    Sign(Deferred<sign::Args>),
    /// Renew certificates that are due: same names, profile and issuer; new serial number, dates and key
    Renew(Deferred<renew::Args>),
    /// Go back to the generation of a certificate before the one in use
    Rollback(Deferred<rollback::Args>),
    /// Remove old generations; keep what is in use, and what rollback and revocation need
    Prune(Deferred<prune::Args>),
    /// List the certificates on record: state, end, serial number, name
    List(Deferred<list::Args>),
    /// Revoke a certificate, put it on hold, or release it; renews the CRL of its CA at once
    Revoke(Deferred<revoke::Args>),
    /// Make the CRLs of CAs anew; with --bundle, all that a server needs in one file
    Crl(Deferred<crl::Args>),
    /// Prove that a PKI directory holds together; --repair mends what a crash left
    Check(Deferred<check::Args>),
    /// Put certificates in the proven order: fullchain, combined, ca-bundle
    Bundle(Deferred<bundle::Args>),
    /// Make private keys, convert them, change their passphrases
    Key(Deferred<key::Args>),
    /// Hand out a certificate, or a CA, as another program wants it: nginx to Java, PKCS#12, Kubernetes, Vault
    Export(Deferred<export::Args>),
    /// Show what anything says: certificates, requests, CRLs, keys, stores, servers
    Inspect(Deferred<inspect::Args>),
    /// Show what runs out and when; the exit status says whether anything is due
    Expiry(Deferred<expiry::Args>),
    /// Would a peer accept this certificate, for this purpose, name and time, and if not, why
    Verify(Deferred<verify::Args>),
    /// Find what is wrong, unwise or unusual in certificates, CRLs and requests, by rules with names
    Lint(Deferred<lint::Args>),
    /// Say in words what an alert, extension, OID, code or rule means, or what a certificate can be used for
    Explain(Deferred<explain::Args>),
    /// Run a mutual-TLS test server that says whom it saw, and why it refused whom
    ServeTest(Deferred<serve_test::Args>),
    /// Try a mutual-TLS handshake and a request; say who refused whom, and why
    Probe(Deferred<probe::Args>),
    /// See that your own server or client refuses what it must: every wrong certificate there is
    Audit(Deferred<audit::Args>),
    /// Print the completion script of a shell
    Completions(Deferred<completions::Args>),
    /// Print the manual page of a command
    Man(Deferred<man::Args>),
}

/// The definition of a command, made when it is the one that is wanted: all of them take longer than most of the work.
struct Deferred<T>(T);

/// Whether the definitions of all commands are wanted.
static WHOLE: AtomicBool = AtomicBool::new(false);

impl<T: clap::Args> clap::Args for Deferred<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        if WHOLE.load(Ordering::Relaxed) {
            return T::augment_args(command);
        }
        command.defer(|command| {
            // Groups of options say what they are, and that would be taken for what the command is.
            let about = command.get_about().cloned().unwrap_or_default();
            T::augment_args(command).about(about).long_about(None)
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: clap::FromArgMatches> clap::FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut clap::ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Options of commands that work in a PKI directory.
#[derive(clap::Args, Clone)]
pub(crate) struct PkiArgs {
    /// The PKI directory
    #[arg(long, value_name = "DIR", env = "PKIT_DIR", default_value = "pki")]
    pub(crate) pki: PathBuf,
}

/// Options of commands that answer something.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct OutputArgs {
    /// Answer in JSON on standard output; errors are JSON on standard error
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing beside the answer and errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How long something may take or is waited for: a duration as everywhere, or so many milliseconds.
pub(crate) fn wait(text: &str) -> Result<std::time::Duration, String> {
    if let Some(Ok(count)) = text.strip_suffix("ms").map(str::parse) {
        return Ok(std::time::Duration::from_millis(count));
    }
    let unread =
        |_| "it is a sum of numbers with units, as 90s, 10m or 1h, or one of milliseconds: 500ms".to_owned();
    text.parse::<Span>().map(Span::to_duration).map_err(unread)
}

/// A time limit, which cannot be nothing.
pub(crate) fn time_limit(limit: std::time::Duration) -> Result<std::time::Duration, Error> {
    if limit.is_zero() {
        return Err(Error::Usage { problem: "a time limit of nothing leaves no time for anything".into() });
    }
    Ok(limit)
}

/// The definition of the command line, from which help, manual pages and completions are made.
pub fn command() -> clap::Command {
    WHOLE.store(true, Ordering::Relaxed);
    Cli::command()
}

/// The option of commands that judge: as of when.
#[derive(clap::Args, Clone)]
pub(crate) struct AtArgs {
    /// Judge as of another time: 2027-06-30, 2027-06-30T12:00:00Z, or 30d for in 30 days
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl AtArgs {
    /// The moment that is meant: now, unless another was asked for.
    pub(crate) fn moment(&self, context: &Context) -> Result<OffsetDateTime, Error> {
        let now = context.now();
        self.at.as_ref().map_or(Ok(now), |text| text.parse::<End>()?.moment(now))
    }
}

/// Keys and passphrases pass through this process: no core dump, and no other process of the user may look inside. Where
/// the system refuses, the work goes on; `docs/security.md` says what is promised.
fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Runs the command line of this process and says how it is to end.
pub fn main() -> ExitCode {
    keep_memory_private();
    run(std::env::args_os().collect()).into()
}

fn run(args: Vec<OsString>) -> Exit {
    // Known before parsing, because a line that cannot be parsed is answered in the form it asked for.
    let json = args.iter().take_while(|arg| *arg != "--" && *arg != "--exec").any(|arg| arg == "--json");
    let json = json || expiry::asks_for("json", &args);
    // A monitoring system knows four ways to end, and takes any of ours for one of them.
    let plugin = expiry::asks_for("nagios", &args);
    hint::remember_pki(&args);
    // Scripts ask often, and the definitions of all commands need not be built for it.
    if let [_, only] = args.as_slice()
        && (only == "--version" || only == "-V")
    {
        return match terminal::print(concat!("pkit ", env!("CARGO_PKG_VERSION"), "\n")) {
            Ok(()) => Exit::Yes,
            Err(error) => terminal::error(&error, json),
        };
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if plugin && error.use_stderr() => return expiry::unknown(&terminal::usage(&error)),
        Err(error) => return terminal::usage_error(&error, json),
    };
    let context = Context { random: SystemRandom::new() };
    let outcome: anyhow::Result<Exit> = match cli.command {
        Command::Quickstart(Deferred(args)) => quickstart::run(args, &context),
        Command::Ca(Deferred(args)) => ca::run(args, &context),
        Command::Issue(Deferred(args)) => issue::run(args, &context),
        Command::Request(Deferred(args)) => request::run(args, &context),
        Command::Sign(Deferred(args)) => sign::run(args, &context),
        Command::Renew(Deferred(args)) => renew::run(args, &context),
        Command::Rollback(Deferred(args)) => rollback::run(args, &context),
        Command::Prune(Deferred(args)) => prune::run(args, &context),
        Command::ServeTest(Deferred(args)) => serve_test::run(args, &context),
        Command::Probe(Deferred(args)) => probe::run(args, &context),
        Command::Audit(Deferred(args)) => audit::run(args, &context),
        Command::List(Deferred(args)) => list::run(args, &context),
        Command::Revoke(Deferred(args)) => revoke::run(args, &context),
        Command::Crl(Deferred(args)) => crl::run(args, &context),
        Command::Check(Deferred(args)) => check::run(args, &context),
        Command::Bundle(Deferred(args)) => bundle::run(args, &context),
        Command::Key(Deferred(args)) => key::run(args, &context),
        Command::Export(Deferred(args)) => export::run(args, &context),
        Command::Inspect(Deferred(args)) => inspect::run(args, &context),
        Command::Expiry(Deferred(args)) => expiry::run(args, &context),
        Command::Verify(Deferred(args)) => verify::run(args, &context),
        Command::Lint(Deferred(args)) => lint::run(args, &context),
        Command::Explain(Deferred(args)) => explain::run(args, &context),
        Command::Completions(Deferred(args)) => completions::run(args),
        Command::Man(Deferred(args)) => man::run(args),
    };
    match outcome {
        Ok(exit) => exit,
        Err(error) if plugin => expiry::unknown(&terminal::words(&error)),
        Err(error) => terminal::error(&error, json),
    }
}
