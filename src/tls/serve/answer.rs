//! What requests get: who the client is, what was negotiated, or what was asked for.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::{ClientFacts, ClientHello, request::Request};
use crate::tls::{CertificateFacts, Negotiated};

/// Bytes of a body of one's own.
pub(super) const MOST_ANSWER: usize = 64 * 1024;

/// What requests get, but for `/healthz` and `/handshake`: by default 200, and who the client is.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status
    pub status: Option<u16>,
    /// The body, of at most 64 KiB
    pub body: Option<Vec<u8>>,
    /// Whether it says what the request was, in place of who the client is
    pub echo: bool,
}

/// What answers speak of.
pub(super) struct Seen<'a> {
    pub(super) client: Option<&'a ClientFacts>,
    pub(super) tls: Option<&'a Negotiated>,
    pub(super) server: &'a CertificateFacts,
    /// The client's first bytes.
    pub(super) hello: &'a [u8],
}

#[derive(Serialize)]
struct Body<'a> {
    client_authenticated: bool,
    client: Option<&'a ClientFacts>,
    tls: Option<&'a Negotiated>,
    server: &'a CertificateFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_hello: Option<ClientHello>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Echo<'a>>,
}

/// The request as it came.
#[derive(Serialize)]
struct Echo<'a> {
    method: &'a str,
    target: &'a str,
    version: &'a str,
    headers: &'a [(String, String)],
    body_bytes: usize,
    /// Where it is text.
    body: Option<&'a str>,
    /// Where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    /// Whether this request is answered whoever sends it.
    pub(super) fn is_public(request: &Request) -> bool {
        request.path() == "/healthz"
    }

    /// The answer, with its status.
    pub(super) fn to(&self, request: &Request, seen: &Seen<'_>) -> (u16, Vec<u8>) {
        let head_only = request.method == "HEAD";
        let (status, kind, body) = match request.path() {
            "/healthz" => (200, TEXT, b"ok\n".to_vec()),
            "/handshake" => (200, JSON, self.say(seen, ClientHello::read(seen.hello), None)),
            _ => {
                let status = self.status.unwrap_or(200);
                match &self.body {
                    Some(body) => (status, kind(body), body.clone()),
                    None => (status, JSON, self.say(seen, None, self.echo.then(|| Echo::new(request)))),
                }
            }
        };
        (status, response(status, kind, &body, head_only))
    }

    fn say(&self, seen: &Seen<'_>, client_hello: Option<ClientHello>, request: Option<Echo<'_>>) -> Vec<u8> {
        let Seen { client, tls, server, .. } = *seen;
        let client_authenticated = client.is_some();
        let body = Body { client_authenticated, client, tls, server, client_hello, request };
        // A structure of strings always becomes JSON.
        let mut body = serde_json::to_vec_pretty(&body).unwrap_or_default();
        body.push(b'\n');
        body
    }
}

impl<'a> Echo<'a> {
    fn new(request: &'a Request) -> Self {
        let body = std::str::from_utf8(&request.body).ok();
        Self {
            method: &request.method,
            target: &request.target,
            version: &request.version,
            headers: &request.fields,
            body_bytes: request.body.len(),
            body,
            body_base64: body.is_none().then(|| STANDARD.encode(&request.body)),
        }
    }
}

/// What a body of one's own is taken for.
fn kind(body: &[u8]) -> &'static str {
    let is_json = matches!(body.trim_ascii_start(), [b'{' | b'[', ..])
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    match is_json {
        true => JSON,
        false if std::str::from_utf8(body).is_ok() => TEXT,
        false => "application/octet-stream",
    }
}

/// The answer to who may not come in, and to what is no request.
pub(super) fn refusal(status: u16, reason: &str) -> Vec<u8> {
    response(status, TEXT, format!("{reason}\n").as_bytes(), false)
}

fn response(status: u16, kind: &str, body: &[u8], head_only: bool) -> Vec<u8> {
    // RFC 9110 6.4.1: these have no content, and say nothing of its length.
    let bodiless = matches!(status, 204 | 304);
    let content = if bodiless {
        String::new()
    } else {
        format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
    };
    let phrase = phrase(status);
    let version = env!("CARGO_PKG_VERSION");
    let head =
        format!("HTTP/1.1 {status} {phrase}\r\n{content}Server: pkit/{version}\r\nConnection: close\r\n\r\n");
    let mut all = head.into_bytes();
    if !head_only && !bodiless {
        all.extend_from_slice(body);
    }
    all
}

/// RFC 9110 15; the phrase may be empty, and says nothing to programs.
fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        418 => "I'm a Teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
