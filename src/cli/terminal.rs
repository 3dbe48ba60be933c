//! Standard output and standard error: answers there, everything else here.

use std::{
    fmt::Display,
    io::{self, BufWriter, IsTerminal, Seek, Write},
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

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

/// Writes a long answer to standard output as it comes. As with [`print`], a reader that went away is no error.
pub(crate) fn stream(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = fill(&mut writer).and_then(|()| writer.flush());
    // What is left in the buffer has no reader either.
    let (_, _) = writer.into_parts();
    finish(written)
}

/// Whether text on standard output keeps its styles.
pub(crate) fn is_styled() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Text with styles, which are removed on the way unless they are wanted.
pub(crate) struct Text<'a> {
    writer: &'a mut dyn Write,
    strip: Option<anstream::adapter::StripBytes>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(writer: &'a mut dyn Write, styled: bool) -> Self {
        Self { writer, strip: (!styled).then(anstream::adapter::StripBytes::new) }
    }
}

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.strip {
            Some(strip) => strip.strip_next(bytes).try_for_each(|part| self.writer.write_all(part))?,
            None => self.writer.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes one JSON value and a newline to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_bytes(&json(value)?)
}

/// One JSON value and a newline.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    write_json(&mut text, value)?;
    Ok(text)
}

/// The same, written as it comes.
pub(crate) fn write_json(writer: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Harmless(PrettyFormatter::new());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *writer, formatter))?;
    writer.write_all(b"\n")
}

/// A long answer, written as it comes: memory does not grow with it, and a reader that goes away ends it.
pub(crate) struct Output {
    writer: BufWriter<io::StdoutLock<'static>>,
    /// Whether escapes are removed from text.
    plain: bool,
    open: bool,
    /// Values in the JSON array so far; `None` outside of one.
    values: Option<usize>,
    /// Further arrays of the document, which follow the first at its end.
    later: Vec<Later>,
}

/// An array that waits for its turn, in a temporary file where it gets long.
struct Later {
    name: &'static str,
    values: usize,
    text: tempfile::SpooledTempFile,
}

/// Bytes of such an array that are held in memory.
const SPOOLED: usize = 1 << 20;

impl Output {
    /// Takes standard output.
    pub(crate) fn new() -> Self {
        Self {
            writer: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            plain: !is_styled(),
            open: true,
            values: None,
            later: Vec::new(),
        }
    }

    /// The same for a JSON document with further arrays behind that of [`Output::value`], empty or not.
    pub(crate) fn with_arrays(names: &[&'static str]) -> Self {
        let later =
            |name: &&'static str| Later { name, values: 0, text: tempfile::SpooledTempFile::new(SPOOLED) };
        Self { later: names.iter().map(later).collect(), ..Self::new() }
    }

    /// Whether anybody still reads.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Text with styles.
    pub(crate) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        if self.plain && text.contains('\u{1b}') {
            let text = anstream::adapter::strip_str(text).to_string();
            self.bytes(text.as_bytes())
        } else {
            self.bytes(text.as_bytes())
        }
    }

    /// One value of the JSON document `{"NAME": […]}`, which the first of them begins: a line each, or on a terminal
    /// as a person reads it.
    pub(crate) fn value(&mut self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        self.begin(name)?;
        if self.values.is_some_and(|values| values > 0) {
            self.bytes(b",\n")?;
        }
        self.values = Some(self.values.unwrap_or(0) + 1);
        match write_value(&mut self.writer, value) {
            Err(error) if error.is_io() => self.note(Err(error.into())),
            other => Ok(other?),
        }
    }

    /// Begins the JSON document `{"NAME": […]}`, if it has not begun.
    pub(crate) fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        if self.values.is_none() {
            self.bytes(format!("{{\"{name}\":[\n").as_bytes())?;
            self.values = Some(0);
        }
        Ok(())
    }

    /// One value of a further array.
    pub(crate) fn value_later(&mut self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let Some(array) = self.later.iter_mut().find(|array| array.name == name) else { return Ok(()) };
        if array.values > 0 {
            array.text.write_all(b",\n")?;
        }
        array.values += 1;
        Ok(write_value(&mut array.text, value)?)
    }

    /// One JSON value, a line of its own.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = Vec::new();
        value
            .serialize(&mut serde_json::Serializer::with_formatter(&mut text, Harmless(CompactFormatter)))?;
        text.push(b'\n');
        self.bytes(&text)
    }

    /// Hands over what was said so far, to whoever follows.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        let flushed = self.writer.flush();
        self.note(flushed)
    }

    /// Ends the answer, and the JSON document where there is one.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if self.values.is_some() {
            for mut array in std::mem::take(&mut self.later) {
                self.bytes(format!("\n],\"{}\":[\n", array.name).as_bytes())?;
                array.text.rewind()?;
                let copied = io::copy(&mut array.text, &mut self.writer).map(drop);
                self.note(copied)?;
            }
            self.bytes(b"\n]}\n")?;
        }
        self.flush()
    }

    fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if !self.open {
            return Ok(());
        }
        let written = self.writer.write_all(bytes);
        self.note(written)
    }

    fn note(&mut self, result: io::Result<()>) -> anyhow::Result<()> {
        if result.is_err() {
            self.open = false;
        }
        finish(result)
    }
}

