//! A report as people read it.

use std::time::Duration;

use crate::{
    cli::terminal::{BAD, BOLD, GOOD, WARN, styled},
    tls::{
        connect::Address,
        ocsp::{Staple, Status},
        probe::{CertificateRequest, Report, Side, StepName, Trust, Verdict},
    },
    validity::{format_date, format_time},
};

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Everything but the verdict.
pub(super) fn describe(report: &Report, remedy: Option<&str>) -> String {
    let mut text = String::new();
    let mut row = |label: &str, value: &str| {
        let label = styled(BOLD, format!("{label:12}"));
        text.push_str(&format!("{label} {value}\n"));
    };
    for step in &report.steps {
        let time = format!("{:7.1} ms", milliseconds(step.duration));
        row(step.name.name(), format!("{time}  {}", outcome(report, step.name)).trim_end());
    }
    server(report, &mut row);
    client(&report.certificate_request, &mut row);
    for cause in &report.us_to_server.causes {
        row("why", &format!("{}: {}", if cause.certain { "certain" } else { "likely" }, cause.fact));
    }
    for unmet in &report.unmet {
        row("not met", &unmet.fact);
    }
    if let Some(remedy) = remedy {
        row("remedy", remedy);
    }
    text
}

/// An address without the port, which the next line has.
fn address_alone(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.ip().to_string(),
        path => path.to_string(),
    }
}

/// What came of a step.
fn outcome(report: &Report, step: StepName) -> String {
    let request = report.request.as_deref().unwrap_or_default();
    match step {
        StepName::Resolve => {
            let addresses: Vec<_> = report.addresses.iter().map(address_alone).collect();
            addresses.join(", ")
        }
        StepName::Connect => report.address.to_string(),
        StepName::Handshake => match &report.negotiated {
            Some(tls) => {
                let parts = [Some(tls.version.as_str()), tls.suite.as_deref(), tls.group.as_deref()];
                let alpn = tls.alpn.as_ref().map(|name| format!("ALPN {name}"));
                let scheme = report.signature_scheme.as_ref().map(|scheme| format!("signed by {scheme}"));
                let tickets = report.tickets.filter(|count| *count > 0);
                let tickets = tickets.map(|count| match count {
                    1 => "1 ticket".to_owned(),
                    count => format!("{count} tickets"),
                });
                let more = [scheme, alpn, tickets];
                let parts = parts.into_iter().flatten().chain(more.iter().flatten().map(String::as_str));
                parts.collect::<Vec<_>>().join(", ")
            }
            None => "not made".to_owned(),
        },
        StepName::Starttls => report.starttls.map(|protocol| protocol.to_string()).unwrap_or_default(),
        StepName::Request if report.response.is_none() => String::new(),
        StepName::Request => match &report.response {
            Some(response) if response.status != 0 => {
                let whole = if response.complete { "" } else { ", not complete" };
                let (status, phrase, bytes) = (response.status, &response.phrase, response.body_bytes);
                let first =
                    report.first_byte.map(|time| format!("first byte after {:.1} ms, ", milliseconds(time)));
                let first = first.unwrap_or_default();
                format!("{request} → {status} {phrase}, {first}{bytes} bytes{whole}")
            }
            _ => format!("{request} → no response"),
        },
    }
}

