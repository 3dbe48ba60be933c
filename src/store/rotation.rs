//! Rollovers: which CA takes the place of which, and how far that is. In between, certificates of both are in use and peers
//! trust both.
//!
//! The file `rotations` holds one line for each CA that is or was rolled over; it is asked wherever somebody signs, so it
//! does not have to be found among everything that is on record.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Authority, FORMAT, Leaf, ROTATIONS, Shelf, Store, Writer, commit::spread};
use crate::{
    Error,
    bundle::to_pem,
    cert::{Certificate, load_certificates},
    fs as writer,
    issuer::Issuer,
    source,
    validity::format_rfc3339,
    verify::{Purpose, Question, verify},
};

/// How far a rollover is. Each phase ends when everyone concerned has what it made, which only people can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Phase {
    /// The new CA is made; peers trust it beside the old one
    TrustBoth,
    /// The new CA signs; certificates of the old one are renewed
    IssueFromNew,
    /// Nobody trusts the old CA any more
    DropOld,
}

impl Phase {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::TrustBoth, Self::IssueFromNew, Self::DropOld];

    /// As in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrustBoth => "trust-both",
            Self::IssueFromNew => "issue-from-new",
            Self::DropOld => "drop-old",
        }
    }

    /// The one after it.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| *phase > self)
    }
}

/// One CA that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Name of the CA that goes
    pub from: String,
    /// Name of the CA that comes
    pub to: String,
    /// How far it is
    pub phase: Phase,
}

/// The event of a line that says so.
pub(super) const EVENT: &str = "rotation";

/// That a phase began, as the inventory tells it.
#[derive(Serialize)]
struct PhaseRecord<'a> {
    v: u64,
    time: String,
    event: &'static str,
    #[serde(flatten)]
    rotation: &'a Rotation,
}

/// All rollovers there were.
#[derive(Clone, Debug, Default)]
pub struct Rotations(Vec<Rotation>);

impl Rotations {
    /// The one in which this CA goes.
    pub fn from(&self, name: &str) -> Option<&Rotation> {
        self.0.iter().find(|rotation| rotation.from == name)
    }

    /// The one in which this CA comes.
    pub fn to(&self, name: &str) -> Option<&Rotation> {
        self.0.iter().find(|rotation| rotation.to == name)
    }

    /// Those in which both CAs count.
    pub fn under_way(&self) -> impl Iterator<Item = &Rotation> {
        self.0.iter().filter(|rotation| rotation.phase < Phase::DropOld)
    }

    /// What cannot be: CAs that take each other's place in a circle, or that are not here.
    pub(super) fn faults(&self, is_here: impl Fn(&str) -> bool) -> Vec<String> {
        let mut faults = Vec::new();
        for Rotation { from, to, phase } in &self.0 {
            // A crash can have come before the new CA was made.
            let needed = [Some(from), Some(to).filter(|_| *phase > Phase::TrustBoth)];
            for absent in needed.into_iter().flatten().filter(|name| !is_here(name)) {
                faults
                    .push(format!("\"{to}\" takes the place of \"{from}\", and there is no CA \"{absent}\""));
            }
            let last = self.from(self.signer(from));
            if from == to || last.is_some_and(|rotation| rotation.phase >= Phase::IssueFromNew) {
                faults.push(format!("\"{to}\" takes the place of \"{from}\", and that one its own in turn"));
            }
        }
        faults
    }

    /// Who signs where this CA is asked to: itself, or the one that took its place.
    pub fn signer<'a>(&'a self, mut name: &'a str) -> &'a str {
        // Each of them can be passed but once.
        for _ in &self.0 {
            match self.from(name).filter(|rotation| rotation.phase >= Phase::IssueFromNew) {
                Some(rotation) => name = &rotation.to,
                None => break,
            }
        }
        name
    }

    /// Whether this CA signs where none is named: one that was replaced does not, nor one that is not trusted by everyone yet.
    pub fn signs_by_default(&self, name: &str) -> bool {
        self.signer(name) == name && self.to(name).is_none_or(|rotation| rotation.phase > Phase::TrustBoth)
    }
}

