//! Live handshakes of `serve` and `probe` with each other, and with peers that misbehave. Keys are made here, the
//! clock stands still, and everything happens on the loopback interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "visitor/running.rs"]
mod running;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use pkit::{
    Error,
    cert::Certificate,
    crl::{Crl, Lists, Reason, Revoked, Terms},
    issue::{Kind, Request, plan},
    issuer::Issuer,
    key::{KeyType, PrivateKey},
    name::{Name, San},
    origin::Origin,
    profile::Profile,
    tls::{
        ClientAuth, Clock, Identity, Version,
        probe::{self, CauseCode, How, Reception, Report, Side, Trust, Verdict, probe},
        serve::{self, ConnectionReport, Outcome, Server, Summary},
    },
    validity::{End, Span},
    verify::Rule,
};
use ring::rand::SystemRandom;
use running::while_running;
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2027-06-01 12:00 UTC);
const EARLIER: OffsetDateTime = datetime!(2027-01-01 12:00 UTC);
const BOTH: [Version; 2] = [Version::Tls12, Version::Tls13];

fn clock() -> Clock {
    Arc::new(|| NOW)
}

/// A root with an intermediate, and what it signs.
struct Authority {
    root: Certificate,
    above: Issuer,
    issuing: Issuer,
    random: SystemRandom,
}

fn request(kind: Kind, name: &str, sans: &[&str], end: End) -> Request {
    Request {
        sans: sans.iter().map(|san| san.parse::<San>().unwrap()).collect(),
        ..Request::new(kind, Name::from_common_name(name).unwrap(), end)
    }
}

impl Authority {
    fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let origin = || Origin::named("test key");
        let root_key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let ten_years = End::After(Span::years(10));
        let root = plan(request(Kind::Root, name, &[], ten_years), None, EARLIER).unwrap();
        let root = root.sign_root(&root_key, &random).unwrap();
        let root_issuer = Issuer::new(root.clone(), &[], root_key, origin(), EARLIER).unwrap();
        let key = PrivateKey::generate(KeyType::P256, &random).unwrap();
        let subject = format!("{name} Issuing");
        let issuing =
            plan(request(Kind::Intermediate, &subject, &[], ten_years), Some(&root_issuer), EARLIER);
        let issuing = issuing.unwrap().sign(key.public(), &root_issuer, &random).unwrap();
        let issuing = Issuer::new(issuing, std::slice::from_ref(&root), key, origin(), EARLIER).unwrap();
        Self { root, above: root_issuer, issuing, random }
    }

    fn leaf(
        &self,
        profile: Profile,
        sans: &[&str],
        at: OffsetDateTime,
        days: u64,
    ) -> (Vec<Certificate>, PrivateKey) {
        let key = PrivateKey::generate(KeyType::P256, &self.random).unwrap();
        let end = End::After(Span::days(days));
        let plan = plan(request(Kind::Leaf(profile), "leaf", sans, end), Some(&self.issuing), at).unwrap();
        let leaf = plan.sign(key.public(), &self.issuing, &self.random).unwrap();
        (vec![leaf, self.issuing.certificate().clone()], key)
    }

    /// A list of the intermediate, or of the root.
    fn list(&self, issuer: &Issuer, revoked: &[&Certificate], (begin, end): (i64, i64)) -> Crl {
        let entry = |certificate: &&Certificate| Revoked {
            serial: certificate.serial().into(),
            date: EARLIER,
            reason: Reason::KeyCompromise,
        };
        let day = time::Duration::DAY;
        let (this_update, next_update) = (NOW + day * begin as i32, NOW + day * end as i32);
        let terms = Terms { number: 1, this_update, next_update };
        Crl::sign(issuer, revoked.iter().map(entry).collect(), terms, &self.random).unwrap()
    }

    fn server(&self) -> Identity {
        identity(self.leaf(Profile::Server, &["localhost", "127.0.0.1"], EARLIER, 365))
    }

    fn client(&self) -> Identity {
        identity(self.leaf(Profile::Client, &["client.internal"], EARLIER, 365))
    }
}

fn identity((chain, key): (Vec<Certificate>, PrivateKey)) -> Identity {
    Identity::new(chain, key, Origin::named("test key")).unwrap()
}

fn serving(authority: &Authority) -> serve::Options {
    serve::Options::new(authority.server(), vec![authority.root.clone()])
}

fn probing(authority: &Authority, address: SocketAddr) -> probe::Options {
    probe::Options {
        connect: Some(address.into()),
        identity: Some(authority.client()),
        timeout: Duration::from_secs(20),
        ..probe::Options::new("localhost", address.port(), vec![authority.root.clone()])
    }
}

