//! The matrix as people read it.

use crate::{
    audit::{Audited, Counts, Expected, Report, Row, Status, Verdict},
    cli::terminal::{BAD, BOLD, DIM, GOOD, WARN, styled},
};

/// Rows that came out the same under several versions of TLS, in one line.
struct Line<'a> {
    row: &'a Row,
    tls: Vec<&'a str>,
}

fn lines(rows: &[Row]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in rows {
        let same = |line: &&mut Line<'_>| {
            let other = line.row;
            other.check == row.check && other.status == row.status && other.happened == row.happened
        };
        match lines.iter_mut().rev().take(3).find(same) {
            Some(line) => line.tls.push(&row.tls),
            None => lines.push(Line { row, tls: vec![&row.tls] }),
        }
    }
    lines
}

/// Padded before it is styled: escapes have no width.
fn mark(status: Status, width: usize) -> String {
    let style = match status {
        Status::Passed => GOOD,
        Status::Hole | Status::WrongReason => BAD,
        Status::Undecided => WARN,
        Status::Note | Status::NotTried | Status::Skipped => DIM,
    };
    styled(style, format!("{:width$}", status.words()))
}

fn must(expected: Expected) -> &'static str {
    match expected {
        Expected::Accepted => "accept",
        Expected::Refused => "refuse",
    }
}

/// Every row.
pub(crate) fn table(report: &Report) -> String {
    let mut lines = lines(&report.rows);
    lines.retain(|line| line.row.status != Status::Skipped);
    let width = |text: &dyn Fn(&Line<'_>) -> usize| lines.iter().map(text).max().unwrap_or(0);
    let status = width(&|line| line.row.status.words().len());
    let what = width(&|line| line.row.what.len());
    let tls = width(&|line| line.tls.join(" ").len());
    let mut text = String::new();
    for line in &lines {
        let row = line.row;
        let happened = match &row.hole {
            Some(hole) => format!("{}: {}", styled(BAD, hole), row.happened),
            None => styled(DIM, &row.happened),
        };
        text.push_str(&format!(
            "{}  {:what$}  {:tls$}  {}  {happened}\n",
            mark(row.status, status),
            row.what,
            line.tls.join(" "),
            must(row.expected),
        ));
    }
    text
}

/// What it comes to, in the last lines.
pub(crate) fn summary(report: &Report) -> String {
    let mut text = String::new();
    if let Some(problem) = &report.problem {
        text.push_str(&format!("{}: nothing of this counts: {problem}\n", styled(WARN, "undecided")));
        return text;
    }
    let who = match report.audited {
        Audited::Server => "the server",
        Audited::Client => "the client",
    };
    for hole in report.holes() {
        text.push_str(&format!("{}: {who} {hole}\n", styled(BAD, "hole")));
    }
    text.push_str(&counts(&report.counts));
    text.push('\n');
    let unanswered = report.verdict == Verdict::Undecided && report.counts.undecided == 0;
    if unanswered {
        text.push_str(&format!("{}: nothing that must be refused was tried\n", styled(WARN, "undecided")));
    }
    text
}

/// `34 passed, 2 not tried`
pub(crate) fn counts(counts: &Counts) -> String {
    let many = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    };
    let parts = [
        Some(format!("{} passed", counts.passed)),
        many(counts.holes, "hole", "holes"),
        many(counts.wrong_reason, "refused for another reason", "refused for another reason"),
        many(counts.undecided, "undecided", "undecided"),
        many(counts.notes, "note", "notes"),
        many(counts.not_tried, "not tried", "not tried"),
        many(counts.skipped, "skipped", "skipped"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn tried(row: &Row) -> bool {
    !matches!(row.status, Status::NotTried | Status::Skipped)
}

/// Two matrices beside each other: one line for each thing that was shown, with the alert that answered it.
pub(crate) fn pair(server: &Report, client: &Report) -> String {
    let mut checks: Vec<(&str, &str)> = Vec::new();
    for row in server.rows.iter().chain(&client.rows).filter(|row| tried(row)) {
        if !checks.iter().any(|(check, _)| *check == row.check) {
            checks.push((row.check, &row.what));
        }
    }
    // What is let in stands around what is not.
    checks.sort_by_key(|(check, _)| match *check {
        "own" => 0,
        "good" => 1,
        "good-again" => 4,
        old if old.starts_with("ssl-") || old.starts_with("tls-") => 3,
        _ => 2,
    });
    let cell = |report: &Report, check: &str| {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.check == check && tried(row)).collect();
        let Some(first) = rows.first() else { return (None, "-".to_owned()) };
        let worst = rows.iter().find(|row| row.status != Status::Passed);
        let text = match (worst, first.expected) {
            (Some(row), _) => row.status.words().to_owned(),
            (None, Expected::Accepted) => "accepted".to_owned(),
            (None, Expected::Refused) => {
                let alert = first.alert.as_ref().map(|alert| format!(": {}", alert.name));
                format!("refused{}", alert.unwrap_or_default())
            }
        };
        (Some(worst.is_none()), text)
    };
    let what = checks.iter().map(|(_, what)| what.len()).max().unwrap_or(0);
    let cells: Vec<_> =
        checks.iter().map(|(check, title)| (*title, cell(server, check), cell(client, check))).collect();
    let width = cells.iter().map(|(_, (_, text), _)| text.len()).max().unwrap_or(0).max(10);
    let head = format!("  {:what$}  {:width$}  {}", "", "the server", "the client");
    let mut text = styled(BOLD, head.trim_end()) + "\n";
    for (title, by_server, by_client) in cells {
        let show = |(passed, text): &(Option<bool>, String), width: usize| {
            let style = match passed {
                Some(true) => GOOD,
                Some(false) => BAD,
                None => DIM,
            };
            let padding = " ".repeat(width.saturating_sub(text.len()));
            styled(style, text) + &padding
        };
        text.push_str(&format!("  {title:what$}  {}  {}\n", show(&by_server, width), show(&by_client, 0)));
    }
    text
}
