//! OCSP responses that a server staples to its handshake (RFC 6066 section 8, RFC 6960): what they say, of whom, and whether who says
//! it may.

use ring::digest;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    cert::Certificate,
    crl::Reason,
    der::{self, Element, Reader, tag, time::read_time},
    key::SignatureAlgorithm,
    name::escape,
    oid,
    origin::Origin,
    validity::{serialize_maybe, tell},
};

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is not revoked
    Good,
    /// It is revoked
    Revoked,
    /// The responder does not know it
    Unknown,
}

/// A stapled response, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Staple {
    /// What it says of the server's certificate; `None` where it does not speak of it, or cannot be read
    pub status: Option<Status>,
    /// Since when the certificate is revoked
    #[serde(serialize_with = "serialize_maybe")]
    pub revoked_at: Option<OffsetDateTime>,
    /// Why it is revoked
    pub reason: Option<Reason>,
    /// When it was found to be so
    #[serde(serialize_with = "serialize_maybe")]
    pub this_update: Option<OffsetDateTime>,
    /// When there is to be news of it
    #[serde(serialize_with = "serialize_maybe")]
    pub next_update: Option<OffsetDateTime>,
    /// Who signed it, where that is proved: the CA itself, or a responder that it certified for this. Escaped.
    pub signed_by: Option<String>,
    /// Why it proves nothing. Escaped.
    pub fault: Option<String>,
}

impl Staple {
    /// Reads a response about `leaf`, which `issuer` issued, and judges it as of `now`.
    pub fn read(der: &[u8], leaf: &Certificate, issuer: Option<&Certificate>, now: OffsetDateTime) -> Self {
        let mut staple = Self {
            status: None,
            revoked_at: None,
            reason: None,
            this_update: None,
            next_update: None,
            signed_by: None,
            fault: None,
        };
        staple.fault = staple.fill(der, leaf, issuer, now).err();
        staple
    }

    /// Whether it is proved that the certificate is revoked.
    pub fn is_revocation(&self) -> bool {
        self.fault.is_none() && self.status == Some(Status::Revoked)
    }

    fn fill(
        &mut self,
        der: &[u8],
        leaf: &Certificate,
        issuer: Option<&Certificate>,
        now: OffsetDateTime,
    ) -> Result<(), String> {
        let response = Response::read(der)?;
        let singles = response.about(leaf.serial());
        let fitting = |single: &&Single<'_>| issuer.is_none_or(|issuer| single.is_of(issuer));
        let Some(single) = singles.iter().find(fitting) else {
            let why = if singles.is_empty() { "serial number" } else { "issuer" };
            return Err(format!("it speaks of another certificate: none in it has this {why}"));
        };
        self.status = Some(single.status);
        (self.revoked_at, self.reason) = (single.revoked_at, single.reason);
        (self.this_update, self.next_update) = (Some(single.this_update), single.next_update);
        let Some(issuer) = issuer else {
            return Err("the issuer's certificate is not here, so its signature cannot be checked".into());
        };
        self.signed_by = Some(response.signer(issuer, now)?);
        if single.this_update > now {
            return Err(format!("it is not valid before {}", tell(single.this_update, now)));
        }
        match single.next_update {
            Some(end) if end < now => Err(format!("it lapsed on {}", tell(end, now))),
            _ => Ok(()),
        }
    }
}

const SHAPE: &str = "its structure is not that of an OCSP response (RFC 6960 4.2)";

/// A BasicOCSPResponse.
struct Response<'a> {
    tbs: Element<'a>,
    singles: Element<'a>,
    algorithm: SignatureAlgorithm,
    signature: &'a [u8],
    certificates: Option<Element<'a>>,
}

/// A SingleResponse.
struct Single<'a> {
    hash: &'a [u8],
    name: &'a [u8],
    key: &'a [u8],
    status: Status,
    revoked_at: Option<OffsetDateTime>,
    reason: Option<Reason>,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
}

impl<'a> Response<'a> {
    fn read(der: &'a [u8]) -> Result<Self, String> {
        let mut outer = der::whole(der, tag::SEQUENCE).ok_or(SHAPE)?.inside();
        let status = outer.expect(tag::ENUMERATED).ok_or(SHAPE)?.content;
        match status {
            [0] => {}
            [1] => return Err("the responder says: malformedRequest".into()),
            [2] => return Err("the responder says: internalError".into()),
            [3] => return Err("the responder says: tryLater".into()),
            [5] => return Err("the responder says: sigRequired".into()),
            [6] => return Err("the responder says: unauthorized".into()),
            _ => return Err(SHAPE.into()),
        }
        Self::basic(outer).ok_or_else(|| SHAPE.into())
    }

