//! The report for spreadsheets (RFC 4180), a line for each certificate, list, and source that could not be read.

use std::io::{self, Write};

use crate::{
    expiry::{Report, Row},
    fingerprint::colons,
    validity::format_rfc3339,
};

const HEADER: [&str; 15] = [
    "state",
    "kind",
    "title",
    "ends",
    "days_left",
    "percent_left",
    "not_before",
    "not_after",
    "cause",
    "subject",
    "issuer",
    "serial",
    "fingerprint",
    "paths",
    "error",
];

pub(super) fn write(report: &Report, writer: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(writer);
    writer.write_record(HEADER)?;
    for row in report.rows() {
        writer.write_record(fields(row))?;
    }
    for trouble in &report.errors {
        let mut fields = HEADER.map(|_| String::new());
        let [state, .., paths, error] = &mut fields;
        *state = "unread".into();
        *paths = harmless(trouble.place.clone());
        *error = harmless(trouble.to_string());
        writer.write_record(&fields)?;
    }
    writer.flush()
}

fn fields(row: &Row) -> [String; HEADER.len()] {
    let item = &row.item;
    let validity = item.validity();
    let remaining = row.remaining();
    [
        row.state.name().into(),
        item.role().map_or_else(|| "CRL".into(), |role| role.to_string()),
        harmless(item.title().to_owned()),
        format_rfc3339(row.ends()),
        row.days().to_string(),
        remaining.percent.to_string(),
        format_rfc3339(validity.not_before),
        format_rfc3339(validity.not_after),
        harmless(row.chain.as_ref().map(|chain| chain.cause.clone()).unwrap_or_default()),
        harmless(item.subject().map(ToString::to_string).unwrap_or_default()),
        harmless(item.issuer().to_string()),
        item.number().into(),
        colons(item.fingerprint()),
        harmless(item.places().join("\n")),
        String::new(),
    ]
}

/// A stranger's text that a spreadsheet takes for text: what begins like a formula gets a quote before it.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(harmless(formula.into()), format!("'{formula}"));
        }
        assert_eq!(harmless("CN=a".into()), "CN=a");
    }
}