/// Serves while `body` runs, and returns what was reported.
fn while_serving<T>(
    options: serve::Options,
    body: impl FnOnce(SocketAddr) -> T,
) -> (T, Vec<ConnectionReport>, Summary) {
    while_running(Server::bind(options, clock()).unwrap(), body)
}

fn probe_once(
    serve: serve::Options,
    options: impl FnOnce(SocketAddr) -> probe::Options,
) -> (Report, ConnectionReport) {
    let (report, mut connections, _) =
        while_serving(serve, |address| probe(&options(address), clock()).unwrap());
    assert_eq!(connections.len(), 1);
    (report, connections.remove(0))
}

#[test]
fn a_good_client_is_accepted() {
    let authority = Authority::new("Acme");
    for version in BOTH {
        let (report, connection) =
            probe_once(serve::Options { version: Some(version), ..serving(&authority) }, |address| {
                probing(&authority, address)
            });
        assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
        assert_eq!(report.server_to_us.verdict, Trust::Trusted);
        assert_eq!(
            (report.us_to_server.verdict, report.us_to_server.how),
            (Reception::Accepted, How::Response)
        );
        assert!(report.us_to_server.tls_accepted && report.us_to_server.causes.is_empty());
        let negotiated = report.negotiated.unwrap();
        assert_eq!(negotiated.version, format!("TLSv{version}"));
        assert_eq!(negotiated.alpn.as_deref(), Some("http/1.1"));
        assert_eq!(report.server_chain.len(), 2);
        assert_eq!(report.server_to_us.path.len(), 3);
        let asked = report.certificate_request;
        assert_eq!((asked.asked, asked.authorities.as_slice()), (Some(true), &["CN=Acme".to_owned()][..]));
        assert_eq!(asked.sent.len(), 2);
        assert!(asked.signature_schemes.contains(&"ecdsa_secp256r1_sha256".to_owned()));
        assert_eq!(report.steps.len(), 4);
        assert!(report.first_byte.is_some_and(|time| time < report.total));
        assert_eq!(report.signature_scheme.as_deref(), Some("ecdsa_secp256r1_sha256"));
        // serve-test hands out none, because a resumed client is not judged.
        assert_eq!(report.tickets, (version == Version::Tls13).then_some(0));
        assert_eq!((asked.authority_fits, asked.scheme_fits), (Some(true), Some(true)));
        assert_eq!((report.name_matches, report.observations.len()), (Some(true), 0));
        let expiry = report.expiry.unwrap();
        assert_eq!((expiry.certificate.as_str(), expiry.days_left), ("leaf", 214));
        assert_eq!((report.rule, report.certificate), (None, None));
        let response = report.response.unwrap();
        assert!(response.complete && response.status == 200 && response.body_bytes > 500);

        assert_eq!(connection.outcome, Outcome::Accepted, "{}", connection.reason);
        assert!(connection.client_authenticated && connection.findings.is_empty());
        let client = connection.client.unwrap();
        assert_eq!(client.certificate.sans, ["DNS:client.internal"]);
        assert_eq!(client.chain, ["CN=leaf", "CN=Acme Issuing"]);
        let tls = connection.tls.unwrap();
        assert_eq!((tls.version, tls.server_name.as_deref()), (format!("TLSv{version}"), Some("localhost")));
        assert!(tls.suite.unwrap().starts_with("TLS_") && tls.group.is_some());
        assert_eq!((connection.request.as_deref(), connection.status), (Some("GET /"), Some(200)));
    }
}

#[test]
fn the_answer_says_who_the_client_is() {
    let authority = Authority::new("Acme");
    let (text, ..) =
        while_serving(serve::Options { client_auth: ClientAuth::None, ..serving(&authority) }, |address| {
            let mut peer = rustls_client(&authority, address);
            peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut text = String::new();
            peer.read_to_string(&mut text).unwrap();
            text
        });
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nConnection: close"));
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(json["client_authenticated"], false);
    assert!(json["client"].is_null());
    assert_eq!(json["tls"]["version"], "TLSv1.3");
    assert_eq!(json["server"]["subject"], "CN=leaf");
}

/// A foreign client, by rustls' own verifier.
fn rustls_client(
    authority: &Authority,
    address: SocketAddr,
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    #[derive(Debug)]
    struct Fixed;
    impl rustls::time_provider::TimeProvider for Fixed {
        fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
            let seconds = NOW.unix_timestamp().try_into().unwrap();
            Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
        }
    }
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.root.der().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_details(provider, Arc::new(Fixed))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection =
        rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    rustls::StreamOwned::new(connection, TcpStream::connect(address).unwrap())
}

