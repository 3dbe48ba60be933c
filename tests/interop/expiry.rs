//! The formats of `pkit expiry` as those read them that they are for.

use std::{fs, process::Command};

use serde_json::Value;

use super::{Sandbox, foreign, python, script, succeeds};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_authorities();
    sandbox.succeeds(&[
        "issue",
        "server",
        "api.internal",
        "--org",
        "Acme \"Inc\" \\ Co",
        "--validity",
        "90d",
        "-q",
    ]);
    sandbox.succeeds(&["issue", "client", "odd", "--cn", "=a,b;c|d <é>", "--validity", "5d", "-q"]);
    sandbox.succeeds(&["crl", "-q"]);
    // The same once more, and something that cannot be read.
    fs::create_dir(sandbox.path("d")).unwrap();
    sandbox.write("d/copy \"1\".pem", sandbox.read("pki/live/api.internal/fullchain.pem"));
    sandbox.write("d/cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    sandbox
}

fn write(sandbox: &Sandbox, format: &str, file: &str) {
    let output = sandbox.run(&["expiry", "pki", "d", "--format", format, "--output", file]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

fn read(sandbox: &Sandbox, what: &str, file: &str) -> Vec<Value> {
    let line = format!("{} {} {what} {file}", python(), script("expiry.py"));
    serde_json::from_str(&succeeds(sandbox, &line)).unwrap()
}

#[test]
fn prometheus_reads_the_metrics() {
    let sandbox = sandbox();
    write(&sandbox, "prometheus", "out.prom");
    let samples = read(&sandbox, "metrics", "out.prom");
    let of = |name: &str, label: &str, value: &str| -> Vec<&Value> {
        samples.iter().filter(|sample| sample["name"] == name && sample["labels"][label] == value).collect()
    };
    let ends = of("x509_cert_not_after", "subject_CN", "api.internal");
    assert_eq!(ends.len(), 2, "one for each file");
    assert_eq!(ends[0]["labels"]["subject_O"], "Acme \"Inc\" \\ Co");
    let paths: Vec<_> = ends.iter().map(|sample| sample["labels"]["filepath"].as_str().unwrap()).collect();
    assert!(paths.contains(&"d/copy \"1\".pem"), "{paths:?}");
    // The serial number is what openssl says, in decimal.
    let serial = succeeds(&sandbox, "openssl x509 -noout -serial -in pki/live/api.internal/cert.pem");
    let serial = serial.trim().strip_prefix("serial=").unwrap();
    let decimal = succeeds(&sandbox, &format!("{} -c 'print(int(\"{serial}\",16))'", python()));
    assert_eq!(ends[0]["labels"]["serial_number"], decimal.trim());
    assert_eq!(of("x509_cert_not_before", "subject_CN", "=a,b;c|d <é>").len(), 1);
    assert_eq!(of("x509_cert_expired", "subject_CN", "issuing").len(), 4);
    assert_eq!(of("x509_crl_next_update", "issuer_CN", "root").len(), 1);
    let unread = of("pkit_expiry_unread", "code", "pem-broken");
    assert_eq!((unread.len(), &unread[0]["labels"]["place"]), (1, &"d/cut.pem".into()));
}

#[test]
fn calendars_and_spreadsheets_read_their_files() {
    let sandbox = sandbox();
    write(&sandbox, "ics", "out.ics");
    let events = read(&sandbox, "calendar", "out.ics");
    assert_eq!(events.len(), 6);
    let odd = &events[0];
    assert_eq!(odd["summary"], "=a,b;c|d <é>: certificate expires");
    let end = succeeds(&sandbox, "openssl x509 -noout -enddate -dateopt iso_8601 -in pki/live/odd/cert.pem");
    let start = odd["start"].as_str().unwrap().replace('T', " ").replace("+00:00", "Z");
    assert_eq!(end.trim(), format!("notAfter={start}"));
    assert_eq!(odd["alarms"], serde_json::json!([-30.0 * 86_400.0, -7.0 * 86_400.0]));
    assert!(odd["description"].as_str().unwrap().contains("\nIn: pki/live/odd/fullchain.pem"), "{odd}");

    write(&sandbox, "csv", "out.csv");
    let rows = read(&sandbox, "table", "out.csv");
    assert_eq!(rows.len(), 7);
    assert_eq!((&rows[0]["title"], &rows[0]["state"]), (&"'=a,b;c|d <é>".into(), &"critical".into()));
    assert_eq!(rows[1]["paths"].as_str().unwrap().lines().count(), 2);
    assert_eq!((&rows[6]["state"], &rows[6]["paths"]), (&"unread".into(), &"d/cut.pem".into()));
}

#[test]
fn monitoring_plugins_read_the_performance_data() {
    let sandbox = sandbox();
    let output = sandbox.run(&["expiry", "pki", "--format", "nagios"]);
    assert_eq!(output.status.code(), Some(2));
    sandbox.write("line", &output.stdout);
    let values = foreign(&sandbox, &format!("sh -c 'perl {} <line'", script("perfdata.pl")));
    let told = String::from_utf8_lossy(&values.stdout).into_owned();
    let errors = String::from_utf8_lossy(&values.stderr);
    assert!(values.status.success(), "Monitoring::Plugin is needed (libmonitoring-plugin-perl): {errors}");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 9, "{told}");
    assert_eq!(lines[0], "days_left 4 30: 7:");
    assert!(lines.contains(&"critical 1 - 0") && lines.contains(&"certificates 4 - -"), "{told}");
}

/// A page that nobody can see is none: the browser lays it out, on a wide and a narrow screen, light and dark.
#[test]
fn a_browser_shows_the_page() {
    let sandbox = sandbox();
    write(&sandbox, "html", "out.html");
    let page = format!("file://{}", sandbox.path("out.html").display());
    let browse = |args: &[&str]| {
        let mut command = Command::new("chromium");
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", sandbox.path("profile").display()));
        let output = command.args(args).arg(&page).output();
        let output = output.unwrap_or_else(|error| panic!("chromium: {error}; the interop suite needs it"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let document = browse(&["--dump-dom"]);
    assert!(document.contains("<h1>1 is due</h1>") && document.contains("=a,b;c|d &lt;é&gt;"), "{document}");
    assert_eq!(document.matches("<details>").count(), 6);
    let mut pictures = Vec::new();
    for (size, scheme) in [("1280,900", "1"), ("400,900", "1"), ("1280,900", "0")] {
        let file = sandbox.path("page.png");
        let _ = fs::remove_file(&file);
        browse(&[
            &format!("--screenshot={}", file.display()),
            &format!("--window-size={size}"),
            &format!("--blink-settings=preferredColorScheme={scheme}"),
        ]);
        pictures.push(fs::read(&file).unwrap());
    }
    assert!(pictures.iter().all(|picture| picture.starts_with(b"\x89PNG") && picture.len() > 20_000));
    assert!(pictures[0] != pictures[2], "light and dark look the same");
}

#[test]
fn the_units_and_manifests_of_the_recipes_are_well_formed() {
    let sandbox = Sandbox::new();
    let recipe = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes/expiry.md")).unwrap();
    let fences = |kind: &str| -> Vec<String> {
        let begin = format!("```{kind}\n");
        recipe.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    for (unit, name) in fences("ini").iter().zip(["pkit-expiry.service", "pkit-expiry.timer"]) {
        sandbox.write(name, unit.replace("/usr/local/bin/pkit", env!("CARGO_BIN_EXE_pkit")));
    }
    succeeds(&sandbox, "systemd-analyze verify --man=no ./pkit-expiry.service ./pkit-expiry.timer");
    sandbox.write("all.yaml", fences("yaml").join("---\n"));
    let manifests = read(&sandbox, "manifests", "all.yaml");
    assert_eq!(manifests[0]["groups"][0]["rules"].as_array().unwrap().len(), 3);
    let job = &manifests[1];
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"CronJob".into()));
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
}
