//! PEM (RFC 7468): reading it as people really have it, and writing it.
//!
//! Files met in practice have a byte order mark, CRLF, UTF-16, indentation, text around the blocks, several kinds
//! of blocks, a blank line after BEGIN, or were cut off. The first five are read; a block that is cut off or broken
//! is an error, never passed over.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{Error, origin::Origin};

/// One block.
pub struct Block {
    /// The words between `BEGIN ` and the dashes: `CERTIFICATE`, `PRIVATE KEY`, …
    pub label: String,
    /// Encapsulated headers (RFC 1421), as in traditional encrypted keys: name and value.
    pub headers: Vec<(String, String)>,
    /// The decoded content; wiped on drop, because it may be a key.
    pub der: Zeroizing<Vec<u8>>,
    /// The line of `-----BEGIN`, counted from 1.
    pub line: usize,
}

/// Whether the bytes hold anything that begins a PEM block.
pub fn looks_like_pem(bytes: &[u8]) -> bool {
    if is_utf16(bytes) {
        return looks_like_pem(&utf16_to_utf8(bytes));
    }
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// All blocks, in order. None is not an error here.
///
/// # Errors
/// [`Error::PemBroken`] for a block that is not closed, closed by another label, or not base64.
pub fn blocks(bytes: &[u8], origin: &Origin) -> Result<Vec<Block>, Error> {
    if is_utf16(bytes) {
        return blocks(&utf16_to_utf8(bytes), origin);
    }
    let mut found = Vec::new();
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let Some(label) = boundary(line, BEGIN) else { continue };
        found.push(block(label, index + 1, &mut lines, origin)?);
    }
    Ok(found)
}

fn block<'a>(
    label: &[u8],
    line: usize,
    lines: &mut impl Iterator<Item = (usize, &'a [u8])>,
    origin: &Origin,
) -> Result<Block, Error> {
    let label = String::from_utf8_lossy(label).into_owned();
    let broken = |line: usize, problem: String| Error::PemBroken { origin: origin.clone(), line, problem };
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut text = Zeroizing::new(Vec::new());
    for (index, content) in lines {
        if content.starts_with(END) {
            if boundary(content, END) != Some(label.as_bytes()) {
                let other = String::from_utf8_lossy(content).into_owned();
                return Err(broken(
                    index + 1,
                    format!("the block `{label}` of line {line} is closed by `{other}`"),
                ));
            }
            let der = decode(&text).ok_or_else(|| {
                broken(line, format!("the block `{label}` is not base64; was it damaged in copying?"))
            })?;
            return Ok(Block { label, headers, der, line });
        }
        if boundary(content, BEGIN).is_some() {
            return Err(broken(
                line,
                format!("the block `{label}` is cut off: another begins before its END line"),
            ));
        }
        if text.is_empty() && content.contains(&b':') {
            let header = String::from_utf8_lossy(content);
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        } else {
            text.extend(content.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    Err(broken(line, format!("the block `{label}` is cut off: it has no END line")))
}

/// The label of a boundary line.
fn boundary<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

/// Decodes into one buffer of the right size, so that no copy of a key is left behind by its growing.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut der = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(text, &mut der).ok()?;
    der.truncate(length);
    Some(der)
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

fn utf16_to_utf8(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let big = bytes.starts_with(&[0xfe, 0xff]);
    let units = bytes.get(2..).unwrap_or_default().chunks_exact(2).map(|pair| match (pair, big) {
        (&[high, low], true) | (&[low, high], _) => u16::from_be_bytes([high, low]),
        _ => 0,
    });
    // The capacity covers any outcome, so the buffer does not move and leave copies.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    for unit in char::decode_utf16(units) {
        text.extend(unit.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]).bytes());
    }
    text
}

/// One block of lines of 64 characters, ending in a newline.
pub fn encode(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config)
}

/// As [`encode`], for a private key: the only copy is in a buffer that is wiped.
pub fn encode_secret(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut base64 = Zeroizing::new(vec![0; base64::encoded_len(der.len(), true).unwrap_or(0)]);
    let length = STANDARD.encode_slice(der, &mut base64).unwrap_or(0);
    let mut text = Zeroizing::new(Vec::with_capacity(base64.len() * 2 + label.len() * 2 + 64));
    text.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in base64.get(..length).unwrap_or_default().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Block>, Error> {
        blocks(bytes, &Origin::named("test"))
    }

    const DER: &[u8] = &[0x30, 0x03, 0x02, 0x01, 0x07];

    #[test]
    fn reads_what_people_have() {
        let plain = encode("CERTIFICATE", DER);
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for variant in [
            plain.clone().into_bytes(),
            format!("\u{feff}{plain}").into_bytes(),
            plain.replace('\n', "\r\n").into_bytes(),
            plain.replace('\n', "\n    ").into_bytes(),
            plain.replacen('\n', "\n\n", 1).into_bytes(),
            format!("subject=/CN=x\n{plain}trailing text").into_bytes(),
            plain.trim_end().as_bytes().to_vec(),
            utf16,
        ] {
            let blocks = read(&variant).unwrap();
            assert_eq!(blocks.len(), 1, "{}", String::from_utf8_lossy(&variant));
            assert_eq!((blocks[0].label.as_str(), blocks[0].der.as_slice()), ("CERTIFICATE", DER));
            assert!(looks_like_pem(&variant));
        }
        assert_eq!(read(&encode_secret("PRIVATE KEY", &[7; 100])).unwrap()[0].der.as_slice(), [7; 100]);
        assert_eq!(encode("A", &[7; 100]).as_bytes(), encode_secret("A", &[7; 100]).as_slice());
    }

    #[test]
    fn keeps_headers() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let blocks = read(text.as_bytes()).unwrap();
        assert_eq!(blocks[0].headers[0], ("Proc-Type".into(), "4,ENCRYPTED".into()));
        assert_eq!(blocks[0].der.as_slice(), [0, 0, 0]);
    }

    #[test]
    fn a_broken_block_is_an_error() {
        let plain = encode("CERTIFICATE", DER);
        for bad in [
            plain.replace("-----END CERTIFICATE-----\n", ""),
            plain.replace("END CERTIFICATE", "END X509 CRL"),
            plain.replace("MA", "M!"),
            plain.replace("-----END CERTIFICATE-----", &plain),
        ] {
            assert!(matches!(read(bad.as_bytes()), Err(Error::PemBroken { .. })), "{bad}");
        }
        assert!(read(b"no block here").unwrap().is_empty());
    }
}
