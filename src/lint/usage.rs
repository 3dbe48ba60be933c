//! What a key may be used for: basicConstraints, keyUsage, extKeyUsage (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12).

use super::{Found, encoding, view};
use crate::{
    der::tag,
    fingerprint::hex,
    oid::{self, Oid},
    profile::KeyUsage,
};

super::rule::rules! {
    SIGN_WITHOUT_CA "key-cert-sign-without-ca" Error "RFC 5280 4.2.1.3, 4.2.1.9"
        "keyCertSign comes with cA TRUE in basicConstraints."
        "One extension says that it signs certificates, the other that it does not; readers go by either."
        "Leave keyCertSign out, or make it a CA.";
    CA_WITHOUT_USAGE "ca-without-key-usage" Error "RFC 5280 4.2.1.3"
        "A CA has keyUsage."
        "Without it the key may be used for anything, TLS servers included; some readers (mbedTLS, strict OpenSSL) refuse to take it for a CA."
        "Have it made anew with keyCertSign and cRLSign.";
    CA_WITHOUT_SIGN "ca-without-key-cert-sign" Warn "RFC 5280 4.2.1.3, 6.1.4 (n)"
        "keyUsage of a CA holds keyCertSign."
        "Nothing that it signs is accepted."
        "Have it made anew with keyCertSign.";
    CA_WITHOUT_CRL "ca-without-crl-sign" Info "RFC 5280 4.2.1.3, 6.3.3 (f)"
        "keyUsage of a CA holds cRLSign."
        "It cannot revoke by CRLs of its own."
        "Have it made anew with cRLSign, unless another signs for it.";
    CA_SERVES "ca-key-usage-beyond-ca" Info "NIST SP 800-57 5.2"
        "The key of a CA signs certificates, CRLs and OCSP responses, and is used for nothing else."
        "A CA's key in a server is as exposed as the server."
        "Leave keyEncipherment, dataEncipherment and keyAgreement out.";
    CA_ANY_PURPOSE "ca-without-limits" Info "RFC 5280 4.2.1.9, 4.2.1.10, 4.2.1.12"
        "A CA below another is limited: by a path length, name constraints, or an extended key usage."
        "Who has its key can sign for any name and any purpose, and make further CAs."
        "Make it with --path-length 0, and --permit-dns where its names are known.";
    LEAF_SIGNS_CRL "crl-sign-without-ca" Warn "RFC 5280 4.2.1.3, CA/Browser Forum BR 7.1.2.7.11"
        "cRLSign is for CAs, and for those whom a CA has sign its CRLs."
        "Few readers take CRLs that another than the CA signed."
        "Leave it out.";
    USAGE_EMPTY "key-usage-empty" Error "RFC 5280 4.2.1.3"
        "keyUsage has at least one bit set."
        "The key may be used for nothing."
        "Have it made anew, with the bits or without the extension.";
    USAGE_LONG "key-usage-unknown-bits" Error "RFC 5280 4.2.1.3"
        "keyUsage has nine bits."
        "Further ones mean nothing; strict readers refuse them."
        "Have it made anew.";
    USAGE_TRAILING "key-usage-trailing-zeros" Error "X.690 11.2.2, RFC 5280 appendix B"
        "The bits of keyUsage end with one that is set."
        "DER leaves trailing zero bits of named bits out; any other encoding is refused by strict readers."
        "Have it encoded anew as DER and signed anew.";
    PATH_WITHOUT_CA "path-length-without-ca" Error "RFC 5280 4.2.1.9"
        "pathLenConstraint comes with cA TRUE and keyCertSign."
        "A path length of what is no CA has no meaning. Readers refuse it."
        "Leave it out.";
    PATH_NEGATIVE "path-length-negative" Error "RFC 5280 4.2.1.9"
        "pathLenConstraint is 0 or greater."
        "Nothing can be below it; readers refuse it."
        "Have it made anew.";
    SERVER_USAGE "key-usage-inconsistent-with-eku" Error "RFC 5280 4.2.1.12"
        "keyUsage and extKeyUsage have a purpose in common: serverAuth wants digitalSignature, keyEncipherment or keyAgreement, clientAuth digitalSignature or keyAgreement, codeSigning, timeStamping and OCSPSigning digitalSignature, emailProtection one of those."
        "A certificate is good for what both allow: for this usage it is good for nothing."
        "Have it made anew with the bits of its usage.";
    BEYOND_USAGE "key-usage-beyond-eku" Warn "RFC 5280 4.2.1.12"
        "keyUsage holds no bit that none of the extended usages can use."
        "Such a bit promises what the certificate is not for, such as nonRepudiation of a TLS server; strict auditors refuse it."
        "Leave the bit out.";
    EKU_ANY "any-extended-key-usage" Warn "RFC 5280 4.2.1.12, CA/Browser Forum BR 7.1.2.7.10"
        "A certificate says what it is for."
        "anyExtendedKeyUsage is good for everything to some readers, and for nothing to those that want serverAuth or clientAuth by name (rustls)."
        "State serverAuth or clientAuth.";
    EKU_ANY_CRITICAL "extended-key-usage-any-critical" Warn "RFC 5280 4.2.1.12"
        "extKeyUsage with anyExtendedKeyUsage is not critical."
        "The flag limits what the usage does not."
        "Leave the flag out, or state the usages.";
    EKU_TWICE "extended-key-usage-repeated" Warn "practice"
        "Each usage is there once."
        "The second says nothing."
        "Leave it out.";
    EKU_MISSING "extended-key-usage-missing" Info "RFC 5280 4.2.1.12"
        "A certificate for TLS says so."
        "Without extKeyUsage it is good for every purpose, code signing and mail included."
        "Have it made with serverAuth or clientAuth.";
    EKU_BOTH "server-and-client" Info "RFC 9525, Chrome Root Program 3.2"
        "A certificate is for a server or for a client."
        "With both usages a server can act as a client wherever its issuer is trusted. Public CAs end this; peers that are both need it."
        "Issue server and client certificates apart, unless it is a peer's.";
    EKU_TIME_STAMPING "time-stamping-not-critical-and-alone" Error "RFC 3161 2.3"
        "timeStamping is the only usage, and the extension critical."
        "Verifiers of time stamps refuse any other."
        "Have it made anew for time stamping alone.";
}

