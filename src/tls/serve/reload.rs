//! Identities and CAs that are read again when their files change.

use std::{
    fmt,
    path::PathBuf,
    sync::{Mutex, PoisonError, TryLockError},
};

use crate::{Error, cert::Certificate, name::DnsName, source::Stamp, tls::Identity};

/// Who a server is, and whose clients it lets in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// As [`super::Options::identity`]
    pub identity: Identity,
    /// As [`super::Options::sni`]
    pub sni: Vec<(DnsName, Identity)>,
    /// As [`super::Options::client_ca`]
    pub client_ca: Vec<Certificate>,
}

type Load = Box<dyn Fn() -> Result<Credentials, Error> + Send + Sync>;
type Tell = Box<dyn Fn(Result<&Credentials, &Error>) + Send + Sync>;

/// Files of which a server is made. It takes a look at them with every handshake, a microsecond each, and whoever finds one changed
/// reads them all, while others go on with what was there. What cannot be used leaves what was there in force.
pub struct Reload {
    files: Vec<PathBuf>,
    load: Load,
    tell: Tell,
    state: Mutex<State>,
}

struct State {
    stamps: Vec<Option<Stamp>>,
    /// The code of the error that was told last, until there is something to use.
    told: Option<&'static str>,
}

/// How often files are read again that change while they are read.
const TRIES: usize = 5;

impl Reload {
    /// Reads them for the first time. `load` reads all of them; `tell` is called when it did so again, or could not, from the thread of
    /// whoever found the change.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn start(
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<Credentials, Error> + Send + Sync + 'static,
        tell: impl Fn(Result<&Credentials, &Error>) + Send + Sync + 'static,
    ) -> Result<(Self, Credentials), Error> {
        // Before they are read: what changes meanwhile is seen at the next look.
        let stamps = stamps(&files);
        let first = load()?;
        let state = Mutex::new(State { stamps, told: None });
        Ok((Self { files, load: Box::new(load), tell: Box::new(tell), state }, first))
    }

    /// Takes a look; where something changed, `commit` gets what `adopt` makes of it, before anybody else looks.
    pub(super) fn look<T>(&self, adopt: impl Fn(Credentials) -> Result<T, Error>, commit: impl FnOnce(T)) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return,
        };
        let mut now = stamps(&self.files);
        if now == state.stamps {
            return;
        }
        let mut outcome = self.load(&adopt);
        // A certificate and a key are two files, and whoever replaces them may be half through.
        for _ in 1..TRIES {
            let after = stamps(&self.files);
            if after == now {
                break;
            }
            now = after;
            outcome = self.load(&adopt);
        }
        state.stamps = now;
        match outcome {
            Ok((credentials, adopted)) => {
                state.told = None;
                commit(adopted);
                (self.tell)(Ok(&credentials));
            }
            Err(error) => {
                if state.told.replace(error.code()) != Some(error.code()) {
                    (self.tell)(Err(&error));
                }
            }
        }
    }

    fn load<T>(&self, adopt: impl Fn(Credentials) -> Result<T, Error>) -> Result<(Credentials, T), Error> {
        let credentials = (self.load)()?;
        let adopted = adopt(credentials.clone())?;
        Ok((credentials, adopted))
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|path| Stamp::of(path).ok()).collect()
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("files", &self.files).finish_non_exhaustive()
    }
}
