//! A certificate that took part in a handshake, as reports name it.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    cert::Certificate, fingerprint::hex, name::GeneralName, name::escape, origin::Origin,
    validity::serialize_time,
};

/// The facts about a certificate by which people know it. All text is escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// The whole subject
    pub subject: String,
    /// The common name, where there is one
    pub common_name: Option<String>,
    /// The alternative names with their kinds: `DNS:localhost`
    pub sans: Vec<String>,
    /// The serial number in hexadecimal
    pub serial: String,
    /// The whole name of the issuer
    pub issuer: String,
    /// First second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_before: OffsetDateTime,
    /// Last second of its validity
    #[serde(serialize_with = "serialize_time")]
    pub not_after: OffsetDateTime,
    /// SHA-256 of the certificate in hexadecimal
    pub fingerprint: String,
}

impl CertificateFacts {
    /// Reads them off a certificate.
    pub fn new(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            common_name: certificate.subject().common_name().map(|name| escape(&name).into_owned()),
            sans: certificate.subject_alt_names().iter().map(GeneralName::to_string).collect(),
            serial: certificate.serial_hex(),
            issuer: certificate.issuer().to_string(),
            not_before: certificate.validity().not_before,
            not_after: certificate.validity().not_after,
            fingerprint: hex(&certificate.fingerprint()),
        }
    }

    /// What people call it: the common name, or else the first alternative name, or the subject.
    pub fn title(&self) -> &str {
        let san =
            || self.sans.first().map(|san| san.split_once(':').map_or(san.as_str(), |(_, value)| value));
        self.common_name.as_deref().or_else(san).unwrap_or(&self.subject)
    }
}

/// The certificates that a peer sent, leaf first. The second value tells what is wrong with the first that cannot be
/// read; those before it are returned all the same.
pub(super) fn read_chain<'a>(
    sent: impl ExactSizeIterator<Item = &'a [u8]>,
    from: &Origin,
) -> (Vec<Certificate>, Option<String>) {
    read_chain_by(sent, from, |der, origin| Certificate::from_der(der, origin).ok())
}

/// The same with a reader of one's own.
pub(super) fn read_chain_by<'a>(
    sent: impl ExactSizeIterator<Item = &'a [u8]>,
    from: &Origin,
    read: impl Fn(&'a [u8], Origin) -> Option<Certificate>,
) -> (Vec<Certificate>, Option<String>) {
    let count = sent.len();
    let mut chain = Vec::with_capacity(count);
    for (index, der) in sent.enumerate() {
        match read(der, from.nth(index + 1, count)) {
            Some(certificate) => chain.push(certificate),
            None => {
                let fault = format!("certificate {} of {count} is damaged: it cannot be read", index + 1);
                return (chain, Some(fault));
            }
        }
    }
    (chain, None)
}
