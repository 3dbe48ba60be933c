//! Reading a revocation list: what it must be to be taken, and nothing about who signed it.

use std::{ops::Range, sync::OnceLock};

use ::time::OffsetDateTime;

use super::{Crl, Reason, Revoked, time::read_time};
use crate::{
    cert::{Extension, ExtensionValue},
    der::{self, Element, tag},
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
    revoked: Vec<Revoked>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl Parts {
    pub(super) fn into_crl(self, der: Vec<u8>, origin: Origin) -> Crl {
        let Self { tbs, issuer, this_update, next_update, .. } = self;
        let Self { number, authority_key_id, revoked, algorithm, signature, .. } = self;
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
        let mut revoked = Vec::new();
        if let Some(list) = field.filter(|field| field.tag == tag::SEQUENCE) {
            revoked = read_entries(list, second)?;
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
            revoked,
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
                    self.authority_key_id = key_id;
                }
                (oid::CRL_NUMBER, _) => {
                    let number = extension_value(raw).and_then(|value| der::whole(value, tag::INTEGER));
                    let number =
                        number.filter(|number| number.content.first().is_some_and(|&high| high < 0x80));
                    self.number = Some(number.ok_or("its number cannot be read")?.content.to_vec());
                }
                (oid::DELTA_CRL_INDICATOR, _) => return Err("it is a delta, which says nothing by itself"),
                (oid::ISSUING_DISTRIBUTION_POINT, _) => {
                    return Err("it is an indirect list, or speaks of a part of the certificates only");
                }
                _ if extension.critical => return Err("it has a critical extension that is not understood"),
                _ => {}
            }
            seen.push(extension.oid);
        }
        Ok(())
    }
}

/// `SEQUENCE OF SEQUENCE { serial, date, extensions? }`
fn read_entries(list: Element<'_>, second: bool) -> Result<Vec<Revoked>, &'static str> {
    let broken = "an entry cannot be read";
    let mut revoked = Vec::new();
    let mut entries = list.inside();
    while !entries.is_empty() {
        let mut fields = entries.expect(tag::SEQUENCE).ok_or(broken)?.inside();
        let serial = fields.expect(tag::INTEGER).ok_or(broken)?.content.into();
        let date = read_time(fields.next().ok_or(broken)?).ok_or("the date of an entry cannot be read")?;
        let mut reason = Reason::Unspecified;
        if !fields.is_empty() {
            let extensions =
                fields.expect(tag::SEQUENCE).filter(|_| second && fields.is_empty()).ok_or(broken)?;
            reason = read_reason(extensions)?;
        }
        revoked.push(Revoked { serial, date, reason });
    }
    if !revoked.is_sorted_by(|one, two| one.order() <= two.order()) {
        revoked.sort_by(|one, two| one.order().cmp(&two.order()));
    }
    Ok(revoked)
}

fn read_reason(extensions: Element<'_>) -> Result<Reason, &'static str> {
    let broken = "the extensions of an entry cannot be read";
    let mut reason = Reason::Unspecified;
    let mut list = extensions.inside();
    while !list.is_empty() {
        let raw = list.expect(tag::SEQUENCE).ok_or(broken)?.raw;
        let mut fields = der::whole(raw, tag::SEQUENCE).ok_or(broken)?.inside();
        let kind = fields.expect(tag::OID).ok_or(broken)?.content;
        let critical = fields.next().ok_or(broken)?.tag == tag::BOOLEAN;
        match kind {
            oid::CRL_REASON => {
                let value = extension_value(raw).and_then(|value| der::whole(value, tag::ENUMERATED));
                let code = match value.map(|value| value.content) {
                    Some(&[code]) => Reason::from_code(code),
                    _ => None,
                };
                reason = code.ok_or("an entry has a reason that no whole list may have")?;
            }
            oid::CERTIFICATE_ISSUER => return Err("it is an indirect list"),
            _ if critical => return Err("an entry has a critical extension that is not understood"),
            _ => {}
        }
    }
    Ok(reason)
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
