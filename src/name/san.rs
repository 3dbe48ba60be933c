//! Subject alternative names that we issue, recognised by their value.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{DnsName, GeneralName, mailbox::is_dot_string};
use crate::{
    Error, der,
    fingerprint::unhex,
    oid::{self, Oid},
};

/// One subject alternative name (RFC 5280 4.2.1.6) of a kind that pkit issues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    /// A host name, possibly with a wildcard.
    Dns(DnsName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// An absolute URI in ASCII, such as `spiffe://example.org/api`.
    Uri(String),
    /// A mailbox: ASCII local part, domain in A-labels.
    Email(String),
    /// An otherName, such as a user principal name: its type, and the DER of its value with the explicit tag.
    Other(Oid, Vec<u8>),
    /// A registered OID.
    RegisteredId(Oid),
}

impl San {
    /// Whether a server can be known by it: a DNS name, an IP address, or a URI, as SPIFFE has it.
    pub fn is_reachable(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_) | Self::Uri(_))
    }

    /// The same name as a certificate holds it.
    pub fn to_general_name(&self) -> GeneralName {
        match self {
            Self::Dns(name) => GeneralName::Dns(name.to_string()),
            Self::Ip(address) => GeneralName::Ip(*address),
            Self::Uri(uri) => GeneralName::Uri(uri.clone()),
            Self::Email(mailbox) => GeneralName::Email(mailbox.clone()),
            Self::Other(oid, value) => GeneralName::Other(oid.clone(), value.clone()),
            Self::RegisteredId(oid) => GeneralName::RegisteredId(oid.clone()),
        }
    }
}

/// A name that somebody asks for, held to the same rules as one that was typed. The error is the reason in a person's words.
impl TryFrom<&GeneralName> for San {
    type Error = String;

    fn try_from(name: &GeneralName) -> Result<Self, String> {
        match name {
            GeneralName::Dns(text) if text.parse::<IpAddr>().is_ok() => Err(format!(
                "it is an IP address said to be a DNS name, which no client matches: IP:{text} is wanted"
            )),
            // What stands in a certificate is not converted: these are the octets of an IA5String.
            GeneralName::Dns(text) if !text.is_ascii() => {
                Err("an internationalised name stands in a certificate in its ASCII form (xn--…)".into())
            }
            GeneralName::Dns(text) => text.parse().map(Self::Dns),
            GeneralName::Uri(text) => uri(text).map(Self::Uri),
            GeneralName::Email(text) => email(text).map(Self::Email),
            GeneralName::Ip(address) => self::address(*address),
            GeneralName::RegisteredId(oid) if oid.components().is_some() => {
                Ok(Self::RegisteredId(oid.clone()))
            }
            GeneralName::Other(oid, value) if oid.components().is_some() && is_other_value(value) => {
                Ok(Self::Other(oid.clone(), value.clone()))
            }
            GeneralName::Unknown("IP", _) => Err("an IP address has 4 or 16 octets".into()),
            GeneralName::Directory(_) => Err("names of this kind are not issued".into()),
            GeneralName::Unknown("X400" | "EDIParty", _) => Err("names of this kind are not issued".into()),
            _ => Err("it breaks the rules of its kind of name (RFC 5280 4.2.1.6)".into()),
        }
    }
}

/// One element under the explicit tag that others can read; of text, without characters that deceive.
fn is_other_value(value: &[u8]) -> bool {
    use crate::der::tag::{IA5, PRINTABLE, UTF8};
    let Some(inner) = der::whole(value, 0xa0).map(|outer| outer.content) else { return false };
    let text = der::Reader::new(inner).next().filter(|inner| matches!(inner.tag, UTF8 | IA5 | PRINTABLE));
    let text = text.map(|inner| String::from_utf8_lossy(inner.content));
    der::is_well_formed(inner) && text.is_none_or(|text| !text.is_empty() && !text.chars().any(super::acts))
}

