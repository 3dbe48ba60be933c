//! What is on record of a name, in order: which certificate took whose place, and which is in use.

use std::collections::{HashMap, HashSet};

use super::{Entry, Event, Record, Shelf, Store};
use crate::Error;

/// All that is on record of one name.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    /// Every event, in order
    pub events: Vec<Record>,
    /// The records of those that took each other's place, the one in use last
    succession: Vec<Record>,
    /// Serial numbers of those that were revoked, and why
    revoked: HashMap<String, String>,
}

impl Lineage {
    fn push(&mut self, record: Record) {
        match record.event {
            Event::Issued | Event::Imported => self.succession = vec![record.clone()],
            Event::Renewed => self.succession.push(record.clone()),
            Event::RolledBack => {
                let at = self.succession.iter().rposition(|one| one.generation == record.generation);
                self.succession.truncate(at.map_or(0, |at| at + 1));
            }
        }
        self.events.push(record);
    }

    /// The record of the certificate in use.
    pub fn current(&self) -> Option<&Record> {
        self.succession.last()
    }

    /// The record of the certificate with this serial number.
    pub fn of_serial(&self, serial: &str) -> Option<&Record> {
        self.events.iter().find(|record| record.serial == serial)
    }

    /// The records of the certificates that were in use one after the other, the latest first; without those that were
    /// rolled back.
    pub fn succession(&self) -> impl Iterator<Item = &Record> {
        self.succession.iter().rev()
    }

    /// Whether the certificate in use was revoked.
    pub fn is_revoked(&self) -> bool {
        self.current().is_some_and(|record| self.revoked.contains_key(&record.serial))
    }

    /// Why the certificate with this serial number was revoked, where it was.
    pub fn revoked(&self, serial: &str) -> Option<&str> {
        self.revoked.get(serial).map(String::as_str)
    }
}

impl Lineage {
    /// Whether a key, by the hash of its public half, was told to be in other hands with any certificate it had.
    pub fn is_compromised(&self, public_key: &str) -> bool {
        let told =
            |record: &&Record| matches!(self.revoked(&record.serial), Some("keyCompromise" | "cACompromise"));
        self.events.iter().filter(told).any(|record| record.public_key == public_key)
    }
}

impl Store {
    /// What is on record of these names. Names without a record are not in the answer.
    ///
    /// # Errors
    /// Those of reading the inventory.
    pub fn lineages(&self, shelf: Shelf, names: &HashSet<&str>) -> Result<HashMap<String, Lineage>, Error> {
        let mut found: HashMap<String, Lineage> = HashMap::new();
        if names.is_empty() {
            return Ok(found);
        }
        for entry in self.records()? {
            match entry? {
                Entry::Record(_, record) if record.shelf() == shelf && names.contains(&*record.name) => {
                    found.entry(record.name.clone()).or_default().push(*record);
                }
                // A revocation, which is a line of its own kind and means a certificate by its issuer and serial number.
                Entry::Other(_, value) => {
                    let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str);
                    let issuer = |key: &str| value.get("issuer")?.get(key)?.as_str();
                    let (Some(event @ ("revoked" | "released")), Some(serial)) =
                        (text("event"), text("serial"))
                    else {
                        continue;
                    };
                    let meant = |record: &Record| {
                        let ids = (issuer("key_id").unwrap_or_default(), record.issuer.key_id.as_str());
                        record.serial == serial
                            && match ids {
                                ("", _) | (_, "") => issuer("name") == Some(record.issuer.name.as_str()),
                                (one, other) => one == other,
                            }
                    };
                    for lineage in found.values_mut().filter(|lineage| lineage.events.iter().any(meant)) {
                        if event == "revoked" {
                            let reason = text("reason").unwrap_or("unspecified");
                            lineage.revoked.insert(serial.to_owned(), reason.to_owned());
                        } else {
                            lineage.revoked.remove(serial);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// What is on record of one name.
    ///
    /// # Errors
    /// Those of reading the inventory.
    pub fn lineage(&self, shelf: Shelf, name: &str) -> Result<Lineage, Error> {
        Ok(self.lineages(shelf, &HashSet::from([name]))?.remove(name).unwrap_or_default())
    }
}