    /// `[0] SEQUENCE { OID, OCTET STRING { SEQUENCE { tbs, algorithm, signature, [0] certificates } } }`
    fn basic(mut outer: Reader<'a>) -> Option<Self> {
        let mut bytes = outer.expect(0xa0)?.inside().expect(tag::SEQUENCE)?.inside();
        // id-pkix-ocsp-basic
        if bytes.expect(tag::OID)?.content != [0x2b, 6, 1, 5, 5, 7, 48, 1, 1] {
            return None;
        }
        let mut basic = der::whole(bytes.expect(tag::OCTET_STRING)?.content, tag::SEQUENCE)?.inside();
        let tbs = basic.expect(tag::SEQUENCE)?;
        let algorithm = SignatureAlgorithm::from_der(basic.expect(tag::SEQUENCE)?.raw)?;
        let signature = basic.expect(tag::BIT_STRING)?.content.strip_prefix(&[0])?;
        let certificates = basic.expect(0xa0).and_then(|tagged| tagged.inside().expect(tag::SEQUENCE));
        let mut fields = tbs.inside();
        let mut field = fields.next()?;
        if field.tag == 0xa0 {
            field = fields.next()?;
        }
        // Who answers: by name [1] or key [2]. Who signed is found by the signature.
        if !matches!(field.tag, 0xa1 | 0xa2) {
            return None;
        }
        read_time(fields.expect(tag::GENERALIZED_TIME)?)?;
        let singles = fields.expect(tag::SEQUENCE)?;
        Some(Self { tbs, singles, algorithm, signature, certificates })
    }

    /// What it says of a serial number.
    fn about(&self, serial: &[u8]) -> Vec<Single<'a>> {
        let mut found = Vec::new();
        let mut all = self.singles.inside();
        while let Some(single) = all.expect(tag::SEQUENCE) {
            found.extend(Single::read(single, serial));
        }
        found
    }

    /// Who signed it: the issuer, or whom the issuer certified for signing responses (RFC 6960 4.2.2.2).
    fn signer(&self, issuer: &Certificate, now: OffsetDateTime) -> Result<String, String> {
        let holds = |by: &Certificate| {
            by.public_key().verify_any(&self.algorithm, self.tbs.raw, self.signature).is_ok()
        };
        let name = |by: &Certificate| escape(&by.title()).into_owned();
        if holds(issuer) {
            return Ok(name(issuer));
        }
        let mut sent = self.certificates.map(|list| list.inside());
        while let Some(element) = sent.as_mut().and_then(Reader::next) {
            let Ok(delegate) = Certificate::from_der(element.raw, Origin::named("the OCSP response")) else {
                continue;
            };
            if !holds(&delegate) {
                continue;
            }
            let is_certified = delegate.issuer().same(issuer.subject())
                && delegate.is_signed_by(issuer.public_key()).is_ok();
            let may = delegate
                .extended_key_usage()
                .is_some_and(|usages| usages.iter().any(|usage| usage.content() == oid::OCSP_SIGNING));
            let who = name(&delegate);
            return match (is_certified, may, delegate.is_current(now)) {
                (true, true, true) => Ok(who),
                (false, ..) => Err(format!("\"{who}\" signed it, whom the issuer did not certify")),
                (_, false, _) => Err(format!("\"{who}\" signed it, who may not: OCSPSigning is missing")),
                _ => Err(format!("\"{who}\" signed it, whose certificate is not valid now")),
            };
        }
        Err("its signature is not that of the issuer, nor of anybody it certified for this".into())
    }
}

impl<'a> Single<'a> {
    fn read(single: Element<'a>, wanted: &[u8]) -> Option<Self> {
        let mut fields = single.inside();
        let mut id = fields.expect(tag::SEQUENCE)?.inside();
        let hash = id.expect(tag::SEQUENCE)?.inside().expect(tag::OID)?.content;
        let (name, key) = (id.expect(tag::OCTET_STRING)?.content, id.expect(tag::OCTET_STRING)?.content);
        let serial = id.expect(tag::INTEGER)?.content;
        let plain = |serial: &'a [u8]| serial.strip_prefix(&[0]).unwrap_or(serial);
        if plain(serial) != wanted.strip_prefix(&[0]).unwrap_or(wanted) {
            return None;
        }
        let stated = fields.next()?;
        let (mut revoked_at, mut reason) = (None, None);
        let status = match stated.tag {
            0x80 => Status::Good,
            0xa1 => {
                let mut info = stated.inside();
                revoked_at = Some(read_time(info.expect(tag::GENERALIZED_TIME)?)?);
                let code = info.expect(0xa0).and_then(|tagged| tagged.inside().expect(tag::ENUMERATED));
                reason = code.and_then(|code| Reason::from_code(*code.content.first()?));
                Status::Revoked
            }
            0x82 => Status::Unknown,
            _ => return None,
        };
        let this_update = read_time(fields.expect(tag::GENERALIZED_TIME)?)?;
        let next_update = fields.expect(0xa0).and_then(|tagged| read_time(tagged.inside().next()?));
        Some(Self { hash, name, key, status, revoked_at, reason, this_update, next_update })
    }

    /// Whether the hashes of name and key are those of an issuer (RFC 6960 4.1.1).
    fn is_of(&self, issuer: &Certificate) -> bool {
        let algorithm = match self.hash {
            [0x2b, 0x0e, 3, 2, 0x1a] => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => &digest::SHA256,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => &digest::SHA384,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => &digest::SHA512,
            _ => return false,
        };
        digest::digest(algorithm, issuer.subject().der()).as_ref() == self.name
            && digest::digest(algorithm, issuer.public_key().bits()).as_ref() == self.key
    }
}
