//! What a certificate, request, CRL or key can and cannot be used for.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    cert::{Certificate, Role},
    crl::Crl,
    csr::Csr,
    key::{Algorithm, PublicKey},
    lint::{self, Item, Severity},
    name::{GeneralName, Subtree, escape},
    oid::{self, Oid},
    origin::Origin,
    profile::{KeyUsage, Profile},
    validity::tell,
    verify::{Purpose, Question, Rule, verify},
};

/// What is to be said of one thing in a file.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Where it is, escaped for a terminal
    pub source: String,
    /// Which of those in the file, from 1
    pub position: usize,
    /// How many the file holds
    pub of: usize,
    /// What people call it. Escaped for a terminal.
    pub title: String,
    /// What is to be said, in order
    pub sections: Vec<Section>,
}

/// What is to be said of one side of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Which: `it is`, `names`, `can`, `cannot`, …
    pub about: &'static str,
    /// One sentence each
    pub says: Vec<String>,
}

impl Account {
    fn new(origin: &Origin, title: String) -> Self {
        Self {
            source: escape(origin.place()).into_owned(),
            position: origin.position().unwrap_or(1),
            of: origin.count(),
            title,
            sections: Vec::new(),
        }
    }

    fn say(&mut self, about: &'static str, says: impl IntoIterator<Item = String>) {
        let says: Vec<String> = says.into_iter().collect();
        if !says.is_empty() {
            self.sections.push(Section { about, says });
        }
    }

    /// What is said of one side.
    pub fn about(&self, about: &str) -> &[String] {
        self.sections.iter().find(|section| section.about == about).map_or(&[], |section| &section.says)
    }
}

/// What a certificate is good for at `now`.
pub fn certificate(certificate: &Certificate, now: OffsetDateTime) -> Account {
    let mut account = Account::new(certificate.origin(), certificate.title());
    let role = certificate.role();
    account.say("it is", [what(certificate, role)]);
    let (mut can, mut cannot) = (Vec::new(), Vec::new());
    let refused = disqualified(certificate, now);
    let mut judge = |what: &str, outcome: Result<String, String>| match outcome
        .and_then(|how| refused.clone().map(|()| how))
    {
        Ok(how) => can.push(format!("{what}: {how}")),
        Err(why) => cannot.push(format!("{what}: {why}")),
    };
    judge("answer as a TLS server", serve(certificate));
    judge("act as a TLS client", connect(certificate));
    judge("sign certificates", sign(certificate));
    judge("sign CRLs", sign_lists(certificate));
    account.say("can", can.into_iter().chain(further(certificate)));
    account.say("cannot", cannot);
    if role.is_ca() {
        account.say("below it", below(certificate));
    } else {
        let names = certificate.subject_alt_names();
        account.say("names", names.iter().map(covers));
    }
    account.say("trust", [trust(certificate, role)]);
    account.say("ends", [ends(certificate, now)]);
    account.say("key", [holder(certificate.public_key())]);
    account.say("refused", refusals(certificate, now));
    account
}

fn what(certificate: &Certificate, role: Role) -> String {
    let issuer = certificate.issuer();
    match role {
        Role::Root => {
            "a root CA: it signed itself, and is trusted for being in a trust store, not for its signature"
                .into()
        }
        Role::Intermediate => format!("an intermediate CA, certified by {issuer}"),
        Role::Server => format!("the certificate of a server, issued by {issuer}"),
        Role::Client => format!("the certificate of a client, issued by {issuer}"),
        Role::Peer => format!("the certificate of a peer, server and client at once, issued by {issuer}"),
        Role::Leaf if certificate.is_self_signed() => {
            "a self-signed certificate of no stated purpose, and no CA".into()
        }
        Role::Leaf => format!("a certificate of no stated purpose in TLS, issued by {issuer}"),
    }
}

