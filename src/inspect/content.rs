//! What bytes hold, found by looking at them and never at a name: PEM with anything around it, DER and BER, PKCS#12, PKCS#7,
//! Kubernetes manifests, keys of OpenSSH.

mod form;
mod stream;
mod unpack;

use std::ops::ControlFlow;

use time::OffsetDateTime;

use super::{
    CertificateReport, CrlReport, KeyReport, Place, RequestReport, inspect_der, list, private, request,
    store::{self, StoreReport},
};
use crate::{
    Error,
    der::{self, ber, tag},
    key::Passphrase,
    kubernetes,
    name::escape,
    origin::Origin,
    pem,
};
pub use stream::{examine, examine_bytes};
pub use unpack::{contents, unpack};

use form::Form;

/// Containers lie in each other no deeper than anybody makes them: a store in a Secret.
const DEEPEST: usize = 3;

/// What a passphrase is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// A private key, of which much can be told without one
    Key,
    /// A store, of which little can
    Store,
}

/// Gives the passphrase of what is at an origin; the number counts the tries, from 1. `Ok(None)`: no further try.
pub type Opener<'a> = dyn FnMut(Locked, &Origin, u32) -> Result<Option<Passphrase>, Error> + 'a;

/// Something that was found.
pub struct Object {
    /// Where
    pub place: Place,
    /// The same for errors
    pub origin: Origin,
    /// What the PEM block that it is or was to be calls itself, of what is broken. A stranger's string.
    pub label: Option<String>,
    /// What
    pub what: What,
}

/// What was found.
pub enum What {
    /// A certificate: the bytes that it stands at the beginning of, and what its container says of it
    Certificate(Vec<u8>, Vec<String>),
    /// A certificate request
    Request(Vec<u8>),
    /// A revocation list
    Crl(Vec<u8>),
    /// A private key, of which only what can be told is kept
    Key(Box<KeyReport>),
    /// A public key
    PublicKey(Box<KeyReport>),
    /// A store, told before what is in it
    Store(Box<StoreReport>),
    /// Something else that is known, and not looked into. Escaped for a terminal.
    Other(String),
    /// Something that cannot be read
    Broken(Error),
}

/// What is told of an object.
pub enum Report {
    /// A certificate
    Certificate(Box<CertificateReport>),
    /// A certificate request
    Request(Box<RequestReport>),
    /// A revocation list
    Crl(Box<CrlReport>),
    /// A private key
    Key(Box<KeyReport>),
    /// A public key
    PublicKey(Box<KeyReport>),
    /// A store
    Store(Box<StoreReport>),
    /// Something else
    Other(Place, String),
}

impl Object {
    /// Tells what it says, and how it stands at `now`.
    ///
    /// # Errors
    /// That of something that cannot be read.
    pub fn report(self, now: OffsetDateTime) -> Result<Report, Error> {
        let (place, origin) = (self.place, self.origin);
        let malformed = |what, section: &str| Error::Malformed {
            origin: origin.clone(),
            what,
            cause: format!("its structure does not hold ({section})"),
        };
        Ok(match self.what {
            What::Certificate(der, attributes) => {
                let report = inspect_der(&der, place, &origin, now)?;
                Report::Certificate(Box::new(CertificateReport { attributes, ..report }))
            }
            What::Request(der) => {
                let report = request::inspect(&der, place);
                Report::Request(Box::new(
                    report.ok_or_else(|| malformed("certificate request", "RFC 2986 4"))?,
                ))
            }
            What::Crl(der) => {
                let report = list::inspect(&der, place, now);
                Report::Crl(Box::new(report.ok_or_else(|| malformed("CRL", "RFC 5280 5.1"))?))
            }
            What::Key(report) => Report::Key(KeyReport { place, ..*report }.into()),
            What::PublicKey(report) => Report::PublicKey(KeyReport { place, ..*report }.into()),
            What::Store(report) => Report::Store(StoreReport { place, ..*report }.into()),
            What::Other(what) => Report::Other(place, what),
            What::Broken(error) => return Err(error),
        })
    }
}

impl What {
    /// One block of PEM; `None` of what is no certificate, request or revocation list.
    pub fn to_pem(&self) -> Option<String> {
        let (label, der) = match self {
            Self::Certificate(der, _) => ("CERTIFICATE", der),
            Self::Request(der) => ("CERTIFICATE REQUEST", der),
            Self::Crl(der) => ("X509 CRL", der),
            _ => return None,
        };
        // Without what follows it.
        let element = der::Reader::new(der).next();
        Some(pem::encode(label, element.map_or(der, |element| element.raw)))
    }

