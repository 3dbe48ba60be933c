//! Policy: what of a request may be, and what would fail later at some peer.

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};

use super::{Kind, Notice, Request};
use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    issuer::Issuer,
    key::PublicKey,
    name::{GeneralName, Name, San, Subtree},
    oid,
    profile::Profile,
    validity::Validity,
    verify::{constraint_breach, names_under_constraints},
};

/// How far before now a certificate begins, in seconds, so that peers whose clocks are behind accept it at once.
const CLOCK_SKEW: i64 = 60;
/// How long a certificate lasted of which only an end in the past is asked for, in days.
const EXPIRED_LIFETIME: i64 = 30;
/// What macOS and iOS take of a TLS server certificate, in days; that of a private root too (Apple support 103769).
const APPLE_DAYS: i64 = 825;

/// A certificate that may be made.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) request: Request,
    pub(super) validity: Validity,
    pub(super) now: OffsetDateTime,
    /// What the person should know about the outcome.
    pub notices: Vec<Notice>,
}

impl Plan {
    /// When the certificate will be valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject it will have.
    pub fn subject(&self) -> &Name {
        &self.request.subject
    }

    /// What was asked for, without what was said twice.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether a public key may be certified so; every signature asks this itself.
    ///
    /// # Errors
    /// [`Error::KeyWeak`]; [`Error::KeyIsIssuers`] for the key of a CA above; [`Error::ExtensionInvalid`] where the key
    /// cannot be used as was asked.
    pub fn judge_key(&self, key: &PublicKey, issuer: Option<&Issuer>) -> Result<(), Error> {
        self.request.judge_key(key)?;
        let path = issuer.map(Issuer::path).unwrap_or_default();
        match path.iter().find(|authority| authority.public_key() == key) {
            Some(same) => Err(Error::KeyIsIssuers { issuer: same.origin().clone(), subject: same.title() }),
            None => Ok(()),
        }
    }
}

/// Decides on a request. `issuer` is `None` exactly for a root.
///
/// # Errors
/// [`Error::SanMissing`], [`Error::SubjectMissing`], [`Error::SubjectInvalid`], [`Error::ExtensionInvalid`],
/// [`Error::ValidityEmpty`], [`Error::ValidityNotBegun`], [`Error::ValidityReversed`], [`Error::OutlivesIssuer`],
/// [`Error::PredatesIssuer`], [`Error::PathLengthUsedUp`], [`Error::NameNotPermitted`], [`Error::UsageNotPermitted`].
pub fn plan(request: Request, issuer: Option<&Issuer>, now: OffsetDateTime) -> Result<Plan, Error> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut notices = Vec::new();
    let request = settle(request)?;
    let validity = period(&request, issuer, now, &mut notices)?;
    if let Some(issuer) = issuer {
        within_path_length(&request, issuer, &mut notices)?;
        within_constraints(&request, issuer)?;
        within_usages(&request, issuer)?;
    }
    remark(&request, validity, &mut notices);
    Ok(Plan { request, validity, now, notices })
}

/// What must hold of a request whoever signs it: whom it speaks of is said, and nothing contradicts itself. Returned without
/// what was said twice.
pub(crate) fn settle(mut request: Request) -> Result<Request, Error> {
    named(&request)?;
    // Its bytes go into the certificate as they are; what is no name could be more than a name. That of a CA may come from
    // another tool, and is what its certificates say already.
    let unfit = match request.kind {
        Kind::Leaf(_) => request.subject.unfit(),
        _ if request.subject.is_readable() => None,
        _ => Some("its DER is not that of a distinguished name".into()),
    };
    if let Some(reason) = unfit {
        return Err(Error::SubjectInvalid { value: request.subject.to_string(), reason });
    }
    let mut seen = HashSet::new();
    request.sans.retain(|san| seen.insert(san.clone()));
    usable(&request)?;
    Ok(request)
}

/// Whom it speaks of must be said.
fn named(request: &Request) -> Result<(), Error> {
    match request.kind {
        Kind::Leaf(profile) if profile.serves() && !request.sans.iter().any(San::is_reachable) => {
            Err(Error::SanMissing { name: request.subject.short() })
        }
        Kind::Leaf(_) if request.subject.is_empty() && request.sans.is_empty() => {
            Err(Error::SubjectMissing {})
        }
        Kind::Root | Kind::Intermediate if request.subject.is_empty() => Err(Error::SubjectMissing {}),
        _ => Ok(()),
    }
}

