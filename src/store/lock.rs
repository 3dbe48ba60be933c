//! One writer at a time. The lock is the operating system's, so a process that dies leaves none behind.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    time::{Duration, Instant},
};

use crate::{Error, fs as writer};

/// How to wait for the lock.
pub struct Wait<'a> {
    /// How long at the most.
    pub timeout: Duration,
    /// Called once after a second of waiting, so that a person learns why nothing happens.
    pub notice: Option<&'a mut dyn FnMut()>,
}

impl Default for Wait<'_> {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), notice: None }
    }
}

/// Pause between tries; short against the work done under the lock.
const PAUSE: Duration = Duration::from_millis(5);

/// Leaves the lock alone for longer than others pause between two looks at it, so that who takes it again and again does
/// not keep them out.
pub(super) fn give_way() {
    std::thread::sleep(PAUSE * 2);
}

/// Takes the lock; it is released when the file is dropped.
pub(super) fn acquire(path: &Path, wait: &mut Wait<'_>) -> Result<File, Error> {
    let file = writer::open_lock(path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => {
                return Err(Error::PkiNoLocks { path: path.to_owned(), cause: crate::source::plain(&error) });
            }
        }
        let waited = start.elapsed();
        if waited >= wait.timeout {
            return Err(Error::PkiBusy { path: path.to_owned(), waited: waited.as_secs() });
        }
        if waited >= Duration::from_secs(1)
            && let Some(notice) = wait.notice.take()
        {
            notice();
        }
        std::thread::sleep(PAUSE);
    }
}
