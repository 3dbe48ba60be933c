//! Names: distinguished ones (RFC 5280 4.1.2.4, appendix A), and general names of their kinds (4.2.1.6, 4.2.1.10).

use std::net::Ipv4Addr;

use crate::{
    der::{Element, tag, whole},
    name::{escape, is_mailbox},
    oid::{self, Oid},
};

/// What is wrong with a distinguished name; `established` where it may have been given before UTF-8 was the rule (RFC 5280
/// 4.1.2.4 (a)), as those of CAs.
pub(super) fn distinguished(name: Element<'_>, established: bool) -> Option<String> {
    let broken = || Some("cannot be read".to_owned());
    let mut sets = name.inside();
    while !sets.is_empty() {
        let Some(set) = sets.expect(tag::SET) else { return broken() };
        let mut members = set.inside();
        if members.is_empty() {
            return Some("has an empty part".to_owned());
        }
        while !members.is_empty() {
            let Some(pair) = members.expect(tag::SEQUENCE) else { return broken() };
            let mut fields = pair.inside();
            let (Some(kind), Some(value)) = (fields.expect(tag::OID), fields.next()) else { return broken() };
            if !fields.is_empty() {
                return broken();
            }
            if let Some(problem) = attribute(kind.content, value, established) {
                return Some(format!("has a {} that {problem}", Oid::from_content(kind.content).name()));
            }
        }
    }
    None
}

fn attribute(kind: &[u8], value: Element<'_>, established: bool) -> Option<String> {
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
    let sound = match value.tag {
        tag::UTF8 => std::str::from_utf8(value.content).is_ok(),
        tag::PRINTABLE => value.content.iter().all(printable),
        tag::IA5 => value.content.is_ascii(),
        tag::NUMERIC => value.content.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        tag::BMP => value.content.len().is_multiple_of(2),
        tag::UNIVERSAL => value.content.len().is_multiple_of(4),
        _ => true,
    };
    if !sound {
        return Some("holds characters that its string type does not have".into());
    }
    let directory_string: &[u8] = match established {
        true => &[tag::UTF8, tag::PRINTABLE, tag::T61, tag::BMP, tag::UNIVERSAL],
        false => &[tag::UTF8, tag::PRINTABLE],
    };
    let (tags, most): (&[u8], usize) = match kind {
        oid::COUNTRY => (&[tag::PRINTABLE], 2),
        oid::SERIAL_NUMBER | oid::DN_QUALIFIER => (&[tag::PRINTABLE], 64),
        oid::EMAIL_ADDRESS => (&[tag::IA5], 255),
        oid::DOMAIN_COMPONENT => (&[tag::IA5], usize::MAX),
        oid::COMMON_NAME | oid::ORGANIZATION | oid::ORGANIZATIONAL_UNIT | oid::TITLE => {
            (directory_string, 64)
        }
        oid::LOCALITY | oid::STATE => (directory_string, 128),
        oid::SURNAME | oid::GIVEN_NAME => (directory_string, 32768),
        _ => return None,
    };
    if !tags.contains(&value.tag) {
        return Some("is of a string type that it must not be of".into());
    }
    let length = match value.tag {
        tag::UTF8 => std::str::from_utf8(value.content).map_or(0, |text| text.chars().count()),
        tag::BMP => value.content.len() / 2,
        tag::UNIVERSAL => value.content.len() / 4,
        _ => value.content.len(),
    };
    if kind == oid::COUNTRY && length != 2 {
        return Some("is no code of two letters".into());
    }
    if length == 0 {
        return Some("is empty".into());
    }
    (length > most).then(|| format!("has {length} characters; {most} are the most"))
}

/// What is wrong with a general name, as an alternative name.
pub(super) fn general(name: Element<'_>) -> Option<String> {
    let told = |problem: &str| Some(format!("{} {problem}", quoted(name.content)));
    match name.tag {
        0xa0 => other(name).then(String::new).map_or(told("is no otherName"), |_| None),
        0x81 => mailbox(name.content).err().and_then(told),
        0x82 => host(name.content, true).err().and_then(told),
        0x86 => uri(name.content).err().and_then(told),
        0x87 if matches!(name.content.len(), 4 | 16) => None,
        0x87 => Some(format!("an IP address of {} octets", name.content.len())),
        0xa4 => match whole(name.content, tag::SEQUENCE) {
            Some(inner) if inner.content.is_empty() => Some("an empty directoryName".into()),
            Some(inner) => {
                distinguished(inner, true).map(|problem| format!("a directoryName that {problem}"))
            }
            None => Some("a directoryName that cannot be read".into()),
        },
        0x88 if Oid::from_content(name.content).components().is_some() => None,
        0xa3 | 0xa5 => None,
        _ => Some("a name of a kind that does not exist".into()),
    }
}

