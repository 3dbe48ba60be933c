//! What to do where the other side of a handshake is refused, as far as that is sure enough to be worth a try.

use crate::verify::{Finding, Purpose, Rule};

/// The remedy; `other` is what the refused side is.
pub(crate) fn remedy(finding: &Finding, other: Purpose) -> Option<&'static str> {
    let server = other == Purpose::Server;
    Some(match finding.rule {
        Rule::UnknownIssuer if server => "if it is the right server, trust its CA: --roots FILE",
        Rule::UnknownIssuer => {
            "if it is the right client, let its CA in: --client-ca FILE; and it has to send its intermediates too: fullchain.pem"
        }
        Rule::NameMismatch => {
            "connect by a name it has, or name one: --server-name NAME; or issue it for this name"
        }
        Rule::Expired if server => "renew it on the server",
        Rule::Expired => "renew it for the client",
        Rule::ExtendedKeyUsage if server => "issue one for servers: pkit issue server NAME",
        Rule::ExtendedKeyUsage => "issue one for clients: pkit issue client NAME",
        Rule::Revoked if finding.certificate > 1 => {
            "issue another one below a CA that is not revoked: pkit ca intermediate NAME"
        }
        Rule::Revoked => {
            "get another certificate: pkit renew NAME; one that is only on hold can be released: pkit revoke NAME --release"
        }
        Rule::CrlMissing => {
            "name the CRLs of all CAs above it, the root's too: pkit crl --bundle NAME -o FILE, then --crl FILE"
        }
        Rule::CrlLapsed => {
            "let its CA make it anew: pkit crl; then what --crl names: pkit crl --bundle NAME -o FILE --force"
        }
        Rule::CrlRefused => "get it anew from its CA, whole: pkit crl --bundle NAME -o FILE --force",
        _ => return None,
    })
}
