//! Reading what a person names: files, standard input, shell process substitutions — never hanging on a pipe nobody
//! writes to, never filling the memory.

mod stamp;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

pub(crate) use stamp::Stamp;

use crate::{Error, origin::Origin};

/// Most bytes of a file that holds one key, one passphrase or one configuration: 1 MiB.
pub const SMALL: u64 = 1 << 20;
/// Most bytes of a file of certificates: 256 MiB.
pub const LARGE: u64 = 256 << 20;

/// Reads a file of at most [`SMALL`] bytes.
///
/// # Errors
/// As [`read`].
pub fn read_small(path: &Path) -> Result<Vec<u8>, Error> {
    read(path, SMALL)
}

/// Reads a file of at most `limit` bytes. `-` is standard input.
///
/// # Errors
/// [`Error::FileNotFound`], [`Error::FileUnreadable`], [`Error::NotAFile`] for a directory, a device or a named
/// pipe, [`Error::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    if is_stdin(path) {
        return read_all(io::stdin().lock(), path, 0, limit);
    }
    let file = open(path)?;
    let size = file.metadata().map_err(|cause| unreadable(path, cause))?.len();
    read_all(file, path, size, limit)
}

/// A source to be read piece by piece; `-` is standard input.
///
/// # Errors
/// As [`read`], but for the size.
pub fn reader(path: &Path) -> Result<Box<dyn Read>, Error> {
    if is_stdin(path) { Ok(Box::new(io::stdin().lock())) } else { Ok(Box::new(open(path)?)) }
}

/// How errors name what was read from this path.
pub fn origin(path: &Path) -> Origin {
    if is_stdin(path) { Origin::named("standard input") } else { Origin::file(path) }
}

/// Whether the path means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens for reading: a regular file, or a pipe that a shell handed over (`/dev/fd/63`).
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path) -> Result<File, Error> {
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => Error::FileNotFound { path: path.to_owned() },
        _ => unreadable(path, cause),
    };
    if ["/dev/fd/", "/dev/stdin", "/proc/self/fd/"]
        .iter()
        .any(|start| path.to_string_lossy().starts_with(start))
    {
        return File::open(path).map_err(failed);
    }
    // NONBLOCK: opening a named pipe would wait for its writer, perhaps for ever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
    let file = File::from(fd);
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_file() {
        Ok(file)
    } else {
        Err(Error::NotAFile { path: path.to_owned(), found: describe(kind) })
    }
}

fn read_all(from: impl Read, path: &Path, expected: u64, limit: u64) -> Result<Vec<u8>, Error> {
    let too_large = || Error::FileTooLarge { path: path.to_owned(), limit };
    if expected > limit {
        return Err(too_large());
    }
    // Room for all of it at once, and 64 KiB where the size is not known: a buffer that grows leaves copies of a key behind.
    let expected = usize::try_from(expected).unwrap_or(0).max(64 << 10);
    let mut bytes = Vec::with_capacity(expected + 1);
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|cause| unreadable(path, cause))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

fn unreadable(path: &Path, cause: io::Error) -> Error {
    Error::FileUnreadable { path: path.to_owned(), cause: plain(&cause) }
}

/// The operating system's words, without the number behind them.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

pub(crate) fn describe(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "not a regular file",
    }
}

/// The paths of all regular files below a directory in sorted order; other entries are passed over. Links are
/// followed, each directory once.
///
/// # Errors
/// One [`Error::FileUnreadable`] for each entry that cannot be looked at, in its place among the paths.
pub fn walk(directory: &Path) -> impl Iterator<Item = Result<PathBuf, Error>> {
    let mut seen = std::collections::HashSet::new();
    let walker = walkdir::WalkDir::new(directory).follow_links(true).sort_by_file_name().into_iter();
    walker
        .filter_entry(move |entry| {
            use std::os::unix::fs::MetadataExt;
            !entry.file_type().is_dir()
                || entry.metadata().is_ok_and(|metadata| seen.insert((metadata.dev(), metadata.ino())))
        })
        .filter_map(|entry| match entry {
            Ok(entry) => entry.file_type().is_file().then(|| Ok(entry.into_path())),
            Err(error) if error.loop_ancestor().is_some() => None,
            Err(error) => {
                let path = error.path().map(Path::to_owned).unwrap_or_default();
                let cause = error.io_error().map_or_else(|| "it cannot be looked at".to_owned(), plain);
                Some(Err(Error::FileUnreadable { path, cause }))
            }
        })
}
