//! Which refusals are for the right reason, and what a hole is called.
//!
//! Four alerts say no more than that something is not acceptable. They are right for any fault, because the good twin, which
//! differs in that one thing, was let in before: handshake_failure (40), bad_certificate (42), certificate_unknown (46) and
//! access_denied (49). Of those that state a reason, it must be the right one (RFC 8446 6.2, RFC 5246 7.2.2), as OpenSSL, Go,
//! BoringSSL, GnuTLS, rustls and Java mean it.

use super::{Audited, Check};
use crate::{tls::Alert, twin::Fault};

const VAGUE: [u8; 4] = [40, 42, 46, 49];
const UNEXPECTED_MESSAGE: u8 = 10;
const NO_CERTIFICATE: u8 = 41;
const UNSUPPORTED_CERTIFICATE: u8 = 43;
const CERTIFICATE_REVOKED: u8 = 44;
const CERTIFICATE_EXPIRED: u8 = 45;
const ILLEGAL_PARAMETER: u8 = 47;
const UNKNOWN_CA: u8 = 48;
const DECRYPT_ERROR: u8 = 51;
const PROTOCOL_VERSION: u8 = 70;
const INSUFFICIENT_SECURITY: u8 = 71;
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;
const CERTIFICATE_REQUIRED: u8 = 116;

/// Whether an alert fits what was shown.
pub(super) fn fits(check: Check, alert: &Alert) -> bool {
    let stated: &[u8] = match check {
        Check::NoCertificate => &[CERTIFICATE_REQUIRED, NO_CERTIFICATE],
        Check::Wrong(fault) => match fault {
            Fault::Untrusted | Fault::SelfSigned | Fault::NoIntermediate => &[UNKNOWN_CA],
            // OpenSSL finds the CA by its name and says that the signature does not hold; Go goes on looking and finds none.
            Fault::SameName | Fault::BrokenSignature => &[UNKNOWN_CA, DECRYPT_ERROR],
            Fault::Expired | Fault::NotYetValid => &[CERTIFICATE_EXPIRED],
            Fault::Revoked => &[CERTIFICATE_REVOKED],
            Fault::WrongName => &[UNRECOGNIZED_NAME],
            Fault::UnallowedName => &[],
            Fault::ClientEku | Fault::ServerEku => &[UNSUPPORTED_CERTIFICATE],
            // Go's clients say so of a key exchange under TLS 1.2 whose signature does not hold.
            Fault::WrongKey => &[DECRYPT_ERROR, ILLEGAL_PARAMETER, UNEXPECTED_MESSAGE],
            Fault::NameConstraint => &[UNKNOWN_CA],
            // An issuer that may not be one is none.
            Fault::PathLength | Fault::LeafAsCa => &[UNKNOWN_CA, UNSUPPORTED_CERTIFICATE],
            Fault::WeakKey => &[
                UNSUPPORTED_CERTIFICATE,
                UNKNOWN_CA,
                DECRYPT_ERROR,
                ILLEGAL_PARAMETER,
                INSUFFICIENT_SECURITY,
            ],
            Fault::Sha1 => &[UNSUPPORTED_CERTIFICATE, UNKNOWN_CA, DECRYPT_ERROR, INSUFFICIENT_SECURITY],
        },
        // A hello of an old version may also hold no suite that the other side still has; and where OpenSSL's security level has
        // taken away all that the version needs, it calls that an internal error.
        Check::Old(_) => &[PROTOCOL_VERSION, INSUFFICIENT_SECURITY, ILLEGAL_PARAMETER, INTERNAL_ERROR],
        Check::Own | Check::Good | Check::GoodAgain => &[],
    };
    VAGUE.contains(&alert.number) || stated.contains(&alert.number)
}

/// What it means that something was let in.
pub(super) fn hole(check: Check, audited: Audited) -> String {
    let whose = match audited {
        Audited::Server => "client certificates",
        Audited::Client => "server certificates",
    };
    match check {
        Check::NoCertificate => "asks for a certificate but does not require one: optional".into(),
        Check::Wrong(fault) => match fault {
            Fault::Untrusted => "accepts certificates of any CA".into(),
            Fault::SameName => {
                "accepts certificates of any CA that has the same name: the signature is not checked".into()
            }
            Fault::SelfSigned => "accepts self-signed certificates".into(),
            Fault::NoIntermediate => "accepts certificates whose issuer it does not know".into(),
            Fault::Expired => format!("accepts expired {whose}"),
            Fault::NotYetValid => format!("accepts {whose} that are not valid yet"),
            Fault::Revoked => format!("accepts revoked {whose}"),
            Fault::WrongName => "accepts certificates for any name".into(),
            Fault::UnallowedName => "accepts every name of this CA".into(),
            Fault::ClientEku => "accepts certificates that are for clients only as a server's".into(),
            Fault::ServerEku => "accepts certificates that are for servers only as a client's".into(),
            Fault::BrokenSignature => "accepts certificates with a broken signature".into(),
            Fault::WrongKey => {
                "accepts certificates of those who do not hold the key: anybody can show them".into()
            }
            Fault::NameConstraint => "accepts names that a CA above may not vouch for".into(),
            Fault::PathLength => "accepts more CAs in a chain than the CA above allows".into(),
            Fault::LeafAsCa => "accepts certificates signed by any server or client of the CA".into(),
            Fault::WeakKey => "accepts RSA keys of 1024 bits".into(),
            Fault::Sha1 => "accepts signatures over SHA-1".into(),
        },
        Check::Old(version) => format!("speaks {version}"),
        Check::Own | Check::Good | Check::GoodAgain => "refuses a good certificate".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_reason_must_be_the_right_one() {
        let fits = |check, number| fits(check, &Alert::from_number(number));
        for check in Check::of_servers().into_iter().chain(Check::of_clients()) {
            assert!(fits(check, 42) && !fits(check, 22) && !fits(check, 30), "{check:?}");
            assert_eq!(fits(check, UNEXPECTED_MESSAGE), check == Check::Wrong(Fault::WrongKey), "{check:?}");
            assert!(!hole(check, Audited::Server).is_empty());
        }
        let wrong = |fault| Check::Wrong(fault);
        assert!(fits(wrong(Fault::Expired), CERTIFICATE_EXPIRED));
        assert!(!fits(wrong(Fault::Untrusted), CERTIFICATE_EXPIRED));
        assert!(!fits(wrong(Fault::Expired), UNKNOWN_CA));
        assert!(fits(Check::NoCertificate, CERTIFICATE_REQUIRED));
        assert!(!fits(wrong(Fault::Revoked), CERTIFICATE_REQUIRED));
    }
}
