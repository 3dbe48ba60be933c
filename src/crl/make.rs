//! Making a revocation list. Written here and not by rcgen, which re-encodes the issuer's name and wants all entries in
//! structures of its own: a million of them are one buffer here.

use ring::rand::SecureRandom;
use time::OffsetDateTime;

use super::{Crl, Revoked, may_sign_lists};
use crate::{
    Error,
    cert::Certificate,
    crl::Reason,
    der::{put, put_head, tag, time::put_time},
    issuer::Issuer,
    oid,
    origin::Origin,
};

/// What a new list says beside its entries.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Its number, greater than that of every list before (RFC 5280 5.2.3)
    pub number: u64,
    /// From when on it is true
    pub this_update: OffsetDateTime,
    /// When the next one is there at the latest; from then on nobody takes this one
    pub next_update: OffsetDateTime,
}

impl Crl {
    /// Signs a list of all that is revoked (RFC 5280 5): version 2, entries by ascending serial number.
    ///
    /// # Errors
    /// [`Error::IssuerMayNotRevoke`] where the CA's key usage lacks cRLSign; [`Error::CryptoFailed`].
    pub fn sign(
        issuer: &Issuer,
        mut revoked: Vec<Revoked>,
        terms: Terms,
        random: &dyn SecureRandom,
    ) -> Result<Self, Error> {
        let authority = issuer.certificate();
        may_sign_lists(authority)?;
        revoked.sort_unstable_by(|one, two| one.order().cmp(&two.order()));
        let mut entries = Vec::with_capacity(revoked.len() * 56);
        revoked.iter().for_each(|revoked| put_entry(&mut entries, revoked));
        drop(revoked);

        let algorithm = issuer.key().signature_algorithm();
        let mut times = Vec::new();
        put_time(&mut times, terms.this_update);
        put_time(&mut times, terms.next_update);
        // An empty list of entries is left out (RFC 5280 5.1.2.6).
        let mut head = Vec::new();
        if !entries.is_empty() {
            put_head(&mut head, tag::SEQUENCE, entries.len());
        }
        let mut tbs = Vec::with_capacity(entries.len() + 1024);
        let (version, name) = ([tag::INTEGER, 1, 1], authority.subject().der());
        let extensions = extensions(authority, terms.number);
        put(
            &mut tbs,
            tag::SEQUENCE,
            &[&version, algorithm.der(), name, &times, &head, &entries, &extensions],
        );
        drop(entries);
        let signature = issuer.key().sign(&tbs, random)?;
        let mut bits = Vec::new();
        put(&mut bits, tag::BIT_STRING, &[&[0], &signature]);
        let mut der = Vec::with_capacity(tbs.len() + 1024);
        put(&mut der, tag::SEQUENCE, &[&tbs, algorithm.der(), &bits]);
        drop(tbs);
        // What others would read of it is what counts.
        Self::from_der(der, Origin::named("new CRL"))
    }
}

fn put_entry(out: &mut Vec<u8>, revoked: &Revoked) {
    let mut entry = Vec::with_capacity(64);
    put(&mut entry, tag::INTEGER, &[&revoked.serial]);
    put_time(&mut entry, revoked.date);
    if revoked.reason != Reason::Unspecified {
        // SEQUENCE { SEQUENCE { OID reasonCode, OCTET STRING { ENUMERATED } } }
        entry.extend([
            0x30,
            12,
            0x30,
            10,
            tag::OID,
            3,
            0x55,
            0x1d,
            21,
            tag::OCTET_STRING,
            3,
            tag::ENUMERATED,
            1,
        ]);
        entry.push(revoked.reason.code());
    }
    put(out, tag::SEQUENCE, &[&entry]);
}

