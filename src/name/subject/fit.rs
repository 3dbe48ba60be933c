//! Whether the exact bytes of a stranger's name can go into a certificate that every peer can read.

use super::{Attribute, Name};
use crate::{
    der::{self, tag},
    name::acts,
    oid,
};

impl Name {
    /// Why the name cannot be put into a new certificate as it stands: what Go or OpenSSL would not read, or what would deceive
    /// a person; `None` where it can (RFC 5280 4.1.2.4 and appendix A).
    pub fn unfit(&self) -> Option<String> {
        let Some(rdns) = self.rdns() else {
            return Some("its DER is not that of a distinguished name".into());
        };
        if rdns.iter().any(Vec::is_empty) {
            return Some("a part of it is empty".into());
        }
        let exact = rdns.iter().flatten().map(Attribute::pair).map(|pair| pair.len()).sum::<usize>();
        if exact != self.pairs_length() {
            return Some("an attribute of it is more than a type and a value".into());
        }
        rdns.iter().flatten().find_map(Attribute::unfit)
    }

    /// Octets of all attributes, as they stand.
    fn pairs_length(&self) -> usize {
        let mut sum = 0;
        let mut sets = der::whole(&self.der, tag::SEQUENCE).map(|sets| sets.inside());
        while let Some(set) = sets.as_mut().and_then(der::Reader::next) {
            sum += set.content.len();
        }
        sum
    }
}

impl Attribute<'_> {
    fn unfit(&self) -> Option<String> {
        let name = self.kind.name();
        if self.kind.components().is_none() {
            return Some("a type of attribute in it is no object identifier".into());
        }
        let printable = |octet: &u8| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(octet);
        let exact = match self.tag {
            tag::UTF8 => std::str::from_utf8(self.value).is_ok(),
            tag::PRINTABLE => self.value.iter().all(printable),
            tag::IA5 => self.value.is_ascii(),
            tag::NUMERIC => self.value.iter().all(|octet| octet.is_ascii_digit() || *octet == b' '),
            tag::T61 => true,
            tag::BMP => self.value.len().is_multiple_of(2),
            tag::UNIVERSAL => self.value.len().is_multiple_of(4),
            _ => return Some(format!("{name} is no string")),
        };
        let text = self.text();
        if !exact || text.contains('\u{fffd}') {
            return Some(format!("{name} holds what its type of string cannot hold"));
        }
        if text.is_empty() {
            return Some(format!("{name} is empty"));
        }
        if self.kind.content() == oid::EMAIL_ADDRESS && self.tag != tag::IA5 {
            return Some(format!("{name} is no IA5String (RFC 5280 4.1.2.6)"));
        }
        let odd = text.chars().find(|character| acts(*character))?;
        Some(format!("{name} holds the character {}, which deceives who reads it", odd.escape_unicode()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: &[u8], tag: u8, value: &[u8], after: &[u8]) -> Name {
        let element = |tag: u8, content: &[u8]| [&[tag, content.len() as u8][..], content].concat();
        let pair = element(0x30, &[element(6, kind), element(tag, value), after.to_vec()].concat());
        Name::from_der(&element(0x30, &element(0x31, &pair)))
    }

    #[test]
    fn what_others_cannot_read_is_unfit() {
        let cn = oid::COMMON_NAME;
        assert_eq!(name(cn, tag::UTF8, "ä".as_bytes(), &[]).unfit(), None);
        assert_eq!(name(cn, tag::BMP, &[0, 0x61], &[]).unfit(), None);
        assert_eq!("C=US,O=Acme+OU=x,CN=y".parse::<Name>().unwrap().unfit(), None);
        assert_eq!(Name::empty().unfit(), None);
        for bad in [
            name(cn, tag::UTF8, &[0x61, 0xff], &[]),
            name(cn, tag::UTF8, b"a", &[5, 0]),
            name(cn, tag::UTF8, b"", &[]),
            name(cn, tag::UTF8, "a\u{202e}b".as_bytes(), &[]),
            name(cn, tag::UTF8, b"a\nb", &[]),
            name(cn, tag::PRINTABLE, b"a*b", &[]),
            name(cn, tag::IA5, &[0x80], &[]),
            name(cn, tag::NUMERIC, b"abc", &[]),
            name(cn, tag::BMP, &[0, 0x61, 0], &[]),
            name(cn, tag::BMP, &[0xd8, 0], &[]),
            name(cn, tag::UNIVERSAL, &[0, 0, 0x61], &[]),
            name(cn, 0x1b, b"a", &[]),
            name(cn, 1, &[1, 2, 3], &[]),
            name(cn, 0x30, &[], &[]),
            name(&[], tag::UTF8, b"a", &[]),
            name(&[0x55, 4, 0x80, 3], tag::UTF8, b"a", &[]),
            name(oid::EMAIL_ADDRESS, tag::UTF8, b"a@b.c", &[]),
            Name::from_der(&[0x30, 2, 0x31, 0]),
            Name::from_der(&[1]),
        ] {
            assert!(bad.unfit().is_some(), "{bad}");
        }
    }
}
