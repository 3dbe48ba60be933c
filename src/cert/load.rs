//! Certificates out of files: every one of them, in any wrapping that people hold.

use std::path::Path;

use super::Certificate;
use zeroize::Zeroizing;

use crate::{
    Error,
    der::{self, tag},
    origin::Origin,
    pem, source,
};

/// Broken pieces of one file that are told before it is given up: 8.
pub const MOST_BROKEN: usize = 8;

/// One thing that a file holds.
pub enum Piece {
    /// A certificate.
    Certificate(Certificate),
    /// Something else, which is not looked into.
    Other {
        /// What it is, in a person's words. Escaped for a terminal.
        what: String,
        /// Whether it is a private key
        is_private_key: bool,
        /// Where it is
        origin: Origin,
    },
    /// Something that is damaged.
    Broken {
        /// Whether it says, or by its form seems, to be a certificate
        is_certificate: bool,
        /// What is wrong with it
        error: Error,
    },
}

/// The bytes of a file, to be taken apart piece by piece.
pub struct Pieces<'a> {
    bytes: &'a [u8],
    origin: Origin,
    /// `None` for DER.
    text: Option<pem::Text<'a>>,
    count: usize,
}

impl<'a> Pieces<'a> {
    /// Takes the bytes of a file, PEM or DER.
    pub fn new(bytes: &'a [u8], origin: Origin) -> Self {
        let text = pem::looks_like_pem(bytes).then(|| pem::Text::new(bytes));
        let count = text.iter().flat_map(|text| text.armors(&origin)).filter(|armor| {
            let label = match armor {
                Ok(armor) => &armor.label,
                Err(broken) => &broken.label,
            };
            is_certificate(label)
        });
        Self { count: count.count(), bytes, origin: origin.clone(), text }
    }

    /// The pieces in order, each read only when it is asked for. A damaged one does not hide those behind it.
    pub fn iter(&self) -> impl Iterator<Item = Piece> {
        let mut index = 0;
        let armored = self.text.iter().flat_map(|text| text.armors(&self.origin)).map(move |armor| {
            let label = match &armor {
                Ok(armor) => &armor.label,
                Err(broken) => &broken.label,
            };
            let is_certificate = is_certificate(label);
            index += usize::from(is_certificate);
            let origin = self.origin.nth(index, self.count);
            match armor {
                Ok(armor) if is_certificate => {
                    let read = armor.decode().and_then(|block| Certificate::from_der(&block.der, origin));
                    read.map_or_else(|error| Piece::Broken { is_certificate, error }, Piece::Certificate)
                }
                Ok(armor) => Piece::Other {
                    what: name_label(&armor.label),
                    is_private_key: armor.label.ends_with("PRIVATE KEY"),
                    origin: self.origin.clone(),
                },
                Err(broken) => Piece::Broken { is_certificate, error: broken.error },
            }
        });
        let plain = self.text.is_none().then(|| read_der(self.bytes, &self.origin)).flatten();
        armored.chain(plain)
    }
}

/// What people call the content of a block.
fn name_label(label: &str) -> String {
    match label {
        "ENCRYPTED PRIVATE KEY" => "an encrypted private key".into(),
        other if other.ends_with("PRIVATE KEY") => "a private key".into(),
        other if other.ends_with("PUBLIC KEY") => "a public key".into(),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate request".into(),
        "X509 CRL" => "a revocation list".into(),
        "TRUSTED CERTIFICATE" => "a certificate with openssl's trust settings".into(),
        "PKCS7" | "CMS" => "a PKCS#7 message".into(),
        "EC PARAMETERS" | "DH PARAMETERS" | "DSA PARAMETERS" | "X9.42 DH PARAMETERS" => {
            "key parameters".into()
        }
        other => format!("a block `{}`", crate::name::escape(other)),
    }
}

fn read_der(bytes: &[u8], origin: &Origin) -> Option<Piece> {
    if bytes.first() != Some(&tag::SEQUENCE) {
        return None;
    }
    let error = match Certificate::from_der(bytes, origin.clone()) {
        Ok(certificate) => return Some(Piece::Certificate(certificate)),
        Err(error) => error,
    };
    if begins_like_certificate(bytes) {
        return Some(Piece::Broken { is_certificate: true, error });
    }
    let mut inside = der::whole(bytes, tag::SEQUENCE)?.inside();
    let (first, second) = (inside.next()?, inside.next()?);
    let (what, is_private_key) = match (first.tag, first.content, second.tag) {
        (tag::INTEGER, [3], tag::SEQUENCE) => ("a PKCS#12 store", false),
        (tag::INTEGER, _, tag::SEQUENCE | tag::INTEGER | tag::OCTET_STRING) => ("a private key", true),
        (tag::SEQUENCE, _, tag::OCTET_STRING) => ("an encrypted private key", true),
        (tag::SEQUENCE, _, tag::BIT_STRING) => ("a public key", false),
        (tag::OID, _, 0xa0) => ("a PKCS#7 message", false),
        // Requests and revocation lists, signed as certificates are.
        (tag::SEQUENCE, _, tag::SEQUENCE) => ("a signed structure that is no certificate", false),
        _ => return None,
    };
    Some(Piece::Other { what: what.into(), is_private_key, origin: origin.clone() })
}

