//! What commands that sign answer.

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use super::{
    OutputArgs,
    inspect::long,
    terminal::{self, BOLD, DIM, WARN, styled},
};
use crate::{
    cert::Certificate,
    csr::Line,
    fingerprint::hex,
    issue::Notice,
    issuer::Issuer,
    name::escape,
    validity::{format_rfc3339, tell},
};

/// A certificate that was made, and where it lies.
#[derive(Serialize)]
pub(crate) struct Issued {
    /// Whether it was only tried: nothing was written, and the real one will have another key and serial number.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// All of the certificate in words, where that is what was asked for.
    #[serde(skip)]
    inspection: Option<String>,
    name: String,
    kind: String,
    subject: String,
    sans: Vec<String>,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    key: String,
    fingerprint_sha256: String,
    /// File name to path.
    files: Vec<File>,
    certificate: String,
    /// What a request asked for, and what became of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked_granted: Vec<Line>,
    notices: Vec<Told>,
    #[serde(skip)]
    ends: OffsetDateTime,
    #[serde(skip)]
    directories: Vec<PathBuf>,
    #[serde(skip)]
    verb: &'static str,
}

#[derive(Serialize)]
struct File {
    path: String,
    #[serde(rename = "is")]
    meaning: &'static str,
}

/// A notice for programs.
#[derive(Serialize)]
pub(crate) struct Told {
    code: &'static str,
    message: String,
}

impl Told {
    /// In words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl From<&Notice> for Told {
    fn from(notice: &Notice) -> Self {
        Self { code: notice.code(), message: notice.to_string() }
    }
}

/// What the files of a set are for, in a person's words.
fn meaning(file: &str) -> &'static str {
    match file {
        "cert.pem" => "the certificate alone",
        "chain.pem" => "the CA certificates above it",
        "fullchain.pem" => "certificate and intermediates: what is presented to the other side",
        "privkey.pem" => "the private key, mode 0600",
        "ca.pem" => "the root that the other side must trust",
        "key.pem" => "the CA's private key, mode 0600",
        _ => "",
    }
}

impl Issued {
    /// Describes a certificate whose files of these names lie in these directories.
    pub(crate) fn new(
        name: &str,
        kind: impl ToString,
        certificate: &Certificate,
        notices: &[Notice],
        directories: Vec<PathBuf>,
        files: &[&str],
    ) -> Self {
        let validity = certificate.validity();
        let listed = directories.iter().flat_map(|directory| {
            files
                .iter()
                .map(|file| File { path: directory.join(file).display().to_string(), meaning: meaning(file) })
        });
        Self {
            dry_run: false,
            inspection: None,
            name: name.to_owned(),
            kind: kind.to_string(),
            subject: certificate.subject().to_string(),
            sans: certificate.subject_alt_names().iter().map(ToString::to_string).collect(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial_hex(),
            not_before: format_rfc3339(validity.not_before),
            not_after: format_rfc3339(validity.not_after),
            key: certificate.key_algorithm().to_string(),
            fingerprint_sha256: hex(&certificate.fingerprint()),
            files: listed.collect(),
            certificate: certificate.to_pem(),
            asked_granted: Vec::new(),
            notices: notices.iter().map(Told::from).collect(),
            ends: validity.not_after,
            directories,
            verb: "made",
        }
    }

    /// Says that its chain.pem is empty where it was signed by `issuer` and that is a root alone.
    pub(crate) fn signed_by(mut self, issuer: &Issuer) -> Self {
        if issuer.above().is_empty() && issuer.cross().is_empty() {
            let chains = self.files.iter_mut().filter(|file| file.path.ends_with("/chain.pem"));
            chains.for_each(|file| file.meaning = "empty: no CA certificate is between it and its root");
        }
        self
    }

    /// Says that nothing was written, and shows all of the certificate instead of where it is.
    pub(crate) fn dry_run(mut self, dry_run: bool, certificate: &Certificate, now: OffsetDateTime) -> Self {
        if dry_run {
            self.dry_run = true;
            self.verb = if self.verb == "renewed" { "would renew" } else { "would make" };
            self.inspection = Some(long(&crate::inspect::inspect(certificate, now), now));
        }
        self
    }

    /// Says that it was not made here, but taken in, and what a person should know of it: codes and words.
    pub(crate) fn imported(mut self, notices: Vec<(&'static str, String)>) -> Self {
        self.verb = "imported";
        self.notices.extend(notices.into_iter().map(|(code, message)| Told { code, message }));
        self
    }

    /// Says that it takes the place of another.
    pub(crate) fn renewed(self) -> Self {
        Self { verb: "renewed", ..self }
    }

    /// Says what the request asked for, and what became of it.
    pub(crate) fn granted(self, asked_granted: Vec<Line>) -> Self {
        Self { asked_granted, ..self }
    }

    /// Answers on standard output.
    pub(crate) fn tell(&self, output: OutputArgs, now: OffsetDateTime) -> anyhow::Result<()> {
        if output.json {
            return terminal::print_json(self);
        }
        for notice in &self.notices {
            output.notice(&notice.message);
        }
        if output.quiet {
            return Ok(());
        }
        terminal::print(&self.text(now))
    }

    fn text(&self, now: OffsetDateTime) -> String {
        let article = if self.kind.starts_with(['a', 'i']) { "an" } else { "a" };
        let noun = if self.kind.contains("CA") { "" } else { " certificate" };
        let name = styled(BOLD, escape(&self.name));
        let mut text = table(&self.asked_granted);
        text += &format!("{} {article} {}{noun}: {name}\n", self.verb, self.kind);
        match &self.inspection {
            Some(inspection) => text.push_str(inspection),
            None => self.summary(&mut text, now),
        }
        for directory in &self.directories {
            text.push_str(&format!("  files   {}/\n", escape(&directory.to_string_lossy())));
            for file in &self.files {
                let path = Path::new(&file.path);
                if path.parent() == Some(directory) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    text.push_str(&format!("    {name:15}{}\n", styled(DIM, file.meaning)));
                }
            }
        }
        text
    }

    fn summary(&self, text: &mut String, now: OffsetDateTime) {
        let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:8}{value}\n"));
        line("subject", &self.subject);
        if !self.sans.is_empty() {
            line("names", &self.sans.join(", "));
        }
        if self.issuer != self.subject {
            line("issuer", &self.issuer);
        }
        line("until", &tell(self.ends, now));
        line("key", &self.key);
        line("serial", &self.serial);
    }
}

/// Asked, granted, why: a line for each thing.
fn table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let nothing = || "-".to_owned();
    let mut rows = vec![[String::new(), "asked".into(), "granted".into(), "why".into()]];
    rows.extend(lines.iter().map(|line| {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(nothing);
        [line.kind.name().into(), text(&line.asked), text(&line.granted), line.why.clone()]
    }));
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let [kind, asked, granted] = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for (index, [what, wish, gift, why]) in rows.iter().enumerate() {
        // Padded before it is styled: escapes have no width.
        let row = format!("{what:kind$}  {wish:asked$}  {gift:granted$}  {why}");
        let refused = index > 0 && *gift == "-";
        let row = if index == 0 {
            styled(BOLD, row)
        } else if refused {
            styled(WARN, row)
        } else {
            row
        };
        text.push_str(&format!("{row}\n"));
    }
    text.push('\n');
    text
}
