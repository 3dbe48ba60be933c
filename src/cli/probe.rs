//! `pkit probe`: the mutual-TLS test client.

use std::path::PathBuf;

use super::{
    Context, Exit, OutputArgs, PkiArgs, exit,
    identity::{self, CrlArgs, KeyPairArgs},
    passphrase::PassphraseArgs,
    remedy,
    terminal::{self, BAD, BOLD, GOOD, WARN, styled},
};
use crate::{
    Error,
    cert::Certificate,
    name::escape,
    store::Store,
    tls::{
        CertificateFacts, Identity, Version, decisive,
        probe::{
            Cause, CauseCode, CertificateRequest, Options, Reception, Report, ServerToUs, Side, StepName,
            Trust, Verdict, probe,
        },
    },
    validity::{Span, format_date},
    verify::Purpose,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit probe localhost:8443 --as service-a
  pkit probe api.example.com:443 --cert fullchain.pem --key privkey.pem --roots ca.pem --tls 1.2
  pkit probe 10.0.0.5:8443 --server-name api.internal --as service-a --json | jq .verdict
  pkit probe '[::1]:8443' --quiet
  pkit crl --bundle api.internal -o crls.pem && pkit probe api.internal:8443 --crl crls.pem

accepted   the server is trusted, and answered our request completely
refused    one side said no: an alert, a close, a reset, an HTTP refusal, or a server that is not to be trusted
undecided  neither, within the time limit"))]
pub(super) struct Args {
    /// The server
    #[arg(value_name = "HOST:PORT")]
    target: String,
    /// Who we are: a name in the PKI directory
    #[arg(long = "as", value_name = "NAME", conflicts_with = "cert")]
    name: Option<String>,
    #[command(flatten)]
    pair: KeyPairArgs,
    /// The CAs whose servers are trusted; else those of --as, else the roots of the PKI directory
    #[arg(long, value_name = "FILE", num_args = 1..)]
    roots: Vec<PathBuf>,
    #[command(flatten)]
    crl: CrlArgs,
    /// The name the server must have, where it is not HOST
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Speak this version of TLS only: 1.2 or 1.3
    #[arg(long, value_name = "VERSION")]
    tls: Option<Version>,
    /// How long all of it may take
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    timeout: Span,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let (host, port) = target(&args.target)?;
    let given = identity::anchors(&args.roots)?;
    let (identity, own) = match (&args.name, args.pair.load(&args.passphrase)?) {
        (Some(name), _) => {
            let (identity, anchors) = identity::from_store(&args.pki, name)?;
            (Some(identity), Some(anchors))
        }
        (None, pair) => (pair, None),
    };
    let roots = match given.or(own) {
        Some(roots) => roots,
        None => identity::default_roots(&args.pki)?,
    };
    let options = Options {
        server_name: args.server_name.clone(),
        identity,
        // A file that changes meanwhile is nothing to tell of: the report says what it was judged by.
        crls: args.crl.load(|_, _| {})?,
        version: args.tls,
        timeout: super::time_limit(args.timeout)?,
        ..Options::new(host, port, roots)
    };
    let mut report = probe(&options, context.clock())?;
    if let (Some(identity), Reception::Refused) = (&options.identity, report.us_to_server.verdict)
        && report.certificate_request.asked == Some(true)
        && !report.us_to_server.causes.iter().any(|cause| cause.certain && cause.code == CauseCode::Revoked)
    {
        match on_record(&args.pki, identity, context) {
            Ok(causes) => causes.into_iter().for_each(|cause| report.explain(cause)),
            Err(error) => args.output.notice(format!(
                "whether {} has a revocation of what we sent cannot be seen: {error}",
                args.pki.pki.display()
            )),
        }
    }
    if args.output.json {
        terminal::print_json(&report)?;
    } else if args.output.quiet {
        terminal::print(&verdict(&report))?;
    } else {
        terminal::print(&(describe(&report) + &verdict(&report)))?;
    }
    Ok(match report.verdict {
        Verdict::Accepted => Exit::Yes,
        Verdict::Refused => Exit::No,
        Verdict::Undecided => Exit::Failed,
    })
}

/// What the PKI directory, where there is one, has on record of the revocation of what we sent.
fn on_record(pki: &PkiArgs, identity: &Identity, context: &Context) -> Result<Vec<Cause>, Error> {
    let Some(store) = Store::open_existing(&pki.pki)? else { return Ok(Vec::new()) };
    let source = format!("the record in {}", escape(&pki.pki.to_string_lossy()));
    let cause = |certificate: &Certificate| {
        let target = match store.target(certificate, None) {
            Ok((target, _)) => target,
            // Not the work of a CA that is here.
            Err(Error::RootNotRevocable { .. } | Error::IssuerNotHere { .. } | Error::Malformed { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let known = store.revocation(&target)?;
        let known = known.map(|known| (known.reason, known.date().unwrap_or(context.now())));
        Ok(known.map(|known| Cause::revoked(certificate, known, &source)))
    };
    identity.chain().iter().map(cause).filter_map(Result::transpose).collect()
}

/// `host:port`, `[::1]:port`, or `https://host[:port]/`, as `serve-test` prints it.
pub(super) fn target(text: &str) -> Result<(String, u16), Error> {
    let invalid = |reason: &str| Error::AddressInvalid { value: text.to_owned(), reason: reason.to_owned() };
    let (rest, default) = match text.strip_prefix("https://") {
        Some(rest) => (rest.trim_end_matches('/'), Some(443)),
        None => (text, None),
    };
    let (host, port) = match rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => {
            (host, Some(port.strip_prefix(':').ok_or_else(|| invalid("a port follows the bracket"))?))
        }
        None => match rest.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err(invalid("an IPv6 address is written in brackets"));
            }
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    if host.is_empty() {
        return Err(invalid("the host is missing"));
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0),
        None => Some(default.ok_or_else(|| invalid("the port is missing"))?),
    };
    Ok((host.to_owned(), port.ok_or_else(|| invalid("a port is a number from 1 to 65535"))?))
}

/// Everything but the verdict.
fn describe(report: &Report) -> String {
    let mut text = String::new();
    let mut row = |label: &str, value: &str| {
        let label = styled(BOLD, format!("{label:12}"));
        text.push_str(&format!("{label} {value}\n"));
    };
    for step in &report.steps {
        let time = format!("{:7.1} ms", step.duration.as_secs_f64() * 1e3);
        row(step.name.name(), format!("{time}  {}", outcome(report, step.name)).trim_end());
    }
    server(&report.server_chain, &report.server_to_us, &mut row);
    client(&report.certificate_request, &mut row);
    for cause in &report.us_to_server.causes {
        row("why", &format!("{}: {}", if cause.certain { "certain" } else { "likely" }, cause.fact));
    }
    if let Some(remedy) = remedy(report) {
        row("remedy", &remedy);
    }
    text
}

/// What came of a step.
fn outcome(report: &Report, step: StepName) -> String {
    match step {
        StepName::Resolve => {
            let addresses: Vec<_> = report.addresses.iter().map(|address| address.ip().to_string()).collect();
            addresses.join(", ")
        }
        StepName::Connect => report.address.to_string(),
        StepName::Handshake => match &report.negotiated {
            Some(tls) => {
                let parts = [Some(tls.version.as_str()), tls.suite.as_deref(), tls.group.as_deref()];
                let alpn = tls.alpn.as_ref().map(|name| format!("ALPN {name}"));
                let parts: Vec<_> = parts.into_iter().flatten().chain(alpn.as_deref()).collect();
                parts.join(", ")
            }
            None => "not made".to_owned(),
        },
        StepName::Request => match &report.response {
            Some(response) if response.status != 0 => {
                let whole = if response.complete { "" } else { ", not complete" };
                let (status, phrase, bytes) = (response.status, &response.phrase, response.body_bytes);
                format!("GET / → {status} {phrase}, {bytes} bytes{whole}")
            }
            _ => "GET / → no response".to_owned(),
        },
    }
}

fn server(chain: &[CertificateFacts], judged: &ServerToUs, row: &mut impl FnMut(&str, &str)) {
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
    match judged.verdict {
        Trust::Trusted => {
            let root = judged.path.last().map(|step| step.subject.as_str()).unwrap_or_default();
            let what = match judged.revocation_checked {
                true => "name, dates, usage, path and CRLs hold",
                false => "name, dates, usage and path hold",
            };
            row("", &format!("trusted: {what}, up to {root}"));
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
        }
        Some(false) => row("server asked", "for no certificate"),
        None => return,
    }
    for (index, certificate) in request.sent.iter().enumerate() {
        let label = if index == 0 { "we sent" } else { "" };
        let until = format_date(certificate.not_after);
        row(label, &format!("{}  {}  until {until}", index + 1, certificate.title()));
    }
    if request.sent.is_empty() && request.asked == Some(true) {
        let nothing = "no certificate".to_owned();
        row("we sent", &request.withheld.as_ref().map_or(nothing, |why| format!("no certificate: {why}")));
    }
}

/// What to do about a refusal, where that is sure enough to be worth a try.
fn remedy(report: &Report) -> Option<String> {
    if report.side == Some(Side::Us) {
        let finding = decisive(&report.server_to_us.findings)?;
        return remedy::remedy(finding, Purpose::Server).map(str::to_owned);
    }
    if report.us_to_server.verdict != Reception::Refused {
        return None;
    }
    Some(match report.us_to_server.causes.first()?.code {
        CauseCode::NoCertificate => "name a certificate: --as NAME, or --cert FILE --key FILE".into(),
        CauseCode::KeyNotSupported => "use a key that it knows: EC P-256 works everywhere".into(),
        CauseCode::Expired => "renew the certificate".into(),
        CauseCode::NotYetValid => "is the clock of this machine right? date -u".into(),
        CauseCode::Revoked => "get another certificate: pkit renew NAME".into(),
        CauseCode::NotForClients => "issue one for clients: pkit issue client NAME".into(),
        CauseCode::IntermediateMissing => "send the chain with it: --cert fullchain.pem".into(),
        CauseCode::OtherAuthority => {
            "use a certificate of a CA that it names, or add yours to its CAs".into()
        }
        CauseCode::KnownAuthority => return None,
    })
}

/// The last line: the word, and why.
fn verdict(report: &Report) -> String {
    let style = match report.verdict {
        Verdict::Accepted => GOOD,
        Verdict::Refused => BAD,
        Verdict::Undecided => WARN,
    };
    let by = match report.side {
        Some(Side::Us) => " by us",
        Some(Side::Server) => " by the server",
        None => "",
    };
    format!("{}: {}\n", styled(style, format!("{}{by}", report.verdict.name())), report.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_hosts_with_ports() {
        for (text, host, port) in [
            ("localhost:8443", "localhost", 8443),
            ("[::1]:8443", "::1", 8443),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("https://127.0.0.1:8443/", "127.0.0.1", 8443),
            ("https://example.com", "example.com", 443),
            ("https://[::1]", "::1", 443),
        ] {
            assert_eq!(target(text).unwrap(), (host.to_owned(), port), "{text}");
        }
        for bad in ["localhost", "::1:8443", ":8443", "x:0", "x:65536", "x:", "[::1]8443", "[::1]", ""] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
