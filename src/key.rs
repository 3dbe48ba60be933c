//! Keys: public keys as certificates hold them, and private keys, which have no voice.

mod ecdsa;
mod encoding;
mod file;
pub(crate) mod pbes1;
mod private;
mod public;
mod rsa;
pub(crate) mod scheme;
pub(crate) mod sealed;
pub(crate) mod traditional;
pub(crate) mod weak;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use encoding::Encoding;
pub use file::{KeyFile, decode_private_key, load_private_key};
pub use private::PrivateKey;
pub use public::{PublicKey, SignatureAlgorithm, SignatureFault};
pub use sealed::{Opener, Passphrase, no_passphrase};

/// Kinds of keys that pkit makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum KeyType {
    /// ECDSA on NIST P-256: read by everything
    #[default]
    P256,
    /// ECDSA on NIST P-384
    P384,
    /// Ed25519; not read by Chromium, NSS or Envoy's client side
    Ed25519,
    /// RSA with 2048 bits: for peers that know nothing else
    Rsa2048,
    /// RSA with 3072 bits
    Rsa3072,
    /// RSA with 4096 bits
    Rsa4096,
}

impl KeyType {
    /// As strong as a key that is there, or stronger where it is of a kind that is not made here.
    pub fn like(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::P384 | Algorithm::P521 => Self::P384,
            Algorithm::Ed25519 | Algorithm::Ed448 => Self::Ed25519,
            Algorithm::Rsa(..=2048) => Self::Rsa2048,
            Algorithm::Rsa(..=3072) => Self::Rsa3072,
            Algorithm::Rsa(_) => Self::Rsa4096,
            _ => Self::P256,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
        })
    }
}

/// What kind of key a subjectPublicKeyInfo holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on NIST P-256
    P256,
    /// ECDSA on NIST P-384
    P384,
    /// ECDSA on NIST P-521
    P521,
    /// Ed25519 (RFC 8410)
    Ed25519,
    /// Ed448 (RFC 8410)
    Ed448,
    /// RSA with this many bits of modulus
    Rsa(u32),
    /// RSA that signs with PSS alone (RFC 4055 1.2)
    RsaPss(u32),
    /// Any other
    Other,
}

/// `EC P-256`, `RSA 2048 bits`, …
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("EC P-256"),
            Self::P384 => f.write_str("EC P-384"),
            Self::P521 => f.write_str("EC P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Rsa(bits) => write!(f, "RSA {bits} bits"),
            Self::RsaPss(bits) => write!(f, "RSA-PSS {bits} bits"),
            Self::Other => f.write_str("unknown kind of key"),
        }
    }
}
