//! What words of the field mean, in a person's words: alerts, extensions, object identifiers, reasons of revocation, the
//! codes and rules of this program; and what a certificate, request, CRL or key can be used for.

mod alert;
mod certificate;
mod extension;
mod rule;

use serde::Serialize;

pub use certificate::{Account, Section, certificate, crl, private_key, request};

use crate::{Error, crl::Reason, lint, oid::Oid, tls::Alert, verify::Rule};

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What it is: `TLS alert`, `extension`, …
    pub kind: &'static str,
    /// Its name
    pub name: String,
    /// Its number or dotted form, where it has one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it means: one sentence after the other
    pub meaning: Vec<String>,
    /// What to do about it, where something is to be done
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Where it stands
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
}

/// Everything that a word, number or OID can mean. Empty where nothing is known of it.
pub fn word(text: &str) -> Vec<Explanation> {
    let text = text.trim();
    let whole = ABBREVIATIONS.iter().find(|(short, _)| same(short, text)).map_or(text, |(_, long)| long);
    let mut found = Vec::new();
    found.extend(alerts(text));
    found.extend(reasons(text));
    found.extend(object_identifier(whole));
    found.extend(error(text));
    found.extend(Rule::ALL.into_iter().filter(|known| known.code() == text).map(rule::explain));
    found.extend(lint::rule(text).map(lint_rule));
    found
}

/// What people call extensions for short.
const ABBREVIATIONS: [(&str, &str); 14] = [
    ("SAN", "subjectAltName"),
    ("IAN", "issuerAltName"),
    ("KU", "keyUsage"),
    ("EKU", "extKeyUsage"),
    ("extendedKeyUsage", "extKeyUsage"),
    ("BC", "basicConstraints"),
    ("NC", "nameConstraints"),
    ("SKI", "subjectKeyIdentifier"),
    ("SKID", "subjectKeyIdentifier"),
    ("AKI", "authorityKeyIdentifier"),
    ("AKID", "authorityKeyIdentifier"),
    ("AIA", "authorityInfoAccess"),
    ("CDP", "cRLDistributionPoints"),
    ("CRLDP", "cRLDistributionPoints"),
];

/// A lint rule in words.
pub fn lint_rule(rule: &lint::Rule) -> Explanation {
    Explanation {
        kind: "lint rule",
        name: rule.id.into(),
        number: None,
        meaning: vec![
            rule.demand.into(),
            rule.reason.into(),
            format!("A breach is of severity {}.", rule.severity.name()),
        ],
        remedy: Some(rule.remedy.into()),
        section: Some(rule.section.into()),
    }
}

/// Words without regard to case, `-` and `_`, as people type them.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        text.chars()
            .filter(|c| !matches!(c, '-' | '_' | ' '))
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    plain(one) == plain(other)
}

fn alerts(text: &str) -> Vec<Explanation> {
    let number = text.parse::<u8>().ok();
    let meant = |alert: &Alert| Some(alert.number) == number || same(alert.name, text);
    Alert::all().filter(meant).map(|alert| alert::explain(&alert)).collect()
}

fn reasons(text: &str) -> Vec<Explanation> {
    let number = text.parse::<u8>().ok();
    let meant = |reason: &Reason| Some(reason.code()) == number || same(reason.name(), text);
    let mut found: Vec<_> = Reason::all().filter(meant).map(reason).collect();
    if number == Some(8) || same("removeFromCRL", text) {
        found.push(Explanation {
            kind: "CRL reason",
            name: "removeFromCRL".into(),
            number: Some("8".into()),
            meaning: vec!["In a delta CRL: a hold was taken back, or the certificate has ended. Full CRLs leave the entry out instead.".into()],
            remedy: None,
            section: Some("RFC 5280 5.3.1".into()),
        });
    }
    found
}

fn reason(reason: Reason) -> Explanation {
    let (meaning, remedy) = match reason {
        Reason::Unspecified => (
            "No reason is given. CRLs then leave the field out.",
            "State a reason where there is one: peers and auditors ask.",
        ),
        Reason::KeyCompromise => (
            "Its private key is known to others, or may be: whatever was signed with it since may be forged.",
            "Make a new key and certificate, and find out how the key got out.",
        ),
        Reason::CaCompromise => (
            "The private key of the CA is known to others, or may be: nothing that it signed can be trusted.",
            "Make a new CA, issue everything below it anew, and take the old one out of the trust stores.",
        ),
        Reason::AffiliationChanged => (
            "A name or another fact in the certificate is no longer right; its key is not suspected.",
            "Issue a certificate with the right names.",
        ),
        Reason::Superseded => {
            ("Another certificate has taken its place; its key is not suspected.", "Use the new certificate.")
        }
        Reason::CessationOfOperation => {
            ("What it was for has ended; its key is not suspected.", "Nothing: it is not needed any more.")
        }
        Reason::CertificateHold => (
            "It is not valid for the time being. The only reason that can be taken back.",
            "Release it, or revoke it for good: pkit revoke NAME --release.",
        ),
        Reason::PrivilegeWithdrawn => {
            ("Who has it may no longer do what it allows.", "Ask whoever runs the CA.")
        }
        Reason::AaCompromise => (
            "The private key of an attribute authority is known to others. Not met in TLS.",
            "Make a new attribute authority.",
        ),
    };
    Explanation {
        kind: "CRL reason",
        name: reason.name().into(),
        number: Some(reason.code().to_string()),
        meaning: vec![meaning.into()],
        remedy: Some(remedy.into()),
        section: Some("RFC 5280 5.3.1".into()),
    }
}

