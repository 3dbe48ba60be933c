//! The search for a path from the leaf to a trust anchor.
//!
//! Certificates are the nodes of a graph; an edge leads to one whose name and key made the signature. Which nodes lead to an
//! anchor at all is found in polynomial time, so that chains made to keep a validator busy end soon, and the search among
//! the paths leaves out every certificate that fails by itself.

use std::collections::{HashMap, VecDeque};

use super::{Breach, Demands, Question, Rule, Rules, cause, check, constraint, revocation};
use crate::{
    cert::Certificate,
    key::{PublicKey, SignatureFault},
};

/// Certificates in a path, the anchor included; more than any real hierarchy has.
const MOST_CERTIFICATES: usize = 64;
/// Signatures checked before the search gives up: hostile chains can cross-sign exponentially many paths.
pub const MOST_SIGNATURES: usize = 512;
/// More of them that are checked to say why there is no path.
const MOST_FURTHER: usize = 64;
/// Complete paths judged before the search gives up.
const MOST_PATHS: usize = 256;
/// Steps taken among paths before the search gives up.
const MOST_STEPS: usize = 20_000;
/// Failing paths that are compared for the one that is told.
const MOST_FAILURES: usize = 32;

/// The best path that was found, and what is wrong with it.
pub(super) struct Search<'a> {
    pub(super) path: Vec<&'a Certificate>,
    pub(super) breaches: Vec<Breach>,
}

/// The first path without a breach, else the complete one with the fewest, else the incomplete one that came furthest.
pub(super) fn search<'a>(
    leaf: &'a Certificate,
    question: &Question<'a>,
    demands: &Demands<'a>,
) -> Search<'a> {
    let mut graph = Graph::new(leaf, question, demands);
    // Where a wrong key identifier is a fault anyway, the edges that have one need not be looked at to know a yes or no.
    let strict = demands.rules != Rules::Path;
    graph.connect(!strict);
    let mut walk = Walk::new(&graph);
    if graph.own(0).is_empty() && walk.clean(0) {
        return Search { path: walk.certificates(), breaches: Vec::new() };
    }
    let exhausted = graph.exhausted || walk.exhausted;
    let (signatures, steps) = (graph.signatures, walk.steps);
    if strict {
        graph.most += MOST_FURTHER;
        graph.connect(true);
    }
    let mut walk = Walk::new(&graph);
    walk.failing(0);
    let mut best = walk.best.unwrap_or_else(|| graph.incomplete());
    if !graph.own(0).is_empty() {
        // What is wrong with the leaf itself is wrong on every path.
        best.breaches.retain(|breach| breach.rule != Rule::SearchBudget);
    } else if exhausted || best.breaches.is_empty() {
        let fact =
            format!("no path was found after {signatures} signatures and {steps} steps; there may be one");
        best.breaches.push(Breach::new(0, Rule::SearchBudget, fact));
    }
    best
}

/// One certificate that may be in the path.
struct Node<'a> {
    certificate: &'a Certificate,
    anchor: bool,
    /// Those that signed it, as far as they are looked at.
    issuers: Vec<usize>,
    /// Whether `issuers` is known.
    expanded: bool,
    /// Steps to the nearest anchor; `None` where none is reached.
    distance: Option<usize>,
    obstacles: cause::Obstacles<'a>,
    /// What is wrong with it whatever the path.
    own: std::cell::OnceCell<Vec<(Rule, String)>>,
}

struct Graph<'q, 'a> {
    question: &'q Question<'a>,
    demands: &'q Demands<'a>,
    /// The leaf comes first.
    nodes: Vec<Node<'a>>,
    signatures: usize,
    /// Where checking them ends.
    most: usize,
    exhausted: bool,
    /// Signatures by certificate and key.
    checked: HashMap<(usize, &'a PublicKey), Result<(), SignatureFault>>,
}

impl<'q, 'a> Graph<'q, 'a> {
    fn new(leaf: &'a Certificate, question: &'q Question<'a>, demands: &'q Demands<'a>) -> Self {
        let node = |certificate, anchor| Node {
            certificate,
            anchor,
            issuers: Vec::new(),
            expanded: false,
            distance: None,
            obstacles: cause::Obstacles::default(),
            own: std::cell::OnceCell::new(),
        };
        let mut nodes = Vec::with_capacity(1 + question.anchors.len() + question.intermediates.len());
        nodes.push(node(leaf, question.anchors.contains(leaf)));
        let anchors = question.anchors.iter().map(|anchor| (anchor, true));
        let between = question.intermediates.iter().map(|between| (between, false));
        for (certificate, anchor) in anchors.chain(between) {
            // Anchors come first, and are as such what they are.
            let known = !anchor && question.anchors.contains(certificate);
            if certificate != leaf && !known {
                nodes.push(node(certificate, anchor));
            }
        }
        let (signatures, most) = (0, MOST_SIGNATURES);
        Self { question, demands, nodes, signatures, most, exhausted: false, checked: HashMap::new() }
    }

