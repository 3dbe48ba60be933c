//! Where bytes came from, so that an error can name the file and the block in it.

use std::{fmt, path::Path, sync::Arc};

use crate::name::escape;

/// The place an object was read from: a file, standard input, a peer, or this program itself, and which
/// object of that place it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    place: Arc<str>,
    /// 1-based position and the number of objects of that kind in the place, where there is more than one.
    number: Option<(usize, usize)>,
}

impl Origin {
    /// A file.
    pub fn file(path: &Path) -> Self {
        Self { place: path.to_string_lossy().into(), number: None }
    }

    /// Anything that is not a file, in a person's words: `standard input`, `localhost:8443`, `new certificate`.
    pub fn named(place: &str) -> Self {
        Self { place: place.into(), number: None }
    }

    /// The same place, the `index`-th (1-based) of `count` objects in it.
    pub fn nth(&self, index: usize, count: usize) -> Self {
        Self { place: self.place.clone(), number: (count > 1).then_some((index, count)) }
    }

    /// The place alone, unescaped: a path as it was given, or the name of a peer.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// 1-based position in its place, where the place holds more than one object.
    pub fn position(&self) -> Option<usize> {
        self.number.map(|(index, _)| index)
    }

    /// How many objects of its kind its place holds.
    pub fn count(&self) -> usize {
        self.number.map_or(1, |(_, count)| count)
    }
}

/// Escaped for a terminal: `certs.pem, 2 of 3`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.place))?;
        match self.number {
            Some((index, count)) => write!(f, ", {index} of {count}"),
            None => Ok(()),
        }
    }
}

impl serde::Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
