//! TLS alerts (RFC 8446 section 6): their numbers, names, and what they mean in a person's words. An alert is a fact;
//! its reason is the sender's secret.

use std::fmt;

use rustls::AlertDescription;
use serde::Serialize;

/// An alert as it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Its number
    pub number: u8,
    /// Its name in the registry of IANA: `certificate_required`
    pub name: &'static str,
}

/// Number, name, and what its sender says with it.
const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", "the connection is closed"),
    (10, "unexpected_message", "a message came out of turn"),
    (20, "bad_record_mac", "a record could not be decrypted"),
    (22, "record_overflow", "a record was too long"),
    (40, "handshake_failure", "there is no acceptable set of parameters, or a certificate is wanted"),
    (41, "no_certificate", "no certificate was sent"),
    (42, "bad_certificate", "the certificate is damaged, or something in it is not acceptable"),
    (
        43,
        "unsupported_certificate",
        "the certificate is of a kind that is not accepted, or for another usage",
    ),
    (44, "certificate_revoked", "the certificate is revoked"),
    (45, "certificate_expired", "the certificate has expired, or is not valid yet"),
    (46, "certificate_unknown", "something about the certificate is not acceptable"),
    (47, "illegal_parameter", "a field held an impossible value"),
    (48, "unknown_ca", "the certificate's issuer is not known, or was not sent along"),
    (49, "access_denied", "the certificate is valid, but its holder may not come in"),
    (50, "decode_error", "a message could not be read"),
    (51, "decrypt_error", "a signature of the handshake did not hold"),
    (70, "protocol_version", "this version of TLS is not spoken"),
    (71, "insufficient_security", "stronger cryptography is wanted"),
    (80, "internal_error", "something failed that has nothing to do with the other side"),
    (86, "inappropriate_fallback", "a version lower than necessary was offered"),
    (90, "user_canceled", "a person broke off"),
    (100, "no_renegotiation", "the handshake is not made again"),
    (109, "missing_extension", "an extension is missing"),
    (110, "unsupported_extension", "an extension came that was not asked for"),
    (112, "unrecognized_name", "there is no server of this name"),
    (113, "bad_certificate_status_response", "the OCSP response does not hold"),
    (115, "unknown_psk_identity", "the session is not known"),
    (116, "certificate_required", "a client certificate is required, and none was sent"),
    (120, "no_application_protocol", "none of the application protocols offered is spoken"),
];

impl Alert {
    /// The alert of a number.
    pub fn from_number(number: u8) -> Self {
        Self { number, name: row(number).map_or("unknown", |row| row.1) }
    }

    /// Every alert that is known.
    pub fn all() -> impl Iterator<Item = Self> {
        ALERTS.iter().map(|row| Self::from_number(row.0))
    }

    /// What its sender says with it.
    pub fn meaning(&self) -> &'static str {
        row(self.number).map_or("this alert is not known", |row| row.2)
    }
}

fn row(number: u8) -> Option<&'static (u8, &'static str, &'static str)> {
    ALERTS.iter().find(|row| row.0 == number)
}

impl From<AlertDescription> for Alert {
    fn from(description: AlertDescription) -> Self {
        Self::from_number(description.into())
    }
}

/// `unknown_ca (48)`
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_numbers_and_names() {
        assert_eq!(
            Alert::from(AlertDescription::CertificateRequired).to_string(),
            "certificate_required (116)"
        );
        assert_eq!(Alert::from(AlertDescription::UnknownCA).to_string(), "unknown_ca (48)");
        assert_eq!(Alert::from_number(200).to_string(), "unknown (200)");
    }
}
