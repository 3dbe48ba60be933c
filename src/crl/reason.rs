//! Why a certificate is revoked (RFC 5280 5.3.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A reason, named as RFC 5280 names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "camelCase"))]
pub enum Reason {
    /// None in particular; a list then states none
    #[default]
    Unspecified,
    /// Its private key is known to others, or may be
    KeyCompromise,
    /// That of the CA is
    #[serde(rename = "cACompromise")]
    #[cfg_attr(feature = "cli", value(name = "cACompromise"))]
    CaCompromise,
    /// Its names are no longer right
    AffiliationChanged,
    /// Another certificate takes its place
    Superseded,
    /// It is no longer needed
    CessationOfOperation,
    /// For the time being: the only one that can be taken back, with --release
    CertificateHold,
    /// Who has it may no longer do what it allows
    PrivilegeWithdrawn,
    /// Of attribute certificates: read, never made
    #[serde(rename = "aACompromise")]
    #[cfg_attr(feature = "cli", value(skip))]
    AaCompromise,
}

impl Reason {
    const ALL: [(Self, u8, &'static str); 9] = [
        (Self::Unspecified, 0, "unspecified"),
        (Self::KeyCompromise, 1, "keyCompromise"),
        (Self::CaCompromise, 2, "cACompromise"),
        (Self::AffiliationChanged, 3, "affiliationChanged"),
        (Self::Superseded, 4, "superseded"),
        (Self::CessationOfOperation, 5, "cessationOfOperation"),
        (Self::CertificateHold, 6, "certificateHold"),
        (Self::PrivilegeWithdrawn, 9, "privilegeWithdrawn"),
        (Self::AaCompromise, 10, "aACompromise"),
    ];

    /// Every reason.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(reason, ..)| *reason)
    }

    /// The number in a list. `None` for those that no whole list may have: removeFromCRL (8), and 7.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == code).map(|(reason, ..)| *reason)
    }

    /// Its number in a list.
    pub fn code(self) -> u8 {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or(0, |(_, code, _)| *code)
    }

    /// As RFC 5280 names it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or("", |(.., name)| *name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_the_standard() {
        for (reason, code, name) in Reason::ALL {
            assert_eq!((reason.code(), reason.name(), Reason::from_code(code)), (code, name, Some(reason)));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("{name:?}"));
        }
        assert_eq!((Reason::from_code(7), Reason::from_code(8)), (None, None));
    }
}
