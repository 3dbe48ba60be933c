//! Reading a revocation list: what it must be to be taken, and nothing about who signed it.

use std::{ops::Range, sync::OnceLock};

use ::time::OffsetDateTime;

use super::{
    Crl, Reason, Revoked,
    scope::{Scope, certificate_issuer},
};
use crate::{
    cert::{Extension, ExtensionValue},
    der::{self, Element, tag, time::read_time},
    key::SignatureAlgorithm,
    name::Name,
    oid,
    origin::Origin,
};

const SHAPE: &str = "its structure is not that of a CRL (RFC 5280 5.1)";

/// What is read of the bytes before they are kept.
pub(super) struct Parts {
    tbs: Range<usize>,
    issuer: Name,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    number: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    entries: Entries,
    scope: Option<Scope>,
    delta_base: Option<Vec<u8>>,
    faults: Vec<&'static str>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// The entries of a list.
#[derive(Default)]
struct Entries {
    /// Of the list's own issuer, by serial number
    revoked: Vec<Revoked>,
    /// Of others
    foreign: Vec<(Name, Revoked)>,
    /// Those that a delta takes back
    removed: Vec<Box<[u8]>>,
    /// Whether any names an issuer
    is_indirect: bool,
}

impl Parts {
    /// Refuses what says nothing by itself.
    pub(super) fn require_whole(&self) -> Result<(), &'static str> {
        if self.delta_base.is_some() {
            return Err("it is a delta, which says nothing by itself");
        }
        if self.scope.is_some() || self.entries.is_indirect {
            return Err("it is an indirect list, or speaks of a part of the certificates only");
        }
        Ok(())
    }

    pub(super) fn into_crl(self, der: Vec<u8>, origin: Origin) -> Crl {
        let Self { tbs, issuer, this_update, next_update, .. } = self;
        let Self { number, authority_key_id, entries, algorithm, signature, .. } = self;
        let Self { scope, delta_base, faults, .. } = self;
        let Entries { revoked, foreign, removed, .. } = entries;
        Crl {
            der,
            tbs,
            origin,
            issuer,
            this_update,
            next_update,
            number,
            authority_key_id,
            revoked,
            foreign,
            removed,
            scope,
            delta_base,
            faults,
            algorithm,
            signature,
            checked: OnceLock::new(),
        }
    }

