//! The report for the textfile collector of node_exporter, in the text format of Prometheus. Metrics and labels are those
//! of x509-certificate-exporter, because dashboards and alerts know them: a series for each certificate and file. All
//! samples of a metric stand together, so those of the later ones wait in temporary files, and labels are made once.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    io::{self, BufWriter, Seek, Write},
};

use tempfile::SpooledTempFile;
use time::OffsetDateTime;

use crate::{
    expiry::{Item, Report, Row, Spot, State},
    fingerprint::hex,
    name::{Name, escape},
    oid,
};

/// The fields of names that labels have, of issuers and subjects.
const FIELDS: [(&[u8], &str, &str); 6] = [
    (oid::COUNTRY, "issuer_C", "subject_C"),
    (oid::STATE, "issuer_ST", "subject_ST"),
    (oid::LOCALITY, "issuer_L", "subject_L"),
    (oid::ORGANIZATION, "issuer_O", "subject_O"),
    (oid::ORGANIZATIONAL_UNIT, "issuer_OU", "subject_OU"),
    (oid::COMMON_NAME, "issuer_CN", "subject_CN"),
];
/// Octets of the samples of a metric that wait in memory; more do in a temporary file.
const SPOOLED: usize = 1 << 20;
/// Octets of a fingerprint that tell apart what all other labels do not.
const DISCRIMINATOR: usize = 4;

/// Writes the metrics, a sample at a time; `now` is when this was run.
pub(super) fn write(report: &Report, now: OffsetDateTime, writer: &mut dyn Write) -> io::Result<()> {
    let certificates: Vec<&Row> = report.leaves.iter().chain(&report.authorities).collect();
    let lists: Vec<&Row> = report.crls.iter().collect();
    let at = report.at;
    let begins = |row: &Row| row.item.validity().not_before.unix_timestamp();
    let ends = |row: &Row| row.item.validity().not_after.unix_timestamp();
    let is_over = |row: &Row| i64::from(at > row.item.validity().not_after);
    Series::new(&certificates).write(
        &[
            ("x509_cert_not_before", "Beginning of the certificate's validity, Unix time.", &begins),
            ("x509_cert_not_after", "End of the certificate's validity, Unix time.", &ends),
            ("x509_cert_expired", "Whether the certificate had expired, 1 or 0.", &is_over),
            (
                "pkit_expiry_chain_not_after",
                "When the certificate or the first one above it ends, Unix time.",
                &|row| row.ends().unix_timestamp(),
            ),
        ],
        writer,
    )?;
    Series::new(&lists).write(
        &[
            ("x509_crl_this_update", "When the CRL was made, Unix time.", &begins),
            ("x509_crl_next_update", "When the CRL lapses, Unix time.", &ends),
            ("x509_crl_stale", "Whether the CRL had lapsed, 1 or 0.", &is_over),
        ],
        writer,
    )?;

    let mut text = String::new();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let errors = count(report.errors.len());
    let mut one = |name: &str, help: &str, value: i64| {
        family(&mut text, name, "gauge", help);
        sample(&mut text, name, "", value);
    };
    one("x509_read_errors", "Files and servers that could not be read.", errors);
    one("pkit_expiry_errors", "Files, parts of files and servers that could not be read.", errors);
    one("pkit_expiry_files", "Files that were looked at.", count(report.files));
    one("pkit_expiry_servers", "Servers that were asked.", count(report.servers));
    one(
        "pkit_expiry_last_run_timestamp_seconds",
        "When pkit looked the last time, Unix time.",
        now.unix_timestamp(),
    );
    let name = "pkit_expiry_items";
    family(&mut text, name, "gauge", "Certificates and CRLs in each state.");
    for state in State::ALL {
        sample(&mut text, name, &format!("{{state=\"{}\"}}", state.name()), count(report.counts.of(state)));
    }
    let name = "pkit_expiry_unread";
    family(&mut text, name, "gauge", "What could not be read.");
    let mut told = HashSet::new();
    for trouble in &report.errors {
        let labels = labels(&[("place", trouble.place.clone()), ("code", trouble.code.to_owned())]);
        // Several blocks of one file may be broken in the same way.
        if told.insert(labels.clone()) {
            sample(&mut text, name, &labels, 1);
        }
    }
    writer.write_all(text.as_bytes())
}

/// Announces a metric, once.
fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn sample(text: &mut String, name: &str, labels: &str, value: i64) {
    text.push_str(&format!("{name}{labels} {value}\n"));
}

