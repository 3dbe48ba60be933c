//! What pkit makes, judged by others: every kind of key, every profile, every variant of the tables below. All judges are
//! asked the same questions and must give the answers that follow from what was made.

use std::fmt;

use super::{Sandbox, ask, foreign, python, script, succeeds};

/// Kinds of keys. A new one is one word here.
const KEY_TYPES: [&str; 6] = ["p256", "p384", "ed25519", "rsa2048", "rsa3072", "rsa4096"];
/// Of these, only the plain variant is made: their keys take a second each, and nothing else depends on their size.
const SLOW_KEY_TYPES: [&str; 2] = ["rsa3072", "rsa4096"];

/// One way to ask for certificates; made in a PKI directory of its own for each kind of key, with a leaf of each profile.
/// A new option of `pkit` is one line in [`VARIANTS`].
struct Variant {
    name: &'static str,
    /// The authorities' kind of key, where it is not the leaf's
    authority_key_type: Option<&'static str>,
    /// More options of `pkit ca root`
    root: &'static [&'static str],
    /// More options of `pkit ca intermediate`, for each below the one before
    intermediates: &'static [&'static [&'static str]],
    /// The leaves' NAMEs, in the order of [`PROFILES`]
    leaves: [&'static str; 3],
    /// More options and names of `pkit issue`
    leaf: &'static [&'static str],
    /// Names beside its own under which it is to be found
    hosts: &'static [&'static str],
    /// Whether Python's `cryptography` can judge it
    cryptography: bool,
}

const PLAIN: Variant = Variant {
    name: "plain",
    authority_key_type: None,
    root: &[],
    intermediates: &[&[]],
    leaves: ["server.internal", "client.internal", "peer.internal"],
    leaf: &[],
    hosts: &[],
    cryptography: true,
};

