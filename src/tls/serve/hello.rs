//! What a client says first: its ClientHello (RFC 8446 4.1.2), read from the wire. rustls tells some of it, and nothing of a client
//! that it gives up; whoever looks for the fault wants to see what was offered.

use rustls::{CipherSuite, NamedGroup, ProtocolVersion};
use serde::Serialize;

use crate::{
    name::escape,
    tls::negotiated::{group, scheme},
};

/// Bytes on the wire that are waited for; a longer ClientHello is left to rustls.
pub(super) const MOST: usize = 16 * 1024;

/// Entries of a list that are told. Honest lists are shorter; what a stranger fills one with shall not fill a log.
const MOST_TOLD: usize = 256;

/// A value from a registry of IANA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Its name; `GREASE` where it means nothing on purpose (RFC 8701)
    pub name: Option<String>,
    /// Its number
    pub number: u16,
}

/// What a client offers. All text is escaped for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClientHello {
    /// The server that it asks for (SNI)
    pub server_name: Option<String>,
    /// The application protocols, as it prefers them
    pub alpn: Vec<String>,
    /// The versions of TLS
    pub versions: Vec<Code>,
    /// The cipher suites
    pub cipher_suites: Vec<Code>,
    /// The groups for the key exchange
    pub groups: Vec<Code>,
    /// The signature schemes
    pub signature_schemes: Vec<Code>,
    /// The extensions, in the order in which they were sent
    pub extensions: Vec<Code>,
}

/// What bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The start of a ClientHello
    Partial,
    /// A whole one, and perhaps more
    Whole(Vec<u8>),
    /// None
    Other,
}

/// Takes the message out of its records (RFC 8446 5.1).
pub(super) fn start(mut bytes: &[u8]) -> Start {
    let mut message = Vec::new();
    loop {
        let size = match bytes {
            [22, 3, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            [] | [22] | [22, 3] | [22, 3, _] | [22, 3, _, _] => return Start::Partial,
            _ => return Start::Other,
        };
        // RFC 8446 5.1: at most 2^14, and none is empty.
        if size == 0 || size > 1 << 14 {
            return Start::Other;
        }
        let body = bytes.get(5..).unwrap_or_default();
        let (now, rest) = body.split_at(size.min(body.len()));
        message.extend_from_slice(now);
        if let Some(whole) = whole(&message) {
            return match whole {
                Some(whole) => Start::Whole(whole.to_vec()),
                None => Start::Other,
            };
        }
        if now.len() < size {
            return Start::Partial;
        }
        bytes = rest;
    }
}

/// The body of the handshake message, once it is whole; `Some(None)`: it is no ClientHello.
fn whole(message: &[u8]) -> Option<Option<&[u8]>> {
    match message {
        [1, size @ ..] if size.len() >= 3 => {
            let mut reader = Reader(size);
            let length = reader.number(3)?;
            reader.0.get(..length).map(Some)
        }
        [] | [1, ..] => None,
        _ => Some(None),
    }
}

/// Reads from the front; every step may find that there is not enough.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (now, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(now)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// What stands behind its length.
    fn vector(&mut self, bytes: usize) -> Option<Self> {
        let length = self.number(bytes)?;
        self.take(length).map(Self)
    }

    fn codes(&mut self, code: impl Fn(u16) -> Code) -> Vec<Code> {
        let mut codes = Vec::new();
        while codes.len() < MOST_TOLD
            && let Some(&[high, low]) = self.take(2)
        {
            codes.push(code(u16::from_be_bytes([high, low])));
        }
        codes
    }
}

