//! Web servers and proxies.

use super::*;

#[test]
fn nginx() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "nginx", &[]);
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places: String = kinds.iter().map(|kind| format!("{kind}_temp_path {kind};\n")).collect();
    let around = format!(
        "daemon off;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{}\n}}\n",
        exported.snippet
    );
    sandbox.write("nginx.conf", around);
    let root = sandbox.root().display();
    let line = format!("nginx -e stderr -p {root}/ -c {root}/nginx.conf");
    let daemon = Daemon::start(&sandbox, exported.port, &line);
    serves(&sandbox, &exported, &daemon, "hello CN=service-a");
}

#[test]
fn haproxy() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "haproxy", &[]);
    sandbox.write("haproxy.cfg", &exported.snippet);
    let daemon = Daemon::start(&sandbox, exported.port, "haproxy -f haproxy.cfg -db -q");
    serves(&sandbox, &exported, &daemon, "hello /CN=service-a");
}

#[test]
fn apache() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "apache", &[]);
    let modules = ["mpm_event", "ssl", "authz_core", "alias"];
    let modules: String = modules
        .iter()
        .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"))
        .collect();
    let root = sandbox.root().display();
    let around = format!(
        "ServerRoot \"{root}\"\nPidFile \"{root}/apache.pid\"\nDefaultRuntimeDir \"{root}\"\nMutex sem\nErrorLog /dev/stderr\nServerName localhost\nUser www-data\n\
         Group www-data\n{modules}RedirectMatch 204 ^/\n{}",
        exported.snippet
    );
    sandbox.write("apache.conf", around);
    let line = format!("apache2 -f {root}/apache.conf -DFOREGROUND");
    let daemon = Daemon::start(&sandbox, exported.port, &line);
    serves(&sandbox, &exported, &daemon, "");
}

#[test]
fn caddy() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "caddy", &[]);
    let around = format!("{{\nadmin off\nauto_https disable_redirects\n}}\n{}", exported.snippet);
    sandbox.write("Caddyfile", around);
    let mut command = shell(&sandbox, "exec caddy run --config Caddyfile --adapter caddyfile");
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    serves(&sandbox, &exported, &daemon, "hello CN=service-a");
}

#[test]
fn envoy() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "envoy", &[]);
    sandbox.write("envoy.yaml", &exported.snippet);
    let line = "exec envoy -c envoy.yaml --use-dynamic-base-id --concurrency 1 -l warn";
    let daemon = Daemon::run(&sandbox, exported.port, &mut shell(&sandbox, line));
    serves(&sandbox, &exported, &daemon, "hello");
}

/// The snippet's other side is what speaks HTTP behind it.
#[test]
fn stunnel() {
    let sandbox = with_peers();
    std::fs::create_dir(sandbox.path("www")).unwrap();
    sandbox.write("www/index.html", "hello\n");
    let behind = free_port();
    let line = format!("{} -m http.server --bind 127.0.0.1 --directory www {behind}", python());
    let _behind = Daemon::start(&sandbox, behind, &line);
    let exported = server(&sandbox, "srv.internal", "stunnel", &[]);
    let service = |snippet: &str, port: u16| {
        let snippet = snippet.replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
        format!("foreground = yes\npid =\n{snippet}")
    };
    sandbox.write("stunnel.conf", service(&exported.snippet, behind));
    let daemon = Daemon::start(&sandbox, exported.port, "stunnel4 stunnel.conf");
    serves(&sandbox, &exported, &daemon, "hello");
    // And the client's side in front of it.
    for own in [true, false] {
        let port = free_port();
        let file = format!("client-{own}.conf");
        let snippet = client(&sandbox, "stunnel", exported.port, own).snippet;
        sandbox.write(&file, service(&snippet, port));
        let _client = Daemon::start(&sandbox, port, &format!("stunnel4 {file}"));
        let line = format!("curl --fail --silent --max-time 20 http://127.0.0.1:{port}/");
        let output = shell(&sandbox, &line).output().unwrap();
        assert_eq!(output.status.success(), own, "{}", told(&output));
    }
}

/// There is no package of Traefik to try it with; that it is what a parser of YAML reads is all that can be said.
#[test]
fn traefik_is_yaml() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "traefik", &[]);
    sandbox.write("traefik.yaml", &exported.snippet);
    let script = "import yaml,os;t=yaml.safe_load(open(\"traefik.yaml\"))[\"tls\"];c=t[\"certificates\"][0];\
                  a=t[\"options\"][\"default\"][\"clientAuth\"];assert a[\"clientAuthType\"]==\"RequireAndVerifyClientCert\";\
                  print(all(map(os.path.isfile,[c[\"certFile\"],c[\"keyFile\"],*a[\"caFiles\"]])))";
    let output = shell(&sandbox, &format!("{} -c '{script}'", python())).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "True", "{}", told(&output));
}