/// Writes a value as a program reads it, or on a terminal as a person does.
fn write_value(writer: impl Write, value: &impl Serialize) -> serde_json::Result<()> {
    if stdout_is_terminal() {
        let formatter = Harmless(PrettyFormatter::new());
        value.serialize(&mut serde_json::Serializer::with_formatter(writer, formatter))
    } else {
        let formatter = Harmless(CompactFormatter);
        value.serialize(&mut serde_json::Serializer::with_formatter(writer, formatter))
    }
}

/// JSON whose strings hold nothing that acts on a terminal: what [`crate::name::escape`] would escape in text is
/// written as `\uXXXX`, so that a program reads the true string and a person is not deceived.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.as_bytes().contains(&0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            let mut units = [0; 2];
            let one = character.encode_utf8(&mut [0; 4]).to_owned();
            if let std::borrow::Cow::Borrowed(_) = crate::name::escape(&one) {
                writer.write_all(one.as_bytes())?;
                continue;
            }
            for unit in character.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
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
            self.tell("notice", BOLD, text);
        }
    }

    /// A line on standard error whatever was asked for: of a danger that nobody may miss.
    pub(crate) fn warning(&self, text: impl Display) {
        self.tell("warning", BAD, text);
    }

    fn tell(&self, label: &str, style: Style, text: impl Display) {
        if self.json {
            complain(&format!("{}\n", serde_json::json!({ label: text.to_string() })));
        } else {
            complain(&format!("{}: {text}\n", styled(style, label)));
        }
    }
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    error: ErrorBody<'a>,
}

/// An error for programs.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    facts: Vec<crate::Fact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Error> for ErrorBody<'_> {
    fn from(error: &Error) -> Self {
        Self { code: error.code(), message: error.to_string(), facts: error.facts(), hint: hint(error) }
    }
}

/// Tells an error in words or JSON.
pub(crate) fn error(error: &anyhow::Error, json: bool) -> Exit {
    let body = error.downcast_ref::<Error>().map(ErrorBody::from);
    let unknown = || ErrorBody { code: "failed", message: error.to_string(), facts: vec![], hint: None };
    tell(body.unwrap_or_else(unknown), json);
    Exit::Failed
}

/// An error in one line: the headline, and the facts behind it.
pub(crate) fn words(error: &anyhow::Error) -> String {
    let facts = error.downcast_ref::<Error>().map(Error::facts).unwrap_or_default();
    let facts: Vec<_> = facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
    if facts.is_empty() { error.to_string() } else { format!("{error} ({})", facts.join("; ")) }
}

/// Tells an error beside an answer.
pub(crate) fn failure(error: &Error, json: bool) {
    tell(ErrorBody::from(error), json);
}

/// Tells something that could not be read, beside an answer: one line.
pub(crate) fn trouble(trouble: &crate::expiry::Trouble, json: bool) {
    if json {
        let facts = trouble.facts.clone();
        tell(ErrorBody { code: trouble.code, message: trouble.message.clone(), facts, hint: None }, true);
    } else {
        complain(&format!("{}: {trouble}\n", styled(BAD, "error")));
    }
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

/// What is wrong with a command line, in one line.
pub(crate) fn usage(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let message = rendered.lines().next().unwrap_or_default();
    message.strip_prefix("error: ").unwrap_or(message).to_owned()
}

/// Tells what is wrong with a command line, or the help that was asked for.
pub(crate) fn usage_error(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        // Help or version; a closed pipe is no error.
        return match finish(error.print()) {
            Ok(()) => Exit::Yes,
            Err(error) => self::error(&error, json),
        };
    }
    if json {
        let message = usage(error);
        let hint = Some("see `pkit --help`, or `--help` after a command".to_owned());
        tell(ErrorBody { code: "usage", message, facts: Vec::new(), hint }, true);
    } else {
        let _ = error.print();
    }
    Exit::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_the_true_string_and_no_escape() {
        let truth = "a\u{1b}[31m\u{9b}\u{202e}\u{7f}\u{e0041}\"\\ Bücher 日本";
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, Harmless(CompactFormatter));
        truth.serialize(&mut serializer).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, r#""a\u001b[31m\u009b\u202e\u007f\udb40\udc41\"\\ Bücher 日本""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), truth);
    }
}
