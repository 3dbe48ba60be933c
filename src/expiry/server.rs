//! What servers show, many of them at once.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    Options, Trouble,
    item::{Item, Spot},
};
use crate::{
    cert::Certificate,
    name::escape,
    origin::Origin,
    tls::fetch::{Target, fetch},
};

/// What came of a server.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) items: Vec<Item>,
    pub(super) troubles: Vec<Trouble>,
}

/// `host:443`, `[::1]:443`
pub(super) fn endpoint(target: &Target) -> String {
    let Target { host, port, .. } = target;
    let host = escape(host);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Threads that ask at a time, whatever is wanted: each may leave one more behind, which waits for a resolver.
const MOST_PARALLEL: usize = 1024;

/// Asks all of them, so many at a time; the answers are in the order of the targets.
pub(super) fn ask(targets: &[&Target], options: &Options<'_>, tick: &(dyn Fn() + Sync)) -> Vec<Answer> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, Answer)>> = Mutex::new(Vec::new());
    let work = || {
        // Whoever is free takes the next one.
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(target) = targets.get(index)
        {
            let answer = look_at(target, options);
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((index, answer));
            tick();
        }
    };
    let wanted = options.parallel.map_or(1, NonZeroUsize::get).min(targets.len()).min(MOST_PARALLEL);
    thread::scope(|scope| {
        for _ in 1..wanted {
            // Where the system gives no more threads, those that are there do it all.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn look_at(target: &Target, options: &Options<'_>) -> Answer {
    let mut answer = Answer::default();
    let place = endpoint(target);
    let chain = match fetch(target, options.clock.clone()) {
        Ok(chain) => chain,
        Err(error) => {
            answer.troubles.push(Trouble::at(&error, place));
            return answer;
        }
    };
    let origin = Origin::named(&place);
    let count = chain.len();
    for (index, der) in chain.iter().enumerate() {
        let spot = Spot { place: place.as_str().into(), within: None, is_server: true };
        match Certificate::from_der(der, origin.nth(index + 1, count)) {
            Ok(certificate) => answer.items.push(Item::certificate(&certificate, &options.filter, spot)),
            Err(error) => answer.troubles.push(Trouble::at(&error, place.clone())),
        }
    }
    answer
}
