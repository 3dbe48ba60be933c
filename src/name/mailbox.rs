//! E-mail addresses as alternative names hold them: Mailbox of RFC 5321 4.1.2 (RFC 5280 4.2.1.6).

/// Whether the text is `local-part@host`: a dot-string or a quoted string, and an address literal or what `is_host` takes.
pub(crate) fn is_mailbox(text: &str, is_host: impl FnOnce(&str) -> bool) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let is_literal = host.starts_with('[') && host.ends_with(']');
    (is_dot_string(local) || is_quoted(local)) && (is_literal || is_host(host))
}

/// Atoms with dots between them.
pub(crate) fn is_dot_string(local: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

/// Printable ASCII in quotation marks, without one inside.
fn is_quoted(local: &str) -> bool {
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_told_from_other_text() {
        let good = ["a@b.c", "a.b+c@x", "\"a b\"@x", "a@[10.0.0.1]", "\"\"@x"];
        let bad = ["", "a", "@x", "a..b@x", ".a@x", "a b@x", "\"a\"b\"@x", "\"@x", "a@", "ä@x", "a@[x"];
        for text in good {
            assert!(is_mailbox(text, |host| host.ends_with(['c', 'x'])), "{text}");
        }
        for text in bad {
            assert!(!is_mailbox(text, |host| host == "x"), "{text}");
        }
    }
}
