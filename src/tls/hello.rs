//! What a server answers to a ClientHello of a version that rustls does not speak: one hello, written here, and the first message
//! that comes back. No handshake is made, and no secret is sent.

use std::{
    fmt,
    io::{self, Read, Write},
    net::SocketAddr,
    time::Instant,
};

use ring::rand::{SecureRandom, SystemRandom};
use rustls::CipherSuite;
use serde::Serialize;

use super::{
    Alert,
    connect::{self, Address},
};
use crate::Error;

/// A version that a hello can offer, older ones too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum LegacyVersion {
    /// SSL 3.0 (RFC 6101), broken since 2014 (RFC 7568)
    #[serde(rename = "SSLv3")]
    Ssl3,
    /// TLS 1.0 (RFC 2246), deprecated by RFC 8996
    #[serde(rename = "TLSv1.0")]
    Tls10,
    /// TLS 1.1 (RFC 4346), deprecated by RFC 8996
    #[serde(rename = "TLSv1.1")]
    Tls11,
    /// TLS 1.2 (RFC 5246)
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446)
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl LegacyVersion {
    /// The number on the wire.
    fn number(self) -> [u8; 2] {
        [3, self as u8]
    }

    fn from_number(number: &[u8]) -> Option<Self> {
        [Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13]
            .into_iter()
            .find(|version| version.number() == number)
    }
}

impl fmt::Display for LegacyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssl3 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// What a server answers to a hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It would go on, with this version, which may be lower than the one offered
    Accepted {
        /// The version it chose
        version: LegacyVersion,
        /// The cipher suite it chose, as IANA names it
        cipher: String,
        /// Whether it knows the extended master secret (RFC 7627), which TLS 1.3 does not need
        extended_master_secret: bool,
    },
    /// It refuses by an alert
    Alert(Alert),
    /// It closes or resets the connection without a word
    Closed,
    /// It says nothing until the deadline
    Silent,
    /// What it says is not TLS
    NotTls,
}

impl Answer {
    /// What the bytes say that a server sent, up to its first message; `None` where they end before that.
    pub fn read(sent: &[u8]) -> Option<Self> {
        read(&mut io::Cursor::new(sent)).ok()
    }
}

/// Asks a server whether it would speak a version of TLS. Ciphers of all ages are offered, so that the answer is about the version.
///
/// # Errors
/// [`Error::ConnectFailed`], and [`Error::CryptoFailed`] where the system has no random numbers.
pub fn spoken(
    address: SocketAddr,
    server_name: Option<&str>,
    version: LegacyVersion,
    deadline: Instant,
) -> Result<Answer, Error> {
    let (mut stream, _) = connect::connect(&[Address::Tcp(address)], deadline)?;
    answer(&mut stream, server_name, version)
}

/// The same over a connection that is at the point where TLS begins.
pub(super) fn answer(
    stream: &mut (impl Read + Write),
    server_name: Option<&str>,
    version: LegacyVersion,
) -> Result<Answer, Error> {
    let mut chance = [0; 96];
    let no_chance = |_| Error::CryptoFailed { what: "draw random numbers" };
    SystemRandom::new().fill(&mut chance).map_err(no_chance)?;
    // That it cannot be sent is no news: why is in what comes back.
    let _ = stream.write_all(&hello(server_name, version, &chance));
    Ok(read(stream).unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Answer::Silent,
        _ => Answer::Closed,
    }))
}

/// Suites of TLS 1.3 (RFC 8446 B.4).
const MODERN: &[u16] = &[0x1301, 0x1302, 0x1303];

/// Suites of all ages before that, better ones first, and the signal of RFC 5746 last: forward-secret ones with AES-GCM, ChaCha20
/// and AES-CBC, then RSA key transport, triple DES, RC4, and what was made for export.
const OLD: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f, 0xccaa, 0xc009, 0xc013, 0xc00a, 0xc014,
    0xc023, 0xc027, 0xc024, 0xc028, 0x0033, 0x0039, 0x0067, 0x006b, 0x0032, 0x0038, 0x009c, 0x009d, 0x003c,
    0x003d, 0x002f, 0x0035, 0x0041, 0x0084, 0x0096, 0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011,
    0x0005, 0x0004, 0x0009, 0x0003, 0x0008, 0x00ff,
];

