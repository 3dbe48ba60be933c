//! What can be wrong with a directory of certificates and keys.

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works, and is not as it should be
    Warning,
    /// Something will be refused, or is open to others
    Error,
}

/// What can be wrong. The serialized name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A file cannot be read as what it seems to be.
    Unreadable,
    /// A file that is named like a certificate or key holds none.
    NothingFound,
    /// A link leads nowhere.
    DanglingLink,
    /// A private key can be read by everyone.
    KeyReadable,
    /// A file or directory can be written by others.
    Writable,
    /// A file belongs to another user than its directory.
    OwnerDiffers,
    /// A key does not belong to the certificate beside it.
    KeyMismatch,
    /// A private key belongs to nothing here.
    KeyAlone,
    /// A request belongs to no key or certificate here.
    RequestAlone,
    /// A private key lies in several directories.
    KeyCopied,
    /// Certificates of different subjects have one key.
    KeyShared,
    /// A key is too weak.
    WeakKey,
    /// A file holds a certificate twice.
    Duplicate,
    /// The certificates of a chain are not in the order of the chain.
    ChainOrder,
    /// A root is sent along with the chain.
    RootInChain,
    /// A certificate in a chain has nothing to do with it.
    SurplusCertificate,
    /// The intermediate of a chain is elsewhere.
    IntermediateMissing,
    /// No path leads from a certificate to a root that is here.
    UnknownIssuer,
    /// The CA was made anew: the name is the same, the key another.
    IssuerKeyMismatch,
    /// A certificate has ended.
    Expired,
    /// A certificate has not begun.
    NotYetValid,
    /// A certificate breaks another rule of path validation.
    InvalidChain,
    /// A file of trust anchors holds something else than CAs.
    NotACa,
    /// The trust anchors beside a certificate are not its own.
    WrongAnchor,
    /// The name of the file or directory is not among the names of the certificate.
    NameDiffers,
    /// A PKCS#12 store holds another certificate than the PEM file beside it.
    StoreDiffers,
    /// A CRL's issuer is not here.
    CrlIssuerMissing,
    /// A CRL is not the work of the CA that it names.
    CrlForeign,
    /// A CRL has lapsed.
    CrlLapsed,
    /// A certificate here stands on a CRL here.
    Revoked,
}

impl Rule {
    /// The stable name, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NothingFound => "nothing-found",
            Self::DanglingLink => "dangling-link",
            Self::KeyReadable => "key-readable",
            Self::Writable => "writable",
            Self::OwnerDiffers => "owner-differs",
            Self::KeyMismatch => "key-mismatch",
            Self::KeyAlone => "key-alone",
            Self::RequestAlone => "request-alone",
            Self::KeyCopied => "key-copied",
            Self::KeyShared => "key-shared",
            Self::WeakKey => "weak-key",
            Self::Duplicate => "duplicate",
            Self::ChainOrder => "chain-order",
            Self::RootInChain => "root-in-chain",
            Self::SurplusCertificate => "surplus-certificate",
            Self::IntermediateMissing => "intermediate-missing",
            Self::UnknownIssuer => "unknown-issuer",
            Self::IssuerKeyMismatch => "issuer-key-mismatch",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::InvalidChain => "invalid-chain",
            Self::NotACa => "not-a-ca",
            Self::WrongAnchor => "wrong-anchor",
            Self::NameDiffers => "name-differs",
            Self::StoreDiffers => "store-differs",
            Self::CrlIssuerMissing => "crl-issuer-missing",
            Self::CrlForeign => "crl-foreign",
            Self::CrlLapsed => "crl-lapsed",
            Self::Revoked => "revoked",
        }
    }

    /// How much it matters.
    pub fn severity(self) -> Severity {
        match self {
            Self::DanglingLink
            | Self::NothingFound
            | Self::OwnerDiffers
            | Self::KeyAlone
            | Self::RequestAlone
            | Self::KeyCopied
            | Self::Duplicate
            | Self::RootInChain
            | Self::SurplusCertificate
            | Self::NameDiffers
            | Self::CrlIssuerMissing => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
