//! From rows to certificates: one thread reads and hands out, all cores make, the caller's thread commits a group while the
//! next is made.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io::BufRead,
    path::PathBuf,
    sync::mpsc::{SyncSender, sync_channel},
};

use rayon::prelude::*;
use ring::rand::SecureRandom;
use time::OffsetDateTime;

use super::{Line, Row, Rows};
use crate::{
    Error,
    cert::Certificate,
    issue::{Kind, Notice, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    store::{Generation, LeafFiles, Shelf, Store, Wait},
};

/// How many rows are committed together: enough that the syncs of the inventory and the directories cost each next to nothing,
/// few enough that a crash costs a moment's work.
pub const GROUP: usize = 256;

/// What is to be made of a row.
pub struct Wanted {
    /// A leaf.
    pub request: Request,
    /// The kind of its key.
    pub key_type: KeyType,
}

/// How a fleet is made.
pub struct Fleet<'a> {
    /// Where.
    pub store: &'a Store,
    /// The CA that signs, and its name in the store.
    pub issuer: (&'a str, &'a Issuer),
    /// What a row means. Called on many threads.
    pub wanted: &'a (dyn Fn(&Row) -> Result<Wanted, Error> + Sync),
    /// The source of all randomness.
    pub random: &'a (dyn SecureRandom + Sync),
    /// When it is made.
    pub now: OffsetDateTime,
    /// How many rows are committed together, 1 at the least: [`GROUP`].
    pub group: usize,
    /// Whether the first row that fails is the last that is looked at.
    pub fail_fast: bool,
    /// Whether everything is done but the writing.
    pub dry_run: bool,
}

/// A certificate that is in the store now, or would be.
pub struct Made {
    /// The certificate.
    pub certificate: Certificate,
    /// What a person should know about it.
    pub notices: Vec<Notice>,
}

/// What became of a row.
pub struct Outcome {
    /// Its line, counted from 1.
    pub line: usize,
    /// The name in it, as far as it could be read; else empty.
    pub name: String,
    /// `None` where there is a certificate of this name already, and nothing was made.
    pub made: Result<Option<Made>, Error>,
    /// Where its files are found; empty where there are none.
    pub path: PathBuf,
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Certificates that were made
    pub made: usize,
    /// Rows whose certificate was there already
    pub skipped: usize,
    /// Rows of which nothing could be made
    pub failed: usize,
}

/// A row that was worked on, and is not committed yet.
struct Candidate {
    line: usize,
    name: String,
    made: Result<Option<(Generation, Made)>, Error>,
}

