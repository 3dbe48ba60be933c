//! The proof between the phases of a rollover: live handshakes in memory, with what peers trust by their files.

use std::{sync::Arc, thread, time::Duration};

use ring::rand::SecureRandom;
use serde::Serialize;

use super::Signers;
use crate::{
    Error,
    cert::Certificate,
    issuer::Issuer,
    profile::Profile,
    tls::{Clock, Identity, probe, serve},
    twin::{allows, name_for, twin, unrelated_authority},
};

/// Time limit of each handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose certificate one side of a handshake has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Below the old CA
    Old,
    /// Below the new CA
    New,
    /// Of a CA made for this, because certificates of this one are for the other side alone
    StandIn,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Old => "old",
            Self::New => "new",
            Self::StandIn => "stand-in",
        })
    }
}

/// One handshake.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name of the CA that signed, below the old or the new one
    pub signer: String,
    /// The server's certificate
    pub server: Side,
    /// The client's certificate
    pub client: Side,
    /// Subjects of the trust anchors of both
    pub trusted: Vec<String>,
    /// Whether both accepted the other
    pub passed: bool,
    /// What was seen
    pub reason: String,
}

/// What one side may show, and the roots that the other needs for it beside those it has.
struct Cast {
    faces: Vec<(Side, Identity)>,
    roots: Vec<Certificate>,
}

/// Has every pairing of these sides meet, with both trusting these anchors.
///
/// # Errors
/// Those of signing, listening and connecting; a handshake that is refused is a row that did not pass.
pub fn prove(
    signers: &Signers,
    sides: &[Side],
    anchors: &[Certificate],
    random: &dyn SecureRandom,
    clock: &Clock,
) -> Result<Vec<Row>, Error> {
    let now = clock();
    let unrelated = unrelated_authority(random, now)?;
    let able = |profile| [&signers.old, &signers.new].iter().all(|issuer: &&Issuer| allows(issuer, profile));
    let cast = |profile, name| -> Result<Cast, Error> {
        if !able(profile) {
            let face = (Side::StandIn, twin(&unrelated, profile, name, random, now)?);
            return Ok(Cast { faces: vec![face], roots: vec![unrelated.root().clone()] });
        }
        let face = |side: &Side| {
            let issuer = if *side == Side::Old { &signers.old } else { &signers.new };
            Ok((*side, twin(issuer, profile, name, random, now)?))
        };
        let faces = sides.iter().map(face).collect::<Result<_, Error>>()?;
        Ok(Cast { faces, roots: Vec::new() })
    };
    let issuers = |profile| if able(profile) { vec![&signers.old, &signers.new] } else { vec![&unrelated] };
    let name = name_for(&issuers(Profile::Server), Profile::Server, now)?;
    let servers = cast(Profile::Server, &name)?;
    let clients = cast(Profile::Client, &name_for(&issuers(Profile::Client), Profile::Client, now)?)?;
    // A stand-in's CA has none.
    let lists = |other: &Cast| signers.crls.clone().filter(|_| other.roots.is_empty());
    let trusting =
        |more: &[Certificate]| -> Vec<Certificate> { anchors.iter().chain(more).cloned().collect() };

    let mut rows = Vec::new();
    for (server, identity) in servers.faces.iter().cloned() {
        let running = serve::Server::bind(
            serve::Options {
                crls: lists(&clients),
                timeout: PATIENCE,
                ..serve::Options::new(identity, trusting(&clients.roots))
            },
            Arc::clone(clock),
        )?;
        let (address, stopper) = (running.address(), running.stopper());
        let met = thread::scope(|scope| {
            let running = scope.spawn(|| running.run(&|_| {}));
            let meet = |(client, identity): &(Side, Identity)| {
                let options = probe::Options {
                    connect: Some(address.into()),
                    identity: Some(identity.clone()),
                    crls: lists(&servers),
                    timeout: PATIENCE,
                    ..probe::Options::new(name.to_string(), address.port(), trusting(&servers.roots))
                };
                let report = probe::probe(&options, Arc::clone(clock))?;
                let passed = report.us_to_server.verdict == probe::Reception::Accepted
                    && report.server_to_us.verdict == probe::Trust::Trusted;
                Ok(Row {
                    signer: signers.new.certificate().title(),
                    server,
                    client: *client,
                    trusted: anchors.iter().map(|root| root.subject().to_string()).collect(),
                    passed,
                    reason: report.reason,
                })
            };
            let rows: Result<Vec<Row>, Error> = clients.faces.iter().map(meet).collect();
            stopper.stop();
            match running.join() {
                Ok(summary) => summary.and(rows),
                Err(_) => Err(Error::TlsSetup { cause: "the server stopped before its time".into() }),
            }
        })?;
        rows.extend(met);
    }
    Ok(rows)
}
