//! What extensions say, of certificates and of requests.

use std::borrow::Cow;

use serde::Serialize;

use super::{anatomy::Part, meaning};
use crate::{
    cert::{ExtensionValue, NameConstraints},
    fingerprint::hex,
    name::GeneralName,
    oid::{self, Oid},
};

/// What extensions say: those of RFC 5280 that everybody asks for, and a list of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExtensionsReport {
    /// subjectAltName
    pub subject_alt_names: Vec<String>,
    /// keyUsage
    pub key_usage: Option<Vec<&'static str>>,
    /// extKeyUsage
    pub extended_key_usage: Option<Vec<Cow<'static, str>>>,
    /// basicConstraints
    pub basic_constraints: Option<BasicConstraintsReport>,
    /// nameConstraints
    pub name_constraints: Option<NameConstraintsReport>,
    /// subjectKeyIdentifier in hexadecimal
    pub subject_key_id: Option<String>,
    /// The key identifier of authorityKeyIdentifier in hexadecimal
    pub authority_key_id: Option<String>,
    /// cRLDistributionPoints
    pub crl_distribution_points: Vec<String>,
    /// authorityInfoAccess
    pub authority_info_access: Vec<AccessReport>,
    /// certificatePolicies
    pub certificate_policies: Vec<String>,
    /// Every extension, in order
    pub extensions: Vec<ExtensionReport>,
}

/// basicConstraints (RFC 5280 4.2.1.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BasicConstraintsReport {
    /// Whether it is a CA
    pub ca: bool,
    /// Most intermediates below it
    pub path_length: Option<u32>,
}

/// nameConstraints (RFC 5280 4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameConstraintsReport {
    /// Where names must lie
    pub permitted: Vec<String>,
    /// Where no name may lie
    pub excluded: Vec<String>,
}

/// One access description of authorityInfoAccess (RFC 5280 4.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessReport {
    /// What is found there
    pub method: Cow<'static, str>,
    /// Where
    pub location: String,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtensionReport {
    /// Its type, dotted
    pub oid: String,
    /// Its name, where it has one that is known
    pub name: Option<&'static str>,
    /// Whether a reader that does not know it must refuse the certificate
    pub critical: bool,
    /// Whether its content breaks its own rules
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub malformed: bool,
    /// What it says, where that has no field of its own in the report
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub meaning: Vec<String>,
    /// Its octets in hexadecimal, where they are not shown elsewhere in the report
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl ExtensionsReport {
    /// Whether the extension of this name is critical.
    pub fn is_critical(&self, name: &str) -> bool {
        self.extensions.iter().any(|extension| extension.critical && extension.name == Some(name))
    }
}

/// What these extensions say.
pub(super) fn report(parts: &[Part]) -> ExtensionsReport {
    let texts = |names: &[GeneralName]| names.iter().map(GeneralName::to_string).collect::<Vec<_>>();
    let mut report =
        ExtensionsReport { extensions: parts.iter().map(extension).collect(), ..Default::default() };
    for Part { extension, octets } in parts {
        match &extension.value {
            ExtensionValue::BasicConstraints { ca, path_length } => {
                report.basic_constraints =
                    Some(BasicConstraintsReport { ca: *ca, path_length: *path_length });
            }
            ExtensionValue::KeyUsage(usage) => report.key_usage = Some(usage.names()),
            ExtensionValue::ExtendedKeyUsage(usages) => {
                report.extended_key_usage = Some(usages.iter().map(name).collect());
            }
            ExtensionValue::SubjectAltName(names) => report.subject_alt_names = texts(names),
            ExtensionValue::SubjectKeyId(id) => report.subject_key_id = Some(hex(id)),
            ExtensionValue::AuthorityKeyId { key_id, .. } => {
                report.authority_key_id = key_id.as_deref().map(hex);
            }
            ExtensionValue::NameConstraints(constraints) => {
                report.name_constraints = Some(name_constraints(constraints));
            }
            ExtensionValue::CrlDistributionPoints(points) => {
                report.crl_distribution_points =
                    meaning::distribution_points(octets).unwrap_or_else(|| texts(points));
            }
            ExtensionValue::AuthorityInfoAccess(access) => {
                report.authority_info_access = access
                    .iter()
                    .map(|(method, location)| AccessReport {
                        method: name(method),
                        location: location.to_string(),
                    })
                    .collect();
            }
            ExtensionValue::CertificatePolicies(policies) => {
                report.certificate_policies = meaning::policies(octets)
                    .unwrap_or_else(|| policies.iter().map(ToString::to_string).collect());
            }
            ExtensionValue::Other(_) | ExtensionValue::Malformed(_) => {}
        }
    }
    report
}

fn name(oid: &Oid) -> Cow<'static, str> {
    oid.short_name().map_or_else(|| oid.to_string().into(), Cow::Borrowed)
}

fn name_constraints(constraints: &NameConstraints) -> NameConstraintsReport {
    NameConstraintsReport {
        permitted: constraints.permitted.iter().map(ToString::to_string).collect(),
        excluded: constraints.excluded.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn extension(Part { extension, octets }: &Part) -> ExtensionReport {
    let kind = extension.oid.content();
    let malformed = matches!(extension.value, ExtensionValue::Malformed(_));
    let told = match &extension.value {
        // One that is malformed for a strict reader may still be told.
        ExtensionValue::Other(_) | ExtensionValue::Malformed(_) => meaning::meaning(kind, octets),
        ExtensionValue::AuthorityKeyId { serial: Some(_), .. } => meaning::meaning(kind, octets),
        _ => None,
    };
    let elsewhere = !matches!(extension.value, ExtensionValue::Other(_) | ExtensionValue::Malformed(_));
    ExtensionReport {
        oid: extension.oid.to_string(),
        name: extension.oid.short_name(),
        critical: extension.critical,
        malformed,
        meaning: told.unwrap_or_default(),
        value: (!elsewhere).then(|| hex(octets)),
    }
}

/// What is wrong with extensions.
pub(super) fn warnings_of(parts: &[Part], warnings: &mut Vec<String>) {
    for Part { extension, .. } in parts {
        if matches!(extension.value, ExtensionValue::Malformed(_)) {
            warnings.push(format!("its extension {} is malformed", extension.oid.name()));
        }
    }
    let mut kinds: Vec<&Oid> = parts.iter().map(|part| &part.extension.oid).collect();
    kinds.sort();
    let mut told = None;
    for pair in kinds.windows(2) {
        if let [one, other] = pair
            && one == other
            && told != Some(one)
        {
            warnings.push(format!("its extension {} is there more than once", one.name()));
            told = Some(one);
        }
    }
    let dangerous = parts.iter().any(|part| part.extension.oid.content() == oid::CT_POISON);
    if dangerous {
        warnings.push("it is a precertificate, which no client takes (RFC 6962 3.1)".into());
    }
}
