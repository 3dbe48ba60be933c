//! What people are handed, told in full as plain data: certificates, requests, revocation lists, keys, and the stores and
//! manifests that they come in. Nothing is judged here: what breaks the rules is shown as far as it can be read.

mod anatomy;
mod belong;
mod certificate;
mod content;
mod extension;
mod find;
mod key;
mod list;
mod meaning;
mod private;
mod request;
mod store;
mod tree;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

pub use belong::{Group, Groups, Member};
pub use certificate::{CertificateReport, ValidityState, inspect, inspect_der};
pub use content::{Locked, Object, Opener, Report, What, contents, examine, examine_bytes, unpack};
pub use extension::{
    AccessReport, BasicConstraintsReport, ExtensionReport, ExtensionsReport, NameConstraintsReport,
};
pub use find::Needle;
pub use key::{KeyReport, PublicKeyReport};
pub use list::{CrlReport, Entries, EntryReport};
pub use request::{AttributeReport, RequestReport};
pub use store::StoreReport;
pub use tree::{Forest, Link, Node};

use crate::{
    fingerprint::{colons, hex, sha1, sha256},
    name::escape,
    origin::Origin,
};

/// Where something was found. Escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file or peer it was read from
    pub source: String,
    /// What of the source holds it, where that is something else than a block of PEM or all of it: an entry of a store, a
    /// key of a Kubernetes Secret
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Its position among the objects of its kind there, from 1
    pub position: usize,
    /// How many of its kind are there, where that is known before the end is read
    pub of: Option<usize>,
}

impl Place {
    /// The place that an origin names.
    pub fn new(origin: &Origin) -> Self {
        Self {
            source: escape(origin.place()).into_owned(),
            within: None,
            position: origin.position().unwrap_or(1),
            of: Some(origin.count()),
        }
    }
}

/// As reports name it: the source, what of it, and which of how many.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)?;
        if let Some(within) = &self.within {
            write!(f, " ({within})")?;
        }
        match self.of {
            Some(1) => Ok(()),
            Some(of) => write!(f, ", {} of {of}", self.position),
            None => write!(f, ", {}", self.position),
        }
    }
}

/// Hashes of the whole object, as openssl prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprints {
    /// SHA-256
    pub sha256: String,
    /// SHA-1; for comparing with what other tools print, never for trust
    pub sha1: String,
}

impl Fingerprints {
    fn of(der: &[u8]) -> Self {
        Self { sha256: colons(&sha256(der)), sha1: colons(&sha1(der)) }
    }
}

/// SHA-256 of a subjectPublicKeyInfo, in hexadecimal and as the pin of RFC 7469.
fn pin(spki: &[u8]) -> (String, String) {
    let hash = sha256(spki);
    (hex(&hash), STANDARD.encode(hash))
}