#[test]
fn without_a_certificate_nobody_gets_in() {
    let authority = Authority::new("Acme");
    for (version, times) in [(Version::Tls12, 20), (Version::Tls13, 200)] {
        let serve = serve::Options { version: Some(version), ..serving(&authority) };
        let (reports, connections, summary) = while_serving(serve, |address| {
            let options = probe::Options { identity: None, ..probing(&authority, address) };
            (0..times).map(|_| probe(&options, clock()).unwrap()).collect::<Vec<_>>()
        });
        for report in reports {
            assert_eq!(
                (report.verdict, report.side),
                (Verdict::Refused, Some(Side::Server)),
                "{}",
                report.reason
            );
            assert_eq!(report.us_to_server.alert.unwrap().number, 116);
            let cause = &report.us_to_server.causes[0];
            assert_eq!((cause.code, cause.certain), (CauseCode::NoCertificate, true));
            assert_eq!(report.server_to_us.verdict, Trust::Trusted);
        }
        assert_eq!((summary.refused, summary.accepted), (times, 0));
        for connection in connections {
            assert_eq!(connection.outcome, Outcome::Refused);
            assert_eq!(connection.alert_sent.unwrap().number, 116);
            assert!(!connection.client_authenticated);
        }
    }
}

/// Whoever comes with `client` is refused, by the alert and the rule given, and reported so on both sides.
#[track_caller]
fn refused(authority: &Authority, client: Identity, alert: u8, rule: Rule, cause: Option<(CauseCode, bool)>) {
    for version in BOTH {
        let serve = serve::Options { version: Some(version), ..serving(authority) };
        let (report, connection) = probe_once(serve, |address| probe::Options {
            identity: Some(client.clone()),
            ..probing(authority, address)
        });
        assert_eq!(
            (report.verdict, report.side),
            (Verdict::Refused, Some(Side::Server)),
            "{}",
            report.reason
        );
        assert_eq!(report.us_to_server.how, How::Alert);
        assert_eq!(report.us_to_server.alert.as_ref().unwrap().number, alert, "TLS {version}");
        let causes: Vec<_> =
            report.us_to_server.causes.iter().map(|cause| (cause.code, cause.certain)).collect();
        assert_eq!(causes.first().copied(), cause, "{:?}", report.us_to_server.causes);
        assert_eq!(connection.outcome, Outcome::Refused);
        assert_eq!(connection.findings[0].rule, rule, "{}", connection.reason);
        assert_eq!(connection.alert_sent.unwrap().number, alert);
        assert_eq!(connection.client.unwrap().certificate.subject, "CN=leaf");
        assert!(!connection.client_authenticated);
    }
}

const CURRENT: (i64, i64) = (-1, 7);

/// Lists, and the broken rule, the certificate that breaks it, and the alert that follow from them.
type Revocation = (Vec<Crl>, Option<(Rule, usize, u8)>);

/// What lists say of a certificate below the intermediate.
fn revocations(authority: &Authority, leaf: &Certificate) -> Vec<Revocation> {
    let Authority { above, issuing, .. } = authority;
    let good = |issuer| authority.list(issuer, &[], CURRENT);
    let bad = || authority.list(issuing, &[leaf], CURRENT);
    let lapsed = || authority.list(issuing, &[], (-9, -1));
    let mut forged = good(issuing).der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = Crl::from_der(forged, Origin::named("forged")).unwrap();
    vec![
        (vec![good(above), good(issuing)], None),
        (vec![good(above), bad()], Some((Rule::Revoked, 1, 44))),
        // Whichever comes first.
        (vec![good(above), good(issuing), bad()], Some((Rule::Revoked, 1, 44))),
        (vec![bad(), good(issuing), good(above)], Some((Rule::Revoked, 1, 44))),
        (
            vec![good(issuing), authority.list(above, &[issuing.certificate()], CURRENT)],
            Some((Rule::Revoked, 2, 44)),
        ),
        (vec![good(above)], Some((Rule::CrlMissing, 1, 46))),
        (vec![good(issuing)], Some((Rule::CrlMissing, 2, 46))),
        (vec![good(above), lapsed()], Some((Rule::CrlLapsed, 1, 46))),
        (vec![good(above), authority.list(issuing, &[], (1, 7))], Some((Rule::CrlLapsed, 1, 46))),
        (vec![good(above), good(issuing), forged], Some((Rule::CrlRefused, 1, 46))),
    ]
}

