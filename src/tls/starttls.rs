//! Protocols that begin in the clear and go over to TLS when asked to.

use std::{
    fmt,
    io::{Read, Write},
};

use crate::{name::escape, tls::connect::words};

/// A protocol that is spoken before TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Protocol {
    /// Mail submission and transfer (RFC 3207): ports 25, 587
    Smtp,
    /// Mail access (RFC 3501 6.2.1): port 143
    Imap,
    /// Mail access (RFC 2595 4): port 110
    Pop3,
    /// Directories (RFC 4511 4.14): port 389
    Ldap,
    /// PostgreSQL's SSLRequest: port 5432
    Postgres,
    /// MySQL's and MariaDB's SSLRequest: port 3306
    Mysql,
    /// Messaging (RFC 6120 5): port 5222
    Xmpp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ldap => "LDAP",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Xmpp => "XMPP",
        })
    }
}

/// More than any server says before TLS begins.
const MOST: usize = 64 << 10;

/// The extended request of LDAP that asks for TLS (RFC 4511 4.14.1): message 1, 1.3.6.1.4.1.1466.20037.
const LDAP: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// SSLRequest of PostgreSQL: its length, and 80877103.
const POSTGRES: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
/// MySQL's CLIENT_SSL, in the lower half of the capabilities.
const MYSQL_SSL: u16 = 0x0800;

impl Protocol {
    /// The beginning of a stream of XMPP (RFC 6120 4.2).
    pub(super) fn stream(host: &str) -> String {
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{host}' version='1.0'>"
        )
    }

    /// Brings a connection to the point where TLS begins.
    ///
    /// # Errors
    /// Why it does not come to that, in a person's words.
    pub(super) fn upgrade(self, stream: &mut (impl Read + Write), host: &str) -> Result<(), String> {
        let mut talk = Talk { stream, protocol: self, said: 0 };
        match self {
            Self::Smtp => {
                talk.smtp("220")?;
                talk.send(b"EHLO pkit.invalid\r\n")?;
                talk.smtp("250")?;
                talk.send(b"STARTTLS\r\n")?;
                talk.smtp("220")
            }
            Self::Imap => {
                talk.line(|line| line.starts_with("* "))?;
                talk.send(b"a1 STARTTLS\r\n")?;
                loop {
                    let line = talk.line(|_| true)?;
                    if line.starts_with("a1 ") {
                        return talk.accept(line, |line| line.starts_with("a1 OK")).map(drop);
                    }
                }
            }
            Self::Pop3 => {
                talk.line(|line| line.starts_with("+OK"))?;
                talk.send(b"STLS\r\n")?;
                talk.line(|line| line.starts_with("+OK")).map(drop)
            }
            Self::Ldap => {
                talk.send(LDAP)?;
                talk.ldap()
            }
            Self::Postgres => {
                talk.send(&POSTGRES)?;
                match talk.bytes(1)?.as_slice() {
                    b"S" => Ok(()),
                    b"N" => Err("it is set up without TLS".into()),
                    _ => Err(talk.foreign()),
                }
            }
            Self::Mysql => talk.mysql(),
            Self::Xmpp => {
                talk.send(Self::stream(host).as_bytes())?;
                let features = talk.until("</stream:features>")?;
                if !features.contains("urn:ietf:params:xml:ns:xmpp-tls") {
                    return Err("it does not offer TLS".into());
                }
                talk.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
                let answer = talk.until(">")?;
                if answer.contains("<proceed") { Ok(()) } else { Err(talk.foreign()) }
            }
        }
    }
}

struct Talk<'a, S> {
    stream: &'a mut S,
    protocol: Protocol,
    /// Bytes that the server said so far
    said: usize,
}

