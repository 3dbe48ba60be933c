//! Wrong twins: certificates like a good one but for one thing, made to see that they are refused.
//!
//! They are the one exception to the rule that what is signed is on record. So they are made here alone, in memory, last no
//! longer than an hour, and their keys are gone with the process; their serial numbers are told to whoever asked for them.

use std::sync::Arc;

use ring::rand::SecureRandom;
use time::{Duration, OffsetDateTime};

use super::{Fault, LIFETIME, unrelated_authority, weak::Weak};
use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    issue::{Kind, Request, Signing, names_of, new_origin, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey, PublicKey, weak},
    name::{Name, San, Subtree},
    oid::{self, Oid},
    profile::Profile,
    tls::{Identity, signing_key},
    validity::{End, Validity},
};

/// How far the expired one lies in the past, and the one that is not valid yet in the future: more than clocks differ.
const AWAY: Duration = Duration::hours(24);
/// How far before now the others begin, as all certificates do.
const SKEW: Duration = Duration::minutes(1);

/// A twin, and what was signed for it.
pub struct Twin {
    /// What to show, and with which key.
    pub identity: Identity,
    /// Serial numbers of all certificates that were signed with the key of a CA that is in use, in hexadecimal.
    pub serials: Vec<String>,
}

/// What came of asking for a twin.
pub enum Attempt {
    /// It was made.
    Made(Twin),
    /// It cannot be had below this CA, and why.
    NotMade(String),
}

/// Makes twins of one certificate.
pub struct Twins<'a> {
    issuer: &'a Issuer,
    profile: Profile,
    request: Request,
    revoked: Option<Vec<u8>>,
    unallowed: Option<San>,
    random: &'a dyn SecureRandom,
    now: OffsetDateTime,
}

/// A certificate and its key.
struct Pair {
    certificate: Certificate,
    key: PrivateKey,
}

impl<'a> Twins<'a> {
    /// Of a certificate of this CA: the same subject, names, usages and extensions. `profile` is the side on which it is shown; one
    /// for both sides stays so.
    ///
    /// # Errors
    /// [`Error::SanInvalid`] for a name that cannot be issued.
    pub fn of(
        certificate: &Certificate,
        profile: Profile,
        issuer: &'a Issuer,
        random: &'a dyn SecureRandom,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let usages = certificate.extended_key_usage().unwrap_or_default();
        let both = Profile::Peer.extended_key_usage().iter().all(|usage| usages.contains(usage));
        let profile = if both { Profile::Peer } else { profile };
        let mut request = Request::again(certificate, Kind::Leaf(profile), End::After(LIFETIME));
        // That of a key of another kind than the twin's would not fit it.
        request.key_usage = None;
        request.sans = names_of(certificate)?;
        let now = now.replace_nanosecond(0).unwrap_or(now);
        Ok(Self { issuer, profile, request, revoked: None, unallowed: None, random, now })
    }

    /// With the serial number of a certificate that the CA has revoked, big-endian without leading zeros.
    pub fn revoking(self, revoked: Option<Vec<u8>>) -> Self {
        Self { revoked, ..self }
    }

    /// With the name of [`Fault::UnallowedName`]; a random one where `None`.
    pub fn unallowing(self, unallowed: Option<San>) -> Self {
        Self { unallowed, ..self }
    }

    /// One that is good, as policy and our validator see it.
    ///
    /// # Errors
    /// Those of [`plan`] and of signing.
    pub fn good(&self) -> Result<Twin, Error> {
        let key = self.key()?;
        let planned = plan(self.request.clone(), Some(self.issuer), self.now)?;
        let certificate = planned.sign(key.public(), self.issuer, self.random)?;
        self.twin(Pair { certificate, key }, &[], true)
    }