#[test]
fn clients_are_refused_by_revocation_lists() {
    let authority = Authority::new("Acme");
    let client = authority.client();
    for version in BOTH {
        for (index, (lists, expected)) in revocations(&authority, &client.chain()[0]).into_iter().enumerate()
        {
            let crls = Some(Arc::new(Lists::from(lists)));
            let serve = serve::Options { version: Some(version), crls: crls.clone(), ..serving(&authority) };
            let knowing = probe::Options {
                identity: Some(client.clone()),
                // The server's certificate is on none of them.
                crls: crls.filter(|_| matches!(expected, None | Some((Rule::Revoked, 1, _)))),
                ..probing(&authority, "127.0.0.1:1".parse().unwrap())
            };
            let known = knowing.crls.is_some();
            let (report, connection) = probe_once(serve, |address| probe::Options {
                port: address.port(),
                connect: Some(address.into()),
                ..knowing
            });
            let Some((rule, certificate, alert)) = expected else {
                assert_eq!(report.verdict, Verdict::Accepted, "{index}: {}", report.reason);
                assert!(report.server_to_us.revocation_checked);
                assert_eq!(connection.outcome, Outcome::Accepted);
                continue;
            };
            assert_eq!((report.verdict, report.side), (Verdict::Refused, Some(Side::Server)), "{index}");
            assert_eq!(report.us_to_server.alert.as_ref().unwrap().number, alert, "{index}, TLS {version}");
            assert_eq!(connection.outcome, Outcome::Refused);
            assert_eq!(connection.alert_sent.unwrap().number, alert);
            let found: Vec<_> =
                connection.findings.iter().map(|finding| (finding.rule, finding.certificate)).collect();
            assert_eq!(found, [(rule, certificate)], "{index}: {}", connection.reason);
            // Certain where our lists prove it, else as likely as the alert makes it.
            let revoked = report.us_to_server.causes.iter().find(|cause| cause.code == CauseCode::Revoked);
            assert_eq!(revoked.map(|cause| cause.certain), (alert == 44).then_some(known), "{index}");
            assert_eq!(report.reason.contains("is revoked: keyCompromise"), known, "{}", report.reason);
        }
    }
}

#[test]
fn servers_are_refused_by_revocation_lists() {
    let authority = Authority::new("Acme");
    let server = authority.server();
    for version in BOTH {
        for (index, (lists, expected)) in revocations(&authority, &server.chain()[0]).into_iter().enumerate()
        {
            let serve =
                serve::Options { version: Some(version), identity: server.clone(), ..serving(&authority) };
            let (report, connection) = probe_once(serve, |address| probe::Options {
                crls: Some(Arc::new(Lists::from(lists))),
                ..probing(&authority, address)
            });
            let Some((rule, certificate, alert)) = expected else {
                assert_eq!(report.verdict, Verdict::Accepted, "{index}: {}", report.reason);
                continue;
            };
            assert_eq!((report.verdict, report.side), (Verdict::Refused, Some(Side::Us)), "{index}");
            let judged = &report.server_to_us;
            assert_eq!(judged.verdict, Trust::NotTrusted);
            let found: Vec<_> =
                judged.findings.iter().map(|finding| (finding.rule, finding.certificate)).collect();
            assert_eq!(found, [(rule, certificate)], "{index}: {}", report.reason);
            assert!(judged.objection.is_none() && report.us_to_server.causes.is_empty());
            assert_eq!(connection.alert_received.unwrap().number, alert, "{index}, TLS {version}");
        }
    }
}

/// A list of the wrong CA proves nothing about us, whatever stands on it.
#[test]
fn a_list_of_a_namesake_is_no_cause() {
    let (authority, other) = (Authority::new("Acme"), Authority::new("Acme"));
    let client = authority.client();
    let revoked = authority.list(&authority.issuing, &[&client.chain()[0]], CURRENT);
    let serve = serve::Options {
        crls: Some(Arc::new(Lists::from(vec![revoked, authority.list(&authority.above, &[], CURRENT)]))),
        ..serving(&authority)
    };
    let false_witness = other.list(&other.issuing, &[&client.chain()[0]], CURRENT);
    let lists = vec![
        false_witness,
        authority.list(&authority.issuing, &[], CURRENT),
        authority.list(&authority.above, &[], CURRENT),
    ];
    let (report, _) = probe_once(serve, |address| probe::Options {
        identity: Some(client),
        crls: Some(Arc::new(Lists::from(lists))),
        ..probing(&authority, address)
    });
    let causes: Vec<_> = report.us_to_server.causes.iter().map(|cause| (cause.code, cause.certain)).collect();
    assert_eq!(causes, [(CauseCode::Revoked, false)], "{}", report.reason);
}

