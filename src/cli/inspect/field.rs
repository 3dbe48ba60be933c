//! Single values for scripts.

use std::str::FromStr;

use time::OffsetDateTime;

use crate::{
    inspect::{ExtensionsReport, Fingerprints, Place, PublicKeyReport, Report},
    validity::format_rfc3339,
};

/// What can be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Field(&'static str);

/// All names, as openssl and RFC 5280 write them.
const FIELDS: [&str; 24] = [
    "source",
    "title",
    "subject",
    "issuer",
    "serial",
    "notBefore",
    "notAfter",
    "daysLeft",
    "names",
    "kind",
    "keyUsage",
    "extendedKeyUsage",
    "key",
    "keyBits",
    "keySha256",
    "pin",
    "signatureAlgorithm",
    "sha256",
    "sha1",
    "subjectKeyId",
    "authorityKeyId",
    "thisUpdate",
    "nextUpdate",
    "crlNumber",
];

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = FIELDS.iter().find(|name| name.eq_ignore_ascii_case(text));
        found.map(|name| Self(name)).ok_or_else(|| format!("the fields are {}", FIELDS.join(", ")))
    }
}

/// The parts of a report that fields are taken from.
struct Parts<'a> {
    place: &'a Place,
    title: Option<&'a str>,
    subject: Option<&'a str>,
    key: Option<&'a PublicKeyReport>,
    extensions: Option<&'a ExtensionsReport>,
    algorithm: Option<&'a str>,
    prints: Option<&'a Fingerprints>,
}

impl Field {
    /// The value in one line; empty where this object has none, `None` where no object of its kind has.
    pub(super) fn of(self, report: &Report) -> Option<String> {
        let time = |time: Option<OffsetDateTime>| time.map(format_rfc3339).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match (report, self.0) {
            (Report::Certificate(report), "issuer") => return Some(report.issuer.clone()),
            (Report::Certificate(report), "serial") => return Some(report.serial.clone()),
            (Report::Certificate(report), "kind") => return Some(report.kind.to_string()),
            (Report::Certificate(report), "notBefore") => return Some(time(report.not_before)),
            (Report::Certificate(report), "notAfter") => return Some(time(report.not_after)),
            (Report::Certificate(report), "daysLeft") => {
                return Some(report.remaining.map(|left| left.days.to_string()).unwrap_or_default());
            }
            (Report::Crl(report), "issuer") => return Some(report.issuer.clone()),
            (Report::Crl(report), "thisUpdate") => return Some(time(report.this_update)),
            (Report::Crl(report), "nextUpdate") => return Some(time(report.next_update)),
            (Report::Crl(report), "crlNumber") => return Some(text(&report.number)),
            (Report::Crl(report), "authorityKeyId") => return Some(text(&report.authority_key_id)),
            _ => {}
        }
        self.common(&parts(report)?)
    }

    fn common(self, parts: &Parts<'_>) -> Option<String> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let place = parts.place;
        match self.0 {
            "source" => Some(match &place.within {
                Some(within) => format!("{} ({within})", place.source),
                None => place.source.clone(),
            }),
            "title" => owned(parts.title),
            "subject" => owned(parts.subject),
            "key" => Some(parts.key?.algorithm.clone()),
            "keyBits" => Some(parts.key?.bits.map(|bits| bits.to_string()).unwrap_or_default()),
            "keySha256" => Some(parts.key?.sha256.clone()),
            "pin" => Some(parts.key?.pin.clone()),
            "signatureAlgorithm" => owned(parts.algorithm),
            "sha256" => Some(parts.prints?.sha256.clone()),
            "sha1" => Some(parts.prints?.sha1.clone()),
            "names" => Some(parts.extensions?.subject_alt_names.join(",")),
            "keyUsage" => {
                Some(parts.extensions?.key_usage.as_ref().map(|all| all.join(",")).unwrap_or_default())
            }
            "extendedKeyUsage" => {
                let usages = parts.extensions?.extended_key_usage.as_ref();
                Some(usages.map(|usages| usages.join(",")).unwrap_or_default())
            }
            "subjectKeyId" => Some(parts.extensions?.subject_key_id.clone().unwrap_or_default()),
            "authorityKeyId" => Some(parts.extensions?.authority_key_id.clone().unwrap_or_default()),
            _ => None,
        }
    }
}

fn parts(report: &Report) -> Option<Parts<'_>> {
    Some(match report {
        Report::Certificate(report) => Parts {
            place: &report.place,
            title: Some(&report.title),
            subject: Some(&report.subject),
            key: Some(&report.public_key),
            extensions: Some(&report.extensions),
            algorithm: Some(&report.signature_algorithm),
            prints: Some(&report.fingerprints),
        },
        Report::Request(report) => Parts {
            place: &report.place,
            title: Some(&report.title),
            subject: Some(&report.subject),
            key: Some(&report.public_key),
            extensions: Some(&report.extensions),
            algorithm: Some(&report.signature_algorithm),
            prints: Some(&report.fingerprints),
        },
        Report::Crl(report) => Parts {
            place: &report.place,
            title: None,
            subject: None,
            key: None,
            extensions: None,
            algorithm: Some(&report.signature_algorithm),
            prints: Some(&report.fingerprints),
        },
        Report::Key(report) | Report::PublicKey(report) => Parts {
            place: &report.place,
            title: None,
            subject: None,
            key: report.public_key.as_ref(),
            extensions: None,
            algorithm: None,
            prints: None,
        },
        Report::Store(_) | Report::Other(..) => return None,
    })
}
