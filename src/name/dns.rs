//! DNS names as certificates hold them (RFC 5280 4.2.1.6, RFC 9525 6.3).

use std::{fmt, str::FromStr};

/// A host name that a TLS client can match: lower-case A-labels, and at most one `*` as the whole leftmost label.
///
/// Unicode names are converted by IDNA (UTS 46). An underscore is allowed, because Compose and Kubernetes
/// service names carry it; [`DnsName::has_underscore`] lets the caller say who will refuse it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// The name in lower-case ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the leftmost label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether a label holds `_`, which RFC 1123 host names do not.
    pub fn has_underscore(&self) -> bool {
        self.0.contains('_')
    }

    /// Whether this name, as a certificate's, covers `host` (RFC 9525 6.3): equal without regard to case, or
    /// a wildcard that stands for exactly one label. A trailing dot on `host` is not counted.
    pub fn covers(&self, host: &str) -> bool {
        covers(&self.0, host)
    }
}

/// [`DnsName::covers`] for a presented name that came from a certificate and may be anything.
pub(super) fn covers(presented: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match presented.strip_prefix("*.") {
        None => !presented.contains('*') && !host.is_empty() && presented.eq_ignore_ascii_case(host),
        Some(parent) => {
            parent.contains('.')
                && !parent.contains('*')
                && host.split_once('.').is_some_and(|(label, rest)| {
                    !label.is_empty() && !label.contains('*') && rest.eq_ignore_ascii_case(parent)
                })
        }
    }
}

/// The error is the reason in a person's words.
impl FromStr for DnsName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (star, host) = match text.strip_prefix("*.") {
            Some(rest) => ("*.", rest),
            None => ("", text),
        };
        if text.is_empty() {
            return Err("it is empty".into());
        }
        if text == "*" {
            return Err("a wildcard needs a domain after it, as in `*.example.com`".into());
        }
        if host.contains('*') {
            return Err("a wildcard is the whole leftmost label, as in `*.example.com`, or nothing".into());
        }
        if text.ends_with('.') {
            return Err("a certificate holds names without the trailing dot".into());
        }
        let ascii = if host.is_ascii() {
            host.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii_strict(host)
                .map_err(|_| "it is not a valid internationalised domain name (IDNA)".to_owned())?
        };
        if star.len() + ascii.len() > 253 {
            return Err("a DNS name has at most 253 characters".into());
        }
        for label in ascii.split('.') {
            check_label(label)?;
        }
        if ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err("it ends in a number, so it reads as an IP address but is none".into());
        }
        if !star.is_empty() && !ascii.contains('.') {
            return Err(format!("clients refuse a wildcard right below a top-level name (`*.{ascii}`)"));
        }
        Ok(Self(format!("{star}{ascii}")))
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("it has an empty label (two dots in a row, or a dot in front)".into());
    }
    if label.len() > 63 {
        return Err("a label of a DNS name has at most 63 characters".into());
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("the label `{label}` begins or ends with a hyphen"));
    }
    let odd = label.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    if let Some(odd) = odd {
        return Err(format!("`{}` is not a character of a DNS name", super::escape(&odd.to_string())));
    }
    if label.starts_with("xn--") && idna::domain_to_unicode(label).1.is_err() {
        return Err(format!("the label `{label}` is not valid punycode"));
    }
    Ok(())
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_normalises() {
        for (text, want) in [
            ("localhost", "localhost"),
            ("API.Example.COM", "api.example.com"),
            ("*.example.com", "*.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
            ("my_service", "my_service"),
            ("1-2.example", "1-2.example"),
        ] {
            assert_eq!(text.parse::<DnsName>().unwrap().as_str(), want);
        }
    }

    #[test]
    fn refuses_what_no_client_matches() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = format!("{}example", "abcdefghi.".repeat(26));
        for bad in [
            "",
            "*",
            "*.com",
            "a.*.example",
            "w*.example.com",
            "**.example.com",
            "example.com.",
            ".example.com",
            "a..b",
            "-a.example",
            "a-.example",
            "a b.example",
            "a/b",
            "10.0.0.300",
            "1.2.3",
            "xn--\u{e4}",
            "xn--a",
            &long_label,
            &long_name,
        ] {
            assert!(bad.parse::<DnsName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn wildcard_stands_for_one_label() {
        let wildcard: DnsName = "*.example.com".parse().unwrap();
        assert!(wildcard.covers("API.example.com"));
        assert!(wildcard.covers("api.example.com."));
        for host in ["example.com", "a.b.example.com", ".example.com", "example.org", "*.example.com"] {
            assert!(!wildcard.covers(host), "{host}");
        }
        assert!(!covers("*.com", "example.com"), "too broad for any client");
        assert!(!covers("a*.example.com", "ab.example.com"), "partial wildcards count for nothing");
        assert!(!covers("", ""));
    }
}
