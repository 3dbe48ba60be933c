//! Where passphrases come from: a file, a descriptor, a command, the environment, or a person at the controlling
//! terminal. Never from a value on the command line, which every user of the machine can read.

use std::{
    ffi::OsStr,
    io::{IsTerminal, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::{Error, key::Passphrase, origin::Origin, source};

/// Sources of the passphrase that opens a key.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct PassphraseArgs {
    /// Read the passphrase that opens the private key from the first line of a file
    #[arg(long, value_name = "FILE", group = "passphrase", help_heading = "Passphrases")]
    passphrase_file: Option<PathBuf>,
    /// Read it from an open file descriptor
    #[arg(long, value_name = "N", group = "passphrase", help_heading = "Passphrases")]
    passphrase_fd: Option<u32>,
    /// Read it from the first line a command prints (no shell; 60 seconds). Else PKIT_PASSPHRASE, else asked for
    #[arg(long, value_name = "COMMAND", group = "passphrase", help_heading = "Passphrases")]
    passphrase_command: Option<String>,
    /// Never ask; fail where a passphrase is missing
    #[arg(long, help_heading = "Passphrases")]
    no_input: bool,
}

/// Sources of the passphrase that is to protect a key from now on.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct NewPassphraseSources {
    /// Read the passphrase that protects the new key from the first line of a file
    #[arg(long, value_name = "FILE", group = "new-passphrase", help_heading = "Passphrases")]
    new_passphrase_file: Option<PathBuf>,
    /// Read it from an open file descriptor
    #[arg(long, value_name = "N", group = "new-passphrase", help_heading = "Passphrases")]
    new_passphrase_fd: Option<u32>,
    /// Read it from the first line a command prints. Else PKIT_NEW_PASSPHRASE, else asked for
    #[arg(long, value_name = "COMMAND", group = "new-passphrase", help_heading = "Passphrases")]
    new_passphrase_command: Option<String>,
}

/// How the new key of a CA is protected: by a passphrase, unless a person says otherwise.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct NewPassphraseArgs {
    #[command(flatten)]
    sources: NewPassphraseSources,
    /// Write the new key without a passphrase
    #[arg(long, group = "new-passphrase", help_heading = "Passphrases")]
    unencrypted: bool,
}

/// Sources of the password under which something is handed out.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct ExportPasswordArgs {
    /// Read the password that protects the exported file from the first line of a file
    #[arg(long, value_name = "FILE", group = "export-password", help_heading = "Passphrases")]
    export_password_file: Option<PathBuf>,
    /// Read it from an open file descriptor
    #[arg(long, value_name = "N", group = "export-password", help_heading = "Passphrases")]
    export_password_fd: Option<u32>,
    /// Read it from the first line a command prints. Else PKIT_EXPORT_PASSWORD, else asked for
    #[arg(long, value_name = "COMMAND", group = "export-password", help_heading = "Passphrases")]
    export_password_command: Option<String>,
}

/// How long a command may take to print a passphrase.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// How often a person may try.
const TRIES: u32 = 3;
const OPENS: &str = "PKIT_PASSPHRASE";
const PROTECTS: &str = "PKIT_NEW_PASSPHRASE";
const EXPORTS: &str = "PKIT_EXPORT_PASSWORD";

