//! Where to look: files, directories, standard input, servers.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    cert::MOST_BROKEN,
    cli::{Context, Exit, OutputArgs, passphrase::PassphraseArgs, probe::target, terminal, time_limit},
    inspect::{Locked, Object, What, examine},
    origin::Origin,
    source,
    tls::{
        Clock,
        fetch::{Protocol, Target, fetch},
    },
};

/// Whether to go on.
pub(super) type Visit = ControlFlow<()>;

/// How servers are asked.
#[derive(clap::Args)]
pub(crate) struct PeerArgs {
    /// What a server speaks before TLS
    #[arg(long, value_name = "PROTOCOL", help_heading = "Servers")]
    pub(crate) starttls: Option<Protocol>,
    /// The name that a server is asked for (SNI), where it is not the host
    #[arg(long, value_name = "NAME", help_heading = "Servers")]
    server_name: Option<String>,
    /// How long a server may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = crate::cli::wait, help_heading = "Servers")]
    timeout: std::time::Duration,
}

enum Source {
    /// A file, or standard input
    File(PathBuf),
    Directory(PathBuf),
    Server(Target),
}

/// Everything that was named.
pub(super) struct Sources<'a> {
    all: Vec<Source>,
    passphrase: &'a PassphraseArgs,
    output: OutputArgs,
    clock: Clock,
}

impl<'a> Sources<'a> {
    pub(super) fn new(
        named: &[PathBuf],
        peer: &PeerArgs,
        passphrase: &'a PassphraseArgs,
        output: OutputArgs,
        context: &Context,
    ) -> Result<Self, Error> {
        let all = named.iter().map(|path| Source::new(path, peer)).collect::<Result<Vec<_>, _>>()?;
        let server = all.iter().any(|source| matches!(source, Source::Server(_)));
        peer.require(server)?;
        Ok(Self { all, passphrase, output, clock: context.clock() })
    }

    /// Hands over everything that is found. What cannot be read is told and shows in the exit status; the rest is
    /// visited nevertheless.
    pub(super) fn visit(
        &self,
        each: &mut dyn FnMut(Object) -> anyhow::Result<Visit>,
    ) -> anyhow::Result<Exit> {
        let mut visitor =
            Visitor { sources: self, each, exit: Exit::Yes, broken: 0, found: false, fatal: None };
        for source in &self.all {
            let flow = match source {
                Source::File(path) => visitor.named_file(path),
                Source::Directory(path) => visitor.directory(path),
                Source::Server(target) => visitor.server(target),
            };
            if flow.is_break() {
                break;
            }
        }
        match visitor.fatal {
            Some(error) => Err(error),
            None => Ok(visitor.exit),
        }
    }
}

impl Source {
    /// A file of a name goes before a server of that name.
    fn new(path: &Path, peer: &PeerArgs) -> Result<Self, Error> {
        match peer.target(path)? {
            Some(target) => Ok(Self::Server(target)),
            None if path.is_dir() => Ok(Self::Directory(path.to_owned())),
            None => Ok(Self::File(path.to_owned())),
        }
    }
}

impl PeerArgs {
    /// The server that is meant; `None` where it is a file, or could be one that is missing.
    pub(crate) fn target(&self, path: &Path) -> Result<Option<Target>, Error> {
        let is_there = source::is_stdin(path) || path.symlink_metadata().is_ok();
        let Some(text) = path.to_str().filter(|text| !is_there && looks_like_server(text)) else {
            return Ok(None);
        };
        // Of a URL, the host and the port.
        let address = match text.strip_prefix("https://") {
            Some(rest) => format!("https://{}", rest.split(['/', '?', '#']).next().unwrap_or_default()),
            None => text.to_owned(),
        };
        let (host, port) = target(&address)?;
        Ok(Some(Target {
            host,
            port,
            server_name: self.server_name.clone(),
            protocol: self.starttls,
            timeout: time_limit(self.timeout)?,
        }))
    }

    /// Refuses options for servers where there is none.
    pub(crate) fn require(&self, has_server: bool) -> Result<(), Error> {
        if !has_server && (self.starttls.is_some() || self.server_name.is_some()) {
            let problem = "--starttls and --server-name are for host:port, and no source is one".into();
            return Err(Error::Usage { problem });
        }
        Ok(())
    }
}

