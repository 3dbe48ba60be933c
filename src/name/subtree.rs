//! Subtrees of name constraints (RFC 5280 4.2.1.10).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use x509_parser::extensions::GeneralName as Parsed;

use super::{
    DnsName, GeneralName, Name, San, escape,
    general::{address, context},
};
use crate::Error;

/// A permitted or excluded subtree of name constraints (RFC 5280 4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    /// A domain and all below it; with a leading dot, only what is below. Empty: every DNS name.
    Dns(String),
    /// A mailbox, a host, or (leading dot) the hosts of a domain.
    Email(String),
    /// A host, or (leading dot) the hosts of a domain.
    Uri(String),
    /// An address and its mask.
    Ip(IpAddr, IpAddr),
    /// A distinguished name and all below it.
    Directory(Name),
    /// A kind that is not understood, so nothing of that kind can be let through.
    Unknown(GeneralName),
}

impl Subtree {
    pub(crate) fn read(parsed: &Parsed<'_>) -> Self {
        if let Parsed::IPAddress(octets) = parsed
            && let Some((base, mask)) = octets.split_at_checked(octets.len() / 2)
            && let (Some(base), Some(mask)) = (address(base), address(mask))
        {
            return Self::Ip(base, mask);
        }
        match GeneralName::read(parsed) {
            GeneralName::Dns(name) => Self::Dns(name),
            GeneralName::Email(name) => Self::Email(name),
            GeneralName::Uri(name) => Self::Uri(name),
            GeneralName::Directory(name) => Self::Directory(name),
            other => Self::Unknown(other),
        }
    }

    /// A domain and all names below it. A dot in front, as people write it, means the same: RFC 5280 has none there.
    ///
    /// # Errors
    /// [`Error::ConstraintInvalid`], as of all of these.
    pub fn dns(text: &str) -> Result<Self, Error> {
        let name: DnsName = text.strip_prefix('.').unwrap_or(text).parse().map_err(refused(text))?;
        if name.is_wildcard() {
            return Err(refused(text)("a domain covers all names below it; write it without `*.`".into()));
        }
        Ok(Self::Dns(name.to_string()))
    }