    /// Objects of one kind are counted together.
    fn kind(&self) -> usize {
        match self {
            Self::Certificate(..) => 0,
            Self::Request(_) => 1,
            Self::Crl(_) => 2,
            Self::Key(_) => 3,
            Self::PublicKey(_) => 4,
            Self::Store(_) => 5,
            Self::Other(_) => 6,
            Self::Broken(_) => 7,
        }
    }
}

/// Takes a source apart, and hands over each object as it is found.
struct Finder<'a, 'o> {
    origin: &'a Origin,
    opener: &'a mut Opener<'o>,
    each: &'a mut dyn FnMut(Object) -> ControlFlow<()>,
    counts: [usize; 8],
    /// Containers around what is looked at, the outermost first
    within: Vec<String>,
    /// What the last `EC PARAMETERS` block says
    curve: Option<Vec<u8>>,
}

impl Finder<'_, '_> {
    fn place(&self) -> Place {
        let within = (!self.within.is_empty()).then(|| self.within.join(", "));
        Place { source: escape(self.origin.place()).into_owned(), within, position: 1, of: None }
    }

    fn found(&mut self, what: What) -> ControlFlow<()> {
        self.labelled(what, None)
    }

    fn labelled(&mut self, what: What, label: Option<String>) -> ControlFlow<()> {
        let kind = what.kind();
        let position = self.counts.get_mut(kind).map_or(1, |count| {
            *count += 1;
            *count
        });
        let place = Place { position, ..self.place() };
        (self.each)(Object { place, origin: self.origin.clone(), label, what })
    }

    fn broken(&mut self, what: &'static str, cause: String) -> ControlFlow<()> {
        let error = Error::Malformed { origin: self.origin.clone(), what, cause };
        self.found(What::Broken(error))
    }

    /// Bytes of any kind.
    fn bytes(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        if kubernetes::looks_like_manifest(bytes) && self.within.is_empty() {
            match kubernetes::entries(bytes) {
                Ok(entries) => return self.entries(&entries),
                // Text that only seemed to be one may hold PEM.
                Err(cause) if !pem::looks_like_pem(bytes) => {
                    return self.broken("Kubernetes manifest", cause);
                }
                Err(_) => {}
            }
        }
        if pem::looks_like_pem(bytes) { self.text(bytes, 0) } else { self.der(bytes) }
    }

    fn entries(&mut self, entries: &[kubernetes::Entry]) -> ControlFlow<()> {
        for entry in entries {
            self.within.push(entry.place.clone());
            self.bytes(&entry.bytes)?;
            self.within.pop();
        }
        ControlFlow::Continue(())
    }

    /// Text with blocks of PEM, behind this many lines.
    fn text(&mut self, bytes: &[u8], lines: usize) -> ControlFlow<()> {
        let text = pem::Text::piece(bytes, lines);
        let origin = self.origin.clone();
        for armor in text.armors_behind(lines, &origin) {
            match armor.and_then(|armor| {
                let label = armor.label.clone();
                armor.decode().map_err(|error| pem::Broken { label, error })
            }) {
                Ok(block) => self.block(block)?,
                Err(broken) => self.labelled(What::Broken(broken.error), Some(broken.label))?,
            }
        }
        ControlFlow::Continue(())
    }

