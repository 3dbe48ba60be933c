//! The commit protocol: what a command did is done whole or not at all, whenever it is stopped.
//!
//! 1. `pending` holds the records of the generations that are about to be made; synced.
//! 2. The generations are written and synced, where no link leads; those of a large group by many hands at once.
//! 3. The records are appended to the inventory and synced: **the commit point** is the first whole line.
//! 4. Each link is made, or turned by one rename; then their directory synced.
//! 5. `pending` is removed.
//!
//! A writer that finds `pending` first ends what the crashed one began: where a record of the group is in the inventory, the
//! others are appended and all links turned; where none is, the generations are removed.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
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

    /// The PKI directory that is written to.
    pub(super) fn store(&self) -> &'a Store {
        self.store
    }

    /// Appends one line to the inventory that is complete in itself.
    pub(super) fn note(&self, event: &impl serde::Serialize) -> Result<(), Error> {
        self.record(&inventory::line(event)?)
    }

    /// Removes what killed writers left under temporary names; the lock says that none is at work.
    pub(super) fn sweep(&self, directory: &Path) -> Result<(), Error> {
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
                Event::Renewed | Event::RolledBack => self.require_there(shelf, name)?,
            }
            let number = self.next_number(shelf, &directory_name(name)?);
            records.push(Record { generation: number, ..generation.record.clone() });
        }
        self.put(&group, &records)?;
        records.iter().map(|record| self.store.link(record.shelf(), &record.name)).collect()
    }

    /// Turns names back to generations that are there, as the records say: all of them, or none.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn roll_back(&self, records: &[Record]) -> Result<(), Error> {
        records.iter().try_for_each(|record| self.require_there(record.shelf(), &record.name))?;
        self.put(&[], records)
    }

    /// The protocol. Records without a generation in the group are of those that were there before.
    fn put(&self, group: &[Generation], records: &[Record]) -> Result<(), Error> {
        let lines = records.iter().map(Record::line).collect::<Result<String, _>>()?;
        writer::replace(&self.pending(), lines.as_bytes(), writer::SECRET)?;
        let written = self.write(group, records).and_then(|()| self.record(&lines));
        if let Err(error) = written {
            // The first error counts; what could not be taken back stays announced.
            let _ = self.take_back(records);
            return Err(error);
        }
        // Done, from here on: it is on record. Should a link not turn, the next writer turns it.
        self.turn_links(records).map_err(|(record, error)| Error::LinkNotTurned {
            name: record.name.clone(),
            cause: error.facts().pop().map(|fact| fact.value).unwrap_or_default(),
        })?;
        let _ = writer::remove_file(&self.pending());
        Ok(())
    }

    fn write(&self, group: &[Generation], records: &[Record]) -> Result<(), Error> {
        let pairs: Vec<_> = group.iter().zip(records).collect();
        spread(&pairs, |(generation, record)| {
            let directory = self.archive(record)?;
            let set = directory.parent().unwrap_or(&directory);
            writer::have_directory(set, writer::DIRECTORY)?;
            writer::make_directory(&directory, writer::DIRECTORY)?;
            for (name, bytes, mode) in &generation.files {
                writer::create(&directory.join(name), bytes, *mode)?;
            }
            writer::sync_directory(&directory)?;
            writer::sync_directory(set)
        })?;
        // What all of them lie in, once.
        self.sync_shelves(records, &self.store.root().join("archive"))
    }

    /// Makes the names last that these records brought to a directory for each shelf.
    fn sync_shelves(&self, records: &[Record], above: &Path) -> Result<(), Error> {
        let used = |shelf: &Shelf| records.iter().any(|record| record.shelf() == *shelf);
        let mut shelves = [Shelf::Ca, Shelf::Live].into_iter().filter(used);
        shelves.try_for_each(|shelf| writer::sync_directory(&above.join(shelf.directory())))
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
        // Its files were there before.
        if record.event == Event::RolledBack {
            return Ok(());
        }
        let directory = self.archive(record)?;
        writer::remove_tree(&directory)?;
        if let Some(set) = directory.parent() {
            writer::remove_if_empty(set);
        }
        Ok(())
    }

    /// Points the names of all records to them; says at which it failed.
    fn turn_links<'r>(&self, records: &'r [Record]) -> Result<(), (&'r Record, Error)> {
        for record in records {
            self.turn_link(record).map_err(|error| (record, error))?;
        }
        match (records.last(), self.sync_shelves(records, self.store.root())) {
            (Some(last), Err(error)) => Err((last, error)),
            _ => Ok(()),
        }
    }

    fn turn_link(&self, record: &Record) -> Result<(), Error> {
        let shelf = record.shelf();
        let label = directory_name(&record.name)?;
        let target =
            Path::new("../archive").join(shelf.directory()).join(&label).join(number(record.generation));
        writer::point_link(&self.store.link(shelf, &record.name)?, &target)
    }

    /// Points a name's link to the generation that is in use by the record, if it has files.
    pub(super) fn turn_to_current(&self, link: &Path) -> Result<(), Error> {
        let mut current: Option<Box<Record>> = None;
        for entry in self.store.records()? {
            let Entry::Record(_, record) = entry? else { continue };
            let same = self.store.link(record.shelf(), &record.name).is_ok_and(|own| own == link);
            if same {
                current = Some(record);
            }
        }
        match current {
            Some(record) if self.archive(&record)?.is_dir() => {
                self.turn_links(&[*record]).map_err(|(_, error)| error)
            }
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
            self.turn_links(&records).map_err(|(_, error)| error)?;
        } else {
            records.iter().try_for_each(|record| self.remove(record))?;
        }
        writer::remove_file(&self.pending())
    }

    /// Which of the records are in the inventory.
    fn recorded(&self, records: &[Record]) -> Result<Vec<bool>, Error> {
        let mut found = vec![false; records.len()];
        // All of a record, because a CA that is imported a second time has the name and serial number of the first.
        let mut sought: HashMap<&Record, &mut bool> = records.iter().zip(&mut found).collect();
        for entry in self.store.records()? {
            let Entry::Record(_, entry) = entry? else { continue };
            if let Some(found) = sought.get_mut(&*entry) {
                **found = true;
            }
        }
        Ok(found)
    }
}

/// How many write at once. They wait for the disk, and what waits together is brought to it in one go.
const HANDS: usize = 16;

/// Does the work for all items, by several threads where there are several; after a failure nothing more is begun.
pub(super) fn spread<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    if let [only] = items {
        return work(only);
    }
    let next = AtomicUsize::new(0);
    let hand = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item).inspect_err(|_| next.store(items.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS.min(items.len())).map(|_| scope.spawn(hand)).collect();
        let ends = hands
            .into_iter()
            .map(|hand| hand.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ends.collect::<Vec<_>>().into_iter().collect()
    })
}

fn number(generation: u32) -> String {
    format!("{generation:04}")
}