    /// An address, or a network as `10.0.0.0/8`.
    pub fn ip(text: &str) -> Result<Self, Error> {
        let refused = refused(text);
        let shape = || "a network is written 10.0.0.0/8 or fd00::/8".to_owned();
        let (base, length) = text.split_once('/').map_or((text, None), |(base, length)| (base, Some(length)));
        let base: IpAddr = base.parse().map_err(|_| refused(shape()))?;
        let bits: u32 = if base.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(bits), |length| length.parse().map_err(|_| refused(shape())))?;
        if length > bits {
            return Err(refused(format!("an address has {bits} bits")));
        }
        let (mask, network): (IpAddr, IpAddr) = match base {
            IpAddr::V4(base) => {
                let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
                (Ipv4Addr::from_bits(mask).into(), Ipv4Addr::from_bits(base.to_bits() & mask).into())
            }
            IpAddr::V6(base) => {
                let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                (Ipv6Addr::from_bits(mask).into(), Ipv6Addr::from_bits(base.to_bits() & mask).into())
            }
        };
        if network != base {
            return Err(refused(format!("it is an address in a network: {network}/{length} is the network")));
        }
        Ok(Self::Ip(base, mask))
    }

    /// A mailbox, all mailboxes of a host, or with a dot in front those of all hosts of a domain.
    pub fn email(text: &str) -> Result<Self, Error> {
        if text.contains('@') {
            return match text.parse::<San>() {
                Ok(San::Email(mailbox)) => Ok(Self::Email(mailbox)),
                _ => Err(refused(text)("it is no mailbox".into())),
            };
        }
        host(text).map(Self::Email)
    }

    /// The URIs of a host, or with a dot in front those of all hosts of a domain.
    pub fn uri(text: &str) -> Result<Self, Error> {
        if text.contains("://") {
            return Err(refused(text)("a constraint names the host of a URI, not the URI".into()));
        }
        host(text).map(Self::Uri)
    }

    /// The DER of its base; `None` for kinds that pkit does not issue.
    pub(crate) fn der(&self) -> Option<Vec<u8>> {
        match self {
            Self::Email(text) => Some(context(1, text.as_bytes())),
            Self::Dns(text) => Some(context(2, text.as_bytes())),
            Self::Uri(text) => Some(context(6, text.as_bytes())),
            Self::Ip(IpAddr::V4(base), IpAddr::V4(mask)) => {
                Some(context(7, &[base.octets(), mask.octets()].concat()))
            }
            Self::Ip(IpAddr::V6(base), IpAddr::V6(mask)) => {
                Some(context(7, &[base.octets(), mask.octets()].concat()))
            }
            Self::Ip(..) | Self::Directory(_) | Self::Unknown(_) => None,
        }
    }

    /// The kind of names it speaks about, as openssl writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "DNS",
            Self::Email(_) => "email",
            Self::Uri(_) => "URI",
            Self::Ip(..) => "IP",
            Self::Directory(_) => "DirName",
            Self::Unknown(name) => name.kind(),
        }
    }

    /// Whether some name can lie in both; where that is not easily told, it can.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dns(one), Self::Dns(two)) => {
                let (one, two) = (one.trim_start_matches('.'), two.trim_start_matches('.'));
                below(one, two) || below(two, one)
            }
            (Self::Ip(one, one_mask), Self::Ip(two, two_mask)) => {
                in_network(*one, *one_mask, *two) || in_network(*two, *two_mask, *one)
            }
            _ => true,
        }
    }

    /// Whether the subtree speaks about names of this kind at all.
    pub fn concerns(&self, name: &GeneralName) -> bool {
        match (self, name) {
            (Self::Dns(_), GeneralName::Dns(_))
            | (Self::Email(_), GeneralName::Email(_))
            | (Self::Uri(_), GeneralName::Uri(_))
            | (Self::Ip(..), GeneralName::Ip(_) | GeneralName::Unknown("IP", _))
            | (Self::Directory(_), GeneralName::Directory(_)) => true,
            // A malformed address counts as an address.
            (Self::Unknown(GeneralName::Unknown("IP", _)), GeneralName::Ip(_)) => true,
            (Self::Unknown(other), name) => other.kind() == name.kind(),
            _ => false,
        }
    }

    /// Whether the name lies in the subtree.
    pub fn contains(&self, name: &GeneralName) -> bool {
        match (self, name) {
            // A wildcard stands for names one label longer than what follows it.
            (Self::Dns(base), GeneralName::Dns(name)) => below(
                base,
                if base.starts_with('.') { name } else { name.strip_prefix("*.").unwrap_or(name) },
            ),
            (Self::Email(base), GeneralName::Email(mailbox)) => in_mail_domain(base, mailbox),
            (Self::Uri(base), GeneralName::Uri(uri)) => uri_host(uri).is_some_and(|host| at_host(base, host)),
            (Self::Ip(base, mask), GeneralName::Ip(address)) => in_network(*base, *mask, *address),
            (Self::Directory(base), GeneralName::Directory(name)) => name.is_within(base),
            _ => false,
        }
    }

    /// Whether an *excluded* subtree must refuse the name: as [`Subtree::contains`], and also where a wildcard
    /// stands for names of which some lie in the subtree, or where it cannot be told that the name lies outside.
    pub fn touches(&self, name: &GeneralName) -> bool {
        match (self, name) {
            (Self::Unknown(_), name) if self.concerns(name) => return true,
            (Self::Ip(..), GeneralName::Unknown("IP", _)) => return true,
            // Some clients take the mapped form for the IPv4 address.
            (Self::Ip(base, mask), GeneralName::Ip(IpAddr::V6(address))) => {
                let mapped = address.to_ipv4_mapped().map(IpAddr::V4);
                if mapped.is_some_and(|address| in_network(*base, *mask, address)) {
                    return true;
                }
            }
            (Self::Uri(_), GeneralName::Uri(uri)) if uri_host(uri).is_none_or(|host| host.contains('%')) => {
                return true;
            }
            (Self::Email(_), GeneralName::Email(mailbox)) if !mailbox.contains('@') => return true,
            (Self::Directory(base), GeneralName::Directory(name))
                if !base.is_readable() || !name.is_readable() =>
            {
                return true;
            }
            _ => {}
        }
        if let (Self::Dns(base), GeneralName::Dns(name)) = (self, name)
            && let Some(parent) = name.strip_prefix("*.")
        {
            let base = base.strip_prefix('.').unwrap_or(base);
            return below(base, parent)
                || base.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
        }
        self.contains(name)
    }
}

fn refused(text: &str) -> impl Fn(String) -> Error {
    let value = text.to_owned();
    move |reason| Error::ConstraintInvalid { value: value.clone(), reason }
}

/// A host, or a domain with a dot in front.
fn host(text: &str) -> Result<String, Error> {
    let (dot, host) = text.strip_prefix('.').map_or(("", text), |host| (".", host));
    let name: DnsName = host.parse().map_err(refused(text))?;
    if name.is_wildcard() {
        return Err(refused(text)("write a dot in front for all hosts of a domain".into()));
    }
    Ok(format!("{dot}{name}"))
}