/// authorityKeyIdentifier and cRLNumber, in [0]. Of a CA without a key identifier, its issuer and serial number
/// (RFC 5280 4.2.1.1).
fn extensions(authority: &Certificate, number: u64) -> Vec<u8> {
    let mut id = Vec::new();
    match authority.subject_key_id() {
        Some(key_id) => put(&mut id, 0x80, &[key_id]),
        None => {
            let mut name = Vec::new();
            put(&mut name, 0xa4, &[authority.issuer().der()]);
            put(&mut id, 0xa1, &[&name]);
            put(&mut id, 0x82, &[authority.serial()]);
        }
    }
    let mut key_id = Vec::new();
    put(&mut key_id, tag::SEQUENCE, &[&id]);
    let mut number_der = Vec::new();
    put(&mut number_der, tag::INTEGER, &[&super::unsigned(number.to_be_bytes().into())]);
    let mut list = Vec::new();
    for (kind, value) in [(oid::AUTHORITY_KEY_ID, &key_id), (oid::CRL_NUMBER, &number_der)] {
        let mut extension = Vec::new();
        put(&mut extension, tag::OID, &[kind]);
        put(&mut extension, tag::OCTET_STRING, &[value]);
        put(&mut list, tag::SEQUENCE, &[&extension]);
    }
    let mut sequence = Vec::new();
    put(&mut sequence, tag::SEQUENCE, &[&list]);
    let mut out = Vec::new();
    put(&mut out, 0xa0, &[&sequence]);
    out
}

#[cfg(test)]
mod tests {
    use ::time::{Duration, macros::datetime};
    use ring::rand::SystemRandom;

    use super::*;
    use crate::{
        issue::{Kind, Request, plan},
        key::{KeyType, PrivateKey},
        validity::{End, Span},
    };

