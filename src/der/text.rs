//! What elements say in text: strings of all kinds, and any element in one line.

use super::{Element, Reader, tag};
use crate::{fingerprint::hex, name::escape, oid::Oid};

/// A string of this tag, unescaped: T61String as Latin-1, as every other reader takes it. `None` where it is none.
pub(crate) fn read(kind: u8, value: &[u8]) -> Option<String> {
    let wide = |width: usize| {
        let code = |chunk: &[u8]| chunk.iter().fold(0u32, |sum, &octet| sum << 8 | u32::from(octet));
        let exact = value.len().is_multiple_of(width);
        exact.then(|| match width {
            2 => {
                let units = value.chunks(2).map(|chunk| code(chunk) as u16);
                char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect::<String>()
            }
            _ => value.chunks(4).map(|chunk| char::from_u32(code(chunk)).unwrap_or('\u{fffd}')).collect(),
        })
    };
    match kind {
        tag::UTF8 | tag::PRINTABLE | tag::IA5 | tag::NUMERIC | tag::VISIBLE => {
            String::from_utf8(value.to_vec()).ok()
        }
        tag::T61 => Some(value.iter().map(|&octet| char::from(octet)).collect()),
        tag::BMP => wide(2),
        tag::UNIVERSAL => wide(4),
        _ => None,
    }
}

/// Deeper elements are told as hexadecimal.
const DEEPEST: usize = 8;
/// Longer texts are cut off; whoever needs all has the octets.
const LONGEST: usize = 400;

/// Any element in one line, escaped for a terminal: `{1.2.3, "text", 5}`. `None` where the bytes are not DER, or it would
/// get long.
pub(crate) fn line(der: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut reader = Reader::new(der);
    tell(reader.next()?, &mut text, 0)?;
    reader.is_empty().then_some(text)
}

fn tell(element: Element<'_>, text: &mut String, depth: usize) -> Option<()> {
    match element.tag {
        tag::BOOLEAN => text.push_str(if element.content == [0] { "FALSE" } else { "TRUE" }),
        tag::INTEGER | tag::ENUMERATED => text.push_str(&number(element.content)),
        tag::NULL => text.push_str("NULL"),
        tag::OID => text.push_str(&Oid::from_content(element.content).name()),
        tag::UTC_TIME | tag::GENERALIZED_TIME => match super::time::read_any_time(element) {
            Some(time) => text.push_str(&crate::validity::format_time(time)),
            None => text.push_str(&hex(element.content)),
        },
        _ if element.tag & 0x20 != 0 && depth < DEEPEST => {
            let mut inside = element.inside();
            let name =
                if element.tag & 0x80 != 0 { format!("[{}]", element.tag & 0x1f) } else { String::new() };
            text.push_str(&name);
            text.push('{');
            let mut comma = "";
            while !inside.is_empty() {
                text.push_str(comma);
                comma = ", ";
                tell(inside.next()?, text, depth + 1)?;
            }
            text.push('}');
        }
        _ => match read(element.tag, element.content) {
            Some(string) => text.push_str(&format!("\"{}\"", escape(&string))),
            None if element.tag & 0x80 != 0 => {
                text.push_str(&format!("[{}]{}", element.tag & 0x1f, hex(element.content)));
            }
            None => text.push_str(&hex(element.content)),
        },
    }
    (text.len() <= LONGEST).then_some(())
}

/// The content octets of an INTEGER: in decimal where it is small, otherwise `0x` and hexadecimal.
pub(crate) fn number(content: &[u8]) -> String {
    let negative = content.first().is_some_and(|first| *first >= 0x80);
    match content.len() {
        1..=8 => {
            let start = if negative { -1i64 } else { 0 };
            content.iter().fold(start, |sum, &octet| sum << 8 | i64::from(octet)).to_string()
        }
        _ => format!("0x{}", hex(content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_element_in_a_line() {
        for (der, text) in [
            (&[0x30, 8, 2, 1, 5, 0x0c, 1, 0x41, 5, 0][..], Some("{5, \"A\", NULL}")),
            (&[0x30, 5, 6, 3, 0x55, 4, 3], Some("{CN}")),
            (&[0x0c, 4, 0x1b, 0x5b, 0x32, 0x4a], Some("\"\\u{1b}[2J\"")),
            (&[0xa1, 3, 0x82, 1, 9], Some("[1]{[2]09}")),
            (&[1, 1, 0xff], Some("TRUE")),
            (&[2, 1, 0x80], Some("-128")),
            (&[2, 1, 5, 5, 0], None),
            (&[0x30, 5, 1], None),
        ] {
            assert_eq!(line(der).as_deref(), text, "{der:02x?}");
        }
    }
}
