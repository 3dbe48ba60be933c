//! Revocation lists, read and obeyed by openssl, GnuTLS, GnuPG, rustls and `cryptography`, and looked at by pkilint.

use super::{ask, foreign, python, sandbox::Sandbox, script, succeeds};

/// Names of certificates, and why they are revoked.
const REVOKED: [(&str, &str); 9] = [
    ("a.internal", "unspecified"),
    ("b.internal", "keyCompromise"),
    ("c.internal", "cACompromise"),
    ("d.internal", "affiliationChanged"),
    ("e.internal", "superseded"),
    ("f.internal", "cessationOfOperation"),
    ("g.internal", "certificateHold"),
    ("h.internal", "privilegeWithdrawn"),
    ("good.internal", "good"),
];

/// Every judge on the lists of a chain; `good.internal` is not revoked, `b.internal` is.
fn judge(sandbox: &Sandbox, dir: &str) {
    let pki = ["--pki", dir];
    sandbox.succeeds(&[&["crl", "-q"][..], &pki].concat());
    let bundle = ["crl", "--bundle", "good.internal", "-o", "crls.pem", "--force", "-q"];
    sandbox.succeeds(&[&bundle[..], &pki].concat());
    let live = |name: &str| format!("{dir}/live/{name}");
    for ca in ["root", "issuing"] {
        let told = foreign(
            sandbox,
            &format!("openssl crl -verify -in {dir}/ca/{ca}/crl.pem -CAfile {dir}/ca/{ca}/cert.pem -noout"),
        );
        assert!(String::from_utf8_lossy(&told.stderr).contains("verify OK"), "{told:?}");
        succeeds(
            sandbox,
            &format!(
                "certtool --verify-crl --infile {dir}/ca/{ca}/crl.pem --load-ca-certificate {dir}/ca/{ca}/cert.pem"
            ),
        );
    }
    let chain = |name: &str| {
        let set = live(name);
        format!("-CAfile {set}/ca.pem -untrusted {set}/chain.pem {set}/cert.pem")
    };
    let strict = "openssl verify -x509_strict -crl_check_all -CRLfile crls.pem";
    succeeds(sandbox, &format!("{strict} {}", chain("good.internal")));
    let refused = foreign(sandbox, &format!("{strict} {}", chain("b.internal")));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("certificate revoked"), "{told}");
    for (name, accepted) in [("good.internal", true), ("b.internal", false)] {
        let set = live(name);
        let told = foreign(
            sandbox,
            &format!(
                "certtool --verify --infile {set}/fullchain.pem --load-ca-certificate {set}/ca.pem --load-crl crls.pem"
            ),
        );
        assert_eq!(told.status.success(), accepted, "{told:?}");
    }
    for (name, accepted) in [("good.internal", true), ("b.internal", false)] {
        assert_eq!(rustls_accepts(sandbox, &live(name)), accepted, "{name}");
    }
    let asked: Vec<String> = REVOKED
        .iter()
        .map(|(name, reason)| {
            format!("{dir}/ca/issuing/crl.pem|{dir}/ca/issuing/cert.pem|{}/cert.pem|{reason}", live(name))
        })
        .collect();
    for (answer, asked) in
        ask(sandbox, &format!("{} {}", python(), script("crl.py")), &asked).iter().zip(&asked)
    {
        assert_eq!(answer, "ok", "{asked}");
    }
    let lint: Vec<String> =
        ["root", "issuing"].iter().map(|ca| format!("crl|{dir}/ca/{ca}/crl.pem")).collect();
    for (answer, asked) in
        ask(sandbox, &format!("{} {}", python(), script("lint.py")), &lint).iter().zip(&lint)
    {
        assert_eq!(answer, "ok", "{asked}");
    }
}

