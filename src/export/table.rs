//! The table of targets: what each wants, as its documentation says.

use super::{
    Language, Part, Snippet,
    target::{Side, Target},
};

macro_rules! snippet {
    ($language:ident, $file:literal) => {
        Snippet { language: Language::$language, text: include_str!(concat!("snippet/", $file)) }
    };
}

type Files = &'static [(&'static str, Part)];

/// Fullchain, key and roots, as most programs want them.
const PEM: Files = &[("fullchain.pem", Part::Fullchain), ("ca.pem", Part::Roots), ("privkey.pem", Part::Key)];
/// The certificate apart from its intermediates.
const APART: Files = &[
    ("cert.pem", Part::Certificate),
    ("chain.pem", Part::Chain),
    ("ca.pem", Part::Roots),
    ("privkey.pem", Part::Key),
];
const ALL: Files = &[
    ("cert.pem", Part::Certificate),
    ("chain.pem", Part::Chain),
    ("fullchain.pem", Part::Fullchain),
    ("ca.pem", Part::Roots),
    ("privkey.pem", Part::Key),
];
const COMBINED: Files = &[("ca.pem", Part::Roots), ("combined.pem", Part::Combined)];
const STORES: Files = &[("truststore.p12", Part::TrustStore), ("keystore.p12", Part::KeyStore)];
const POSTGRES: Files =
    &[("server.crt", Part::Fullchain), ("root.crt", Part::Roots), ("server.key", Part::Key)];
const POSTGRES_CLIENT: Files =
    &[("postgresql.crt", Part::Fullchain), ("root.crt", Part::Roots), ("postgresql.key", Part::Key)];
const MYSQL: Files =
    &[("server-cert.pem", Part::Fullchain), ("ca.pem", Part::Roots), ("server-key.pem", Part::Key)];
const MYSQL_CLIENT: Files =
    &[("client-cert.pem", Part::Fullchain), ("ca.pem", Part::Roots), ("client-key.pem", Part::Key)];
const REDIS: Files = &[("redis.crt", Part::Fullchain), ("ca.crt", Part::Roots), ("redis.key", Part::Key)];
const CRT: Files = &[("server.crt", Part::Fullchain), ("ca.crt", Part::Roots), ("server.key", Part::Key)];
const CLIENT_CRT: Files =
    &[("client.crt", Part::Fullchain), ("ca.crt", Part::Roots), ("client.key", Part::Key)];
const REGISTRY: Files =
    &[("client.cert", Part::Fullchain), ("ca.crt", Part::Roots), ("client.key", Part::Key)];
const BROWSER: Files = &[("ca.pem", Part::Roots), ("client.p12", Part::KeyStore)];

const CURL: Snippet = snippet!(Shell, "curl.sh");
const OPENSSL: Snippet = snippet!(Shell, "openssl-client.sh");

const fn server(files: Files, snippet: Snippet, client: Snippet) -> Option<Side> {
    Some(Side { files, snippet: Some(snippet), client: Some(client) })
}

const fn client(files: Files, snippet: Snippet) -> Option<Side> {
    Some(Side { files, snippet: Some(snippet), client: None })
}

const fn files_alone(files: Files) -> Option<Side> {
    Some(Side { files, snippet: None, client: None })
}

/// A target that root reads the files of, or whoever runs it.
const fn target(
    name: &'static str,
    about: &'static str,
    port: u16,
    server: Option<Side>,
    client: Option<Side>,
) -> Target {
    Target { name, about, server, client, user: None, port }
}

const fn run_by(user: &'static str, target: Target) -> Target {
    let Target { name, about, server, client, port, .. } = target;
    Target { name, about, server, client, user: Some(user), port }
}

