//! The fields around the names and the key: version, serial number, signature algorithm, unique identifiers.

use super::{Found, encoding, view};
use crate::{
    der::{Element, tag},
    fingerprint::hex,
    oid::{self, Oid},
};

super::rule::rules! {
    VERSION "version-invalid" Error "RFC 5280 4.1.2.1"
        "The version is 1, 2 or 3."
        "Other versions do not exist, and readers refuse them."
        "Have it made anew as version 3.";
    EXTENSIONS_VERSION "extensions-need-version-3" Error "RFC 5280 4.1.2.1, 4.1.2.9"
        "A certificate with extensions has version 3."
        "In version 1 and 2 there is no such field: readers refuse it, or pass over the extensions and with them over all limits."
        "Have it made anew as version 3.";
    EXTENSIONS_EMPTY "extensions-empty" Error "RFC 5280 4.1.2.9, 5.1.2.7"
        "Where the field is present, it holds at least one extension."
        "An empty list is an encoding that the definition excludes (SIZE (1..MAX))."
        "Have it made anew without the field.";
    VERSION_OLD "version-not-3" Warn "RFC 5280 4.1.2.1, 6.1.4 (k)"
        "What is used today has version 3."
        "Versions 1 and 2 have no extensions: no alternative names, which clients need, and no basicConstraints, without which nothing is a CA."
        "Have it made anew as version 3.";
    UNIQUE_ID "unique-identifier-present" Error "RFC 5280 4.1.2.8"
        "issuerUniqueID and subjectUniqueID are not used."
        "CAs must not make them, and hardly any reader looks at them."
        "Leave them out.";
    UNIQUE_ID_VERSION "unique-identifier-needs-version-2" Error "RFC 5280 4.1.2.8"
        "Unique identifiers are in certificates of version 2 or 3 alone."
        "Version 1 has no such fields, and readers refuse them."
        "Leave them out.";
    SERIAL_SIGN "serial-number-not-positive" Error "RFC 5280 4.1.2.2"
        "A serial number is greater than zero."
        "Readers take negative numbers for great positive ones, or refuse them; Go refuses certificates that have them."
        "Have it made anew with a positive serial number.";
    SERIAL_LONG "serial-number-too-long" Error "RFC 5280 4.1.2.2"
        "A serial number has at most 20 octets."
        "Readers need not take more, so CRLs and OCSP may not find it."
        "Have it made anew with a shorter serial number: 159 random bits fit.";
    SERIAL_SHORT "serial-number-predictable" Info "RFC 5280 10, CA/Browser Forum BR 7.1"
        "A serial number has at least 64 random bits."
        "Where the next number can be guessed, so can the octets to be signed, which forging a signature by collision needs."
        "Let the CA give random serial numbers; pkit's have 159 bits.";
    ALGORITHM_MISMATCH "signature-algorithm-mismatch" Error "RFC 5280 4.1.1.2, 4.1.2.3, 5.1.1.2"
        "The algorithm outside of the signed part is the same as inside, parameters included."
        "The outer one is not signed. Readers refuse it where the two differ."
        "Have it made anew: the signing software is broken, or the file was altered.";
    ALGORITHM_PARAMETERS "signature-parameters-invalid" Error "RFC 4055 5, RFC 5758 3.2, RFC 8410 3, RFC 3279 2.2"
        "RSA with PKCS#1 has the parameters NULL; ECDSA, Ed25519 and Ed448 have none."
        "Strict readers (Go, rustls) refuse any other, because the octets are a part of what is signed."
        "Have it made anew, with software that encodes the algorithm rightly.";
    ALGORITHM_PSS "signature-pss-parameters-unusual" Warn "RFC 4055 3.1, RFC 8446 4.2.3"
        "RSASSA-PSS uses one hash, SHA-256, -384 or -512, for the message and for MGF1, and a salt as long as that."
        "TLS knows no other form, and so do most libraries."
        "Sign with the usual parameters, or with PKCS#1 1.5.";
    ALGORITHM_WEAK "signature-algorithm-weak" Error "RFC 9155, RFC 6151, NIST SP 800-131A"
        "Nothing is signed with MD2, MD5 or SHA-1."
        "Whoever can find collisions makes a second certificate with the same signature. Peers refuse them."
        "Sign anew with SHA-256 or better.";
    ALGORITHM_WEAK_ROOT "root-signature-algorithm-weak" Info "RFC 9155"
        "A root's signature on itself uses no broken hash."
        "A root is trusted for being in the trust store, so its signature proves nothing and harms nothing; some scanners complain."
        "Nothing, or make a new root when its time comes.";
    SIGNATURE_BITS "signature-not-octets" Error "RFC 5280 4.1.1.3, RFC 3279 2.2"
        "A signature is a whole number of octets, and of ECDSA a SEQUENCE of two positive INTEGERs."
        "What has another form cannot be verified."
        "Have it signed anew.";
}

