//! Which files are looked at: those that are named, what is below directories, the current sets of PKI directories.

use std::{
    collections::HashSet,
    ffi::OsStr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use glob::Pattern;
use walkdir::{DirEntry, WalkDir};

use crate::{Error, source};

/// A file to read, and whether a person named it: then it must hold something that ends.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) named: bool,
}

/// Whether this is a directory that pkit keeps: then only its current generations count, not its archive.
pub fn is_pki_directory(path: &Path) -> bool {
    path.join("inventory.jsonl").is_file() && path.join("live").is_dir() && path.join("ca").is_dir()
}

/// Whether one of the patterns excludes a file or directory: one with a `/` by its whole path, any other by its name.
fn is_excluded(path: &Path, exclude: &[Pattern]) -> bool {
    let name = path.file_name().unwrap_or_else(|| OsStr::new(""));
    exclude.iter().any(|pattern| {
        if pattern.as_str().contains('/') {
            pattern.matches_path(path)
        } else {
            pattern.matches(&name.to_string_lossy())
        }
    })
}

/// The files of a place that was named.
pub(super) fn targets(place: &Path, exclude: &[Pattern]) -> Vec<Result<Target, Error>> {
    if source::is_stdin(place) || !place.is_dir() {
        return vec![Ok(Target { path: place.to_owned(), named: true })];
    }
    // `.` itself is in no path that people write, and one file shall have one path.
    let unnamed = |path: PathBuf| match path.strip_prefix(".") {
        Ok(short) if !short.as_os_str().is_empty() => Target { path: short.to_owned(), named: false },
        _ => Target { path, named: false },
    };
    let mut found = Vec::new();
    // Each directory once, however many links lead there.
    let mut seen = HashSet::new();
    let mut sets = Vec::new();
    let enters = |entry: &DirEntry| {
        if entry.depth() > 0 && is_excluded(entry.path(), exclude) {
            return false;
        }
        if !entry.file_type().is_dir() {
            return true;
        }
        if !entry.metadata().is_ok_and(|found| seen.insert((found.dev(), found.ino()))) {
            return false;
        }
        if is_pki_directory(entry.path()) {
            // Its archive holds what was replaced, and nobody wants to hear of its end.
            sets.push((entry.path().to_owned(), current_sets(entry.path())));
            return false;
        }
        true
    };
    for entry in WalkDir::new(place).follow_links(true).sort_by_file_name().into_iter().filter_entry(enters) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => found.push(Ok(unnamed(entry.into_path()))),
            Ok(_) => {}
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().map(Path::to_owned).unwrap_or_default();
                // What is not looked at need not be readable.
                if !is_excluded(&path, exclude) {
                    let cause =
                        error.io_error().map_or_else(|| "it cannot be looked at".into(), source::plain);
                    found.push(Err(Error::FileUnreadable { path, cause }));
                }
            }
        }
    }
    for (directory, set) in sets {
        let inside = |path: &Path| {
            let below = path.strip_prefix(&directory).unwrap_or(path);
            below.ancestors().any(|part| part.file_name().is_some() && is_excluded(part, exclude))
                || is_excluded(path, exclude)
        };
        found.extend(set.into_iter().filter_map(|path| match path {
            Ok(path) if inside(&path) => None,
            other => Some(other.map(unnamed)),
        }));
    }
    found
}

/// What of a set counts: of an authority its certificate, those above it, and its list; of a leaf what it sends.
const SETS: [(&str, &[(&str, bool)]); 2] = [
    ("ca", &[("cert.pem", true), ("chain.pem", false), ("crl.pem", false)]),
    ("live", &[("fullchain.pem", true)]),
];

/// The current files of a PKI directory. One that must be there and is not is told by whoever reads it.
fn current_sets(pki: &Path) -> Vec<Result<PathBuf, Error>> {
    let mut paths = Vec::new();
    for (below, files) in SETS {
        let directory = pki.join(below);
        let unreadable = |cause: std::io::Error| Error::FileUnreadable {
            path: directory.clone(),
            cause: source::plain(&cause),
        };
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(cause) => {
                paths.push(Err(unreadable(cause)));
                continue;
            }
        };
        let mut sets = Vec::new();
        for entry in entries {
            match entry.map(|entry| entry.path()) {
                // A link that leads nowhere is a set that is lost.
                Ok(path) if path.is_dir() || path.is_symlink() => sets.push(path),
                Ok(_) => {}
                Err(cause) => paths.push(Err(unreadable(cause))),
            }
        }
        sets.sort();
        for set in sets {
            for (file, must) in files {
                let path = set.join(file);
                if *must || path.symlink_metadata().is_ok() {
                    paths.push(Ok(path));
                }
            }
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_names_or_of_paths() {
        let excluded =
            |path: &str, pattern: &str| is_excluded(Path::new(path), &[Pattern::new(pattern).unwrap()]);
        for (path, pattern, yes) in [
            ("etc/ssl/old.pem", "old.pem", true),
            ("etc/ssl/old.pem", "*.pem", true),
            ("etc/old/a.pem", "old", false),
            ("etc/old", "old", true),
            ("etc/ssl/old.pem", "etc/*.pem", true),
            ("etc/ssl/old.pem", "**/ssl/*", true),
            ("etc/ssl/old.pem", "*.key", false),
        ] {
            assert_eq!(excluded(path, pattern), yes, "{path} {pattern}");
        }
    }
}
