//! Authorities of a PKI directory.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Event, Generation, Record, Shelf, Store};
use crate::{
    Error,
    bundle::to_pem,
    cert::{Certificate, load_certificates},
    fs as writer,
    issue::Kind,
    issuer::Issuer,
    key::{Opener, load_private_key, no_passphrase},
    origin::Origin,
    source,
};

/// A CA in the store: its certificate, those above it, and where its key is.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its name.
    pub name: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// The certificates above it, its own issuer first, its root last; none for a root.
    pub above: Vec<Certificate>,
    /// Where its key is, or would be: a root's key may be kept elsewhere.
    pub key: PathBuf,
}

/// How it stands with the key of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum KeyState {
    /// Here, under a passphrase
    #[serde(rename = "encrypted")]
    Encrypted,
    /// Here, without one
    #[serde(rename = "not encrypted")]
    Plain,
    /// Not here: it is kept elsewhere
    #[serde(rename = "absent")]
    Absent,
    /// Here, and it cannot be used
    #[serde(rename = "damaged")]
    Damaged,
}

impl KeyState {
    fn of(path: &Path) -> Self {
        match load_private_key(path, &mut no_passphrase()) {
            Ok(_) => Self::Plain,
            Err(Error::PassphraseNeeded { .. }) => Self::Encrypted,
            Err(Error::FileNotFound { .. }) => Self::Absent,
            Err(_) => Self::Damaged,
        }
    }
}

/// As in JSON.
impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Encrypted => "encrypted",
            Self::Plain => "not encrypted",
            Self::Absent => "absent",
            Self::Damaged => "damaged",
        })
    }
}

impl Store {
    /// Finds a CA by name.
    ///
    /// # Errors
    /// [`Error::CaUnknown`], [`Error::NameInvalid`], and those of reading its files.
    pub fn authority(&self, name: &str) -> Result<Authority, Error> {
        let Some(directory) = self.current(Shelf::Ca, name)? else {
            return Err(Error::CaUnknown { name: name.to_owned(), known: self.names(Shelf::Ca)? });
        };
        let path = directory.join("cert.pem");
        let certificate = load_certificates(&path)?.into_iter().next();
        let certificate = certificate
            .ok_or_else(|| Error::NothingFound { origin: Origin::file(&path), what: "certificate" })?;
        let chain = directory.join("chain.pem");
        let above = match source::read_small(&chain)? {
            empty if empty.trim_ascii().is_empty() => Vec::new(),
            _ => self.as_renewed(load_certificates(&chain)?),
        };
        Ok(Authority { name: name.to_owned(), certificate, above, key: directory.join("key.pem") })
    }

    /// CAs that were renewed here since a chain was written stand in it as they are now: same name, key and issuer.
    fn as_renewed(&self, chain: Vec<Certificate>) -> Vec<Certificate> {
        let names = self.names(Shelf::Ca).unwrap_or_default();
        let sets = names.iter().filter_map(|name| self.current(Shelf::Ca, name).ok().flatten());
        // Most were never renewed, and need not be read.
        let sets = sets.filter(|set| !set.ends_with("0001"));
        let first = |set: PathBuf| load_certificates(&set.join("cert.pem")).ok()?.into_iter().next();
        let here: Vec<Certificate> = sets.filter_map(first).collect();
        let now = |old: Certificate| {
            let same = |new: &&Certificate| {
                new.public_key() == old.public_key()
                    && new.subject() == old.subject()
                    && new.issuer() == old.issuer()
            };
            here.iter().find(same).cloned().unwrap_or(old)
        };
        chain.into_iter().map(now).collect()
    }

    /// All CAs, by name.
    ///
    /// # Errors
    /// As [`Store::authority`].
    pub fn authorities(&self) -> Result<Vec<Authority>, Error> {
        self.names(Shelf::Ca)?.iter().map(|name| self.authority(name)).collect()
    }

    /// The CA that signs where none was named: the one intermediate, or the one root where there is no intermediate.
    ///
    /// # Errors
    /// [`Error::IssuerAmbiguous`].
    pub fn default_issuer(&self) -> Result<Authority, Error> {
        let mut all = self.authorities()?;
        let keys: Vec<_> =
            all.iter().filter(|ca| ca.key.exists()).map(|ca| ca.certificate.public_key().clone()).collect();
        // The second certificate of a CA that was cross-signed is not a second CA.
        all.retain(|ca| ca.key.exists() || !keys.contains(ca.certificate.public_key()));
        let intermediates: Vec<_> = all.iter().filter(|ca| !ca.is_root()).collect();
        let candidates = if intermediates.is_empty() { all.iter().collect() } else { intermediates };
        match candidates.as_slice() {
            [one] => Ok((*one).clone()),
            several => {
                Err(Error::IssuerAmbiguous { candidates: several.iter().map(|ca| ca.name.clone()).collect() })
            }
        }
    }
}

