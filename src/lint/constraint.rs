//! Limits of a CA: nameConstraints, policyConstraints, policyMappings, inhibitAnyPolicy (RFC 5280 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14).

use super::{Found, name, view};
use crate::{
    der::{Element, tag},
    fingerprint::hex,
    oid::{self, Oid},
};

super::rule::rules! {
    NOT_CA "constraints-without-ca" Error "RFC 5280 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14"
        "nameConstraints, policyConstraints, policyMappings and inhibitAnyPolicy are in CA certificates alone."
        "They limit what a CA signs; what is no CA signs nothing."
        "Leave them out.";
    NAMES_MALFORMED "name-constraints-malformed" Error "RFC 5280 4.2.1.10"
        "nameConstraints holds permitted or excluded subtrees, each with a base, and neither list is empty."
        "A reader must refuse what it cannot understand as a limit."
        "Have it made anew.";
    MINIMUM "name-constraints-minimum" Error "RFC 5280 4.2.1.10"
        "minimum of a subtree is 0, and so left out."
        "Readers refuse or ignore any other."
        "Leave it out.";
    MAXIMUM "name-constraints-maximum" Error "RFC 5280 4.2.1.10"
        "maximum of a subtree is left out."
        "Readers refuse or ignore it."
        "Leave it out.";
    IP "name-constraints-ip-invalid" Error "RFC 5280 4.2.1.10, RFC 4632"
        "An iPAddress subtree is an address and a mask of the same length, 8 octets or 32, and the mask is a prefix."
        "Readers refuse other masks, or match other addresses than are meant."
        "Write it as 10.0.0.0/8 (pkit ca root --permit-ip).";
    IP_HOST_BITS "name-constraints-ip-host-bits" Warn "RFC 5280 4.2.1.10, RFC 4632"
        "The address of an iPAddress subtree has no bits outside of its mask."
        "Some readers compare all bits, and then nothing matches."
        "Write the network's address.";
    DOT "name-constraints-dns-leading-dot" Warn "RFC 5280 4.2.1.10"
        "A dNSName subtree has no dot in front."
        "`internal` means the name and all below it. With a dot OpenSSL and NSS exclude the name itself, Go includes it, and others match nothing."
        "Leave the dot out.";
    DNS "name-constraints-dns-invalid" Error "RFC 5280 4.2.1.10"
        "A dNSName subtree is a domain name without wildcards."
        "Names are compared label by label, so `*` matches nothing."
        "Write the domain: example.com.";
    URI "name-constraints-uri-invalid" Error "RFC 5280 4.2.1.10"
        "A URI subtree is a host name or, with a dot in front, a domain: no scheme, no path, no address."
        "Nothing matches any other."
        "Write the host of the URI alone.";
    EMAIL "name-constraints-email-invalid" Error "RFC 5280 4.2.1.10"
        "An rfc822Name subtree is an address, a host, or a domain with a dot in front."
        "Nothing matches any other."
        "Write user@example.com, example.com or .example.com.";
    KIND "name-constraints-kind-unsupported" Warn "RFC 5280 4.2.1.10"
        "Subtrees are not x400Address, ediPartyName, registeredID or otherName."
        "Readers that cannot judge a name of this kind must refuse it, and some refuse the CA."
        "Leave the subtree out.";
    POLICY_EMPTY "policy-constraints-invalid" Error "RFC 5280 4.2.1.11"
        "policyConstraints holds requireExplicitPolicy or inhibitPolicyMapping, each a number of certificates."
        "Readers refuse any other."
        "Leave it out, or state the number.";
    SKIP "inhibit-any-policy-negative" Error "RFC 5280 4.2.1.14"
        "inhibitAnyPolicy is a number of certificates, 0 or greater."
        "Readers refuse any other."
        "Have it made anew.";
    MAPPING_ANY "policy-mapping-any-policy" Error "RFC 5280 4.2.1.5"
        "Policies are not mapped to or from anyPolicy."
        "Validation must fail there."
        "Name the policies.";
    MAPPING_UNKNOWN "policy-mapping-not-asserted" Warn "RFC 5280 4.2.1.5"
        "What is mapped from is among certificatePolicies."
        "The mapping has no effect otherwise."
        "Add the policy to certificatePolicies.";
}

