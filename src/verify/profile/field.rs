//! The basic fields (RFC 5280 4.1).

use super::{Fault, name};
use crate::{
    cert::{Certificate, Raw},
    der::{Element, tag, whole},
    oid,
    verify::Rule,
};

pub(super) fn check(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    version(certificate, raw, faults);
    serial(raw, faults);
    validity(certificate, raw, faults);
    algorithm(raw, faults);
    if raw.signature.first() != Some(&0) {
        faults.push(Fault::new(Rule::Malformed, "its signature is no whole number of octets"));
    }
    names(certificate, raw, faults);
}

fn version(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let mut say = |fact: &str| faults.push(Fault::new(Rule::Version, fact));
    let version = certificate.version();
    if version < 3 && raw.extensions.is_some() {
        say(&format!("it is of version {version}, and has extensions, which only version 3 has"));
    }
    match (version, raw.has_unique_id) {
        (1, true) => say("it is of version 1, and has a unique identifier, which only later versions have"),
        (3, true) => say("it has a unique identifier, which the profile forbids (RFC 5280 4.1.2.8)"),
        _ => {}
    }
}

fn serial(raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let content = raw.serial.content;
    let fact = match content {
        [0x80..=0xff, ..] => "its serial number is negative".to_owned(),
        _ if content.iter().all(|&octet| octet == 0) => "its serial number is zero".to_owned(),
        _ if content.len() > 20 => format!("its serial number has {} octets; 20 are the most", content.len()),
        _ => return,
    };
    faults.push(Fault::below_anchor(Rule::SerialNumber, fact));
}

fn validity(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let mut say = |fact: String| faults.push(Fault::new(Rule::ValidityEncoding, fact));
    for (which, time) in [("notBefore", raw.not_before), ("notAfter", raw.not_after)] {
        if let Some(problem) = time_problem(time) {
            say(format!("its {which} {problem}"));
        }
    }
    let validity = certificate.validity();
    if validity.not_before > validity.not_after {
        say("its validity ends before it begins".into());
    }
}

/// RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on, with seconds, without fractions, in UTC.
fn time_problem(time: Element<'_>) -> Option<&'static str> {
    let digits = match time.tag {
        tag::UTC_TIME => 12,
        tag::GENERALIZED_TIME => 14,
        _ => return Some("is no time"),
    };
    let shape = match time.content.split_last() {
        Some((b'Z', rest)) => rest.len() == digits && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !shape {
        return Some("is not written with seconds and `Z`, as DER has it");
    }
    let early = time.tag == tag::GENERALIZED_TIME
        && time.content.get(..4).is_some_and(|year| year < b"2050".as_slice());
    early.then_some("is a GeneralizedTime before the year 2050")
}

/// RFC 3279 2.2, RFC 4055 5, RFC 5758 3, RFC 8410 3: which parameters an algorithm may have.
fn algorithm(raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let mut fields = raw.algorithm.inside();
    let Some(kind) = fields.expect(tag::OID) else {
        faults.push(Fault::new(Rule::Malformed, "its signature algorithm cannot be read"));
        return;
    };
    let parameters = fields.next();
    let fits = match kind.content {
        oid::RSA_SHA256 | oid::RSA_SHA384 | oid::RSA_SHA512 | oid::RSA_SHA1 | oid::RSA_MD5 => {
            parameters.is_none_or(|parameters| parameters.raw == [5, 0])
        }
        oid::ECDSA_SHA1 | oid::ECDSA_SHA256 | oid::ECDSA_SHA384 | oid::ECDSA_SHA512 => parameters.is_none(),
        oid::ED25519 | oid::ED448 => parameters.is_none(),
        _ => true,
    };
    if !fits || !fields.is_empty() {
        faults.push(Fault::new(
            Rule::Malformed,
            "its signature algorithm has parameters that it must not have",
        ));
    }
}

fn names(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    let empty = |name: Element<'_>| name.content.is_empty();
    let mut say = |fact: String| faults.push(Fault::new(Rule::NameEncoding, fact));
    if empty(raw.issuer) {
        say("it does not name its issuer".into());
    }
    if empty(raw.subject) {
        if certificate.is_ca() {
            say("it is a CA without a name".into());
        } else if !raw.extension(oid::SUBJECT_ALT_NAME).is_some_and(|names| names.critical) {
            say("it has no subject, and no critical subjectAltName instead".into());
        }
    }
    // The issuer's name is the subject of another certificate.
    if let Some(problem) = name::distinguished(raw.subject, certificate.is_ca()) {
        say(format!("its subject {problem}"));
    }
    if whole(raw.issuer.raw, tag::SEQUENCE).is_none() {
        say("its issuer cannot be read".into());
    }
}