    /// One that is wrong in this way and in no other.
    ///
    /// # Errors
    /// Those of signing.
    pub fn wrong(&self, fault: Fault) -> Result<Attempt, Error> {
        let made = match fault {
            Fault::Untrusted => self.untrusted()?,
            Fault::SameName => self.same_name()?,
            Fault::SelfSigned => {
                let mut request = self.request.clone();
                if request.subject.is_empty() {
                    request.subject = Name::from_common_name("self-signed twin")?;
                }
                let key = self.key()?;
                let certificate = self.sign(&request, self.usual(), key.public(), None, &key)?;
                Twin { identity: Identity::new(vec![certificate], key, new_origin())?, serials: Vec::new() }
            }
            Fault::NoIntermediate if self.issuer.above().is_empty() => {
                return Ok(Attempt::NotMade(
                    "the CA is a root: there is no intermediate to leave out".into(),
                ));
            }
            Fault::NoIntermediate => {
                let pair = self.leaf(&self.request, self.usual())?;
                let serials = vec![pair.certificate.serial_hex()];
                let identity = Identity::new(vec![pair.certificate], pair.key, new_origin())?;
                Twin { identity, serials }
            }
            Fault::Expired => self.dated(self.now - AWAY)?,
            Fault::NotYetValid => self.dated(self.now + AWAY)?,
            Fault::Revoked => {
                let Some(serial) = self.revoked.clone() else {
                    let ca = self.issuer.certificate().title();
                    return Ok(Attempt::NotMade(format!(
                        "no certificate is known that \"{ca}\" has revoked"
                    )));
                };
                self.of_request(&Request { serial: Some(serial), ..self.request.clone() })?
            }
            Fault::WrongName => match self.elsewhere("wrong-name", None) {
                Ok(request) => self.of_request(&request)?,
                Err(error) => return Ok(Attempt::NotMade(format!("no other name can be had: {error}"))),
            },
            Fault::UnallowedName => match self.elsewhere("unallowed", self.unallowed.as_ref()) {
                Ok(request) => self.of_request(&request)?,
                Err(error) => return Ok(Attempt::NotMade(format!("no such name can be had: {error}"))),
            },
            Fault::ClientEku => self.of_request(&self.of_profile(Profile::Client))?,
            Fault::ServerEku => self.of_request(&self.of_profile(Profile::Server))?,
            Fault::BrokenSignature => {
                let pair = self.leaf(&self.request, self.usual())?;
                let mut der = pair.certificate.der().to_vec();
                der.last_mut().into_iter().for_each(|octet| *octet ^= 1);
                let certificate = Certificate::from_der(&der, new_origin())?;
                self.twin(Pair { certificate, ..pair }, &[], true)?
            }
            Fault::WrongKey => {
                let pair = self.leaf(&self.request, self.usual())?;
                let serials = vec![pair.certificate.serial_hex()];
                let chain = self.chain(vec![pair.certificate]);
                Twin { identity: Identity::unmatched(chain, signing_key(&self.key()?)?), serials }
            }
            Fault::NameConstraint => return self.name_constraint(),
            Fault::PathLength => self.path_length()?,
            Fault::LeafAsCa => {
                let above = self.leaf(&self.request, self.usual())?;
                let key = self.key()?;
                let certificate = self.sign(
                    &self.request,
                    self.usual(),
                    key.public(),
                    Some(&above.certificate),
                    &above.key,
                )?;
                self.twin(Pair { certificate, key }, &[above.certificate], true)?
            }
            Fault::WeakKey => {
                let key = weak::WeakKey::generate(self.random)?;
                let issuer = self.issuer;
                let certificate = self.sign(
                    &self.request,
                    self.usual(),
                    key.public(),
                    Some(issuer.certificate()),
                    issuer.key(),
                )?;
                let serials = vec![certificate.serial_hex()];
                let identity = Identity::unmatched(self.chain(vec![certificate]), Arc::new(Weak::new(key)));
                Twin { identity, serials }
            }
            Fault::Sha1 => {
                let by = self.issuer.key();
                let Some(algorithm) = weak::sha1_algorithm(by) else {
                    let kind = by.public().algorithm();
                    return Ok(Attempt::NotMade(format!(
                        "the CA's key ({kind}) makes no signatures over SHA-1"
                    )));
                };
                let key = self.key()?;
                let sign = |tbs: &[u8]| weak::sign_sha1(by, tbs);
                let signing = Signing { algorithm, sign: &sign };
                let asked = (&self.request, self.usual());
                let above = Some(self.issuer.certificate());
                let certificate = unjudged(asked, key.public(), above, &signing, self.random)?;
                self.twin(Pair { certificate, key }, &[], true)?
            }
        };
        Ok(Attempt::Made(made))
    }

    fn key(&self) -> Result<PrivateKey, Error> {
        PrivateKey::generate(KeyType::P256, self.random)
    }

    /// From a minute ago on, as all certificates; never before the CA, never after it, and for an hour at most.
    fn usual(&self) -> Validity {
        let not_before = (self.now - SKEW).max(self.issuer.not_before());
        let not_after = LIFETIME.after(not_before).unwrap_or(not_before).min(self.issuer.not_after());
        Validity { not_before, not_after }
    }

    fn sign(
        &self,
        request: &Request,
        validity: Validity,
        subject: &PublicKey,
        issuer: Option<&Certificate>,
        key: &PrivateKey,
    ) -> Result<Certificate, Error> {
        let sign = |tbs: &[u8]| key.sign(tbs, self.random);
        let signing = Signing { algorithm: key.signature_algorithm(), sign: &sign };
        unjudged((request, validity), subject, issuer, &signing, self.random)
    }

