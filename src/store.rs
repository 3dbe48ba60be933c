//! The PKI directory: plain files that any other tool can read, and a record of everything that was signed.
//!
//! ```text
//! pki/                        0700
//!   pkit.toml                 defaults
//!   ca/NAME    →  ../archive/ca/NAME/0001       cert.pem  chain.pem  key.pem  crl.pem
//!   live/NAME  →  ../archive/live/NAME/0003     cert.pem  chain.pem  fullchain.pem  privkey.pem  ca.pem
//!   inventory.jsonl           one JSON object a line, only ever appended to
//!   lock                      one writer at a time; readers never wait
//!   pending                   the records of the writer at work; after a crash, of the one that was
//!   hooks                     what was renewed and nobody could be told of yet; mostly not there
//!   rotations                 which CA takes the place of which, and how far that is; mostly not there
//! ```

mod authority;
mod check;
mod commit;
mod config;
mod crl;
mod hooks;
mod inventory;
mod label;
mod leaf;
mod lineage;
mod listing;
mod lock;
mod prune;
mod revocation;
mod rollback;
mod rotation;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

pub use authority::{Authority, KeyState};
pub use check::{Fault, Findings, Problem, check, repair};
pub use commit::{Generation, Writer};
pub use config::Config;
pub use crl::{CRL_VALIDITY, CrlEvent, CrlRecord};
pub use hooks::Untold;
pub use inventory::{Entry, Event, IssuerRecord, Record, Records};
pub use label::{directory_name, name_of};
pub use leaf::{Leaf, LeafFiles};
pub use lineage::Lineage;
pub use listing::{Filter, Row, State, list};
pub use lock::Wait;
pub use prune::Pruned;
pub use revocation::{Revocation, RevocationEvent, Revocations, Target};
pub use rotation::{Phase, Rotation, Rotations};

use crate::{Error, cert::Certificate, fs as writer};

/// The newest format of the store that this version reads and writes.
pub const FORMAT: u64 = 1;

/// Which of the two kinds of sets of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Authorities, below `ca/`
    Ca,
    /// Leaf certificates, below `live/`
    Live,
}

impl Shelf {
    /// The directory's name.
    pub fn directory(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Live => "live",
        }
    }
}

/// A PKI directory, checked to be ours and safe.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    config: Config,
}

impl Store {
    /// Opens a PKI directory.
    ///
    /// # Errors
    /// [`Error::PkiMissing`], [`Error::PkiUnsafe`] where others own it or may write to it, [`Error::PkiNewer`],
    /// [`Error::ConfigInvalid`].
    pub fn open(root: &Path) -> Result<Self, Error> {
        if !root.join(INVENTORY).exists() {
            // Unsafe before missing: what a stranger put there must not be completed either.
            if root.exists() {
                check_safe(root)?;
            }
            return Err(Error::PkiMissing { path: root.to_owned() });
        }
        check_safe(root)?;
        for directory in ["ca", "live", "archive", "archive/ca", "archive/live"] {
            let path = root.join(directory);
            if path.is_dir() {
                check_safe(&path)?;
            }
        }
        inventory::check_format(&root.join(INVENTORY))?;
        let config = Config::load(&root.join(CONFIG))?;
        Ok(Self { root: root.to_owned(), config })
    }

