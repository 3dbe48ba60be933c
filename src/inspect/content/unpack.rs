//! Containers as if they had been files of PEM, for whoever reads certificates and not what they came in.

use std::ops::ControlFlow;

use zeroize::Zeroizing;

use super::{Locked, Object, What, examine, form};
use crate::{Error, der::tag, kubernetes, origin::Origin, pem};

/// What is in a PKCS#7 message, a PKCS#12 store without a password or a Kubernetes manifest; `None` for anything else.
///
/// # Errors
/// [`Error::PassphraseNeeded`] for a store under a password, [`Error::Malformed`] for a container that is damaged.
pub fn contents(bytes: &[u8], origin: &Origin) -> Result<Option<Vec<Object>>, Error> {
    if !may_contain(bytes) {
        return Ok(None);
    }
    let (mut objects, mut is_container, mut fault) = (Vec::new(), false, None);
    let mut no_password = |locked, origin: &Origin, _| match locked {
        Locked::Key => Ok(None),
        Locked::Store => Err(Error::PassphraseNeeded { what: format!("PKCS#12 store {}", origin.place()) }),
    };
    examine(bytes, origin, &mut no_password, &mut |object| {
        is_container |= object.place.within.is_some() || matches!(object.what, What::Store(_));
        match object.what {
            What::Broken(error) => drop(fault.get_or_insert(error)),
            _ => objects.push(object),
        }
        ControlFlow::Continue(())
    })?;
    match (is_container, fault) {
        (false, _) => Ok(None),
        (true, Some(error)) => Err(error),
        (true, None) => Ok(Some(objects)),
    }
}

/// The certificates, requests and revocation lists in such a container as PEM, in their order; `None` for anything else.
///
/// # Errors
/// As [`contents`].
pub fn unpack(bytes: &[u8], origin: &Origin) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let to_text = |objects: Vec<Object>| {
        let text: String = objects.iter().filter_map(|object| object.what.to_pem()).collect();
        Zeroizing::new(text.into_bytes())
    };
    Ok(contents(bytes, origin)?.map(to_text))
}

/// Told cheaply, since most files are none.
fn may_contain(bytes: &[u8]) -> bool {
    if kubernetes::looks_like_manifest(bytes) {
        return true;
    }
    if pem::looks_like_pem(bytes) {
        let finds = |label: &str| memchr::memmem::find(bytes, label.as_bytes()).is_some();
        return ["BEGIN PKCS7-", "BEGIN CMS-", "BEGIN PKCS12-"].into_iter().any(finds);
    }
    bytes.first() == Some(&tag::SEQUENCE)
        && matches!(form::of(bytes), None | Some(form::Form::Pkcs7 | form::Form::Pkcs12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(text: &str) -> Option<String> {
        let bytes = unpack(text.as_bytes(), &Origin::named("test")).unwrap()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn what_is_no_container_is_left_alone() {
        for text in [
            "",
            "0",
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "kind: Secret, apiVersion",
        ] {
            assert_eq!(unpacked(text), None, "{text}");
        }
    }

    #[test]
    fn a_manifest_becomes_pem() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata:\n  tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\n";
        assert_eq!(unpacked(text).unwrap(), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    }
}