/// The record with a ClientHello (RFC 8446 4.1.2; RFC 5246 7.4.1.2).
fn hello(server_name: Option<&str>, version: LegacyVersion, chance: &[u8; 96]) -> Vec<u8> {
    let (random, rest) = chance.split_at(32);
    let (session, share) = rest.split_at(32);
    let is_modern = version == LegacyVersion::Tls13;
    let written = version.min(LegacyVersion::Tls12).number();
    let mut body = [&written[..], random].concat();
    // The session that servers and middleboxes expect of TLS 1.3 (RFC 8446 D.4).
    put(&mut body, 1, if is_modern { session } else { &[] });
    let suites = if is_modern { MODERN } else { OLD };
    put(&mut body, 2, &suites.iter().flat_map(|suite| suite.to_be_bytes()).collect::<Vec<_>>());
    put(&mut body, 1, &[0]);
    // SSL 3.0 knows no extensions.
    if version > LegacyVersion::Ssl3 {
        put(&mut body, 2, &extensions(server_name, version, share));
    }
    let mut message = vec![1];
    put(&mut message, 3, &body);
    let first = if version == LegacyVersion::Ssl3 { version } else { LegacyVersion::Tls10 };
    let mut record = [&[22][..], &first.number()].concat();
    put(&mut record, 2, &message);
    record
}

fn extensions(server_name: Option<&str>, version: LegacyVersion, share: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut extension = |number: u16, content: &[u8]| {
        all.extend(number.to_be_bytes());
        put(&mut all, 2, content);
    };
    if let Some(name) = server_name {
        let mut entry = vec![0];
        put(&mut entry, 2, name.as_bytes());
        extension(0, &listed(2, &entry));
    }
    // Groups: X25519, P-256, P-384, P-521, and finite fields of 2048 bits.
    extension(10, &listed(2, &[0, 29, 0, 23, 0, 24, 0, 25, 1, 0]));
    extension(11, &listed(1, &[0]));
    if version >= LegacyVersion::Tls12 {
        // The schemes of RFC 8446 4.2.3, those with SHA-1 last.
        let schemes = [
            4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 6, 3, 8, 6, 6, 1, 8, 7, 8, 9, 8, 10, 8, 11, 2, 3, 2, 1, 2, 2,
        ];
        extension(13, &listed(2, &schemes));
    }
    if version == LegacyVersion::Tls13 {
        extension(43, &listed(1, &version.number()));
        let mut entry = vec![0, 29];
        put(&mut entry, 2, share);
        extension(51, &listed(2, &entry));
    } else {
        extension(23, &[]);
    }
    all
}

/// Bytes behind their length, which takes so many octets.
fn put(out: &mut Vec<u8>, octets: usize, bytes: &[u8]) {
    let length = bytes.len().to_be_bytes();
    out.extend(length.iter().skip(length.len() - octets));
    out.extend_from_slice(bytes);
}

fn listed(octets: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, octets, bytes);
    out
}

/// More than any ServerHello: what comes in smaller records is put together up to there.
const MOST: usize = 32 * 1024;
/// The level of an alert after which the handshake may go on.
const WARNING: u8 = 1;

/// Reads up to and with the ServerHello, or what comes instead.
fn read(stream: &mut impl Read) -> io::Result<Answer> {
    let mut message = Vec::new();
    let mut read = 0;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let [kind, major, minor, high, low] = head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        read += length + 1;
        if major != 3 || minor > 4 || length == 0 || length > (1 << 14) + 2048 || read > MOST {
            return Ok(Answer::NotTls);
        }
        if kind != 21 && kind != 22 {
            return Ok(Answer::NotTls);
        }
        let mut content = vec![0; length];
        stream.read_exact(&mut content)?;
        match (kind, content.as_slice()) {
            // A warning comes before the answer; close_notify is one.
            (21, [WARNING, number, ..]) if *number != 0 => continue,
            (21, [_, number, ..]) => return Ok(Answer::Alert(Alert::from_number(*number))),
            (22, content) => message.extend_from_slice(content),
            _ => return Ok(Answer::NotTls),
        }
        let Some((head, body)) = message.split_at_checked(4) else { continue };
        let &[kind, high, middle, low] = head else { return Ok(Answer::NotTls) };
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if kind != 2 || length > MOST {
            return Ok(Answer::NotTls);
        }
        if let Some(body) = body.get(..length) {
            return Ok(server_hello(body).unwrap_or(Answer::NotTls));
        }
    }
}

