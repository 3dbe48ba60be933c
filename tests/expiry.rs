//! `pkit expiry` as a person, cron and monitoring systems run it.
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
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, symlink},
    process::{Child, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sandbox::Sandbox;
use serde_json::Value;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

impl Sandbox {
    fn expiry(&self, args: &[&str]) -> Output {
        self.run(&[&["expiry"], args].concat())
    }

    fn report(&self, args: &[&str]) -> Value {
        let output = self.expiry(&[&["--json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
    }

    fn with_stdin(&self, args: &[&str], stdin: &str) -> Output {
        let mut command = self.command(&[&["expiry"], args].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn directory(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }
}

/// Two CAs, a server for 90 days and a client for 20.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&[
        "issue",
        "server",
        "api.internal",
        "localhost",
        "127.0.0.1",
        "--validity",
        "90d",
        "-q",
    ]);
    sandbox.succeeds(&["issue", "client", "service-a", "--validity", "20d", "--org", "Acme", "-q"]);
    sandbox
}

/// All rows of a kind: title and state.
fn states(report: &Value, list: &str) -> Vec<(String, String)> {
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name =
        |row: &Value| if row["title"].is_null() { string(&row["issuer"]) } else { string(&row["title"]) };
    report[list].as_array().unwrap().iter().map(|row| (name(row), string(&row["state"]))).collect()
}

fn pair(title: &str, state: &str) -> (String, String) {
    (title.to_owned(), state.to_owned())
}

#[test]
fn of_a_pki_directory_certificates_authorities_and_lists_stand_apart() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    let report = sandbox.report(&[]);
    assert_eq!(states(&report, "leaves"), [pair("service-a", "warn"), pair("api.internal", "ok")]);
    assert_eq!(states(&report, "authorities"), [pair("issuing", "ok"), pair("root", "ok")]);
    assert_eq!(states(&report, "crls"), [pair("CN=issuing", "ok"), pair("CN=root", "ok")]);
    assert_eq!(report["counts"]["certificates"], 4);
    assert_eq!((&report["counts"]["crls"], &report["counts"]["warn"]), (&2.into(), &1.into()));
    // Lists live for a week, and are told by shares of that.
    for (at, state) in [("4d", "ok"), ("5d", "warn"), ("6d10h", "critical"), ("8d", "expired")] {
        let report = sandbox.report(&["--at", at]);
        assert_eq!(report["crls"][0]["state"], state, "{at}");
    }
    let report = sandbox.report(&["--at", "1d", "--crl-warn", "30d", "--crl-critical", "1d"]);
    assert_eq!(report["crls"][0]["state"], "warn");
    // A generation that was replaced is not of interest.
    sandbox.succeeds(&["renew", "service-a", "--now", "-q"]);
    assert_eq!(sandbox.report(&[])["counts"]["certificates"], 4);
    let table = text(&sandbox.expiry(&[]).stdout);
    let heads: Vec<_> = table.lines().filter(|line| line.starts_with("STATE")).collect();
    assert!(
        heads.len() == 3 && heads[1].contains("AUTHORITY") && heads[2].contains("REVOCATION LIST OF"),
        "{table}"
    );
    assert!(table.contains("4 certificates and 2 CRLs: 1 due within 30 days, 5 ok; next: "), "{table}");
}

#[test]
fn a_chain_ends_with_its_first_certificate() {
    let sandbox = sandbox();
    let leaf = sandbox.read("pki/live/api.internal/cert.pem");
    let long = sandbox.read("pki/ca/issuing/cert.pem");
    // The same CA again, with the same key, for ten days.
    sandbox.succeeds(&["ca", "renew", "issuing", "--validity", "10d", "-q"]);
    let short = sandbox.read("pki/ca/issuing/cert.pem");
    sandbox.directory("served");
    sandbox.write("served/fullchain.pem", leaf.clone() + &short);
    let report = sandbox.report(&["served"]);
    let row = &report["leaves"][0];
    assert_eq!((&row["state"], &row["days_left"]), (&"warn".into(), &89.into()), "{row}");
    let chain = &row["chain"];
    assert_eq!((&chain["cause"], &chain["place"]), (&"issuing".into(), &"served/fullchain.pem".into()));
    assert_eq!((&chain["days_left"], &chain["ends"]), (&9.into(), &report["authorities"][0]["not_after"]));
    let table = text(&sandbox.expiry(&["served"]).stdout);
    assert!(table.contains("ends with issuing; by itself 20"), "{table}");
    // Apart from each other, the one that lasts counts.
    sandbox.directory("apart");
    sandbox.write("apart/leaf.pem", &leaf);
    sandbox.write("apart/short.pem", &short);
    sandbox.write("apart/long.pem", &long);
    let report = sandbox.report(&["apart"]);
    assert_eq!((&report["leaves"][0]["state"], &report["leaves"][0]["chain"]), (&"ok".into(), &Value::Null));
    // What one file sends is broken, whatever the others do.
    let report = sandbox.report(&["apart", "served", "--at", "11d"]);
    assert_eq!(report["leaves"][0]["state"], "expired");
    assert!(report["leaves"][0]["chain"]["place"].as_str().unwrap().starts_with("served"));
    // In both files, and one of them whole.
    sandbox.write("served/whole.pem", leaf + &short + &long);
    assert_eq!(sandbox.report(&["served/whole.pem", "--at", "11d"])["leaves"][0]["state"], "ok");
    // The row that breaks first stands first, though by itself it ends later.
    let copy = sandbox.read("pki/live/service-a/cert.pem");
    sandbox.write("served/client.pem", copy);
    let titles: Vec<_> =
        states(&sandbox.report(&["served"]), "leaves").into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["api.internal", "service-a"]);
}

#[test]
fn thresholds_are_times_or_shares() {
    let sandbox = sandbox();
    let state = |args: &[&str]| {
        let report = sandbox.report(&[&["pki/live/api.internal/cert.pem"], args].concat());
        report["leaves"][0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&["--at", "59d", "--warn", "33%"]), "ok");
    assert_eq!(state(&["--at", "61d", "--warn", "33%"]), "warn");
    assert_eq!(state(&["--at", "80d", "--warn", "33%"]), "warn");
    assert_eq!(state(&["--at", "82d", "--warn", "33%"]), "critical");
    assert_eq!(state(&["--at", "82d", "--warn", "33%", "--critical", "3d"]), "warn");
    assert_eq!(state(&["--at", "86d", "--warn", "5d"]), "warn");
    for wrong in [["--warn", "101%"], ["--critical", "31d"], ["--warn", "soon"], ["--crl-critical", "40%"]] {
        let output = sandbox.expiry(&wrong);
        assert_eq!((code(&output), output.stdout.len()), (2, 0), "{wrong:?}");
    }
}

#[test]
fn containers_are_looked_into() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.write("password", "secret\n");
    let export = ["export", "api.internal", "--to", "p12", "--export-password-file", "password", "-q"];
    sandbox.succeeds(&[&export[..], &["--out", "api.p12"]].concat());
    let encoded = |file: &str| STANDARD.encode(sandbox.read(file));
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: web, namespace: shop}}\ndata:\n  tls.crt: {}\n  ca.crt: {}\n",
        encoded("pki/live/api.internal/fullchain.pem"),
        encoded("pki/live/api.internal/ca.pem")
    );
    sandbox.directory("d");
    sandbox.write("d/secret.yaml", &secret);
    fs::rename(sandbox.path("api.p12"), sandbox.path("d/api.p12")).unwrap();
    let der = pem_to_der(&sandbox.read("pki/ca/root/crl.pem"));
    sandbox.write("d/root.crl", der);
    let report = sandbox.report(&["d", "--passphrase-file", "password"]);
    assert_eq!(report["leaves"][0]["paths"], serde_json::json!(["d/api.p12", "d/secret.yaml"]), "{report}");
    assert_eq!(states(&report, "authorities"), [pair("issuing", "ok"), pair("root", "ok")]);
    assert_eq!(states(&report, "crls"), [pair("CN=root", "ok")]);
    assert_eq!(report["errors"], Value::Array(vec![]));
    // A store that nobody opened may hold anything.
    let output = sandbox.expiry(&["d"]);
    assert_eq!(code(&output), 2, "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("api.p12"), "{}", text(&output.stderr));
    let output = sandbox.expiry(&["d", "--at", "80d"]);
    assert_eq!(code(&output), 1);
    // From standard input, as kubectl hands it over.
    let output = sandbox.with_stdin(&["--json", "-"], &secret);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["leaves"][0]["paths"], serde_json::json!(["standard input"]), "{report}");
    // Templates are no manifests, but one that holds PEM and cannot be read is told.
    sandbox.directory("chart");
    sandbox.write("chart/a.pem", sandbox.read("pki/live/api.internal/cert.pem"));
    sandbox.write("chart/template.yaml", "apiVersion: v1\nkind: Secret\ndata: {{ .Values.data }\n");
    assert_eq!(code(&sandbox.expiry(&["chart"])), 0);
    sandbox.write("chart/cut.yaml", format!("{secret}\n  x: [\n"));
    assert_eq!(code(&sandbox.expiry(&["chart"])), 2);
}