const VARIANTS: &[Variant] = &[
    PLAIN,
    Variant {
        name: "names",
        root: &["--subject", "C=US,ST=California,O=Acme\\, Inc"],
        leaf: &[
            "*.apps.internal",
            "bücher.example",
            "10.1.2.3",
            "2001:db8::1",
            "localhost",
            "spiffe://acme.internal/x",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "https://acme.internal:8443/a?b#c",
            "ops@example.com",
        ],
        hosts: &["a.apps.internal", "xn--bcher-kva.example", "10.1.2.3", "2001:db8::1", "localhost"],
        ..PLAIN
    },
    Variant { name: "subject", leaf: &["--subject", "C=DE,L=Köln,O=Acme,OU=Ops,OU=Web"], ..PLAIN },
    // Too long for a common name: the subject is empty, and the alternative name critical (RFC 5280 4.2.1.6).
    Variant {
        name: "no-subject",
        leaves: [
            "server.a-name-of-which-there-is-more-than-sixty-four.characters-in-all.internal",
            "client.a-name-of-which-there-is-more-than-sixty-four.characters-in-all.internal",
            "peer.a-name-of-which-there-is-more-than-sixty-four.characters-in-all.internal",
        ],
        ..PLAIN
    },
    Variant { name: "address", leaves: ["10.9.8.7", "10.9.8.8", "2001:db8::7"], ..PLAIN },
    // GeneralizedTime and UTCTime side by side (RFC 5280 4.1.2.5).
    Variant {
        name: "past-2049",
        root: &["--validity", "2090-01-01"],
        intermediates: &[&["--validity", "2080-01-01"]],
        leaf: &["--validity", "2070-01-01"],
        ..PLAIN
    },
    Variant {
        name: "ends-with-2049",
        root: &["--validity", "2050-01-01"],
        intermediates: &[&["--validity", "2050-01-01"]],
        leaf: &["--validity", "2049-12-31T23:59:59Z"],
        ..PLAIN
    },
    Variant { name: "no-intermediate", intermediates: &[], ..PLAIN },
    Variant {
        name: "two-intermediates",
        root: &["--path-length", "2"],
        intermediates: &[&["--path-length", "1"], &[]],
        ..PLAIN
    },
    Variant {
        name: "constraints",
        root: &["--permit-dns", ".internal", "--permit-ip", "10.0.0.0/8", "--permit-ip", "fd00::/8"],
        intermediates: &[&["--exclude-dns", "secret.internal", "--exclude-ip", "10.9.0.0/16"]],
        leaf: &["10.1.2.3", "fd00::1"],
        hosts: &["10.1.2.3", "fd00::1"],
        ..PLAIN
    },
    // `cryptography` refuses chains with constraints of these kinds, GnuTLS every URI below a CA that excludes any.
    Variant {
        name: "more-constraints",
        root: &["--permit-dns", ".internal", "--permit-email", "example.com", "--permit-uri", ".internal"],
        intermediates: &[&["--exclude-email", "root@example.com"]],
        leaf: &["ops@example.com", "spiffe://acme.internal/x"],
        cryptography: false,
        ..PLAIN
    },
    Variant {
        name: "pointers",
        root: &["--crl-url", "http://pki.internal/root.crl"],
        intermediates: &[&[
            "--crl-url",
            "http://pki.internal/root.crl",
            "--issuer-url",
            "http://pki.internal/root.crt",
            "--policy",
            "1.3.6.1.4.1.99999.1",
        ]],
        leaf: &[
            "--crl-url",
            "http://pki.internal/a.crl",
            "--crl-url",
            "http://mirror.internal/a.crl",
            "--issuer-url",
            "http://pki.internal/a.crt",
            "--ocsp-url",
            "http://ocsp.internal/",
            "--policy",
            "1.3.6.1.4.1.99999.1=https://pki.internal/cps",
        ],
        ..PLAIN
    },
    Variant {
        name: "usages",
        leaf: &[
            "--eku",
            "codeSigning,emailProtection,1.3.6.1.4.1.99999.7",
            "--key-usage",
            "digitalSignature,nonRepudiation",
            "--extension",
            "1.3.6.1.4.1.99999.2=hex:0c0161",
        ],
        ..PLAIN
    },
    Variant {
        name: "other-names",
        leaf: &[
            "UPN:alice@corp.internal",
            "RID:1.3.6.1.4.1.99999.3",
            "otherName:1.3.6.1.4.1.99999.4;UTF8:text",
        ],
        ..PLAIN
    },
    Variant {
        name: "fields",
        leaf: &[
            "--country",
            "US",
            "--state",
            "California",
            "--locality",
            "San Francisco",
            "--org",
            "Acme, Inc",
            "--ou",
            "Ops",
            "--ou",
            "Web",
            "--cn",
            "alice",
        ],
        ..PLAIN
    },
    // The signature's algorithm is that of another kind of key than the certificate's.
    Variant { name: "below-p384", authority_key_type: Some("p384"), ..PLAIN },
];

const PROFILES: [&str; 3] = ["server", "client", "peer"];

/// What a judge is asked: whether the leaf of a set may be what `usage` says, under this name.
struct Question {
    /// Directory of the leaf's set.
    set: String,
    /// File of roots.
    roots: String,
    /// DNS name or IP address, or `-` for a client.
    host: String,
    /// `server` or `client`.
    usage: &'static str,
    /// The right answer.
    fits: bool,
    /// Whether Python's `cryptography` can judge it.
    cryptography: bool,
}

impl Question {
    /// As `verify.py` and `verify.go` read it.
    fn line(&self) -> String {
        let Self { set, roots, host, usage, .. } = self;
        format!("{set}/cert.pem|{set}/chain.pem|{roots}|{host}|{usage}")
    }

    fn is_address(&self) -> bool {
        self.host.parse::<std::net::IpAddr>().is_ok()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} {} below {}", self.set, self.usage, self.host, self.roots)
    }
}

/// Everything in the tables.
struct Made {
    sandbox: Sandbox,
    questions: Vec<Question>,
    /// As `lint.py` reads it: every certificate, and every pair of issuer and subject.
    lints: Vec<String>,
}

