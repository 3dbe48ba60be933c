//! A certificate with its chain, its roots and its key, in the parts that files are made of.

use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use super::File;
use crate::{
    Error,
    bundle::to_pem,
    cert::Certificate,
    key::{Passphrase, PrivateKey},
    pkcs12::{Compat, Entry, write},
};

/// What one file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The certificate alone, in PEM
    Certificate,
    /// The intermediates, in PEM, the issuer of the certificate first
    Chain,
    /// The certificate and the intermediates, in PEM
    Fullchain,
    /// The roots that peers trust, in PEM
    Roots,
    /// The private key, in PEM as PKCS#8, not encrypted
    Key,
    /// Certificate, intermediates and private key, in PEM
    Combined,
    /// Private key, certificate and intermediates, in PKCS#12 under a password
    KeyStore,
    /// The roots, in PKCS#12 under a password, as Java trusts them
    TrustStore,
}

impl Part {
    /// By what word templates call a file that holds it.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Certificate => "cert",
            Self::Chain => "chain",
            Self::Fullchain => "fullchain",
            Self::Roots => "ca",
            Self::Key => "key",
            Self::Combined => "combined",
            Self::KeyStore => "keystore",
            Self::TrustStore => "truststore",
        }
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Chain => "intermediates",
            Self::Fullchain => "certificate and intermediates",
            Self::Roots => "roots to trust",
            Self::Key => "private key, not encrypted",
            Self::Combined => "certificate, intermediates and private key, not encrypted",
            Self::KeyStore => "private key, certificate and intermediates, under the password",
            Self::TrustStore => "roots to trust, under the password",
        }
    }

    /// Whether a private key is in it.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Key | Self::Combined | Self::KeyStore)
    }

    /// Whether it is made under a password.
    pub fn needs_password(self) -> bool {
        matches!(self, Self::KeyStore | Self::TrustStore)
    }
}

/// A certificate with all that goes with it.
pub struct Material {
    /// Leaf and intermediates, leaf first
    pub fullchain: Vec<Certificate>,
    /// The roots that its peers trust
    pub roots: Vec<Certificate>,
    /// Its key
    pub key: PrivateKey,
}

/// How PKCS#12 is made.
pub struct Stores<'a> {
    /// The password of the stores
    pub password: &'a Passphrase,
    /// Who is to read them
    pub compat: Compat,
    /// The alias of the key (`friendlyName`, RFC 7292)
    pub name: &'a str,
    /// The source of all randomness
    pub random: &'a dyn SecureRandom,
}

impl Stores<'_> {
    /// The key with its certificate and those above it.
    ///
    /// # Errors
    /// [`Error::LeafMissing`] where the chain is empty; those of [`write()`].
    pub fn key_store(&self, chain: &[Certificate], key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Some((leaf, above)) = chain.split_first() else {
            return Err(Error::LeafMissing { key: None, key_id: None });
        };
        let mut entries = vec![Entry::Key { key, certificate: leaf, name: self.name }];
        entries.extend(above.iter().map(|certificate| Entry::Certificate { certificate, name: None }));
        write(&entries, self.password, self.compat, self.random)
    }

    /// The roots, each under its own name.
    ///
    /// # Errors
    /// Those of [`write()`].
    pub fn trust_store(&self, roots: &[Certificate]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let titles: Vec<String> = roots.iter().map(Certificate::title).collect();
        let entries = roots.iter().zip(&titles);
        let entries: Vec<Entry<'_>> =
            entries.map(|(certificate, name)| Entry::Trusted { certificate, name }).collect();
        write(&entries, self.password, self.compat, self.random)
    }
}

impl Material {
    /// One part of it. `stores` says how PKCS#12 is made.
    ///
    /// # Errors
    /// [`Error::PassphraseNeeded`] where `stores` is wanted and not there, and those of [`write()`].
    pub fn part(&self, part: Part, stores: Option<&Stores<'_>>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let stores = || stores.ok_or_else(|| Error::PassphraseNeeded { what: "exported file".into() });
        let public = |pem: String| Ok(Zeroizing::new(pem.into_bytes()));
        match part {
            Part::Certificate => public(to_pem(self.fullchain.iter().take(1))),
            Part::Chain => public(to_pem(self.fullchain.iter().skip(1))),
            Part::Fullchain => public(to_pem(&self.fullchain)),
            Part::Roots => public(to_pem(&self.roots)),
            Part::Key => Ok(self.key.to_pem()),
            Part::Combined => Ok(self.combined()),
            Part::KeyStore => stores()?.key_store(&self.fullchain, &self.key),
            Part::TrustStore => stores()?.trust_store(&self.roots),
        }
    }

    /// One part as a file.
    ///
    /// # Errors
    /// As [`Material::part`].
    pub fn file(&self, name: &str, part: Part, stores: Option<&Stores<'_>>) -> Result<File, Error> {
        let bytes = self.part(part, stores)?;
        Ok(File { name: name.into(), holds: part.description(), bytes, secret: part.is_secret() })
    }

    fn combined(&self) -> Zeroizing<Vec<u8>> {
        let (chain, key) = (to_pem(&self.fullchain), self.key.to_pem());
        // At its full size from the start, so that no copy of the key is left behind by growing.
        let mut all = Zeroizing::new(Vec::with_capacity(chain.len() + key.len()));
        all.extend_from_slice(chain.as_bytes());
        all.extend_from_slice(&key);
        all
    }
}
