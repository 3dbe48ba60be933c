//! The matrix of everything that must be refused, driven against a server or a client that is not ours.
//!
//! A server meets the good client and every wrong one ([`server()`]); a client meets the good server and every wrong one
//! ([`client()`]). The wrong ones differ from the good one in one thing each ([`crate::twin`]), and the good one is let in before
//! and after them: so a refusal without a word still says what was refused.

mod ancient;
mod check;
mod client;
mod reason;
mod report;
mod server;

pub use check::{Check, Selection};
pub use client::{ClientAudit, Ran, client};
pub use report::{Audited, Counts, Expected, Report, Row, Status, Verdict};
pub use server::{ServerAudit, server};
