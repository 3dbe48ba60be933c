//! What a certificate is for, told from what it says.

use std::fmt;

use serde::Serialize;

use super::Certificate;
use crate::oid::{self, Oid};

/// The place of a certificate in a hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A CA that signed itself
    Root,
    /// A CA below another
    Intermediate,
    /// serverAuth
    Server,
    /// clientAuth
    Client,
    /// serverAuth and clientAuth
    Peer,
    /// No CA, and no usage in TLS stated
    Leaf,
}

impl Role {
    /// Whether it is a CA.
    pub fn is_ca(self) -> bool {
        matches!(self, Self::Root | Self::Intermediate)
    }
}

/// `root CA`, `server`, …
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Root => "root CA",
            Self::Intermediate => "intermediate CA",
            Self::Server => "server",
            Self::Client => "client",
            Self::Peer => "peer",
            Self::Leaf => "leaf",
        })
    }
}

impl Role {
    /// What a certificate with these facts is for; `is_own_issuer` is only asked of a CA.
    pub(crate) fn of(is_ca: bool, is_own_issuer: impl FnOnce() -> bool, usages: &[Oid]) -> Self {
        if is_ca {
            return if is_own_issuer() { Self::Root } else { Self::Intermediate };
        }
        let has = |usage: &[u8]| usages.iter().any(|stated| stated.content() == usage);
        match (has(oid::SERVER_AUTH), has(oid::CLIENT_AUTH)) {
            (true, true) => Self::Peer,
            (true, false) => Self::Server,
            (false, true) => Self::Client,
            (false, false) => Self::Leaf,
        }
    }
}

impl Certificate {
    /// What it is for.
    pub fn role(&self) -> Role {
        Role::of(self.is_ca(), || self.is_own_issuer(), self.extended_key_usage().unwrap_or_default())
    }
}
