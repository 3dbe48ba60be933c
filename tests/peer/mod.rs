//! A server by rustls alone, without our verifier: what it says before TLS, whom it lets in, and what it answers are the test's.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixListener,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};

/// What a peer is like.
#[derive(Clone, Default)]
pub(crate) struct Peer {
    /// PEM files: its certificates, its key, and the CAs of its clients; without those it asks for no certificate.
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) client_ca: Option<String>,
    /// Clients may come without a certificate.
    pub(crate) optional: bool,
    pub(crate) crls: String,
    /// `1.2` or `1.3`; both where empty.
    pub(crate) version: &'static str,
    pub(crate) alpn: Vec<&'static str>,
    /// Before TLS: what is said after each reading, the first without one where the server speaks first.
    pub(crate) before: Vec<Vec<u8>>,
    pub(crate) speaks_first: bool,
    /// So many bytes come before TLS to which nothing is said.
    pub(crate) skip: usize,
    /// What it answers to whatever comes after the handshake.
    pub(crate) answer: Vec<u8>,
    /// What it heard is kept.
    pub(crate) echo: bool,
    pub(crate) heard: Arc<Mutex<String>>,
}

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn ders(text: &str, label: &str) -> Vec<Vec<u8>> {
    let blocks = pkit::pem::blocks(text.as_bytes(), &pkit::origin::Origin::named("peer")).unwrap();
    blocks.into_iter().filter(|block| block.label == label).map(|block| block.der.to_vec()).collect()
}

/// A running peer, which ends with the test.
pub(crate) struct Running {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    heard: Arc<Mutex<String>>,
}

impl Running {
    /// What came last after the handshake.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the one that waits.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Peer {
    fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] = match self.version {
            "1.2" => &[&rustls::version::TLS12],
            "1.3" => &[&rustls::version::TLS13],
            _ => rustls::ALL_VERSIONS,
        };
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let builder = match &self.client_ca {
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                ders(ca, "CERTIFICATE").into_iter().for_each(|der| roots.add(der.into()).unwrap());
                let crls: Vec<CertificateRevocationListDer<'static>> =
                    ders(&self.crls, "X509 CRL").into_iter().map(Into::into).collect();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if self.optional { verifier.allow_unauthenticated() } else { verifier };
                builder.with_client_cert_verifier(verifier.with_crls(crls).build().unwrap())
            }
            None => builder.with_no_client_auth(),
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(ders(&self.key, "PRIVATE KEY").remove(0)));
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let chain: Vec<CertificateDer<'static>> =
            ders(&self.chain, "CERTIFICATE").into_iter().map(Into::into).collect();
        // Whether they belong together is not asked: some tests want them not to.
        let certified = CertifiedKey::new(chain, key);
        let mut config = builder.with_cert_resolver(Arc::new(Always(Arc::new(certified))));
        config.alpn_protocols = self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    pub(crate) fn start(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, config, heard) = (stop.clone(), self.config(), self.heard.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (peer, config) = (self.clone(), config.clone());
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    peer.talk(stream, config)
                });
            }
        });
        Running { port, stop, heard }
    }

    /// One connection over a Unix socket.
    pub(crate) fn start_unix(self, path: &Path) {
        let listener = UnixListener::bind(path).unwrap();
        let config = self.config();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            self.talk(stream, config);
        });
    }

    fn talk(&self, mut stream: impl Read + Write, config: Arc<ServerConfig>) {
        for (index, said) in self.before.iter().enumerate() {
            if index > 0 || !self.speaks_first {
                // As much as comes at once, which is all of it on this machine.
                if stream.read(&mut [0; 4096]).unwrap_or(0) == 0 {
                    return;
                }
            }
            if stream.write_all(said).is_err() {
                return;
            }
        }
        if stream.read_exact(&mut vec![0; self.skip]).is_err() {
            return;
        }
        let mut tls = ServerConnection::new(config).unwrap();
        while tls.is_handshaking() {
            if tls.complete_io(&mut stream).is_err() {
                let _ = tls.write_tls(&mut stream);
                // Read to the end, so that the alert is not lost to a reset.
                let _ = stream.read_to_end(&mut Vec::new());
                return;
            }
        }
        let mut both = rustls::Stream::new(&mut tls, &mut stream);
        let mut came = [0; 4096];
        if let Ok(count @ 1..) = both.read(&mut came) {
            if self.echo {
                *self.heard.lock().unwrap() = String::from_utf8_lossy(&came[..count]).into_owned();
            }
            let _ = both.write_all(&self.answer);
            tls.send_close_notify();
            let _ = tls.write_tls(&mut stream);
        }
        let _ = stream.read_to_end(&mut Vec::new());
    }
}
