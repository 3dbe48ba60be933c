//! What `export` hands out: files in layouts, manifests, CAs; with what modes, and what is refused.
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
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use pkit::export::Target;
use sandbox::Sandbox;
use serde_json::Value;

fn prepared() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&["issue", "server", "srv.internal", "-q"]);
    sandbox.succeeds(&["issue", "client", "service-a", "-q"]);
    sandbox.succeeds(&["issue", "peer", "node.internal", "-q"]);
    sandbox
}

fn export(sandbox: &Sandbox, args: &[&str]) -> Value {
    let all = [&["export"], args, &["--json"]].concat();
    let output = sandbox.command(&all).env("PKIT_EXPORT_PASSWORD", "changeit").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o7777
}

/// Every program, on each side that it has: keys are their owner's alone, what is named in the lines is there, and everything
/// that is there is named.
#[test]
fn every_program_gets_its_files_and_lines() {
    let sandbox = prepared();
    let mut exports = 0;
    for target in Target::all().iter().filter(|target| target.name != "pem") {
        for (side, name, of_peer) in [
            (&target.server, "srv.internal", &[][..]),
            (&target.client, "service-a", if target.server.is_some() { &["--as-client"] } else { &[] }),
        ] {
            if side.is_none() {
                let error = sandbox.fails("export-unfit", &["export", name, "--for", target.name]);
                assert!(error["hint"].as_str().unwrap().contains("pkit issue"), "{error}");
                continue;
            }
            let report = export(&sandbox, &[name, "--for", target.name]);
            let directory = format!("{name}-{}", target.name);
            assert_eq!(report["directory"], directory.as_str());
            let files = report["files"].as_array().unwrap();
            assert_eq!(fs::read_dir(sandbox.path(&directory)).unwrap().count(), files.len());
            for file in files {
                let path = format!("{directory}/{}", file["file"].as_str().unwrap());
                let wanted = if file["secret"] == true { 0o600 } else { 0o644 };
                assert_eq!(mode(&sandbox, &path), wanted, "{path}");
                assert_eq!(file["mode"], format!("{wanted:04o}"), "{path}");
                let snippet = report["snippet"].as_str().unwrap();
                let absolute = sandbox.root().canonicalize().unwrap().join(&path).display().to_string();
                assert!(snippet.contains(&absolute), "{path} is not in\n{snippet}");
                let bytes = fs::read(sandbox.path(&path)).unwrap();
                let has_key = bytes.windows(11).any(|window| window == b"PRIVATE KEY");
                assert_eq!(has_key, file["secret"] == true && !path.ends_with(".p12"), "{path}");
            }
            assert_eq!(report["client"].is_string(), name == "srv.internal", "{}", target.name);
            // One that is for both sides.
            let report =
                export(&sandbox, &[&["node.internal", "--for", target.name, "--force"], of_peer].concat());
            assert_eq!(report["client"].is_string(), name == "srv.internal", "{}", target.name);
            exports += 2;
        }
    }
    assert!(exports > 60, "{exports}");
}

#[test]
fn each_part_is_what_it_is_called() {
    let sandbox = prepared();
    export(&sandbox, &["srv.internal", "--to", "pem", "--out", "pem"]);
    let set = "pki/live/srv.internal";
    for file in ["cert.pem", "chain.pem", "fullchain.pem", "ca.pem", "privkey.pem"] {
        assert_eq!(sandbox.read(&format!("pem/{file}")), sandbox.read(&format!("{set}/{file}")), "{file}");
    }
    let both = sandbox.read(&format!("{set}/fullchain.pem")) + &sandbox.read(&format!("{set}/privkey.pem"));
    export(&sandbox, &["srv.internal", "--for", "haproxy", "--out", "haproxy"]);
    assert_eq!(sandbox.read("haproxy/combined.pem"), both);
    export(&sandbox, &["srv.internal", "--to", "combined"]);
    assert_eq!(
        (sandbox.read("srv.internal-combined.pem"), mode(&sandbox, "srv.internal-combined.pem")),
        (both, 0o600)
    );
    export(&sandbox, &["service-a", "--to", "docker-dir", "--out", "certs.d"]);
    assert_eq!(sandbox.read("certs.d/client.key"), sandbox.read("pki/live/service-a/privkey.pem"));
    // From loose files, and the roots have to be said.
    let loose =
        ["--cert", "pem/fullchain.pem", "--key", "pem/privkey.pem", "--for", "nginx", "--out", "loose"];
    let error = sandbox.fails("usage", &[&["export"], &loose[..]].concat());
    assert!(error["message"].as_str().unwrap().contains("--roots"), "{error}");
    export(&sandbox, &[&loose[..], &["--roots", "pem/ca.pem"]].concat());
    assert_eq!(sandbox.read("loose/ca.pem"), sandbox.read("pem/ca.pem"));
    let foreign = ["--key", "pki/live/service-a/privkey.pem", "--roots", "pem/ca.pem"];
    let args =
        [&["export", "--cert", "pem/fullchain.pem", "--for", "nginx", "--out", "x"], &foreign[..]].concat();
    sandbox.fails("key-mismatch", &args);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let sandbox = prepared();
    let args = ["srv.internal", "--for", "nginx", "--out", "tls"];
    fs::create_dir(sandbox.path("tls")).unwrap();
    sandbox.write("tls/ca.pem", "mine");
    sandbox.fails("file-exists", &[&["export"], &args[..]].concat());
    assert_eq!(fs::read_dir(sandbox.path("tls")).unwrap().count(), 1);
    assert_eq!(sandbox.read("tls/ca.pem"), "mine");
    export(&sandbox, &[&args[..], &["--force"]].concat());
    assert_eq!(sandbox.read("tls/ca.pem"), sandbox.read("pki/live/srv.internal/ca.pem"));
    fs::remove_file(sandbox.path("tls/ca.pem")).unwrap();
    fs::create_dir(sandbox.path("tls/ca.pem")).unwrap();
    sandbox.fails("not-a-file", &[&["export"], &args[..], &["--force"]].concat());
    sandbox.write("single", "mine");
    sandbox.fails("file-exists", &["export", "srv.internal", "--to", "k8s-tls", "-o", "single"]);
    assert_eq!(sandbox.read("single"), "mine");
}