    /// A leaf of the CA, whatever is asked for.
    fn leaf(&self, request: &Request, validity: Validity) -> Result<Pair, Error> {
        let key = self.key()?;
        let issuer = self.issuer;
        let certificate =
            self.sign(request, validity, key.public(), Some(issuer.certificate()), issuer.key())?;
        Ok(Pair { certificate, key })
    }

    fn of_request(&self, request: &Request) -> Result<Twin, Error> {
        let pair = self.leaf(request, self.usual())?;
        self.twin(pair, &[], true)
    }

    /// An hour long, and beginning then.
    fn dated(&self, not_before: OffsetDateTime) -> Result<Twin, Error> {
        let not_after = LIFETIME.after(not_before)?;
        let pair = self.leaf(&self.request, Validity { not_before, not_after })?;
        self.twin(pair, &[], true)
    }

    /// The same for the other side alone.
    fn of_profile(&self, profile: Profile) -> Request {
        let mut request = Request { kind: Kind::Leaf(profile), ..self.request.clone() };
        let tls = [oid::SERVER_AUTH, oid::CLIENT_AUTH, oid::ANY_EXTENDED_KEY_USAGE];
        request.extended_key_usage.retain(|usage: &Oid| !tls.contains(&usage.content()));
        request
    }

    /// The same with another name, which the CAs above permit.
    fn elsewhere(&self, label: &str, name: Option<&San>) -> Result<Request, Error> {
        let mut octets = [0; 6];
        self.random.fill(&mut octets).map_err(|_| Error::CryptoFailed { what: "draw a name" })?;
        let label = format!("{label}-{}", crate::fingerprint::hex(&octets));
        let bases = self.issuer.path().iter().filter_map(Certificate::name_constraints);
        let bases = bases.flat_map(|constraints| &constraints.permitted).filter_map(|tree| match tree {
            Subtree::Dns(base) => Some(format!("{label}.{}", base.trim_start_matches('.'))),
            _ => None,
        });
        let names: Vec<San> = match name {
            Some(name) => vec![name.clone()],
            None => std::iter::once(format!("{label}.invalid"))
                .chain(bases)
                .filter_map(|name| name.parse().ok())
                .collect(),
        };
        let mut refusal = Error::SanMissing { name: label };
        for name in names {
            // No longer a common name than fits; none where it says nothing more than the name.
            let subject =
                Name::from_common_name(&name.to_general_name().value()).unwrap_or_else(|_| Name::empty());
            for subject in [subject, Name::empty()] {
                let request = Request { subject, sans: vec![name.clone()], ..self.request.clone() };
                match plan(request.clone(), Some(self.issuer), self.now) {
                    Ok(_) => return Ok(request),
                    Err(error) => refusal = error,
                }
            }
        }
        Err(refusal)
    }

    /// What is sent with a leaf of the CA.
    fn chain(&self, mut leaf: Vec<Certificate>) -> Vec<Certificate> {
        leaf.extend(self.issuer.intermediates().iter().chain(self.issuer.cross()).cloned());
        leaf
    }

    /// Puts it together. `between` are CAs made for it, the lowest first; `real` says whether a CA in use signed something.
    fn twin(&self, pair: Pair, between: &[Certificate], real: bool) -> Result<Twin, Error> {
        let Pair { certificate, key } = pair;
        let mut chain = vec![certificate];
        chain.extend(between.iter().cloned());
        let serials = chain.iter().filter(|_| real).map(Certificate::serial_hex).collect();
        Ok(Twin { identity: Identity::new(self.chain(chain), key, new_origin())?, serials })
    }

    /// Below a CA that was made for this. It brings its root along, so that nobody can think that an intermediate is missing.
    fn untrusted(&self) -> Result<Twin, Error> {
        let stranger = unrelated_authority(self.random, self.now)?;
        let key = self.key()?;
        let above = stranger.certificate();
        let certificate =
            self.sign(&self.request, self.usual(), key.public(), Some(above), stranger.key())?;
        let chain = vec![certificate, above.clone()];
        Ok(Twin { identity: Identity::new(chain, key, new_origin())?, serials: Vec::new() })
    }

