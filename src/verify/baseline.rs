//! What the Baseline Requirements of the CA/Browser Forum for TLS server certificates (section 7.1) forbid beyond RFC 5280,
//! as far as it can be told from the certificates of a path. Issuing practice (who was validated, how long a certificate may
//! live, which policies it states) is not judged.

use std::net::{IpAddr, Ipv4Addr};

use super::{Rule, check::Place};
use crate::{
    cert::{Certificate, Raw},
    der::{tag, whole},
    key::Algorithm,
    name::{DnsName, GeneralName, escape},
    oid,
    profile::KeyUsage,
};

/// Judges one certificate.
pub(super) fn check(certificate: &Certificate, place: Place, say: &mut impl FnMut(Rule, String)) {
    let mut say = |fact: &str| say(Rule::BaselineRequirements, fact.to_owned());
    if certificate.version() != 3 {
        say(&format!("it is of version {}, and not 3 (7.1.1)", certificate.version()));
    }
    if let Some(fact) = key(certificate) {
        say(&fact);
    }
    if !place.anchor && !signature(certificate) {
        let name = certificate.signature_algorithm().name();
        say(&format!("it is signed by {name}, which is not among the algorithms allowed (7.1.3.2)"));
    }
    if let Ok(raw) = Raw::read(certificate.der()) {
        authority_key(&raw, certificate, &mut say);
        if let Some(access) = raw.extension(oid::AUTHORITY_INFO_ACCESS)
            && !leads_to_uris(access.value)
        {
            say("its authorityInfoAccess leads to what is no URI (7.1.2.7.7)");
        }
        if place.leaf {
            leaf(certificate, &raw, &mut say);
        }
    }
    if !place.leaf && certificate.is_own_issuer() && certificate.extended_key_usage().is_some() {
        say("it is a root with an extended key usage (7.1.2.1.2)");
    }
}

/// 6.1.5, 7.1.3.1: RSA of at least 2048 bits, a multiple of 8; EC on P-256, P-384 or P-521.
fn key(certificate: &Certificate) -> Option<String> {
    match certificate.key_algorithm() {
        Algorithm::Rsa(bits) if bits >= 2048 && bits.is_multiple_of(8) => None,
        Algorithm::Rsa(bits) => Some(format!(
            "it has an RSA key of {bits} bits; at least 2048 and a multiple of 8 are allowed (6.1.5)"
        )),
        Algorithm::P256 | Algorithm::P384 | Algorithm::P521 => None,
        _ => Some("its key is neither RSA nor on P-256, P-384 or P-521 (7.1.3.1)".into()),
    }
}

/// 7.1.3.2: SHA-256 and better; ECDSA with the hash that goes with a curve, whichever the key of the issuer is on.
fn signature(certificate: &Certificate) -> bool {
    matches!(
        certificate.signature_algorithm().oid().content(),
        oid::RSA_SHA256
            | oid::RSA_SHA384
            | oid::RSA_SHA512
            | oid::RSA_PSS
            | oid::ECDSA_SHA256
            | oid::ECDSA_SHA384
            | oid::ECDSA_SHA512
    )
}

/// 7.1.2.1.3, 7.1.2.11.1: the key identifier, and nothing beside it.
fn authority_key(raw: &Raw<'_>, certificate: &Certificate, say: &mut impl FnMut(&str)) {
    let Some(stated) = raw.extension(oid::AUTHORITY_KEY_ID) else { return };
    let Some(fields) = whole(stated.value, tag::SEQUENCE) else { return };
    let mut fields = fields.inside();
    let mut has_key = false;
    while let Some(field) = fields.next() {
        match field.tag {
            0x80 => has_key = true,
            0xa1 => say("its authorityKeyIdentifier has authorityCertIssuer (7.1.2.11.1)"),
            0x82 => say("its authorityKeyIdentifier has authorityCertSerialNumber (7.1.2.11.1)"),
            _ => {}
        }
    }
    if !has_key {
        say("its authorityKeyIdentifier lacks the key identifier (7.1.2.11.1)");
    }
    let own = certificate.is_own_issuer();
    if own && has_key && certificate.authority_key_id() != certificate.subject_key_id() {
        say("it is a root whose authorityKeyIdentifier is not its subjectKeyIdentifier (7.1.2.1.3)");
    }
}

