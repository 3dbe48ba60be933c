//! Name constraints along a path (RFC 5280 4.2.1.10, 6.1.3 (b), (c)).

use super::{Breach, Rule};
use crate::{
    cert::Certificate,
    name::{GeneralName, Name, Subtree},
};

/// Names compared with subtrees before a chain is refused for having too many: who sends it chooses how many of both there
/// are. Other validators have such a limit too.
const MOST_COMPARISONS: usize = 250_000;
/// The same for all paths of a search together, after which it is given up.
pub(super) const MOST_IN_ALL: usize = 2 * MOST_COMPARISONS;
/// What the comparison of two distinguished names costs, in comparisons of other names.
const DIRECTORY_COST: usize = 32;
/// Subtrees that one finding lists.
const MOST_LISTED: usize = 5;

/// The name constraints of every authority on every certificate below it (RFC 5280 6.1.3 (b), (c)); one finding for each
/// pair.
/// `left` is what is left of [`MOST_IN_ALL`].
pub(super) fn check(path: &[&Certificate], left: &mut usize, breaches: &mut Vec<Breach>) {
    if path.iter().all(|certificate| certificate.name_constraints().is_none()) {
        return;
    }
    let mut used = 0;
    // The rule that is broken where there is too much to do; charges it where there is not.
    let mut excess = |work: usize| {
        used += work;
        if used > MOST_COMPARISONS {
            return Some(Rule::NameConstraint);
        }
        match left.checked_sub(work) {
            Some(rest) => *left = rest,
            None => return Some(Rule::SearchBudget),
        }
        None
    };
    // Taking the names together is work, too.
    let count: usize = path.iter().map(|certificate| certificate.subject_alt_names().len() + 1).sum();
    if let Some(rule) = excess(count) {
        let fact = "it has more names than anybody compares".to_owned();
        breaches.push(Breach::new(0, rule, fact));
        return;
    }
    let names: Vec<Vec<GeneralName>> =
        path.iter().map(|certificate| constrained_names(certificate)).collect();
    for (index, authority) in path.iter().enumerate().skip(1) {
        let Some(limits) = authority.name_constraints() else { continue };
        let trees = limits.permitted.len() + limits.excluded.len();
        let all = limits.permitted.iter().chain(&limits.excluded);
        let directory_trees = all.filter(|tree| matches!(tree, Subtree::Directory(_))).count();
        for (below, (certificate, names)) in path.iter().zip(&names).enumerate().take(index) {
            // Self-issued intermediates are exempt (RFC 5280 6.1.3 (b)).
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            let directories = names.iter().filter(|name| matches!(name, GeneralName::Directory(_))).count();
            let dear = directories.saturating_mul(directory_trees).saturating_mul(DIRECTORY_COST);
            if let Some(rule) = excess(trees.saturating_mul(names.len()).saturating_add(dear)) {
                let fact = format!(
                    "its {} names and the {trees} name constraints of \"{}\" are more than anybody compares",
                    names.len(),
                    authority.title()
                );
                breaches.push(Breach::new(below, rule, fact));
                return;
            }
            if let Some(fact) = names.iter().find_map(|name| constraint_breach(authority, name)) {
                breaches.push(Breach::new(below, Rule::NameConstraint, fact));
            }
        }
    }
}

/// All names of a certificate that name constraints speak about: the subject, the alternative names, and — where these
/// hold no e-mail — the e-mail addresses in the subject (RFC 5280 4.2.1.10).
fn constrained_names(certificate: &Certificate) -> Vec<GeneralName> {
    names_under_constraints(certificate.subject(), certificate.subject_alt_names(), false)
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
