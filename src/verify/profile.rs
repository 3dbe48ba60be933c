//! What RFC 5280 section 4 demands of every certificate: its encoding, its fields, its extensions. Only what certificates
//! MUST be; what they SHOULD be is left to those who issue them.

mod extension;
mod field;
mod key;
mod name;

use super::{Purpose, Rule, check::Place};
use crate::{
    cert::{Certificate, Raw},
    der,
    fingerprint::hex,
    oid,
};

/// A rule of the profile that a certificate breaks.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(super) rule: Rule,
    pub(super) fact: String,
    scope: Scope,
}

/// Where a fault counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Everywhere,
    /// Not in a trust anchor, which is known by its key.
    BelowAnchor,
    /// Where a peer has to find the path by itself.
    InHandshake,
}

impl Fault {
    fn new(rule: Rule, fact: impl Into<String>) -> Self {
        Self { rule, fact: fact.into(), scope: Scope::Everywhere }
    }

    fn below_anchor(rule: Rule, fact: impl Into<String>) -> Self {
        Self { scope: Scope::BelowAnchor, ..Self::new(rule, fact) }
    }

    pub(super) fn applies(&self, place: Place, purpose: Purpose) -> bool {
        match self.scope {
            Scope::Everywhere => true,
            Scope::BelowAnchor => place.leaf || !place.anchor,
            Scope::InHandshake => purpose != Purpose::Any,
        }
    }
}

impl Certificate {
    /// What breaks the profile, found out once.
    pub(crate) fn profile_faults(&self) -> &[Fault] {
        self.profile_memo().get_or_init(|| faults(self))
    }
}

fn faults(certificate: &Certificate) -> Vec<Fault> {
    let raw = match Raw::read(certificate.der()) {
        Ok(raw) => raw,
        Err(fact) => return vec![Fault::new(Rule::Malformed, fact)],
    };
    let mut faults = Vec::new();
    if !der::is_well_formed(certificate.der()) {
        faults.push(Fault::new(Rule::Malformed, "it is not DER in all its parts (X.690)"));
    }
    field::check(certificate, &raw, &mut faults);
    key::check(certificate, &raw, &mut faults);
    extension::check(certificate, &raw, &mut faults);
    identifiers(certificate, &raw, &mut faults);
    faults
}

/// RFC 5280 4.2.1.1, 4.2.1.2: what key identifiers have to be there.
fn identifiers(certificate: &Certificate, raw: &Raw<'_>, faults: &mut Vec<Fault>) {
    if certificate.version() < 3 {
        return;
    }
    if certificate.is_ca() && raw.extension(oid::SUBJECT_KEY_ID).is_none() {
        let fact = "it is a CA and has no subjectKeyIdentifier";
        faults.push(Fault::new(Rule::KeyIdentifier, fact));
    }
    // A certificate that signed itself may leave it out, because it would be its own subjectKeyIdentifier.
    if raw.extension(oid::AUTHORITY_KEY_ID).is_none() && !certificate.is_own_issuer() {
        let fact = "it has no authorityKeyIdentifier, by which its issuer is found";
        faults.push(Fault { scope: Scope::InHandshake, ..Fault::new(Rule::KeyIdentifier, fact) });
    }
}

/// Whether a certificate's authorityKeyIdentifier is that of its issuer (RFC 5280 4.2.1.1); what is wrong where not.
pub(super) fn link(certificate: &Certificate, issuer: &Certificate) -> Option<String> {
    if let (Some(wanted), Some(stated)) = (certificate.authority_key_id(), issuer.subject_key_id())
        && wanted != stated
    {
        return Some(format!(
            "it names the key {} as its issuer's, but the key of \"{}\" is {}",
            hex(wanted),
            issuer.title(),
            hex(stated)
        ));
    }
    let (names, serial) = extension::authority_certificate(certificate)?;
    let named = names.is_empty() || names.iter().any(|name| name.same(issuer.issuer()));
    (!named || serial.as_deref().is_some_and(|serial| serial != issuer.serial())).then(|| {
        format!("its authorityKeyIdentifier names another certificate than that of \"{}\"", issuer.title())
    })
}
