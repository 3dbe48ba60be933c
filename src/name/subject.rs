//! Distinguished names (RFC 5280 4.1.2.4) in text (RFC 4514) and DER.

mod fit;
mod text;

use std::{borrow::Cow, fmt};

use yasna::Tag;

use super::escape;
use crate::{
    Error,
    der::{self, tag},
    oid::{self, Oid},
};

/// A distinguished name, held as its exact DER, because a chain links only where the issuer's bytes are repeated
/// as they are.
///
/// Printed as a list of `TYPE=value` with commas, in the order of the encoding — most general first
/// (`C=US,O=Acme,CN=api`), as openssl prints it — with the escapes of RFC 4514.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Box<[u8]>,
}

/// One attribute of a name: its type, the tag of its string type, the octets of its value, and their encoding.
struct Attribute<'a> {
    kind: Oid,
    tag: u8,
    value: &'a [u8],
    raw: &'a [u8],
}

/// The attributes of a relative name, each by its type and its folded text, sorted.
type NormalRdn = Vec<(Vec<u8>, String)>;

impl Name {
    /// A name from its DER. Not checked: what cannot be read prints as hex.
    pub fn from_der(der: &[u8]) -> Self {
        Self { der: der.into() }
    }

    /// A name of one attribute, the common name.
    ///
    /// # Errors
    /// [`Error::SubjectInvalid`] where the value is empty, longer than 64 characters, or holds control characters.
    pub fn from_common_name(value: &str) -> Result<Self, Error> {
        Self::build(&[vec![(Oid::from_content(oid::COMMON_NAME), value.to_owned())]], value)
    }

    /// The empty name.
    pub fn empty() -> Self {
        Self { der: Box::new([0x30, 0x00]) }
    }

    /// The exact DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether there is no attribute in it.
    pub fn is_empty(&self) -> bool {
        *self.der == [0x30, 0x00]
    }

    /// The content of the OID and the value, unescaped, of all attributes in order; none where the DER is none of a name.
    pub fn attributes(&self) -> Vec<(&[u8], Cow<'_, str>)> {
        let read = || {
            let mut sets = der::whole(&self.der, tag::SEQUENCE)?.inside();
            let mut all = Vec::new();
            while !sets.is_empty() {
                let mut members = sets.expect(tag::SET)?.inside();
                while !members.is_empty() {
                    let mut pair = members.expect(tag::SEQUENCE)?.inside();
                    let kind = pair.expect(tag::OID)?.content;
                    let value = pair.next()?;
                    let borrowed = matches!(value.tag, tag::UTF8 | tag::PRINTABLE | tag::IA5)
                        .then(|| std::str::from_utf8(value.content).ok())
                        .flatten();
                    let text = borrowed.map_or_else(
                        || Cow::Owned(text_of(value.tag, value.content, value.raw)),
                        Cow::Borrowed,
                    );
                    all.push((kind, text));
                }
            }
            Some(all)
        };
        read().unwrap_or_default()
    }

    /// Values of all attributes of one type, in order, unescaped.
    pub(crate) fn values(&self, kind: &[u8]) -> Vec<String> {
        self.rdns()
            .unwrap_or_default()
            .iter()
            .flatten()
            .filter(|attribute| attribute.kind.content() == kind)
            .map(Attribute::text)
            .collect()
    }

    /// The last (most specific) common name, unescaped.
    pub fn common_name(&self) -> Option<String> {
        self.values(oid::COMMON_NAME).pop()
    }

    /// All common names, unescaped, in order.
    pub fn common_names(&self) -> Vec<String> {
        self.values(oid::COMMON_NAME)
    }

    /// The e-mail addresses in it (PKCS#9), unescaped, in order.
    pub fn email_addresses(&self) -> Vec<String> {
        self.values(oid::EMAIL_ADDRESS)
    }

    /// The organizational units, unescaped, in order.
    pub fn organizational_units(&self) -> Vec<String> {
        self.values(oid::ORGANIZATIONAL_UNIT)
    }

    /// The common name, or else the whole name: what a person calls it. Escaped for a terminal.
    pub fn short(&self) -> String {
        match self.common_name() {
            Some(name) => escape(&name).into_owned(),
            None if self.is_empty() => "(no subject)".to_owned(),
            None => self.to_string(),
        }
    }

