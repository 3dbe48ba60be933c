//! `pkit ca import`.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::{
    Error,
    cert::{Certificate, load_certificates},
    cli::{
        Context, Exit, OutputArgs, exit,
        issued::Issued,
        passphrase::{NewPassphraseArgs, PassphraseArgs},
        signer::StoreArgs,
    },
    issuer::fit_above,
    key::{Algorithm, Passphrase, PrivateKey, load_private_key},
    origin::Origin,
    store::{Authority, Generation, Shelf, Store},
    validity::tell,
};

#[derive(clap::Args)]
#[command(after_help = exit::help("  pkit ca import corp --cert ca.crt --key ca.key
  cd \"$(mkcert -CAROOT)\"; pkit ca import mkcert --cert rootCA.pem --key rootCA-key.pem --pki ~/pki
  pkit ca import easy-rsa --cert pki/ca.crt --key pki/private/ca.key --pki new
  pkit ca import issuing --cert tls.crt --key tls.key --chain ca.crt --unencrypted
  pkit ca import \"Offline Root\" --cert root.crt

The certificate is kept as it is, byte for byte. The CA is the certificate in the file that belongs to the key, or
without a key the first; those above it are taken from there, from --chain, and from the PKI directory. A key that is
encrypted keeps its passphrase unless a new one is given. Without --key the CA is there, and cannot sign until its key
is put where the answer says."))]
pub(super) struct Args {
    /// What to call it here
    name: String,
    /// The certificate of the CA, PEM or DER; the file may hold those above it too
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The private key of the CA; left out where it is kept elsewhere
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The certificates above the CA up to its root, where its own file does not hold them
    #[arg(long, value_name = "FILE")]
    chain: Vec<PathBuf>,
    /// Take it, for the record, even if it or a CA above it is not valid now; nothing can be issued from it then
    #[arg(long)]
    allow_expired: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let (name, now) = (&args.name, context.now());
    if args.key.is_none() && (args.passphrase.is_given() || args.new_passphrase.is_used()) {
        let problem = "passphrases and --unencrypted are for a key, and no --key is given".into();
        return Err(Error::Usage { problem }.into());
    }
    crate::store::directory_name(name)?;
    let store = Store::open_existing(&args.store.pki.pki)?;
    store.iter().try_for_each(|store| store.require_free(Shelf::Ca, name))?;
    let known = store.as_ref().map_or(Ok(Vec::new()), Store::authorities)?;

    let mut pool = load_certificates(&args.cert)?;
    let opened = args.open_key()?;
    let key = opened.as_ref().map(|opened| &opened.key);
    let own =
        key.and_then(|key| pool.iter().position(|certificate| certificate.public_key() == key.public()));
    let certificate = pool.remove(own.unwrap_or(0));
    require_known_key(&certificate)?;
    if let (Some(key), Some(file)) = (key, &args.key) {
        certificate.require_key(key, &Origin::file(file))?;
    }
    if let Some(same) = known.iter().find(|ca| ca.certificate == certificate) {
        return Err(Error::CaExists { origin: certificate.origin().clone(), name: same.name.clone() }.into());
    }
    for file in &args.chain {
        pool.extend(load_certificates(file)?);
    }
    pool.extend(known.iter().map(|ca| ca.certificate.clone()));
    let above = fit_above(&certificate, &pool, (!args.allow_expired).then_some(now))?;

    let mut notices = Vec::new();
    let key_file = match &opened {
        Some(opened) => Some(args.protect(opened, context, &mut notices)?),
        None => None,
    };
    if let Some(ended) = std::iter::once(&certificate).chain(&above).find(|ca| !ca.is_current(now)) {
        notices.push(("not-valid", not_valid(ended, now)));
    }
    let issuer = |parent: &Certificate| known.iter().find(|ca: &&Authority| ca.certificate == *parent);
    let issuer = above.first().and_then(issuer).map(|ca| ca.name.as_str());
    let generation = Generation::imported(name, &certificate, &above, key_file, issuer, now);
    let files: Vec<_> = generation.files.iter().map(|(file, ..)| *file).collect();
    let store = match store {
        Some(store) => store,
        None => Store::open_or_create(&args.store.pki.pki, now)?,
    };
    let links = args.store.waiting(args.output, |wait| store.write(wait)?.commit(vec![generation]))?;
    if opened.is_none() {
        let path = store.link(Shelf::Ca, name)?.join("key.pem");
        notices.push((
            "key-absent",
            format!("it has no key here, and cannot sign; to sign, put its key at {}", Origin::file(&path)),
        ));
    }
    let called = if above.is_empty() { "root CA" } else { "intermediate CA" };
    let answer = Issued::new(name, called, &certificate, &[], links, &files).imported(notices);
    answer.tell(args.output, now)?;
    Ok(Exit::Yes)
}

/// A key, and the passphrase that opened it.
struct Opened {
    key: PrivateKey,
    passphrase: Option<Passphrase>,
}

impl Args {
    fn open_key(&self) -> Result<Option<Opened>, Error> {
        let Some(file) = &self.key else { return Ok(None) };
        let mut passphrase = None;
        let mut opener = self.passphrase.opener();
        let key = load_private_key(file, &mut |origin, attempt| {
            let given = opener(origin, attempt)?;
            passphrase = given.as_ref().map(Passphrase::copy);
            Ok(given)
        })?;
        Ok(Some(Opened { key, passphrase }))
    }

    /// The key file as it shall be written.
    fn protect(
        &self,
        opened: &Opened,
        context: &Context,
        notices: &mut Vec<(&'static str, String)>,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
        let new = match &opened.passphrase {
            Some(old) if !self.new_passphrase.is_stated() => Some(old.copy()),
            _ => self.new_passphrase.passphrase(&format!("CA \"{}\"", self.name), &self.passphrase)?,
        };
        match new {
            Some(passphrase) => opened.key.to_encrypted_pem(&passphrase, &context.random),
            None => {
                let told = "the CA's key is not encrypted: whoever reads the file can issue in its name";
                notices.push(("key-not-encrypted", told.into()));
                Ok(opened.key.to_pem())
            }
        }
    }
}

/// Whether anything below a CA could be proved, told from its certificate alone: its key may be elsewhere.
fn require_known_key(certificate: &Certificate) -> Result<(), Error> {
    let (key, kind) = (certificate.public_key(), certificate.key_algorithm());
    let found = match kind {
        Algorithm::P521 | Algorithm::Ed448 | Algorithm::Other => kind.to_string(),
        // RFC 5480 2.2 leaves it open who reads them; TLS libraries do not.
        Algorithm::P256 | Algorithm::P384 if matches!(key.bits().first(), Some(2 | 3)) => {
            format!("{kind} in the certificate as a compressed point")
        }
        _ => match key.weakness() {
            Some(weakness) => weakness,
            None => return Ok(()),
        },
    };
    Err(Error::KeyUnsupported { origin: certificate.origin().clone(), found })
}

fn not_valid(certificate: &Certificate, now: OffsetDateTime) -> String {
    let validity = certificate.validity();
    let fact = match validity.not_before > now {
        true => format!("begins {}", tell(validity.not_before, now)),
        false => format!("ended {}", tell(validity.not_after, now)),
    };
    format!("\"{}\" {fact}: it is on record, and nothing can be issued from it", certificate.title())
}
