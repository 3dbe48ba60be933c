//! Completions, manual pages and the command reference are made from the definitions of the command line. This compares
//! what is committed; `PKIT_BLESS=1 cargo test --test generated` writes it anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::{fs, path::Path};

use assert_cmd::Command;

fn pkit(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkit"));
    let output = command.args(args).env_remove("PKIT_DIR").env_remove("COLUMNS").output().unwrap();
    assert!(output.status.success(), "pkit {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// All commands with their parents, without clap's own `help`.
fn commands(command: &clap::Command, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(path.clone());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        path.push(inner.get_name().to_owned());
        commands(inner, path, found);
        path.pop();
    }
}

fn expected() -> Vec<(String, String)> {
    let mut files = vec![
        ("completions/pkit.bash".to_owned(), pkit(&["completions", "bash"])),
        ("completions/_pkit".to_owned(), pkit(&["completions", "zsh"])),
        ("completions/pkit.fish".to_owned(), pkit(&["completions", "fish"])),
    ];
    let mut paths = Vec::new();
    commands(&pkit::cli::command(), &mut Vec::new(), &mut paths);
    let mut reference = "# Commands\n\nThe `--help` of every command, as the tests compare it.\n".to_owned();
    for path in paths {
        let args: Vec<&str> = path.iter().map(String::as_str).collect();
        let title = [&["pkit"][..], &args].concat();
        let page = pkit(&[&["man"][..], &args].concat());
        files.push((format!("docs/man/{}.1", title.join("-")), page));
        let help = pkit(&[&args[..], &["--help"]].concat());
        reference.push_str(&format!("\n## {}\n\n```text\n{}\n```\n", title.join(" "), help.trim_end()));
    }
    files.push(("docs/commands.md".to_owned(), reference));
    files
}

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("PKIT_BLESS").is_some();
    let files = expected();
    for (name, text) in &files {
        let path = root.join(name);
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == *text, "{name} is not current: PKIT_BLESS=1 cargo test --test generated");
    }
    for directory in ["completions", "docs/man"] {
        for entry in fs::read_dir(root.join(directory)).unwrap() {
            let name = format!("{directory}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(files.iter().any(|(known, _)| *known == name), "{name} belongs to no command");
        }
    }
}

/// A line that is wrapped does not work as pasted; without a terminal, help is 100 columns wide.
#[test]
fn examples_fit_into_a_line() {
    fn walk(command: &clap::Command) {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in examples.lines() {
            assert!(line.chars().count() <= 100 || !line.starts_with("  "), "{}: {line}", command.get_name());
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&pkit::cli::command());
}
