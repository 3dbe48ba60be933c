//! What is said after TLS to a server that does not speak HTTP: one harmless message of its protocol, so that it has to answer. Under
//! TLS 1.3 only an answer tells that it did not refuse us after the handshake.

use crate::{
    der::{Reader, text},
    name::escape,
    tls::starttls::Protocol,
};

/// More than any of these answers takes.
const MOST: usize = 64 << 10;
/// As much of an error as is told.
const TOLD: usize = 120;

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It goes on with us.
    Yes(String),
    /// Its TLS let us in, and it wants a login that a probe does not have.
    Login(String),
    /// An error of its protocol, which may be about us or about anything else.
    Error(String),
    /// An error that speaks of certificates.
    Certificate(String),
    /// It is not of this protocol.
    Foreign,
}

pub(super) struct Conversation {
    protocol: Protocol,
    /// Who we say that we are to databases
    user: String,
    heard: Vec<u8>,
    reply: Option<Reply>,
}

impl Conversation {
    /// `name` is the common name of our certificate, which databases take for the user's.
    pub(super) fn new(protocol: Protocol, name: Option<String>) -> Self {
        let fits = |name: &String| (1..=63).contains(&name.len()) && !name.chars().any(char::is_control);
        let user = name.filter(fits).unwrap_or_else(|| "pkit".into());
        Self { protocol, user, heard: Vec::new(), reply: None }
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What is sent.
    pub(super) fn question(&self, host: &str) -> Vec<u8> {
        match self.protocol {
            Protocol::Smtp => b"EHLO pkit.invalid\r\n".to_vec(),
            Protocol::Imap => b"a2 NOOP\r\n".to_vec(),
            Protocol::Pop3 => b"CAPA\r\n".to_vec(),
            // "Who am I?" (RFC 4532), message 2.
            Protocol::Ldap => b"\x30\x1e\x02\x01\x02\x77\x19\x80\x171.3.6.1.4.1.4203.1.11.3".to_vec(),
            // StartupMessage of version 3.0.
            Protocol::Postgres => {
                let body = [&b"\0\x03\0\0user\0"[..], self.user.as_bytes(), b"\0database\0pkit\0\0"].concat();
                let length = u32::try_from(body.len() + 4).unwrap_or_default().to_be_bytes();
                [&length[..], &body].concat()
            }
            // HandshakeResponse41 with the capabilities of the request for TLS: a user, and no password. Packet 2.
            Protocol::Mysql => {
                let mut packet = vec![38, 0, 0, 2, 0, 0x8a, 0, 0, 0, 0, 0, 1, 33];
                packet.extend([0; 23]);
                packet.extend(b"pkit\0\0");
                packet
            }
            Protocol::Xmpp => Protocol::stream(host).into_bytes(),
        }
    }

    /// Whether anything came.
    pub(super) fn is_empty(&self) -> bool {
        self.heard.is_empty()
    }

    pub(super) fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }

