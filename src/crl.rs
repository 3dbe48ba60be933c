//! Certificate revocation lists (RFC 5280 section 5): read, judged, and made.
//!
//! Who makes or serves lists takes whole ones of one CA only ([`Crl::from_der`]). A delta, an indirect list, or one that speaks
//! for a part of the certificates has to be put together with others to mean anything; path validation does that with those of
//! [`Crl::partial_from_der`].

mod lists;
mod make;
mod read;
mod reason;
mod scope;

use std::{ops::Range, path::Path, sync::OnceLock};

use ::time::OffsetDateTime;

pub use lists::{Lists, Reread};
pub use make::Terms;
pub use reason::Reason;
pub(crate) use scope::{ALL_REASONS, Point, Scope};

use crate::{
    Error,
    cert::Certificate,
    der::tag,
    fingerprint::hex,
    key::{PublicKey, SignatureAlgorithm, SignatureFault},
    name::Name,
    origin::Origin,
    pem,
    profile::KeyUsage,
    source,
};

/// What errors call it.
const WHAT: &str = "CRL";
/// Its label in PEM.
const LABEL: &str = "X509 CRL";

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Content octets of its serial number, as [`Certificate::serial`] has them
    pub serial: Box<[u8]>,
    /// Since when
    pub date: OffsetDateTime,
    /// Why
    pub reason: Reason,
}

impl Revoked {
    /// By which a list is sorted: positive numbers without leading zeros are ordered by length first.
    fn order(&self) -> (usize, &[u8]) {
        (self.serial.len(), &self.serial)
    }
}

/// A revocation list, parsed once. That it is there proves nothing: [`Crl::verify`] says whether a CA signed it.
pub struct Crl {
    der: Vec<u8>,
    tbs: Range<usize>,
    origin: Origin,
    issuer: Name,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    number: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    /// By serial number.
    revoked: Vec<Revoked>,
    /// Of certificates of other CAs.
    foreign: Vec<(Name, Revoked)>,
    /// Serial numbers that a delta takes from its base.
    removed: Vec<Box<[u8]>>,
    /// `None`: all certificates of its CA.
    scope: Option<Scope>,
    /// The number of the list that it is a delta to.
    delta_base: Option<Vec<u8>>,
    /// What breaks the profile of RFC 5280 section 5.
    faults: Vec<&'static str>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    /// The first key that its signature was checked under, and what came of it: a server asks with every handshake.
    checked: OnceLock<(PublicKey, Result<(), SignatureFault>)>,
}

impl Crl {
    /// Reads one list that fills the bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is none, or one whose meaning is not understood.
    pub fn from_der(der: Vec<u8>, origin: Origin) -> Result<Self, Error> {
        let whole = |parts: read::Parts| parts.require_whole().map(|()| parts);
        match read::Parts::read(&der).and_then(whole) {
            Ok(parts) => Ok(parts.into_crl(der, origin)),
            Err(cause) => Err(Error::Malformed { origin, what: WHAT, cause: cause.into() }),
        }
    }

    /// As [`Crl::from_der`], also a list that says nothing by itself: a delta, an indirect one, or one of a part of the
    /// certificates.
    ///
    /// # Errors
    /// As [`Crl::from_der`].
    pub fn partial_from_der(der: Vec<u8>, origin: Origin) -> Result<Self, Error> {
        match read::Parts::read(&der) {
            Ok(parts) => Ok(parts.into_crl(der, origin)),
            Err(cause) => Err(Error::Malformed { origin, what: WHAT, cause: cause.into() }),
        }
    }

    /// All lists in the bytes, PEM or DER, in order. Blocks of other kinds are passed over.
    ///
    /// # Errors
    /// [`Error::NothingFound`], [`Error::PemBroken`], and those of [`Crl::from_der`].
    pub fn decode(bytes: &[u8], origin: &Origin) -> Result<Vec<Self>, Error> {
        let nothing = || Error::NothingFound { origin: origin.clone(), what: WHAT };
        if !pem::looks_like_pem(bytes) {
            return match bytes.first() {
                Some(&tag::SEQUENCE) => Ok(vec![Self::from_der(bytes.to_vec(), origin.clone())?]),
                _ => Err(nothing()),
            };
        }
        let mut blocks = pem::blocks(bytes, origin)?;
        blocks.retain(|block| block.label == LABEL);
        let count = blocks.len();
        if count == 0 {
            return Err(nothing());
        }
        let read = |(index, block): (usize, &pem::Block)| {
            Self::from_der(block.der.to_vec(), origin.nth(index + 1, count))
        };
        blocks.iter().enumerate().map(read).collect()
    }

    /// All lists of a file (`-` is standard input).
    ///
    /// # Errors
    /// As [`Crl::decode`], and those of reading the file.
    pub fn load(path: &Path) -> Result<Vec<Self>, Error> {
        Self::decode(&source::read(path, source::LARGE)?, &source::origin(path))
    }