#[test]
fn a_group_can_be_let_in_and_an_owner_named() {
    let sandbox = prepared();
    let own = fs::metadata(sandbox.root()).unwrap();
    let (user, group) = (own.uid().to_string(), own.gid().to_string());
    export(&sandbox, &["srv.internal", "--for", "postgres", "--out", "a", "--group", &group]);
    assert_eq!((mode(&sandbox, "a/server.key"), mode(&sandbox, "a/server.crt")), (0o640, 0o644));
    let both = format!("{user}:{group}");
    let report = export(&sandbox, &["srv.internal", "--for", "postgres", "--out", "b", "--owner", &both]);
    assert_eq!((mode(&sandbox, "b/server.key"), &report["owner"]), (0o600, &both.as_str().into()));
    let base = ["export", "srv.internal", "--for", "postgres", "--out", "c"];
    sandbox.fails("word-unknown", &[&base[..], &["--owner", "no-such-user"]].concat());
    sandbox.fails("word-unknown", &[&base[..], &["--group", "no-such-group"]].concat());
    sandbox.fails("usage", &[&base[..], &["--owner", &both, "--group", &group]].concat());
    assert!(!sandbox.path("c").exists());
    sandbox.fails("usage", &["export", "srv.internal", "--to", "combined", "--owner", &user]);
}

