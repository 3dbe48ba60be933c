//! Alternative names (RFC 5280 4.2.1.6, 4.2.1.7): each kind of general name, and what a server's names must be.

use std::net::{IpAddr, Ipv4Addr};

use super::{Found, view};
use crate::{
    der::{Element, tag},
    name::{DnsName, GeneralName, Name, is_mailbox},
    oid,
};

super::rule::rules! {
    DNS_EMPTY "dns-name-empty" Error "RFC 5280 4.2.1.6"
        "A dNSName is neither empty nor a blank."
        "It can match nothing, and readers refuse the certificate."
        "Leave it out.";
    DNS_SYNTAX "dns-name-invalid" Error "RFC 5280 4.2.1.6, RFC 1034 3.5, RFC 1123 2.1"
        "A dNSName is in the preferred name syntax: labels of letters, digits and hyphens, at most 63 characters each and 253 in all, no dot in front or at the end."
        "Clients match nothing against it, and some (Go) refuse the whole certificate."
        "Write the name as clients ask for it: api.example.com.";
    DNS_UNDERSCORE "dns-name-underscore" Warn "RFC 5280 4.2.1.6, RFC 1123 2.1"
        "A dNSName has no underscore."
        "It is not in the preferred name syntax. OpenSSL, Go and rustls match it all the same; browsers' root programs forbid it."
        "Use a hyphen, where the service's name can be chosen.";
    DNS_NULL "name-null-character" Error "RFC 5280 4.2.1.6, CVE-2009-2408"
        "Names hold no NUL."
        "Software written in C ends the name there, and takes `bank.com\\0.evil.org` for bank.com."
        "Have it made anew, and ask who wanted it so.";
    NOT_ASCII "name-not-ia5" Error "RFC 5280 4.2.1.6, 7.2, 7.5"
        "dNSName, rfc822Name and uniformResourceIdentifier are IA5String, ASCII alone."
        "International names are written as A-labels: xn--bcher-kva.example."
        "Write the name in its ASCII form; pkit does so by itself.";
    IDN "idn-label-invalid" Error "RFC 5891 4.2.3, 5.4; RFC 5280 7.2"
        "A label that begins with xn-- is the encoding of a name that IDNA allows, in Unicode normalization form C."
        "Clients refuse it, or show another name than is meant."
        "Write the name in Unicode, and let pkit encode it.";
    RESERVED_LABEL "reserved-label" Warn "RFC 5890 2.3.1"
        "Hyphens in the third and fourth place of a label are for xn-- alone."
        "Such labels are reserved, and some software refuses them."
        "Choose another name.";
    WILDCARD "wildcard-invalid" Error "RFC 9525 6.3, RFC 6125 6.4.3"
        "A `*` is the whole leftmost label of a dNSName, and there is one."
        "`w*.example.com` and `a.*.example.com` are matched by no current client."
        "Write *.example.com.";
    WILDCARD_BROAD "wildcard-too-broad" Warn "RFC 6125 7.2, CA/Browser Forum BR 3.2.2.6"
        "A wildcard stands below a name of at least two labels."
        "`*` and `*.internal` would be every host there is; OpenSSL, Go and browsers refuse to match it."
        "Write *.example.internal, or each name.";
    WILDCARD_USED "wildcard" Info "RFC 9525 7.1"
        "A certificate names its hosts."
        "Who takes the key of one host below a wildcard can be each of them."
        "Give each host a certificate of its own where that is cheap: pkit issue --batch.";
    SINGLE_LABEL "dns-name-single-label" Info "CA/Browser Forum BR 7.1.4.2.1"
        "A dNSName has at least two labels."
        "Names without a dot mean another host in each network; a private PKI may want just that."
        "Use full names where there are any.";
    IP_AS_DNS "ip-address-as-dns-name" Warn "RFC 5280 4.2.1.6, RFC 9525 6.4"
        "IP addresses are in iPAddress."
        "Clients that connect to an address look at iPAddress alone."
        "Let it be made with the address: pkit issue server NAME 10.0.0.5.";
    IP "ip-address-invalid" Error "RFC 5280 4.2.1.6"
        "An iPAddress has 4 octets, or 16."
        "Readers refuse any other."
        "Have it made anew.";
    EMAIL "email-address-invalid" Error "RFC 5280 4.2.1.6, RFC 2821 4.1.2"
        "An rfc822Name is local-part@host, without a display name and without < >."
        "Mail programs match nothing against it, and name constraints are judged wrongly."
        "Write user@example.com.";
    URI "uri-invalid" Error "RFC 5280 4.2.1.6, RFC 3986"
        "A uniformResourceIdentifier is absolute: a scheme, a colon, and more, without blanks."
        "A relative one has nothing that it is relative to."
        "Write spiffe://example.org/service or https://example.com/.";
    URI_HOST "uri-host-invalid" Error "RFC 5280 4.2.1.6"
        "The host of a URI is a fully qualified domain name or an IP address."
        "Name constraints are judged by the host, and cannot be by any other."
        "Write the whole host name.";
    DIRECTORY "directory-name-invalid" Error "RFC 5280 4.2.1.6"
        "A directoryName is a distinguished name that is not empty."
        "Readers refuse others."
        "Leave it out, or write the name.";
    KIND "general-name-unknown" Error "RFC 5280 4.2.1.6"
        "A general name is one of nine kinds."
        "Readers refuse others."
        "Have it made anew.";
    OTHER "other-name-malformed" Error "RFC 5280 4.2.1.6"
        "An otherName is a type and an explicitly tagged value."
        "What reads user principal names finds none."
        "Have it made anew.";
    TWICE "general-name-repeated" Info "practice"
        "Each name is there once."
        "The second says nothing."
        "Leave it out.";
    NO_NAMES "server-without-names" Warn "RFC 9525 6.3, RFC 6125 6.4.4"
        "A server certificate has a dNSName or iPAddress in subjectAltName."
        "Clients have not looked at the common name for years; Go, browsers and rustls refuse it."
        "Have it made with --san api.example.com.";
    COMMON_NAME "common-name-not-in-san" Warn "CA/Browser Forum BR 7.1.4.3, RFC 6125 6.4.4"
        "A common name that is a host name is among the alternative names."
        "Clients go by the alternative names alone: a connection to the common name fails."
        "Add it to the alternative names, or leave it out of the subject.";
    SUBJECT_EMPTY "subject-empty-without-san" Error "RFC 5280 4.1.2.6, 4.2.1.6"
        "A certificate without a subject has alternative names."
        "It speaks of nobody."
        "Give it alternative names.";
    SAN_CRITICAL "san-not-critical-without-subject" Error "RFC 5280 4.2.1.6"
        "Where the subject is empty, subjectAltName is critical."
        "A reader that passes over the extension would see a certificate of nobody."
        "Have it made anew with a critical subjectAltName; pkit does so.";
    SAN_CRITICAL_NEEDLESS "san-critical-with-subject" Warn "RFC 5280 4.2.1.6"
        "Where there is a subject, subjectAltName is not critical."
        "Readers that do not know the extension could use the subject."
        "Leave the flag out.";
    CN_WITHOUT_SAN "san-email-only-with-host-subject" Warn "RFC 5280 4.2.1.6, 4.1.2.6"
        "Where an e-mail address is the only alternative name, the subject does not name a host."
        "Mail programs go by the address, TLS clients by neither: the host name of the subject is useless."
        "Add the host as a dNSName, or leave the subject empty.";
}

