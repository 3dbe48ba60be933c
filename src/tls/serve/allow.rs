//! Which of the clients that a CA vouches for are let in.

use crate::{cert::Certificate, fingerprint::hex, name::GeneralName, name::escape};

/// Names of which a client's certificate must have one. Without any, everybody is let in whose certificate is good.
///
/// They are compared as wholes: a `*` is a character like others. Case counts, but for DNS names, the hosts of e-mail addresses,
/// and the schemes and hosts of URIs (RFC 5280 7.2, 7.4, 7.5).
#[derive(Clone, Debug, Default)]
pub struct Allow {
    /// Common names of the subject
    pub common_names: Vec<String>,
    /// Organizational units of the subject
    pub organizational_units: Vec<String>,
    /// Alternative names: DNS
    pub dns: Vec<String>,
    /// Alternative names: URI, as of SPIFFE
    pub uris: Vec<String>,
    /// Alternative names: e-mail
    pub emails: Vec<String>,
    /// SHA-256 of the certificate in lower-case hexadecimal
    pub fingerprints: Vec<String>,
}

impl Allow {
    /// Whether everybody is let in.
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, list)| list.is_empty())
    }

    /// Whether one of the names is the certificate's.
    pub fn admits(&self, leaf: &Certificate) -> bool {
        let any = |list: &[String], names: Vec<String>| names.iter().any(|name| list.contains(name));
        let alternative = |name: &GeneralName| match name {
            GeneralName::Dns(name) => self.dns.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)),
            GeneralName::Uri(_) => self.uris.iter().any(|wanted| name.is_uri(wanted)),
            GeneralName::Email(_) => self.emails.iter().any(|wanted| name.is_email(wanted)),
            _ => false,
        };
        any(&self.common_names, leaf.subject().common_names())
            || any(&self.organizational_units, leaf.subject().organizational_units())
            || leaf.subject_alt_names().iter().any(alternative)
            || (!self.fingerprints.is_empty() && self.fingerprints.contains(&hex(&leaf.fingerprint())))
    }

    /// Why a certificate is not let in; `None`: there was none. Escaped.
    pub(super) fn refusal(&self, leaf: Option<&Certificate>) -> String {
        let listed = self
            .lists()
            .into_iter()
            .flat_map(|(kind, list)| list.iter().map(move |name| format!("{kind} {}", escape(name))));
        let mut listed: Vec<String> = listed.take(MOST_TOLD + 1).collect();
        if listed.len() > MOST_TOLD {
            listed.truncate(MOST_TOLD);
            listed.push("others".to_owned());
        }
        let listed = listed.join(", ");
        let Some(leaf) = leaf else {
            return format!("not allowed: without a certificate nobody is let in, only {listed}");
        };
        let names = leaf.subject_alt_names().iter().take(MOST_TOLD).map(ToString::to_string);
        let names: Vec<_> = std::iter::once(leaf.subject().to_string()).chain(names).collect();
        format!(
            "not allowed: the certificate is good, but it is none of {listed}; it is for {}",
            names.join(", ")
        )
    }

    fn lists(&self) -> [(&'static str, &[String]); 6] {
        [
            ("CN", &self.common_names),
            ("OU", &self.organizational_units),
            ("DNS", &self.dns),
            ("URI", &self.uris),
            ("email", &self.emails),
            ("SHA-256", &self.fingerprints),
        ]
    }
}

/// Names that are told at most.
const MOST_TOLD: usize = 8;
