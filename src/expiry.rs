//! What runs out, and when: certificates and revocation lists, gathered from files, directories and servers, judged at a
//! moment.

mod chain;
mod item;
mod read;
mod report;
mod server;
mod threshold;
mod walk;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use glob::Pattern;
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    Error, Fact,
    key::Passphrase,
    name::{Name, escape},
    origin::Origin,
    tls::{Clock, fetch},
};
pub use item::{Filter, Item, Spot};
pub use report::{Break, Counts, Report, Row};
pub use threshold::{Threshold, Thresholds};
pub use walk::is_pki_directory;

use item::Issuer;
use read::{Id, Outcome, Seen};
use walk::Target;

/// How something that ends stands, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its end has passed
    Expired,
    /// It ends within the critical threshold
    Critical,
    /// It ends within the warning threshold
    Warn,
    /// It begins later
    NotYetValid,
    /// None of these
    Ok,
}

impl State {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::Expired, Self::Critical, Self::Warn, Self::NotYetValid, Self::Ok];

    /// Whether somebody has to do something.
    pub fn is_due(self) -> bool {
        self != Self::Ok
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Critical => "critical",
            Self::Warn => "warn",
            Self::NotYetValid => "not-yet-valid",
            Self::Ok => "ok",
        }
    }
}

/// `expired`, `critical`, `warn`, `not yet valid`, `ok`
impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(if *self == Self::NotYetValid { "not yet valid" } else { self.name() })
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The file or server. Escaped for a terminal.
    pub place: String,
    /// The code of the error
    pub code: &'static str,
    /// What happened
    pub message: String,
    /// Where, and why
    pub facts: Vec<Fact>,
}

impl Trouble {
    /// With a file.
    pub fn of(error: &Error, path: &Path) -> Self {
        let place = if crate::source::is_stdin(path) {
            "standard input".to_owned()
        } else {
            escape(&path.to_string_lossy()).into_owned()
        };
        Self::at(error, place)
    }

    /// With a place, which is escaped already.
    pub fn at(error: &Error, place: String) -> Self {
        Self { place, code: error.code(), message: error.to_string(), facts: error.facts() }
    }
}

/// One line: `a PEM block is broken (input a.pem, line 1, …)`
impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let facts: Vec<_> = self.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
        write!(f, "{} ({})", self.message, facts.join("; "))
    }
}

/// Where to look.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, a directory with all below it, or `-` for standard input
    Path(PathBuf),
    /// A server
    Server(fetch::Target),
}

/// Gives the password of a store at an origin, which a person named or not; the number counts the tries, from 1. `Ok(None)`:
/// no further try.
pub type Opener<'a> = dyn Fn(&Origin, bool, u32) -> Result<Option<Passphrase>, Error> + Sync + 'a;

/// How to look.
pub struct Options<'a> {
    /// What of directories is left out, by name, or by path where a `/` is in it
    pub exclude: Vec<Pattern>,
    /// What is wanted
    pub filter: Filter,
    /// Opens stores
    pub opener: &'a Opener<'a>,
    /// Most servers that are asked at a time
    pub parallel: Option<NonZeroUsize>,
    /// What time it is, for handshakes
    pub clock: Clock,
    /// Is told how many files and servers of how many were looked at
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> Options<'a> {
    /// Looks at everything, opens nothing that has a password, and tells nobody.
    pub fn new(clock: Clock) -> Self {
        Self {
            exclude: Vec::new(),
            filter: Filter::default(),
            opener: &|_, _, _| Ok(None),
            parallel: NonZeroUsize::new(32),
            clock,
            progress: &|_, _| {},
        }
    }
}

/// All that was found in a set of places, each certificate and list once, and what could not be read there.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    #[expect(
        clippy::vec_box,
        reason = "they move into a report and are sorted there, of which a copy of each would be dear"
    )]
    items: Vec<Box<Item>>,
    /// What lies together in one file, container or server: chains
    groups: Vec<(Box<str>, Vec<usize>)>,
    errors: Vec<Trouble>,
    files: usize,
    servers: usize,
}

/// Files that are read before what was found in them is put together: memory does not grow with what they hold besides.
const CHUNK: usize = 1024;

