//! PEM (RFC 7468): reading it as people really have it, and writing it.
//!
//! Files met in practice have a byte order mark, CRLF, UTF-16, indentation, text around the blocks, several kinds
//! of blocks, a blank line after BEGIN, or were cut off. The first five are read; a block that is cut off or broken
//! is an error, never passed over.

mod chunks;

use std::{io::BufRead, ops::Range};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

pub use chunks::{Chunk, Chunks};

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
    // A dash is rare enough in anything but PEM that looking at what follows each costs next to nothing.
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| byte == b'-') {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(BEGIN) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Bytes in which blocks can be found: as they are, or converted from UTF-16.
pub enum Text<'a> {
    /// As they were given.
    Plain(&'a [u8]),
    /// Converted; wiped on drop, because there may be a key in it.
    Converted(Zeroizing<Vec<u8>>),
}

impl<'a> Text<'a> {
    /// Takes the bytes of a file.
    pub fn new(bytes: &'a [u8]) -> Self {
        if is_utf16(bytes) { Self::Converted(utf16_to_utf8(bytes)) } else { Self::Plain(bytes) }
    }

    /// Takes a piece of a text that stands behind this many lines. Only the first can begin with a mark of its encoding.
    pub fn piece(bytes: &'a [u8], lines: usize) -> Self {
        if lines == 0 { Self::new(bytes) } else { Self::Plain(bytes) }
    }

    /// The blocks, found one after the other, none of them decoded.
    pub fn armors<'t>(&'t self, origin: &'t Origin) -> Armors<'t> {
        self.armors_behind(0, origin)
    }

    /// The same of a text that stands behind this many lines.
    pub fn armors_behind<'t>(&'t self, lines: usize, origin: &'t Origin) -> Armors<'t> {
        Armors { rest: self.bytes(), length: self.bytes().len(), line: lines, origin }
    }

    /// The text itself, into which [`Armor::span`] points.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Converted(bytes) => bytes.as_slice(),
        }
    }
}

/// The outside of one block: its content is not decoded yet.
pub struct Armor<'a> {
    /// The words between `BEGIN ` and the dashes. A stranger's string.
    pub label: String,
    /// The line of `-----BEGIN`, counted from 1.
    pub line: usize,
    /// Where it stands in the text, from the first dash to the last.
    pub span: Range<usize>,
    body: &'a [u8],
    origin: &'a Origin,
}

/// A block that is not whole.
pub struct Broken {
    /// What its BEGIN line says it is. A stranger's string.
    pub label: String,
    /// What is wrong with it: [`Error::PemBroken`]
    pub error: Error,
}

/// Walks over the blocks of a text; see [`Text::armors`]. After a broken block the search goes on behind it.
#[derive(Clone)]
pub struct Armors<'a> {
    rest: &'a [u8],
    /// Of the whole text.
    length: usize,
    line: usize,
    origin: &'a Origin,
}

impl<'a> Armors<'a> {
    /// The next line, without its end and what is blank around it, and its number.
    fn line(&mut self) -> Option<(&'a [u8], usize)> {
        if self.rest.is_empty() {
            return None;
        }
        let mut after = self.rest;
        // From a slice this cannot fail; it is the standard library's fast search for one byte.
        let length = after.skip_until(b'\n').unwrap_or(self.rest.len());
        let line = self.rest.get(..length).unwrap_or_default();
        self.rest = after;
        self.line += 1;
        Some((line.trim_ascii(), self.line))
    }

