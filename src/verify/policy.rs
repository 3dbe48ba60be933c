//! Certificate policies (RFC 5280 6.1), with the policy tree as a graph in which each policy stands once for each certificate
//! (RFC 9618): a tree can be made to grow exponentially.

use std::collections::{BTreeMap, BTreeSet};

use super::{Breach, Rule};
use crate::{
    cert::{Certificate, ExtensionValue},
    der::{Element, tag, whole},
    oid::{self, Oid},
};

/// Policies of one certificate, above which it is refused: nobody states so many.
const MOST_POLICIES: usize = 256;

/// Inputs of policy processing (RFC 5280 6.1.1 (c), (e)-(g)). By default everything is acceptable and nothing required.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// The user-initial-policy-set; empty: any policy.
    pub acceptable: &'a [Oid],
    /// initial-explicit-policy: the path has to be valid under one of them.
    pub explicit: bool,
    /// initial-policy-mapping-inhibit
    pub inhibit_mapping: bool,
    /// initial-any-policy-inhibit
    pub inhibit_any: bool,
}

/// A policy that is valid up to a certificate.
struct Node {
    /// Policies of the certificate below that continue it
    expected: BTreeSet<Oid>,
    /// Whether it descends from a policy that is acceptable to the user
    acceptable: bool,
}

/// The policies that are valid up to a certificate; empty: none is.
type Level = BTreeMap<Oid, Node>;

/// State of the processing (RFC 5280 6.1.2).
struct State {
    level: Level,
    explicit: usize,
    mapping: usize,
    any: usize,
}

/// Judges a path, leaf first and the anchor last.
pub(super) fn check(path: &[&Certificate], policies: &Policies<'_>, breaches: &mut Vec<Breach>) {
    let below: Vec<(usize, &&Certificate)> =
        path.iter().enumerate().take(path.len().saturating_sub(1)).collect();
    let speaks = |certificate: &Certificate| certificate.extension(oid::POLICY_CONSTRAINTS).is_some();
    if !policies.explicit && !below.iter().any(|(_, certificate)| speaks(certificate)) {
        // Nothing asks for a policy, so none can be missing.
        return;
    }
    let any = Oid::from_content(oid::ANY_POLICY);
    let start = |inhibited: bool| if inhibited { 0 } else { below.len() + 1 };
    let root = Node { expected: BTreeSet::from([any.clone()]), acceptable: false };
    let mut state = State {
        level: BTreeMap::from([(any, root)]),
        explicit: start(policies.explicit),
        mapping: start(policies.inhibit_mapping),
        any: start(policies.inhibit_any),
    };
    for (index, certificate) in below.into_iter().rev() {
        let Some(statement) = Statement::read(certificate) else {
            let fact = "what it says of policies cannot be read".to_owned();
            breaches.push(Breach::new(index, Rule::Policy, fact));
            return;
        };
        let self_issued = certificate.is_self_issued();
        let last = index == 0;
        state.level = match &statement.policies {
            Some(stated) => {
                state.descend(stated, state.any > 0 || (!last && self_issued), policies.acceptable)
            }
            None => Level::new(),
        };
        if state.explicit == 0 && state.level.is_empty() {
            let fact = "no policy is valid from the root down to it, and one is required".to_owned();
            breaches.push(Breach::new(index, Rule::Policy, fact));
            return;
        }
        if !last && !state.map(&statement.mappings, policies.acceptable) {
            let fact = "it maps anyPolicy to or from another policy".to_owned();
            breaches.push(Breach::new(index, Rule::Policy, fact));
            return;
        }
        state.count(&statement, self_issued, last);
    }
    let accepted = |(policy, node): (&Oid, &Node)| {
        policies.acceptable.is_empty() || node.acceptable || policy.content() == oid::ANY_POLICY
    };
    if state.explicit == 0 && !state.level.iter().any(accepted) {
        let fact = "it is not valid under a policy that is accepted here".to_owned();
        breaches.push(Breach::new(0, Rule::Policy, fact));
    }
}

impl State {
    /// RFC 5280 6.1.3 (d): the policies of the next certificate that continue those above it.
    fn descend(&self, stated: &BTreeSet<Oid>, any_counts: bool, acceptable: &[Oid]) -> Level {
        let above_any = self.level.keys().any(|policy| policy.content() == oid::ANY_POLICY);
        let mut level = Level::new();
        let node = |policy: &Oid, acceptable| Node { expected: BTreeSet::from([policy.clone()]), acceptable };
        // Whether some parent is acceptable; `None` where there is no parent.
        let mut inherited: BTreeMap<&Oid, bool> = BTreeMap::new();
        for (policy, above) in &self.level {
            for expected in &above.expected {
                let from_any = policy.content() == oid::ANY_POLICY;
                let ok = if from_any { acceptable.contains(expected) } else { above.acceptable };
                *inherited.entry(expected).or_default() |= ok;
            }
        }
        for policy in stated.iter().filter(|policy| policy.content() != oid::ANY_POLICY) {
            match inherited.get(policy) {
                Some(ok) => level.insert(policy.clone(), node(policy, *ok)),
                None if above_any => level.insert(policy.clone(), node(policy, acceptable.contains(policy))),
                None => None,
            };
        }
        if any_counts && stated.iter().any(|policy| policy.content() == oid::ANY_POLICY) {
            for (policy, ok) in inherited {
                level.entry(policy.clone()).or_insert_with(|| node(policy, ok));
            }
        }
        level
    }

