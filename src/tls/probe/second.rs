//! A second look at a server with which no handshake could be begun: old servers know only what rustls does not speak, and their
//! alert does not say so. A few hellos of other versions and names find out.

use std::time::{Duration, Instant};

use super::{
    Version,
    cause::{Cause, CauseCode},
};
use crate::{
    Error,
    tls::{
        connect::Stream,
        hello::{self, Answer, LegacyVersion as V},
    },
};

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Looks with hellos of its own. `dial` makes a connection that has come to where TLS begins.
pub(super) fn look(
    mut dial: impl FnMut(Instant) -> Result<Stream, Error>,
    name: Option<&str>,
    only: Option<Version>,
    deadline: Instant,
) -> Option<Cause> {
    let deadline = deadline.min(Instant::now() + LIMIT);
    let mut ask = |name: Option<&str>, version: V| {
        let mut stream = dial(deadline).ok()?;
        hello::answer(&mut stream, name, version).ok()
    };
    let accepted = |answer: Option<Answer>| match answer {
        Some(Answer::Accepted { version, cipher, .. }) => Some((version, cipher)),
        _ => None,
    };
    let certain = |code, fact| Some(Cause::new(code, true, fact));
    // A server takes the best version it has that is not above the one offered.
    let best = accepted(ask(name, V::Tls12));
    let best = best.or_else(|| accepted(ask(name, V::Tls10))).or_else(|| accepted(ask(name, V::Ssl3)));
    match best {
        Some((version @ (V::Ssl3 | V::Tls10 | V::Tls11), cipher)) => {
            let fact = format!(
                "the server speaks {version} at most ({cipher}), which is broken or deprecated (RFC 8996) and not spoken here"
            );
            certain(CauseCode::VersionTooOld, fact)
        }
        Some((_, _)) if only == Some(Version::Tls13) => {
            certain(CauseCode::VersionNotSpoken, "the server speaks TLS 1.2, and not TLS 1.3".into())
        }
        Some((_, cipher)) if !is_spoken(&cipher) => {
            let fact = format!(
                "for TLS 1.2 the server chooses {cipher}, and shares none of the forward-secret AEAD suites that are spoken here"
            );
            certain(CauseCode::CipherTooOld, fact)
        }
        Some(_) => None,
        None => {
            if only == Some(Version::Tls12) && accepted(ask(name, V::Tls13)).is_some() {
                let fact = "the server speaks TLS 1.3, and not TLS 1.2".to_owned();
                return certain(CauseCode::VersionNotSpoken, fact);
            }
            let nameless = name.and_then(|name| Some((name, accepted(ask(None, V::Tls12))?)));
            let (name, _) = nameless?;
            let fact = format!("the server answers where no name is asked for, and not for {name}");
            certain(CauseCode::NameUnknown, fact)
        }
    }
}

/// The suites of TLS 1.2 that rustls speaks.
fn is_spoken(cipher: &str) -> bool {
    rustls::crypto::ring::ALL_CIPHER_SUITES.iter().any(|suite| suite.suite().as_str() == Some(cipher))
}