    /// Adds a common name at the end, where there is none.
    ///
    /// # Errors
    /// As [`Name::from_common_name`].
    pub fn with_common_name(self, value: &str) -> Result<Self, Error> {
        if self.common_name().is_some() {
            return Ok(self);
        }
        self.with(&Oid::from_content(oid::COMMON_NAME), &[value])
    }

    /// With these values for a type of attribute instead of those it has, each in a relative name of its own and in the
    /// place where its type belongs: countries before states, organizations before their units, common names last.
    ///
    /// # Errors
    /// As [`Name::from_common_name`].
    pub fn with<V: AsRef<str>>(self, kind: &Oid, values: &[V]) -> Result<Self, Error> {
        let mut sets: Vec<(u8, Vec<u8>)> = Vec::new();
        for rdn in self.rdns().unwrap_or_default() {
            let kept: Vec<_> = rdn.iter().filter(|attribute| attribute.kind != *kind).collect();
            if let Some(first) = kept.first() {
                let pairs = kept.iter().map(|attribute| attribute.pair()).collect();
                sets.push((rank(&first.kind), set_of(pairs)));
            }
        }
        let place = sets.iter().position(|(other, _)| *other > rank(kind)).unwrap_or(sets.len());
        for value in values.iter().rev().map(AsRef::as_ref) {
            let refused = |reason| Error::SubjectInvalid { value: value.to_owned(), reason };
            sets.insert(place, (rank(kind), set_of(vec![encode(kind, value).map_err(refused)?])));
        }
        let parts: Vec<&[u8]> = sets.iter().map(|(_, set)| set.as_slice()).collect();
        Ok(Self { der: der::sequence(&parts).into() })
    }

    /// Whether the name begins with all of `base` (RFC 5280 4.2.1.10, directory name constraints).
    pub fn is_within(&self, base: &Self) -> bool {
        match (self.normal(), base.normal()) {
            (Some(name), Some(base)) => name.starts_with(&base),
            _ => false,
        }
    }

    /// Whether its DER is that of a name at all.
    pub fn is_readable(&self) -> bool {
        let known = |attribute: &Attribute<'_>| attribute.tag & 0x1f != 0x1f;
        self.rdns().is_some_and(|rdns| rdns.iter().flatten().all(known))
    }

    /// Whether both are the same name in the sense of RFC 5280 7.1: string types, case and runs of blanks do not
    /// count.
    pub fn same(&self, other: &Self) -> bool {
        self.der == other.der
            || (self.may_be_same(other)
                && matches!((self.normal(), other.normal()), (Some(one), Some(two)) if one == two))
    }

    /// Cheaply, whether the names could be the same: `false` at the first pair of relative names of one ASCII string
    /// each that differ even if blanks and case do not count. Most names that are compared differ, and folding all of
    /// both costs more than reading a certificate.
    fn may_be_same(&self, other: &Self) -> bool {
        let sets = |name| Some(der::whole(name, tag::SEQUENCE)?.inside());
        let (Some(mut ones), Some(mut twos)) = (sets(&self.der), sets(&other.der)) else { return true };
        loop {
            match (ones.next(), twos.next()) {
                (None, None) => return true,
                // Of different length, or not DER: the full comparison decides.
                (None, _) | (_, None) => return true,
                (Some(one), Some(two)) if one.raw == two.raw => {}
                (Some(one), Some(two)) => match (plain_value(one), plain_value(two)) {
                    (Some(one), Some(two)) => {
                        let fold = |value: &'_ [u8]| {
                            let kept = value.iter().filter(|octet| !char::from(**octet).is_whitespace());
                            kept.map(u8::to_ascii_lowercase).collect::<Vec<_>>()
                        };
                        if fold(one) != fold(two) {
                            return false;
                        }
                    }
                    _ => return true,
                },
            }
        }
    }

    /// The attributes, by relative distinguished name; `None` where the DER is none of a name.
    fn rdns(&self) -> Option<Vec<Vec<Attribute<'_>>>> {
        let mut sets = der::whole(&self.der, tag::SEQUENCE)?.inside();
        let mut rdns = Vec::new();
        while !sets.is_empty() {
            let mut members = sets.expect(tag::SET)?.inside();
            let mut rdn = Vec::new();
            while !members.is_empty() {
                let mut pair = members.expect(tag::SEQUENCE)?.inside();
                let kind = Oid::from_content(pair.expect(tag::OID)?.content);
                let value = pair.next()?;
                rdn.push(Attribute { kind, tag: value.tag, value: value.content, raw: value.raw });
            }
            rdns.push(rdn);
        }
        Some(rdns)
    }

    /// For comparison: per relative name its attributes, folded and sorted.
    fn normal(&self) -> Option<Vec<NormalRdn>> {
        let fold = |attribute: &Attribute<'_>| {
            let words = attribute.text();
            let words: Vec<_> = words.split_whitespace().collect();
            (attribute.kind.content().to_vec(), words.join(" ").to_lowercase())
        };
        let rdns = self.rdns()?;
        Some(
            rdns.iter()
                .map(|rdn| {
                    let mut folded: Vec<_> = rdn.iter().map(fold).collect();
                    folded.sort();
                    folded
                })
                .collect(),
        )
    }

    /// Encodes checked attributes.
    fn build(rdns: &[Vec<(Oid, String)>], whole: &str) -> Result<Self, Error> {
        let refused = |reason| Error::SubjectInvalid { value: whole.to_owned(), reason };
        let mut sets = Vec::new();
        for rdn in rdns {
            let mut pairs = Vec::new();
            for (kind, value) in rdn {
                pairs.push(encode(kind, value).map_err(refused)?);
            }
            sets.push(set_of(pairs));
        }
        let parts: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
        Ok(Self { der: der::sequence(&parts).into() })
    }
}