/// Version, serial number and unique identifiers of a certificate.
pub(super) fn check(certificate: &view::Certificate<'_>, found: &mut Found<'_>) {
    let number = certificate.version.map_or(Some(0), view::small);
    encoding::default_version(certificate.version, found);
    match number {
        Some(0..=2) => {}
        Some(other) => found.add(&VERSION, format!("its version is {}", other.saturating_add(1))),
        None => found.add(&VERSION, "its version is negative or absurd"),
    }
    match &certificate.extensions {
        Some(_) if number != Some(2) => {
            found.add(
                &EXTENSIONS_VERSION,
                format!("it has extensions, and version {}", number.unwrap_or(0) + 1),
            );
        }
        None if matches!(number, Some(0 | 1)) => {
            found.add(&VERSION_OLD, format!("it has version {}", number.unwrap_or(0) + 1));
        }
        _ => {}
    }
    if certificate.extensions.as_ref().is_some_and(Vec::is_empty) && certificate.oddity.is_none() {
        found.add(&EXTENSIONS_EMPTY, "its list of extensions is empty");
    }
    if certificate.unique_id {
        found.add(&UNIQUE_ID, "it has a unique identifier");
        if number == Some(0) {
            found.add(&UNIQUE_ID_VERSION, "it has a unique identifier, and version 1");
        }
    }
    serial(certificate.serial.content, "its serial number", found);
    if (1..8).contains(&certificate.serial.content.len()) {
        let bits = certificate.serial.content.len() * 8;
        found.add(
            &SERIAL_SHORT,
            format!("its serial number {} has no more than {bits} bits", hex(certificate.serial.content)),
        );
    }
}

/// The sign and length of a serial number.
pub(super) fn serial(content: &[u8], whose: &str, found: &mut Found<'_>) {
    let shown = hex(content.get(..24).unwrap_or(content));
    if content.first().is_some_and(|first| first & 0x80 != 0) {
        found.add(&SERIAL_SIGN, format!("{whose} {shown} is negative"));
    } else if content.iter().all(|&octet| octet == 0) {
        found.add(&SERIAL_SIGN, format!("{whose} is 0"));
    }
    if content.len() > 20 {
        found.add(&SERIAL_LONG, format!("{whose} has {} octets", content.len()));
    }
}

/// The algorithm inside and outside of the signed part, and the form of the signature.
pub(super) fn signature(
    signed: &view::Signed<'_>,
    inner: Option<Element<'_>>,
    is_root: bool,
    found: &mut Found<'_>,
) {
    let name = |algorithm: Element<'_>| {
        view::members(algorithm)
            .next()
            .map_or_else(|| "none".to_owned(), |kind| Oid::from_content(kind.content).name())
    };
    if let Some(inner) = inner.filter(|inner| inner.raw != signed.algorithm.raw) {
        let (inside, outside) = (name(inner), name(signed.algorithm));
        let fact = if inside == outside {
            format!("{inside} has other parameters outside of the signed part than inside")
        } else {
            format!("it says {inside} inside of the signed part, and {outside} outside")
        };
        found.add(&ALGORITHM_MISMATCH, fact);
    }
    for algorithm in [Some(signed.algorithm), inner].into_iter().flatten() {
        parameters(algorithm, found);
    }
    let kind = view::members(signed.algorithm).next().map_or(&[][..], |kind| kind.content);
    if let oid::RSA_MD2 | oid::RSA_MD5 | oid::RSA_SHA1 | oid::ECDSA_SHA1 | oid::DSA_SHA1 = kind {
        let rule = if is_root { &ALGORITHM_WEAK_ROOT } else { &ALGORITHM_WEAK };
        found.add(rule, format!("it is signed with {}", name(signed.algorithm)));
    }
    let [unused, signature @ ..] = signed.signature.content else { return };
    if *unused != 0 {
        found.add(&SIGNATURE_BITS, format!("{unused} bits of its signature are unused"));
    }
    if let oid::ECDSA_SHA1 | oid::ECDSA_SHA256 | oid::ECDSA_SHA384 | oid::ECDSA_SHA512 = kind {
        let whole = view::sequence(signature).filter(|numbers| {
            let positive = |number: &Element<'_>| {
                number.tag == tag::INTEGER && number.content.first().is_some_and(|first| first & 0x80 == 0)
            };
            numbers.len() == 2 && numbers.iter().all(positive)
        });
        if whole.is_none() {
            found.add(&SIGNATURE_BITS, "its ECDSA signature is no SEQUENCE of two positive INTEGERs");
        }
    }
}

fn parameters(algorithm: Element<'_>, found: &mut Found<'_>) {
    let mut parts = view::members(algorithm);
    let (Some(kind), parameters) = (parts.next(), parts.next()) else { return };
    let stated = match parameters {
        None => "none".to_owned(),
        Some(null) if null.raw == [5, 0] => "NULL".to_owned(),
        Some(other) => format!("of tag {:02x}", other.tag),
    };
    let name = || Oid::from_content(kind.content).name();
    match kind.content {
        oid::RSA_MD2
        | oid::RSA_MD5
        | oid::RSA_SHA1
        | oid::RSA_SHA224
        | oid::RSA_SHA256
        | oid::RSA_SHA384
        | oid::RSA_SHA512
            if stated != "NULL" =>
        {
            found.add(&ALGORITHM_PARAMETERS, format!("{} has the parameters {stated}, not NULL", name()));
        }
        oid::ECDSA_SHA1
        | oid::ECDSA_SHA256
        | oid::ECDSA_SHA384
        | oid::ECDSA_SHA512
        | oid::ED25519
        | oid::ED448
        | oid::DSA_SHA1
            if stated != "none" =>
        {
            found.add(
                &ALGORITHM_PARAMETERS,
                format!("{} has the parameters {stated}, and must have none", name()),
            );
        }
        oid::RSA_PSS => {
            let usual = crate::key::SignatureAlgorithm::from_der(algorithm.raw)
                .is_some_and(|algorithm| algorithm.name().contains(" with "));
            if !usual {
                found.add(
                    &ALGORITHM_PSS,
                    "its RSASSA-PSS parameters are not those of one hash and a salt of its length",
                );
            }
        }
        _ => {}
    }
}
