//! Who the server is: read once, and with `--reload` whenever the files change.

use std::{
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Error,
    cert::load_certificates,
    cli::{
        OutputArgs, PkiArgs,
        identity::{self, KeyPairArgs},
        passphrase::PassphraseArgs,
        terminal,
    },
    key::{Opener, Passphrase, load_private_key, no_passphrase},
    name::{DnsName, escape},
    origin::Origin,
    source,
    store::{LeafFiles, Shelf, Store},
    tls::{
        Identity,
        serve::{Credentials, Reload},
    },
};

/// `NAME=DIR`
#[derive(Clone)]
pub(super) struct Sni {
    name: DnsName,
    set: String,
}

impl FromStr for Sni {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, set) =
            text.split_once('=').ok_or("it is NAME=DIR: a server name, and whose files it has")?;
        if set.is_empty() {
            return Err("there is no name of a set, and no directory, after the =".into());
        }
        Ok(Self { name: name.parse()?, set: set.to_owned() })
    }
}

/// All that the server is made of.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) name: Option<String>,
    pub(super) pair: KeyPairArgs,
    pub(super) client_ca: Vec<PathBuf>,
    pub(super) sni: Vec<Sni>,
    pub(super) pki: PkiArgs,
}

/// Files of a set in a directory.
const SET: [&str; 2] = ["fullchain.pem", "privkey.pem"];

impl Shown {
    /// Reads everything once.
    pub(super) fn load(&self, passphrase: &PassphraseArgs) -> Result<Credentials, Error> {
        self.load_by(&mut passphrase.opener())
    }

    /// Reads everything, and says from where to read it again. A passphrase that was asked for is kept for that.
    pub(super) fn load_and_watch(
        self,
        passphrase: &PassphraseArgs,
        output: OutputArgs,
    ) -> Result<(Arc<Reload>, Credentials), Error> {
        let files = self.files()?;
        if files.iter().any(|path| source::is_stdin(path)) {
            return Err(Error::Usage {
                problem: "standard input cannot be read again: --reload needs files".into(),
            });
        }
        let known: Mutex<Option<Passphrase>> = Mutex::default();
        let passphrase = passphrase.clone();
        let load = move || {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut ask = passphrase.opener();
            let is_known = known.is_some();
            self.load_by(&mut |origin: &Origin, attempt: u32| match &*known {
                Some(passphrase) if is_known => Ok((attempt == 1).then(|| passphrase.copy())),
                _ => {
                    let answer = ask(origin, attempt)?;
                    *known = answer.as_ref().map(Passphrase::copy);
                    Ok(answer)
                }
            })
        };
        let tell = move |outcome: Result<&Credentials, &Error>| match outcome {
            Ok(credentials) => {
                let shown =
                    std::iter::once(&credentials.identity).chain(credentials.sni.iter().map(|(_, one)| one));
                let told = shown
                    .filter_map(Identity::leaf)
                    .map(|leaf| format!("\"{}\", serial {}", escape(&leaf.title()), leaf.serial_hex()));
                output
                    .notice(format!("certificates were read again: {}", told.collect::<Vec<_>>().join("; ")));
            }
            Err(error) => {
                terminal::failure(error, output.json);
                output.notice("the certificates of before stay in force");
            }
        };
        let (reload, first) = Reload::start(files, load, tell)?;
        Ok((Arc::new(reload), first))
    }

    fn load_by(&self, opener: &mut Opener<'_>) -> Result<Credentials, Error> {
        let given = identity::anchors(&self.client_ca)?;
        let (identity, own) = match (&self.name, self.pair.load_by(opener)?) {
            (_, Some(identity)) => (identity, Vec::new()),
            (Some(name), None) => identity::from_store(&self.pki, name)?,
            (None, None) => return Err(Error::Usage { problem: "a server needs a certificate".into() }),
        };
        let sni = self.sni.iter().map(|sni| Ok((sni.name.clone(), self.set(&sni.set)?)));
        Ok(Credentials { identity, sni: sni.collect::<Result<_, Error>>()?, client_ca: given.unwrap_or(own) })
    }

    /// The identity of a set: a directory with the files of certbot, or a name in the PKI directory.
    fn set(&self, set: &str) -> Result<Identity, Error> {
        let Some(directory) = directory(set) else { return Ok(identity::from_store(&self.pki, set)?.0) };
        // Links are followed once, so that a turn between two files cannot mix them.
        let real = std::fs::canonicalize(&directory).unwrap_or(directory);
        let [chain, key] = SET.map(|file| real.join(file));
        let chain = load_certificates(&chain)?;
        let origin = source::origin(&key);
        Identity::new(chain, load_private_key(&key, &mut no_passphrase())?, origin)
    }

    /// Everything that [`Shown::load`] reads, by the paths by which it is found.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files: Vec<PathBuf> = self.client_ca.iter().chain(self.pair.files()).cloned().collect();
        let stored = |name: &str| -> Result<Vec<PathBuf>, Error> {
            let link = Store::open(&self.pki.pki)?.link(Shelf::Live, name)?;
            Ok(LeafFiles::NAMES.iter().map(|file| link.join(file)).collect())
        };
        if let Some(name) = &self.name {
            files.extend(stored(name)?);
        }
        for Sni { set, .. } in &self.sni {
            match directory(set) {
                Some(directory) => files.extend(SET.map(|file| directory.join(file))),
                None => files.extend(stored(set)?),
            }
        }
        Ok(files)
    }
}

/// The directory that is meant: what has a slash, or holds such files.
fn directory(set: &str) -> Option<PathBuf> {
    let path = PathBuf::from(set);
    (set.contains('/') || path.join(SET[0]).is_file()).then_some(path)
}
