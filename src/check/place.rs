//! Modes and owners.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Problems, Rule, Tree};

pub(super) fn check(roots: &[PathBuf], tree: &Tree<'_>, problems: &mut Problems) {
    for file in tree.files {
        let readable = file.keys.iter().any(|key| !key.encrypted) || (file.is_store && !file.keys.is_empty());
        if file.mode & 0o004 != 0 && readable {
            let fact = format!("everyone can read the private key in it (mode {:04o})", file.mode);
            problems.say(Rule::KeyReadable, &file.path, fact, None);
        }
        if file.mode & 0o022 != 0 {
            let fact = format!("others can write to it (mode {:04o})", file.mode);
            problems.say(Rule::Writable, &file.path, fact, None);
        }
    }
    let roots = roots.iter().map(PathBuf::as_path);
    let directories: BTreeSet<&Path> = tree.by_directory.keys().copied().chain(roots).collect();
    for directory in directories {
        let Ok(found) = fs::metadata(directory) else { continue };
        // In a directory with the sticky bit, nobody can exchange the files of others.
        if found.mode() & 0o002 != 0 && found.mode() & 0o1000 == 0 {
            let fact = format!("others can exchange the files in it (mode {:04o})", found.mode() & 0o7777);
            problems.say(Rule::Writable, directory, fact, None);
        }
        let files = tree.by_directory.get(directory).into_iter().flatten();
        // What root put there, others read.
        for file in files.filter(|file| file.owner != found.uid() && file.owner != 0) {
            let fact = format!("it belongs to user {}, its directory to user {}", file.owner, found.uid());
            problems.say(Rule::OwnerDiffers, &file.path, fact, None);
        }
    }
}
