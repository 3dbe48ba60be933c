//! DER (X.690 clauses 10 and 11): each value has one encoding, because signatures and hashes are over octets.

use super::{Found, view};
use crate::der::{Element, Reader, tag};

super::rule::rules! {
    MALFORMED "structure-malformed" Error "RFC 5280 4.1, 5.1; RFC 2986 4"
        "A certificate, CRL or request has the fields that its ASN.1 definition gives it, in their order."
        "What lacks a field, or has one in the wrong place, is refused by every strict reader, and read in different ways by the others."
        "Have it made anew, with software that encodes it rightly.";
    TRAILING_DATA "trailing-data" Error "RFC 5280 4.1.1"
        "Nothing follows the end of the outer SEQUENCE."
        "Readers differ: some refuse the file, some pass over what follows, so that two of them see different things."
        "Cut off what follows, and find out how it got there.";
    LENGTH "der-length-not-minimal" Error "X.690 10.1"
        "Lengths are definite and as short as they can be."
        "In DER there is one encoding of each value. Strict readers (Go, rustls) refuse any other."
        "Have it encoded anew as DER and signed anew: the signature is over the octets.";
    BOOLEAN "der-boolean-invalid" Error "X.690 11.1"
        "A BOOLEAN is one octet, 00 for FALSE or FF for TRUE."
        "Strict readers refuse other octets, lenient ones take them for TRUE."
        "Have it encoded anew as DER and signed anew.";
    INTEGER "der-integer-not-minimal" Error "X.690 8.3.2"
        "An INTEGER has at least one octet, and no more than it needs."
        "A serial number that can be written in two ways is found in a CRL by one reader and missed by another."
        "Have it encoded anew as DER and signed anew.";
    BIT_STRING "der-bit-string-invalid" Error "X.690 8.6.2, 11.2.1"
        "A BIT STRING says how many bits of its last octet are unused, at most seven, and those are zero."
        "Unused bits that are set are an encoding that DER does not have."
        "Have it encoded anew as DER and signed anew.";
    DEFAULT "der-default-encoded" Error "X.690 11.5"
        "A field that has its default value is left out: critical FALSE, cA FALSE, version v1."
        "In DER a default is never written. Some readers refuse it, and hashes of the same content differ."
        "Have it encoded anew as DER and signed anew.";
    SET_ORDER "der-set-not-sorted" Error "X.690 11.6"
        "The members of a SET OF are in ascending order of their encodings."
        "Names with several attributes in one RDN compare unequal, or are refused by strict readers."
        "Have it encoded anew as DER and signed anew.";
    NULL "der-null-not-empty" Error "X.690 8.8"
        "A NULL has no content."
        "Any other encoding is refused."
        "Have it encoded anew as DER and signed anew.";
    OID "der-oid-invalid" Error "X.690 8.19"
        "An OBJECT IDENTIFIER has at least one octet, and its components are as short as they can be."
        "An identifier that can be written in two ways is known to one reader and unknown to another."
        "Have it encoded anew as DER and signed anew.";
    STRING "string-not-of-its-type" Error "X.680 41.4, X.690 8.23"
        "A string holds the characters of its type and no others: PrintableString letters, digits, space and '()+,-./:=?, IA5String ASCII, UTF8String UTF-8."
        "A name with other characters (`@`, `*`, `_` and `&` are not in PrintableString) is refused, or compared wrongly."
        "Have the name encoded as UTF8String, or leave the characters out.";
}

/// How deep is looked.
const DEEPEST: usize = 24;

/// Judges every element of a structure that begins the bytes.
pub(super) fn check(der: &[u8], found: &mut Found<'_>) {
    let mut reader = Reader::lenient(der);
    match reader.next() {
        Some(element) => {
            walk(element, 0, found);
            if !reader.is_empty() {
                found.add(&TRAILING_DATA, format!("{} octets follow its end", reader.rest().len()));
            }
        }
        None => {
            let fact = match der.get(1) {
                Some(0x80) => "its length is indefinite, which is BER and not DER",
                _ => "its length does not fit its content: it is cut off, or no ASN.1",
            };
            found.add(&MALFORMED, fact);
        }
    }
}

/// What a reader of the structure missed.
pub(super) fn missing(part: view::Missing, found: &mut Found<'_>) {
    found.add(&MALFORMED, format!("{part} cannot be read"));
}

/// Judges the value of an extension.
pub(super) fn value(name: &str, value: &[u8], found: &mut Found<'_>) {
    let mut reader = Reader::lenient(value);
    if let Some(element) = reader.next() {
        walk(element, 0, found);
        if !reader.is_empty() {
            found.add(&TRAILING_DATA, format!("in {name}, {} octets follow its value", reader.rest().len()));
        }
    }
}

