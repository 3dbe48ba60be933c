//! Reports as people read them.

use time::OffsetDateTime;

use crate::{
    cli::terminal,
    inspect::{
        AttributeReport, CertificateReport, CrlReport, EntryReport, ExtensionReport, ExtensionsReport,
        KeyReport, Place, PublicKeyReport, RequestReport, StoreReport, ValidityState,
    },
    name::escape,
    validity::{format_date, relative, tell},
};

pub(super) fn heading(at: &Place, title: &str) -> String {
    let text = format!("{at}: {title}");
    format!("{}\n", terminal::styled(terminal::BOLD, text))
}

/// Lines of a label and its values, one below the other.
#[derive(Default)]
pub(in crate::cli) struct Lines(pub(in crate::cli) String);

impl Lines {
    pub(in crate::cli) fn one(&mut self, label: &str, value: impl AsRef<str>) {
        self.0.push_str(&format!("  {label:<20}  {}\n", value.as_ref()));
    }

    pub(in crate::cli) fn all<T: AsRef<str>>(&mut self, label: &str, values: impl IntoIterator<Item = T>) {
        let mut label = label;
        for value in values {
            self.one(label, value);
            label = "";
        }
    }
}

pub(super) fn short(report: &CertificateReport) -> String {
    let days = report.remaining.map_or(0, |left| left.days);
    let state = match report.state {
        Some(ValidityState::Valid) => format!("{} left", self::days(days)),
        Some(ValidityState::Expired) => terminal::styled(terminal::BAD, "expired"),
        Some(ValidityState::NotYetValid) => terminal::styled(terminal::WARN, "not valid yet"),
        None => terminal::styled(terminal::BAD, "not readable"),
    };
    let mut lines = Lines::default();
    let itself = if report.self_signed == Some(true) { " (itself)" } else { "" };
    let date = |date: Option<OffsetDateTime>| date.map_or_else(|| "?".to_owned(), format_date);
    lines.one("subject", &report.subject);
    lines.one("issuer", format!("{}{itself}", report.issuer));
    lines.one("valid", format!("{} to {} ({state})", date(report.not_before), date(report.not_after)));
    if !report.extensions.subject_alt_names.is_empty() {
        lines.one("names", report.extensions.subject_alt_names.join(", "));
    }
    heading(&report.place, &report.title) + &lines.0
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
pub(in crate::cli) fn long(report: &CertificateReport, at: OffsetDateTime) -> String {
    let mut lines = Lines::default();
    let issuer = match report.self_signed {
        Some(true) => "  (itself)",
        None => "  (itself, by name; the signature cannot be checked)",
        Some(false) => "",
    };
    let moment =
        |time: Option<OffsetDateTime>| time.map_or_else(|| "not readable".to_owned(), |time| tell(time, at));
    lines.one("subject", &report.subject);
    lines.one("issuer", format!("{}{issuer}", report.issuer));
    lines.one("kind", report.kind.to_string());
    lines.one(
        "version",
        report.version.map_or_else(|| "not readable".to_owned(), |version| version.to_string()),
    );
    lines.one("serial", &report.serial);
    lines.one("valid from", moment(report.not_before));
    lines.one("valid until", moment(report.not_after));
    if let Some(left) = left(report, at) {
        lines.one("left", left);
    }
    lines.one("key", &report.public_key.algorithm);
    lines.one("signature algorithm", &report.signature_algorithm);
    extensions(&mut lines, &report.extensions);
    lines.all("in its container", &report.attributes);
    lines.one("SHA-256 fingerprint", &report.fingerprints.sha256);
    lines.one("SHA-1 fingerprint", &report.fingerprints.sha1);
    public_key(&mut lines, &report.public_key);
    warnings(&mut lines, &report.warnings);
    lines.0
}

fn left(report: &CertificateReport, at: OffsetDateTime) -> Option<String> {
    Some(match report.state? {
        ValidityState::Valid => {
            let left = report.remaining?;
            format!("{}, {} % of its life", days(left.days), left.percent)
        }
        ValidityState::Expired => {
            let ago = relative(report.not_after?, at);
            format!("nothing: {}", terminal::styled(terminal::BAD, format!("expired {ago}")))
        }
        ValidityState::NotYetValid => {
            let when = relative(report.not_before?, at);
            terminal::styled(terminal::WARN, format!("not valid yet: begins {when}"))
        }
    })
}

fn public_key(lines: &mut Lines, key: &PublicKeyReport) {
    if !key.sha256.is_empty() {
        lines.one("public key SHA-256", &key.sha256);
        lines.one("public key pin", format!("sha256/{}", key.pin));
    }
}

fn warnings(lines: &mut Lines, warnings: &[String]) {
    lines.all("warning", warnings.iter().map(|text| terminal::styled(terminal::WARN, escape(text))));
}

fn extensions(lines: &mut Lines, report: &ExtensionsReport) {
    let critical = |name: &str| if report.is_critical(name) { "  (critical)" } else { "" };
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
    let rest = report.extensions.iter().filter(|extension| {
        extension.malformed
            || !extension.meaning.is_empty()
            || !extension.name.is_some_and(|name| SHOWN.contains(&name))
    });
    rest.for_each(|extension| one_extension(lines, extension));
}

fn one_extension(lines: &mut Lines, extension: &ExtensionReport) {
    let name = extension.name.map(|name| format!("{name} ")).unwrap_or_default();
    let critical = if extension.critical { ", critical" } else { "" };
    let malformed = if extension.malformed { ", malformed" } else { "" };
    let head = format!("{name}({}{critical}{malformed})", extension.oid);
    match extension.meaning.as_slice() {
        [] => lines.one("extension", format!("{head} {}", extension.value.as_deref().unwrap_or_default())),
        [only] => lines.one("extension", format!("{head} {only}")),
        many => {
            lines.one("extension", head);
            lines.all("", many.iter().map(|line| format!("  {line}")));
        }
    }
}

/// All that a request asks for.
pub(super) fn request(report: &RequestReport, short: bool) -> String {
    let mut lines = Lines::default();
    let proof = match report.signature_valid {
        Some(true) => "holds: whoever made it has the private key".to_owned(),
        Some(false) => terminal::styled(terminal::BAD, "does not hold"),
        None => terminal::styled(terminal::WARN, "cannot be checked"),
    };
    lines.one("what", "certificate request");
    lines.one("subject", &report.subject);
    lines.one("key", &report.public_key.algorithm);
    if short {
        if !report.extensions.subject_alt_names.is_empty() {
            lines.one("names", report.extensions.subject_alt_names.join(", "));
        }
        return heading(&report.place, &report.title) + &lines.0;
    }
    lines.one("signature algorithm", &report.signature_algorithm);
    lines.one("signature", proof);
    extensions(&mut lines, &report.extensions);
    let attribute = |attribute: &AttributeReport| {
        let name = attribute.name.unwrap_or(&attribute.oid);
        format!("{name} {}", attribute.value)
    };
    lines.all("attribute", report.attributes.iter().map(attribute));
    lines.one("SHA-256 fingerprint", &report.fingerprints.sha256);
    public_key(&mut lines, &report.public_key);
    warnings(&mut lines, &report.warnings);
    heading(&report.place, &report.title) + &lines.0
}

/// What a revocation list says beside its entries.
pub(super) fn crl(report: &CrlReport, at: OffsetDateTime, short: bool) -> String {
    let mut lines = Lines::default();
    let moment =
        |time: Option<OffsetDateTime>| time.map_or_else(|| "not stated".to_owned(), |time| tell(time, at));
    let until = moment(report.next_update);
    lines.one("what", "revocation list");
    lines.one("issuer", &report.issuer);
    lines.one("since", moment(report.this_update));
    lines.one(
        "until",
        if report.lapsed == Some(true) {
            terminal::styled(terminal::BAD, format!("{until}: lapsed"))
        } else {
            until
        },
    );
    if !short {
        lines.one("version", report.version.to_string());
        if let Some(number) = &report.number {
            lines.one("number", number);
        }
        lines.one("signature algorithm", &report.signature_algorithm);
        if let Some(id) = &report.authority_key_id {
            lines.one("authority key id", id);
        }
        let rest = report.extensions.iter().filter(|extension| {
            extension.malformed || !matches!(extension.name, Some("cRLNumber" | "authorityKeyIdentifier"))
        });
        rest.for_each(|extension| one_extension(&mut lines, extension));
        lines.one("SHA-256 fingerprint", &report.fingerprints.sha256);
    }
    warnings(&mut lines, &report.warnings);
    lines.one("revoked", report.count.to_string());
    heading(&report.place, &report.issuer) + &lines.0
}

/// One entry of a list.
pub(super) fn entry(entry: &EntryReport) -> String {
    let date = entry.date.map_or_else(|| "no date".to_owned(), crate::validity::format_time);
    let reason = entry.reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
    let rest = if entry.extensions.is_empty() {
        String::new()
    } else {
        format!("  {}", entry.extensions.join("  "))
    };
    format!("    {}  {date}{reason}{rest}\n", entry.serial)
}

/// What can be said of a key.
pub(super) fn key(report: &KeyReport, what: &str, short: bool) -> String {
    let mut lines = Lines::default();
    let unknown = "not told without its passphrase";
    let algorithm = report.algorithm.as_deref();
    let algorithm = algorithm.unwrap_or(if report.encrypted { unknown } else { "not readable" });
    lines.one("what", format!("{what}, {}", report.format));
    lines.one("key", algorithm);
    if what == "private key" {
        lines.one(
            "encrypted",
            match (&report.encryption, report.encrypted) {
                (Some(how), _) => how.as_str(),
                (None, true) => "yes",
                (None, false) => "no",
            },
        );
    }
    lines.all("in its container", &report.attributes);
    if let Some(key) = report.public_key.as_ref().filter(|_| !short) {
        public_key(&mut lines, key);
    }
    warnings(&mut lines, &report.warnings);
    heading(&report.place, what) + &lines.0
}

/// What a store says of itself.
pub(super) fn store(report: &StoreReport) -> String {
    let mut lines = Lines::default();
    lines.one("what", report.format);
    if report.format == "PKCS#12" {
        lines.one("MAC", report.mac.as_deref().unwrap_or("none"));
        lines.all("encryption", &report.encryption);
    }
    let missing = if report.opened { "" } else { "; the rest can only be told with its password" };
    let counted = [(report.keys, "key"), (report.certificates, "certificate"), (report.crls, "CRL")];
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let counted =
        counted.map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }));
    let counted = counted.collect::<Vec<_>>().join(", ");
    lines.one("holds", format!("{}{missing}", if counted.is_empty() { "nothing" } else { &counted }));
    warnings(&mut lines, &report.warnings);
    heading(&report.place, report.format) + &lines.0
}
