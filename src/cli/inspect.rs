//! `pkit inspect`: what certificates say.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{AtArgs, Context, Exit, OutputArgs, exit, terminal};
use crate::{
    Error,
    cert::{MOST_BROKEN, Piece, Pieces},
    inspect::{CertificateReport, ValidityState, inspect},
    name::escape,
    source,
    validity::{format_date, relative, tell},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit inspect server.pem
  pkit inspect --short /etc/ssl/certs/ca-certificates.crt
  pkit inspect --json fullchain.pem | jq '.certificates[].not_after'
  pkit inspect --at 2030-01-01 ca.pem
  openssl s_client -connect example.com:443 -showcerts </dev/null | pkit inspect -"))]
pub(super) struct Args {
    /// Files with certificates, PEM or DER; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Few lines for each certificate: names, issuer, validity
    #[arg(long, conflicts_with = "json")]
    short: bool,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let mut printer =
        Printer { at: args.at.moment(context)?, output: terminal::Output::new(), first: true, args: &args };
    let mut exit = Exit::Yes;
    for path in &args.files {
        let whole = match printer.file(path) {
            Ok(whole) => whole,
            Err(error) => {
                terminal::error(&error, args.output.json);
                false
            }
        };
        if !whole {
            exit = Exit::Failed;
        }
        if !printer.output.is_open() {
            break;
        }
    }
    printer.output.finish()?;
    Ok(exit)
}

struct Printer<'a> {
    args: &'a Args,
    at: OffsetDateTime,
    output: terminal::Output,
    first: bool,
}

impl Printer<'_> {
    /// Shows one file. `false` where something in it could not be shown, which has been told.
    fn file(&mut self, path: &Path) -> anyhow::Result<bool> {
        // May hold a key beside the certificates, so it is wiped afterwards.
        let bytes = zeroize::Zeroizing::new(source::read(path, source::LARGE)?);
        let pieces = Pieces::new(&bytes, source::origin(path));
        let mut whole = true;
        let (mut certificates, mut broken) = (0, 0);
        for piece in pieces.iter() {
            match piece {
                Piece::Certificate(certificate) => {
                    certificates += 1;
                    self.certificate(&inspect(&certificate, self.at))?;
                }
                Piece::Other { what, origin, .. } => {
                    self.args.output.notice(format!("{origin}: {what}, not shown"));
                }
                Piece::Broken { error, .. } => {
                    whole = false;
                    broken += 1;
                    terminal::error(&error.into(), self.args.output.json);
                }
            }
            if broken == MOST_BROKEN {
                self.args
                    .output
                    .notice(format!("{} is given up: too much in it is broken", source::origin(path)));
                return Ok(false);
            }
            if !self.output.is_open() {
                return Ok(whole);
            }
        }
        if certificates == 0 && whole {
            return Err(Error::NothingFound { origin: source::origin(path), what: "certificate" }.into());
        }
        Ok(whole)
    }

    fn certificate(&mut self, report: &CertificateReport) -> anyhow::Result<()> {
        if self.args.output.json {
            return self.output.value("certificates", report);
        }
        let text = if self.args.short { short(report) } else { heading(report) + &long(report, self.at) };
        let gap = if self.first { "" } else { "\n" };
        self.first = false;
        self.output.text(&format!("{gap}{text}"))
    }
}

fn heading(report: &CertificateReport) -> String {
    let number = match report.of {
        1 => String::new(),
        of => format!(", {} of {of}", report.position),
    };
    let text = format!("{}{number}: {}", report.source, report.title);
    format!("{}\n", terminal::styled(terminal::BOLD, text))
}

/// Lines of a label and its values, one below the other.
#[derive(Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    pub(super) fn one(&mut self, label: &str, value: impl AsRef<str>) {
        self.0.push_str(&format!("  {label:<20}  {}\n", value.as_ref()));
    }

    pub(super) fn all<T: AsRef<str>>(&mut self, label: &str, values: impl IntoIterator<Item = T>) {
        let mut label = label;
        for value in values {
            self.one(label, value);
            label = "";
        }
    }
}

fn short(report: &CertificateReport) -> String {
    let state = match report.state {
        ValidityState::Valid => format!("{} left", days(report.remaining.days)),
        ValidityState::Expired => terminal::styled(terminal::BAD, "expired"),
        ValidityState::NotYetValid => terminal::styled(terminal::WARN, "not valid yet"),
    };
    let mut lines = Lines::default();
    let itself = if report.self_signed == Some(true) { " (itself)" } else { "" };
    lines.one("subject", &report.subject);
    lines.one("issuer", format!("{}{itself}", report.issuer));
    lines.one(
        "valid",
        format!("{} to {} ({state})", format_date(report.not_before), format_date(report.not_after)),
    );
    if !report.subject_alt_names.is_empty() {
        lines.one("names", report.subject_alt_names.join(", "));
    }
    heading(report) + &lines.0
}

