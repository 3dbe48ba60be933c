//! `pkit bundle`: loose certificates in the proven order.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Context, Exit, OutputArgs, deliver::deliver, exit, passphrase::PassphraseArgs, terminal};
use crate::{
    Error,
    bundle::{Bundle, to_pem},
    cert::{Certificate, Piece, Pieces, Role},
    fingerprint::colons,
    fs,
    key::{PrivateKey, decode_private_key, load_private_key},
    origin::Origin,
    source,
    validity::{serialize_time, tell},
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit bundle server.crt intermediate.crt root.crt > fullchain.pem
  pkit bundle -o fullchain.pem *.pem
  pkit bundle --ca-bundle -o ca-bundle.pem intermediate.crt root.crt
  pkit bundle --combined -o haproxy.pem server.key server.crt intermediate.crt root.crt
  pkit bundle --partial server.crt intermediate.crt

The order and number of the files do not matter: every link is proved by its signature, and what is not needed is named."))]
pub(super) struct Args {
    /// Files with certificates, PEM or DER, in any order; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The root as well, behind the intermediates
    #[arg(long, group = "mode")]
    with_root: bool,
    /// The root and the intermediates, without the leaf: what the other side trusts
    #[arg(long, group = "mode")]
    ca_bundle: bool,
    /// The private key, then the leaf and the intermediates
    #[arg(long, group = "mode")]
    combined: bool,
    /// The private key of the leaf: says which one is meant, and is written with --combined
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Allow the root to be missing
    #[arg(long, conflicts_with_all = ["with_root", "ca_bundle"])]
    partial: bool,
    /// Write to a file; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Replace the file where there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What was put together.
#[derive(Serialize)]
struct Report<'a> {
    mode: &'static str,
    /// Where it was written to; absent where it is only in here
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    key_included: bool,
    /// Whether the chain was proved up to a root
    complete: bool,
    certificates: Vec<Link<'a>>,
    surplus: Vec<Link<'a>>,
    pem: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    title: String,
    subject: String,
    kind: Role,
    origin: &'a Origin,
    #[serde(serialize_with = "serialize_time")]
    not_after: OffsetDateTime,
    fingerprint: String,
}

impl<'a> From<&'a Certificate> for Link<'a> {
    fn from(certificate: &'a Certificate) -> Self {
        Self {
            title: certificate.title(),
            subject: certificate.subject().to_string(),
            kind: certificate.role(),
            origin: certificate.origin(),
            not_after: certificate.validity().not_after,
            fingerprint: colons(&certificate.fingerprint()),
        }
    }
}

/// What the files hold.
#[derive(Default)]
struct Input {
    certificates: Vec<Certificate>,
    /// Those of the files that hold a private key.
    keys: Vec<(Origin, Zeroizing<Vec<u8>>)>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let to_stdout = source::is_stdin(&args.out);
    if args.combined && to_stdout {
        if args.output.json {
            let problem = "--combined with --json needs -o FILE: JSON never holds a private key".to_owned();
            return Err(Error::Usage { problem }.into());
        }
        if terminal::stdout_is_terminal() {
            return Err(Error::SecretToTerminal { what: "a private key with its chain" }.into());
        }
    }
    let input = read(&args.files)?;
    if input.certificates.is_empty() {
        let origin = match args.files.as_slice() {
            [one] => source::origin(one),
            several => Origin::named(&format!("{} files", several.len())),
        };
        return Err(Error::NothingFound { origin, what: "certificate" }.into());
    }
    let key = find_key(&args, &input)?;
    let named_key = key.as_ref().map(|(key, origin)| (key, origin));
    let bundle = match args.partial {
        true => Bundle::assemble_partial(&input.certificates, named_key)?,
        false => Bundle::assemble(&input.certificates, named_key)?,
    };
    let (mode, certificates) = match (args.with_root, args.ca_bundle, args.combined) {
        (true, ..) => ("with-root", bundle.with_root()),
        (_, true, _) => ("ca-bundle", bundle.ca_bundle()),
        (.., true) => ("combined", bundle.fullchain()),
        _ => ("fullchain", bundle.fullchain()),
    };
    let pem = to_pem(&certificates);
    match key.filter(|_| args.combined) {
        Some((key, _)) => {
            let key = key.to_pem();
            // One buffer of the right size: it does not move and leave copies of the key.
            let mut combined = Zeroizing::new(Vec::with_capacity(key.len() + pem.len()));
            combined.extend_from_slice(&key);
            combined.extend_from_slice(pem.as_bytes());
            deliver(&args.out, &combined, fs::SECRET, args.force)?;
            args.output.notice("the private key in it is not encrypted, so that a server can read it");
        }
        None if to_stdout && args.output.json => {}
        None => deliver(&args.out, pem.as_bytes(), fs::PUBLIC, args.force)?,
    }
    tell_chain(&args.output, &bundle, context.now());
    if args.output.json {
        terminal::print_json(&Report {
            mode,
            output: (!to_stdout).then(|| crate::name::escape(&args.out.to_string_lossy()).into_owned()),
            key_included: args.combined,
            complete: bundle.root.is_some(),
            certificates: certificates.iter().map(Link::from).collect(),
            surplus: bundle.surplus.iter().map(Link::from).collect(),
            pem: &pem,
        })?;
    }
    Ok(Exit::Yes)
}

