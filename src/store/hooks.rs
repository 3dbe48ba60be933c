//! What was renewed and whoever serves it has not been told of yet. Noted before the names turn, so that a crash between the
//! two does not leave a server with its old certificate until that expires.

use serde::{Deserialize, Serialize};

use super::{HOOKS, Store, Writer};
use crate::{Error, fs as writer, source};

/// A certificate that somebody has to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// Its name
    pub name: String,
    /// Its serial number in hexadecimal: who was told of one has not been told of the next
    pub serial: String,
}

impl Store {
    /// Of what nobody has been told yet.
    ///
    /// # Errors
    /// Those of reading the file; [`Error::PkiDamaged`] where pkit did not write it.
    pub fn untold(&self) -> Result<Vec<Untold>, Error> {
        let path = self.root().join(HOOKS);
        let bytes = match source::read(&path, source::LARGE) {
            Err(Error::FileNotFound { .. }) => return Ok(Vec::new()),
            other => other?,
        };
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()
            .map_err(|_| Error::PkiDamaged { path, problem: "it was not written by pkit".into() })
    }
}

impl Writer<'_> {
    /// Notes certificates that are about to be in use. A later one of the same name takes the place of an earlier.
    ///
    /// # Errors
    /// As [`Store::untold`], and [`Error::WriteFailed`].
    pub fn note_untold(&self, new: &[Untold]) -> Result<(), Error> {
        let mut all = self.store().untold()?;
        all.retain(|known| !new.iter().any(|new| new.name == known.name));
        all.extend_from_slice(new);
        self.write_untold(&all)
    }

    /// Strikes those out that somebody has been told of.
    ///
    /// # Errors
    /// As [`Writer::note_untold`].
    pub fn strike_told(&self, told: &[Untold]) -> Result<(), Error> {
        let mut all = self.store().untold()?;
        all.retain(|known| !told.contains(known));
        self.write_untold(&all)
    }

    fn write_untold(&self, all: &[Untold]) -> Result<(), Error> {
        let path = self.store().root().join(HOOKS);
        if all.is_empty() {
            return writer::remove_file(&path);
        }
        let lines = all.iter().map(|one| serde_json::json!(one).to_string() + "\n").collect::<String>();
        writer::replace(&path, lines.as_bytes(), writer::SECRET)
    }
}
