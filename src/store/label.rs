//! Names as directory names: one rule, reversible, safe on file systems that ignore case.
//!
//! Lower-case letters, digits, `.` and `-` stand for themselves; a capital letter is `_` and its lower-case form; `_` is
//! `__`; a blank is `+`; every other byte of the UTF-8 form is `%` and two hexadecimal digits, and so is a `.` or `-`
//! in front. `Acme Root` is `_acme+_root`, `*.example.com` is `%2a.example.com`.

use crate::{Error, name::San};

/// Longest directory name in bytes that file systems allow.
const LONGEST: usize = 255;

/// The directory name of a name.
///
/// # Errors
/// [`Error::NameInvalid`] for names that are empty, too long, hold control characters, or look like a path.
pub fn directory_name(name: &str) -> Result<String, Error> {
    let refused = |reason: String| Error::NameInvalid { name: name.to_owned(), reason };
    if name.trim() != name || name.is_empty() {
        return Err(refused("it is empty, or begins or ends with a blank".into()));
    }
    if let Some(control) = name.chars().find(|c| c.is_control()) {
        return Err(refused(format!("it holds the control character {}", control.escape_unicode())));
    }
    if name.contains("..") {
        return Err(refused("it holds `..`".into()));
    }
    if name.contains('/') && !matches!(name.parse(), Ok(San::Uri(_))) {
        return Err(refused("it holds `/` and is not a URI".into()));
    }
    let mut label = String::new();
    for (index, byte) in name.bytes().enumerate() {
        match byte {
            b'.' | b'-' if index > 0 => label.push(char::from(byte)),
            b'a'..=b'z' | b'0'..=b'9' => label.push(char::from(byte)),
            b'A'..=b'Z' => label.extend(['_', char::from(byte.to_ascii_lowercase())]),
            b'_' => label.push_str("__"),
            b' ' => label.push('+'),
            other => label.push_str(&format!("%{other:02x}")),
        }
    }
    if label.len() > LONGEST {
        return Err(refused(format!("it is too long: {} characters", name.chars().count())));
    }
    Ok(label)
}

/// The name of a directory name; `None` for what the rule does not make.
pub fn name_of(label: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = label.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => match rest.next()? {
                b'_' => b'_',
                letter @ b'a'..=b'z' => letter.to_ascii_uppercase(),
                _ => return None,
            },
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(rest.next()?)? * 16 + digit(rest.next()?)?) as u8
            }
            other => other,
        });
    }
    let name = String::from_utf8(bytes).ok()?;
    (directory_name(&name).ok()? == label).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rule() {
        for (name, label) in [
            ("api.internal", "api.internal"),
            ("Acme Root", "_acme+_root"),
            ("*.example.com", "%2a.example.com"),
            ("my_service", "my__service"),
            ("spiffe://acme/api", "spiffe%3a%2f%2facme%2fapi"),
            ("-rf", "%2drf"),
            (".hidden", "%2ehidden"),
            ("日", "%e6%97%a5"),
        ] {
            assert_eq!(directory_name(name).unwrap(), label);
            assert_eq!(name_of(label).unwrap(), name);
        }
        let long = "x".repeat(300);
        for bad in ["", " a", "a ", "a/b", "../x", "a..b", "..", "a\nb", "a\u{0}", "/etc", &long] {
            assert!(matches!(directory_name(bad), Err(Error::NameInvalid { .. })), "{bad:?}");
        }
        for foreign in ["UPPER", "a_", "%zz", "%41", ".", "..", ".pkit-1-x", "a b", ""] {
            assert_eq!(name_of(foreign), None, "{foreign:?}");
        }
    }

    proptest! {
        #[test]
        fn reversible_and_case_safe(one in "\\PC{1,40}", two in "\\PC{1,40}") {
            if let Ok(label) = directory_name(&one) {
                prop_assert_eq!(name_of(&label), Some(one.clone()));
                prop_assert!(!label.contains('/') && !label.starts_with('.') && label == label.to_lowercase());
                if let Ok(other) = directory_name(&two) {
                    prop_assert_eq!(label == other, one == two);
                }
            }
        }
    }
}
