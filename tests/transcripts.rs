//! Runs every `console` block of the README, the documentation and the case files as a person would paste it, and
//! compares what is printed.
//!
//! A line `$ command` runs in a shell, in a fresh directory per file, with `pkit` on the path. The lines below are its
//! standard output and standard error as they come; in `tests/cases` the two are kept apart and lines of standard error
//! begin with `! `. `? 2` is the exit status, where it is not 0. `[..]` stands for anything in a line, `...` for any lines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
    status: i32,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step { line: index + 1, command: command.into(), expected: vec![], status: 0 });
            } else if let Some(step) = steps.last_mut() {
                match line.strip_prefix("? ") {
                    Some(status) => step.status = status.parse().expect("an exit status"),
                    None => step.expected.push(line.to_owned()),
                }
            }
        }
    }
    steps
}

fn matches(pattern: &[String], lines: &[String]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => (0..=lines.len()).any(|skip| matches(rest, &lines[skip..])),
        Some((first, rest)) => {
            lines.split_first().is_some_and(|(line, after)| fits(first, line) && matches(rest, after))
        }
    }
}

fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let first = parts.next().unwrap();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn shell(command: &str, directory: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_pkit")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).current_dir(directory).env("PATH", path).stdin(Stdio::null());
    // What whoever runs the tests has set for pkit or for them.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PKIT_") || name == "CLICOLOR_FORCE" {
            shell.env_remove(name);
        }
    }
    shell
}

fn play(file: &Path, apart: bool) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let mut count = 0;
    for step in steps(&text) {
        let command = if apart { step.command.clone() } else { format!("{{ {}\n}} 2>&1", step.command) };
        // Into files, not pipes: a server left in the background would hold a pipe open.
        let (out, err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut shell = shell(&command, directory.path());
        let mut child =
            shell.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap()).spawn().unwrap();
        let start = Instant::now();
        let ended = loop {
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            if start.elapsed() > Duration::from_secs(120) {
                let _ = child.kill();
                panic!("{}:{}: $ {} does not end", file.display(), step.line, step.command);
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let lines_of = |mut file: fs::File| {
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<String>>()
        };
        let mut lines = lines_of(out);
        lines.extend(lines_of(err).into_iter().map(|line| format!("! {line}")));
        let status = ended.code().unwrap_or(-1);
        assert!(
            matches(&step.expected, &lines) && status == step.status,
            "{}:{}: $ {}\n--- expected, exit {}\n{}\n--- printed, exit {status}\n{}\n",
            file.display(),
            step.line,
            step.command,
            step.status,
            step.expected.join("\n"),
            lines.join("\n"),
        );
        count += 1;
    }
    count
}

fn markdown(directory: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files
}

#[test]
fn cases() {
    let files = markdown("tests/cases");
    let count: usize = files.iter().map(|file| play(file, true)).sum();
    assert!(count > 20, "only {count} commands were found");
}

#[test]
fn readme_and_documentation() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    assert!(play(&readme, false) > 5, "the README shows commands");
    for file in markdown("docs").into_iter().chain(markdown("docs/recipes")) {
        play(&file, false);
    }
}

/// What `export` prints, and the pages say.
#[test]
fn recipes() {
    let count: usize = markdown("docs/recipes").iter().map(|file| play(file, false)).sum();
    assert!(count > 80, "only {count} commands were found");
}

#[test]
fn the_comparison_can_fail() {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(matches(&owned(&["a[..]c", "...", "z"]), &owned(&["abbc", "x", "y", "z"])));
    assert!(!matches(&owned(&["a"]), &owned(&["a", "b"])));
    assert!(!matches(&owned(&["a[..]c"]), &owned(&["abd"])));
    assert!(!fits("a[..]b[..]c", "ac"));
}
