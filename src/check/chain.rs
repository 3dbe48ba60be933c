//! Chains: whether each certificate leads to a root, and whether files that are sent or trusted hold what they should.

use std::{collections::HashMap, path::Path};

use rayon::prelude::*;
use time::OffsetDateTime;

use super::{File, Problems, Rule, Tree};
use crate::{
    cert::Certificate,
    validity::tell,
    verify::{self, Purpose, Question, Verdict, verify},
};

/// Returns how many different certificates there are.
pub(super) fn check(tree: &Tree<'_>, now: OffsetDateTime, problems: &mut Problems) -> usize {
    let mut distinct: HashMap<&[u8], (&File, &Certificate)> = HashMap::new();
    for file in tree.files {
        for certificate in &file.certificates {
            // A file of its own says best where it is; what is in use counts before what is kept.
            let rank = |file: &File| (file.is_put_away, file.certificates.len());
            let known = distinct.entry(certificate.der()).or_insert((file, certificate));
            if rank(file) < rank(known.0) {
                *known = (file, certificate);
            }
        }
    }
    let all: Vec<(&File, &Certificate)> = distinct.into_values().collect();
    let scene = Scene { tree, now };
    let judged = all.par_iter().flat_map_iter(|(file, certificate)| scene.judge(file, certificate).0);
    problems.0.extend(judged.collect::<Vec<_>>());
    let files = tree.files.par_iter().filter(|file| !file.is_store).flat_map_iter(|file| {
        let mut said = Problems::default();
        scene.sent(file, &mut said);
        scene.trusted(file, &mut said);
        said.0
    });
    problems.0.extend(files.collect::<Vec<_>>());
    stores(tree, problems);
    all.len()
}

/// Whether it says that no way leads to a root.
fn is_lost(verdict: &Verdict) -> bool {
    verdict.findings.iter().any(|finding| finding.rule.is_missing_issuer())
}

/// Whether there is nothing wrong with files of which a certificate has this said.
fn is_usual(file: &File, certificate: &Certificate, rule: verify::Rule) -> bool {
    match rule {
        // Who sends a chain leaves the root out, and has it nowhere; what signed itself has no other issuer.
        verify::Rule::UnknownIssuer => certificate.is_ca() || certificate.is_own_issuer(),
        // Nobody relies on the signature of a root.
        verify::Rule::WeakSignature => certificate.is_ca() && certificate.is_own_issuer(),
        verify::Rule::Expired => file.is_put_away,
        _ => false,
    }
}

/// What all certificates are judged by.
struct Scene<'a> {
    tree: &'a Tree<'a>,
    now: OffsetDateTime,
}

