//! The few lines of DER (X.690) that no crate of ours offers: walking over elements while keeping their exact
//! bytes, and putting long lists together. All other writing is yasna's work, and whole certificates are x509-parser's.

pub(crate) mod ber;
pub(crate) mod text;
pub(crate) mod time;

/// Universal and context tags used here, as identifier octets.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8: u8 = 0x0c;
    pub(crate) const NUMERIC: u8 = 0x12;
    pub(crate) const PRINTABLE: u8 = 0x13;
    pub(crate) const T61: u8 = 0x14;
    pub(crate) const IA5: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE: u8 = 0x1a;
    pub(crate) const UNIVERSAL: u8 = 0x1c;
    pub(crate) const BMP: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
}

/// One element: identifier octet, content, and the whole encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) raw: &'a [u8],
    lenient: bool,
}

impl<'a> Element<'a> {
    /// The same content under the tag that an implicit one stands for.
    pub(crate) fn as_tagged(self, tag: u8) -> Self {
        Self { tag, ..self }
    }

    /// Walks over the elements inside.
    pub(crate) fn inside(&self) -> Reader<'a> {
        Reader { rest: self.content, lenient: self.lenient }
    }
}

/// Walks over consecutive elements. Definite, minimal lengths only, as DER demands, unless lengths may be longer than they
/// need to be. Of a tag with a high number, which nothing of X.509 has, [`Element::tag`] is the first octet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    lenient: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, lenient: false }
    }

    /// For judging what is no DER: lengths need not be minimal, here and in all that is inside.
    pub(crate) fn lenient(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, lenient: true }
    }

    /// What was not walked over yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, or `None` where there is none or it is not DER.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, mut after_tag) = self.rest.split_first()?;
        if tag & 0x1f == 0x1f {
            after_tag = after_tag.get(high_tag(after_tag)?..)?;
        }
        let (&first, mut after) = after_tag.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let octets = usize::from(first & 0x7f);
            if octets == 0 || octets > 4 {
                return None;
            }
            let (digits, tail) = after.split_at_checked(octets)?;
            after = tail;
            let length = digits.iter().fold(0usize, |sum, &digit| sum << 8 | usize::from(digit));
            if !self.lenient && (length < 0x80 || digits.first() == Some(&0)) {
                return None;
            }
            length
        };
        let (content, rest) = after.split_at_checked(length)?;
        let raw = self.rest.get(..self.rest.len() - rest.len())?;
        self.rest = rest;
        Some(Element { tag, content, raw, lenient: self.lenient })
    }

    /// The next element, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }
}

/// The octets that the number of a high tag takes (X.690 8.1.2.4), at most four.
fn high_tag(bytes: &[u8]) -> Option<usize> {
    bytes.iter().take(4).position(|octet| octet & 0x80 == 0).map(|last| last + 1)
}

/// One element that fills `bytes` entirely.
pub(crate) fn whole(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.is_empty().then_some(element)
}

/// Whether the content of a BIT STRING is DER (X.690 11.2): bits that are not used are zero.
pub(crate) fn is_bit_string(content: &[u8]) -> bool {
    match content {
        [0] => true,
        [unused @ 0..=7, .., last] => u32::from(*unused) <= last.trailing_zeros(),
        _ => false,
    }
}

/// How deep values are looked into; none that people make goes deeper.
const DEEPEST: usize = 16;

/// Whether the bytes are exactly one element that others can read too: constructed ones hold elements, and the primitive
/// ones whose content has a shape have it.
pub(crate) fn is_well_formed(bytes: &[u8]) -> bool {
    fn holds(element: Element<'_>, depth: usize) -> bool {
        let text = || std::str::from_utf8(element.content);
        match element.tag {
            1 => matches!(element.content, [0 | 0xff]),
            tag::INTEGER | 0x0a => match element.content {
                [] => false,
                [0, next, ..] => *next >= 0x80,
                [0xff, next, ..] => *next < 0x80,
                _ => true,
            },
            tag::BIT_STRING => is_bit_string(element.content),
            5 => element.content.is_empty(),
            tag::OID => crate::oid::Oid::from_content(element.content).components().is_some(),
            tag::UTF8 => text().is_ok(),
            tag::PRINTABLE | tag::IA5 | tag::NUMERIC => element.content.is_ascii(),
            tag::BMP => element.content.len().is_multiple_of(2),
            tag::UNIVERSAL => element.content.len().is_multiple_of(4),
            other if other & 0x20 != 0 => {
                let mut inside = element.inside();
                let mut all = depth < DEEPEST;
                while all && !inside.is_empty() {
                    all = inside.next().is_some_and(|member| holds(member, depth + 1));
                }
                all
            }
            _ => true,
        }
    }
    let mut reader = Reader::new(bytes);
    reader.next().is_some_and(|element| reader.is_empty() && holds(element, 0))
}

/// A SEQUENCE of parts that are DER already.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            for part in parts {
                writer.next().write_der(part);
            }
        });
    })
}

/// Appends the identifier octet and the length of an element, whose content follows.
pub(crate) fn put_head(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let digits = octets.iter().skip_while(|&&octet| octet == 0);
            out.push(0x80 | digits.clone().count() as u8);
            out.extend(digits);
        }
    }
}

/// Appends an element whose content is these parts.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    put_head(out, tag, parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_der_and_nothing_else() {
        assert_eq!(whole(&[0x02, 0x01, 0x05], tag::INTEGER).unwrap().content, [5]);
        for bad in [
            &[0x02][..],
            &[0x02, 0x02, 0x05],
            &[0x02, 0x81, 0x01, 0x05],             // length not minimal
            &[0x30, 0x80, 0x00, 0x00],             // indefinite length
            &[0x1f, 0xff, 0xff, 0xff, 0xff, 1, 0], // high tag number without end
            &[0x02, 0x85, 1, 0, 0, 0, 0, 0],       // absurd length
        ] {
            assert!(Reader::new(bad).next().is_none(), "{bad:02x?}");
        }
        assert!(whole(&[0x02, 0x01, 0x05, 0x00], tag::INTEGER).is_none(), "trailing byte");
        assert_eq!(
            Reader::new(&[0x7f, 0x81, 0x01, 0x01, 0x05]).next().unwrap().content,
            [5],
            "high tag number"
        );
        let outer = Reader::lenient(&[0x30, 0x81, 4, 0x02, 0x81, 0x01, 0x05]).next().unwrap();
        assert_eq!(outer.inside().next().unwrap().content, [5], "leniency goes inwards");
        for good in
            [&[5, 0][..], &[0x30, 0], &[0x30, 3, 2, 1, 5], &[0x0c, 1, 0x61], &[1, 1, 0xff], &[4, 1, 9]]
        {
            assert!(is_well_formed(good), "{good:02x?}");
        }
        for bad in [
            &[][..],
            &[5, 0, 5, 0],
            &[1, 1, 0xfe],
            &[1, 3, 1, 2, 3],
            &[2, 0],
            &[2, 2, 0, 1],
            &[0x30, 2, 2, 5],
            &[0x0c, 1, 0xff],
            &[0x1e, 1, 0x78],
            &[6, 2, 0x55, 0x80],
        ] {
            assert!(!is_well_formed(bad), "{bad:02x?}");
        }
    }

    #[test]
    fn what_is_put_reads_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let (content, mut out) = (vec![7; length], Vec::new());
            put(&mut out, tag::OCTET_STRING, &[&content[..length / 2], &content[length / 2..]]);
            assert_eq!(whole(&out, tag::OCTET_STRING).unwrap().content, content);
        }
    }
}
