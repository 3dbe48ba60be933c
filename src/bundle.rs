//! Putting loose certificates in the proven order.

use std::collections::HashSet;

use crate::{
    Error,
    cert::Certificate,
    fingerprint::hex,
    key::{PrivateKey, SignatureFault},
    origin::Origin,
    validity::format_date,
};

/// Signatures checked before the search gives up: CAs that sign each other crosswise make exponentially many paths.
const MOST_SIGNATURES: usize = 256;

/// The certificates above `certificate`, its own issuer first, its root last, out of a pool in any order. Each link is
/// proved by its signature. Where several fit (a renewed CA, a cross-sign), a root is tried before an
/// intermediate, and what lasts longer before what ends sooner, until a path is complete.
///
/// # Errors
/// [`Error::ChainGap`] naming the issuer that is missing; [`Error::LinkUnproven`] where the issuer is there, but its
/// signature cannot be checked.
pub fn chain_above(certificate: &Certificate, pool: &[Certificate]) -> Result<Vec<Certificate>, Error> {
    match Search::run(certificate, pool) {
        Outcome::Complete(chain) => Ok(chain),
        Outcome::Gap { error, .. } => Err(error),
    }
}

enum Outcome {
    Complete(Vec<Certificate>),
    /// The longest chain that could be proved, and what ended it.
    Gap {
        chain: Vec<Certificate>,
        error: Error,
    },
}

struct Search<'a> {
    pool: &'a [Certificate],
    signatures: usize,
    furthest: Option<(Vec<&'a Certificate>, Error)>,
}

impl<'a> Search<'a> {
    fn run(certificate: &'a Certificate, pool: &'a [Certificate]) -> Outcome {
        let mut search = Self { pool, signatures: 0, furthest: None };
        let mut path = vec![certificate];
        let complete = search.extend(&mut path);
        let above = |path: Vec<&Certificate>| path.into_iter().skip(1).cloned().collect();
        match (complete, search.furthest) {
            (true, _) => Outcome::Complete(above(path)),
            (false, Some((chain, error))) => Outcome::Gap { chain: above(chain), error },
            // Not reached: a search that fails says where.
            (false, None) => Outcome::Gap { chain: Vec::new(), error: gap(certificate, None) },
        }
    }

    /// Goes on from the last certificate of the path until a root is reached.
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let Some(&last) = path.last() else { return false };
        if last.is_own_issuer() {
            return true;
        }
        let named = self.pool.iter().filter(|issuer| issuer.subject().same(last.issuer()));
        let mut named: Vec<&'a Certificate> = named.filter(|issuer| !path.contains(issuer)).collect();
        named.sort_by_key(|issuer| {
            std::cmp::Reverse((issuer.is_ca(), issuer.is_own_issuer(), issuer.validity().not_after))
        });
        let mut went_on = false;
        let mut unproven = None;
        for &issuer in &named {
            if self.signatures == MOST_SIGNATURES {
                break;
            }
            self.signatures += 1;
            match last.is_signed_by(issuer.public_key()) {
                Ok(()) => {
                    went_on = true;
                    path.push(issuer);
                    if self.extend(path) {
                        return true;
                    }
                    path.pop();
                }
                Err(SignatureFault::Unsupported) => unproven = Some(issuer),
                Err(SignatureFault::Wrong) => {}
            }
        }
        // The longest path tells best what is missing.
        let is_longest = self.furthest.as_ref().is_none_or(|(longest, _)| path.len() > longest.len());
        if !went_on && is_longest {
            let error = match unproven {
                Some(issuer) => Error::LinkUnproven {
                    origin: last.origin().clone(),
                    subject: last.title(),
                    issuer: issuer.origin().clone(),
                    algorithm: last.signature_algorithm().name(),
                    key: issuer.key_algorithm().to_string(),
                },
                None => gap(last, named.first().copied()),
            };
            self.furthest = Some((path.clone(), error));
        }
        false
    }
}

fn gap(last: &Certificate, other: Option<&Certificate>) -> Error {
    Error::ChainGap {
        origin: last.origin().clone(),
        subject: last.title(),
        issuer: last.issuer().to_string(),
        key_id: last.authority_key_id().map(hex),
        other_key: other.map(|other| other.origin().clone()),
    }
}

/// A leaf with its proven chain.
#[derive(Debug)]
pub struct Bundle {
    /// The leaf; a CA where only CAs were given
    pub leaf: Certificate,
    /// Intermediates, the leaf's issuer first
    pub intermediates: Vec<Certificate>,
    /// The root; `None` only from [`Bundle::assemble_partial`], where it was not given
    pub root: Option<Certificate>,
    /// Certificates that were given and are not on the path
    pub surplus: Vec<Certificate>,
}

