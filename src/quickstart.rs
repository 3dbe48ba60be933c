//! A whole small PKI in one stroke, and the live proof that it holds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use ring::rand::SecureRandom;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    issue::{Kind, Request, new_origin, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::{DnsName, Name, San, Subtree},
    profile::Profile,
    store::{Generation, LeafFiles, Store, Wait},
    tls::{Clock, Identity, probe, serve},
    twin::{name_for, twin, unrelated_authority},
    validity::{End, Span},
};

/// How long everything lasts: nobody shall forget it somewhere.
const LIFETIME: Span = Span::days(30);
/// Common name of the root, which says what it is worth.
pub const ROOT_COMMON_NAME: &str = "pkit quickstart - test only";
const INTERMEDIATE_COMMON_NAME: &str = "pkit quickstart issuing - test only";
/// Names of the sets of files.
pub const ROOT: &str = "quickstart-root";
/// Name of the intermediate.
pub const INTERMEDIATE: &str = "quickstart-issuing";
/// Name of the client.
pub const CLIENT: &str = "client";
const CERTIFICATE_REQUIRED: u8 = 116;
const UNKNOWN_CA: u8 = 48;
/// Time limit of each handshake of the proof.
const PATIENCE: Duration = Duration::from_secs(10);

/// A PKI directory with four sets of files, and what is needed to prove them.
pub struct Quickstart {
    /// The PKI directory.
    pub store: Store,
    /// Name of the server's set.
    pub server: String,
    root: Certificate,
    server_identity: Vec<Certificate>,
    server_key: PrivateKey,
    client_chain: Vec<Certificate>,
    client_key: PrivateKey,
}

/// One handshake of the proof.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Who knocked.
    pub client: &'static str,
    /// What had to come out.
    pub expected: probe::Reception,
    /// Whether all came out as it must.
    pub passed: bool,
    /// What the probe saw.
    pub probe: probe::Report,
}

impl Quickstart {
    /// Makes root, intermediate, server and client in a new PKI directory. The server is for `localhost`, `127.0.0.1`,
    /// `::1` and `name`; no other host name or address can be issued below the root.
    ///
    /// # Errors
    /// [`Error::PkiExists`], [`Error::SanInvalid`], and those of issuing and writing.
    pub fn make(
        directory: &Path,
        name: Option<&str>,
        random: &dyn SecureRandom,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let own: Option<San> = name.map(str::parse).transpose()?;
        if let Some(other) = own.as_ref().filter(|own| !matches!(own, San::Dns(_) | San::Ip(_))) {
            let reason = "a server is reached by a DNS name or an IP address".into();
            return Err(Error::SanInvalid { value: other.to_string(), reason });
        }
        let localhost: DnsName =
            "localhost".parse().map_err(|reason| Error::SanInvalid { value: "localhost".into(), reason })?;
        let client_name: DnsName = "client.localhost"
            .parse()
            .map_err(|reason| Error::SanInvalid { value: "client.localhost".into(), reason })?;
        let mut names = vec![
            San::Dns(localhost),
            San::Ip(Ipv4Addr::LOCALHOST.into()),
            San::Ip(Ipv6Addr::LOCALHOST.into()),
        ];
        names.extend(own.filter(|own| !names.contains(own)));
        let server = name.unwrap_or("localhost").to_owned();
        if crate::store::directory_name(&server)? == CLIENT {
            let reason = "the client's certificate has this name here".into();
            return Err(Error::NameInvalid { name: server, reason });
        }
        if std::fs::symlink_metadata(directory).is_ok() {
            return Err(Error::PkiExists { path: directory.to_owned() });
        }

        let request = |kind, common_name: &str, sans: Vec<San>| -> Result<Request, Error> {
            Ok(Request {
                sans,
                path_length: if kind == Kind::Intermediate { Some(0) } else { None },
                name_constraints: matches!(kind, Kind::Root | Kind::Intermediate)
                    .then(|| constraints(&names)),
                ..Request::new(
                    kind,
                    if common_name.chars().count() > 64 {
                        Name::empty()
                    } else {
                        Name::from_common_name(common_name)?
                    },
                    End::After(LIFETIME),
                )
            })
        };
        let new_key = || PrivateKey::generate(KeyType::P256, random);

        let key = new_key()?;
        let root =
            plan(request(Kind::Root, ROOT_COMMON_NAME, vec![])?, None, now)?.sign_root(&key, random)?;
        let mut sets = vec![Generation::authority(ROOT, &root, key.to_pem(), None, now)];
        let root_issuer = Issuer::new(root.clone(), &[], key, new_origin(), now)?;

        let key = new_key()?;
        let planned =
            plan(request(Kind::Intermediate, INTERMEDIATE_COMMON_NAME, vec![])?, Some(&root_issuer), now)?;
        let intermediate = planned.sign(key.public(), &root_issuer, random)?;
        sets.push(Generation::authority(
            INTERMEDIATE,
            &intermediate,
            key.to_pem(),
            Some((ROOT, &root_issuer)),
            now,
        ));
        let issuer = Issuer::new(intermediate.clone(), std::slice::from_ref(&root), key, new_origin(), now)?;

        let mut leaf = |set: &str, profile, sans| -> Result<(Vec<Certificate>, PrivateKey), Error> {
            let key = new_key()?;
            let planned = plan(request(Kind::Leaf(profile), set, sans)?, Some(&issuer), now)?;
            let certificate = planned.sign(key.public(), &issuer, random)?;
            let files = LeafFiles::new(&certificate, key.to_pem(), &issuer);
            sets.push(Generation::leaf(set, profile, &certificate, &files, (INTERMEDIATE, &issuer), now));
            Ok((vec![certificate, intermediate.clone()], key))
        };
        let (server_identity, server_key) = leaf(&server, Profile::Server, names.clone())?;
        let (client_chain, client_key) = leaf(CLIENT, Profile::Client, vec![San::Dns(client_name)])?;

        let commit = || {
            let store = Store::open_or_create(directory, now)?;
            store.write(&mut Wait::default())?.commit(sets)?;
            Ok(store)
        };
        // It was not there before, so nothing of anybody's is in it.
        let store = commit().inspect_err(|_: &Error| {
            let _ = crate::fs::remove_tree(directory);
        })?;
        Ok(Self { store, server, root, server_identity, server_key, client_chain, client_key })
    }

