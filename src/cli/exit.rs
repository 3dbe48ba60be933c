//! How a command ends.

use std::process::ExitCode;

/// Exit status of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: yes, done.
    Yes,
    /// 1: the answer is no.
    No,
    /// 2: it could not be done or found out.
    Failed,
    /// 0 to 3, as monitoring plugins end: OK, WARNING, CRITICAL, UNKNOWN.
    Plugin(u8),
}

impl Exit {
    /// Yes or no.
    pub fn answer(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// As a number.
    pub fn status(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Failed => 2,
            Self::Plugin(status) => status,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.status())
    }
}

/// The end of a command's help: its examples, and the exit status.
pub(crate) fn help(examples: &str) -> String {
    let examples = if examples.is_empty() {
        String::new()
    } else {
        format!("Examples:\n{}\n\n", examples.trim_matches('\n'))
    };
    format!(
        "{examples}Exit status:\n  0  yes, done\n  1  the answer is no: refused, due, not valid\n  2  it could not be done or found out: usage, files, passphrase, network"
    )
}