    /// Below a whole path of CAs like ours, by name, key identifier and everything but their keys.
    fn same_name(&self) -> Result<Twin, Error> {
        let mut above: Option<Pair> = None;
        let mut chain: Vec<Certificate> = Vec::new();
        let (usual, end) = (self.usual(), End::After(LIFETIME));
        for original in self.issuer.path().iter().rev() {
            let kind = if above.is_none() { Kind::Root } else { Kind::Intermediate };
            let request = Request::again(original, kind, end);
            let key = self.key()?;
            let certificate = match &above {
                None => self.sign(&request, usual, key.public(), None, &key)?,
                Some(above) => {
                    self.sign(&request, usual, key.public(), Some(&above.certificate), &above.key)?
                }
            };
            // The root is not sent: it is the one of that name which the peer trusts that has to be tried.
            if above.is_some() {
                chain.insert(0, certificate.clone());
            }
            above = Some(Pair { certificate, key });
        }
        let Some(above) = above else { return self.untrusted() };
        let key = self.key()?;
        let leaf = self.sign(&self.request, usual, key.public(), Some(&above.certificate), &above.key)?;
        chain.insert(0, leaf);
        Ok(Twin { identity: Identity::new(chain, key, new_origin())?, serials: Vec::new() })
    }

    /// A CA for this twin alone, as the CA may certify it.
    fn authority(&self, limits: Option<NameConstraints>) -> Result<Issuer, Error> {
        let request = Request {
            path_length: Some(0),
            name_constraints: limits,
            ..Request::new(
                Kind::Intermediate,
                Name::from_common_name("intermediate twin")?,
                End::After(LIFETIME),
            )
        };
        let key = self.key()?;
        let planned = plan(request, Some(self.issuer), self.now)?;
        let certificate = planned.sign(key.public(), self.issuer, self.random)?;
        Issuer::new(certificate, self.issuer.path(), key, new_origin(), self.now)
    }

    /// With a name that a CA above does not permit: the one that is there, or one that is made for it.
    fn name_constraint(&self) -> Result<Attempt, Error> {
        let outside: San = "breach.invalid".parse()?;
        let mut request = self.request.clone();
        request.sans.push(outside);
        if let Err(Error::NameNotPermitted { .. }) = plan(request.clone(), Some(self.issuer), self.now) {
            return Ok(Attempt::Made(self.of_request(&request)?));
        }
        // All names of the good one lie within, so that only the new one breaks the rule.
        let mut limits = NameConstraints { permitted: Vec::new(), excluded: Vec::new() };
        limits.excluded.push(Subtree::Dns("invalid".into()));
        match self.authority(Some(limits)) {
            Ok(authority) => {
                let key = self.key()?;
                let above = authority.certificate();
                let certificate =
                    self.sign(&request, self.usual(), key.public(), Some(above), authority.key())?;
                let between = [above.clone()];
                Ok(Attempt::Made(self.twin(Pair { certificate, key }, &between, true)?))
            }
            Err(Error::CryptoFailed { what }) => Err(Error::CryptoFailed { what }),
            Err(error) => Ok(Attempt::NotMade(format!(
                "the CA has no name constraints, and cannot certify one that has: {error}"
            ))),
        }
    }

    /// Below one CA more than is allowed.
    fn path_length(&self) -> Result<Twin, Error> {
        let request = |name| -> Result<Request, Error> {
            Ok(Request {
                path_length: Some(0),
                ..Request::new(Kind::Intermediate, Name::from_common_name(name)?, End::After(LIFETIME))
            })
        };
        let surplus = request("surplus intermediate twin")?;
        let key = self.key()?;
        let mut between = Vec::new();
        match self.authority(None) {
            // There is room for one, so it takes a second.
            Ok(first) => {
                let above = first.certificate();
                between.push(self.sign(&surplus, self.usual(), key.public(), Some(above), first.key())?);
                between.push(above.clone());
            }
            Err(_) => {
                let issuer = self.issuer;
                let above = Some(issuer.certificate());
                between.push(self.sign(&surplus, self.usual(), key.public(), above, issuer.key())?);
            }
        }
        let own = self.key()?;
        let certificate = self.sign(&self.request, self.usual(), own.public(), between.first(), &key)?;
        self.twin(Pair { certificate, key: own }, &between, true)
    }

    /// Whose certificates these are.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The CA that signs.
    pub fn issuer(&self) -> &Issuer {
        self.issuer
    }
}

/// The one door to certificates that policy refuses.
#[expect(clippy::disallowed_methods, reason = "this is the room for wrong certificates")]
fn unjudged(
    asked: (&Request, Validity),
    subject: &PublicKey,
    issuer: Option<&Certificate>,
    signing: &Signing<'_>,
    random: &dyn SecureRandom,
) -> Result<Certificate, Error> {
    crate::issue::sign_unjudged(asked, subject, issuer, signing, random)
}

#[cfg(test)]
mod tests;
