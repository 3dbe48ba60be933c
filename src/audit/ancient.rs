//! A server that speaks nothing but a version of TLS that nobody should: it answers a hello with its own, and looks what the client
//! makes of it. Nothing else of the protocol is needed to see whether a client would go on.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error,
    source::plain,
    tls::{Alert, hello::LegacyVersion},
};

/// What a client made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// It sent no hello
    NoHello,
    /// It refused by an alert
    Alert(Alert),
    /// It closed the connection
    Closed,
    /// It went on with the handshake, or waited for us to
    WentOn,
}

/// How long a client may think about it. One that wants to go on waits for the certificate.
const THOUGHT: Duration = Duration::from_secs(2);
/// How often is looked whether it is over.
const PAUSE: Duration = Duration::from_millis(5);
/// Suites that TLS 1.0 and 1.1 have, the better ones first; TLS_RSA_WITH_3DES_EDE_CBC_SHA is the one that all must know (RFC 4346 9).
const SUITES: [u16; 7] = [0xc014, 0xc013, 0xc00a, 0xc009, 0x0035, 0x002f, 0x000a];

pub(super) struct Ancient {
    pub(super) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<Reaction>>,
}

impl Ancient {
    /// Listens on a free port of the loopback address.
    pub(super) fn start(version: LegacyVersion) -> Result<Self, Error> {
        let failed =
            |error: io::Error| Error::ListenFailed { address: "127.0.0.1:0".into(), cause: plain(&error) };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut reactions = Vec::new();
            loop {
                match listener.accept() {
                    Ok((stream, _)) => reactions.push(meet(stream, version).unwrap_or(Reaction::Closed)),
                    // Whoever came before the end is still met.
                    Err(_) if stopped.load(Ordering::SeqCst) => return reactions,
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        });
        Ok(Self { address, stop, thread })
    }

    /// What the clients made of it that came until now.
    pub(super) fn end(self) -> Vec<Reaction> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap_or_default()
    }
}

fn meet(mut stream: TcpStream, version: LegacyVersion) -> io::Result<Reaction> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(THOUGHT))?;
    stream.set_write_timeout(Some(THOUGHT))?;
    let Some(offered) = hello(&mut stream)? else { return Ok(Reaction::NoHello) };
    let chosen = SUITES.into_iter().find(|suite| offered.contains(suite));
    let Some(suite) = chosen.or_else(|| offered.first().copied()) else { return Ok(Reaction::NoHello) };
    let number = [3, version as u8];
    let mut body = vec![2, 0, 0, 38];
    body.extend(number);
    // Its time and randomness matter to nobody, because nothing comes after it.
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(0);
    let mut record = vec![22];
    record.extend(number);
    record.extend([0, 42]);
    record.extend(body);
    stream.write_all(&record)?;
    let begun = Instant::now();
    let mut head = [0; 7];
    match stream.read_exact(&mut head) {
        Ok(()) => Ok(match head {
            [21, 3, _, 0, 2, _, number] => Reaction::Alert(Alert::from_number(number)),
            _ => Reaction::WentOn,
        }),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Ok(if begun.elapsed() >= THOUGHT / 2 { Reaction::WentOn } else { Reaction::Closed })
        }
        Err(error) => Err(error),
    }
}

/// The suites of a ClientHello (RFC 8446 4.1.2), without those that are none (RFC 8701, RFC 5746).
fn hello(stream: &mut TcpStream) -> io::Result<Option<Vec<u16>>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [22, 3, _, high, low] = head else { return Ok(None) };
    let mut message = vec![0; usize::from(u16::from_be_bytes([high, low])).min(1 << 14)];
    stream.read_exact(&mut message)?;
    Ok(suites(&message))
}

fn suites(message: &[u8]) -> Option<Vec<u16>> {
    // Type, length, version and randomness come before the session.
    let (session, rest) = message.get(38..)?.split_first()?;
    let (length, rest) = rest.get(usize::from(*session)..)?.split_first_chunk::<2>()?;
    let listed = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let (pairs, _) = listed.as_chunks::<2>();
    let known = |suite: &u16| suite & 0x0f0f != 0x0a0a && *suite != 0x00ff;
    Some(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).filter(known).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::hello::{Answer, spoken};

    #[test]
    fn its_hello_is_read_as_one() {
        for version in [LegacyVersion::Tls10, LegacyVersion::Tls11] {
            let server = Ancient::start(version).unwrap();
            let deadline = Instant::now() + Duration::from_secs(10);
            let answer = spoken(server.address, None, version, deadline).unwrap();
            let Answer::Accepted { version: chosen, .. } = answer else { panic!("{answer:?}") };
            assert_eq!(chosen, version);
            assert_eq!(server.end(), [Reaction::Closed]);
        }
    }
}
