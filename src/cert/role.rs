//! What a certificate is for, told from what it says.

use std::fmt;

use serde::Serialize;

use super::Certificate;
use crate::oid;

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

impl Certificate {
    /// What it is for.
    pub fn role(&self) -> Role {
        if self.is_ca() {
            return if self.is_own_issuer() { Role::Root } else { Role::Intermediate };
        }
        let usages = self.extended_key_usage().unwrap_or_default();
        let has = |usage: &[u8]| usages.iter().any(|stated| stated.content() == usage);
        match (has(oid::SERVER_AUTH), has(oid::CLIENT_AUTH)) {
            (true, true) => Role::Peer,
            (true, false) => Role::Server,
            (false, true) => Role::Client,
            (false, false) => Role::Leaf,
        }
    }
}