fn pem_to_der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

#[test]
fn what_cannot_be_read_is_never_passed_over() {
    let sandbox = sandbox();
    let leaf = sandbox.read("pki/live/api.internal/cert.pem");
    sandbox.directory("d");
    sandbox.write("d/leaf.pem", &leaf);
    sandbox.write("d/notes.txt", "nothing of interest\n");
    sandbox.write("d/key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
    sandbox.write("d/signed.txt", "-----BEGIN PGP MESSAGE-----\n\nhQEM\n");
    assert_eq!(code(&sandbox.expiry(&["d"])), 0);
    for (name, bytes) in [
        ("cut.pem", leaf.as_bytes()[..leaf.len() / 2].to_vec()),
        ("cut.crl", b"-----BEGIN X509 CRL-----\nAAAA\n".to_vec()),
        ("cut.p7b", b"-----BEGIN PKCS7-----\nAA!A\n-----END PKCS7-----\n".to_vec()),
        ("hollow.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()),
    ] {
        let path = format!("d/{name}");
        sandbox.write(&path, bytes);
        let output = sandbox.expiry(&["d"]);
        assert_eq!(code(&output), 2, "{name}");
        assert!(text(&output.stderr).contains(&path), "{}", text(&output.stderr));
        // What is due goes before.
        assert_eq!(code(&sandbox.expiry(&["d", "--warn", "100d"])), 1, "{name}");
        fs::remove_file(sandbox.path(&path)).unwrap();
    }
    for named in ["d/notes.txt", "missing", "d/signed.txt"] {
        assert_eq!(code(&sandbox.expiry(&["d/leaf.pem", named])), 2, "{named}");
    }
    // A link that leads nowhere.
    symlink("gone", sandbox.path("d/link.pem")).unwrap();
    assert_eq!(code(&sandbox.expiry(&["d"])), 2);
    assert_eq!(code(&sandbox.expiry(&["d", "--exclude", "link.*"])), 0);
}

#[test]
fn links_are_followed_once() {
    let sandbox = sandbox();
    sandbox.directory("d/archive");
    sandbox.directory("d/live");
    sandbox.write("d/archive/cert.pem", sandbox.read("pki/live/api.internal/cert.pem"));
    symlink("../archive/cert.pem", sandbox.path("d/live/cert.pem")).unwrap();
    fs::hard_link(sandbox.path("d/archive/cert.pem"), sandbox.path("d/live/hard.pem")).unwrap();
    symlink("..", sandbox.path("d/live/up")).unwrap();
    symlink("archive", sandbox.path("d/twin")).unwrap();
    let report = sandbox.report(&["d"]);
    let paths = serde_json::json!(["d/archive/cert.pem", "d/live/cert.pem", "d/live/hard.pem"]);
    assert_eq!((&report["leaves"][0]["paths"], &report["files"]), (&paths, &3.into()), "{report}");
    // One certificate in forty files is one row.
    for number in 0..40 {
        sandbox.write(&format!("d/copy-{number:02}.pem"), sandbox.read("pki/live/api.internal/cert.pem"));
    }
    let report = sandbox.report(&["d"]);
    assert_eq!(report["counts"]["certificates"], 1);
    assert_eq!(report["leaves"][0]["paths"].as_array().unwrap().len(), 43);
    let table = text(&sandbox.expiry(&["d"]).stdout);
    assert!(table.contains("and 38 more"), "{table}");
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let sandbox = sandbox();
    let titles = |args: &[&str]| {
        let report = sandbox.report(&[&["pki"], args].concat());
        let mut titles = states(&report, "leaves");
        titles.extend(states(&report, "authorities"));
        let mut titles: Vec<_> = titles.into_iter().map(|(title, _)| title).collect();
        titles.sort();
        titles.join(" ")
    };
    assert_eq!(titles(&["--name", "*.internal"]), "api.internal");
    assert_eq!(titles(&["--name", "LOCALHOST"]), "api.internal");
    assert_eq!(titles(&["--name", "*O=Acme*"]), "service-a");
    assert_eq!(titles(&["--issuer", "iss*"]), "api.internal service-a");
    assert_eq!(titles(&["--issuer", "root"]), "issuing root");
    assert_eq!(titles(&["--state", "due"]), "service-a");
    assert_eq!(titles(&["--state", "valid"]), "api.internal issuing root");
    assert_eq!(titles(&["--state", "warn", "--state", "expired", "--name", "service-?"]), "service-a");
    assert_eq!(titles(&["--exclude", "service-a"]), "api.internal issuing root");
    assert_eq!(titles(&["--exclude", "pki/ca/*"]), "api.internal issuing service-a");
    // The status is that of what was asked for.
    assert_eq!(code(&sandbox.expiry(&["--name", "*.internal"])), 0);
    assert_eq!(code(&sandbox.expiry(&["--state", "expired"])), 0);
    assert_eq!(code(&sandbox.expiry(&["--name", "nobody"])), 2);
    assert_eq!(code(&sandbox.expiry(&["--name", "[x"])), 2);
    // An authority that is filtered out still counts in chains.
    sandbox.write(
        "chain.pem",
        sandbox.read("pki/live/api.internal/cert.pem")
            + &{
                sandbox.succeeds(&["ca", "renew", "issuing", "--validity", "10d", "-q"]);
                sandbox.read("pki/ca/issuing/cert.pem")
            },
    );
    let report = sandbox.report(&["chain.pem", "--name", "api.internal"]);
    assert_eq!(
        (report["leaves"][0]["chain"]["cause"].as_str(), &report["counts"]["certificates"]),
        (Some("issuing"), &1.into())
    );
}

/// What a recipe has in a fence of a kind, in order.
fn fences(recipe: &str, kind: &str) -> Vec<String> {
    let begin = format!("```{kind}\n");
    recipe.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_recipes_do_what_they_say() {
    let sandbox = sandbox();
    let recipe = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes/expiry.md")).unwrap();
    // What they name lies elsewhere here, and there is no mail.
    let root = sandbox.root().display().to_string();
    sandbox.directory("certs/etc");
    for directory in
        ["etc/ssl/acme", "etc/pki/acme", "var/lib/node_exporter/textfile", "var/www/status", "bin"]
    {
        sandbox.directory(directory);
    }
    fs::rename(sandbox.path("pki"), sandbox.path("etc/pki/acme/pki")).unwrap();
    sandbox.write("etc/ssl/acme/api.pem", sandbox.read("etc/pki/acme/pki/live/api.internal/fullchain.pem"));
    sandbox.write("certs/etc/due.pem", sandbox.read("etc/pki/acme/pki/live/service-a/cert.pem"));
    sandbox.write("bin/mail", "#!/bin/sh\ncat > mailed\n");
    let mut mode = fs::metadata(sandbox.path("bin/mail")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(sandbox.path("bin/mail"), mode).unwrap();
    let binary = env!("CARGO_BIN_EXE_pkit");
    let run = |line: &str| {
        let line = line.replace("/usr/local/bin/pkit", "pkit").replace("/etc/", &format!("{root}/etc/"));
        let line = line.replace("/var/", &format!("{root}/var/"));
        let path = format!(
            "{root}/bin:{}:{}",
            std::path::Path::new(binary).parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]).current_dir(sandbox.root()).env("PATH", path).stdin(Stdio::null());
        let output = shell.output().unwrap();
        (code(&output), text(&output.stdout) + &text(&output.stderr))
    };
    // Cron: five fields of time, and a line for the shell.
    let cron = fences(&recipe, "cron");
    let lines: Vec<&str> =
        cron.iter().flat_map(|text| text.lines()).filter(|line| line.contains("pkit")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let fields: Vec<&str> = line.splitn(6, ' ').collect();
        assert!(
            fields[..5].iter().all(|field| field.chars().all(|c| c.is_ascii_digit() || c == '*')),
            "{line}"
        );
        // Cron takes a percent sign for the end of the line.
        assert!(!fields[5].replace("\\%", "").contains('%'), "{line}");
        let (status, told) = run(&fields[5].replace("\\%", "%"));
        assert_eq!(status, 0, "{line}: {told}");
    }
    assert!(!sandbox.path("mailed").exists(), "nothing is due there");
    let due = lines[0].splitn(6, ' ').nth(5).unwrap().replace("/etc/ssl/acme", "/certs/etc");
    run(&due.replace("/certs/", &format!("{root}/certs/")));
    assert!(sandbox.read("mailed").contains("service-a"));
    // systemd, and the file that node_exporter reads.
    let units = fences(&recipe, "ini").concat();
    let start = units.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let (status, told) = run(start);
    assert_eq!(status, 1, "{told}");
    assert!(units.contains("\nSuccessExitStatus=1\n") && units.contains("\nOnCalendar="));
    let metrics = sandbox.read("var/lib/node_exporter/textfile/pkit.prom");
    assert!(metrics.contains("subject_CN=\"service-a\""), "{metrics}");
    // Nagios and Icinga.
    let command = fences(&recipe, "nagios").concat();
    let line = command.lines().find_map(|line| line.trim().strip_prefix("command_line")).unwrap().trim();
    let line = line.replace("$ARG1$", "/etc/ssl/acme").replace("$ARG2$", "30d").replace("$ARG3$", "7d");
    let (status, told) = run(&line);
    assert!(status == 0 && told.starts_with("EXPIRY OK - "), "{told}");
    // The container of the CronJob, with the volume that it mounts.
    let manifest = fences(&recipe, "yaml").concat();
    let args = manifest.lines().find_map(|line| line.trim().strip_prefix("args: ")).unwrap();
    let args: Vec<String> = serde_json::from_str(args).unwrap();
    assert!(manifest.contains("mountPath: /certs\n"));
    let args: Vec<String> = args.iter().map(|arg| arg.replace("/certs", &format!("{root}/certs"))).collect();
    let output = sandbox.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("service-a"));
}

/// A running serve-test.
struct Server(Child, String);

impl Server {
    fn start(sandbox: &Sandbox, name: &str) -> Self {
        let args = ["serve-test", name, "--listen", "127.0.0.1:0"];
        let mut child = sandbox.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let end = first.rsplit(':').next().unwrap();
        let port = end.split(|c: char| !c.is_ascii_digit()).next().unwrap().to_owned();
        Self(child, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Speaks SMTP as far as STARTTLS, and hands everything behind it on to a port.
fn mail_server(port: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"220 mail.internal ESMTP\r\n").unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(client.try_clone().unwrap());
        reader.read_line(&mut line).unwrap();
        client.write_all(b"250-mail.internal\r\n250 STARTTLS\r\n").unwrap();
        reader.read_line(&mut line).unwrap();
        client.write_all(b"220 go ahead\r\n").unwrap();
        let mut server = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut reader, &mut server);
    });
    address.port()
}

#[test]
fn servers_are_asked() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox, "api.internal");
    let address = format!("127.0.0.1:{}", server.1);
    let report = sandbox.report(&[&address]);
    assert_eq!(states(&report, "leaves"), [pair("api.internal", "ok")]);
    assert_eq!(report["leaves"][0]["paths"], serde_json::json!([address]));
    assert_eq!((&report["servers"], &report["files"]), (&1.into(), &0.into()));
    // The certificate of a file and of a server is one.
    let report = sandbox.report(&[&address, "pki/live/api.internal/cert.pem"]);
    assert_eq!(report["counts"]["certificates"], 2);
    assert_eq!(report["leaves"][0]["paths"], serde_json::json!([address, "pki/live/api.internal/cert.pem"]));

    let mail = format!("127.0.0.1:{}", mail_server(server.1.clone()));
    let report = sandbox.report(&[&mail, "--starttls", "smtp"]);
    assert_eq!(states(&report, "leaves"), [pair("api.internal", "ok")], "{report}");

    // Lists, of all kinds of sources.
    let mail = format!("127.0.0.1:{}", mail_server(server.1.clone()));
    let list = format!("# ours\n\n{address}  # the API\n{mail} smtp\npki/live/service-a\n");
    sandbox.write("list", &list);
    for output in [sandbox.expiry(&["--json", "--targets", "list"]), {
        let mail = format!("127.0.0.1:{}", mail_server(server.1.clone()));
        let list = list
            .lines()
            .map(|line| if line.ends_with("smtp") { format!("{mail} smtp\n") } else { format!("{line}\n") });
        sandbox.with_stdin(&["--json", "--targets", "-"], &list.collect::<String>())
    }] {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            states(&report, "leaves"),
            [pair("service-a", "warn"), pair("api.internal", "ok")],
            "{report}"
        );
        assert_eq!((code(&output), &report["errors"]), (1, &Value::Array(vec![])));
        assert_eq!(report["leaves"][1]["paths"].as_array().unwrap().len(), 2);
    }
    // A server that cannot be asked is a row of its own.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = sandbox.expiry(&[&address, &closed, "--format", "csv"]);
    let csv = text(&output.stdout);
    assert_eq!(code(&output), 2);
    assert!(csv.lines().last().unwrap().starts_with("unread,") && csv.contains(&closed), "{csv}");
    let output = sandbox.expiry(&[&address, &closed, "--warn", "100d"]);
    assert_eq!(code(&output), 1);
    for (list, words) in [
        ("", "empty"),
        ("a.internal:443 gopher\n", "line 1"),
        ("\nhost:70000\n", "line 2"),
        ("-\n", "standard input"),
    ] {
        let output = sandbox.with_stdin(&["--targets", "-"], list);
        assert!(
            code(&output) == 2 && text(&output.stderr).contains(words),
            "{list}: {}",
            text(&output.stderr)
        );
    }
    assert_eq!(code(&sandbox.expiry(&["pki", "--starttls", "smtp"])), 2);
}

