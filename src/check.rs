//! Whether the files of a directory fit together: keys and certificates, chains and roots, stores and what they were made
//! from, CRLs and CAs, names, modes and owners.

mod chain;
mod content;
mod key;
mod list;
mod name;
mod place;
mod rule;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Serialize;
use time::OffsetDateTime;

pub use rule::{Rule, Severity};

use crate::{Error, cert::Certificate, inspect::Opener, name::escape};
use content::{File, gather};

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind
    pub rule: Rule,
    /// How much it matters
    pub severity: Severity,
    /// Where
    pub path: PathBuf,
    /// What was found, in a person's words. Escaped for a terminal.
    pub fact: String,
    /// The file that has to do with it: the other copy, or what is missing here
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<PathBuf>,
}

/// What was looked at, and what does not fit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// Files that hold something
    pub files: usize,
    /// Certificates, each counted once
    pub certificates: usize,
    /// Private keys
    pub keys: usize,
    /// Revocation lists
    pub lists: usize,
    /// Keys and stores under a passphrase that nobody gave, which could not be compared
    pub sealed: usize,
    /// What does not fit, by path
    pub problems: Vec<Problem>,
}

/// What was found so far.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn say(&mut self, rule: Rule, path: &Path, fact: impl AsRef<str>, other: Option<&Path>) {
        self.0.push(Problem {
            rule,
            severity: rule.severity(),
            path: path.to_owned(),
            fact: escape(fact.as_ref()).into_owned(),
            other: other.map(Path::to_owned),
        });
    }

    fn unreadable(&mut self, error: &Error) {
        let facts = error.facts();
        let path = facts.first().map(|fact| fact.value.clone()).unwrap_or_default();
        let why = match facts.as_slice() {
            [_, .., last] => format!(": {}", last.value),
            _ => String::new(),
        };
        let fact = format!("{error}{why}");
        self.0.push(Problem {
            rule: Rule::Unreadable,
            severity: Rule::Unreadable.severity(),
            path: path.into(),
            fact,
            other: None,
        });
    }
}

/// Looks at everything below these directories, as of `now`; they are judged together. `opener` is asked for passphrases.
///
/// # Errors
/// [`Error::FileNotFound`], [`Error::FileUnreadable`] for a directory itself; what is in it and cannot be read is a finding.
pub fn check_directories(
    directories: &[PathBuf],
    opener: &mut Opener<'_>,
    now: OffsetDateTime,
) -> Result<Findings, Error> {
    for directory in directories {
        std::fs::read_dir(directory).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => Error::FileNotFound { path: directory.clone() },
            _ => Error::FileUnreadable { path: directory.clone(), cause: crate::source::plain(&cause) },
        })?;
    }
    let mut problems = Problems::default();
    let files = gather(directories, opener, now, &mut problems);
    let tree = Tree::new(&files);
    place::check(directories, &tree, &mut problems);
    key::check(&tree, &mut problems);
    name::check(&files, &mut problems);
    let certificates = chain::check(&tree, now, &mut problems);
    list::check(&tree, now, &mut problems);

    let sealed_keys = files.iter().flat_map(|file| &file.keys).filter(|key| key.public.is_none()).count();
    let mut problems = problems.0;
    // What two looks found in one place is told once.
    problems.sort_by(|one, two| (&one.path, one.rule, &one.fact).cmp(&(&two.path, two.rule, &two.fact)));
    problems.dedup();
    Ok(Findings {
        files: files.len(),
        certificates,
        keys: files.iter().map(|file| file.keys.len()).sum(),
        lists: files.iter().map(|file| file.lists.len()).sum(),
        sealed: sealed_keys + files.iter().filter(|file| file.is_sealed).count(),
        problems,
    })
}

/// Everything that was found, by where it lies.
struct Tree<'a> {
    files: &'a [File],
    by_directory: BTreeMap<&'a Path, Vec<&'a File>>,
    /// All CAs, each once
    authorities: Vec<Certificate>,
    /// Those that are their own issuer
    roots: Vec<Certificate>,
    /// The others
    intermediates: Vec<Certificate>,
    /// All CAs of the files of a directory, stores left out
    authorities_beside: BTreeMap<&'a Path, Vec<Certificate>>,
}

impl<'a> Tree<'a> {
    fn new(files: &'a [File]) -> Self {
        let mut by_directory: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
        let mut authorities_beside: BTreeMap<&Path, Vec<Certificate>> = BTreeMap::new();
        let (mut authorities, mut seen, mut seen_beside) = (Vec::new(), HashSet::new(), HashSet::new());
        for file in files {
            by_directory.entry(&file.directory).or_default().push(file);
            for authority in file.certificates.iter().filter(|one| one.is_ca()) {
                if seen.insert(authority.der()) {
                    authorities.push(authority.clone());
                }
                if !file.is_store && seen_beside.insert((&file.directory, authority.der())) {
                    authorities_beside.entry(&file.directory).or_default().push(authority.clone());
                }
            }
        }
        let (roots, intermediates) =
            authorities.iter().cloned().partition(|one: &Certificate| one.is_own_issuer());
        Self { files, by_directory, authorities, roots, intermediates, authorities_beside }
    }

    /// The files that lie in the same directory as one, itself among them, stores left out.
    fn beside(&self, file: &File) -> impl Iterator<Item = &'a File> {
        let all = self.by_directory.get(file.directory.as_path()).into_iter().flatten();
        all.copied().filter(|other| !other.is_store)
    }
}
