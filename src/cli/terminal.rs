//! Standard output and standard error: answers there, everything else here.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Exit, OutputArgs, hint::hint};
use crate::Error;

/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is well. Never the only sign of it.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is wrong. Never the only sign of it.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look. Never the only sign of it.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Text in a style; escapes are removed where the stream is no terminal, or `NO_COLOR` is set.
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes to standard output. A reader that went away is no error: the exit status still says how it ended.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    finish(anstream::stdout().write_all(text.as_bytes()).and_then(|()| anstream::stdout().flush()))
}

/// Writes bytes to standard output as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    finish(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes one JSON value and a newline to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print_bytes(text.as_bytes())
}

fn finish(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::WriteFailed { path: "standard output".into(), cause: crate::source::plain(&error) }
                .into())
        }
        _ => Ok(()),
    }
}

/// Whether standard output is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes to standard error. If even that fails there is nobody left to tell.
pub(crate) fn complain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

impl OutputArgs {
    /// A line beside the answer, on standard error, unless `--quiet`.
    pub(crate) fn notice(&self, text: impl Display) {
        if !self.quiet {
            complain(&format!("{}: {text}\n", styled(BOLD, "notice")));
        }
    }
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    facts: Vec<crate::Fact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Tells an error in words or JSON.
pub(crate) fn error(error: &anyhow::Error, json: bool) -> Exit {
    let (code, facts, hint) = match error.downcast_ref::<Error>() {
        Some(known) => (known.code(), known.facts(), hint(known)),
        None => ("failed", Vec::new(), None),
    };
    tell(ErrorBody { code, message: error.to_string(), facts, hint }, json);
    Exit::Failed
}

fn tell(body: ErrorBody<'_>, json: bool) {
    if json {
        let text = serde_json::to_string(&ErrorJson { error: body }).unwrap_or_default();
        complain(&format!("{text}\n"));
        return;
    }
    let width = body.facts.iter().map(|fact| fact.label.len()).max().unwrap_or(0);
    let mut text = format!("{}: {}\n", styled(BAD, "error"), body.message);
    for fact in &body.facts {
        text.push_str(&format!("  {:width$}  {}\n", fact.label, fact.value));
    }
    if let Some(hint) = &body.hint {
        text.push_str(&format!("{}: {hint}\n", styled(BOLD, "hint")));
    }
    complain(&text);
}

/// Tells what is wrong with a command line, or the help that was asked for.
pub(crate) fn usage_error(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        // Help or version; a closed pipe is no error.
        let _ = error.print();
        return Exit::Yes;
    }
    if json {
        let rendered = error.render().to_string();
        let message = rendered.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message).to_owned();
        let hint = Some("see `pkit --help`, or `--help` after a command".to_owned());
        tell(ErrorBody { code: "usage", message, facts: Vec::new(), hint }, true);
    } else {
        let _ = error.print();
    }
    Exit::Failed
}
