//! Sets of files that go into a directory together, under temporary names first.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    DIRECTORY, SECRET, create_directory, failed, fault, parent, persist, remove_if_empty, sync,
    sync_directory, target, temporary,
};
use crate::Error;

/// Whose files are, where not their maker's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The number of the user
    pub user: Option<u32>,
    /// The number of the group
    pub group: Option<u32>,
}

impl Owner {
    fn is_maker(self) -> bool {
        self == Self::default()
    }

    /// Gives a file to its owner first and its mode then, so that nobody else can read it at any time.
    fn give(self, file: &File, mode: u32) -> io::Result<()> {
        if self.is_maker() {
            return Ok(());
        }
        fault::step()?;
        std::os::unix::fs::fchown(file, self.user, self.group)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        sync(file)
    }
}

/// The files of a set on their way into a directory that people chose: written and synced under temporary names, so that
/// what can go wrong has gone wrong before the set is put on record. Dropped, it leaves nothing.
pub struct Staged {
    files: Vec<(tempfile::NamedTempFile, PathBuf)>,
    /// Whether files of these names give way.
    replace: bool,
    /// Directories that were made, outermost first.
    made: Vec<PathBuf>,
}

impl Staged {
    /// Writes names, contents and modes; makes the directory where it is missing.
    ///
    /// # Errors
    /// [`Error::FileExists`] before anything is written; [`Error::WriteFailed`].
    pub fn new(directory: &Path, files: &[(&str, &[u8], u32)]) -> Result<Self, Error> {
        Self::owned(directory, files, Owner::default(), false)
    }

    /// The same for another owner. With `replace`, files of these names give way, each by one rename; links are followed where the
    /// owner is the maker, and give way themselves where not.
    ///
    /// # Errors
    /// As [`Staged::new`]; [`Error::WriteFailed`] as well where the owner cannot be had, [`Error::NotAFile`].
    pub fn owned(
        directory: &Path,
        files: &[(&str, &[u8], u32)],
        owner: Owner,
        replace: bool,
    ) -> Result<Self, Error> {
        let mut staged = Self { files: Vec::new(), replace, made: Vec::new() };
        if !replace {
            require_absent(directory, &files.iter().map(|(name, ..)| *name).collect::<Vec<_>>())?;
        }
        let missing: Vec<&Path> =
            directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            create_directory(path, DIRECTORY)?;
            staged.made.push(path.to_owned());
        }
        for (name, bytes, mode) in files {
            let path = directory.join(name);
            // A link in the directory of another user may lead to any file, which shall not be given away.
            let path = if replace && owner.is_maker() { target(&path)? } else { path };
            let file = temporary(&path, bytes, if owner.is_maker() { *mode } else { SECRET })?;
            owner.give(file.as_file(), *mode).map_err(|error| failed(&path, &error))?;
            staged.files.push((file, path));
        }
        Ok(staged)
    }

    /// Gives the files their names: all, or none.
    ///
    /// # Errors
    /// [`Error::FileExists`], [`Error::WriteFailed`].
    pub fn publish(mut self) -> Result<(), Error> {
        let mut done: Vec<PathBuf> = Vec::new();
        let replace = self.replace;
        let mut publish = |(file, path): (tempfile::NamedTempFile, PathBuf)| {
            if replace {
                return persist(&path, file);
            }
            fault::step().map_err(|error| failed(&path, &error))?;
            file.persist_noclobber(&path).map_err(|error| failed(&path, &error.error))?;
            done.push(path);
            Ok(())
        };
        let files = std::mem::take(&mut self.files);
        let directory = files.first().map(|(_, path)| parent(path).to_owned());
        let published: Result<(), Error> = files.into_iter().try_for_each(&mut publish);
        let published = published.and_then(|()| directory.as_deref().map_or(Ok(()), sync_directory));
        match published {
            Ok(()) => self.made.clear(),
            Err(_) => done.iter().for_each(|path| drop(fs::remove_file(path))),
        }
        published
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.files.clear();
        self.made.iter().rev().for_each(|path| remove_if_empty(path));
    }
}

/// The files of a set, written into a directory that people chose: all new, or none.
///
/// # Errors
/// As [`Staged::new`] and [`Staged::publish`].
pub fn write_set(directory: &Path, files: &[(&str, &[u8], u32)]) -> Result<(), Error> {
    Staged::new(directory, files)?.publish()
}

/// Refuses where one of the files is there.
///
/// # Errors
/// [`Error::FileExists`].
pub fn require_absent(directory: &Path, files: &[&str]) -> Result<(), Error> {
    let there = files.iter().map(|name| directory.join(name)).find(|path| fs::symlink_metadata(path).is_ok());
    match there {
        Some(path) => Err(Error::FileExists { path }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PUBLIC, *};

    #[test]
    fn a_set_is_written_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("new/set");
        write_set(&target, &[("a", b"1", PUBLIC), ("b", b"2", SECRET)]).unwrap();
        let mode = fs::metadata(target.join("b")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = write_set(&target, &[("c", b"1", PUBLIC), ("b", b"2", SECRET)]);
        assert!(matches!(refused, Err(Error::FileExists { .. })));
        assert!(!target.join("c").exists());
    }
    #[test]
    fn a_link_to_elsewhere_gives_nothing_of_elsewhere_away() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let directory = tempfile::tempdir().unwrap();
        let (set, other) = (directory.path().join("set"), directory.path().join("other"));
        fs::create_dir(&set).unwrap();
        super::super::write_new(&other, b"other", SECRET).unwrap();
        std::os::unix::fs::symlink(&other, set.join("a")).unwrap();
        let files: &[(&str, &[u8], u32)] = &[("a", b"new", super::super::GROUP_SECRET)];
        let owner = Owner { user: Some(rustix::process::geteuid().as_raw()), group: None };
        Staged::owned(&set, files, owner, true).unwrap().publish().unwrap();
        assert_eq!((fs::read(&other).unwrap(), mode(&other)), (b"other".to_vec(), 0o600));
        assert!(!fs::symlink_metadata(set.join("a")).unwrap().is_symlink());
        assert_eq!((fs::read(set.join("a")).unwrap(), mode(&set.join("a"))), (b"new".to_vec(), 0o640));
    }
}
