//! From a plan to DER. rcgen writes the to-be-signed part; what it would re-encode or choose itself — issuer and
//! subject names, public key, algorithm — is put in byte for byte, and our own keys sign.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber,
    SignatureAlgorithm as TemplateAlgorithm, SigningKey,
};
use ring::rand::SecureRandom;

use super::{Kind, Request, extension, new_origin};
use crate::{
    Error,
    cert::Certificate,
    der::{self, tag},
    key::{PublicKey, SignatureAlgorithm},
    validity::Validity,
};

/// Makes a signature over bytes.
type Sign<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, Error> + 'a;

/// What makes a signature, and the algorithm it says it is of.
pub(crate) struct Signing<'a> {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) sign: &'a Sign<'a>,
}

/// Encodes and signs. `issuer` is `None` for what signs itself.
pub(super) fn sign(
    (request, validity): (&Request, Validity),
    subject_key: &PublicKey,
    issuer: Option<&Certificate>,
    signing: &Signing<'_>,
    random: &dyn SecureRandom,
) -> Result<Certificate, Error> {
    let unencodable =
        |cause: String| Error::Malformed { origin: new_origin(), what: "new certificate", cause };
    let mut params = parameters(request, validity, subject_key, random)?;
    let mut issuer_params = CertificateParams::default();
    // A root names its own key; a foreign CA without a key identifier gets none made up.
    issuer_params.key_identifier_method = KeyIdMethod::PreSpecified(match issuer {
        Some(issuer) => issuer.subject_key_id().unwrap_or_default().to_vec(),
        None => request.key_id.clone().unwrap_or_else(|| subject_key.key_id()),
    });
    params.use_authority_key_identifier_extension =
        issuer.is_none_or(|issuer| issuer.subject_key_id().is_some());
    let template = params
        .signed_by(&Blank, &rcgen::Issuer::new(issuer_params, Blank))
        .map_err(|error| unencodable(error.to_string()))?;
    let algorithm = &signing.algorithm;
    let issuer_name = issuer.map_or(&request.subject, Certificate::subject);
    let parts = Splice {
        algorithm: algorithm.der(),
        issuer: issuer_name.der(),
        subject: request.subject.der(),
        spki: subject_key.spki(),
    };
    let tbs =
        parts.into_tbs(template.der()).ok_or_else(|| unencodable("the template cannot be read".into()))?;
    let signature = (signing.sign)(&tbs)?;
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
    request: &Request,
    validity: Validity,
    subject_key: &PublicKey,
    random: &dyn SecureRandom,
) -> Result<CertificateParams, Error> {
    const USAGES: [KeyUsagePurpose; 9] = [
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::ContentCommitment,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::EncipherOnly,
        KeyUsagePurpose::DecipherOnly,
    ];
    let usage = request.key_usage(subject_key.algorithm());
    let mut params = CertificateParams::default();
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params.serial_number = Some(match &request.serial {
        Some(serial) => SerialNumber::from_slice(serial),
        None => serial(random)?,
    });
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = match (request.kind, request.path_length) {
        (Kind::Leaf(_), _) => IsCa::ExplicitNoCa,
        (_, None) => IsCa::Ca(BasicConstraints::Unconstrained),
        (_, Some(most)) => IsCa::Ca(BasicConstraints::Constrained(most)),
    };
    params.key_usages =
        USAGES.into_iter().enumerate().filter(|(bit, _)| usage.bit(*bit)).map(|(_, name)| name).collect();
    params.extended_key_usages = request
        .extended_key_usages()
        .iter()
        .filter_map(|usage| usage.components().map(ExtendedKeyUsagePurpose::Other))
        .collect();
    params.crl_distribution_points =
        request.pointers.crl.iter().map(|url| CrlDistributionPoint { uris: vec![url.clone()] }).collect();
    let key_id = request.key_id.clone().unwrap_or_else(|| subject_key.key_id());
    params.key_identifier_method = KeyIdMethod::PreSpecified(key_id);
    params.custom_extensions = extension::encode(request)?
        .into_iter()
        .map(|custom| {
            let oid = custom.oid.components().unwrap_or_default();
            let mut extension = CustomExtension::from_oid_content(&oid, custom.value);
            extension.set_criticality(custom.critical);
            extension
        })
        .collect();
    Ok(params)
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

    fn algorithm(&self) -> &'static TemplateAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl SigningKey for Blank {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}