/// What makes peers refuse it whatever it is used for: what [`verify()`] finds in the certificate itself, but for its dates and
/// usages, which are told apart.
fn disqualified(certificate: &Certificate, now: OffsetDateTime) -> Result<(), String> {
    let question = Question { anchors: &[], intermediates: &[], purpose: Purpose::Any, host: None, at: now };
    let told_apart = |rule: Rule| {
        rule.is_missing_issuer()
            || matches!(rule, Rule::Expired | Rule::NotYetValid | Rule::KeyUsage | Rule::ExtendedKeyUsage)
    };
    let mut findings = verify(certificate, &question).findings.into_iter();
    findings.find(|finding| !told_apart(finding.rule)).map_or(Ok(()), |finding| Err(finding.fact))
}

/// Whether the stated usages include this one; without any stated, all do.
fn usage(certificate: &Certificate, wanted: &[u8]) -> Result<&'static str, String> {
    let Some(usages) = certificate.extended_key_usage() else {
        return Ok("it states no usage, so that any is allowed");
    };
    let has = |usage: &[u8]| usages.iter().any(|stated| stated.content() == usage);
    if has(wanted) {
        Ok("")
    } else if has(oid::ANY_EXTENDED_KEY_USAGE) {
        Ok("by anyExtendedKeyUsage, which not all peers take for it")
    } else {
        let stated: Vec<String> = usages.iter().map(Oid::name).collect();
        Err(format!("extKeyUsage is {}, without {}", stated.join(", "), Oid::from_content(wanted).name()))
    }
}

fn handshake(certificate: &Certificate) -> Result<(), String> {
    match certificate.key_usage() {
        Some(usage) if !usage.contains(KeyUsage::DIGITAL_SIGNATURE) => Err(format!(
            "keyUsage is {}, without digitalSignature, which TLS 1.3 needs",
            usage.names().join(", ")
        )),
        _ if certificate.is_ca() => {
            Err("it is a CA; many peers, those with rustls among them, refuse a CA in the place of a leaf"
                .into())
        }
        _ => Ok(()),
    }
}

