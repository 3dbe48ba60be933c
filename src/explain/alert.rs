//! TLS alerts: what brings them about, and what to do (RFC 8446 6.2, RFC 5246 7.2.2).

use super::Explanation;
use crate::tls::Alert;

/// An alert in words. The meaning is the sender's; causes are what is met in practice.
pub(super) fn explain(alert: &Alert) -> Explanation {
    let (cause, remedy) = match alert.number {
        40 => (
            "Versions, cipher suites or groups have nothing in common; servers before TLS 1.3 also send it where a client certificate is missing.",
            "Try with pkit probe, and look whether the server asks for a client certificate: --as NAME.",
        ),
        42 => (
            "The certificate could not be read, or breaks a rule, or its signature does not hold.",
            "Look at what was sent: pkit lint FILE, and pkit inspect FILE.",
        ),
        43 => (
            "Mostly the extended key usage: a server certificate was used by a client, or the other way round.",
            "Look at the usages: pkit explain FILE; issue one for the right side: pkit issue client NAME.",
        ),
        44 => {
            ("A CRL or OCSP response says so.", "Get a new certificate; see why: pkit list --state revoked.")
        }
        45 => (
            "The certificate, or a CA above it, has expired; or a clock is wrong.",
            "See the dates: pkit expiry FILE; renew: pkit renew NAME.",
        ),
        46 => (
            "Whoever sent it did not say more: often a CRL that lapsed, or a rule of its own.",
            "The other side's log has the reason; pkit serve-test tells it.",
        ),
        48 => (
            "The other side does not trust the root, or the intermediate certificates were not sent.",
            "Send the whole chain (fullchain.pem), and give the other side the root (ca.pem).",
        ),
        49 => (
            "Authentication held, and authorization did not: the name is not on the list.",
            "Ask whoever runs the other side.",
        ),
        51 => (
            "The private key does not belong to the certificate that was sent, or a signature is of a kind the other side does not take.",
            "Compare key and certificate: pkit inspect FILE tells the hash of the key.",
        ),
        70 => (
            "One side speaks only newer versions of TLS than the other.",
            "Turn on TLS 1.2 or 1.3 on the older side.",
        ),
        71 => (
            "The key or the signature is too weak for the other side: RSA below 2048 bits, SHA-1.",
            "See: pkit lint FILE; make a new key.",
        ),
        112 => (
            "The name that the client asked for (SNI) is not one of the server's.",
            "Connect by the right name: pkit probe --name NAME.",
        ),
        116 => (
            "The server demands a client certificate (TLS 1.3), and the client had none, or none of a CA the server named.",
            "Give the client one: pkit issue client NAME, and pkit probe --as NAME.",
        ),
        120 => (
            "ALPN: client and server have no application protocol in common.",
            "Offer h2 or http/1.1 on both sides.",
        ),
        0 => ("This is how a connection ends well.", ""),
        _ => ("", ""),
    };
    let mut meaning = vec![format!("Its sender says: {}.", alert.meaning())];
    if !cause.is_empty() {
        meaning.push(cause.to_owned());
    }
    Explanation {
        kind: "TLS alert",
        name: alert.name.into(),
        number: Some(alert.number.to_string()),
        meaning,
        remedy: (!remedy.is_empty()).then(|| remedy.to_owned()),
        section: Some("RFC 8446 6".into()),
    }
}