enum Source<'a> {
    File(&'a Path),
    Descriptor(u32),
    Command(&'a str),
    Environment(&'static str),
    Terminal,
}

impl PassphraseArgs {
    /// Whether one of the sources was named.
    pub(crate) fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_fd.is_some() || self.passphrase_command.is_some()
    }

    /// Whether a passphrase can be had without asking a person.
    pub(crate) fn is_stated(&self) -> bool {
        self.is_given() || std::env::var_os(OPENS).is_some()
    }

    /// An opener that asks these sources; a person has three tries, a source one.
    pub(crate) fn opener(&self) -> impl FnMut(&Origin, u32) -> Result<Option<Passphrase>, Error> {
        move |origin: &Origin, attempt: u32| {
            let source = choose(&self.passphrase_file, self.passphrase_fd, &self.passphrase_command, OPENS);
            let interactive = matches!(source, Source::Terminal);
            if attempt > if interactive { TRIES } else { 1 } {
                return Ok(None);
            }
            let question = match attempt {
                1 => format!("Passphrase for {origin}: "),
                _ => format!("That did not open it. Passphrase for {origin}: "),
            };
            read(&source, &question, &origin.to_string(), self.no_input).map(Some)
        }
    }
}

impl NewPassphraseSources {
    fn choose(&self) -> Source<'_> {
        choose(&self.new_passphrase_file, self.new_passphrase_fd, &self.new_passphrase_command, PROTECTS)
    }

    /// Whether one of the options was used.
    pub(crate) fn is_given(&self) -> bool {
        self.new_passphrase_file.is_some()
            || self.new_passphrase_fd.is_some()
            || self.new_passphrase_command.is_some()
    }

    /// The passphrase for the new key of something; a person is asked twice. `no_input` comes from [`PassphraseArgs`],
    /// where both are options of one command.
    pub(crate) fn passphrase(&self, what: &str, asking: &PassphraseArgs) -> Result<Passphrase, Error> {
        let what = format!("new key of {what}");
        self.ask(&what, &format!("Passphrase for the {what}: "), asking)
    }

    /// The same with a question of one's own.
    pub(crate) fn ask(
        &self,
        what: &str,
        question: &str,
        asking: &PassphraseArgs,
    ) -> Result<Passphrase, Error> {
        new(&self.choose(), question, what, asking)
    }
}

impl ExportPasswordArgs {
    /// The password for the file that something is handed out in; a person is asked twice.
    pub(crate) fn password(&self, what: &str, asking: &PassphraseArgs) -> Result<Passphrase, Error> {
        let source = choose(
            &self.export_password_file,
            self.export_password_fd,
            &self.export_password_command,
            EXPORTS,
        );
        new(&source, &format!("Password for {what}: "), what, asking)
    }
}

/// A passphrase that is to protect something from now on: whoever types it does so twice.
fn new(
    source: &Source<'_>,
    question: &str,
    what: &str,
    asking: &PassphraseArgs,
) -> Result<Passphrase, Error> {
    let first = read(source, question, what, asking.no_input)?;
    if matches!(source, Source::Terminal) {
        let second = read(source, "Once more: ", what, asking.no_input)?;
        if !first.same(&second) {
            return Err(Error::PassphraseDiffers { what: what.to_owned() });
        }
    }
    Ok(first)
}

impl NewPassphraseArgs {
    /// Whether one of the options was used.
    pub(crate) fn is_used(&self) -> bool {
        self.unencrypted || self.sources.is_given()
    }

    /// The passphrase for a new key, or `None` where it is to be unencrypted.
    pub(crate) fn passphrase(
        &self,
        what: &str,
        asking: &PassphraseArgs,
    ) -> Result<Option<Passphrase>, Error> {
        if self.unencrypted { Ok(None) } else { self.sources.passphrase(what, asking).map(Some) }
    }

    /// Whether it was said how the new key is protected, so that nobody needs to be asked.
    pub(crate) fn is_stated(&self) -> bool {
        self.unencrypted || !matches!(self.sources.choose(), Source::Terminal)
    }

    /// Whether a source was given.
    pub(crate) fn is_given(&self) -> bool {
        !self.unencrypted && self.is_stated()
    }

    /// The passphrase of a source that was given, or `None`: for keys that have none unless somebody wants one.
    pub(crate) fn given(&self, asking: &PassphraseArgs) -> Result<Option<Passphrase>, Error> {
        self.is_given().then(|| self.sources.ask("new key", "", asking)).transpose()
    }
}

fn choose<'a>(
    file: &'a Option<PathBuf>,
    descriptor: Option<u32>,
    command: &'a Option<String>,
    variable: &'static str,
) -> Source<'a> {
    match (file, descriptor, command) {
        (Some(path), _, _) => Source::File(path),
        (_, Some(number), _) => Source::Descriptor(number),
        (_, _, Some(command)) => Source::Command(command),
        _ if std::env::var_os(variable).is_some() => Source::Environment(variable),
        _ => Source::Terminal,
    }
}