/// AccessDescriptions whose locations are all URIs.
fn leads_to_uris(value: &[u8]) -> bool {
    let Some(list) = whole(value, tag::SEQUENCE) else { return false };
    let mut list = list.inside();
    while !list.is_empty() {
        let Some(description) = list.expect(tag::SEQUENCE) else { return false };
        let mut fields = description.inside();
        if fields.expect(tag::OID).is_none() || fields.next().is_none_or(|place| place.tag != 0x86) {
            return false;
        }
    }
    true
}

/// 7.1.2.7: certificates of subscribers.
fn leaf(certificate: &Certificate, raw: &Raw<'_>, say: &mut impl FnMut(&str)) {
    if certificate.is_ca() {
        say("it is a CA, and not the certificate of a server (7.1.2.7.8)");
    }
    match (certificate.extended_key_usage(), raw.extension(oid::EXTENDED_KEY_USAGE)) {
        (Some(usages), Some(extension)) => {
            if extension.critical {
                say("its extKeyUsage is critical (7.1.2.7.6)");
            }
            let has = |wanted: &[u8]| usages.iter().any(|usage| usage.content() == wanted);
            if !has(oid::SERVER_AUTH) && !has(oid::CLIENT_AUTH) {
                say("its extKeyUsage lacks serverAuth (7.1.2.7.10)");
            }
            if has(oid::ANY_EXTENDED_KEY_USAGE) {
                say("its extKeyUsage has anyExtendedKeyUsage (7.1.2.7.10)");
            }
        }
        _ => say("it has no extKeyUsage (7.1.2.7.6)"),
    }
    if certificate.key_usage().is_some_and(|usage| usage.contains(KeyUsage::CRL_SIGN)) {
        say("its key usage has cRLSign (7.1.2.7.11)");
    }
    let names = certificate.subject_alt_names();
    if names.is_empty() {
        say("it has no subjectAltName (7.1.2.7.12)");
    }
    if raw.extension(oid::SUBJECT_ALT_NAME).is_some_and(|names| names.critical)
        && !certificate.subject().is_empty()
    {
        say("its subjectAltName is critical, though it has a subject (7.1.2.7.12)");
    }
    for name in names {
        if let Some(fact) = alternative_name(name) {
            say(&fact);
        }
    }
    let common_names = certificate.subject().common_names();
    if common_names.len() > 1 {
        say("it has more than one common name (7.1.4.3)");
    }
    for common_name in common_names {
        if !names.iter().any(|name| is_written(name, &common_name)) {
            let shown = escape(&common_name);
            say(&format!(
                "its common name {shown} is none of its alternative names as they are written (7.1.4.3)"
            ));
        }
    }
    let constrained = raw.extension(oid::NAME_CONSTRAINTS).is_some();
    if constrained {
        say("it has name constraints (7.1.2.7.6)");
    }
}

/// 7.1.2.7.12: DNS names without underscores and with wildcards as the whole leftmost label, and addresses.
fn alternative_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Ip(_) => None,
        GeneralName::Dns(text) => match text.parse::<DnsName>() {
            Ok(name) if name.has_underscore() => Some(format!("its name {name} has an underscore (7.1.4.2)")),
            Ok(name) if is_registry_wildcard(&name) => {
                Some(format!("its name {name} is a wildcard over a public suffix (3.2.2.6)"))
            }
            Ok(_) => None,
            Err(reason) => Some(format!("its name {} cannot be: {reason} (7.1.2.7.12)", escape(text))),
        },
        other => {
            Some(format!("its alternative name {other} is neither a DNS name nor an address (7.1.2.7.12)"))
        }
    }
}

/// Whether a wildcard stands right below a public suffix.
fn is_registry_wildcard(name: &DnsName) -> bool {
    let Some(parent) = name.as_str().strip_prefix("*.") else { return false };
    psl::suffix(parent.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == parent.as_bytes())
}

/// Whether a common name is this alternative name, written as 7.1.4.3 has it: IPv4 in dotted decimals, IPv6 as in RFC 5952,
/// DNS names character for character.
fn is_written(name: &GeneralName, common_name: &str) -> bool {
    match name {
        GeneralName::Dns(dns) => dns == common_name,
        GeneralName::Ip(IpAddr::V4(address)) => common_name.parse::<Ipv4Addr>() == Ok(*address),
        GeneralName::Ip(IpAddr::V6(address)) => common_name == address.to_string(),
        _ => false,
    }
}