/// RFC 5280 4.2.1.10: zero or more labels added on the left. A leading dot, which the RFC gives no meaning for DNS
/// names but every validator knows, asks for at least one.
fn below(base: &str, name: &str) -> bool {
    let (base, name) = (without_dot(base), without_dot(name));
    let (bare, at_least_one) = base.strip_prefix('.').map_or((base, false), |rest| (rest, true));
    if bare.is_empty() {
        return true;
    }
    let Some(split) = name.len().checked_sub(bare.len()) else { return false };
    match (name.get(..split), name.get(split..)) {
        (Some(head), Some(tail)) if tail.eq_ignore_ascii_case(bare) => {
            if head.is_empty() {
                !at_least_one
            } else {
                head.ends_with('.')
            }
        }
        _ => false,
    }
}

fn in_mail_domain(base: &str, mailbox: &str) -> bool {
    let Some((local, host)) = mailbox.rsplit_once('@') else { return false };
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => base_local == local && base_host.eq_ignore_ascii_case(host),
        None => at_host(base, host),
    }
}

/// A host exactly, or with a leading dot the hosts below a domain.
fn at_host(base: &str, host: &str) -> bool {
    let (base, host) = (without_dot(base), without_dot(host));
    if base.starts_with('.') { below(base, host) } else { base.eq_ignore_ascii_case(host) }
}

/// A dot at the end says that a name is absolute, which all names here are.
fn without_dot(name: &str) -> &str {
    match name.strip_suffix('.') {
        Some(rest) if !rest.is_empty() => rest,
        _ => name,
    }
}

/// The host of a URI, which must be a name, not an address, for a constraint to apply (RFC 5280 4.2.1.10). `None` also where
/// verifiers differ on which part it is: OpenSSL knows no user, query or fragment and takes `a@b` and `b?c` for hosts.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split('/').next()?;
    if authority.contains(['@', '?', '#']) {
        return None;
    }
    let host = authority.split(':').next()?;
    (!host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err()).then_some(host)
}

fn in_network(base: IpAddr, mask: IpAddr, address: IpAddr) -> bool {
    match (base, mask, address) {
        (IpAddr::V4(base), IpAddr::V4(mask), IpAddr::V4(address)) => {
            address.to_bits() & mask.to_bits() == base.to_bits() & mask.to_bits()
        }
        (IpAddr::V6(base), IpAddr::V6(mask), IpAddr::V6(address)) => {
            address.to_bits() & mask.to_bits() == base.to_bits() & mask.to_bits()
        }
        _ => false,
    }
}

/// `DNS:example.com`, `IP:10.0.0.0/8`, escaped for a terminal.
impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(base) => write!(f, "DNS:{}", escape(base)),
            Self::Email(base) => write!(f, "email:{}", escape(base)),
            Self::Uri(base) => write!(f, "URI:{}", escape(base)),
            Self::Directory(name) => write!(f, "DirName:{name}"),
            Self::Unknown(name) => fmt::Display::fmt(name, f),
            Self::Ip(base, mask) => {
                let (ones, contiguous) = match mask {
                    IpAddr::V4(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
                    IpAddr::V6(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
                };
                if ones == contiguous { write!(f, "IP:{base}/{ones}") } else { write!(f, "IP:{base}/{mask}") }
            }
        }
    }
}

impl serde::Serialize for Subtree {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(name: &str) -> GeneralName {
        GeneralName::Dns(name.into())
    }

    #[test]
    fn subtrees_as_people_write_them() {
        for (made, want) in [
            (Subtree::dns(".internal"), "DNS:internal"),
            (Subtree::dns("Bücher.example"), "DNS:xn--bcher-kva.example"),
            (Subtree::ip("10.0.0.0/8"), "IP:10.0.0.0/8"),
            (Subtree::ip("10.1.2.3"), "IP:10.1.2.3/32"),
            (Subtree::ip("0.0.0.0/0"), "IP:0.0.0.0/0"),
            (Subtree::ip("fd00::/8"), "IP:fd00::/8"),
            (Subtree::ip("::/0"), "IP:::/0"),
            (Subtree::email("ops@example.com"), "email:ops@example.com"),
            (Subtree::email(".Example.com"), "email:.example.com"),
            (Subtree::uri("acme.internal"), "URI:acme.internal"),
        ] {
            assert_eq!(made.unwrap().to_string(), want);
        }
        for bad in [
            Subtree::dns("*.internal"),
            Subtree::dns(""),
            Subtree::dns("10.0.0.1"),
            Subtree::ip("10.0.0.1/8"),
            Subtree::ip("10.0.0.0/33"),
            Subtree::ip("internal"),
            Subtree::ip("10.0.0.0/x"),
            Subtree::email("@x"),
            Subtree::email("*.x.y"),
            Subtree::uri("https://a.example/"),
        ] {
            assert!(matches!(bad, Err(Error::ConstraintInvalid { .. })), "{bad:?}");
        }
    }

