//! `pkit request`: a key, and a certificate request for whoever signs.

use std::path::PathBuf;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Context, Exit, OutputArgs,
    content::SubjectArgs,
    exit,
    passphrase::{NewPassphraseSources, PassphraseArgs},
    signer::given_or_new_key,
    terminal::{self, BOLD, DIM, styled},
};
use crate::{
    Error,
    csr::Csr,
    fingerprint::hex,
    fs,
    issue::{Kind, Request, alternative_names},
    key::{KeyType, PrivateKey},
    name::{San, escape},
    profile::Profile,
    store::{Config, directory_name},
    validity::End,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit request api.internal localhost 10.0.0.5
  pkit request service-a --profile client
  pkit request www.example.com --subject \"C=US,O=Acme\" --key-type p384 --out certs
  pkit request api.internal --key api.key --out renewal
  pkit sign api.internal.csr --profile server

Makes two files, named as the PKI directory names its sets: NAME.csr, for who signs, and NAME.key, which stays here. Needs no
PKI directory. NAME is an alternative name under the same conditions as with `issue`."))]
pub(super) struct Args {
    /// What to call it; its common name, unless --subject or --cn state one
    name: String,
    /// Alternative names; --san means the same
    #[arg(value_name = "SAN")]
    sans: Vec<String>,
    /// An alternative name
    #[arg(long, value_name = "SAN")]
    san: Vec<String>,
    /// What the certificate is to be for: the usages that are asked for
    #[arg(long, default_value = "server")]
    profile: Profile,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Ask for a certificate with which a server must staple an OCSP response (RFC 7633)
    #[arg(long)]
    must_staple: bool,
    /// Kind of key
    #[arg(long, value_name = "TYPE", conflicts_with = "key", help_heading = "Key")]
    key_type: Option<KeyType>,
    /// Ask for a certificate for the key of this file instead of a new one; the file stays as it is
    #[arg(long, value_name = "FILE", help_heading = "Key")]
    key: Option<PathBuf>,
    /// Write the new key under a passphrase, from --new-passphrase-*, PKIT_NEW_PASSPHRASE or the terminal
    #[arg(long, conflicts_with = "key", help_heading = "Key")]
    encrypt_key: bool,
    /// Write the files to this directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseSources,
    #[command(flatten)]
    output: OutputArgs,
}

/// A request that was made. Never the key.
#[derive(Serialize)]
struct Requested {
    name: String,
    profile: Profile,
    subject: String,
    sans: Vec<String>,
    /// Kind of key
    key: String,
    /// SHA-256 of its public half
    public_key_sha256: String,
    /// Path of the request
    csr_file: String,
    /// Path of the new key
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<String>,
    /// The request in PEM
    csr: String,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let usage = |problem: &str| Err(Error::Usage { problem: problem.into() }.into());
    if args.new_passphrase.is_given() && !args.encrypt_key {
        return usage("a new passphrase protects nothing here without --encrypt-key");
    }
    if args.passphrase.is_given() && args.key.is_none() {
        return usage("a passphrase opens nothing here without --key; --new-passphrase-* protect a new key");
    }
    let label = directory_name(&args.name)?;
    let (csr_name, key_name) = (format!("{label}.csr"), format!("{label}.key"));
    let names = [csr_name.as_str(), key_name.as_str()];
    fs::require_absent(&args.out, names.get(..if args.key.is_some() { 1 } else { 2 }).unwrap_or_default())?;

    let request = args.request()?;
    let key = args.key(context)?;
    let csr = Csr::make(request, &key, &context.random)?;
    let key_file = args.key_file(&key, context)?;
    let pem = csr.to_pem();
    let mut files: Vec<(&str, &[u8], u32)> = vec![(&csr_name, pem.as_bytes(), fs::PUBLIC)];
    files.extend(key_file.as_ref().map(|bytes| (key_name.as_str(), bytes.as_slice(), fs::SECRET)));
    fs::write_set(&args.out, &files)?;

    let path = |file: &str| args.out.join(file).display().to_string();
    let requested = Requested {
        name: args.name.clone(),
        profile: args.profile,
        subject: csr.subject().to_string(),
        sans: csr.subject_alt_names().iter().map(ToString::to_string).collect(),
        key: key.public().algorithm().to_string(),
        public_key_sha256: hex(&key.public().fingerprint()),
        csr_file: path(&csr_name),
        key_file: key_file.map(|_| path(&key_name)),
        csr: pem,
    };
    match (args.output.json, args.output.quiet) {
        (true, _) => terminal::print_json(&requested)?,
        (false, true) => {}
        (false, false) => terminal::print(&requested.text())?,
    }
    Ok(Exit::Yes)
}

impl Args {
    fn request(&self) -> Result<Request, Error> {
        let given = self.sans.iter().chain(&self.san).map(|san| san.parse::<San>());
        let given = given.collect::<Result<Vec<_>, _>>()?;
        let sans = alternative_names(&self.name, self.profile, &given, None)?;
        let config = Config::default();
        let subject = self.subject.name(&self.name, !sans.is_empty(), &config)?;
        let request = Request::new(Kind::Leaf(self.profile), subject, End::After(config.validity.leaf));
        Ok(Request { sans, must_staple: self.must_staple, ..request })
    }

    fn key(&self, context: &Context) -> Result<PrivateKey, Error> {
        let kind = self.key_type.unwrap_or_default();
        given_or_new_key(self.key.as_deref(), kind, &mut self.passphrase.opener(), context, self.output)
    }

    /// The file of a new key.
    fn key_file(&self, key: &PrivateKey, context: &Context) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match (&self.key, self.encrypt_key) {
            (Some(_), _) => Ok(None),
            (None, false) => Ok(Some(key.to_pem())),
            (None, true) => {
                let what = format!("\"{}\"", self.name);
                let passphrase = self.new_passphrase.passphrase(&what, &self.passphrase)?;
                key.to_encrypted_pem(&passphrase, &context.random).map(Some)
            }
        }
    }
}

impl Requested {
    fn text(&self) -> String {
        let name = styled(BOLD, escape(&self.name));
        let mut text = format!("made a request for a {} certificate: {name}\n", self.profile);
        let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:8}{value}\n"));
        line("subject", &self.subject);
        if !self.sans.is_empty() {
            line("names", &self.sans.join(", "));
        }
        line("key", &self.key);
        line("request", &format!("{}  {}", escape(&self.csr_file), styled(DIM, "for who signs")));
        if let Some(key) = &self.key_file {
            line("private", &format!("{}  {}", escape(key), styled(DIM, "stays here, mode 0600")));
        }
        text
    }
}
