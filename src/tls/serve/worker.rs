//! One event loop: accepts, and moves its connections on when their sockets are ready or their time is over.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    net::TcpListener,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker};

use super::{
    ConnectionReport, Outcome, Shared, Summary,
    connection::{Connection, Next},
};
use crate::tls::deadline;

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST: usize = 2;
/// How long accepting pauses where the system has no more descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// How long open connections may go on after the server was told to stop.
const FAREWELL: Duration = Duration::from_millis(900);
/// How long the poll may wait; it counts milliseconds in 32 bits.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// Bytes that are read at once; one buffer for each worker, none for a connection.
const BUFFER: usize = 16 * 1024;

pub(super) struct Worker {
    poll: Poll,
    listener: mio::net::TcpListener,
    shared: Arc<Shared>,
    connections: HashMap<usize, Connection>,
    /// All deadlines, soonest first.
    deadlines: BTreeSet<(Instant, usize)>,
    most: usize,
    next_token: usize,
    /// Whether the listen queue may hold connections that the poll will not announce again.
    pending: bool,
    /// When accepting goes on after the system ran out of descriptors.
    paused: Option<Instant>,
    /// When the last connections are cut off, once the server was told to stop.
    farewell: Option<Instant>,
    summary: Summary,
}

impl Worker {
    pub(super) fn new(listener: TcpListener, shared: Arc<Shared>, most: usize) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let worker = Self {
            poll,
            listener,
            shared,
            connections: HashMap::new(),
            deadlines: BTreeSet::new(),
            most: most.max(1),
            next_token: FIRST,
            pending: true,
            paused: None,
            farewell: None,
            summary: Summary::default(),
        };
        Ok((worker, waker))
    }

    /// Serves until the server is told to stop and the last connection is over.
    pub(super) fn run(mut self, observer: &(dyn Fn(&ConnectionReport) + Sync)) -> io::Result<Summary> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; BUFFER];
        loop {
            if self.farewell.is_none() && self.shared.stop.load(Ordering::SeqCst) {
                self.say_farewell(observer);
            }
            self.expire(observer);
            self.accept();
            if self.farewell.is_some() && self.connections.is_empty() {
                return Ok(self.summary);
            }
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.pending = true,
                    WAKER => {}
                    Token(token) => self.advance(token, &mut buffer, observer),
                }
            }
        }
    }

    /// How long there is nothing to do unless a socket is ready.
    fn timeout(&self) -> Option<Duration> {
        let moments = [self.deadlines.first().map(|(moment, _)| *moment), self.paused, self.farewell];
        let soonest = moments.into_iter().flatten().min()?;
        Some(soonest.saturating_duration_since(Instant::now()).min(LONGEST_WAIT))
    }

    fn accept(&mut self) {
        if self.farewell.is_some() || self.paused.is_some_and(|until| Instant::now() < until) {
            return;
        }
        if self.paused.take().is_some() {
            self.pending = true;
        }
        while self.pending && self.connections.len() < self.most {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    let deadline = deadline(self.shared.timeout);
                    let number = self.shared.opened.fetch_add(1, Ordering::Relaxed) + 1;
                    // Answers are written whole, so waiting to fill a packet gains nothing.
                    let _ = stream.set_nodelay(true);
                    let mut connection = Connection::new(stream, peer, number, deadline);
                    let token = self.next_token;
                    let both = Interest::READABLE | Interest::WRITABLE;
                    if self.poll.registry().register(&mut connection.stream, Token(token), both).is_ok() {
                        self.next_token += 1;
                        self.deadlines.insert((deadline, token));
                        self.connections.insert(token, connection);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.pending = false,
                Err(error) if is_transient(&error) => {}
                // No more descriptors or memory: others will end; asking again at once would only spin.
                Err(_) => {
                    self.paused = Some(Instant::now() + PAUSE);
                    return;
                }
            }
        }
    }

    fn advance(&mut self, token: usize, buffer: &mut [u8], observer: &(dyn Fn(&ConnectionReport) + Sync)) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        match connection.advance(&self.shared, buffer) {
            Next::Wait => {}
            Next::Until(moment) => {
                self.deadlines.remove(&(connection.deadline, token));
                connection.deadline = moment;
                self.deadlines.insert((moment, token));
            }
            Next::Over => self.end(token, observer),
        }
    }

    fn end(&mut self, token: usize, observer: &(dyn Fn(&ConnectionReport) + Sync)) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        self.deadlines.remove(&(connection.deadline, token));
        // Closing the socket removes it from the poll as well.
        let _ = self.poll.registry().deregister(&mut connection.stream);
        let report = connection.report();
        self.summary.count(&report);
        observer(&report);
        if report.outcome != Outcome::Empty {
            let finished = self.shared.finished.fetch_add(1, Ordering::SeqCst) + 1;
            if self.shared.count.is_some_and(|count| finished >= count) {
                self.shared.stop();
            }
        }
    }

    /// Ends the connections whose time is over.
    fn expire(&mut self, observer: &(dyn Fn(&ConnectionReport) + Sync)) {
        let now = Instant::now();
        let cut_off = self.farewell.is_some_and(|moment| now >= moment);
        while let Some(&(moment, token)) = self.deadlines.first() {
            if moment > now && !cut_off {
                break;
            }
            match self.connections.get_mut(&token) {
                Some(connection) if moment <= now => connection.time_out(&self.shared),
                Some(connection) => connection.cut_off(),
                None => {
                    self.deadlines.remove(&(moment, token));
                }
            }
            self.end(token, observer);
        }
    }

    fn say_farewell(&mut self, observer: &(dyn Fn(&ConnectionReport) + Sync)) {
        self.farewell = Some(Instant::now() + FAREWELL);
        let _ = self.poll.registry().deregister(&mut self.listener);
        let silent: Vec<usize> = self
            .connections
            .iter_mut()
            .filter_map(|(token, connection)| connection.stop().then_some(*token))
            .collect();
        for token in silent {
            self.end(token, observer);
        }
    }
}

/// Errors of the one connection that was about to be accepted, not of accepting (see accept(2)).
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::Interrupted
            | K::ConnectionAborted
            | K::ConnectionReset
            | K::HostUnreachable
            | K::NetworkUnreachable
    )
}