    /// The rest of a block that begins in this line and at this place of the text.
    fn block(&mut self, label: &[u8], begin: usize, at: usize) -> Result<Armor<'a>, Broken> {
        let label = String::from_utf8_lossy(label).into_owned();
        let broken = |line: usize, problem: String| Broken {
            label: label.clone(),
            error: Error::PemBroken { origin: self.origin.clone(), line, problem },
        };
        let start = self.rest;
        let mut ahead = self.clone();
        loop {
            let before = ahead.rest.len();
            let Some((content, number)) = ahead.line() else {
                *self = ahead;
                return Err(broken(begin, format!("the block `{label}` is cut off: it has no END line")));
            };
            if content.starts_with(END) {
                let origin = self.origin;
                *self = ahead;
                if boundary(content, END) != Some(label.as_bytes()) {
                    let other = String::from_utf8_lossy(content).into_owned();
                    return Err(broken(
                        number,
                        format!("the block `{label}` of line {begin} is closed by `{other}`"),
                    ));
                }
                let body = start.get(..start.len() - before).unwrap_or_default();
                let whole = start.get(..start.len() - self.rest.len()).unwrap_or_default();
                let end = self.length - start.len() + whole.trim_ascii_end().len();
                return Ok(Armor { label, line: begin, span: at..end, body, origin });
            }
            if boundary(content, BEGIN).is_some() {
                return Err(broken(
                    begin,
                    format!("the block `{label}` is cut off: another begins before its END line"),
                ));
            }
            // What was read is behind us, but a BEGIN line is left for the next search.
            self.rest = ahead.rest;
            self.line = ahead.line;
        }
    }
}

impl<'a> Iterator for Armors<'a> {
    type Item = Result<Armor<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.rest;
            let (line, number) = self.line()?;
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            if let Some(label) = boundary(line, BEGIN) {
                let indent = memchr::memmem::find(text, BEGIN).unwrap_or(0);
                return Some(self.block(label, number, self.length - text.len() + indent));
            }
        }
    }
}

impl Armor<'_> {
    /// Decodes the content.
    ///
    /// # Errors
    /// [`Error::PemBroken`] where it is not base64.
    pub fn decode(self) -> Result<Block, Error> {
        let mut headers: Vec<(String, String)> = Vec::new();
        // The capacity covers it all, so the buffer does not move and leave copies of a key.
        let mut text = Zeroizing::new(Vec::with_capacity(self.body.len()));
        for content in self.body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
            if text.is_empty() && content.contains(&b':') {
                let header = String::from_utf8_lossy(content);
                let (name, value) = header.split_once(':').unwrap_or((&header, ""));
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            } else {
                text.extend_from_slice(content);
            }
        }
        // Blanks inside of lines are rare; look for them only where the content cannot be read.
        let der = decode(&text).or_else(|| {
            text.retain(|byte| !byte.is_ascii_whitespace());
            decode(&text)
        });
        match der {
            Some(der) => Ok(Block { label: self.label, headers, der, line: self.line }),
            None => Err(Error::PemBroken {
                origin: self.origin.clone(),
                line: self.line,
                problem: format!("the block `{}` is not base64; was it damaged in copying?", self.label),
            }),
        }
    }
}

/// All blocks, in order. None is not an error here.
///
/// # Errors
/// [`Error::PemBroken`] for a block that is not closed, closed by another label, or not base64.
pub fn blocks(bytes: &[u8], origin: &Origin) -> Result<Vec<Block>, Error> {
    let text = Text::new(bytes);
    text.armors(origin).map(|armor| armor.map_err(|broken| broken.error)?.decode()).collect()
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

pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
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
    const LINE: usize = 64;
    let length = base64::encoded_len(der.len(), true).unwrap_or(0);
    let around = "-----BEGIN -----\n-----END -----\n".len() + 2 * label.len();
    let mut text = Zeroizing::new(Vec::with_capacity(length + length / LINE + 1 + around));
    text.extend_from_slice(b"-----BEGIN ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
    // A line of 64 characters is 48 octets.
    let mut line = Zeroizing::new([0; LINE]);
    for octets in der.chunks(LINE / 4 * 3) {
        let written = STANDARD.encode_slice(octets, line.as_mut()).unwrap_or(0);
        text.extend_from_slice(line.get(..written).unwrap_or_default());
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
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
            let text = Text::new(&variant);
            let span = text.armors(&Origin::named("test")).next().unwrap().ok().unwrap().span;
            let block = std::str::from_utf8(&text.bytes()[span]).unwrap();
            assert!(block.starts_with("-----BEGIN ") && block.ends_with("CERTIFICATE-----"), "{block:?}");
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
