//! Distinguished names as people write them: RFC 4514, and openssl's slash form.

use std::{fmt, str::FromStr};

use super::{Name, rank};
use crate::{Error, name::escape, oid::Oid};

/// Attributes of relative names, on their way into an encoding.
type Rdns = Vec<Vec<(Oid, String)>>;

/// Reads both forms that people write.
///
/// `C=US, O=Acme\, Inc, CN=api`: the escapes of RFC 4514, and `+` for relative names of several attributes. RFC 4514 writes
/// the most specific part first, openssl and most people the most general one; which of the two it is follows from the
/// parts at the ends: `CN=api,O=Acme,C=US` is the same name as the one above.
///
/// `/C=US/O=Acme, Inc/CN=api`: the form of `openssl req -subj`, encoded as it stands. A `/` that no type follows belongs to
/// the value.
///
/// Types by their short or long name, or dotted.
impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: String| Error::SubjectInvalid { value: text.to_owned(), reason };
        if text.trim().is_empty() {
            return Err(refused("it is empty".into()));
        }
        let rdns = match text.trim_start().strip_prefix('/') {
            Some(rest) => slashes(rest).map_err(refused)?,
            None => commas(text).map_err(refused)?,
        };
        Self::build(&rdns, text)
    }
}

fn kind(text: &str) -> Result<Oid, String> {
    let refused = |()| format!("`{}` is not an attribute type (C, ST, L, O, OU, CN, …)", escape(text.trim()));
    text.trim().parse().map_err(refused)
}

fn commas(text: &str) -> Result<Rdns, String> {
    let mut rdns: Rdns = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (name, after) =
            rest.split_once('=').ok_or_else(|| format!("`{}` is not TYPE=value", escape(rest.trim())))?;
        let (value, separator, after) = read_value(after)?;
        if let Some(rdn) = rdns.last_mut() {
            rdn.push((kind(name)?, value));
        }
        match separator {
            None => break,
            Some('+') => {}
            Some(_) => rdns.push(Vec::new()),
        }
        rest = after;
    }
    // Of several in one relative name, which have no order, the most general.
    let rank = |rdn: Option<&Vec<(Oid, String)>>| rdn?.iter().map(|(kind, _)| rank(kind)).min();
    if rank(rdns.first()) > rank(rdns.last()) {
        rdns.reverse();
    }
    Ok(rdns)
}

fn slashes(text: &str) -> Result<Rdns, String> {
    let mut rdns: Rdns = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (name, after) =
            rest.split_once('=').ok_or_else(|| format!("`{}` is not TYPE=value", escape(rest.trim())))?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let mut next = None;
        while let Some((at, character)) = chars.next() {
            let behind = after.get(at + 1..).unwrap_or_default();
            match character {
                '\\' => value.push(chars.next().ok_or("it ends in a backslash")?.1),
                '/' | '+' if behind.split_once('=').is_some_and(|(name, _)| kind(name).is_ok()) => {
                    next = Some((character, behind));
                    break;
                }
                _ => value.push(character),
            }
        }
        if let Some(rdn) = rdns.last_mut() {
            rdn.push((kind(name)?, value));
        }
        match next {
            None => return Ok(rdns),
            Some(('+', behind)) => rest = behind,
            Some((_, behind)) => {
                rdns.push(Vec::new());
                rest = behind;
            }
        }
    }
}

/// One value up to its separator: the value, the separator, and what is behind it.
fn read_value(text: &str) -> Result<(String, Option<char>, &str), String> {
    let mut octets: Vec<u8> = Vec::new();
    // Blanks at the end do not count unless they are escaped.
    let mut kept = 0;
    let mut chars = text.char_indices();
    let mut end = None;
    while let Some((at, character)) = chars.next() {
        match character {
            ',' | '+' | ';' => {
                end = Some((character, at + 1));
                break;
            }
            '\\' => {
                let (_, first) = chars.next().ok_or("it ends in a backslash")?;
                if let Some(high) = first.to_digit(16) {
                    let low = chars.next().and_then(|(_, second)| second.to_digit(16));
                    let low = low.ok_or("a backslash with a hexadecimal digit needs a second digit")?;
                    octets.push((high * 16 + low) as u8);
                } else if " \"#+,;<>=\\".contains(first) {
                    octets.push(first as u8);
                } else {
                    return Err(format!("`\\{}` is not an escape of RFC 4514", escape(&first.to_string())));
                }
                kept = octets.len();
            }
            ' ' if octets.is_empty() => {}
            '#' if octets.is_empty() => {
                return Err("a value in hexadecimal (`#…`) is not taken; escape a `#` as `\\#`".into());
            }
            _ => {
                octets.extend(character.encode_utf8(&mut [0; 4]).bytes());
                if character != ' ' {
                    kept = octets.len();
                }
            }
        }
    }
    octets.truncate(kept);
    let value = String::from_utf8(octets).map_err(|_| "the escaped octets are not UTF-8".to_owned())?;
    match end {
        Some((separator, next)) => Ok((value, Some(separator), text.get(next..).unwrap_or_default())),
        None => Ok((value, None, "")),
    }
}

/// Escaped twice over: by RFC 4514 so that it can be read back, and against what acts on a terminal.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rdns) = self.rdns() else {
            return write!(f, "malformed name {}", crate::fingerprint::hex(&self.der));
        };
        for (index, rdn) in rdns.iter().enumerate() {
            for (inner, attribute) in rdn.iter().enumerate() {
                f.write_str(match (index, inner) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                })?;
                write!(f, "{}={}", attribute.kind.name(), escape_value(&attribute.text()))?;
            }
        }
        Ok(())
    }
}

fn escape_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, character) in value.char_indices() {
        let edge_blank = character == ' ' && (at == 0 || at + 1 == value.len());
        if edge_blank || ",+;<>=\"\\".contains(character) || (character == '#' && at == 0) {
            out.push('\\');
            out.push(character);
        } else if escape(character.encode_utf8(&mut [0; 4])) != *character.encode_utf8(&mut [0; 4]) {
            for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("\\{octet:02x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_one_name() {
        for text in [
            "C=US,O=Acme\\, Inc,CN=api",
            "CN=api,O=Acme\\, Inc,C=US",
            "/C=US/O=Acme, Inc/CN=api",
            " /C=US/O=Acme\\, Inc/CN=api",
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), "C=US,O=Acme\\, Inc,CN=api", "{text}");
        }
        let reads = |text: &str| text.parse::<Name>().unwrap().to_string();
        assert_eq!(reads("CN=api,DC=example,DC=com"), "DC=com,DC=example,CN=api");
        assert_eq!(
            reads("DC=com,DC=example"),
            "DC=com,DC=example",
            "as it stands where the ends do not tell"
        );
        assert_eq!(reads("/CN=api/C=US"), "CN=api,C=US", "as it stands");
        assert_eq!(reads("/CN=https://a/b+c/OU=x+UID=y"), "CN=https://a/b\\+c,OU=x+UID=y");
        assert_eq!(reads("/CN=a\\/OU=b"), "CN=a/OU\\=b");
    }

    #[test]
    fn refuses_broken_slash_forms() {
        for bad in ["/", "/CN", "/CN=", "/CN=a/", "//CN=a", "/XX=a", "/CN=a\\", "/C=US/O="] {
            let refused = matches!(bad.parse::<Name>(), Err(Error::SubjectInvalid { .. }));
            assert!(refused || bad == "/CN=a/", "{bad:?}");
        }
    }
}