fn serve(certificate: &Certificate) -> Result<String, String> {
    let how = usage(certificate, oid::SERVER_AUTH)?;
    handshake(certificate)?;
    let hosts = certificate
        .subject_alt_names()
        .iter()
        .filter(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
    match hosts.count() {
        0 => Err(
            "it has no DNS name or IP address among its alternative names, and clients look at nothing else"
                .into(),
        ),
        _ if how.is_empty() => Ok("under the names below".into()),
        _ => Ok(format!("under the names below; {how}")),
    }
}

fn connect(certificate: &Certificate) -> Result<String, String> {
    let how = usage(certificate, oid::CLIENT_AUTH)?;
    handshake(certificate)?;
    let who = "a server sees who it is by its subject or alternative names";
    Ok(if how.is_empty() { who.to_owned() } else { format!("{who}; {how}") })
}

fn sign(certificate: &Certificate) -> Result<String, String> {
    if !certificate.is_ca() {
        return Err("basicConstraints does not say that it is a CA".into());
    }
    match certificate.key_usage() {
        Some(usage) if !usage.contains(KeyUsage::KEY_CERT_SIGN) => {
            Err(format!("keyUsage is {}, without keyCertSign", usage.names().join(", ")))
        }
        _ => Ok(match certificate.basic_constraints() {
            Some((_, Some(0))) => "of servers and clients, and of no further CA (path length 0)".into(),
            Some((_, Some(1))) => "also of CAs, one below the other at most (path length 1)".into(),
            Some((_, Some(length))) => format!("also of CAs, up to {length} in a row (path length {length})"),
            _ => "also of CAs, any number in a row".into(),
        }),
    }
}

fn sign_lists(certificate: &Certificate) -> Result<String, String> {
    match certificate.key_usage() {
        Some(usage) if usage.contains(KeyUsage::CRL_SIGN) => Ok("keyUsage holds cRLSign".into()),
        Some(_) => Err("keyUsage is without cRLSign".into()),
        None if certificate.is_ca() => Ok("it states no keyUsage".into()),
        None => Err("it is no CA".into()),
    }
}

/// Usages outside of TLS.
fn further(certificate: &Certificate) -> Vec<String> {
    let known = [oid::SERVER_AUTH, oid::CLIENT_AUTH, oid::ANY_EXTENDED_KEY_USAGE];
    let usages = certificate.extended_key_usage().unwrap_or_default().iter();
    let others = usages.filter(|usage| !certificate.is_ca() && !known.contains(&usage.content()));
    others
        .map(|usage| match usage.long_name() {
            Some(long) => format!("{}: {long}", usage.name()),
            None => format!("a usage that is not known here: {usage}"),
        })
        .collect()
}

/// What a CA's limits mean for what is below it.
fn below(certificate: &Certificate) -> Vec<String> {
    let mut says = Vec::new();
    if let Some(usages) = certificate.extended_key_usage() {
        let names: Vec<String> = usages.iter().map(Oid::name).collect();
        says.push(format!("only certificates for {} are accepted", names.join(", ")));
    }
    let Some(constraints) = certificate.name_constraints() else {
        says.push("names of any kind are accepted: it has no name constraints".into());
        return says;
    };
    let list = |trees: &[&Subtree]| trees.iter().map(|tree| reach(tree)).collect::<Vec<_>>().join("; ");
    let mut kinds: Vec<&str> = constraints.permitted.iter().map(Subtree::kind).collect();
    kinds.dedup();
    for kind in &kinds {
        let trees: Vec<&Subtree> = constraints.permitted.iter().filter(|tree| tree.kind() == *kind).collect();
        says.push(format!("{kind} names are accepted where they are {}", list(&trees)));
    }
    let excluded: Vec<&Subtree> = constraints.excluded.iter().collect();
    if !excluded.is_empty() {
        says.push(format!("refused is {}", list(&excluded)));
    }
    let free: Vec<&str> =
        ["DNS", "IP", "email", "URI"].into_iter().filter(|kind| !kinds.contains(kind)).collect();
    if !free.is_empty() {
        let but = if constraints.excluded.is_empty() { "" } else { ", but for what is excluded" };
        says.push(format!("names of other kinds ({}) are not limited{but}", free.join(", ")));
    }
    says
}

/// What a subtree covers.
fn reach(tree: &Subtree) -> String {
    let text = tree.to_string();
    let value = text.split_once(':').map_or(text.as_str(), |(_, value)| value);
    match tree.kind() {
        "DNS" if value.is_empty() => "any DNS name".into(),
        "DNS" => format!("{} and everything below it", value.trim_start_matches('.')),
        "IP" => format!("in {value}"),
        "email" if value.contains('@') => value.to_owned(),
        "email" if value.starts_with('.') => {
            format!("addresses at hosts below {}", value.trim_start_matches('.'))
        }
        "email" => format!("addresses at {value}"),
        "URI" if value.starts_with('.') => format!("of hosts below {}", value.trim_start_matches('.')),
        "URI" => format!("of the host {value}"),
        _ => format!("within {text}"),
    }
}

/// Which peers an alternative name means.
fn covers(name: &GeneralName) -> String {
    let means = match name {
        GeneralName::Dns(text) => match text.strip_prefix("*.") {
            Some(parent) => {
                let parent = escape(parent);
                format!("every host one label below: a.{parent}, but neither {parent} nor a.b.{parent}")
            }
            None if text.contains('*') => "nothing: no client matches a wildcard in this place".into(),
            None => "this host, and none below it".into(),
        },
        GeneralName::Ip(_) => "clients that connect to this address itself, and not to a name of it".into(),
        GeneralName::Uri(text) if text.starts_with("spiffe:") => {
            "a workload, to peers that speak SPIFFE".into()
        }
        GeneralName::Uri(_) => "an identity for programs; clients do not match hosts against it".into(),
        GeneralName::Email(_) => "a person or mailbox; clients do not match hosts against it".into(),
        GeneralName::Directory(_) => "a name in a directory".into(),
        GeneralName::RegisteredId(_) => "a registered identifier".into(),
        GeneralName::Other(..) => "a name of another kind, to programs that know it".into(),
        GeneralName::Unknown(..) => "nothing that can be read".into(),
    };
    format!("{name}: {means}")
}

fn trust(certificate: &Certificate, role: Role) -> String {
    let issuer = certificate.issuer();
    match role {
        Role::Root => "whoever is to accept what is below it has to have it in the trust store, brought there by a way that nobody else can write to".into(),
        Role::Intermediate => format!("peers do not have to have it: servers and clients send it along. They have to trust a root above it, and {issuer} is next"),
        _ if certificate.is_self_signed() => "every peer has to be given this very certificate, and many refuse to take what is no CA for a trust anchor".into(),
        _ => format!("peers have to trust the root above {issuer}; intermediate CAs are sent along with it (fullchain.pem)"),
    }
}

fn ends(certificate: &Certificate, now: OffsetDateTime) -> String {
    let validity = certificate.validity();
    if now < validity.not_before {
        format!("it is not valid yet: it begins {}", tell(validity.not_before, now))
    } else if now > validity.not_after {
        format!("it has expired: {}; every peer refuses it", tell(validity.not_after, now))
    } else {
        let left = validity.remaining(now);
        format!("{}; {} percent of its time are left", tell(validity.not_after, now), left.percent)
    }
}

fn holder(key: &PublicKey) -> String {
    let algorithm = key.algorithm();
    let strength = match algorithm {
        Algorithm::P256 | Algorithm::P384 => "understood by every TLS program",
        Algorithm::Ed25519 => "understood by most TLS programs, and not by browsers",
        Algorithm::P521 | Algorithm::Ed448 => "not understood by many TLS programs",
        Algorithm::Rsa(bits) if bits < 2048 => "too weak: current peers refuse it",
        Algorithm::Rsa(_) => "understood by every TLS program",
        Algorithm::RsaPss(_) => "signs with PSS alone, which some TLS programs do not know",
        Algorithm::Other => "of a kind that is not known here",
    };
    format!(
        "{algorithm}, {strength}; whoever has the private key of sha256 {} is who it speaks of",
        key.short_id()
    )
}

/// What peers refuse, or may: the findings of lint that are more than information.
fn refusals(certificate: &Certificate, now: OffsetDateTime) -> Vec<String> {
    let item = Item::new(lint::Kind::Certificate, certificate.der().to_vec(), certificate.origin().clone());
    let reports = lint::judge(&[item], now);
    let findings = reports.iter().flat_map(|report| &report.findings);
    let grave = findings.filter(|finding| finding.rule.severity > Severity::Info);
    grave.map(|finding| format!("{} ({}). {}", finding.fact, finding.rule.id, finding.rule.reason)).collect()
}

/// What a certificate request is for.
pub fn request(request: &Csr) -> Account {
    let mut account = Account::new(request.origin(), format!("request for {}", request.subject().short()));
    account.say(
        "it is",
        ["a certificate request: it asks a CA for a certificate of its key, and no peer accepts it".into()],
    );
    let usages: Vec<String> = request.extended_key_usage().iter().map(Oid::name).collect();
    let mut asks = vec![format!(
        "the subject {}",
        if request.subject().is_empty() { "is empty".to_owned() } else { request.subject().to_string() }
    )];
    asks.extend(request.subject_alt_names().iter().map(|name| format!("the name {name}")));
    asks.extend(request.key_usage().map(|usage| format!("the key usage {}", usage.names().join(", "))));
    asks.extend((!usages.is_empty()).then(|| format!("the usage {}", usages.join(", "))));
    account.say("asks for", asks);
    account.say(
        "proves",
        [match request.verify_signature() {
            Ok(()) => "who made it has the private key: its signature holds".to_owned(),
            Err(error) => error.to_string(),
        }],
    );
    account.say("key", [holder(request.public_key())]);
    let signs =
        [Profile::Server, Profile::Client].map(|profile| format!("pkit sign FILE --profile {profile}"));
    account.say("next", [format!("a CA signs it: {}", signs.join(", or "))]);
    account
}

/// What a revocation list says.
pub fn crl(crl: &Crl, now: OffsetDateTime) -> Account {
    let mut account = Account::new(crl.origin(), format!("CRL of {}", crl.issuer().short()));
    account.say(
        "it is",
        [format!(
            "a revocation list: which certificates of {} are not good any more, before their end",
            crl.issuer()
        )],
    );
    let number = crl.number_hex().map(|number| format!(", number {number}")).unwrap_or_default();
    account.say(
        "says",
        [format!("{} revoked{number}, as of {}", crl.revoked().len(), tell(crl.this_update(), now))],
    );
    let end = tell(crl.next_update(), now);
    account.say(
        "ends",
        [if now > crl.next_update() {
            format!("it has lapsed: {end}; peers that check revocation refuse every certificate of this CA")
        } else {
            format!("{end}; then the CA has to have made another")
        }],
    );
    account.say("needed", ["by peers that check revocation, together with the lists of every CA above; it needs no secrecy, being signed".into()]);
    account
}

/// What a private key is for; `None` for one under a passphrase, of which no more is known.
pub fn private_key(key: Option<&PublicKey>, origin: &Origin) -> Account {
    let mut account = Account::new(origin, "private key".into());
    account.say(
        "it is",
        [match key {
            Some(key) => format!("a private key, without a passphrase: {}", key.algorithm()),
            None => "a private key, encrypted under a passphrase".to_owned(),
        }],
    );
    account.say("can", ["prove to be whoever a certificate with its public half speaks of; as the key of a CA, sign certificates".into()]);
    account.say(
        "key",
        key.map(|key| {
            format!(
                "its public half has the sha256 {}; that of a certificate is told by pkit inspect",
                key.short_id()
            )
        }),
    );
    account.say("keep", ["where only its owner can read it (mode 0600), and out of mail, images and repositories; who gets it can act as its owner until the certificate is revoked or ends".into()]);
    account
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use time::macros::datetime;

    use super::*;
    use crate::{
        cert::NameConstraints,
        issue::{Kind, Request, plan},
        key::{KeyType, PrivateKey},
        name::Name,
        validity::{End, Span},
    };

    #[test]
    fn a_root_is_told_with_its_limits() {
        let now = datetime!(2027-01-01 0:00 UTC);
        let random = SystemRandom::new();
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let constraints = NameConstraints {
            permitted: vec![Subtree::Dns("internal".into())],
            excluded: vec![Subtree::Dns("secret.internal".into())],
        };
        let request = Request {
            path_length: Some(1),
            name_constraints: Some(constraints),
            ..Request::new(Kind::Root, Name::from_common_name("Root").unwrap(), End::After(Span::days(100)))
        };
        let root = plan(request, None, now).unwrap().sign_root(&key, &random).unwrap();
        let account = certificate(&root, now);
        assert!(account.about("can").iter().any(|line| line.contains("path length 1")), "{account:?}");
        assert_eq!(account.about("cannot").len(), 2, "neither server nor client: {account:?}");
        let below = account.about("below it").join("\n");
        assert!(
            below.contains("internal and everything below it")
                && below.contains("refused is secret.internal"),
            "{below}"
        );
        assert!(account.about("refused").is_empty(), "{account:?}");
        let late = certificate(&root, datetime!(2028-01-01 0:00 UTC));
        assert!(late.about("refused").iter().any(|line| line.contains("(expired)")), "{late:?}");
    }
}