impl ClientHello {
    /// Reads the first bytes of a client; `None` where they are no ClientHello, or one that breaks its own lengths.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match start(bytes) {
            Start::Whole(body) => Self::parse(&body),
            _ => None,
        }
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let legacy_version = u16::try_from(reader.number(2)?).ok()?;
        reader.take(32)?;
        reader.vector(1)?;
        let mut hello = Self { cipher_suites: reader.vector(2)?.codes(suite), ..Self::default() };
        reader.vector(1)?;
        // Before TLS 1.2 there may be no extensions at all.
        let mut extensions = reader.vector(2).unwrap_or(Reader(&[]));
        while !extensions.0.is_empty() {
            let kind = u16::try_from(extensions.number(2)?).ok()?;
            let content = extensions.vector(2)?;
            if hello.extensions.len() < MOST_TOLD {
                hello.extensions.push(extension(kind));
            }
            hello.read_extension(kind, content);
        }
        if hello.versions.is_empty() {
            hello.versions.push(version(legacy_version));
        }
        Some(hello)
    }

    /// What cannot be read is not told; rustls decides what becomes of it.
    fn read_extension(&mut self, kind: u16, mut content: Reader<'_>) {
        let text = |bytes: &[u8]| escape(&String::from_utf8_lossy(bytes)).into_owned();
        match kind {
            0 => {
                let mut names = content.vector(2).unwrap_or(Reader(&[]));
                if names.number(1) == Some(0) {
                    self.server_name = names.vector(2).map(|name| text(name.0));
                }
            }
            10 => self.groups = content.vector(2).map(|mut list| list.codes(named_group)).unwrap_or_default(),
            13 => {
                let schemes = |mut list: Reader<'_>| list.codes(signature_scheme);
                self.signature_schemes = content.vector(2).map(schemes).unwrap_or_default();
            }
            16 => {
                let mut names = content.vector(2).unwrap_or(Reader(&[]));
                while self.alpn.len() < MOST_TOLD
                    && let Some(name) = names.vector(1)
                {
                    self.alpn.push(text(name.0));
                }
            }
            43 => self.versions = content.vector(1).map(|mut list| list.codes(version)).unwrap_or_default(),
            _ => {}
        }
    }

    /// The application protocols in words, the first ones where there are many.
    pub(super) fn alpn_told(&self) -> String {
        const MOST: usize = 8;
        let mut names: Vec<&str> = self.alpn.iter().take(MOST).map(String::as_str).collect();
        if self.alpn.len() > MOST {
            names.push("and others");
        }
        names.join(", ")
    }

    /// The versions in words: `1.0, 1.1`.
    pub(super) fn versions_told(&self) -> String {
        let known = self.versions.iter().filter_map(|version| version.name.as_deref());
        let known: Vec<_> =
            known.filter(|name| *name != GREASE).map(|name| name.trim_start_matches("TLSv")).collect();
        if known.is_empty() { "none that is known".to_owned() } else { known.join(", ") }
    }
}

const GREASE: &str = "GREASE";

fn code(number: u16, name: Option<String>) -> Code {
    let [high, low] = number.to_be_bytes();
    let grease = high == low && low & 0x0f == 0x0a;
    Code { name: if grease { Some(GREASE.to_owned()) } else { name }, number }
}

fn version(number: u16) -> Code {
    let name = match ProtocolVersion::from(number) {
        ProtocolVersion::SSLv3 => "SSLv3",
        ProtocolVersion::TLSv1_0 => "TLSv1.0",
        ProtocolVersion::TLSv1_1 => "TLSv1.1",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => return code(number, None),
    };
    code(number, Some(name.to_owned()))
}

fn suite(number: u16) -> Code {
    let name = match number {
        0x00ff => Some("TLS_EMPTY_RENEGOTIATION_INFO_SCSV".to_owned()),
        0x5600 => Some("TLS_FALLBACK_SCSV".to_owned()),
        // rustls spells the suites of TLS 1.3 with the version in their names.
        _ => CipherSuite::from(number).as_str().map(|name| name.replacen("TLS13_", "TLS_", 1)),
    };
    code(number, name)
}

fn named_group(number: u16) -> Code {
    let name = NamedGroup::from(number);
    code(number, name.as_str().is_some().then(|| group(name)))
}

fn signature_scheme(number: u16) -> Code {
    let name = scheme(number.into());
    code(number, Some(name).filter(|name| !name.starts_with("0x")))
}

fn extension(number: u16) -> Code {
    let name = EXTENSIONS.iter().find(|(known, _)| *known == number);
    code(number, name.map(|(_, name)| (*name).to_owned()))
}

