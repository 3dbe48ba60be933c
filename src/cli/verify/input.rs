//! What is judged, and by what: files and the PKI directory.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Args;
use crate::{
    Error,
    cert::{Certificate, Piece, Pieces},
    crl::Crl,
    inspect::unpack,
    origin::Origin,
    pem, source,
    store::{Shelf, Store},
};

/// What all leaves have in common.
pub(super) struct Input {
    pub(super) anchors: Vec<Certificate>,
    pub(super) intermediates: Vec<Certificate>,
    /// `None` where revocation is not asked about.
    pub(super) crls: Option<Vec<Crl>>,
    /// What was passed over.
    pub(super) notices: Vec<String>,
    /// The PKI directory, for names.
    pki: PathBuf,
    /// Whether the roots were named.
    exclusive: bool,
}

/// One leaf.
pub(super) struct Leaf {
    /// The leaf and what came with it; empty where the leaf is damaged.
    pub(super) chain: Vec<Certificate>,
    /// The roots of a leaf in the PKI directory, unless others were named.
    pub(super) anchors: Option<Vec<Certificate>>,
    /// What is wrong with a damaged leaf, and where it is.
    pub(super) damage: Option<(Origin, String)>,
    /// The directory that it was read from.
    pub(super) directory: Option<PathBuf>,
    /// What is unusual about the file. Escaped for a terminal.
    pub(super) note: Option<String>,
}

impl Input {
    pub(super) fn read(args: &Args) -> Result<Self, Error> {
        let mut notices = Vec::new();
        let mut anchors = Vec::new();
        for path in &args.roots {
            anchors.extend(read_roots(path)?);
        }
        if args.system_roots {
            anchors = system_roots()?;
        }
        let mut intermediates = Vec::new();
        for path in &args.intermediates {
            let Chain { certificates: mut found, broken, .. } = read_chain(path)?;
            intermediates.append(&mut found);
            notices.extend(
                broken.into_iter().map(|(origin, cause)| format!("{origin} is passed over: {cause}")),
            );
        }
        let crls = match args.crl.as_slice() {
            [] => None,
            paths => {
                let mut crls = Vec::new();
                for path in paths {
                    read_crls(path, &mut crls, &mut notices)?;
                }
                Some(crls)
            }
        };
        let exclusive = args.system_roots || !args.roots.is_empty();
        Ok(Self { anchors, intermediates, crls, notices, pki: args.pki.pki.clone(), exclusive })
    }
}

impl Leaf {
    /// The leaf in a file, or else of this name in the PKI directory.
    pub(super) fn read(given: &Path, input: &Input) -> Result<Self, Error> {
        let name = given.to_str().filter(|_| !source::is_stdin(given) && !given.exists());
        if let Some(name) =
            name.filter(|name| crate::store::directory_name(name).is_ok() && input.pki.is_dir())
        {
            let store = Store::open(&input.pki)?;
            if input.exclusive && store.current(Shelf::Live, name)?.is_none() {
                return Err(Error::FileNotFound { path: given.to_owned() });
            }
            let leaf = store.leaf(name)?;
            return Ok(Self {
                chain: leaf.fullchain,
                anchors: (!input.exclusive).then_some(leaf.anchors),
                damage: None,
                directory: None,
                note: None,
            });
        }
        let Chain { certificates: chain, broken, is_ordered } = read_chain(given)?;
        if !input.exclusive {
            let problem =
                "nobody is trusted: name the roots with --roots FILE, or take --system-roots".into();
            return Err(Error::Usage { problem });
        }
        // Without its first certificate a file holds no leaf, whatever follows.
        let first = chain.first().and_then(|leaf| leaf.origin().position()).unwrap_or(1);
        let damage = broken.into_iter().next().filter(|(origin, _)| {
            chain.is_empty() || origin.position().is_some_and(|position| position < first)
        });
        let mut chain = if damage.is_some() { Vec::new() } else { chain };
        let note = put_leaf_first(&mut chain, is_ordered);
        let directory = (!source::is_stdin(given)).then(|| {
            let parent = given.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new(".")).to_owned()
        });
        Ok(Self { chain, anchors: None, damage, directory, note })
    }
}