#[test]
fn keys_that_are_encrypted_or_elsewhere_are_told() {
    let sandbox = prepared();
    sandbox.write("phrase", "correct horse\n");
    sandbox.write("wrong", "battery staple\n");
    sandbox.succeeds(&[
        "issue",
        "server",
        "sealed.internal",
        "--encrypt-key",
        "--new-passphrase-file",
        "phrase",
        "-q",
    ]);
    let base = ["export", "sealed.internal", "--for", "nginx", "--out", "tls"];
    sandbox.fails("passphrase-needed", &base);
    sandbox.fails("key-not-opened", &[&base[..], &["--passphrase-file", "wrong"]].concat());
    let output = sandbox.run(&[&base[..], &["--passphrase-file", "phrase"]].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && told.contains("is encrypted; the key that is handed out is not"),
        "{told}"
    );
    assert!(sandbox.read("tls/privkey.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
    sandbox.succeeds(&["request", "far.internal", "--out", "far", "-q"]);
    sandbox.succeeds(&["sign", "far/far.internal.csr", "--profile", "server", "-q"]);
    let error = sandbox.fails("key-absent", &["export", "far.internal", "--for", "nginx"]);
    assert!(error["hint"].as_str().unwrap().contains("--cert FILE --key FILE"), "{error}");
}

/// A directory that a shell, or a configuration, would read otherwise.
#[test]
fn paths_stay_paths() {
    let sandbox = prepared();
    let odd = "it's $(id) & \"x\"";
    let report = export(&sandbox, &["service-a", "--for", "curl", "--out", odd]);
    let line = report["snippet"].as_str().unwrap().replacen("curl", "printf '%s\\n'", 1);
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let wanted = sandbox.root().canonicalize().unwrap().join(odd).join("privkey.pem").display().to_string();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.lines().any(|line| line == wanted), "{told}");
    let odder = &format!("{odd};");
    let error =
        sandbox.fails("value-unwritable", &["export", "srv.internal", "--for", "nginx", "--out", odder]);
    assert!(!sandbox.path(odder).exists());
    assert!(error["hint"].as_str().unwrap().contains("--path"), "{error}");
    let report =
        export(&sandbox, &["srv.internal", "--for", "nginx", "--out", odder, "--path", "/etc/nginx/tls"]);
    assert!(report["snippet"].as_str().unwrap().contains("\"/etc/nginx/tls/privkey.pem\""), "{report}");
    let fails = |more: &[&str]| sandbox.run(&[&["export", "srv.internal", "--for", "nginx"], more].concat());
    for more in
        [&["--host", "a b"][..], &["--host", "-x"], &["--port", "0"], &["--listen", "x"], &["--host", "a;b"]]
    {
        assert_eq!(fails(more).status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn addresses_stand_as_they_are_written() {
    let sandbox = prepared();
    let args =
        ["srv.internal", "--for", "nginx", "--listen", "::1", "--port", "8443", "--host", "2001:db8::1"];
    let report = export(&sandbox, &args);
    assert!(report["snippet"].as_str().unwrap().contains("listen [::1]:8443 ssl;"), "{report}");
    assert!(report["client"].as_str().unwrap().contains("https://'[2001:db8::1]:8443'/"), "{report}");
    sandbox.succeeds(&["issue", "server", "*.example.com", "-q"]);
    let report = export(&sandbox, &["*.example.com", "--for", "caddy"]);
    assert!(report["client"].as_str().unwrap().contains("https://www.example.com:443/"), "{report}");
    assert!(!report["snippet"].as_str().unwrap().contains('*'), "{report}");
}

#[test]
fn a_ca_is_handed_over_only_when_asked_for() {
    let sandbox = prepared();
    sandbox.write("phrase", "correct horse\n");
    let sealed =
        ["ca", "intermediate", "sealed", "--issuer", "root", "--new-passphrase-file", "phrase", "-q"];
    sandbox.succeeds(&sealed);
    for form in ["cert-manager-ca", "istio", "linkerd", "vault"] {
        let error = sandbox.fails("ca-key-unasked", &["export", "issuing", "--to", form, "-o", form]);
        assert!(error["hint"].as_str().unwrap().contains("--with-ca-key"), "{error}");
        assert!(!sandbox.path(form).exists());
        let base = ["export", "sealed", "--to", form, "--with-ca-key", "-o", form];
        sandbox.fails("passphrase-needed", &base);
        let output = sandbox.run(&[&base[..], &["--passphrase-file", "phrase"]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        assert!(
            told.contains("THIS HANDS OUT THE PRIVATE KEY OF THE CA") && told.contains("CRLs stay here"),
            "{told}"
        );
        let path = sandbox.path(form);
        let secrets = match path.is_dir() {
            true => fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect(),
            false => vec![path],
        };
        let keys = secrets.iter().filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            let secret = text.contains("PRIVATE KEY") || text.contains("tls.key");
            let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if secret { 0o600 } else { 0o644 }, "{path:?}");
            secret
        });
        assert_eq!(keys.count(), 1, "{form}");
    }
    // The files say what they are, to the program itself too.
    let matched = ["inspect", "--match", "istio/ca-cert.pem", "istio/ca-key.pem"];
    assert!(sandbox.succeeds(&matched).contains("belong together"));
    let verify = ["verify", "istio/ca-cert.pem", "--roots", "istio/root-cert.pem", "--purpose", "any"];
    sandbox.succeeds(&verify);
    // Quiet or not.
    let root = sandbox.run(&["export", "root", "--to", "vault", "--with-ca-key", "-o", "root.pem", "-q"]);
    let told = String::from_utf8_lossy(&root.stderr).into_owned();
    assert!(told.contains("warning: THIS HANDS OUT") && told.contains("is a root"), "{told}");
}

#[test]
fn the_key_of_a_ca_in_a_file_is_handed_out_only_when_asked_for() {
    let sandbox = prepared();
    sandbox.write("password", "changeit\n");
    let files = [
        "--cert",
        "pki/ca/issuing/cert.pem",
        "--key",
        "pki/ca/issuing/key.pem",
        "--roots",
        "pki/ca/root/cert.pem",
    ];
    let forms = [
        ["--to", "p12"],
        ["--to", "combined"],
        ["--to", "pem"],
        ["--to", "k8s-tls"],
        ["--for", "nginx"],
        ["--for", "java"],
    ];
    for form in forms {
        let base =
            [&["export"], &files[..], &form, &["--export-password-file", "password", "-o", "out"]].concat();
        sandbox.fails("ca-key-unasked", &base);
        assert!(!sandbox.path("out").exists(), "{form:?}");
    }
    let asked = ["--to", "p12", "--export-password-file", "password", "--with-ca-key", "-q", "-o", "ca.p12"];
    let output = sandbox.run(&[&["export"], &files[..], &asked].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && told.contains("THE PRIVATE KEY OF THE CA \"issuing\", under a password"),
        "{told}"
    );
    // Roots alone are nobody's secret.
    sandbox.succeeds(&[&["export"], &files[..], &["--to", "k8s-ca", "-o", "roots.yaml"]].concat());
}

#[test]
fn the_key_of_a_signed_request_is_named() {
    let sandbox = prepared();
    sandbox.succeeds(&["request", "far.internal", "--out", "far", "-q"]);
    let request = sandbox.path("far");
    let find = |what: &str| {
        let mut names = fs::read_dir(&request).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| fs::read_to_string(path).unwrap().contains(what)).unwrap().display().to_string()
    };
    let (csr, key) = (find("CERTIFICATE REQUEST"), find("PRIVATE KEY"));
    sandbox.succeeds(&["sign", &csr, "--profile", "server", "-q"]);
    sandbox.fails("key-absent", &["export", "far.internal", "--for", "nginx"]);
    sandbox.fails(
        "key-mismatch",
        &["export", "far.internal", "--for", "nginx", "--key", "pki/live/srv.internal/privkey.pem"],
    );
    sandbox.succeeds(&["export", "far.internal", "--for", "nginx", "--key", &key, "-o", "nginx"]);
    assert!(sandbox.path("nginx/privkey.pem").exists());
    sandbox.fails(
        "usage",
        &["export", "far.internal", "--for", "nginx", "--key", &key, "--roots", "pki/ca/root/cert.pem"],
    );
}

#[test]
fn cas_that_cannot_be_handed_over_are_refused() {
    let sandbox = prepared();
    sandbox.succeeds(&[
        "ca",
        "intermediate",
        "wide",
        "--issuer",
        "root",
        "--key-type",
        "p384",
        "--unencrypted",
        "-q",
    ]);
    let error = sandbox.fails("export-unfit", &["export", "wide", "--to", "linkerd", "--with-ca-key"]);
    assert!(error["hint"].as_str().unwrap().contains("p256"), "{error}");
    sandbox.succeeds(&[
        "ca",
        "import",
        "offline",
        "--cert",
        "pki/ca/wide/cert.pem",
        "--chain",
        "pki/ca/root/cert.pem",
        "--pki",
        "other",
        "-q",
    ]);
    sandbox
        .fails("ca-key-absent", &["export", "offline", "--to", "vault", "--with-ca-key", "--pki", "other"]);
    sandbox.fails("ca-unknown", &["export", "srv.internal", "--to", "istio", "--with-ca-key"]);
    sandbox.fails("ca-unknown", &["export", "nothing", "--to", "k8s-ca"]);
    sandbox.fails("usage", &["export", "--cert", "x", "--to", "istio", "--with-ca-key"]);
    sandbox.fails("usage", &["export", "issuing", "--to", "istio", "--with-ca-key", "--out", "-"]);
    sandbox.fails("usage", &["export", "srv.internal", "--for", "nginx", "--out", "-"]);
}

#[test]
fn manifests_have_names_that_kubernetes_takes() {
    let sandbox = prepared();
    let base = ["export", "srv.internal", "--to", "k8s-tls", "-o", "-"];
    let told = sandbox.succeeds(&[&base[..], &["--namespace", "shop", "--secret-name", "web"]].concat());
    assert!(told.contains("name: \"web\"\n  namespace: \"shop\"\n"), "{told}");
    sandbox.fails("name-invalid", &[&base[..], &["--namespace", "a.b"]].concat());
    sandbox.fails("name-invalid", &[&base[..], &["--secret-name", "Web"]].concat());
    // What reads manifests finds in it what was put there.
    sandbox.write("tls.yaml", told);
    let report: Value = serde_json::from_str(&sandbox.succeeds(&["inspect", "--json", "tls.yaml"])).unwrap();
    assert_eq!(report["certificates"].as_array().unwrap().len(), 3, "leaf, intermediate, root");
    assert_eq!(report["keys"].as_array().unwrap().len(), 1);
    let leaf = sandbox.succeeds(&["export", "srv.internal", "--to", "k8s-ca", "-o", "-"]);
    let root = sandbox.succeeds(&["export", "root", "--to", "k8s-ca", "-o", "-"]);
    let body = |text: &str| text.split_once("\ndata:\n").unwrap().1.to_owned();
    assert_eq!(body(&leaf), body(&root), "what peers of a leaf trust is the root");
}