/// Reads every file. One that is broken is an error even where the rest would do: the missing link may be in it.
fn read(files: &[PathBuf]) -> Result<Input, Error> {
    let mut input = Input::default();
    for path in files {
        let origin = source::origin(path);
        let bytes = Zeroizing::new(source::read(path, source::LARGE)?);
        let before = input.certificates.len();
        let mut has_key = false;
        for piece in Pieces::new(&bytes, origin.clone()).iter() {
            match piece {
                Piece::Certificate(certificate) => input.certificates.push(certificate),
                Piece::Other { is_private_key, .. } => has_key |= is_private_key,
                Piece::Broken { error, .. } => return Err(error),
            }
        }
        if has_key {
            input.keys.push((origin, bytes));
        } else if input.certificates.len() == before {
            return Err(Error::NothingFound { origin, what: "certificate" });
        }
    }
    Ok(input)
}

/// The key that was named, or with --combined the only one in the files. Without either, keys in the files are passed
/// over, lest anybody be asked for a passphrase that is not needed.
fn find_key(args: &Args, input: &Input) -> Result<Option<(PrivateKey, Origin)>, Error> {
    let mut opener = args.passphrase.opener();
    let opener = &mut opener;
    if let Some(path) = &args.key {
        return Ok(Some((load_private_key(path, opener)?, source::origin(path))));
    }
    if !args.combined {
        for (origin, _) in &input.keys {
            args.output.notice(format!("the private key in {origin} is not used without --combined"));
        }
        return Ok(None);
    }
    match input.keys.as_slice() {
        [] => {
            let problem =
                "--combined needs the private key, in one of the files or with --key FILE".to_owned();
            Err(Error::Usage { problem })
        }
        [(origin, bytes)] => Ok(Some((decode_private_key(bytes, origin, opener)?, origin.clone()))),
        [_, (origin, _), ..] => Err(Error::SeveralFound { origin: origin.clone(), what: "private key" }),
    }
}

/// What the chain is, what ends it, and what was not needed.
fn tell_chain(output: &OutputArgs, bundle: &Bundle, now: OffsetDateTime) {
    let titles: Vec<_> = bundle.path().map(Certificate::title).collect();
    output.notice(format!("the chain is {}", titles.join(" ← ")));
    if let (None, Some(last)) = (&bundle.root, bundle.path().last()) {
        output.notice(format!(
            "it ends below its root: \"{}\", which issued {}, is not in the input",
            last.issuer(),
            last.title()
        ));
    }
    for certificate in bundle.path().filter(|certificate| !certificate.is_current(now)) {
        let validity = certificate.validity();
        let what = match now > validity.not_after {
            true => format!("has expired: {}", tell(validity.not_after, now)),
            false => format!("is not valid yet: it begins {}", tell(validity.not_before, now)),
        };
        output.notice(format!("{} {what}", certificate.title()));
    }
    for surplus in &bundle.surplus {
        output.notice(format!("not needed: {} ({})", surplus.title(), surplus.origin()));
    }
}
