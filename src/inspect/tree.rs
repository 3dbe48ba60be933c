//! Who signed whom in all that was given: by signature, not by name alone.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use time::OffsetDateTime;

use super::{Place, anatomy::Anatomy, inspect_der};
use crate::{
    cert::Role,
    fingerprint::{hex, sha256},
    key::SignatureFault,
    name::Name,
    origin::Origin,
    validity::serialize_maybe,
};

/// Longer chains are no PKI's.
const DEEPEST: usize = 64;
/// Certificates of one name that are tried as the issuer of another.
const MOST_TRIED: usize = 64;

/// A certificate, and what it signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What people call it
    pub title: String,
    /// Whom it speaks of
    pub subject: String,
    /// Who signed it, by name
    pub issuer: String,
    /// What it is for
    pub kind: Role,
    /// Last second of its validity
    #[serde(serialize_with = "serialize_maybe")]
    pub not_after: Option<OffsetDateTime>,
    /// SHA-256 of the whole certificate in hexadecimal
    pub fingerprint_sha256: String,
    /// Everywhere it was found
    pub places: Vec<Place>,
    /// How it hangs on what is above it
    pub link: Link,
    /// What it signed
    pub signed: Vec<Node>,
}

/// How a certificate hangs on the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// It signed itself
    Itself,
    /// The signature holds
    Signed,
    /// Names, and key identifiers where both state them, fit; the signature is of a kind that cannot be checked
    Unchecked,
    /// Its issuer is not among what was given
    Missing,
    /// A certificate of its issuer's name is there, and did not sign it
    Broken,
}

/// Certificates, to be put in a tree.
#[derive(Default)]
pub struct Forest {
    all: Vec<(Anatomy, Node)>,
    known: HashMap<[u8; 32], usize>,
}

impl Forest {
    /// Adds a certificate; the same one again is only noted as another place. One that cannot be read is left out.
    pub fn add(&mut self, der: &[u8], place: Place, origin: &Origin, now: OffsetDateTime) {
        let Some(anatomy) = Anatomy::read(der) else { return };
        let print = sha256(&anatomy.der);
        if let Some((_, node)) = self.known.get(&print).and_then(|at| self.all.get_mut(*at)) {
            return node.places.push(place);
        }
        let Ok(report) = inspect_der(der, place.clone(), origin, now) else { return };
        self.known.insert(print, self.all.len());
        let node = Node {
            title: report.title,
            subject: report.subject,
            issuer: report.issuer,
            kind: report.kind,
            not_after: report.not_after,
            fingerprint_sha256: hex(&print),
            places: vec![place],
            link: Link::Missing,
            signed: Vec::new(),
        };
        self.all.push((anatomy, node));
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The trees, in the order in which their roots were given. CAs that certify each other stand in a circle: the first of
    /// them is taken for its beginning.
    pub fn grow(mut self) -> Vec<Node> {
        let count = self.all.len();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, (anatomy, _)) in self.all.iter().enumerate() {
            by_name.entry(folded(anatomy.subject.as_ref())).or_default().push(at);
        }
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut starts = Vec::new();
        for at in 0..count {
            let (parent, link) = self.parent(at, &by_name);
            if let Some((_, node)) = self.all.get_mut(at) {
                node.link = link;
            }
            match parent {
                Some(parent) => children.entry(parent).or_default().push(at),
                None => starts.push(at),
            }
        }
        // Whatever no start leads to is in a circle, or below one.
        starts.extend(0..count);
        let (mut roots, mut order, mut seen) = (Vec::new(), Vec::new(), vec![false; count]);
        let mut waiting: VecDeque<(usize, Option<usize>, usize)> = VecDeque::new();
        for start in starts {
            waiting.push_back((start, None, 0));
            while let Some((at, parent, depth)) = waiting.pop_front() {
                if seen.get_mut(at).is_none_or(|seen| std::mem::replace(seen, true)) {
                    continue;
                }
                // No depth of signatures is to be a depth of calls: a tree that is too deep goes on as another.
                let parent = parent.filter(|_| depth % DEEPEST > 0);
                match parent {
                    Some(parent) => order.push((at, parent)),
                    None => roots.push(at),
                }
                let below = children.get(&at).into_iter().flatten();
                waiting.extend(below.map(|child| (*child, Some(at), depth + 1)));
            }
        }
        let mut nodes: Vec<Option<Node>> = self.all.into_iter().map(|(_, node)| Some(node)).collect();
        // From the leaves up; the last were found last.
        for (at, parent) in order.into_iter().rev() {
            if let Some(node) = take(&mut nodes, at)
                && let Some(Some(above)) = nodes.get_mut(parent)
            {
                above.signed.push(node);
            }
        }
        roots.into_iter().filter_map(|at| take(&mut nodes, at)).collect()
    }