    const NOW: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);

    fn issuer(kind: KeyType, subject: &str) -> Issuer {
        let key = PrivateKey::generate(kind, &SystemRandom::new()).unwrap();
        let request = Request::new(Kind::Root, subject.parse().unwrap(), End::After(Span::years(40)));
        let root = plan(request, None, NOW).unwrap().sign_root(&key, &SystemRandom::new()).unwrap();
        Issuer::new(root, &[], key, Origin::named("key"), NOW).ok().unwrap()
    }

    fn revoked(serial: &[u8], reason: Reason) -> Revoked {
        Revoked { serial: serial.into(), date: NOW - Duration::HOUR, reason }
    }

    fn terms(number: u64) -> Terms {
        Terms { number, this_update: NOW, next_update: NOW + Duration::DAY }
    }

    fn sign(issuer: &Issuer, entries: Vec<Revoked>, terms: Terms) -> Crl {
        Crl::sign(issuer, entries, terms, &SystemRandom::new()).unwrap()
    }

    fn code<T>(result: Result<T, Error>) -> &'static str {
        result.err().map_or("ok", |error| error.code())
    }

    #[test]
    fn a_list_says_what_was_put_into_it() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519] {
            let issuer = issuer(kind, "DC=com,DC=example,OU=a,OU=b,CN=CA");
            let entries = vec![
                revoked(&[0, 0x80, 1], Reason::KeyCompromise),
                revoked(&[0x7f], Reason::Unspecified),
                revoked(&[5, 0], Reason::CertificateHold),
            ];
            let list = sign(&issuer, entries.clone(), terms(128));
            let order: Vec<&[u8]> = list.revoked().iter().map(|entry| &*entry.serial).collect();
            assert_eq!(order, [&[0x7f][..], &[5, 0], &[0, 0x80, 1]]);
            for entry in &entries {
                assert_eq!(list.lookup(&entry.serial), Some(entry));
            }
            assert_eq!(list.lookup(&[1]), None);
            assert_eq!(list.issuer().der(), issuer.certificate().subject().der());
            assert_eq!(list.authority_key_id(), issuer.certificate().subject_key_id());
            assert_eq!((list.number(), list.number_hex()), (Some(128), Some("0080".into())));
            assert_eq!((list.this_update(), list.next_update()), (NOW, NOW + Duration::DAY));
            list.verify(issuer.certificate()).unwrap();
            let pem = list.to_pem();
            let again = Crl::decode(format!("{pem}{pem}").as_bytes(), &Origin::named("test")).unwrap();
            assert!(again.len() == 2 && again.iter().all(|again| again.der() == list.der()));
        }
        // Another reads the same.
        use x509_parser::prelude::{CertificateRevocationList, FromDer};
        let list = sign(&issuer(KeyType::P256, "CN=CA"), vec![revoked(&[9], Reason::Superseded)], terms(1));
        let (rest, other) = CertificateRevocationList::from_der(list.der()).unwrap();
        assert!(rest.is_empty() && other.iter_revoked_certificates().count() == 1);
        assert_eq!(other.crl_number(), Some(&1u32.into()));
    }

    #[test]
    fn an_empty_list_has_no_entries_and_the_greatest_number_fits() {
        let issuer = issuer(KeyType::Ed25519, "CN=CA");
        let list = sign(&issuer, vec![], terms(u64::MAX));
        assert!(list.revoked().is_empty() && list.number() == Some(u64::MAX));
        let late = datetime!(2060-01-01 0:00 UTC);
        let terms = Terms { number: 0, this_update: NOW, next_update: late };
        assert_eq!(sign(&issuer, vec![], terms).next_update(), late);
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let (own, other) = (issuer(KeyType::Ed25519, "CN=CA"), issuer(KeyType::Ed25519, "CN=CA"));
        let list = sign(&own, vec![revoked(&[9], Reason::Superseded)], terms(1));
        assert_eq!(code(list.verify(other.certificate())), "crl-foreign");
        assert_eq!(code(list.verify(issuer(KeyType::P256, "CN=X").certificate())), "crl-foreign");
        let mut forged = list.der().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Crl::from_der(forged, Origin::named("test")).unwrap();
        assert_eq!(code(forged.verify(own.certificate())), "crl-forged");
        list.require_current(NOW).unwrap();
        assert_eq!(code(list.require_current(NOW - Duration::SECOND)), "crl-not-yet-valid");
        assert_eq!(code(list.require_current(NOW + Duration::days(2))), "crl-lapsed");
    }

    /// Of each, one octet of a good list is another.
    #[test]
    fn what_is_not_understood_is_refused() {
        let entry = revoked(&[9], Reason::Superseded);
        let good = sign(&issuer(KeyType::Ed25519, "CN=CA"), vec![entry], terms(1)).der().to_vec();
        for (from, to, why) in [
            (&[2, 1, 1, 0x30][..], &[2, 1, 2, 0x30][..], "version"),
            (&[0x55, 0x1d, 20], &[0x55, 0x1d, 27], "delta"),
            (&[0x55, 0x1d, 20], &[0x55, 0x1d, 28], "part of"),
            (&[0x55, 0x1d, 20], &[0x55, 0x1d, 35], "twice"),
            (&[0x55, 0x1d, 21], &[0x55, 0x1d, 29], "indirect"),
            (&[0x0a, 1, 4], &[0x0a, 1, 8], "reason"),
            (&[0x0a, 1, 4], &[0x0a, 1, 7], "reason"),
            (b"270102", b"271302", "dates"),
        ] {
            let mut bad = good.clone();
            let at = bad.windows(from.len()).position(|window| window == from).unwrap();
            bad[at..at + from.len()].copy_from_slice(to);
            let error = Crl::from_der(bad, Origin::named("test")).err().unwrap();
            let Error::Malformed { cause, .. } = &error else { panic!("{error}") };
            assert!(cause.contains(why), "{why}: {cause}");
        }
        let crl = |bytes: &[u8]| Crl::decode(bytes, &Origin::named("test"));
        assert_eq!(code(crl(b"nothing")), "nothing-found");
        assert_eq!(code(crl(b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n")), "malformed");
    }
}
