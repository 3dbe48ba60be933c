//! The commit protocol: what a command did is done whole or not at all, whenever it is stopped.
//!
//! 1. `pending` names the generations that are about to be made; synced.
//! 2. The generations are written and synced, where no link leads.
//! 3. Their records are appended to the inventory and synced: **the commit point**.
//! 4. Each link is turned by one rename; its directory synced.
//! 5. `pending` is removed.
//!
//! A writer that finds `pending` first ends what the crashed one began: a generation with a record gets its link, one
//! without is removed.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Entry, Event, INVENTORY, LOCK, PENDING, Record, Shelf, Store, Wait, check_inside, directory_name,
    generation_number, inventory, lock, name_of,
};
use crate::{Error, fs as writer, source};

/// A set of files to be committed under a name.
pub struct Generation {
    /// Where it belongs.
    pub shelf: Shelf,
    /// Its name.
    pub name: String,
    /// Names of the files, their bytes and modes.
    pub files: Vec<(&'static str, Zeroizing<Vec<u8>>, u32)>,
    /// What the inventory shall say of it. Its event decides whether the name must be free, or be there to be replaced.
    pub record: Record,
}

/// The right to write, held until dropped.
pub struct Writer<'a> {
    store: &'a Store,
    _lock: File,
}

/// A generation on its way: which set, and its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Intent {
    shelf: String,
    label: String,
    generation: u32,
}

impl<'a> Writer<'a> {
    pub(super) fn new(store: &'a Store, wait: &mut Wait<'_>) -> Result<Self, Error> {
        check_inside(store.root())?;
        let lock = lock::acquire(&store.root().join(LOCK), wait)?;
        let writer = Self { store, _lock: lock };
        writer.mend()?;
        Ok(writer)
    }

    /// Refuses a name that is in use.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::NameInvalid`].
    pub fn require_free(&self, shelf: Shelf, name: &str) -> Result<(), Error> {
        match self.store.current(shelf, name)? {
            None => Ok(()),
            Some(_) => Err(Error::NameTaken {
                what: match shelf {
                    Shelf::Ca => "CA",
                    Shelf::Live => "certificate",
                },
                name: name.to_owned(),
                path: self.store.link(shelf, name)?,
            }),
        }
    }

    fn require_there(&self, shelf: Shelf, name: &str) -> Result<(), Error> {
        match (self.store.current(shelf, name)?, shelf) {
            (Some(_), _) => Ok(()),
            (None, Shelf::Ca) => {
                Err(Error::CaUnknown { name: name.to_owned(), known: self.store.names(Shelf::Ca)? })
            }
            (None, Shelf::Live) => {
                let path = self.store.root().join(shelf.directory());
                Err(Error::CertificateUnknown { name: name.to_owned(), path })
            }
        }
    }

    /// Commits a group of generations: all of them, or none. Returns the paths under which they are found.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a new name that is in use, [`Error::CertificateUnknown`] or [`Error::CaUnknown`] for one
    /// to be replaced that is not there, [`Error::WriteFailed`].
    pub fn commit(&self, mut group: Vec<Generation>) -> Result<Vec<PathBuf>, Error> {
        let mut intents: Vec<Intent> = Vec::new();
        for generation in &group {
            match generation.record.event {
                Event::Issued => self.require_free(generation.shelf, &generation.name)?,
                Event::Renewed => self.require_there(generation.shelf, &generation.name)?,
            }
            let label = directory_name(&generation.name)?;
            intents.push(Intent {
                shelf: generation.shelf.directory().to_owned(),
                generation: self.next_number(generation.shelf, &label),
                label,
            });
        }
        let announced = serde_json::to_vec(&intents)
            .map_err(|error| Error::WriteFailed { path: self.pending(), cause: error.to_string() })?;
        writer::replace(&self.pending(), &announced, writer::SECRET)?;
        if let Err(error) = self.write_and_record(&mut group, &intents) {
            // The commit point was not reached: take everything back. What cannot be removed now stays announced, for
            // the next writer.
            let removed: Result<(), Error> =
                intents.iter().try_for_each(|intent| writer::remove_tree(&self.archive(intent)));
            if removed.is_ok() {
                writer::remove_file(&self.pending())?;
            }
            return Err(error);
        }
        let mut links = Vec::new();
        for (generation, intent) in group.iter().zip(&intents) {
            self.turn_link(intent)?;
            links.push(self.store.link(generation.shelf, &generation.name)?);
        }
        writer::remove_file(&self.pending())?;
        Ok(links)
    }