/// What is wrong with the base of a subtree (RFC 5280 4.2.1.10).
pub(super) fn subtree(base: Element<'_>) -> Option<String> {
    let told = |problem: &str| Some(format!("{} {problem}", quoted(base.content)));
    let domain = |content: &[u8]| host(content.strip_prefix(b".").unwrap_or(content), false);
    match base.tag {
        0xa0 => None,
        0x81 if base.content.contains(&b'@') => mailbox(base.content).err().and_then(told),
        0x81 | 0x86 => domain(base.content).err().and_then(told),
        // Empty: every name.
        0x82 if base.content.is_empty() => None,
        0x82 if base.content.starts_with(b".") => told("begins with a dot, which a DNS name does not"),
        0x82 => host(base.content, false).err().and_then(told),
        0x87 => {
            let (_, mask) = base.content.split_at_checked(base.content.len() / 2)?;
            let ones = mask.iter().take_while(|&&octet| octet == 0xff).count();
            let rest = mask.get(ones..).unwrap_or_default();
            let contiguous = rest.first().is_none_or(|octet| octet.count_zeros() == octet.trailing_zeros())
                && rest.iter().skip(1).all(|&octet| octet == 0);
            let sized = matches!(base.content.len(), 8 | 32);
            (!sized || !contiguous).then(|| "an IP range that is no address and prefix".to_owned())
        }
        0xa4 => match whole(base.content, tag::SEQUENCE) {
            Some(inner) => {
                distinguished(inner, true).map(|problem| format!("a directoryName that {problem}"))
            }
            None => Some("a directoryName that cannot be read".into()),
        },
        _ => Some("a kind of name that must not be constrained".into()),
    }
}

fn quoted(content: &[u8]) -> String {
    format!("`{}`", escape(&String::from_utf8_lossy(content)))
}

/// AnotherName: its type, and the explicitly tagged value.
fn other(name: Element<'_>) -> bool {
    let mut fields = name.inside();
    fields.expect(tag::OID).is_some() && fields.expect(0xa0).is_some() && fields.is_empty()
}

/// Preferred name syntax (RFC 1034 3.5, RFC 1123 2.1), with underscores, which are in use, and wildcards where they may be.
fn host(name: &[u8], wildcard: bool) -> Result<(), &'static str> {
    let Ok(text) = std::str::from_utf8(name) else { return Err("is no DNS name") };
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err("is an IP address, and no DNS name");
    }
    let character =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || wildcard && byte == b'*';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(character)
    };
    if text.len() > 253 || !text.split('.').all(label) {
        return Err("is no DNS name in preferred syntax");
    }
    Ok(())
}

/// RFC 5321 4.1.2 Mailbox.
pub(super) fn mailbox(name: &[u8]) -> Result<(), &'static str> {
    let is_host = |domain: &str| host(domain.as_bytes(), false).is_ok();
    match std::str::from_utf8(name) {
        Ok(text) if is_mailbox(text, is_host) => Ok(()),
        _ => Err("is no mailbox"),
    }
}

/// RFC 5280 4.2.1.6: absolute, with a scheme and more, and a host that is a name or an address where it has one.
fn uri(name: &[u8]) -> Result<(), &'static str> {
    let Ok(text) = std::str::from_utf8(name) else { return Err("is no URI") };
    let Some((scheme, rest)) = text.split_once(':') else { return Err("is no absolute URI") };
    let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !scheme_ok {
        return Err("is a URI without a scheme");
    }
    if rest.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("is no URI");
    }
    let Some(rest) = rest.strip_prefix("//") else {
        // Schemes whose own syntax has a host behind two slashes (RFC 9110 4.2, RFC 4516 2, RFC 1738 3.2).
        let hosted = ["http", "https", "ftp", "ldap", "ldaps", "ws", "wss"];
        let relative = hosted.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        return if relative { Err("is a relative URI") } else { Ok(()) };
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let sound = match place.strip_prefix('[') {
        Some(inner) => inner.split_once(']').is_some_and(|(address, _)| !address.is_empty()),
        None => {
            let name = place.split(':').next().unwrap_or_default();
            name.is_empty() || name.parse::<Ipv4Addr>().is_ok() || host(name.as_bytes(), false).is_ok()
        }
    };
    if sound { Ok(()) } else { Err("is a URI whose host is neither a name nor an address") }
}
