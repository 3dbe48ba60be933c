//! Whom to probe, as whom, and what to ask.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use zeroize::Zeroizing;

use super::Request;
use crate::{
    cert::Certificate,
    crl::Lists,
    fingerprint::hex,
    tls::{Identity, Version, connect::Place, starttls::Protocol},
};

/// Whom to probe, and as whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// A DNS name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Connect there, and not to the host.
    pub connect: Option<Place>,
    /// The name that the server must have, and that it is asked for (SNI); the host where `None`.
    pub server_name: Option<String>,
    /// Who we are; without one, no certificate is sent.
    pub identity: Option<Identity>,
    /// The CAs whose servers are trusted, and no others.
    pub roots: Vec<Certificate>,
    /// The lists of the CAs above the server, and of those above us, where they are to tell why the server refused us. A server that is
    /// revoked is not trusted, and neither is one of which they do not speak. Revocation is not looked at where `None`.
    pub crls: Option<Arc<Lists>>,
    /// The only version of TLS to speak; both where `None`.
    pub version: Option<Version>,
    /// What is spoken before TLS, and after it instead of HTTP; TLS begins at once, and HTTP follows, where `None`.
    pub starttls: Option<Protocol>,
    /// Application protocols to offer, the best first, of which the server has to choose one. Where `None`, `http/1.1` is offered with
    /// HTTP, and nothing is demanded. A request is made only where HTTP/1.1 or nothing is chosen.
    pub alpn: Option<Vec<String>>,
    /// What is asked over HTTP.
    pub request: Request,
    /// Go on with a server that is not trusted: our certificate and our request go out to it. It is not called trusted for that, and
    /// one that does not hold the key of its certificate is left all the same.
    pub insecure: bool,
    /// Where to put the secrets of the connection, with which it can be read by who recorded it.
    pub key_log: Option<Arc<KeyLog>>,
    /// How long all of it may take.
    pub timeout: Duration,
}

impl Options {
    /// A server that is to be trusted by one of `roots`, without a certificate of ours, within 10 seconds.
    pub fn new(host: impl Into<String>, port: u16, roots: Vec<Certificate>) -> Self {
        Self {
            host: host.into(),
            port,
            connect: None,
            server_name: None,
            identity: None,
            roots,
            crls: None,
            version: None,
            starttls: None,
            alpn: None,
            request: Request::default(),
            insecure: false,
            key_log: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// What is offered by ALPN (RFC 7301).
    pub(super) fn offered(&self) -> Vec<Vec<u8>> {
        match (&self.alpn, self.starttls) {
            (Some(names), _) => names.iter().map(|name| name.clone().into_bytes()).collect(),
            (None, None) => vec![b"http/1.1".to_vec()],
            (None, Some(_)) => Vec::new(),
        }
    }
}

/// The secrets of connections, in the form of NSS' key logs (RFC 9850). Wiped when dropped, and never shown.
#[derive(Default)]
pub struct KeyLog(Mutex<Zeroizing<Vec<u8>>>);

impl KeyLog {
    /// The lines that have come since the last call.
    pub fn take(&self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let secret = Zeroizing::new(hex(secret));
        let line = Zeroizing::new(format!("{label} {} {}\n", hex(client_random), *secret));
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Grown by copying, so that no buffer is left behind unwiped.
        let mut grown = Zeroizing::new(Vec::with_capacity(lines.len() + line.len()));
        grown.extend_from_slice(&lines);
        grown.extend_from_slice(line.as_bytes());
        *lines = grown;
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLog")
    }
}