/// Alternative names of a certificate or request, and how they go with its subject.
pub(super) fn check(subject: Element<'_>, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    for (kind, label) in [(oid::SUBJECT_ALT_NAME, "subjectAltName"), (oid::ISSUER_ALT_NAME, "issuerAltName")]
    {
        let names = view::names(extensions, kind);
        names.iter().for_each(|name| general_name(label, name, found));
        let twice = view::repeated(names.iter().map(|name| name.raw));
        if let Some(name) = names.iter().find(|name| twice.first() == Some(&name.raw)) {
            found.add(&TWICE, format!("{label} holds {} more than once", show(name)));
        }
    }
    let san = view::find(extensions, oid::SUBJECT_ALT_NAME);
    let empty = subject.content.is_empty();
    match san {
        None if empty => found.add(&SUBJECT_EMPTY, "its subject is empty, and it has no alternative name"),
        Some(san) if empty && !san.critical => {
            found.add(&SAN_CRITICAL, "its subject is empty, and subjectAltName is not critical");
        }
        Some(san) if !empty && san.critical => {
            found.add(&SAN_CRITICAL_NEEDLESS, "it has a subject, and subjectAltName is critical");
        }
        _ => {}
    }
    let names = view::names(extensions, oid::SUBJECT_ALT_NAME);
    if view::basic_constraints(extensions).is_some_and(|(ca, _)| ca) {
        return;
    }
    let hosts = names.iter().any(|name| matches!(name.tag, 0x82 | 0x87));
    let usages = view::extended_key_usage(extensions).unwrap_or_default();
    if !hosts && usages.contains(&oid::SERVER_AUTH) {
        found.add(&NO_NAMES, "it is for a server, and has no dNSName or iPAddress");
    }
    let common = view::attributes(subject).into_iter().filter(|attribute| attribute.oid == oid::COMMON_NAME);
    for name in common.filter_map(|attribute| view::text(&attribute.value)) {
        let address = name.parse::<IpAddr>().ok();
        let looks_like_host = address.is_some() || name.contains('.') && name.parse::<DnsName>().is_ok();
        let stated = names.iter().any(|other| match (read(other), address) {
            (Some(GeneralName::Ip(stated)), Some(address)) => stated == address,
            (Some(GeneralName::Dns(stated)), None) => stated.eq_ignore_ascii_case(&name),
            _ => false,
        });
        if looks_like_host && !stated && san.is_some() {
            found.add(&COMMON_NAME, format!("the common name `{name}` is not among the alternative names"));
        }
        let mail_only = !names.is_empty() && names.iter().all(|name| name.tag == 0x81);
        let host_like = name.strip_prefix("*.").unwrap_or(&name);
        if mail_only && host_like.contains('.') && host_like.parse::<DnsName>().is_ok() {
            found.add(
                &CN_WITHOUT_SAN,
                format!("the subject names the host `{name}`, and subjectAltName an e-mail address alone"),
            );
        }
    }
}