/// Name, help, and value of a row.
type Metric<'a> = (&'a str, &'a str, &'a dyn Fn(&Row) -> i64);

/// Rows, each of them a series for every place where it lies.
struct Series<'a> {
    rows: &'a [&'a Row],
    /// Whether the other labels leave two of them the same: the collector would refuse the whole file.
    doubled: bool,
    /// The labels of issuers, by where their names are: most rows have that of many others
    issuers: HashMap<*const Name, String>,
    /// The labels of a manifest, for what is in none
    outside: String,
}

impl<'a> Series<'a> {
    fn new(rows: &'a [&'a Row]) -> Self {
        let mut outside = String::new();
        manifest("").iter().for_each(|(name, value)| label(&mut outside, name, value));
        let mut series = Self { rows, doubled: false, issuers: HashMap::new(), outside };
        let random = RandomState::new();
        // The full labels are made only where place and number leave a doubt. Of hashes, because two that are equal by chance
        // cost a label that was not needed, and nothing else.
        let mut seen = HashSet::new();
        let number = |item: &Item| random.hash_one(item.number().trim_start_matches('0'));
        let maybe = rows.iter().flat_map(|row| row.item.spots().iter().map(|spot| (&row.item, spot))).any(
            |(item, spot)| {
                let within = spot.within.as_deref().map(manifest);
                let within = within.filter(|parts| parts.iter().any(|(_, value)| !value.is_empty()));
                !seen.insert(random.hash_one((&spot.place, spot.is_server, within, number(item))))
            },
        );
        if maybe {
            seen.clear();
            let mut doubled = false;
            let mut text = String::new();
            for row in rows {
                let head = series.head(&row.item);
                for spot in row.item.spots() {
                    text.clear();
                    text.push_str(&head);
                    series.tail(&row.item, spot, &mut text);
                    doubled |= !seen.insert(random.hash_one(&text));
                }
            }
            series.doubled = doubled;
        }
        series
    }

    /// All samples of the metrics, those of one together.
    fn write(&mut self, metrics: &[Metric<'_>], writer: &mut dyn Write) -> io::Result<()> {
        let mut spools = Vec::with_capacity(metrics.len());
        for (name, help, _) in metrics {
            let mut text = String::new();
            family(&mut text, name, "gauge", help);
            let mut spool = BufWriter::new(SpooledTempFile::new(SPOOLED));
            spool.write_all(text.as_bytes())?;
            spools.push(spool);
        }
        let mut labels = String::new();
        for row in self.rows {
            let head = self.head(&row.item);
            for spot in row.item.spots() {
                labels.clone_from(&head);
                self.tail(&row.item, spot, &mut labels);
                for ((name, _, value), spool) in metrics.iter().zip(&mut spools) {
                    writeln!(spool, "{name}{labels} {}", value(row))?;
                }
            }
        }
        for spool in spools {
            let mut spool = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
            spool.rewind()?;
            io::copy(&mut spool, writer)?;
        }
        Ok(())
    }

    /// The labels that all places of one have in common, without the closing brace. Always the same ones, empty where there is
    /// nothing to say.
    fn head(&mut self, item: &Item) -> String {
        let issuer = item.issuer();
        let mut text = String::from("{");
        text.push_str(self.issuers.entry(std::ptr::from_ref(issuer)).or_insert_with(|| {
            let mut text = String::new();
            name_labels(issuer, FIELDS.map(|(kind, label, _)| (kind, label)), &mut text);
            text
        }));
        if let Some(subject) = item.subject() {
            name_labels(subject, FIELDS.map(|(kind, _, label)| (kind, label)), &mut text);
        }
        let number = if item.subject().is_some() { "serial_number" } else { "crl_number" };
        label(&mut text, number, &decimal(item.number()));
        text
    }

    /// The labels of a place, and the closing brace.
    fn tail(&self, item: &Item, spot: &Spot, text: &mut String) {
        let (path, server) = if spot.is_server { ("", &*spot.place) } else { (&*spot.place, "") };
        label(text, "filename", path.rsplit('/').next().unwrap_or_default());
        label(text, "filepath", path);
        label(text, "server", server);
        match &spot.within {
            Some(within) => manifest(within).iter().for_each(|(name, value)| label(text, name, value)),
            None => text.push_str(&self.outside),
        }
        if self.doubled {
            let print = item.fingerprint().get(..DISCRIMINATOR).unwrap_or_default();
            label(text, "discriminator", &hex(print));
        }
        // Instead of the last comma.
        text.pop();
        text.push('}');
    }
}

