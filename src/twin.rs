//! Certificates made in memory for a live proof: they last an hour at most, never touch the disk, and are on no record.

mod fault;
mod weak;
mod wrong;

use std::net::IpAddr;

use ring::rand::SecureRandom;
use time::OffsetDateTime;

use crate::{
    Error,
    cert::Certificate,
    issue::{Kind, Request, new_origin, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::{Name, San, Subtree},
    oid,
    profile::Profile,
    tls::Identity,
    validity::{End, Span},
};

pub use fault::Fault;
pub use wrong::{Attempt, Twin, Twins};

/// How long such a certificate lasts.
const LIFETIME: Span = Span::seconds(3600);

/// A CA that has nothing to do with any other.
///
/// # Errors
/// [`Error::CryptoFailed`].
pub fn unrelated_authority(random: &dyn SecureRandom, now: OffsetDateTime) -> Result<Issuer, Error> {
    let key = PrivateKey::generate(KeyType::P256, random)?;
    let request = Request::new(Kind::Root, Name::from_common_name("unrelated CA")?, End::After(LIFETIME));
    let root = plan(request, None, now)?.sign_root(&key, random)?;
    Issuer::new(root, &[], key, new_origin(), now)
}

/// A server or client of a CA, under this name, with the chain that its files would have.
///
/// # Errors
/// Those of [`plan`] and of signing.
pub fn twin(
    issuer: &Issuer,
    profile: Profile,
    name: &San,
    random: &dyn SecureRandom,
    now: OffsetDateTime,
) -> Result<Identity, Error> {
    let key = PrivateKey::generate(KeyType::P256, random)?;
    // Without a subject, no constraint on directory names can stand in the way.
    let request = Request {
        sans: vec![name.clone()],
        ..Request::new(Kind::Leaf(profile), Name::empty(), End::After(LIFETIME))
    };
    let certificate = plan(request, Some(issuer), now)?.sign(key.public(), issuer, random)?;
    let sent = issuer.intermediates().iter().chain(issuer.cross()).cloned();
    Identity::new(std::iter::once(certificate).chain(sent).collect(), key, new_origin())
}

/// A name of a host that all of these CAs may issue for.
///
/// # Errors
/// The refusal of [`plan`] where there is none to be found.
pub fn name_for(issuers: &[&Issuer], profile: Profile, now: OffsetDateTime) -> Result<San, Error> {
    let permitted = issuers.iter().flat_map(|issuer| issuer.path()).filter_map(Certificate::name_constraints);
    let permitted = permitted.flat_map(|constraints| &constraints.permitted).filter_map(|tree| match tree {
        Subtree::Dns(base) => {
            let base = base.trim_start_matches('.');
            Some(
                [base.to_owned(), format!("localhost.{base}")]
                    .into_iter()
                    .filter_map(|name| name.parse().ok())
                    .collect(),
            )
        }
        Subtree::Ip(base, _) => Some(vec![San::Ip(*base)]),
        _ => None,
    });
    let usual = ["localhost", "127.0.0.1", "proof.invalid"].into_iter().filter_map(|name| name.parse().ok());
    let candidates = usual.chain(permitted.flat_map(|names: Vec<San>| names)).filter(|name| match name {
        // What a client can be told to look for.
        San::Dns(name) => !name.is_wildcard(),
        San::Ip(address) => !matches!(address, IpAddr::V4(address) if address.is_unspecified()),
        _ => false,
    });
    let mut refusal = Error::SanMissing { name: "localhost".into() };
    'next: for name in candidates {
        for issuer in issuers {
            let request = Request {
                sans: vec![name.clone()],
                ..Request::new(Kind::Leaf(profile), Name::empty(), End::After(LIFETIME))
            };
            if let Err(error) = plan(request, Some(issuer), now) {
                refusal = error;
                continue 'next;
            }
        }
        return Ok(name);
    }
    Err(refusal)
}

/// Whether everything on a CA's path lets certificates below be used so (RFC 5280 4.2.1.12).
pub fn allows(issuer: &Issuer, profile: Profile) -> bool {
    let wanted = profile.extended_key_usage();
    let limits = issuer.path().iter().filter_map(Certificate::extended_key_usage);
    limits.into_iter().all(|limit| {
        limit.iter().any(|usage| usage.content() == oid::ANY_EXTENDED_KEY_USAGE)
            || wanted.iter().all(|usage| limit.contains(usage))
    })
}
