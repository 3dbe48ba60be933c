//! Hashes by which people and programs name keys and certificates, and hexadecimal text.

use ring::digest;

/// Lower-case hexadecimal, two digits an octet, nothing between.
pub fn hex(octets: &[u8]) -> String {
    write(octets, b"0123456789abcdef", None)
}

fn write(octets: &[u8], digits: &[u8; 16], between: Option<char>) -> String {
    let digit = |nibble: u8| char::from(digits.get(usize::from(nibble)).copied().unwrap_or(b'?'));
    let mut text = String::with_capacity(octets.len() * 3);
    for (index, &octet) in octets.iter().enumerate() {
        text.extend(between.filter(|_| index > 0));
        text.push(digit(octet >> 4));
        text.push(digit(octet & 15));
    }
    text
}

/// Octets from hexadecimal text of either case, with or without colons; `None` where it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut digits = text.bytes().filter(|&byte| byte != b':').map(|byte| char::from(byte).to_digit(16));
    while let Some(high) = digits.next() {
        octets.push((high? << 4 | digits.next()??) as u8);
    }
    Some(octets)
}

/// As openssl prints fingerprints: `AB:CD:…`.
pub fn colons(octets: &[u8]) -> String {
    write(octets, b"0123456789ABCDEF", Some(':'))
}

/// SHA-256: 32 octets.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap_or_default()
}

/// SHA-1: 20 octets. For comparing with what other tools print, never for trust.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_and_back() {
        assert_eq!(hex(&[0, 0xab, 0x7f]), "00ab7f");
        assert_eq!(unhex("00:AB:7f").unwrap(), [0, 0xab, 0x7f]);
        assert_eq!((unhex("0"), unhex("zz")), (None, None));
        assert_eq!(colons(&[0xab, 1]), "AB:01");
        assert_eq!(hex(&sha256(b"abc"))[..8], *"ba7816bf");
        assert_eq!(hex(&sha1(b"abc"))[..8], *"a9993e36");
    }
}
