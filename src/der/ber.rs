//! BER (X.690 section 8) brought into the form of DER, as far as readers of files need it: Windows, Java and NSS write
//! PKCS#12 and PKCS#7 with indefinite lengths and strings in pieces, and OpenSSL reads certificates with lengths that are
//! longer than they have to be.

use super::{high_tag, put, put_head, tag};

/// How deep elements may lie in each other.
const DEEPEST: usize = 48;
/// The first element of the bytes with definite and minimal lengths and strings in one piece, and how many bytes it took.
/// `None` where it is not BER. What primitive elements hold is not looked at, and what is broken inside of an element of
/// definite length stays as it is.
pub(crate) fn to_der(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut rest = bytes;
    let mut out = Vec::with_capacity(bytes.len().min(1 << 20));
    element(&mut rest, &mut out, 0)?;
    Some((out, bytes.len() - rest.len()))
}

/// The tag of a string that may come in pieces; the pieces have it too.
fn is_string(tag: u8) -> bool {
    matches!(
        tag,
        tag::OCTET_STRING | tag::BIT_STRING | tag::UTF8 | tag::NUMERIC | tag::PRINTABLE | tag::T61 | tag::IA5
    ) || matches!(tag, tag::UTC_TIME | tag::GENERALIZED_TIME | 0x1a..=0x1c | tag::BMP)
}

/// Reads an element and appends it.
fn element(rest: &mut &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    let (&identifier, after) = rest.split_first()?;
    *rest = after;
    let high = if identifier & 0x1f == 0x1f { high_tag(rest)? } else { 0 };
    let (number, after) = rest.split_at_checked(high)?;
    *rest = after;
    let length = length(rest)?;
    let mut put = |identifier, content: &[u8]| match number {
        [] => put(out, identifier, &[content]),
        number => {
            out.push(identifier);
            out.extend_from_slice(number);
            // The head of any tag, without the tag.
            let mut head = Vec::new();
            put_head(&mut head, 0, content.len());
            out.extend(head.into_iter().skip(1).chain(content.iter().copied()));
        }
    };
    let constructed = identifier & 0x20 != 0;
    if !constructed {
        let (content, after) = rest.split_at_checked(length?)?;
        *rest = after;
        // Some readers do not look at the bit that tells a SEQUENCE or SET from what is primitive.
        if matches!(identifier | 0x20, tag::SEQUENCE | tag::SET) {
            let mut inside = Vec::new();
            let whole = elements(content, &mut inside, depth + 1);
            put(identifier | 0x20, whole.map_or(content, |()| &inside));
        } else {
            put(identifier, content);
        }
        return Some(());
    }
    let mut inside = Vec::new();
    match length {
        Some(length) => {
            let (content, after) = rest.split_at_checked(length)?;
            *rest = after;
            if elements(content, &mut inside, depth + 1).is_none() {
                put(if is_string(identifier & !0x20) { identifier & !0x20 } else { identifier }, content);
                return Some(());
            }
        }
        None => {
            if depth == DEEPEST {
                return None;
            }
            while !rest.starts_with(&[0, 0]) {
                element(rest, &mut inside, depth + 1)?;
            }
            *rest = rest.get(2..)?;
        }
    }
    match is_string(identifier & !0x20) {
        true => put(identifier & !0x20, &joined(identifier & !0x20, &inside).unwrap_or(inside)),
        false => put(identifier, &inside),
    }
    Some(())
}

/// Reads all elements of a content.
fn elements(mut content: &[u8], out: &mut Vec<u8>, depth: usize) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    while !content.is_empty() {
        element(&mut content, out, depth)?;
    }
    Some(())
}

/// The content of a string in pieces, which are DER by now.
fn joined(kind: u8, pieces: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(pieces.len());
    let mut reader = super::Reader::new(pieces);
    while !reader.is_empty() {
        let piece = reader.expect(kind)?.content;
        match (kind, whole.is_empty()) {
            // The count of unused bits stands before each piece; only the last may have any.
            (tag::BIT_STRING, false) => {
                *whole.first_mut()? = *piece.first()?;
                whole.extend_from_slice(piece.get(1..)?);
            }
            _ => whole.extend_from_slice(piece),
        }
    }
    if kind == tag::BIT_STRING && whole.is_empty() {
        whole.push(0);
    }
    Some(whole)
}

/// The length; `None` inside for an indefinite one.
fn length(rest: &mut &[u8]) -> Option<Option<usize>> {
    let (&first, mut after) = rest.split_first()?;
    let length = match first {
        0..0x80 => Some(usize::from(first)),
        0x80 => None,
        _ => {
            let (digits, tail) = after.split_at_checked(usize::from(first & 0x7f))?;
            after = tail;
            let mut length = 0usize;
            for &digit in digits {
                length = length.checked_mul(256)?.checked_add(usize::from(digit))?;
            }
            Some(length)
        }
    };
    *rest = after;
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ber_becomes_der() {
        for (ber, der) in [
            (&[0x30, 0x80, 2, 1, 5, 0, 0][..], &[0x30, 3, 2, 1, 5][..]),
            (&[0x30, 0x81, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]),
            (&[0x30, 0x83, 0, 0, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]),
            (&[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0], &[4, 3, 7, 8, 9]),
            (&[0x23, 8, 3, 2, 0, 0xf0, 3, 2, 4, 0x30], &[3, 3, 4, 0xf0, 0x30]),
            (&[0x23, 0], &[3, 1, 0]),
            (&[0x7f, 0x20, 0x81, 0], &[0x7f, 0x20, 0]),
            (&[0x30, 5, 0x30, 3, 2, 9, 9], &[0x30, 5, 0x30, 3, 2, 9, 9]),
            (&[0x10, 2, 0x38, 0], &[0x30, 2, 0x18, 0]),
            (&[0x24, 3, 2, 1, 5], &[4, 3, 2, 1, 5]),
            (&[0xa0, 0x80, 0x30, 0x80, 0, 0, 0, 0], &[0xa0, 2, 0x30, 0]),
        ] {
            assert_eq!(to_der(ber), Some((der.to_vec(), ber.len())), "{ber:02x?}");
        }
        assert_eq!(to_der(&[5, 0, 9]), Some((vec![5, 0], 2)), "what follows is not looked at");
    }

    #[test]
    fn what_is_neither_is_told() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 2, 5],
            &[0x30, 0x80, 5, 0],
            &[4, 0x80, 0, 0],
            &[0x1f, 0x81],
            &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(to_der(bad), None, "{bad:02x?}");
        }
        let deep = [[0x30, 0x80]; 1000].concat();
        assert_eq!(to_der(&deep), None);
    }
}
