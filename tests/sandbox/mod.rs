//! A fresh directory in which pkit runs as in a script: no terminal, no inherited settings.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// With a root "root" and an intermediate "issuing", without passphrases.
    pub(crate) fn with_authorities() -> Self {
        let sandbox = Self::new();
        sandbox.succeeds(&["ca", "root", "root", "--unencrypted"]);
        sandbox.succeeds(&["ca", "intermediate", "issuing", "--unencrypted"]);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
        command.args(args).current_dir(self.directory.path()).stdin(Stdio::null());
        for name in
            ["PKIT_DIR", "PKIT_PASSPHRASE", "PKIT_NEW_PASSPHRASE", "PKIT_EXPORT_PASSWORD", "CLICOLOR_FORCE"]
        {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of a command that ends with 0.
    pub(crate) fn succeeds(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "pkit {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asserts that a command ends with 2 and this error code, told in words with its headline and in JSON, with nothing
    /// on standard output; returns the JSON of the error.
    pub(crate) fn fails(&self, code: &str, args: &[&str]) -> serde_json::Value {
        let words = self.run(args);
        let told = String::from_utf8_lossy(&words.stderr).into_owned();
        let mut with_json = args.to_vec();
        with_json.push("--json");
        let output = self.run(&with_json);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (words.status.code(), output.status.code()),
            (Some(2), Some(2)),
            "pkit {args:?}: {told}{stderr}"
        );
        let last = stderr.lines().last().unwrap_or_default();
        let error = serde_json::from_str::<serde_json::Value>(last)
            .unwrap_or_else(|_| panic!("pkit {with_json:?} says no JSON: {stderr}"))["error"]
            .clone();
        assert_eq!(error["code"], code, "pkit {args:?}: {stderr}");
        assert!(told.contains(error["message"].as_str().unwrap()), "{told}");
        assert!(!told.contains('\u{1b}'), "an escape sequence on a pipe: {told:?}");
        error
    }
}