    /// Starts a server that requires client certificates on a free port of the loopback address, and knocks three
    /// times: with the client certificate, without any, and with one of an unrelated CA.
    ///
    /// # Errors
    /// Those of listening and connecting; a handshake that comes out otherwise than it must is a row that did not pass.
    pub fn prove(self, random: &dyn SecureRandom, clock: Clock) -> Result<Vec<Row>, Error> {
        let identity = Identity::new(self.server_identity, self.server_key, new_origin())?;
        let server = serve::Server::bind(
            serve::Options { timeout: PATIENCE, ..serve::Options::new(identity, vec![self.root.clone()]) },
            Arc::clone(&clock),
        )?;
        let address = server.address();
        let stopper = server.stopper();
        let client = Identity::new(self.client_chain, self.client_key, new_origin())?;
        let stranger = stranger(random, clock())?;
        // What the server must answer: RFC 8446 6.2 names the alerts.
        let knocks = [
            ("the client certificate", None, Some(client)),
            ("no certificate", Some(CERTIFICATE_REQUIRED), None),
            ("a certificate of another CA", Some(UNKNOWN_CA), Some(stranger)),
        ];
        thread::scope(|scope| {
            let running = scope.spawn(|| server.run(&|_| {}));
            let knock = |(client, alert, identity): (_, Option<u8>, _)| {
                let options = probe::Options {
                    connect: Some(address.into()),
                    identity,
                    timeout: PATIENCE,
                    ..probe::Options::new("localhost", address.port(), vec![self.root.clone()])
                };
                let report = probe::probe(&options, Arc::clone(&clock))?;
                // Refused is not enough: it must be for the right reason, and by a server that is itself trusted.
                let received = &report.us_to_server;
                let wanted =
                    if alert.is_none() { probe::Reception::Accepted } else { probe::Reception::Refused };
                let passed = received.verdict == wanted
                    && received.alert.as_ref().map(|alert| alert.number) == alert
                    && report.server_to_us.verdict == probe::Trust::Trusted;
                Ok(Row { client, expected: wanted, passed, probe: report })
            };
            let rows: Result<Vec<Row>, Error> = knocks.into_iter().map(knock).collect();
            stopper.stop();
            match running.join() {
                Ok(summary) => summary.and(rows),
                Err(_) => Err(Error::TlsSetup { cause: "the server stopped before its time".into() }),
            }
        })
    }
}

/// Permits these names and nothing else of their kinds.
fn constraints(names: &[San]) -> NameConstraints {
    let permitted = names.iter().filter_map(|name| match name {
        San::Dns(name) => Some(Subtree::Dns(name.as_str().trim_start_matches("*.").to_owned())),
        San::Ip(IpAddr::V4(address)) => Some(Subtree::Ip((*address).into(), Ipv4Addr::BROADCAST.into())),
        San::Ip(IpAddr::V6(address)) => {
            Some(Subtree::Ip((*address).into(), Ipv6Addr::from_bits(u128::MAX).into()))
        }
        _ => None,
    });
    NameConstraints { permitted: permitted.collect(), excluded: vec![] }
}

/// A client of a CA that has nothing to do with ours. It brings its root along, so that nobody can think that an intermediate is
/// missing.
fn stranger(random: &dyn SecureRandom, now: OffsetDateTime) -> Result<Identity, Error> {
    let issuer = unrelated_authority(random, now)?;
    let root = issuer.root().clone();
    let issuer = issuer.with_cross(vec![root]);
    twin(&issuer, Profile::Client, &name_for(&[&issuer], Profile::Client, now)?, random, now)
}
