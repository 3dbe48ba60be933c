//! The mutual-TLS test server: answers every request with whom it saw, and reports every connection, the refused ones
//! above all.
//!
//! One event loop for each core, no thread for each connection: an idle client costs a few hundred bytes and a
//! deadline, a silent or slow one keeps nobody waiting. There are no session tickets and no resumption, because a
//! resumed client is not judged again.

mod allow;
mod answer;
mod connection;
mod failure;
mod hello;
mod options;
mod reload;
mod report;
mod request;
mod setup;
mod verifier;
mod worker;

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mio::Waker;

pub use allow::Allow;
pub use answer::Answer;
pub use hello::{ClientHello, Code};
pub use options::Options;
pub use reload::{Credentials, Reload};
pub use report::{ClientFacts, ConnectionReport, Outcome, Summary};

use super::{ClientAuth, Clock};
use crate::{Error, source::plain};
use setup::{Setup, Terms};
use worker::Worker;

/// Connections that are held at once, over all workers; further ones wait in the listen queue.
const MOST_CONNECTIONS: usize = 16 * 1024;

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
    terms: Terms,
    /// What the next handshake is made with.
    setup: RwLock<Arc<Setup>>,
    reload: Option<Arc<Reload>>,
    allow: Allow,
    answer: Answer,
    timeout: Duration,
    count: Option<u64>,
    stop: AtomicBool,
    finished: AtomicU64,
    opened: AtomicU64,
    wakers: Mutex<Vec<Waker>>,
}

impl Shared {
    /// What a handshake that begins now is made with.
    fn setup(&self) -> Arc<Setup> {
        let adopt = |credentials| Setup::new(&self.terms, credentials).map(Arc::new);
        let commit = |new| *self.setup.write().unwrap_or_else(PoisonError::into_inner) = new;
        if let Some(reload) = &self.reload {
            reload.look(adopt, commit);
        }
        self.setup.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

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
    /// revocation lists or names are; [`Error::TlsSetup`] where rustls does not take the certificates.
    pub fn bind(options: Options, clock: Clock) -> Result<Self, Error> {
        let terms = Terms::new(&options, clock)?;
        let Options { identity, sni, client_ca, .. } = options;
        let setup = Setup::new(&terms, Credentials { identity, sni, client_ca })?;
        let refused = |error: std::io::Error| Error::ListenFailed {
            address: options.listen.to_string(),
            cause: plain(&error),
        };
        let listener = TcpListener::bind(options.listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Arc::new(Shared {
            terms,
            setup: RwLock::new(Arc::new(setup)),
            reload: options.reload,
            allow: options.allow,
            answer: options.answer,
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
