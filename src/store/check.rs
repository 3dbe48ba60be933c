//! Whether a PKI directory holds together: what is on record has its files, what has files is on record, keys belong to
//! their certificates. And the mending of what a crash can have left.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Entry, PENDING, Record, Shelf, Store, Wait, directory_name, generation_number, inventory, name_of,
};
use crate::{
    Error,
    cert::load_certificates,
    fingerprint::hex,
    fs as writer,
    key::{decode_private_key, no_passphrase},
    name::escape,
    origin::Origin,
    source,
};

/// What can be wrong. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A crashed command left its work half done.
    Unfinished,
    /// A temporary file was left.
    Temporary,
    /// The last line of the inventory is torn.
    TornLine,
    /// A line of the inventory is no record.
    ForeignLine,
    /// A certificate on record has no files.
    FilesMissing,
    /// The generation in use by the record is not the one its link leads to.
    LinkStale,
    /// Files that are on no record.
    NotOnRecord,
    /// The certificate is another than the one on record.
    CertificateDiffers,
    /// The files of a set cannot be read as what they should be.
    Unreadable,
    /// The key does not belong to the certificate.
    KeyMismatch,
    /// Something lies where pkit puts nothing.
    Stray,
    /// A rollover names CAs that are not here, or goes in a circle.
    RotationImpossible,
}

impl Fault {
    /// Whether [`repair`] can mend it without losing anything.
    pub fn is_repairable(self) -> bool {
        matches!(self, Self::Unfinished | Self::Temporary | Self::TornLine | Self::LinkStale)
    }

    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Temporary => "temporary",
            Self::TornLine => "torn-line",
            Self::ForeignLine => "foreign-line",
            Self::FilesMissing => "files-missing",
            Self::LinkStale => "link-stale",
            Self::NotOnRecord => "not-on-record",
            Self::CertificateDiffers => "certificate-differs",
            Self::Unreadable => "unreadable",
            Self::KeyMismatch => "key-mismatch",
            Self::Stray => "stray",
            Self::RotationImpossible => "rotation-impossible",
        }
    }
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind
    pub fault: Fault,
    /// Where
    pub path: PathBuf,
    /// What was found, in a person's words. Escaped for a terminal.
    pub fact: String,
}

/// What was looked at, and what does not hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// CAs that have a link
    pub authorities: usize,
    /// Leaves that have a link
    pub certificates: usize,
    /// Records in the inventory
    pub records: usize,
    /// CA keys under a passphrase, which could not be compared with their certificates
    pub sealed_keys: usize,
    /// What does not hold, in the order in which it was met
    pub problems: Vec<Problem>,
}

/// What is on record of a generation.
struct Recorded {
    /// Hash of its certificate
    fingerprint: String,
    /// Whether it came with its key
    key_file: bool,
}

/// What is on record of a name.
#[derive(Default)]
struct OfName {
    /// The generation that is in use: the last that was made, or rolled back to
    current: u32,
    /// All of them, by number
    generations: BTreeMap<u32, Recorded>,
}

/// By shelf and label.
type OnRecord = BTreeMap<(&'static str, String), OfName>;

impl Findings {
    fn say(&mut self, fault: Fault, path: impl Into<PathBuf>, fact: impl AsRef<str>) {
        self.problems.push(Problem { fault, path: path.into(), fact: escape(fact.as_ref()).into_owned() });
    }
}

/// Looks at everything. Takes no lock; while a writer works, its work shows as unfinished.
///
/// # Errors
/// [`Error::FileUnreadable`] for the directories and the inventory themselves.
pub fn check(store: &Store) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let root = store.root();
    let pending = root.join(PENDING);
    if pending.exists() {
        findings.say(Fault::Unfinished, &pending, "a command was stopped before it was done");
    }
    let on_record = read_inventory(store, &mut findings)?;
    for shelf in [Shelf::Ca, Shelf::Live] {
        for entry in entries(&root.join(shelf.directory()))? {
            let path = root.join(shelf.directory()).join(&entry);
            match name_of(&entry) {
                Some(name) => {
                    match shelf {
                        Shelf::Ca => findings.authorities += 1,
                        Shelf::Live => findings.certificates += 1,
                    }
                    check_set(store, shelf, &name, &on_record, &mut findings)?;
                }
                None if entry.starts_with(writer::TEMPORARY) => {
                    findings.say(Fault::Temporary, path, "a temporary file was left by a crash");
                }
                None => findings.say(Fault::Stray, path, "pkit gives no such name"),
            }
        }
        check_archive(store, shelf, &on_record, &mut findings)?;
    }
    let rotations = root.join(super::ROTATIONS);
    let is_here = |name: &str| matches!(store.current(Shelf::Ca, name), Ok(Some(_)));
    match store.rotations() {
        Ok(all) => all
            .faults(is_here)
            .iter()
            .for_each(|fact| findings.say(Fault::RotationImpossible, &rotations, fact)),
        Err(error) => findings.say(Fault::Unreadable, &rotations, error.to_string()),
    }
    for entry in entries(root)?.into_iter().filter(|entry| entry.starts_with(writer::TEMPORARY)) {
        findings.say(Fault::Temporary, root.join(entry), "a temporary file was left by a crash");
    }
    Ok(findings)
}

