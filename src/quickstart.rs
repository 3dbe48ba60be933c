//! A whole small PKI in one stroke, and the live proof that it holds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
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
    audit::{self, Check, Ran, Selection},
    cert::{Certificate, NameConstraints},
    crl::{Crl, Lists, Reason, Revoked, Terms},
    issue::{Kind, Request, new_origin, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::{DnsName, Name, San, Subtree},
    profile::Profile,
    store::{Generation, LeafFiles, Store, Wait},
    tls::{Clock, Identity, Version, probe, serve},
    twin::{Fault, Twins},
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
/// Time limit of each handshake of the proof.
const PATIENCE: Duration = Duration::from_secs(10);

/// A PKI directory with four sets of files, and what is needed to prove them.
pub struct Quickstart {
    /// The PKI directory.
    pub store: Store,
    /// Name of the server's set.
    pub server: String,
    /// The root.
    above: Issuer,
    issuer: Issuer,
    server_identity: Vec<Certificate>,
    server_key: PrivateKey,
    client_chain: Vec<Certificate>,
    client_key: PrivateKey,
}

/// What both sides made of all that they must refuse.
#[derive(Debug, Serialize)]
pub struct Proof {
    /// The server, driven with every wrong client
    pub server: audit::Report,
    /// The client, sent to every wrong server
    pub client: audit::Report,
}

impl Proof {
    /// Whether everything came out as it must.
    pub fn holds(&self) -> bool {
        self.server.holds() && self.client.holds()
    }
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
        Ok(Self {
            store,
            server,
            above: root_issuer,
            issuer,
            server_identity,
            server_key,
            client_chain,
            client_key,
        })
    }

    /// Starts a server that requires client certificates on a free port of the loopback address, and drives it with the client and
    /// every wrong twin of it; then sends the client to every wrong twin of the server. Both go by revocation lists.
    ///
    /// # Errors
    /// Those of signing, listening and connecting; what comes out otherwise than it must is a row that did not pass.
    pub fn prove(self, random: &dyn SecureRandom, clock: Clock) -> Result<Proof, Error> {
        let now = clock();
        let client = Identity::new(self.client_chain, self.client_key, new_origin())?;
        let identity = Identity::new(self.server_identity, self.server_key, new_origin())?;
        let (Some(client_leaf), Some(server_leaf)) = (client.leaf().cloned(), identity.leaf().cloned())
        else {
            return Err(Error::LeafMissing { key: None, key_id: None });
        };
        let roots = vec![self.above.root().clone()];
        let serial = vec![1];
        let crls = lists(&self.above, &self.issuer, &serial, random, now)?;
        let twins = |leaf, profile| -> Result<Twins<'_>, Error> {
            Ok(Twins::of(leaf, profile, &self.issuer, random, now)?.revoking(Some(serial.clone())))
        };
        let server = serve::Server::bind(
            serve::Options {
                timeout: PATIENCE,
                crls: Some(crls.clone()),
                ..serve::Options::new(identity, roots.clone())
            },
            Arc::clone(&clock),
        )?;
        let (address, stopper) = (server.address(), server.stopper());
        let to = |address: SocketAddr| probe::Options {
            connect: Some(address.into()),
            crls: Some(crls.clone()),
            timeout: PATIENCE,
            ..probe::Options::new("localhost", address.port(), roots.clone())
        };
        // Whom a server lets in of those whom its CA vouches for is not asked here.
        let skip = vec![Check::Wrong(Fault::UnallowedName).code().to_owned()];
        let selection = Selection::new(Vec::new(), skip, &Check::of_servers())?;
        let wrong_clients = audit::ServerAudit {
            probe: to(address),
            own: client.clone(),
            selection,
            expect_allow_list: false,
            floor: Version::Tls12,
        };
        let server = thread::scope(|scope| {
            let running = scope.spawn(|| server.run(&|_| {}));
            let report = twins(&client_leaf, Profile::Client)
                .and_then(|twins| audit::server(&wrong_clients, &twins, &clock, &|_| {}));
            stopper.stop();
            match running.join() {
                Ok(summary) => summary.and(report),
                Err(_) => Err(Error::TlsSetup { cause: "the server stopped before its time".into() }),
            }
        })?;
        let run = |address| {
            let options = probe::Options { identity: Some(client.clone()), ..to(address) };
            let report = probe::probe(&options, Arc::clone(&clock))?;
            let succeeded = report.verdict == probe::Verdict::Accepted;
            Ok(Ran { succeeded, how: report.verdict.name().to_owned(), output: report.reason })
        };
        let wrong_servers = audit::ClientAudit {
            target: CLIENT.to_owned(),
            client_ca: roots.clone(),
            run: &run,
            selection: Selection::default(),
            knows_lists: true,
            timeout: PATIENCE,
        };
        let client = audit::client(&wrong_servers, &twins(&server_leaf, Profile::Server)?, &clock, &|_| {})?;
        Ok(Proof { server, client })
    }
}

/// Lists of both CAs, by which this serial number is revoked.
fn lists(
    above: &Issuer,
    issuer: &Issuer,
    serial: &[u8],
    random: &dyn SecureRandom,
    now: OffsetDateTime,
) -> Result<Arc<Lists>, Error> {
    let this_update = now.replace_nanosecond(0).unwrap_or(now) - time::Duration::minutes(1);
    let next_update = this_update + time::Duration::hours(1);
    let terms = Terms { number: 1, this_update, next_update };
    let revoked = Revoked { serial: serial.into(), date: this_update, reason: Reason::KeyCompromise };
    let lists =
        [Crl::sign(above, Vec::new(), terms, random)?, Crl::sign(issuer, vec![revoked], terms, random)?];
    Ok(Arc::new(Lists::fixed(lists.into())))
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
