//! Telling whoever serves a certificate that there is a new one: a command, or a signal to a process.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    Error,
    cli::{OutputArgs, passphrase::without_secrets, signer::StoreArgs},
    source,
    store::{Shelf, Store, Untold},
};

/// Longest list of names in an environment variable; the system's limit is a little above.
const LONGEST: usize = 100_000;

/// What to do after the names lead to the new files.
#[derive(clap::Args)]
pub(crate) struct HookArgs {
    /// Run this command with all arguments that follow, once, after files were changed
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true, conflicts_with = "pid_file", help_heading = "Hook")]
    exec: Vec<OsString>,
    /// Send a signal to the process whose number is in this file
    #[arg(long, value_name = "FILE", help_heading = "Hook")]
    pid_file: Option<PathBuf>,
    /// Which signal
    #[arg(long, value_name = "SIGNAL", default_value = "HUP", requires = "pid_file", help_heading = "Hook")]
    signal: SignalName,
}

/// Signals that servers take for news.
#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
enum SignalName {
    Hup,
    Usr1,
    Usr2,
    Winch,
    Quit,
    Term,
}

impl SignalName {
    fn signal(self) -> Signal {
        match self {
            Self::Hup => Signal::HUP,
            Self::Usr1 => Signal::USR1,
            Self::Usr2 => Signal::USR2,
            Self::Winch => Signal::WINCH,
            Self::Quit => Signal::QUIT,
            Self::Term => Signal::TERM,
        }
    }
}

/// A hook that was asked for.
pub(crate) enum Hook {
    Command(OsString, Vec<OsString>),
    Signal(PathBuf, Signal),
}

impl HookArgs {
    pub(crate) fn read(&self) -> Result<Option<Hook>, Error> {
        Ok(match (self.exec.split_first(), &self.pid_file) {
            (Some((program, arguments)), _) => Some(Hook::Command(program.clone(), arguments.to_vec())),
            (None, Some(path)) => Some(Hook::Signal(path.clone(), self.signal.signal())),
            (None, None) => None,
        })
    }
}

/// Tells whoever serves the certificates of these names; of those before too that could not be told.
pub(crate) fn tell(
    hook: Option<&Hook>,
    store: &Store,
    concerned: impl Fn(&str) -> bool,
    args: &StoreArgs,
    output: OutputArgs,
) -> Result<(), Error> {
    let mut untold = store.untold()?;
    untold.retain(|one| concerned(&one.name));
    if untold.is_empty() {
        return Ok(());
    }
    let Some(hook) = hook else {
        let names: Vec<_> = untold.iter().take(5).map(|one| one.name.as_str()).collect();
        let more = if untold.len() > 5 { ", …" } else { "" };
        output.notice(format!(
            "a hook is still to be run for {}{more}: give --exec or --pid-file",
            crate::name::escape(&names.join(", "))
        ));
        return Ok(());
    };
    hook.run(store, &untold)?;
    args.waiting(output, |wait| store.write(wait)?.strike_told(&untold))
}

impl Hook {
    /// Runs it for these certificates.
    fn run(&self, store: &Store, untold: &[Untold]) -> Result<(), Error> {
        match self {
            Self::Command(program, arguments) => command(program, arguments, store, untold),
            Self::Signal(path, signal) => {
                let pid = process(path)?;
                kill_process(pid, *signal).map_err(|error| Error::HookFailed {
                    hook: format!("process {} of {}", pid.as_raw_nonzero(), path.display()),
                    cause: source::plain(&error.into()),
                    names: untold.iter().map(|one| one.name.clone()).collect(),
                })
            }
        }
    }
}

fn command(
    program: &OsString,
    arguments: &[OsString],
    store: &Store,
    untold: &[Untold],
) -> Result<(), Error> {
    let names: Vec<_> = untold.iter().map(|one| one.name.clone()).collect();
    let mut paths = Vec::new();
    for name in &names {
        let link = store.link(Shelf::Live, name)?;
        paths.push(std::path::absolute(&link).unwrap_or(link).to_string_lossy().into_owned());
    }
    let mut command = Command::new(program);
    // What it prints is not the answer.
    without_secrets(command.args(arguments)).stdin(Stdio::null()).stdout(std::io::stderr());
    command.env("PKIT_RENEWED_COUNT", names.len().to_string());
    for (variable, lines) in
        [("PKIT_RENEWED_NAMES", names.join("\n")), ("PKIT_RENEWED_PATHS", paths.join("\n"))]
    {
        match lines.len() <= LONGEST {
            true => command.env(variable, lines),
            false => command.env_remove(variable),
        };
    }
    let cause = match command.status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("it ended with {status}"),
        Err(error) => source::plain(&error),
    };
    Err(Error::HookFailed { hook: program.to_string_lossy().into_owned(), cause, names })
}

/// The process that a file names: it runs, and did so when the file was written. A number that the system gave to another
/// process since belongs to a younger one.
fn process(path: &Path) -> Result<Pid, Error> {
    let unfit = |problem: String| Error::PidFileUnfit { path: path.to_owned(), problem };
    let bytes = source::read_small(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let first = text.lines().next().unwrap_or_default().trim();
    let pid = first.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| unfit("its first line is not the number of a process".into()))?;
    let started = age::started(pid).ok_or_else(|| unfit(format!("process {first} does not run")))?;
    let written = std::fs::metadata(path).and_then(|found| found.modified());
    let written = written.map_err(|error| unfit(source::plain(&error)))?;
    // Both clocks are rounded, by a second at the most each.
    match started.duration_since(written) {
        Ok(later) if later.as_secs() > 2 => Err(unfit(format!(
            "process {first} began {} seconds after the file was written: it is another one",
            later.as_secs()
        ))),
        _ => Ok(pid),
    }
}

#[cfg(target_os = "linux")]
mod age {
    use std::time::{Duration, SystemTime};

    use rustix::{param::clock_ticks_per_second, process::Pid};

    /// When a process began; `None` where there is none of that number.
    pub(super) fn started(pid: Pid) -> Option<SystemTime> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        // The second field is the command in parentheses, and may hold any character; the state is the third.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let dead = matches!(fields.next()?, "Z" | "X");
        let ticks: u64 = fields.nth(18)?.parse().ok()?;
        let system = std::fs::read_to_string("/proc/stat").ok()?;
        let boot = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let since_boot = Duration::from_secs(ticks / clock_ticks_per_second().max(1));
        (!dead).then_some(SystemTime::UNIX_EPOCH + Duration::from_secs(boot) + since_boot)
    }
}

#[cfg(not(target_os = "linux"))]
mod age {
    use std::{
        process::Command,
        time::{Duration, SystemTime},
    };

    use rustix::process::Pid;

    /// When a process began; `None` where there is none of that number.
    #[allow(clippy::disallowed_methods, reason = "this is the outermost layer")]
    pub(super) fn started(pid: Pid) -> Option<SystemTime> {
        let pid = pid.as_raw_nonzero().to_string();
        let output = Command::new("ps").args(["-o", "etime=", "-p", &pid]).output().ok()?;
        // [[days-]hours:]minutes:seconds
        let text = String::from_utf8(output.stdout).ok()?;
        let (days, rest) = text.trim().split_once('-').unwrap_or(("0", text.trim()));
        let seconds =
            rest.split(':').try_fold(0u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?))?;
        let age = Duration::from_secs(days.parse::<u64>().ok()? * 86_400 + seconds);
        SystemTime::now().checked_sub(age)
    }
}