impl Made {
    fn new() -> Self {
        let mut made = Self { sandbox: Sandbox::new(), questions: Vec::new(), lints: Vec::new() };
        made.sandbox.succeeds(&["ca", "root", "elsewhere", "--unencrypted", "--pki", "elsewhere"]);
        for key_type in KEY_TYPES {
            let slow = SLOW_KEY_TYPES.contains(&key_type);
            for variant in VARIANTS.iter().filter(|variant| !slow || variant.name == PLAIN.name) {
                made.make(key_type, variant);
            }
        }
        made
    }

    fn make(&mut self, key_type: &str, variant: &Variant) {
        let pki = format!("{key_type}-{}", variant.name);
        let authority_key_type = variant.authority_key_type.unwrap_or(key_type);
        let run = |args: &[&str], extra: &[&str]| {
            self.sandbox.succeeds(&[args, &["--pki", &pki], extra].concat());
        };
        let authority = ["--unencrypted", "--key-type", authority_key_type];
        run(&[&["ca", "root", "root"][..], &authority].concat(), variant.root);
        let (mut issuer, mut issuer_file) = ("root", format!("{pki}/ca/root/cert.pem"));
        self.lints.extend([format!("cert|{issuer_file}"), format!("pair|{issuer_file}|{issuer_file}")]);
        let names = ["first", "second"];
        assert!(variant.intermediates.len() <= names.len());
        for (name, extra) in names.into_iter().zip(variant.intermediates) {
            run(&[&["ca", "intermediate", name, "--issuer", issuer][..], &authority].concat(), extra);
            let file = format!("{pki}/ca/{name}/cert.pem");
            self.lints.extend([format!("cert|{file}"), format!("pair|{issuer_file}|{file}")]);
            (issuer, issuer_file) = (name, file);
        }
        for (profile, name) in PROFILES.into_iter().zip(variant.leaves) {
            let set = format!("{pki}-{profile}");
            run(
                &["issue", profile, name, "--issuer", issuer, "--key-type", key_type, "--out", &set],
                variant.leaf,
            );
            succeeds(&self.sandbox, &format!("openssl pkey -in {set}/privkey.pem -check -noout"));
            self.lints.extend([format!("cert|{set}/cert.pem"), format!("pair|{issuer_file}|{set}/cert.pem")]);
            let (serves, connects) = (profile != "client", profile != "server");
            let mut question = |roots: &str, host: &str, usage, fits| {
                let (set, roots, host) = (set.clone(), roots.to_owned(), host.to_owned());
                // It does not verify Ed25519 chains (it follows the CA/Browser Forum there).
                let ed25519 = [key_type, authority_key_type].contains(&"ed25519");
                let cryptography = variant.cryptography && !ed25519;
                self.questions.push(Question { set, roots, host, usage, fits, cryptography });
            };
            let roots = format!("{set}/ca.pem");
            for host in [&[name][..], variant.hosts].concat() {
                question(&roots, host, "server", serves);
            }
            question(&roots, "-", "client", connects);
            question(&roots, "stranger.example", "server", false);
            question(&roots, "192.0.2.1", "server", false);
            let (host, usage) = if serves { (name, "server") } else { ("-", "client") };
            question("elsewhere/ca/elsewhere/cert.pem", host, usage, false);
        }
    }
}

/// Holds a judge's answers against the right ones.
fn agrees(who: &str, questions: &[&Question], answers: &[String]) {
    assert_eq!(answers.len(), questions.len(), "{who}");
    let answered = questions.iter().zip(answers);
    let wrong = answered.filter(|(question, answer)| (*answer == "ok") != question.fits);
    let wrong: Vec<String> = wrong.map(|(question, answer)| format!("{question}: {answer}")).collect();
    assert!(wrong.is_empty(), "{who} sees otherwise:\n{}", wrong.join("\n"));
}