impl Store {
    /// All rollovers there were.
    ///
    /// # Errors
    /// Those of reading the file; [`Error::PkiDamaged`] where pkit did not write it.
    pub fn rotations(&self) -> Result<Rotations, Error> {
        let path = self.root().join(ROTATIONS);
        let bytes = match source::read_small(&path) {
            Err(Error::FileNotFound { .. }) => return Ok(Rotations::default()),
            other => other?,
        };
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let all = lines.map(serde_json::from_slice).collect::<Result<_, _>>();
        all.map(Rotations)
            .map_err(|_| Error::PkiDamaged { path, problem: "it was not written by pkit".into() })
    }

    /// The roots that peers have to trust beside this issuer's own while one of them takes the other's place.
    ///
    /// # Errors
    /// As [`Store::rotations`], and those of reading a CA.
    pub fn other_anchors(&self, issuer: &Issuer) -> Result<Vec<Certificate>, Error> {
        let mut others = Vec::new();
        for (old, new) in self.pairs()? {
            if new.is_root() {
                let pair = [old.certificate, new.certificate];
                if pair.iter().any(|one| one.is_same_authority(issuer.root())) {
                    others.extend(pair.into_iter().filter(|one| !one.is_same_authority(issuer.root())));
                }
            }
        }
        Ok(others)
    }

    /// The CAs of all rollovers that are under way, the old one first; where a crash came before the new one was made, there is
    /// nothing to be said of it yet.
    pub(super) fn pairs(&self) -> Result<Vec<(Authority, Authority)>, Error> {
        let rotations = self.rotations()?;
        let mut pairs = Vec::new();
        for rotation in rotations.under_way() {
            if self.current(Shelf::Ca, &rotation.to)?.is_some() {
                pairs.push((self.authority(&rotation.from)?, self.authority(&rotation.to)?));
            }
        }
        Ok(pairs)
    }

    /// The CAs that sign no more and whose certificates are to be renewed for that, because another took their place.
    ///
    /// # Errors
    /// As [`Store::rotations`], and those of reading a CA.
    pub fn outgoing(&self) -> Result<Vec<Certificate>, Error> {
        let rotations = self.rotations()?;
        let replaced = rotations.under_way().filter(|rotation| rotation.phase == Phase::IssueFromNew);
        replaced.map(|rotation| Ok(self.authority(&rotation.from)?.certificate)).collect()
    }

    /// The CAs whose place others took for good.
    ///
    /// # Errors
    /// As [`Store::rotations`], and those of reading a CA.
    pub fn dropped(&self) -> Result<Vec<Certificate>, Error> {
        let rotations = self.rotations()?;
        let gone = rotations.0.iter().filter(|rotation| rotation.phase == Phase::DropOld);
        gone.map(|rotation| Ok(self.authority(&rotation.from)?.certificate)).collect()
    }

    /// The leaves that peers would refuse without this CA.
    ///
    /// # Errors
    /// Those of reading their files.
    pub fn dependent_on(&self, authority: &Certificate, now: OffsetDateTime) -> Result<Vec<String>, Error> {
        let mut names = self.names(Shelf::Live)?;
        let mut fault = None;
        names.retain(|name| match self.leaf(name) {
            Ok(leaf) => leaf.depends_on(authority, now),
            // Pruned, or its link turned, since the names were read.
            Err(_) if matches!(self.current(Shelf::Live, name), Ok(None)) => false,
            Err(error) => {
                fault.get_or_insert(error);
                false
            }
        });
        fault.map_or(Ok(names), Err)
    }
}

impl Leaf {
    /// Whether a peer would refuse it if this CA were not there: what is trusted and what is sent without it does not lead
    /// from one to the other.
    pub fn depends_on(&self, authority: &Certificate, now: OffsetDateTime) -> bool {
        let without = |all: &[Certificate]| -> Vec<Certificate> {
            all.iter().filter(|one| !one.is_same_authority(authority)).cloned().collect()
        };
        let Some((certificate, sent)) = self.fullchain.split_first() else { return false };
        let (anchors, intermediates) = (without(&self.anchors), without(sent));
        let unchanged = anchors.len() == self.anchors.len() && intermediates.len() == sent.len();
        // Its own anchors may be without the CA already.
        let below = self.fullchain.last().is_some_and(|top| top.issuer().same(authority.subject()));
        if unchanged && !below {
            return false;
        }
        let question = Question {
            anchors: &anchors,
            intermediates: &intermediates,
            purpose: Purpose::Any,
            host: None,
            at: now,
        };
        // What else is wrong with it would be so with the CA too.
        verify(certificate, &question).findings.iter().any(|finding| finding.rule.is_missing_issuer())
    }
}