    /// Finds who signed whom above the leaf, and how far each is from an anchor.
    fn connect(&mut self, lenient: bool) {
        self.exhausted = false;
        for node in &mut self.nodes {
            (node.expanded, node.distance) = (false, None);
            node.issuers.clear();
        }
        let (mut open, mut next) = (vec![0], 0);
        while let Some(&index) = open.get(next) {
            next += 1;
            for issuer in self.expand(index, lenient) {
                if self.nodes.get(issuer).is_some_and(|node| !node.expanded) {
                    open.push(issuer);
                }
            }
        }
        let mut signed: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut queue = VecDeque::new();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            for issuer in &node.issuers {
                signed.entry(*issuer).or_default().push(index);
            }
            if node.anchor && (node.expanded || index == 0) {
                node.distance = Some(0);
                queue.push_back((index, 0));
            }
        }
        while let Some((index, distance)) = queue.pop_front() {
            for below in signed.get(&index).into_iter().flatten() {
                if let Some(node) = self.nodes.get_mut(*below).filter(|node| node.distance.is_none()) {
                    node.distance = Some(distance + 1);
                    queue.push_back((*below, distance + 1));
                }
            }
        }
        // The authority key identifier is a hint where to look first (RFC 5280 4.2.1.1); then, the nearer the better.
        for index in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(index).filter(|node| node.issuers.len() > 1) else { continue };
            let mut issuers = node.issuers.clone();
            issuers.sort_by_key(|issuer| {
                let issuer = self.nodes.get(*issuer);
                let misfit = issuer.is_some_and(|issuer| !fits(node.certificate, issuer.certificate));
                (misfit, issuer.and_then(|issuer| issuer.distance).unwrap_or(usize::MAX))
            });
            if let Some(node) = self.nodes.get_mut(index) {
                node.issuers = issuers;
            }
        }
    }

    fn expand(&mut self, index: usize, lenient: bool) -> Vec<usize> {
        let Some(node) = self.nodes.get_mut(index) else { return Vec::new() };
        if std::mem::replace(&mut node.expanded, true) || node.anchor {
            return Vec::new();
        }
        let certificate = node.certificate;
        let mut obstacles = cause::Obstacles::default();
        let mut issuers = Vec::new();
        for (other, candidate) in self.nodes.iter().enumerate().skip(1) {
            let issuer = candidate.certificate;
            if other == index || !issuer.subject().same(certificate.issuer()) {
                continue;
            }
            if !lenient && !fits(certificate, issuer) {
                continue;
            }
            let key = issuer.public_key();
            let outcome = match self.checked.get(&(index, key)) {
                Some(outcome) => *outcome,
                None if self.signatures >= self.most => {
                    self.exhausted = true;
                    break;
                }
                None => {
                    self.signatures += 1;
                    let outcome = certificate.is_signed_by_any(key);
                    self.checked.insert((index, key), outcome);
                    outcome
                }
            };
            match outcome {
                Ok(()) => issuers.push(other),
                Err(SignatureFault::Wrong) => obstacles.other_key = Some(issuer),
                Err(SignatureFault::Unsupported) => obstacles.unsupported = true,
            }
        }
        if let Some(node) = self.nodes.get_mut(index) {
            node.issuers.clone_from(&issuers);
            node.obstacles = obstacles;
        }
        issuers
    }

    fn own(&self, index: usize) -> &[(Rule, String)] {
        let Some(node) = self.nodes.get(index) else { return &[] };
        let place = check::Place { leaf: index == 0, anchor: node.anchor };
        node.own.get_or_init(|| check::own(node.certificate, place, self.question, self.demands))
    }

    /// What is wrong with the certificates of a path by themselves.
    fn own_breaches(&self, path: &[usize]) -> Vec<Breach> {
        let of = |(position, index): (usize, &usize)| {
            let faults = self.own(*index).iter().cloned();
            faults.map(move |(rule, fact)| Breach::new(position, rule, fact)).collect::<Vec<_>>()
        };
        path.iter().enumerate().flat_map(of).collect()
    }

    fn certificates(&self, path: &[usize]) -> Vec<&'a Certificate> {
        path.iter().filter_map(|index| self.nodes.get(*index)).map(|node| node.certificate).collect()
    }

    /// The longest path found within few steps, none of which reaches an anchor, and why it ends.
    fn incomplete(&self) -> Search<'a> {
        let (mut longest, mut path, mut steps) = (vec![0], vec![0], 0);
        self.climb(&mut path, &mut longest, &mut steps);
        let certificates = self.certificates(&longest);
        let mut breaches = self.own_breaches(&longest);
        let last = longest.last().and_then(|index| self.nodes.get(*index));
        if let Some(last) = last {
            breaches.push(last.obstacles.explain(&certificates, self.question));
        }
        Search { path: certificates, breaches }
    }

    fn climb(&self, path: &mut Vec<usize>, longest: &mut Vec<usize>, steps: &mut usize) {
        *steps += 1;
        if path.len() > longest.len() {
            longest.clone_from(path);
        }
        let Some(node) = path.last().and_then(|index| self.nodes.get(*index)) else { return };
        for issuer in &node.issuers {
            if *steps < 256 && path.len() < MOST_CERTIFICATES && !path.contains(issuer) {
                path.push(*issuer);
                self.climb(path, longest, steps);
                path.pop();
            }
        }
    }
}