/// Judges the limits in a certificate.
pub(super) fn check(extensions: &[view::Ext<'_>], is_ca: bool, found: &mut Found<'_>) {
    let value = |kind: &[u8]| view::find(extensions, kind).map(|extension| extension.value);
    let kinds =
        [oid::NAME_CONSTRAINTS, oid::POLICY_CONSTRAINTS, oid::POLICY_MAPPINGS, oid::INHIBIT_ANY_POLICY];
    if !is_ca {
        for kind in kinds.iter().filter(|kind| value(kind).is_some()) {
            found.add(&NOT_CA, format!("it has {}, and is no CA", Oid::from_content(kind).name()));
        }
    }
    if let Some(trees) = value(oid::NAME_CONSTRAINTS).and_then(view::sequence) {
        for list in &trees {
            let subtrees = view::all_members(*list).unwrap_or_default();
            if subtrees.is_empty() || !matches!(list.tag, 0xa0 | 0xa1) {
                found.add(&NAMES_MALFORMED, "a list of subtrees is empty, or neither permitted nor excluded");
            }
            subtrees.iter().for_each(|tree| subtree(tree, found));
        }
    }
    if let Some(fields) = value(oid::POLICY_CONSTRAINTS).and_then(view::sequence) {
        let number =
            |field: &Element<'_>| matches!(field.tag, 0x80 | 0x81) && view::small(field.content).is_some();
        if !fields.iter().all(number) {
            found.add(&POLICY_EMPTY, "a field of policyConstraints is no number of certificates");
        }
    }
    if let Some(skip) = value(oid::INHIBIT_ANY_POLICY).and_then(|value| view::whole(value, tag::INTEGER))
        && view::small(skip.content).is_none()
    {
        found.add(&SKIP, format!("inhibitAnyPolicy is {} in two's complement", hex(skip.content)));
    }
    mappings(value(oid::POLICY_MAPPINGS), value(oid::CERTIFICATE_POLICIES), found);
}

fn mappings(mappings: Option<&[u8]>, policies: Option<&[u8]>, found: &mut Found<'_>) {
    let policies = policies.and_then(view::sequence).unwrap_or_default();
    let stated: Vec<&[u8]> =
        policies.iter().filter_map(|policy| view::members(*policy).next()).map(|kind| kind.content).collect();
    for pair in mappings.and_then(view::sequence).unwrap_or_default() {
        let parts = view::all_members(pair).unwrap_or_default();
        let [from, to] = parts.as_slice() else { continue };
        if from.content == oid::ANY_POLICY || to.content == oid::ANY_POLICY {
            found.add(&MAPPING_ANY, "a policy is mapped to or from anyPolicy");
        } else if !stated.contains(&from.content) {
            found.add(
                &MAPPING_UNKNOWN,
                format!("{} is mapped, and not among certificatePolicies", Oid::from_content(from.content)),
            );
        }
    }
}

fn subtree(tree: &Element<'_>, found: &mut Found<'_>) {
    let parts = view::all_members(*tree).unwrap_or_default();
    let Some((base, limits)) = parts.split_first() else {
        found.add(&NAMES_MALFORMED, "a subtree has no base");
        return;
    };
    for limit in limits {
        match limit.tag {
            0x80 if limit.content == [0] => {
                super::encoding::default_zero("minimum of a subtree", found);
            }
            0x80 => found.add(&MINIMUM, format!("minimum of a subtree is {}", hex(limit.content))),
            0x81 => found.add(&MAXIMUM, format!("maximum of a subtree is {}", hex(limit.content))),
            _ => found.add(&NAMES_MALFORMED, "a subtree has a field that none has"),
        }
    }
    let text = String::from_utf8_lossy(base.content).into_owned();
    match base.tag {
        0x81 => {
            let host = text.rsplit_once('@').map_or(text.as_str(), |(_, host)| host);
            let host = host.strip_prefix('.').unwrap_or(host);
            if !text.is_empty() && !name::is_domain(host) {
                found.add(&EMAIL, format!("the subtree email:{text} is none"));
            }
        }
        0x82 => {
            let (domain, dot) = match text.strip_prefix('.') {
                Some(rest) => (rest, true),
                None => (text.as_str(), false),
            };
            if !text.is_empty() && !name::is_domain(domain) {
                found.add(&DNS, format!("the subtree DNS:{text} is no domain name"));
            } else if dot {
                found.add(&DOT, format!("the subtree DNS:{text} begins with a dot"));
            }
        }
        0x86 => {
            let host = text.strip_prefix('.').unwrap_or(&text);
            let numeric = host.split('.').all(|label| label.bytes().all(|octet| octet.is_ascii_digit()));
            if !text.is_empty() && (!name::is_domain(host) || numeric || !host.contains('.')) {
                found.add(&URI, format!("the subtree URI:{text} is no host or domain"));
            }
        }
        0x87 => ip(base.content, found),
        0xa4 => name::directory("nameConstraints", base, found),
        0xa0 | 0x83 | 0xa3 | 0x85 | 0xa5 | 0x88 => {
            let kind = match base.tag {
                0xa0 => "otherName",
                0x83 | 0xa3 => "x400Address",
                0x85 | 0xa5 => "ediPartyName",
                _ => "registeredID",
            };
            found.add(&KIND, format!("a subtree is of the kind {kind}"));
        }
        other => found.add(&NAMES_MALFORMED, format!("the base of a subtree has the tag {other:02x}")),
    }
}

fn ip(content: &[u8], found: &mut Found<'_>) {
    let half = content.len() / 2;
    let (address, mask) = content.split_at_checked(half).unwrap_or_default();
    if !matches!(content.len(), 8 | 32) {
        found.add(&IP, format!("an iPAddress subtree has {} octets", content.len()));
        return;
    }
    let ones: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
    let leading = mask.iter().take_while(|octet| **octet == 0xff).count() as u32 * 8
        + mask.iter().find(|octet| **octet != 0xff).map_or(0, |octet| octet.leading_ones());
    if ones != leading {
        found.add(&IP, format!("the mask {} of an iPAddress subtree is no prefix", hex(mask)));
    } else if address.iter().zip(mask).any(|(octet, mask)| octet & !mask != 0) {
        found.add(
            &IP_HOST_BITS,
            format!("the address {} has bits outside of the mask {}", hex(address), hex(mask)),
        );
    }
}
