//! Extensions as such (RFC 5280 4.2): once each, critical or not, of the right form, and those that have to be there.

use super::{Found, encoding, view};
use crate::{
    der::{Element, tag},
    fingerprint::hex,
    oid,
};

super::rule::rules! {
    TWICE "extension-repeated" Error "RFC 5280 4.2, 5.2"
        "Each extension is there at most once."
        "One reader goes by the first, another by the last, a third refuses it."
        "Have it made anew with one of each.";
    MALFORMED "extension-malformed" Error "RFC 5280 4.2"
        "The value of an extension is as its definition has it."
        "Readers refuse the certificate, or pass over the extension."
        "Have it made anew.";
    EMPTY "extension-empty" Error "RFC 5280 4.2.1.4 to 4.2.2.2 (SIZE (1..MAX)), 5.2.5"
        "Lists in extensions have at least one member."
        "An empty one says nothing, and strict readers refuse it."
        "Leave the extension out.";
    CRITICAL_MUST "extension-must-be-critical" Error "RFC 5280 4.2.1.9, 4.2.1.10, 4.2.1.11, 4.2.1.14, 5.2.4, 5.2.5"
        "What limits a CA or a CRL is critical: basicConstraints of a CA, nameConstraints, policyConstraints, inhibitAnyPolicy, deltaCRLIndicator, issuingDistributionPoint, certificateIssuer."
        "A reader that does not know the extension must refuse the certificate, and not pass over the limit."
        "Have it made anew with the flag.";
    CRITICAL_SHOULD "extension-should-be-critical" Warn "RFC 5280 4.2.1.3, 4.2.1.5"
        "keyUsage and policyMappings are critical."
        "A reader that does not know the extension would use the key for what it is not for."
        "Have it made anew with the flag.";
    CRITICAL_MUST_NOT "extension-must-not-be-critical" Error "RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.8, 4.2.1.15, 4.2.2.1, 4.2.2.2, 5.2, 5.3"
        "What only helps is not critical: key identifiers, authorityInfoAccess, subjectInfoAccess, freshestCRL, subjectDirectoryAttributes, cRLNumber, reasonCode, invalidityDate."
        "Readers that do not know the extension refuse the certificate for nothing."
        "Have it made anew without the flag.";
    CRITICAL_SHOULD_NOT "extension-should-not-be-critical" Warn "RFC 5280 4.2.1.7, 4.2.1.13, RFC 7633 4, RFC 6960 4.2.2.2.1"
        "issuerAltName, cRLDistributionPoints, tlsfeature and ocspNoCheck are not critical."
        "Readers that do not know the extension refuse the certificate for nothing."
        "Have it made anew without the flag.";
    CRITICAL_UNKNOWN "critical-extension-unknown" Warn "RFC 5280 4.2"
        "Critical extensions are those that peers know."
        "Whoever does not know one must refuse the certificate."
        "Leave the flag out, unless that is what it is for.";
    POISON "precertificate" Error "RFC 6962 3.1"
        "A certificate for use has no CT poison."
        "It is a precertificate, made for a log alone; everybody must refuse it."
        "Use the certificate that was issued with it.";
    POISON_NOT_CRITICAL "precertificate-poison-invalid" Error "RFC 6962 3.1"
        "The CT poison is critical, its value NULL, and there are no timestamps beside it."
        "A precertificate that is not refused by everybody is a certificate; it cannot hold timestamps that are made of it."
        "Have it made anew.";
    SKI_MISSING_CA "ca-without-subject-key-id" Error "RFC 5280 4.2.1.2"
        "A CA has a subjectKeyIdentifier."
        "Paths are found by it where a CA has several certificates or keys."
        "Have it made anew with one.";
    SKI_MISSING "subject-key-id-missing" Info "RFC 5280 4.2.1.2"
        "Other certificates should have a subjectKeyIdentifier too."
        "It helps to find those with a certain key; TLS does not need it."
        "Nothing, or have it made with one.";
    AKI_MISSING "authority-key-id-missing" Error "RFC 5280 4.2.1.1"
        "Every certificate but a root's has an authorityKeyIdentifier with a keyIdentifier, and so has every CRL."
        "The issuer is found by it where there are several of its name, as after a rollover. Python 3.13 and others refuse the certificate."
        "Have it made anew with one.";
    AKI_PARTS "authority-key-id-incomplete" Error "RFC 5280 4.2.1.1, appendix A.2"
        "authorityCertIssuer and authorityCertSerialNumber are both there or neither is."
        "The one says nothing without the other."
        "Leave both out: keyIdentifier does.";
    AKI_SERIAL "authority-key-id-names-serial" Info "RFC 5280 4.2.1.1, CA/Browser Forum BR 7.1.2.11.1"
        "authorityKeyIdentifier holds the keyIdentifier alone."
        "Issuer and serial number tie it to one certificate of the CA: renewed or cross-signed, the CA is not found by some."
        "Leave both out.";
    AKI_SELF "root-key-ids-differ" Error "RFC 5280 4.2.1.1"
        "In a self-signed certificate authorityKeyIdentifier, where there is one, is the subjectKeyIdentifier."
        "Readers look for another CA, and find no path."
        "Have it made anew.";
    OBSOLETE "extension-obsolete" Info "practice"
        "Netscape's extensions are left out."
        "Nothing has gone by them for twenty years."
        "Leave them out.";
    NO_CHECK "ocsp-responder-without-nocheck" Info "RFC 6960 4.2.2.2.1"
        "A certificate with OCSPSigning has ocspNoCheck, or says where its own revocation is found."
        "Without either, a client asks the responder whether the responder is revoked."
        "Add ocspNoCheck to a short-lived certificate.";
}

