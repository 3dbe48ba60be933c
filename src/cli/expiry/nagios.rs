//! The report for monitoring systems, as the Monitoring Plugins have it: a line with performance data behind a `|`, more
//! lines for people, and 0, 1, 2 or 3.

use super::table;
use crate::{
    expiry::{Report, Row, State, Threshold, Thresholds},
    validity::{format_time, relative},
};

pub(super) const UNKNOWN: u8 = 3;
const NAMES: [&str; 4] = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
/// Most lines below the first; monitoring systems cut off at some thousand octets.
const MOST_LINES: usize = 50;

/// What it comes to: CRITICAL before WARNING before UNKNOWN before OK, which takes something that was seen.
pub(super) fn status(report: &Report) -> u8 {
    let has = |states: &[State]| states.iter().any(|state| report.counts.of(*state) > 0);
    if has(&[State::Expired, State::Critical]) {
        2
    } else if has(&[State::Warn, State::NotYetValid]) {
        1
    } else if !report.errors.is_empty() {
        UNKNOWN
    } else {
        0
    }
}

/// Why there is no answer.
pub(super) fn unknown(message: &str) -> String {
    let message: Vec<_> = message.split_whitespace().collect();
    format!("EXPIRY UNKNOWN - {}\n", plain(&message.join(" ")))
}

/// What has a meaning in this form has none in a name.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter == '|' { '¦' } else { letter }).collect()
}

pub(super) fn text(report: &Report, thresholds: &Thresholds) -> String {
    let name = NAMES.get(usize::from(status(report))).copied().unwrap_or("UNKNOWN");
    let worst = report.rows().filter(|row| row.state.is_due()).min_by_key(|row| (row.state, row.ends()));
    let mut parts = table::parts(report);
    if parts.is_empty() {
        parts.push("none in the states asked for".into());
    }
    let told = match (worst, report.next()) {
        (Some(row), _) => format!("; {}", short(row)),
        (None, Some(row)) => format!("; next: {}", table::next(row)),
        (None, None) => String::new(),
    };
    let first = format!("EXPIRY {name} - {}: {}{told}", table::what(report), parts.join(", "));
    let mut text = format!("{} | {}\n", plain(&first), performance(report, thresholds));
    let mut due: Vec<&Row> = report.rows().filter(|row| row.state.is_due()).collect();
    due.sort_by_key(|row| (row.state, row.ends()));
    let lines = due
        .iter()
        .map(|row| long(row))
        .chain(report.errors.iter().map(|trouble| format!("not read: {trouble}")));
    let all = due.len() + report.errors.len();
    for line in lines.take(MOST_LINES) {
        text.push_str(&plain(&line));
        text.push('\n');
    }
    if let Some(more) = all.checked_sub(MOST_LINES).filter(|more| *more > 0) {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}

fn short(row: &Row) -> String {
    let ended = if row.ends() < row.at() { "ended" } else { "ends" };
    match row.state {
        State::NotYetValid => {
            format!("{} begins {}", row.item.title(), relative(row.item.validity().not_before, row.at()))
        }
        _ => format!("{} {ended} {}", row.item.title(), relative(row.ends(), row.at())),
    }
}

fn long(row: &Row) -> String {
    let because = row.chain.as_ref().map(|chain| format!(", with {}", chain.cause)).unwrap_or_default();
    let places = row.item.places();
    let more = if places.len() > 1 { format!(" and {} more", places.len() - 1) } else { String::new() };
    let moment = match row.state {
        State::NotYetValid => row.item.validity().not_before,
        _ => row.ends(),
    };
    let kind = if row.item.role().is_none() { "CRL of " } else { "" };
    format!(
        "{}: {kind}{} ({}){because}, {}{more}",
        row.state,
        short(row),
        format_time(moment),
        places.first().unwrap_or(&"")
    )
}

/// `'label'=value[UOM];warn;crit;min`: the days left of what ends first, and how many are in which state.
fn performance(report: &Report, thresholds: &Thresholds) -> String {
    // An alarm below a number of days is the range from there on; a share of a life is none.
    let range = |threshold: Threshold| match threshold {
        Threshold::Left(span) => format!("{}:", span.to_duration().as_secs() / 86_400),
        Threshold::Percent(_) => String::new(),
    };
    let days = report.rows().filter(|row| row.item.role().is_some()).map(Row::days).min();
    let days = days.map(|days| {
        format!("days_left={days};{};{} ", range(thresholds.warn()), range(thresholds.critical()))
    });
    let counts = &report.counts;
    format!(
        "{}certificates={};;;0 crls={};;;0 expired={};;0;0 critical={};;0;0 warn={};0;;0 not_yet_valid={};0;;0 ok={};;;0 unread={};;;0",
        days.unwrap_or_default(),
        counts.certificates,
        counts.crls,
        counts.expired,
        counts.critical,
        counts.warn,
        counts.not_yet_valid,
        counts.ok,
        report.errors.len()
    )
}