/// Reads files, directories with all below them, and what servers show.
pub fn gather(sources: &[Source], options: &Options<'_>) -> Gathered {
    let (mut targets, mut servers) = (Vec::new(), Vec::new());
    for source in sources {
        match source {
            Source::Path(path) => targets.extend(walk::targets(path, &options.exclude)),
            Source::Server(target) => servers.push(target),
        }
    }
    let all = targets.len() + servers.len();
    let done = AtomicUsize::new(0);
    let advance = |count| (options.progress)(done.fetch_add(count, Ordering::Relaxed) + count, all);
    let mut fold = Fold {
        gathered: Gathered { files: targets.len(), servers: servers.len(), ..Gathered::default() },
        ..Fold::default()
    };
    thread::scope(|scope| {
        // Servers let one wait; meanwhile the files are read.
        let answers = scope.spawn(|| server::ask(&servers, options, &|| advance(1)));
        let seen = Seen::default();
        for chunk in targets.chunks(CHUNK) {
            // In parallel, yet in order: which path, title or error comes first does not depend on chance.
            let read = |target: &Result<Target, Error>| match target {
                Ok(target) => read::look_at(target, options, &seen),
                Err(error) => {
                    let path = match error {
                        Error::FileUnreadable { path, .. } => path.as_path(),
                        _ => Path::new(""),
                    };
                    Outcome { troubles: vec![Trouble::of(error, path)], ..Outcome::default() }
                }
            };
            let outcomes: Vec<Outcome> = chunk.par_iter().map(read).collect();
            for (target, outcome) in chunk.iter().zip(outcomes) {
                fold.file(target.as_ref().ok().map(|target| target.path.as_path()), outcome);
            }
            advance(chunk.len());
        }
        for (answer, target) in answers.join().unwrap_or_default().into_iter().zip(&servers) {
            fold.gathered.errors.extend(answer.troubles);
            let members: Vec<usize> = answer.items.into_iter().map(|item| fold.item(item)).collect();
            fold.group(server::endpoint(target).as_str(), members);
        }
    });
    fold.finish()
}

/// Puts together what was read.
#[derive(Default)]
struct Fold {
    gathered: Gathered,
    index: HashMap<[u8; 32], usize>,
    /// Most certificates have the issuer of many others.
    issuers: HashMap<Name, Arc<Issuer>>,
    /// What is in which file
    known: HashMap<Id, Box<[usize]>>,
    /// Further names of files
    again: Vec<(Id, Box<str>)>,
}

impl Fold {
    fn file(&mut self, path: Option<&Path>, outcome: Outcome) {
        self.gathered.errors.extend(outcome.troubles);
        if let (Some(id), Some(path), true) = (outcome.id, path, outcome.again) {
            self.again.push((id, escape(&path.to_string_lossy()).into()));
            return;
        }
        let mut members: Vec<(Option<Box<str>>, usize)> = Vec::with_capacity(outcome.items.len());
        for item in outcome.items {
            let within = item.spots.first().and_then(|spot| spot.within.clone());
            members.push((within, self.item(item)));
        }
        if let (Some(id), false) = (outcome.id, members.is_empty()) {
            self.known.entry(id).or_insert_with(|| members.iter().map(|(_, index)| *index).collect());
        }
        if let (Some(path), true) = (path, members.len() > 1) {
            let place = escape(&path.to_string_lossy()).into_owned();
            for together in members.chunk_by(|one, two| one.0 == two.0) {
                self.group(&place, together.iter().map(|(_, index)| *index).collect());
            }
        }
    }

    /// Takes one, or a further place of one that is known.
    fn item(&mut self, mut item: Item) -> usize {
        if let Some(&index) = self.index.get(&item.fingerprint)
            && let Some(known) = self.gathered.items.get_mut(index)
        {
            known.spots.append(&mut item.spots);
            return index;
        }
        match self.issuers.get(item.issuer()) {
            Some(known) => item.issuer = known.clone(),
            None => drop(self.issuers.insert(item.issuer().clone(), item.issuer.clone())),
        }
        let index = self.gathered.items.len();
        self.index.insert(item.fingerprint, index);
        self.gathered.items.push(Box::new(item));
        index
    }

    fn group(&mut self, place: &str, mut members: Vec<usize>) {
        members.sort_unstable();
        members.dedup();
        if members.len() > 1 {
            self.gathered.groups.push((place.into(), members));
        }
    }

    fn finish(mut self) -> Gathered {
        for (id, path) in self.again {
            for index in self.known.get(&id).into_iter().flatten() {
                if let Some(item) = self.gathered.items.get_mut(*index) {
                    let within = item.spots.first().and_then(|spot| spot.within.clone());
                    item.spots.push(Spot { place: path.clone(), within, is_server: false });
                }
            }
        }
        self.gathered
    }
}