    fn write_and_record(&self, group: &mut [Generation], intents: &[Intent]) -> Result<(), Error> {
        let mut lines = String::new();
        for (generation, intent) in group.iter_mut().zip(intents) {
            let directory = self.archive(intent);
            if let Some(set) = directory.parent() {
                writer::ensure_directory(set, writer::DIRECTORY)?;
            }
            writer::create_directory(&directory, writer::DIRECTORY)?;
            for (name, bytes, mode) in &generation.files {
                writer::create(&directory.join(name), bytes, *mode)?;
            }
            writer::sync_directory(&directory)?;
            generation.record.generation = intent.generation;
            lines.push_str(&generation.record.line()?);
        }
        let inventory = self.store.root().join(INVENTORY);
        // What a crash tore is closed, so that it is a line of its own, which nobody mistakes for a record.
        lines.insert_str(0, inventory::closing(&inventory)?);
        writer::append(&inventory, lines.as_bytes())
    }

    fn turn_link(&self, intent: &Intent) -> Result<(), Error> {
        let target = Path::new("..")
            .join("archive")
            .join(&intent.shelf)
            .join(&intent.label)
            .join(number(intent.generation));
        writer::point_link(&self.store.root().join(&intent.shelf).join(&intent.label), &target)
    }

    /// Points a name's link to the newest generation that is on record and has files.
    pub(super) fn turn_to_newest(&self, link: &Path) -> Result<(), Error> {
        let part = |path: Option<&Path>| {
            path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let (shelf, label) = (part(link.parent()), part(Some(link)));
        let mut newest = None;
        for entry in self.store.records()? {
            let Entry::Record(_, record) = entry? else { continue };
            let kind = if record.is_ca() { Shelf::Ca } else { Shelf::Live };
            let same =
                kind.directory() == shelf && directory_name(&record.name).is_ok_and(|one| one == label);
            let intent = Intent { shelf: shelf.clone(), label: label.clone(), generation: record.generation };
            if same && newest.as_ref().is_none_or(|other: &Intent| other.generation < intent.generation) {
                newest = Some(intent);
            }
        }
        match newest.filter(|intent| self.archive(intent).is_dir()) {
            Some(intent) => self.turn_link(&intent),
            None => Ok(()),
        }
    }

    fn archive(&self, intent: &Intent) -> PathBuf {
        self.store
            .root()
            .join("archive")
            .join(&intent.shelf)
            .join(&intent.label)
            .join(number(intent.generation))
    }

    fn pending(&self) -> PathBuf {
        self.store.root().join(PENDING)
    }

    /// One more than the highest generation there is.
    fn next_number(&self, shelf: Shelf, label: &str) -> u32 {
        let set = self.store.root().join("archive").join(shelf.directory()).join(label);
        let entries = std::fs::read_dir(set).into_iter().flatten().flatten();
        entries.filter_map(|entry| generation_number(Path::new(&entry.file_name()))).max().unwrap_or(0) + 1
    }

    /// Ends what a crashed writer began.
    fn mend(&self) -> Result<(), Error> {
        let bytes = match source::read_small(&self.pending()) {
            Err(Error::FileNotFound { .. }) => return Ok(()),
            other => other?,
        };
        let damaged = |problem: &str| Error::PkiDamaged { path: self.pending(), problem: problem.to_owned() };
        let intents: Vec<Intent> =
            serde_json::from_slice(&bytes).map_err(|_| damaged("it was not written by pkit"))?;
        let trusted = |intent: &Intent| {
            matches!(intent.shelf.as_str(), "ca" | "live") && name_of(&intent.label).is_some()
        };
        if !intents.iter().all(trusted) {
            return Err(damaged("it names files that are not of this directory"));
        }
        let recorded = self.recorded(&intents)?;
        for (intent, recorded) in intents.iter().zip(recorded) {
            if recorded {
                self.turn_link(intent)?;
            } else {
                writer::remove_tree(&self.archive(intent))?;
            }
        }
        writer::remove_file(&self.pending())
    }

    /// Which of the intents are on record.
    fn recorded(&self, intents: &[Intent]) -> Result<Vec<bool>, Error> {
        let mut found = vec![false; intents.len()];
        for entry in self.store.records()? {
            let Entry::Record(_, record) = entry? else { continue };
            let shelf = if record.is_ca() { Shelf::Ca } else { Shelf::Live };
            for (intent, found) in intents.iter().zip(&mut found) {
                *found |= intent.generation == record.generation
                    && intent.shelf == shelf.directory()
                    && directory_name(&record.name).is_ok_and(|label| label == intent.label);
            }
        }
        Ok(found)
    }
}

fn number(generation: u32) -> String {
    format!("{generation:04}")
}
