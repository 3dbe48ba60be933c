//! Whether an object is the one that a person looks for: by fingerprint, serial number, key identifier, pin or name.

use super::Report;
use crate::fingerprint::unhex;

/// Shorter beginnings of hexadecimal numbers are met by chance.
const LEAST_DIGITS: usize = 8;

/// What is looked for.
pub struct Needle {
    text: String,
    /// Its hexadecimal digits, where it is a number in hexadecimal: colons, blanks and `0x` do not count
    digits: Option<String>,
    /// The hexadecimal digits of a number in decimal
    decimal: Option<String>,
}

impl Needle {
    /// Takes what a person wrote.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let bare = lower.strip_prefix("sha256:").or_else(|| lower.strip_prefix("sha1:")).unwrap_or(&lower);
        let bare = bare.strip_prefix("0x").unwrap_or(bare);
        let digits: String = bare.chars().filter(|digit| !matches!(digit, ':' | ' ')).collect();
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let decimal = text.parse::<u128>().ok().map(|number| format!("{number:x}"));
        Self { text: text.to_owned(), digits: is_hex.then_some(digits), decimal }
    }

    /// By what of it an object is the one, or `None` where it is not.
    pub fn finds(&self, report: &Report) -> Option<&'static str> {
        let (key, fingerprints) = match report {
            Report::Certificate(report) => (Some(&report.public_key), Some(&report.fingerprints)),
            Report::Request(report) => (Some(&report.public_key), Some(&report.fingerprints)),
            Report::Crl(report) => (None, Some(&report.fingerprints)),
            Report::Key(report) | Report::PublicKey(report) => (report.public_key.as_ref(), None),
            Report::Store(_) | Report::Other(..) => (None, None),
        };
        if let Some(prints) = fingerprints {
            if self.begins(&prints.sha256) {
                return Some("SHA-256 fingerprint");
            }
            if self.begins(&prints.sha1) {
                return Some("SHA-1 fingerprint");
            }
        }
        if let Some(key) = key.filter(|key| !key.sha256.is_empty()) {
            if self.begins(&key.sha256) {
                return Some("public key");
            }
            if self.text.strip_prefix("sha256/").unwrap_or(&self.text).trim_start_matches('/') == key.pin {
                return Some("public key pin");
            }
        }
        match report {
            Report::Certificate(report) => {
                let extensions = &report.extensions;
                if self.is_number(&report.serial) {
                    return Some("serial number");
                }
                if extensions.subject_key_id.as_deref().is_some_and(|id| self.begins(id)) {
                    return Some("key identifier");
                }
                self.names(&report.subject, &report.title, &extensions.subject_alt_names)
            }
            Report::Request(report) => {
                self.names(&report.subject, &report.title, &report.extensions.subject_alt_names)
            }
            Report::Crl(report) => self.names(&report.issuer, "", &[]),
            Report::Key(report) | Report::PublicKey(report) => {
                let named = report.attributes.iter().any(|attribute| attribute.ends_with(&self.text));
                named.then_some("name in its store")
            }
            Report::Store(_) | Report::Other(..) => None,
        }
    }

    /// Whether this is the beginning of a number in hexadecimal.
    fn begins(&self, number: &str) -> bool {
        let Some(digits) = self.digits.as_ref().filter(|digits| digits.len() >= LEAST_DIGITS) else {
            return false;
        };
        let mut number = number.chars().filter(|digit| *digit != ':');
        digits.chars().all(|digit| number.next().is_some_and(|other| other.eq_ignore_ascii_case(&digit)))
    }

    /// Whether this is a whole number, in hexadecimal or in decimal; zeros in front do not count.
    fn is_number(&self, number: &str) -> bool {
        let number = number.trim_start_matches('0');
        let same =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim_start_matches('0') == number);
        unhex(number).is_some_and(|octets| octets.len() < 32) && (same(&self.digits) || same(&self.decimal))
            || number.len() % 2 == 1 && (same(&self.digits) || same(&self.decimal))
    }

    fn names(&self, subject: &str, title: &str, names: &[String]) -> Option<&'static str> {
        let same = |name: &str| name.eq_ignore_ascii_case(&self.text);
        let bare = |name: &String| same(name) || name.split_once(':').is_some_and(|(_, value)| same(value));
        if same(subject) || same(title) {
            return Some("subject");
        }
        names.iter().any(bare).then_some("alternative name")
    }
}
