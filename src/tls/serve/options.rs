//! What a server is to do.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{Allow, Answer, Reload};
use crate::{
    cert::Certificate,
    crl::Lists,
    name::DnsName,
    tls::{ClientAuth, Identity, Version},
};

/// What a server is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who the server is.
    pub identity: Identity,
    /// Who it is to clients that ask for another server (SNI): the first exact name, else the first wildcard that covers it.
    pub sni: Vec<(DnsName, Identity)>,
    /// Whether clients that ask for a server of no name here, or of none at all, get the alert unrecognized_name (112) instead of
    /// `identity`. Its own alternative names are names here.
    pub strict_sni: bool,
    /// Whether clients are asked for a certificate.
    pub client_auth: ClientAuth,
    /// The CAs whose clients are let in; needed unless `client_auth` is [`ClientAuth::None`].
    pub client_ca: Vec<Certificate>,
    /// The lists of the CAs above clients: one that is revoked is refused, and so is one of which they do not speak. They are asked
    /// for with every judgement. Revocation is not looked at where `None`.
    pub crls: Option<Arc<Lists>>,
    /// Which of these clients are let in; the others are told so with 403.
    pub allow: Allow,
    /// The only version of TLS to speak; both where `None`.
    pub version: Option<Version>,
    /// The application protocols that are spoken, as they are preferred. Only HTTP/1.1 is answered.
    pub alpn: Vec<String>,
    /// What requests get.
    pub answer: Answer,
    /// Where identities and CAs come from anew; those above are the ones to begin with.
    pub reload: Option<Arc<Reload>>,
    /// Stop once so many connections have finished. Those that said nothing at all do not count.
    pub count: Option<u64>,
    /// How long one connection may take, as a whole.
    pub timeout: Duration,
}

impl Options {
    /// A server on a free port of 127.0.0.1 that requires clients of `client_ca`, until it is stopped; 30 seconds for a connection.
    pub fn new(identity: Identity, client_ca: Vec<Certificate>) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            identity,
            sni: Vec::new(),
            strict_sni: false,
            client_auth: ClientAuth::Required,
            client_ca,
            crls: None,
            allow: Allow::default(),
            version: None,
            alpn: vec!["http/1.1".to_owned()],
            answer: Answer::default(),
            reload: None,
            count: None,
            timeout: Duration::from_secs(30),
        }
    }
}