/// An IPv4 address in the clothes of IPv6 is refused: some clients (Go, Java) take it for the IPv4 address, and name
/// constraints for another.
fn address(address: IpAddr) -> Result<San, String> {
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => Err(
            "it is an IPv4 address mapped to IPv6, which clients read differently; write the IPv4 address"
                .into(),
        ),
        _ => Ok(San::Ip(address)),
    }
}

/// Recognises the kind by the value: an IP address (with or without brackets), a URI (`scheme://` or `urn:`), an
/// e-mail address (`@`), else a DNS name. A prefix as openssl writes it says so itself: `DNS:`, `IP:`, `URI:`, `email:`,
/// `RID:`, `UPN:alice@corp.internal`, `otherName:OID;UTF8:text`, `otherName:OID;hex:DER`.
impl FromStr for San {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: String| Error::SanInvalid { value: text.to_owned(), reason };
        if let Some(san) = prefixed(text) {
            return san.map_err(refused);
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self::address(address).map_err(refused);
        }
        if text.contains("://") || text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:")) {
            return uri(text).map(Self::Uri).map_err(refused);
        }
        if text.contains('@') {
            return email(text).map(Self::Email).map_err(refused);
        }
        if text.contains('/') && text.split('/').next().is_some_and(|head| head.parse::<IpAddr>().is_ok()) {
            return Err(refused("it is an address range; a certificate holds single addresses".into()));
        }
        if text.contains(':') {
            return Err(refused("it is neither an IPv6 address nor a URI; a name carries no port".into()));
        }
        text.parse().map(Self::Dns).map_err(refused)
    }
}

/// A name whose kind is said; `None` where none is.
fn prefixed(text: &str) -> Option<Result<San, String>> {
    let (kind, value) = text.split_once(':')?;
    Some(match kind.to_ascii_lowercase().as_str() {
        "dns" => value.parse().map(San::Dns),
        "ip" => value.parse().map_err(|_| "it is no IP address".to_owned()).and_then(address),
        "uri" => uri(value).map(San::Uri),
        "email" => email(value).map(San::Email),
        "rid" => value.parse().map(San::RegisteredId).map_err(|()| "it is no object identifier".to_owned()),
        "upn" => utf8(value).map(|value| San::Other(Oid::from_content(oid::USER_PRINCIPAL_NAME), value)),
        "othername" => other(value),
        _ => return None,
    })
}

fn other(text: &str) -> Result<San, String> {
    let shape = || "an otherName is written `otherName:OID;UTF8:text` or `otherName:OID;hex:DER`".to_owned();
    let (kind, value) = text.split_once(';').ok_or_else(shape)?;
    let kind: Oid = kind.parse().map_err(|()| shape())?;
    let value = match value.split_once(':').ok_or_else(shape)? {
        (form, value) if form.eq_ignore_ascii_case("utf8") => utf8(value)?,
        (form, value) if form.eq_ignore_ascii_case("hex") => {
            let inner = unhex(value).ok_or("it is not hexadecimal")?;
            let mut elements = der::Reader::new(&inner);
            // With its explicit tag, as pkit prints it, or without.
            match elements.next().filter(|_| elements.is_empty()) {
                Some(element) if element.tag == 0xa0 => inner,
                Some(_) => explicit(&inner),
                None => return Err("its value is not one DER element".into()),
            }
        }
        _ => return Err(shape()),
    };
    if !is_other_value(&value) {
        return Err("its value is not DER that others can read".into());
    }
    Ok(San::Other(kind, value))
}

fn utf8(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() || text.chars().any(super::acts) {
        return Err("it is empty, or holds characters that deceive who reads it".into());
    }
    Ok(explicit(&yasna::construct_der(|writer| writer.write_utf8_string(text))))
}

/// Under the explicit tag that the value of an otherName has.
fn explicit(value: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_tagged(yasna::Tag::context(0), |writer| writer.write_der(value));
    })
}

