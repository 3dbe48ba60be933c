//! Certificates, CRLs and requests read leniently: what breaks a rule is still read as far as it goes, so that it can be
//! told.

use crate::{
    der::{Element, Reader, tag},
    oid,
};

/// An extension as it stands.
#[derive(Clone, Copy)]
pub(super) struct Ext<'a> {
    pub(super) oid: &'a [u8],
    pub(super) critical: bool,
    /// The BOOLEAN, where it is written out.
    pub(super) flag: Option<Element<'a>>,
    /// The content of the OCTET STRING.
    pub(super) value: &'a [u8],
}

impl Ext<'_> {
    /// Its name, or dotted.
    pub(super) fn name(&self) -> String {
        oid::Oid::from_content(self.oid).name()
    }
}

/// One attribute of a distinguished name.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) oid: &'a [u8],
    pub(super) value: Element<'a>,
}

/// SIGNED{…} (RFC 5280 4.1): three parts.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) tbs: Element<'a>,
    pub(super) algorithm: Element<'a>,
    pub(super) signature: Element<'a>,
}

/// What a part that cannot be read is called.
pub(super) type Missing = &'static str;

pub(super) fn signed(der: &[u8]) -> Result<Signed<'_>, Missing> {
    let mut outer = Reader::lenient(der).expect(tag::SEQUENCE).ok_or("the outer SEQUENCE")?.inside();
    Ok(Signed {
        tbs: outer.expect(tag::SEQUENCE).ok_or("the signed part")?,
        algorithm: outer.expect(tag::SEQUENCE).ok_or("signatureAlgorithm")?,
        signature: outer.expect(tag::BIT_STRING).ok_or("the signature")?,
    })
}

/// TBSCertificate (RFC 5280 4.1.2).
pub(super) struct Certificate<'a> {
    pub(super) signed: Signed<'a>,
    /// The content of the INTEGER; `None` for the default, version 1.
    pub(super) version: Option<&'a [u8]>,
    pub(super) serial: Element<'a>,
    pub(super) algorithm: Element<'a>,
    pub(super) issuer: Element<'a>,
    pub(super) validity: Element<'a>,
    pub(super) subject: Element<'a>,
    pub(super) spki: Element<'a>,
    /// issuerUniqueID or subjectUniqueID.
    pub(super) unique_id: bool,
    /// `None` where the field is absent.
    pub(super) extensions: Option<Vec<Ext<'a>>>,
    /// Something inside of the extensions, or behind them, is not what it has to be.
    pub(super) oddity: Option<Missing>,
}

impl<'a> Certificate<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Missing> {
        let signed = signed(der)?;
        let mut fields = signed.tbs.inside();
        let version = optional(&mut fields, 0xa0);
        let serial = fields.expect(tag::INTEGER).ok_or("serialNumber")?;
        let mut read = Self {
            signed,
            version: version.and_then(|version| version.inside().next()).map(|version| version.content),
            serial,
            algorithm: fields.expect(tag::SEQUENCE).ok_or("signature")?,
            issuer: fields.expect(tag::SEQUENCE).ok_or("issuer")?,
            validity: fields.expect(tag::SEQUENCE).ok_or("validity")?,
            subject: fields.expect(tag::SEQUENCE).ok_or("subject")?,
            spki: fields.expect(tag::SEQUENCE).ok_or("subjectPublicKeyInfo")?,
            unique_id: false,
            extensions: None,
            oddity: None,
        };
        while !fields.is_empty() {
            let Some(field) = fields.next() else {
                read.oddity = Some("what follows the public key");
                break;
            };
            match field.tag {
                0x81 | 0x82 | 0xa1 | 0xa2 => read.unique_id = true,
                0xa3 => {
                    let (extensions, oddity) = extensions(field);
                    read.extensions = Some(extensions);
                    read.oddity = read.oddity.or(oddity);
                }
                _ => read.oddity = Some("a field that no certificate has"),
            }
        }
        Ok(read)
    }

    pub(super) fn all(&self) -> &[Ext<'a>] {
        self.extensions.as_deref().unwrap_or_default()
    }

    pub(super) fn ext(&self, oid: &[u8]) -> Option<&Ext<'a>> {
        find(self.all(), oid)
    }

    pub(super) fn is_ca(&self) -> bool {
        basic_constraints(self.all()).is_some_and(|(ca, _)| ca)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        use crate::name::Name;
        self.issuer.raw == self.subject.raw
            || Name::from_der(self.issuer.raw).same(&Name::from_der(self.subject.raw))
    }
}

