//! What is judged on every certificate of a path, and between them.

use std::collections::HashSet;

use super::{Breach, Purpose, Question, Rule};
use crate::{
    cert::{Certificate, Extension, ExtensionValue},
    name::{GeneralName, Name, Subtree, escape},
    oid,
    profile::KeyUsage,
    validity::tell,
};

/// Extensions whose meaning is applied here, so that they may be critical.
const UNDERSTOOD: [&[u8]; 9] = [
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::NAME_CONSTRAINTS,
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
];

/// Names compared with subtrees before the search gives up, for all paths together: who sends a chain chooses how many of
/// both there are.
pub(super) const MOST_COMPARISONS: usize = 250_000;
/// Subtrees that one finding lists.
const MOST_LISTED: usize = 5;

/// Judges a path, leaf first, whose signatures hold. `comparisons` is what is left of [`MOST_COMPARISONS`].
pub(super) fn check(path: &[&Certificate], question: &Question<'_>, comparisons: &mut usize) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (index, certificate) in path.iter().enumerate() {
        let mut say = |rule, fact: String| breaches.push(Breach { index, rule, fact });
        own(certificate, index + 1 == path.len() && index > 0, question, &mut say);
        if index == 0 {
            leaf(certificate, question, &mut say);
        } else {
            let below = path.get(..index).unwrap_or_default();
            authority(certificate, below, question.purpose, &mut say);
        }
    }
    constraints(path, comparisons, &mut breaches);
    breaches
}

/// The name constraints of every authority on every certificate below it (RFC 5280 6.1.3 (b), (c)); one finding for each
/// pair.
fn constraints(path: &[&Certificate], comparisons: &mut usize, breaches: &mut Vec<Breach>) {
    if path.iter().all(|certificate| certificate.name_constraints().is_none()) {
        return;
    }
    let names: Vec<Vec<GeneralName>> = path
        .iter()
        .enumerate()
        .map(|(index, certificate)| constrained_names(certificate, index == 0))
        .collect();
    for (index, authority) in path.iter().enumerate().skip(1) {
        let Some(limits) = authority.name_constraints() else { continue };
        let trees = limits.permitted.len() + limits.excluded.len();
        for (below, (certificate, names)) in path.iter().zip(&names).enumerate().take(index) {
            // Self-issued intermediates are exempt (RFC 5280 6.1.3 (b)).
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            let work = trees.saturating_mul(names.len());
            if work > *comparisons {
                let fact = "there are too many names and name constraints to compare".to_owned();
                breaches.push(Breach { index: below, rule: Rule::SearchBudget, fact });
                return;
            }
            *comparisons -= work;
            if let Some(fact) = names.iter().find_map(|name| constraint_breach(authority, name)) {
                breaches.push(Breach { index: below, rule: Rule::NameConstraint, fact });
            }
        }
    }
}