    /// `SEQUENCE { tbs SEQUENCE { version?, algorithm, issuer, thisUpdate, nextUpdate, revoked?, [0] extensions? },
    /// algorithm, signature }`
    pub(super) fn read(der: &[u8]) -> Result<Self, &'static str> {
        let mut outer = der::whole(der, tag::SEQUENCE).ok_or(SHAPE)?.inside();
        let list = outer.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let algorithm = outer.expect(tag::SEQUENCE).ok_or(SHAPE)?;
        let signature = outer.expect(tag::BIT_STRING).filter(|_| outer.is_empty()).ok_or(SHAPE)?;
        let mut fields = list.inside();
        let mut field = fields.next().ok_or(SHAPE)?;
        let second = field.tag == tag::INTEGER;
        if second {
            if field.content != [1] {
                return Err("it states a version that does not exist");
            }
            field = fields.next().ok_or(SHAPE)?;
        }
        if field.raw != algorithm.raw {
            return Err("it states two different signature algorithms");
        }
        let issuer = Name::from_der(fields.expect(tag::SEQUENCE).ok_or(SHAPE)?.raw);
        if !issuer.is_readable() {
            return Err("its issuer cannot be read");
        }
        let broken_time = "its dates cannot be read";
        let this_update = read_time(fields.next().ok_or(SHAPE)?).ok_or(broken_time)?;
        let mut field = fields.next();
        let is_time = |field: &Element<'_>| matches!(field.tag, tag::UTC_TIME | tag::GENERALIZED_TIME);
        let next_update = field.filter(is_time).ok_or("it does not say when it lapses (RFC 5280 5.1.2.5)")?;
        let next_update = read_time(next_update).ok_or(broken_time)?;
        field = fields.next();
        let mut faults = Vec::new();
        let mut entries = Entries::default();
        if let Some(list) = field.filter(|field| field.tag == tag::SEQUENCE) {
            if list.content.is_empty() {
                faults.push("its list of entries is empty, and must then not be there (5.1.2.6)");
            }
            entries = Entries::read(list, second, &issuer)?;
            field = fields.next();
        }
        let start = list.raw.as_ptr() as usize - der.as_ptr() as usize;
        let mut parts = Self {
            tbs: start..start + list.raw.len(),
            issuer,
            this_update,
            next_update,
            number: None,
            authority_key_id: None,
            entries,
            scope: None,
            delta_base: None,
            faults,
            algorithm: SignatureAlgorithm::from_der(algorithm.raw)
                .ok_or("its signature algorithm cannot be read")?,
            signature: signature
                .content
                .strip_prefix(&[0])
                .ok_or("its signature is no whole octets")?
                .to_vec(),
        };
        match field {
            Some(field) if field.tag == 0xa0 && second && fields.is_empty() => parts.extensions(field)?,
            None => {}
            Some(_) => return Err(SHAPE),
        }
        if parts.number.is_none() {
            parts.faults.push("it has no number (5.2.3)");
        }
        if parts.authority_key_id.is_none() {
            parts.faults.push("it has no authorityKeyIdentifier (5.2.1)");
        }
        if parts.entries.is_indirect && !parts.scope.as_ref().is_some_and(|scope| scope.indirect) {
            return Err(
                "an entry is of another CA's certificate, and the list does not say that it has such",
            );
        }
        if parts.delta_base.is_none() && !parts.entries.removed.is_empty() {
            return Err("an entry has a reason that no whole list may have");
        }
        Ok(parts)
    }

    fn extensions(&mut self, field: Element<'_>) -> Result<(), &'static str> {
        let broken = "its extensions cannot be read";
        let mut list = der::whole(field.content, tag::SEQUENCE).ok_or(broken)?.inside();
        let mut seen = Vec::new();
        while !list.is_empty() {
            let raw = list.expect(tag::SEQUENCE).ok_or(broken)?.raw;
            let extension = Extension::from_der(raw).ok_or(broken)?;
            if seen.contains(&extension.oid) {
                return Err("an extension occurs twice");
            }
            match (extension.oid.content(), extension.value) {
                (oid::AUTHORITY_KEY_ID, ExtensionValue::AuthorityKeyId { key_id, .. }) => {
                    if extension.critical {
                        self.faults.push("its authorityKeyIdentifier is critical, and must not be (5.2.1)");
                    }
                    self.authority_key_id = key_id;
                }
                (oid::CRL_NUMBER, _) => {
                    let number = extension_value(raw).and_then(|value| der::whole(value, tag::INTEGER));
                    let number =
                        number.filter(|number| number.content.first().is_some_and(|&high| high < 0x80));
                    let number = number.ok_or("its number cannot be read")?.content.to_vec();
                    if extension.critical {
                        self.faults.push("its number is critical, and must not be (5.2.3)");
                    }
                    if number.len() > 20 {
                        self.faults.push("its number has more than 20 octets (5.2.3)");
                    }
                    self.number = Some(number);
                }
                (oid::DELTA_CRL_INDICATOR, _) => {
                    let base = extension_value(raw).and_then(|value| der::whole(value, tag::INTEGER));
                    self.delta_base = Some(base.ok_or("its base cannot be read")?.content.to_vec());
                    if !extension.critical {
                        self.faults
                            .push("it is a delta, and does not say so in a critical extension (5.2.4)");
                    }
                }
                (oid::ISSUING_DISTRIBUTION_POINT, _) => {
                    let scope = extension_value(raw).and_then(|value| Scope::read(value, &self.issuer));
                    self.scope =
                        Some(scope.ok_or("which part of the certificates it speaks of cannot be read")?);
                    if !extension.critical {
                        self.faults.push("its issuingDistributionPoint is not critical, and must be (5.2.5)");
                    }
                }
                (oid::FRESHEST_CRL, _) => {}
                _ if extension.critical => return Err("it has a critical extension that is not understood"),
                _ => {}
            }
            seen.push(extension.oid);
        }
        Ok(())
    }
}

