//! The one writer: every file, directory and link that pkit makes is made here — exclusively, with its mode whatever
//! the umask, synced to the disk, all or nothing.
#![allow(clippy::disallowed_methods, reason = "this is the module they are reserved for")]

#[cfg(debug_assertions)]
mod fault;
mod staged;

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::{Error, source::plain};

pub use staged::{Owner, Staged, require_absent, write_set};

/// Mode of files that hold a secret.
pub const SECRET: u32 = 0o600;
/// Mode of files that hold a secret which a group has to read: that of a server that runs as another user.
pub const GROUP_SECRET: u32 = 0o640;
/// Mode of files that everyone may read.
pub const PUBLIC: u32 = 0o644;
/// Mode of the PKI directory.
pub const PRIVATE_DIRECTORY: u32 = 0o700;
/// Mode of the directories in it; the outermost keeps others out.
pub const DIRECTORY: u32 = 0o755;

/// Temporary files begin so; one that was left by a crash can be deleted.
pub(crate) const TEMPORARY: &str = ".pkit-";

#[cfg(not(debug_assertions))]
mod fault {
    //! Nothing goes wrong on purpose in a release build.
    use std::{
        fs::File,
        io::{self, Write},
    };

    pub(super) fn step() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
}

/// Makes a new file with all its bytes, or none.
///
/// # Errors
/// [`Error::FileExists`] where there is one; [`Error::WriteFailed`], and then nothing was left.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let temporary = temporary(path, bytes, mode)?;
    fault::step().map_err(|error| failed(path, &error))?;
    temporary.persist_noclobber(path).map_err(|error| failed(path, &error.error))?;
    sync_directory(parent(path)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Makes a file or replaces a regular one by one rename: readers see the old bytes or the new. Through a link, the file
/// it leads to.
///
/// # Errors
/// [`Error::NotAFile`] for a device, a pipe or a directory; [`Error::WriteFailed`], and then the old file stands.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let target = target(path)?;
    persist(&target, temporary(&target, bytes, mode)?)
}

/// As [`replace`] with what `fill` writes piece by piece: a long answer is never in memory as a whole.
///
/// # Errors
/// As [`replace`].
pub fn replace_with(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let target = target(path)?;
    persist(&target, filled(&target, mode, fill)?)
}

/// As [`replace`] for a file that is there: its mode and its owner stay.
///
/// # Errors
/// As [`replace`]; [`Error::WriteFailed`] as well where the file is missing or the owner cannot be kept.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let target = target(path)?;
    let fail = |error: io::Error| failed(&target, &error);
    let before = fs::metadata(&target).map_err(fail)?;
    let file = temporary(&target, bytes, SECRET)?;
    let made = file.as_file().metadata().map_err(fail)?;
    if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
        std::os::unix::fs::fchown(file.as_file(), Some(before.uid()), Some(before.gid())).map_err(fail)?;
    }
    file.as_file().set_permissions(Permissions::from_mode(before.mode() & 0o777)).map_err(fail)?;
    sync(file.as_file()).map_err(fail)?;
    persist(&target, file)
}

/// The file that a replacement goes to.
fn target(path: &Path) -> Result<PathBuf, Error> {
    let target = match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path).map_err(|error| failed(path, &error))?,
        _ => path.to_owned(),
    };
    match fs::symlink_metadata(&target) {
        Ok(found) if !found.is_file() => {
            Err(Error::NotAFile { found: crate::source::describe(found.file_type()), path: target })
        }
        _ => Ok(target),
    }
}

fn persist(path: &Path, file: tempfile::NamedTempFile) -> Result<(), Error> {
    fault::step().map_err(|error| failed(path, &error))?;
    file.persist(path).map_err(|error| failed(path, &error.error))?;
    sync_directory(parent(path))
}

