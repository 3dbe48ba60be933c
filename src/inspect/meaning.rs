//! What the extensions say that have no field of their own in a report, each value in a line. All text is escaped for a
//! terminal.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::{Duration, OffsetDateTime};

use crate::{
    crl::Reason,
    der::{self, Element, Reader, tag, text, time::read_any_time},
    name::{GeneralName, escape},
    oid::{self, Oid},
    validity::format_time,
};

/// The lines of an extension of this type; `None` where its value is unknown, or not what its type has.
pub(super) fn meaning(kind: &[u8], octets: &[u8]) -> Option<Vec<String>> {
    match kind {
        oid::ISSUER_ALT_NAME | oid::CERTIFICATE_ISSUER => names(octets),
        oid::POLICY_MAPPINGS => mappings(octets),
        oid::POLICY_CONSTRAINTS => policy_constraints(octets),
        oid::INHIBIT_ANY_POLICY | oid::CRL_NUMBER | oid::DELTA_CRL_INDICATOR => {
            Some(vec![text::number(der::whole(octets, tag::INTEGER)?.content)])
        }
        oid::TLS_FEATURE => features(octets),
        oid::SCT_LIST => timestamps(octets),
        oid::NS_CERT_TYPE => bits(octets, &NETSCAPE),
        oid::PRIVATE_KEY_USAGE_PERIOD => usage_period(octets),
        oid::FRESHEST_CRL | oid::CRL_DISTRIBUTION_POINTS => distribution_points(octets),
        oid::SUBJECT_INFO_ACCESS => accesses(octets),
        oid::ISSUING_DISTRIBUTION_POINT => issuing_point(octets),
        oid::CRL_REASON => {
            let code = der::whole(octets, tag::ENUMERATED)?.content;
            Some(vec![reason(*code.first().filter(|_| code.len() == 1)?)])
        }
        oid::INVALIDITY_DATE => {
            Some(vec![format_time(read_any_time(der::whole(octets, tag::GENERALIZED_TIME)?)?)])
        }
        oid::OCSP_NO_CHECK | oid::CT_POISON => Some(vec!["present".into()]),
        oid::CERTIFICATE_POLICIES => policies(octets),
        oid::AUTHORITY_KEY_ID => authority(octets),
        _ => text::line(octets).map(|line| vec![line]),
    }
}

/// The name of a reason by its number (RFC 5280 5.3.1).
pub(super) fn reason(code: u8) -> String {
    match (Reason::from_code(code), code) {
        (Some(reason), _) => reason.name().to_owned(),
        (None, 8) => "removeFromCRL".into(),
        (None, _) => format!("reason {code}"),
    }
}

fn members(reader: Reader<'_>) -> impl Iterator<Item = Element<'_>> {
    let mut reader = reader;
    std::iter::from_fn(move || reader.next())
}

fn list(octets: &[u8]) -> Option<impl Iterator<Item = Element<'_>>> {
    Some(members(der::whole(octets, tag::SEQUENCE)?.inside()))
}

fn names(octets: &[u8]) -> Option<Vec<String>> {
    Some(list(octets)?.map(|name| GeneralName::from_der(name.raw).to_string()).collect())
}

fn oid_of(element: Element<'_>) -> Option<Oid> {
    (element.tag == tag::OID).then(|| Oid::from_content(element.content))
}

fn mappings(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|pair| {
            let mut pair = pair.inside();
            Some(format!("{} is the subject's {}", oid_of(pair.next()?)?, oid_of(pair.next()?)?))
        })
        .collect()
}

fn policy_constraints(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|field| {
            let skip = text::number(field.content);
            match field.tag {
                0x80 => Some(format!("an explicit policy is required after {skip} certificates")),
                0x81 => Some(format!("policy mapping is inhibited after {skip} certificates")),
                _ => None,
            }
        })
        .collect()
}

/// RFC 7633: numbers of TLS extensions.
fn features(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|feature| match (feature.tag, feature.content) {
            (tag::INTEGER, [5]) => Some("status_request (OCSP must-staple)".into()),
            (tag::INTEGER, [17]) => Some("status_request_v2 (OCSP must-staple, all certificates)".into()),
            (tag::INTEGER, other) => Some(format!("TLS extension {}", text::number(other))),
            _ => None,
        })
        .collect()
}

/// RFC 6962 3.3: an OCTET STRING with a list of vectors, each with its length in two octets.
fn timestamps(octets: &[u8]) -> Option<Vec<String>> {
    let vector = |bytes: &[u8]| {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (vector, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        Some((vector.to_vec(), rest.to_vec()))
    };
    let (mut rest, _) = vector(der::whole(octets, tag::OCTET_STRING)?.content)?;
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (timestamp, after) = vector(&rest)?;
        rest = after;
        let (version, fields) = timestamp.split_first()?;
        let (log, fields) = fields.split_at_checked(32)?;
        let (milliseconds, _) = fields.split_first_chunk::<8>()?;
        let milliseconds = i64::try_from(u64::from_be_bytes(*milliseconds)).ok()?;
        let time = OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))?;
        let log = STANDARD.encode(log);
        lines.push(format!("v{} log {log} at {}", u16::from(*version) + 1, format_time(time)));
    }
    Some(lines)
}

