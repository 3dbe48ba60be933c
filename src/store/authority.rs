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

/// CAs above one another; more than any real hierarchy has.
const MOST_ABOVE: usize = 12;

/// The certificates of all generations of a CA that can be read, the oldest first. `set` is one of them.
fn certificates_beside(set: &Path) -> Vec<Certificate> {
    let entries = set.parent().and_then(|of_name| std::fs::read_dir(of_name).ok());
    let mut sets: Vec<_> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    sets.sort();
    let certificates = sets.iter().filter_map(|set| load_certificates(&set.join("cert.pem")).ok());
    certificates.filter_map(|all| all.into_iter().next()).collect()
}

impl Store {
    /// Finds a CA by name.
    ///
    /// # Errors
    /// [`Error::CaUnknown`], [`Error::NameInvalid`], and those of reading its files.
    pub fn authority(&self, name: &str) -> Result<Authority, Error> {
        self.authority_within(name, MOST_ABOVE)
    }

    fn authority_within(&self, name: &str, depth: usize) -> Result<Authority, Error> {
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
            _ => self.as_renewed(load_certificates(&chain)?, depth),
        };
        Ok(Authority { name: name.to_owned(), certificate, above, key: directory.join("key.pem") })
    }

    /// CAs that were certified again since a chain was written stand in it as they are now; where it was by another CA, so do those
    /// above it.
    fn as_renewed(&self, chain: Vec<Certificate>, depth: usize) -> Vec<Certificate> {
        let names = self.names(Shelf::Ca).unwrap_or_default();
        // Most were never renewed, and need not be read.
        let again = |name: &String| {
            let set = self.current(Shelf::Ca, name).ok()??;
            let first = || load_certificates(&set.join("cert.pem")).ok()?.into_iter().next();
            (!set.ends_with("0001")).then(first)?.map(|certificate| (name.clone(), set, certificate))
        };
        let here: Vec<_> = names.iter().filter_map(again).collect();
        let mut now = Vec::new();
        for old in chain {
            let same = |(_, set, new): &&(String, PathBuf, Certificate)| {
                new.is_same_authority(&old)
                    && (new.issuer() == old.issuer() || certificates_beside(set).contains(&old))
            };
            match here.iter().find(same) {
                None => now.push(old),
                Some((_, _, new)) if new.issuer() == old.issuer() => now.push(new.clone()),
                Some((name, _, new)) => {
                    now.push(new.clone());
                    let above =
                        depth.checked_sub(1).and_then(|depth| self.authority_within(name, depth).ok());
                    now.extend(above.map(|ca| ca.above).unwrap_or_default());
                    return now;
                }
            }
        }
        now
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
        let rotations = self.rotations()?;
        let keys: Vec<_> =
            all.iter().filter(|ca| ca.key.exists()).map(|ca| ca.certificate.public_key().clone()).collect();
        // The second certificate of a CA that was cross-signed is not a second CA.
        all.retain(|ca| ca.key.exists() || !keys.contains(ca.certificate.public_key()));
        all.retain(|ca| rotations.signs_by_default(&ca.name));
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
            let same = |own: &Certificate| own.is_same_authority(other);
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
    /// The certificates that it has had, and that are still there, the oldest first.
    pub fn certificates(&self) -> Vec<Certificate> {
        let set = self.key.parent().and_then(|link| link.canonicalize().ok());
        set.map(|set| certificates_beside(&set)).unwrap_or_default()
    }

    /// Whether it is the end of its path.
    pub fn is_root(&self) -> bool {
        self.above.is_empty()
    }

    /// Its key file as it is; `None` where the key is kept elsewhere.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn key_file(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match source::read_small(&self.key).map(Zeroizing::new) {
            Err(Error::FileNotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
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

    /// With the list of the CA as it is. Its key is the same, so that the list stays good until it lapses. To be read under the
    /// lock, when it is the latest.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn keeping_list(mut self, old: &Authority) -> Result<Self, Error> {
        match source::read(&old.crl(), source::LARGE) {
            Err(Error::FileNotFound { .. }) => {}
            list => self.files.push(("crl.pem", Zeroizing::new(list?), writer::PUBLIC)),
        }
        Ok(self)
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