    /// Takes what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.reply.is_some() {
            return;
        }
        self.heard.extend(bytes.iter().take(MOST + 1 - self.heard.len().min(MOST)));
        self.reply = match self.read() {
            None if self.heard.len() > MOST => Some(Reply::Foreign),
            reply => reply,
        };
    }

    /// Data came before there was a question: whatever it is, it is no answer.
    pub(super) fn spoke_first(&mut self) {
        self.heard.push(0);
        self.reply = Some(Reply::Foreign);
    }

    /// `None` while it is not whole.
    fn read(&self) -> Option<Reply> {
        match self.protocol {
            Protocol::Smtp => self.lines(|line| match line.as_bytes() {
                [b'2', b'0'..=b'9', b'0'..=b'9', b' ' | b'\r' | b'\n', ..] => Some(Reply::Yes(words(line))),
                [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b'-', ..] => None,
                [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', ..] => Some(error(line)),
                _ => Some(Reply::Foreign),
            }),
            Protocol::Imap => self.lines(|line| {
                let upper = line.to_ascii_uppercase();
                match line {
                    _ if upper.starts_with("A2 OK") => Some(Reply::Yes(words(line))),
                    _ if upper.starts_with("A2 ") || upper.starts_with("* BYE") => Some(error(line)),
                    _ if line.starts_with("* ") => None,
                    _ => Some(Reply::Foreign),
                }
            }),
            Protocol::Pop3 => self.lines(|line| match line {
                _ if line.starts_with("+OK") => Some(Reply::Yes(words(line))),
                _ if line.starts_with("-ERR") => Some(login(line)),
                _ => Some(Reply::Foreign),
            }),
            Protocol::Ldap => self.ldap(),
            Protocol::Postgres => self.postgres(),
            Protocol::Mysql => self.mysql(),
            Protocol::Xmpp => {
                let text = String::from_utf8_lossy(&self.heard);
                if text.contains("<stream:features") {
                    Some(Reply::Yes("stream features".into()))
                } else if text.contains("</stream:error>") {
                    let at = text.find("<stream:error").unwrap_or_default();
                    Some(error(text.get(at..).unwrap_or_default()))
                } else {
                    (!text.trim_start().starts_with('<') && text.trim_start().len() > 1)
                        .then_some(Reply::Foreign)
                }
            }
        }
    }

    /// The first line that says something.
    fn lines(&self, says: impl Fn(&str) -> Option<Reply>) -> Option<Reply> {
        let text = String::from_utf8_lossy(&self.heard);
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).find_map(says)
    }

    /// An ExtendedResponse with a result and a message (RFC 4511 4.1.9); message 0 says that the server gives up (4.4.1).
    fn ldap(&self) -> Option<Reply> {
        if self.heard.first().is_some_and(|first| *first != 0x30) {
            return Some(Reply::Foreign);
        }
        let message = Reader::lenient(&self.heard).next()?;
        let mut fields = message.inside();
        let number = fields.next().map(|number| number.content);
        let response = fields.next().filter(|response| response.tag == 0x78);
        let Some(response) = response else { return Some(Reply::Foreign) };
        let mut result = response.inside();
        let (code, _matched, said) = (result.next(), result.next(), result.next());
        let (Some(number), Some(code)) = (number, code.map(|code| code.content)) else {
            return Some(Reply::Foreign);
        };
        let said = said.map(|said| String::from_utf8_lossy(said.content)).unwrap_or_default();
        let told = format!("result {} {said}", text::number(code));
        Some(match (number, code) {
            ([0], _) => error(&told),
            (_, [0]) => Reply::Yes(words(&told)),
            _ => login(&told),
        })
    }

    /// A message with a type, a length and a body: an authentication request, or an error with its fields.
    fn postgres(&self) -> Option<Reply> {
        let (&kind, rest) = self.heard.split_first()?;
        match kind {
            b'R' | b'v' => Some(Reply::Yes("a request for authentication".into())),
            b'E' => {
                let (length, body) = rest.split_first_chunk::<4>()?;
                let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
                let body = body.get(..length.checked_sub(4)?)?;
                let fields: Vec<_> =
                    body.split(|byte| *byte == 0).filter_map(|one| one.split_first()).collect();
                let field = |wanted: u8| {
                    let found = fields.iter().find(|(kind, _)| **kind == wanted);
                    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
                };
                let (code, said) = (field(b'C'), field(b'M'));
                let told = format!("error {code} {said}");
                // The certificate held, and is not that of this user (PostgreSQL, auth-cert).
                let is_other_user = said.starts_with("certificate authentication failed for user");
                Some(if is_other_user { Reply::Login(words(&told)) } else { login(&told) })
            }
            _ => Some(Reply::Foreign),
        }
    }

    /// A packet: a head of four octets, and what follows.
    fn mysql(&self) -> Option<Reply> {
        let (&[low, middle, high, _], body) = self.heard.split_first_chunk::<4>()?;
        let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
        if length == 0 || length > MOST {
            return Some(Reply::Foreign);
        }
        let body = body.get(..length)?;
        Some(match body {
            [0 | 1 | 0xfe, ..] => Reply::Yes("its answer to a login".into()),
            [0xff, low, high, rest @ ..] => {
                // A state of five characters behind a hash stands before the words.
                let said = if rest.first() == Some(&b'#') { rest.get(6..).unwrap_or_default() } else { rest };
                let code = u16::from_le_bytes([*low, *high]);
                login(&format!("error {code} {}", String::from_utf8_lossy(said)))
            }
            _ => Reply::Foreign,
        })
    }
}

fn words(said: &str) -> String {
    let short: String = said.trim().chars().take(TOLD).collect();
    escape(&short).into_owned()
}

/// Whether an error is about the certificate of a client.
fn is_about_certificate(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["certificate", "client cert", "x509", "x.509"].iter().any(|word| said.contains(word))
}

fn error(said: &str) -> Reply {
    if is_about_certificate(said) { Reply::Certificate(words(said)) } else { Reply::Error(words(said)) }
}

