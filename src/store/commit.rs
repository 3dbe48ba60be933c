//! The commit protocol: what a command did is done whole or not at all, whenever it is stopped.
//!
//! 1. `pending` holds the records of the generations that are about to be made; synced.
//! 2. The generations are written and synced, where no link leads.
//! 3. The records are appended to the inventory and synced: **the commit point** is the first whole line.
//! 4. Each link is turned by one rename; its directory synced.
//! 5. `pending` is removed.
//!
//! A writer that finds `pending` first ends what the crashed one began: where a record of the group is in the inventory, the
//! others are appended and all links turned; where none is, the generations are removed.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    Entry, Event, INVENTORY, LOCK, PENDING, Record, Shelf, Store, Wait, check_inside, directory_name,
    generation_number, inventory, lock,
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

impl<'a> Writer<'a> {
    pub(super) fn new(store: &'a Store, wait: &mut Wait<'_>) -> Result<Self, Error> {
        check_inside(store.root())?;
        let lock = lock::acquire(&store.root().join(LOCK), wait)?;
        let writer = Self { store, _lock: lock };
        writer.sweep(store.root())?;
        writer.mend()?;
        Ok(writer)
    }

    /// Removes what killed writers left under temporary names; the lock says that none is at work.
    fn sweep(&self, directory: &Path) -> Result<(), Error> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut left =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(writer::TEMPORARY));
        left.try_for_each(|entry| writer::remove_file(&entry.path()))
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
    pub fn commit(&self, group: Vec<Generation>) -> Result<Vec<PathBuf>, Error> {
        let mut records: Vec<Record> = Vec::new();
        for generation in &group {
            let (shelf, name) = (generation.shelf, &generation.name);
            match generation.record.event {
                Event::Issued | Event::Imported => self.store.require_free(shelf, name)?,
                Event::Renewed => self.require_there(shelf, name)?,
            }
            let number = self.next_number(shelf, &directory_name(name)?);
            records.push(Record { generation: number, ..generation.record.clone() });
        }
        let lines = records.iter().map(Record::line).collect::<Result<String, _>>()?;
        writer::replace(&self.pending(), lines.as_bytes(), writer::SECRET)?;
        let written = self.write(&group, &records).and_then(|()| self.record(&lines));
        if let Err(error) = written {
            // The first error counts; what could not be taken back stays announced.
            let _ = self.take_back(&records);
            return Err(error);
        }
        // Done, from here on: it is on record. Should a link not turn, the next writer turns it.
        let mut links = Vec::new();
        for record in &records {
            self.turn_link(record).map_err(|error| Error::LinkNotTurned {
                name: record.name.clone(),
                cause: error.facts().pop().map(|fact| fact.value).unwrap_or_default(),
            })?;
            links.push(self.store.link(record.shelf(), &record.name)?);
        }
        let _ = writer::remove_file(&self.pending());
        Ok(links)
    }

    fn write(&self, group: &[Generation], records: &[Record]) -> Result<(), Error> {
        for (generation, record) in group.iter().zip(records) {
            let directory = self.archive(record)?;
            if let Some(set) = directory.parent() {
                writer::ensure_directory(set, writer::DIRECTORY)?;
            }
            writer::create_directory(&directory, writer::DIRECTORY)?;
            for (name, bytes, mode) in &generation.files {
                writer::create(&directory.join(name), bytes, *mode)?;
            }
            writer::sync_directory(&directory)?;
        }
        Ok(())
    }

    /// Appends lines to the inventory. What a crash tore is closed first, so that it is a line of its own, which nobody
    /// mistakes for a record.
    fn record(&self, lines: &str) -> Result<(), Error> {
        let inventory = self.store.root().join(INVENTORY);
        let closing = inventory::closing(&inventory)?;
        writer::append(&inventory, format!("{closing}{lines}").as_bytes())
    }

    /// After a failure: removes the generations, unless a record got through that could not be taken back. What cannot be
    /// ended now stays announced, for the next writer.
    fn take_back(&self, records: &[Record]) -> Result<(), Error> {
        if self.recorded(records)?.contains(&true) {
            return Ok(());
        }
        match records.iter().try_for_each(|record| self.remove(record)) {
            Ok(()) => writer::remove_file(&self.pending()),
            Err(_) => Ok(()),
        }
    }

    fn remove(&self, record: &Record) -> Result<(), Error> {
        let directory = self.archive(record)?;
        writer::remove_tree(&directory)?;
        if let Some(set) = directory.parent() {
            writer::remove_if_empty(set);
        }
        Ok(())
    }

    fn turn_link(&self, record: &Record) -> Result<(), Error> {
        let shelf = record.shelf();
        let label = directory_name(&record.name)?;
        let target =
            Path::new("../archive").join(shelf.directory()).join(&label).join(number(record.generation));
        writer::point_link(&self.store.link(shelf, &record.name)?, &target)
    }

    /// Points a name's link to the newest generation that is on record and has files.
    pub(super) fn turn_to_newest(&self, link: &Path) -> Result<(), Error> {
        let mut newest: Option<Box<Record>> = None;
        for entry in self.store.records()? {
            let Entry::Record(_, record) = entry? else { continue };
            let same = self.store.link(record.shelf(), &record.name).is_ok_and(|own| own == link);
            if same && newest.as_ref().is_none_or(|other| other.generation < record.generation) {
                newest = Some(record);
            }
        }
        match newest {
            Some(record) if self.archive(&record)?.is_dir() => self.turn_link(&record),
            _ => Ok(()),
        }
    }

    fn archive(&self, record: &Record) -> Result<PathBuf, Error> {
        let set = self.store.root().join("archive").join(record.shelf().directory());
        Ok(set.join(directory_name(&record.name)?).join(number(record.generation)))
    }

    fn pending(&self) -> PathBuf {
        self.store.root().join(PENDING)
    }

    /// One more than the highest generation there is.
    fn next_number(&self, shelf: Shelf, label: &str) -> u32 {
        let set = self.store.root().join("archive").join(shelf.directory()).join(label);
        let entries = std::fs::read_dir(set).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| generation_number(Path::new(&entry.file_name())))
            .max()
            .unwrap_or(0)
            .saturating_add(1)
    }

    /// Ends what a crashed writer began.
    fn mend(&self) -> Result<(), Error> {
        let bytes = match source::read(&self.pending(), source::LARGE) {
            Err(Error::FileNotFound { .. }) => return Ok(()),
            other => other?,
        };
        // Names become directory names by the rule, so that nothing in here can lead out of the archive.
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let records: Vec<Record> =
            lines.map(serde_json::from_slice).collect::<Result<_, _>>().map_err(|_| Error::PkiDamaged {
                path: self.pending(),
                problem: "it was not written by pkit".into(),
            })?;
        // A link may have been on its way too.
        for shelf in [Shelf::Ca, Shelf::Live] {
            self.sweep(&self.store.root().join(shelf.directory()))?;
        }
        let recorded = self.recorded(&records)?;
        if recorded.contains(&true) {
            let missing = records.iter().zip(&recorded).filter(|(_, recorded)| !**recorded);
            let lines = missing.map(|(record, _)| record.line()).collect::<Result<String, _>>()?;
            if !lines.is_empty() {
                self.record(&lines)?;
            }
            records.iter().try_for_each(|record| self.turn_link(record))?;
        } else {
            records.iter().try_for_each(|record| self.remove(record))?;
        }
        writer::remove_file(&self.pending())
    }

    /// Which of the records are in the inventory.
    fn recorded(&self, records: &[Record]) -> Result<Vec<bool>, Error> {
        let mut found = vec![false; records.len()];
        for entry in self.store.records()? {
            let Entry::Record(_, entry) = entry? else { continue };
            for (record, found) in records.iter().zip(&mut found) {
                // All of it, because a CA that is imported a second time has the name and serial number of the first.
                *found |= *entry == *record;
            }
        }
        Ok(found)
    }
}

fn number(generation: u32) -> String {
    format!("{generation:04}")
}