/// A file that begins with a CA and holds one leaf is a chain in another order, and asks about that leaf. The note says so, or
/// that there are leaves that are not judged.
fn put_leaf_first(chain: &mut [Certificate], is_ordered: bool) -> Option<String> {
    let leaves: Vec<usize> =
        chain.iter().enumerate().filter_map(|(index, one)| (!one.is_ca()).then_some(index)).collect();
    match *leaves.as_slice() {
        [index] if index > 0 => {
            chain.get_mut(..=index)?.rotate_right(1);
            let leaf = chain.first()?.origin();
            is_ordered.then(|| {
                format!("{leaf} is the leaf: servers and clients send it first; pkit bundle puts it in order")
            })
        }
        [] | [_] => None,
        _ => {
            let first = chain.first()?.origin();
            let others = leaves.iter().filter(|index| **index > 0).count();
            Some(format!(
                "only {first} is judged; there {} of servers or clients behind it: give each a file of its own",
                if others == 1 {
                    "is another certificate".into()
                } else {
                    format!("are {others} other certificates")
                },
            ))
        }
    }
}

type Damage = (Origin, String);

/// What a file holds.
struct Chain {
    certificates: Vec<Certificate>,
    /// Those that cannot be read as such
    broken: Vec<Damage>,
    /// Whether they are in an order that somebody chose, and not in that of a store
    is_ordered: bool,
}

fn read_chain(path: &Path) -> Result<Chain, Error> {
    let origin = source::origin(path);
    let given = Zeroizing::new(source::read(path, source::LARGE)?);
    let unpacked = unpack(&given, &origin)?;
    let is_ordered = unpacked.is_none();
    let bytes = unpacked.unwrap_or(given);
    let (mut chain, mut broken) = (Vec::new(), Vec::new());
    for piece in Pieces::new(&bytes, origin.clone()).iter() {
        match piece {
            Piece::Certificate(certificate) => chain.push(certificate),
            Piece::Broken { is_certificate: true, error: Error::Malformed { origin, cause, .. } } => {
                broken.push((origin, cause));
            }
            Piece::Broken { error, .. } => return Err(error),
            Piece::Other { .. } => {}
        }
    }
    if chain.is_empty() && broken.is_empty() {
        return Err(Error::NothingFound { origin, what: "certificate" });
    }
    Ok(Chain { certificates: chain, broken, is_ordered })
}

/// The certificates of a file, to be trusted. One that is a CA's by nothing but its place — it names itself as its issuer and
/// does not say that it is none — is taken, and judged; a leaf is an error.
fn read_roots(path: &Path) -> Result<Vec<Certificate>, Error> {
    let origin = source::origin(path);
    let given = Zeroizing::new(source::read(path, source::LARGE)?);
    let bytes = unpack(&given, &origin)?.unwrap_or(given);
    let roots = crate::cert::decode_certificates(&bytes, &origin)?;
    let unfit =
        |root: &&Certificate| !root.is_ca() && (root.basic_constraints().is_some() || !root.is_self_issued());
    match roots.iter().find(unfit) {
        Some(leaf) => Err(Error::AnchorNotCa { origin: leaf.origin().clone(), subject: leaf.title() }),
        None => Ok(roots),
    }
}

/// The roots of the system; those that cannot be read are not trusted.
fn system_roots() -> Result<Vec<Certificate>, Error> {
    let origin = Origin::named("roots of this system");
    let found = rustls_native_certs::load_native_certs().certs;
    let count = found.len();
    let read = found.iter().enumerate();
    let roots: Vec<_> = read
        .filter_map(|(index, der)| Certificate::from_der(der, origin.nth(index + 1, count)).ok())
        .filter(|root| root.is_ca() || root.is_self_issued())
        .collect();
    match roots.is_empty() {
        true => Err(Error::NothingFound { origin, what: "certificate" }),
        false => Ok(roots),
    }
}

/// The CRLs of a file. One whose meaning is not understood says nothing (RFC 5280 5.2), and is told.
fn read_crls(path: &Path, crls: &mut Vec<Crl>, notices: &mut Vec<String>) -> Result<(), Error> {
    let origin = source::origin(path);
    let bytes = source::read(path, source::LARGE)?;
    let mut found = Vec::new();
    if pem::looks_like_pem(&bytes) {
        let blocks = pem::blocks(&bytes, &origin)?;
        found.extend(
            blocks.into_iter().filter(|block| block.label == "X509 CRL").map(|block| block.der.to_vec()),
        );
    } else if bytes.first() == Some(&0x30) {
        found.push(bytes);
    }
    let count = found.len();
    if count == 0 {
        return Err(Error::NothingFound { origin, what: "CRL" });
    }
    for (index, der) in found.into_iter().enumerate() {
        match Crl::partial_from_der(der, origin.nth(index + 1, count)) {
            Ok(crl) => crls.push(crl),
            Err(Error::Malformed { origin, cause, .. }) => {
                notices.push(format!("the CRL {origin} says nothing: {cause}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
