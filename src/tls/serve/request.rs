//! HTTP/1.1 (RFC 9112), as little of it as a test server needs: one request, read as it comes, and bounded.

use crate::name::escape;

/// Bytes of a request's head; RFC 9112 section 3 wants 8000 for its first line.
pub(super) const MOST_HEAD: usize = 16 * 1024;
/// Bytes of a body that is to be echoed, with what a chunked one has around it.
pub(super) const MOST_BODY: usize = 64 * 1024;
/// Header fields of a request.
const MOST_FIELDS: usize = 100;

/// What came so far.
pub(super) enum Progress {
    /// Not all of it yet.
    Partial,
    /// The client waits for leave to send the body (RFC 9110 10.1.1).
    Expects,
    /// A whole request, as far as it is wanted.
    Whole(Request),
    /// No request: the status to answer with, and why.
    Bad(u16, &'static str),
}

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    /// `HTTP/1.1`
    pub(super) version: String,
    /// The header fields as they came; only where the body is wanted too.
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The request line without the version, shortened and escaped: `GET /`.
    pub(super) fn line(&self) -> String {
        let line: String = format!("{} {}", self.method, self.target).chars().take(200).collect();
        escape(&line).into_owned()
    }

    /// The target without its query.
    pub(super) fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }
}

/// Reads one request. `bytes` is filled from outside.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) bytes: Vec<u8>,
    /// The head, once it was whole.
    head: Option<Head>,
    body: Vec<u8>,
    /// Whether the client was given leave to send the body.
    invited: bool,
}

struct Head {
    request: Request,
    rest: Rest,
    /// Where in the bytes the next part of the body begins.
    at: usize,
    expects: bool,
}

/// What is left of a body.
enum Rest {
    Bytes(usize),
    /// Before the size of a chunk.
    Chunks,
    /// In a chunk, of which so many bytes are left.
    Chunk(usize),
    /// Behind the last chunk.
    Trailer,
}

impl Reader {
    /// Bytes that may still come.
    pub(super) fn room(&self) -> usize {
        (MOST_HEAD + MOST_BODY).saturating_sub(self.bytes.len())
    }

    /// Looks at what came. A body is read only where it is `wanted`.
    pub(super) fn progress(&mut self, wanted: bool) -> Progress {
        if self.head.is_none() {
            match head(&self.bytes, wanted) {
                Ok(Some(head)) => self.head = Some(head),
                Ok(None) => return Progress::Partial,
                Err((status, reason)) => return Progress::Bad(status, reason),
            }
        }
        let Some(head) = self.head.as_mut() else { return Progress::Partial };
        if wanted {
            match rest(head, &self.bytes, &mut self.body) {
                Ok(true) => {}
                Ok(false) if self.bytes.len() >= MOST_HEAD + MOST_BODY => return TOO_LARGE,
                Ok(false) if head.expects && !std::mem::replace(&mut self.invited, true) => {
                    return Progress::Expects;
                }
                Ok(false) => return Progress::Partial,
                Err(bad) => return bad,
            }
        }
        let body = std::mem::take(&mut self.body);
        match self.head.take() {
            Some(head) => Progress::Whole(Request { body, ..head.request }),
            None => Progress::Partial,
        }
    }
}

const TOO_LARGE: Progress = Progress::Bad(413, "the body of the request is larger than 64 KiB");
const MALFORMED: Progress = Progress::Bad(400, "the body of the request is not framed as HTTP/1.1 frames it");

fn head(bytes: &[u8], with_fields: bool) -> Result<Option<Head>, (u16, &'static str)> {
    const TOO_LARGE: (u16, &str) = (431, "the head of the request is larger than 16 KiB");
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let used = match parsed.parse(bytes.get(..MOST_HEAD).unwrap_or(bytes)) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) if bytes.len() >= MOST_HEAD => return Err(TOO_LARGE),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(TOO_LARGE),
        Err(_) => return Err((400, "what the client sent is not an HTTP/1.1 request")),
    };
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut request = Request {
        method: text(parsed.method),
        target: text(parsed.path),
        version: format!("HTTP/1.{}", parsed.version.unwrap_or_default()),
        fields: Vec::new(),
        body: Vec::new(),
    };
    let (mut rest, mut expects) = (Rest::Bytes(0), false);
    if with_fields {
        let values = |name: &'static str| {
            let named = parsed.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
            named.map(|field| field.value.trim_ascii())
        };
        let mut lengths = values("content-length");
        let length = lengths.next();
        rest = match (values("transfer-encoding").next_back(), length) {
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Rest::Chunks,
            (None, None) => Rest::Bytes(0),
            (None, Some(first)) if lengths.all(|other| other == first) => {
                let length =
                    std::str::from_utf8(first).ok().filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
                // RFC 9112 6.3: one that is none, or two ways at once, are errors.
                Rest::Bytes(
                    length
                        .and_then(|text| text.parse().ok())
                        .ok_or((400, "the length of the body is none"))?,
                )
            }
            _ => return Err((400, "it is not clear where the body of the request ends")),
        };
        expects = values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"));
        request.fields = parsed
            .headers
            .iter()
            .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()))
            .collect();
    }
    Ok(Some(Head { request, rest, at: used, expects }))
}