/// A complete, synced file beside its destination; removed on drop.
fn temporary(path: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, Error> {
    filled(path, mode, |writer| writer.write_all(bytes))
}

/// The same, written piece by piece.
fn filled(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<tempfile::NamedTempFile, Error> {
    let fail = |error: io::Error| failed(path, &error);
    // 0600 from the first byte; the mode wanted is set before the name is.
    fault::step().map_err(fail)?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent(path)).map_err(fail)?;
    fill(&mut Pieces(file.as_file_mut())).map_err(fail)?;
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(fail)?;
    sync(file.as_file()).map_err(fail)?;
    Ok(file)
}

/// A file that is written as all of them are.
struct Pieces<'a>(&'a mut File);

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fault::write(self.0, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a file in a directory that no reader looks into yet: no detour over a temporary name.
///
/// # Errors
/// As [`write_new`].
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let fail = |error: io::Error| failed(path, &error);
    fault::step().map_err(fail)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(SECRET).open(path).map_err(fail)?;
    let written = fault::write(&mut file, bytes)
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| sync(&file));
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        fail(error)
    })
}

/// Makes one directory, which must not exist. That its name lasts is for the caller to see to: [`sync_directory`].
///
/// # Errors
/// [`Error::FileExists`], [`Error::WriteFailed`].
pub(crate) fn make_directory(path: &Path, mode: u32) -> Result<(), Error> {
    let made = fault::step().and_then(|()| fs::DirBuilder::new().mode(mode).create(path));
    made.map_err(|error| failed(path, &error))?;
    // The umask took bits away; a directory of ours has its mode.
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| failed(path, &error))
}

/// Makes one directory, which must not exist, and syncs the one above.
///
/// # Errors
/// [`Error::FileExists`], [`Error::WriteFailed`].
pub(crate) fn create_directory(path: &Path, mode: u32) -> Result<(), Error> {
    make_directory(path, mode)?;
    sync_directory(parent(path)).inspect_err(|_| remove_if_empty(path))
}

/// As [`make_directory`], but content where the directory is there.
pub(crate) fn have_directory(path: &Path, mode: u32) -> Result<(), Error> {
    match make_directory(path, mode) {
        Err(Error::FileExists { .. }) => match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => Ok(()),
            _ => Err(Error::WriteFailed { path: path.to_owned(), cause: "it is not a directory".into() }),
        },
        other => other,
    }
}

/// As [`have_directory`], and syncs the one above: whoever made it may have died before its name was made to last.
pub(crate) fn ensure_directory(path: &Path, mode: u32) -> Result<(), Error> {
    have_directory(path, mode)?;
    sync_directory(parent(path))
}

/// As [`write_new`], but content where a regular file is there.
pub(crate) fn ensure_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    match write_new(path, bytes, mode) {
        Err(Error::FileExists { .. }) if fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) => {
            Ok(())
        }
        other => other,
    }
}

/// Makes a link, or points the one that is there to a new target by one rename. That it lasts is for the caller to see to:
/// [`sync_directory`].
///
/// # Errors
/// [`Error::WriteFailed`], and then the link stands as it was.
pub(crate) fn point_link(link: &Path, target: &Path) -> Result<(), Error> {
    let fail = |error: io::Error| failed(link, &error);
    match fault::step().and_then(|()| symlink(target, link)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other.map_err(fail),
    }
    let next = link.with_file_name(format!("{TEMPORARY}{}", std::process::id()));
    match fault::step().and_then(|()| symlink(target, &next)) {
        // Left by a crashed process of the same number; the lock keeps living ones out.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&next).and_then(|()| symlink(target, &next)).map_err(fail)?;
        }
        other => other.map_err(fail)?,
    }
    fault::step().and_then(|()| fs::rename(&next, link)).map_err(|error| {
        let _ = fs::remove_file(&next);
        fail(error)
    })
}

/// Appends whole lines and syncs. Where that fails, the file is as long as before. For the holder of the lock only.
///
/// # Errors
/// [`Error::WriteFailed`].
pub(crate) fn append(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fail = |error: io::Error| failed(path, &error);
    let mut file = OpenOptions::new().append(true).open(path).map_err(fail)?;
    let before = file.metadata().map_err(fail)?.len();
    fault::write(&mut file, bytes).and_then(|()| sync(&file)).map_err(|error| {
        let _ = file.set_len(before);
        let _ = file.sync_all();
        fail(error)
    })
}