const DIGITAL_SIGNATURE: u16 = 1;
const NON_REPUDIATION: u16 = 1 << 1;
const ENCIPHERMENT: u16 = 1 << 2;
const DATA_ENCIPHERMENT: u16 = 1 << 3;
const AGREEMENT: u16 = 1 << 4;
const CERT_SIGN: u16 = 1 << 5;
const CRL_SIGN: u16 = 1 << 6;
const ENCIPHER_ONLY: u16 = 1 << 7;
const DECIPHER_ONLY: u16 = 1 << 8;

/// Judges the usages of a certificate or request.
pub(super) fn check(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let usage = view::key_usage(extensions);
    let constraints = view::basic_constraints(extensions);
    let is_ca = constraints.is_some_and(|(ca, _)| ca);
    if let Some(bits) = usage {
        key_usage(bits, is_ca, extensions, found);
    }
    if let Some(value) = view::find(extensions, oid::BASIC_CONSTRAINTS).map(|extension| extension.value) {
        let ca = view::whole(value, tag::SEQUENCE).and_then(|all| all.inside().next());
        encoding::default_false("cA", ca.filter(|ca| ca.tag == tag::BOOLEAN), found);
    }
    if let Some((_, Some(length))) = constraints {
        if length.first().is_some_and(|first| first & 0x80 != 0) {
            found.add(&PATH_NEGATIVE, format!("its path length is {} in two's complement", hex(length)));
        }
        if !is_ca {
            found.add(&PATH_WITHOUT_CA, "it has a path length, and is no CA");
        } else if usage.is_some_and(|bits| bits & CERT_SIGN == 0) {
            found.add(&PATH_WITHOUT_CA, "it has a path length, and no keyCertSign");
        }
    }
    if is_ca {
        authority(usage, extensions, found);
    }
    extended(usage, is_ca, extensions, found);
}

fn key_usage(bits: u16, is_ca: bool, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let value = view::find(extensions, oid::KEY_USAGE).map_or(&[][..], |extension| extension.value);
    let content = view::whole(value, tag::BIT_STRING).map_or(&[][..], |bits| bits.content);
    let [unused, octets @ ..] = content else { return };
    if bits & 0x1ff == 0 {
        found.add(&USAGE_EMPTY, "keyUsage has no bit set");
    } else if octets.last().is_some_and(|last| u32::from(*unused) != last.trailing_zeros()) {
        found.add(&USAGE_TRAILING, format!("keyUsage is {}, with zero bits at its end", hex(content)));
    }
    if octets.len() > 2 || octets.get(1).is_some_and(|second| second & 0x7f != 0) {
        found.add(
            &USAGE_LONG,
            format!("keyUsage is {}, of more than nine bits", hex(content.get(..16).unwrap_or(content))),
        );
    }
    if bits & CERT_SIGN != 0 && !is_ca {
        found.add(&SIGN_WITHOUT_CA, "keyUsage holds keyCertSign, and it is no CA");
    } else if bits & CRL_SIGN != 0 && !is_ca {
        found.add(&LEAF_SIGNS_CRL, "keyUsage holds cRLSign, and it is no CA");
    }
}

