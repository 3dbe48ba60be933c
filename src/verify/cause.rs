//! "Untrusted issuer" has several faces: which of them it is, and what would help.

use std::path::Path;

use serde::Serialize;

use super::{Breach, Question, Rule, check::key_id};
use crate::{
    cert::{Certificate, Piece, Pieces},
    source,
};

/// Why the issuer of a certificate is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// No intermediate certificate came with the leaf
    LeafAlone,
    /// The chain has a gap, or ends below its root
    IssuerMissing,
    /// There is a CA of the name, with another key: it was made anew
    IssuerRekeyed,
    /// The CA is here as certified by another CA, which is not trusted
    CrossSigned,
    /// The chain is whole and ends in a root that is not trusted
    OtherRoot,
}

/// Why the search came no further than a certificate.
#[derive(Default)]
pub(super) struct Obstacles<'a> {
    pub(super) other_key: Option<&'a Certificate>,
    pub(super) unsupported: bool,
}

impl Obstacles<'_> {
    /// The finding about the last certificate of a path that ends without an anchor.
    pub(super) fn explain(&self, path: &[&Certificate], question: &Question<'_>) -> Breach {
        let index = path.len().saturating_sub(1);
        let finding = |rule, fact, cause| Breach { index, rule, fact, cause };
        let Some(last) = path.last() else {
            return finding(Rule::UnknownIssuer, "there is no certificate".into(), None);
        };
        let issuer = last.issuer().to_string();
        if self.unsupported {
            let name = last.signature_algorithm().name();
            let fact = format!("its signature ({name}) cannot be checked with the issuer's key");
            return finding(Rule::UnsupportedSignature, fact, None);
        }
        if let Some(other) = self.other_key {
            let origin = other.origin();
            // Whoever names the key by which it should hold was changed after it was signed, or its signature was.
            let same_key = last.authority_key_id().is_some_and(|named| other.subject_key_id() == Some(named));
            let fact = if same_key {
                format!(
                    "its signature does not hold under the key of \"{issuer}\" ({origin}), which it names by its identifier: it was damaged or forged"
                )
            } else {
                format!(
                    "it names \"{issuer}\" as its issuer, but the certificate of that name ({origin}) holds another key ({})",
                    other.public_key().short_id(),
                )
            };
            return finding(Rule::IssuerKeyMismatch, fact, Some(Cause::IssuerRekeyed));
        }
        let key_id = key_id(last);
        let same_ca = |other: &&Certificate| {
            other.public_key() == last.public_key()
                && other.subject().same(last.subject())
                && !other.issuer().same(last.issuer())
        };
        let (fact, cause) = if last.is_self_issued() {
            let roots: Vec<_> = question.anchors.iter().take(3).map(Certificate::title).collect();
            let more = question.anchors.len().saturating_sub(roots.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let fact = format!(
                "\"{issuer}\" signed itself and is not among the trusted roots ({}{more})",
                roots.join(", ")
            );
            (fact, Cause::OtherRoot)
        } else if question.intermediates.iter().find(same_ca).is_some() {
            let fact = format!(
                "it is cross-signed by \"{issuer}\"{key_id}, which is neither here nor among the trusted roots; no other certificate of this CA leads to one"
            );
            (fact, Cause::CrossSigned)
        } else if question.intermediates.is_empty() && path.len() == 1 {
            let fact =
                format!("it came alone, and its issuer \"{issuer}\"{key_id} is not among the trusted roots");
            (fact, Cause::LeafAlone)
        } else {
            let fact = format!(
                "its issuer \"{issuer}\"{key_id} is neither among the certificates sent along nor among the trusted roots"
            );
            (fact, Cause::IssuerMissing)
        };
        finding(Rule::UnknownIssuer, fact, Some(cause))
    }
}

/// Files of a directory that are looked into for a missing certificate.
const MOST_FILES: usize = 200;

/// The CA certificates in the files of a directory; what is none, or cannot be read, is passed over.
pub fn authorities_in(directory: &Path) -> Vec<Certificate> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = entries.filter_map(Result::ok).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in files.iter().take(MOST_FILES) {
        // As a person in that directory names it.
        let here = directory == Path::new(".");
        let path = if here { entry.file_name().into() } else { entry.path() };
        let Ok(bytes) = source::read_small(&path).map(zeroize::Zeroizing::new) else { continue };
        found.extend(Pieces::new(&bytes, source::origin(&path)).iter().filter_map(|piece| match piece {
            Piece::Certificate(certificate) if certificate.is_ca() => Some(certificate),
            _ => None,
        }));
    }
    found
}

/// The one of these that signed a certificate.
pub fn issuer_among<'a>(certificate: &Certificate, found: &'a [Certificate]) -> Option<&'a Certificate> {
    found.iter().find(|issuer| {
        issuer.subject().same(certificate.issuer())
            && *issuer != certificate
            && certificate.is_signed_by_any(issuer.public_key()).is_ok()
    })
}