#[test]
fn lists_without_clients_to_judge_are_an_error() {
    let authority = Authority::new("Acme");
    let crls = Some(Arc::new(Lists::from(vec![])));
    let options = serve::Options { client_auth: ClientAuth::None, crls, ..serving(&authority) };
    assert!(matches!(Server::bind(options, clock()), Err(Error::Usage { .. })));
}

#[test]
fn a_client_of_another_ca_is_refused() {
    let authority = Authority::new("Acme");
    let client = Authority::new("Other").client();
    refused(&authority, client, 48, Rule::UnknownIssuer, Some((CauseCode::OtherAuthority, false)));
}

#[test]
fn a_client_of_a_ca_of_the_same_name_is_refused() {
    let authority = Authority::new("Acme");
    let client = Authority::new("Acme").client();
    refused(&authority, client, 48, Rule::IssuerKeyMismatch, Some((CauseCode::KnownAuthority, false)));
}

#[test]
fn a_certificate_for_servers_is_refused() {
    let authority = Authority::new("Acme");
    let client = authority.server();
    refused(&authority, client, 43, Rule::ExtendedKeyUsage, Some((CauseCode::NotForClients, true)));
}

#[test]
fn an_expired_client_is_refused() {
    let authority = Authority::new("Acme");
    let client = identity(authority.leaf(Profile::Client, &[], EARLIER, 30));
    refused(&authority, client, 45, Rule::Expired, Some((CauseCode::Expired, true)));
}

#[test]
fn a_client_from_the_future_is_refused() {
    let authority = Authority::new("Acme");
    let later = NOW + time::Duration::days(3);
    let client = identity(authority.leaf(Profile::Client, &[], later, 30));
    refused(&authority, client, 45, Rule::NotYetValid, Some((CauseCode::NotYetValid, true)));
}

#[test]
fn a_client_without_its_intermediate_is_refused() {
    let authority = Authority::new("Acme");
    let (mut chain, key) = authority.leaf(Profile::Client, &[], EARLIER, 365);
    chain.truncate(1);
    let client = identity((chain, key));
    refused(&authority, client, 48, Rule::UnknownIssuer, Some((CauseCode::IntermediateMissing, false)));
}

#[test]
fn a_leaf_alone_serves_where_its_issuer_is_trusted() {
    let authority = Authority::new("Acme");
    let (mut chain, key) = authority.leaf(Profile::Server, &["localhost"], EARLIER, 365);
    chain.truncate(1);
    let serve = serve::Options { identity: identity((chain, key)), ..serving(&authority) };
    let roots = vec![authority.issuing.certificate().clone()];
    let (report, _) = probe_once(serve, |address| probe::Options { roots, ..probing(&authority, address) });
    assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
}

#[test]
fn optional_means_good_or_none() {
    let authority = Authority::new("Acme");
    let serve = || serve::Options { client_auth: ClientAuth::Optional, ..serving(&authority) };
    let (with, connection) = probe_once(serve(), |address| probing(&authority, address));
    assert_eq!(with.us_to_server.verdict, Reception::Accepted);
    assert!(connection.client_authenticated);
    let (without, connection) =
        probe_once(serve(), |address| probe::Options { identity: None, ..probing(&authority, address) });
    assert_eq!(without.us_to_server.verdict, Reception::Accepted, "{}", without.reason);
    assert_eq!(without.certificate_request.asked, Some(true));
    assert!(!connection.client_authenticated && connection.client.is_none());
    assert_eq!(connection.outcome, Outcome::Accepted);
    let other = Authority::new("Other").client();
    let (bad, connection) = probe_once(serve(), |address| probe::Options {
        identity: Some(other),
        ..probing(&authority, address)
    });
    assert_eq!(bad.us_to_server.verdict, Reception::Refused);
    assert_eq!(connection.outcome, Outcome::Refused);
}

#[test]
fn a_server_that_does_not_ask_is_said_not_to() {
    let authority = Authority::new("Acme");
    let serve = serve::Options { client_auth: ClientAuth::None, client_ca: vec![], ..serving(&authority) };
    let (report, connection) = probe_once(serve, |address| probing(&authority, address));
    assert_eq!((report.verdict, report.us_to_server.verdict), (Verdict::Accepted, Reception::NotAsked));
    assert_eq!(report.certificate_request.asked, Some(false));
    assert!(report.certificate_request.sent.is_empty() && !connection.client_authenticated);
}