/// Extensions that contradict the kind of certificate, or each other.
fn usable(request: &Request) -> Result<(), Error> {
    let refused = |what, value: String, reason: &str| {
        Err(Error::ExtensionInvalid { what, value, reason: reason.to_owned() })
    };
    let pointers = &request.pointers;
    if let (Kind::Root, Some(url)) = (request.kind, pointers.issuer.iter().chain(&pointers.ocsp).next()) {
        return refused("URL", url.clone(), "a root has no issuer to point to");
    }
    if let Kind::Leaf(profile) = request.kind {
        let own = profile.extended_key_usage();
        let tls = [oid::SERVER_AUTH, oid::CLIENT_AUTH];
        if request.must_staple && !profile.serves() {
            return refused(
                "extension",
                "tlsfeature".into(),
                "only servers staple OCSP responses (RFC 7633)",
            );
        }
        let other = request
            .extended_key_usage
            .iter()
            .find(|usage| tls.contains(&usage.content()) && !own.contains(usage));
        if let Some(other) = other {
            return refused(
                "extended key usage",
                other.name(),
                "a certificate for both sides is one with the profile peer",
            );
        }
    }
    for (index, policy) in request.policies.iter().enumerate() {
        if request.policies.iter().skip(index + 1).any(|other| other.oid == policy.oid) {
            return refused("policy", policy.oid.name(), "each policy stands once (RFC 5280 4.2.1.4)");
        }
    }
    for (index, custom) in request.extensions.iter().enumerate() {
        if request.extensions.iter().skip(index + 1).any(|other| other.oid == custom.oid) {
            return refused("extension", custom.oid.name(), "each extension stands once (RFC 5280 4.2)");
        }
    }
    Ok(())
}

/// When a certificate begins of which nobody says when it shall.
pub(crate) fn beginning(issuer: &Issuer, now: OffsetDateTime) -> OffsetDateTime {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    (now - Duration::seconds(CLOCK_SKEW)).max(issuer.not_before())
}

/// From when to when.
fn period(
    request: &Request,
    issuer: Option<&Issuer>,
    now: OffsetDateTime,
    notices: &mut Vec<Notice>,
) -> Result<Validity, Error> {
    let mut not_after = request.end.moment(request.begin.unwrap_or(now))?;
    let mut not_before = match request.begin {
        Some(begin) => begin,
        None if not_after <= now && request.for_testing => not_after - Duration::days(EXPIRED_LIFETIME),
        None => now - Duration::seconds(CLOCK_SKEW),
    };
    if not_before > now && !request.for_testing {
        return Err(Error::ValidityNotBegun { begin: not_before, now });
    }
    if let Some(issuer) = issuer {
        let (first, last) = (issuer.not_before(), issuer.not_after());
        // An expired certificate is commonly older than the CA that was made for the test.
        if not_before < first && !request.for_testing {
            if request.begin.is_some() {
                return Err(Error::PredatesIssuer {
                    wanted: not_before,
                    issuer: limiting(issuer, |ca| ca.validity().not_before == first).origin().clone(),
                    issuer_begin: first,
                });
            }
            not_before = first;
        }
        if not_after > last {
            if request.end_is_explicit {
                return Err(Error::OutlivesIssuer {
                    wanted: not_after,
                    issuer: limiting(issuer, |ca| ca.validity().not_after == last).origin().clone(),
                    issuer_end: last,
                });
            }
            let issuer = limiting(issuer, |ca| ca.validity().not_after == last).title();
            notices.push(Notice::Clamped { wanted: not_after, granted: last, issuer });
            not_after = last;
        }
    }
    if not_after <= now && !request.for_testing {
        return Err(Error::ValidityEmpty { end: not_after, now });
    }
    if not_after <= not_before {
        return Err(Error::ValidityReversed { begin: not_before, end: not_after });
    }
    Ok(Validity { not_before, not_after })
}

/// The CA on the path that sets a limit, which need not be the one that signs.
fn limiting(issuer: &Issuer, sets: impl Fn(&Certificate) -> bool) -> &Certificate {
    issuer.path().iter().find(|authority| sets(authority)).unwrap_or(issuer.certificate())
}