/// Appends a line to a log, which is made with this mode where it is missing. It is opened for each line, so that a log that was
/// moved away is begun anew, and is not synced.
///
/// # Errors
/// [`Error::NotAFile`] for a directory or a socket; [`Error::WriteFailed`].
pub fn log(path: &Path, line: &[u8], mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::FileTypeExt;
    let fail = |error: io::Error| failed(path, &error);
    // A pipe nobody reads shall not be waited for.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().append(true).create(true).mode(mode).custom_flags(flags).open(path);
    let mut file = opened.map_err(fail)?;
    let kind = file.metadata().map_err(fail)?.file_type();
    if !(kind.is_file() || kind.is_fifo() || kind.is_char_device()) {
        return Err(Error::NotAFile { path: path.to_owned(), found: crate::source::describe(kind) });
    }
    file.write_all(line).map_err(fail)
}

/// Opens a file for locking, making it where it is missing.
///
/// # Errors
/// [`Error::WriteFailed`].
pub(crate) fn open_lock(path: &Path) -> Result<File, Error> {
    let open = || OpenOptions::new().read(true).write(true).open(path);
    match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Not by way of a temporary name, which who holds the lock may sweep away.
            match create(path, b"", SECRET) {
                Ok(()) | Err(Error::FileExists { .. }) => open().map_err(|error| failed(path, &error)),
                Err(error) => Err(error),
            }
        }
        other => other.map_err(|error| failed(path, &error)),
    }
}

/// Removes a file, if it is there.
///
/// # Errors
/// [`Error::WriteFailed`].
pub(crate) fn remove_file(path: &Path) -> Result<(), Error> {
    match fault::step().and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Removes a directory with all in it, if it is there.
///
/// # Errors
/// [`Error::WriteFailed`].
pub(crate) fn remove_tree(path: &Path) -> Result<(), Error> {
    let nothing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    match fault::step().and_then(|()| fs::remove_dir_all(path)) {
        Err(error) if !nothing.contains(&error.kind()) => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Removes a directory, if it is empty.
pub(crate) fn remove_if_empty(path: &Path) {
    let _ = fs::remove_dir(path);
}

/// Writes to a pipe or a character device as it is: `/dev/stdout`, or what a shell hands over with `>(command)`. `false`
/// where the path is none.
///
/// # Errors
/// [`Error::WriteFailed`].
pub fn write_through(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<bool, Error> {
    use std::os::unix::fs::FileTypeExt;
    let is_stream = |found: fs::Metadata| found.file_type().is_fifo() || found.file_type().is_char_device();
    if !fs::metadata(path).is_ok_and(is_stream) {
        return Ok(false);
    }
    let fail = |error: io::Error| failed(path, &error);
    let mut stream = OpenOptions::new().write(true).open(path).map_err(fail)?;
    fill(&mut stream).map_err(fail)?;
    Ok(true)
}

/// Makes the names in a directory last.
///
/// # Errors
/// [`Error::WriteFailed`].
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| sync(&directory)).map_err(|error| failed(path, &error))
}

fn sync(file: &File) -> io::Result<()> {
    fault::step()?;
    file.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Error::FileExists { path: path.to_owned() },
        _ => Error::WriteFailed { path: path.to_owned(), cause: plain(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_files_are_whole_with_their_mode_and_never_replace() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        write_new(&path, b"one", SECRET).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"one".to_vec(), 0o600));
        assert!(matches!(write_new(&path, b"two", PUBLIC), Err(Error::FileExists { .. })));
        assert!(matches!(create(&path, b"two", PUBLIC), Err(Error::FileExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace(&path, b"two", PUBLIC).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o644));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_rewritten_file_keeps_its_mode_and_the_link_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a"), directory.path().join("link"));
        write_new(&path, b"one", 0o640).unwrap();
        symlink(&path, &link).unwrap();
        rewrite(&link, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(rewrite(&directory.path().join("none"), b"x").is_err());
        assert!(matches!(rewrite(directory.path(), b"x"), Err(Error::NotAFile { .. })));
    }

    #[test]
    fn a_dangling_link_is_not_written_through() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        symlink(directory.path().join("elsewhere"), &link).unwrap();
        assert!(write_new(&link, b"x", PUBLIC).is_err());
        assert!(create(&link, b"x", PUBLIC).is_err());
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[test]
    fn links_turn_in_one_step() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        for target in ["one", "two"] {
            point_link(&link, Path::new(target)).unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
