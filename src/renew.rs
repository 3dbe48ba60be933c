//! Renewing: the same names, profile and issuer again, with a new serial number, new dates and a new key.

mod authority;
mod due;

use std::path::PathBuf;

use ring::rand::SecureRandom;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

pub use authority::{certify_again, end_as_before};
pub use due::Due;

use crate::{
    Error,
    cert::Certificate,
    issue::{Kind, Notice, Pointers, Request, beginning, names_of, plan},
    issuer::Issuer,
    key::{KeyType, Passphrase, PrivateKey, decode_private_key, no_passphrase},
    name::San,
    origin::Origin,
    profile::Profile,
    source,
    store::{Event, Generation, LeafFiles, Lineage, Record, Shelf, Store},
    validity::End,
};

/// A leaf as it is before it is renewed.
pub struct Old {
    /// Its name.
    pub name: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// What is on record of it.
    pub record: Record,
    /// What it is for.
    pub profile: Profile,
    /// Its generation, by which is known whether another process renewed it meanwhile.
    pub directory: PathBuf,
    /// Whether what signed it gave place to another CA, and peers will refuse it soon.
    pub outgoing: bool,
    /// Why it was revoked, where it was.
    pub revoked: Option<String>,
    /// Whether its key was told to be in other hands, with this or another certificate of its name.
    pub compromised: bool,
    /// Where its key is, or would be.
    key: PathBuf,
    /// The longest that a certificate of this name lasted.
    longest: Duration,
    /// When what signed it ends.
    issuer_end: Option<OffsetDateTime>,
}

/// What is to be other than before.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// These names instead of the old ones.
    pub sans: Option<Vec<San>>,
    /// Names beside them.
    pub add: Vec<San>,
    /// Names that it shall have no more.
    pub remove: Vec<San>,
    /// Another end.
    pub end: Option<End>,
    /// Whether the key stays.
    pub reuse_key: bool,
}

impl Changes {
    /// Whether names change, which is a reason to renew by itself.
    pub fn names(&self) -> bool {
        self.sans.is_some() || !self.add.is_empty() || !self.remove.is_empty()
    }
}

/// The CA that signs anew.
pub struct Signing<'a> {
    /// Its name here.
    pub name: &'a str,
    /// The CA.
    pub issuer: &'a Issuer,
    /// What a certificate points to that another CA signed before.
    pub pointers: Pointers,
}

/// A leaf that was signed anew, and is to be committed.
pub struct New {
    /// Its certificate.
    pub certificate: Certificate,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Whether the key stayed.
    pub key_reused: bool,
    /// Its set of files.
    pub generation: Generation,
}

impl Old {
    /// Finds a leaf. `lineage` is what is on record of its name, `outgoing` the CAs whose place others took.
    ///
    /// # Errors
    /// [`Error::CertificateUnknown`], [`Error::PkiDamaged`] where it is on no record, and those of reading its files.
    pub fn find(
        store: &Store,
        name: &str,
        lineage: Option<&Lineage>,
        outgoing: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let leaf = store.leaf(name)?;
        let path = leaf.directory.join("cert.pem");
        let damaged = |problem: &str| Error::PkiDamaged { path: path.clone(), problem: problem.into() };
        let (certificate, above) =
            leaf.fullchain.split_first().ok_or_else(|| damaged("there is no certificate in it"))?;
        let serial = certificate.serial_hex();
        // Another process may have renewed it since the record was read.
        let later;
        let lineage = match lineage.filter(|lineage| lineage.of_serial(&serial).is_some()) {
            Some(lineage) => lineage,
            None => {
                later = store.lineage(Shelf::Live, name)?;
                &later
            }
        };
        let record = lineage.of_serial(&serial).ok_or_else(|| damaged("it is on no record"))?;
        let profile = record.profile().ok_or_else(|| damaged("its record names no profile"))?;
        let lengths = lineage.events.iter().filter_map(Record::validity);
        let longest = lengths.map(|validity| validity.not_after - validity.not_before).max();
        let ends = above.iter().chain(&leaf.anchors).map(|above| above.validity().not_after);
        Ok(Self {
            name: name.to_owned(),
            profile,
            revoked: lineage.revoked(&record.serial).map(str::to_owned),
            compromised: lineage.is_compromised(&record.public_key),
            record: record.clone(),
            outgoing: outgoing.iter().any(|authority| leaf.depends_on(authority, now)),
            longest: longest.unwrap_or(Duration::ZERO),
            issuer_end: ends.min(),
            certificate: certificate.clone(),
            directory: leaf.directory,
            key: leaf.key,
        })
    }

    /// Whether it is time to renew it: by its dates, or because it was revoked or what signed it goes.
    pub fn is_due(&self, due: Due, now: OffsetDateTime) -> bool {
        self.revoked.is_some() || self.outgoing || due.is_reached(self.certificate.validity(), now)
    }

    /// The name of the CA that signed it.
    pub fn issuer(&self) -> &str {
        &self.record.issuer.name
    }

