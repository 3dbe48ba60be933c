//! Sources of any size: what is small is held as a whole and counted first, a large file of PEM is taken apart piece by piece.

use std::{io::Read, ops::ControlFlow};

use zeroize::Zeroizing;

use super::{Finder, Object, Opener, What};
use crate::{Error, der::tag, kubernetes, origin::Origin, pem, source};

/// Sources of up to this many bytes are held as a whole.
const HELD: u64 = source::SMALL;

/// Finds everything in a source, in order. Of sources that hold more than 1 MiB of PEM, a part at a time is in memory;
/// anything else is held, up to [`source::LARGE`]. Nothing is not an error here.
///
/// # Errors
/// [`Error::FileUnreadable`], [`Error::FileTooLarge`].
pub fn examine(
    mut reader: impl Read,
    origin: &Origin,
    opener: &mut Opener<'_>,
    each: &mut dyn FnMut(Object) -> ControlFlow<()>,
) -> Result<(), Error> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    let unreadable =
        |cause| Error::FileUnreadable { path: origin.place().into(), cause: source::plain(&cause) };
    (&mut reader).take(HELD + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > HELD {
        match size(&bytes) {
            Size::Pieces => {
                return pieces(bytes.as_slice().chain(reader), origin, finder(origin, opener, each));
            }
            Size::Whole => {
                reader.take(source::LARGE - HELD).read_to_end(&mut bytes).map_err(unreadable)?;
                if bytes.len() as u64 > source::LARGE {
                    return Err(Error::FileTooLarge { path: origin.place().into(), limit: source::LARGE });
                }
            }
            Size::Nothing => return Ok(()),
        }
    }
    examine_bytes(&bytes, origin, opener, each);
    Ok(())
}

/// As [`examine`], of bytes that are all there.
pub fn examine_bytes(
    bytes: &[u8],
    origin: &Origin,
    opener: &mut Opener<'_>,
    each: &mut dyn FnMut(Object) -> ControlFlow<()>,
) {
    let mut objects = Vec::new();
    let mut keep = |object| {
        objects.push(object);
        ControlFlow::Continue(())
    };
    let _ = finder(origin, opener, &mut keep).bytes(bytes);
    let mut counts = [0; 8];
    for object in &objects {
        if let Some(count) = counts.get_mut(object.what.kind()) {
            *count += 1;
        }
    }
    for mut object in objects {
        let count = counts.get(object.what.kind()).copied().unwrap_or(1);
        object.place.of = Some(count);
        if !matches!(object.what, What::Broken(_)) {
            object.origin = object.origin.nth(object.place.position, count);
        }
        if each(object).is_break() {
            break;
        }
    }
}

/// How a large source is read.
enum Size {
    /// As text, a piece at a time
    Pieces,
    /// All of it
    Whole,
    /// No further, because it begins like nothing that is known
    Nothing,
}

fn size(head: &[u8]) -> Size {
    let is_der = matches!(head, [tag::SEQUENCE, length, ..] if *length >= 0x80);
    if kubernetes::looks_like_manifest(head) || pem::is_utf16(head) {
        Size::Whole
    } else if pem::looks_like_pem(head) {
        Size::Pieces
    } else if is_der {
        Size::Whole
    } else if head.contains(&0) {
        Size::Nothing
    } else {
        Size::Pieces
    }
}

fn pieces(text: impl Read, origin: &Origin, mut finder: Finder<'_, '_>) -> Result<(), Error> {
    let mut chunks = pem::Chunks::new(text);
    while let Some(chunk) = chunks.next(origin)? {
        if finder.text(&chunk.text, chunk.line).is_break() {
            break;
        }
    }
    Ok(())
}

fn finder<'a, 'o>(
    origin: &'a Origin,
    opener: &'a mut Opener<'o>,
    each: &'a mut dyn FnMut(Object) -> ControlFlow<()>,
) -> Finder<'a, 'o> {
    Finder { origin, opener, each, counts: [0; 8], within: Vec::new(), curve: None }
}