    /// Opens a PKI directory where there is one.
    ///
    /// # Errors
    /// As [`Store::open`], but for [`Error::PkiMissing`].
    pub fn open_existing(root: &Path) -> Result<Option<Self>, Error> {
        match Self::open(root) {
            Ok(store) => Ok(Some(store)),
            Err(Error::PkiMissing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a PKI directory, making it where there is none. What a crash left half-made is completed.
    ///
    /// # Errors
    /// As [`Store::open`], and [`Error::WriteFailed`]; [`Error::PkiUnsafe`] for a directory that holds other things.
    pub fn open_or_create(root: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        if let Some(store) = Self::open_existing(root)? {
            return Ok(store);
        }
        match writer::create_directory(root, writer::PRIVATE_DIRECTORY) {
            // There before, or made by another first command at the same moment.
            Err(Error::FileExists { .. }) => check_ours(root)?,
            other => other?,
        }
        let lock = lock::acquire(&root.join(LOCK), &mut Wait::default())?;
        writer::ensure_file(&root.join(".gitignore"), b"*\n", writer::PUBLIC)?;
        writer::ensure_file(&root.join(CONFIG), config::TEMPLATE.as_bytes(), writer::PUBLIC)?;
        for directory in ["ca", "live", "archive", "archive/ca", "archive/live"] {
            writer::ensure_directory(&root.join(directory), writer::DIRECTORY)?;
        }
        // The inventory makes it a PKI directory, so it comes last.
        writer::ensure_file(&root.join(INVENTORY), inventory::header(now).as_bytes(), writer::PUBLIC)?;
        drop(lock);
        Self::open(root)
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its defaults.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the link of a name is, whether or not there is one.
    ///
    /// # Errors
    /// [`Error::NameInvalid`].
    pub fn link(&self, shelf: Shelf, name: &str) -> Result<PathBuf, Error> {
        Ok(self.root.join(shelf.directory()).join(directory_name(name)?))
    }

    /// The generation a name's link points to, as a path that no later renewal turns: what is read below it belongs
    /// together. `None` where there is no such name.
    ///
    /// # Errors
    /// [`Error::NameInvalid`]; [`Error::PkiDamaged`] where the link leads anywhere but into the archive.
    pub fn current(&self, shelf: Shelf, name: &str) -> Result<Option<PathBuf>, Error> {
        let link = self.link(shelf, name)?;
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::PkiDamaged { path: link, problem: crate::source::plain(&error) });
            }
        };
        let expected = Path::new("../archive").join(shelf.directory()).join(directory_name(name)?);
        let number = target.strip_prefix(&expected).ok().and_then(generation_number);
        match number {
            Some(_) => {
                Ok(Some(self.root.join("archive").join(target.strip_prefix("../archive").unwrap_or(&target))))
            }
            None => Err(Error::PkiDamaged {
                path: link,
                problem: format!("the link leads to {}, which is none of its generations", target.display()),
            }),
        }
    }

    /// Refuses a name that is in use. Only the holder of the lock can rely on it; others spare a person the passphrase.
    ///
    /// # Errors
    /// [`Error::NameTaken`], and those of [`Store::current`].
    pub fn require_free(&self, shelf: Shelf, name: &str) -> Result<(), Error> {
        match self.current(shelf, name)? {
            None => Ok(()),
            Some(_) => Err(Error::NameTaken {
                what: match shelf {
                    Shelf::Ca => "CA",
                    Shelf::Live => "certificate",
                },
                name: name.to_owned(),
                path: self.link(shelf, name)?,
            }),
        }
    }

    /// Refuses a serial number, in hexadecimal as [`Certificate::serial_hex`] has it, that is on record for a certificate of
    /// the same CA, which has this name here.
    ///
    /// # Errors
    /// [`Error::SerialUsed`], and those of reading the inventory.
    pub fn require_unused_serial(&self, serial: &str, name: &str, issuer: &Certificate) -> Result<(), Error> {
        let key_id = crate::fingerprint::hex(issuer.subject_key_id().unwrap_or_default());
        for entry in self.records()? {
            if let Entry::Record(_, record) = entry?
                && record.serial == serial
                // A foreign CA may have no key identifier, or not always have had one.
                && match (record.issuer.key_id.as_str(), key_id.as_str()) {
                    ("", _) | (_, "") => record.issuer.name == name,
                    (one, other) => one == other,
                }
            {
                return Err(Error::SerialUsed { serial: serial.to_owned(), name: record.name });
            }
        }
        Ok(())
    }

    /// All names on a shelf, sorted.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn names(&self, shelf: Shelf) -> Result<Vec<String>, Error> {
        let directory = self.root.join(shelf.directory());
        let unreadable = |error: std::io::Error| Error::FileUnreadable {
            path: directory.clone(),
            cause: crate::source::plain(&error),
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.file_name();
            names.extend(name_of(&entry.to_string_lossy()));
        }
        names.sort();
        Ok(names)
    }

