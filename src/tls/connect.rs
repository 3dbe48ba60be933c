//! From a host name, or the path of a Unix socket, to a connection that is never waited for longer than until a deadline.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde::{Serialize, Serializer};

use crate::{Error, name::escape, source::plain};

/// Where a server is, however it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address; nothing is resolved
    Address(SocketAddr),
    /// A host, by DNS name or IP address without brackets, and its port
    Host(String, u16),
    /// A Unix socket
    Unix(PathBuf),
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

/// What a connection was made to. In JSON the text of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP
    Tcp(SocketAddr),
    /// A Unix socket
    Unix(PathBuf),
}

/// `127.0.0.1:8443`, `unix:/run/x.sock`. Escaped.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", escape(&path.to_string_lossy())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Place {
    /// All that it may mean.
    pub(super) fn resolve(&self, deadline: Instant) -> Result<Vec<Address>, Error> {
        match self {
            Self::Address(address) => Ok(vec![Address::Tcp(*address)]),
            Self::Host(host, port) => {
                Ok(resolve(host, *port, deadline)?.into_iter().map(Address::Tcp).collect())
            }
            Self::Unix(path) => Ok(vec![Address::Unix(path.clone())]),
        }
    }
}

/// All addresses of a host. The system's resolver knows no time limit, so it runs beside and may be left behind.
fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    let failed = |cause: String| Error::ResolveFailed { host: host.to_owned(), cause };
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let found =
        beside(deadline, move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    match found {
        Some(Ok(addresses)) if addresses.is_empty() => Err(failed("it has no address".to_owned())),
        Some(Ok(addresses)) => Ok(addresses),
        Some(Err(error)) => Err(failed(resolver_words(&error))),
        None => Err(failed(NO_ANSWER.to_owned())),
    }
}

const NO_ANSWER: &str = "no answer came within the time limit";

/// Does what knows no time limit of its own, and leaves it behind when the time is over.
fn beside<T: Send + 'static>(deadline: Instant, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more where the time is over.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// `failed to lookup address information: Name or service not known` → the second half.
fn resolver_words(error: &io::Error) -> String {
    let text = plain(error);
    text.split_once("information: ").map_or(text.clone(), |(_, cause)| cause.to_lowercase())
}

/// Connects to the first address that answers; each gets its share of the time.
pub(super) fn connect(addresses: &[Address], deadline: Instant) -> Result<(Stream, Address), Error> {
    let mut failures: Vec<(&Address, String)> = Vec::new();
    let mut late = 0;
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let rest = u32::try_from(addresses.len() - index).unwrap_or(1);
        // A duration of zero is an error of its own.
        let share = (left / rest).max(Duration::from_millis(1));
        match open(address, share) {
            Ok(socket) => return Ok((Stream { socket, deadline }, address.clone())),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                late += 1;
                failures.push((address, NO_ANSWER.to_owned()));
            }
            Err(error) => failures.push((address, plain(&error))),
        }
    }
    let tried: Vec<String> = failures.iter().map(|(address, _)| address.to_string()).collect();
    let mut causes: Vec<String> = failures.into_iter().map(|(_, cause)| cause).collect();
    causes.dedup();
    if late > 0 && late == tried.len() {
        return Err(Error::ConnectTimedOut { address: tried.join(", ") });
    }
    Err(Error::ConnectFailed { address: tried.join(", "), cause: causes.join("; ") })
}

fn open(address: &Address, limit: Duration) -> io::Result<Socket> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, limit)?;
            let _ = stream.set_nodelay(true);
            Ok(Socket::Tcp(stream))
        }
        Address::Unix(path) => {
            let path: PathBuf = Path::new(path).to_owned();
            let opened = beside(Instant::now() + limit, move || UnixStream::connect(path));
            opened.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map(Socket::Unix)
        }
    }
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A blocking connection with a deadline: what would wait longer is an error of the kind `TimedOut`.
pub(super) struct Stream {
    socket: Socket,
    deadline: Instant,
}

impl Stream {
    /// Lets it wait until then.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends both directions. It may be gone already.
    pub(super) fn shutdown(&self) {
        let _ = match &self.socket {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// What is left of the time.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left()?;
        let read = match &mut self.socket {
            Socket::Tcp(stream) => stream.set_read_timeout(left).and_then(|()| stream.read(buffer)),
            Socket::Unix(stream) => stream.set_read_timeout(left).and_then(|()| stream.read(buffer)),
        };
        read.map_err(in_time)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left()?;
        let written = match &mut self.socket {
            Socket::Tcp(stream) => stream.set_write_timeout(left).and_then(|()| stream.write(bytes)),
            Socket::Unix(stream) => stream.set_write_timeout(left).and_then(|()| stream.write(bytes)),
        };
        written.map_err(in_time)
    }

    /// Many records in one call.
    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let left = self.left()?;
        let written = match &mut self.socket {
            Socket::Tcp(stream) => stream.set_write_timeout(left).and_then(|()| stream.write_vectored(parts)),
            Socket::Unix(stream) => {
                stream.set_write_timeout(left).and_then(|()| stream.write_vectored(parts))
            }
        };
        written.map_err(in_time)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sockets call the end of a time limit by two names.
fn in_time(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

/// Why a socket gave nothing.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NO_ANSWER.into(),
        io::ErrorKind::UnexpectedEof => "it closed the connection".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "it reset the connection".into(),
        _ => plain(error),
    }
}
