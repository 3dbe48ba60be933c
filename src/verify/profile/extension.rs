//! The extensions (RFC 5280 4.2): which must be critical and which must not, and what they must hold.

use super::{Fault, name};
use crate::{
    cert::{Certificate, Raw, RawExtension},
    der::{Element, Reader, tag, whole},
    name::Name,
    oid::{self, Oid},
    profile::KeyUsage,
    verify::{Rule, policy},
};

/// Extensions that must not be critical.
const NEVER_CRITICAL: [&[u8]; 7] = [
    oid::AUTHORITY_KEY_ID,
    oid::SUBJECT_KEY_ID,
    oid::SUBJECT_DIRECTORY_ATTRIBUTES,
    oid::FRESHEST_CRL,
    oid::AUTHORITY_INFO_ACCESS,
    oid::SUBJECT_INFO_ACCESS,
    oid::SCT_LIST,
];
/// Extensions that must be critical.
const ALWAYS_CRITICAL: [&[u8]; 3] = [oid::NAME_CONSTRAINTS, oid::POLICY_CONSTRAINTS, oid::INHIBIT_ANY_POLICY];

pub(super) fn check(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    for extension in raw.extensions.iter().flatten() {
        let called = Oid::from_content(extension.oid).name();
        if NEVER_CRITICAL.contains(&extension.oid) && extension.critical {
            faults.push(Fault::new(Rule::Criticality, format!("its {called} is critical, and must not be")));
        }
        if ALWAYS_CRITICAL.contains(&extension.oid) && !extension.critical {
            faults.push(Fault::new(Rule::Criticality, format!("its {called} is not critical, and must be")));
        }
        if extension.states_default {
            let fact =
                format!("its {called} states that it is not critical, which DER leaves out (X.690 11.5)");
            faults.push(Fault::new(Rule::Malformed, fact));
        }
        if let Some((rule, problem)) = content(extension, certificate) {
            faults.push(Fault::new(rule, format!("its {called} {problem}")));
        }
    }
    authority(certificate, raw, faults);
}

/// What goes with being a CA, and with being none (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.10).
fn authority(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let ca = certificate.is_ca();
    let signs = certificate.key_usage().is_some_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
    if let Some(constraints) = raw.extension(oid::BASIC_CONSTRAINTS) {
        if ca && !constraints.critical {
            let fact = "its basicConstraints is not critical, and must be in a CA";
            faults.push(Fault::new(Rule::Criticality, fact));
        }
        let mut say = |fact: &str| faults.push(Fault::new(Rule::BasicConstraints, fact));
        if let Some((_, Some(_))) = certificate.basic_constraints() {
            if !ca {
                say("it has a path length, and is no CA");
            } else if certificate.key_usage().is_some() && !signs {
                say("it has a path length, and its key usage lacks keyCertSign");
            }
        }
    }
    let mut say = |fact: &str| faults.push(Fault::new(Rule::BasicConstraints, fact));
    if signs && !ca {
        say("its key usage has keyCertSign, and it is no CA");
    }
    if !ca && raw.extension(oid::NAME_CONSTRAINTS).is_some() {
        say("it has name constraints, and is no CA");
    }
}

/// What is wrong with the value of an extension.
fn content(extension: &RawExtension<'_>, certificate: &Certificate) -> Option<(Rule, String)> {
    let value = extension.value;
    let malformed = |fact: &str| Some((Rule::MalformedExtension, fact.to_owned()));
    let broken = || malformed("cannot be read");
    match extension.oid {
        oid::AUTHORITY_KEY_ID => authority_key(value, certificate),
        oid::SUBJECT_KEY_ID => match whole(value, tag::OCTET_STRING) {
            Some(id) if !id.content.is_empty() => None,
            _ => malformed("holds no key identifier"),
        },
        oid::KEY_USAGE => key_usage(value).and_then(malformed),
        oid::BASIC_CONSTRAINTS => basic_constraints(value).and_then(malformed),
        oid::CERTIFICATE_POLICIES => policies(value).and_then(malformed),
        oid::POLICY_MAPPINGS => match policy::read_mappings(value) {
            None => malformed("maps nothing, or cannot be read"),
            Some(mappings) => {
                let is_any = |policy: &Oid| policy.content() == oid::ANY_POLICY;
                let any = mappings.iter().any(|(from, to)| is_any(from) || to.iter().any(is_any));
                if any { malformed("maps anyPolicy") } else { None }
            }
        },
        oid::POLICY_CONSTRAINTS => match policy::read_constraints(value) {
            Some((None, None)) => malformed("is empty"),
            None => broken(),
            Some(_) => None,
        },
        oid::INHIBIT_ANY_POLICY => {
            match whole(value, tag::INTEGER).map(|count| policy::number(count).is_some()) {
                Some(true) => None,
                _ => malformed("holds no count of certificates"),
            }
        }
        oid::SUBJECT_ALT_NAME | oid::ISSUER_ALT_NAME => {
            alternative_names(value).map(|fact| (Rule::AlternativeName, fact))
        }
        oid::NAME_CONSTRAINTS => name_constraints(value).map(|fact| (Rule::MalformedExtension, fact)),
        oid::EXTENDED_KEY_USAGE => members(value, tag::OID, usage),
        oid::CRL_DISTRIBUTION_POINTS | oid::FRESHEST_CRL => members(value, tag::SEQUENCE, distribution_point),
        oid::AUTHORITY_INFO_ACCESS | oid::SUBJECT_INFO_ACCESS => members(value, tag::SEQUENCE, access),
        oid::SUBJECT_DIRECTORY_ATTRIBUTES => members(value, tag::SEQUENCE, directory_attribute),
        oid::SCT_LIST => timestamps(value).and_then(malformed),
        oid::CT_POISON => malformed("says that it is no certificate yet (RFC 6962 3.1)"),
        _ => None,
    }
}

