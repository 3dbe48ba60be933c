//! Removing the files of generations that nobody goes back to. What is on record stays, so that each can still be revoked.

use std::path::{Path, PathBuf};

use super::{Lineage, Shelf, Writer, directory_name, generation_number};
use crate::{Error, fs as writer};

/// A generation whose files were removed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pruned {
    /// Name of the certificate
    pub name: String,
    /// Number of the generation
    pub generation: u32,
    /// Where its files were
    pub path: PathBuf,
}

impl Writer<'_> {
    /// The generations of a leaf that have files.
    ///
    /// # Errors
    /// [`Error::NameInvalid`].
    pub fn generations(&self, name: &str) -> Result<Vec<u32>, Error> {
        let entries = std::fs::read_dir(self.archive_of(name)?).into_iter().flatten().flatten();
        let mut all: Vec<_> =
            entries.filter_map(|entry| generation_number(Path::new(&entry.file_name()))).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// Removes the files of all generations of a leaf that are on record, but for the one in use, those in use before it up
    /// to `keep` in all, and the newest: numbers are given once.
    ///
    /// # Errors
    /// [`Error::NameInvalid`], [`Error::WriteFailed`].
    pub fn prune(
        &self,
        name: &str,
        lineage: &Lineage,
        keep: usize,
        dry_run: bool,
    ) -> Result<Vec<Pruned>, Error> {
        let all = self.generations(name)?;
        let there = |number: &u32| all.contains(number);
        let mut kept: Vec<u32> =
            lineage.succession().map(|record| record.generation).filter(there).take(keep.max(1)).collect();
        kept.extend(all.last());
        // What the name leads to, whatever the record says.
        let current = self.store().current(Shelf::Live, name)?;
        kept.extend(
            current.as_deref().and_then(Path::file_name).and_then(|name| generation_number(Path::new(name))),
        );
        let recorded = |number: &u32| lineage.events.iter().any(|record| record.generation == *number);
        let mut pruned = Vec::new();
        for generation in all.into_iter().filter(|number| !kept.contains(number) && recorded(number)) {
            let path = self.archive_of(name)?.join(format!("{generation:04}"));
            if !dry_run {
                writer::remove_tree(&path)?;
            }
            pruned.push(Pruned { name: name.to_owned(), generation, path });
        }
        Ok(pruned)
    }

    fn archive_of(&self, name: &str) -> Result<PathBuf, Error> {
        let archive = self.store().root().join("archive").join(Shelf::Live.directory());
        Ok(archive.join(directory_name(name)?))
    }
}