/// TBSCertList (RFC 5280 5.1.2).
pub(super) struct Crl<'a> {
    pub(super) signed: Signed<'a>,
    pub(super) version: Option<&'a [u8]>,
    pub(super) algorithm: Element<'a>,
    pub(super) issuer: Element<'a>,
    pub(super) this_update: Element<'a>,
    pub(super) next_update: Option<Element<'a>>,
    /// revokedCertificates; `None` where absent.
    pub(super) entries: Option<Element<'a>>,
    pub(super) extensions: Option<Vec<Ext<'a>>>,
    pub(super) oddity: Option<Missing>,
}

impl<'a> Crl<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Missing> {
        let signed = signed(der)?;
        let mut fields = signed.tbs.inside();
        let version = optional(&mut fields, tag::INTEGER).map(|version| version.content);
        let algorithm = fields.expect(tag::SEQUENCE).ok_or("signature")?;
        let issuer = fields.expect(tag::SEQUENCE).ok_or("issuer")?;
        let this_update = fields.next().filter(is_time).ok_or("thisUpdate")?;
        let mut read = Self {
            signed,
            version,
            algorithm,
            issuer,
            this_update,
            next_update: None,
            entries: None,
            extensions: None,
            oddity: None,
        };
        while !fields.is_empty() {
            let Some(field) = fields.next() else {
                read.oddity = Some("what follows thisUpdate");
                break;
            };
            match field.tag {
                tag::UTC_TIME | tag::GENERALIZED_TIME => read.next_update = Some(field),
                tag::SEQUENCE => read.entries = Some(field),
                0xa0 => {
                    let (extensions, oddity) = extensions(field);
                    read.extensions = Some(extensions);
                    read.oddity = read.oddity.or(oddity);
                }
                _ => read.oddity = Some("a field that no CRL has"),
            }
        }
        Ok(read)
    }
}

/// CertificationRequestInfo (RFC 2986 4.1).
pub(super) struct Request<'a> {
    pub(super) signed: Signed<'a>,
    pub(super) version: Element<'a>,
    pub(super) subject: Element<'a>,
    pub(super) spki: Element<'a>,
    /// Type and values.
    pub(super) attributes: Vec<(&'a [u8], Element<'a>)>,
    pub(super) oddity: Option<Missing>,
}

impl<'a> Request<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Missing> {
        let signed = signed(der)?;
        let mut fields = signed.tbs.inside();
        let mut read = Self {
            signed,
            version: fields.expect(tag::INTEGER).ok_or("version")?,
            subject: fields.expect(tag::SEQUENCE).ok_or("subject")?,
            spki: fields.expect(tag::SEQUENCE).ok_or("subjectPKInfo")?,
            attributes: Vec::new(),
            oddity: None,
        };
        let Some(attributes) = fields.expect(0xa0) else {
            read.oddity = Some("the attributes");
            return Ok(read);
        };
        for attribute in members(attributes) {
            let mut parts = attribute.inside();
            match (parts.expect(tag::OID), parts.next()) {
                (Some(kind), Some(values)) => read.attributes.push((kind.content, values)),
                _ => read.oddity = Some("an attribute"),
            }
        }
        Ok(read)
    }

    /// The extensions that are asked for.
    pub(super) fn extensions(&self) -> Vec<Ext<'a>> {
        let wanted = |kind: &[u8]| kind == oid::EXTENSION_REQUEST || kind == oid::MS_EXTENSION_REQUEST;
        let values = self.attributes.iter().filter(|(kind, _)| wanted(kind)).map(|(_, values)| *values);
        values.flat_map(|values| extensions(values).0).collect()
    }
}