fn read_inventory(store: &Store, findings: &mut Findings) -> Result<OnRecord, Error> {
    let path = store.root().join(super::INVENTORY);
    let torn = !inventory::closing(&path)?.is_empty();
    let mut on_record = OnRecord::new();
    // The number of the last line, and how many right above the next are no records.
    let (mut last, mut foreign) = (0, 0);
    for entry in store.records()? {
        match entry? {
            Entry::Record(number, record) => {
                last = number;
                foreign = 0;
                findings.records += 1;
                let shelf = record.shelf();
                if let Ok(label) = directory_name(&record.name) {
                    let of_name = on_record.entry((shelf.directory(), label)).or_default();
                    let Record { generation, fingerprint, key_file, .. } = *record;
                    of_name.current = generation;
                    of_name.generations.insert(generation, Recorded { fingerprint, key_file });
                }
            }
            Entry::Other(number, value) => {
                // The torn lines right above it were told and dealt with before. There are two where the mark itself
                // was torn.
                if inventory::is_set_aside_mark(&value) {
                    findings.problems.truncate(findings.problems.len() - foreign);
                }
                foreign = 0;
                last = number;
            }
            Entry::Foreign(number, text) => {
                last = number;
                foreign += 1;
                let shown: String = text.chars().take(40).collect();
                findings.say(Fault::ForeignLine, &path, format!("line {number} is no record: {shown}"));
            }
        }
    }
    if torn {
        // One fault, not two.
        if foreign > 0 {
            findings.problems.pop();
        }
        findings.say(Fault::TornLine, &path, format!("line {last} has no end: it was torn by a crash"));
    }
    Ok(on_record)
}

/// The set that a name's link leads to.
fn check_set(
    store: &Store,
    shelf: Shelf,
    name: &str,
    on_record: &OnRecord,
    findings: &mut Findings,
) -> Result<(), Error> {
    let link = store.link(shelf, name)?;
    let set = match store.current(shelf, name) {
        Ok(Some(set)) => set,
        Ok(None) => return Ok(()),
        Err(error) => {
            let facts = error.facts();
            findings.say(
                Fault::Stray,
                link,
                facts.last().map(|fact| fact.value.as_str()).unwrap_or_default(),
            );
            return Ok(());
        }
    };
    let number = set.file_name().and_then(|name| generation_number(Path::new(name))).unwrap_or(0);
    let certificate = match load_certificates(&set.join("cert.pem")).map(|all| all.into_iter().next()) {
        Ok(Some(certificate)) => certificate,
        Ok(None) => return Ok(()),
        Err(error) => {
            findings.say(Fault::Unreadable, set.join("cert.pem"), error.to_string());
            return Ok(());
        }
    };
    let of_name = on_record.get(&(shelf.directory(), directory_name(name)?));
    let recorded = of_name.and_then(|of_name| of_name.generations.get(&number));
    match recorded {
        Some(recorded) if recorded.fingerprint == hex(&certificate.fingerprint()) => {}
        Some(_) => findings.say(
            Fault::CertificateDiffers,
            set.join("cert.pem"),
            format!("generation {number} of \"{name}\" is another certificate than the one on record"),
        ),
        // Told once, by the look into the archive.
        None => {}
    }
    if let Some(&OfName { current, .. }) = of_name
        && recorded.is_some()
        && current != number
    {
        findings.say(
            Fault::LinkStale,
            link,
            format!("it leads to generation {number}; by the record, {current} is in use"),
        );
    }
    // A CA's key may be kept elsewhere, and that of a certificate made from a request is with who asked.
    let needed = shelf == Shelf::Live && recorded.is_none_or(|recorded| recorded.key_file);
    check_key(shelf, needed, &set, &certificate, findings);
    Ok(())
}

