//! What a lint rule is: its name, how grave a breach is, where it stands, and the words for it.

use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing: a choice that may be meant.
    Info,
    /// A SHOULD of a standard, or what some peers refuse.
    Warn,
    /// A MUST of a standard, or what makes it worthless.
    Error,
}

impl Severity {
    /// `error`, `warn` or `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A rule. Its id is stable.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Its name: `serial-number-not-positive`
    pub id: &'static str,
    /// How grave a breach is
    pub severity: Severity,
    /// Where it stands
    pub section: &'static str,
    /// What it demands, in one sentence
    pub demand: &'static str,
    /// Why, and what a breach leads to
    pub reason: &'static str,
    /// What to do about it
    pub remedy: &'static str,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Defines rules, and `RULES`, the list of them.
macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $section:literal $demand:literal $reason:literal $remedy:literal;)*) => {
        $(static $name: super::rule::Rule = super::rule::Rule {
            id: $id,
            severity: super::rule::Severity::$severity,
            section: $section,
            demand: $demand,
            reason: $reason,
            remedy: $remedy,
        };)*
        /// The rules of this file.
        pub(super) static RULES: &[&super::rule::Rule] = &[$(&$name),*];
    };
}
pub(super) use rules;
