//! Rollovers rehearsed from end to end: servers and clients of another TLS stack's verifier, under load, while a root and an
//! intermediate give place to new ones. Some read their files for every handshake, some only when everyone has to reload
//! before the next phase. Nobody is refused from the first phase to the last.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod sandbox;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream,
    crypto::{CryptoProvider, ring::default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::WebPkiClientVerifier,
};
use sandbox::Sandbox;

/// The files of a generation, as a program reads them that opens the name once.
struct Material {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

fn load(link: &Path) -> Material {
    let set = fs::canonicalize(link).unwrap();
    let certificates = |file: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(set.join(file)).unwrap().map(Result::unwrap).collect()
    };
    let mut roots = RootCertStore::empty();
    for root in certificates("ca.pem") {
        roots.add(root).unwrap();
    }
    let key = PrivateKeyDer::from_pem_file(set.join("privkey.pem")).unwrap();
    Material { chain: certificates("fullchain.pem"), key, roots: Arc::new(roots) }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

fn server_config(link: &Path) -> Arc<ServerConfig> {
    let Material { chain, key, roots } = load(link);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().unwrap();
    let config =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap())
}

fn client_config(link: &Path) -> Arc<ClientConfig> {
    let Material { chain, key, roots } = load(link);
    let config =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// Where a peer has its settings from: its files each time, or as they were when it last was told to reload.
struct Settings<T> {
    link: PathBuf,
    read: fn(&Path) -> Arc<T>,
    kept: Option<Mutex<Arc<T>>>,
}

impl<T> Settings<T> {
    fn new(link: PathBuf, read: fn(&Path) -> Arc<T>, slow: bool) -> Arc<Self> {
        let kept = slow.then(|| Mutex::new(read(&link)));
        Arc::new(Self { link, read, kept })
    }

    fn get(&self) -> Arc<T> {
        self.kept.as_ref().map_or_else(|| (self.read)(&self.link), |kept| Arc::clone(&kept.lock().unwrap()))
    }

    fn reload(&self) {
        if let Some(kept) = &self.kept {
            *kept.lock().unwrap() = (self.read)(&self.link);
        }
    }
}

/// Serves until told to stop: a handshake, one byte, and the byte back.
fn serve(
    settings: Arc<Settings<ServerConfig>>,
    stop: Arc<AtomicBool>,
) -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        for tcp in listener.incoming() {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let mut tcp = tcp.unwrap();
            tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut tls = ServerConnection::new(settings.get()).unwrap();
            let mut stream = Stream::new(&mut tls, &mut tcp);
            let mut byte = [0];
            // What was refused is the client's to tell.
            if stream.read_exact(&mut byte).is_ok() {
                let _ = stream.write_all(&byte);
                tls.send_close_notify();
                let _ = tls.complete_io(&mut tcp);
            }
        }
    });
    (address, serving)
}

fn meet(config: Arc<ClientConfig>, address: SocketAddr) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    let mut tcp = TcpStream::connect(address).map_err(said)?;
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut tls = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    let mut stream = Stream::new(&mut tls, &mut tcp);
    stream.write_all(b"x").map_err(said)?;
    let mut byte = [0];
    stream.read_exact(&mut byte).map_err(said)
}

