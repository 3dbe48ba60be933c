//! Leaf certificates: the set of files that a server or client is configured with.

use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Generation, Record, Shelf, Store};
use crate::{
    Error,
    bundle::to_pem,
    cert::{Certificate, load_anchors, load_certificates},
    fs as writer,
    issue::Kind,
    issuer::Issuer,
    profile::Profile,
};

/// The files of a leaf, with certbot's names. Where it was made from a request, the key is with who asked, and not among
/// them.
pub struct LeafFiles {
    cert: String,
    chain: String,
    fullchain: String,
    ca: String,
    key: Option<Zeroizing<Vec<u8>>>,
}

impl LeafFiles {
    /// Names of the files, without the key's.
    pub const WITHOUT_KEY: [&'static str; 4] = ["cert.pem", "chain.pem", "fullchain.pem", "ca.pem"];
    /// Names of the files, the key's last.
    pub const NAMES: [&'static str; 5] = ["cert.pem", "chain.pem", "fullchain.pem", "ca.pem", "privkey.pem"];

    /// Puts the set together. `key` is the file as it shall be written: encrypted or not.
    pub fn new(certificate: &Certificate, key: Zeroizing<Vec<u8>>, issuer: &Issuer) -> Self {
        Self { key: Some(key), ..Self::without_key(certificate, issuer) }
    }

    /// The set of a certificate whose key is elsewhere.
    pub fn without_key(certificate: &Certificate, issuer: &Issuer) -> Self {
        let sent = || issuer.intermediates().iter().chain(issuer.cross());
        let (cert, chain) = (certificate.to_pem(), to_pem(sent()));
        Self { fullchain: format!("{cert}{chain}"), cert, chain, ca: to_pem(issuer.anchors()), key: None }
    }

    /// Names, contents and modes.
    pub fn files(&self) -> Vec<(&'static str, &[u8], u32)> {
        let mut files = vec![
            ("cert.pem", self.cert.as_bytes(), writer::PUBLIC),
            ("chain.pem", self.chain.as_bytes(), writer::PUBLIC),
            ("fullchain.pem", self.fullchain.as_bytes(), writer::PUBLIC),
            ("ca.pem", self.ca.as_bytes(), writer::PUBLIC),
        ];
        files.extend(self.key.as_ref().map(|key| ("privkey.pem", key.as_slice(), writer::SECRET)));
        files
    }
}

/// A leaf in the store.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its name.
    pub name: String,
    /// Its generation, which no renewal changes under a reader.
    pub directory: PathBuf,
    /// Leaf and intermediates, leaf first.
    pub fullchain: Vec<Certificate>,
    /// The trust anchors of its peers.
    pub anchors: Vec<Certificate>,
    /// Where its key is; or would be, where it was made from a request.
    pub key: PathBuf,
}

impl Store {
    /// Finds a leaf by name.
    ///
    /// # Errors
    /// [`Error::CertificateUnknown`], [`Error::NameInvalid`], and those of reading its files.
    pub fn leaf(&self, name: &str) -> Result<Leaf, Error> {
        let Some(directory) = self.current(Shelf::Live, name)? else {
            return Err(Error::CertificateUnknown { name: name.to_owned(), path: self.root().join("live") });
        };
        Ok(Leaf {
            name: name.to_owned(),
            fullchain: load_certificates(&directory.join("fullchain.pem"))?,
            anchors: load_anchors(&[directory.join("ca.pem")])?,
            key: directory.join("privkey.pem"),
            directory,
        })
    }
}

impl Generation {
    /// The set of a new leaf, signed by the CA of that name here.
    pub fn leaf(
        name: &str,
        profile: Profile,
        certificate: &Certificate,
        files: &LeafFiles,
        issuer: (&str, &Issuer),
        now: OffsetDateTime,
    ) -> Self {
        let owned = files.files().into_iter();
        let owned = owned.map(|(file, bytes, mode)| (file, Zeroizing::new(bytes.to_vec()), mode));
        Self {
            shelf: Shelf::Live,
            name: name.to_owned(),
            files: owned.collect(),
            record: Record {
                key_file: files.key.is_some(),
                ..Record::issued(
                    Kind::Leaf(profile),
                    name,
                    certificate,
                    issuer.0,
                    issuer.1.certificate(),
                    now,
                )
            },
        }
    }
}