/// The probe does not trust this server, by the rule given; the server gets the alert.
#[track_caller]
fn distrusted(
    authority: &Authority,
    server: Identity,
    change: impl Fn(&mut probe::Options),
    rule: Rule,
    alert: u8,
) {
    for version in BOTH {
        let serve = serve::Options { identity: server.clone(), version: Some(version), ..serving(authority) };
        let (report, connection) = probe_once(serve, |address| {
            let mut options = probing(authority, address);
            change(&mut options);
            options
        });
        assert_eq!((report.verdict, report.side), (Verdict::Refused, Some(Side::Us)), "{}", report.reason);
        assert_eq!(report.server_to_us.verdict, Trust::NotTrusted);
        assert_eq!(report.server_to_us.findings[0].rule, rule);
        assert!(!report.server_chain.is_empty(), "recorded before it is judged");
        assert!(report.certificate_request.sent.is_empty(), "whom we do not trust we do not tell who we are");
        assert_eq!(
            (report.us_to_server.verdict, report.us_to_server.how),
            (Reception::Undecided, How::WeRefused)
        );
        assert_eq!(connection.outcome, Outcome::Failed);
        assert_eq!(connection.alert_received.unwrap().number, alert, "{}", connection.reason);
    }
}

#[test]
fn a_bad_server_is_not_trusted() {
    let authority = Authority::new("Acme");
    let other = Authority::new("Other");
    distrusted(&authority, other.server(), |_| {}, Rule::UnknownIssuer, 48);
    distrusted(&authority, authority.server(), |options| options.roots.clear(), Rule::UnknownIssuer, 48);
    let elsewhere = |options: &mut probe::Options| options.server_name = Some("elsewhere.example".into());
    distrusted(&authority, authority.server(), elsewhere, Rule::NameMismatch, 42);
    let other_address = |options: &mut probe::Options| options.server_name = Some("127.0.0.2".into());
    distrusted(&authority, authority.server(), other_address, Rule::NameMismatch, 42);
    let expired = identity(authority.leaf(Profile::Server, &["localhost"], EARLIER, 30));
    distrusted(&authority, expired, |_| {}, Rule::Expired, 45);
    distrusted(&authority, authority.client(), |_| {}, Rule::ExtendedKeyUsage, 43);
}

#[test]
fn an_address_is_matched_as_one() {
    let authority = Authority::new("Acme");
    let (report, connection) = probe_once(serving(&authority), |address| probe::Options {
        host: "127.0.0.1".into(),
        connect: None,
        ..probing(&authority, address)
    });
    assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
    assert_eq!(connection.tls.unwrap().server_name, None, "addresses are not sent as SNI");
}

#[test]
fn idle_and_slow_clients_block_nobody() {
    let authority = Authority::new("Acme");
    let (elapsed, connections, summary) = while_serving(serving(&authority), |address| {
        let silent: Vec<_> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
        let slow: Vec<_> = (0..20)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(&[22, 3, 1]).unwrap();
                stream
            })
            .collect();
        let begun = Instant::now();
        for _ in 0..10 {
            let report = probe(&probing(&authority, address), clock()).unwrap();
            assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
        }
        drop((silent, slow));
        begun.elapsed()
    });
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    assert_eq!((summary.accepted, summary.empty), (10, 200));
    assert_eq!(connections.len(), 230);
}

#[test]
fn a_silent_client_is_given_up() {
    let authority = Authority::new("Acme");
    let serve = serve::Options { timeout: Duration::from_millis(200), ..serving(&authority) };
    let (_, connections, _) = while_serving(serve, |address| {
        let mut silent = TcpStream::connect(address).unwrap();
        let mut half = TcpStream::connect(address).unwrap();
        half.write_all(&[22, 3, 1]).unwrap();
        assert!(matches!(silent.read(&mut [0; 8]), Ok(0) | Err(_)));
        let _ = half.read(&mut [0; 8]);
    });
    assert_eq!(connections.len(), 2);
    for connection in connections {
        assert_eq!(connection.outcome, Outcome::Failed);
        assert!(connection.reason.ends_with("within 0.2 seconds"), "{}", connection.reason);
    }
}

