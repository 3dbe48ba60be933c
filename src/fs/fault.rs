//! Faults on purpose, in debug builds only: `PKIT_FAULT=stop:N` ends the process without a word before the N-th change of
//! the disk (half-way through it, if it is a write), `PKIT_FAULT=error:N` makes that change fail as on a full disk.

use std::{
    fs::File,
    io::{self, Write},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Stop,
    Error,
}

/// What was asked for, and at which step.
fn plan() -> Option<(Fault, u64)> {
    static PLAN: OnceLock<Option<(Fault, u64)>> = OnceLock::new();
    *PLAN.get_or_init(|| {
        let text = std::env::var("PKIT_FAULT").ok()?;
        let (kind, number) = text.split_once(':')?;
        let kind = match kind {
            "stop" => Fault::Stop,
            "error" => Fault::Error,
            _ => return None,
        };
        Some((kind, number.parse().ok()?))
    })
}

fn now() -> Option<Fault> {
    static STEPS: AtomicU64 = AtomicU64::new(0);
    let (kind, number) = plan()?;
    (STEPS.fetch_add(1, Ordering::SeqCst) + 1 == number).then_some(kind)
}

fn no_space() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

/// To be passed before every change of the disk.
pub(super) fn step() -> io::Result<()> {
    match now() {
        Some(Fault::Stop) => std::process::abort(),
        Some(Fault::Error) => Err(no_space()),
        None => Ok(()),
    }
}

/// Writes all bytes; as a step, it can end after half of them.
pub(super) fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    let fault = now();
    if fault.is_some() {
        let (half, _) = bytes.split_at(bytes.len() / 2);
        file.write_all(half)?;
    }
    match fault {
        Some(Fault::Stop) => std::process::abort(),
        Some(Fault::Error) => Err(no_space()),
        None => file.write_all(bytes),
    }
}