fn object_identifier(text: &str) -> Option<Explanation> {
    let oid: Oid = text.parse().ok()?;
    if let Some(extension) = extension::explain(&oid) {
        return Some(extension);
    }
    if let Some(usage) = extension::usage(&oid) {
        return Some(usage);
    }
    let dotted = oid.to_string();
    let (name, meaning) = match (oid.short_name(), oid.long_name()) {
        (Some(short), Some(long)) if short != long => (short.to_owned(), format!("It means: {long}.")),
        (Some(short), _) => (short.to_owned(), format!("It means: {short}.")),
        (None, _) => ("not known here".to_owned(), arc(&dotted)?),
    };
    Some(Explanation {
        kind: "object identifier",
        name,
        number: Some(dotted),
        meaning: vec![meaning],
        remedy: None,
        section: None,
    })
}

/// Who gives out identifiers below the first numbers of one that is not known.
fn arc(dotted: &str) -> Option<String> {
    if let Some(number) = dotted.strip_prefix("1.3.6.1.4.1.").and_then(|rest| rest.split('.').next()) {
        let whose = match number {
            "311" => " (Microsoft)",
            "11129" => " (Google)",
            "44947" => " (ISRG, Let's Encrypt)",
            "37476" => " (OID registrations of ViaThinkSoft)",
            "45724" => " (FIDO Alliance)",
            "37244" => " (WISeKey)",
            "57264" => " (Sigstore)",
            "11591" => " (GNU)",
            _ => "",
        };
        return Some(format!(
            "It was given out by the holder of the private enterprise number {number}{whose}; IANA's registry says who that is."
        ));
    }
    let arcs = [
        ("2.23.140.", "It is one of the CA/Browser Forum."),
        ("1.3.6.1.5.5.7.", "It is one of PKIX, the standards around RFC 5280."),
        ("1.2.840.113549.", "It is one of RSA's PKCS standards."),
        ("2.16.840.1.113730.", "It is one of Netscape."),
        ("2.16.840.1.101.3.", "It is one of NIST."),
        ("2.5.29.", "It is an X.509 extension."),
        ("2.5.4.", "It is an attribute of X.500 names."),
        ("0.4.0.", "It is one of ETSI."),
    ];
    let known = arcs.iter().find(|(start, _)| dotted.starts_with(start));
    Some(known.map_or_else(|| "Nothing is known of it here.".to_owned(), |(_, text)| (*text).to_owned()))
}

fn error(text: &str) -> Option<Explanation> {
    let (code, headline, meaning) = Error::MEANINGS.iter().find(|(code, ..)| *code == text)?;
    let what = with_dots(headline);
    Some(Explanation {
        kind: "error of pkit",
        name: (*code).into(),
        number: None,
        meaning: vec![meaning.trim().to_owned(), format!("It is told as: \"{what}\".")],
        remedy: Some("The error itself names the file or value, and mostly ends with a hint.".into()),
        section: None,
    })
}

/// A headline with its placeholders as dots.
fn with_dots(headline: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in headline.chars() {
        match character {
            '{' => {
                inside = true;
                text.push('…');
            }
            '}' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        word(text).iter().map(|explanation| explanation.kind).collect()
    }

    #[test]
    fn words_of_every_kind_are_known() {
        assert_eq!(kinds("48"), ["TLS alert"]);
        assert_eq!(kinds("unknown-ca"), ["TLS alert"]);
        assert_eq!(kinds("UNKNOWN_CA"), ["TLS alert"]);
        assert_eq!(kinds("10"), ["TLS alert", "CRL reason"]);
        assert_eq!(kinds("keyCompromise"), ["CRL reason"]);
        assert_eq!(kinds("2.5.29.15"), ["extension"]);
        assert_eq!(kinds("keyUsage"), ["extension"]);
        assert_eq!(kinds("serverAuth"), ["extended key usage"]);
        assert_eq!(kinds("1.3.6.1.4.1.99999.1"), ["object identifier"]);
        assert_eq!(kinds("key-mismatch"), ["error of pkit"]);
        assert_eq!(kinds("expired"), ["rule of validation", "lint rule"]);
        for (short, long) in ABBREVIATIONS {
            assert_eq!(kinds(short), ["extension"], "{short}");
            assert_eq!(word(short), word(long), "{short}");
        }
        assert!(kinds("no-such-word").is_empty() && kinds("").is_empty());
    }

    #[test]
    fn every_code_of_ours_is_explained() {
        for code in Error::CODES {
            assert!(kinds(code).contains(&"error of pkit"), "{code}");
        }
        for rule in lint::rules() {
            assert!(kinds(rule.id).contains(&"lint rule"), "{}", rule.id);
        }
        for rule in Rule::ALL {
            assert!(kinds(rule.code()).contains(&"rule of validation"), "{}", rule.code());
        }
        for alert in Alert::all() {
            assert!(kinds(alert.name).contains(&"TLS alert"), "{alert}");
        }
    }
}