fn authority(usage: Option<u16>, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    match usage {
        None if view::find(extensions, oid::KEY_USAGE).is_none() => {
            found.add(&CA_WITHOUT_USAGE, "it is a CA, and has no keyUsage");
        }
        None => {}
        Some(bits) => {
            let names = || KeyUsage::from_bits(bits).names().join(", ");
            if bits & CERT_SIGN == 0 {
                found.add(&CA_WITHOUT_SIGN, format!("it is a CA, and keyUsage is {}", names()));
            }
            if bits & CRL_SIGN == 0 {
                found.add(&CA_WITHOUT_CRL, format!("it is a CA, and keyUsage is {}", names()));
            }
            if bits & (ENCIPHERMENT | DATA_ENCIPHERMENT | AGREEMENT) != 0 {
                found.add(&CA_SERVES, format!("it is a CA, and keyUsage is {}", names()));
            }
        }
    }
}

/// Whether a CA has nothing that limits it. A root's limits are those of whoever trusts it.
pub(super) fn limits(certificate: &view::Certificate<'_>, found: &mut Found<'_>) {
    let limited = view::basic_constraints(certificate.all()).is_some_and(|(_, length)| length.is_some())
        || certificate.ext(oid::NAME_CONSTRAINTS).is_some()
        || view::extended_key_usage(certificate.all())
            .is_some_and(|usages| !usages.contains(&oid::ANY_EXTENDED_KEY_USAGE));
    if !limited {
        found.add(&CA_ANY_PURPOSE, "it has no path length, no name constraints and no extKeyUsage");
    }
}

fn extended(usage: Option<u16>, is_ca: bool, extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let Some(usages) = view::extended_key_usage(extensions) else {
        let hosts =
            view::names(extensions, oid::SUBJECT_ALT_NAME).iter().any(|name| matches!(name.tag, 0x82 | 0x87));
        if !is_ca && hosts && view::find(extensions, oid::EXTENDED_KEY_USAGE).is_none() {
            found.add(&EKU_MISSING, "it has host names, and no extKeyUsage");
        }
        return;
    };
    let has = |usage: &[u8]| usages.contains(&usage);
    let critical =
        view::find(extensions, oid::EXTENDED_KEY_USAGE).is_some_and(|extension| extension.critical);
    for usage in view::repeated(usages.iter().copied()) {
        found.add(&EKU_TWICE, format!("{} is there more than once", Oid::from_content(usage).name()));
    }
    if has(oid::ANY_EXTENDED_KEY_USAGE) {
        if critical {
            found.add(&EKU_ANY_CRITICAL, "extKeyUsage holds anyExtendedKeyUsage, and is critical");
        }
        if !is_ca {
            found.add(&EKU_ANY, "extKeyUsage holds anyExtendedKeyUsage");
        }
    }
    if is_ca {
        return;
    }
    if has(oid::TIME_STAMPING) && (usages.len() > 1 || !critical) {
        found.add(&EKU_TIME_STAMPING, "extKeyUsage holds timeStamping, and is not critical or holds more");
    }
    if has(oid::SERVER_AUTH) && has(oid::CLIENT_AUTH) {
        found.add(&EKU_BOTH, "extKeyUsage holds serverAuth and clientAuth");
    }
    let Some(bits) = usage else { return };
    let signing = DIGITAL_SIGNATURE | NON_REPUDIATION;
    let wanted = [
        (oid::SERVER_AUTH, DIGITAL_SIGNATURE | ENCIPHERMENT | AGREEMENT),
        (oid::CLIENT_AUTH, DIGITAL_SIGNATURE | AGREEMENT),
        (oid::CODE_SIGNING, DIGITAL_SIGNATURE),
        (oid::EMAIL_PROTECTION, signing | ENCIPHERMENT | AGREEMENT),
        (oid::TIME_STAMPING, signing),
        (oid::OCSP_SIGNING, signing),
    ];
    // What is known of other usages does not tell which bits they need.
    let allowed = usages.iter().map(|usage| {
        wanted.iter().find(|(known, _)| known == usage).map_or(u16::MAX, |(_, allowed)| *allowed)
    });
    let beyond =
        bits & !allowed.fold(CERT_SIGN | CRL_SIGN | ENCIPHER_ONLY | DECIPHER_ONLY, |all, bits| all | bits);
    if beyond != 0 {
        let names = KeyUsage::from_bits(beyond).names().join(", ");
        found.add(&BEYOND_USAGE, format!("keyUsage holds {names}, which no usage of extKeyUsage needs"));
    }
    for (usage, allowed) in wanted {
        if has(usage) && bits & allowed == 0 && bits != 0 {
            let names = KeyUsage::from_bits(bits).names().join(", ");
            found.add(
                &SERVER_USAGE,
                format!("extKeyUsage holds {}, and keyUsage is {names}", Oid::from_content(usage).name()),
            );
        }
    }
}
