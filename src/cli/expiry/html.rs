//! The report as one page that needs nothing else: no script, no font, no image from elsewhere.

use std::io::{self, Write};

use time::OffsetDateTime;

use super::table;
use crate::{
    cert::Role,
    expiry::{Report, Row, State},
    fingerprint::colons,
    validity::{format_date, format_time, relative},
};

const STYLE: &str = include_str!("page.css");

/// Where today stands on the line; what has ended lies before it.
const NOW: f64 = 12.0;
/// The line ends here, a little before the edge.
const END: f64 = 98.0;
const MONTH: f64 = 30.44;
const YEAR: f64 = 365.25;
/// Of a line, in pixels.
const HEIGHT: u32 = 18;

/// Marks of the axis, by their distance from today in days.
const MARKS: [(f64, &str); 7] = [
    (7.0, "1 week"),
    (MONTH, "1 month"),
    (3.0 * MONTH, "3 months"),
    (YEAR, "1 year"),
    (3.0 * YEAR, "3 years"),
    (10.0 * YEAR, "10 years"),
    (30.0 * YEAR, "30 years"),
];

/// Writes the whole page, a row at a time.
pub(super) fn write(report: &Report, writer: &mut dyn Write) -> io::Result<()> {
    let due = report.rows().filter(|row| row.state.is_due()).count();
    let headline = match (due, report.errors.len()) {
        (0, 0) if report.counts.all() == 0 => "Nothing was found".to_owned(),
        (0, 0) => "Nothing is due".to_owned(),
        (0, _) => "Not everything could be read".to_owned(),
        (1, _) => "1 is due".to_owned(),
        (many, _) => format!("{many} are due"),
    };
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{headline} - certificates</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{headline}</h1>\n<p class=\"soft\">{}, as of {}</p>\n",
        table::what(report),
        format_time(report.at)
    );
    tiles(report, &mut page);
    let scale = Scale::new(report);
    for (id, heading, rows) in [
        ("certificates", "Certificates", &report.leaves),
        ("authorities", "Authorities", &report.authorities),
        ("crls", "Revocation lists", &report.crls),
    ] {
        section(id, heading, rows, &scale, &mut page, writer)?;
    }
    if !report.errors.is_empty() {
        page.push_str(&format!(
            "<section aria-labelledby=\"unread\">\n<h2 id=\"unread\">Not read<small>{}</small></h2>\n<ol class=\"card errors\">\n",
            report.errors.len()
        ));
        for trouble in &report.errors {
            page.push_str(&format!(
                "<li><b class=\"unread\">{}</b> {}</li>\n",
                text(&trouble.place),
                text(&trouble.to_string())
            ));
        }
        page.push_str("</ol>\n</section>\n");
    }
    let thresholds = format!(
        "Due with {} left, critical with {}; revocation lists with {} and {}.",
        report.warn, report.critical, report.crl_warn, report.crl_critical
    );
    let looked =
        format!("{} looked at, {} asked.", plural(report.files, "file"), plural(report.servers, "server"));
    page.push_str(&format!(
        "<footer>{} {looked} A row opens for more. Made by pkit expiry.</footer>\n</main>\n</body>\n</html>\n",
        text(&thresholds)
    ));
    writer.write_all(page.as_bytes())
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn tiles(report: &Report, page: &mut String) {
    page.push_str("<ul class=\"tiles\" aria-label=\"How many are in which state\">\n");
    let mut tile = |count: usize, class: &str, words: &str| {
        let class = if count == 0 { "none".to_owned() } else { class.to_owned() };
        page.push_str(&format!("<li class=\"{class}\"><b>{count}</b> {words}</li>\n"));
    };
    for state in State::ALL {
        // Rare, and worth a place only where there is one.
        if state != State::NotYetValid || report.counts.not_yet_valid > 0 {
            tile(report.counts.of(state), state.name(), word(state));
        }
    }
    if !report.errors.is_empty() {
        tile(report.errors.len(), "unread", "not read");
    }
    page.push_str("</ul>\n");
}

/// A state as people call it.
fn word(state: State) -> &'static str {
    match state {
        State::Expired => "expired",
        State::Critical => "critical",
        State::Warn => "due soon",
        State::NotYetValid => "not valid yet",
        State::Ok => "well",
    }
}

fn section(
    id: &str,
    heading: &str,
    rows: &[Row],
    scale: &Scale,
    page: &mut String,
    writer: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    page.push_str(&format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}<small>{}</small></h2>\n<div class=\"card\">\n",
        rows.len()
    ));
    scale.axis(page);
    page.push_str("<ol>\n");
    for row in rows {
        entry(row, scale, page);
        writer.write_all(page.as_bytes())?;
        page.clear();
    }
    page.push_str("</ol>\n</div>\n</section>\n");
    Ok(())
}

