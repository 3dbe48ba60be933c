//! Which certificate is meant, and which CA can revoke it.

use super::Target;
use crate::{
    Error,
    cert::Certificate,
    fingerprint::hex,
    origin::Origin,
    store::{Authority, Store},
    validity::format_rfc3339,
};

impl Store {
    /// What is revoked by naming a certificate, and the CA that can.
    ///
    /// # Errors
    /// [`Error::RootNotRevocable`], [`Error::IssuerNotHere`]; [`Error::Malformed`] for a serial number below zero, which no
    /// CRL of ours can state.
    pub fn target(
        &self,
        certificate: &Certificate,
        name: Option<&str>,
    ) -> Result<(Target, Authority), Error> {
        if certificate.is_own_issuer() {
            return Err(Error::RootNotRevocable { subject: certificate.subject().to_string() });
        }
        if certificate.serial().first().is_none_or(|&high| high >= 0x80) {
            return Err(Error::Malformed {
                origin: certificate.origin().clone(),
                what: "certificate",
                cause: "its serial number is negative (RFC 5280 4.1.2.2)".into(),
            });
        }
        let signed = |ca: &Authority| {
            certificate.issuer().same(ca.certificate.subject())
                && certificate.is_signed_by(ca.certificate.public_key()).is_ok()
        };
        let authority = self.with_key(self.authorities()?.into_iter().filter(signed)).ok_or_else(|| {
            Error::IssuerNotHere {
                origin: certificate.origin().clone(),
                issuer: certificate.issuer().to_string(),
            }
        })?;
        let target = Target {
            serial: certificate.serial_hex(),
            issuer: authority.record(),
            name: name.map(str::to_owned),
            subject: Some(certificate.subject().to_string()),
            not_after: Some(format_rfc3339(certificate.validity().not_after)),
            fingerprint: Some(hex(&certificate.fingerprint())),
        };
        Ok((target, authority))
    }

    /// What is revoked by a serial number in hexadecimal, and the CA that can. One that is not on record needs the name of
    /// its CA.
    ///
    /// # Errors
    /// [`Error::SerialUnknown`], [`Error::RootNotRevocable`], [`Error::IssuerNotHere`]; [`Error::Usage`] for one that
    /// several CAs gave; those of finding the CA.
    pub fn target_by_serial(&self, serial: &str, issuer: Option<&str>) -> Result<(Target, Authority), Error> {
        let named = issuer.map(|name| self.authority(name)).transpose()?;
        let (mut records, _) = self.with_serial(serial)?;
        if let Some(named) = &named {
            records.retain(|record| record.issuer.is(&named.record()));
        }
        let record = match (records.first(), &named) {
            (Some(first), _) if records.iter().all(|other| other.issuer.is(&first.issuer)) => first,
            (Some(_), _) => {
                let problem = "more than one CA gave this serial number: say whose with --issuer NAME".into();
                return Err(Error::Usage { problem });
            }
            (None, None) => return Err(Error::SerialUnknown { serial: serial.to_owned() }),
            (None, Some(authority)) => {
                let (serial, issuer) = (serial.to_owned(), authority.record());
                let target =
                    Target { serial, issuer, name: None, subject: None, not_after: None, fingerprint: None };
                return Ok((target, authority.clone()));
            }
        };
        if record.kind == "root" {
            return Err(Error::RootNotRevocable { subject: record.subject.clone() });
        }
        let authorities = self.authorities()?.into_iter();
        // Of those with the same key identifier, which strangers may have given twice, the one of that name.
        let mut authorities: Vec<_> = authorities.filter(|ca| ca.record().is(&record.issuer)).collect();
        if authorities.iter().any(|ca| ca.name == record.issuer.name) {
            let named = |ca: &Authority| ca.name == record.issuer.name;
            let key = authorities.iter().find(|ca| named(ca)).map(|ca| ca.certificate.public_key().clone());
            authorities.retain(|ca| Some(ca.certificate.public_key()) == key.as_ref());
        }
        let authority = self.with_key(authorities.into_iter());
        let authority = authority.ok_or_else(|| Error::IssuerNotHere {
            origin: Origin::named(&record.name),
            issuer: record.issuer.name.clone(),
        })?;
        let target = Target {
            serial: serial.to_owned(),
            issuer: authority.record(),
            name: Some(record.name.clone()),
            subject: Some(record.subject.clone()),
            not_after: Some(record.not_after.clone()),
            fingerprint: Some(record.fingerprint.clone()),
        };
        Ok((target, authority))
    }

    /// Of several certificates of one CA, the one that its key is with.
    fn with_key(&self, found: impl Iterator<Item = Authority>) -> Option<Authority> {
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|ca| !ca.key.exists());
        found.into_iter().next()
    }
}
