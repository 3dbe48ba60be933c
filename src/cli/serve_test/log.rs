//! The access log.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{Error, cli::terminal, fs};

/// A file that gets a line for every connection.
pub(super) struct Log {
    path: PathBuf,
    json: bool,
    /// Whether the last line is missing; told once.
    failed: AtomicBool,
}

impl Log {
    /// Makes the file, so that one that cannot be written to is an error at once.
    pub(super) fn open(path: PathBuf, json: bool) -> Result<Self, Error> {
        fs::log(&path, b"", fs::SECRET)?;
        Ok(Self { path, json, failed: AtomicBool::new(false) })
    }

    pub(super) fn write(&self, line: &str) {
        let outcome = fs::log(&self.path, line.as_bytes(), fs::SECRET);
        let before = self.failed.swap(outcome.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (outcome, before) {
            terminal::failure(&error, self.json);
        }
    }
}