fn login(said: &str) -> Reply {
    if is_about_certificate(said) { Reply::Certificate(words(said)) } else { Reply::Login(words(said)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds an answer whole, and byte by byte; both must come to the same.
    fn told(protocol: Protocol, said: &[u8]) -> Option<Reply> {
        let run = |step: usize| {
            let mut conversation = Conversation::new(protocol, None);
            said.chunks(step).for_each(|part| conversation.push(part));
            conversation.reply().cloned()
        };
        let whole = run(said.len().max(1));
        assert_eq!(whole, run(1), "{}", String::from_utf8_lossy(said));
        whole
    }

    #[test]
    fn answers_are_told_apart() {
        use Protocol as P;
        let yes = |text: &str| Some(Reply::Yes(text.into()));
        let (login, error) =
            (|text: &str| Some(Reply::Login(text.into())), |text: &str| Some(Reply::Error(text.into())));
        let certificate = |text: &str| Some(Reply::Certificate(text.into()));
        let postgres = |fields: &[u8]| [&b"E"[..], &(fields.len() as u32 + 4).to_be_bytes(), fields].concat();
        let mysql = |body: &[u8]| [&[body.len() as u8, 0, 0, 3][..], body].concat();
        for (protocol, said, expected) in [
            (P::Smtp, b"250-mx\r\n250 SIZE\r\n".to_vec(), yes("250 SIZE")),
            (P::Smtp, b"250-mx\r\n".to_vec(), None),
            (
                P::Smtp,
                b"530 5.7.0 no valid client certificate\r\n".to_vec(),
                certificate("530 5.7.0 no valid client certificate"),
            ),
            (P::Smtp, b"421 busy\r\n".to_vec(), error("421 busy")),
            (P::Smtp, b"HTTP/1.1 400\r\n".to_vec(), Some(Reply::Foreign)),
            (P::Imap, b"* CAPABILITY\r\na2 OK done\r\n".to_vec(), yes("a2 OK done")),
            (P::Imap, b"* BYE no\r\n".to_vec(), error("* BYE no")),
            (P::Pop3, b"+OK\r\nUSER\r\n.\r\n".to_vec(), yes("+OK")),
            (P::Pop3, b"-ERR what\r\n".to_vec(), login("-ERR what")),
            (P::Ldap, b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec(), yes("result 0")),
            (
                P::Ldap,
                b"\x30\x84\0\0\0\x0e\x02\x01\x02\x78\x09\x0a\x01\x02\x04\x00\x04\x02no".to_vec(),
                login("result 2 no"),
            ),
            (
                P::Ldap,
                b"\x30\x0c\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00".to_vec(),
                error("result 52"),
            ),
            (P::Postgres, b"R\0\0\0\x08\0\0\0\x0a".to_vec(), yes("a request for authentication")),
            (
                P::Postgres,
                postgres(b"SFATAL\0C28000\0Mrole is not there\0\0"),
                login("error 28000 role is not there"),
            ),
            (
                P::Postgres,
                postgres(b"SFATAL\0C28000\0Mconnection requires a valid client certificate\0\0"),
                certificate("error 28000 connection requires a valid client certificate"),
            ),
            (
                P::Postgres,
                postgres(b"SFATAL\0C28000\0Mcertificate authentication failed for user \"a\"\0\0"),
                login("error 28000 certificate authentication failed for user \"a\""),
            ),
            (P::Mysql, mysql(b"\xfecaching_sha2_password\0"), yes("its answer to a login")),
            (P::Mysql, mysql(b"\xff\x15\x04#28000Access denied"), login("error 1045 Access denied")),
            (
                P::Xmpp,
                b"<?xml version='1.0'?><stream:stream><stream:features/>".to_vec(),
                yes("stream features"),
            ),
            (
                P::Xmpp,
                b"<stream:error><host-unknown/></stream:error>".to_vec(),
                error("<stream:error><host-unknown/></stream:error>"),
            ),
            (P::Imap, vec![b'x'; MOST + 1], Some(Reply::Foreign)),
        ] {
            assert_eq!(told(protocol, &said), expected, "{protocol}");
        }
    }

    #[test]
    fn postgres_is_told_the_name_of_the_certificate() {
        let long = "x".repeat(64);
        for (name, user) in [
            (Some("a"), "a"),
            (None, "pkit"),
            (Some(""), "pkit"),
            (Some("a\0b"), "pkit"),
            (Some(&*long), "pkit"),
        ] {
            let conversation = Conversation::new(Protocol::Postgres, name.map(str::to_owned));
            let sent = conversation.question("host");
            let wanted = format!("\0\x03\0\0user\0{user}\0database\0pkit\0\0");
            assert_eq!(sent[..4], (wanted.len() as u32 + 4).to_be_bytes());
            assert_eq!(sent[4..], *wanted.as_bytes());
        }
    }
}