fn is_time(element: &Element<'_>) -> bool {
    matches!(element.tag, tag::UTC_TIME | tag::GENERALIZED_TIME)
}

/// The next field, if it has this tag; it stays where it is otherwise.
pub(super) fn optional<'a>(fields: &mut Reader<'a>, tag: u8) -> Option<Element<'a>> {
    let found = { *fields }.next().filter(|field| field.tag == tag)?;
    let _ = fields.next();
    Some(found)
}

/// The members of a constructed element, as far as they can be read.
pub(super) fn members<'a>(element: Element<'a>) -> impl Iterator<Item = Element<'a>> {
    let mut inside = element.inside();
    std::iter::from_fn(move || inside.next())
}

/// Members, where every one can be read and there is nothing else.
pub(super) fn all_members<'a>(element: Element<'a>) -> Option<Vec<Element<'a>>> {
    let mut inside = element.inside();
    let mut found = Vec::new();
    while !inside.is_empty() {
        found.push(inside.next()?);
    }
    Some(found)
}

/// What fills `bytes` and has this tag.
pub(super) fn whole(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut reader = Reader::lenient(bytes);
    let element = reader.expect(tag)?;
    reader.is_empty().then_some(element)
}

/// The members of a SEQUENCE that fills the bytes.
pub(super) fn sequence(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    all_members(whole(bytes, tag::SEQUENCE)?)
}

/// Extensions in a SEQUENCE inside of an element.
pub(super) fn extensions<'a>(field: Element<'a>) -> (Vec<Ext<'a>>, Option<Missing>) {
    let list = field.inside().next().filter(|list| list.tag == tag::SEQUENCE);
    match list {
        Some(list) => extension_list(list),
        None => (Vec::new(), Some("the extensions")),
    }
}

/// Extensions of which the element is the SEQUENCE.
pub(super) fn extension_list<'a>(list: Element<'a>) -> (Vec<Ext<'a>>, Option<Missing>) {
    let mut oddity = None;
    let mut found = Vec::new();
    let mut inside = list.inside();
    while !inside.is_empty() {
        let Some(extension) = inside.next() else {
            oddity = Some("an extension");
            break;
        };
        let mut parts = extension.inside();
        let kind = parts.expect(tag::OID);
        let critical = optional(&mut parts, tag::BOOLEAN);
        match (kind, parts.expect(tag::OCTET_STRING)) {
            (Some(kind), Some(value)) => found.push(Ext {
                oid: kind.content,
                critical: critical.is_some_and(|flag| flag.content.iter().any(|&octet| octet != 0)),
                flag: critical,
                value: value.content,
            }),
            _ => oddity = Some("an extension"),
        }
    }
    (found, oddity)
}

pub(super) fn find<'e, 'a>(extensions: &'e [Ext<'a>], oid: &[u8]) -> Option<&'e Ext<'a>> {
    extensions.iter().find(|extension| extension.oid == oid)
}

/// cA, and the content of pathLenConstraint.
pub(super) fn basic_constraints<'a>(extensions: &[Ext<'a>]) -> Option<(bool, Option<&'a [u8]>)> {
    let value = find(extensions, oid::BASIC_CONSTRAINTS)?.value;
    let mut fields = whole(value, tag::SEQUENCE)?.inside();
    let ca = optional(&mut fields, tag::BOOLEAN);
    let path_length = optional(&mut fields, tag::INTEGER);
    Some((ca.is_some_and(|ca| ca.content.iter().any(|&o| o != 0)), path_length.map(|p| p.content)))
}

