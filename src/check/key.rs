//! Which keys, certificates and requests belong together.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

use super::{File, Problems, Rule, Tree};
use crate::{cert::Certificate, fingerprint::hex};

/// Bits of RSA below which no peer accepts a key.
const LEAST_RSA: u32 = 2048;

fn public(certificate: &Certificate) -> String {
    hex(&certificate.public_key().fingerprint())
}

/// What everything with one public key is.
#[derive(Default)]
struct Holders<'a> {
    keys: Vec<&'a File>,
    certificates: Vec<(&'a File, &'a Certificate)>,
    requests: Vec<&'a File>,
}

/// Files with a certificate and no key, by directory and what is left of their names.
type Partners<'a> = HashMap<(&'a Path, String), Vec<(&'a File, &'a Certificate)>>;

pub(super) fn check(tree: &Tree<'_>, problems: &mut Problems) {
    let files = tree.files;
    let mut partners = Partners::new();
    for file in files.iter().filter(|file| !file.is_store && file.keys.is_empty()) {
        if let Some(leaf) = file.leaf() {
            partners.entry((&file.directory, core(&file.stem))).or_default().push((file, leaf));
        }
    }
    let mut holders: HashMap<String, Holders<'_>> = HashMap::new();
    for file in files {
        for key in file.keys.iter().filter_map(|key| key.public.clone()) {
            holders.entry(key).or_default().keys.push(file);
        }
        for certificate in &file.certificates {
            holders.entry(public(certificate)).or_default().certificates.push((file, certificate));
        }
        for request in &file.requests {
            holders.entry(request.clone()).or_default().requests.push(file);
        }
    }
    for file in files {
        for key in &file.keys {
            if let (Some(bits), true) = (key.bits, key.algorithm.starts_with("RSA"))
                && bits < LEAST_RSA
            {
                let fact =
                    format!("the private key has {bits} bits, and no peer accepts less than {LEAST_RSA}");
                problems.say(Rule::WeakKey, &file.path, fact, None);
            }
            if let Some(public) = &key.public {
                pair(file, public, &partners, &holders, problems);
            }
        }
        for request in &file.requests {
            let alone =
                holders.get(request).is_none_or(|all| all.keys.is_empty() && all.certificates.is_empty());
            if alone {
                let fact = format!(
                    "neither a key nor a certificate here belongs to it (public key sha256 {request:.8})"
                );
                problems.say(Rule::RequestAlone, &file.path, fact, None);
            }
        }
    }
    for (public, all) in &holders {
        copied(public, all, problems);
        shared(public, all, problems);
    }
}

/// Whether a key has its certificate, and where there is one that should be it, whether it is.
fn pair(
    file: &File,
    public_key: &str,
    partners: &Partners<'_>,
    holders: &HashMap<String, Holders<'_>>,
    problems: &mut Problems,
) {
    let own = holders.get(public_key);
    let is_here = |other: &File| {
        own.is_some_and(|own| own.certificates.iter().any(|(holder, _)| holder.path == other.path))
    };
    let place = (file.directory.as_path(), core(&file.stem));
    let partners = partners.get(&place).filter(|_| !file.is_store).map_or(&[][..], Vec::as_slice);
    let wrong = partners.iter().find(|(other, _)| !is_here(other));
    // In one file, the first certificate is that of the key.
    let wrong = wrong.copied().or_else(|| {
        let leaf = file.leaf().filter(|_| !file.is_store)?;
        (!is_here(file)).then_some((file, leaf))
    });
    if let Some((other, certificate)) = wrong.filter(|_| partners.iter().all(|(other, _)| !is_here(other))) {
        let fact = format!(
            "the private key has public key sha256 {public_key:.8}, the certificate in {} has {:.8}",
            other.path.display(),
            public(certificate)
        );
        let theirs = holders.get(&public(certificate)).and_then(|all| all.keys.first());
        problems.say(Rule::KeyMismatch, &file.path, fact, theirs.map(|key| key.path.as_path()));
    } else if own.is_none_or(|own| own.certificates.is_empty() && own.requests.is_empty()) {
        let fact =
            format!("no certificate or request here belongs to it (public key sha256 {public_key:.8})");
        problems.say(Rule::KeyAlone, &file.path, fact, None);
    }
}

/// What is left of a file's name without the words that say what it holds: those that go together have it in common.
fn core(stem: &str) -> String {
    const WORDS: [&str; 14] = [
        "key",
        "privkey",
        "private",
        "cert",
        "certificate",
        "crt",
        "fullchain",
        "chain",
        "bundle",
        "pem",
        "pub",
        "leaf",
        "combined",
        "full",
    ];
    let lower = stem.to_ascii_lowercase();
    let mut rest = lower.as_str();
    // From the end, and what is nothing but such a word.
    loop {
        let digits = rest.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number = rest.strip_prefix(digits).unwrap_or_default();
        match WORDS.iter().find_map(|word| {
            let before = digits.strip_suffix(word)?;
            (before.is_empty() || before.ends_with(['-', '_', '.'])).then_some(before)
        }) {
            Some("") => return number.to_owned(),
            Some(before) => rest = before.trim_end_matches(['-', '_', '.']),
            None => return rest.to_owned(),
        }
    }
}

/// Each copy of a key is one more to be lost.
fn copied(public: &str, all: &Holders<'_>, problems: &mut Problems) {
    let loose: BTreeSet<_> =
        all.keys.iter().filter(|file| !file.is_store).map(|file| &file.directory).collect();
    let Some(first) = all.keys.iter().find(|file| !file.is_store) else { return };
    if loose.len() > 1 {
        for copy in all.keys.iter().filter(|file| !file.is_store && file.directory != first.directory) {
            let fact = format!(
                "the same private key is in {} (public key sha256 {public:.8})",
                first.path.display()
            );
            problems.say(Rule::KeyCopied, &copy.path, fact, Some(&first.path));
        }
    }
}

/// One key in certificates of different names: who has the one can pass for the other.
fn shared(public: &str, all: &Holders<'_>, problems: &mut Problems) {
    let Some((first, one)) = all.certificates.first() else { return };
    let mut told = HashSet::from([one.subject().der()]);
    for (file, other) in &all.certificates {
        if !told.insert(other.subject().der()) {
            continue;
        }
        let fact = format!(
            "\"{}\" has the same key as \"{}\" in {} (public key sha256 {public:.8})",
            other.title(),
            one.title(),
            first.path.display()
        );
        problems.say(Rule::KeyShared, &file.path, fact, Some(&first.path));
    }
}

#[cfg(test)]
mod tests {
    use super::core;

    #[test]
    fn names_that_go_together() {
        for (key, certificate) in [
            ("privkey", "fullchain"),
            ("privkey", "cert"),
            ("privkey3", "cert3"),
            ("key", "certificate"),
            ("server-key", "server"),
            ("server_key", "server.crt"),
            ("server", "server-fullchain"),
            ("api.internal-key", "api.internal"),
            ("TLS", "tls"),
        ] {
            assert_eq!(core(key), core(certificate), "{key} and {certificate}");
        }
        for (key, other) in
            [("a-key", "b"), ("privkey1", "cert2"), ("monkey", "mon"), ("web1-key", "web2-cert")]
        {
            assert_ne!(core(key), core(other), "{key} and {other}");
        }
    }
}