/// RFC 3986 syntax as far as RFC 5280 4.2.1.6 asks for it: a scheme, and not relative; for `spiffe` the rules of
/// the SPIFFE ID standard (trust domain in lower case, no port, user, query or fragment).
fn uri(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once(':').ok_or("a URI needs a scheme")?;
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !scheme_ok {
        return Err(format!("`{}` is not a URI scheme", super::escape(scheme)));
    }
    if let Some(odd) = text.chars().find(|&c| !c.is_ascii_graphic() || "<>\"{}|\\^`".contains(c)) {
        return Err(format!("`{}` must be percent-encoded in a URI", super::escape(&odd.to_string())));
    }
    let hex_pair = |rest: &str| rest.get(..2).is_some_and(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()));
    if text.split('%').skip(1).any(|rest| !hex_pair(rest)) {
        return Err("a `%` is followed by two hexadecimal digits".into());
    }
    if rest.trim_start_matches('/').is_empty() {
        return Err("nothing follows the scheme".into());
    }
    if let Some(rest) = rest.strip_prefix("//") {
        authority(rest.split(['/', '?', '#']).next().unwrap_or_default())?;
    }
    if scheme.eq_ignore_ascii_case("spiffe") {
        spiffe(rest)?;
    }
    Ok(text.to_owned())
}

/// `user@host:port`, where the host is a DNS name, an address, or nothing: Go reads no certificate with another one in it.
fn authority(authority: &str) -> Result<(), String> {
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("the bracket of its address is not closed")?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| "there is no IPv6 address in its brackets")?;
            ("", port)
        }
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    if !port.strip_prefix(':').unwrap_or(port).bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its port is no number".into());
    }
    if host.is_empty() || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return Ok(());
    }
    match host.parse::<DnsName>() {
        Ok(name) if !name.is_wildcard() => Ok(()),
        Ok(_) => Err("a URI has no wildcard".into()),
        Err(reason) => Err(format!("its host is no DNS name: {reason}")),
    }
}

fn spiffe(rest: &str) -> Result<(), String> {
    let rest = rest.strip_prefix("//").ok_or("a SPIFFE ID is `spiffe://trust-domain/path`")?;
    let (domain, path) = rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
    if domain.is_empty()
        || !domain.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c))
    {
        return Err("a SPIFFE trust domain holds lower-case letters, digits, `.`, `-` and `_`".into());
    }
    let segment_ok = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
    };
    match path {
        Some(path) if !path.split('/').all(segment_ok) => {
            Err("a SPIFFE path has non-empty segments of letters, digits, `.`, `-` and `_`".into())
        }
        _ => Ok(()),
    }
}

/// RFC 5321 dot-string mailbox; quoted local parts and Unicode ones (RFC 9598) are not issued.
fn email(text: &str) -> Result<String, String> {
    let (local, domain) = text.rsplit_once('@').ok_or("an e-mail address has an `@`")?;
    if local.len() > 64 || !is_dot_string(local) {
        return Err("the part before the `@` is not a plain ASCII mailbox name".into());
    }
    let domain: DnsName = domain.parse().map_err(|reason| format!("after the `@`: {reason}"))?;
    if domain.is_wildcard() {
        return Err("an e-mail address has no wildcard".into());
    }
    Ok(format!("{local}@{domain}"))
}

