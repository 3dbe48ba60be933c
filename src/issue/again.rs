//! The request that a certificate answers, so that it can be made again: subject byte for byte, names, usages, and every
//! other extension as it is.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Custom, Kind, Pointers, Request};
use crate::{
    Error,
    cert::Certificate,
    name::San,
    oid::{self, Oid},
    profile::KeyUsage,
    validity::End,
};

/// Extensions that are made from the rest of the request.
const MADE_ANEW: [&[u8]; 6] = [
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::EXTENDED_KEY_USAGE,
];

impl Request {
    /// Asks for the same again, as a certificate of this kind; its end is for the caller to say. An authority keeps its key
    /// identifier, so that what it signed stays good. The alternative names of a leaf are those of [`names_of`], or others.
    pub fn again(certificate: &Certificate, kind: Kind, end: End) -> Self {
        let mut request = Self::new(kind, certificate.subject().clone(), end);
        let usage = certificate.key_usage();
        request.extensions = others(certificate, matches!(kind, Kind::Leaf(_)));
        match kind {
            Kind::Leaf(profile) => {
                let usual = KeyUsage::for_leaf(profile, certificate.key_algorithm());
                request.key_usage = usage.filter(|usage| *usage != usual);
                let own = profile.extended_key_usage();
                let all = certificate.extended_key_usage().unwrap_or_default();
                request.extended_key_usage =
                    all.iter().filter(|usage| !own.contains(usage)).cloned().collect();
            }
            Kind::Root | Kind::Intermediate => {
                let path_length = certificate.basic_constraints().and_then(|(_, most)| most);
                request.path_length = path_length.map(|most| u8::try_from(most).unwrap_or(u8::MAX));
                request.key_id = certificate.subject_key_id().map(<[u8]>::to_vec);
                request.key_usage = usage;
            }
        }
        request
    }
}

impl Request {
    /// Has it speak of another issuer than the certificate that it repeats: where that one's CRL and certificate are to be found
    /// is nothing of the new one's. Returns whether something was left out that nothing took the place of.
    pub fn by_another_issuer(&mut self, pointers: Pointers) -> bool {
        let before = self.extensions.len();
        let speaks = [oid::CRL_DISTRIBUTION_POINTS, oid::AUTHORITY_INFO_ACCESS];
        self.extensions.retain(|extension| !speaks.contains(&extension.oid.content()));
        let lost = before > self.extensions.len() && pointers == Pointers::default();
        self.pointers = pointers;
        lost
    }
}

/// The alternative names of a certificate, to be asked for again.
///
/// # Errors
/// [`Error::SanInvalid`] for one that cannot be issued any more.
pub fn names_of(certificate: &Certificate) -> Result<Vec<San>, Error> {
    let names = certificate.subject_alt_names().iter();
    let names = names.map(|name| {
        San::try_from(name).map_err(|reason| Error::SanInvalid { value: name.to_string(), reason })
    });
    names.collect()
}

/// All extensions that do not follow from what else is asked for. The extended key usages of an authority are nobody's
/// profile, and stay as they are.
fn others(certificate: &Certificate, leaf: bool) -> Vec<Custom> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate.der()) else { return Vec::new() };
    let all = parsed.tbs_certificate.extensions().iter().map(|extension| Custom {
        oid: Oid::from_content(extension.oid.as_bytes()),
        critical: extension.critical,
        value: extension.value.to_vec(),
    });
    let made_anew = |oid: &[u8]| MADE_ANEW.contains(&oid) && (leaf || oid != oid::EXTENDED_KEY_USAGE);
    all.filter(|extension| !made_anew(extension.oid.content())).collect()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        cert::NameConstraints,
        issue::{extended_key_usages, plan},
        issuer::Issuer,
        key::{KeyType, PrivateKey},
        name::{Name, Subtree},
        origin::Origin,
        profile::Profile,
        validity::Span,
    };

    /// Extensions by type, without those that speak of keys.
    fn told(certificate: &Certificate) -> Vec<(String, bool, Vec<u8>)> {
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        let all = parsed.tbs_certificate.extensions().iter();
        let mut all: Vec<_> = all
            .map(|e| (e.oid.to_string(), e.critical, e.value.to_vec()))
            .filter(|(oid, ..)| oid != "2.5.29.14")
            .collect();
        all.sort();
        all
    }

    #[test]
    fn everything_is_asked_for_again() {
        let random = SystemRandom::new();
        let now = datetime!(2027-01-01 0:00 UTC);
        let end = End::After(Span::days(30));
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let mut root = Request::new(Kind::Root, "O=Acme,CN=root".parse().unwrap(), end);
        root.path_length = Some(1);
        root.key_id = Some(vec![7; 20]);
        root.name_constraints =
            Some(NameConstraints { permitted: vec![Subtree::Dns("internal".into())], excluded: vec![] });
        root.policies = vec!["1.2.3=https://acme.internal/cps".parse().unwrap()];
        let root = plan(root, None, now).unwrap().sign_root(&key, &random).unwrap();
        let again = Request::again(&root, Kind::Root, end);
        let later = now + time::Duration::days(9);
        let next = plan(again, None, later).unwrap().sign_root(&key, &random).unwrap();
        assert_eq!(told(&next), told(&root));
        assert_eq!(next.subject_key_id(), root.subject_key_id());
        assert_eq!(next.authority_key_id(), root.authority_key_id());
        assert_eq!(next.subject().der(), root.subject().der());

        let issuer = Issuer::new(next, &[], key, Origin::named("test"), later).unwrap();
        let mut leaf = Request::new(Kind::Leaf(Profile::Peer), Name::from_common_name("a").unwrap(), end);
        let sans = ["a.internal", "10.0.0.1", "spiffe://a/b", "a@a.internal", "RID:1.2.3", "UPN:a@b"];
        leaf.sans = sans.iter().map(|san| san.parse().unwrap()).collect();
        leaf.extended_key_usage = extended_key_usages("codeSigning,1.2.3.4").unwrap();
        leaf.key_usage = Some("digitalSignature,keyAgreement".parse().unwrap());
        leaf.must_staple = true;
        leaf.pointers = Pointers {
            crl: vec!["http://a.internal/crl".into()],
            issuer: vec!["http://a.internal/crt".into()],
            ocsp: vec!["http://a.internal/ocsp".into()],
        };
        leaf.policies = vec!["1.2.3=https://acme.internal/cps".parse().unwrap()];
        leaf.extensions = vec!["1.3.6.1.4.1.99999.1=critical,hex:0c0161".parse().unwrap()];
        let sign = |request: Request, now| {
            let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
            plan(request, Some(&issuer), now).unwrap().sign(key.public(), &issuer, &random).unwrap()
        };
        let first = sign(leaf, later);
        let mut again = Request::again(&first, Kind::Leaf(Profile::Peer), end);
        again.sans = names_of(&first).unwrap();
        let second = sign(again, later);
        assert_eq!(told(&second), told(&first));
        assert_eq!(second.subject().der(), first.subject().der());
        assert!(second.serial() != first.serial() && second.public_key() != first.public_key());
    }
}
