//! Text that is too long to be held, in pieces of whole blocks.

use std::io::Read;

use memchr::memmem;
use zeroize::Zeroizing;

use super::{BEGIN, END};
use crate::{Error, origin::Origin, source};

/// Bytes that are read at a time.
const STEP: usize = 1 << 20;

/// A piece of a text, cut where no block is open.
pub struct Chunk {
    /// Its bytes; wiped on drop, because there may be a key in it
    pub text: Zeroizing<Vec<u8>>,
    /// Lines before it
    pub line: usize,
}

/// Cuts a text into pieces. Of text between blocks, only what is in a piece with one is kept.
pub struct Chunks<R> {
    reader: R,
    step: usize,
    /// What was read and not handed out
    rest: Zeroizing<Vec<u8>>,
    line: usize,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// Begins with a text of which nothing was read.
    pub fn new(reader: R) -> Self {
        Self::with_step(reader, STEP)
    }

    /// The same with another number of bytes that are read at a time.
    pub fn with_step(reader: R, step: usize) -> Self {
        Self { reader, step: step.max(1), rest: Zeroizing::new(Vec::new()), line: 0, ended: false }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`]; [`Error::FileTooLarge`] where a single block has more than [`source::LARGE`] bytes.
    pub fn next(&mut self, origin: &Origin) -> Result<Option<Chunk>, Error> {
        loop {
            let cut = if self.ended { self.rest.len() } else { self.cut() };
            if cut > 0 {
                let tail = Zeroizing::new(self.rest.get(cut..).unwrap_or_default().to_vec());
                let mut text = std::mem::replace(&mut self.rest, tail);
                text.truncate(cut);
                let line = self.line;
                self.line += memchr::memchr_iter(b'\n', &text).count();
                return Ok(Some(Chunk { text, line }));
            }
            if self.ended {
                return Ok(None);
            }
            if self.rest.len() as u64 > source::LARGE {
                return Err(Error::FileTooLarge { path: origin.place().into(), limit: source::LARGE });
            }
            // Grown by copying into a new buffer that is wiped, not by the allocator. A long block doubles it each time.
            let wanted = self.rest.len().max(self.step);
            let mut grown = Zeroizing::new(Vec::with_capacity(self.rest.len() + wanted));
            grown.extend_from_slice(&self.rest);
            let step = (&mut self.reader).take(wanted as u64).read_to_end(&mut grown);
            let read = step.map_err(|cause| Error::FileUnreadable {
                path: origin.place().into(),
                cause: source::plain(&cause),
            })?;
            self.rest = grown;
            self.ended = read < wanted;
        }
    }

    /// Where the text can be cut: behind the last END line that is whole, or, where no block begins in it, behind the last
    /// line; 0 where it cannot be.
    fn cut(&self) -> usize {
        let text = self.rest.as_slice();
        let behind = |at: usize| {
            let line = memchr::memchr(b'\n', text.get(at..).unwrap_or_default());
            line.map_or(0, |length| at + length + 1)
        };
        let mut before = text;
        while let Some(at) = memmem::rfind(before, END) {
            before = before.get(..at).unwrap_or_default();
            // In the middle of a line it closes nothing.
            let begins_line =
                before.rsplit(|&byte| byte == b'\n').next().is_none_or(|line| line.trim_ascii().is_empty());
            // Nor does one without a label, as lines are read without the blanks at their ends.
            let cut = behind(at);
            let line = text.get(at..cut).unwrap_or_default().trim_ascii();
            if begins_line && line.starts_with(END) {
                return cut;
            }
        }
        match memmem::find(text, BEGIN) {
            Some(at) => memchr::memrchr(b'\n', text.get(..at).unwrap_or_default()).map_or(0, |at| at + 1),
            None => memchr::memrchr(b'\n', text).map_or(0, |at| at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pem::{Text, encode};

    /// What is found in the pieces: labels, lines and lengths.
    fn pieces(text: &[u8]) -> Vec<String> {
        let origin = Origin::named("test");
        let mut chunks = Chunks::new(text);
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next(&origin).unwrap() {
            found.extend(told(&chunk.text, chunk.line));
        }
        found
    }

    fn told(text: &[u8], line: usize) -> Vec<String> {
        let (text, origin) = (Text::piece(text, line), Origin::named("test"));
        text.armors_behind(line, &origin)
            .map(|armor| match armor {
                Ok(armor) => {
                    let block = armor.decode().unwrap();
                    format!("{} {} {}", block.label, block.line, block.der.len())
                }
                Err(broken) => format!("{:?}", broken.error.facts()),
            })
            .collect()
    }

    #[test]
    fn a_text_in_pieces_holds_what_it_holds_as_a_whole() {
        let mut text = String::from("\u{feff}");
        for number in 0..3000usize {
            text.push_str("subject=/CN=x\r\n");
            text.push_str(&encode("CERTIFICATE", &vec![7; number % 2000]));
        }
        // A block longer than a step, one that is cut off, and text without any.
        text.push_str(&encode("X509 CRL", &vec![1; 5 << 20]));
        text.push_str("-----BEGIN CERTIFICATE-----\nAAAA\n");
        text.push_str(&encode("PUBLIC KEY", &[9; 40]));
        text.push_str(&"text\n".repeat(700_000));
        text.push_str(&encode("CERTIFICATE", &[9; 40]));
        text.push_str("-----BEGIN CERTIFICATE-----\nAAAA");
        let whole = told(text.as_bytes(), 0);
        assert!(text.len() > 8 * STEP && whole.len() == 3005, "{}", whole.len());
        assert_eq!(pieces(text.as_bytes()), whole);
        assert!(pieces(b"").is_empty() && pieces(b"no block").is_empty());
    }
}
