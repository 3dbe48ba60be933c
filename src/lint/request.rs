//! Certificate requests (RFC 2986), judged as what they ask for.

use super::{
    Found, constraint, encoding, extension, field, key, name, pointer, policy, subject, usage, view,
};
use crate::{Error, csr::Csr, oid, origin::Origin};

super::rule::rules! {
    VERSION "request-version-not-1" Error "RFC 2986 4.1"
        "A request has version 1, written as 0."
        "Other versions do not exist; strict CAs refuse them."
        "Have it made anew.";
    UNPROVEN "request-signature-invalid" Error "RFC 2986 3, 4.2"
        "A request is signed with the key that it is about."
        "The signature proves that who asks has the key. CAs refuse the request."
        "Have it made anew with its key.";
    PASSWORD "request-challenge-password" Info "RFC 2985 5.4.1"
        "A request that is sent around has no challengePassword."
        "It stands there in clear, for everyone who sees the request, and hardly any CA uses it."
        "Leave it out.";
    CA "request-for-ca" Info "RFC 5280 4.2.1.9"
        "A request of a server or client does not ask to be a CA."
        "CAs refuse it or leave it out."
        "Leave cA out, unless it is for an intermediate CA.";
}

/// Judges a request.
pub(super) fn check(der: &[u8], found: &mut Found<'_>) {
    let request = match view::Request::read(der) {
        Ok(request) => request,
        Err(part) => return encoding::missing(part, found),
    };
    if let Some(part) = request.oddity {
        encoding::missing(part, found);
    }
    if request.version.content != [0] {
        let version = crate::fingerprint::hex(request.version.content);
        found.add(&VERSION, format!("its version is written as {version}"));
    }
    let extensions = request.extensions();
    field::signature(&request.signed, None, false, found);
    subject::subject(request.subject, &extensions, found);
    name::check(request.subject, &extensions, found);
    key::check(request.spki, &extensions, found);
    extension::check(&extensions, extension::Holder::Request, found);
    usage::check(&extensions, found);
    let is_ca = view::basic_constraints(&extensions).is_some_and(|(ca, _)| ca);
    constraint::check(&extensions, is_ca, found);
    policy::check(&extensions, found);
    pointer::check(&extensions, found);
    if is_ca {
        found.add(&CA, "it asks for cA TRUE");
    }
    if request.attributes.iter().any(|(kind, _)| *kind == oid::CHALLENGE_PASSWORD) {
        found.add(&PASSWORD, "it has a challengePassword");
    }
    // What cannot be read or checked has been told, or says nothing about the signature.
    if let Ok(csr) = Csr::from_der(der, Origin::named("request"))
        && let Err(Error::CsrForged { .. }) = csr.verify_signature()
    {
        found.add(&UNPROVEN, "its signature does not hold under its own key");
    }
}
