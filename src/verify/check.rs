//! What is judged on every certificate of a path, and between neighbours.

use std::collections::HashSet;

use super::{
    Breach, Demands, Purpose, Question, Rule, Rules, baseline, constraint, path::Budget, policy, profile,
    revocation,
};
use crate::{
    cert::{Certificate, Extension, ExtensionValue},
    fingerprint::hex,
    name::{GeneralName, escape},
    oid,
    profile::KeyUsage,
    validity::tell,
};

/// Extensions whose meaning is applied here, so that they may be critical.
const UNDERSTOOD: [&[u8]; 12] = [
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::NAME_CONSTRAINTS,
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::INHIBIT_ANY_POLICY,
];

/// The place of a certificate in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Whether it is the first
    pub(super) leaf: bool,
    /// Whether it is a trust anchor
    pub(super) anchor: bool,
}

/// What a certificate must satisfy whatever the path: it fails in all of them, or in none.
pub(super) fn own(
    certificate: &Certificate,
    place: Place,
    question: &Question<'_>,
    demands: &Demands<'_>,
) -> Vec<(Rule, String)> {
    let mut faults = Vec::new();
    let mut say = |rule, fact: String| faults.push((rule, fact));
    by_itself(certificate, place, question, &mut say);
    if place.leaf {
        leaf(certificate, question, demands, &mut say);
    } else {
        authority(certificate, place, question.purpose, &mut say);
    }
    if demands.rules != Rules::Path {
        for fault in certificate.profile_faults() {
            if fault.applies(place, question.purpose) {
                say(fault.rule, fault.fact.clone());
            }
        }
    }
    if demands.rules == Rules::Webpki {
        baseline::check(certificate, place, &mut say);
    }
    faults
}

/// What depends on the other certificates of a path that is complete and whose signatures hold; `anchors` are the roots that
/// the path of a CRL's signer has to reach, too.
pub(super) fn along(
    path: &[&Certificate],
    question: &Question<'_>,
    demands: &Demands<'_>,
    budget: &mut Budget,
) -> Vec<Breach> {
    let mut breaches = Vec::new();
    lengths(path, demands, &mut breaches);
    if demands.rules != Rules::Path {
        for (index, pair) in path.windows(2).enumerate() {
            if let [certificate, issuer] = pair
                && let Some(fact) = profile::link(certificate, issuer)
            {
                breaches.push(Breach::new(index, Rule::KeyIdentifier, fact));
            }
        }
    }
    constraint::check(path, &mut budget.comparisons, &mut breaches);
    policy::check(path, &demands.policies, &mut breaches);
    if let Some(crls) = demands.crls {
        breaches.extend(revocation::check(path, crls, question, demands.rules, &mut budget.signers));
    }
    breaches
}

/// Path lengths (RFC 5280 6.1.4 (l), (m)), and the most intermediates that were asked for.
fn lengths(path: &[&Certificate], demands: &Demands<'_>, breaches: &mut Vec<Breach>) {
    let intermediates = |below: &[&Certificate]| {
        below.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count()
    };
    for (index, certificate) in path.iter().enumerate().skip(1) {
        let Some((true, Some(most))) = certificate.basic_constraints() else { continue };
        let count = intermediates(path.get(..index).unwrap_or_default());
        if u32::try_from(count).is_ok_and(|count| count > most) {
            let fact = format!("it allows {most} intermediate certificates below it; there are {count}");
            breaches.push(Breach::new(index, Rule::PathLength, fact));
        }
    }
    if let Some(most) = demands.max_depth {
        let count = intermediates(path.split_last().map_or(&[], |(_, below)| below));
        if count > most {
            let fact =
                format!("there are {count} intermediate certificates above it; {most} are allowed here");
            breaches.push(Breach::new(0, Rule::PathDepth, fact));
        }
    }
}

/// What a certificate must satisfy as a whole (RFC 5280 6.1.3 (a), 6.1.4 (o)).
fn by_itself(
    certificate: &Certificate,
    place: Place,
    question: &Question<'_>,
    say: &mut impl FnMut(Rule, String),
) {
    let validity = certificate.validity();
    // RFC 5280 4.1.2.5 has no fractions of seconds: the last second is valid to its end.
    let at = question.at.replace_nanosecond(0).unwrap_or(question.at);
    if at > validity.not_after {
        say(Rule::Expired, format!("it expired on {}", tell(validity.not_after, question.at)));
    }
    if at < validity.not_before {
        say(Rule::NotYetValid, format!("it is not valid before {}", tell(validity.not_before, question.at)));
    }
    if let Some(weakness) = certificate.public_key().weakness() {
        say(Rule::WeakKey, weakness);
    }
    // Nobody relies on the signature of an anchor above a leaf.
    if let (false, Some(weakness)) =
        (place.anchor && !place.leaf, certificate.signature_algorithm().weakness())
    {
        say(Rule::WeakSignature, weakness.to_owned());
    }
    if !certificate.algorithms_agree() {
        say(Rule::SignatureAlgorithmMismatch, "it states two different signature algorithms".into());
    }
    let mut seen = HashSet::new();
    for extension in certificate.extensions() {
        extension_holds(extension, say);
        if !seen.insert(&extension.oid) {
            say(Rule::MalformedExtension, format!("the extension {} occurs twice", extension.oid.name()));
        }
    }
}