/// A BOOLEAN with the value FALSE, which is the default wherever certificates have one.
pub(super) fn default_false(what: &str, boolean: Option<Element<'_>>, found: &mut Found<'_>) {
    if boolean.is_some_and(|boolean| boolean.content == [0]) {
        found.add(&DEFAULT, format!("{what} is written out as FALSE"));
    }
}

/// An INTEGER of 0 where that is the default.
pub(super) fn default_zero(what: &str, found: &mut Found<'_>) {
    found.add(&DEFAULT, format!("{what} is written out as 0"));
}

/// Version 1, which is the default.
pub(super) fn default_version(version: Option<&[u8]>, found: &mut Found<'_>) {
    if version == Some(&[0]) {
        found.add(&DEFAULT, "version is written out as v1");
    }
}

fn walk(element: Element<'_>, depth: usize, found: &mut Found<'_>) {
    let content = element.content;
    let head = element.raw.len() - content.len();
    let needed = match content.len() {
        0..0x80 => 2,
        0x80..0x100 => 3,
        0x100..0x1_0000 => 4,
        0x1_0000..0x100_0000 => 5,
        _ => 6,
    };
    if head > needed {
        found.add(
            &LENGTH,
            format!("a length of {} is written in {} octets, not {}", content.len(), head - 1, needed - 1),
        );
    }
    match element.tag {
        tag::BOOLEAN if !matches!(content, [0 | 0xff]) => {
            found.add(&BOOLEAN, format!("a BOOLEAN is {}", crate::fingerprint::hex(short(content))));
        }
        tag::INTEGER | tag::ENUMERATED => match content {
            [] => found.add(&INTEGER, "an INTEGER is empty"),
            [0, next, ..] if *next < 0x80 => found.add(&INTEGER, "an INTEGER begins with a 00 too many"),
            [0xff, next, ..] if *next >= 0x80 => found.add(&INTEGER, "an INTEGER begins with an FF too many"),
            _ => {}
        },
        tag::BIT_STRING => match content {
            [] => found.add(&BIT_STRING, "a BIT STRING is empty, without its count of unused bits"),
            [unused, ..] if *unused > 7 => {
                found.add(&BIT_STRING, format!("a BIT STRING says that {unused} bits are unused"));
            }
            [unused] if *unused > 0 => {
                found.add(&BIT_STRING, format!("a BIT STRING of no bits has {unused} unused ones"));
            }
            [unused, .., last] if last & ((1 << unused) - 1) != 0 => {
                found.add(&BIT_STRING, "unused bits of a BIT STRING are set");
            }
            _ => {}
        },
        5 if !content.is_empty() => found.add(&NULL, format!("a NULL has {} octets", content.len())),
        tag::OID => {
            let padded = |octets: &[u8]| matches!(octets, [before, 0x80] if *before < 0x80);
            let open = content.last().is_none_or(|last| last & 0x80 != 0);
            if open || content.first() == Some(&0x80) || content.windows(2).any(padded) {
                found.add(&OID, format!("an OID is {}", crate::fingerprint::hex(short(content))));
            }
        }
        tag::UTF8 if std::str::from_utf8(content).is_err() => {
            found.add(&STRING, "a UTF8String is no UTF-8");
        }
        tag::PRINTABLE => {
            let fits = |octet: &u8| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(octet);
            if let Some(odd) = content.iter().find(|octet| !fits(octet)) {
                let text = String::from_utf8_lossy(content);
                found.add(&STRING, format!("PrintableString `{text}` holds `{}`", char::from(*odd)));
            }
        }
        tag::IA5 | 0x1a if !content.is_ascii() => {
            let text = String::from_utf8_lossy(content);
            found.add(&STRING, format!("IA5String `{text}` holds more than ASCII"));
        }
        tag::NUMERIC if !content.iter().all(|octet| octet.is_ascii_digit() || *octet == b' ') => {
            found.add(&STRING, "a NumericString holds more than digits");
        }
        tag::BMP | tag::UNIVERSAL if view::text(&element).is_none() => {
            found.add(&STRING, "a BMPString or UniversalString holds what is no character");
        }
        _ => {}
    }
    if element.tag & 0x20 == 0 || depth >= DEEPEST {
        return;
    }
    let mut inside = element.inside();
    let mut last: Option<&[u8]> = None;
    while !inside.is_empty() {
        let Some(member) = inside.next() else {
            found.add(&MALFORMED, format!("an element of tag {:02x} holds no whole elements", element.tag));
            return;
        };
        if element.tag == tag::SET && last.is_some_and(|last| last > member.raw) {
            found.add(&SET_ORDER, "the members of a SET are not in order");
        }
        last = Some(member.raw);
        walk(member, depth + 1, found);
    }
}

fn short(content: &[u8]) -> &[u8] {
    content.get(..16).unwrap_or(content)
}