/// rustls with all lists, which then wants one of every CA.
fn rustls_accepts(sandbox: &Sandbox, set: &str) -> bool {
    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime},
    };
    let origin = pkit::origin::Origin::named("test");
    let ders = |file: &str| -> Vec<Vec<u8>> {
        let blocks = pkit::pem::blocks(sandbox.read(file).as_bytes(), &origin).unwrap();
        blocks.iter().map(|block| block.der.to_vec()).collect()
    };
    let certificates = |file: &str| ders(file).into_iter().map(CertificateDer::from).collect::<Vec<_>>();
    let mut roots = RootCertStore::empty();
    certificates(&format!("{set}/ca.pem")).into_iter().for_each(|root| roots.add(root).unwrap());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
        .with_crls(ders("crls.pem").into_iter().map(CertificateRevocationListDer::from))
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let chain = certificates(&format!("{set}/fullchain.pem"));
    let name = set.rsplit('/').next().unwrap().to_owned().try_into().unwrap();
    match verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now()) {
        Ok(_) => true,
        Err(error) => {
            assert!(format!("{error:?}").contains("Revoked"), "{error:?}");
            false
        }
    }
}

#[test]
fn lists_of_every_kind_of_key() {
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let sandbox = Sandbox::new();
        let subject = "DC=com,DC=example,OU=One,OU=Two,CN=Root";
        let make = ["--unencrypted", "-q", "--key-type", kind];
        sandbox.succeeds(&[&["ca", "root", "root", "--subject", subject], &make[..]].concat());
        sandbox.succeeds(&[&["ca", "intermediate", "issuing"], &make[..]].concat());
        for (name, reason) in REVOKED {
            sandbox.succeeds(&["issue", "server", name, "-q"]);
            if reason != "good" {
                // In any case of letters, as openssl takes them.
                let reason = if name == "b.internal" { "KEYCOMPROMISE" } else { reason };
                sandbox.succeeds(&["revoke", name, "--reason", reason, "-q", "--no-crl"]);
            }
        }
        judge(&sandbox, "pki");
        // Released, it is accepted again; a revoked intermediate is on the list of the root.
        let openssl = |name: &str| {
            sandbox.succeeds(&["crl", "--bundle", name, "-o", "crls.pem", "--force", "-q"]);
            let set = format!("pki/live/{name}");
            let files = format!("-CAfile {set}/ca.pem -untrusted {set}/chain.pem {set}/cert.pem");
            foreign(&sandbox, &format!("openssl verify -crl_check_all -CRLfile crls.pem {files}"))
        };
        assert!(!openssl("g.internal").status.success());
        sandbox.succeeds(&["revoke", "g.internal", "--release", "-q"]);
        assert!(openssl("g.internal").status.success());
        sandbox.succeeds(&["revoke", "issuing", "--reason", "cACompromise", "-q"]);
        let told = openssl("good.internal");
        assert!(String::from_utf8_lossy(&told.stderr).contains("error 23 at 1 depth"), "{told:?}");
    }
}

/// A CA of openssl with what ours never have: a name of T61 and repeated parts, no key identifier, small serial numbers. What
/// it signed before is on no record here.
#[test]
fn a_ca_that_openssl_made() {
    let sandbox = Sandbox::new();
    succeeds(&sandbox, "openssl ecparam -name prime256v1 -genkey -out ca.key");
    succeeds(
        &sandbox,
        "openssl req -x509 -new -key ca.key -days 30 -subj '/DC=com/DC=example/OU=One/OU=Two/CN=Old' -out ca.pem \
         -addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none",
    );
    for (name, serial) in [("x", "0x80"), ("y", "0x81")] {
        succeeds(
            &sandbox,
            &format!(
                "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr"
            ),
        );
        succeeds(
            &sandbox,
            &format!(
                "openssl x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -days 7 -set_serial {serial} -out {name}.pem"
            ),
        );
    }
    sandbox.succeeds(&["ca", "import", "old", "--cert", "ca.pem", "--key", "ca.key", "--unencrypted", "-q"]);
    sandbox.succeeds(&["revoke", "--cert", "x.pem", "--reason", "superseded", "-q"]);
    let verify = |name: &str| {
        foreign(
            &sandbox,
            &format!("openssl verify -crl_check -CRLfile pki/ca/old/crl.pem -CAfile ca.pem {name}.pem"),
        )
    };
    assert!(verify("y").status.success(), "{:?}", verify("y"));
    assert!(!verify("x").status.success());
    sandbox.succeeds(&["revoke", "--serial", "81", "--issuer", "old", "-q"]);
    assert!(!verify("y").status.success());
    let told =
        foreign(&sandbox, "certtool --verify-crl --infile pki/ca/old/crl.pem --load-ca-certificate ca.pem");
    assert!(told.status.success(), "{told:?}");
}

