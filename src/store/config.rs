//! `pkit.toml`: the defaults of a PKI directory. It may come from a stranger's clone, so it cannot name commands,
//! passphrase sources or files.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::{Error, issue::Pointers, key::KeyType, name::Name, source, validity::Span};

/// What a new `pkit.toml` says.
pub(super) const TEMPLATE: &str = r#"# Defaults of this PKI directory. Every setting is optional; options on the command line win.

# key-type = "p256"            # p256, p384, ed25519, rsa2048, rsa3072 or rsa4096
# subject = "C=US,O=Acme"      # stands before the common name of every new certificate

# Where every new certificate says that its issuer's CRL, certificate and OCSP responder are; {issuer} is the
# issuer's directory name
# crl-url = "http://pki.example.com/{issuer}.crl"
# issuer-url = "http://pki.example.com/{issuer}.crt"
# ocsp-url = "http://ocsp.example.com/"

# [validity]
# root = "10y"
# intermediate = "5y"
# leaf = "365d"
"#;

/// Defaults for new certificates.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Kind of new keys.
    pub key_type: KeyType,
    /// Subject before the common name.
    #[serde(deserialize_with = "parsed")]
    pub subject: Option<Name>,
    /// Where the issuer's CRL is, with `{issuer}` for its directory name.
    #[serde(deserialize_with = "url")]
    pub crl_url: Option<String>,
    /// Where the issuer's certificate is.
    #[serde(deserialize_with = "url")]
    pub issuer_url: Option<String>,
    /// Where the issuer's OCSP responder is.
    #[serde(deserialize_with = "url")]
    pub ocsp_url: Option<String>,
    /// How long certificates last.
    pub validity: Lifetimes,
}

/// How long certificates last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetimes {
    /// Roots
    #[serde(deserialize_with = "span")]
    pub root: Span,
    /// Intermediates
    #[serde(deserialize_with = "span")]
    pub intermediate: Span,
    /// Leaves
    #[serde(deserialize_with = "span")]
    pub leaf: Span,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { root: Span::years(10), intermediate: Span::years(5), leaf: Span::days(365) }
    }
}

impl Config {
    /// What certificates signed by the CA of this directory name point to.
    pub fn pointers(&self, issuer: &str) -> Pointers {
        // `+`, `%` and `_` of a directory name would not come through a URL as they are, or not through every server.
        let issuer: String = issuer
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
                other => format!("%{other:02x}"),
            })
            .collect();
        let put = |url: &Option<String>| url.iter().map(|url| url.replace("{issuer}", &issuer)).collect();
        Pointers { crl: put(&self.crl_url), issuer: put(&self.issuer_url), ocsp: put(&self.ocsp_url) }
    }

    /// Reads the file; a missing one means the defaults.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let bytes = match source::read_small(path) {
            Err(Error::FileNotFound { .. }) => return Ok(Self::default()),
            other => other?,
        };
        let invalid = |cause: String| Error::ConfigInvalid { path: path.to_owned(), cause };
        let text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8".into()))?;
        toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count() + 1);
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            invalid(format!("{line}{}", error.message().trim()))
        })
    }
}

fn describe(error: &Error) -> String {
    let facts = error.facts();
    let reason = facts.last().map(|fact| fact.value.clone()).unwrap_or_default();
    format!("{error}: {reason}")
}

fn parsed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Name>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|error| serde::de::Error::custom(describe(&error)))
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match crate::issue::pointer(&text.replace("{issuer}", "x")) {
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(serde::de::Error::custom(describe(&error))),
    }
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(describe(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        crate::fs::replace(file.path(), text.as_bytes(), 0o600).unwrap();
        Config::load(file.path())
    }

    #[test]
    fn settings_and_defaults() {
        let config = load(TEMPLATE).unwrap();
        assert_eq!((config.key_type, config.validity.leaf), (KeyType::P256, Span::days(365)));
        let uncommented: String = TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains('=') || line.starts_with('['))
            .map(|line| format!("{line}\n"))
            .collect();
        let config = load(&uncommented).unwrap();
        assert_eq!(config.subject.as_ref().unwrap().to_string(), "C=US,O=Acme");
        assert_eq!(
            config.pointers("_acme+_root").crl,
            ["http://pki.example.com/%5facme%2b%5froot.crl"],
            "a directory name in a URL"
        );
        assert_eq!(load("[validity]\nroot = \"1y\"").unwrap().validity.root, Span::years(1));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, line) in [
            ("\nkeytype = 1", "line 2"),
            ("key-type = \"p999\"", "line 1"),
            ("[validity]\nleaf = \"soon\"", "line 2"),
            ("crl-url = \"pki/{issuer}\"", "line 1"),
            ("a = ", "line 1"),
        ] {
            match load(text) {
                Err(Error::ConfigInvalid { cause, .. }) => assert!(cause.starts_with(line), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