fn check_key(
    shelf: Shelf,
    needed: bool,
    set: &Path,
    certificate: &crate::cert::Certificate,
    findings: &mut Findings,
) {
    let path = set.join(match shelf {
        Shelf::Ca => "key.pem",
        Shelf::Live => "privkey.pem",
    });
    let bytes = match source::read_small(&path).map(Zeroizing::new) {
        Ok(bytes) => bytes,
        Err(Error::FileNotFound { .. }) if !needed => return,
        Err(error) => return findings.say(Fault::Unreadable, path, error.to_string()),
    };
    let origin = Origin::file(&path);
    match decode_private_key(&bytes, &origin, &mut no_passphrase()) {
        Err(Error::PassphraseNeeded { .. }) => findings.sealed_keys += 1,
        Ok(key) if key.public() == certificate.public_key() => {}
        Ok(key) => findings.say(
            Fault::KeyMismatch,
            path,
            format!(
                "the key has public key sha256 {}, its certificate {}",
                key.public().short_id(),
                certificate.public_key().short_id()
            ),
        ),
        Err(error) => findings.say(Fault::Unreadable, path, error.to_string()),
    }
}

/// Generations without a record, and records without a generation.
fn check_archive(
    store: &Store,
    shelf: Shelf,
    on_record: &OnRecord,
    findings: &mut Findings,
) -> Result<(), Error> {
    let archive = store.root().join("archive").join(shelf.directory());
    for label in entries(&archive)? {
        let directory = archive.join(&label);
        let Some(name) = name_of(&label) else {
            findings.say(Fault::Stray, directory, "pkit gives no such name");
            continue;
        };
        let recorded = on_record.get(&(shelf.directory(), label.clone()));
        for entry in entries(&directory)? {
            let number = generation_number(Path::new(&entry));
            let known = number
                .is_some_and(|number| recorded.is_some_and(|all| all.generations.contains_key(&number)));
            if !known {
                let fact = format!("these files of \"{name}\" are on no record");
                findings.say(Fault::NotOnRecord, directory.join(entry), fact);
            }
        }
    }
    for ((_, label), OfName { current, .. }) in
        on_record.iter().filter(|((kind, _), _)| *kind == shelf.directory())
    {
        let directory = archive.join(label).join(format!("{current:04}"));
        let link = store.root().join(shelf.directory()).join(label);
        if !directory.is_dir() {
            findings.say(Fault::FilesMissing, directory, "it is on record, and its files are gone");
        } else if fs::symlink_metadata(&link).is_err() {
            findings.say(
                Fault::LinkStale,
                link,
                format!("there is no link; generation {current} is on record"),
            );
        }
    }
    Ok(())
}

/// Mends what [`Fault::is_repairable`]: ends what was begun, turns links to the generation in use by the record, closes a torn
/// line, removes temporary files. Nothing that might be wanted is deleted.
///
/// # Errors
/// As [`check`], those of taking the lock, and [`Error::WriteFailed`].
pub fn repair(store: &Store, wait: &mut Wait<'_>) -> Result<(), Error> {
    // Taking the right to write ends what a crashed command began.
    let writer = store.write(wait)?;
    for problem in check(store)?.problems {
        match problem.fault {
            Fault::Temporary => writer::remove_file(&problem.path)?,
            Fault::TornLine => {
                writer::append(&problem.path, inventory::closing(&problem.path)?.as_bytes())?;
            }
            Fault::LinkStale => writer.turn_to_current(&problem.path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Names in a directory, sorted.
fn entries(directory: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |error: std::io::Error| Error::FileUnreadable {
        path: directory.to_owned(),
        cause: source::plain(&error),
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
