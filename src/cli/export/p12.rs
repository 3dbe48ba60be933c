//! PKCS#12: a key with its chain, and the roots that peers trust.

use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::Args;
use crate::{
    Error,
    cli::{Context, Exit, deliver::deliver, terminal},
    export::Stores,
    fs,
    name::escape,
    pkcs12::Compat,
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
    let material = args.handed_out("PKCS#12", |_| true)?;
    let Some(leaf) = material.fullchain.first() else {
        return Err(Error::LeafMissing { key: None, key_id: None }.into());
    };
    let given = args.friendly_name.clone().or_else(|| args.name.clone());
    let name = given.unwrap_or_else(|| leaf.title());
    let made = |stores: &Stores<'_>| stores.key_store(&material.fullchain, &material.key);
    make(args, context, made, name, material.fullchain.len(), 1)
}

/// `--to truststore`
pub(super) fn truststore(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Some(name) = &args.name else {
        let problem = "a truststore is made of the roots of a NAME in the PKI directory".into();
        return Err(Error::Usage { problem }.into());
    };
    let roots = Store::open(&args.pki.pki)?.leaf(name)?.anchors;
    make(args, context, |stores| stores.trust_store(&roots), name.clone(), roots.len(), 0)
}

fn make(
    args: &Args,
    context: &Context,
    made: impl Fn(&Stores<'_>) -> Result<Zeroizing<Vec<u8>>, Error>,
    name: String,
    certificates: usize,
    keys: usize,
) -> anyhow::Result<Exit> {
    let suffix = if keys == 0 { "-trust.p12" } else { ".p12" };
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
    let (compat, random) = (args.compat, &context.random);
    let store = made(&Stores { password: &password, compat, name: &name, random })?;
    let mode = if keys == 0 { fs::PUBLIC } else { fs::SECRET };
    deliver(&path, &store, mode, args.force)?;
    let format = if keys > 0 { "p12" } else { "truststore" };
    tell(args, &Report { format, compat, friendly_name: name, certificates, keys, file: path })?;
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