/// RFC 5280 4.2.1.9: each authority above allows so many intermediates below it.
fn within_path_length(request: &Request, issuer: &Issuer, notices: &mut Vec<Notice>) -> Result<(), Error> {
    if request.kind != Kind::Intermediate {
        return Ok(());
    }
    let mut left: Option<u32> = None;
    for (depth, authority) in (0u32..).zip(issuer.path()) {
        if let Some((_, Some(most))) = authority.basic_constraints() {
            let Some(rest) = most.checked_sub(depth + 1) else {
                return Err(Error::PathLengthUsedUp {
                    origin: authority.origin().clone(),
                    subject: authority.title(),
                    path_length: most,
                });
            };
            left = Some(left.map_or(rest, |left| left.min(rest)));
        }
    }
    if let Some(left) = left
        && request.path_length.is_none_or(|asked| u32::from(asked) > left)
    {
        notices.push(Notice::PathLength { asked: request.path_length, left });
    }
    Ok(())
}

/// RFC 5280 4.2.1.10, for the issuer and everyone above it.
fn within_constraints(request: &Request, issuer: &Issuer) -> Result<(), Error> {
    let sans: Vec<GeneralName> = request.sans.iter().map(San::to_general_name).collect();
    let leaf = matches!(request.kind, Kind::Leaf(_));
    let mut names = names_under_constraints(&request.subject, &sans, leaf);
    // OpenSSL judges the e-mail addresses of the subject beside alternative names of that kind too.
    names.extend(request.subject.email_addresses().into_iter().map(GeneralName::Email));
    for authority in issuer.path() {
        let breach =
            names.iter().find_map(|name| Some((name.to_string(), constraint_breach(authority, name)?)));
        let breach = breach.or_else(|| {
            let asked = request.name_constraints.as_ref()?;
            let tree = nothing_left(asked, authority.name_constraints()?)?;
            let fact = format!("no name in {tree} is among those that \"{}\" permits", authority.title());
            Some((tree.to_string(), fact))
        });
        if let Some((name, fact)) = breach {
            return Err(Error::NameNotPermitted { name, fact, issuer: authority.origin().clone() });
        }
    }
    Ok(())
}

/// A permitted subtree of which the CA above permits nothing, so that no name in it would ever be accepted.
fn nothing_left<'a>(asked: &'a NameConstraints, above: &NameConstraints) -> Option<&'a Subtree> {
    asked.permitted.iter().find(|tree| {
        let mut same = above.permitted.iter().filter(|other| tree.kind() == other.kind()).peekable();
        same.peek().is_some() && !same.any(|other| tree.overlaps(other))
    })
}

/// The usages of a leaf must be among those of every authority that restricts them.
fn within_usages(request: &Request, issuer: &Issuer) -> Result<(), Error> {
    for authority in issuer.path() {
        let Some(allowed) = authority.extended_key_usage() else { continue };
        // anyExtendedKeyUsage does not help: OpenSSL and webpki want the usage itself.
        let refused = request.extended_key_usages().into_iter().find(|usage| !allowed.contains(usage));
        if let Some(refused) = refused {
            let allowed: Vec<_> = allowed.iter().map(oid::Oid::name).collect();
            return Err(Error::UsageNotPermitted {
                usage: refused.name(),
                allowed: allowed.join(", "),
                issuer: authority.origin().clone(),
            });
        }
    }
    Ok(())
}

/// What holds, and may surprise.
fn remark(request: &Request, validity: Validity, notices: &mut Vec<Notice>) {
    for san in &request.sans {
        if let San::Dns(name) = san
            && name.has_underscore()
        {
            notices.push(Notice::Underscore(name.to_string()));
        }
    }
    let days = (validity.not_after - validity.not_before).whole_days();
    if matches!(request.kind, Kind::Leaf(Profile::Server | Profile::Peer)) && days > APPLE_DAYS {
        notices.push(Notice::LongForApple { days });
    }
    if request.must_staple && request.pointers.ocsp.is_empty() {
        notices.push(Notice::NothingToStaple);
    }
    for custom in request.extensions.iter().filter(|custom| custom.critical) {
        notices.push(Notice::CriticalExtension(custom.oid.name()));
    }
    if let Some(constraints) = &request.name_constraints {
        let permits = |v4: bool| {
            let of = |tree: &Subtree| matches!(tree, Subtree::Ip(base, _) if base.is_ipv4() == v4);
            constraints.permitted.iter().any(of)
        };
        let mut all = constraints.permitted.iter().chain(&constraints.excluded);
        if all.any(|tree| matches!(tree, Subtree::Email(_) | Subtree::Uri(_))) {
            notices.push(Notice::ConstraintsNotForAll);
        }
        if permits(true) != permits(false) {
            let (permitted, banned) = if permits(true) { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
            notices.push(Notice::OtherAddressesBanned { permitted, banned });
        }
    }
}
