//! How the name that a person gives a leaf becomes its subject and one of its alternative names.

use crate::{
    Error,
    issuer::Issuer,
    name::{Name, San},
    profile::Profile,
    verify::constraint_breach,
};

/// The alternative names of a leaf: those given, and its name where it is one by its value — an IP address, URI or e-mail
/// address, a DNS name with a dot, or `localhost`; a DNS name without a dot where no other is given that a server could be
/// reached by. Without an issuer, a first look that refuses what no issuer could sign.
///
/// # Errors
/// [`Error::SanInvalid`] for a server whose name looks like a host and cannot be one; [`Error::SanMissing`] for a server
/// that could not be reached by any.
pub fn alternative_names(
    name: &str,
    profile: Profile,
    given: &[San],
    issuer: Option<&Issuer>,
) -> Result<Vec<San>, Error> {
    let own = match name.parse::<San>() {
        Ok(own) => Some(own),
        // What looks like a host but is none was meant to be one.
        Err(error) if profile.serves() && !name.contains(' ') && name.contains(['.', '*', ':', '@', '/']) => {
            return Err(error);
        }
        Err(_) => None,
    };
    let reachable = given.iter().any(San::is_reachable);
    let own = own.filter(|own| match own {
        San::Dns(name) => name.as_str().contains('.') || !reachable || name.as_str() == "localhost",
        _ => true,
    });
    // Nobody asked for the name of a client as an alternative name; where the CA does not permit it, the common name is
    // enough.
    let own = own.filter(|own| {
        let name = own.to_general_name();
        let path = issuer.map(Issuer::path).unwrap_or_default();
        profile.serves() || !path.iter().any(|authority| constraint_breach(authority, &name).is_some())
    });
    let sans: Vec<San> = own.into_iter().chain(given.iter().cloned()).collect();
    if profile.serves() && !sans.iter().any(San::is_reachable) {
        return Err(Error::SanMissing { name: name.to_owned() });
    }
    Ok(sans)
}

/// The subject of a certificate of this name: `base`, and the name as its common name where it has none. A name that is
/// too long for one, as host names can be, is left out where `optional`.
///
/// # Errors
/// [`Error::SubjectInvalid`].
pub fn subject(base: Name, name: &str, optional: bool) -> Result<Name, Error> {
    if optional && name.chars().count() > 64 { Ok(base) } else { base.with_common_name(name) }
}
