//! A server in this process or as one of its own, and clients of rustls that come to it: well-behaved ones, and others.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod running;

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pkit::{
    Error,
    cert::{Certificate, load_anchors, load_certificates},
    issue::{Kind, Request, plan},
    key::{KeyType, PrivateKey, load_private_key, no_passphrase},
    name::Name,
    origin::Origin,
    source,
    tls::{
        Clock, Identity,
        serve::{ConnectionReport, Options, Server, Summary},
    },
    validity::{End, Span},
};
use running::while_running;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
};
use time::OffsetDateTime;

use super::sandbox::Sandbox;

pub(crate) fn clock() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}

/// A chain and its key.
pub(crate) fn load(chain: &Path, key: &Path) -> Result<Identity, Error> {
    let chain = load_certificates(chain)?;
    Identity::new(chain, load_private_key(key, &mut no_passphrase())?, source::origin(key))
}

pub(crate) fn identity(sandbox: &Sandbox, name: &str) -> Identity {
    // As directories are named.
    let set = sandbox.path("pki/live").join(name.replace('*', "%2a"));
    load(&set.join("fullchain.pem"), &set.join("privkey.pem")).ok().unwrap()
}

pub(crate) fn anchors(sandbox: &Sandbox, name: &str) -> Vec<Certificate> {
    load_anchors(&[sandbox.path("pki/live").join(name).join("ca.pem")]).unwrap()
}

/// Serves while `body` runs, and returns what was reported.
pub(crate) fn while_serving<T>(
    options: Options,
    body: impl FnOnce(SocketAddr) -> T,
) -> (T, Vec<ConnectionReport>, Summary) {
    while_running(Server::bind(options, clock()).unwrap(), body)
}