/// As the registry of IANA names them.
const EXTENSIONS: &[(u16, &str)] = &[
    (0, "server_name"),
    (1, "max_fragment_length"),
    (5, "status_request"),
    (10, "supported_groups"),
    (11, "ec_point_formats"),
    (13, "signature_algorithms"),
    (16, "application_layer_protocol_negotiation"),
    (17, "status_request_v2"),
    (18, "signed_certificate_timestamp"),
    (19, "client_certificate_type"),
    (20, "server_certificate_type"),
    (21, "padding"),
    (22, "encrypt_then_mac"),
    (23, "extended_main_secret"),
    (27, "compress_certificate"),
    (28, "record_size_limit"),
    (34, "delegated_credential"),
    (35, "session_ticket"),
    (41, "pre_shared_key"),
    (42, "early_data"),
    (43, "supported_versions"),
    (44, "cookie"),
    (45, "psk_key_exchange_modes"),
    (47, "certificate_authorities"),
    (49, "post_handshake_auth"),
    (50, "signature_algorithms_cert"),
    (51, "key_share"),
    (17_513, "application_settings"),
    (17_613, "application_settings"),
    (0xfe0d, "encrypted_client_hello"),
    (0xff01, "renegotiation_info"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(width: usize, content: &[u8]) -> Vec<u8> {
        let length = content.len().to_be_bytes();
        [&length[length.len() - width..], content].concat()
    }

    fn message() -> Vec<u8> {
        let extension = |kind: u16, content: &[u8]| [&kind.to_be_bytes()[..], &vector(2, content)].concat();
        let name = vector(2, &[&[0][..], &vector(2, b"api.internal")].concat());
        let alpn = vector(2, &[vector(1, b"h2"), vector(1, b"\x1b[31m")].concat());
        let extensions = [
            extension(0x0a0a, &[]),
            extension(0, &name),
            extension(16, &alpn),
            extension(43, &vector(1, &[0x1a, 0x1a, 3, 4, 3, 3])),
            extension(10, &vector(2, &[0, 29, 0, 23])),
            extension(13, &vector(2, &[4, 3, 0xab, 0xcd])),
        ]
        .concat();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &vector(1, &[9; 32]),
            &vector(2, &[0x13, 1, 0xc0, 0x2b]),
            &vector(1, &[0]),
        ];
        let body = [body.concat(), vector(2, &extensions)].concat();
        [vec![1], vector(3, &body)].concat()
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        message.chunks(size).flat_map(|part| [vec![22, 3, 1], vector(2, part)].concat()).collect()
    }

    #[test]
    fn what_a_client_offers_is_read_however_it_is_cut() {
        let message = message();
        for size in [1, 7, message.len()] {
            let bytes = records(&message, size);
            let hello = ClientHello::read(&[&bytes[..], b"more"].concat()).unwrap();
            assert_eq!(hello.server_name.as_deref(), Some("api.internal"));
            assert_eq!(hello.alpn, ["h2", "\\u{1b}[31m"]);
            let names = |codes: &[Code]| codes.iter().map(|code| code.name.clone()).collect::<Vec<_>>();
            let some = |name: &str| Some(name.to_owned());
            assert_eq!(names(&hello.versions), [some("GREASE"), some("TLSv1.3"), some("TLSv1.2")]);
            assert_eq!(hello.versions_told(), "1.3, 1.2");
            assert_eq!(
                names(&hello.cipher_suites),
                [some("TLS_AES_128_GCM_SHA256"), some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
            );
            assert_eq!(names(&hello.groups), [some("x25519"), some("secp256r1")]);
            assert_eq!(names(&hello.signature_schemes), [some("ecdsa_secp256r1_sha256"), None]);
            assert_eq!((hello.extensions.len(), hello.extensions[0].number), (6, 0x0a0a));
            // Cut off anywhere it is the start of one.
            for end in 0..bytes.len() {
                assert_eq!(start(&bytes[..end]), Start::Partial, "{end} of {}", bytes.len());
            }
        }
    }

    #[test]
    fn what_is_none_is_no_start_of_one() {
        for bytes in [
            &b"GET / HTTP/1.1"[..],
            &[22, 2],
            &[22, 3, 1, 0, 0],
            &[22, 3, 1, 255, 255],
            &[22, 3, 1, 0, 9, 2],
            &[0x80],
        ] {
            assert_eq!(start(bytes), Start::Other, "{bytes:?}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let extension = |kind: u16, content: &[u8]| [&kind.to_be_bytes()[..], &vector(2, content)].concat();
        let alpn = extension(16, &vector(2, &[1, b'x'].repeat(1000)));
        let extensions = [alpn, extension(0x1234, &[]).repeat(1000)].concat();
        let body = [&[3, 3][..], &[7; 32], &vector(1, &[]), &vector(2, &[0x13, 1].repeat(1000))].concat();
        let body = [body, vector(1, &[0]), vector(2, &extensions)].concat();
        let hello = ClientHello::read(&records(&[vec![1], vector(3, &body)].concat(), 1 << 14)).unwrap();
        let lengths = [hello.cipher_suites.len(), hello.extensions.len(), hello.alpn.len()];
        assert_eq!(lengths, [MOST_TOLD; 3]);
        assert_eq!(hello.alpn_told(), "x, x, x, x, x, x, x, x, and others");
    }

    #[test]
    fn a_client_of_the_past_offers_its_version() {
        let body =
            [&[3, 1][..], &[7; 32], &vector(1, &[]), &vector(2, &[0, 0x2f]), &vector(1, &[0])].concat();
        let message = [vec![1], vector(3, &body)].concat();
        let hello = ClientHello::read(&records(&message, 64)).unwrap();
        assert_eq!((hello.versions_told(), hello.extensions.len()), ("1.0".to_owned(), 0));
    }
}
