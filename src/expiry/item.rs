//! What ends: a certificate or a revocation list, with as little of it as reports ask for, because there may be
//! hundreds of thousands.

use std::sync::{Arc, OnceLock};

use glob::{MatchOptions, Pattern};

use crate::{
    cert::{Certificate, Role},
    crl::Crl,
    fingerprint::sha256,
    name::Name,
    validity::Validity,
};

/// Something that was found, wherever it lies.
#[derive(Clone, Debug)]
pub struct Item {
    pub(super) kind: Kind,
    pub(super) issuer: Arc<Issuer>,
    pub(super) validity: Validity,
    pub(super) fingerprint: [u8; 32],
    /// authorityKeyIdentifier
    pub(super) authority: Option<Box<[u8]>>,
    /// Whether the filter lets it pass
    pub(super) wanted: bool,
    pub(super) spots: Vec<Spot>,
}

/// Who signed: a hundred thousand times the same, so it is kept, and made readable, once.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: Name,
    title: OnceLock<Box<str>>,
}

impl Issuer {
    fn new(name: &Name) -> Arc<Self> {
        Arc::new(Self { name: name.clone(), title: OnceLock::new() })
    }

    fn title(&self) -> &str {
        self.title.get_or_init(|| self.name.short().into())
    }
}

/// What it is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Certificate {
        role: Role,
        /// What people call it
        title: Box<str>,
        subject: Name,
        /// In hexadecimal
        serial: Box<str>,
        /// subjectKeyIdentifier, of a CA
        key: Option<Box<[u8]>>,
    },
    Crl {
        /// cRLNumber in hexadecimal
        number: Option<Box<str>>,
    },
}

/// Where something lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file as it was named or found, or the server. Escaped for a terminal.
    pub place: Box<str>,
    /// What of it, where it is a container: `PKCS#12`, `Secret default/web, tls.crt`. Escaped for a terminal.
    pub within: Option<Box<str>>,
    /// Whether it is a server
    pub is_server: bool,
}

/// Which are looked at; an empty filter lets all pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Common name, subject or an alternative name, of which one must match; `*` and `?` stand for characters
    pub names: Vec<Pattern>,
    /// The issuer's common name or its whole name
    pub issuers: Vec<Pattern>,
}

impl Filter {
    fn passes(&self, names: impl FnOnce() -> Vec<String>, issuer: &Name) -> bool {
        let any = |patterns: &[Pattern], texts: Vec<String>| {
            let options = MatchOptions { case_sensitive: false, ..MatchOptions::new() };
            patterns.iter().any(|pattern| texts.iter().any(|text| pattern.matches_with(text, options)))
        };
        (self.names.is_empty() || any(&self.names, names()))
            && (self.issuers.is_empty() || any(&self.issuers, both(issuer)))
    }
}

/// What people call a name, and all of it.
fn both(name: &Name) -> Vec<String> {
    vec![name.short(), name.to_string()]
}

impl Item {
    pub(super) fn certificate(certificate: &Certificate, filter: &Filter, spot: Spot) -> Self {
        let subject = certificate.subject().clone();
        let names = || {
            let others = certificate.subject_alt_names().iter().map(|name| name.value());
            both(certificate.subject()).into_iter().chain(others).collect()
        };
        Self {
            wanted: filter.passes(names, certificate.issuer()),
            issuer: Issuer::new(certificate.issuer()),
            validity: certificate.validity(),
            fingerprint: sha256(certificate.der()),
            authority: certificate.authority_key_id().map(Into::into),
            kind: Kind::Certificate {
                role: certificate.role(),
                title: certificate.title().into(),
                subject,
                serial: certificate.serial_hex().into(),
                key: certificate.subject_key_id().filter(|_| certificate.is_ca()).map(Into::into),
            },
            spots: vec![spot],
        }
    }

    pub(super) fn crl(crl: &Crl, filter: &Filter, spot: Spot) -> Self {
        Self {
            wanted: filter.passes(|| both(crl.issuer()), crl.issuer()),
            issuer: Issuer::new(crl.issuer()),
            validity: Validity { not_before: crl.this_update(), not_after: crl.next_update() },
            fingerprint: sha256(crl.der()),
            authority: None,
            kind: Kind::Crl { number: crl.number_hex().map(Into::into) },
            spots: vec![spot],
        }
    }

    /// What people call it; a revocation list by the name of its CA. Escaped for a terminal.
    pub fn title(&self) -> &str {
        match &self.kind {
            Kind::Certificate { title, .. } => title,
            Kind::Crl { .. } => self.issuer.title(),
        }
    }

    /// Whom it speaks of; `None` of a revocation list.
    pub fn subject(&self) -> Option<&Name> {
        match &self.kind {
            Kind::Certificate { subject, .. } => Some(subject),
            Kind::Crl { .. } => None,
        }
    }

    /// Who signed it.
    pub fn issuer(&self) -> &Name {
        &self.issuer.name
    }

    /// What people call who signed it. Escaped for a terminal.
    pub fn issuer_title(&self) -> &str {
        self.issuer.title()
    }

    /// What it is for; `None` of a revocation list.
    pub fn role(&self) -> Option<Role> {
        match self.kind {
            Kind::Certificate { role, .. } => Some(role),
            Kind::Crl { .. } => None,
        }
    }

    /// Serial number of a certificate, number of a revocation list, in hexadecimal; empty where it has none.
    pub fn number(&self) -> &str {
        match &self.kind {
            Kind::Certificate { serial, .. } => serial,
            Kind::Crl { number } => number.as_deref().unwrap_or_default(),
        }
    }

    /// First and last second: notBefore and notAfter, or thisUpdate and nextUpdate.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// SHA-256 of all of it.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Every place where it lies, in order.
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// The files and servers that have it, each once.
    pub fn places(&self) -> Vec<&str> {
        let mut places: Vec<&str> = self.spots.iter().map(|spot| &*spot.place).collect();
        places.dedup();
        places
    }

    pub(super) fn is_ca(&self) -> bool {
        self.role().is_some_and(Role::is_ca)
    }
}
