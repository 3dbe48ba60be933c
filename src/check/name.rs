//! File names that say whose certificate it is.

use std::path::Path;

use super::{File, Problems, Rule};
use crate::name::{DnsName, GeneralName};

pub(super) fn check(files: &[File], problems: &mut Problems) {
    for file in files {
        let Some(leaf) = file.leaf().filter(|leaf| !leaf.is_ca()) else { continue };
        let directory = file.directory.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some((said, host)) = [Some(file.stem.clone()), directory]
            .into_iter()
            .flatten()
            .find_map(|name| host(&name).map(|host| (name, host)))
        else {
            continue;
        };
        let names = leaf.subject_alt_names();
        let covered = names.iter().any(|name| match name {
            GeneralName::Dns(own) => own.eq_ignore_ascii_case(&host) || name.covers_host(&host),
            other => other.covers_host(&host) || other.value() == host,
        });
        let common = leaf.subject().common_name().is_some_and(|name| name.eq_ignore_ascii_case(&host));
        if !covered && !common {
            let listed: Vec<_> = names.iter().take(3).map(ToString::to_string).collect();
            let listed = if listed.is_empty() { format!("\"{}\"", leaf.title()) } else { listed.join(", ") };
            let fact = format!("the name `{said}` speaks of {host}; the certificate is for {listed}");
            problems.say(Rule::NameDiffers, &file.path, fact, None);
        }
    }
}

/// The host that a file or directory is named for, where it is: something with a dot that no word of the trade is.
fn host(name: &str) -> Option<String> {
    let name = crate::store::name_of(name).unwrap_or_else(|| name.to_owned()).to_ascii_lowercase();
    let mut name = name.as_str();
    for word in [
        "-key",
        "_key",
        "-cert",
        "_cert",
        "-fullchain",
        "_fullchain",
        "-chain",
        "-bundle",
        ".fullchain",
        ".chain",
    ] {
        name = name.strip_suffix(word).unwrap_or(name);
    }
    let name = match name
        .strip_prefix("star.")
        .or_else(|| name.strip_prefix("_wildcard."))
        .or_else(|| name.strip_prefix("wildcard."))
    {
        Some(rest) => format!("*.{rest}"),
        None => name.to_owned(),
    };
    // `server.crt.pem`, `site.2026`: the last label of a host is neither an ending nor a number.
    let last = Path::new(&name).extension()?.to_string_lossy().into_owned();
    let letters = last.len() >= 2 && last.chars().all(|letter| letter.is_ascii_alphabetic());
    let ending =
        ["pem", "crt", "cer", "key", "der", "csr", "crl", "old", "new", "bak", "orig", "tmp", "srl", "cnf"];
    let dns = name.parse::<DnsName>().ok()?;
    (letters && !ending.contains(&last.as_str())).then(|| dns.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_in_file_names() {
        let said = |name| host(name).unwrap_or_default();
        assert_eq!(said("api.internal"), "api.internal");
        assert_eq!(said("api.internal-fullchain"), "api.internal");
        assert_eq!(said("%2a.example.com"), "*.example.com");
        assert_eq!(said("wildcard.example.com"), "*.example.com");
        for nothing in
            ["server", "server.crt", "site.2026", "cert1", "tls", "backup.old", "a b.c", "10.0.0.1"]
        {
            assert_eq!(host(nothing), None, "{nothing}");
        }
    }
}