fn server(report: &Report, row: &mut impl FnMut(&str, &str)) {
    let Report { server_chain: chain, server_to_us: judged, .. } = report;
    for (index, certificate) in chain.iter().enumerate() {
        let names: Vec<_> = certificate
            .sans
            .iter()
            .map(|san| san.split_once(':').map_or(san.as_str(), |(_, name)| name))
            .collect();
        let names = if names.is_empty() { String::new() } else { format!("  for {}", names.join(", ")) };
        let until = format_date(certificate.not_after);
        let label = if index == 0 { "server sent" } else { "" };
        row(label, &format!("{}  {}  until {until}{names}", index + 1, certificate.title()));
    }
    for observation in &report.observations {
        row("", &format!("certificate {}: {}", observation.certificate, observation.fact));
    }
    if let Some(staple) = &report.ocsp {
        row("OCSP staple", &stapled(staple));
    }
    match judged.verdict {
        Trust::Trusted => {
            let root = judged.path.last().map(|step| step.subject.as_str()).unwrap_or_default();
            let what = match judged.revocation_checked {
                true => "name, dates, usage, path and CRLs hold",
                false => "name, dates, usage and path hold",
            };
            row("", &format!("trusted: {what}, up to {root}"));
            if let Some(expiry) = &report.expiry {
                let days = expiry.days_left;
                let unit = if days == 1 { "day" } else { "days" };
                row("", &format!("for {days} {unit}: then {} ends", expiry.certificate));
            }
        }
        Trust::NotTrusted => {
            for finding in &judged.findings {
                row("not trusted", &format!("{finding} ({})", finding.rule.section()));
            }
            if let (true, Some(reason)) = (judged.findings.is_empty(), &judged.reason) {
                row("not trusted", reason);
            }
        }
        Trust::Unknown => {}
    }
}

fn client(request: &CertificateRequest, row: &mut impl FnMut(&str, &str)) {
    match request.asked {
        Some(true) => {
            let of = match request.authorities.as_slice() {
                [] => "for a certificate, of any CA".to_owned(),
                names => format!("for a certificate of {}", names.join(" or of ")),
            };
            row("server asked", &of);
            if !request.signature_schemes.is_empty() {
                row("", &format!("signed by {}", request.signature_schemes.join(", ")));
            }
        }
        Some(false) => row("server asked", "for no certificate"),
        None => return,
    }
    for (index, certificate) in request.sent.iter().enumerate() {
        let label = if index == 0 { "we sent" } else { "" };
        let until = format_date(certificate.not_after);
        row(label, &format!("{}  {}  until {until}", index + 1, certificate.title()));
    }
    if !request.sent.is_empty() {
        match request.authority_fits {
            Some(true) => row("", "a CA that it names issued it"),
            Some(false) => row("", "no CA that it names issued it"),
            None => {}
        }
    }
    if request.sent.is_empty() && request.asked == Some(true) {
        let nothing = "no certificate".to_owned();
        row("we sent", &request.withheld.as_ref().map_or(nothing, |why| format!("no certificate: {why}")));
    }
}

/// The last line: the word, and why.
pub(super) fn verdict(report: &Report) -> String {
    let style = match report.verdict {
        Verdict::Accepted if report.unmet.is_empty() => GOOD,
        Verdict::Accepted => WARN,
        Verdict::Refused => BAD,
        Verdict::Undecided => WARN,
    };
    let by = match report.side {
        Some(Side::Us) => " by us",
        Some(Side::Server) => " by the server",
        None => "",
    };
    let but =
        if report.is_good() || report.verdict != Verdict::Accepted { "" } else { ", but not as demanded" };
    let unmet: Vec<_> = report.unmet.iter().map(|unmet| format!("; {}", unmet.fact)).collect();
    let mut reason = report.reason.clone();
    if report.insecure && report.side == Some(Side::Us) {
        reason = format!("{reason}; as for the other side: {}", report.us_to_server.reason);
    }
    let word = styled(style, format!("{}{by}{but}", report.verdict.name()));
    format!("{word}: {reason}{}\n", if but.is_empty() { String::new() } else { unmet.concat() })
}

fn stapled(staple: &Staple) -> String {
    let status = match staple.status {
        Some(Status::Good) => "good",
        Some(Status::Revoked) => "revoked",
        Some(Status::Unknown) => "unknown",
        None => "nothing of this certificate",
    };
    let by = staple.signed_by.as_ref().map(|who| format!(", signed by {who}")).unwrap_or_default();
    let since = staple.this_update.map(|time| format!(", as of {}", format_time(time))).unwrap_or_default();
    let until = staple.next_update.map(|time| format!(", until {}", format_time(time))).unwrap_or_default();
    let fault =
        staple.fault.as_ref().map(|fault| format!("; it proves nothing: {fault}")).unwrap_or_default();
    format!("{status}{by}{since}{until}{fault}")
}