/// The bits of keyUsage, the first of them lowest.
pub(super) fn key_usage(extensions: &[Ext<'_>]) -> Option<u16> {
    let value = find(extensions, oid::KEY_USAGE)?.value;
    let content = whole(value, tag::BIT_STRING)?.content;
    let octets = content.get(1..).unwrap_or_default().iter().take(2).enumerate();
    Some(octets.fold(0, |bits, (index, octet)| bits | u16::from(octet.reverse_bits()) << (8 * index)))
}

/// The usages of extKeyUsage.
pub(super) fn extended_key_usage<'a>(extensions: &[Ext<'a>]) -> Option<Vec<&'a [u8]>> {
    let members = sequence(find(extensions, oid::EXTENDED_KEY_USAGE)?.value)?;
    Some(members.iter().map(|member| member.content).collect())
}

/// The names of an alternative name extension.
pub(super) fn names<'a>(extensions: &[Ext<'a>], oid: &[u8]) -> Vec<Element<'a>> {
    find(extensions, oid).and_then(|extension| sequence(extension.value)).unwrap_or_default()
}

/// The keyIdentifier of authorityKeyIdentifier.
pub(super) fn authority_key_id<'a>(extensions: &[Ext<'a>]) -> Option<&'a [u8]> {
    let fields = sequence(find(extensions, oid::AUTHORITY_KEY_ID)?.value)?;
    fields.iter().find(|field| field.tag == 0x80).map(|field| field.content)
}

/// The octets of subjectKeyIdentifier.
pub(super) fn subject_key_id<'a>(extensions: &[Ext<'a>]) -> Option<&'a [u8]> {
    Some(whole(find(extensions, oid::SUBJECT_KEY_ID)?.value, tag::OCTET_STRING)?.content)
}

/// The RDNs of a distinguished name; `None` where it is none.
pub(super) fn rdns<'a>(name: Element<'a>) -> Option<Vec<Vec<Attribute<'a>>>> {
    let mut found = Vec::new();
    for rdn in all_members(name)? {
        if rdn.tag != tag::SET {
            return None;
        }
        let mut attributes = Vec::new();
        for attribute in all_members(rdn)? {
            let mut parts = attribute.inside();
            let kind = parts.expect(tag::OID)?;
            attributes.push(Attribute { oid: kind.content, value: parts.next()? });
        }
        found.push(attributes);
    }
    Some(found)
}

/// All attributes of a name, as far as it can be read.
pub(super) fn attributes<'a>(name: Element<'a>) -> Vec<Attribute<'a>> {
    rdns(name).unwrap_or_default().into_iter().flatten().collect()
}

/// The characters of a string of any of the kinds that names are made of.
pub(super) fn text(element: &Element<'_>) -> Option<String> {
    let content = element.content;
    match element.tag {
        tag::UTF8 | tag::PRINTABLE | tag::IA5 | tag::NUMERIC | 0x1a => {
            std::str::from_utf8(content).ok().map(str::to_owned)
        }
        tag::T61 => Some(content.iter().map(|&octet| char::from(octet)).collect()),
        tag::BMP => {
            let units = content.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xd800,
            });
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        tag::UNIVERSAL => content
            .chunks(4)
            .map(|four| char::from_u32(u32::from_be_bytes(<[u8; 4]>::try_from(four).ok()?)))
            .collect(),
        _ => None,
    }
}

/// A small number that is not negative.
pub(super) fn small(content: &[u8]) -> Option<u64> {
    match content {
        [] => None,
        [first, ..] if first & 0x80 != 0 => None,
        digits => {
            let digits: Vec<u8> = digits.iter().copied().skip_while(|&digit| digit == 0).collect();
            (digits.len() <= 8).then(|| digits.iter().fold(0, |sum, &digit| sum << 8 | u64::from(digit)))
        }
    }
}

/// Those that are there more than once, each told once.
pub(super) fn repeated<T: Copy + Eq + std::hash::Hash>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut counts: std::collections::HashMap<T, usize> = std::collections::HashMap::new();
    let mut found = Vec::new();
    for item in all {
        let count = counts.entry(item).or_default();
        *count += 1;
        if *count == 2 {
            found.push(item);
        }
    }
    found
}
