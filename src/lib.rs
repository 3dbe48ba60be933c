//! A private PKI toolkit: certificate authorities and certificates, their verification, and the live mutual-TLS
//! handshake that proves them.
//!
//! The domain knows no terminal: time, randomness and secrets are arguments, answers are plain data, errors are facts
//! ([`Error`]). The command line is the module [`cli`], behind the default feature `cli`; an embedder turns it off.
//!
//! ```
//! use pkit::{issue::{Kind, Request, plan}, key::{KeyType, PrivateKey}, name::Name, validity::{End, Span}};
//!
//! let random = ring::rand::SystemRandom::new();
//! let now = time::macros::datetime!(2027-01-01 0:00 UTC);
//! let key = PrivateKey::generate(KeyType::P256, &random)?;
//! let request = Request::new(Kind::Root, Name::from_common_name("Example Root")?, End::After(Span::years(10)));
//! let root = plan(request, None, now)?.sign_root(&key, &random)?;
//! assert!(root.is_ca() && root.is_self_signed());
//! # Ok::<(), pkit::Error>(())
//! ```

pub mod audit;
pub mod batch;
pub mod bundle;
pub mod cert;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod crl;
pub mod csr;
mod der;
mod error;
pub mod expiry;
pub mod explain;
pub mod export;
pub mod fingerprint;
pub mod fs;
pub mod inspect;
pub mod issue;
pub mod issuer;
pub mod key;
pub mod kubernetes;
pub mod lint;
pub mod name;
pub mod oid;
pub mod origin;
pub mod pem;
pub mod pkcs12;
pub mod pkcs7;
pub mod profile;
pub mod quickstart;
pub mod renew;
pub mod rotate;
pub mod source;
pub mod store;
pub mod tls;
pub mod twin;
pub mod validity;
pub mod verify;

pub use error::{Error, Fact};