/// How general a part of a name is: 0 for countries and domains, 6 for what names a thing itself.
fn rank(kind: &Oid) -> u8 {
    match kind.content() {
        oid::COUNTRY | oid::DOMAIN_COMPONENT => 0,
        oid::STATE => 1,
        oid::LOCALITY => 2,
        oid::STREET | oid::POSTAL_CODE => 3,
        oid::ORGANIZATION => 4,
        oid::ORGANIZATIONAL_UNIT => 5,
        _ => 6,
    }
}

/// A SET OF encoded attributes; DER wants the members in ascending order.
fn set_of(mut pairs: Vec<Vec<u8>>) -> Vec<u8> {
    pairs.sort();
    pairs.dedup();
    yasna::construct_der(|writer| {
        writer.write_set_of(|writer| {
            for pair in &pairs {
                writer.next().write_der(pair);
            }
        });
    })
}

/// The value of a relative name of one attribute, where it is ASCII in a string type of one octet a character.
fn plain_value(set: der::Element<'_>) -> Option<&[u8]> {
    let mut members = set.inside();
    let mut pair = members.expect(tag::SEQUENCE)?.inside();
    pair.expect(tag::OID)?;
    let value = pair.next().filter(|_| members.is_empty())?;
    let plain = matches!(value.tag, tag::UTF8 | tag::PRINTABLE | tag::IA5) && value.content.is_ascii();
    plain.then_some(value.content)
}

/// Encodes one attribute with the string type and the length limits of RFC 5280 appendix A.
fn encode(kind: &Oid, value: &str) -> Result<Vec<u8>, String> {
    let name = kind.name();
    let limit = match kind.content() {
        oid::COMMON_NAME
        | oid::ORGANIZATION
        | oid::ORGANIZATIONAL_UNIT
        | oid::SERIAL_NUMBER
        | oid::TITLE
        | oid::DN_QUALIFIER => 64,
        oid::LOCALITY | oid::STATE => 128,
        oid::EMAIL_ADDRESS => 255,
        oid::COUNTRY => 2,
        _ => 32768,
    };
    let count = value.chars().count();
    if count == 0 {
        return Err(format!("{name} is empty"));
    }
    if count > limit {
        return Err(format!("{name} has {count} characters; RFC 5280 allows {limit}"));
    }
    if let Some(odd) = value.chars().find(|c| super::acts(*c)) {
        return Err(format!(
            "{name} holds the character {}, which deceives who reads it",
            odd.escape_unicode()
        ));
    }
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let string_tag = match kind.content() {
        oid::COUNTRY => {
            if count != 2 || !value.chars().all(|c| c.is_ascii_alphabetic()) {
                return Err("C is a country code of two letters, such as US".into());
            }
            tag::PRINTABLE
        }
        oid::SERIAL_NUMBER | oid::DN_QUALIFIER => {
            if !value.chars().all(printable) {
                return Err(format!("{name} allows letters, digits and ' ( ) + , - . / : = ? only"));
            }
            tag::PRINTABLE
        }
        oid::EMAIL_ADDRESS | oid::DOMAIN_COMPONENT => {
            if !value.is_ascii() {
                return Err(format!("{name} allows ASCII only"));
            }
            tag::IA5
        }
        _ => tag::UTF8,
    };
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&kind.der());
            writer.next().write_tagged_implicit(
                Tag { tag_class: yasna::TagClass::Universal, tag_number: u64::from(string_tag) },
                |writer| writer.write_bytes(value.as_bytes()),
            );
        });
    }))
}

