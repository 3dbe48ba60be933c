//! The user's command: run without a shell, for so long, and ended with all that it started.

use std::{
    ffi::OsString,
    io::{Read, Seek},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use crate::{Error, audit::Ran, cli::passphrase::without_secrets, source};

/// How often is looked whether it has ended.
const PAUSE: Duration = Duration::from_millis(2);
/// Bytes of its output that are kept.
const MOST_OUTPUT: u64 = 16 * 1024;

/// Runs commands, one at a time.
pub(super) struct Runner {
    limit: Duration,
    running: Arc<Mutex<Option<Pid>>>,
}

impl Runner {
    /// A command may take so long. A signal that ends us ends it too.
    pub(super) fn new(limit: Duration) -> anyhow::Result<Self> {
        let running: Arc<Mutex<Option<Pid>>> = Arc::default();
        let seen = running.clone();
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        std::thread::spawn(move || {
            for signal in signals.forever() {
                // Held to the end, so that no other command begins meanwhile.
                let running = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(pid) = *running {
                    // It may have ended meanwhile; and who ignores a milder signal would stay behind.
                    let _ = kill_process_group(pid, Signal::KILL);
                }
                let _ = emulate_default_handler(signal);
            }
        });
        Ok(Self { limit, running })
    }

    /// Runs a command to its end; how it ended.
    pub(super) fn run(&self, words: &[OsString]) -> Result<Ran, Error> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(Error::Usage { problem: "there is no command to run".into() });
        };
        let failed = |error: std::io::Error| Error::Usage {
            problem: format!("{} cannot be run: {}", program.to_string_lossy(), source::plain(&error)),
        };
        let mut output = tempfile::tempfile().map_err(failed)?;
        let (out, err) = (output.try_clone().map_err(failed)?, output.try_clone().map_err(failed)?);
        let mut command = Command::new(program);
        without_secrets(command.args(arguments)).stdin(Stdio::null()).stdout(out).stderr(err);
        // A group of its own, so that what it starts can be ended with it.
        // What is started and what a signal would end are one.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = command.process_group(0).spawn().map_err(failed)?;
        let pid = Pid::from_child(&child);
        *running = Some(pid);
        drop(running);
        let deadline = Instant::now() + self.limit;
        // Not taken leave of yet, so that its number stays its own until all of the group is ended.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let in_time = loop {
            match waitid(WaitId::Pid(pid), ended) {
                Ok(None) | Err(Errno::INTR) if Instant::now() <= deadline => std::thread::sleep(PAUSE),
                outcome => break matches!(outcome, Ok(Some(_))),
            }
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // What it left behind is ended with it.
        let _ = kill_process_group(pid, Signal::KILL);
        let status = child.wait().map_err(failed)?;
        *running = None;
        drop(running);
        let mut text = Vec::new();
        output.rewind().map_err(failed)?;
        output.take(MOST_OUTPUT).read_to_end(&mut text).map_err(failed)?;
        let (succeeded, how) = match in_time {
            true => (status.success(), status.to_string().replace(": ", " ")),
            false => (false, format!("no end within {} s", self.limit.as_secs_f64())),
        };
        Ok(Ran { succeeded, how, output: String::from_utf8_lossy(&text).into_owned() })
    }
}
