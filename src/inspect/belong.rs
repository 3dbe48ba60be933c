//! Which keys, requests and certificates belong together: those of one public key.

use serde::Serialize;

use super::{Place, Report};
use crate::cert::Role;

/// Everything that has one public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// `EC P-256`, `RSA 2048 bits`, …
    pub algorithm: String,
    /// SHA-256 of its subjectPublicKeyInfo in hexadecimal
    pub key_sha256: String,
    /// What has it, in the order of the sources
    pub members: Vec<Member>,
}

/// One object of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
    /// `certificate`, `certificate request`, `private key` or `public key`
    pub what: &'static str,
    /// What people call it, where it has a name
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether it may be alone: a CA, which comes along in a chain
    #[serde(skip)]
    is_ca: bool,
}

/// Objects by their public keys.
#[derive(Default)]
pub struct Groups {
    groups: Vec<Group>,
    /// Private keys of which the public half cannot be told
    unknown: Vec<Member>,
    index: std::collections::HashMap<String, usize>,
}

impl Groups {
    /// Adds an object; those that have no public key are passed over.
    pub fn add(&mut self, report: Report) {
        let (key, place, what, title, is_ca) = match report {
            Report::Certificate(report) => {
                let is_ca = matches!(report.kind, Role::Root | Role::Intermediate);
                (Some(report.public_key), report.place, "certificate", report.title, is_ca)
            }
            Report::Request(report) => {
                (Some(report.public_key), report.place, "certificate request", report.title, false)
            }
            Report::Key(report) => (report.public_key, report.place, "private key", String::new(), false),
            Report::PublicKey(report) => {
                (report.public_key, report.place, "public key", String::new(), false)
            }
            Report::Crl(_) | Report::Store(_) | Report::Other(..) => return,
        };
        let member = Member { place, what, title, is_ca };
        let Some(key) = key.filter(|key| !key.sha256.is_empty()) else { return self.unknown.push(member) };
        let at = *self.index.entry(key.sha256.clone()).or_insert(self.groups.len());
        match self.groups.get_mut(at) {
            Some(group) => group.members.push(member),
            None => self.groups.push(Group {
                algorithm: key.algorithm,
                key_sha256: key.sha256,
                members: vec![member],
            }),
        }
    }

    /// All groups, in the order of their first members.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What cannot be put into a group: encrypted keys without their passphrase.
    pub fn unknown(&self) -> &[Member] {
        &self.unknown
    }

    /// Whether everything has its counterpart: nothing but certificates of CAs, which come along in a chain, is alone.
    pub fn is_complete(&self) -> bool {
        self.groups.iter().all(Group::is_complete)
    }
}

impl Group {
    /// Whether more than one object has the key, or only the certificate of a CA does.
    pub fn is_complete(&self) -> bool {
        self.members.len() > 1 || self.members.iter().all(|member| member.is_ca)
    }
}
