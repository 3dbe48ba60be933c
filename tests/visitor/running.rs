//! A server that runs in this process for as long as something is done with it.

use std::{net::SocketAddr, sync::Mutex};

use pkit::tls::serve::{ConnectionReport, Server, Summary};

/// Serves while `body` runs, and returns what was reported.
pub(crate) fn while_running<T>(
    server: Server,
    body: impl FnOnce(SocketAddr) -> T,
) -> (T, Vec<ConnectionReport>, Summary) {
    let (address, stopper) = (server.address(), server.stopper());
    let reports = Mutex::new(Vec::new());
    let (outcome, summary) = std::thread::scope(|scope| {
        let thread =
            scope.spawn(|| server.run(&|report| reports.lock().unwrap().push(report.clone())).unwrap());
        // A failed assertion in the body must not wait for ever for a server that nobody stops.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(address)));
        stopper.stop();
        (outcome, thread.join().unwrap())
    });
    let outcome = outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // They are told in the order in which they end, which two workers do not agree on.
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|report| report.number);
    (outcome, reports, summary)
}