    #[test]
    fn dns_subtree() {
        let tree = Subtree::Dns("example.com".into());
        for inside in ["example.com", "a.example.com", "a.b.Example.com", "*.example.com"] {
            assert!(tree.contains(&dns(inside)), "{inside}");
        }
        for outside in ["badexample.com", "example.com.evil", "com", ""] {
            assert!(!tree.contains(&dns(outside)), "{outside}");
        }
        let below = Subtree::Dns(".internal".into());
        assert!(below.contains(&dns("a.internal")) && !below.contains(&dns("internal")));
        assert!(Subtree::Dns(String::new()).contains(&dns("anything")));
    }

    #[test]
    fn excluded_subtree_meets_wildcard() {
        let tree = Subtree::Dns("secret.example.com".into());
        assert!(tree.touches(&dns("*.example.com")), "the wildcard stands for secret.example.com too");
        assert!(tree.touches(&dns("*.secret.example.com")));
        assert!(!tree.touches(&dns("*.other.example.com")));
    }

    #[test]
    fn what_cannot_be_told_to_lie_outside_is_excluded() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let other = || GeneralName::Other("1.2.3".parse().unwrap(), vec![5, 0]);
        for (tree, name) in [
            (Subtree::Unknown(other()), other()),
            (Subtree::Unknown(GeneralName::Unknown("IP", vec![1; 5])), GeneralName::Ip(ip("10.0.0.1"))),
            (Subtree::Ip(ip("0.0.0.0"), ip("0.0.0.0")), GeneralName::Unknown("IP", vec![1; 5])),
            (Subtree::Uri(".secret.internal".into()), GeneralName::Uri("https://10.0.0.1/".into())),
            (Subtree::Uri("secret.internal".into()), GeneralName::Uri("https://secret.internal./".into())),
            (Subtree::Uri("secret.internal".into()), GeneralName::Uri("https://%73ecret.internal/".into())),
            (Subtree::Email("secret.internal".into()), GeneralName::Email("secret.internal".into())),
            (Subtree::Uri("secret.internal".into()), GeneralName::Uri("https://a@secret.internal/".into())),
            (Subtree::Uri("secret.internal".into()), GeneralName::Uri("https://secret.internal?x".into())),
            (Subtree::ip("10.0.0.0/8").unwrap(), GeneralName::Ip(ip("::ffff:10.1.2.3"))),
            (Subtree::Dns("secret.internal.".into()), dns("a.secret.internal")),
            (Subtree::Dns("secret.internal".into()), dns("a.secret.internal.")),
            (
                Subtree::Directory("O=Acme".parse().unwrap()),
                GeneralName::Directory(Name::from_der(&[1, 2, 3])),
            ),
        ] {
            assert!(tree.touches(&name), "{tree} and {name}");
        }
        assert!(Subtree::Dns(".example.internal".into()).contains(&dns("*.example.internal")));
        assert!(!Subtree::Dns(".example.internal".into()).contains(&dns("*.internal")));
    }

    #[test]
    fn other_subtrees() {
        let net = Subtree::Ip("10.0.0.0".parse().unwrap(), "255.0.0.0".parse().unwrap());
        assert!(net.contains(&GeneralName::Ip("10.9.8.7".parse().unwrap())));
        assert!(!net.contains(&GeneralName::Ip("11.0.0.1".parse().unwrap())));
        assert!(!net.contains(&GeneralName::Ip("::1".parse().unwrap())));
        assert_eq!(net.to_string(), "IP:10.0.0.0/8");
        let mail =
            |base: &str, name: &str| Subtree::Email(base.into()).contains(&GeneralName::Email(name.into()));
        assert!(mail("example.com", "a@example.com") && !mail("example.com", "a@b.example.com"));
        assert!(mail(".example.com", "a@b.example.com") && !mail(".example.com", "a@example.com"));
        assert!(mail("a@example.com", "a@Example.com") && !mail("a@example.com", "A@example.com"));
        let uri = |base: &str, name: &str| Subtree::Uri(base.into()).contains(&GeneralName::Uri(name.into()));
        assert!(
            uri("example.com", "spiffe://example.com/a") && !uri("example.com", "spiffe://a.example.com/")
        );
        assert!(
            uri(".example.com", "https://a.example.com:1/x") && !uri(".example.com", "https://10.0.0.1/")
        );
    }
}