impl Scene<'_> {
    /// As of now, with these between and these roots.
    fn verify(&self, leaf: &Certificate, intermediates: &[Certificate], anchors: &[Certificate]) -> Verdict {
        let question = Question { anchors, intermediates, purpose: Purpose::Any, host: None, at: self.now };
        verify(leaf, &question)
    }

    /// By everything that is here.
    fn verify_here(&self, leaf: &Certificate) -> Verdict {
        self.verify(leaf, &self.tree.intermediates, &self.tree.roots)
    }

    /// What is wrong with a certificate itself, or with its way to a root.
    fn judge(&self, file: &File, certificate: &Certificate) -> Problems {
        let mut problems = Problems::default();
        let title = certificate.title();
        // What is wrong with a CA is told of the CA, and of the certificate whose issuer is missing, not of all below it.
        for finding in
            self.verify_here(certificate).findings.iter().filter(|finding| finding.certificate == 1)
        {
            if is_usual(file, certificate, finding.rule) {
                continue;
            }
            let rule = match finding.rule {
                verify::Rule::Expired => Rule::Expired,
                verify::Rule::NotYetValid => Rule::NotYetValid,
                verify::Rule::WeakKey => Rule::WeakKey,
                verify::Rule::IssuerKeyMismatch => Rule::IssuerKeyMismatch,
                rule if rule.is_missing_issuer() => Rule::UnknownIssuer,
                _ => Rule::InvalidChain,
            };
            let fact = match rule {
                Rule::Expired => {
                    format!("\"{title}\" ended {}", tell(certificate.validity().not_after, self.now))
                }
                Rule::InvalidChain => {
                    format!(
                        "\"{title}\": {} ({}, {})",
                        finding.fact,
                        finding.rule.code(),
                        finding.rule.section()
                    )
                }
                _ => format!("\"{title}\": {}", finding.fact),
            };
            problems.say(rule, &file.path, fact, None);
        }
        problems
    }

    /// A file with a leaf and its chain, as servers send it.
    fn sent(&self, file: &File, problems: &mut Problems) {
        for (index, certificate) in file.certificates.iter().enumerate() {
            if file.certificates.iter().take(index).any(|before| before == certificate) {
                let fact = format!("\"{}\" is in it twice", certificate.title());
                problems.say(Rule::Duplicate, &file.path, fact, None);
            }
        }
        let Some(leaf) = file.leaf().filter(|leaf| !leaf.is_ca()) else { return };
        let whole = self.verify_here(leaf);
        let others: Vec<&Certificate> = file.certificates.iter().filter(|one| *one != leaf).collect();
        // A leaf that stands alone has its chain in another file beside it.
        let own = if others.is_empty() && !file.stem.to_ascii_lowercase().contains("chain") {
            self.tree.authorities_beside.get(file.directory.as_path()).map_or(&[][..], Vec::as_slice)
        } else {
            file.certificates.as_slice()
        };
        if !is_lost(&whole) && is_lost(&self.verify(leaf, own, &self.tree.roots)) {
            let between = whole.certificates.iter().skip(1);
            if let Some(missing) = between.clone().find(|one| !own.contains(one) && !one.is_own_issuer()) {
                let fact =
                    format!("\"{}\" is missing between \"{}\" and its root", missing.title(), leaf.title());
                let place = Path::new(missing.origin().place());
                problems.say(Rule::IntermediateMissing, &file.path, fact, Some(place));
            }
        }
        self.order(file, leaf, &others, &whole.certificates, problems);
    }

    fn order(
        &self,
        file: &File,
        leaf: &Certificate,
        others: &[&Certificate],
        path: &[Certificate],
        problems: &mut Problems,
    ) {
        let mut previous = leaf;
        let mut ordered = file.certificates.first() == Some(leaf);
        for other in others {
            if other.is_own_issuer() && self.tree.roots.contains(other) && path.contains(other) {
                let fact = format!(
                    "the root \"{}\" is sent along: peers have it, or do not trust it",
                    other.title()
                );
                problems.say(Rule::RootInChain, &file.path, fact, None);
                continue;
            }
            if !path.iter().any(|step| step == *other || step.is_same_authority(other)) {
                let fact = format!("\"{}\" has nothing to do with \"{}\"", other.title(), leaf.title());
                problems.say(Rule::SurplusCertificate, &file.path, fact, None);
                continue;
            }
            ordered &= previous.issuer().same(other.subject()) || previous.is_same_authority(other);
            previous = other;
        }
        if !ordered {
            let titles: Vec<_> = file.certificates.iter().map(Certificate::title).collect();
            let fact = format!("its certificates are not in the order of the chain: {}", titles.join(", "));
            problems.say(Rule::ChainOrder, &file.path, fact, None);
        }
    }

    /// A file of trust anchors beside a certificate.
    fn trusted(&self, file: &File, problems: &mut Problems) {
        const ANCHORS: [&str; 11] = [
            "ca",
            "cacert",
            "ca-cert",
            "ca_cert",
            "ca-bundle",
            "cabundle",
            "root",
            "roots",
            "rootca",
            "root-ca",
            "trust",
        ];
        if !ANCHORS.contains(&file.stem.to_ascii_lowercase().as_str()) {
            return;
        }
        for wrong in file.certificates.iter().filter(|one| !one.is_ca()) {
            let fact = format!("\"{}\" in it is no CA, so it vouches for nobody", wrong.title());
            problems.say(Rule::NotACa, &file.path, fact, None);
        }
        let anchors: Vec<Certificate> = file.certificates.iter().filter(|one| one.is_ca()).cloned().collect();
        let leaves = self.tree.beside(file).filter_map(File::leaf).filter(|leaf| !leaf.is_ca());
        for leaf in leaves.filter(|_| !anchors.is_empty()) {
            let whole = self.verify_here(leaf);
            if !is_lost(&whole) && is_lost(&self.verify(leaf, &self.tree.authorities, &anchors)) {
                let fact = format!("it does not vouch for \"{}\" beside it", leaf.title());
                let root = whole.certificates.last().map(|root| Path::new(root.origin().place()));
                problems.say(Rule::WrongAnchor, &file.path, fact, root);
                return;
            }
        }
    }
}

/// Stores beside the PEM files that they were made from.
fn stores(tree: &Tree<'_>, problems: &mut Problems) {
    for store in tree.files.iter().filter(|file| file.is_store && !file.keys.is_empty()) {
        let Some(stored) = store.leaf() else { continue };
        let leaves: Vec<(&File, &Certificate)> =
            tree.beside(store).filter_map(|file| Some((file, file.leaf()?))).collect();
        if leaves.iter().any(|(_, leaf)| *leaf == stored) {
            continue;
        }
        let meant = leaves.iter().find(|(file, leaf)| {
            leaf.is_ca() == stored.is_ca()
                && (file.stem == store.stem || leaf.subject().same(stored.subject()))
        });
        if let Some((file, leaf)) = meant {
            let fact = format!(
                "it holds \"{}\" with serial number {}, {} beside it \"{}\" with {}",
                stored.title(),
                stored.serial_hex(),
                file.path.display(),
                leaf.title(),
                leaf.serial_hex()
            );
            problems.say(Rule::StoreDiffers, &store.path, fact, Some(&file.path));
        }
    }
}