/// serve-test as a process, killed when a test fails.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = sandbox.command(&[&["serve-test", "--listen", "127.0.0.1:0"], args].concat());
        // Into a file: nobody reads a pipe while it runs.
        let log = std::fs::File::create(sandbox.path("serve.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let address =
            first.split("https://").nth(1).unwrap_or_else(|| panic!("{}", sandbox.read("serve.log")));
        let address = address.split(['"', '\n']).next().unwrap().parse().unwrap();
        let process = Self { child, address };
        LOGS.lock().unwrap().push((process.child.id(), sandbox.path("serve.log")));
        process
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order; what it said.
    pub(crate) fn stop(mut self) -> String {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        let id = self.child.id();
        let path = LOGS.lock().unwrap().iter().find(|(known, _)| *known == id).unwrap().1.clone();
        let log = std::fs::read_to_string(path).unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

static LOGS: Mutex<Vec<(u32, PathBuf)>> = Mutex::new(Vec::new());

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends bytes, and reads until the server closes.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// What came of a visit.
#[derive(Debug, Default)]
pub(crate) struct Visit {
    /// The whole answer, where there was one.
    pub(crate) answer: Option<String>,
    /// The certificate that the server showed.
    pub(crate) server: Option<Certificate>,
    pub(crate) error: Option<rustls::Error>,
}

impl Visit {
    /// The alert that the server sent.
    pub(crate) fn alert(&self) -> Option<u8> {
        match self.error.as_ref()? {
            rustls::Error::AlertReceived(alert) => Some((*alert).into()),
            _ => None,
        }
    }
}

/// A client, and how it goes about.
#[derive(Clone)]
pub(crate) struct Visitor {
    address: SocketAddr,
    live: PathBuf,
    roots: Arc<RootCertStore>,
    chain: Option<(Vec<Vec<u8>>, PathBuf)>,
    name: String,
    blind: bool,
    alpn: Vec<Vec<u8>>,
    versions: Vec<&'static rustls::SupportedProtocolVersion>,
    text: Option<String>,
    drip: Option<Duration>,
    fragment: Option<usize>,
    records: Option<usize>,
}

impl Visitor {
    pub(crate) fn new(sandbox: &Sandbox, address: SocketAddr) -> Self {
        let mut roots = RootCertStore::empty();
        for anchor in anchors(sandbox, "srv.internal") {
            roots.add(anchor.der().to_vec().into()).unwrap();
        }
        Self {
            address,
            live: sandbox.path("pki/live"),
            roots: roots.into(),
            chain: None,
            name: "localhost".into(),
            blind: false,
            alpn: Vec::new(),
            versions: vec![&rustls::version::TLS13, &rustls::version::TLS12],
            text: None,
            drip: None,
            fragment: None,
            records: None,
        }
    }

    /// With the certificate of a set.
    pub(crate) fn sending(self, name: &str) -> Self {
        let chain = load_certificates(&self.live.join(name).join("fullchain.pem")).unwrap();
        self.sending_chain(name, chain.iter().map(|certificate| certificate.der().to_vec()).collect())
    }

    /// With the key of a set, and any certificates.
    pub(crate) fn sending_chain(self, name: &str, chain: Vec<Vec<u8>>) -> Self {
        let key = self.live.join(name).join("privkey.pem");
        Self { chain: Some((chain, key)), ..self }
    }

    /// With what two files hold, whether they belong together or not.
    pub(crate) fn sending_files(self, chain: &Path, key: &Path) -> Self {
        let chain = load_certificates(chain).unwrap();
        let chain = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        Self { chain: Some((chain, key.to_owned())), ..self }
    }

    pub(crate) fn asking_for(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Takes any certificate for that of the server it asked for.
    pub(crate) fn blindly(self) -> Self {
        Self { blind: true, ..self }
    }

    pub(crate) fn speaking(self, protocols: &[&str]) -> Self {
        Self { alpn: protocols.iter().map(|name| name.as_bytes().to_vec()).collect(), ..self }
    }

    pub(crate) fn only(self, version: ProtocolVersion) -> Self {
        let versions = self.versions.iter().filter(|known| known.version == version);
        Self { versions: versions.copied().collect(), ..self.clone() }
    }

    /// Sends this in place of a request; nothing at all where it is empty.
    pub(crate) fn saying(self, text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..self }
    }

    /// Waits between the bytes of its request.
    pub(crate) fn dripping(self, pause: Duration) -> Self {
        Self { drip: Some(pause), ..self }
    }

    /// Cuts its first message into records of so many bytes.
    pub(crate) fn fragmenting(self, size: usize) -> Self {
        Self { fragment: Some(size), ..self }
    }

    /// Sends its request in records of so many bytes.
    pub(crate) fn in_records_of(self, size: usize) -> Self {
        Self { records: Some(size), ..self }
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions)
            .unwrap();
        let builder = match self.blind {
            true => builder.dangerous().with_custom_certificate_verifier(Arc::new(Blind(provider))),
            false => builder.with_root_certificates(self.roots.clone()),
        };
        let mut config = match &self.chain {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let key = load_private_key(key, &mut no_passphrase()).unwrap();
                let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
                // Not `with_client_auth_cert`, which wants to read the certificate.
                let key = ring::sign::any_supported_type(&PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into()))
                    .unwrap();
                let certified = rustls::sign::CertifiedKey::new(chain, key);
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.resumption = Resumption::disabled();
        config
    }

    /// Comes, asks for the path, and reads to the end.
    pub(crate) fn visit(&self, path: &str) -> Visit {
        self.begin().end(path)
    }

    /// Says who it is, and waits.
    pub(crate) fn begin(&self) -> Begun<'_> {
        let name = ServerName::try_from(self.name.clone()).unwrap();
        let tls = ClientConnection::new(Arc::new(self.config()), name).unwrap();
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut begun = Begun { visitor: self, tls, stream };
        let mut first = Vec::new();
        begun.tls.write_tls(&mut first).unwrap();
        if let Some(size) = self.fragment {
            let cut = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
            first = first[5..].chunks(size).flat_map(cut).collect();
        }
        let _ = begun.stream.write_all(&first);
        begun
    }
}

/// A visit of which the first message was sent.
pub(crate) struct Begun<'a> {
    visitor: &'a Visitor,
    tls: ClientConnection,
    stream: TcpStream,
}