impl Bundle {
    /// Finds the leaf among certificates in any order, and its chain to a root. The leaf is the certificate that
    /// belongs to `key`, or else the only one that is no CA, or else the only one that signed no other.
    ///
    /// # Errors
    /// [`Error::LeafAmbiguous`], [`Error::LeafMissing`], [`Error::ChainGap`], [`Error::LinkUnproven`].
    pub fn assemble(pool: &[Certificate], key: Option<(&PrivateKey, &Origin)>) -> Result<Self, Error> {
        Self::build(pool, key, false)
    }

    /// As [`Bundle::assemble`], but the chain may end below its root, where there is no certificate with the name of
    /// the last issuer at all. Whether that issuer is the root then remains open.
    ///
    /// # Errors
    /// As [`Bundle::assemble`]; [`Error::ChainGap`] only where there is a certificate of that name with another key.
    pub fn assemble_partial(
        pool: &[Certificate],
        key: Option<(&PrivateKey, &Origin)>,
    ) -> Result<Self, Error> {
        Self::build(pool, key, true)
    }

    fn build(
        pool: &[Certificate],
        key: Option<(&PrivateKey, &Origin)>,
        partial: bool,
    ) -> Result<Self, Error> {
        let mut seen = HashSet::new();
        let distinct: Vec<Certificate> =
            pool.iter().filter(|certificate| seen.insert(certificate.der())).cloned().collect();
        let leaf = find_leaf(&distinct, key)?;
        let (intermediates, root) = match Search::run(&leaf, &distinct) {
            Outcome::Complete(mut above) => {
                let root = above.pop().unwrap_or_else(|| leaf.clone());
                (above, Some(root))
            }
            Outcome::Gap { chain, error: Error::ChainGap { other_key: None, .. } } if partial => {
                (chain, None)
            }
            Outcome::Gap { error, .. } => return Err(error),
        };
        let mut bundle = Self { leaf, intermediates, root, surplus: Vec::new() };
        let used: HashSet<Vec<u8>> = bundle.path().map(|used| used.der().to_vec()).collect();
        bundle.surplus =
            distinct.into_iter().filter(|certificate| !used.contains(certificate.der())).collect();
        Ok(bundle)
    }

    /// The leaf, the intermediates and the root, where there is one above the leaf.
    pub fn path(&self) -> impl Iterator<Item = &Certificate> {
        let root = self.root.iter().filter(|root| **root != self.leaf);
        std::iter::once(&self.leaf).chain(&self.intermediates).chain(root)
    }

    /// Leaf and intermediates, never the root: what a server sends. A certificate that signed itself stands alone.
    pub fn fullchain(&self) -> Vec<Certificate> {
        std::iter::once(&self.leaf).chain(&self.intermediates).cloned().collect()
    }

    /// [`Bundle::fullchain`] and the root.
    pub fn with_root(&self) -> Vec<Certificate> {
        self.path().cloned().collect()
    }

    /// Root and intermediates, root first: what the other side trusts where it does not get the intermediates. Where
    /// only CAs were given, all of the path.
    pub fn ca_bundle(&self) -> Vec<Certificate> {
        let path: Vec<_> = self.path().collect();
        let is_leaf = |certificate: &Certificate| *certificate == self.leaf && !certificate.is_ca();
        let authorities = path.iter().rev().filter(|certificate| path.len() == 1 || !is_leaf(certificate));
        authorities.map(|certificate| (*certificate).clone()).collect()
    }
}

fn find_leaf(pool: &[Certificate], key: Option<(&PrivateKey, &Origin)>) -> Result<Certificate, Error> {
    if let Some((key, origin)) = key {
        // A renewed certificate may keep its key; the one that lasts longest is meant. What people hold a key for is
        // first of all a leaf.
        let fitting = pool.iter().filter(|certificate| certificate.public_key() == key.public());
        let best = fitting.max_by_key(|fitting| (!fitting.is_ca(), fitting.validity().not_after));
        return best.cloned().ok_or_else(|| Error::LeafMissing {
            key: Some(origin.clone()),
            key_id: Some(key.public().short_id()),
        });
    }
    // Another certificate for the same key is the same authority, renewed or cross-signed: no link to it counts.
    let signed_other = |ca: &Certificate| {
        pool.iter().any(|other| {
            other.public_key() != ca.public_key()
                && other.issuer().same(ca.subject())
                && other.is_signed_by(ca.public_key()).is_ok()
        })
    };
    let mut candidates: Vec<&Certificate> = pool.iter().filter(|certificate| !certificate.is_ca()).collect();
    if candidates.len() > 1 {
        // Roots of version 1 do not say that they are CAs.
        let end: Vec<_> = candidates.iter().copied().filter(|one| !signed_other(one)).collect();
        candidates = if end.is_empty() { candidates } else { end };
    }
    if candidates.is_empty() {
        for ca in pool.iter().filter(|ca| !signed_other(ca)) {
            let same = |known: &&mut &Certificate| known.is_same_authority(ca);
            match candidates.iter_mut().find(same) {
                // A CA that was renewed or cross-signed counts once; below its root it has more to show.
                Some(known) => {
                    let rank = |one: &Certificate| (!one.is_own_issuer(), one.validity().not_after);
                    if rank(ca) > rank(known) {
                        *known = ca;
                    }
                }
                None => candidates.push(ca),
            }
        }
    }
    match candidates.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Error::LeafMissing { key: None, key_id: None }),
        several => {
            Err(Error::LeafAmbiguous { candidates: several.iter().map(|leaf| describe(leaf)).collect() })
        }
    }
}

