//! certificatePolicies (RFC 5280 4.2.1.4, RFC 6818 3): which, and what is said of them.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{Found, name, view};
use crate::{
    der::{Element, tag},
    oid::{self, Oid},
};

super::rule::rules! {
    TWICE "policy-repeated" Error "RFC 5280 4.2.1.4"
        "Each policy is there at most once."
        "Readers refuse the certificate."
        "Leave the second out.";
    ANY_QUALIFIER "any-policy-qualifier-invalid" Error "RFC 5280 4.2.1.4"
        "Qualifiers of anyPolicy are a practice statement's URI or a user notice."
        "Whoever issues it knows nothing of the policies it stands for, so that others have no meaning."
        "Leave the qualifier out.";
    QUALIFIER "policy-qualifier-unknown" Info "RFC 5280 4.2.1.4"
        "Qualifiers are the two that the standard has: CPS and user notice."
        "Others are understood by nobody."
        "Leave the qualifier out.";
    CPS "policy-cps-uri-invalid" Error "RFC 5280 4.2.1.4, CA/Browser Forum BR 7.1.2.7.9"
        "A CPS qualifier is the URI of a practice statement, as IA5String, and an HTTP one."
        "People cannot follow any other."
        "Write https://example.com/cps.";
    LONG "policy-notice-too-long" Error "RFC 5280 4.2.1.4"
        "explicitText has at most 200 characters."
        "Readers refuse longer ones, or cut them off."
        "Shorten it, or point to a practice statement.";
    KIND "policy-notice-string-type" Warn "RFC 5280 4.2.1.4, RFC 6818 3"
        "explicitText is UTF8String."
        "VisibleString and BMPString are less preferred, IA5String was allowed once and is not any more."
        "Have it made anew with UTF8String.";
    KIND_IA5 "policy-notice-string-ia5" Warn "RFC 6818 3"
        "explicitText is not IA5String."
        "RFC 5280 allowed what RFC 6818 forbids."
        "Have it made anew with UTF8String.";
    CONTROL "policy-notice-control-characters" Warn "RFC 5280 4.2.1.4"
        "explicitText holds no control characters."
        "They act on the terminal or window that shows the notice."
        "Have it made anew without them.";
    NORMAL "policy-notice-not-nfc" Warn "RFC 5280 4.2.1.4"
        "explicitText in UTF-8 is in Unicode normalization form C."
        "The same words would be encoded in several ways."
        "Have it made anew in form C.";
    REFERENCE "policy-notice-reference" Warn "RFC 5280 4.2.1.4"
        "A user notice does not use noticeRef."
        "It refers to texts that readers do not have."
        "Write the text, or leave the notice out.";
}

/// Judges the policies of a certificate.
pub(super) fn check(extensions: &[view::Ext<'_>], found: &mut Found<'_>) {
    let value = view::find(extensions, oid::CERTIFICATE_POLICIES).map(|extension| extension.value);
    let policies = value.and_then(view::sequence).unwrap_or_default();
    let kinds = policies.iter().filter_map(|policy| view::members(*policy).next()).map(|kind| kind.content);
    for kind in view::repeated(kinds) {
        let kind = Oid::from_content(kind).name();
        found.add(&TWICE, format!("the policy {kind} is there more than once"));
    }
    for policy in policies {
        let mut parts = view::members(policy);
        let Some(kind) = parts.next() else { continue };
        let shown = || Oid::from_content(kind.content).name();
        for qualifier in parts.next().into_iter().flat_map(view::members) {
            let mut parts = view::members(qualifier);
            let (Some(what), value) = (parts.next(), parts.next()) else { continue };
            match (what.content, value) {
                (oid::CPS, Some(uri)) => cps(uri, found),
                (oid::USER_NOTICE, Some(value)) => notice(value, found),
                (oid::USER_NOTICE, None) => {}
                _ => {
                    let rule = if kind.content == oid::ANY_POLICY { &ANY_QUALIFIER } else { &QUALIFIER };
                    let what = Oid::from_content(what.content).name();
                    found.add(rule, format!("the policy {} has the qualifier {what}", shown()));
                }
            }
        }
    }
}

fn cps(value: Element<'_>, found: &mut Found<'_>) {
    let text = String::from_utf8_lossy(value.content).into_owned();
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if value.tag != tag::IA5 || !is_web {
        found.add(&CPS, format!("the CPS qualifier is `{text}`"));
    } else {
        name::uri("a CPS qualifier", &text, found);
    }
}

fn notice(value: Element<'_>, found: &mut Found<'_>) {
    for part in view::members(value) {
        if part.tag == tag::SEQUENCE {
            found.add(&REFERENCE, "a user notice has a noticeRef");
            continue;
        }
        match part.tag {
            tag::UTF8 => {}
            tag::IA5 => found.add(&KIND_IA5, "an explicitText is IA5String"),
            0x1a => found.add(&KIND, "an explicitText is VisibleString"),
            tag::BMP => found.add(&KIND, "an explicitText is BMPString"),
            other => found.add(&KIND, format!("an explicitText has the tag {other:02x}")),
        }
        let Some(text) = view::text(&part) else { continue };
        let length = text.chars().count();
        if length > 200 {
            found.add(&LONG, format!("an explicitText has {length} characters"));
        }
        if let Some(control) = text.chars().find(|character| character.is_control()) {
            found.add(&CONTROL, format!("an explicitText holds U+{:04X}", u32::from(control)));
        }
        if part.tag == tag::UTF8 && !ComposingNormalizerBorrowed::new_nfc().is_normalized(&text) {
            found.add(&NORMAL, format!("an explicitText is `{text}`"));
        }
    }
}
