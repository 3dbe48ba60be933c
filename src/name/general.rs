//! General names as certificates hold them (RFC 5280 4.2.1.6).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use x509_parser::{extensions::GeneralName as Parsed, prelude::FromDer};
use yasna::Tag;

use super::{Name, dns, escape};
use crate::{
    der::{self, tag},
    fingerprint::hex,
    oid::Oid,
};

/// A general name read from a certificate. Nothing about it is trusted: it may hold any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// dNSName
    Dns(String),
    /// iPAddress of 4 or 16 octets
    Ip(IpAddr),
    /// uniformResourceIdentifier
    Uri(String),
    /// rfc822Name
    Email(String),
    /// directoryName
    Directory(Name),
    /// registeredID
    RegisteredId(Oid),
    /// otherName: its type and the DER of its value
    Other(Oid, Vec<u8>),
    /// Any other kind, or one whose content breaks its own rules: what it is, and its octets
    Unknown(&'static str, Vec<u8>),
}

impl GeneralName {
    pub(crate) fn read(parsed: &Parsed<'_>) -> Self {
        match parsed {
            Parsed::DNSName(name) => Self::Dns((*name).to_owned()),
            Parsed::RFC822Name(name) => Self::Email((*name).to_owned()),
            Parsed::URI(uri) => Self::Uri((*uri).to_owned()),
            Parsed::DirectoryName(name) => Self::Directory(Name::from_der(name.as_raw())),
            Parsed::RegisteredID(oid) => Self::RegisteredId(Oid::from_content(oid.as_bytes())),
            Parsed::OtherName(oid, value) => Self::Other(Oid::from_content(oid.as_bytes()), value.to_vec()),
            Parsed::IPAddress(octets) => match address(octets) {
                Some(address) => Self::Ip(address),
                None => Self::Unknown("IP", octets.to_vec()),
            },
            Parsed::X400Address(any) => Self::Unknown("X400", any.data.to_vec()),
            Parsed::EDIPartyName(any) => Self::Unknown("EDIParty", any.data.to_vec()),
            Parsed::Invalid(_, octets) => Self::Unknown("invalid", octets.to_vec()),
        }
    }

    /// From one element; what cannot be read is shown as its octets.
    pub(crate) fn from_der(der: &[u8]) -> Self {
        Parsed::from_der(der)
            .map_or_else(|_| Self::Unknown("malformed", der.to_vec()), |(_, name)| Self::read(&name))
    }

    /// Whether a peer that is reached as `host` (a DNS name or an IP address) is meant by this name.
    pub fn covers_host(&self, host: &str) -> bool {
        match (self, host.parse::<IpAddr>()) {
            (Self::Ip(address), Ok(wanted)) => *address == wanted,
            (Self::Dns(name), Err(_)) => dns::covers(name, host),
            _ => false,
        }
    }

    /// Whether this is the mailbox (RFC 5280 7.5): the part before the `@` as it is, the host without regard to case.
    pub fn is_email(&self, wanted: &str) -> bool {
        let Self::Email(mailbox) = self else { return false };
        match (mailbox.rsplit_once('@'), wanted.rsplit_once('@')) {
            (Some((local, host)), Some((wanted_local, wanted_host))) => {
                local == wanted_local && host.eq_ignore_ascii_case(wanted_host)
            }
            _ => false,
        }
    }

    /// Whether this is the URI (RFC 5280 7.4): scheme and host without regard to case, all else as it is.
    pub fn is_uri(&self, wanted: &str) -> bool {
        fn parts(uri: &str) -> Option<(&str, &str, &str)> {
            let (scheme, rest) = uri.split_once(':')?;
            let Some(place) = rest.strip_prefix("//") else { return Some((scheme, "", rest)) };
            let end = place.find(['/', '?', '#']).unwrap_or(place.len());
            let (authority, path) = place.split_at_checked(end)?;
            Some((scheme, authority, path))
        }
        fn user(authority: &str) -> (&str, &str) {
            authority.rsplit_once('@').unwrap_or(("", authority))
        }
        let Self::Uri(uri) = self else { return false };
        match (parts(uri), parts(wanted)) {
            (Some((scheme, place, rest)), Some((other_scheme, other_place, other_rest))) => {
                let ((name, host), (other_name, other_host)) = (user(place), user(other_place));
                scheme.eq_ignore_ascii_case(other_scheme)
                    && host.eq_ignore_ascii_case(other_host)
                    && (name, rest) == (other_name, other_rest)
            }
            _ => false,
        }
    }

    /// The DER of a name that pkit issues; of the others, which are only ever read, nothing can be said.
    pub(crate) fn der(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Email(text) => context(1, text.as_bytes()),
            Self::Dns(text) => context(2, text.as_bytes()),
            Self::Uri(text) => context(6, text.as_bytes()),
            Self::Ip(IpAddr::V4(address)) => context(7, &address.octets()),
            Self::Ip(IpAddr::V6(address)) => context(7, &address.octets()),
            Self::RegisteredId(oid) => context(8, oid.content()),
            Self::Other(oid, value) => yasna::construct_der(|writer| {
                writer.write_tagged_implicit(Tag::context(0), |writer| {
                    writer.write_sequence(|writer| {
                        writer.next().write_der(&oid.der());
                        // The value read from a certificate keeps its explicit tag.
                        writer.next().write_der(value);
                    });
                });
            }),
            Self::Directory(_) | Self::Unknown(..) => return None,
        })
    }

    /// The value without its kind, escaped for a terminal.
    pub fn value(&self) -> String {
        match self {
            Self::Dns(text) | Self::Uri(text) | Self::Email(text) => escape(text).into_owned(),
            Self::Ip(address) => address.to_string(),
            Self::Directory(name) => name.to_string(),
            Self::RegisteredId(oid) => oid.to_string(),
            Self::Other(oid, value) => match utf8(value) {
                Some(text) => format!("{};UTF8:{}", oid.name(), escape(text)),
                None => format!("{};hex:{}", oid.name(), hex(value)),
            },
            Self::Unknown(_, octets) => hex(octets),
        }
    }

    /// The kind as openssl writes it: `DNS`, `IP`, `URI`, `email`, `DirName`, `RID`, `otherName`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Uri(_) => "URI",
            Self::Email(_) => "email",
            Self::Directory(_) => "DirName",
            Self::RegisteredId(_) => "RID",
            Self::Other(..) => "otherName",
            Self::Unknown(kind, _) => kind,
        }
    }
}

/// The text of an otherName whose value is a UTF8String, as a user principal name is.
fn utf8(value: &[u8]) -> Option<&str> {
    let inner = der::whole(value, 0xa0)?.content;
    std::str::from_utf8(der::whole(inner, tag::UTF8)?.content).ok()
}

/// A primitive element under a context tag.
pub(super) fn context(number: u64, content: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_tagged_implicit(Tag::context(number), |writer| writer.write_bytes(content));
    })
}

pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(|four| IpAddr::V4(Ipv4Addr::from(four)))
        .or_else(|_| <[u8; 16]>::try_from(octets).map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen))))
        .ok()
}

/// As openssl writes it, `DNS:localhost`, escaped for a terminal.
impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.value())
    }
}

impl serde::Serialize for GeneralName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