impl Begun<'_> {
    /// Ends the handshake, and says no more.
    pub(crate) fn shake_hands(mut self) -> Self {
        while self.tls.is_handshaking() || self.tls.wants_write() {
            self.tls.complete_io(&mut self.stream).unwrap();
        }
        self
    }

    pub(crate) fn end(mut self, path: &str) -> Visit {
        let mut visit = Visit::default();
        let mut told = false;
        let mut answer = Vec::new();
        loop {
            while self.tls.wants_write() && self.tls.write_tls(&mut self.stream).is_ok() {}
            if !self.tls.is_handshaking() && !told {
                told = true;
                self.ask(path);
                continue;
            }
            match self.tls.read_tls(&mut self.stream) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let processed = self.tls.process_new_packets();
            if visit.server.is_none() {
                let leaf = self.tls.peer_certificates().and_then(|chain| chain.first());
                visit.server = leaf.map(|leaf| Certificate::from_der(leaf, Origin::named("server")).unwrap());
            }
            if let Err(error) = processed {
                visit.error = Some(error);
                // What it has to say to that.
                while self.tls.wants_write() && self.tls.write_tls(&mut self.stream).is_ok() {}
                break;
            }
            let _ = self.tls.reader().read_to_end(&mut answer);
        }
        if !answer.is_empty() {
            visit.answer = Some(String::from_utf8(answer).unwrap());
        }
        visit
    }

    /// Sends the request; a server that no longer listens may have said why.
    fn ask(&mut self, path: &str) {
        let usual = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.visitor.name);
        let text = self.visitor.text.as_deref().unwrap_or(&usual);
        if text.is_empty() {
            self.tls.send_close_notify();
            return;
        }
        let size = match self.visitor.drip {
            Some(_) => 1,
            None => self.visitor.records.unwrap_or(16 * 1024),
        };
        for part in text.as_bytes().chunks(size) {
            self.tls.writer().write_all(part).unwrap();
            while self.tls.wants_write() {
                if self.tls.write_tls(&mut self.stream).is_err() {
                    return;
                }
            }
            if let Some(pause) = self.visitor.drip {
                std::thread::sleep(pause);
            }
        }
    }
}

/// Trusts everybody; for tests of servers that show what they should not.
#[derive(Debug)]
struct Blind(Arc<CryptoProvider>);

impl ServerCertVerifier for Blind {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// So many handshakes by four clients, while something turns so many times, spread over all of them. The serial numbers that were
/// seen; every handshake has to hold.
pub(crate) fn rotate(
    sandbox: &Sandbox,
    address: SocketAddr,
    handshakes: u64,
    turns: u64,
    turn: impl Fn(usize) + Sync,
) -> HashSet<String> {
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let seen = Mutex::new(HashSet::new());
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let visitor = Visitor::new(sandbox, address).sending("service-a");
                    while done.fetch_add(1, Ordering::SeqCst) < handshakes {
                        let visit = visitor.visit("/");
                        assert!(visit.answer.is_some(), "{:?}", visit.error);
                        seen.lock().unwrap().insert(visit.server.unwrap().serial_hex());
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            for round in 0..turns {
                while done.load(Ordering::SeqCst) * turns < round * handshakes && !over.load(Ordering::SeqCst)
                {
                    std::thread::sleep(Duration::from_micros(200));
                }
                turn(usize::try_from(round).unwrap() + 1);
            }
        });
        let outcomes: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        over.store(true, Ordering::SeqCst);
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    });
    seen.into_inner().unwrap()
}

/// A CA that signed itself, of a name as long as the next one's, so that any of them may be above any other.
pub(crate) fn pathological(sandbox: &Sandbox, number: usize) -> Vec<u8> {
    // The name of the CA above the client, again and again, with another key each time.
    let issuing = load_certificates(&sandbox.path("pki/ca/issuing/cert.pem")).unwrap().remove(0);
    let random = ::ring::rand::SystemRandom::new();
    let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
    let name = match number % 2 {
        0 => Name::from_der(issuing.subject().der()),
        _ => Name::from_common_name(&"*.".repeat(30)).unwrap(),
    };
    let request = Request::new(Kind::Root, name, End::After(Span::days(30)));
    let root = plan(request, None, OffsetDateTime::now_utc()).unwrap().sign_root(&key, &random).unwrap();
    root.der().to_vec()
}

/// The certificate of a set, with others behind it.
pub(crate) fn with_leaf(sandbox: &Sandbox, name: &str, others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let leaf = identity(sandbox, name).leaf().unwrap().der().to_vec();
    std::iter::once(leaf).chain(others.iter().cloned()).collect()
}