/// A list of openssl is read as openssl reads it.
#[test]
fn a_list_that_openssl_made() {
    use pkit::{
        cert::load_certificates,
        crl::{Crl, Reason},
    };
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "client", "a", "-q"]);
    sandbox.write("index.txt", "");
    sandbox.write("number", "1000\n");
    sandbox.write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n");
    let ca = "-config ca.cnf -cert pki/ca/issuing/cert.pem -keyfile pki/ca/issuing/key.pem";
    succeeds(&sandbox, &format!("openssl ca {ca} -revoke pki/live/a/cert.pem -crl_reason keyCompromise"));
    succeeds(&sandbox, &format!("openssl ca {ca} -gencrl -out pki/ca/issuing/crl.pem"));
    let list = Crl::load(&sandbox.path("pki/ca/issuing/crl.pem")).unwrap().remove(0);
    let issuing = load_certificates(&sandbox.path("pki/ca/issuing/cert.pem")).unwrap().remove(0);
    let leaf = load_certificates(&sandbox.path("pki/live/a/cert.pem")).unwrap().remove(0);
    list.verify(&issuing).unwrap();
    assert_eq!(list.number(), Some(0x1000));
    assert_eq!(list.lookup(leaf.serial()).unwrap().reason, Reason::KeyCompromise);
    // Beside its CA, it gives the number to go on from.
    sandbox.succeeds(&["crl", "issuing", "-q"]);
    let next = Crl::load(&sandbox.path("pki/ca/issuing/crl.pem")).unwrap().remove(0);
    assert_eq!(next.number(), Some(0x1001));
}

/// Serves the files of a directory over HTTP, until the test ends.
fn serve(directory: std::path::PathBuf) -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut request, mut octets) = (Vec::new(), [0; 4096]);
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut octets) {
                    Ok(count @ 1..) => request.extend_from_slice(&octets[..count]),
                    _ => break,
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let name = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let body = std::fs::read(directory.join(name)).unwrap();
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    port
}

/// GnuPG fetches the lists in DER from where certificates say they are. Of RSA, because the dirmngr of GnuPG 2.2 cannot check
/// a list that is signed with ECDSA, whoever made it.
#[test]
fn gnupg_fetches_and_obeys() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("www")).unwrap();
    let port = serve(sandbox.path("www"));
    let url = |ca: &str| format!("http://127.0.0.1:{port}/{ca}.crl");
    let make = ["--unencrypted", "-q", "--key-type", "rsa2048"];
    sandbox.succeeds(&[&["ca", "root", "root"], &make[..]].concat());
    sandbox.succeeds(&[&["ca", "intermediate", "issuing", "--crl-url", &url("root")], &make[..]].concat());
    for name in ["good", "bad"] {
        sandbox.succeeds(&["issue", "client", name, "-q", "--crl-url", &url("issuing")]);
    }
    sandbox.succeeds(&["revoke", "bad", "--reason", "keyCompromise", "-q"]);
    for ca in ["root", "issuing"] {
        sandbox.succeeds(&["crl", ca, "--der", "-o", &format!("www/{ca}.crl"), "-q"]);
    }
    // Short, because the sockets of the agent lie in it.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    let home = home.path().display().to_string();
    let print = succeeds(&sandbox, "openssl x509 -in pki/ca/root/cert.pem -noout -fingerprint -sha1");
    let print = print.trim().rsplit('=').next().unwrap();
    std::fs::write(format!("{home}/trustlist.txt"), format!("{print} S relax\n")).unwrap();
    for set in ["ca/root", "ca/issuing", "live/good", "live/bad"] {
        succeeds(&sandbox, &format!("gpgsm --homedir {home} --batch --import pki/{set}/cert.pem"));
    }
    let list = "--with-validation --enable-crl-checks --list-keys";
    for (name, verdict) in [("good", "certificate is good"), ("bad", "certificate has been revoked")] {
        let told = foreign(&sandbox, &format!("gpgsm --homedir {home} --batch {list} CN={name}"));
        let told =
            String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
        assert!(told.contains(verdict), "{name}: {told}");
    }
    succeeds(&sandbox, &format!("gpgconf --homedir {home} --kill all"));
}
