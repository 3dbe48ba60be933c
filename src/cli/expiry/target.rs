//! What is named on the command line and in lists: files, directories, servers.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{Error, cli::inspect::PeerArgs, expiry::Source, name::escape, source, tls::fetch::Protocol};

/// A file or directory of a name goes before a server of that name.
pub(super) fn source(path: &Path, peer: &PeerArgs) -> Result<Source, Error> {
    Ok(match peer.target(path)? {
        Some(target) => Source::Server(target),
        None => Source::Path(path.to_owned()),
    })
}

/// The sources in a list. A server may have a protocol behind it; what begins with `#` is a comment.
pub(super) fn listed(list: &Path, peer: &PeerArgs) -> Result<Vec<Source>, Error> {
    let bytes = source::read_small(list)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut sources = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        // A file may have a `#` in its name, a comment stands alone or behind a blank.
        let line =
            if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line).trim_end() };
        if line.is_empty() {
            continue;
        }
        let found = one(line, peer).map_err(|error| Error::Usage {
            problem: format!("{}, line {}: {}", escape(&list.to_string_lossy()), index + 1, words(&error)),
        });
        sources.push(found?);
    }
    Ok(sources)
}

fn one(line: &str, peer: &PeerArgs) -> Result<Source, Error> {
    let whole = source(Path::new(line), peer)?;
    let is_there = Path::new(line).symlink_metadata().is_ok();
    let Some((address, word)) = line.split_once(char::is_whitespace).filter(|_| !is_there) else {
        if line == "-" {
            return Err(Error::Usage { problem: "standard input is no target of a list".into() });
        }
        return Ok(whole);
    };
    let server = peer.target(&PathBuf::from(address))?;
    match (server, Protocol::from_str(word.trim(), true)) {
        (Some(mut target), Ok(protocol)) => {
            target.protocol = Some(protocol);
            Ok(Source::Server(target))
        }
        (Some(_), Err(_)) => Err(Error::Usage {
            problem: format!("`{}` is no protocol that --starttls knows", escape(word.trim())),
        }),
        (None, _) => Ok(whole),
    }
}

fn words(error: &Error) -> String {
    let facts: Vec<_> = error.facts().into_iter().map(|fact| fact.value).collect();
    match error {
        Error::Usage { problem } => problem.clone(),
        other if facts.is_empty() => other.to_string(),
        other => format!("{other} ({})", facts.join(", ")),
    }
}