/// What is read until the peer closes; a reset ends it as well.
fn exchange(address: SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(sent);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn what_is_no_tls_is_told_so() {
    let authority = Authority::new("Acme");
    let (answers, connections, summary) = while_serving(serving(&authority), |address| {
        drop(TcpStream::connect(address).unwrap());
        let plain = exchange(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let garbage = exchange(address, &[0xff; 5000]);
        let letters = exchange(address, b"SSH-2.0-nothing\r\n");
        let report = probe(&probing(&authority, address), clock()).unwrap();
        assert_eq!(report.verdict, Verdict::Accepted);
        (plain, garbage, letters)
    });
    let plain = String::from_utf8(answers.0).unwrap();
    assert!(plain.starts_with("HTTP/1.1 400 Bad Request\r\n") && plain.contains("https://"), "{plain}");
    assert_eq!((summary.empty, summary.failed, summary.accepted), (1, 3, 1));
    let failed: Vec<_> = connections.iter().filter(|one| one.outcome == Outcome::Failed).collect();
    assert!(failed[0].reason.contains("plain HTTP"), "{}", failed[0].reason);
    for connection in &failed[1..] {
        assert!(connection.reason.contains("not TLS"), "{}", connection.reason);
    }
}

#[test]
fn bad_requests_are_answered() {
    let authority = Authority::new("Acme");
    let serve = serve::Options { client_auth: ClientAuth::None, ..serving(&authority) };
    let talk = |address, text: &[u8]| {
        let mut peer = rustls_client(&authority, address);
        peer.write_all(text).unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        answer
    };
    let (_, connections, _) = while_serving(serve, |address| {
        assert!(talk(address, b"\x01\x02\r\n\r\n").starts_with("HTTP/1.1 400 "));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(40_000));
        assert!(talk(address, long.as_bytes()).starts_with("HTTP/1.1 431 "));
        let head = talk(address, b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"));
        let posted = talk(
            address,
            &[b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n".to_vec(), vec![b'x'; 99_999]].concat(),
        );
        assert!(posted.starts_with("HTTP/1.1 200 "));
        let mut peer = rustls_client(&authority, address);
        peer.conn.complete_io(&mut peer.sock).unwrap();
        peer.conn.send_close_notify();
        peer.conn.complete_io(&mut peer.sock).unwrap();
    });
    let statuses: Vec<_> = connections.iter().map(|one| (one.outcome, one.status)).collect();
    assert_eq!(
        statuses,
        [
            (Outcome::Failed, Some(400)),
            (Outcome::Failed, Some(431)),
            (Outcome::Accepted, Some(200)),
            (Outcome::Accepted, Some(200)),
            (Outcome::Accepted, None)
        ]
    );
}

/// A listener that answers each connection with `answer` after the first bytes came, and then closes it.
fn probe_foreign(answer: Option<&'static [u8]>, timeout: Duration) -> (Report, Duration) {
    let authority = Authority::new("Acme");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            match answer {
                Some(answer) => {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer);
                }
                // Never answers; ends when the probe does.
                None => drop(std::io::copy(&mut stream, &mut std::io::sink())),
            }
        });
        let begun = Instant::now();
        let options = probe::Options { timeout, ..probing(&authority, address) };
        (probe(&options, clock()).unwrap(), begun.elapsed())
    })
}

