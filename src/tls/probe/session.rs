//! A TLS connection over a blocking socket, never longer than until its deadline.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use rustls::{ClientConnection, ProtocolVersion};

/// Bytes of the peer that are kept to see what it speaks where it does not speak TLS.
const FIRST: usize = 64;

/// Why nothing more is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// All is known.
    Enough,
    /// The peer closed; orderly means with close_notify.
    Closed {
        /// Whether TLS was ended before TCP was
        orderly: bool,
    },
    /// The peer reset the connection.
    Reset,
    /// The time is over.
    TimedOut,
    /// rustls gave up: an alert, our own refusal, or anything that is not TLS.
    Tls(rustls::Error),
}

pub(super) struct Session {
    stream: TcpStream,
    tls: ClientConnection,
    deadline: Instant,
    first: Vec<u8>,
    buffer: Vec<u8>,
    /// Decrypted, and not yet taken.
    plaintext: Vec<u8>,
}

impl Session {
    pub(super) fn new(stream: TcpStream, tls: ClientConnection, deadline: Instant) -> Self {
        Self { stream, tls, deadline, first: Vec::new(), buffer: vec![0; 16 * 1024], plaintext: Vec::new() }
    }

    pub(super) fn tls(&self) -> &ClientConnection {
        &self.tls
    }

    pub(super) fn is_tls13(&self) -> bool {
        self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    /// Session tickets that the server sent.
    pub(super) fn tickets(&self) -> u32 {
        self.tls.tls13_tickets_received()
    }

    /// The first bytes that the peer sent.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// Makes the handshake as far as a client can: under TLS 1.3, the server has judged nothing yet.
    pub(super) fn handshake(&mut self) -> Result<(), Stop> {
        while self.tls.is_handshaking() {
            self.flush();
            self.receive()?;
        }
        self.flush();
        Ok(())
    }

    /// Sends plaintext. That it cannot be sent is no news: the reason is in what the peer sent before, so read on.
    pub(super) fn send(&mut self, text: &[u8]) {
        let _ = self.tls.writer().write_all(text);
        self.flush();
    }

    fn flush(&mut self) {
        while self.tls.wants_write() {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let outcome = self
                .stream
                .set_write_timeout(Some(left.max(Duration::from_millis(1))))
                .and_then(|()| self.tls.write_tls(&mut self.stream));
            match outcome {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }

    /// Reads what comes next from the socket.
    pub(super) fn receive(&mut self) -> Result<(), Stop> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stop::TimedOut);
        }
        let limited = self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))));
        let count = match limited.and_then(|()| self.stream.read(&mut self.buffer)) {
            Ok(0) => return Err(Stop::Closed { orderly: false }),
            Ok(count) => count,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::Interrupted => Ok(()),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(Stop::TimedOut),
                    _ => Err(Stop::Reset),
                };
            }
        };
        let bytes = self.buffer.get(..count).unwrap_or_default();
        self.first.extend(bytes.iter().take(FIRST - self.first.len().min(FIRST)));
        let mut rest = bytes;
        while !rest.is_empty() {
            let fed = self.tls.read_tls(&mut rest);
            let processed = self.tls.process_new_packets();
            // Taken at once, so that rustls' buffer never fills. An error means only that there is no more for now.
            let _ = self.tls.reader().read_to_end(&mut self.plaintext);
            match processed {
                Ok(state) if state.peer_has_closed() => return Err(Stop::Closed { orderly: true }),
                Ok(_) => {}
                Err(error) => {
                    // The alert that says why we give up.
                    self.flush();
                    return Err(Stop::Tls(error));
                }
            }
            if !matches!(fed, Ok(1..)) {
                return Err(Stop::Tls(rustls::Error::General("it takes no more data".to_owned())));
            }
        }
        Ok(())
    }

    /// The plaintext that has come since the last call.
    pub(super) fn take_plaintext(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.plaintext)
    }

    /// Reads and throws away until the peer has said its last word, or for this long.
    pub(super) fn linger(&mut self, limit: Duration) -> Stop {
        self.deadline = self.deadline.min(Instant::now() + limit);
        loop {
            match self.receive() {
                Ok(()) => drop(self.take_plaintext()),
                Err(Stop::TimedOut | Stop::Closed { .. }) => return Stop::Enough,
                Err(stop) => return stop,
            }
        }
    }

    /// Ends the connection in order.
    pub(super) fn close(mut self) {
        self.deadline = Instant::now() + Duration::from_millis(100);
        self.tls.send_close_notify();
        self.flush();
        // It may be gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