/// What holds extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Certificate,
    Crl,
    Entry,
    Request,
}

/// Which flag an extension has to have.
enum Flag {
    Must,
    Should,
    MustNot,
    ShouldNot,
    Either,
}

/// What is known of an extension: its flag, and whether it is a list with at least one member.
fn known(extension: &view::Ext<'_>, all: &[view::Ext<'_>]) -> Option<(Flag, bool)> {
    Some(match extension.oid {
        oid::BASIC_CONSTRAINTS if view::basic_constraints(all).is_some_and(|(ca, _)| ca) => {
            (Flag::Must, false)
        }
        oid::BASIC_CONSTRAINTS => (Flag::Either, false),
        oid::NAME_CONSTRAINTS | oid::POLICY_CONSTRAINTS => (Flag::Must, true),
        oid::INHIBIT_ANY_POLICY | oid::DELTA_CRL_INDICATOR => (Flag::Must, false),
        oid::ISSUING_DISTRIBUTION_POINT | oid::CERTIFICATE_ISSUER => (Flag::Must, true),
        oid::KEY_USAGE => (Flag::Should, false),
        oid::POLICY_MAPPINGS => (Flag::Should, true),
        oid::SUBJECT_KEY_ID | oid::CRL_NUMBER | oid::CRL_REASON | oid::INVALIDITY_DATE => {
            (Flag::MustNot, false)
        }
        // Empty, it lacks the key identifier, which is told by itself.
        oid::AUTHORITY_KEY_ID => (Flag::MustNot, false),
        oid::SUBJECT_DIRECTORY_ATTRIBUTES
        | oid::FRESHEST_CRL
        | oid::AUTHORITY_INFO_ACCESS
        | oid::SUBJECT_INFO_ACCESS => (Flag::MustNot, true),
        oid::SCT_LIST => (Flag::MustNot, false),
        oid::ISSUER_ALT_NAME | oid::CRL_DISTRIBUTION_POINTS | oid::TLS_FEATURE => (Flag::ShouldNot, true),
        oid::OCSP_NO_CHECK => (Flag::ShouldNot, false),
        oid::SUBJECT_ALT_NAME | oid::CERTIFICATE_POLICIES | oid::EXTENDED_KEY_USAGE => (Flag::Either, true),
        oid::CT_POISON => (Flag::Either, false),
        _ => return None,
    })
}

