//! The lists that a running program goes by: read from files once, and again when these change.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use super::Crl;
use crate::{
    Error,
    source::{self, Stamp},
};

/// What came of reading a file again: the lists it holds now, or why those of before stay in force.
pub type Reread<'a> = Result<&'a [Arc<Crl>], &'a Error>;

type Tell = Box<dyn Fn(&Path, Reread<'_>) + Send + Sync>;

/// Bytes that are read at once by whoever finds them changed, in some milliseconds; a thread of its own reads more.
const LARGE: u64 = 1 << 20;

/// Revocation lists in force, of any number of CAs. Files are looked at whenever somebody asks, and read again when they were
/// replaced or changed; one that cannot be read then leaves what it said before in force, because to go on without would be to
/// trust everybody.
pub struct Lists {
    in_force: RwLock<Arc<[Arc<Crl>]>>,
    files: Mutex<Vec<Watched>>,
    /// Whether somebody looks at the files.
    busy: AtomicBool,
    tell: Tell,
}

/// The right to look at the files, until it is dropped.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A file and what was read from it.
struct Watched {
    path: PathBuf,
    /// What the file was when it was read, where it can be read again.
    stamp: Option<Stamp>,
    once: bool,
    lists: Vec<Arc<Crl>>,
    /// The code of the error that was told last, until the file can be read.
    told: Option<&'static str>,
}

impl Watched {
    fn read(path: &Path) -> Result<Self, Error> {
        // Before it is read: what changes meanwhile is seen at the next look.
        let stamp = Stamp::of(path).ok();
        // What comes through a pipe comes once.
        let once = source::is_stdin(path) || !fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        Ok(Self { path: path.to_owned(), stamp, once, lists: Self::lists(path)?, told: None })
    }

    fn lists(path: &Path) -> Result<Vec<Arc<Crl>>, Error> {
        Ok(Crl::load(path)?.into_iter().map(Arc::new).collect())
    }

    /// How much there is to read again, where it changed.
    fn changed(&self) -> Option<u64> {
        let stamp = if self.once { return None } else { Stamp::of(&self.path).ok() };
        (stamp != self.stamp).then(|| stamp.map_or(0, |stamp| stamp.size()))
    }

    /// Reads it again where it changed; `None` where there is nothing to tell.
    fn look(&mut self) -> Option<Result<(), Error>> {
        let stamp = if self.once { return None } else { Stamp::of(&self.path).ok() };
        if stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        match Self::lists(&self.path) {
            Ok(lists) => {
                (self.lists, self.told) = (lists, None);
                Some(Ok(()))
            }
            Err(error) if self.told.replace(error.code()) == Some(error.code()) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Lists {
    /// Lists that are in no file, and never change.
    pub fn fixed(lists: Vec<Crl>) -> Self {
        let lists: Vec<Arc<Crl>> = lists.into_iter().map(Arc::new).collect();
        Self {
            in_force: RwLock::new(lists.into()),
            files: Mutex::default(),
            busy: AtomicBool::new(false),
            tell: Box::new(|_, _| {}),
        }
    }

    /// Reads all lists of the files (`-` is standard input). `tell` is called whenever one was read again, or could not be, by
    /// whoever asked for the lists; it must not ask itself.
    ///
    /// # Errors
    /// As [`Crl::load`]: a file without a list is one too.
    pub fn load<P: AsRef<Path>>(
        paths: &[P],
        tell: impl Fn(&Path, Reread<'_>) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let files = paths.iter().map(|path| Watched::read(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let (in_force, busy) = (RwLock::new(all(&files)), AtomicBool::new(false));
        Ok(Self { in_force, files: Mutex::new(files), busy, tell: Box::new(tell) })
    }

    /// The lists of now. It takes a look at each file, a microsecond; whoever finds one changed reads it, while all others go on
    /// with the lists of before. Files of more than 1 MiB are read by a thread of their own, and everybody goes on until they are.
    pub fn current(self: &Arc<Self>) -> Arc<[Arc<Crl>]> {
        if !self.busy.swap(true, Ordering::Acquire) {
            let turn = Turn(&self.busy);
            let changed: Option<u64> =
                self.files().iter().filter_map(Watched::changed).reduce(u64::saturating_add);
            match changed {
                None => {}
                Some(size) if size > LARGE && self.look_aside() => std::mem::forget(turn),
                Some(_) => self.look(),
            }
        }
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has a thread look, and give the turn back. `false`: there can be no more threads.
    fn look_aside(self: &Arc<Self>) -> bool {
        let lists = self.clone();
        let look = move || {
            let _turn = Turn(&lists.busy);
            lists.look();
        };
        std::thread::Builder::new().name("crl".into()).spawn(look).is_ok()
    }

    fn files(&self) -> MutexGuard<'_, Vec<Watched>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        let mut files = self.files();
        let outcomes: Vec<_> = files.iter_mut().map(Watched::look).collect();
        if outcomes.iter().flatten().any(Result::is_ok) {
            let new = all(&files);
            let old =
                std::mem::replace(&mut *self.in_force.write().unwrap_or_else(PoisonError::into_inner), new);
            // Not under the lock: it may be long.
            drop(old);
        }
        for (file, outcome) in files.iter().zip(outcomes) {
            match outcome {
                Some(Ok(())) => (self.tell)(&file.path, Ok(&file.lists)),
                Some(Err(error)) => (self.tell)(&file.path, Err(&error)),
                None => {}
            }
        }
    }
}

fn all(files: &[Watched]) -> Arc<[Arc<Crl>]> {
    files.iter().flat_map(|file| file.lists.iter().cloned()).collect()
}

/// Lists that do not change.
impl From<Vec<Crl>> for Lists {
    fn from(lists: Vec<Crl>) -> Self {
        let in_force = RwLock::new(lists.into_iter().map(Arc::new).collect());
        Self { in_force, files: Mutex::default(), busy: AtomicBool::new(false), tell: Box::new(|_, _| {}) }
    }
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_force = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        let each = in_force.iter().map(|list| (list.issuer().to_string(), list.number()));
        f.debug_list().entries(each).finish()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "files are changed as strangers change them")]
mod tests {
    use ring::rand::SystemRandom;
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;
    use crate::{
        crl::{Reason, Revoked, Terms},
        issue::{Kind, Request, plan},
        issuer::Issuer,
        key::{KeyType, PrivateKey},
        name::Name,
        origin::Origin,
        validity::{End, Span},
    };

    const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

    fn issuer(name: &str) -> Issuer {
        let key = PrivateKey::generate(KeyType::Ed25519, &SystemRandom::new()).unwrap();
        let request =
            Request::new(Kind::Root, Name::from_common_name(name).unwrap(), End::After(Span::days(90)));
        let root = plan(request, None, NOW).unwrap().sign_root(&key, &SystemRandom::new()).unwrap();
        Issuer::new(root, &[], key, Origin::named("key"), NOW).ok().unwrap()
    }

    fn list(issuer: &Issuer, number: u64, revoked: u8) -> Crl {
        let entry = |serial| Revoked { serial: [serial].into(), date: NOW, reason: Reason::KeyCompromise };
        let terms = Terms { number, this_update: NOW, next_update: NOW + Duration::DAY };
        Crl::sign(issuer, (1..=revoked).map(entry).collect(), terms, &SystemRandom::new()).unwrap()
    }

    fn numbers(lists: &Arc<Lists>) -> Vec<u64> {
        lists.current().iter().filter_map(|list| list.number()).collect()
    }

    #[test]
    fn files_are_read_again_when_they_change_and_what_was_good_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ca = issuer("CA");
        let put = |name: &str, list: &Crl| fs::write(path(name), list.to_pem()).unwrap();
        put("a", &list(&ca, 1, 0));
        fs::write(path("b"), list(&ca, 2, 0).der()).unwrap();
        std::os::unix::fs::symlink("b", path("link")).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = {
            let told = told.clone();
            move |path: &Path, outcome: Reread<'_>| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                told.lock().unwrap().push((name, outcome.map(<[_]>::len).map_err(|error| error.code())));
            }
        };
        let lists = Arc::new(Lists::load(&[path("a"), path("link")], tell).unwrap());
        let told = || std::mem::take(&mut *told.lock().unwrap());
        assert_eq!(numbers(&lists), [1, 2]);
        // By a rename, in place, and by a link that is turned.
        put("new", &list(&ca, 3, 1));
        fs::rename(path("new"), path("a")).unwrap();
        assert_eq!(numbers(&lists), [3, 2]);
        fs::write(path("a"), list(&ca, 4, 1).to_pem() + &list(&ca, 5, 2).to_pem()).unwrap();
        assert_eq!(numbers(&lists), [4, 5, 2]);
        put("c", &list(&ca, 6, 0));
        std::os::unix::fs::symlink("c", path("turned")).unwrap();
        fs::rename(path("turned"), path("link")).unwrap();
        assert_eq!(numbers(&lists), [4, 5, 6]);
        let ok = |name: &str, count| (name.to_owned(), Ok(count));
        assert_eq!(told(), [ok("a", 1), ok("a", 2), ok("link", 1)]);
        // Broken, twice, then gone: what it said stays, each kind of error is told once; the other is read all the same.
        for broken in ["nothing", "nothing at all"] {
            fs::write(path("a"), broken).unwrap();
            assert_eq!(numbers(&lists), [4, 5, 6]);
        }
        put("new", &list(&ca, 7, 0));
        fs::rename(path("new"), path("c")).unwrap();
        assert_eq!(numbers(&lists), [4, 5, 7]);
        fs::remove_file(path("a")).unwrap();
        assert_eq!((numbers(&lists), numbers(&lists)), (vec![4, 5, 7], vec![4, 5, 7]));
        let failed = |code| ("a".to_owned(), Err(code));
        assert_eq!(told(), [failed("nothing-found"), ok("link", 1), failed("file-not-found")]);
        put("a", &list(&ca, 8, 0));
        assert_eq!((numbers(&lists), told()), (vec![8, 7], vec![ok("a", 1)]));
        assert_eq!((numbers(&lists), told()), (vec![8, 7], vec![]));
    }

    #[test]
    fn a_file_without_a_list_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ca = issuer("CA");
        fs::write(path("good"), list(&ca, 1, 0).to_pem()).unwrap();
        fs::write(path("empty"), "").unwrap();
        fs::write(path("ca"), ca.certificate().to_pem()).unwrap();
        fs::write(path("half"), list(&ca, 1, 0).to_pem().split_at(90).0).unwrap();
        for (name, code) in [
            ("empty", "nothing-found"),
            ("ca", "nothing-found"),
            ("half", "pem-broken"),
            ("missing", "file-not-found"),
            ("", "not-a-file"),
        ] {
            let error = Lists::load(&[path("good"), path(name)], |_, _| {}).err().unwrap();
            assert_eq!(error.code(), code, "{name}");
        }
    }

    #[test]
    fn nobody_waits_for_a_large_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ca = issuer("CA");
        fs::write(path("a"), list(&ca, 1, 0).to_pem()).unwrap();
        let (sender, told) = std::sync::mpsc::channel();
        let tell = move |_: &Path, outcome: Reread<'_>| {
            sender.send((std::thread::current().id(), outcome.is_ok())).unwrap();
        };
        let lists = Arc::new(Lists::load(&[path("a")], tell).unwrap());
        for (number, body) in
            [(2, list(&ca, 2, 0).to_pem()), (2, String::new()), (3, list(&ca, 3, 0).to_pem())]
        {
            let large = "commentary\n".repeat(200_000) + &body;
            fs::write(path("new"), large).unwrap();
            fs::rename(path("new"), path("a")).unwrap();
            numbers(&lists);
            let (thread, good) = told.recv().unwrap();
            assert_eq!((thread == std::thread::current().id(), good), (false, !body.is_empty()));
            assert_eq!(numbers(&lists), [number]);
            // Its turn is given back a moment after it has told.
            while lists.busy.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
    }

    /// Whoever asks while others see the file change has one whole set or the other.
    #[test]
    fn nobody_ever_has_half_of_the_lists() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ca = issuer("CA");
        let sets = [[1, 2], [3, 4]]
            .map(|numbers| numbers.iter().map(|number| list(&ca, *number, 9).to_pem()).collect::<String>());
        fs::write(path("crls"), &sets[0]).unwrap();
        let lists = Lists::load(&[path("crls")], |_, outcome| assert!(outcome.is_ok()));
        let lists = Arc::new(lists.unwrap());
        let over = AtomicBool::new(false);
        let seen: Vec<usize> = std::thread::scope(|scope| {
            let ask = || {
                let mut changes = vec![numbers(&lists)];
                while !over.load(Ordering::Relaxed) {
                    let now = numbers(&lists);
                    assert!(now == [1, 2] || now == [3, 4], "{now:?}");
                    if changes.last() != Some(&now) {
                        changes.push(now);
                    }
                }
                changes.len()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            for round in 0..200 {
                fs::write(path("new"), &sets[(round + 1) % 2]).unwrap();
                fs::rename(path("new"), path("crls")).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            over.store(true, Ordering::Relaxed);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(seen.iter().sum::<usize>() > 10, "{seen:?}");
        assert_eq!(numbers(&lists), [1, 2]);
    }
}
