//! What a handshake is made with. A connection keeps the one it began with, so that certificate, key and CAs belong together though
//! all of them may be exchanged meanwhile.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};
use time::OffsetDateTime;

use super::{Code, Credentials, Options, answer::MOST_ANSWER, verifier::ClientVerifier};
use crate::{
    Error,
    cert::Certificate,
    crl::Lists,
    name::{DnsName, escape},
    tls::{self, CertificateFacts, ClientAuth, Clock, Identity, Time, Version, judge::Trust},
    validity::tell,
    verify::Rule,
};

/// What stays the same as long as the server runs.
pub(super) struct Terms {
    pub(super) client_auth: ClientAuth,
    crls: Option<Arc<Lists>>,
    version: Option<Version>,
    alpn: Vec<Vec<u8>>,
    strict_sni: bool,
    pub(super) clock: Clock,
}

impl Terms {
    pub(super) fn new(options: &Options, clock: Clock) -> Result<Self, Error> {
        let usage = |problem: &str| Err(Error::Usage { problem: problem.to_owned() });
        if options.client_auth == ClientAuth::None {
            if options.crls.is_some() {
                return usage("clients are not asked for certificates, so no CRL can refuse one");
            }
            if !options.allow.is_empty() {
                return usage("clients are not asked for certificates, so no list of names can let one in");
            }
        }
        // RFC 7301 3.1: 1 to 255 octets.
        if options.alpn.iter().any(|name| !(1..=255).contains(&name.len())) {
            return usage("the name of an application protocol has 1 to 255 octets (RFC 7301)");
        }
        if options.answer.body.as_ref().is_some_and(|body| body.len() > MOST_ANSWER) {
            return usage("the body of the answer is larger than 64 KiB");
        }
        // RFC 9110 15.2: below 200 are interim answers.
        if options.answer.status.is_some_and(|status| !(200..600).contains(&status)) {
            return usage("the status of an answer is 200 to 599");
        }
        Ok(Self {
            client_auth: options.client_auth,
            crls: options.crls.clone(),
            version: options.version,
            alpn: options.alpn.iter().map(|name| name.clone().into_bytes()).collect(),
            strict_sni: options.strict_sni,
            clock,
        })
    }

    /// The application protocols in words.
    pub(super) fn alpn_told(&self) -> String {
        let names: Vec<_> = self.alpn.iter().map(|name| String::from_utf8_lossy(name)).collect();
        escape(&names.join(", ")).into_owned()
    }

    /// Whether one of the versions is spoken.
    pub(super) fn speaks_any(&self, offered: &[Code]) -> bool {
        let spoken = tls::versions(self.version).iter().map(|version| u16::from(version.version));
        spoken.into_iter().any(|version| offered.iter().any(|offered| offered.number == version))
    }

    /// The versions of TLS in words.
    pub(super) fn versions_told(&self) -> String {
        self.version.map_or_else(|| "1.2 and 1.3".to_owned(), |version| version.to_string())
    }
}

/// Identities, and the configuration of rustls that shows them.
pub(super) struct Setup {
    pub(super) tls: Arc<ServerConfig>,
    pub(super) shown: Arc<Shown>,
}

/// Which identity is shown to whom.
#[derive(Debug)]
pub(super) struct Shown {
    default: One,
    named: Vec<(DnsName, One)>,
    strict: bool,
}

#[derive(Debug)]
struct One {
    identity: Identity,
    /// What answers and reports say about it.
    facts: CertificateFacts,
}

impl One {
    fn new(identity: Identity) -> Result<Self, Error> {
        let facts = identity.leaf().map(CertificateFacts::new);
        let facts = facts.ok_or(Error::LeafMissing { key: None, key_id: None })?;
        Ok(Self { identity, facts })
    }

    fn covers(&self, name: &str) -> bool {
        let leaf = self.identity.leaf();
        leaf.is_some_and(|leaf| leaf.subject_alt_names().iter().any(|own| own.covers_host(name)))
    }
}

impl Setup {
    pub(super) fn new(terms: &Terms, credentials: Credentials) -> Result<Self, Error> {
        let Credentials { identity, sni, client_ca } = credentials;
        let named = sni.into_iter().map(|(name, identity)| Ok((name, One::new(identity)?)));
        let shown = Arc::new(Shown {
            default: One::new(identity)?,
            named: named.collect::<Result<_, Error>>()?,
            strict: terms.strict_sni,
        });
        let tls = configure(terms, client_ca, shown.clone())?;
        Ok(Self { tls, shown })
    }
}

impl Shown {
    fn select(&self, name: Option<&str>) -> Option<&One> {
        let named = |name: &str| {
            let exact = self.named.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
            exact.or_else(|| self.named.iter().find(|(known, _)| known.covers(name))).map(|(_, one)| one)
        };
        let own = |name: &str| self.default.covers(name);
        match name {
            Some(name) => named(name).or((!self.strict || own(name)).then_some(&self.default)),
            None => (!self.strict).then_some(&self.default),
        }
    }

    /// Whether there are names for which nothing is shown.
    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether a client that asks for this name is shown a certificate.
    pub(super) fn knows(&self, name: Option<&str>) -> bool {
        self.select(name).is_some()
    }

    /// What a client that asks for this name may mind about what it is shown, and that in words.
    pub(super) fn fault(&self, name: Option<&str>, now: OffsetDateTime) -> Option<(Rule, String)> {
        let one = self.select(name)?;
        if let Some(name) = name
            && !one.covers(name)
        {
            let name = escape(name);
            return Some((
                Rule::NameMismatch,
                format!("it asked for {name}, which our certificate does not name"),
            ));
        }
        one.identity.chain().iter().find_map(|certificate| {
            let (validity, title) = (certificate.validity(), certificate.title());
            let title = escape(&title);
            if now > validity.not_after {
                let end = tell(validity.not_after, now);
                Some((Rule::Expired, format!("our certificate \"{title}\" expired on {end}")))
            } else if now < validity.not_before {
                let begin = tell(validity.not_before, now);
                Some((Rule::NotYetValid, format!("our certificate \"{title}\" is not valid before {begin}")))
            } else {
                None
            }
        })
    }

    /// The certificate that a client is shown which asks for this name.
    pub(super) fn facts(&self, name: Option<&str>) -> &CertificateFacts {
        &self.select(name).unwrap_or(&self.default).facts
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.select(hello.server_name()).map(|one| one.identity.certified())
    }
}

fn configure(
    terms: &Terms,
    client_ca: Vec<Certificate>,
    shown: Arc<Shown>,
) -> Result<Arc<ServerConfig>, Error> {
    let provider = tls::provider();
    let builder = ServerConfig::builder_with_details(provider.clone(), Arc::new(Time(terms.clock.clone())))
        .with_protocol_versions(tls::versions(terms.version))
        .map_err(tls::setup)?;
    let builder = match terms.client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        mode => {
            if client_ca.is_empty() {
                let problem =
                    "clients are asked for certificates, but no CA is given whose clients are let in";
                return Err(Error::Usage { problem: problem.to_owned() });
            }
            let verifier = ClientVerifier::new(
                Trust { anchors: client_ca, crls: terms.crls.clone() },
                mode == ClientAuth::Required,
                &provider,
                terms.clock.clone(),
            )?;
            builder.with_client_cert_verifier(Arc::new(verifier))
        }
    };
    let mut config = builder.with_cert_resolver(shown);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols.clone_from(&terms.alpn);
    Ok(Arc::new(config))
}
