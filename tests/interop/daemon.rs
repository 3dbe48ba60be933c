//! Foreign servers in the foreground, each on a port of its own with all its files in the sandbox.

use std::{
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use super::{Sandbox, shlex_split};

/// A server with the processes that it starts, ended by the id of their group.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) port: u16,
}

impl Daemon {
    pub(crate) fn start(sandbox: &Sandbox, port: u16, line: &str) -> Self {
        let words = shlex_split(line);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        Self::run(sandbox, port, &mut command)
    }

    /// Waits until it takes connections.
    pub(crate) fn run(sandbox: &Sandbox, port: u16, command: &mut Command) -> Self {
        let log = format!("daemon-{port}.log");
        let file = std::fs::File::create(sandbox.path(&log)).unwrap();
        command.current_dir(sandbox.root()).stdin(Stdio::null()).process_group(0);
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}; the interop suite needs it"));
        let mut daemon = Self { child, port };
        let end = Instant::now() + Duration::from_secs(90);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("$ {command:?}\n{status}\n{}", sandbox.read(&log));
            }
            assert!(Instant::now() < end, "$ {command:?}\nit does not listen\n{}", sandbox.read(&log));
            std::thread::sleep(Duration::from_millis(50));
        }
        daemon
    }

    /// What it has said.
    pub(crate) fn log(&self, sandbox: &Sandbox) -> String {
        sandbox.read(&format!("daemon-{}.log", self.port))
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = killpg(self.id(), Signal::SIGTERM);
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = killpg(self.id(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
