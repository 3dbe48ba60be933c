//! A TLS connection over a blocking socket, never longer than until its deadline.

use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use rustls::{ClientConnection, ProtocolVersion};

use crate::tls::connect::Stream;

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
    stream: Stream,
    tls: ClientConnection,
    first: Vec<u8>,
    buffer: Vec<u8>,
    /// Decrypted, and not yet taken.
    plaintext: Vec<u8>,
    /// When the first of it came.
    heard: Option<Instant>,
}

impl Session {
    pub(super) fn new(stream: Stream, tls: ClientConnection) -> Self {
        Self {
            stream,
            tls,
            first: Vec::new(),
            buffer: vec![0; 16 * 1024],
            plaintext: Vec::new(),
            heard: None,
        }
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
            match self.tls.write_tls(&mut self.stream) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }

    /// Reads what comes next from the socket.
    pub(super) fn receive(&mut self) -> Result<(), Stop> {
        let count = match self.stream.read(&mut self.buffer) {
            Ok(0) => return Err(Stop::Closed { orderly: false }),
            Ok(count) => count,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::Interrupted => Ok(()),
                    io::ErrorKind::TimedOut => Err(Stop::TimedOut),
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
            if self.heard.is_none() && !self.plaintext.is_empty() {
                self.heard = Some(Instant::now());
            }
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

    /// When the first plaintext came.
    pub(super) fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// The plaintext that has come since the last call.
    pub(super) fn take_plaintext(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.plaintext)
    }

    /// Reads and throws away until the peer has said its last word, or for this long.
    pub(super) fn linger(&mut self, limit: Duration) -> Stop {
        self.stream.until(self.stream.deadline().min(Instant::now() + limit));
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
        self.stream.until(Instant::now() + Duration::from_millis(100));
        self.tls.send_close_notify();
        self.flush();
        self.stream.shutdown();
    }
}
