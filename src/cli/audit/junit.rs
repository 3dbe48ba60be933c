//! The matrix in JUnit's XML, which CI systems show: a test suite, and a test case for each row.

use std::fmt::Write;

use crate::audit::{Audited, Report, Row, Status};

/// The document.
pub(super) fn junit(report: &Report) -> String {
    let name = match report.audited {
        Audited::Server => "pkit audit server",
        Audited::Client => "pkit audit client",
    };
    let count = |wanted: &[Status]| report.rows.iter().filter(|row| wanted.contains(&row.status)).count();
    // A matrix that does not count has an error more than its rows.
    let problem = usize::from(report.problem.is_some());
    let time: f64 = report.rows.iter().map(|row| row.duration.as_secs_f64()).sum();
    let attributes = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
        report.rows.len() + problem,
        count(&[Status::Hole, Status::WrongReason]),
        count(&[Status::Undecided]) + problem,
    );
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let skipped = count(&[Status::NotTried, Status::Skipped]);
    // Writing into a string does not fail.
    let _ = writeln!(xml, "<testsuites name=\"{name}\" {attributes} time=\"{time:.3}\">");
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" {attributes} skipped=\"{skipped}\" time=\"{time:.3}\">",
        escape(&format!("{name} {}", report.target))
    );
    for row in &report.rows {
        case(&mut xml, name, row);
    }
    if let Some(problem) = &report.problem {
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{name}\" name=\"control\" time=\"0.000\">\n      <error message=\"{}\"/>\n    </testcase>",
            escape(problem)
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn case(xml: &mut String, class: &str, row: &Row) {
    let message = escape(row.hole.as_deref().unwrap_or(&row.happened)).into_owned();
    let happened = escape(&row.happened);
    let inside = match row.status {
        Status::Passed => None,
        Status::Note => Some(format!("<system-out>{happened}</system-out>")),
        Status::NotTried | Status::Skipped => Some(format!("<skipped message=\"{message}\"/>")),
        Status::Hole => Some(format!("<failure message=\"{message}\" type=\"hole\">{happened}</failure>")),
        Status::WrongReason => {
            Some(format!("<failure message=\"{message}\" type=\"wrong-reason\">{happened}</failure>"))
        }
        Status::Undecided => Some(format!("<error message=\"{message}\" type=\"undecided\"/>")),
    };
    let _ = write!(
        xml,
        "    <testcase classname=\"{class}\" name=\"{} TLS {}\" time=\"{:.3}\"",
        escape(row.check),
        escape(&row.tls),
        row.duration.as_secs_f64()
    );
    let _ = match inside {
        None => writeln!(xml, "/>"),
        Some(inside) => writeln!(xml, ">\n      {inside}\n    </testcase>"),
    };
}

/// Markup as entities; what XML 1.0 section 2.2 has no character for as U+FFFD.
fn escape(text: &str) -> std::borrow::Cow<'_, str> {
    let special = |character: char| {
        matches!(character, '&' | '<' | '>' | '"' | '\'')
            || (character < ' ' && !matches!(character, '\t' | '\n' | '\r'))
            || matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(special) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other if special(other) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_are_no_part_of_it() {
        assert_eq!(escape("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;");
        assert_eq!(escape("a\u{0}\u{1b}[31m\tb"), "a\u{fffd}\u{fffd}[31m\tb");
        assert!(matches!(escape("nothing"), std::borrow::Cow::Borrowed(_)));
    }
}