fn days(count: i64) -> String {
    match count {
        0 => "less than a day".into(),
        1 => "1 day".into(),
        _ => format!("{count} days"),
    }
}

/// Extensions that have lines of their own.
const SHOWN: [&str; 10] = [
    "basicConstraints",
    "keyUsage",
    "extKeyUsage",
    "subjectAltName",
    "subjectKeyIdentifier",
    "authorityKeyIdentifier",
    "nameConstraints",
    "cRLDistributionPoints",
    "authorityInfoAccess",
    "certificatePolicies",
];

/// All that a certificate says, a line for each thing.
pub(super) fn long(report: &CertificateReport, at: OffsetDateTime) -> String {
    let mut lines = Lines::default();
    let critical = |name: &str| if report.is_critical(name) { "  (critical)" } else { "" };
    let issuer = match report.self_signed {
        Some(true) => "  (itself)",
        None => "  (itself, by name; the signature cannot be checked)",
        Some(false) => "",
    };
    lines.one("subject", &report.subject);
    lines.one("issuer", format!("{}{issuer}", report.issuer));
    lines.one("kind", report.kind.to_string());
    lines.one("version", report.version.to_string());
    lines.one("serial", &report.serial);
    lines.one("valid from", tell(report.not_before, at));
    lines.one("valid until", tell(report.not_after, at));
    lines.one(
        "left",
        match report.state {
            ValidityState::Valid => {
                format!("{}, {} % of its life", days(report.remaining.days), report.remaining.percent)
            }
            ValidityState::Expired => {
                let ago = relative(report.not_after, at);
                format!("nothing: {}", terminal::styled(terminal::BAD, format!("expired {ago}")))
            }
            ValidityState::NotYetValid => {
                let when = relative(report.not_before, at);
                terminal::styled(terminal::WARN, format!("not valid yet: begins {when}"))
            }
        },
    );
    lines.one("key", &report.public_key.algorithm);
    lines.one("signature algorithm", &report.signature_algorithm);
    lines.all("names", &report.subject_alt_names);
    if !report.subject_alt_names.is_empty() && report.is_critical("subjectAltName") {
        lines.one("", "(critical)");
    }
    if let Some(usages) = &report.key_usage {
        lines.one("key usage", format!("{}{}", usages.join(", "), critical("keyUsage")));
    }
    if let Some(usages) = &report.extended_key_usage {
        lines.one("extended key usage", format!("{}{}", usages.join(", "), critical("extKeyUsage")));
    }
    if let Some(constraints) = &report.basic_constraints {
        let what = match (constraints.ca, constraints.path_length) {
            (true, Some(0)) => "CA, path length 0: no CA below it".to_owned(),
            (true, Some(length)) => format!("CA, path length {length}"),
            (true, None) => "CA, any path length".to_owned(),
            (false, None) => "no CA".to_owned(),
            (false, Some(length)) => format!("no CA, yet path length {length}"),
        };
        lines.one("basic constraints", what + critical("basicConstraints"));
    }
    if let Some(constraints) = &report.name_constraints {
        let permitted = constraints.permitted.iter().map(|tree| format!("permitted {tree}"));
        let excluded = constraints.excluded.iter().map(|tree| format!("excluded {tree}"));
        lines.all("name constraints", permitted.chain(excluded));
        if report.is_critical("nameConstraints") {
            lines.one("", "(critical)");
        }
    }
    if let Some(id) = &report.subject_key_id {
        lines.one("subject key id", id);
    }
    if let Some(id) = &report.authority_key_id {
        lines.one("authority key id", id);
    }
    lines.all("CRL", &report.crl_distribution_points);
    let access = report.authority_info_access.iter();
    lines.all("authority info", access.map(|access| format!("{} {}", access.method, access.location)));
    lines.all("policies", &report.certificate_policies);
    let rest = report
        .extensions
        .iter()
        .filter(|extension| extension.malformed || !extension.name.is_some_and(|name| SHOWN.contains(&name)));
    for extension in rest {
        let name = extension.name.map(|name| format!("{name} ")).unwrap_or_default();
        let critical = if extension.critical { ", critical" } else { "" };
        let malformed = if extension.malformed { ", malformed" } else { "" };
        let value = extension.value.as_deref().unwrap_or_default();
        lines.one("extension", format!("{name}({}{critical}{malformed}) {value}", extension.oid));
    }
    lines.one("SHA-256 fingerprint", &report.fingerprints.sha256);
    lines.one("SHA-1 fingerprint", &report.fingerprints.sha1);
    lines.one("public key SHA-256", &report.public_key.sha256);
    lines.one("public key pin", format!("sha256/{}", report.public_key.pin));
    let warnings = report.warnings.iter();
    lines.all("warning", warnings.map(|text| terminal::styled(terminal::WARN, escape(text))));
    lines.0
}
