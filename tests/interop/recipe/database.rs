//! Databases and brokers.

use super::*;

/// A line without the options that name a certificate and its key: whoever has none.
fn without_certificate(line: &str) -> String {
    let lines = line.lines().filter(|line| !line.starts_with('#'));
    let mut words: Vec<&str> = lines.flat_map(str::split_whitespace).filter(|word| *word != "\\").collect();
    let options = ["--cert", "--key"];
    while let Some(at) = words.iter().position(|word| options.contains(word)) {
        words.drain(at..at + 2);
    }
    let joined = ["PGSSLCERT=", "PGSSLKEY=", "--ssl-cert=", "--ssl-key="];
    words.retain(|word| !joined.iter().any(|start| word.starts_with(start)));
    words.join(" ")
}

fn nobody_without_comes_in(sandbox: &Sandbox, line: &str, says: &str) {
    let line = without_certificate(line);
    assert!(!line.contains("privkey.pem"), "{line}");
    let output = shell(sandbox, &line).output().unwrap();
    let answered = String::from_utf8_lossy(&output.stdout).contains(says);
    // mosquitto_pub says so and ends with 0.
    let failed = !output.status.success() || told(&output).contains("Error:");
    assert!(failed && (says.is_empty() || !answered), "$ {line}\n{}", told(&output));
}

/// Lets in the good client, and neither a stranger nor one without a certificate.
fn decides(sandbox: &Sandbox, line: &str, says: &str) {
    the_line_decides(sandbox, line, says);
    nobody_without_comes_in(sandbox, line, says);
}

/// PostgreSQL refuses to be root, so where the tests are, it is the user of its package, in a directory of its own.
#[test]
fn postgres() {
    let sandbox = with_peers();
    let place =
        tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir();
    let place = place.unwrap();
    let at = place.path().display();
    let is_root = nix::unistd::geteuid().is_root();
    let (prefix, owner) = match is_root {
        true => (
            "setpriv --reuid postgres --regid postgres --clear-groups ",
            &["--owner", "postgres:postgres"][..],
        ),
        false => ("", &[][..]),
    };
    let programs = "PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH";
    let own = if is_root { format!("chown postgres {at}/data &&") } else { String::new() };
    let make = format!(
        "{programs}; mkdir {at}/data && chmod 0700 {at}/data && {own} cd {at}/data && {prefix}initdb -N -D {at}/data -U postgres -A trust && \
         echo 'CREATE ROLE \"service-a\" LOGIN' | {prefix}postgres --single -D {at}/data postgres"
    );
    let output = shell(&sandbox, &make).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let out = format!("{at}/tls");
    let exported = server(&sandbox, "srv.internal", "postgres", &[&["--out", &out], owner].concat());
    let (settings, rules) = exported.snippet.split_once("# pg_hba.conf").unwrap();
    let (_, rules) = rules.split_once('\n').unwrap();
    std::fs::write(place.path().join("data/pg_hba.conf"), rules).unwrap();
    let more = "\nunix_socket_directories = ''\nfsync = off\n";
    let conf = place.path().join("data/postgresql.conf");
    std::fs::write(&conf, std::fs::read_to_string(&conf).unwrap() + settings + more).unwrap();
    let line = format!("{programs}; cd {at}/data && exec {prefix}postgres -D {at}/data");
    let _daemon = Daemon::run(&sandbox, exported.port, &mut shell(&sandbox, &line));
    decides(&sandbox, &exported.client, "service-a");
    for own in [true, false] {
        let line = client(&sandbox, "postgres", exported.port, own).snippet;
        let output = shell(&sandbox, &line).output().unwrap();
        assert_eq!(output.status.success(), own, "$ {line}\n{}", told(&output));
    }
}

#[test]
fn mysql() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "mysql", &[]);
    let root = sandbox.root().display();
    let user = if nix::unistd::geteuid().is_root() { "user = root\n" } else { "" };
    let more = format!(
        "datadir = {root}/data\nsocket = {root}/mysql.sock\npid-file = {root}/mysql.pid\ninit-file = {root}/init.sql\n{user}"
    );
    // The user as the snippet says it.
    let demand = exported.snippet.lines().find_map(|line| line.split_once("'%' ")).unwrap().1;
    sandbox.write("init.sql", format!("CREATE USER IF NOT EXISTS 'service-a'@'%' {demand}\n"));
    sandbox.write("my.cnf", format!("{}\n[mysqld]\n{more}", exported.snippet));
    let user = user.trim().replace(' ', "");
    let user = if user.is_empty() { user } else { format!("--{user}") };
    let make = format!(
        "mariadb-install-db --no-defaults --datadir={root}/data --auth-root-authentication-method=normal --skip-test-db {user}"
    );
    let output = shell(&sandbox, &make).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let line = format!("exec mariadbd --defaults-file={root}/my.cnf");
    let _daemon = Daemon::run(&sandbox, exported.port, &mut shell(&sandbox, &line));
    decides(&sandbox, &exported.client, "service-a");
    for own in [true, false] {
        let line = client(&sandbox, "mysql", exported.port, own).snippet;
        let output = shell(&sandbox, &line).output().unwrap();
        assert_eq!(output.status.success(), own, "$ {line}\n{}", told(&output));
    }
}

