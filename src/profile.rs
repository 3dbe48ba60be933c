//! Profiles of leaf certificates, and the usages they carry.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    key::Algorithm,
    oid::{self, Oid},
};

/// What a leaf certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Profile {
    /// TLS server: serverAuth
    Server,
    /// TLS client: clientAuth
    Client,
    /// Both sides, for nodes that talk to each other: serverAuth and clientAuth
    Peer,
}

impl Profile {
    /// The extended key usages of the profile (RFC 5280 4.2.1.12), and no other.
    pub fn extended_key_usage(self) -> Vec<Oid> {
        let usages: &[&[u8]] = match self {
            Self::Server => &[oid::SERVER_AUTH],
            Self::Client => &[oid::CLIENT_AUTH],
            Self::Peer => &[oid::SERVER_AUTH, oid::CLIENT_AUTH],
        };
        usages.iter().map(|content| Oid::from_content(content)).collect()
    }

    /// Whether a certificate of this profile answers as a server.
    pub fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Peer)
    }

    /// Whether a certificate of this profile can be presented by a client.
    pub fn connects(self) -> bool {
        matches!(self, Self::Client | Self::Peer)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Peer => "peer",
        })
    }
}

/// The bits of keyUsage (RFC 5280 4.2.1.3); bit 0 is digitalSignature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage(u16);

/// Names of the bits, in order.
const BITS: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

impl KeyUsage {
    /// digitalSignature
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// keyEncipherment
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// keyAgreement
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign
    pub const CRL_SIGN: Self = Self(1 << 6);

    pub(crate) fn from_bits(bits: u16) -> Self {
        Self(bits & 0x1ff)
    }

    /// What a leaf of this profile needs with this key: RSA servers also decrypt the premaster secret of TLS 1.2 key
    /// exchange, which NSS insists on; everything else signs only.
    pub fn for_leaf(profile: Profile, key: Algorithm) -> Self {
        if profile.serves() && matches!(key, Algorithm::Rsa(_)) {
            Self::DIGITAL_SIGNATURE.and(Self::KEY_ENCIPHERMENT)
        } else {
            Self::DIGITAL_SIGNATURE
        }
    }

    /// What an authority needs: keyCertSign and cRLSign.
    pub fn for_authority() -> Self {
        Self::KEY_CERT_SIGN.and(Self::CRL_SIGN)
    }

    /// Both together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set bits by their names in RFC 5280.
    pub fn names(self) -> Vec<&'static str> {
        BITS.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name).collect()
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_follow_profile_and_key() {
        assert_eq!(KeyUsage::for_leaf(Profile::Server, Algorithm::P256).to_string(), "digitalSignature");
        assert_eq!(
            KeyUsage::for_leaf(Profile::Peer, Algorithm::Rsa(2048)).to_string(),
            "digitalSignature, keyEncipherment"
        );
        assert_eq!(KeyUsage::for_leaf(Profile::Client, Algorithm::Rsa(2048)).to_string(), "digitalSignature");
        assert_eq!(KeyUsage::for_authority().to_string(), "keyCertSign, cRLSign");
        assert_eq!(Profile::Server.extended_key_usage().len(), 1);
    }
}
