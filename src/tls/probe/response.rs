//! Reading an HTTP/1.1 response (RFC 9112) to its end, without keeping it.

use super::Response;
use crate::name::escape;

/// Bytes of a response's head, and of its interim ones.
const MOST_HEAD: usize = 64 * 1024;
/// Bytes of the body that are kept, to see whether a refusal speaks of certificates.
const KEPT: usize = 4 * 1024;
/// Header fields.
const MOST_FIELDS: usize = 200;
/// Bytes of the line that begins a chunk, or of a trailer field.
const MOST_LINE: usize = 8 * 1024;

/// How far the response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to come.
    Partial,
    /// All of it is there.
    Complete,
    /// It is no HTTP response.
    Foreign,
}

#[derive(Default)]
pub(super) struct ResponseReader {
    /// Whether the request was one whose response has no body (RFC 9110 9.3.2).
    bodiless: bool,
    head: Vec<u8>,
    /// Bytes of interim responses that came before.
    interim: usize,
    status: Option<(u16, String)>,
    state: State,
    body_bytes: u64,
    kept: Vec<u8>,
}

#[derive(Default)]
enum State {
    #[default]
    Head,
    /// So many bytes are to come.
    Length(u64),
    /// Chunks (RFC 9112 7.1).
    Chunked(Chunk),
    /// All that comes until the peer closes.
    UntilClose,
    Complete,
    Foreign,
}

enum Chunk {
    /// The line with the size.
    Size(Vec<u8>),
    /// Data, and how much of it is to come.
    Data(u64),
    /// The line end after the data.
    End(Vec<u8>),
    /// Lines after the last chunk, up to an empty one.
    Trailer(Vec<u8>),
}

impl ResponseReader {
    /// For the response to a request by this method.
    pub(super) fn to(method: &str) -> Self {
        Self { bodiless: method == "HEAD", ..Self::default() }
    }

    /// Data came before there was a request: whatever follows, it is no answer to one.
    pub(super) fn spoke_first(&mut self) {
        self.state = State::Foreign;
    }

    /// Whether anything came at all.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.status.is_none() && !matches!(self.state, State::Foreign)
    }

    pub(super) fn progress(&self) -> Progress {
        match self.state {
            State::Complete => Progress::Complete,
            State::Foreign => Progress::Foreign,
            _ => Progress::Partial,
        }
    }

    /// The status and the body, as far as they came, in whole responses only.
    pub(super) fn into_facts(self) -> Response {
        let complete = self.progress() == Progress::Complete;
        let mentions_certificate = self.mentions_certificate();
        let (status, phrase) = self.status.unwrap_or_default();
        Response { status, phrase, body_bytes: self.body_bytes, complete, mentions_certificate }
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.status.as_ref().map(|(status, _)| *status)
    }

    /// Whether the body speaks of certificates, as nginx's and others' refusals do.
    pub(super) fn mentions_certificate(&self) -> bool {
        let text = String::from_utf8_lossy(&self.kept).to_lowercase();
        ["certificate", "ssl", "client cert"].iter().any(|word| text.contains(word))
    }

    /// Takes what came.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Progress {
        let mut rest = bytes;
        while !rest.is_empty() && self.progress() == Progress::Partial {
            rest = match std::mem::take(&mut self.state) {
                State::Head => {
                    self.head.extend_from_slice(rest);
                    let after = self.read_head().unwrap_or(0);
                    rest.get(rest.len().saturating_sub(after)..).unwrap_or_default()
                }
                State::Length(left) => {
                    let (now, after) = split(rest, left);
                    self.body(now);
                    let left = left - now.len() as u64;
                    self.state = if left == 0 { State::Complete } else { State::Length(left) };
                    after
                }
                State::Chunked(chunk) => self.chunk(chunk, rest),
                State::UntilClose => {
                    self.body(rest);
                    self.state = State::UntilClose;
                    &[]
                }
                done => {
                    self.state = done;
                    &[]
                }
            };
        }
        self.progress()
    }

    /// The peer closed, which ends a response that says of no other end.
    pub(super) fn peer_closed(&mut self) {
        if matches!(self.state, State::UntilClose) {
            self.state = State::Complete;
        }
    }

    /// Reads the head, once it is whole; returns how many bytes after it came along.
    fn read_head(&mut self) -> Option<usize> {
        // Interim responses (RFC 9110 15.2) come before the one that counts.
        let mut interim = 0;
        let after = loop {
            let head = self.head.get(interim..).unwrap_or_default();
            let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
            let mut response = httparse::Response::new(&mut fields);
            let used = match response.parse(head) {
                Ok(httparse::Status::Complete(used)) => used,
                Ok(httparse::Status::Partial) if self.interim + self.head.len() <= MOST_HEAD => break None,
                _ => {
                    self.state = State::Foreign;
                    break None;
                }
            };
            let after = head.len() - used;
            let status = response.code.unwrap_or_default();
            self.state = match status {
                // Another protocol was not asked for (RFC 9110 7.8).
                101 => State::Foreign,
                100..=199 => {
                    interim += used;
                    continue;
                }
                200..=599 if self.bodiless || matches!(status, 204 | 304) => State::Complete,
                200..=599 => body(response.headers),
                _ => State::Foreign,
            };
            if !matches!(self.state, State::Foreign) {
                let phrase: String = response.reason.unwrap_or_default().chars().take(100).collect();
                self.status = Some((status, escape(&phrase).into_owned()));
            }
            interim = self.head.len();
            break Some(after);
        };
        self.interim += interim;
        self.head.drain(..interim);
        after
    }

    fn chunk<'a>(&mut self, chunk: Chunk, rest: &'a [u8]) -> &'a [u8] {
        let (next, after) = match chunk {
            Chunk::Data(left) => {
                let (now, after) = split(rest, left);
                self.body(now);
                match left - now.len() as u64 {
                    0 => (Some(Chunk::End(Vec::new())), after),
                    left => (Some(Chunk::Data(left)), after),
                }
            }
            Chunk::Size(mut line) => match take_line(&mut line, rest) {
                (false, after) => (Some(Chunk::Size(line)), after),
                (true, after) => match httparse::parse_chunk_size(&line) {
                    Ok(httparse::Status::Complete((_, 0))) => (Some(Chunk::Trailer(Vec::new())), after),
                    Ok(httparse::Status::Complete((_, size))) => (Some(Chunk::Data(size)), after),
                    _ => (None, after),
                },
            },
            Chunk::End(mut line) => match take_line(&mut line, rest) {
                (false, after) => (Some(Chunk::End(line)), after),
                (true, after) => (line.trim_ascii().is_empty().then(|| Chunk::Size(Vec::new())), after),
            },
            Chunk::Trailer(mut line) => match take_line(&mut line, rest) {
                (false, after) => (Some(Chunk::Trailer(line)), after),
                (true, after) if line.trim_ascii().is_empty() => {
                    self.state = State::Complete;
                    return after;
                }
                (true, after) => (Some(Chunk::Trailer(Vec::new())), after),
            },
        };
        let too_long = |chunk: &Chunk| match chunk {
            Chunk::Size(line) | Chunk::End(line) | Chunk::Trailer(line) => line.len() > MOST_LINE,
            Chunk::Data(_) => false,
        };
        self.state = next.filter(|next| !too_long(next)).map_or(State::Foreign, State::Chunked);
        after
    }

    fn body(&mut self, bytes: &[u8]) {
        self.body_bytes += bytes.len() as u64;
        self.kept.extend(bytes.iter().take(KEPT.saturating_sub(self.kept.len())));
    }
}

