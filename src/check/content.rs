//! What the files of a directory hold.

use std::{
    collections::HashSet,
    fs,
    ops::ControlFlow,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

use super::{Problems, Rule};
use crate::{
    Error,
    cert::Certificate,
    crl::Crl,
    inspect::{KeyReport, Opener, Report, What, examine},
    source,
};

/// A file that holds at least one object.
pub(super) struct File {
    pub(super) path: PathBuf,
    /// The directory that it lies in
    pub(super) directory: PathBuf,
    /// Its name without its ending
    pub(super) stem: String,
    pub(super) mode: u32,
    pub(super) owner: u32,
    /// In their order, whatever they lie in
    pub(super) certificates: Vec<Certificate>,
    /// SHA-256 of the public keys of requests, in hexadecimal
    pub(super) requests: Vec<String>,
    pub(super) keys: Vec<Key>,
    pub(super) lists: Vec<Crl>,
    /// Whether it is a store, as PKCS#12
    pub(super) is_store: bool,
    /// Whether nobody gave its password
    pub(super) is_sealed: bool,
    /// Whether it is kept for the record alone
    pub(super) is_put_away: bool,
}

/// A private key.
pub(super) struct Key {
    /// SHA-256 of its public half in hexadecimal, where that can be told
    pub(super) public: Option<String>,
    pub(super) encrypted: bool,
    pub(super) algorithm: String,
    pub(super) bits: Option<u32>,
}

impl From<KeyReport> for Key {
    fn from(report: KeyReport) -> Self {
        Self {
            public: report.public_key.map(|key| key.sha256).filter(|sha256| !sha256.is_empty()),
            encrypted: report.encrypted,
            algorithm: report.algorithm.unwrap_or_default(),
            bits: report.bits,
        }
    }
}

/// Endings of files that promise something.
const TELLING: [&str; 11] = ["pem", "crt", "cer", "key", "p12", "pfx", "p7b", "csr", "crl", "der", "p7c"];

impl File {
    fn new(path: PathBuf, metadata: &fs::Metadata) -> Self {
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            is_put_away: is_put_away(&directory, &stem),
            directory,
            stem,
            mode: metadata.mode() & 0o7777,
            owner: metadata.uid(),
            path,
            certificates: Vec::new(),
            requests: Vec::new(),
            keys: Vec::new(),
            lists: Vec::new(),
            is_store: false,
            is_sealed: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty()
            && self.requests.is_empty()
            && self.keys.is_empty()
            && self.lists.is_empty()
            && !self.is_store
    }

    /// The certificate that the file is about: its first, unless that is a CA's and one further down is none.
    pub(super) fn leaf(&self) -> Option<&Certificate> {
        self.certificates.iter().find(|one| !one.is_ca()).or(self.certificates.first())
    }

    /// Whether its name says that it holds something. Of what a root signed itself, the chain is empty.
    fn promises(&self) -> bool {
        if self.stem.contains("chain") {
            return false;
        }
        let ending = self.path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        ending.is_some_and(|ending| TELLING.contains(&ending.as_str()))
    }
}

/// Whether a file is kept for the record alone: by easy-rsa as revoked or renewed, by certbot below `archive` as long
/// as there is a later generation.
fn is_put_away(directory: &Path, stem: &str) -> bool {
    let named = |directory: Option<&Path>, names: &[&str]| {
        let name = directory.and_then(Path::file_name);
        name.is_some_and(|name| names.iter().any(|one| name == *one))
    };
    if named(directory.parent(), &["revoked", "renewed"])
        && named(Some(directory), &["certs_by_serial", "issued"])
    {
        return true;
    }
    let what = stem.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = stem.strip_prefix(what).and_then(|number| number.parse::<u32>().ok());
    named(directory.parent(), &["archive"])
        && ["cert", "chain", "fullchain"].contains(&what)
        && number
            .and_then(|number| number.checked_add(1))
            .is_some_and(|next| directory.join(format!("{what}{next}.pem")).exists())
}

/// Looks into all files below these directories. A file that is there under several names is looked at once.
pub(super) fn gather(
    roots: &[PathBuf],
    opener: &mut Opener<'_>,
    now: OffsetDateTime,
    problems: &mut Problems,
) -> Vec<File> {
    let (mut files, mut seen) = (Vec::new(), HashSet::new());
    for path in roots.iter().flat_map(|root| source::walk(root)) {
        let path = match path {
            Ok(path) => path,
            Err(Error::FileUnreadable { path, .. }) if is_dangling(&path) => {
                let target = fs::read_link(&path).unwrap_or_default();
                let fact = format!("it leads to {}, and there is nothing", target.display());
                problems.say(Rule::DanglingLink, &path, fact, None);
                continue;
            }
            Err(error) => {
                problems.unreadable(&error);
                continue;
            }
        };
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(cause) => {
                let cause = source::plain(&cause);
                problems.unreadable(&Error::FileUnreadable { path, cause });
                continue;
            }
        };
        if seen.insert((metadata.dev(), metadata.ino())) {
            let file = look(File::new(path, &metadata), metadata.len(), opener, now, problems);
            files.extend(file.filter(|file| !file.is_empty()));
        }
    }
    files
}

fn is_dangling(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_symlink()) && !path.exists()
}

fn look(
    mut file: File,
    size: u64,
    opener: &mut Opener<'_>,
    now: OffsetDateTime,
    problems: &mut Problems,
) -> Option<File> {
    let origin = source::origin(&file.path);
    let reader = match source::reader(&file.path) {
        Ok(reader) => reader,
        Err(error) => {
            problems.unreadable(&error);
            return None;
        }
    };
    let (mut broken, mut other) = (false, false);
    let outcome = examine(reader, &origin, opener, &mut |object| {
        let origin = object.origin.clone();
        let found = match object.what {
            What::Certificate(der, _) => {
                Certificate::from_der(&der, origin).map(|one| file.certificates.push(one))
            }
            What::Crl(der) => Crl::from_der(der, origin).map(|one| file.lists.push(one)),
            What::Key(report) => {
                file.keys.push((*report).into());
                Ok(())
            }
            What::Store(_) => {
                file.is_store = true;
                Ok(())
            }
            What::Request(_) => object.report(now).map(|report| {
                if let Report::Request(report) = report {
                    file.requests.push(report.public_key.sha256);
                }
            }),
            What::PublicKey(_) | What::Other(_) => {
                other = true;
                Ok(())
            }
            // Nobody gave its password, which is no fault of the store.
            What::Broken(Error::PassphraseNeeded { .. }) if file.is_store => {
                file.is_sealed = true;
                Ok(())
            }
            What::Broken(error) => Err(error),
        };
        if let Err(error) = found {
            broken = true;
            problems.unreadable(&error);
        }
        ControlFlow::Continue(())
    });
    match outcome {
        Err(error) => problems.unreadable(&error),
        Ok(()) if file.is_empty() && !broken && !other && file.promises() => {
            let fact =
                if size == 0 { "it is empty" } else { "there is no certificate, key, request or CRL in it" };
            problems.say(Rule::NothingFound, &file.path, fact, None);
        }
        Ok(()) => {}
    }
    Some(file)
}