fn extension_holds(extension: &Extension, say: &mut impl FnMut(Rule, String)) {
    let name = extension.oid.name();
    if matches!(extension.value, ExtensionValue::Malformed(_)) {
        say(Rule::MalformedExtension, format!("the extension {name} cannot be read"));
    } else if extension.critical && !UNDERSTOOD.contains(&extension.oid.content()) {
        say(Rule::CriticalExtension, format!("the critical extension {name} is not understood"));
    }
}

fn leaf(
    certificate: &Certificate,
    question: &Question<'_>,
    demands: &Demands<'_>,
    say: &mut impl FnMut(Rule, String),
) {
    let wanted = question.purpose.usage();
    if let (Some(wanted), Some(usages)) = (wanted, certificate.extended_key_usage()) {
        // RFC 5280 4.2.1.12 leaves it to the reader whether any usage is this usage; those who do TLS say that it is not.
        let any = demands.rules == Rules::Rfc5280;
        let allows = |usage: &oid::Oid| {
            usage.content() == wanted || any && usage.content() == oid::ANY_EXTENDED_KEY_USAGE
        };
        if !usages.iter().any(allows) {
            let has: Vec<_> = usages.iter().map(oid::Oid::name).collect();
            let wanted = oid::Oid::from_content(wanted).name();
            say(Rule::ExtendedKeyUsage, format!("it may be used for {}, not for {wanted}", has.join(", ")));
        }
    }
    // TLS demands it (RFC 8446 4.4.2.2), and RFC 5280 nothing of a CA in the place of a leaf.
    let exempt = demands.rules == Rules::Rfc5280 && certificate.is_ca();
    if let (Some(_), Some(usage), false) = (wanted, certificate.key_usage(), exempt)
        && !usage.contains(KeyUsage::DIGITAL_SIGNATURE)
    {
        say(
            Rule::KeyUsage,
            format!("its key usage ({usage}) lacks digitalSignature, which a TLS handshake needs"),
        );
    }
    let names = certificate.subject_alt_names();
    let mut require = |wanted: &str, covers: &dyn Fn(&GeneralName) -> bool| {
        if !names.iter().any(covers) {
            let has: Vec<_> = names.iter().map(GeneralName::to_string).collect();
            let has = if has.is_empty() { "no alternative names".to_owned() } else { has.join(", ") };
            say(Rule::NameMismatch, format!("it is not for {}: it has {has}", escape(wanted)));
        }
    };
    if let Some(host) = question.host {
        require(host, &|name| name.covers_host(host));
    }
    for email in demands.emails {
        require(email, &|name| name.is_email(email));
    }
    for uri in demands.uris {
        require(uri, &|name| name.is_uri(uri));
    }
}

/// What a certificate must satisfy to have signed others (RFC 5280 6.1.4 (k), (n)), a trust anchor included.
fn authority(certificate: &Certificate, place: Place, purpose: Purpose, say: &mut impl FnMut(Rule, String)) {
    // Before version 3 no certificate could say that it is a CA's; who trusts one says it instead.
    let vouched = place.anchor && certificate.version() < 3;
    if !certificate.is_ca() && !vouched {
        say(Rule::NotACa, "it signed a certificate, but is not a CA".into());
    }
    if let Some(usage) = certificate.key_usage()
        && !usage.contains(KeyUsage::KEY_CERT_SIGN)
    {
        say(
            Rule::KeyUsage,
            format!("its key usage ({usage}) lacks keyCertSign, so it may not sign certificates"),
        );
    }
    let Some(wanted) = purpose.usage() else { return };
    if let Some(usages) = certificate.extended_key_usage() {
        let allows = |usage: &oid::Oid| [wanted, oid::ANY_EXTENDED_KEY_USAGE].contains(&usage.content());
        if !usages.iter().any(allows) {
            let has: Vec<_> = usages.iter().map(oid::Oid::name).collect();
            let wanted = oid::Oid::from_content(wanted).name();
            say(Rule::ExtendedKeyUsage, format!("it may sign for {} only, not for {wanted}", has.join(", ")));
        }
    }
}

impl Purpose {
    /// The extended key usage that it needs.
    fn usage(self) -> Option<&'static [u8]> {
        match self {
            Self::Server => Some(oid::SERVER_AUTH),
            Self::Client => Some(oid::CLIENT_AUTH),
            Self::Any => None,
        }
    }
}

/// How a key identifier is told.
pub(super) fn key_id(certificate: &Certificate) -> String {
    certificate.authority_key_id().map(|id| format!(" (key identifier {})", hex(id))).unwrap_or_default()
}
