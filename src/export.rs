//! What other programs want to be handed: which files, in which order, under which names and modes, and the lines of
//! configuration that go with them.

mod handover;
mod manifest;
mod material;
mod snippet;
mod table;
mod target;

pub use handover::{Handover, handover, kubectl, next_steps};
pub use manifest::{Issuer, Manifest};
pub use material::{Material, Part, Stores};
pub use snippet::{Language, Snippet};
pub use target::{Place, Recipe, Side, Target, host_of};

use zeroize::Zeroizing;

use crate::fs;

/// A file to be handed out.
pub struct File {
    /// Its name
    pub name: String,
    /// What it holds, in a few words
    pub holds: &'static str,
    /// Its bytes; wiped on drop
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether it holds a private key
    pub secret: bool,
}

impl File {
    fn public(name: &str, holds: &'static str, bytes: String) -> Self {
        Self { name: name.into(), holds, bytes: Zeroizing::new(bytes.into_bytes()), secret: false }
    }

    fn secret(name: &str, holds: &'static str, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { name: name.into(), holds, bytes, secret: true }
    }

    /// Its mode: a private key is its owner's alone, or, where one is named, its group's too.
    pub fn mode(&self, for_group: bool) -> u32 {
        match (self.secret, for_group) {
            (false, _) => fs::PUBLIC,
            (true, false) => fs::SECRET,
            (true, true) => fs::GROUP_SECRET,
        }
    }
}
