//! What can be wrong with a twin.

use std::fmt;

use serde::Serialize;

/// The one thing in which a twin differs from a good certificate. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Signed by a CA that has nothing to do with ours
    Untrusted,
    /// Signed by a CA of the same name and key identifier as ours, with another key
    SameName,
    /// Signed by itself
    SelfSigned,
    /// Sent without its intermediates
    NoIntermediate,
    /// It has expired
    Expired,
    /// It is not valid yet
    NotYetValid,
    /// Its serial number is one that the CA has revoked
    Revoked,
    /// A server's, for another name
    WrongName,
    /// A client's, of a name that nobody can have allowed
    UnallowedName,
    /// A server's that is for clients
    ClientEku,
    /// A client's that is for servers
    ServerEku,
    /// One bit of its signature is another
    BrokenSignature,
    /// Whoever shows it does not hold its key
    WrongKey,
    /// A CA above does not permit its name
    NameConstraint,
    /// There is one CA more in its chain than the CA above allows
    PathLength,
    /// Signed by a certificate that is no CA
    LeafAsCa,
    /// Its key is RSA with 1024 bits
    WeakKey,
    /// Signed over SHA-1
    Sha1,
}

use Fault as F;

impl Fault {
    /// Those of a client's certificate.
    pub const OF_CLIENTS: [Self; 16] = [
        F::Untrusted,
        F::SameName,
        F::SelfSigned,
        F::NoIntermediate,
        F::ServerEku,
        F::Expired,
        F::NotYetValid,
        F::Revoked,
        F::UnallowedName,
        F::BrokenSignature,
        F::WrongKey,
        F::NameConstraint,
        F::PathLength,
        F::LeafAsCa,
        F::WeakKey,
        F::Sha1,
    ];
    /// Those of a server's certificate.
    pub const OF_SERVERS: [Self; 16] = [
        F::Untrusted,
        F::SameName,
        F::SelfSigned,
        F::NoIntermediate,
        F::WrongName,
        F::ClientEku,
        F::Expired,
        F::NotYetValid,
        F::Revoked,
        F::BrokenSignature,
        F::WrongKey,
        F::NameConstraint,
        F::PathLength,
        F::LeafAsCa,
        F::WeakKey,
        F::Sha1,
    ];

    /// As it is written: `not-yet-valid`.
    pub fn code(self) -> &'static str {
        match self {
            F::Untrusted => "untrusted",
            F::SameName => "same-name",
            F::SelfSigned => "self-signed",
            F::NoIntermediate => "no-intermediate",
            F::Expired => "expired",
            F::NotYetValid => "not-yet-valid",
            F::Revoked => "revoked",
            F::WrongName => "wrong-name",
            F::UnallowedName => "unallowed-name",
            F::ClientEku => "client-eku",
            F::ServerEku => "server-eku",
            F::BrokenSignature => "broken-signature",
            F::WrongKey => "wrong-key",
            F::NameConstraint => "name-constraint",
            F::PathLength => "path-length",
            F::LeafAsCa => "leaf-as-ca",
            F::WeakKey => "weak-key",
            F::Sha1 => "sha1",
        }
    }

    /// What the certificate is like, in a person's words.
    pub fn title(self) -> &'static str {
        match self {
            F::Untrusted => "of another CA",
            F::SameName => "of another CA of the same name",
            F::SelfSigned => "signed by itself",
            F::NoIntermediate => "without its intermediate",
            F::Expired => "expired",
            F::NotYetValid => "not valid yet",
            F::Revoked => "revoked",
            F::WrongName => "for another name",
            F::UnallowedName => "of a name that is not allowed",
            F::ClientEku => "for clients only",
            F::ServerEku => "for servers only",
            F::BrokenSignature => "with a broken signature",
            F::WrongKey => "shown without its key",
            F::NameConstraint => "outside of name constraints",
            F::PathLength => "below one CA too many",
            F::LeafAsCa => "signed by a leaf",
            F::WeakKey => "with an RSA key of 1024 bits",
            F::Sha1 => "signed over SHA-1",
        }
    }
}

/// [`Fault::code`]
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