const NETSCAPE: [&str; 8] = [
    "SSL client",
    "SSL server",
    "S/MIME",
    "object signing",
    "reserved",
    "SSL CA",
    "S/MIME CA",
    "object signing CA",
];

/// The set bits of a BIT STRING, by name.
fn bits(octets: &[u8], known: &[&str]) -> Option<Vec<String>> {
    Some(named_bits(der::whole(octets, tag::BIT_STRING)?.content, known))
}

fn named_bits(content: &[u8], known: &[&str]) -> Vec<String> {
    let octets = content.get(1..).unwrap_or_default();
    let set = |bit: &usize| octets.get(bit / 8).is_some_and(|octet| octet >> (7 - bit % 8) & 1 == 1);
    (0..octets.len() * 8)
        .filter(set)
        .map(|bit| known.get(bit).map_or_else(|| format!("bit {bit}"), ToString::to_string))
        .collect()
}

/// RFC 5280 4.2.1.13, ReasonFlags.
const REASONS: [&str; 9] = [
    "unused",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
];

fn usage_period(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|field| {
            let time = read_any_time(field.as_tagged(tag::GENERALIZED_TIME))?;
            let word = if field.tag == 0x80 { "from" } else { "until" };
            Some(format!("{word} {}", format_time(time)))
        })
        .collect()
}

/// What a DistributionPointName says.
fn point_name(name: Element<'_>) -> Vec<String> {
    let inside = || members(name.inside());
    match name.tag {
        0xa0 => inside().map(|name| GeneralName::from_der(name.raw).to_string()).collect(),
        0xa1 => inside()
            .map(|pair| format!("relative to the issuer: {}", text::line(pair.raw).unwrap_or_default()))
            .collect(),
        _ => Vec::new(),
    }
}

/// RFC 5280 4.2.1.13: each point in a line.
pub(super) fn distribution_points(octets: &[u8]) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for point in list(octets)? {
        let (mut places, mut rest) = (Vec::new(), Vec::new());
        for field in members(point.inside()) {
            match field.tag {
                0xa0 => places.extend(members(field.inside()).flat_map(point_name)),
                0x81 => rest.push(format!("for {}", named_bits(field.content, &REASONS).join(", "))),
                0xa2 => {
                    let names =
                        members(field.inside()).map(|name| GeneralName::from_der(name.raw).to_string());
                    rest.push(format!("issued by {}", names.collect::<Vec<_>>().join(", ")));
                }
                _ => return None,
            }
        }
        let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join("; ")) };
        match places.is_empty() {
            true => lines.push(rest.trim_start().to_owned()),
            false => lines.extend(places.iter().map(|place| format!("{place}{rest}"))),
        }
    }
    Some(lines)
}

fn accesses(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|access| {
            let mut fields = access.inside();
            let method = oid_of(fields.next()?)?;
            Some(format!("{} {}", method.name(), GeneralName::from_der(fields.next()?.raw)))
        })
        .collect()
}

/// RFC 5280 5.2.5.
fn issuing_point(octets: &[u8]) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for field in list(octets)? {
        let set = field.content != [0];
        match field.tag {
            0xa0 => lines.extend(members(field.inside()).flat_map(point_name)),
            0x81 if set => lines.push("only end-entity certificates".into()),
            0x82 if set => lines.push("only CA certificates".into()),
            0x83 => {
                lines.push(format!("only revocations for {}", named_bits(field.content, &REASONS).join(", ")))
            }
            0x84 if set => lines.push("indirect: certificates of other CAs too".into()),
            0x85 if set => lines.push("only attribute certificates".into()),
            0x81 | 0x82 | 0x84 | 0x85 => {}
            _ => return None,
        }
    }
    Some(lines)
}

/// RFC 5280 4.2.1.4: each policy in a line, with its qualifiers.
pub(super) fn policies(octets: &[u8]) -> Option<Vec<String>> {
    list(octets)?
        .map(|policy| {
            let mut fields = policy.inside();
            let mut line = policy_name(&oid_of(fields.next()?)?);
            for qualifier in fields.next().iter().flat_map(|list| members(list.inside())) {
                let mut fields = qualifier.inside();
                let kind = oid_of(fields.next()?)?;
                let value = fields.next()?;
                line.push_str(", ");
                match kind.content() {
                    oid::CPS => {
                        let uri = text::read(value.tag, value.content)?;
                        line.push_str(&format!("CPS {}", escape(&uri)));
                    }
                    oid::USER_NOTICE => {
                        let parts = members(value.inside()).filter_map(|part| match part.tag {
                            tag::SEQUENCE => notice_reference(&part),
                            kind => {
                                text::read(kind, part.content).map(|text| format!("\"{}\"", escape(&text)))
                            }
                        });
                        line.push_str(&format!("notice {}", parts.collect::<Vec<_>>().join(" ")));
                    }
                    _ => line.push_str(&format!("{} {}", kind, text::line(value.raw)?)),
                }
            }
            Some(line)
        })
        .collect()
}

