//! Which certificates a list speaks of (RFC 5280 5.2.5), and where a certificate says that its lists are (4.2.1.13).

use crate::{
    cert::{Certificate, Raw},
    der::{Element, put, tag, whole},
    name::Name,
    oid,
};

/// All reasons for which a certificate can be revoked, as bits of ReasonFlags.
pub(crate) const ALL_REASONS: u16 = 0b1_1111_1110;

/// A general name that says where lists are, as its DER.
#[derive(Clone, Debug)]
pub(crate) struct Place(Vec<u8>);

impl Place {
    fn directory(name: &Name) -> Self {
        let mut der = Vec::new();
        put(&mut der, 0xa4, &[name.der()]);
        Self(der)
    }

    fn name(&self) -> Option<Name> {
        Some(Name::from_der(whole(&self.0, 0xa4)?.content))
    }

    fn same(&self, other: &Self) -> bool {
        self.0 == other.0
            || matches!((self.name(), other.name()), (Some(one), Some(other)) if one.same(&other))
    }
}

/// issuingDistributionPoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Where lists of this scope are; `None` where it does not say
    places: Option<Vec<Place>>,
    only_users: bool,
    only_authorities: bool,
    only_attributes: bool,
    /// As bits; `None`: all
    pub(crate) reasons: Option<u16>,
    /// Whether entries may be of other CAs' certificates
    pub(crate) indirect: bool,
    /// The extension as it is, by which a delta has the scope of its base
    der: Vec<u8>,
}

impl Scope {
    /// Reads the value of the extension; names relative to the issuer of the list are put together with `issuer`.
    pub(super) fn read(value: &[u8], issuer: &Name) -> Option<Self> {
        let mut scope = Self { der: value.to_vec(), ..Self::default() };
        let mut fields = whole(value, tag::SEQUENCE)?.inside();
        let mut last = 0;
        while !fields.is_empty() {
            let field = fields.next()?;
            if field.tag & 0x1f < last {
                return None;
            }
            last = (field.tag & 0x1f) + 1;
            let truth = || match field.content {
                [0xff] => Some(true),
                [0] => Some(false),
                _ => None,
            };
            match field.tag {
                0xa0 => scope.places = Some(places(field, issuer)?),
                0x81 => scope.only_users = truth()?,
                0x82 => scope.only_authorities = truth()?,
                0x83 => scope.reasons = Some(reasons(field)?),
                0x84 => scope.indirect = truth()?,
                0x85 => scope.only_attributes = truth()?,
                _ => return None,
            }
        }
        Some(scope)
    }

    /// Whether both are of the same scope, word for word (RFC 5280 5.2.4).
    pub(crate) fn is_same(one: Option<&Self>, other: Option<&Self>) -> bool {
        one.map(|one| &one.der) == other.map(|other| &other.der)
    }

    /// Whether a list of this scope speaks of a certificate at one of its distribution points (RFC 5280 6.3.3 (b)(2)).
    pub(crate) fn covers(&self, certificate: &Certificate, point: &Point) -> bool {
        if self.only_attributes
            || self.only_users && certificate.is_ca()
            || self.only_authorities && !certificate.is_ca()
        {
            return false;
        }
        let Some(places) = &self.places else { return true };
        let sought = if point.places.is_empty() { &point.issuers } else { &point.places };
        places.iter().any(|place| sought.iter().any(|other| other.same(place)))
    }
}

/// A distribution point of a certificate.
pub(crate) struct Point {
    places: Vec<Place>,
    /// As bits
    pub(crate) reasons: u16,
    /// cRLIssuer; empty: the issuer of the certificate
    issuers: Vec<Place>,
}

impl Point {
    /// The distribution points of a certificate, and last the one that goes without saying: lists of its issuer (RFC 5280
    /// 6.3.3, at the end). `None` where they cannot be read.
    pub(crate) fn of(certificate: &Certificate) -> Option<Vec<Self>> {
        let raw = Raw::read(certificate.der()).ok()?;
        let mut points = Vec::new();
        if let Some(extension) = raw.extension(oid::CRL_DISTRIBUTION_POINTS) {
            let mut list = whole(extension.value, tag::SEQUENCE)?.inside();
            while !list.is_empty() {
                points.push(Self::read(list.expect(tag::SEQUENCE)?, certificate)?);
            }
        }
        let own = vec![Place::directory(certificate.issuer())];
        points.push(Self { places: own, reasons: ALL_REASONS, issuers: Vec::new() });
        Some(points)
    }

    fn read(point: Element<'_>, certificate: &Certificate) -> Option<Self> {
        let (mut fields, mut named) = (point.inside(), None);
        let mut read = Self { places: Vec::new(), reasons: ALL_REASONS, issuers: Vec::new() };
        while !fields.is_empty() {
            let field = fields.next()?;
            match field.tag {
                0xa0 => named = Some(field),
                0x81 => read.reasons = reasons(field)?,
                0xa2 => read.issuers = names(field)?,
                _ => return None,
            }
        }
        let issuer = read.issuers.first().and_then(Place::name);
        if let Some(named) = named {
            read.places = places(named, issuer.as_ref().unwrap_or(certificate.issuer()))?;
        }
        Some(read)
    }

    /// Whether a list of this issuer and scope may be of this point (RFC 5280 6.3.3 (b)(1)).
    pub(crate) fn is_served_by(
        &self,
        issuer: &Name,
        scope: Option<&Scope>,
        certificate: &Certificate,
    ) -> bool {
        if self.issuers.is_empty() {
            return issuer.same(certificate.issuer());
        }
        let names = |place: &Place| place.name().is_some_and(|name| name.same(issuer));
        self.issuers.iter().any(names) && scope.is_some_and(|scope| scope.indirect)
    }
}

/// DistributionPointName: full names, or one that is relative to the issuer's.
fn places(field: Element<'_>, issuer: &Name) -> Option<Vec<Place>> {
    let mut inside = field.inside();
    let named = inside.next().filter(|_| inside.is_empty())?;
    match named.tag {
        0xa0 => names(named),
        0xa1 => {
            let (mut name, mut part) = (Vec::new(), Vec::new());
            put(&mut part, tag::SET, &[named.content]);
            put(&mut name, tag::SEQUENCE, &[whole(issuer.der(), tag::SEQUENCE)?.content, &part]);
            Some(vec![Place::directory(&Name::from_der(&name))])
        }
        _ => None,
    }
}

fn names(list: Element<'_>) -> Option<Vec<Place>> {
    let (mut members, mut found) = (list.inside(), Vec::new());
    while !members.is_empty() {
        found.push(Place(members.next()?.raw.to_vec()));
    }
    Some(found)
}

/// ReasonFlags, without the bit that is not used.
fn reasons(field: Element<'_>) -> Option<u16> {
    let (&unused, bits) = field.content.split_first()?;
    if unused > 7 || bits.len() > 2 {
        return None;
    }
    let all = bits.iter().enumerate().flat_map(|(index, octet)| {
        (0..8).filter(move |bit| octet & (0x80 >> bit) != 0).map(move |bit| index * 8 + bit)
    });
    Some(all.filter(|bit| *bit < 9).fold(0, |mask, bit| mask | 1 << bit) & ALL_REASONS)
}

/// The directory name among GeneralNames, as a list's entry names the issuer of its certificate.
pub(super) fn certificate_issuer(value: &[u8]) -> Option<Name> {
    names(whole(value, tag::SEQUENCE)?)?.iter().find_map(Place::name)
}
