//! From what is asked for to a signed request.

use ring::rand::SecureRandom;
use yasna::Tag;

use super::Csr;
use crate::{
    Error, der,
    issue::{Custom, Request, encode_extensions, settle},
    key::PrivateKey,
    oid::{self, Oid},
    origin::Origin,
    profile::KeyUsage,
};

impl Csr {
    /// Makes the request for a leaf certificate: its subject, alternative names, usages and further extensions. When it is
    /// to be valid cannot be asked for, and is passed over.
    ///
    /// # Errors
    /// [`Error::SanMissing`], [`Error::SubjectMissing`], [`Error::ExtensionInvalid`], [`Error::KeyWeak`],
    /// [`Error::CryptoFailed`].
    pub fn make(request: Request, key: &PrivateKey, random: &dyn SecureRandom) -> Result<Self, Error> {
        let request = settle(request)?;
        request.judge_key(key.public())?;
        let usages: Vec<Vec<u8>> = request.extended_key_usages().iter().map(Oid::der).collect();
        let own = |oid, critical, value| Custom { oid: Oid::from_content(oid), critical, value };
        let mut extensions = vec![
            own(oid::KEY_USAGE, true, key_usage(request.key_usage(key.public().algorithm()))),
            own(oid::EXTENDED_KEY_USAGE, false, list(&usages)),
        ];
        extensions.extend(encode_extensions(&request)?);
        let extensions: Vec<Vec<u8>> = extensions.iter().map(extension).collect();
        let info = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                writer.next().write_der(request.subject.der());
                writer.next().write_der(key.public().spki());
                writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                    writer.write_set_of(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_der(&Oid::from_content(oid::EXTENSION_REQUEST).der());
                            writer.next().write_set_of(|writer| writer.next().write_der(&list(&extensions)));
                        });
                    });
                });
            });
        });
        let signature = key.sign(&info, random)?;
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&info);
                writer.next().write_der(key.signature_algorithm().der());
                writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        // As whoever gets it will.
        let csr = Self::from_der(&der, Origin::named("new request"))?;
        csr.verify_signature()?;
        Ok(csr)
    }
}

fn list(parts: &[Vec<u8>]) -> Vec<u8> {
    der::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// RFC 5280 4.2.1.3: a list of named bits, without trailing zeros.
fn key_usage(usage: KeyUsage) -> Vec<u8> {
    let count = (0..9).rev().find(|&bit| usage.bit(bit)).map_or(0, |last| last + 1);
    let octet = |start: usize| {
        (0..8).filter(|bit| usage.bit(start + bit)).fold(0u8, |octet, bit| octet | 0x80 >> bit)
    };
    let octets: Vec<u8> = (0..count).step_by(8).map(octet).collect();
    yasna::construct_der(|writer| writer.write_bitvec_bytes(&octets, count))
}

/// RFC 5280 4.1: `SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }`.
fn extension(extension: &Custom) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&extension.oid.der());
            if extension.critical {
                writer.next().write_bool(true);
            }
            writer.next().write_bytes(&extension.value);
        });
    })
}
