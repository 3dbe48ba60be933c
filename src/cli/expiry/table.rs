//! The report for people.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::{
    cli::terminal,
    expiry::{Report, Row, State},
    validity::{format_date, relative},
};

/// What ends next.
pub(super) fn next(row: &Row) -> String {
    format!("{} {}", row.item.title(), relative(row.ends(), row.at()))
}

/// Writes the tables and what they come to.
pub(super) fn write(
    report: &Report,
    next: Option<&str>,
    quiet: bool,
    writer: &mut dyn Write,
) -> io::Result<()> {
    let mut begun = false;
    let sections = [
        ("CERTIFICATE", "SERIAL", &report.leaves),
        ("AUTHORITY", "SERIAL", &report.authorities),
        ("REVOCATION LIST OF", "NUMBER", &report.crls),
    ];
    for (heading, number, rows) in sections {
        if !rows.is_empty() {
            if begun {
                writer.write_all(b"\n")?;
            }
            table(heading, number, rows, writer)?;
            begun = true;
        }
    }
    if quiet {
        return Ok(());
    }
    if begun {
        writer.write_all(b"\n")?;
    }
    writer.write_all(summary(report, next).as_bytes())
}

const COLUMNS: usize = 9;
/// Numbers stand to the right.
const RIGHT: [usize; 2] = [4, 5];

fn table(heading: &str, number: &str, rows: &[Row], writer: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    let head = ["STATE", heading, "KIND", "ENDS", "DAYS", "LIFE", "ISSUER", number, "FILES"];
    let mut widths = head.map(UnicodeWidthStr::width);
    // Twice over the rows, so that not all cells are in memory.
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&cells(row)) {
            *width = (*width).max(cell.width());
        }
    }
    line(&head.map(str::to_owned), &widths, Some(terminal::BOLD), true, &mut text);
    let indent: usize = widths.iter().take(COLUMNS - 1).map(|width| width + 2).sum();
    for row in rows {
        line(&cells(row), &widths, Some(style(row.state)), false, &mut text);
        for further in files(row).into_iter().skip(1) {
            text.extend(std::iter::repeat_n(' ', indent));
            text.push_str(&further);
            text.push('\n');
        }
        writer.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(())
}

/// One line; a style is of its first word, or of all of it.
fn line(
    cells: &[String; COLUMNS],
    widths: &[usize; COLUMNS],
    style: Option<Style>,
    whole: bool,
    text: &mut String,
) {
    let mut line = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let gap = width.saturating_sub(cell.width());
        let blanks = std::iter::repeat_n(' ', gap);
        if RIGHT.contains(&index) {
            line.extend(blanks);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.extend(blanks);
        }
        line.push_str("  ");
    }
    let line = line.trim_end();
    let style = style.unwrap_or_default();
    let end = if whole { line.len() } else { cells.first().map_or(0, String::len) };
    let (styled, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    text.push_str(&terminal::styled(style, styled));
    text.push_str(rest);
    text.push('\n');
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let remaining = row.remaining();
    [
        row.state.to_string(),
        clip(row.item.title()),
        row.item.role().map_or_else(|| "CRL".to_owned(), |role| role.to_string()),
        format_date(row.ends()),
        row.days().to_string(),
        format!("{} %", remaining.percent),
        clip(row.item.issuer_title()),
        serial(row.item.number()),
        files(row).swap_remove(0),
    ]
}

fn style(state: State) -> Style {
    match state {
        State::Expired | State::Critical => terminal::BAD,
        State::Warn | State::NotYetValid => terminal::WARN,
        State::Ok => terminal::GOOD,
    }
}

/// A name, cut where it would push all else off the line; JSON has it whole.
fn clip(name: &str) -> String {
    const MOST: usize = 40;
    match name.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or(name)),
        None => name.to_owned(),
    }
}

/// Enough of a serial number to tell certificates apart; JSON has it whole.
fn serial(serial: &str) -> String {
    match serial.get(..8) {
        Some(start) if serial.len() > 10 => format!("{start}…"),
        _ => serial.to_owned(),
    }
}

/// Most files that are told of one certificate; JSON has all.
const MOST_FILES: usize = 5;

/// Where it lies, and why its chain ends before it does; at least one line.
fn files(row: &Row) -> Vec<String> {
    let places = row.item.places();
    let mut lines: Vec<String> = places.iter().take(MOST_FILES).map(|place| (*place).to_owned()).collect();
    if let Some(more) = places.len().checked_sub(MOST_FILES).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    if let Some(chain) = &row.chain {
        lines.push(format!(
            "{}; by itself {}",
            cause(row, &chain.cause),
            format_date(row.item.validity().not_after)
        ));
    }
    lines
}

/// `ends with Acme Issuing`
pub(super) fn cause(row: &Row, cause: &str) -> String {
    let ended = if row.days() < 0 { "ended" } else { "ends" };
    format!("{ended} with {cause}")
}

/// `3 expired`, `2 due within 30 days`, …, of what there is.
pub(super) fn parts(report: &Report) -> Vec<String> {
    let counts = &report.counts;
    // What has thresholds of its own is not told by those of certificates.
    let same = |state: State| report.crls.iter().all(|row| row.state != state);
    let within = |state: State, threshold: &str, other: &str| match same(state) {
        true => format!("due within {}", days(threshold)),
        false => other.to_owned(),
    };
    [
        (counts.expired, "expired".to_owned()),
        (counts.critical, within(State::Critical, &report.critical, "critical")),
        (counts.warn, within(State::Warn, &report.warn, "due soon")),
        (counts.not_yet_valid, "not valid yet".to_owned()),
        (counts.ok, "ok".to_owned()),
        (report.errors.len(), "not read".to_owned()),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect()
}

/// `3 certificates and 1 CRL`
pub(super) fn what(report: &Report) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let certificates = plural(report.counts.certificates, "certificate");
    match report.counts.crls {
        0 => certificates,
        count => format!("{certificates} and {}", plural(count, "CRL")),
    }
}

fn summary(report: &Report, next: Option<&str>) -> String {
    let next = next.map(|next| format!("; next: {next}")).unwrap_or_default();
    let parts = parts(report);
    if parts.is_empty() {
        return format!("{}\n", what(report));
    }
    format!("{}: {}{next}\n", what(report), parts.join(", "))
}

/// `30d` as `30 days`, `33%` as `33 % of their life`; other spans as they are.
fn days(span: &str) -> String {
    if let Some(percent) = span.strip_suffix('%') {
        return format!("the last {percent} % of its life");
    }
    match span.strip_suffix('d') {
        Some("1") => "1 day".into(),
        Some(number) if number.bytes().all(|digit| digit.is_ascii_digit()) => format!("{number} days"),
        _ => span.to_owned(),
    }
}