#[test]
fn redis() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "redis", &[]);
    sandbox.write("redis.conf", format!("{}save \"\"\n", exported.snippet));
    let _daemon = Daemon::start(&sandbox, exported.port, "redis-server redis.conf");
    decides(&sandbox, &exported.client, "PONG");
    for own in [true, false] {
        let line = client(&sandbox, "redis", exported.port, own).snippet;
        let output = shell(&sandbox, &line).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).contains("PONG"),
            own,
            "$ {line}\n{}",
            told(&output)
        );
    }
}

#[test]
fn mosquitto() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "mosquitto", &[]);
    let user = if nix::unistd::geteuid().is_root() { "user root\n" } else { "" };
    sandbox.write("mosquitto.conf", format!("{user}{}", exported.snippet));
    let _daemon = Daemon::start(&sandbox, exported.port, "mosquitto -c mosquitto.conf");
    decides(&sandbox, &exported.client, "");
    for own in [true, false] {
        let line = client(&sandbox, "mosquitto", exported.port, own).snippet;
        let output = shell(&sandbox, &line).output().unwrap();
        assert_eq!(output.status.success(), own, "$ {line}\n{}", told(&output));
    }
}

#[test]
fn etcd() {
    let sandbox = with_peers();
    sandbox.succeeds(&["issue", "peer", "etcd", "localhost", "127.0.0.1", "-q"]);
    let exported = server(&sandbox, "etcd", "etcd", &[]);
    let peers = format!("http://127.0.0.1:{}", free_port());
    let more = format!(
        "--data-dir data --listen-peer-urls {peers} --initial-advertise-peer-urls {peers} --initial-cluster default={peers}"
    );
    let line = format!("exec {} {more}", exported.snippet.trim());
    let daemon = Daemon::run(&sandbox, exported.port, &mut shell(&sandbox, &line));
    // It listens before it has elected itself.
    std::thread::sleep(std::time::Duration::from_secs(2));
    decides(&sandbox, &exported.client, "is healthy");
    probe_agrees(&sandbox, daemon.port);
    let line = client(&sandbox, "etcd", exported.port, true).snippet;
    let output = shell(&sandbox, &line).output().unwrap();
    assert!(output.status.success(), "$ {line}\n{}", told(&output));
}

/// Neither Kafka nor its client is in a package that the tests could use: what it is told are the names of its documentation, and
/// what can be tried is that the files are there and hold what it reads.
#[test]
fn kafka_gets_its_files() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "kafka", &[]);
    for setting in ["ssl.keystore.location=", "ssl.truststore.location="] {
        let path = exported.snippet.lines().find_map(|line| line.strip_prefix(setting)).unwrap();
        assert!(Path::new(path).starts_with(&exported.directory), "{path}");
    }
    let combined = exported.directory.join("combined.pem").display().to_string();
    let output = shell(&sandbox, &format!("openssl pkey -in {combined} -noout -check")).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
}

/// Ends the port mapper that RabbitMQ leaves behind, by the port that it was given.
struct PortMapper(u16);

impl Drop for PortMapper {
    fn drop(&mut self) {
        let _ = Command::new("epmd").arg("-kill").env("ERL_EPMD_PORT", self.0.to_string()).output();
    }
}

#[test]
fn rabbitmq() {
    let sandbox = with_peers();
    let exported = server(&sandbox, "srv.internal", "rabbitmq", &[]);
    sandbox.write("rabbitmq.conf", &exported.snippet);
    sandbox.write("plugins", "[].\n");
    sandbox.write("env.conf", "");
    let mapper = PortMapper(free_port());
    // Not the one on the path, which changes the user.
    let line = "exec $(ls -d /usr/lib/rabbitmq/lib/*/sbin | tail -n 1)/rabbitmq-server";
    let mut command = shell(&sandbox, line);
    let root = sandbox.root();
    command
        .env("RABBITMQ_CONFIG_FILE", root.join("rabbitmq.conf"))
        .env("RABBITMQ_CONF_ENV_FILE", root.join("env.conf"));
    command.env("RABBITMQ_MNESIA_BASE", root.join("data")).env("RABBITMQ_LOGS", "-");
    command
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", root.join("plugins"))
        .env("RABBITMQ_PID_FILE", root.join("pid"));
    command.env("RABBITMQ_NODENAME", format!("pkit-{}@localhost", exported.port));
    command.env("RABBITMQ_DIST_PORT", free_port().to_string());
    command.env("ERL_EPMD_PORT", mapper.0.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    let daemon = Daemon::run(&sandbox, exported.port, &mut command);
    // It answers what is not its protocol with the name of its own.
    let answers = |line: &str| {
        let output = shell(&sandbox, line).output().unwrap();
        (String::from_utf8_lossy(&output.stdout).contains("AMQP"), told(&output))
    };
    let (good, said) = answers(&exported.client);
    assert!(good, "$ {}\n{said}\n{}", exported.client, daemon.log(&sandbox));
    let own = "pki/live/service-a/";
    let stranger = exported.client.replace(own, "elsewhere/live/stranger/");
    let stranger = stranger.replace("elsewhere/live/stranger/ca.pem", "pki/live/service-a/ca.pem");
    assert!(!answers(&stranger).0);
    let start = exported.client.find("-cert ").unwrap();
    let end = exported.client.find("-quiet").unwrap();
    assert!(!answers(&[&exported.client[..start], &exported.client[end..]].concat()).0);
}
