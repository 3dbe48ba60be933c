//! What a file holds that ends. Containers are opened by `inspect`, which everything else is read with too.

use std::{
    collections::HashSet,
    io::Read,
    ops::ControlFlow,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use zeroize::Zeroizing;

use super::{
    Options, Trouble,
    item::{Item, Spot},
    walk::Target,
};
use crate::{
    Error,
    cert::{Certificate, MOST_BROKEN},
    crl::Crl,
    inspect::{self, Locked, Object, What},
    origin::Origin,
    pem, source,
};

/// How much of a file is read at first: all of most that hold certificates, and enough to tell what others are.
const HEAD: u64 = 64 << 10;
/// How much of that must be free of zeros.
const TEXT: usize = 4096;
/// A larger file in a directory is read only where its beginning looks like PEM.
const MOST_UNASKED: u64 = 16 << 20;

/// Device and number of a file: two paths with the same lead to one file.
pub(super) type Id = (u64, u64);

/// What came of a file.
#[derive(Default)]
pub(super) struct Outcome {
    /// `None` for standard input, and for what could not be opened
    pub(super) id: Option<Id>,
    /// Whether it was read by another name
    pub(super) again: bool,
    pub(super) items: Vec<Item>,
    pub(super) troubles: Vec<Trouble>,
}

/// Files that somebody reads, or has read.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashSet<Id>>);

impl Seen {
    fn is_new(&self, id: Id) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}

/// Reads a file.
pub(super) fn look_at(target: &Target, options: &Options<'_>, seen: &Seen) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(error) = read(target, options, seen, &mut outcome) {
        outcome.troubles.push(Trouble::of(&error, &target.path));
    }
    let is_empty = outcome.items.is_empty() && outcome.troubles.is_empty();
    if target.named && !outcome.again && is_empty {
        let error = Error::NothingFound { origin: source::origin(&target.path), what: "certificate or CRL" };
        outcome.troubles.push(Trouble::of(&error, &target.path));
    }
    outcome
}

fn read(target: &Target, options: &Options<'_>, seen: &Seen, outcome: &mut Outcome) -> Result<(), Error> {
    let path = &target.path;
    if source::is_stdin(path) {
        return look_into(source::reader(path)?, target, options, outcome);
    }
    let unreadable =
        |cause: std::io::Error| Error::FileUnreadable { path: path.clone(), cause: source::plain(&cause) };
    let mut file = source::open(path)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let id = (metadata.dev(), metadata.ino());
    outcome.id = Some(id);
    // What was named is looked at whatever a directory showed of it: it must hold something.
    if !seen.is_new(id) && !target.named {
        outcome.again = true;
        return Ok(());
    }
    let size = metadata.len();
    let mut head = Zeroizing::new(vec![0; usize::try_from(size.min(HEAD)).unwrap_or(0) + 1]);
    let count = file.read(&mut head).map_err(unreadable)?;
    head.truncate(count);
    if !target.named && !may_hold(&head, size) {
        return Ok(());
    }
    // Of a regular file this was all, which saves a call for each of the many small ones.
    if count as u64 == size && size > 0 {
        look_into_bytes(&head, target, options, outcome);
        return Ok(());
    }
    look_into(head.as_slice().chain(file), target, options, outcome)
}

/// Whether a file in a directory is worth reading, by its beginning: programs, archives and images are not.
fn may_hold(head: &[u8], size: u64) -> bool {
    let is_der = head.first() == Some(&0x30);
    let is_utf16 = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    // Programs and archives hold zeros; text and base64 do not.
    let start = head.get(..head.len().min(TEXT)).unwrap_or_default();
    (is_der || is_utf16 || memchr::memchr(0, start).is_none())
        && (size <= MOST_UNASKED || pem::looks_like_pem(head))
}

/// Takes what is found in a source.
struct Taker<'a> {
    target: &'a Target,
    options: &'a Options<'a>,
    outcome: &'a mut Outcome,
    broken: usize,
}

fn look_into(
    reader: impl Read,
    target: &Target,
    options: &Options<'_>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut taker = Taker { target, options, outcome, broken: 0 };
    let mut opener = opener(options, target.named);
    inspect::examine(reader, &source::origin(&target.path), &mut opener, &mut |object| taker.take(object))
}

fn look_into_bytes(bytes: &[u8], target: &Target, options: &Options<'_>, outcome: &mut Outcome) {
    let mut taker = Taker { target, options, outcome, broken: 0 };
    let mut opener = opener(options, target.named);
    inspect::examine_bytes(bytes, &source::origin(&target.path), &mut opener, &mut |object| {
        taker.take(object)
    });
}

/// Keys tell nothing of an end: nobody is asked for their passphrases.
fn opener(
    options: &Options<'_>,
    named: bool,
) -> impl FnMut(Locked, &Origin, u32) -> Result<Option<crate::key::Passphrase>, Error> {
    move |locked, origin, attempt| match locked {
        Locked::Key => Ok(None),
        Locked::Store => (options.opener)(origin, named, attempt),
    }
}

impl Taker<'_> {
    fn take(&mut self, object: Object) -> ControlFlow<()> {
        let counts = self.counts(&object);
        let spot = |place: &inspect::Place| Spot {
            place: place.source.as_str().into(),
            within: place.within.as_deref().map(Into::into),
            is_server: false,
        };
        let read = match object.what {
            What::Certificate(der, _) => Certificate::from_der(&der, object.origin).map(|certificate| {
                Item::certificate(&certificate, &self.options.filter, spot(&object.place))
            }),
            What::Crl(der) => Crl::partial_from_der(der, object.origin)
                .map(|crl| Item::crl(&crl, &self.options.filter, spot(&object.place))),
            What::Broken(error) if counts => Err(error),
            _ => return ControlFlow::Continue(()),
        };
        match read {
            Ok(item) => self.outcome.items.push(item),
            Err(error) => {
                self.outcome.troubles.push(Trouble::of(&error, &self.target.path));
                self.broken += 1;
            }
        }
        // What is broken so often is no file of certificates.
        if self.broken == MOST_BROKEN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether it matters that something is broken: always in a file that was named, in a directory where it could hold a
    /// certificate or a revocation list.
    fn counts(&self, object: &Object) -> bool {
        const ENDING: [&str; 7] =
            ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CRL", "PKCS7", "CMS", "PKCS12"];
        match (&object.what, &object.label) {
            _ if self.target.named => true,
            (What::Broken(_), Some(label)) => ENDING.contains(&label.as_str()),
            // Every template that becomes a Secret some day would be one.
            (What::Broken(Error::Malformed { what, .. }), None) => {
                !matches!(*what, "public key" | "Kubernetes manifest") || self.holds_encoded_pem(what)
            }
            _ => true,
        }
    }

    /// Whether a manifest that cannot be read has PEM in base64 in it.
    fn holds_encoded_pem(&self, what: &str) -> bool {
        const BEGIN: &[u8] = b"LS0tLS1CRUdJTi";
        what == "Kubernetes manifest" && contains(&self.target.path, BEGIN)
    }
}

fn contains(path: &Path, wanted: &[u8]) -> bool {
    let bytes = source::read(path, MOST_UNASKED).map(Zeroizing::new);
    // One that went away meanwhile is told rather than passed over.
    bytes.map_or(true, |bytes| memchr::memmem::find(&bytes, wanted).is_some())
}