/// How the end of a body is known (RFC 9112 6.3).
fn body(fields: &[httparse::Header<'_>]) -> State {
    let values = |name: &'static str| {
        let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value.trim_ascii())
    };
    if let Some(coding) = values("transfer-encoding").next_back() {
        let last = coding.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return if is_chunked { State::Chunked(Chunk::Size(Vec::new())) } else { State::UntilClose };
    }
    let mut lengths = values("content-length");
    let Some(first) = lengths.next() else { return State::UntilClose };
    let same = lengths.all(|other| other == first);
    let length = std::str::from_utf8(first).ok().filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
    match length.and_then(|text| text.parse().ok()).filter(|_| same) {
        Some(0) => State::Complete,
        Some(length) => State::Length(length),
        None => State::Foreign,
    }
}

/// Whether a text is a token (RFC 9110 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_one)
}

fn split(bytes: &[u8], most: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at(at)
}

/// Moves bytes up to and with the next line feed; whether there was one, and what follows.
fn take_line<'a>(line: &mut Vec<u8>, bytes: &'a [u8]) -> (bool, &'a [u8]) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(end) => {
            let (now, after) = bytes.split_at(end + 1);
            line.extend_from_slice(now);
            (true, after)
        }
        None => {
            line.extend_from_slice(bytes);
            (false, &[])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a text whole, and byte by byte; both must come to the same.
    fn read(text: &str, closed: bool) -> (Progress, Response) {
        let run = |step: usize| {
            let mut reader = ResponseReader::default();
            for part in text.as_bytes().chunks(step) {
                reader.push(part);
            }
            if closed {
                reader.peer_closed();
            }
            (reader.progress(), reader.into_facts())
        };
        let whole = run(text.len());
        assert_eq!(whole, run(1), "{text}");
        whole
    }

    #[test]
    fn responses_end_where_they_say() {
        for (text, closed, status, bytes, progress) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, 5, Progress::Complete),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true, 200, 4, Progress::Partial),
            ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", false, 403, 0, Progress::Complete),
            ("HTTP/1.0 200 OK\r\n\r\nabc", false, 200, 3, Progress::Partial),
            ("HTTP/1.0 200 OK\r\n\r\nabc", true, 200, 3, Progress::Complete),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n",
                false,
                200,
                5,
                Progress::Complete,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                true,
                200,
                3,
                Progress::Partial,
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
                false,
                204,
                0,
                Progress::Complete,
            ),
        ] {
            let (found, response) = read(text, closed);
            assert_eq!((found, response.status, response.body_bytes), (progress, status, bytes), "{text}");
            assert_eq!(response.complete, progress == Progress::Complete);
        }
    }

    #[test]
    fn what_is_no_http_is_foreign() {
        for text in [
            "220 mail.example.com ESMTP\r\n",
            "SSH-2.0-OpenSSH_9.6\r\n",
            "\0\0\0\x12garbage",
            "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "HTTP/1.1 099 Less\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 600 More\r\nContent-Length: 0\r\n\r\n",
        ] {
            assert_eq!(read(text, false).0, Progress::Foreign, "{text}");
        }
    }

    #[test]
    fn interim_responses_end_somewhere() {
        let interim = "HTTP/1.1 100\r\n\r\n";
        let some = interim.repeat(1000) + "HTTP/1.1 204\r\n\r\n";
        assert_eq!(read(&some, false).1.status, 204);
        let mut reader = ResponseReader::default();
        let pushed = (0..).map(|_| reader.push(interim.repeat(1000).as_bytes()));
        assert_eq!(pushed.take(10).last(), Some(Progress::Foreign));
    }
}
