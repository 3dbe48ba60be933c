//! What both sides agreed on.

use rustls::{CommonState, NamedGroup, ProtocolVersion, SignatureScheme};
use serde::Serialize;

use crate::name::escape;

/// The outcome of a handshake's negotiation, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Negotiated {
    /// `TLSv1.3`
    pub version: String,
    /// The cipher suite as IANA names it
    pub suite: Option<String>,
    /// The group of the key exchange as IANA names it
    pub group: Option<String>,
    /// The application protocol, where one was agreed on. Escaped.
    pub alpn: Option<String>,
    /// The server name that the client asked for (SNI). Escaped.
    pub server_name: Option<String>,
}

impl Negotiated {
    /// What a connection agreed on; `None` where it did not come to that.
    pub(super) fn read(state: &CommonState, server_name: Option<&str>) -> Option<Self> {
        let version = match state.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
            ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let suite = state.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        Some(Self {
            version,
            // rustls spells the suites of TLS 1.3 with the version in their names.
            suite: suite.map(|name| name.replacen("TLS13_", "TLS_", 1)),
            group: state.negotiated_key_exchange_group().map(|group| self::group(group.name())),
            alpn: state.alpn_protocol().map(|name| escape(&String::from_utf8_lossy(name)).into_owned()),
            server_name: server_name.map(|name| escape(name).into_owned()),
        })
    }
}

pub(super) fn group(group: NamedGroup) -> String {
    match group {
        NamedGroup::X25519 => "x25519".to_owned(),
        NamedGroup::X448 => "x448".to_owned(),
        other => other.as_str().map_or_else(|| format!("0x{:04x}", u16::from(other)), str::to_owned),
    }
}

/// A signature scheme as RFC 8446 4.2.3 names it, or its number.
pub(super) fn scheme(scheme: SignatureScheme) -> String {
    let name = match u16::from(scheme) {
        0x0201 => "rsa_pkcs1_sha1",
        0x0203 => "ecdsa_sha1",
        0x0401 => "rsa_pkcs1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0809 => "rsa_pss_pss_sha256",
        0x080a => "rsa_pss_pss_sha384",
        0x080b => "rsa_pss_pss_sha512",
        number => return format!("0x{number:04x}"),
    };
    name.to_owned()
}
