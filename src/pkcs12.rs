//! PKCS#12 (RFC 7292), `.p12` and `.pfx`: keys and certificates in one file under one password.

mod mac;
mod read;
mod write;

pub use read::{Bag, Content, Opened, Pkcs12, Safe};
pub use write::{Compat, Entry, write};

use crate::oid;

/// The digest of this identifier, as far as MACs are made with it.
fn digest(kind: &[u8]) -> Option<&'static ring::digest::Algorithm> {
    Some(match kind {
        oid::SHA1 => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
        oid::SHA256 => &ring::digest::SHA256,
        oid::SHA384 => &ring::digest::SHA384,
        oid::SHA512 => &ring::digest::SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        cert::Certificate,
        issue::{Kind, Request, plan},
        key::{KeyType, Passphrase, PrivateKey},
        name::Name,
        validity::{End, Span},
    };

    fn made() -> (PrivateKey, Certificate) {
        let random = SystemRandom::new();
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let request =
            Request::new(Kind::Root, Name::from_common_name("R").unwrap(), End::After(Span::days(1)));
        let plan = plan(request, None, datetime!(2027-01-01 0:00 UTC)).unwrap();
        let certificate = plan.sign_root(&key, &random).unwrap();
        (key, certificate)
    }

    fn phrase(text: &str) -> Passphrase {
        Passphrase::new(zeroize::Zeroizing::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn what_is_written_is_read() {
        let random = SystemRandom::new();
        let (key, certificate) = made();
        for compat in [Compat::Modern, Compat::Legacy] {
            let entries = [
                Entry::Key { key: &key, certificate: &certificate, name: "bücher" },
                Entry::Certificate { certificate: &certificate, name: None },
                Entry::Trusted { certificate: &certificate, name: "R" },
            ];
            let der = write(&entries, &phrase("pässword"), compat, &random).unwrap();
            let store = Pkcs12::read(&der).unwrap();
            assert!(!store.accepts(b"wrong") && !store.accepts(b"") && store.accepts("pässword".as_bytes()));
            let opened = store.open(Some("pässword".as_bytes()));
            let bags: Vec<&Bag> = opened.safes.iter().flat_map(|safe| safe.bags.iter().flatten()).collect();
            let names: Vec<_> = bags.iter().map(|bag| bag.friendly_name.as_deref()).collect();
            assert_eq!(names, [Some("bücher"), None, Some("R"), Some("bücher")]);
            assert!(bags[2].is_trusted && !bags[1].is_trusted);
            assert!(bags[0].local_key_id.is_some() && bags[0].local_key_id == bags[3].local_key_id);
            for bag in &bags[..3] {
                assert!(matches!(&bag.content, Content::Certificate(der) if der == certificate.der()));
            }
            let Content::Key { pkcs8: Some(pkcs8), encryption: Some(encryption) } = &bags[3].content else {
                panic!("no key")
            };
            assert_eq!(pkcs8.as_slice(), key.pkcs8());
            assert_eq!(encryption.contains("AES-256-CBC"), compat == Compat::Modern, "{encryption}");
            assert_eq!(opened.mac.as_deref().unwrap().contains("SHA256"), compat == Compat::Modern);
            let closed = store.open(None);
            assert!(closed.safes[0].bags.is_none(), "certificates are encrypted");
            assert!(matches!(
                &closed.safes[1].bags.as_ref().unwrap()[0].content,
                Content::Key { pkcs8: None, .. }
            ));
        }
    }

    #[test]
    fn any_damage_is_noticed() {
        let (key, certificate) = made();
        let entries = [Entry::Key { key: &key, certificate: &certificate, name: "x" }];
        let der = write(&entries, &phrase("x"), Compat::Legacy, &SystemRandom::new()).unwrap();
        for at in (0..der.len()).step_by(37) {
            let mut damaged = der.to_vec();
            damaged[at] ^= 0x55;
            // The MAC, or the structure, tells: but for the octets of the salt's name, there is no third way.
            let accepted = Pkcs12::read(&damaged).is_ok_and(|store| store.accepts(b"x"));
            assert!(!accepted, "octet {at}");
        }
    }
}