fn read(source: &Source<'_>, question: &str, what: &str, no_input: bool) -> Result<Passphrase, Error> {
    let (from, bytes) = match source {
        Source::File(path) => (path.display().to_string(), Zeroizing::new(source::read_small(path)?)),
        Source::Descriptor(number) => {
            let path = PathBuf::from(format!("/dev/fd/{number}"));
            (format!("file descriptor {number}"), Zeroizing::new(source::read_small(&path)?))
        }
        Source::Command(command) => (format!("`{command}`"), run(command)?),
        Source::Environment(name) => {
            use std::os::unix::ffi::OsStringExt;
            let value = std::env::var_os(name).unwrap_or_default();
            ((*name).to_owned(), Zeroizing::new(value.into_vec()))
        }
        Source::Terminal => {
            if no_input || !has_terminal() {
                return Err(Error::PassphraseNeeded { what: what.to_owned() });
            }
            let guard = EchoGuard::new();
            let typed = rpassword::prompt_password(question);
            if typed.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted) {
                // The interrupt key; the terminal is as it was by now.
                let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT);
            }
            drop(guard);
            let typed = typed.map_err(|error| Error::PassphraseSource {
                from: "the terminal".into(),
                cause: source::plain(&error),
            })?;
            ("the terminal".to_owned(), Zeroizing::new(typed.into_bytes()))
        }
    };
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(Error::PassphraseSource { from, cause: "its first line is empty".into() });
    }
    Ok(Passphrase::new(Zeroizing::new(line.to_vec())))
}

/// Gives the terminal back as it was when a signal ends the process while a passphrase is typed: without it, the shell
/// would show nothing of what is typed from then on.
struct EchoGuard {
    handle: Option<signal_hook::iterator::Handle>,
}

impl EchoGuard {
    fn new() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let Ok(tty) = std::fs::File::open("/dev/tty") else { return Self { handle: None } };
        let Ok(state) = rustix::termios::tcgetattr(&tty) else { return Self { handle: None } };
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else {
            return Self { handle: None };
        };
        let handle = signals.handle();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let _ = rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &state);
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
        Self { handle: Some(handle) }
    }
}

impl Drop for EchoGuard {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.close();
        }
    }
}

/// Whether a person can be asked: the process has a controlling terminal.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok_and(|tty| tty.is_terminal())
}

/// Runs a command line, split into words without a shell, and takes what it prints.
fn run(command: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |cause: String| Error::PassphraseSource { from: format!("`{command}`"), cause };
    let words = shlex::split(command).ok_or_else(|| failed("its quotes do not match".into()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| failed("it is empty".into()))?;
    let mut child = without_secrets(Command::new(program).args(arguments))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that what it starts can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(source::plain(&error)))?;
    let mut output = child.stdout.take();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut printed = Zeroizing::new(Vec::with_capacity(4096));
        let outcome = output.as_mut().map(|pipe| pipe.take(source::SMALL).read_to_end(&mut printed));
        let _ = sender.send(outcome.transpose().map(|_| printed));
    });
    let deadline = Instant::now() + COMMAND_LIMIT;
    let printed = receiver.recv_timeout(COMMAND_LIMIT);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| failed(source::plain(&error)))? {
            break status;
        }
        if printed.is_err() || Instant::now() > deadline {
            let _ = rustix::process::kill_process_group(
                rustix::process::Pid::from_child(&child),
                rustix::process::Signal::KILL,
            );
            let _ = child.wait();
            return Err(failed(format!("it did not end within {} seconds", COMMAND_LIMIT.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    match printed {
        Ok(Ok(printed)) if status.success() => Ok(printed),
        Ok(Err(error)) => Err(failed(source::plain(&error))),
        Err(_) => Err(failed(format!("it left its output open for {} seconds", COMMAND_LIMIT.as_secs()))),
        _ => Err(failed(format!("it ended with {status}"))),
    }
}

/// Takes the passphrase variables out of a child's environment.
pub(crate) fn without_secrets(command: &mut Command) -> &mut Command {
    [OPENS, PROTECTS, EXPORTS].into_iter().fold(command, |command, name| command.env_remove(OsStr::new(name)))
}
