//! `pkit audit server`.

use std::{cell::Cell, net::SocketAddr, path::PathBuf};

use super::{MatrixArgs, Progress, signer_of};
use crate::{
    Error,
    audit::{Check, ServerAudit, server},
    cli::{Context, Exit, OutputArgs, PkiArgs, exit, identity, passphrase::PassphraseArgs, probe::target},
    name::San,
    profile::Profile,
    store::Store,
    tls::{Version, probe},
    twin::Twins,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit audit server localhost:8443 --as service-a
  pkit audit server '[::1]:8443' --as service-a --server-name api.internal --roots ca.pem
  pkit audit server api.internal:443 --as service-a --junit audit.xml --force
  pkit audit server localhost:8443 --as service-a --only expired,untrusted --json

NAME's certificate must be let in, and so must a new one like it, before and after everything else:
else nothing of the rest counts, and the status is 2. Then every row must be refused, under TLS 1.2
and 1.3, by an alert that fits, an HTTP status, or a close: the good ones differ from the wrong ones
in that one thing alone, so a refusal without a word is one for the right reason.

A client that the server's own list of names would refuse is let in by servers that have none: that
is a note, and a hole only with --expect-allow-list."))]
pub(in crate::cli) struct Args {
    /// The server
    #[arg(value_name = "HOST:PORT")]
    target: String,
    /// The good client: its name in the PKI directory
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The CAs whose servers are trusted; those of NAME's set by default
    #[arg(long, value_name = "FILE", num_args = 1..)]
    roots: Vec<PathBuf>,
    /// The name the server must have, where it is not HOST
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Connect there, and not to HOST
    #[arg(long, value_name = "ADDR:PORT")]
    connect: Option<SocketAddr>,
    /// The lists that the server goes by: what they revoke must be refused; else the crl.pem of NAME's CA
    #[arg(long, value_name = "FILE", num_args = 1..)]
    crl: Vec<PathBuf>,
    /// A name that the server must not let in; else a random one
    #[arg(long, value_name = "NAME")]
    unallowed_name: Option<San>,
    /// The server has a list of who may come in: that name let in is a hole
    #[arg(long)]
    expect_allow_list: bool,
    /// The lowest version of TLS that the server may speak: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", default_value = "1.2")]
    min_tls: Version,
    /// How long one handshake may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = crate::cli::wait)]
    timeout: std::time::Duration,
    #[command(flatten)]
    matrix: MatrixArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    pki: PkiArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = context.now();
    let (host, port) = target(&args.target)?;
    let checks = Check::of_servers();
    let selection = args.matrix.selection(&checks)?;
    args.matrix.require_writable()?;
    let store = Store::open(&args.pki.pki)?;
    let (own, anchors) = identity::from_store(&args.pki, &args.name)?;
    let roots = identity::anchors(&args.roots)?.unwrap_or(anchors);
    let Some(leaf) = own.leaf().cloned() else {
        return Err(Error::LeafMissing { key: None, key_id: None }.into());
    };
    let signer = signer_of(&leaf, &store, &args.passphrase, now)?;
    let revoked = args.matrix.revoked(&signer, &store, &args.crl)?;
    let twins = Twins::of(&leaf, Profile::Client, &signer.issuer, &context.random, now)?;
    let twins = twins.revoking(revoked).unallowing(args.unallowed_name.clone());
    let audit = ServerAudit {
        probe: probe::Options {
            server_name: args.server_name.clone(),
            connect: args.connect.map(Into::into),
            timeout: crate::cli::time_limit(args.timeout)?,
            ..probe::Options::new(host, port, roots)
        },
        own,
        selection,
        expect_allow_list: args.expect_allow_list || args.unallowed_name.is_some(),
        floor: args.min_tls,
    };
    let (progress, done) = (Progress::new(checks.len() * 2 + 3, args.output), Cell::new(0));
    let report = server(&audit, &twins, &context.clock(), &|row| {
        done.set(done.get() + 1);
        progress.row(done.get(), &row.what);
    })?;
    progress.clear();
    let head = format!("{}, as {}", crate::name::escape(&args.target), crate::name::escape(&args.name));
    args.matrix.deliver(&report, &head, args.output)
}
