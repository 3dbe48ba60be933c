//! From a plan to DER. rcgen writes the to-be-signed part; what it would re-encode or choose itself — issuer and
//! subject names, public key, algorithm — is put in byte for byte, and our own keys sign.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
    SignatureAlgorithm, SigningKey,
};
use ring::rand::SecureRandom;

use super::{Kind, Plan, new_origin};
use crate::{
    Error,
    cert::{Certificate, NameConstraints},
    der::{self, tag},
    key::{PrivateKey, PublicKey},
    name::{San, Subtree},
    profile::{KeyUsage, Profile},
};

/// Encodes and signs. `issuer` is `None` for a root.
pub(super) fn sign(
    plan: &Plan,
    subject_key: &PublicKey,
    issuer: Option<&Certificate>,
    key: &PrivateKey,
    random: &dyn SecureRandom,
) -> Result<Certificate, Error> {
    let unencodable =
        |cause: String| Error::Malformed { origin: new_origin(), what: "new certificate", cause };
    let mut params = parameters(plan, subject_key, random)?;
    let mut issuer_params = CertificateParams::default();
    // A root names its own key; a foreign CA without a key identifier gets none made up.
    issuer_params.key_identifier_method = KeyIdMethod::PreSpecified(match issuer {
        Some(issuer) => issuer.subject_key_id().unwrap_or_default().to_vec(),
        None => subject_key.key_id(),
    });
    params.use_authority_key_identifier_extension =
        issuer.is_none_or(|issuer| issuer.subject_key_id().is_some());
    let template = params
        .signed_by(&Blank, &rcgen::Issuer::new(issuer_params, Blank))
        .map_err(|error| unencodable(error.to_string()))?;
    let algorithm = key.signature_algorithm();
    let issuer_name = issuer.map_or(&plan.subject, Certificate::subject);
    let parts = Splice {
        algorithm: algorithm.der(),
        issuer: issuer_name.der(),
        subject: plan.subject.der(),
        spki: subject_key.spki(),
    };
    let tbs =
        parts.into_tbs(template.der()).ok_or_else(|| unencodable("the template cannot be read".into()))?;
    let signature = key.sign(&tbs, random)?;
    let der = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&tbs);
            writer.next().write_der(algorithm.der());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    Certificate::from_der(&der, new_origin())
}

/// A serial number of 159 random bits, positive and never zero (RFC 5280 4.1.2.2 allows 20 octets; the top bit is
/// the sign, the next is set so that all have one length).
fn serial(random: &dyn SecureRandom) -> Result<SerialNumber, Error> {
    let mut octets = [0; 20];
    random.fill(&mut octets).map_err(|_| Error::CryptoFailed { what: "draw a serial number" })?;
    if let Some(first) = octets.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&octets))
}

fn parameters(
    plan: &Plan,
    subject_key: &PublicKey,
    random: &dyn SecureRandom,
) -> Result<CertificateParams, Error> {
    let mut distinguished_name = DistinguishedName::new();
    if !plan.subject.is_empty() {
        // Only its presence matters: it makes rcgen write the alternative names as not critical.
        distinguished_name.push(DnType::CommonName, "replaced");
    }
    let is_ca = match (plan.kind, plan.path_length) {
        (Kind::Leaf(_), _) => IsCa::ExplicitNoCa,
        (_, None) => IsCa::Ca(BasicConstraints::Unconstrained),
        (_, Some(most)) => IsCa::Ca(BasicConstraints::Constrained(most)),
    };
    let usage = plan.key_usage(subject_key.algorithm());
    let key_usages = [
        (KeyUsage::DIGITAL_SIGNATURE, KeyUsagePurpose::DigitalSignature),
        (KeyUsage::KEY_ENCIPHERMENT, KeyUsagePurpose::KeyEncipherment),
        (KeyUsage::KEY_AGREEMENT, KeyUsagePurpose::KeyAgreement),
        (KeyUsage::KEY_CERT_SIGN, KeyUsagePurpose::KeyCertSign),
        (KeyUsage::CRL_SIGN, KeyUsagePurpose::CrlSign),
    ];
    let extended_key_usages = match plan.kind {
        Kind::Leaf(Profile::Server) => vec![ExtendedKeyUsagePurpose::ServerAuth],
        Kind::Leaf(Profile::Client) => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Kind::Leaf(Profile::Peer) => {
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
        }
        Kind::Root | Kind::Intermediate => Vec::new(),
    };
    let mut params = CertificateParams::default();
    params.not_before = plan.validity.not_before;
    params.not_after = plan.validity.not_after;
    params.serial_number = Some(serial(random)?);
    params.subject_alt_names = plan.sans.iter().map(san_type).collect::<Result<_, _>>()?;
    params.distinguished_name = distinguished_name;
    params.is_ca = is_ca;
    params.key_usages =
        key_usages.into_iter().filter(|(bit, _)| usage.contains(*bit)).map(|(_, name)| name).collect();
    params.extended_key_usages = extended_key_usages;
    params.name_constraints = plan.name_constraints.as_ref().map(name_constraints).transpose()?;
    params.key_identifier_method = KeyIdMethod::PreSpecified(subject_key.key_id());
    Ok(params)
}