impl Attribute<'_> {
    /// The whole attribute, as it was encoded.
    fn pair(&self) -> Vec<u8> {
        der::sequence(&[&self.kind.der(), self.raw])
    }

    /// The value as text, unescaped: UTF-8, PrintableString and IA5String as they are, T61String as Latin-1 (what
    /// every other reader does), BMPString and UniversalString converted; anything else as `#` and hex.
    fn text(&self) -> String {
        text_of(self.tag, self.value, self.raw)
    }
}

fn text_of(tag: u8, value: &[u8], raw: &[u8]) -> String {
    der::text::read(tag, value).unwrap_or_else(|| format!("#{}", crate::fingerprint::hex(raw)))
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in [
            "CN=api",
            "C=US,ST=California,O=MyCompany,CN=My Root",
            r"O=Acme\, Inc,CN=a\+b\=c",
            "DC=com,DC=example,CN=b+OU=a",
            "CN=日本",
            r"CN=\ edge\ ",
            r"CN=\#hash",
            "1.2.3.4=x",
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
            assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        }
        let loose: Name = " C = US ;  cn=  x  y ".parse().unwrap();
        assert_eq!(loose.to_string(), "C=US,CN=x  y");
        assert_eq!(r"CN=\c3\a4".parse::<Name>().unwrap().to_string(), "CN=ä");
    }

    #[test]
    fn refuses() {
        let long = format!("CN={}", "x".repeat(65));
        for bad in [
            "",
            "CN",
            "CN=",
            "C=USA",
            "C=1x",
            "XX=1",
            "CN=a,",
            r"CN=a\",
            r"CN=\zz",
            "CN=\u{1b}",
            &long,
            r"CN=\ff",
        ] {
            assert!(matches!(bad.parse::<Name>(), Err(Error::SubjectInvalid { .. })), "{bad:?}");
        }
    }

    #[test]
    fn comparison_folds() {
        let one: Name = "C=US,O=Acme  Corp,CN=a".parse().unwrap();
        let two: Name = "C=us,O=acme corp,CN=A".parse().unwrap();
        assert!(one != two && one.same(&two));
        for other in
            ["C=US,O=Acme  Corp,CN=b", "C=US,O=Acme  Corp", "C=DE,O=Acme  Corp,CN=a", "C=US,O=Acme,CN=a"]
        {
            assert!(!one.same(&other.parse().unwrap()), "{other}");
        }
        let (one_type, another): (Name, Name) = ("CN=a".parse().unwrap(), "OU=a".parse().unwrap());
        assert!(!one_type.same(&another));
        assert!("CN=ä".parse::<Name>().unwrap().same(&"CN=Ä".parse().unwrap()));
        assert!(one.is_within(&"C=US,O=ACME Corp".parse().unwrap()));
        assert!(!one.is_within(&"O=Acme Corp".parse().unwrap()));
        assert!(one.is_within(&Name::empty()));
    }

    #[test]
    fn common_name_is_added_once() {
        let base: Name = "C=US,O=Acme".parse().unwrap();
        let full = base.with_common_name("api").unwrap();
        assert_eq!(full.to_string(), "C=US,O=Acme,CN=api");
        assert_eq!(full.clone().with_common_name("other").unwrap(), full);
        let unit = "OU".parse().unwrap();
        let full = full.with(&unit, &["a", "b"]).unwrap();
        assert_eq!(full.to_string(), "C=US,O=Acme,OU=a,OU=b,CN=api");
        assert_eq!(full.with::<&str>(&unit, &[]).unwrap().to_string(), "C=US,O=Acme,CN=api");
    }

    #[test]
    fn strangers_strings_do_not_act() {
        let name = Name::from_der(&yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_set(|w| {
                    w.next().write_sequence(|w| {
                        w.next().write_oid(&yasna::models::ObjectIdentifier::from_slice(&[2, 5, 4, 3]));
                        w.next().write_utf8_string("a\u{1b}[2Jb");
                    });
                });
            });
        }));
        assert_eq!(name.to_string(), r"CN=a\1b[2Jb");
        assert!(!name.short().contains('\u{1b}'));
        assert!(Name::from_der(&[1, 2, 3]).to_string().starts_with("malformed"));
    }
}
