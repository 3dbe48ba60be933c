//! The mutual-TLS test server: answers every request with whom it saw, and reports every connection, the refused ones
//! above all.
//!
//! One event loop for each core, no thread for each connection: an idle client costs a few hundred bytes and a
//! deadline, a silent or slow one keeps nobody waiting. There are no session tickets and no resumption, because a
//! resumed client is not judged again.

mod answer;
mod connection;
mod report;
mod verifier;
mod worker;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mio::Waker;
use rustls::{ServerConfig, server::NoServerSessionStorage};

pub use report::{ClientFacts, ConnectionReport, Outcome, Summary};

use super::{CertificateFacts, ClientAuth, Clock, Identity, Time, Version, judge::Trust};
use crate::{Error, cert::Certificate, crl::Lists, source::plain};
use worker::Worker;

/// Connections that are held at once, over all workers; further ones wait in the listen queue.
const MOST_CONNECTIONS: usize = 16 * 1024;

/// What a server is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who the server is.
    pub identity: Identity,
    /// Whether clients are asked for a certificate.
    pub client_auth: ClientAuth,
    /// The CAs whose clients are let in; needed unless `client_auth` is [`ClientAuth::None`].
    pub client_ca: Vec<Certificate>,
    /// The lists of the CAs above clients: one that is revoked is refused, and so is one of which they do not speak. They are asked
    /// for with every judgement. Revocation is not looked at where `None`.
    pub crls: Option<Arc<Lists>>,
    /// The only version of TLS to speak; both where `None`.
    pub version: Option<Version>,
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
            client_auth: ClientAuth::Required,
            client_ca,
            crls: None,
            version: None,
            count: None,
            timeout: Duration::from_secs(30),
        }
    }
}

/// A server that listens, but does not answer yet.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    workers: Vec<Worker>,
}

/// Makes a running server stop. Cheap to clone.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

/// What all workers share.
struct Shared {
    tls: Arc<ServerConfig>,
    /// What answers and reports say about the server's own certificate.
    served: CertificateFacts,
    client_auth: ClientAuth,
    timeout: Duration,
    count: Option<u64>,
    stop: AtomicBool,
    finished: AtomicU64,
    opened: AtomicU64,
    wakers: Mutex<Vec<Waker>>,
}

impl Shared {
    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for waker in self.wakers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // A worker that cannot be woken sees the flag at its next deadline.
            let _ = waker.wake();
        }
    }
}

impl Stopper {
    /// Makes [`Server::run`] return: no more connections are accepted, open ones get a moment to end.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// [`Error::ListenFailed`]; [`Error::Usage`] where clients are to be judged and no CA is given, or are not to be judged and
    /// revocation lists are; [`Error::TlsSetup`] where rustls does not take the certificates.
    pub fn bind(options: Options, clock: Clock) -> Result<Self, Error> {
        let tls = configure(&options, clock)?;
        let served = options
            .identity
            .leaf()
            .map(CertificateFacts::new)
            .ok_or(Error::LeafMissing { key: None, key_id: None })?;
        let refused = |error: std::io::Error| Error::ListenFailed {
            address: options.listen.to_string(),
            cause: plain(&error),
        };
        let listener = TcpListener::bind(options.listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Arc::new(Shared {
            tls,
            served,
            client_auth: options.client_auth,
            timeout: options.timeout,
            count: options.count,
            stop: AtomicBool::new(options.count == Some(0)),
            finished: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            wakers: Mutex::default(),
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut workers = Vec::with_capacity(cores);
        for _ in 0..cores {
            let listener = listener.try_clone().map_err(refused)?;
            let (worker, waker) =
                Worker::new(listener, shared.clone(), MOST_CONNECTIONS / cores).map_err(refused)?;
            shared.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
            workers.push(worker);
        }
        Ok(Self { address, shared, workers })
    }

    /// The address it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it, from any thread.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.shared.clone())
    }

    /// Serves until it is stopped, or `count` connections have finished. `observer` is called from the workers'
    /// threads, once for each connection, when it is over.
    ///
    /// # Errors
    /// [`Error::ListenFailed`] where the operating system no longer lets it wait for connections.
    pub fn run(self, observer: &(dyn Fn(&ConnectionReport) + Sync)) -> Result<Summary, Error> {
        let address = self.address;
        let shared = self.shared;
        let outcomes: Vec<std::io::Result<Summary>> = std::thread::scope(|scope| {
            let spawn = |worker: Worker| {
                let shared = &shared;
                scope.spawn(move || {
                    let outcome = worker.run(observer);
                    // One worker that ended ends the others.
                    shared.stop();
                    outcome
                })
            };
            let threads: Vec<_> = self.workers.into_iter().map(spawn).collect();
            let panicked = || Err(std::io::Error::other("a worker ended unexpectedly"));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panicked())).collect()
        });
        let mut summary = Summary::default();
        for outcome in outcomes {
            summary += outcome.map_err(|error| Error::ListenFailed {
                address: address.to_string(),
                cause: plain(&error),
            })?;
        }
        Ok(summary)
    }
}

fn configure(options: &Options, clock: Clock) -> Result<Arc<ServerConfig>, Error> {
    let provider = super::provider();
    let builder = ServerConfig::builder_with_details(provider.clone(), Arc::new(Time(clock.clone())))
        .with_protocol_versions(super::versions(options.version))
        .map_err(super::setup)?;
    let builder = match options.client_auth {
        ClientAuth::None if options.crls.is_some() => {
            let problem = "clients are not asked for certificates, so no CRL can refuse one".to_owned();
            return Err(Error::Usage { problem });
        }
        ClientAuth::None => builder.with_no_client_auth(),
        mode => {
            if options.client_ca.is_empty() {
                let problem =
                    "clients are asked for certificates, but no CA is given whose clients are let in";
                return Err(Error::Usage { problem: problem.to_owned() });
            }
            let verifier = verifier::ClientVerifier::new(
                Trust { anchors: options.client_ca.clone(), crls: options.crls.clone() },
                mode == ClientAuth::Required,
                &provider,
                clock,
            )?;
            builder.with_client_cert_verifier(Arc::new(verifier))
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(options.identity.clone()));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
