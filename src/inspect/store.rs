//! What stores of several objects say of themselves: PKCS#12 and PKCS#7.

use serde::Serialize;

use super::{
    KeyReport, Place,
    content::{Locked, Opener, What},
    private,
};
use crate::{
    Error,
    fingerprint::hex,
    key::Passphrase,
    name::escape,
    origin::Origin,
    pkcs7::Pkcs7,
    pkcs12::{Bag, Content, Opened, Pkcs12},
};

/// A store. What it holds is told beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreReport {
    /// Where it was found
    #[serde(flatten)]
    pub place: Place,
    /// `PKCS#12` or `PKCS#7`
    pub format: &'static str,
    /// Whether everything in it could be read; a password may be missing
    pub opened: bool,
    /// How it is protected against being altered; `None` where it is not
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// How its parts are encrypted, in order; `none` for those that are not
    pub encryption: Vec<String>,
    /// Private keys that were found in it
    pub keys: usize,
    /// Certificates that were found in it
    pub certificates: usize,
    /// Revocation lists that were found in it
    pub crls: usize,
    /// What anyone who uses it should know
    pub warnings: Vec<String>,
}

pub(super) fn of_pkcs7(message: &Pkcs7, place: Place) -> StoreReport {
    let signed = message.signers > 0;
    StoreReport {
        place,
        format: "PKCS#7",
        opened: true,
        mac: None,
        encryption: Vec::new(),
        keys: 0,
        certificates: message.certificates.len(),
        crls: message.crls.len(),
        warnings: signed
            .then(|| "it is a signed message; the signature is not looked into".to_owned())
            .into_iter()
            .collect(),
    }
}

pub(super) fn of_pkcs12(opened: &Opened, is_open: bool, place: Place) -> StoreReport {
    let bags = || opened.safes.iter().flat_map(|safe| safe.bags.iter().flatten());
    let count = |wanted: fn(&Content) -> bool| bags().filter(|bag| wanted(&bag.content)).count();
    let mut warnings: Vec<String> = opened.safes.iter().filter_map(|safe| safe.fault.clone()).collect();
    if opened.mac.is_none() {
        warnings.push("it has no MAC: whoever alters it is not noticed".into());
    }
    let weak = ["RC2-40", "40BitRC2", "40BitRC4", "128BitRC4"];
    if opened
        .safes
        .iter()
        .flat_map(|safe| &safe.encryption)
        .any(|name| weak.iter().any(|weak| name.contains(weak)))
    {
        warnings.push("a part of it is encrypted with a cipher that can be broken".into());
    }
    StoreReport {
        place,
        format: "PKCS#12",
        opened: is_open && opened.safes.iter().all(|safe| safe.bags.is_some()),
        mac: opened.mac.clone(),
        encryption: opened
            .safes
            .iter()
            .map(|safe| safe.encryption.clone().unwrap_or_else(|| "none".into()))
            .collect(),
        keys: count(|content| matches!(content, Content::Key { .. })),
        certificates: count(|content| matches!(content, Content::Certificate(_))),
        crls: count(|content| matches!(content, Content::Crl(_))),
        warnings,
    }
}

/// The password of a store: none at all, or what the opener gives.
pub(super) fn password(
    store: &Pkcs12,
    origin: &Origin,
    opener: &mut Opener<'_>,
) -> Result<Passphrase, Error> {
    let empty = Passphrase::new(zeroize::Zeroizing::new(Vec::new()));
    if store.accepts(empty.bytes()) {
        return Ok(empty);
    }
    for attempt in 1.. {
        match opener(Locked::Store, origin, attempt)? {
            Some(password) if store.accepts(password.bytes()) => return Ok(password),
            Some(_) => {}
            None if attempt == 1 => break,
            None => return Err(Error::StoreNotOpened { origin: origin.clone() }),
        }
    }
    Err(Error::PassphraseNeeded { what: origin.to_string() })
}

/// What an entry of a PKCS#12 store is.
pub(super) fn entry(bag: Bag, place: Place) -> What {
    let mut attributes = Vec::new();
    if let Some(name) = &bag.friendly_name {
        attributes.push(format!("friendlyName {}", escape(name)));
    }
    if let Some(id) = &bag.local_key_id {
        attributes.push(format!("localKeyID {}", hex(id)));
    }
    if bag.is_trusted {
        attributes.push("Java trusts it".into());
    }
    match bag.content {
        Content::Certificate(der) => What::Certificate(der, attributes),
        Content::Crl(der) => What::Crl(der),
        Content::Other(what) => What::Other(what),
        Content::Key { pkcs8, encryption } => {
            let form = private::Form::Pkcs8;
            let mut report = match &pkcs8 {
                Some(pkcs8) => private::in_der(form, pkcs8, None, place, &mut || None),
                None => private::locked(place),
            };
            report.encrypted = encryption.is_some();
            report.encryption = encryption;
            What::Key(KeyReport { attributes, ..report }.into())
        }
    }
}