/// What a certificate must satisfy by itself.
fn own(certificate: &Certificate, anchor: bool, question: &Question<'_>, say: &mut impl FnMut(Rule, String)) {
    let validity = certificate.validity();
    if question.at > validity.not_after {
        say(Rule::Expired, format!("it expired on {}", tell(validity.not_after, question.at)));
    }
    if question.at < validity.not_before {
        say(Rule::NotYetValid, format!("it is not valid before {}", tell(validity.not_before, question.at)));
    }
    if let Some(weakness) = certificate.public_key().weakness() {
        say(Rule::WeakKey, weakness);
    }
    // Nobody relies on the signature of an anchor.
    if let (false, Some(weakness)) = (anchor, certificate.signature_algorithm().weakness()) {
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

fn leaf(certificate: &Certificate, question: &Question<'_>, say: &mut impl FnMut(Rule, String)) {
    let wanted = match question.purpose {
        Purpose::Server => Some(oid::SERVER_AUTH),
        Purpose::Client => Some(oid::CLIENT_AUTH),
        Purpose::Any => None,
    };
    if let (Some(wanted), Some(usages)) = (wanted, certificate.extended_key_usage())
        && !usages.iter().any(|usage| usage.content() == wanted)
    {
        let has: Vec<_> = usages.iter().map(oid::Oid::name).collect();
        let wanted = oid::Oid::from_content(wanted).name();
        say(Rule::ExtendedKeyUsage, format!("it may be used for {}, not for {wanted}", has.join(", ")));
    }
    if let (Some(_), Some(usage)) = (wanted, certificate.key_usage())
        && !usage.contains(KeyUsage::DIGITAL_SIGNATURE)
    {
        say(
            Rule::KeyUsage,
            format!("its key usage ({usage}) lacks digitalSignature, which a TLS handshake needs"),
        );
    }
    if let Some(host) = question.host {
        let names = certificate.subject_alt_names();
        if !names.iter().any(|name| name.covers_host(host)) {
            let has: Vec<_> = names.iter().map(GeneralName::to_string).collect();
            let has = if has.is_empty() { "no alternative names".to_owned() } else { has.join(", ") };
            say(Rule::NameMismatch, format!("it is not for {}: it has {has}", escape(host)));
        }
    }
}

/// What a certificate must satisfy to have signed those below it (RFC 5280 6.1.4), a trust anchor included.
fn authority(
    certificate: &Certificate,
    below: &[&Certificate],
    purpose: Purpose,
    say: &mut impl FnMut(Rule, String),
) {
    match certificate.basic_constraints() {
        Some((true, Some(most))) => {
            let intermediates =
                below.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count();
            if u32::try_from(intermediates).is_ok_and(|count| count > most) {
                let fact =
                    format!("it allows {most} intermediate certificates below it; there are {intermediates}");
                say(Rule::PathLength, fact);
            }
        }
        Some((true, None)) => {}
        _ => say(Rule::NotACa, "it signed a certificate, but is not a CA".into()),
    }
    if let Some(usage) = certificate.key_usage()
        && !usage.contains(KeyUsage::KEY_CERT_SIGN)
    {
        say(
            Rule::KeyUsage,
            format!("its key usage ({usage}) lacks keyCertSign, so it may not sign certificates"),
        );
    }
    let wanted = match purpose {
        Purpose::Server => oid::SERVER_AUTH,
        Purpose::Client => oid::CLIENT_AUTH,
        Purpose::Any => return,
    };
    if let Some(usages) = certificate.extended_key_usage() {
        let allows = |usage: &oid::Oid| [wanted, oid::ANY_EXTENDED_KEY_USAGE].contains(&usage.content());
        if !usages.iter().any(allows) {
            let has: Vec<_> = usages.iter().map(oid::Oid::name).collect();
            let wanted = oid::Oid::from_content(wanted).name();
            say(Rule::ExtendedKeyUsage, format!("it may sign for {} only, not for {wanted}", has.join(", ")));
        }
    }
}

/// All names of a certificate that name constraints speak about: the subject, the alternative names, and — where these
/// hold no e-mail — the e-mail addresses in the subject (RFC 5280 4.2.1.10).
fn constrained_names(certificate: &Certificate, leaf: bool) -> Vec<GeneralName> {
    names_under_constraints(certificate.subject(), certificate.subject_alt_names(), leaf)
}

/// As for a certificate with this subject and these alternative names. OpenSSL also takes the common name of a leaf for a
/// DNS name, where it looks like one and there is no other; what it refuses must not be issued.
pub(crate) fn names_under_constraints(subject: &Name, sans: &[GeneralName], leaf: bool) -> Vec<GeneralName> {
    let mut names = sans.to_vec();
    if subject.is_empty() {
        return names;
    }
    names.push(GeneralName::Directory(subject.clone()));
    if !sans.iter().any(|name| matches!(name, GeneralName::Email(_))) {
        names.extend(subject.email_addresses().into_iter().map(GeneralName::Email));
    }
    if leaf && !sans.iter().any(|name| matches!(name, GeneralName::Dns(_))) {
        let common_names = subject.common_names().into_iter().filter(|name| openssl_takes_for_dns(name));
        names.extend(common_names.map(GeneralName::Dns));
    }
    names
}

/// Which common names OpenSSL takes for a DNS name: labels of letters, digits, `_` and inner hyphens, and at least one
/// dot. `10.1.2.3` is one of them.
fn openssl_takes_for_dns(text: &str) -> bool {
    let inner = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && inner(label);
    text.contains('.') && text.split('.').all(label)
}

/// How a name breaks the name constraints of an authority, in a person's words; `None` where it does not.
pub fn constraint_breach(authority: &Certificate, name: &GeneralName) -> Option<String> {
    let constraints = authority.name_constraints()?;
    let who = authority.title();
    if let Some(tree) = constraints.excluded.iter().find(|tree| tree.touches(name)) {
        return Some(format!("{name} lies in {tree}, which \"{who}\" excludes"));
    }
    let mut concerned = constraints.permitted.iter().filter(|tree| tree.concerns(name)).peekable();
    concerned.peek()?;
    let allowed: Vec<&Subtree> = concerned.collect();
    if allowed.iter().any(|tree| tree.contains(name)) {
        return None;
    }
    let more = if allowed.len() > MOST_LISTED {
        format!(" and {} more", allowed.len() - MOST_LISTED)
    } else {
        String::new()
    };
    let listed: Vec<_> = allowed.iter().take(MOST_LISTED).map(|tree| tree.to_string()).collect();
    Some(format!("{name} lies outside of {}{more}, which is all that \"{who}\" permits", listed.join(", ")))
}