#[test]
fn many_servers_are_asked_at_once_but_not_all() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (open.clone(), most.clone());
    // They say nothing, until whoever asks gives up.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, now, peak) = (stream.unwrap(), now.clone(), peak.clone());
            thread::spawn(move || {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _ = stream.read_to_end(&mut Vec::new());
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    let list = format!("127.0.0.1:{port}\n").repeat(24);
    let begun = Instant::now();
    let output =
        sandbox.with_stdin(&["--targets", "-", "--timeout", "1s", "--parallel", "8", "--json"], &list);
    let elapsed = begun.elapsed();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), report["errors"].as_array().unwrap().len()), (2, 24));
    assert!(elapsed >= Duration::from_secs(3) && elapsed < Duration::from_secs(12), "{elapsed:?}");
    let most = most.load(Ordering::SeqCst);
    // One that was given up may not have been noticed yet when the next one comes.
    assert!((4..=16).contains(&most), "{most}");
}

#[test]
fn monitoring_systems_get_their_four_ends() {
    let sandbox = sandbox();
    let nagios = |args: &[&str]| {
        let output = sandbox.expiry(&[&["--format", "nagios"], args].concat());
        let told = text(&output.stdout);
        assert!(
            told.starts_with("EXPIRY ") && output.stderr.is_empty(),
            "{args:?}: {told}{}",
            text(&output.stderr)
        );
        (code(&output), told)
    };
    let (status, told) = nagios(&["pki/live/api.internal/cert.pem"]);
    assert!(
        status == 0 && told.starts_with("EXPIRY OK - 1 certificate: 1 ok; next: api.internal in 90 days | "),
        "{told}"
    );
    assert!(told.contains(" days_left=89;30:;7: certificates=1;;;0 ") && told.lines().count() == 1, "{told}");
    let (status, told) = nagios(&["pki"]);
    assert!(
        status == 1
            && told.starts_with("EXPIRY WARNING - ")
            && told.lines().nth(1).unwrap().starts_with("warn: service-a"),
        "{told}"
    );
    assert_eq!(nagios(&["pki", "--at", "15d"]).0, 2);
    assert_eq!(nagios(&["pki", "--at", "30d"]).0, 2);
    // UNKNOWN before OK, and behind everything else.
    let (status, told) = nagios(&["pki/live/api.internal/cert.pem", "missing"]);
    assert!(status == 3 && told.contains("\nnot read: there is no such file (file: missing)"), "{told}");
    assert_eq!(nagios(&["pki/live/service-a/cert.pem", "missing"]).0, 1);
    assert_eq!(nagios(&["pki/live/service-a/cert.pem", "missing", "--at", "15d"]).0, 2);
    // Nothing that was seen is never OK, nor is wrong usage any of the others.
    sandbox.directory("empty");
    for args in [
        &["empty"][..],
        &["missing"],
        &["--name", "nobody", "pki"],
        &["--warn"],
        &["--bogus"],
        &["--warn", "x"],
        &["--json"],
        &["--format", "pie"],
        &["--pki", "nowhere"],
        &["--targets", "missing"],
    ] {
        let (status, told) = nagios(args);
        assert!(status == 3 && told.starts_with("EXPIRY UNKNOWN - ") && told.len() > 20, "{args:?}: {told}");
    }
    // Whatever a name holds, there is one `|` in the first line.
    sandbox.succeeds(&["issue", "client", "bar", "--cn", "a|b", "-q", "--validity", "5d"]);
    let (status, told) = nagios(&["pki/live/bar/cert.pem"]);
    assert!(status == 2 && told.matches('|').count() == 1, "{told}");
    assert_eq!(code(&sandbox.expiry(&["--format", "nagios", "--help"])), 0);
}

