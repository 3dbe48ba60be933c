//! Distinguished names: issuer and subject (RFC 5280 4.1.2.4, 4.1.2.6, appendix A.1).

use super::{Found, view};
use crate::{
    der::{Element, tag},
    oid::{self, Oid},
};

super::rule::rules! {
    UNREADABLE "name-unreadable" Error "RFC 5280 4.1.2.4"
        "A distinguished name is a SEQUENCE of SETs of type and value."
        "Nothing that needs the name can be done: no path is found, no subject shown."
        "Have it made anew.";
    ISSUER_EMPTY "issuer-empty" Error "RFC 5280 4.1.2.4, 5.1.2.3"
        "The issuer has a name."
        "Paths are built by the issuer's name."
        "Give the CA a subject, and let it sign anew.";
    CA_SUBJECT_EMPTY "ca-subject-empty" Error "RFC 5280 4.1.2.6"
        "A CA has a subject."
        "Nothing that it signs can name its issuer."
        "Have the CA's certificate made anew with a subject.";
    RDN_EMPTY "name-rdn-empty" Error "RFC 5280 appendix A.1 (SET SIZE (1..MAX))"
        "Each RDN of a name has at least one attribute."
        "Readers refuse empty ones."
        "Have it made anew.";
    RDN_SEVERAL "name-rdn-multiple-attributes" Info "X.501 9.3"
        "Each RDN has one attribute."
        "Several in one are allowed, and some software compares or shows them wrongly."
        "Give each attribute an RDN of its own.";
    VALUE_EMPTY "name-attribute-empty" Error "RFC 5280 appendix A.1 (SIZE (1..MAX))"
        "The attributes of a name have a value."
        "An empty one breaks the definition of nearly every attribute."
        "Leave the attribute out.";
    VALUE_LONG "name-attribute-too-long" Error "RFC 5280 appendix A.1"
        "Attributes are at most as long as their upper bound: commonName, organizationName, organizationalUnitName and serialNumber 64 characters, localityName and stateOrProvinceName 128, countryName 2, name, surname and givenName 32768, emailAddress 255."
        "OpenSSL and others refuse to make or read longer ones."
        "Shorten it; a host name that does not fit commonName belongs into subjectAltName alone.";
    VALUE_LONG_PRACTICE "name-attribute-unusually-long" Warn "X.520 (upper bounds before 2008)"
        "surname, givenName and the like have at most 64 characters; postalCode 40; streetAddress 128."
        "Software that is older than RFC 5280's greater bounds cuts longer ones off, or refuses them."
        "Shorten it.";
    STRING_KIND "name-string-type-deprecated" Warn "RFC 5280 4.1.2.4, 4.1.2.6"
        "Attributes are PrintableString or UTF8String; TeletexString, BMPString and UniversalString are for names that were used before 2004."
        "Readers decode TeletexString in different ways, and compare such names octet by octet, so that a chain breaks where the other side writes UTF8String."
        "Have it made anew with UTF8String.";
    STRING_WRONG "name-string-type-wrong" Error "RFC 5280 appendix A.1"
        "countryName, serialNumber and dnQualifier are PrintableString; emailAddress and domainComponent IA5String; other attributes are a DirectoryString."
        "The definition allows no other type, and strict readers refuse it."
        "Have it made anew with the right type.";
    COUNTRY "country-not-two-letters" Error "RFC 5280 appendix A.1, X.520 6.3.1 (ISO 3166)"
        "countryName is a code of two letters."
        "Names such as `USA` or `Germany` break the definition, and some software refuses them."
        "Write the two-letter code in capitals: US, DE.";
    COUNTRY_CASE "country-not-upper-case" Warn "ISO 3166-1"
        "countryName is written in capitals."
        "Names are mostly compared without regard to case, but not by everything."
        "Write it in capitals.";
    CONTROL "name-control-characters" Warn "RFC 5280 4.1.2.4, X.520"
        "Names hold no control characters."
        "They act on terminals and logs, and hide what a name says; a NUL cuts it off in software written in C."
        "Have it made anew without them.";
    WHITESPACE "name-surrounding-whitespace" Warn "RFC 5280 7.1, RFC 4518 2.6"
        "Attributes do not begin or end with a blank."
        "By the standard such blanks do not count in comparing; software that compares octets finds no issuer."
        "Have it made anew without them.";
    ENTITY "name-html-entity" Warn "practice"
        "Attributes hold characters, not HTML for characters."
        "`&amp;` in a name comes from a form that escaped it once too often."
        "Write the character itself.";
    MIXUP "name-encoded-twice" Warn "practice"
        "Text is encoded as UTF-8 once."
        "`Ã¼` is `ü` that was read as Latin-1 and encoded again."
        "Have it made anew from the right text.";
    PLACEHOLDER "name-attribute-without-content" Warn "CA/Browser Forum BR 7.1.4.2.2"
        "Attributes say something: not `-`, `.`, `N/A` or a blank alone."
        "Openssl's questions are answered so by people who meant to leave it out."
        "Leave the attribute out.";
    REPEATED "name-attribute-repeated" Info "RFC 5280 4.1.2.4, X.501"
        "Attributes other than OU, DC and street address are there once."
        "Software looks at the first or at the last; two common names are read in two ways."
        "Leave all but one out.";
    EMAIL "subject-email-not-in-san" Error "RFC 5280 4.1.2.6"
        "An e-mail address stands in subjectAltName; in the subject it is a legacy beside that."
        "Mail programs match the alternative name; name constraints are judged for it."
        "Put the address into subjectAltName (--san user@example.com), and leave it out of the subject.";
}