/// What is left for all paths of a walk together: who sends the certificates chooses how much there is to do.
pub(super) struct Budget {
    /// Of [`constraint::MOST_IN_ALL`].
    pub(super) comparisons: usize,
    /// Of [`revocation::MOST_SIGNERS`].
    pub(super) signers: usize,
}

/// A walk over the paths of a graph.
struct Walk<'g, 'q, 'a> {
    graph: &'g Graph<'q, 'a>,
    path: Vec<usize>,
    budget: Budget,
    judged: usize,
    steps: usize,
    exhausted: bool,
    /// The complete path with the fewest breaches.
    best: Option<Search<'a>>,
}

impl<'g, 'q, 'a> Walk<'g, 'q, 'a> {
    fn new(graph: &'g Graph<'q, 'a>) -> Self {
        let budget = Budget { comparisons: constraint::MOST_IN_ALL, signers: revocation::MOST_SIGNERS };
        Self { graph, path: Vec::new(), budget, judged: 0, steps: 0, exhausted: false, best: None }
    }

    fn certificates(&self) -> Vec<&'a Certificate> {
        self.graph.certificates(&self.path)
    }

    /// Goes on to a node that has no fault of its own; leaves the first path that holds in `path`.
    fn clean(&mut self, index: usize) -> bool {
        let Some(node) = self.graph.nodes.get(index) else { return false };
        if node.distance.is_none() || !self.graph.own(index).is_empty() {
            return false;
        }
        self.steps += 1;
        if self.steps > MOST_STEPS || self.judged == MOST_PATHS || self.path.len() == MOST_CERTIFICATES {
            self.exhausted = true;
            return false;
        }
        self.path.push(index);
        let found = if node.anchor {
            self.judged += 1;
            let (question, demands) = (self.graph.question, self.graph.demands);
            check::along(&self.certificates(), question, demands, &mut self.budget).is_empty()
        } else {
            node.issuers.iter().any(|issuer| !self.path.contains(issuer) && self.clean(*issuer))
        };
        if !found {
            self.path.pop();
        }
        found
    }

    /// Goes on to any node; keeps the complete path with the fewest breaches. Whether enough were seen.
    fn failing(&mut self, index: usize) -> bool {
        let Some(node) = self.graph.nodes.get(index).filter(|node| node.distance.is_some()) else {
            return false;
        };
        self.steps += 1;
        if self.steps > MOST_STEPS || self.path.len() == MOST_CERTIFICATES {
            return true;
        }
        self.path.push(index);
        let enough = if node.anchor {
            self.judge();
            self.judged == MOST_FAILURES
        } else {
            node.issuers.iter().any(|issuer| !self.path.contains(issuer) && self.failing(*issuer))
        };
        self.path.pop();
        enough
    }

    fn judge(&mut self) {
        self.judged += 1;
        let path = self.certificates();
        let mut breaches = self.graph.own_breaches(&self.path);
        let (question, demands) = (self.graph.question, self.graph.demands);
        breaches.extend(check::along(&path, question, demands, &mut self.budget));
        breaches.sort_by_key(|breach| breach.index);
        if self.best.as_ref().is_none_or(|best| breaches.len() < best.breaches.len()) {
            self.best = Some(Search { path, breaches });
        }
    }
}

/// Whether the key identifier that a certificate states of its issuer is that of this one, as far as both state any.
fn fits(certificate: &Certificate, issuer: &Certificate) -> bool {
    match (certificate.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(stated)) => wanted == stated,
        _ => true,
    }
}