    /// The exact bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// One PEM block.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.der)
    }

    /// Where it was read from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whose list it says it is.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// From when on it is true.
    pub fn this_update(&self) -> OffsetDateTime {
        self.this_update
    }

    /// When it lapses.
    pub fn next_update(&self) -> OffsetDateTime {
        self.next_update
    }

    /// Its number in hexadecimal, where it states one.
    pub fn number_hex(&self) -> Option<String> {
        self.number.as_deref().map(hex)
    }

    /// Its number, where it states one that is no greater than any of ours.
    pub fn number(&self) -> Option<u64> {
        let octets = self.number.as_deref()?;
        let octets = octets.strip_prefix(&[0]).unwrap_or(octets);
        let fits = octets.len() <= 8;
        fits.then(|| octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)))
    }

    /// The key identifier of who signed it, where stated.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// All that is revoked, by serial number.
    pub fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// The entry of a serial number, given as its content octets.
    pub fn lookup(&self, serial: &[u8]) -> Option<&Revoked> {
        let sought = (serial.len(), serial);
        let index = self.revoked.binary_search_by(|revoked| revoked.order().cmp(&sought)).ok()?;
        self.revoked.get(index)
    }

    /// The entry of a certificate: of its serial number and its issuer.
    pub(crate) fn entry(&self, certificate: &Certificate) -> Option<&Revoked> {
        if self.issuer.same(certificate.issuer()) {
            return self.lookup(certificate.serial());
        }
        let of = |(issuer, revoked): &&(Name, Revoked)| {
            *revoked.serial == *certificate.serial() && issuer.same(certificate.issuer())
        };
        self.foreign.iter().find(of).map(|(_, revoked)| revoked)
    }

    /// Whether it takes a certificate from the list that it is a delta to.
    pub(crate) fn removes(&self, certificate: &Certificate) -> bool {
        self.removed.iter().any(|serial| **serial == *certificate.serial())
    }

    /// Which certificates it speaks of; `None`: all of its CA.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Whether it is a delta.
    pub(crate) fn is_delta(&self) -> bool {
        self.delta_base.is_some()
    }

    /// Whether it is a delta that goes with a base (RFC 5280 5.2.4, 6.3.3 (c)).
    pub(crate) fn goes_with(&self, base: &Self) -> bool {
        let digits = |number: &Option<Vec<u8>>| {
            let number = number.as_deref()?;
            let start = number.iter().take_while(|&&octet| octet == 0).count();
            number.get(start..).map(|digits| (digits.len(), digits.to_vec()))
        };
        let (from, own, of) = (digits(&self.delta_base), digits(&self.number), digits(&base.number));
        let fits = matches!((from, own, of), (Some(from), Some(own), Some(of)) if from <= of && of < own);
        fits && self.issuer.same(&base.issuer)
            && self.authority_key_id == base.authority_key_id
            && Scope::is_same(self.scope(), base.scope())
    }

    /// What breaks the profile of RFC 5280 section 5, which those who validate paths need not mind.
    pub(crate) fn profile_faults(&self) -> &[&'static str] {
        &self.faults
    }

    /// Refuses a list that this CA did not sign, or may not sign.
    ///
    /// # Errors
    /// [`Error::CrlForeign`] where it names another issuer or key, [`Error::CrlForged`] where the signature does not hold
    /// or proves nothing, [`Error::IssuerMayNotRevoke`].
    pub fn verify(&self, authority: &Certificate) -> Result<(), Error> {
        let foreign = |fact: String| Error::CrlForeign {
            origin: self.origin.clone(),
            issuer: self.issuer.to_string(),
            authority: authority.subject().to_string(),
            fact,
        };
        if !self.issuer.same(authority.subject()) {
            return Err(foreign("it names another issuer".into()));
        }
        if let (Some(stated), Some(own)) = (self.authority_key_id(), authority.subject_key_id())
            && stated != own
        {
            return Err(foreign(format!("it names the key {}, the CA has {}", hex(stated), hex(own))));
        }
        may_sign_lists(authority)?;
        let check = || {
            let tbs = self.der.get(self.tbs.clone()).ok_or(SignatureFault::Wrong)?;
            authority.public_key().verify_any(&self.algorithm, tbs, &self.signature)
        };
        let held = match self.checked.get_or_init(|| (authority.public_key().clone(), check())) {
            (known, outcome) if known == authority.public_key() => *outcome,
            _ => check(),
        };
        held.map_err(|fault| Error::CrlForged {
            origin: self.origin.clone(),
            authority: authority.subject().to_string(),
            fact: match fault {
                SignatureFault::Wrong => "it was altered, or made with another key".into(),
                _ => format!("{}, which cannot be checked or proves nothing", self.algorithm.name()),
            },
        })
    }

    /// Refuses a list that says nothing about this moment.
    ///
    /// # Errors
    /// [`Error::CrlLapsed`], [`Error::CrlNotYetValid`].
    pub fn require_current(&self, at: OffsetDateTime) -> Result<(), Error> {
        let (origin, issuer) = (self.origin.clone(), self.issuer.to_string());
        if at > self.next_update {
            return Err(Error::CrlLapsed { origin, issuer, next_update: self.next_update, now: at });
        }
        if at < self.this_update {
            return Err(Error::CrlNotYetValid { origin, issuer, this_update: self.this_update, now: at });
        }
        Ok(())
    }
}

/// Content octets of a positive number: no leading zeros, but one where the first bit would be taken for a sign.
pub(crate) fn unsigned(mut octets: Vec<u8>) -> Vec<u8> {
    let zeros = octets.iter().take_while(|&&octet| octet == 0).count();
    octets.drain(..zeros);
    if octets.first().is_none_or(|&octet| octet >= 0x80) {
        octets.insert(0, 0);
    }
    octets
}

/// RFC 5280 4.2.1.3: a key usage that is stated must have cRLSign.
pub(crate) fn may_sign_lists(authority: &Certificate) -> Result<(), Error> {
    match authority.key_usage() {
        Some(usage) if !usage.contains(KeyUsage::CRL_SIGN) => Err(Error::IssuerMayNotRevoke {
            origin: authority.origin().clone(),
            subject: authority.title(),
            usage: usage.to_string(),
        }),
        _ => Ok(()),
    }
}