fn entry(row: &Row, scale: &Scale, page: &mut String) {
    let item = &row.item;
    let state = row.state.name();
    let kind = item.role().map_or_else(|| "CRL".to_owned(), |role| role.to_string());
    let begins = item.validity().not_before;
    let when = match row.state {
        State::NotYetValid => format!("begins {}", relative(begins, row.at())),
        _ => relative(row.ends(), row.at()),
    };
    let because = row.chain.as_ref().map(|chain| table::cause(row, &chain.cause));
    let by = match because {
        Some(because) => format!(" · {because}"),
        None if item.role() == Some(Role::Root) => String::new(),
        None => format!(" · by {}", item.issuer_title()),
    };
    page.push_str(&format!(
        "<li><details><summary><div class=\"row\"><div class=\"name\"><b>{}</b><span><span class=\"{state}\">{}</span> · {kind}{}</span></div>\
         <div class=\"line\">{}</div><div class=\"when\"><b class=\"{state}\">{when}</b><span>{}</span></div></div></summary>\n<dl>",
        text(item.title()),
        word(row.state),
        text(&by),
        scale.bar(row),
        format_date(row.ends()),
    ));
    let mut fact = |label: &str, value: &str| {
        page.push_str(&format!("<dt>{label}</dt><dd>{value}</dd>"));
    };
    if let Some(chain) = &row.chain {
        let place =
            chain.place.as_ref().map(|place| format!(", as {} has it", text(place))).unwrap_or_default();
        fact(
            "Chain",
            &format!("{} on {}{place}", text(&table::cause(row, &chain.cause)), format_time(chain.ends)),
        );
    }
    if let Some(subject) = item.subject() {
        fact("Subject", &text(&subject.to_string()));
    }
    fact("Issuer", &text(&item.issuer().to_string()));
    let remaining = row.remaining();
    let life = format!(
        "{} to {}, {} % of it left",
        format_time(begins),
        format_time(item.validity().not_after),
        remaining.percent
    );
    fact(if item.role().is_some() { "Valid" } else { "Current" }, &life);
    if !item.number().is_empty() {
        let label = if item.role().is_some() { "Serial" } else { "Number" };
        fact(label, &format!("<code>{}</code>", item.number()));
    }
    fact("SHA-256", &format!("<code>{}</code>", colons(item.fingerprint())));
    let places: Vec<_> = item
        .spots()
        .iter()
        .map(|spot| match &spot.within {
            Some(within) => format!("{} ({})", text(&spot.place), text(within)),
            None => text(&spot.place),
        })
        .collect();
    fact("In", &places.join("<br>"));
    page.push_str("</dl></details></li>\n");
}

/// The timeline: days from today, ever closer together, so that what comes soon has most of the room.
struct Scale {
    at: OffsetDateTime,
    /// Days to its right end
    most: f64,
    /// The marks behind every bar
    ticks: String,
}

impl Scale {
    fn new(report: &Report) -> Self {
        let farthest = report.rows().map(Row::days).max().unwrap_or(0) as f64;
        // The first mark beyond all, so that bars have an end.
        let most = MARKS.iter().map(|(days, _)| *days).find(|days| *days >= farthest * 1.02);
        let most = most.unwrap_or(farthest * 1.1).max(YEAR);
        let mut scale = Self { at: report.at, most, ticks: String::new() };
        scale.ticks = scale.ticks(HEIGHT);
        scale
    }

    /// The place of a moment, from 0 to 100.
    fn place(&self, moment: OffsetDateTime) -> f64 {
        self.days((moment - self.at).as_seconds_f64() / 86_400.0)
    }

    fn days(&self, days: f64) -> f64 {
        const KNEE: f64 = 5.0;
        let share = (days.abs() / KNEE).ln_1p() / (self.most / KNEE).ln_1p();
        // What has ended long ago is all the same.
        let place = if days < 0.0 { NOW - share.min(1.0) * NOW } else { NOW + share * (END - NOW) };
        place.clamp(0.5, END)
    }

    fn ticks(&self, height: u32) -> String {
        let mark = |place: f64, class: &str| {
            format!(
                "<line class=\"{class}\" x1=\"{place:.1}%\" x2=\"{place:.1}%\" y1=\"0\" y2=\"{height}\"/>"
            )
        };
        let shown = MARKS.iter().filter(|(days, _)| *days <= self.most);
        shown.map(|(days, _)| mark(self.days(*days), "tick")).chain([mark(NOW, "now")]).collect()
    }

    fn axis(&self, page: &mut String) {
        page.push_str("<div class=\"axis\" aria-hidden=\"true\"><span></span><svg>");
        let label = |place: f64, anchor: &str, words: &str| {
            format!("<text x=\"{place:.1}%\" y=\"13\" text-anchor=\"{anchor}\">{words}</text>")
        };
        page.push_str(&label(NOW, "middle", "today"));
        let mut last = NOW;
        for (days, words) in MARKS.iter().filter(|(days, _)| *days <= self.most) {
            let place = self.days(*days);
            // Labels must not run into each other on a narrow screen.
            if place - last > 14.0 {
                let anchor = if place > 92.0 { "end" } else { "middle" };
                page.push_str(&label(place, anchor, words));
                last = place;
            }
        }
        page.push_str("</svg><span></span></div>\n");
    }

    /// From today to the end, or from the end to today.
    fn bar(&self, row: &Row) -> String {
        let begins = row.item.validity().not_before.max(self.at);
        let (from, to) = (self.place(begins), self.place(row.ends()));
        let (left, width) = if from <= to { (from, to - from) } else { (to, from - to) };
        let state = row.state.name();
        format!(
            "<svg aria-hidden=\"true\"><rect class=\"track\" x=\"0\" y=\"6\" width=\"100%\" height=\"6\" rx=\"3\"/>{}\
             <rect class=\"bar-{state}\" x=\"{left:.1}%\" y=\"5\" width=\"{:.1}%\" height=\"8\" rx=\"4\"/>\
             <circle class=\"bar-{state}\" cx=\"{to:.1}%\" cy=\"9\" r=\"5.5\"/></svg>",
            self.ticks,
            width.max(0.4)
        )
    }
}

/// Text between tags and in attributes.
fn text(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(text("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