/// `https://…`, `host:443`, `[::1]:443`: nothing that a file that is merely missing would be called.
pub(crate) fn looks_like_server(text: &str) -> bool {
    if text.starts_with("https://") {
        return true;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let is_host = !host.is_empty() && !host.contains('/');
    is_host && !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
}

struct Visitor<'a, 'v> {
    sources: &'a Sources<'a>,
    each: &'v mut dyn FnMut(Object) -> anyhow::Result<Visit>,
    exit: Exit,
    /// What could not be read in the source at hand
    broken: usize,
    /// Whether anything was found in it
    found: bool,
    /// What nothing can be done about: standard output cannot be written
    fatal: Option<anyhow::Error>,
}

impl Visitor<'_, '_> {
    fn failed(&mut self, error: &anyhow::Error) {
        terminal::error(error, self.sources.output.json);
        self.exit = Exit::Failed;
        self.broken += 1;
    }

    /// A named source in which nothing was found, though all of it could be read.
    fn nothing(&mut self, origin: Origin) {
        if !self.found && self.broken == 0 {
            let what = "certificate, request, CRL or key";
            self.failed(&Error::NothingFound { origin, what }.into());
        }
    }

    /// Hands an object over.
    fn object(&mut self, object: Object) -> Visit {
        match (self.each)(object) {
            Ok(flow) => flow,
            Err(error)
                if error.downcast_ref().is_some_and(|error| !matches!(error, Error::WriteFailed { .. })) =>
            {
                self.failed(&error);
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.fatal = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Looks into a file that was named, which must hold something.
    fn named_file(&mut self, path: &Path) -> Visit {
        (self.found, self.broken) = (false, 0);
        self.file(path, true)?;
        self.nothing(source::origin(path));
        ControlFlow::Continue(())
    }

    fn file(&mut self, path: &Path, named: bool) -> Visit {
        let origin = source::origin(path);
        let reader = match source::reader(path) {
            Ok(reader) => reader,
            Err(error) => {
                self.failed(&error.into());
                return ControlFlow::Continue(());
            }
        };
        let passphrase = self.sources.passphrase;
        let mut ask = passphrase.opener();
        let mut opener = |locked: Locked, origin: &Origin, attempt: u32| match locked {
            // Much can be told of a key without its passphrase: nobody is asked for it.
            Locked::Key if !passphrase.is_stated() => Ok(None),
            Locked::Store if !passphrase.is_stated() && !named => Ok(None),
            _ => ask(origin, attempt),
        };
        let (mut flow, mut given_up) = (ControlFlow::Continue(()), false);
        let before = self.broken;
        let outcome = examine(reader, &origin, &mut opener, &mut |object| {
            self.found |= !matches!(object.what, What::Other(_) | What::Broken(_));
            flow = self.object(object);
            given_up = self.broken - before == MOST_BROKEN;
            if given_up { ControlFlow::Break(()) } else { flow }
        });
        if let Err(error) = outcome {
            self.failed(&error.into());
        }
        if given_up {
            self.sources.output.notice(format!("{origin} is given up: too much in it is broken"));
        }
        flow
    }

    fn directory(&mut self, directory: &Path) -> Visit {
        (self.found, self.broken) = (false, 0);
        for path in source::walk(directory) {
            match path {
                Ok(path) => self.file(&path, false)?,
                Err(error) => self.failed(&error.into()),
            }
        }
        self.nothing(source::origin(directory));
        ControlFlow::Continue(())
    }

    fn server(&mut self, target: &Target) -> Visit {
        let chain = match fetch(target, self.sources.clock.clone()) {
            Ok(chain) => chain,
            Err(error) => {
                self.failed(&error.into());
                return ControlFlow::Continue(());
            }
        };
        let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
        let origin = Origin::named(&format!("{host}:{}", target.port));
        let count = chain.len();
        for (index, der) in chain.into_iter().enumerate() {
            let origin = origin.nth(index + 1, count);
            let place = crate::inspect::Place::new(&origin);
            self.object(Object { place, origin, label: None, what: What::Certificate(der, Vec::new()) })?;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_server;

    #[test]
    fn files_that_are_missing_are_no_servers() {
        for server in ["localhost:443", "[::1]:8443", "https://a.internal/x", "10.0.0.1:443"] {
            assert!(looks_like_server(server), "{server}");
        }
        for file in ["a.pem", "dir/a:443", ":443", "a:", "a:b", "C:\\certs\\a.pem", "-"] {
            assert!(!looks_like_server(file), "{file}");
        }
    }
}
