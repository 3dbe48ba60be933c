//! Whether a file is still the one that was read.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

/// By what a file is known to be the one that was read. The time of its last status change is in it, because copies may keep
/// the time of the last modification.
#[derive(PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Takes a look, a microsecond; links are followed.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}
