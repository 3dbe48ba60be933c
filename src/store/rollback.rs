//! The way back: a name leads to the generation before again, if that is still good.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::{Event, Lineage, Record, Shelf, Store, Writer, directory_name};
use crate::{
    Error,
    cert::load_certificates,
    fingerprint::hex,
    key::{load_private_key, no_passphrase},
    origin::Origin,
    verify::{Purpose, Question, verify},
};

impl Store {
    /// Where the files of a generation on record are, or were.
    ///
    /// # Errors
    /// [`Error::NameInvalid`].
    pub fn archived(&self, record: &Record) -> Result<PathBuf, Error> {
        let set = self.root().join("archive").join(record.shelf().directory());
        Ok(set.join(directory_name(&record.name)?).join(format!("{:04}", record.generation)))
    }
}

impl Writer<'_> {
    /// Turns the name of a leaf back to the generation that the one in use replaced. Returns its record, which says what it
    /// replaces now; `announce` hears it before the name turns.
    ///
    /// # Errors
    /// [`Error::NoRollback`] where there is none, or it is revoked, expired or not whole; [`Error::CertificateUnknown`], and
    /// those of [`Writer::roll_back`].
    pub fn go_back(
        &self,
        name: &str,
        dry_run: bool,
        now: OffsetDateTime,
        announce: impl FnOnce(&Record) -> Result<(), Error>,
    ) -> Result<Record, Error> {
        let store = self.store();
        store.leaf(name)?;
        let lineage = store.lineage(Shelf::Live, name)?;
        let refused = |reason: String| Error::NoRollback { name: name.to_owned(), reason };
        let mut succession = lineage.succession();
        let current = succession.next().ok_or_else(|| refused("it is on no record".into()))?;
        let target = succession
            .next()
            .ok_or_else(|| refused(format!("nothing was in use before generation {}", current.generation)))?;
        judge(store, &lineage, target, now)
            .map_err(|reason| refused(format!("generation {}: {reason}", target.generation)))?;
        let record = target.clone().replacing(Event::RolledBack, current, now);
        announce(&record)?;
        if !dry_run {
            self.roll_back(std::slice::from_ref(&record))?;
        }
        Ok(record)
    }
}

/// Why nobody should go back to a generation.
fn judge(store: &Store, lineage: &Lineage, target: &Record, now: OffsetDateTime) -> Result<(), String> {
    if let Some(reason) = lineage.revoked(&target.serial) {
        return Err(format!("it was revoked ({reason})"));
    }
    if lineage.is_compromised(&target.public_key) {
        return Err("its key was compromised".into());
    }
    let said = |error: Error| match error.facts().first() {
        Some(fact) => format!("{error}: {}", fact.value),
        None => error.to_string(),
    };
    let set = store.archived(target).map_err(said)?;
    if !set.is_dir() {
        return Err("its files were removed".into());
    }
    let certificates = load_certificates(&set.join("fullchain.pem")).map_err(said)?;
    let anchors = load_certificates(&set.join("ca.pem")).map_err(said)?;
    let alone = load_certificates(&set.join("cert.pem")).map_err(said)?;
    let Some((certificate, sent)) = certificates.split_first() else {
        return Err("its files are empty".into());
    };
    if hex(&certificate.fingerprint()) != target.fingerprint || alone.first() != Some(certificate) {
        return Err("its certificate is not the one on record".into());
    }
    if let Some(ended) = certificates.iter().chain(&anchors).find(|one| one.validity().not_after < now) {
        let whose = if ended == certificate { "it" } else { "a CA above it" };
        return Err(format!("{whose} ended {}", crate::validity::tell(ended.validity().not_after, now)));
    }
    for gone in store.dropped().map_err(said)? {
        if sent.iter().any(|one| one.is_same_authority(&gone)) {
            return Err(format!("\"{}\" signed it, and another CA took its place", gone.title()));
        }
    }
    // With the anchors that its peers have by now.
    let purpose = Purpose::Any;
    let question = Question { anchors: &anchors, intermediates: sent, purpose, host: None, at: now };
    if let Some(finding) = verify(certificate, &question).findings.first() {
        return Err(finding.to_string());
    }
    if target.key_file {
        let path = set.join("privkey.pem");
        match load_private_key(&path, &mut no_passphrase()) {
            Err(Error::PassphraseNeeded { .. }) => {}
            other => {
                other.and_then(|key| certificate.require_key(&key, &Origin::file(&path))).map_err(said)?
            }
        }
    }
    Ok(())
}