/// Reads on in the body; `true` at its end.
fn rest(head: &mut Head, bytes: &[u8], body: &mut Vec<u8>) -> Result<bool, Progress> {
    loop {
        let left = bytes.get(head.at..).unwrap_or_default();
        match &mut head.rest {
            Rest::Bytes(count) if *count > MOST_BODY => return Err(TOO_LARGE),
            Rest::Bytes(count) => {
                let Some(whole) = left.get(..*count) else { return Ok(false) };
                body.extend_from_slice(whole);
                return Ok(true);
            }
            Rest::Chunk(0) => {
                match left {
                    [b'\r', b'\n', ..] => head.at += 2,
                    [] | [b'\r'] => return Ok(false),
                    _ => return Err(MALFORMED),
                }
                head.rest = Rest::Chunks;
            }
            Rest::Chunk(count) => {
                let now = left.get(..left.len().min(*count)).unwrap_or_default();
                if now.is_empty() {
                    return Ok(false);
                }
                body.extend_from_slice(now);
                head.at += now.len();
                *count -= now.len();
            }
            Rest::Chunks => match httparse::parse_chunk_size(left) {
                Ok(httparse::Status::Complete((used, size))) => {
                    head.at += used;
                    head.rest = match usize::try_from(size) {
                        Ok(0) => Rest::Trailer,
                        Ok(size) if size <= MOST_BODY => Rest::Chunk(size),
                        _ => return Err(TOO_LARGE),
                    };
                }
                // A size with what may stand behind it is no longer than this.
                Ok(httparse::Status::Partial) if left.len() < 256 => return Ok(false),
                _ => return Err(MALFORMED),
            },
            Rest::Trailer => match left.iter().position(|byte| *byte == b'\n') {
                None if left.len() < MOST_HEAD => return Ok(false),
                None => return Err(MALFORMED),
                Some(end) => {
                    let is_last = left.get(..end).is_some_and(|line| line.trim_ascii().is_empty());
                    head.at += end + 1;
                    if is_last {
                        return Ok(true);
                    }
                }
            },
        }
    }
}

/// Whether bytes that should begin a TLS record begin an HTTP request instead.
pub(super) fn is_plain_http(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"HEAD", b"POST", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"PRI "];
    bytes.get(..4).is_some_and(|start| METHODS.contains(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fed whole, and byte by byte; both must come to the same. The status, or the target and the body.
    fn read(bytes: &[u8], wanted: bool) -> Result<Option<(String, Vec<u8>)>, u16> {
        let run = |step: usize| {
            let mut reader = Reader::default();
            for part in bytes.chunks(step) {
                reader.bytes.extend_from_slice(part);
                match reader.progress(wanted) {
                    Progress::Whole(request) => return Ok(Some((request.line(), request.body))),
                    Progress::Bad(status, _) => return Err(status),
                    Progress::Partial | Progress::Expects => {}
                }
            }
            Ok(None)
        };
        let whole = run(bytes.len());
        assert_eq!(whole, run(1));
        whole
    }

    #[test]
    fn requests_are_whole_partial_or_bad() {
        let whole = |line: &str, body: &str| Ok(Some((line.to_owned(), body.as_bytes().to_vec())));
        let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(MOST_HEAD));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_FIELDS + 1));
        let large = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MOST_BODY + 1);
        for (text, wanted, outcome) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false, whole("GET /", "")),
            ("GET / HTTP/1.1\r\nHost", false, Ok(None)),
            ("\0\x01\x02\r\n\r\n", false, Err(400)),
            (&long, false, Err(431)),
            (&many, false, Err(431)),
            ("POST /a?b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", true, whole("POST /a?b", "abc")),
            ("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", true, Ok(None)),
            ("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", false, whole("POST /", "")),
            ("POST / HTTP/1.1\r\nContent-Length: -4\r\n\r\n", true, Err(400)),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", true, Err(400)),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", true, Err(400)),
            (&large, true, Err(413)),
            (
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n",
                true,
                whole("PUT /", "abcde"),
            ),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", true, Err(413)),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", true, Err(400)),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", true, Err(400)),
        ] {
            assert_eq!(read(text.as_bytes(), wanted), outcome, "{text:.80}");
        }
    }

    #[test]
    fn a_client_that_asks_for_leave_gets_it_once() {
        let mut reader = Reader::default();
        reader
            .bytes
            .extend_from_slice(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        assert!(matches!(reader.progress(true), Progress::Expects));
        assert!(matches!(reader.progress(true), Progress::Partial));
        reader.bytes.extend_from_slice(b"ok");
        assert!(
            matches!(reader.progress(true), Progress::Whole(request) if request.body == b"ok" && request.fields.len() == 2)
        );
    }

    #[test]
    fn plain_http_is_told_from_tls() {
        assert!(is_plain_http(b"GET / HTTP/1.1") && is_plain_http(b"PRI * HTTP/2.0"));
        assert!(!is_plain_http(b"\x16\x03\x01\x02\x00") && !is_plain_http(b"GET"));
    }
}