impl Fleet<'_> {
    /// Makes what the rows ask for. Rows that cannot be made are told and passed over; where the disk or the input fails, all
    /// ends with that error, and what was told until then is in the store. `tell` hears of each group after it is committed,
    /// in the order of the rows.
    ///
    /// # Errors
    /// Those of reading, of [`Store::write`] and of [`crate::store::Writer::commit`]; those of `tell`.
    pub fn make<R: BufRead + Send, E: From<Error>>(
        &self,
        rows: Rows<R>,
        wait: &mut Wait<'_>,
        mut tell: impl FnMut(&[Outcome]) -> Result<(), E>,
    ) -> Result<Summary, E> {
        let mut summary = Summary::default();
        std::thread::scope(|scope| {
            // One group waits while another is committed and a third is made: more would only take memory.
            let (sender, receiver) = sync_channel(1);
            let maker = scope.spawn(move || self.work(rows, &sender));
            for mut group in receiver {
                let failed = group.iter().position(|candidate: &Candidate| candidate.made.is_err());
                let last = failed.filter(|_| self.fail_fast);
                group.truncate(last.map_or(group.len(), |last| last + 1));
                let outcomes = self.commit(group, wait)?;
                for outcome in &outcomes {
                    *match &outcome.made {
                        Ok(Some(_)) => &mut summary.made,
                        Ok(None) => &mut summary.skipped,
                        Err(_) => &mut summary.failed,
                    } += 1;
                }
                tell(&outcomes)?;
                if last.is_some() {
                    return Ok(());
                }
            }
            let ended = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            ended.map_err(E::from)
        })?;
        Ok(summary)
    }

    /// Reads groups of rows and makes certificates of them, until the rows end or nobody takes them any more.
    fn work<R: BufRead>(&self, mut rows: Rows<R>, sender: &SyncSender<Vec<Candidate>>) -> Result<(), Error> {
        // Of a name, eight octets are kept: that is 2 MiB for 100,000 rows.
        let (hasher, mut lines) = (RandomState::new(), HashMap::new());
        loop {
            let (mut group, mut end) = (Vec::new(), None);
            while group.len() < self.group.max(1) && end.is_none() {
                match rows.next() {
                    Some(Ok(mut line)) => {
                        let first = *lines.entry(hasher.hash_one(&line.name)).or_insert(line.number);
                        if first != line.number && line.row.is_ok() {
                            let problem = format!("line {first} has the same name");
                            line.row = Err(Error::RowInvalid { line: line.number, problem });
                        }
                        group.push(line);
                    }
                    Some(Err(error)) => end = Some(Err(error)),
                    None => end = Some(Ok(())),
                }
            }
            let candidates: Vec<_> = group.into_par_iter().map(|line| self.candidate(line)).collect();
            match (candidates.is_empty() || sender.send(candidates).is_ok(), end) {
                (false, _) => return Ok(()),
                (true, Some(end)) => return end,
                (true, None) => {}
            }
        }
    }

    fn candidate(&self, line: Line) -> Candidate {
        Candidate { line: line.number, made: line.row.and_then(|row| self.leaf(&row)), name: line.name }
    }

    fn leaf(&self, row: &Row) -> Result<Option<(Generation, Made)>, Error> {
        if self.store.current(Shelf::Live, &row.name)?.is_some() {
            return Ok(None);
        }
        let (issuer, wanted) = (self.issuer.1, (self.wanted)(row)?);
        let plan = plan(wanted.request, Some(issuer), self.now)?;
        let Kind::Leaf(profile) = plan.request().kind else {
            return Err(Error::Usage { problem: "a batch makes no CAs".into() });
        };
        let key = PrivateKey::generate(wanted.key_type, self.random)?;
        let certificate = plan.sign(key.public(), issuer, self.random)?;
        let files = LeafFiles::new(&certificate, key.to_pem(), issuer);
        let generation = Generation::leaf(&row.name, profile, &certificate, &files, self.issuer, self.now);
        Ok(Some((generation, Made { certificate, notices: plan.notices })))
    }

    /// Commits what is still new. The lock is held for this group alone, so that others get their turn; they may have taken
    /// a name since it was looked for.
    fn commit(&self, group: Vec<Candidate>, wait: &mut Wait<'_>) -> Result<Vec<Outcome>, Error> {
        let writes = !self.dry_run && group.iter().any(|candidate| matches!(candidate.made, Ok(Some(_))));
        let writer = writes.then(|| self.store.write(wait)).transpose()?;
        let mut generations = Vec::new();
        let mut outcomes = Vec::with_capacity(group.len());
        for Candidate { line, name, made } in group {
            let path = made.is_ok().then(|| self.store.link(Shelf::Live, &name)).transpose()?;
            let made = match made {
                Ok(Some(_)) if self.store.current(Shelf::Live, &name)?.is_some() => Ok(None),
                Ok(Some((generation, made))) => {
                    generations.push(generation);
                    Ok(Some(made))
                }
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            outcomes.push(Outcome { line, name, made, path: path.unwrap_or_default() });
        }
        if let Some(writer) = writer {
            if !generations.is_empty() {
                writer.commit(generations)?;
            }
            drop(writer);
            self.store.give_way();
        }
        Ok(outcomes)
    }
}
