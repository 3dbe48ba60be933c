//! Extensions that can be asked for beyond those that follow from the kind of certificate.

use std::str::FromStr;

use super::Request;
use crate::{
    Error,
    cert::NameConstraints,
    der,
    fingerprint::unhex,
    name::{GeneralName, San},
    oid::{self, Oid},
};

/// Where more is to be found about a certificate's issuer: URIs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointers {
    /// The issuer's CRL (RFC 5280 4.2.1.13)
    pub crl: Vec<String>,
    /// The issuer's certificate (RFC 5280 4.2.2.1, caIssuers)
    pub issuer: Vec<String>,
    /// The issuer's OCSP responder (RFC 5280 4.2.2.1)
    pub ocsp: Vec<String>,
}

/// Reads a URI that certificates point to: `http`, `https` or `ldap`.
///
/// # Errors
/// [`Error::ExtensionInvalid`].
pub fn pointer(text: &str) -> Result<String, Error> {
    let refused = |reason: &str| Error::ExtensionInvalid {
        what: "URL",
        value: text.to_owned(),
        reason: reason.to_owned(),
    };
    let scheme = text.split("://").next().unwrap_or_default().to_ascii_lowercase();
    if !text.contains("://") || !["http", "https", "ldap", "ldaps"].contains(&scheme.as_str()) {
        return Err(refused("it is no URL with http, https, ldap or ldaps"));
    }
    match text.parse::<San>() {
        Ok(San::Uri(uri)) => Ok(uri),
        _ => Err(refused("it is no URL")),
    }
}

/// A certificate policy (RFC 5280 4.2.1.4): `OID`, or `OID=URL` with the URL of the certification practice statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The policy.
    pub oid: Oid,
    /// Where its practice statement is.
    pub cps: Option<String>,
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (oid, cps) = text.split_once('=').map_or((text, None), |(oid, cps)| (oid, Some(cps)));
        let oid = oid.parse().map_err(|()| Error::ExtensionInvalid {
            what: "policy",
            value: text.to_owned(),
            reason: "a policy is an object identifier, as in 1.3.6.1.4.1.99999.1".into(),
        })?;
        Ok(Self { oid, cps: cps.map(pointer).transpose()? })
    }
}

/// An extension of whatever type, given as bytes: `OID=[critical,]hex:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// Its type.
    pub oid: Oid,
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER of its value.
    pub value: Vec<u8>,
}

/// Extensions whose content follows from other options: two hands in one extension would make a certificate that
/// contradicts itself.
const OWN: [&[u8]; 18] = [
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_INFO_ACCESS,
    oid::TLS_FEATURE,
    oid::POLICY_CONSTRAINTS,
    // These mean something between CAs alone, or nothing beside alternative names, and OpenSSL reads their content.
    oid::POLICY_MAPPINGS,
    oid::INHIBIT_ANY_POLICY,
    oid::PROXY_CERT_INFO,
    oid::IP_RESOURCES,
    oid::AS_RESOURCES,
    oid::NS_CERT_TYPE,
];

impl FromStr for Custom {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::ExtensionInvalid {
            what: "extension",
            value: text.to_owned(),
            reason: reason.to_owned(),
        };
        let shape = || refused("an extension is written OID=hex:0500 or OID=critical,hex:0500");
        let (oid, value) = text.split_once('=').ok_or_else(shape)?;
        let oid: Oid = oid.parse().map_err(|()| shape())?;
        let (critical, value) = match value.split_once(',') {
            Some(("critical", value)) => (true, value),
            Some(_) => return Err(shape()),
            None => (false, value),
        };
        let value = value.strip_prefix("hex:").and_then(unhex).ok_or_else(shape)?;
        if OWN.contains(&oid.content()) {
            return Err(refused(
                "it is made from what the certificate is, or has no place in it; there is an option for what can be chosen",
            ));
        }
        if !der::is_well_formed(&value) {
            return Err(refused("its value is not one DER element (RFC 5280 4.1.2.9)"));
        }
        Ok(Self { oid, critical, value })
    }
}

/// Reads extended key usages by name or dotted, with commas.
///
/// # Errors
/// [`Error::ExtensionInvalid`].
pub fn extended_key_usages(text: &str) -> Result<Vec<Oid>, Error> {
    let one = |name: &str| {
        name.parse().map_err(|()| Error::ExtensionInvalid {
            what: "extended key usage",
            value: name.to_owned(),
            reason: "codeSigning, emailProtection, timeStamping, … or an object identifier is wanted".into(),
        })
    };
    text.split(',').map(str::trim).map(one).collect()
}

