//! PKCS#12: what pkit hands out is read by openssl, Java's keytool and NSS's pk12util; what they make is read by pkit, and so
//! are certificates in PKCS#7.

use super::*;

const PASSWORD: [&str; 2] = ["--export-password-file", "password"];
const OPENS: [&str; 2] = ["--passphrase-file", "password"];
const SET: &str = "pki/live/api.internal";

fn with_password() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "api.internal"]);
    sandbox.write("password", "chängeit\n");
    sandbox.write("ascii", "changeit\n");
    sandbox.write("wrong", "battery staple\n");
    sandbox
}

fn export(sandbox: &Sandbox, file: &str, more: &[&str]) {
    sandbox.succeeds(&[&["export", "api.internal", "-o", file], more].concat());
}

fn json(sandbox: &Sandbox, args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&sandbox.succeeds(&[&["inspect", "--json"], args].concat())).unwrap()
}

#[test]
fn openssl_reads_what_is_handed_out() {
    let sandbox = with_password();
    let own = succeeds(&sandbox, &format!("openssl pkey -in {SET}/privkey.pem -pubout"));
    for (compat, legacy) in [("modern", ""), ("legacy", " -legacy")] {
        let file = format!("{compat}.p12");
        export(&sandbox, &file, &[&["--to", "p12", "--compat", compat], &PASSWORD[..]].concat());
        let read = format!("openssl pkcs12 -in {file} -passin file:password -nodes{legacy}");
        sandbox.write("all.pem", succeeds(&sandbox, &read));
        assert_eq!(succeeds(&sandbox, "openssl pkey -in all.pem -pubout"), own, "{compat}");
        let told = sandbox.read("all.pem");
        assert!(told.contains("friendlyName: api.internal") && told.contains("localKeyID: "), "{told}");
        assert_eq!(told.matches("BEGIN CERTIFICATE").count(), 2, "{told}");
        let wrong = foreign(&sandbox, &read.replace("file:password", "file:wrong"));
        assert!(!wrong.status.success(), "{compat}");
    }
}

#[test]
fn java_and_nss_read_what_is_handed_out() {
    let sandbox = with_password();
    let password = ["--export-password-file", "ascii"];
    let print = sandbox.succeeds(&["inspect", "--field", "sha256", &format!("{SET}/cert.pem")]);
    succeeds(&sandbox, "certutil -N -d sql:. --empty-password");
    for compat in ["modern", "legacy"] {
        let file = format!("{compat}.p12");
        export(&sandbox, &file, &[&["--to", "p12", "--compat", compat], &password[..]].concat());
        let told = succeeds(&sandbox, &format!("keytool -list -v -keystore {file} -storepass changeit"));
        assert!(told.contains("Entry type: PrivateKeyEntry") && told.contains("chain length: 2"), "{told}");
        assert!(told.contains(print.trim()), "{told}");
        let told = succeeds(&sandbox, &format!("pk12util -l {file} -w ascii"));
        assert!(told.contains("Friendly Name: api.internal"), "{told}");
        succeeds(&sandbox, &format!("pk12util -i {file} -w ascii -d sql:."));
        assert!(succeeds(&sandbox, "certutil -L -d sql:.").contains("api.internal"));
    }
    export(&sandbox, "trust.p12", &[&["--to", "truststore"], &password[..]].concat());
    let told = succeeds(&sandbox, "keytool -list -keystore trust.p12 -storepass changeit");
    assert!(told.contains("root") && told.contains("trustedCertEntry"), "{told}");
}

/// What openssl is told, and what pkit says of it.
const MADE: [(&str, &str); 10] = [
    ("", "AES-256-CBC"),
    ("-legacy", "40BitRC2"),
    ("-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES", "TripleDES"),
    ("-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-40", "128BitRC2"),
    ("-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-40", "128BitRC4"),
    ("-legacy -certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES", "2-KeyTripleDES"),
    ("-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512", "AES-128-CBC"),
    ("-keypbe NONE -certpbe NONE", "none"),
    ("-nomac", "none"),
    ("-macalg sha384 -iter 1", "1 rounds"),
];

#[test]
fn stores_of_openssl_and_java_are_read() {
    let sandbox = with_password();
    let pin = sandbox.succeeds(&["inspect", "--field", "pin", &format!("{SET}/cert.pem")]);
    for (options, words) in MADE {
        for (source, opens) in [("file:password", &OPENS[..]), ("pass:", &[])] {
            succeeds(
                &sandbox,
                &format!(
                    "openssl pkcs12 -export -in {SET}/fullchain.pem -inkey {SET}/privkey.pem -name 'a b' \
                     -passout {source} -out foreign.p12 {options}"
                ),
            );
            let report = json(&sandbox, &[&["foreign.p12"], opens].concat());
            let store = &report["stores"][0];
            assert_eq!(store["opened"], true, "{options} {source}: {store}");
            assert!(store["encryption"].to_string().contains(words), "{options}: {store}");
            assert_eq!(report["certificates"].as_array().unwrap().len(), 2, "{options} {source}");
            assert_eq!(report["keys"][0]["public_key"]["pin"], pin.trim(), "{options} {source}");
            assert!(report["keys"][0]["attributes"].to_string().contains("friendlyName a b"), "{options}");
        }
    }
    succeeds(
        &sandbox,
        "keytool -genkeypair -alias java -keyalg RSA -keystore java.p12 -storetype PKCS12 -storepass changeit -dname CN=java",
    );
    let report = json(&sandbox, &["java.p12", "--passphrase-file", "ascii"]);
    assert_eq!(report["certificates"][0]["subject"], "CN=java");
    assert_eq!(report["keys"][0]["algorithm"], "RSA 2048 bits");
    let wrong = sandbox.run(&["inspect", "java.p12", "--passphrase-file", "wrong"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn messages_of_openssl_are_read() {
    let sandbox = with_password();
    sandbox.succeeds(&["crl"]);
    for form in ["PEM", "DER"] {
        succeeds(
            &sandbox,
            &format!(
                "openssl crl2pkcs7 -in pki/ca/issuing/crl.pem -certfile {SET}/fullchain.pem -outform {form} -out bag"
            ),
        );
        let report = json(&sandbox, &["bag"]);
        assert_eq!(report["certificates"].as_array().unwrap().len(), 2, "{form}");
        assert_eq!(report["crls"][0]["issuer"], "CN=issuing", "{form}");
    }
    // Streamed: BER with indefinite lengths and octets in pieces.
    succeeds(
        &sandbox,
        &format!(
            "openssl cms -sign -in password -signer {SET}/cert.pem -inkey {SET}/privkey.pem -outform DER -nodetach \
             -stream -out signed"
        ),
    );
    assert_eq!(std::fs::read(sandbox.path("signed")).unwrap()[..2], [0x30, 0x80]);
    let report = json(&sandbox, &["signed"]);
    assert_eq!(report["certificates"][0]["subject"], "CN=api.internal");
}
