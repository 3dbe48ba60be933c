//! Profiles of leaf certificates, and the usages they carry.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Error,
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

    /// Every single usage, in order.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        (0..BITS.len()).map(|bit| Self(1 << bit))
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

    /// Why a leaf with this kind of key cannot have these usages; `None` where it can.
    pub fn unfit_for_leaf(self, key: Algorithm) -> Option<String> {
        let has = |bits: Self| self.0 & bits.0 != 0;
        let agreement_only = Self(1 << 7 | 1 << 8);
        let encipherment = Self::KEY_ENCIPHERMENT.and(Self(1 << 3));
        let reason = match key {
            _ if has(Self::for_authority()) => "keyCertSign and cRLSign belong to CAs (RFC 5280 4.2.1.3)",
            _ if !has(Self::DIGITAL_SIGNATURE) => "a TLS handshake needs digitalSignature",
            _ if has(agreement_only) && !has(Self::KEY_AGREEMENT) => {
                "encipherOnly and decipherOnly mean nothing without keyAgreement (RFC 5280 4.2.1.3)"
            }
            Algorithm::RsaPss(_) if has(encipherment.and(Self::KEY_AGREEMENT)) => {
                "an RSA-PSS key only signs (RFC 4055 1.2)"
            }
            Algorithm::Rsa(_) if has(Self::KEY_AGREEMENT) => "an RSA key agrees on no keys (RFC 3279 2.3.1)",
            Algorithm::P256 | Algorithm::P384 | Algorithm::P521 if has(encipherment) => {
                "an EC key enciphers nothing (RFC 8813 3)"
            }
            Algorithm::Ed25519 | Algorithm::Ed448 if has(encipherment.and(Self::KEY_AGREEMENT)) => {
                "an Edwards key only signs (RFC 9295 3)"
            }
            _ => return None,
        };
        Some(reason.into())
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

    /// Whether bit `index` is set.
    pub(crate) fn bit(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// The set bits by their names in RFC 5280.
    pub fn names(self) -> Vec<&'static str> {
        BITS.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name).collect()
    }
}

/// Names of RFC 5280 with commas, case-insensitively; `contentCommitment` is nonRepudiation (X.509).
impl FromStr for KeyUsage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split(',').map(str::trim).try_fold(Self::default(), |sum, name| {
            let bit = BITS.iter().position(|known| known.eq_ignore_ascii_case(name));
            let bit = bit.or(name.eq_ignore_ascii_case("contentCommitment").then_some(1));
            bit.map(|bit| sum.and(Self(1 << bit))).ok_or_else(|| Error::ExtensionInvalid {
                what: "key usage",
                value: name.to_owned(),
                reason: format!("the usages are {}", BITS.join(", ")),
            })
        })
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
        let usage: KeyUsage = "digitalSignature, KEYAGREEMENT,contentCommitment".parse().unwrap();
        assert_eq!(usage.to_string(), "digitalSignature, nonRepudiation, keyAgreement");
        assert!(usage.unfit_for_leaf(Algorithm::P256).is_none());
        for (usage, key) in [
            ("keyCertSign,digitalSignature", Algorithm::P256),
            ("keyEncipherment", Algorithm::Rsa(2048)),
            ("digitalSignature,keyEncipherment", Algorithm::P384),
            ("digitalSignature,keyAgreement", Algorithm::Rsa(2048)),
            ("digitalSignature,keyEncipherment", Algorithm::RsaPss(2048)),
            ("digitalSignature,keyAgreement", Algorithm::Ed25519),
            ("digitalSignature,encipherOnly", Algorithm::P256),
        ] {
            assert!(usage.parse::<KeyUsage>().unwrap().unfit_for_leaf(key).is_some(), "{usage}");
        }
        assert!("signing".parse::<KeyUsage>().is_err());
    }
}