/// The name in words.
pub(super) fn show(name: &Element<'_>) -> String {
    match read(name) {
        Some(GeneralName::Unknown(..)) | None => {
            format!("[{}]:{}", name.tag & 0x1f, String::from_utf8_lossy(name.content))
        }
        Some(name) => name.to_string(),
    }
}

/// As its kind has it; `None` where its content breaks that.
fn read(name: &Element<'_>) -> Option<GeneralName> {
    let text = || std::str::from_utf8(name.content).ok().map(str::to_owned);
    Some(match name.tag {
        0x81 => GeneralName::Email(text()?),
        0x82 => GeneralName::Dns(text()?),
        0x86 => GeneralName::Uri(text()?),
        0x87 => match <[u8; 4]>::try_from(name.content) {
            Ok(four) => GeneralName::Ip(Ipv4Addr::from(four).into()),
            Err(_) => GeneralName::Ip(<[u8; 16]>::try_from(name.content).ok()?.into()),
        },
        0x88 => GeneralName::RegisteredId(oid::Oid::from_content(name.content)),
        0xa4 => GeneralName::Directory(Name::from_der(name.inside().next()?.raw)),
        _ => return None,
    })
}

/// Judges one general name by its kind.
pub(super) fn general_name(place: &str, name: &Element<'_>, found: &mut Found<'_>) {
    let text = String::from_utf8_lossy(name.content).into_owned();
    let is_text = matches!(name.tag, 0x81 | 0x82 | 0x86);
    if is_text && name.content.contains(&0) {
        found.add(&DNS_NULL, format!("{place} holds `{text}`"));
        return;
    }
    if is_text && !name.content.is_ascii() {
        found.add(&NOT_ASCII, format!("{place} holds `{text}`"));
        return;
    }
    match name.tag {
        0x81 => {
            if !is_mailbox(&text, |host| dns_fault(host).is_none()) {
                found.add(&EMAIL, format!("{place} holds the e-mail address `{text}`"));
            }
        }
        0x82 => dns(place, &text, found),
        0x86 => uri(place, &text, found),
        0x87 => {
            if !matches!(name.content.len(), 4 | 16) {
                found.add(&IP, format!("{place} holds an IP address of {} octets", name.content.len()));
            }
        }
        0x88 => {
            if oid::Oid::from_content(name.content).components().is_none() {
                found.add(&KIND, format!("{place} holds a registeredID that is no OID"));
            }
        }
        0xa4 => directory(place, name, found),
        0xa0 => {
            let parts = view::all_members(*name).unwrap_or_default();
            if !matches!(parts.as_slice(), [kind, value] if kind.tag == tag::OID && value.tag == 0xa0) {
                found.add(&OTHER, format!("{place} holds an otherName without type and value"));
            }
        }
        0xa3 | 0xa5 => {}
        other => found.add(&KIND, format!("{place} holds a name of tag {other:02x}")),
    }
}

/// Judges a directoryName.
pub(super) fn directory(place: &str, name: &Element<'_>, found: &mut Found<'_>) {
    let inside = view::all_members(*name).unwrap_or_default();
    let whole = matches!(inside.as_slice(), [name] if name.tag == tag::SEQUENCE
        && !name.content.is_empty() && view::rdns(*name).is_some());
    if !whole {
        found.add(&DIRECTORY, format!("{place} holds a directoryName that is empty, or no name"));
    }
}

/// Whether the text is a domain name without wildcards.
pub(super) fn is_domain(text: &str) -> bool {
    text.is_ascii() && !text.contains('*') && dns_fault(text).is_none()
}