/// A SEQUENCE OF with at least one member, each of this tag.
fn members(value: &[u8], kind: u8, each: impl Fn(Element<'_>) -> Option<String>) -> Option<(Rule, String)> {
    let told = |fact: String| Some((Rule::MalformedExtension, fact));
    let Some(list) = whole(value, tag::SEQUENCE) else { return told("cannot be read".into()) };
    let mut list = list.inside();
    if list.is_empty() {
        return told("is empty".into());
    }
    while !list.is_empty() {
        let Some(member) = list.expect(kind) else { return told("cannot be read".into()) };
        if let Some(problem) = each(member) {
            return told(problem);
        }
    }
    None
}

/// KeyPurposeId (4.2.1.12): its components each in the fewest octets, and whole (X.690 8.19.2).
fn usage(member: Element<'_>) -> Option<String> {
    let mut begins = true;
    for &octet in member.content {
        if begins && octet == 0x80 {
            return Some("holds an OID that is not DER".into());
        }
        begins = octet & 0x80 == 0;
    }
    (member.content.is_empty() || !begins).then(|| "holds an OID that is not DER".into())
}

/// AuthorityKeyIdentifier (4.2.1.1): the key identifier; issuer and serial number both or neither.
fn authority_key(value: &[u8], certificate: &Certificate) -> Option<(Rule, String)> {
    let Some((key, issuer, serial)) = read_authority_key(value) else {
        return Some((Rule::MalformedExtension, "cannot be read".into()));
    };
    if issuer.is_some() != serial.is_some() {
        let fact = "has one of authorityCertIssuer and authorityCertSerialNumber without the other";
        return Some((Rule::MalformedExtension, fact.into()));
    }
    let lacking = key.is_none_or(|key| key.content.is_empty()) && !certificate.is_own_issuer();
    lacking.then(|| (Rule::KeyIdentifier, "lacks the key identifier".into()))
}

type AuthorityKey<'a> = (Option<Element<'a>>, Option<Element<'a>>, Option<Element<'a>>);

fn read_authority_key(value: &[u8]) -> Option<AuthorityKey<'_>> {
    let mut fields = whole(value, tag::SEQUENCE)?.inside();
    let (mut key, mut issuer, mut serial, mut last) = (None, None, None, 0);
    while !fields.is_empty() {
        let field = fields.next()?;
        // The tags are 0x80, 0xa1, 0x82: in order without the bit for constructed ones.
        if field.tag & 0x1f < last {
            return None;
        }
        last = (field.tag & 0x1f) + 1;
        match field.tag {
            0x80 => key = Some(field),
            0xa1 => issuer = Some(field),
            0x82 => serial = Some(field),
            _ => return None,
        }
    }
    Some((key, issuer, serial))
}

/// What an authorityKeyIdentifier says of the issuer's certificate: directory names in it, and the serial number.
pub(super) fn authority_certificate(certificate: &Certificate) -> Option<(Vec<Name>, Option<Vec<u8>>)> {
    let raw = Raw::read(certificate.der()).ok()?;
    let (_, issuer, serial) = read_authority_key(raw.extension(oid::AUTHORITY_KEY_ID)?.value)?;
    let mut names = Vec::new();
    let mut list = issuer?.inside();
    while let Some(name) = list.next() {
        if name.tag == 0xa4 {
            names.push(Name::from_der(name.content));
        }
    }
    Some((names, serial.map(|serial| serial.content.to_vec())))
}