/// Whose notice it is, and which of theirs.
fn notice_reference(reference: &Element<'_>) -> Option<String> {
    let mut fields = reference.inside();
    let organization = fields.next()?;
    let organization = text::read(organization.tag, organization.content)?;
    let numbers: Vec<String> =
        members(fields.next()?.inside()).map(|number| text::number(number.content)).collect();
    Some(format!("{} of \"{}\"", numbers.join(", "), escape(&organization)))
}

fn policy_name(policy: &Oid) -> String {
    match policy.to_string().as_str() {
        "2.5.29.32.0" => "anyPolicy".into(),
        "2.23.140.1.1" => "2.23.140.1.1 (extended validation)".into(),
        "2.23.140.1.2.1" => "2.23.140.1.2.1 (domain validated)".into(),
        "2.23.140.1.2.2" => "2.23.140.1.2.2 (organization validated)".into(),
        "2.23.140.1.2.3" => "2.23.140.1.2.3 (individual validated)".into(),
        other => other.to_owned(),
    }
}

/// What authorityKeyIdentifier says beside the key identifier.
fn authority(octets: &[u8]) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for field in list(octets)? {
        match field.tag {
            0xa1 => {
                let names = members(field.inside()).map(|name| GeneralName::from_der(name.raw).to_string());
                lines.push(format!("issuer {}", names.collect::<Vec<_>>().join(", ")));
            }
            0x82 => lines.push(format!("serial {}", crate::fingerprint::hex(field.content))),
            _ => {}
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(dotted: &str, octets: &[u8]) -> String {
        let kind: Oid = dotted.parse().unwrap();
        meaning(kind.content(), octets).map_or_else(|| "none".into(), |lines| lines.join("; "))
    }

    #[test]
    fn extensions_say_what_they_mean() {
        for (kind, octets, text) in [
            ("1.3.6.1.5.5.7.1.24", &[0x30, 3, 2, 1, 5][..], "status_request (OCSP must-staple)"),
            (
                "2.5.29.36",
                &[0x30, 6, 0x80, 1, 0, 0x81, 1, 2],
                "an explicit policy is required after 0 certificates; policy mapping is inhibited after 2 certificates",
            ),
            ("2.16.840.1.113730.1.1", &[3, 2, 6, 0xc0], "SSL client; SSL server"),
            ("2.5.29.21", &[10, 1, 1], "keyCompromise"),
            ("2.5.29.21", &[10, 1, 8], "removeFromCRL"),
            ("2.5.29.28", &[0x30, 3, 0x82, 1, 0xff], "only CA certificates"),
            ("2.5.29.31", &[0x30, 12, 0x30, 10, 0xa0, 5, 0xa0, 3, 0x86, 1, 0x61, 0x81, 1, 0], "URI:a (for )"),
            ("2.5.29.20", &[2, 1, 7], "7"),
            ("2.5.29.33", &[0x30, 10, 0x30, 8, 6, 2, 0x2a, 3, 6, 2, 0x2a, 4], "1.2.3 is the subject's 1.2.4"),
            (
                "2.5.29.32",
                b"\x30\x29\x30\x27\x06\x02\x2a\x03\x30\x21\x30\x1f\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x02\x30\x13\x30\x0d\x0c\x03Org\x30\x06\x02\x01\x01\x02\x01\x02\x0c\x02hi",
                "1.2.3, notice 1, 2 of \"Org\" \"hi\"",
            ),
            ("1.2.3.4", &[0x0c, 2, 0x68, 0x69], "\"hi\""),
            ("1.2.3.4", &[0xff], "none"),
            ("2.5.29.36", &[5, 0], "none"),
        ] {
            assert_eq!(told(kind, octets), text, "{kind}");
        }
        let mut timestamp = vec![0, 43, 0, 41, 0];
        timestamp.extend([0; 32]);
        timestamp.extend(1_000_000_000_000u64.to_be_bytes());
        let list = [&[4, 45][..], &timestamp].concat();
        assert_eq!(
            told("1.3.6.1.4.1.11129.2.4.2", &list),
            format!("v1 log {}= at 2001-09-09 01:46:40 UTC", "A".repeat(43))
        );
    }
}
