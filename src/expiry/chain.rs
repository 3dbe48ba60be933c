//! When chains stop working: as soon as the first certificate on the way to the root ends.
//!
//! A certificate that is renewed or cross-signed has several ways up, of which the one that lasts longest counts — but
//! whoever reads a file, or asks a server, gets what is in there: an issuer that lies beside a certificate is the one that
//! counts. Who issued what is told by names and key identifiers; signatures are the business of `verify`.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::item::{Item, Kind};
use crate::{cert::Role, name::Name};

/// When it is over, and with which certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    pub(super) end: OffsetDateTime,
    /// Position of the certificate that ends then
    pub(super) cause: usize,
}

/// Longer chains are not built by anybody.
const MOST_ROUNDS: usize = 16;

/// The outlooks of the CAs that have one name.
#[derive(Default)]
struct Namesakes<'a> {
    /// By key identifier; `None` for those without
    by_key: HashMap<Option<&'a [u8]>, Option<Outlook>>,
    /// Of all of them
    best: Option<Outlook>,
}

/// The CAs among some items, by name.
struct Issuers<'a> {
    by_name: HashMap<&'a Name, Namesakes<'a>>,
}

impl<'a> Issuers<'a> {
    fn new(items: &'a [Box<Item>], authorities: &[(usize, Option<Outlook>)]) -> Self {
        let mut by_name: HashMap<&Name, Namesakes<'_>> = HashMap::new();
        for &(index, outlook) in authorities {
            let Some(Item { kind: Kind::Certificate { subject, key, .. }, .. }) =
                items.get(index).map(|item| &**item)
            else {
                continue;
            };
            let namesakes = by_name.entry(subject).or_default();
            namesakes.best = longer(namesakes.best, outlook);
            let best = namesakes.by_key.entry(key.as_deref()).or_default();
            *best = longer(*best, outlook);
        }
        Self { by_name }
    }

    /// The best outlook of those that may have issued it; the outer `None` where there is no such CA.
    fn above(&self, item: &Item) -> Option<Option<Outlook>> {
        let namesakes = self.by_name.get(item.issuer())?;
        match item.authority.as_deref() {
            None => Some(namesakes.best),
            Some(key) => {
                let keys = [Some(key), None];
                keys.iter().filter_map(|key| namesakes.by_key.get(key)).copied().reduce(longer)
            }
        }
    }
}

fn longer(one: Option<Outlook>, two: Option<Outlook>) -> Option<Outlook> {
    match (one, two) {
        (Some(one), Some(two)) if two.end > one.end => Some(two),
        (None, two) => two,
        (one, _) => one,
    }
}

fn shorter(one: Outlook, two: Outlook) -> Outlook {
    if two.end < one.end { two } else { one }
}

/// The outlooks of some CAs among themselves; `beyond` is that of one whose issuer is not among them.
fn settle(
    items: &[Box<Item>],
    authorities: &[usize],
    beyond: impl Fn(usize) -> Outlook,
) -> Vec<(usize, Option<Outlook>)> {
    let mut outlooks: Vec<(usize, Option<Outlook>)> =
        authorities.iter().map(|&index| (index, None)).collect();
    // From the roots down: each round carries what is known one step further.
    for _ in 0..MOST_ROUNDS {
        let issuers = Issuers::new(items, &outlooks);
        let next: Vec<_> = authorities
            .iter()
            .map(|&index| {
                let Some(item) = items.get(index) else { return (index, None) };
                let own = Outlook { end: item.validity.not_after, cause: index };
                let outlook = match issuers.above(item) {
                    _ if item.role() == Some(Role::Root) => Some(own),
                    None => Some(beyond(index)),
                    Some(above) => above.map(|above| shorter(own, above)),
                };
                (index, outlook)
            })
            .collect();
        if next == outlooks {
            break;
        }
        outlooks = next;
    }
    // CAs that certify each other, and no root.
    for (index, outlook) in &mut outlooks {
        if outlook.is_none() {
            *outlook = items.get(*index).map(|item| Outlook { end: item.validity.not_after, cause: *index });
        }
    }
    outlooks
}

/// The outlook of each item, and the file or server that has the chain it is of. `groups` are the items of each such place
/// that holds several.
pub(super) fn outlooks<'g>(
    items: &[Box<Item>],
    groups: &'g [(Box<str>, Vec<usize>)],
) -> Vec<(Outlook, Option<&'g str>)> {
    let own = |index: usize| Outlook {
        end: items.get(index).map_or(OffsetDateTime::UNIX_EPOCH, |item| item.validity.not_after),
        cause: index,
    };
    let is_ca = |index: &usize| items.get(*index).is_some_and(|item| item.is_ca());
    let authorities: Vec<usize> = (0..items.len()).filter(is_ca).collect();
    let settled = settle(items, &authorities, own);
    let issuers = Issuers::new(items, &settled);
    let mut outlooks: Vec<Outlook> = items
        .iter()
        .enumerate()
        .map(|(index, item)| match issuers.above(item).flatten() {
            Some(above) if item.role().is_some() => shorter(own(index), above),
            _ => own(index),
        })
        .collect();
    for (index, outlook) in settled {
        if let (Some(known), Some(outlook)) = (outlooks.get_mut(index), outlook) {
            *known = outlook;
        }
    }
    let everywhere = |index: usize| outlooks.get(index).copied().unwrap_or_else(|| own(index));
    let mut beside: HashMap<usize, (Outlook, &str)> = HashMap::new();
    for (place, members) in groups {
        let authorities: Vec<usize> = members.iter().copied().filter(is_ca).collect();
        let settled = settle(items, &authorities, everywhere);
        let issuers = Issuers::new(items, &settled);
        for &index in members {
            let Some(item) = items.get(index).filter(|item| !matches!(item.role(), None | Some(Role::Root)))
            else {
                continue;
            };
            let Some(above) = issuers.above(item).flatten() else { continue };
            let here = (shorter(own(index), above), &**place);
            let known = beside.entry(index).or_insert(here);
            if here.0.end < known.0.end {
                *known = here;
            }
        }
    }
    let all = 0..items.len();
    all.map(|index| match beside.get(&index) {
        Some((outlook, place)) => (*outlook, Some(*place)),
        None => (everywhere(index), None),
    })
    .collect()
}