    /// Who signed a certificate, and how sure that is.
    fn parent(&self, at: usize, by_name: &HashMap<String, Vec<usize>>) -> (Option<usize>, Link) {
        let Some((anatomy, _)) = self.all.get(at) else { return (None, Link::Missing) };
        match anatomy.self_signature() {
            Some(Ok(())) => return (None, Link::Itself),
            Some(Err(SignatureFault::Unsupported)) if anatomy.is_own_issuer() => return (None, Link::Itself),
            _ => {}
        }
        let candidates = by_name.get(&folded(anatomy.issuer.as_ref())).into_iter().flatten().copied();
        let mut link = Link::Missing;
        let mut likely = None;
        for candidate in candidates.filter(|candidate| *candidate != at).take(MOST_TRIED) {
            let Some((issuer, _)) = self.all.get(candidate) else { continue };
            let Some(key) = &issuer.key else { continue };
            match anatomy.is_signed_by(key) {
                Ok(()) => return (Some(candidate), Link::Signed),
                Err(SignatureFault::Wrong) => {}
                Err(SignatureFault::Unsupported) => {
                    let fits = match (anatomy.authority_key_id(), issuer.subject_key_id()) {
                        (Some(wanted), Some(own)) => wanted == own,
                        _ => true,
                    };
                    if fits {
                        likely = likely.or(Some(candidate));
                    }
                }
            }
            link = Link::Broken;
        }
        match likely {
            Some(candidate) => (Some(candidate), Link::Unchecked),
            None => (None, link),
        }
    }
}

/// A node with everything below it, which was hung on it from the last to the first.
fn take(nodes: &mut [Option<Node>], at: usize) -> Option<Node> {
    let mut node = nodes.get_mut(at)?.take()?;
    node.signed.reverse();
    Some(node)
}

/// A name as it is compared: see [`Name::same`].
fn folded(name: Option<&Name>) -> String {
    name.map(|name| name.to_string().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        cert::Certificate,
        issue::{Kind, Request, plan},
        issuer::Issuer,
        key::{KeyType, PrivateKey},
        validity::{End, Span},
    };

    const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyType::Ed25519, &SystemRandom::new()).unwrap()
    }

    fn copy(key: &PrivateKey) -> PrivateKey {
        PrivateKey::from_pkcs8(key.pkcs8().to_vec().into(), &Origin::named("key")).unwrap()
    }

    fn request(kind: Kind, name: &str) -> Request {
        Request::new(kind, Name::from_common_name(name).unwrap(), End::After(Span::days(9)))
    }

    fn root(name: &str, key: &PrivateKey) -> Certificate {
        plan(request(Kind::Root, name), None, NOW).unwrap().sign_root(key, &SystemRandom::new()).unwrap()
    }

    fn signed(
        name: &str,
        own: &PrivateKey,
        by: &Certificate,
        above: &[Certificate],
        key: &PrivateKey,
    ) -> Certificate {
        let issuer = Issuer::new(by.clone(), above, copy(key), Origin::named("key"), NOW).unwrap();
        let request = Request { path_length: None, ..request(Kind::Intermediate, name) };
        plan(request, Some(&issuer), NOW).unwrap().sign(own.public(), &issuer, &SystemRandom::new()).unwrap()
    }

    fn told(nodes: &[Node]) -> String {
        let one = |node: &Node| format!("{}:{:?}({})", node.title, node.link, told(&node.signed));
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn grown(certificates: &[&Certificate]) -> String {
        let mut forest = Forest::default();
        for certificate in certificates {
            let origin = Origin::named("test");
            forest.add(certificate.der(), Place::new(&origin), &origin, NOW);
        }
        told(&forest.grow())
    }

    #[test]
    fn signatures_decide_and_not_names() {
        let (one, two, own) = (key(), key(), key());
        let (real, other) = (root("R", &one), root("R", &two));
        let below = signed("I", &own, &real, &[], &one);
        assert_eq!(grown(&[&below, &other, &real, &below]), "R:Itself() R:Itself(I:Signed())");
        assert_eq!(grown(&[&below, &other]), "I:Broken() R:Itself()");
        assert_eq!(grown(&[&below]), "I:Missing()");
    }

    #[test]
    fn authorities_that_certify_each_other_are_told_once() {
        let (one, two) = (key(), key());
        let (a, b) = (root("A", &one), root("B", &two));
        let b_by_a = signed("B", &two, &a, &[], &one);
        let a_by_b = signed("A", &one, &b, &[], &two);
        assert_eq!(grown(&[&b_by_a, &a_by_b]), "B:Signed(A:Signed())");
        let all = grown(&[&a, &b, &a_by_b, &b_by_a]);
        assert_eq!(all.matches(':').count(), 4, "{all}");
    }
}