fn name_labels(name: &Name, fields: [(&[u8], &str); FIELDS.len()], text: &mut String) {
    let values = name.attributes();
    for (kind, name) in fields {
        let mut of_kind = values.iter().filter(|(other, _)| *other == kind).map(|(_, value)| &**value);
        match (of_kind.next(), of_kind.next()) {
            (None, _) => label(text, name, ""),
            (Some(one), None) => label(text, name, &escape(one)),
            (Some(one), Some(two)) => {
                let all: Vec<&str> = [one, two].into_iter().chain(of_kind).collect();
                label(text, name, &escape(&all.join(",")));
            }
        }
    }
}

/// Which Secret or ConfigMap: `Secret default/web, tls.crt`.
fn manifest(within: &str) -> [(&'static str, &str); 6] {
    let of = |kind: &str| {
        let rest = within.strip_prefix(kind).unwrap_or_default();
        let (name, key) = rest.split_once(", ").unwrap_or((rest, ""));
        let (space, name) = name.split_once('/').unwrap_or(("", name));
        let key = key.split(", ").next().unwrap_or_default();
        [space, name, key]
    };
    let [secret_space, secret, secret_key] = of("Secret ");
    let [map_space, map, map_key] = of("ConfigMap ");
    [
        ("secret_namespace", secret_space),
        ("secret_name", secret),
        ("secret_key", secret_key),
        ("configmap_namespace", map_space),
        ("configmap_name", map),
        ("configmap_key", map_key),
    ]
}

/// One label, and a comma.
fn label(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    quote(text, value);
    text.push_str("\",");
}

fn labels(pairs: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    pairs.iter().for_each(|(name, value)| label(&mut text, name, value));
    text.pop();
    text + "}"
}

/// With the three characters that the format escapes.
fn quote(text: &mut String, value: &str) {
    if memchr::memchr3(b'\\', b'"', b'\n', value.as_bytes()).is_none() {
        text.push_str(value);
        return;
    }
    for part in value.split_inclusive(['\\', '"', '\n']) {
        let plain = part.trim_end_matches(['\\', '"', '\n']);
        text.push_str(plain);
        match part.strip_prefix(plain) {
            Some("\\") => text.push_str("\\\\"),
            Some("\"") => text.push_str("\\\""),
            Some("\n") => text.push_str("\\n"),
            _ => {}
        }
    }
}

/// Digits of the longest number that is told in decimal; RFC 5280 4.1.2.2 allows 40.
const MOST_DIGITS: usize = 64;

/// A number in decimal, as the exporter has it, from hexadecimal digits; a longer one as it is.
fn decimal(hex: &str) -> String {
    if hex.len() > MOST_DIGITS {
        return format!("0x{hex}");
    }
    if let Ok(number) = u128::from_str_radix(hex, 16) {
        return number.to_string();
    }
    let mut digits: Vec<u8> = Vec::new();
    for digit in hex.chars().filter_map(|digit| digit.to_digit(16)) {
        let mut carry = digit;
        for place in &mut digits {
            let sum = u32::from(*place) * 16 + carry;
            *place = (sum % 10) as u8;
            carry = sum / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    match (hex.is_empty(), digits.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "0".into(),
        _ => digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_decimal() {
        assert_eq!(["", "00", "ff", "0100"].map(decimal), ["", "0", "255", "256"]);
        assert_eq!(decimal("de0b6b3a7640000"), "1000000000000000000");
        assert_eq!(decimal(&"f".repeat(40)), "1461501637330902918203684832716283019655932542975");
        // What a stranger writes into a file takes no longer for being long.
        let long = "f".repeat(4 << 20);
        assert_eq!(decimal(&long).len(), long.len() + 2);
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(labels(&[("a", "x\"y\\z\n".into())]), "{a=\"x\\\"y\\\\z\\n\"}");
        assert_eq!(labels(&[("a", "\\\\".into()), ("b", String::new())]), "{a=\"\\\\\\\\\",b=\"\"}");
    }

    #[test]
    fn manifests_are_taken_apart() {
        let told = |within: &str| manifest(within).map(|(_, value)| value).join("|");
        assert_eq!(told("Secret default/web, tls.crt"), "default|web|tls.crt|||");
        assert_eq!(told("Secret web, store.p12, PKCS#12"), "|web|store.p12|||");
        assert_eq!(told("ConfigMap kube-system/ca, ca.crt"), "|||kube-system|ca|ca.crt");
        assert_eq!(told("PKCS#12"), "|||||");
    }
}
