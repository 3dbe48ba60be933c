//! Lines of configuration with places for paths and addresses, which are filled so that no value can become syntax.

use crate::Error;

/// How a value is written, so that it stays a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// As one word of a POSIX shell
    Shell,
    /// Inside the double quotes of a string of YAML, JSON, Python, JavaScript, Go, Java or Rust
    Literal,
    /// In a configuration file whose rules for quoting are its own: as it is, and not at all where it holds
    /// characters that any such file gives a meaning
    Configuration,
}

impl Language {
    /// The value as it is written there; `None` where it cannot be.
    pub fn quote(self, value: &str) -> Option<String> {
        if value.is_empty() || value.chars().any(char::is_control) {
            return None;
        }
        match self {
            Self::Shell => {
                let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
                let quoted = || format!("'{}'", value.replace('\'', r"'\''"));
                Some(if value.chars().all(plain) { value.to_owned() } else { quoted() })
            }
            Self::Literal => Some(value.replace('\\', r"\\").replace('"', "\\\"")),
            Self::Configuration => {
                let special = value.contains(['"', '\'', '\\', '`', '$', '#', ';', '{', '}']);
                let edged = value.trim() != value;
                (!special && !edged).then(|| value.to_owned())
            }
        }
    }
}

/// A template. `@word@` stands for a value.
#[derive(Clone, Copy, Debug)]
pub struct Snippet {
    /// How its values are written
    pub language: Language,
    /// The text
    pub text: &'static str,
}

impl Snippet {
    /// The text with its values. A word that has none stays as it stands.
    ///
    /// # Errors
    /// [`Error::ValueUnwritable`] naming the value that cannot be written there.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
        let mut filled = String::with_capacity(self.text.len() * 2);
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once('@') {
            filled.push_str(before);
            let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
            let (word, behind) = after.split_at(end);
            rest = match (behind.strip_prefix('@'), value(word)) {
                (Some(behind), Some(value)) => {
                    let quoted = self.language.quote(&value);
                    filled.push_str(&quoted.ok_or(Error::ValueUnwritable { value })?);
                    behind
                }
                _ => {
                    filled.push('@');
                    after
                }
            };
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(language: Language, text: &'static str, value: &str) -> Result<String, Error> {
        Snippet { language, text }.fill(|word| (word == "key").then(|| value.to_owned()))
    }

    #[test]
    fn values_stay_values() {
        let odd = "/a b/it's \"$(id)\"";
        assert_eq!(fill(Language::Shell, "cat @key@", odd).unwrap(), r#"cat '/a b/it'\''s "$(id)"'"#);
        assert_eq!(fill(Language::Literal, "f(\"@key@\")", odd).unwrap(), r#"f("/a b/it's \"$(id)\"")"#);
        assert_eq!(fill(Language::Literal, "\"@key@\"", r"/a\").unwrap(), r#""/a\\""#);
        assert_eq!(fill(Language::Configuration, "key \"@key@\";", "/a b/c").unwrap(), "key \"/a b/c\";");
        for value in [odd, "/a;b", "/a#b", "/${x}", "/a ", "/a\nb", "", "/`id`"] {
            assert!(fill(Language::Configuration, "@key@", value).is_err(), "{value}");
        }
        for language in [Language::Shell, Language::Literal] {
            assert!(fill(language, "@key@", "/a\nb").is_err());
        }
    }

    #[test]
    fn other_signs_are_left_alone() {
        let text = "@app.get @@ @key@@key@ a@b @type\": @key";
        assert_eq!(fill(Language::Literal, text, "k").unwrap(), "@app.get @@ kk a@b @type\": @key");
    }
}