/// Reads a serial number in hexadecimal: positive, at most 20 octets (RFC 5280 4.1.2.2). Returned without leading zeros.
///
/// # Errors
/// [`Error::ExtensionInvalid`].
pub fn serial_number(text: &str) -> Result<Vec<u8>, Error> {
    let refused = |reason: &str| Error::ExtensionInvalid {
        what: "serial number",
        value: text.to_owned(),
        reason: reason.to_owned(),
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let even = if digits.len().is_multiple_of(2) || digits.contains(':') {
        digits.to_owned()
    } else {
        format!("0{digits}")
    };
    let octets = unhex(&even).ok_or_else(|| refused("it is not hexadecimal"))?;
    let octets: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    match octets.first() {
        None => Err(refused("it is zero")),
        Some(first) if octets.len() + usize::from(*first >= 0x80) > 20 => {
            Err(refused("it is longer than 20 octets"))
        }
        Some(_) => Ok(octets),
    }
}

/// RFC 7633: a list of TLS features; status_request is number 5.
pub(crate) const MUST_STAPLE: [u8; 5] = [0x30, 3, 2, 1, 5];

/// The extensions that rcgen does not write, or not for all that can be asked for.
pub(crate) fn encode(request: &Request) -> Result<Vec<Custom>, Error> {
    let own = |oid, critical, value| Custom { oid: Oid::from_content(oid), critical, value };
    let mut all = Vec::new();
    if !request.sans.is_empty() {
        let names = request.sans.iter().map(|san| general_name(&san.to_general_name()));
        // RFC 5280 4.2.1.6: critical exactly where it is all that says whom the certificate is for.
        all.push(own(
            oid::SUBJECT_ALT_NAME,
            request.subject.is_empty(),
            list(names.collect::<Result<_, _>>()?),
        ));
    }
    if let Some(constraints) = &request.name_constraints {
        all.push(own(oid::NAME_CONSTRAINTS, true, name_constraints(constraints)?));
    }
    let pointers = &request.pointers;
    let issuer = pointers.issuer.iter().map(|url| (oid::CA_ISSUERS, url));
    let access: Vec<_> = pointers.ocsp.iter().map(|url| (oid::OCSP, url)).chain(issuer).collect();
    if !access.is_empty() {
        let descriptions = access.into_iter().map(|(method, url)| {
            let location = general_name(&GeneralName::Uri(url.clone()))?;
            Ok(der::sequence(&[&Oid::from_content(method).der(), &location]))
        });
        let value = list(descriptions.collect::<Result<_, Error>>()?);
        all.push(own(oid::AUTHORITY_INFO_ACCESS, false, value));
    }
    if !request.policies.is_empty() {
        let policies = request.policies.iter().map(Policy::der).collect();
        all.push(own(oid::CERTIFICATE_POLICIES, false, list(policies)));
    }
    if request.must_staple {
        all.push(own(oid::TLS_FEATURE, false, MUST_STAPLE.to_vec()));
    }
    all.extend(request.extensions.iter().cloned());
    Ok(all)
}

fn list(parts: Vec<Vec<u8>>) -> Vec<u8> {
    der::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn general_name(name: &GeneralName) -> Result<Vec<u8>, Error> {
    name.der().ok_or_else(|| Error::SanInvalid {
        value: name.to_string(),
        reason: "names of this kind are not issued".into(),
    })
}

/// RFC 5280 4.2.1.10; minimum and maximum stay at their defaults.
fn name_constraints(constraints: &NameConstraints) -> Result<Vec<u8>, Error> {
    let mut lists = Vec::new();
    for (number, trees) in [(0, &constraints.permitted), (1, &constraints.excluded)] {
        if trees.is_empty() {
            continue;
        }
        let trees = trees.iter().map(|tree| {
            let base = tree.der().ok_or_else(|| Error::ConstraintInvalid {
                value: tree.to_string(),
                reason: "constraints of this kind are not issued".into(),
            })?;
            Ok(der::sequence(&[&base]))
        });
        let trees = trees.collect::<Result<Vec<_>, Error>>()?;
        lists.push(yasna::construct_der(|writer| {
            writer.write_tagged_implicit(yasna::Tag::context(number), |writer| {
                writer.write_sequence(|writer| trees.iter().for_each(|tree| writer.next().write_der(tree)));
            });
        }));
    }
    Ok(list(lists))
}

impl Policy {
    fn der(&self) -> Vec<u8> {
        let oid = self.oid.der();
        let Some(cps) = &self.cps else { return der::sequence(&[&oid]) };
        let uri = yasna::construct_der(|writer| writer.write_ia5_string(cps));
        let qualifier = der::sequence(&[&Oid::from_content(oid::CPS).der(), &uri]);
        der::sequence(&[&oid, &der::sequence(&[&qualifier])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_for() {
        let custom: Custom = "1.3.6.1.4.1.99999.1=critical,hex:0c0161".parse().unwrap();
        assert_eq!((custom.critical, custom.value), (true, vec![0x0c, 1, 0x61]));
        for bad in [
            "1.2.3",
            "1.2.3=05",
            "1.2.3=hex:0",
            "1.2.3=hex:05",
            "x=hex:0500",
            "1.2.3=a,hex:0500",
            "2.5.29.19=hex:3000",
            "1.2.3=hex:05000500",
        ] {
            assert!(matches!(bad.parse::<Custom>(), Err(Error::ExtensionInvalid { .. })), "{bad}");
        }
        let policy: Policy = "1.2.3=https://acme.internal/cps".parse().unwrap();
        assert_eq!(policy.cps.unwrap(), "https://acme.internal/cps");
        assert!("1.2.3=cps".parse::<Policy>().is_err() && "x".parse::<Policy>().is_err());
        assert!(pointer("http://pki.internal/ca.crl").is_ok());
        for bad in ["pki.internal/ca.crl", "file:///x", "http://", "http://a b"] {
            assert!(pointer(bad).is_err(), "{bad}");
        }
        assert_eq!(extended_key_usages("codesigning, 1.2.3").unwrap().len(), 2);
        assert!(extended_key_usages("nonsense").is_err());
    }

    #[test]
    fn serial_numbers() {
        assert_eq!(serial_number("01").unwrap(), [1]);
        assert_eq!(serial_number("0x1ff").unwrap(), [1, 0xff]);
        assert_eq!(serial_number("00:AB").unwrap(), [0xab]);
        for bad in ["", "0", "zz", &"ff".repeat(20), &"11".repeat(21)] {
            assert!(serial_number(bad).is_err(), "{bad}");
        }
        assert!(serial_number(&"7f".repeat(20)).is_ok());
    }
}
