//! HTTP/1.1, as little of it as a test server needs: the head of one request, and one answer that says who the client
//! is.

use serde::Serialize;

use super::{ClientFacts, Shared};
use crate::{
    name::escape,
    tls::{CertificateFacts, Negotiated},
};

/// Bytes of a request's head; RFC 9112 section 3 wants 8000 for its first line.
pub(super) const MOST_HEAD: usize = 16 * 1024;
/// Header fields of a request.
const MOST_FIELDS: usize = 100;

/// What the bytes so far are.
pub(super) enum Head {
    /// Not all of it yet.
    Partial,
    /// A whole head: the method, and the request line without the version, escaped.
    Whole { head_only: bool, line: String },
    /// No request: the status to answer with, and why.
    Bad { status: u16, reason: &'static str },
}

/// Reads the head of a request.
pub(super) fn read_head(bytes: &[u8]) -> Head {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {
            let method = request.method.unwrap_or_default();
            let path = request.path.unwrap_or_default();
            let line: String = format!("{method} {path}").chars().take(200).collect();
            Head::Whole { head_only: method == "HEAD", line: escape(&line).into_owned() }
        }
        Ok(httparse::Status::Partial) if bytes.len() >= MOST_HEAD => TOO_LARGE,
        Err(httparse::Error::TooManyHeaders) => TOO_LARGE,
        Ok(httparse::Status::Partial) => Head::Partial,
        Err(_) => Head::Bad { status: 400, reason: "what the client sent is not an HTTP/1.1 request" },
    }
}

const TOO_LARGE: Head = Head::Bad { status: 431, reason: "the head of the request is larger than 16 KiB" };

/// Whether bytes that should begin a TLS record begin an HTTP request instead.
pub(super) fn is_plain_http(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"HEAD", b"POST", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"PRI "];
    bytes.get(..4).is_some_and(|start| METHODS.contains(&start))
}

#[derive(Serialize)]
struct Body<'a> {
    client_authenticated: bool,
    client: Option<&'a ClientFacts>,
    tls: Option<&'a Negotiated>,
    server: &'a CertificateFacts,
}

/// The answer to a request: who the client is, what was negotiated, and which certificate was served.
pub(super) fn hello(
    shared: &Shared,
    client: Option<&ClientFacts>,
    tls: Option<&Negotiated>,
    head_only: bool,
) -> Vec<u8> {
    let body = Body { client_authenticated: client.is_some(), client, tls, server: &shared.served };
    // A structure of strings always becomes JSON.
    let mut body = serde_json::to_vec_pretty(&body).unwrap_or_default();
    body.push(b'\n');
    response("200 OK", "application/json", &body, head_only)
}

/// The answer to what is no request.
pub(super) fn refusal(status: u16, reason: &str) -> Vec<u8> {
    let line = match status {
        431 => "431 Request Header Fields Too Large",
        _ => "400 Bad Request",
    };
    response(line, "text/plain; charset=utf-8", format!("{reason}\n").as_bytes(), false)
}

fn response(status: &str, kind: &str, body: &[u8], head_only: bool) -> Vec<u8> {
    let mut all = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nServer: pkit/{}\r\nConnection: close\r\n\r\n",
        body.len(),
        env!("CARGO_PKG_VERSION"),
    )
    .into_bytes();
    if !head_only {
        all.extend_from_slice(body);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_whole_partial_or_bad() {
        assert!(
            matches!(read_head(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Head::Whole { head_only: false, line } if line == "GET /")
        );
        assert!(matches!(read_head(b"GET / HTTP/1.1\r\nHost"), Head::Partial));
        assert!(matches!(read_head(b"\x00\x01\x02\r\n\r\n"), Head::Bad { status: 400, .. }));
        let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(MOST_HEAD));
        assert!(matches!(read_head(long.as_bytes()), Head::Bad { status: 431, .. }));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_FIELDS + 1));
        assert!(matches!(read_head(many.as_bytes()), Head::Bad { status: 431, .. }));
    }

    #[test]
    fn plain_http_is_told_from_tls() {
        assert!(is_plain_http(b"GET / HTTP/1.1") && is_plain_http(b"PRI * HTTP/2.0"));
        assert!(!is_plain_http(b"\x16\x03\x01\x02\x00") && !is_plain_http(b"GET"));
    }
}
