//! Names: distinguished names (RFC 5280 4.1.2.4), DNS names, and the alternative names of a certificate
//! (RFC 5280 4.2.1.6) — and how a stranger's string is made safe for a terminal.

mod dns;
mod general;
mod mailbox;
mod san;
mod subject;
mod subtree;

use std::borrow::Cow;

pub use dns::DnsName;
pub use general::GeneralName;
pub(crate) use mailbox::is_mailbox;
pub use san::San;
pub use subject::Name;
pub use subtree::Subtree;

/// Escapes what could act on a terminal or hide: control characters, bidirectional overrides, and the
/// characters that have no width. `\u{1b}` is printed instead of obeyed.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if acts(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character could act on a terminal, or hide.
pub(crate) fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_what_acts_on_a_terminal() {
        assert_eq!(escape("Bücher \"x\" 日本"), "Bücher \"x\" 日本");
        assert_eq!(escape("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\u{a}c");
        assert_eq!(escape("\u{202e}txt.exe"), "\\u{202e}txt.exe");
    }
}