impl<S: Read + Write> Talk<'_, S> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(|error| words(&error))
    }

    fn foreign(&self) -> String {
        format!("what it said is not {}", self.protocol)
    }

    /// So many bytes, one after the other: what follows belongs to TLS already.
    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, String> {
        self.said = self.said.saturating_add(count);
        if self.said > MOST {
            return Err(self.foreign());
        }
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).map_err(|error| words(&error))?;
        Ok(bytes)
    }

    /// Text up to and with an end.
    fn until(&mut self, end: &str) -> Result<String, String> {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.extend(self.bytes(1)?);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn accept(&self, line: String, good: impl Fn(&str) -> bool) -> Result<String, String> {
        if good(&line) { Ok(line) } else { Err(format!("it answered: {}", escape(line.trim_end()))) }
    }

    /// A line, if it is as it should be.
    fn line(&mut self, good: impl Fn(&str) -> bool) -> Result<String, String> {
        let line = self.until("\n")?;
        self.accept(line, good)
    }

    /// A reply of SMTP, of one line or many, with this code.
    fn smtp(&mut self, code: &str) -> Result<(), String> {
        loop {
            let line = self.line(|line| line.starts_with(code))?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }

    /// An LDAPMessage with an ExtendedResponse, whose result is an ENUMERATED 0.
    fn ldap(&mut self) -> Result<(), String> {
        let head = self.bytes(2)?;
        let length = match head.as_slice() {
            [0x30, length] if *length < 0x80 => usize::from(*length),
            [0x30, count @ 0x81..=0x84] => {
                let digits = self.bytes(usize::from(count & 0x7f))?;
                digits
                    .iter()
                    .fold(0, |sum: usize, &digit| sum.saturating_mul(256).saturating_add(digit.into()))
            }
            _ => return Err(self.foreign()),
        };
        let message = self.bytes(length)?;
        let mut fields = crate::der::Reader::new(&message);
        let result = fields.next().and_then(|_| {
            let response = fields.next().filter(|response| response.tag == 0x78)?;
            response.inside().next()
        });
        match result.map(|result| result.content) {
            Some([0]) => Ok(()),
            Some(code) => Err(format!("it refuses TLS with result {}", crate::der::text::number(code))),
            None => Err(self.foreign()),
        }
    }

    /// The server speaks first; its capabilities say whether it knows TLS, and ours ask for it.
    fn mysql(&mut self) -> Result<(), String> {
        let head = self.bytes(4)?;
        let &[low, middle, high, _] = head.as_slice() else { return Err(self.foreign()) };
        let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
        let greeting = self.bytes(length)?;
        // Version of the protocol, version of the server up to a zero, connection, eight octets of a nonce, a zero.
        let version = greeting.iter().position(|&octet| octet == 0).ok_or_else(|| self.foreign())?;
        let capabilities = greeting.get(version + 14..version + 16);
        let Some(&[low, high]) = capabilities.filter(|_| greeting.first() == Some(&10)) else {
            return Err(self.foreign());
        };
        if u16::from_le_bytes([low, high]) & MYSQL_SSL == 0 {
            return Err("it is set up without TLS".into());
        }
        // Protocol 4.1, secure connection and TLS; packets of 16 MiB; utf8; 23 zeros. It is packet number 1 of 32 octets.
        let mut request = vec![32, 0, 0, 1, 0, 0x8a, 0, 0, 0, 0, 0, 1, 33];
        request.extend([0; 23]);
        self.send(&request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says its lines and takes whatever comes.
    struct Script {
        says: std::io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// How an upgrade ends, what was sent, and how much of the server's words was left for TLS.
    fn talk(protocol: Protocol, says: &[u8]) -> (Result<(), String>, Vec<u8>, usize) {
        let mut script = Script { says: std::io::Cursor::new(says.to_vec()), heard: Vec::new() };
        let outcome = protocol.upgrade(&mut script, "host.internal");
        let left = says.len() - usize::try_from(script.says.position()).unwrap();
        (outcome, script.heard, left)
    }

    fn mysql(capabilities: u16) -> Vec<u8> {
        let mut greeting = b"\x0a8.0.1\0\x01\0\0\0abcdefgh\0".to_vec();
        greeting.extend(capabilities.to_le_bytes());
        greeting.extend([0; 20]);
        [vec![greeting.len() as u8, 0, 0, 0], greeting].concat()
    }

    #[test]
    fn every_protocol_is_upgraded_and_no_byte_of_tls_is_taken() {
        use Protocol as P;
        for (protocol, says, sent) in [
            (P::Smtp, b"220-a\r\n220 b\r\n250-x\r\n250-STARTTLS\r\n250 y\r\n220 go\r\nTLS".to_vec(), "STARTTLS"),
            (P::Imap, b"* OK hi\r\n* CAPABILITY\r\na1 OK go\r\nTLS".to_vec(), "a1 STARTTLS"),
            (P::Pop3, b"+OK hi\r\n+OK go\r\nTLS".to_vec(), "STLS"),
            (P::Ldap, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00TLS".to_vec(), "1466.20037"),
            (P::Postgres, b"STLS".to_vec(), "\u{16}/"),
            (P::Mysql, [mysql(0xffff), b"TLS".to_vec()].concat(), "!"),
            (
                P::Xmpp,
                b"<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>TLS".to_vec(),
                "to='host.internal'",
            ),
        ] {
            let (outcome, heard, left) = talk(protocol, &says);
            assert_eq!((outcome, left), (Ok(()), 3), "{protocol}");
            assert!(String::from_utf8_lossy(&heard).contains(sent), "{protocol}");
        }
    }

    #[test]
    fn a_refusal_is_told() {
        use Protocol as P;
        for (protocol, says, words) in [
            (P::Smtp, b"220 a\r\n250 x\r\n454 no\x1b[2J\r\n".to_vec(), "it answered: 454 no\\u{1b}[2J"),
            (P::Imap, b"* OK\r\na1 BAD no\r\n".to_vec(), "it answered: a1 BAD no"),
            (P::Pop3, b"+OK\r\n-ERR\r\n".to_vec(), "it answered: -ERR"),
            (P::Ldap, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00".to_vec(), "result 52"),
            (P::Postgres, b"N".to_vec(), "without TLS"),
            (P::Mysql, mysql(0), "without TLS"),
            (P::Xmpp, b"<stream:features></stream:features>".to_vec(), "does not offer"),
            (P::Smtp, b"".to_vec(), "closed"),
            (P::Pop3, vec![b'x'; MOST + 1], "not POP3"),
            (P::Mysql, vec![0xff; 300], "not MySQL"),
        ] {
            let told = talk(protocol, &says).0.unwrap_err();
            assert!(told.contains(words), "{protocol}: {told}");
        }
    }
}