/// A judge that is one process for one question, which its exit status answers.
fn one_by_one(made: &Made, questions: &[&Question], line: fn(&Made, &Question) -> String) -> Vec<String> {
    let answer = |question: &&Question| {
        let output = foreign(&made.sandbox, &line(made, question));
        if output.status.success() {
            return "ok".to_owned();
        }
        format!("no: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    questions.iter().map(answer).collect()
}

fn openssl(made: &Made, question: &Question) -> String {
    let Question { set, roots, host, usage, .. } = question;
    let name = match host.as_str() {
        "-" => String::new(),
        address if question.is_address() => format!("-verify_ip {address}"),
        name => format!("-verify_hostname {name}"),
    };
    // Without intermediates the file is empty, which openssl does not read.
    let chain = format!("{set}/chain.pem");
    let chain =
        if made.sandbox.read(&chain).is_empty() { String::new() } else { format!("-untrusted {chain}") };
    format!("openssl verify -x509_strict -purpose ssl{usage} {name} -CAfile {roots} {chain} {set}/cert.pem")
}

fn gnutls(_: &Made, question: &Question) -> String {
    let Question { set, roots, host, usage, .. } = question;
    let purpose = if *usage == "server" { "1.3.6.1.5.5.7.3.1" } else { "1.3.6.1.5.5.7.3.2" };
    let name = if host == "-" { String::new() } else { format!("--verify-hostname {host}") };
    format!(
        "certtool --verify --verify-purpose {purpose} {name} --load-ca-certificate {roots} --infile {set}/fullchain.pem"
    )
}

/// A judge that is a script and is asked everything at once.
fn at_once(made: &Made, questions: &[&Question], line: &str) -> Vec<String> {
    let lines: Vec<String> = questions.iter().map(|question| question.line()).collect();
    ask(&made.sandbox, line, &lines)
}

#[test]
fn others_judge_what_is_made_as_it_was_meant() {
    let made = Made::new();
    let all: Vec<&Question> = made.questions.iter().collect();
    agrees("openssl", &all, &one_by_one(&made, &all, openssl));
    agrees("GnuTLS", &all, &one_by_one(&made, &all, gnutls));
    agrees("Go", &all, &at_once(&made, &all, &format!("go run {}", script("verify.go"))));
    let known: Vec<&Question> = all.iter().copied().filter(|question| question.cryptography).collect();
    let line = format!("{} {}", python(), script("verify.py"));
    agrees("cryptography", &known, &at_once(&made, &known, &line));

    let findings = ask(&made.sandbox, &format!("{} {}", python(), script("lint.py")), &made.lints);
    let found = made.lints.iter().zip(&findings).filter(|(_, finding)| *finding != "ok");
    let found: Vec<String> = found.map(|(lint, finding)| format!("{lint}: {finding}")).collect();
    assert!(found.is_empty(), "pkilint:\n{}", found.join("\n"));
}

/// What openssl makes and pkilint must not like: else the judgement above would say nothing.
#[test]
fn the_linter_sees_what_is_wrong() {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "a.internal"]);
    sandbox.succeeds(&["ca", "root", "issuing", "--unencrypted", "--pki", "other"]);
    let (root, leaf) = ("pki/ca/root/cert.pem", "pki/live/a.internal/cert.pem");
    let make = |file: &str, options: &str| {
        let line = format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -days 30 -out {file} {options}"
        );
        succeeds(&sandbox, &line);
    };
    make(
        "ca.pem",
        "-subj /CN=ca -addext basicConstraints=CA:TRUE,pathlen:0 -addext keyUsage=digitalSignature",
    );
    make("name.pem", "-subj /CN=name -addext subjectAltName=DNS:*.*.internal");
    make("uri.pem", "-subj /CN=uri -addext subjectAltName=URI:spiffe:");
    let questions = [
        (format!("cert|{leaf}"), "ok"),
        ("cert|ca.pem".into(), "pkix.ca_certificate_keycertsign_keyusage_not_set"),
        ("cert|name.pem".into(), "pkix.invalid_domain_name_syntax"),
        ("cert|uri.pem".into(), "pkix.invalid_uri_syntax"),
        (format!("pair|pki/ca/issuing/cert.pem|{leaf}"), "ok"),
        (format!("pair|{root}|{leaf}"), "pkix.issuer_and_subject_key_identifier_not_equal"),
        // A CA of the same name, with another key.
        (format!("pair|other/ca/issuing/cert.pem|{leaf}"), "pkix.signature_verification_failed"),
    ];
    let lines: Vec<String> = questions.iter().map(|(question, _)| question.clone()).collect();
    let answers = ask(&sandbox, &format!("{} {}", python(), script("lint.py")), &lines);
    for ((question, wanted), answer) in questions.iter().zip(&answers) {
        assert!(answer.contains(wanted), "{question}: {answer}");
        assert_eq!(answer == "ok", *wanted == "ok", "{question}: {answer}");
    }
}