    /// As long as before. A certificate that was cut short by its issuer's end says nothing of how long it was meant to
    /// last: the longest of its name does, or else `usual`.
    fn end(&self, issuer: &Issuer, usual: End, now: OffsetDateTime) -> Result<End, Error> {
        let validity = self.certificate.validity();
        let length = validity.not_after - validity.not_before;
        if self.issuer_end != Some(validity.not_after) {
            return Ok(End::At(beginning(issuer, now) + length));
        }
        match self.longest > length {
            true => Ok(End::At(beginning(issuer, now) + self.longest)),
            false => Ok(End::At(usual.moment(now)?.max(beginning(issuer, now) + length))),
        }
    }

    /// What is to be asked for.
    fn request(
        &self,
        changes: &Changes,
        issuer: &Issuer,
        usual: End,
        now: OffsetDateTime,
    ) -> Result<Request, Error> {
        let end = match changes.end {
            Some(end) => end,
            None => self.end(issuer, usual, now)?,
        };
        let mut request = Request::again(&self.certificate, Kind::Leaf(self.profile), end);
        request.end_is_explicit = changes.end.is_some();
        request.sans = match &changes.sans {
            Some(sans) => sans.clone(),
            None => names_of(&self.certificate)?,
        };
        for name in &changes.remove {
            let before = request.sans.len();
            request.sans.retain(|san| san != name);
            if request.sans.len() == before {
                return Err(Error::SanInvalid {
                    value: name.to_general_name().to_string(),
                    reason: format!("\"{}\" does not have it, so it cannot be removed", self.name),
                });
            }
        }
        request.sans.extend(changes.add.iter().cloned());
        Ok(request)
    }

    /// Signs it anew. `passphrase` is asked where the new key is to be encrypted as the old one is; `usual` is how long new
    /// certificates last.
    ///
    /// # Errors
    /// Those of [`plan`] and of signing; [`Error::SanInvalid`] for a name that cannot be issued any more or that is not
    /// there to be removed; [`Error::KeyCompromised`]; those of reading the key.
    pub fn renew(
        &self,
        changes: &Changes,
        by: &Signing<'_>,
        usual: End,
        passphrase: &mut dyn FnMut() -> Result<Passphrase, Error>,
        random: &dyn SecureRandom,
        now: OffsetDateTime,
    ) -> Result<New, Error> {
        let issuer = by.issuer;
        let mut request = self.request(changes, issuer, usual, now)?;
        let another = !issuer.certificate().subject().same(self.certificate.issuer());
        let lost = another && request.by_another_issuer(by.pointers.clone());
        let mut plan = plan(request, Some(issuer), now)?;
        // What held before is no news.
        plan.notices.retain(|notice| matches!(notice, Notice::Clamped { .. } | Notice::Underscore(_)));
        plan.notices.extend(lost.then_some(Notice::PointersLeftOut));
        // Without a key of ours, all that can be certified is the same key again.
        let reuse = changes.reuse_key || !self.record.key_file;
        if reuse && self.compromised {
            return Err(Error::KeyCompromised { name: self.name.clone() });
        }
        let (public, file) = if reuse {
            (self.certificate.public_key().clone(), self.record.key_file.then(|| self.kept()).transpose()?)
        } else {
            let sealed = self.is_sealed()?;
            let key = PrivateKey::generate(KeyType::like(self.certificate.key_algorithm()), random)?;
            plan.judge_key(key.public(), Some(issuer))?;
            let file = match sealed {
                true => key.to_encrypted_pem(&passphrase()?, random)?,
                false => key.to_pem(),
            };
            (key.public().clone(), Some(file))
        };
        let certificate = plan.sign(&public, issuer, random)?;
        let files = match file {
            Some(file) => LeafFiles::new(&certificate, file, issuer),
            None => LeafFiles::without_key(&certificate, issuer),
        };
        let mut generation =
            Generation::leaf(&self.name, self.profile, &certificate, &files, (by.name, issuer), plan.now());
        generation.record = generation.record.replacing(Event::Renewed, &self.record, plan.now());
        Ok(New { certificate, notices: plan.notices, key_reused: reuse, generation })
    }

    /// Whether its key is under a passphrase, so that the next one is to be too.
    fn is_sealed(&self) -> Result<bool, Error> {
        let bytes = Zeroizing::new(source::read_small(&self.key)?);
        match decode_private_key(&bytes, &Origin::file(&self.key), &mut no_passphrase()) {
            Err(Error::PassphraseNeeded { .. }) => Ok(true),
            // What is damaged needs no protection, and is a reason more for a new key.
            _ => Ok(false),
        }
    }

    /// Its key file as it is; one that can be read must be its own.
    fn kept(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let bytes = Zeroizing::new(source::read_small(&self.key)?);
        let origin = Origin::file(&self.key);
        match decode_private_key(&bytes, &origin, &mut no_passphrase()) {
            Err(Error::PassphraseNeeded { .. }) => {}
            other => self.certificate.require_key(&other?, &origin)?,
        }
        Ok(bytes)
    }
}