#[test]
fn ports_without_tls_are_recognised() {
    let long = Duration::from_secs(20);
    let (report, _) = probe_foreign(Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"), long);
    assert_eq!((report.verdict, report.us_to_server.how), (Verdict::Undecided, How::PlainHttp));
    let (report, _) = probe_foreign(Some(b"SSH-2.0-OpenSSH_9.6\r\n"), long);
    assert_eq!((report.verdict, report.us_to_server.how), (Verdict::Undecided, How::NotTls));
    assert!(report.reason.contains("SSH-2.0-OpenSSH_9.6"), "{}", report.reason);
    let (report, _) = probe_foreign(Some(b""), long);
    assert_eq!((report.verdict, report.us_to_server.how), (Verdict::Refused, How::Closed));
    let (report, _) = probe_foreign(Some(&[21, 3, 3, 0, 2, 2, 70]), long);
    assert_eq!((report.verdict, report.us_to_server.how), (Verdict::Refused, How::Alert));
    assert_eq!(report.us_to_server.alert.unwrap().name, "protocol_version");
    assert_eq!(report.server_to_us.verdict, Trust::Unknown);
}

#[test]
fn a_peer_that_never_answers_is_undecided_in_time() {
    let (report, elapsed) = probe_foreign(None, Duration::from_millis(300));
    assert_eq!((report.verdict, report.us_to_server.how), (Verdict::Undecided, How::TimedOut));
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
}

#[test]
fn nobody_there_is_an_error() {
    let authority = Authority::new("Acme");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = probe(&probing(&authority, address), clock());
    assert!(matches!(outcome, Err(Error::ConnectFailed { .. })));
    let options = probe::Options {
        host: "does-not-exist.invalid".into(),
        connect: None,
        timeout: Duration::from_secs(5),
        ..probing(&authority, address)
    };
    assert!(matches!(probe(&options, clock()), Err(Error::ResolveFailed { .. })));
}

/// A TLS server by rustls alone, which says `answer` to whatever comes, and closes.
fn probe_answering(client_auth: bool, answer: &'static [u8], orderly: bool) -> Report {
    let authority = Authority::new("Acme");
    let (chain, key) = authority.leaf(Profile::Server, &["localhost"], EARLIER, 365);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if client_auth {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.root.der().to_vec().into()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated();
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.pkcs8().to_vec());
    let chain = chain.iter().map(|one| one.der().to_vec().into()).collect();
    let config = Arc::new(builder.with_single_cert(chain, key.into()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut tls = rustls::ServerConnection::new(config).unwrap();
            let mut stream_tls = rustls::Stream::new(&mut tls, &mut stream);
            let _ = stream_tls.read(&mut [0; 4096]);
            let _ = stream_tls.write_all(answer);
            if orderly {
                tls.send_close_notify();
            }
            let _ = tls.write_tls(&mut stream);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        // Without an identity: that server's clock is the real one, and would find ours expired some day.
        let options = probe::Options { identity: None, ..probing(&authority, address) };
        probe(&options, clock()).unwrap()
    })
}

#[test]
fn answers_are_what_they_are() {
    use How as H;
    use Reception as R;
    for (asks, answer, orderly, reception, how) in [
        (true, &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..], true, R::Accepted, H::Response),
        (false, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, R::NotAsked, H::Response),
        (true, b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", true, R::Accepted, H::Response),
        (true, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", true, R::Refused, H::HttpStatus),
        (true, b"HTTP/1.1 496 No Cert\r\nContent-Length: 0\r\n\r\n", true, R::Refused, H::HttpStatus),
        (true, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true, R::Refused, H::HttpStatus),
        (false, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true, R::NotAsked, H::Response),
        (true, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", true, R::Undecided, H::Closed),
        (true, b"", true, R::Refused, H::Closed),
        (true, b"", false, R::Refused, H::Closed),
        (false, b"", true, R::Undecided, H::Closed),
        (true, b"220 mail.example.com ESMTP\r\n", true, R::Undecided, H::NotHttp),
    ] {
        let report = probe_answering(asks, answer, orderly);
        let told = (report.us_to_server.verdict, report.us_to_server.how);
        assert_eq!(told, (reception, how), "{} {}", String::from_utf8_lossy(answer), report.reason);
    }
}

#[test]
fn the_server_stops_when_told() {
    let authority = Authority::new("Acme");
    let begun = Instant::now();
    let (idle, connections, _) = while_serving(serving(&authority), |address| {
        let mut half = TcpStream::connect(address).unwrap();
        half.write_all(&[22, 3, 1]).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        (TcpStream::connect(address).unwrap(), half)
    });
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(idle);
    assert!(connections.iter().any(|one| one.reason == "the server stopped"), "{connections:?}");
}

#[test]
fn the_server_stops_after_its_count() {
    let authority = Authority::new("Acme");
    let server = Server::bind(serve::Options { count: Some(3), ..serving(&authority) }, clock()).unwrap();
    let address = server.address();
    let thread = std::thread::spawn(move || server.run(&|_| {}).unwrap());
    // Says nothing, so it does not count.
    drop(TcpStream::connect(address).unwrap());
    for _ in 0..3 {
        let report = probe(&probing(&authority, address), clock()).unwrap();
        assert_eq!(report.verdict, Verdict::Accepted, "{}", report.reason);
    }
    let summary = thread.join().unwrap();
    assert_eq!((summary.accepted, summary.empty), (3, 1));
}

#[test]
fn what_cannot_serve_is_refused_at_once() {
    let authority = Authority::new("Acme");
    let nobody = serve::Options { client_ca: vec![], ..serving(&authority) };
    assert!(matches!(Server::bind(nobody, clock()), Err(Error::Usage { .. })));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let refused = Server::bind(serve::Options { listen, ..serving(&authority) }, clock());
    assert!(matches!(refused, Err(Error::ListenFailed { .. })));
    let (chain, _) = authority.leaf(Profile::Server, &["localhost"], EARLIER, 30);
    let (_, key) = authority.leaf(Profile::Server, &["localhost"], EARLIER, 30);
    let mismatch = Identity::new(chain, key, Origin::named("test key"));
    assert!(matches!(mismatch, Err(Error::KeyMismatch { .. })));
}