/// What tells a certificate from others of its name.
fn describe(certificate: &Certificate) -> String {
    let end = format_date(certificate.validity().not_after);
    format!("{}, until {end} ({})", certificate.title(), certificate.origin())
}

/// PEM of certificates, one after the other.
pub fn to_pem<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> String {
    certificates.into_iter().map(Certificate::to_pem).collect()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::{OffsetDateTime, macros::datetime};

    use super::*;
    use crate::{
        issue::{Kind, Request, plan},
        issuer::Issuer,
        key::KeyType,
        name::Name,
        profile::Profile,
        validity::{End, Span},
    };

    const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyType::P256, &SystemRandom::new()).unwrap()
    }

    /// A second handle on the same key.
    fn again(key: &PrivateKey) -> PrivateKey {
        PrivateKey::from_pkcs8(key.pkcs8().to_vec().into(), &Origin::named("test")).unwrap()
    }

    fn request(kind: Kind, name: &str, days: u64) -> Request {
        Request {
            sans: if matches!(kind, Kind::Leaf(_)) { vec!["api.internal".parse().unwrap()] } else { vec![] },
            ..Request::new(kind, Name::from_common_name(name).unwrap(), End::After(Span::days(days)))
        }
    }

    fn root(name: &str, key: &PrivateKey, days: u64) -> Certificate {
        plan(request(Kind::Root, name, days), None, NOW)
            .unwrap()
            .sign_root(key, &SystemRandom::new())
            .unwrap()
    }

    /// Signs by a CA with the certificates above it.
    fn below(
        kind: Kind,
        name: &str,
        of: &PrivateKey,
        ca: (&Certificate, &PrivateKey),
        above: &[Certificate],
    ) -> Certificate {
        let issuer = Issuer::new(ca.0.clone(), above, again(ca.1), Origin::named("ca key"), NOW).unwrap();
        let planned = plan(request(kind, name, 90), Some(&issuer), NOW).unwrap();
        planned.sign(of.public(), &issuer, &SystemRandom::new()).unwrap()
    }

    struct Chain {
        root: Certificate,
        root_key: PrivateKey,
        intermediate: Certificate,
        intermediate_key: PrivateKey,
        leaf: Certificate,
        leaf_key: PrivateKey,
    }

    fn chain() -> Chain {
        let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
        let root = root("Root", &root_key, 365);
        let intermediate = below(Kind::Intermediate, "Issuing", &intermediate_key, (&root, &root_key), &[]);
        let leaf = below(
            Kind::Leaf(Profile::Server),
            "api.internal",
            &leaf_key,
            (&intermediate, &intermediate_key),
            std::slice::from_ref(&root),
        );
        Chain { root, root_key, intermediate, intermediate_key, leaf, leaf_key }
    }

    #[test]
    fn order_and_duplicates_do_not_matter() {
        let c = chain();
        let all = [&c.leaf, &c.intermediate, &c.root];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut pool: Vec<_> = order.iter().map(|&index| all[index].clone()).collect();
            pool.extend_from_within(..);
            let bundle = Bundle::assemble(&pool, None).unwrap();
            assert_eq!(bundle.fullchain(), [c.leaf.clone(), c.intermediate.clone()]);
            assert_eq!(bundle.with_root(), [c.leaf.clone(), c.intermediate.clone(), c.root.clone()]);
            assert_eq!(bundle.ca_bundle(), [c.root.clone(), c.intermediate.clone()]);
            assert!(bundle.surplus.is_empty());
        }
    }

    #[test]
    fn what_is_not_needed_is_named() {
        let c = chain();
        let other = root("Other", &key(), 365);
        let pool = [other.clone(), c.root.clone(), c.leaf.clone(), c.intermediate.clone()];
        let bundle = Bundle::assemble(&pool, None).unwrap();
        assert_eq!(bundle.surplus, [other]);
        assert_eq!(bundle.root, Some(c.root));
    }

    #[test]
    fn a_missing_link_is_named() {
        let c = chain();
        let error = Bundle::assemble(&[c.leaf.clone(), c.root.clone()], None).unwrap_err();
        assert!(
            matches!(&error, Error::ChainGap { subject, issuer, other_key: None, .. }
                if subject == "api.internal" && issuer == "CN=Issuing"),
            "{error:?}"
        );
        let without_root = [c.leaf.clone(), c.intermediate.clone()];
        let error = Bundle::assemble(&without_root, None).unwrap_err();
        assert!(
            matches!(&error, Error::ChainGap { subject, issuer, .. } if subject == "Issuing" && issuer == "CN=Root")
        );
        let partial = Bundle::assemble_partial(&without_root, None).unwrap();
        assert_eq!((partial.fullchain().as_slice(), partial.root), (without_root.as_slice(), None));
    }

    #[test]
    fn a_foreign_link_of_the_same_name_is_told_apart() {
        let c = chain();
        let foreign = root("Root", &key(), 365);
        let pool = [c.leaf.clone(), c.intermediate.clone(), foreign];
        for outcome in [Bundle::assemble(&pool, None), Bundle::assemble_partial(&pool, None)] {
            let error = outcome.unwrap_err();
            assert!(
                matches!(&error, Error::ChainGap { subject, other_key: Some(_), .. } if subject == "Issuing")
            );
        }
    }

    #[test]
    fn of_two_leaves_the_key_says_which() {
        let c = chain();
        let other_key = key();
        let other = below(
            Kind::Leaf(Profile::Client),
            "service-a",
            &other_key,
            (&c.intermediate, &c.intermediate_key),
            std::slice::from_ref(&c.root),
        );
        let pool = [c.leaf.clone(), other.clone(), c.intermediate.clone(), c.root.clone()];
        let error = Bundle::assemble(&pool, None).unwrap_err();
        assert!(matches!(&error, Error::LeafAmbiguous { candidates } if candidates.len() == 2), "{error:?}");
        let origin = Origin::named("key");
        let bundle = Bundle::assemble(&pool, Some((&other_key, &origin))).unwrap();
        assert_eq!((&bundle.leaf, bundle.surplus.as_slice()), (&other, [c.leaf.clone()].as_slice()));
        assert_eq!(Bundle::assemble(&pool, Some((&c.leaf_key, &origin))).unwrap().leaf, c.leaf);
        let stranger = key();
        assert!(matches!(
            Bundle::assemble(&pool, Some((&stranger, &origin))),
            Err(Error::LeafMissing { key: Some(_), .. })
        ));
    }

    #[test]
    fn a_renewed_root_is_taken_in_its_newest_form() {
        let c = chain();
        let renewed = root("Root", &c.root_key, 3650);
        for pool in [
            [c.root.clone(), renewed.clone(), c.leaf.clone(), c.intermediate.clone()],
            [renewed.clone(), c.root.clone(), c.leaf.clone(), c.intermediate.clone()],
        ] {
            let bundle = Bundle::assemble(&pool, None).unwrap();
            assert_eq!(
                (bundle.root, bundle.surplus.as_slice()),
                (Some(renewed.clone()), [c.root.clone()].as_slice())
            );
        }
        let roots_only = Bundle::assemble(&[c.root.clone(), renewed.clone()], None).unwrap();
        assert_eq!(roots_only.ca_bundle(), [renewed]);
    }

    #[test]
    fn authorities_alone_make_a_bundle() {
        let c = chain();
        let bundle = Bundle::assemble(&[c.intermediate.clone(), c.root.clone()], None).unwrap();
        assert_eq!(bundle.leaf, c.intermediate);
        assert_eq!(bundle.ca_bundle(), [c.root.clone(), c.intermediate.clone()]);
        let bundle = Bundle::assemble(std::slice::from_ref(&c.root), None).unwrap();
        assert_eq!((bundle.ca_bundle(), bundle.with_root()), (vec![c.root.clone()], vec![c.root.clone()]));
        let unrelated = root("Other", &key(), 365);
        assert!(matches!(Bundle::assemble(&[c.root, unrelated], None), Err(Error::LeafAmbiguous { .. })));
    }

    #[test]
    fn a_cross_sign_that_leads_nowhere_does_not_hide_the_path_that_holds() {
        let c = chain();
        // The same intermediate, certified by another root for longer than the one that is here.
        let other_key = key();
        let other = root("Other", &other_key, 3650);
        let issuer = Issuer::new(other, &[], other_key, Origin::named("key"), NOW).unwrap();
        let longer = plan(request(Kind::Intermediate, "Issuing", 3000), Some(&issuer), NOW).unwrap();
        let cross = longer.sign(c.intermediate.public_key(), &issuer, &SystemRandom::new()).unwrap();
        let pool = [cross.clone(), c.leaf.clone(), c.intermediate.clone(), c.root.clone()];
        let bundle = Bundle::assemble(&pool, None).unwrap();
        assert_eq!((bundle.root, bundle.surplus), (Some(c.root), vec![cross]));
    }
}