/// What is wrong with a host name, wildcards and underscores aside.
fn dns_fault(host: &str) -> Option<&'static str> {
    if host.len() > 253 {
        return Some("it has more than 253 characters");
    }
    if host.starts_with('.') {
        return Some("it begins with a dot");
    }
    if host.ends_with('.') {
        return Some("it ends with a dot");
    }
    host.split('.').find_map(|label| match label {
        "" => Some("a label is empty"),
        long if long.len() > 63 => Some("a label has more than 63 characters"),
        edge if edge.starts_with('-') || edge.ends_with('-') => Some("a label begins or ends with a hyphen"),
        odd if !odd
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'*')) =>
        {
            Some("it has characters that no host name has")
        }
        _ => None,
    })
}

fn dns(place: &str, text: &str, found: &mut Found<'_>) {
    let shown = format!("{place} holds DNS:{text}");
    if text.trim().is_empty() {
        found.add(&DNS_EMPTY, format!("{place} holds a DNS name that is empty or a blank"));
        return;
    }
    if let Some(fault) = dns_fault(text) {
        found.add(&DNS_SYNTAX, format!("{shown}: {fault}"));
        return;
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        found.add(&IP_AS_DNS, shown);
        return;
    }
    let labels: Vec<&str> = text.split('.').collect();
    if text.contains('*') {
        let rest = text.strip_prefix("*.").unwrap_or("*");
        if text == "*" || !rest.contains('.') && !rest.contains('*') {
            found.add(&WILDCARD_BROAD, shown.clone());
        } else if rest.contains('*') {
            found.add(&WILDCARD, shown.clone());
        } else {
            found.add(&WILDCARD_USED, shown.clone());
        }
    } else if labels.len() == 1 && text != "localhost" {
        found.add(&SINGLE_LABEL, shown.clone());
    }
    if text.contains('_') {
        found.add(&DNS_UNDERSCORE, shown.clone());
    }
    for label in labels {
        let lower = label.to_ascii_lowercase();
        if lower.starts_with("xn--") {
            // A label that decodes must encode to itself again: that is normalization form C, and more.
            let (decoded, outcome) = idna::domain_to_unicode(&lower);
            let again = idna::domain_to_ascii(&decoded);
            if outcome.is_err() || again.ok().as_deref() != Some(lower.as_str()) {
                found.add(&IDN, format!("{shown}: `{label}`"));
            }
        } else if label.get(2..4) == Some("--") {
            found.add(&RESERVED_LABEL, format!("{shown}: `{label}`"));
        }
    }
}

/// Judges a URI that names something by itself.
pub(super) fn uri(place: &str, text: &str, found: &mut Found<'_>) {
    let shown = format!("{place} holds URI:{text}");
    let Some((scheme, rest)) = text.split_once(':') else {
        found.add(&URI, format!("{shown}, which has no scheme"));
        return;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
    let odd = text.bytes().any(|octet| octet <= b' ' || b"<>\"{}|\\^`\x7f".contains(&octet));
    let percent = text.split('%').skip(1).any(|after| {
        !after.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    if !is_scheme || rest.is_empty() || odd || percent {
        let why = match () {
            () if !is_scheme => "whose scheme is none",
            () if rest.is_empty() => "which has nothing after the scheme",
            () if odd => "which has characters that no URI has",
            () => "with a % that begins no octet",
        };
        found.add(&URI, format!("{shown}, {why}"));
        return;
    }
    let Some(authority) = rest.strip_prefix("//") else {
        if let "http" | "https" | "ldap" | "ldaps" | "ftp" | "spiffe" = scheme.to_ascii_lowercase().as_str() {
            found.add(&URI, format!("{shown}, which has no host"));
        }
        return;
    };
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, is_v6) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => (inside, true),
        None => (host.split(':').next().unwrap_or_default(), false),
    };
    // SPIFFE's trust domains are names of one label as often as not; files and LDAP queries need no host.
    let needs_dot = !scheme.eq_ignore_ascii_case("spiffe");
    let fits = match host {
        "" => matches!(scheme.to_ascii_lowercase().as_str(), "ldap" | "ldaps" | "file"),
        address if is_v6 => address.parse::<std::net::Ipv6Addr>().is_ok(),
        name if !needs_dot => dns_fault(name).is_none(),
        "localhost" => true,
        name => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.parse::<Ipv4Addr>().is_ok()
                || name.contains('.') && !name.contains('*') && dns_fault(name).is_none()
        }
    };
    if !fits {
        found.add(&URI_HOST, format!("{shown}, whose host is `{host}`"));
    }
}
