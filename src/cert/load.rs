//! Certificates out of files: every one of them, in any wrapping that people hold.

use std::path::Path;

use super::Certificate;
use crate::{Error, origin::Origin, pem, source};

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
    decode_certificates(&source::read(path, source::LARGE)?, &source::origin(path))
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