/// Servers and clients of both kinds, everyone meeting everyone until the end.
struct Load {
    servers: Vec<Arc<Settings<ServerConfig>>>,
    clients: Vec<Arc<Settings<ClientConfig>>>,
    addresses: Vec<SocketAddr>,
    /// Clients end first: a server that goes away refuses those that are on their way.
    clients_stop: Arc<AtomicBool>,
    servers_stop: Arc<AtomicBool>,
    met: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<String>>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn start(sandbox: &Sandbox) -> Self {
        let link = |name: &str| sandbox.path("pki/live").join(name);
        let servers = [false, true].map(|slow| Settings::new(link("localhost"), server_config, slow));
        let clients = [false, true].map(|slow| Settings::new(link("worker"), client_config, slow));
        let [clients_stop, servers_stop] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (addresses, mut threads): (Vec<_>, Vec<_>) =
            servers.iter().map(|settings| serve(Arc::clone(settings), Arc::clone(&servers_stop))).unzip();
        let (met, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        for client in &clients {
            let (client, stop) = (Arc::clone(client), Arc::clone(&clients_stop));
            let (addresses, met, refused) = (addresses.clone(), Arc::clone(&met), Arc::clone(&refused));
            threads.push(thread::spawn(move || {
                for address in addresses.iter().cycle() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    if let Err(error) = meet(client.get(), *address) {
                        refused.lock().unwrap().push(error);
                    }
                    met.fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
        Self {
            servers: servers.into(),
            clients: clients.into(),
            addresses,
            clients_stop,
            servers_stop,
            met,
            refused,
            threads,
        }
    }

    /// Lets everyone meet for a while; nobody may have been refused until then.
    fn go_on(&self, when: &str) {
        let (before, begun) = (self.met.load(Ordering::SeqCst), Instant::now());
        while self.met.load(Ordering::SeqCst) < before + 40 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{when}: nobody meets any more");
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(*self.refused.lock().unwrap(), Vec::<String>::new(), "{when}");
    }

    /// Everyone reads its files again, as people see to before they begin the next phase.
    fn reload(&self) {
        self.servers.iter().for_each(|one| one.reload());
        self.clients.iter().for_each(|one| one.reload());
    }

    fn end(self) -> usize {
        let mut servers = self.threads;
        let clients = servers.split_off(self.addresses.len());
        self.clients_stop.store(true, Ordering::SeqCst);
        clients.into_iter().for_each(|client| client.join().unwrap());
        self.servers_stop.store(true, Ordering::SeqCst);
        // They wait for a connection.
        self.addresses.iter().for_each(|address| drop(TcpStream::connect(address)));
        servers.into_iter().for_each(|server| server.join().unwrap());
        assert_eq!(*self.refused.lock().unwrap(), Vec::<String>::new());
        self.met.load(Ordering::SeqCst)
    }
}

fn rehearse(sandbox: &Sandbox, authority: &str, options: &[&str]) {
    let load = Load::start(sandbox);
    load.go_on("before");
    sandbox.succeeds(&[&["ca", "rotate", authority, "-q"], options].concat());
    load.go_on("trust both");
    load.reload();
    load.go_on("trust both, everyone has it");
    sandbox.succeeds(&["ca", "rotate", authority, "--phase", "issue-from-new", "-q"]);
    load.go_on("issue from new");
    // Not everyone is renewed at once.
    sandbox.succeeds(&["renew", "worker", "-q"]);
    load.go_on("the client is renewed");
    let early = sandbox.run(&["ca", "rotate", authority, "--phase", "drop-old", "-q"]);
    assert_eq!(early.status.code(), Some(1), "the server hangs on the old CA still");
    sandbox.succeeds(&["renew", "--all", "-q"]);
    load.go_on("all are renewed");
    load.reload();
    sandbox.succeeds(&["ca", "rotate", authority, "--phase", "drop-old", "-q"]);
    load.go_on("drop old");
    load.reload();
    load.go_on("drop old, everyone has it");
    let met = load.end();
    assert!(met >= 300, "only {met} handshakes");
    sandbox.succeeds(&["check", "-q"]);
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "localhost", "-q"]);
    sandbox.succeeds(&["issue", "client", "worker", "-q"]);
    sandbox
}

#[test]
fn nobody_is_refused_while_a_root_gives_place() {
    let sandbox = prepared();
    let old = client_config(&sandbox.path("pki/live/worker"));
    rehearse(&sandbox, "root", &[]);
    // The rehearsal could have failed: who did not take part is refused now, on both sides.
    let stop = Arc::new(AtomicBool::new(false));
    let settings = Settings::new(sandbox.path("pki/live/localhost"), server_config, false);
    let (address, serving) = serve(settings, Arc::clone(&stop));
    assert!(meet(old, address).unwrap_err().contains("UnknownIssuer"));
    assert_eq!(meet(client_config(&sandbox.path("pki/live/worker")), address), Ok(()));
    stop.store(true, Ordering::SeqCst);
    drop(TcpStream::connect(address));
    serving.join().unwrap();
    // And once more, from the second to the third.
    rehearse(&sandbox, "root G2", &["--cross-sign"]);
    let roots = pkit::cert::load_certificates(&sandbox.path("pki/live/worker/ca.pem")).unwrap();
    let names: Vec<_> = roots.iter().map(|root| root.subject().to_string()).collect();
    assert_eq!(names, ["CN=root G3"]);
}

#[test]
fn nobody_is_refused_while_an_intermediate_gives_place() {
    let sandbox = prepared();
    // The proofs go by the lists too, where all CAs have one.
    sandbox.succeeds(&["crl", "-q"]);
    rehearse(&sandbox, "issuing", &[]);
    let chain = pkit::cert::load_certificates(&sandbox.path("pki/live/worker/fullchain.pem")).unwrap();
    let names: Vec<_> = chain.iter().map(|one| one.subject().to_string()).collect();
    assert_eq!(names, ["CN=worker", "CN=issuing G2"]);
}

/// Who signed a CA of the PKI directory.
fn issuer_of(sandbox: &Sandbox, ca: &str) -> String {
    let file = sandbox.path(&format!("pki/ca/{ca}/cert.pem"));
    pkit::cert::load_certificates(&file).unwrap()[0].issuer().to_string()
}

fn rotate(sandbox: &Sandbox, ca: &str, phase: &str, options: &[&str]) {
    sandbox.succeeds(&[&["ca", "rotate", ca, "--phase", phase, "-q"], options].concat());
}

#[test]
fn a_dropped_intermediate_gets_no_certificate_from_a_new_root() {
    let sandbox = Sandbox::with_authorities();
    for phase in ["trust-both", "issue-from-new", "drop-old"] {
        rotate(&sandbox, "issuing", phase, &[]);
    }
    for phase in ["trust-both", "issue-from-new"] {
        rotate(&sandbox, "root", phase, &[]);
    }
    assert_eq!(issuer_of(&sandbox, "issuing"), "CN=root");
    assert_eq!(issuer_of(&sandbox, "issuing+_g2"), "CN=root G2");
}

#[test]
fn what_hangs_on_a_ca_dropped_by_force_can_be_renewed() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "localhost", "-q"]);
    rotate(&sandbox, "root", "trust-both", &[]);
    rotate(&sandbox, "root", "issue-from-new", &[]);
    let said = sandbox.succeeds(&["ca", "rotate", "root", "--phase", "drop-old", "--force"]);
    assert!(said.contains("next      pkit renew localhost"), "{said}");
    assert!(sandbox.succeeds(&["renew", "localhost"]).starts_with("renewed "));
    sandbox.succeeds(&["verify", "localhost", "--purpose", "server", "--host", "localhost"]);
}