/// KeyUsage (4.2.1.3): a named bit list (X.690 11.2.2) of nine bits, at least one of them set.
fn key_usage(value: &[u8]) -> Option<&'static str> {
    let Some((&unused, bits)) = whole(value, tag::BIT_STRING).and_then(|bits| bits.content.split_first())
    else {
        return Some("cannot be read");
    };
    let Some(last) = bits.last() else { return Some("states no usage") };
    if unused > 7 || last.trailing_zeros() != u32::from(unused) {
        return Some(if bits.iter().all(|&octet| octet == 0) { "states no usage" } else { "is not DER" });
    }
    if bits.len() * 8 - usize::from(unused) > 9 {
        return Some("has bits that mean nothing");
    }
    None
}

/// BasicConstraints (4.2.1.9).
fn basic_constraints(value: &[u8]) -> Option<&'static str> {
    let Some(fields) = whole(value, tag::SEQUENCE) else { return Some("cannot be read") };
    let mut fields = fields.inside();
    let mut field = fields.next();
    if let Some(ca) = field.filter(|field| field.tag == tag::BOOLEAN) {
        if !matches!(ca.content, [0 | 0xff]) {
            return Some("is not DER");
        }
        field = fields.next();
    }
    match field {
        Some(length) if length.tag != tag::INTEGER => return Some("cannot be read"),
        Some(length) if policy::number(length).is_none() => return Some("has a negative path length"),
        _ => {}
    }
    (!fields.is_empty()).then_some("cannot be read")
}

/// CertificatePolicies (4.2.1.4): each policy once, qualifiers of the two kinds, notices in strings that may be.
fn policies(value: &[u8]) -> Option<&'static str> {
    let broken = Some("cannot be read");
    let Some(list) = whole(value, tag::SEQUENCE) else { return broken };
    let mut list = list.inside();
    if list.is_empty() {
        return Some("is empty");
    }
    let mut seen = std::collections::BTreeSet::new();
    while !list.is_empty() {
        let Some(information) = list.expect(tag::SEQUENCE) else { return broken };
        let mut fields = information.inside();
        let Some(policy) = fields.expect(tag::OID) else { return broken };
        if !seen.insert(policy.content) {
            return Some("states a policy twice");
        }
        if fields.is_empty() {
            continue;
        }
        let Some(qualifiers) = fields.expect(tag::SEQUENCE).filter(|_| fields.is_empty()) else {
            return broken;
        };
        let mut qualifiers = qualifiers.inside();
        if qualifiers.is_empty() {
            return broken;
        }
        while !qualifiers.is_empty() {
            let Some(qualifier) = qualifiers.expect(tag::SEQUENCE) else { return broken };
            let mut parts = qualifier.inside();
            let (Some(kind), Some(value)) = (parts.expect(tag::OID), parts.next()) else { return broken };
            let problem = match kind.content {
                oid::CPS if value.tag != tag::IA5 || !value.content.is_ascii() => broken,
                oid::CPS => None,
                oid::USER_NOTICE => notice(value),
                _ if policy.content == oid::ANY_POLICY => {
                    Some("has a qualifier that anyPolicy must not have")
                }
                _ => None,
            };
            if problem.is_some() {
                return problem;
            }
        }
    }
    None
}