/// Longest values, in characters: those of the standard, then those of practice.
fn bounds(kind: &[u8]) -> (Option<usize>, Option<usize>) {
    match kind {
        oid::COMMON_NAME | oid::ORGANIZATION | oid::ORGANIZATIONAL_UNIT | oid::SERIAL_NUMBER | oid::TITLE => {
            (Some(64), None)
        }
        oid::LOCALITY | oid::STATE => (Some(128), None),
        oid::EMAIL_ADDRESS => (Some(255), None),
        oid::SURNAME | oid::GIVEN_NAME => (Some(32_768), Some(64)),
        oid::POSTAL_CODE => (None, Some(40)),
        oid::STREET => (None, Some(128)),
        [0x55, 4, 65] => (Some(128), None),
        _ => (None, None),
    }
}

/// Issuer and subject of a certificate.
pub(super) fn check(certificate: &view::Certificate<'_>, found: &mut Found<'_>) {
    name("issuer", certificate.issuer, found);
    if certificate.issuer.content.is_empty() {
        found.add(&ISSUER_EMPTY, "its issuer is empty");
    }
    subject(certificate.subject, certificate.all(), found);
    if certificate.subject.content.is_empty() && certificate.is_ca() {
        found.add(&CA_SUBJECT_EMPTY, "it is a CA, and its subject is empty");
    }
}

/// The issuer of a list.
pub(super) fn list_issuer(issuer: Element<'_>, found: &mut Found<'_>) {
    name("issuer", issuer, found);
    if issuer.content.is_empty() {
        found.add(&ISSUER_EMPTY, "its issuer is empty");
    }
}

/// A subject, and its e-mail addresses, which belong among the alternative names.
pub(super) fn subject(subject: Element<'_>, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    name("subject", subject, found);
    let names = view::names(extensions, oid::SUBJECT_ALT_NAME);
    for address in view::attributes(subject).iter().filter(|attribute| attribute.oid == oid::EMAIL_ADDRESS) {
        let stated =
            |name: &Element<'_>| name.tag == 0x81 && name.content.eq_ignore_ascii_case(address.value.content);
        if !names.iter().any(stated) {
            let address = String::from_utf8_lossy(address.value.content);
            found.add(&EMAIL, format!("{address} is in the subject, and not in subjectAltName"));
        }
    }
}

fn name(whose: &str, element: Element<'_>, found: &mut Found<'_>) {
    let Some(rdns) = view::rdns(element) else {
        found.add(&UNREADABLE, format!("its {whose} is no distinguished name"));
        return;
    };
    for rdn in &rdns {
        match rdn.len() {
            0 => found.add(&RDN_EMPTY, format!("its {whose} has an RDN without attributes")),
            1 => {}
            several => found.add(&RDN_SEVERAL, format!("its {whose} has an RDN of {several} attributes")),
        }
    }
    let all: Vec<_> = rdns.into_iter().flatten().collect();
    all.iter().for_each(|attribute| attribute_value(whose, attribute, found));
    let plural = [oid::ORGANIZATIONAL_UNIT, oid::DOMAIN_COMPONENT, oid::STREET];
    let single = all.iter().map(|attribute| attribute.oid).filter(|kind| !plural.contains(kind));
    for kind in view::repeated(single) {
        let kind = Oid::from_content(kind).name();
        found.add(&REPEATED, format!("{kind} is in the {whose} more than once"));
    }
}

