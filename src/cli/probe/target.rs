//! What names a server: host and port, a URL, a Unix socket.

use std::path::PathBuf;

use crate::{Error, tls::connect::Place};

/// A target, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// Where to connect, if not to the host.
    pub(super) place: Option<Place>,
    /// Path and query of a URL that has more than the root.
    pub(super) path: Option<String>,
}

fn invalid(value: &str, reason: &str) -> Error {
    Error::AddressInvalid { value: value.to_owned(), reason: reason.to_owned() }
}

impl Target {
    /// `host:port`, `[::1]:port`, `https://host[:port]/path?query`, `unix:/path`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        if let Some(path) = unix(text)? {
            // As curl has it: there is a name to ask for even where there is no network.
            return Ok(Self {
                host: "localhost".into(),
                port: 443,
                place: Some(Place::Unix(path)),
                path: None,
            });
        }
        let Some(rest) = text.strip_prefix("https://") else {
            if text.starts_with("http://") {
                return Err(invalid(text, "TLS is what is to be proved: https:// or host:port is wanted"));
            }
            if text.contains("://") {
                return Err(invalid(text, "only URLs of https:// are taken; else host:port is wanted"));
            }
            if text.contains(['/', '?', '#']) {
                return Err(invalid(text, "a path stands in a URL alone: https://host:port/path"));
            }
            let (host, port) = endpoint(text, text, None)?;
            return Ok(Self { host, port, place: None, path: None });
        };
        let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(invalid(text, "no user stands in it"));
        }
        let (host, port) = endpoint(text, authority, Some(443))?;
        let path = after.split('#').next().unwrap_or_default();
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        Ok(Self { host, port, place: None, path: Some(path).filter(|path| !path.is_empty() && path != "/") })
    }
}

/// Where `--connect` leads: an address, a host with its port, or a Unix socket.
pub(super) fn place(text: &str) -> Result<Place, Error> {
    if let Some(path) = unix(text)? {
        return Ok(Place::Unix(path));
    }
    if let Ok(address) = text.parse() {
        return Ok(Place::Address(address));
    }
    endpoint(text, text, None).map(|(host, port)| Place::Host(host, port))
}

/// `host:port` or `[::1]:port`, or a URL of a server.
pub(in crate::cli) fn target(text: &str) -> Result<(String, u16), Error> {
    let target = Target::parse(text)?;
    match (target.place, target.path) {
        (None, None) => Ok((target.host, target.port)),
        (Some(_), _) => Err(invalid(text, "a host and a port are wanted")),
        (None, Some(_)) => Err(invalid(text, "a host and a port are wanted, and no path")),
    }
}

/// `unix:/path`, `unix:path`, `unix:///path`.
fn unix(text: &str) -> Result<Option<PathBuf>, Error> {
    let Some(path) = text.strip_prefix("unix:") else { return Ok(None) };
    let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
    if path.is_empty() { Err(invalid(text, "the path is missing")) } else { Ok(Some(path.into())) }
}

fn endpoint(text: &str, authority: &str, default: Option<u16>) -> Result<(String, u16), Error> {
    let invalid = |reason: &str| invalid(text, reason);
    let (host, port) = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => {
            (host, Some(port.strip_prefix(':').ok_or_else(|| invalid("a port follows the bracket"))?))
        }
        None => match authority.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err(invalid("an IPv6 address is written in brackets"));
            }
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err(invalid("the host is missing"));
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0),
        None => Some(default.ok_or_else(|| invalid("the port is missing"))?),
    };
    Ok((host.to_owned(), port.ok_or_else(|| invalid("a port is a number from 1 to 65535"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_hosts_with_ports() {
        for (text, host, port) in [
            ("localhost:8443", "localhost", 8443),
            ("[::1]:8443", "::1", 8443),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("https://127.0.0.1:8443/", "127.0.0.1", 8443),
            ("https://example.com", "example.com", 443),
            ("https://[::1]", "::1", 443),
        ] {
            assert_eq!(target(text).unwrap(), (host.to_owned(), port), "{text}");
        }
        for bad in [
            "localhost",
            "::1:8443",
            ":8443",
            "x:0",
            "x:65536",
            "x:",
            "[::1]8443",
            "[::1]",
            "",
            "http://x:1",
            "https://",
            "https://a@b",
            "unix:",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn urls_have_paths_and_sockets_have_places() {
        for (text, path) in [
            ("https://a:1/b/c?d=e#f", Some("/b/c?d=e")),
            ("https://a?d", Some("/?d")),
            ("https://a/#f", None),
            ("https://a:1", None),
        ] {
            assert_eq!(Target::parse(text).unwrap().path.as_deref(), path, "{text}");
        }
        for (text, path) in [("unix:/run/a", "/run/a"), ("unix:a", "a"), ("unix:///run/a", "/run/a")] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.place, Some(Place::Unix(path.into())));
            assert_eq!(place(text).unwrap(), Place::Unix(path.into()));
        }
        assert_eq!(place("[::1]:5").unwrap(), Place::Address("[::1]:5".parse().unwrap()));
        assert_eq!(place("a:5").unwrap(), Place::Host("a".into(), 5));
        for (text, reason) in [
            ("ftp://a:1", "only URLs of https://"),
            ("a:1/b", "in a URL alone"),
            ("::1:1", "in brackets"),
            ("http://a:1", "TLS is what"),
        ] {
            let Err(Error::AddressInvalid { reason: told, .. }) = target(text) else { panic!("{text}") };
            assert!(told.contains(reason), "{text}: {told}");
        }
        assert!(target("https://a/b").is_err() && target("unix:a").is_err() && place("a").is_err());
    }
}
