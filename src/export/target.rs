//! Programs, what files each wants, and how it is told of them.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use super::{File, Material, Part, Snippet, Stores, table::TARGETS};
use crate::{
    Error,
    cert::{Certificate, Role},
    name::GeneralName,
};

/// A program that takes files and lines of configuration.
pub struct Target {
    /// Its name on the command line
    pub name: &'static str,
    /// What it is, in a few words
    pub about: &'static str,
    /// As a server that demands certificates of its clients
    pub server: Option<Side>,
    /// As a client
    pub client: Option<Side>,
    /// The user that reads the key, where packages run the server as another one than root
    pub user: Option<&'static str>,
    /// The port it usually has
    pub port: u16,
}

/// One side of a handshake.
pub struct Side {
    /// Names and contents of its files
    pub files: &'static [(&'static str, Part)],
    /// Its lines of configuration
    pub snippet: Option<Snippet>,
    /// For a server: the line of a client that is let in
    pub client: Option<Snippet>,
}

/// Where things are, or will be.
pub struct Place<'a> {
    /// The directory of the files on the machine that uses them, absolute
    pub directory: &'a Path,
    /// The directory of a client's files, for its line; named as in the PKI directory
    pub client_directory: &'a Path,
    /// The name of that client
    pub client: &'a str,
    /// The name or address by which clients know the server
    pub host: &'a str,
    /// The address that the server binds
    pub address: IpAddr,
    /// Its port
    pub port: u16,
}

/// Files, and what to do with them.
pub struct Recipe {
    /// The files, the secret ones last
    pub files: Vec<File>,
    /// Lines of configuration, a command or a program
    pub snippet: Option<String>,
    /// The line of a client that is let in
    pub client: Option<String>,
}

/// The files of a set as certbot names them.
const CLIENT_FILES: [(&str, Part); 5] = [
    ("cert.pem", Part::Certificate),
    ("chain.pem", Part::Chain),
    ("fullchain.pem", Part::Fullchain),
    ("ca.pem", Part::Roots),
    ("privkey.pem", Part::Key),
];

impl Target {
    /// All of them.
    pub fn all() -> &'static [Self] {
        TARGETS
    }

    /// The one of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The side that a certificate can take: a server, where it is for both and `as_client` does not say otherwise.
    ///
    /// # Errors
    /// [`Error::ExportUnfit`] where its usages allow neither.
    pub fn side(&self, leaf: &Certificate, as_client: bool) -> Result<&Side, Error> {
        let (server, client) = match leaf.role() {
            Role::Server if as_client => (None, None),
            _ if as_client => (None, self.client.as_ref()),
            Role::Client => (None, self.client.as_ref()),
            Role::Server => (self.server.as_ref(), None),
            _ => (self.server.as_ref(), self.client.as_ref()),
        };
        server.or(client).ok_or_else(|| {
            let known = match (&self.server, &self.client) {
                (Some(_), Some(_)) => "is wanted as a client",
                (Some(_), None) => "is known as a server only",
                _ => "is a client",
            };
            let reason = format!("{} {known}, and the certificate is for a {}", self.name, leaf.role());
            Error::ExportUnfit { target: self.name, subject: leaf.title(), reason }
        })
    }
}

impl Side {
    /// Files and lines for a certificate.
    ///
    /// # Errors
    /// Those of [`Material::part`] and [`Snippet::fill`].
    pub fn recipe(
        &self,
        material: &Material,
        stores: Option<&Stores<'_>>,
        place: &Place<'_>,
    ) -> Result<Recipe, Error> {
        // Before files are made, because a path that cannot be written ends it all.
        let own = |word: &str| value(word, place, place.directory, self.files);
        let snippet = self.snippet.map(|snippet| snippet.fill(own)).transpose()?;
        let of_client = |word: &str| value(word, place, place.client_directory, &CLIENT_FILES);
        let client = self.client.map(|line| line.fill(of_client)).transpose()?;
        let files = self.files.iter().map(|(name, part)| material.file(name, *part, stores));
        let mut files = files.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(|file| file.secret);
        Ok(Recipe { files, snippet, client })
    }
}

/// What a word of a template stands for.
fn value(word: &str, place: &Place<'_>, directory: &Path, files: &[(&str, Part)]) -> Option<String> {
    let authority = || match place.host.parse() {
        Ok(address) => SocketAddr::new(address, place.port).to_string(),
        Err(_) => format!("{}:{}", place.host, place.port),
    };
    Some(match word {
        "host" => place.host.to_owned(),
        "address" => place.address.to_string(),
        "port" => place.port.to_string(),
        "bound" => SocketAddr::new(place.address, place.port).to_string(),
        "authority" => authority(),
        "user" => place.client.to_owned(),
        _ => {
            let (name, _) = files.iter().find(|(_, part)| part.placeholder() == word)?;
            let path: PathBuf = directory.join(name);
            // An empty value is one that cannot be written anywhere.
            path.to_str().unwrap_or_default().to_owned()
        }
    })
}

/// The first name or address by which clients can know a server; of a wildcard, a name below it.
pub fn host_of(leaf: &Certificate) -> Option<String> {
    leaf.subject_alt_names().iter().find_map(|name| match name {
        GeneralName::Dns(name) => {
            Some(name.strip_prefix("*.").map_or_else(|| name.clone(), |base| format!("www.{base}")))
        }
        GeneralName::Ip(address) => Some(address.to_string()),
        _ => None,
    })
}