#[test]
fn metrics_have_the_names_that_dashboards_know() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.write("out.prom", "old\n");
    let before = fs::metadata(sandbox.path("out.prom")).unwrap().ino();
    let write = |args: &[&str]| {
        code(&sandbox.expiry(&[args, &["--format", "prometheus", "--output", "out.prom"]].concat()))
    };
    assert_eq!(write(&["pki"]), 1);
    // By rename: whoever has the old file open reads it to its end. Readable for the collector, and nothing is left.
    let after = fs::metadata(sandbox.path("out.prom")).unwrap();
    assert!(after.ino() != before && after.mode() & 0o777 == 0o644);
    let names: Vec<_> =
        fs::read_dir(sandbox.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let metrics = sandbox.read("out.prom");
    for name in ["x509_cert_not_before", "x509_cert_not_after", "x509_cert_expired", "x509_crl_next_update"] {
        assert_eq!(metrics.matches(&format!("# TYPE {name} gauge\n")).count(), 1, "{metrics}");
        assert_eq!(metrics.matches(&format!("# HELP {name} ")).count(), 1);
    }
    let of = |name: &str, with: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name) && line.contains(with));
        line.unwrap_or_else(|| panic!("{name} {with}: {metrics}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    let end = of("x509_cert_not_after{", "subject_CN=\"service-a\"");
    assert_eq!(end - of("x509_cert_not_before{", "subject_CN=\"service-a\""), 20 * 86_400 + 60);
    assert_eq!(of("x509_cert_expired{", "subject_O=\"Acme\""), 0);
    assert_eq!(of("pkit_expiry_chain_not_after{", "filepath=\"pki/live/service-a/fullchain.pem\""), end);
    assert!(
        of("x509_crl_next_update{", "issuer_CN=\"root\"") > of("pkit_expiry_last_run_timestamp_seconds", "")
    );
    assert_eq!((of("x509_read_errors", ""), of("pkit_expiry_items{state=\"warn\"}", "")), (0, 1));
    // What failed shows in the metrics, which are written all the same.
    assert_eq!(write(&["pki/live/api.internal", "missing \"x\"\\"]), 2);
    let metrics = sandbox.read("out.prom");
    assert!(metrics.contains("\nx509_read_errors 1\n"), "{metrics}");
    assert!(
        metrics.contains(r#"pkit_expiry_unread{place="missing \"x\"\\",code="file-not-found"} 1"#),
        "{metrics}"
    );
    sandbox.directory("empty");
    assert_eq!(write(&["empty"]), 2);
    assert!(sandbox.read("out.prom").contains("\npkit_expiry_items{state=\"ok\"} 0\n"));
    // A file that cannot be written is not half there.
    let output = sandbox.expiry(&["pki", "--format", "prometheus", "--output", "nowhere/out.prom"]);
    assert_eq!(code(&output), 2);
}

#[test]
fn spreadsheets_calendars_and_pages() {
    let sandbox = sandbox();
    sandbox.succeeds(&["crl", "-q"]);
    sandbox.succeeds(&["issue", "client", "formula", "--cn", "=cmd(\"x\"), <b>&", "-q"]);
    let told = |format: &str| text(&sandbox.expiry(&["pki", "--format", format]).stdout);

    let csv = told("csv");
    assert_eq!(csv.matches("\r\n").count(), 8);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let titles: Vec<String> = reader.records().map(|record| record.unwrap()[2].to_owned()).collect();
    assert_eq!(titles[..3], ["service-a", "api.internal", "'=cmd(\"x\"), <b>&"]);
    assert_eq!(titles.len(), 7);

    let calendar = told("ics");
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.ends_with("END:VCALENDAR\r\n"));
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    assert_eq!((calendar.matches("BEGIN:VEVENT").count(), calendar.matches("BEGIN:VALARM").count()), (7, 14));
    let ids = |calendar: &str| -> Vec<String> {
        let whole = calendar.replace("\r\n ", "");
        whole.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect()
    };
    assert_eq!(ids(&calendar), ids(&told("ics")));

    let page = told("html");
    assert!(page.contains("=cmd(&quot;x&quot;), &lt;b&gt;&amp;") && !page.contains("<b>&\""), "{page}");
    for foreign in ["http://", "https://", "<script", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(
        page.contains("prefers-color-scheme: dark") && page.contains("<svg") && page.contains("lang=\"en\"")
    );
    assert_eq!(page.matches("<details>").count(), 7);
    // Files get no colours, and a page says what could not be read.
    assert_eq!(code(&sandbox.expiry(&["pki", "missing", "-o", "table.txt"])), 1);
    assert!(sandbox.read("table.txt").starts_with("STATE"));
    let page = text(&sandbox.expiry(&["pki", "missing<", "--format", "html"]).stdout);
    assert!(page.contains("missing&lt;"), "{page}");
}