/// Whether the bytes begin as every certificate of version 2 or 3 does, and nothing else that people keep in files:
/// two sequences, and the explicit version. Lengths do not count, because the file may be cut off.
pub(crate) fn begins_like_certificate(bytes: &[u8]) -> bool {
    fn inside(bytes: &[u8]) -> Option<&[u8]> {
        let (&first, rest) = bytes.strip_prefix(&[tag::SEQUENCE])?.split_first()?;
        if first < 0x80 { Some(rest) } else { rest.get(usize::from(first & 0x7f)..) }
    }
    inside(bytes).and_then(inside).is_some_and(|tbs| tbs.starts_with(&[0xa0, 3, tag::INTEGER, 1]))
}

/// All certificates in the bytes, PEM or DER, in order. Blocks of other kinds are passed over.
///
/// # Errors
/// [`Error::NothingFound`] where there is none, [`Error::PemBroken`], [`Error::Malformed`].
pub fn decode_certificates(bytes: &[u8], origin: &Origin) -> Result<Vec<Certificate>, Error> {
    let nothing = || Error::NothingFound { origin: origin.clone(), what: "certificate" };
    if !pem::looks_like_pem(bytes) {
        if bytes.first() != Some(&0x30) {
            return Err(nothing());
        }
        return Ok(vec![Certificate::from_der(bytes, origin.clone())?]);
    }
    let mut blocks = pem::blocks(bytes, origin)?;
    blocks.retain(|block| is_certificate(&block.label));
    let count = blocks.len();
    if count == 0 {
        return Err(nothing());
    }
    let numbered = blocks.iter().enumerate();
    numbered.map(|(index, block)| Certificate::from_der(&block.der, origin.nth(index + 1, count))).collect()
}

/// The labels under which certificates travel.
pub(crate) fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE")
}

/// All certificates of a file (`-` is standard input).
///
/// # Errors
/// As [`decode_certificates`], and those of reading the file.
pub fn load_certificates(path: &Path) -> Result<Vec<Certificate>, Error> {
    // A private key may stand beside them.
    let bytes = Zeroizing::new(source::read(path, source::LARGE)?);
    decode_certificates(&bytes, &source::origin(path))
}

/// All certificates of the files, to be trusted as anchors: none missing, none that is no CA.
///
/// # Errors
/// As [`load_certificates`], and [`Error::AnchorNotCa`].
pub fn load_anchors<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Certificate>, Error> {
    let mut anchors = Vec::new();
    for path in paths {
        anchors.extend(load_certificates(path.as_ref())?);
    }
    match anchors.iter().find(|anchor| !anchor.is_ca()) {
        Some(leaf) => Err(Error::AnchorNotCa { origin: leaf.origin().clone(), subject: leaf.title() }),
        None => Ok(anchors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(bytes: &[u8]) -> Vec<String> {
        Pieces::new(bytes, Origin::named("test"))
            .iter()
            .map(|piece| match piece {
                Piece::Certificate(_) => "certificate".into(),
                Piece::Other { what, is_private_key, .. } => format!("{what} {is_private_key}"),
                Piece::Broken { is_certificate, error } => format!("{} {is_certificate}", error.code()),
            })
            .collect()
    }

    #[test]
    fn a_broken_block_does_not_hide_those_behind_it() {
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\
            -----BEGIN CERTIFICATE-----\nA!AA\n-----END CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
            -----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n-----BEGIN \u{1b}[2J-----\n";
        assert_eq!(
            pieces(text.as_bytes()),
            [
                "pem-broken true",
                "a private key true",
                "pem-broken true",
                "malformed true",
                "a revocation list false",
                "pem-broken false",
            ]
        );
    }

    #[test]
    fn der_is_told_by_its_form() {
        assert_eq!(pieces(&[0x30, 8, 2, 1, 0, 0x30, 3, 6, 1, 1]), ["a private key true"]);
        assert_eq!(pieces(&[0x30, 0x82, 1, 0, 0x30, 0x82, 0, 0xf0, 0xa0, 3, 2, 1, 2, 2]), ["malformed true"]);
        assert!(pieces(&[0x30, 0x82, 1, 0]).is_empty());
        assert!(pieces(&[0; 100]).is_empty() && pieces(b"").is_empty());
    }
}