impl Writer<'_> {
    /// Puts on record that a phase begins, and has it hold from now on.
    ///
    /// # Errors
    /// As [`Store::rotations`], and [`Error::WriteFailed`].
    pub fn set_phase(&self, rotation: &Rotation, now: OffsetDateTime) -> Result<(), Error> {
        let mut all = self.store().rotations()?.0;
        if all.contains(rotation) {
            return Ok(());
        }
        let time = format_rfc3339(now.replace_nanosecond(0).unwrap_or(now));
        self.note(&PhaseRecord { v: FORMAT, time, event: EVENT, rotation })?;
        all.retain(|known| known.from != rotation.from);
        all.push(rotation.clone());
        let lines: String = all.iter().map(|one| serde_json::json!(one).to_string() + "\n").collect();
        writer::replace(&self.store().root().join(ROTATIONS), lines.as_bytes(), writer::PUBLIC)
    }

    /// Has every leaf that names `known` as a trust anchor name `wanted` instead, in all of its generations. `announce` hears
    /// the names whose generation in use changes before anything does. Returns these names.
    ///
    /// # Errors
    /// Those of reading and writing; the rest is done when it is called again.
    pub fn replace_anchors(
        &self,
        known: &Certificate,
        wanted: &[Certificate],
        announce: impl FnOnce(&[String]) -> Result<(), Error>,
    ) -> Result<Vec<String>, Error> {
        let store = self.store();
        let involved = |one: &Certificate| {
            one.is_same_authority(known) || wanted.iter().any(|other| one.is_same_authority(other))
        };
        let (mut stale, mut names) = (Vec::new(), Vec::new());
        for name in store.names(Shelf::Live)? {
            let Some(current) = store.current(Shelf::Live, &name)? else { continue };
            for number in self.generations(&name)? {
                let set = current.with_file_name(format!("{number:04}"));
                let before = match load_certificates(&set.join("ca.pem")) {
                    // Older generations may be damaged, and are nobody's concern now.
                    Err(_) if set != current => continue,
                    other => other?,
                };
                let kept = before.iter().filter(|one| !involved(one));
                let after: Vec<Certificate> = wanted.iter().chain(kept).cloned().collect();
                if before.iter().any(|one| one.is_same_authority(known)) && after != before {
                    names.extend((set == current).then(|| name.clone()));
                    stale.push((set, after));
                }
            }
        }
        announce(&names)?;
        spread(&stale, |(set, after)| {
            self.sweep(set)?;
            writer::replace(&set.join("ca.pem"), to_pem(after).as_bytes(), writer::PUBLIC)
        })?;
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(from: &str, to: &str, phase: Phase) -> Rotation {
        Rotation { from: from.into(), to: to.into(), phase }
    }

    #[test]
    fn who_signs_in_which_phase() {
        let all = Rotations(vec![
            rotation("a", "b", Phase::DropOld),
            rotation("b", "c", Phase::IssueFromNew),
            rotation("x", "y", Phase::TrustBoth),
            // Nothing that pkit writes.
            rotation("p", "q", Phase::DropOld),
            rotation("q", "p", Phase::DropOld),
        ]);
        assert_eq!((all.signer("a"), all.signer("b"), all.signer("x")), ("c", "c", "x"));
        assert!(["p", "q"].contains(&all.signer("p")));
        let by_default: Vec<_> = ["a", "b", "c", "x", "y", "z"].map(|name| all.signs_by_default(name)).into();
        assert_eq!(by_default, [false, false, true, true, false, true]);
        assert_eq!(all.under_way().count(), 2);
        let faults = all.faults(|name| name != "y" && name != "c");
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert_eq!(faults[0], "\"c\" takes the place of \"b\", and there is no CA \"c\"");
        assert_eq!(Phase::TrustBoth.next().and_then(Phase::next).and_then(Phase::next), None);
    }
}