#[test]
fn openssl_reads_the_fields_as_they_were_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.succeeds(&[
        "ca",
        "root",
        "My Root",
        "--unencrypted",
        "--subject",
        "C=US,ST=California,O=MyCompany",
        "--validity",
        "30y",
    ]);
    sandbox.succeeds(&["ca", "intermediate", "My Issuing", "--unencrypted"]);
    sandbox.succeeds(&["issue", "server", "a.internal", "10.0.0.1"]);
    let text = |file: &str| succeeds(&sandbox, &format!("openssl x509 -noout -text -in {file}"));
    let root = text("pki/ca/_my+_root/cert.pem");
    for line in [
        "Subject: C = US, ST = California, O = MyCompany, CN = My Root",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Basic Constraints: critical\n                CA:TRUE\n",
    ] {
        assert!(root.contains(line), "{line}\n{root}");
    }
    assert!(!root.contains("pathlen") && !root.contains("Extended"));
    let intermediate = text("pki/ca/_my+_issuing/cert.pem");
    assert!(intermediate.contains("CA:TRUE, pathlen:0"), "{intermediate}");
    let leaf = text("pki/live/a.internal/cert.pem");
    for line in [
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
        "X509v3 Subject Alternative Name: \n                DNS:a.internal, IP Address:10.0.0.1\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(leaf.contains(line), "{line}\n{leaf}");
    }
    // A validity past 2049 is written as GeneralizedTime, as RFC 5280 wants it.
    let dump = succeeds(&sandbox, "openssl asn1parse -in pki/ca/_my+_root/cert.pem");
    assert!(dump.contains("UTCTIME") && dump.contains("GENERALIZEDTIME"), "{dump}");
}

#[test]
fn ca_keys_open_in_openssl_and_keys_of_openssl_open_here() {
    let sandbox = Sandbox::new();
    sandbox.write("phrase", "correct horse\n");
    sandbox.succeeds(&["ca", "root", "sealed", "--new-passphrase-file", "phrase"]);
    succeeds(&sandbox, "openssl pkey -in pki/ca/sealed/key.pem -passin file:phrase -check -noout");
    assert!(
        !foreign(&sandbox, "openssl pkey -in pki/ca/sealed/key.pem -passin pass:wrong -noout")
            .status
            .success()
    );
    for (index, make) in [
        "openssl ecparam -name prime256v1 -genkey -out ca.key",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ca.key",
        "openssl genpkey -algorithm ED25519 -out ca.key",
        "openssl genrsa -traditional -out ca.key 2048",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-256-cbc -pass file:phrase -out ca.key",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -des3 -pass file:phrase -out ca.key",
    ]
    .iter()
    .enumerate()
    {
        succeeds(&sandbox, make);
        // A name with repeated and multi-valued attributes must be repeated byte for byte.
        succeeds(
            &sandbox,
            "openssl req -x509 -new -key ca.key -passin file:phrase -days 30 -multivalue-rdn \
             -subj '/DC=com/DC=example/DC=corp/OU=One/OU=Two/O=Acme+CN=Foreign Root' \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out ca.pem",
        );
        let out = format!("out{index}");
        sandbox.succeeds(&[
            "issue", "server", "a.internal", "--issuer", "ca.pem", "--issuer-key", "ca.key", "--passphrase-file", "phrase",
            "--validity", "7d", "--out", &out,
        ]);
        succeeds(&sandbox, &format!("openssl verify -x509_strict -purpose sslserver -CAfile ca.pem {out}/cert.pem"));
    }
}