/// Judges a list of extensions.
pub(super) fn check(extensions: &[view::Ext<'_>], holder: Holder, found: &mut Found<'_>) {
    for kind in view::repeated(extensions.iter().map(|extension| extension.oid)) {
        found.add(&TWICE, format!("{} is there more than once", oid::Oid::from_content(kind).name()));
    }
    for extension in extensions {
        let name = extension.name();
        encoding::default_false(&format!("critical of {name}"), extension.flag, found);
        encoding::value(&name, extension.value, found);
        let Some((flag, is_list)) = known(extension, extensions) else {
            if extension.critical {
                found.add(&CRITICAL_UNKNOWN, format!("{name} is critical"));
            }
            if extension.oid.starts_with(&[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1]) {
                found.add(&OBSOLETE, format!("it has {name}"));
            }
            continue;
        };
        match flag {
            Flag::Must if !extension.critical => found.add(&CRITICAL_MUST, format!("{name} is not critical")),
            Flag::Should if !extension.critical && holder != Holder::Request => {
                found.add(&CRITICAL_SHOULD, format!("{name} is not critical"));
            }
            Flag::MustNot if extension.critical => {
                found.add(&CRITICAL_MUST_NOT, format!("{name} is critical"))
            }
            Flag::ShouldNot if extension.critical => {
                found.add(&CRITICAL_SHOULD_NOT, format!("{name} is critical"));
            }
            _ => {}
        }
        if is_list && view::whole(extension.value, tag::SEQUENCE).is_some_and(|list| list.content.is_empty())
        {
            found.add(&EMPTY, format!("{name} is empty"));
        } else if !has_form(extension.oid, extension.value) {
            let fact = match extension.value {
                [] => format!("{name} has no value"),
                value => {
                    let shown = hex(value.get(..24).unwrap_or(value));
                    format!("{name} is {shown}{}", if value.len() > 24 { "…" } else { "" })
                }
            };
            found.add(&MALFORMED, fact);
        }
    }
}

/// Whether a value has the outline that the extension's definition gives it.
fn has_form(kind: &[u8], value: &[u8]) -> bool {
    let list = |each: fn(&Element<'_>) -> bool| {
        view::sequence(value).is_some_and(|members| members.iter().all(each))
    };
    let is_context = |element: &Element<'_>| element.tag & 0xc0 == 0x80;
    let of = |tag: u8| view::whole(value, tag).is_some();
    match kind {
        oid::SUBJECT_KEY_ID | oid::SCT_LIST => of(tag::OCTET_STRING),
        oid::KEY_USAGE => of(tag::BIT_STRING),
        oid::CRL_NUMBER | oid::DELTA_CRL_INDICATOR | oid::INHIBIT_ANY_POLICY => of(tag::INTEGER),
        oid::CRL_REASON => of(tag::ENUMERATED),
        oid::INVALIDITY_DATE => of(tag::GENERALIZED_TIME),
        oid::OCSP_NO_CHECK | oid::CT_POISON => value == [5, 0],
        oid::EXTENDED_KEY_USAGE => list(|member| member.tag == tag::OID),
        oid::TLS_FEATURE => list(|member| member.tag == tag::INTEGER),
        oid::SUBJECT_ALT_NAME
        | oid::ISSUER_ALT_NAME
        | oid::CERTIFICATE_ISSUER
        | oid::AUTHORITY_KEY_ID
        | oid::NAME_CONSTRAINTS
        | oid::POLICY_CONSTRAINTS
        | oid::ISSUING_DISTRIBUTION_POINT => {
            view::sequence(value).is_some_and(|all| all.iter().all(is_context))
        }
        oid::BASIC_CONSTRAINTS => view::sequence(value).is_some_and(|members| {
            let tags: Vec<u8> = members.iter().map(|member| member.tag).collect();
            matches!(tags.as_slice(), [] | [tag::BOOLEAN] | [tag::INTEGER] | [tag::BOOLEAN, tag::INTEGER])
        }),
        oid::POLICY_MAPPINGS => list(|pair| {
            view::all_members(*pair)
                .is_some_and(|parts| parts.len() == 2 && parts.iter().all(|part| part.tag == tag::OID))
        }),
        oid::AUTHORITY_INFO_ACCESS | oid::SUBJECT_INFO_ACCESS => list(|access| {
            view::all_members(*access).is_some_and(|parts| {
                matches!(parts.as_slice(), [method, place] if method.tag == tag::OID && place.tag & 0xc0 == 0x80)
            })
        }),
        oid::CERTIFICATE_POLICIES => list(|policy| {
            view::all_members(*policy).is_some_and(|parts| match parts.as_slice() {
                [kind] => kind.tag == tag::OID,
                [kind, qualifiers] => kind.tag == tag::OID && qualifiers.tag == tag::SEQUENCE,
                _ => false,
            })
        }),
        oid::CRL_DISTRIBUTION_POINTS | oid::FRESHEST_CRL => list(|point| {
            point.tag == tag::SEQUENCE
                && view::all_members(*point)
                    .is_some_and(|parts| parts.iter().all(|part| part.tag & 0xc0 == 0x80))
        }),
        oid::SUBJECT_DIRECTORY_ATTRIBUTES => list(|attribute| attribute.tag == tag::SEQUENCE),
        _ => true,
    }
}

/// Extensions that have to be there, and how the key identifiers go together.
pub(super) fn presence(certificate: &view::Certificate<'_>, is_self_signed: bool, found: &mut Found<'_>) {
    let all = certificate.all();
    if let Some(poison) = certificate.ext(oid::CT_POISON) {
        found.add(&POISON, "it has the CT poison");
        if !poison.critical || certificate.ext(oid::SCT_LIST).is_some() {
            found.add(&POISON_NOT_CRITICAL, "its CT poison is not critical, or comes with timestamps");
        }
    }
    if certificate.version != Some(&[2]) {
        return;
    }
    let subject = view::subject_key_id(all);
    if certificate.ext(oid::SUBJECT_KEY_ID).is_none() {
        let rule = if certificate.is_ca() { &SKI_MISSING_CA } else { &SKI_MISSING };
        found.add(rule, "it has no subjectKeyIdentifier");
    }
    let authority = view::authority_key_id(all);
    authority_key_id(all, found);
    match authority {
        None if !is_self_signed => {
            let fact = match certificate.ext(oid::AUTHORITY_KEY_ID) {
                None => "it has no authorityKeyIdentifier",
                Some(_) => "its authorityKeyIdentifier has no keyIdentifier",
            };
            found.add(&AKI_MISSING, fact);
        }
        None if certificate.ext(oid::AUTHORITY_KEY_ID).is_some_and(|id| id.value == [0x30, 0]) => {
            found.add(&AKI_MISSING, "its authorityKeyIdentifier is empty");
        }
        Some(authority) if is_self_signed && subject.is_some_and(|subject| subject != authority) => {
            let subject = subject.unwrap_or_default();
            found.add(
                &AKI_SELF,
                format!(
                    "it is self-signed, its subjectKeyIdentifier {} and its authorityKeyIdentifier {}",
                    hex(subject),
                    hex(authority)
                ),
            );
        }
        _ => {}
    }
    let usages = view::extended_key_usage(all).unwrap_or_default();
    let pointers = [oid::OCSP_NO_CHECK, oid::CRL_DISTRIBUTION_POINTS];
    if usages.contains(&oid::OCSP_SIGNING) && !pointers.iter().any(|kind| certificate.ext(kind).is_some()) {
        found.add(&NO_CHECK, "it has OCSPSigning, and neither ocspNoCheck nor cRLDistributionPoints");
    }
}

/// The parts of authorityKeyIdentifier.
pub(super) fn authority_key_id(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let Some(parts) =
        view::find(extensions, oid::AUTHORITY_KEY_ID).and_then(|extension| view::sequence(extension.value))
    else {
        return;
    };
    let has = |number: u8| parts.iter().any(|part| part.tag & 0x1f == number);
    if has(1) != has(2) {
        let (there, missing) = if has(1) { ("Issuer", "SerialNumber") } else { ("SerialNumber", "Issuer") };
        found.add(&AKI_PARTS, format!("authorityCert{there} is there, and authorityCert{missing} is not"));
    } else if has(1) {
        found.add(&AKI_SERIAL, "authorityKeyIdentifier names its issuer's issuer and serial number");
    }
}

/// A CRL needs the identifier of its key.
pub(super) fn list_key_id(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    authority_key_id(extensions, found);
    if view::authority_key_id(extensions).is_none() {
        found.add(&AKI_MISSING, "it has no authorityKeyIdentifier with a keyIdentifier");
    }
}