impl Entries {
    /// `SEQUENCE OF SEQUENCE { serial, date, extensions? }`
    fn read(list: Element<'_>, second: bool, issuer: &Name) -> Result<Self, &'static str> {
        let broken = "an entry cannot be read";
        let mut read = Self::default();
        // An entry without an issuer has that of the entry before it (RFC 5280 5.3.3).
        let mut current: Option<Name> = None;
        let mut entries = list.inside();
        while !entries.is_empty() {
            let mut fields = entries.expect(tag::SEQUENCE).ok_or(broken)?.inside();
            let serial: Box<[u8]> = fields.expect(tag::INTEGER).ok_or(broken)?.content.into();
            let date = fields.next().and_then(read_time).ok_or("the date of an entry cannot be read")?;
            let mut said = Said { reason: Some(Reason::Unspecified), issuer: None };
            if !fields.is_empty() {
                let extensions =
                    fields.expect(tag::SEQUENCE).filter(|_| second && fields.is_empty()).ok_or(broken)?;
                said = Said::read(extensions)?;
            }
            if let Some(named) = said.issuer {
                read.is_indirect = true;
                current = (!named.same(issuer)).then_some(named);
            }
            match (said.reason, &current) {
                (None, _) => read.removed.push(serial),
                (Some(reason), None) => read.revoked.push(Revoked { serial, date, reason }),
                (Some(reason), Some(issuer)) => {
                    read.foreign.push((issuer.clone(), Revoked { serial, date, reason }));
                }
            }
        }
        if !read.revoked.is_sorted_by(|one, two| one.order() <= two.order()) {
            read.revoked.sort_by(|one, two| one.order().cmp(&two.order()));
        }
        Ok(read)
    }
}

/// What the extensions of an entry say.
struct Said {
    /// `None`: a delta takes it back
    reason: Option<Reason>,
    /// Who issued the certificate, where it is said
    issuer: Option<Name>,
}

impl Said {
    fn read(extensions: Element<'_>) -> Result<Self, &'static str> {
        const REMOVE_FROM_CRL: u8 = 8;
        let broken = "the extensions of an entry cannot be read";
        let mut said = Self { reason: Some(Reason::Unspecified), issuer: None };
        let mut list = extensions.inside();
        while !list.is_empty() {
            let raw = list.expect(tag::SEQUENCE).ok_or(broken)?.raw;
            let mut fields = der::whole(raw, tag::SEQUENCE).ok_or(broken)?.inside();
            let kind = fields.expect(tag::OID).ok_or(broken)?.content;
            let critical = fields.next().ok_or(broken)?.tag == tag::BOOLEAN;
            match kind {
                oid::CRL_REASON => {
                    let value = extension_value(raw).and_then(|value| der::whole(value, tag::ENUMERATED));
                    said.reason = match value.map(|value| value.content) {
                        Some(&[REMOVE_FROM_CRL]) => None,
                        Some(&[code]) => {
                            Some(Reason::from_code(code).ok_or("an entry has a reason that does not exist")?)
                        }
                        _ => return Err("the reason of an entry cannot be read"),
                    };
                }
                oid::CERTIFICATE_ISSUER => {
                    let issuer = extension_value(raw).and_then(certificate_issuer);
                    said.issuer = Some(
                        issuer.ok_or("the issuer that an entry of an indirect list names cannot be read")?,
                    );
                }
                _ if critical => return Err("an entry has a critical extension that is not understood"),
                _ => {}
            }
        }
        Ok(said)
    }
}

/// The octets of an extension's value, which stand last.
fn extension_value(raw: &[u8]) -> Option<&[u8]> {
    let mut fields = der::whole(raw, tag::SEQUENCE)?.inside();
    let mut last = fields.next()?;
    while let Some(field) = fields.next() {
        last = field;
    }
    (last.tag == tag::OCTET_STRING && fields.is_empty()).then_some(last.content)
}
