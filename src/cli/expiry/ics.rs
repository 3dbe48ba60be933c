//! The report as entries of a calendar (RFC 5545): one for each end, with reminders before it. The same certificate has the
//! same entry in every run.

use std::io::{self, Write};

use time::{OffsetDateTime, UtcOffset, macros::format_description};

use crate::{
    expiry::{Report, Row, Threshold, Thresholds},
    fingerprint::hex,
    validity::format_time,
};

/// Most octets of a line (3.1).
const LINE: usize = 75;

/// Writes the calendar, an entry at a time; `now` is when it was made.
pub(super) fn write(
    report: &Report,
    certificates: &Thresholds,
    crls: &Thresholds,
    now: OffsetDateTime,
    writer: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = Lines(String::new());
    lines.put("BEGIN", "VCALENDAR");
    lines.put("VERSION", "2.0");
    lines.put("PRODID", "-//pkit//expiry//EN");
    lines.put("CALSCALE", "GREGORIAN");
    lines.put("METHOD", "PUBLISH");
    lines.put("X-WR-CALNAME", "Certificates");
    for row in report.rows() {
        event(row, if row.item.role().is_some() { certificates } else { crls }, now, &mut lines);
        writer.write_all(lines.0.as_bytes())?;
        lines.0.clear();
    }
    lines.put("END", "VCALENDAR");
    writer.write_all(lines.0.as_bytes())
}

fn event(row: &Row, thresholds: &Thresholds, now: OffsetDateTime, lines: &mut Lines) {
    let item = &row.item;
    let title = item.title();
    let summary = match (item.role(), &row.chain) {
        (None, _) => format!("CRL of {title} lapses"),
        (Some(_), None) => format!("{title}: certificate expires"),
        (Some(_), Some(chain)) => format!("{title}: chain ends with {}", chain.cause),
    };
    let mut told = vec![];
    if let Some(role) = item.role() {
        told.push(format!("Kind: {role}"));
    }
    if let Some(subject) = item.subject() {
        told.push(format!("Subject: {subject}"));
    }
    told.push(format!("Issuer: {}", item.issuer()));
    if !item.number().is_empty() {
        told.push(format!("{}: {}", if item.role().is_some() { "Serial" } else { "Number" }, item.number()));
    }
    told.push(format!(
        "Valid: {} to {}",
        format_time(item.validity().not_before),
        format_time(item.validity().not_after)
    ));
    told.extend(item.places().iter().map(|place| format!("In: {place}")));
    lines.put("BEGIN", "VEVENT");
    lines.put("UID", &format!("{}@pkit", hex(item.fingerprint())));
    lines.put("DTSTAMP", &moment(now));
    lines.put("DTSTART", &moment(row.ends()));
    lines.put("SUMMARY", &text(&summary));
    lines.put("DESCRIPTION", &text(&told.join("\n")));
    lines.put("CATEGORIES", "CERTIFICATES");
    lines.put("STATUS", "CONFIRMED");
    // Nobody is busy while it happens.
    lines.put("TRANSP", "TRANSPARENT");
    let mut reminders =
        [thresholds.warn(), thresholds.critical()].map(|threshold| before(threshold, row)).to_vec();
    reminders.dedup();
    for seconds in reminders {
        lines.put("BEGIN", "VALARM");
        lines.put("ACTION", "DISPLAY");
        lines.put("TRIGGER", &duration(seconds));
        lines.put("DESCRIPTION", &text(&summary));
        lines.put("END", "VALARM");
    }
    lines.put("END", "VEVENT");
}

/// How many seconds before its end a reminder comes.
fn before(threshold: Threshold, row: &Row) -> i64 {
    threshold.seconds(row.item.validity())
}

/// `-P30D`, `-PT3600S` (3.3.6).
fn duration(seconds: i64) -> String {
    match seconds % 86_400 {
        0 => format!("-P{}D", seconds / 86_400),
        _ => format!("-PT{seconds}S"),
    }
}

/// In UTC (3.3.5).
fn moment(time: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    time.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}

/// A value of type TEXT (3.3.11).
fn text(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,");
    value.replace('\n', "\\n")
}

/// Lines that end with CRLF and are folded where they are long, never within a character.
struct Lines(String);

impl Lines {
    fn put(&mut self, name: &str, value: &str) {
        let mut width = 0;
        for letter in name.chars().chain([':']).chain(value.chars()) {
            if width + letter.len_utf8() > LINE {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(letter);
            width += letter.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters() {
        let mut lines = Lines(String::new());
        lines.put("SUMMARY", &"ü".repeat(100));
        assert!(lines.0.lines().all(|line| line.len() <= LINE), "{}", lines.0);
        assert!(lines.0.ends_with("\r\n") && !lines.0.replace("\r\n", "").contains(['\r', '\n']));
        assert_eq!(lines.0.replace("\r\n ", ""), format!("SUMMARY:{}\r\n", "ü".repeat(100)));
    }

    #[test]
    fn durations_are_days_where_they_can_be() {
        assert_eq!([86_400 * 30, 3600, 0].map(duration), ["-P30D", "-PT3600S", "-P0D"]);
        assert_eq!(text("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
    }
}
