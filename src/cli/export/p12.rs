//! PKCS#12: a key with its chain, and the roots that peers trust.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Args, Form};
use crate::{
    Error,
    cert::Certificate,
    cli::{Context, Exit, deliver::deliver, terminal},
    fs,
    key::{PrivateKey, load_private_key},
    name::escape,
    pkcs12::{Compat, Entry, write},
    source,
    store::{Store, directory_name},
};

/// What was made.
#[derive(Serialize)]
struct Report {
    file: PathBuf,
    format: &'static str,
    compat: Compat,
    friendly_name: String,
    certificates: usize,
    keys: usize,
}

/// `--to p12`
pub(super) fn keystore(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (chain, key) = pair(args)?;
    let Some((leaf, above)) = chain.split_first() else {
        return Err(Error::LeafMissing { key: None, key_id: None }.into());
    };
    let name = friendly_name(args, leaf);
    let mut entries = vec![Entry::Key { key: &key, certificate: leaf, name: &name }];
    entries.extend(above.iter().map(|certificate| Entry::Certificate { certificate, name: None }));
    make(args, context, &entries, name.clone())
}

/// `--to truststore`
pub(super) fn truststore(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Some(name) = &args.name else {
        let problem = "a truststore is made of the roots of a NAME in the PKI directory".into();
        return Err(Error::Usage { problem }.into());
    };
    let leaf = Store::open(&args.pki.pki)?.leaf(name)?;
    let titles: Vec<String> = leaf.anchors.iter().map(Certificate::title).collect();
    let entries = leaf.anchors.iter().zip(&titles);
    let entries: Vec<Entry<'_>> =
        entries.map(|(certificate, name)| Entry::Trusted { certificate, name }).collect();
    make(args, context, &entries, name.clone())
}

/// The chain, leaf first and without the root, and its key.
fn pair(args: &Args) -> anyhow::Result<(Vec<Certificate>, PrivateKey)> {
    let (chain, key, origin) = match args.pair.read(&args.passphrase)? {
        Some(read) => read,
        None => {
            let leaf = Store::open(&args.pki.pki)?.leaf(args.name.as_deref().unwrap_or_default())?;
            let key = match load_private_key(&leaf.key, &mut args.passphrase.opener()) {
                Err(Error::FileNotFound { path }) => {
                    return Err(Error::KeyAbsent { name: leaf.name, path }.into());
                }
                other => other?,
            };
            (leaf.fullchain, key, source::origin(&leaf.key))
        }
    };
    if let Some(first) = chain.first() {
        first.require_key(&key, &origin)?;
    }
    Ok((chain, key))
}

fn friendly_name(args: &Args, leaf: &Certificate) -> String {
    let given = args.friendly_name.clone().or_else(|| args.name.clone());
    given.unwrap_or_else(|| leaf.title())
}

fn make(args: &Args, context: &Context, entries: &[Entry<'_>], name: String) -> anyhow::Result<Exit> {
    let suffix = if args.to == Form::Truststore { "-trust.p12" } else { ".p12" };
    let path = match &args.out {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}{suffix}", directory_name(&name)?)),
    };
    // Before anybody is asked for a password.
    if !args.force && !source::is_stdin(&path) && is_file(&path) {
        return Err(Error::FileExists { path }.into());
    }
    let password = args
        .password
        .password(&format!("exported file {}", escape(&path.to_string_lossy())), &args.passphrase)?;
    let store = write(entries, &password, args.compat, &context.random)?;
    deliver(&path, &store, fs::SECRET, args.force)?;
    let keys = entries.iter().filter(|entry| matches!(entry, Entry::Key { .. })).count();
    let report = Report {
        format: if keys > 0 { "p12" } else { "truststore" },
        compat: args.compat,
        friendly_name: name,
        certificates: entries.len(),
        keys,
        file: path,
    };
    tell(args, &report)?;
    Ok(Exit::Yes)
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| !found.file_type().is_dir() && found.is_file())
}

fn tell(args: &Args, report: &Report) -> anyhow::Result<()> {
    // Standard output has the file itself.
    if source::is_stdin(&report.file) {
        return Ok(());
    }
    if args.output.json {
        return terminal::print_json(report);
    }
    if args.output.quiet {
        return Ok(());
    }
    let what = if report.keys > 0 { "a key with its certificates" } else { "certificates to trust" };
    terminal::print(&format!(
        "made {}: {what}\n  name          {}\n  certificates  {}\n",
        escape(&report.file.to_string_lossy()),
        escape(&report.friendly_name),
        report.certificates,
    ))
}