pub(super) const TARGETS: &[Target] = &[
    target(
        "pem",
        "every part in a file of its own, as certbot names them",
        8443,
        files_alone(ALL),
        files_alone(ALL),
    ),
    // Web servers and proxies.
    target("nginx", "nginx", 443, server(PEM, snippet!(Configuration, "nginx.conf"), CURL), None),
    target("haproxy", "HAProxy", 443, server(COMBINED, snippet!(Configuration, "haproxy.conf"), CURL), None),
    target("apache", "Apache httpd", 443, server(PEM, snippet!(Configuration, "apache.conf"), CURL), None),
    run_by(
        "caddy",
        target("caddy", "Caddy", 443, server(PEM, snippet!(Configuration, "caddy.conf"), CURL), None),
    ),
    target("traefik", "Traefik", 443, server(PEM, snippet!(Literal, "traefik.yaml"), CURL), None),
    run_by("envoy", target("envoy", "Envoy", 443, server(PEM, snippet!(Literal, "envoy.yaml"), CURL), None)),
    target(
        "stunnel",
        "stunnel",
        8443,
        server(PEM, snippet!(Configuration, "stunnel.conf"), CURL),
        client(PEM, snippet!(Configuration, "stunnel-client.conf")),
    ),
    // Databases and brokers.
    run_by(
        "postgres",
        target(
            "postgres",
            "PostgreSQL and psql",
            5432,
            server(POSTGRES, snippet!(Configuration, "postgres.conf"), snippet!(Shell, "postgres-client.sh")),
            client(POSTGRES_CLIENT, snippet!(Shell, "postgres-client.sh")),
        ),
    ),
    run_by(
        "mysql",
        target(
            "mysql",
            "MySQL and MariaDB",
            3306,
            server(MYSQL, snippet!(Configuration, "mysql.conf"), snippet!(Shell, "mysql-client.sh")),
            client(MYSQL_CLIENT, snippet!(Shell, "mysql-client.sh")),
        ),
    ),
    run_by(
        "redis",
        target(
            "redis",
            "Redis and Valkey",
            6379,
            server(REDIS, snippet!(Configuration, "redis.conf"), snippet!(Shell, "redis-client.sh")),
            client(REDIS, snippet!(Shell, "redis-client.sh")),
        ),
    ),
    run_by(
        "mosquitto",
        target(
            "mosquitto",
            "Mosquitto (MQTT)",
            8883,
            server(CRT, snippet!(Configuration, "mosquitto.conf"), snippet!(Shell, "mosquitto-client.sh")),
            client(CLIENT_CRT, snippet!(Shell, "mosquitto-client.sh")),
        ),
    ),
    run_by(
        "rabbitmq",
        target(
            "rabbitmq",
            "RabbitMQ",
            5671,
            server(PEM, snippet!(Configuration, "rabbitmq.conf"), OPENSSL),
            None,
        ),
    ),
    run_by(
        "kafka",
        target(
            "kafka",
            "Apache Kafka",
            9093,
            server(COMBINED, snippet!(Configuration, "kafka.conf"), OPENSSL),
            client(COMBINED, snippet!(Configuration, "kafka-client.conf")),
        ),
    ),
    run_by(
        "etcd",
        target(
            "etcd",
            "etcd and etcdctl",
            2379,
            server(CRT, snippet!(Shell, "etcd.sh"), snippet!(Shell, "etcd-client.sh")),
            client(CLIENT_CRT, snippet!(Shell, "etcd-client.sh")),
        ),
    ),
    target(
        "docker",
        "the Docker daemon, its client, and registries",
        2376,
        server(MYSQL, snippet!(Literal, "docker.json"), snippet!(Shell, "docker-client.sh")),
        client(REGISTRY, snippet!(Shell, "docker-client.sh")),
    ),
    // Languages and libraries.
    target(
        "java",
        "Java: HttpsServer, HttpClient",
        8443,
        server(STORES, snippet!(Literal, "java.java"), CURL),
        client(STORES, snippet!(Literal, "java-client.java")),
    ),
    target(
        "node",
        "Node.js: https",
        8443,
        server(PEM, snippet!(Literal, "node.js"), CURL),
        client(PEM, snippet!(Literal, "node-client.js")),
    ),
    target(
        "go",
        "Go: net/http",
        8443,
        server(PEM, snippet!(Literal, "go.go"), CURL),
        client(PEM, snippet!(Literal, "go-client.go")),
    ),
    target(
        "actix",
        "Rust: actix-web with openssl",
        8443,
        server(PEM, snippet!(Literal, "actix.rs"), CURL),
        None,
    ),
    target(
        "grpc",
        "Python: gRPC",
        50051,
        server(PEM, snippet!(Literal, "grpc.py"), snippet!(Literal, "grpc-client.py")),
        client(PEM, snippet!(Literal, "grpc-client.py")),
    ),
    target(
        "uvicorn",
        "Python: uvicorn, for FastAPI",
        8443,
        server(PEM, snippet!(Shell, "uvicorn.sh"), CURL),
        None,
    ),
    target("gunicorn", "Python: gunicorn", 8443, server(PEM, snippet!(Shell, "gunicorn.sh"), CURL), None),
    target("flask", "Python: Flask", 8443, server(PEM, snippet!(Literal, "flask.py"), CURL), None),
    target("requests", "Python: requests", 8443, None, client(PEM, snippet!(Literal, "requests.py"))),
    target("httpx", "Python: httpx", 8443, None, client(PEM, snippet!(Literal, "httpx.py"))),
    // Tools.
    target("curl", "curl", 8443, None, client(PEM, CURL)),
    target(
        "openssl",
        "openssl s_server and s_client",
        8443,
        server(APART, snippet!(Shell, "openssl.sh"), OPENSSL),
        client(APART, OPENSSL),
    ),
    target(
        "browser",
        "Chromium, Chrome, Firefox",
        8443,
        None,
        client(BROWSER, snippet!(Shell, "browser.sh")),
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every word of every template has a value, and every file is named where there is a template.
    #[test]
    fn templates_and_files_belong_together() {
        let words = ["host", "address", "port", "bound", "authority", "user"];
        for target in TARGETS {
            for side in [&target.server, &target.client].into_iter().flatten() {
                let own: Vec<_> = side.files.iter().map(|(_, part)| part.placeholder()).collect();
                if let Some(snippet) = side.snippet {
                    for word in placeholders(snippet.text) {
                        assert!(words.contains(&word) || own.contains(&word), "{}: @{word}@", target.name);
                    }
                    for word in own {
                        assert!(placeholders(snippet.text).contains(&word), "{}: no @{word}@", target.name);
                    }
                }
                assert!(side.files.iter().all(|(name, _)| Path::new(name).components().count() == 1));
            }
            assert!(target.server.is_some() || target.client.is_some(), "{}", target.name);
        }
    }

    /// What stands between two signs.
    fn placeholders(text: &'static str) -> Vec<&'static str> {
        let lower = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        let lines = text.lines().filter(|line| line.matches('@').count() > 1);
        lines.flat_map(|line| line.split('@').skip(1).step_by(2)).filter(lower).collect()
    }
}
