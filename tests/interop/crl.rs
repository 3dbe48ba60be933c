//! Revocation lists, read and obeyed by openssl, GnuTLS and `cryptography`, and looked at by pkilint.

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
