//! The report for the textfile collector of node_exporter, in the text format of Prometheus. Metrics and labels are those
//! of x509-certificate-exporter, because dashboards and alerts know them: a series for each certificate and file.

use std::collections::HashSet;

use time::OffsetDateTime;

use crate::{
    expiry::{Item, Report, Row, Spot, State},
    fingerprint::hex,
    name::{Name, escape},
    oid,
};

/// The fields of names that labels have.
const FIELDS: [(&str, &[u8]); 6] = [
    ("C", oid::COUNTRY),
    ("ST", oid::STATE),
    ("L", oid::LOCALITY),
    ("O", oid::ORGANIZATION),
    ("OU", oid::ORGANIZATIONAL_UNIT),
    ("CN", oid::COMMON_NAME),
];
/// Octets of a fingerprint that tell apart what all other labels do not.
const DISCRIMINATOR: usize = 4;

/// The metrics; `now` is when this was run.
pub(super) fn text(report: &Report, now: OffsetDateTime) -> String {
    let mut text = String::new();
    let certificates = || report.leaves.iter().chain(&report.authorities);
    let at = report.at;
    let series = series(certificates());
    let mut each = |name: &str, help: &str, value: &dyn Fn(&Row) -> Option<i64>| {
        family(&mut text, name, "gauge", help);
        for (labels, row) in &series {
            if let Some(value) = value(row) {
                sample(&mut text, name, labels, value);
            }
        }
    };
    let validity = |row: &Row| row.item.validity();
    each("x509_cert_not_before", "Beginning of the certificate's validity, Unix time.", &|row| {
        Some(validity(row).not_before.unix_timestamp())
    });
    each("x509_cert_not_after", "End of the certificate's validity, Unix time.", &|row| {
        Some(validity(row).not_after.unix_timestamp())
    });
    each("x509_cert_expired", "Whether the certificate had expired, 1 or 0.", &|row| {
        Some(i64::from(at > validity(row).not_after))
    });
    each(
        "pkit_expiry_chain_not_after",
        "When the certificate or the first one above it ends, Unix time.",
        &|row| Some(row.ends().unix_timestamp()),
    );

    let lists = self::series(report.crls.iter());
    let mut each = |name: &str, help: &str, value: &dyn Fn(&Row) -> i64| {
        family(&mut text, name, "gauge", help);
        for (labels, row) in &lists {
            sample(&mut text, name, labels, value(row));
        }
    };
    each("x509_crl_this_update", "When the CRL was made, Unix time.", &|row| {
        validity(row).not_before.unix_timestamp()
    });
    each("x509_crl_next_update", "When the CRL lapses, Unix time.", &|row| {
        validity(row).not_after.unix_timestamp()
    });
    each("x509_crl_stale", "Whether the CRL had lapsed, 1 or 0.", &|row| {
        i64::from(at > validity(row).not_after)
    });

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
    text
}

/// Announces a metric, once.
fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn sample(text: &mut String, name: &str, labels: &str, value: i64) {
    text.push_str(&format!("{name}{labels} {value}\n"));
}

/// Every row with its labels, once for each place where it lies.
fn series<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<(String, &'a Row)> {
    let mut all: Vec<(Vec<(&'static str, String)>, &Row)> = Vec::new();
    for row in rows {
        all.extend(row.item.spots().iter().map(|spot| (of(&row.item, spot), row)));
    }
    // Two series of the same labels are none: the collector would refuse the whole file.
    let mut seen = HashSet::new();
    let doubled = all.iter().any(|(pairs, _)| !seen.insert(pairs));
    drop(seen);
    let tell = |(mut pairs, row): (Vec<(&'static str, String)>, &'a Row)| {
        if doubled {
            let print = row.item.fingerprint().get(..DISCRIMINATOR).unwrap_or_default();
            pairs.push(("discriminator", hex(print)));
        }
        (labels(&pairs), row)
    };
    all.into_iter().map(tell).collect()
}

/// The labels, always the same ones, empty where there is nothing to say.
fn of(item: &Item, spot: &Spot) -> Vec<(&'static str, String)> {
    const SUBJECT: [&str; 6] =
        ["subject_C", "subject_ST", "subject_L", "subject_O", "subject_OU", "subject_CN"];
    const ISSUER: [&str; 6] = ["issuer_C", "issuer_ST", "issuer_L", "issuer_O", "issuer_OU", "issuer_CN"];
    let number = decimal(item.number());
    let mut pairs = vec![];
    let mut name = |labels: [&'static str; 6], name: &Name| {
        for (label, (_, kind)) in labels.into_iter().zip(FIELDS) {
            pairs.push((label, escape(&name.values(kind).join(",")).into_owned()));
        }
    };
    name(ISSUER, item.issuer());
    match item.subject() {
        Some(subject) => {
            name(SUBJECT, subject);
            pairs.push(("serial_number", number));
        }
        None => pairs.push(("crl_number", number)),
    }
    let place = spot.place.to_string();
    let (path, server) = if spot.is_server { (String::new(), place) } else { (place, String::new()) };
    let file = path.rsplit('/').next().unwrap_or_default().to_owned();
    pairs.extend([("filename", file), ("filepath", path), ("server", server)]);
    pairs.extend(manifest(spot.within.as_deref().unwrap_or_default()));
    pairs
}

/// Which Secret or ConfigMap: `Secret default/web, tls.crt`.
fn manifest(within: &str) -> [(&'static str, String); 6] {
    let of = |kind: &str| {
        let rest = within.strip_prefix(kind).unwrap_or_default();
        let (name, key) = rest.split_once(", ").unwrap_or((rest, ""));
        let (space, name) = name.split_once('/').unwrap_or(("", name));
        let key = key.split(", ").next().unwrap_or_default();
        [space, name, key].map(str::to_owned)
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

fn labels(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// The three characters that the format escapes.
fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Digits of the longest number that is told in decimal; RFC 5280 4.1.2.2 allows 40.
const MOST_DIGITS: usize = 64;

/// A number in decimal, as the exporter has it, from hexadecimal digits; a longer one as it is.
fn decimal(hex: &str) -> String {
    if hex.len() > MOST_DIGITS {
        return format!("0x{hex}");
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