    /// Everything on record, in order.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`].
    pub fn records(&self) -> Result<Records, Error> {
        Records::open(&self.root.join(INVENTORY))
    }

    /// Waits for the lock, and finishes or discards what a crashed writer left.
    ///
    /// # Errors
    /// [`Error::PkiBusy`], [`Error::PkiNoLocks`], [`Error::WriteFailed`], [`Error::PkiDamaged`].
    pub fn write(&self, wait: &mut Wait<'_>) -> Result<Writer<'_>, Error> {
        Writer::new(self, wait)
    }

    /// Ends what a crashed writer began, where one did: who goes on from what is there has to know what that is.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn mend(&self, wait: &mut Wait<'_>) -> Result<(), Error> {
        if self.root.join(PENDING).exists() { self.write(wait).map(drop) } else { Ok(()) }
    }

    /// To be called between one [`Store::write`] and the next by who writes much: lets waiting writers have their turn.
    pub fn give_way(&self) {
        lock::give_way();
    }
}

const INVENTORY: &str = "inventory.jsonl";
const CONFIG: &str = "pkit.toml";
const LOCK: &str = "lock";
const PENDING: &str = "pending";
const HOOKS: &str = "hooks";
const ROTATIONS: &str = "rotations";

/// `0003` of a path that is nothing else.
fn generation_number(path: &Path) -> Option<u32> {
    let text = path.to_str()?;
    (text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Keys lie here: nobody else may own the directory or write to it.
fn check_safe(root: &Path) -> Result<(), Error> {
    let refused = |problem: String| Error::PkiUnsafe { path: root.to_owned(), problem };
    let found = fs::metadata(root).map_err(|error| refused(crate::source::plain(&error)))?;
    if !found.is_dir() {
        return Err(refused("it is not a directory".into()));
    }
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me {
        return Err(refused(format!("it belongs to the user with number {}, and you are {me}", found.uid())));
    }
    if found.mode() & 0o022 != 0 {
        return Err(refused(format!("others may write to it (mode {:04o})", found.mode() & 0o7777)));
    }
    Ok(())
}

/// Nothing of ours is a link that leads elsewhere: what is written below lands in this directory.
fn check_inside(root: &Path) -> Result<(), Error> {
    let directories = ["ca", "live", "archive", "archive/ca", "archive/live"].map(|name| (name, true));
    let files = [INVENTORY, LOCK].map(|name| (name, false));
    for (name, directory) in directories.into_iter().chain(files) {
        let path = root.join(name);
        let problem = match fs::symlink_metadata(&path) {
            Ok(found) if directory && found.is_dir() => continue,
            Ok(found) if !directory && found.is_file() => continue,
            Ok(found) if found.is_symlink() => {
                "it is a link, and pkit does not write through links".to_owned()
            }
            Ok(_) => format!("it is not a {}", if directory { "directory" } else { "file" }),
            Err(error) => crate::source::plain(&error),
        };
        return Err(Error::PkiDamaged { path, problem });
    }
    // These come and go.
    for path in [PENDING, HOOKS, ROTATIONS].map(|name| root.join(name)) {
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(Error::PkiDamaged { path, problem: "it is not a file, and pkit writes one".into() });
        }
    }
    Ok(())
}

/// A directory without an inventory becomes a PKI directory only if nothing foreign is in it.
fn check_ours(root: &Path) -> Result<(), Error> {
    check_safe(root)?;
    let known = [".gitignore", CONFIG, LOCK, PENDING, HOOKS, ROTATIONS, INVENTORY, "ca", "live", "archive"];
    let unreadable = |error: std::io::Error| Error::FileUnreadable {
        path: root.to_owned(),
        cause: crate::source::plain(&error),
    };
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if !known.iter().any(|known| name == *known) && !name.to_string_lossy().starts_with(".pkit-") {
            let problem = format!("it holds {}, and it is not a PKI directory", name.to_string_lossy());
            return Err(Error::PkiUnsafe { path: root.to_owned(), problem });
        }
    }
    Ok(())
}
