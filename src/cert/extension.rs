//! Certificate extensions (RFC 5280 4.2), read into owned facts.

use x509_parser::{
    extensions::{DistributionPointName, ParsedExtension, X509Extension},
    prelude::FromDer,
};

use crate::{
    name::{GeneralName, Subtree},
    oid::Oid,
    profile::KeyUsage,
};

/// One extension.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its type.
    pub oid: Oid,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// What it says.
    pub value: ExtensionValue,
}

/// What an extension says.
#[derive(Clone, Debug)]
pub enum ExtensionValue {
    /// 4.2.1.9
    BasicConstraints {
        /// Whether the subject is a CA
        ca: bool,
        /// Most intermediate certificates that may follow
        path_length: Option<u32>,
    },
    /// 4.2.1.3
    KeyUsage(KeyUsage),
    /// 4.2.1.12
    ExtendedKeyUsage(Vec<Oid>),
    /// 4.2.1.6
    SubjectAltName(Vec<GeneralName>),
    /// 4.2.1.2
    SubjectKeyId(Vec<u8>),
    /// 4.2.1.1
    AuthorityKeyId {
        /// keyIdentifier
        key_id: Option<Vec<u8>>,
        /// authorityCertSerialNumber
        serial: Option<Vec<u8>>,
    },
    /// 4.2.1.10
    NameConstraints(NameConstraints),
    /// 4.2.1.13: the URIs of full names
    CrlDistributionPoints(Vec<GeneralName>),
    /// 4.2.2.1: access method and location
    AuthorityInfoAccess(Vec<(Oid, GeneralName)>),
    /// 4.2.1.4: policy identifiers
    CertificatePolicies(Vec<Oid>),
    /// Any other: the octets of its value
    Other(Vec<u8>),
    /// A known one whose content breaks its own rules: the octets
    Malformed(Vec<u8>),
}

/// nameConstraints (RFC 5280 4.2.1.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Where names of these kinds must lie
    pub permitted: Vec<Subtree>,
    /// Where no name may lie
    pub excluded: Vec<Subtree>,
}

impl Extension {
    /// Reads one extension that fills the bytes; `None` where they are none.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Extension::from_der(der).ok()?;
        rest.is_empty().then(|| Self::read(&parsed))
    }

    /// One that cannot be read as its kind has it.
    pub(crate) fn broken(kind: &[u8], critical: bool, octets: &[u8]) -> Self {
        let value = ExtensionValue::Malformed(octets.to_vec());
        Self { oid: Oid::from_content(kind), critical, value }
    }

    pub(super) fn read(parsed: &X509Extension<'_>) -> Self {
        Self {
            oid: Oid::from_content(parsed.oid.as_bytes()),
            critical: parsed.critical,
            value: ExtensionValue::read(parsed),
        }
    }
}

impl ExtensionValue {
    fn read(extension: &X509Extension<'_>) -> Self {
        let octets = || extension.value.to_vec();
        let names = |names: &[x509_parser::extensions::GeneralName<'_>]| {
            names.iter().map(GeneralName::read).collect()
        };
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => {
                Self::BasicConstraints { ca: constraints.ca, path_length: constraints.path_len_constraint }
            }
            ParsedExtension::KeyUsage(usage) => Self::KeyUsage(KeyUsage::from_bits(usage.flags)),
            // x509-parser sorts the usages into flags; the order and duplicates do not matter to anybody, but the
            // list as it stands is what a person wants to see.
            ParsedExtension::ExtendedKeyUsage(_) => match oids(extension.value) {
                Some(usages) => Self::ExtendedKeyUsage(usages),
                None => Self::Malformed(octets()),
            },
            ParsedExtension::SubjectAlternativeName(san) => Self::SubjectAltName(names(&san.general_names)),
            ParsedExtension::SubjectKeyIdentifier(id) => Self::SubjectKeyId(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => Self::AuthorityKeyId {
                key_id: id.key_identifier.as_ref().map(|id| id.0.to_vec()),
                serial: id.authority_cert_serial.map(<[u8]>::to_vec),
            },
            ParsedExtension::NameConstraints(constraints) => {
                // A constraint that is not understood must not vanish: RFC 5280 4.2.1.10 has minimum and maximum unused.
                let trees = constraints.permitted_subtrees.iter().chain(&constraints.excluded_subtrees);
                let broken = |tree: &x509_parser::extensions::GeneralSubtree<'_>| {
                    matches!(tree.base, x509_parser::extensions::GeneralName::Invalid(..))
                };
                if trees.flatten().any(broken) || !holds_bases_alone(extension.value) {
                    return Self::Malformed(octets());
                }
                let read = |trees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                    trees.iter().flatten().map(|tree| Subtree::read(&tree.base)).collect()
                };
                Self::NameConstraints(NameConstraints {
                    permitted: read(&constraints.permitted_subtrees),
                    excluded: read(&constraints.excluded_subtrees),
                })
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                let full = points.iter().filter_map(|point| match &point.distribution_point {
                    Some(DistributionPointName::FullName(names)) => Some(names),
                    _ => None,
                });
                Self::CrlDistributionPoints(full.flatten().map(GeneralName::read).collect())
            }
            ParsedExtension::AuthorityInfoAccess(access) => Self::AuthorityInfoAccess(
                access
                    .accessdescs
                    .iter()
                    .map(|item| {
                        let method = Oid::from_content(item.access_method.as_bytes());
                        (method, GeneralName::read(&item.access_location))
                    })
                    .collect(),
            ),
            ParsedExtension::CertificatePolicies(policies) => Self::CertificatePolicies(
                policies.iter().map(|policy| Oid::from_content(policy.policy_id.as_bytes())).collect(),
            ),
            ParsedExtension::ParseError { .. } => Self::Malformed(octets()),
            _ => Self::Other(octets()),
        }
    }
}

/// Whether each subtree of name constraints is its base and nothing else.
fn holds_bases_alone(der: &[u8]) -> bool {
    use crate::der::{Reader, tag, whole};
    let Some(mut lists) = whole(der, tag::SEQUENCE).map(|outer| outer.inside()) else { return false };
    let mut trees = std::iter::from_fn(|| lists.next()).flat_map(|list| {
        let mut list = Reader::new(list.content);
        std::iter::from_fn(move || list.next())
    });
    trees.all(|tree| {
        let mut parts = tree.inside();
        parts.next().is_some() && parts.is_empty()
    })
}

/// A SEQUENCE OF OBJECT IDENTIFIER with at least one member.
fn oids(der: &[u8]) -> Option<Vec<Oid>> {
    use crate::der::{tag, whole};
    let mut members = whole(der, tag::SEQUENCE)?.inside();
    let mut found = Vec::new();
    while !members.is_empty() {
        found.push(Oid::from_content(members.expect(tag::OID)?.content));
    }
    (!found.is_empty()).then_some(found)
}
