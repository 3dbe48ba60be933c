//! What rustls says went wrong, in a person's words. `Debug` text and foreign sentences never come first.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::Alert;

/// Why a handshake failed; `peer` is `the client` or `the server`.
pub(super) fn words(error: &Error, peer: &str) -> String {
    match error {
        Error::AlertReceived(description) => {
            let alert = Alert::from(*description);
            format!("{peer} broke off with alert {alert}: {}", alert.meaning())
        }
        Error::NoCertificatesPresented => format!("{peer} sent no certificate"),
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            format!("{peer} does not hold the private key of its certificate: its signature does not hold")
        }
        Error::InvalidCertificate(_) => certificate(error),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::MessageTooLarge)
        | Error::InappropriateMessage { .. } => format!("what {peer} sent is not TLS, or not in turn"),
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            format!("{peer} speaks a version of TLS that is not known")
        }
        Error::InvalidMessage(_) => format!("{peer} sent a TLS message that cannot be read"),
        Error::InappropriateHandshakeMessage { .. } => {
            format!("{peer} sent a handshake message out of turn")
        }
        Error::PeerIncompatible(why) => incompatible(why, peer),
        Error::PeerMisbehaved(_) => format!("{peer} broke the rules of the TLS protocol"),
        Error::DecryptError => format!("a record of {peer} could not be decrypted"),
        Error::PeerSentOversizedRecord => format!("{peer} sent a record that is too long"),
        Error::NoApplicationProtocol => {
            format!("{peer} speaks none of the application protocols that are spoken here (http/1.1)")
        }
        Error::FailedToGetCurrentTime => "the time lies before 1970".to_owned(),
        _ => "the TLS handshake failed".to_owned(),
    }
}

fn incompatible(why: &PeerIncompatible, peer: &str) -> String {
    match why {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired => {
            format!("{peer} speaks no version of TLS that is spoken here")
        }
        PeerIncompatible::NoCipherSuitesInCommon => format!("{peer} and this side share no cipher suite"),
        PeerIncompatible::NoKxGroupsInCommon => format!("{peer} and this side share no key exchange group"),
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => {
            format!(
                "{peer} and this side share no signature scheme; likely the key is of a kind it does not know"
            )
        }
        PeerIncompatible::ExtendedMasterSecretExtensionRequired => {
            format!("{peer} lacks the extended master secret (RFC 7627)")
        }
        _ => format!("{peer} lacks something that TLS needs here"),
    }
}

/// webpki's refusal of a certificate.
pub(super) fn certificate(error: &Error) -> String {
    let what = reason(error).map(|what| format!(": {what}")).unwrap_or_default();
    format!("webpki, which real peers use, does not accept it{what}")
}

/// Why webpki refuses a certificate, where there are words for it.
pub(crate) fn reason(error: &Error) -> Option<&'static str> {
    let Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        CertificateError::BadEncoding => "its encoding is not acceptable",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::UnhandledCriticalExtension => "it has a critical extension that is not understood",
        CertificateError::UnknownIssuer => "its issuer is not known",
        CertificateError::BadSignature => "a signature does not hold",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is for another usage"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed by an algorithm that is not supported"
        }
        CertificateError::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => {
            "it is a CA, and a CA is not taken for a server or client"
        }
        CertificateError::Revoked => "it is revoked",
        CertificateError::UnknownRevocationStatus => "there is no CRL that speaks of it",
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "a CRL has lapsed"
        }
        _ => return None,
    })
}

/// The alert that rustls sends for its own error, where that is certain.
pub(super) fn alert_for(error: &Error) -> Option<Alert> {
    let description = match error {
        Error::InvalidCertificate(why) => AlertDescription::from(why.clone()),
        Error::NoCertificatesPresented => AlertDescription::CertificateRequired,
        Error::DecryptError => AlertDescription::BadRecordMac,
        Error::PeerSentOversizedRecord => AlertDescription::RecordOverflow,
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            AlertDescription::UnexpectedMessage
        }
        Error::NoApplicationProtocol => AlertDescription::NoApplicationProtocol,
        _ => return None,
    };
    Some(description.into())
}

/// A fatal alert in a record that is not encrypted (RFC 8446 5.1, 6).
pub(super) fn fatal(number: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, number]
}

/// The alert in a record that is not encrypted: type 21, version, length 2, level, description (RFC 8446 5.1, 6).
pub(super) fn plain_alert(records: &[u8]) -> Option<Alert> {
    match records {
        [.., 21, 3, _, 0, 2, 1 | 2, description] => Some(Alert::from_number(*description)),
        _ => None,
    }
}
