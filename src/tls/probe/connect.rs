//! From a host name to a connection, within a time limit.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{Error, source::plain};

/// All addresses of a host. The system's resolver knows no time limit, so it runs beside and may be left behind.
pub(in crate::tls) fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    let failed = |cause: String| Error::ResolveFailed { host: host.to_owned(), cause };
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody waits any more where the time is over.
        let _ = sender.send(found);
    });
    let limit = deadline.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(limit) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed("it has no address".to_owned())),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(failed(resolver_words(&error))),
        Err(_) => Err(failed("no answer came within the time limit".to_owned())),
    }
}

/// `failed to lookup address information: Name or service not known` → the second half.
fn resolver_words(error: &io::Error) -> String {
    let text = plain(error);
    text.split_once("information: ").map_or(text.clone(), |(_, cause)| cause.to_lowercase())
}

/// Connects to the first address that answers; each gets its share of the time.
pub(in crate::tls) fn connect(
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<(TcpStream, SocketAddr), Error> {
    let mut failures: Vec<(SocketAddr, String)> = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let rest = u32::try_from(addresses.len() - index).unwrap_or(1);
        // A duration of zero is an error of its own.
        let share = (left / rest).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok((stream, *address));
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                failures.push((*address, "no answer came within the time limit".to_owned()));
            }
            Err(error) => failures.push((*address, plain(&error))),
        }
    }
    let tried: Vec<String> = failures.iter().map(|(address, _)| address.to_string()).collect();
    let mut causes: Vec<String> = failures.into_iter().map(|(_, cause)| cause).collect();
    causes.dedup();
    Err(Error::ConnectFailed { address: tried.join(", "), cause: causes.join("; ") })
}