fn attribute_value(whose: &str, attribute: &view::Attribute<'_>, found: &mut Found<'_>) {
    let kind = Oid::from_content(attribute.oid).name();
    let element = attribute.value;
    string_type(whose, &kind, attribute, found);
    let Some(text) = view::text(&element) else { return };
    if text.is_empty() {
        found.add(&VALUE_EMPTY, format!("{kind} in the {whose} is empty"));
        return;
    }
    let length = text.chars().count();
    let (most, usual) = bounds(attribute.oid);
    if let Some(most) = most.filter(|most| length > *most) {
        found.add(
            &VALUE_LONG,
            format!("{kind} in the {whose} has {length} characters, and at most {most} are allowed"),
        );
    } else if usual.is_some_and(|usual| length > usual) {
        found.add(&VALUE_LONG_PRACTICE, format!("{kind} in the {whose} has {length} characters"));
    }
    if attribute.oid == oid::COUNTRY {
        if text.len() != 2 || !text.bytes().all(|octet| octet.is_ascii_alphabetic()) {
            found.add(&COUNTRY, format!("C in the {whose} is `{text}`"));
        } else if text.bytes().any(|octet| octet.is_ascii_lowercase()) {
            found.add(&COUNTRY_CASE, format!("C in the {whose} is `{text}`"));
        }
    }
    if let Some(control) = text.chars().find(|character| character.is_control()) {
        found.add(&CONTROL, format!("{kind} in the {whose} holds U+{:04X}", u32::from(control)));
    }
    if text.trim().len() != text.len() && !text.trim().is_empty() {
        found.add(&WHITESPACE, format!("{kind} in the {whose} is `{text}`"));
    }
    if is_html_entity(&text) {
        found.add(&ENTITY, format!("{kind} in the {whose} is `{text}`"));
    }
    let (mut before, mut mixed) = ('\0', false);
    for character in text.chars() {
        mixed |= matches!(before, 'Â' | 'Ã') && matches!(character, '\u{80}'..='\u{bf}');
        before = character;
    }
    if mixed {
        found.add(&MIXUP, format!("{kind} in the {whose} is `{text}`"));
    }
    let says_something = text.chars().any(char::is_alphanumeric);
    let none = ["n/a", "na", "none", "null", "unknown", "not applicable"];
    if !says_something || none.contains(&text.to_lowercase().as_str()) {
        found.add(&PLACEHOLDER, format!("{kind} in the {whose} is `{text}`"));
    }
}

/// Whether there is `&` with a name or number and `;`.
fn is_html_entity(text: &str) -> bool {
    text.split('&').skip(1).any(|rest| {
        rest.split_once(';').is_some_and(|(name, _)| {
            let name = name.strip_prefix('#').unwrap_or(name);
            (2..=8).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_alphanumeric())
        })
    })
}

fn string_type(whose: &str, kind: &str, attribute: &view::Attribute<'_>, found: &mut Found<'_>) {
    let stated = match attribute.value.tag {
        tag::UTF8 => "UTF8String",
        tag::PRINTABLE => "PrintableString",
        tag::IA5 => "IA5String",
        tag::NUMERIC => "NumericString",
        tag::T61 => "TeletexString",
        tag::BMP => "BMPString",
        tag::UNIVERSAL => "UniversalString",
        0x1a => "VisibleString",
        _ => "no string",
    };
    let wanted: &[u8] = match attribute.oid {
        oid::COUNTRY | oid::SERIAL_NUMBER | oid::DN_QUALIFIER => &[tag::PRINTABLE],
        oid::EMAIL_ADDRESS | oid::DOMAIN_COMPONENT => &[tag::IA5],
        // jurisdictionCountryName, and locality and state of a jurisdiction.
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3] => &[tag::PRINTABLE],
        [0x55, 4, ..] | [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1 | 2] => {
            &[tag::PRINTABLE, tag::UTF8, tag::T61, tag::BMP, tag::UNIVERSAL]
        }
        _ => return,
    };
    // x500UniqueIdentifier and the like are no strings.
    if matches!(attribute.oid, [0x55, 4, 45 | 36 | 37 | 38 | 39 | 40 | 58 | 24 | 23 | 20]) {
        return;
    }
    if !wanted.contains(&attribute.value.tag) {
        found.add(&STRING_WRONG, format!("{kind} in the {whose} is {stated}"));
    } else if let tag::T61 | tag::BMP | tag::UNIVERSAL = attribute.value.tag {
        found.add(&STRING_KIND, format!("{kind} in the {whose} is {stated}"));
    }
}
