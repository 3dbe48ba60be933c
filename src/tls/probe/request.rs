//! The HTTP request that a probe sends, and what is expected to come back.

use std::str::FromStr;

use super::response::is_token;
use crate::{Error, name::escape};

/// A request without a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<Header>,
    expected: Vec<Expected>,
}

impl Default for Request {
    /// `GET /`, whatever may come.
    fn default() -> Self {
        Self { method: "GET".into(), path: "/".into(), headers: Vec::new(), expected: Vec::new() }
    }
}

impl Request {
    /// A request. `expected` is what the status has to be; nothing in particular where it is empty.
    ///
    /// # Errors
    /// [`Error::Usage`] where the method is none, or the path cannot stand in a request (RFC 9112 3).
    pub fn new(
        method: &str,
        path: &str,
        headers: Vec<Header>,
        expected: Vec<Expected>,
    ) -> Result<Self, Error> {
        let refused = |problem: String| Error::Usage { problem };
        if !is_token(method) || method.eq_ignore_ascii_case("CONNECT") {
            return Err(refused(format!("{} is no method of a request", escape(method))));
        }
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || !(path.starts_with('/') || path == "*") {
            let problem = format!(
                "the path {} begins with / and has no blanks; what is not ASCII is written as %E4",
                escape(path)
            );
            return Err(refused(problem));
        }
        Ok(Self { method: method.into(), path: path.into(), headers, expected })
    }

    /// `GET /status`, escaped.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, escape(&self.path))
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// Whether a status is expected in so many words.
    pub(super) fn expects(&self, status: u16) -> bool {
        self.expected.iter().any(|expected| expected.holds(status))
    }

    /// What was expected, where a status is something else.
    pub(super) fn missed(&self, status: u16) -> Option<String> {
        let listed = || self.expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        (!self.expected.is_empty() && !self.expects(status)).then(listed)
    }

    /// The request on the wire. What a person sets is not set twice.
    pub(super) fn text(&self, host: &str) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let agent = concat!("pkit/", env!("CARGO_PKG_VERSION"));
        let own = [("Host", host), ("User-Agent", agent), ("Accept", "*/*"), ("Connection", "close")];
        for (name, value) in own {
            if !self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for Header { name, value } in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            text.push_str("Content-Length: 0\r\n");
        }
        text + "\r\n"
    }
}

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: String,
}

/// `Name: value` (RFC 9110 5), with nothing in it that would end the field.
impl FromStr for Header {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |why: &str| Error::Usage { problem: format!("the header {} {why}", escape(text)) };
        let (name, value) = text.split_once(':').ok_or_else(|| refused("is not written as Name: value"))?;
        let value = value.trim_matches([' ', '\t']);
        if !is_token(name) {
            return Err(refused("has a name that is none"));
        }
        if value.chars().any(|one| one.is_control() && one != '\t') {
            return Err(refused("holds a control character, which would end it"));
        }
        if ["content-length", "transfer-encoding"].iter().any(|of_body| name.eq_ignore_ascii_case(of_body)) {
            return Err(refused("speaks of a body, and none is sent"));
        }
        Ok(Self { name: name.into(), value: value.into() })
    }
}

/// Status codes, from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected(u16, u16);

impl Expected {
    fn holds(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }
}

/// `200`, `2xx` or `200-299`
impl FromStr for Expected {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Usage {
            problem: format!("{} is no status: 200, 2xx or 200-299 are some", escape(text)),
        };
        let code = |text: &str| {
            let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let code = text.parse().ok().filter(|code| is_code && (100..=599).contains(code));
            code.ok_or_else(refused)
        };
        let lowercase = text.trim().to_ascii_lowercase();
        if let Some(class) = lowercase.strip_suffix("xx") {
            let first = code(&format!("{class}00"))?;
            return Ok(Self(first, first + 99));
        }
        let (from, to) = lowercase.split_once('-').unwrap_or((&lowercase, &lowercase));
        let range = Self(code(from)?, code(to)?);
        if range.0 > range.1 { Err(refused()) } else { Ok(range) }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(from, to) if from == to => write!(f, "{from}"),
            Self(from, to) => write!(f, "{from}-{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_into_a_request_that_is_not_meant() {
        for bad in [
            "Host",
            "X\r\nY: z",
            "X: a\r\nY: b",
            "X: a\nb",
            "X: \0",
            ": a",
            "X Y: a",
            "Content-Length: 5",
            "transfer-encoding: chunked",
        ] {
            assert!(bad.parse::<Header>().is_err(), "{bad:?}");
        }
        for (method, path) in
            [("GE T", "/"), ("", "/"), ("GET\r\n", "/"), ("CONNECT", "/"), ("GET", "x"), ("GET", "/a b")]
        {
            assert!(Request::new(method, path, vec![], vec![]).is_err(), "{method:?} {path:?}");
        }
        assert!(Request::new("GET", "/\r\nX: y", vec![], vec![]).is_err());
        let headers = vec!["host: other.internal".parse().unwrap(), "X-A:  b c ".parse().unwrap()];
        let text = Request::new("POST", "/a?b=c", headers, vec![]).unwrap().text("api.internal:8443");
        assert!(text.starts_with("POST /a?b=c HTTP/1.1\r\nUser-Agent: pkit/"), "{text}");
        let end = "Connection: close\r\nhost: other.internal\r\nX-A: b c\r\nContent-Length: 0\r\n\r\n";
        assert!(text.ends_with(end) && !text.contains("api.internal"), "{text}");
    }

    #[test]
    fn statuses_are_codes_classes_and_ranges() {
        let expects = |text: &str, status| text.parse::<Expected>().unwrap().holds(status);
        assert!(expects("200", 200) && !expects("200", 201));
        assert!(expects("2xx", 299) && !expects("2XX", 300));
        assert!(expects("401-403", 402) && !expects("401-403", 404));
        for bad in ["", "20", "2x", "9xx", "200-", "300-200", "abc", "0xx", "+20"] {
            assert!(bad.parse::<Expected>().is_err(), "{bad}");
        }
    }
}
