//! How a connection, and the end of all, is told.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    cli::{
        remedy,
        terminal::{BAD, DIM, GOOD, WARN, styled},
    },
    tls::{
        decisive,
        serve::{ConnectionReport, Outcome, Summary},
    },
    verify::{Purpose, Rule},
};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a ConnectionReport,
    /// What to do, as far as that is sure enough
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Serialize)]
struct Ended<'a> {
    summary: &'a Summary,
}

/// A line for programs.
pub(super) fn json(report: &ConnectionReport) -> String {
    let line = Line { report, remedy: remedy(report) };
    // What is serialized here are strings and numbers.
    serde_json::to_string(&line).map(|text| text + "\n").unwrap_or_default()
}

/// What to do, as far as that is sure enough to be worth a try.
fn remedy(report: &ConnectionReport) -> Option<String> {
    if let Some(finding) = decisive(&report.findings) {
        return remedy::remedy(finding, Purpose::Client).map(str::to_owned);
    }
    match report.server_fault {
        Some(Rule::NameMismatch) => {
            let name = shlex::try_quote(report.tls.as_ref()?.server_name.as_ref()?).ok()?;
            return Some(format!(
                "give it a certificate of this name: pkit renew NAME --add-san {name}; or let the client ask for one that it has"
            ));
        }
        Some(Rule::Expired) => {
            return Some("renew the certificate of this server: pkit renew NAME".to_owned());
        }
        _ => {}
    }
    let words = match report.cause? {
        "no-certificate" => {
            "let the client send one: curl --cert FILE --key FILE, pkit probe --as NAME; or --client-auth optional"
        }
        "not-allowed" => return allow(report),
        "key-not-held" => "give the client the key of its certificate: pkit inspect --match CERT KEY",
        "plain-http" => "let the client use https://",
        "no-application-protocol" => {
            "name what the client offers: --alpn NAME,NAME; or let it offer http/1.1"
        }
        "unrecognized-name" => "name it: --sni NAME=DIR; or do without --strict-sni",
        "client-alert" => match report.alert_received.as_ref()?.number {
            48 => {
                "let the client trust the CA of this server: ca.pem of its set; and send the intermediates: fullchain.pem"
            }
            44 => "give this server another certificate: pkit renew NAME",
            _ => return None,
        },
        _ => return None,
    };
    Some(words.to_owned())
}

/// The option that would let this client in, ready to be pasted.
fn allow(report: &ConnectionReport) -> Option<String> {
    let certificate = &report.client.as_ref()?.certificate;
    let by_san = certificate.sans.iter().filter_map(|san| san.split_once(':')).find_map(|(kind, value)| {
        let option = match kind {
            "DNS" => "--allow-dns",
            "URI" => "--allow-uri",
            "email" => "--allow-email",
            _ => return None,
        };
        Some((option, value))
    });
    let by_name = || certificate.common_name.as_deref().map(|name| ("--allow-cn", name));
    let (option, value) =
        by_san.or_else(by_name).unwrap_or(("--allow-fingerprint", &certificate.fingerprint));
    Some(format!("to let it in: {option} {}", shlex::try_quote(value).ok()?))
}

/// A line for people, with others below it where there is more to tell.
pub(super) fn text(report: &ConnectionReport) -> String {
    let style = match report.outcome {
        Outcome::Accepted => GOOD,
        Outcome::Refused => BAD,
        Outcome::Failed => WARN,
        Outcome::Empty => DIM,
    };
    // Padded before it is styled: escapes have no width.
    let mut text = styled(style, format!("{:8}", report.outcome.name()));
    text.push_str(&format!("  {}", report.peer));
    match &report.client {
        Some(client) => text.push_str(&format!("  {}", client.certificate.title())),
        None if report.outcome == Outcome::Accepted => text.push_str("  (no certificate)"),
        None => {}
    }
    if let Some(tls) = &report.tls {
        text.push_str(&format!("  {}", tls.version));
    }
    if let Some(request) = &report.request {
        text.push_str(&format!("  {request}"));
    }
    text.push_str(&format!("  {:.1} ms", report.duration.as_secs_f64() * 1e3));
    if report.outcome != Outcome::Accepted || report.request.is_none() {
        text.push_str(&format!("  {}", report.reason));
        if let [finding] = report.findings.as_slice() {
            text.push_str(&format!(" ({})", finding.rule.section()));
        }
    }
    if let Some(alert) = &report.alert_sent {
        text.push_str(&format!("; sent alert {alert}"));
    }
    if report.findings.len() > 1 {
        for finding in &report.findings {
            text.push_str(&format!("\n          {finding} ({})", finding.rule.section()));
        }
    }
    if let Some(remedy) = remedy(report) {
        text.push_str(&format!("\n          remedy: {remedy}"));
    }
    text.push('\n');
    text
}

/// The counters.
pub(super) fn ending(summary: &Summary, json: bool) -> String {
    if json {
        return serde_json::to_string(&Ended { summary }).map(|text| text + "\n").unwrap_or_default();
    }
    let by = |causes: &BTreeMap<&str, u64>| {
        let causes: Vec<_> = causes.iter().map(|(cause, count)| format!("{cause} {count}")).collect();
        if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) }
    };
    let Summary { accepted, refused, failed, empty, refused_by, failed_by } = summary;
    format!(
        "stopped: {accepted} accepted, {refused} refused{}, {failed} failed{}, {empty} without a byte\n",
        by(refused_by),
        by(failed_by)
    )
}