fn san_type(san: &San) -> Result<SanType, Error> {
    let refused = |_| Error::SanInvalid { value: san.to_string(), reason: "it is not ASCII".into() };
    Ok(match san {
        San::Dns(name) => SanType::DnsName(name.as_str().try_into().map_err(refused)?),
        San::Ip(address) => SanType::IpAddress(*address),
        San::Uri(uri) => SanType::URI(uri.as_str().try_into().map_err(refused)?),
        San::Email(mailbox) => SanType::Rfc822Name(mailbox.as_str().try_into().map_err(refused)?),
    })
}

/// Name constraints of the kinds that rcgen writes.
fn name_constraints(constraints: &NameConstraints) -> Result<rcgen::NameConstraints, Error> {
    let trees = |trees: &[Subtree]| {
        trees
            .iter()
            .map(|tree| match tree {
                Subtree::Dns(base) => Ok(GeneralSubtree::DnsName(base.clone())),
                Subtree::Email(base) => Ok(GeneralSubtree::Rfc822Name(base.clone())),
                Subtree::Ip(base, mask) => Ok(GeneralSubtree::IpAddress(match (base, mask) {
                    (std::net::IpAddr::V4(base), std::net::IpAddr::V4(mask)) => {
                        CidrSubnet::V4(base.octets(), mask.octets())
                    }
                    (std::net::IpAddr::V6(base), std::net::IpAddr::V6(mask)) => {
                        CidrSubnet::V6(base.octets(), mask.octets())
                    }
                    _ => {
                        return Err(Error::SanInvalid {
                            value: tree.to_string(),
                            reason: "address and mask differ in kind".into(),
                        });
                    }
                })),
                other => Err(Error::SanInvalid {
                    value: other.to_string(),
                    reason: "name constraints of this kind cannot be made yet".into(),
                }),
            })
            .collect::<Result<Vec<_>, Error>>()
    };
    Ok(rcgen::NameConstraints {
        permitted_subtrees: trees(&constraints.permitted)?,
        excluded_subtrees: trees(&constraints.excluded)?,
    })
}

/// The exact bytes that take the place of rcgen's.
struct Splice<'a> {
    algorithm: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
}

impl Splice<'_> {
    /// The template's TBSCertificate (RFC 5280 4.1.2) with the parts replaced.
    fn into_tbs(self, template: &[u8]) -> Option<Vec<u8>> {
        let mut fields = der::whole(template, tag::SEQUENCE)?.inside().expect(tag::SEQUENCE)?.inside();
        let version = fields.expect(0xa0)?.raw;
        let serial = fields.expect(tag::INTEGER)?.raw;
        fields.expect(tag::SEQUENCE)?;
        fields.expect(tag::SEQUENCE)?;
        let validity = fields.expect(tag::SEQUENCE)?.raw;
        fields.expect(tag::SEQUENCE)?;
        fields.expect(tag::SEQUENCE)?;
        let extensions = fields.expect(0xa3)?.raw;
        fields.is_empty().then(|| {
            der::sequence(&[
                version,
                serial,
                self.algorithm,
                self.issuer,
                validity,
                self.subject,
                self.spki,
                extensions,
            ])
        })
    }
}

/// Stands in where rcgen wants a key: its bytes are replaced, its signature thrown away.
struct Blank;

impl PublicKeyData for Blank {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl SigningKey for Blank {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}