#[test]
fn a_ca_that_ended_is_not_rolled_over() {
    let sandbox = Sandbox::new();
    let dates = ["--not-before", "-9d", "--not-after", "-1d", "--for-testing"];
    sandbox.succeeds(&[&["ca", "root", "past", "--unencrypted", "-q"], &dates[..]].concat());
    sandbox.fails("issuer-expired", &["ca", "rotate", "past"]);
    assert!(!sandbox.path("pki/rotations").exists());
}

#[test]
fn rollovers_that_cannot_be_are_told_by_check() {
    let sandbox = Sandbox::with_authorities();
    rotate(&sandbox, "root", "trust-both", &[]);
    sandbox.succeeds(&["check", "-q"]);
    let (path, good) = (sandbox.path("pki/rotations"), sandbox.read("pki/rotations"));
    for (more, fault) in [
        ("no record", "unreadable"),
        (r#"{"from":"issuing","to":"nobody","phase":"drop-old"}"#, "rotation-impossible"),
        (r#"{"from":"issuing","to":"issuing","phase":"issue-from-new"}"#, "rotation-impossible"),
    ] {
        fs::write(&path, format!("{good}{more}\n")).unwrap();
        let output = sandbox.run(&["check"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(fault), "{said}");
    }
}

/// A root that was made elsewhere, two levels of CAs below it, a leaf of the upper one, and a leaf made from a request.
#[test]
fn an_imported_root_of_a_deep_hierarchy_gives_place() {
    let elsewhere = Sandbox::with_authorities();
    let sandbox = Sandbox::new();
    for file in ["cert.pem", "key.pem"] {
        sandbox.write(file, elsewhere.read(&format!("pki/ca/root/{file}")));
    }
    let run = |args: &[&str]| drop(sandbox.succeeds(&[args, &["-q"]].concat()));
    run(&["ca", "import", "legacy", "--cert", "cert.pem", "--key", "key.pem", "--unencrypted"]);
    run(&["ca", "intermediate", "policy", "--issuer", "legacy", "--path-length", "1", "--unencrypted"]);
    run(&["ca", "intermediate", "issuing", "--issuer", "policy", "--unencrypted"]);
    run(&["request", "asked.internal", "--out", "there"]);
    run(&["sign", "there/asked.internal.csr", "--profile", "server", "--issuer", "issuing"]);
    run(&["issue", "server", "api.internal", "--issuer", "issuing"]);
    run(&["issue", "client", "direct", "--issuer", "policy"]);
    run(&["crl"]);
    run(&["ca", "rotate", "legacy"]);
    run(&["ca", "rotate", "legacy", "--phase", "issue-from-new"]);
    run(&["renew", "--all"]);
    run(&["ca", "rotate", "legacy", "--phase", "drop-old"]);
    run(&["check"]);
    run(&["check", "pki"]);
    run(&["verify", "api.internal", "asked.internal", "direct"]);
    let chain =
        pkit::cert::load_certificates(&sandbox.path("pki/live/asked.internal/fullchain.pem")).unwrap();
    assert_eq!(chain.last().unwrap().issuer().to_string(), "CN=legacy G2");
}