/// What [`FromStr`] reads as the same name: without a prefix where the value alone says its kind.
impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => fmt::Display::fmt(name, f),
            Self::Ip(address) => fmt::Display::fmt(address, f),
            Self::Uri(text) if text.parse().is_ok_and(|again: Self| again == *self) => f.write_str(text),
            Self::Uri(text) => write!(f, "URI:{text}"),
            Self::Email(text) => f.write_str(text),
            Self::Other(..) | Self::RegisteredId(_) => fmt::Display::fmt(&self.to_general_name(), f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_follows_from_the_value() {
        for (text, want) in [
            ("api.internal", "DNS:api.internal"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("::1", "IP:::1"),
            ("[2001:db8::1]", "IP:2001:db8::1"),
            ("spiffe://example.org/ns/a", "URI:spiffe://example.org/ns/a"),
            (
                "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "URI:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            ),
            ("a.b+c@Example.COM", "email:a.b+c@example.com"),
            ("dns:API.internal", "DNS:api.internal"),
            ("IP:::1", "IP:::1"),
            ("https://u@a.example:8443/x?y#z", "URI:https://u@a.example:8443/x?y#z"),
            ("https://[::1]:1/", "URI:https://[::1]:1/"),
            ("file:///etc/x", "URI:file:///etc/x"),
            ("URI:tag:example.org,2027:x", "URI:tag:example.org,2027:x"),
            ("uri:n1uri:n1", "URI:n1uri:n1"),
            ("uri:dns://n1", "URI:dns://n1"),
            ("RID:1.2.3.4", "RID:1.2.3.4"),
            ("upn:Alice@Corp.internal", "otherName:msUPN;UTF8:Alice@Corp.internal"),
            ("otherName:1.2.3.4;UTF8:some text", "otherName:1.2.3.4;UTF8:some text"),
            ("otherName:1.2.3.4;hex:0c0161", "otherName:1.2.3.4;UTF8:a"),
            ("otherName:1.2.3.4;hex:020101", "otherName:1.2.3.4;hex:a003020101"),
            ("otherName:1.2.3.4;hex:a003020101", "otherName:1.2.3.4;hex:a003020101"),
        ] {
            let san: San = text.parse().unwrap();
            assert_eq!(san.to_general_name().to_string(), want);
            assert_eq!(want.parse::<San>().unwrap(), san, "what is printed reads back");
            assert_eq!(san.to_string().parse::<San>().unwrap(), san, "{text}");
        }
    }

    #[test]
    fn a_name_that_was_asked_for_is_held_to_the_same_rules() {
        let other = |inner: &[u8]| GeneralName::Other("1.2.3".parse().unwrap(), explicit(inner));
        for good in [
            GeneralName::Dns("API.example.com".into()),
            GeneralName::Ip("::1".parse().unwrap()),
            GeneralName::RegisteredId("1.2.3".parse().unwrap()),
            GeneralName::Email("a@example.com".into()),
            GeneralName::Uri("spiffe://acme/x".into()),
            other(&[0x0c, 1, b'a']),
            other(&[2, 1, 5]),
        ] {
            assert!(San::try_from(&good).is_ok(), "{good}");
        }
        for bad in [
            GeneralName::Dns("10.0.0.1".into()),
            GeneralName::Dns("::1".into()),
            GeneralName::Dns("*.com".into()),
            GeneralName::Dns("b\u{fc}cher.example".into()),
            GeneralName::Dns("a.example\0.evil".into()),
            GeneralName::Dns("example.com.".into()),
            GeneralName::Uri("/relative".into()),
            GeneralName::Email("nobody".into()),
            GeneralName::Directory(crate::name::Name::empty()),
            GeneralName::Unknown("IP", vec![1, 2, 3]),
            GeneralName::Unknown("invalid", vec![]),
            GeneralName::RegisteredId(Oid::from_content(&[0x80])),
            other(&[0x0c, 1, 0x1b]),
            other(&[2, 1, 5, 0]),
        ] {
            assert!(San::try_from(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        for bad in [
            "10.0.0.0/8",
            "localhost:8443",
            "spiffe://Example.org/a",
            "spiffe://example.org/a/",
            "spiffe://example.org:1/a",
            "https://",
            "1http://a",
            "https://a b",
            "https://a/%zz",
            "https://[a]b[/x",
            "https://%65vil.example/",
            "https://a:b:1/",
            "https://a:x/",
            "https://*.example.com/",
            "https://[::1/",
            "@example.com",
            "a@",
            "a@*.example.com",
            "a..b@example.com",
            "ü@example.com",
            "999.1.1.1",
            "::ffff:10.1.2.3",
            "IP:::ffff:10.1.2.3",
            "UPN:a\u{202e}b",
            "dns:127.0.0.1",
            "ip:localhost",
            "rid:x",
            "upn:",
            "otherName:1.2.3",
            "otherName:1.2.3;UTF8",
            "otherName:1.2.3;hex:0",
            "otherName:1.2.3;hex:0500ff",
        ] {
            assert!(matches!(bad.parse::<San>(), Err(Error::SanInvalid { .. })), "{bad:?}");
        }
    }
}