impl Store {
    /// The other certificates of a CA or those above it, among these: same name and key, signed by somebody else, valid now.
    pub fn cross_certificates(
        issuer: &Issuer,
        authorities: &[Authority],
        now: OffsetDateTime,
    ) -> Vec<Certificate> {
        let path = issuer.path();
        let mut found: Vec<Certificate> = Vec::new();
        for other in authorities.iter().map(|ca| &ca.certificate) {
            let same = |own: &Certificate| {
                own.public_key() == other.public_key() && own.subject() == other.subject()
            };
            let usable = other.is_current(now) && !other.is_own_issuer();
            // A second one of the same issuer, or beside the one on the path, leads nowhere else.
            let twin = path.iter().chain(&found).any(|own| same(own) && own.issuer() == other.issuer());
            if path.iter().any(same) && usable && !twin {
                found.push(other.clone());
            }
        }
        found
    }
}

impl Authority {
    /// Whether it is the end of its path.
    pub fn is_root(&self) -> bool {
        self.above.is_empty()
    }

    /// How it stands with its key.
    pub fn key_state(&self) -> KeyState {
        KeyState::of(&self.key)
    }

    /// Opens its key.
    ///
    /// # Errors
    /// [`Error::CaKeyAbsent`], those of [`load_private_key`] and of [`Issuer::new`].
    pub fn open(&self, opener: &mut Opener<'_>, now: OffsetDateTime) -> Result<Issuer, Error> {
        let key = match load_private_key(&self.key, opener) {
            Err(Error::FileNotFound { path }) if path == self.key => {
                return Err(Error::CaKeyAbsent { name: self.name.clone(), path });
            }
            other => other?,
        };
        Issuer::new(self.certificate.clone(), &self.above, key, Origin::file(&self.key), now)
    }
}

impl Generation {
    /// The set of a new CA. `key` is the file as it shall be written: encrypted or not. `issuer` is the CA that signed
    /// it with its name here, or `None` for a root.
    pub fn authority(
        name: &str,
        certificate: &Certificate,
        key: Zeroizing<Vec<u8>>,
        issuer: Option<(&str, &Issuer)>,
        now: OffsetDateTime,
    ) -> Self {
        let above = issuer.map(|(_, issuer)| issuer.path().to_vec()).unwrap_or_default();
        Self::of_authority(name, certificate, &above, Some(key), issuer.map(|(name, _)| name), now)
    }

    /// The set of a CA of this PKI directory that another one certified too, and that signs under its first name.
    pub fn cross_signed(
        name: &str,
        certificate: &Certificate,
        issuer: (&str, &Issuer),
        now: OffsetDateTime,
    ) -> Self {
        Self::of_authority(name, certificate, issuer.1.path(), None, Some(issuer.0), now)
    }

    /// The set of a CA that was made elsewhere. `above` are the certificates above it, its own issuer first; none for a
    /// root. `key` is the file as it shall be written, or `None` where the key is kept elsewhere. `issuer` is the name
    /// here of the CA that signed it, where it is here.
    pub fn imported(
        name: &str,
        certificate: &Certificate,
        above: &[Certificate],
        key: Option<Zeroizing<Vec<u8>>>,
        issuer: Option<&str>,
        now: OffsetDateTime,
    ) -> Self {
        let mut imported = Self::of_authority(name, certificate, above, key, issuer, now);
        imported.record.event = Event::Imported;
        imported
    }

    /// The set of a CA that was certified again, by the same as before or itself. `key` is its key file as it is.
    pub fn renewed_authority(
        name: &str,
        certificate: &Certificate,
        key: Option<Zeroizing<Vec<u8>>>,
        issuer: Option<(&str, &Issuer)>,
        old: &Record,
        now: OffsetDateTime,
    ) -> Self {
        let above = issuer.map(|(_, issuer)| issuer.path()).unwrap_or_default();
        let mut renewed =
            Self::of_authority(name, certificate, above, key, issuer.map(|(name, _)| name), now);
        renewed.record = renewed.record.replacing(Event::Renewed, old, now);
        renewed
    }

    fn of_authority(
        name: &str,
        certificate: &Certificate,
        above: &[Certificate],
        key: Option<Zeroizing<Vec<u8>>>,
        issuer: Option<&str>,
        now: OffsetDateTime,
    ) -> Self {
        let public = |file, text: String| (file, Zeroizing::new(text.into_bytes()), writer::PUBLIC);
        let mut files = vec![public("cert.pem", certificate.to_pem()), public("chain.pem", to_pem(above))];
        files.extend(key.map(|key| ("key.pem", key, writer::SECRET)));
        let record = match above.first() {
            None => Record::issued(Kind::Root, name, certificate, name, certificate, now),
            Some(signer) => {
                let issuer = issuer.map_or_else(|| signer.subject().to_string(), str::to_owned);
                Record::issued(Kind::Intermediate, name, certificate, &issuer, signer, now)
            }
        };
        Self { shelf: Shelf::Ca, name: name.to_owned(), files, record }
    }
}