    fn block(&mut self, mut block: pem::Block) -> ControlFlow<()> {
        let mut take = || std::mem::take(&mut *block.der);
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => self.found(What::Certificate(take(), Vec::new())),
            "TRUSTED CERTIFICATE" => self.trusted(&block.der),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => self.found(What::Request(take())),
            "X509 CRL" => self.found(What::Crl(take())),
            "PKCS7" | "CMS" => self.pkcs7(&block.der),
            "PKCS12" => self.pkcs12(&block.der),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => self.public_key(&block.der),
            "EC PARAMETERS" => {
                self.curve = Some(take());
                let told = private_parameters(self.curve.as_deref().unwrap_or_default());
                self.found(What::Other(format!("parameters of EC keys{told}")))
            }
            label => match private::Form::of_label(label) {
                Some(form) => {
                    let curve = self.curve.take();
                    self.private_key(|place, passphrase| {
                        private::in_block(form, &block, curve.as_deref(), place, passphrase)
                    })
                }
                None => self.found(What::Other(match label {
                    "DH PARAMETERS" | "X9.42 DH PARAMETERS" => "parameters of Diffie-Hellman".into(),
                    "DSA PARAMETERS" => "parameters of DSA keys".into(),
                    other => format!("a block `{}`", escape(other)),
                })),
            },
        }
    }

    /// A private key, whose passphrase is asked for where it has one.
    fn private_key(
        &mut self,
        tell: impl FnOnce(Place, &mut dyn FnMut() -> Option<Passphrase>) -> KeyReport,
    ) -> ControlFlow<()> {
        let (place, origin, opener) = (self.place(), self.origin, &mut *self.opener);
        let mut fault = None;
        let mut once = || match opener(Locked::Key, origin, 1) {
            Ok(passphrase) => passphrase,
            Err(error) => {
                fault = Some(error);
                None
            }
        };
        let report = tell(place, &mut once);
        self.found(What::Key(report.into()))?;
        match fault {
            Some(error) => self.found(What::Broken(error)),
            None => ControlFlow::Continue(()),
        }
    }

    /// A certificate with openssl's trust settings behind it.
    fn trusted(&mut self, der: &[u8]) -> ControlFlow<()> {
        let mut reader = der::Reader::new(der);
        let certificate = reader.next().map_or(der, |certificate| certificate.raw);
        let trust = reader.next().map(private::openssl_trust).unwrap_or_default();
        self.found(What::Certificate(certificate.to_vec(), trust))
    }

    fn public_key(&mut self, der: &[u8]) -> ControlFlow<()> {
        let place = self.place();
        let report = private::public(der, place.clone()).or_else(|| {
            let (normal, _) = ber::to_der(der)?;
            private::public(&normal, place)
        });
        match report {
            Some(report) => self.found(What::PublicKey(report.into())),
            None => self.broken("public key", "its structure does not hold (RFC 5280 4.1.2.7)".into()),
        }
    }

    /// Bytes that are no PEM.
    fn der(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let normal;
        let mut der = bytes;
        let mut form = form::of(bytes);
        if form.is_none() && bytes.first() == Some(&tag::SEQUENCE) {
            normal = ber::to_der(bytes).map(|(der, _)| der).unwrap_or_default();
            form = form::of(&normal);
            if matches!(form, Some(Form::Private(_) | Form::PublicKey)) {
                der = &normal;
            }
        }
        match form {
            Some(Form::Certificate) => self.found(What::Certificate(bytes.to_vec(), Vec::new())),
            Some(Form::Request) => self.found(What::Request(bytes.to_vec())),
            Some(Form::Crl) => self.found(What::Crl(bytes.to_vec())),
            Some(Form::Pkcs7) => self.pkcs7(bytes),
            Some(Form::Pkcs12) => self.pkcs12(bytes),
            Some(Form::PublicKey) => self.public_key(der),
            Some(Form::Private(form)) => {
                self.private_key(|place, passphrase| private::in_der(form, der, None, place, passphrase))
            }
            // Cut off: whoever reads it says how.
            None if crate::cert::begins_like_certificate(bytes) => {
                self.found(What::Certificate(bytes.to_vec(), Vec::new()))
            }
            None => self.unarmored(bytes),
        }
    }

    /// Text without PEM around it: lines of OpenSSH, or base64 of DER.
    fn unarmored(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let Ok(text) = std::str::from_utf8(bytes) else { return ControlFlow::Continue(()) };
        if let Some(der) = form::bare_base64(text) {
            return if form::of(&der).is_some() { self.der(&der) } else { ControlFlow::Continue(()) };
        }
        for line in text.lines().map(str::trim) {
            if let Some(report) = private::ssh_line(line, self.place()) {
                self.found(What::PublicKey(report.into()))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn pkcs7(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        match crate::pkcs7::Pkcs7::read(bytes) {
            Err(cause) => self.broken("PKCS#7 message", cause),
            Ok(message) => {
                let report = store::of_pkcs7(&message, self.place());
                self.found(What::Store(report.into()))?;
                self.within.push("PKCS#7".into());
                for certificate in message.certificates {
                    self.found(What::Certificate(certificate, Vec::new()))?;
                }
                for crl in message.crls {
                    self.found(What::Crl(crl))?;
                }
                self.within.pop();
                ControlFlow::Continue(())
            }
        }
    }

    fn pkcs12(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        if self.within.len() == DEEPEST {
            return ControlFlow::Continue(());
        }
        let store = match crate::pkcs12::Pkcs12::read(bytes) {
            Ok(store) => store,
            Err(cause) => return self.broken("PKCS#12 store", cause),
        };
        let (password, error) = match store::password(&store, self.origin, self.opener) {
            Ok(password) => (Some(password), None),
            Err(error) => (None, Some(error)),
        };
        let opened = store.open(password.as_ref().map(Passphrase::bytes));
        let report = store::of_pkcs12(&opened, password.is_some(), self.place());
        self.found(What::Store(report.into()))?;
        if let Some(error) = error {
            self.found(What::Broken(error))?;
        }
        self.within.push("PKCS#12".into());
        for bag in opened.safes.into_iter().flat_map(|safe| safe.bags.into_iter().flatten()) {
            let what = store::entry(bag, self.place());
            self.found(what)?;
        }
        self.within.pop();
        ControlFlow::Continue(())
    }
}

/// Which curve parameters name, with a blank before.
fn private_parameters(der: &[u8]) -> String {
    der::text::line(der).map(|line| format!(": {line}")).unwrap_or_default()
}