fn notice(value: Element<'_>) -> Option<&'static str> {
    const VISIBLE: u8 = 0x1a;
    let mut fields = value.inside();
    let mut field = fields.next();
    if field.is_some_and(|field| field.tag == tag::SEQUENCE) {
        field = fields.next();
    }
    let text = field?;
    if matches!(text.tag, VISIBLE | tag::BMP) {
        return Some("has a notice as VisibleString or BMPString, which must not be");
    }
    let Some(words) =
        std::str::from_utf8(text.content).ok().filter(|_| matches!(text.tag, tag::UTF8 | tag::IA5))
    else {
        return Some("has a notice that cannot be read");
    };
    if words.chars().count() > 200 {
        return Some("has a notice of more than 200 characters");
    }
    words
        .chars()
        .any(char::is_control)
        .then_some("has a notice with control characters, which act on who reads it")
}

/// GeneralNames: at least one, each of its kind.
fn alternative_names(value: &[u8]) -> Option<String> {
    let Some(list) = whole(value, tag::SEQUENCE) else { return Some("cannot be read".into()) };
    let mut list: Reader<'_> = list.inside();
    if list.is_empty() {
        return Some("is empty".into());
    }
    while !list.is_empty() {
        let Some(member) = list.next() else { return Some("cannot be read".into()) };
        if let Some(problem) = name::general(member) {
            return Some(format!("has a name that cannot be: {problem}"));
        }
    }
    None
}

/// NameConstraints (4.2.1.10): something permitted or excluded, minimum 0, no maximum.
fn name_constraints(value: &[u8]) -> Option<String> {
    let broken = || Some("cannot be read".to_owned());
    let Some(lists) = whole(value, tag::SEQUENCE) else { return broken() };
    let mut lists = lists.inside();
    if lists.is_empty() {
        return Some("constrains nothing".into());
    }
    let mut last = 0;
    while !lists.is_empty() {
        let Some(list) = lists.next().filter(|list| matches!(list.tag, 0xa0 | 0xa1) && list.tag > last)
        else {
            return broken();
        };
        last = list.tag;
        let mut trees = list.inside();
        if trees.is_empty() {
            return Some("has an empty list of names".into());
        }
        while !trees.is_empty() {
            let Some(tree) = trees.expect(tag::SEQUENCE) else { return broken() };
            let mut parts = tree.inside();
            let Some(base) = parts.next() else { return broken() };
            if !parts.is_empty() {
                return Some("has a minimum or maximum, which must not be".into());
            }
            if let Some(problem) = name::subtree(base) {
                return Some(format!("speaks of what cannot be: {problem}"));
            }
        }
    }
    None
}

/// DistributionPoint (4.2.1.13): where the list is, or who issues it; reasons alone say neither.
fn distribution_point(point: Element<'_>) -> Option<String> {
    let (mut fields, mut place, mut issuer) = (point.inside(), None, None);
    while !fields.is_empty() {
        match fields.next() {
            Some(field) if field.tag == 0xa0 => place = Some(field),
            Some(field) if field.tag == 0x81 => {}
            Some(field) if field.tag == 0xa2 => issuer = Some(field),
            _ => return Some("cannot be read".into()),
        }
    }
    if place.is_none() && issuer.is_none() {
        return Some("has a distribution point without a place or an issuer".into());
    }
    let mut names = place?.inside();
    let Some(named) = names.next().filter(|_| names.is_empty()) else { return Some("cannot be read".into()) };
    let sound = match named.tag {
        0xa0 => !named.content.is_empty() && all_names(named),
        0xa1 => !named.content.is_empty(),
        _ => false,
    };
    (!sound).then(|| "has a distribution point whose place cannot be".to_owned())
}

fn all_names(list: Element<'_>) -> bool {
    let mut names = list.inside();
    while !names.is_empty() {
        if names.next().is_none_or(|name| name::general(name).is_some()) {
            return false;
        }
    }
    true
}

/// AccessDescription (4.2.2.1).
fn access(description: Element<'_>) -> Option<String> {
    let mut fields = description.inside();
    let (Some(_), Some(place)) = (fields.expect(tag::OID), fields.next().filter(|_| fields.is_empty()))
    else {
        return Some("cannot be read".into());
    };
    name::general(place).map(|problem| format!("leads to a place that cannot be: {problem}"))
}

/// Attribute (4.2.1.8): its type and at least one value.
fn directory_attribute(attribute: Element<'_>) -> Option<String> {
    let mut fields = attribute.inside();
    let sound = fields.expect(tag::OID).is_some()
        && fields.expect(tag::SET).is_some_and(|values| !values.content.is_empty())
        && fields.is_empty();
    (!sound).then(|| "has an attribute without a value".to_owned())
}

/// SignedCertificateTimestampList (RFC 6962 3.3): lengths that add up, in an OCTET STRING.
fn timestamps(value: &[u8]) -> Option<&'static str> {
    let broken = Some("holds no list of timestamps (RFC 6962 3.3)");
    let Some(list) = whole(value, tag::OCTET_STRING) else { return broken };
    let take = |bytes: &mut &[u8]| -> Option<usize> {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        *bytes = rest;
        Some(usize::from(u16::from_be_bytes(*length)))
    };
    let mut rest = list.content;
    if take(&mut rest) != Some(rest.len()) || rest.is_empty() {
        return broken;
    }
    while !rest.is_empty() {
        let Some((entry, after)) = take(&mut rest).and_then(|length| rest.split_at_checked(length)) else {
            return broken;
        };
        // Version, log, time, extensions and signature take 47 octets at least.
        if entry.len() < 47 || entry.first() != Some(&0) {
            return broken;
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_are_whole_oids() {
        let judged = |oids: &[u8]| {
            let value = [&[0x30, u8::try_from(oids.len()).unwrap()], oids].concat();
            members(&value, tag::OID, usage).is_some()
        };
        assert!(!judged(&[6, 4, 0x55, 0x1d, 0x25, 0]) && !judged(&[6, 3, 0x2b, 0x81, 0]));
        for wrong in [&[6, 3, 0x2b, 0x80, 1][..], &[6, 2, 0x2b, 0x81], &[6, 0], &[]] {
            assert!(judged(wrong), "{wrong:?}");
        }
    }
}