    /// RFC 5280 6.1.4 (a), (b): policy mappings; `false` where anyPolicy is mapped.
    fn map(&mut self, mappings: &BTreeMap<Oid, BTreeSet<Oid>>, acceptable: &[Oid]) -> bool {
        let is_any = |policy: &Oid| policy.content() == oid::ANY_POLICY;
        if mappings.iter().any(|(issuer, subjects)| is_any(issuer) || subjects.iter().any(is_any)) {
            return false;
        }
        let above_any = self.level.keys().any(is_any);
        for (issuer, subjects) in mappings {
            if self.mapping == 0 {
                self.level.remove(issuer);
            } else if let Some(node) = self.level.get_mut(issuer) {
                node.expected.clone_from(subjects);
            } else if above_any {
                let node = Node { expected: subjects.clone(), acceptable: acceptable.contains(issuer) };
                self.level.insert(issuer.clone(), node);
            }
        }
        true
    }

    /// RFC 5280 6.1.4 (h)-(j), 6.1.5 (a), (b).
    fn count(&mut self, statement: &Statement, self_issued: bool, last: bool) {
        if last {
            self.explicit = self.explicit.saturating_sub(1);
            if statement.require_explicit == Some(0) {
                self.explicit = 0;
            }
            return;
        }
        if !self_issued {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let least = |counter: &mut usize, stated: Option<usize>| {
            *counter = stated.map_or(*counter, |stated| stated.min(*counter));
        };
        least(&mut self.explicit, statement.require_explicit);
        least(&mut self.mapping, statement.inhibit_mapping);
        least(&mut self.any, statement.inhibit_any);
    }
}

/// What a certificate says of policies.
struct Statement {
    policies: Option<BTreeSet<Oid>>,
    mappings: BTreeMap<Oid, BTreeSet<Oid>>,
    require_explicit: Option<usize>,
    inhibit_mapping: Option<usize>,
    inhibit_any: Option<usize>,
}

impl Statement {
    /// `None` where it cannot be read.
    fn read(certificate: &Certificate) -> Option<Self> {
        let octets = |kind: &[u8]| match certificate.extension(kind).map(|extension| &extension.value) {
            None => Some(None),
            Some(ExtensionValue::Other(octets)) => Some(Some(octets.as_slice())),
            Some(_) => None,
        };
        let policies = match certificate.extension(oid::CERTIFICATE_POLICIES).map(|found| &found.value) {
            Some(ExtensionValue::CertificatePolicies(stated)) if stated.len() <= MOST_POLICIES => {
                Some(stated.iter().cloned().collect())
            }
            Some(_) => return None,
            None => None,
        };
        let mappings = match octets(oid::POLICY_MAPPINGS)? {
            Some(octets) => read_mappings(octets)?,
            None => BTreeMap::new(),
        };
        let (require_explicit, inhibit_mapping) = match octets(oid::POLICY_CONSTRAINTS)? {
            Some(octets) => read_constraints(octets)?,
            None => (None, None),
        };
        let inhibit_any = match octets(oid::INHIBIT_ANY_POLICY)? {
            Some(octets) => Some(number(whole(octets, tag::INTEGER)?)?),
            None => None,
        };
        Some(Self { policies, mappings, require_explicit, inhibit_mapping, inhibit_any })
    }
}

/// PolicyMappings (RFC 5280 4.2.1.5): pairs of a policy of the issuer and one of the subject.
pub(super) fn read_mappings(octets: &[u8]) -> Option<BTreeMap<Oid, BTreeSet<Oid>>> {
    let mut pairs = whole(octets, tag::SEQUENCE)?.inside();
    let mut mappings: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
    let mut count = 0;
    while !pairs.is_empty() {
        let mut pair = pairs.expect(tag::SEQUENCE)?.inside();
        let (issuer, subject) = (pair.expect(tag::OID)?, pair.expect(tag::OID)?);
        count += 1;
        if !pair.is_empty() || count > MOST_POLICIES {
            return None;
        }
        mappings
            .entry(Oid::from_content(issuer.content))
            .or_default()
            .insert(Oid::from_content(subject.content));
    }
    (count > 0).then_some(mappings)
}

/// PolicyConstraints (RFC 5280 4.2.1.11): requireExplicitPolicy and inhibitPolicyMapping.
pub(super) fn read_constraints(octets: &[u8]) -> Option<(Option<usize>, Option<usize>)> {
    let mut fields = whole(octets, tag::SEQUENCE)?.inside();
    let (mut explicit, mut mapping, mut last) = (None, None, 0);
    while !fields.is_empty() {
        let field = fields.next().filter(|field| field.tag > last)?;
        last = field.tag;
        match field.tag {
            0x80 => explicit = Some(number(field)?),
            0x81 => mapping = Some(number(field)?),
            _ => return None,
        }
    }
    Some((explicit, mapping))
}

/// SkipCerts: no more than fits, which is more than any path is long; `None` where it is negative, or not DER.
pub(super) fn number(element: Element<'_>) -> Option<usize> {
    match element.content {
        [] | [0x80..=0xff, ..] | [0, 0..0x80, ..] => None,
        content => Some(
            content
                .iter()
                .fold(0usize, |sum, &octet| sum.saturating_mul(256).saturating_add(usize::from(octet))),
        ),
    }
}
