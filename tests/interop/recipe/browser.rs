//! A browser with a client certificate in PKCS#12: headless Chromium, whose keys are in NSS.

use super::*;

/// Which certificate is shown is a question to a person, unless a policy of the machine answers it.
struct Policy(PathBuf);

impl Policy {
    fn choose(origin: &str) -> Self {
        let directory = Path::new("/etc/chromium/policies/managed");
        std::fs::create_dir_all(directory).expect("root, to make a policy for Chromium");
        let path = directory.join(format!("pkit-interop-{}.json", std::process::id()));
        let rule = serde_json::json!({ "pattern": origin, "filter": {} }).to_string();
        let policy = serde_json::json!({ "AutoSelectCertificateForUrls": [rule] });
        std::fs::write(&path, policy.to_string()).unwrap();
        Self(path)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn page(sandbox: &Sandbox, port: u16) -> String {
    let line = format!(
        "exec timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
         --user-data-dir=profile --timeout=20000 --dump-dom https://localhost:{port}/"
    );
    let output = shell(sandbox, &line).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn chromium_shows_who_came_in() {
    let sandbox = with_peers();
    let ours = Server::serve_test(&sandbox, "srv.internal", &[]);
    let _policy = Policy::choose(&format!("https://localhost:{}", ours.port));
    // Before it has a certificate.
    let page_without = page(&sandbox, ours.port);
    assert!(!page_without.contains("client_authenticated"), "{page_without}");
    let exported = client(&sandbox, "browser", ours.port, true);
    sandbox.write("password", "changeit\n");
    // pk12util asks for the password of the file, and nobody is here to type it.
    let line = format!("set -e\n{} -w password", exported.snippet.trim());
    let output = shell(&sandbox, &line).output().unwrap();
    assert!(output.status.success(), "$ {line}\n{}", told(&output));
    let shown = page(&sandbox, ours.port);
    assert!(shown.contains("client_authenticated") && shown.contains("service-a"), "{shown}");
}