/// A ServerHello (RFC 8446 4.1.3), or a HelloRetryRequest, which looks like one.
fn server_hello(body: &[u8]) -> Option<Answer> {
    let (written, rest) = body.split_at_checked(2)?;
    let (_, rest) = rest.split_at_checked(32)?;
    let (session, rest) = rest.split_first()?;
    let (_, rest) = rest.split_at_checked(usize::from(*session))?;
    let (&[high, low], rest) = rest.split_first_chunk::<2>()?;
    let (_compression, rest) = rest.split_first()?;
    let mut rest = rest.get(2..).unwrap_or_default();
    let mut version = LegacyVersion::from_number(written)?;
    let mut extended_master_secret = false;
    while let Some((&[high, low, more, less], after)) = rest.split_first_chunk::<4>() {
        let (content, after) = after.split_at_checked(usize::from(u16::from_be_bytes([more, less])))?;
        match u16::from_be_bytes([high, low]) {
            43 => version = LegacyVersion::from_number(content)?,
            23 => extended_master_secret = true,
            _ => {}
        }
        rest = after;
    }
    let number = u16::from_be_bytes([high, low]);
    let cipher = CipherSuite::from(number).as_str().map(|name| name.replacen("TLS13_", "TLS_", 1));
    let cipher = cipher.unwrap_or_else(|| format!("0x{number:04x}"));
    Some(Answer::Accepted { version, cipher, extended_master_secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Answer {
        Answer::read(bytes).unwrap_or(Answer::Closed)
    }

    /// A ServerHello with a version, a suite and extensions, in records of so many bytes.
    fn server_hello(written: [u8; 2], suite: u16, extensions: &[u8], size: usize) -> Vec<u8> {
        let mut body = [&written[..], &[7; 32]].concat();
        put(&mut body, 1, &[9; 8]);
        body.extend(suite.to_be_bytes());
        body.push(0);
        if !extensions.is_empty() {
            put(&mut body, 2, extensions);
        }
        let mut message = vec![2];
        put(&mut message, 3, &body);
        let record = |part: &[u8]| {
            let mut record = vec![22, 3, 3];
            put(&mut record, 2, part);
            record
        };
        message.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn answers_are_read() {
        let accepted = |version, cipher: &str, extended_master_secret| Answer::Accepted {
            version,
            cipher: cipher.into(),
            extended_master_secret,
        };
        for size in [1, 7, 4096] {
            for (written, suite, extensions, expected) in [
                ([3, 0], 0x0005, &[][..], accepted(LegacyVersion::Ssl3, "TLS_RSA_WITH_RC4_128_SHA", false)),
                (
                    [3, 1],
                    0xc013,
                    &[0, 23, 0, 0],
                    accepted(LegacyVersion::Tls10, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true),
                ),
                (
                    [3, 3],
                    0x1301,
                    &[0, 43, 0, 2, 3, 4],
                    accepted(LegacyVersion::Tls13, "TLS_AES_128_GCM_SHA256", false),
                ),
                ([3, 3], 0xfdfd, &[], accepted(LegacyVersion::Tls12, "0xfdfd", false)),
                ([3, 9], 0x1301, &[], Answer::NotTls),
                ([3, 3], 0x1301, &[0, 43, 0, 9, 3], Answer::NotTls),
            ] {
                assert_eq!(told(&server_hello(written, suite, extensions, size)), expected);
            }
        }
        assert_eq!(told(&[21, 3, 1, 0, 2, 2, 70]), Answer::Alert(Alert::from_number(70)));
        // A warning, and then the answer.
        assert_eq!(
            told(&[21, 3, 1, 0, 2, 1, 112, 21, 3, 1, 0, 2, 2, 40]),
            Answer::Alert(Alert::from_number(40))
        );
        assert_eq!(told(b"HTTP/1.1 400 Bad Request\r\n"), Answer::NotTls);
        assert_eq!(told(b"SSH-2.0-x"), Answer::NotTls);
        assert_eq!(told(b""), Answer::Closed);
        assert_eq!(told(&[22, 3, 3, 0, 90, 2, 0, 0, 86]), Answer::Closed);
    }

    /// rustls reads our hello as one, and chooses from it.
    #[test]
    fn hellos_are_hellos() {
        for version in [LegacyVersion::Tls12, LegacyVersion::Tls13] {
            let bytes = hello(Some("api.internal"), version, &[7; 96]);
            let mut acceptor = rustls::server::Acceptor::default();
            acceptor.read_tls(&mut io::Cursor::new(&bytes)).unwrap();
            let accepted = acceptor.accept().map_err(|(error, _)| error).unwrap().unwrap();
            let hello = accepted.client_hello();
            assert_eq!(hello.server_name(), Some("api.internal"));
            let suites = if version == LegacyVersion::Tls13 { MODERN } else { OLD };
            assert_eq!(hello.cipher_suites().len(), suites.len());
        }
        let oldest = hello(None, LegacyVersion::Ssl3, &[7; 96]);
        assert_eq!(&oldest[..3], [22, 3, 0]);
        assert_eq!(oldest.len(), 5 + 4 + 2 + 32 + 1 + 2 + 2 * OLD.len() + 2);
    }
}
