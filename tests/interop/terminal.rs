//! Questions to a person, on a terminal of their own.

use super::{Sandbox, python, script, succeeds};

#[test]
fn a_person_is_asked_on_the_terminal() {
    let sandbox = Sandbox::new();
    let ask = |answers: &str, command: &str| {
        let line = format!(
            "{} {} {answers} {} {command}",
            python(),
            script("terminal.py"),
            env!("CARGO_BIN_EXE_pkit")
        );
        let shown = succeeds(&sandbox, &line);
        let status: i32 = shown.trim_end().lines().last().unwrap().parse().unwrap();
        assert!(!shown.contains("horse"), "the passphrase was shown: {shown}");
        assert!(shown.contains("echo is on"), "the terminal was left dumb: {shown}");
        (shown, status)
    };
    let (shown, status) = ask("horse|hose", "ca root R");
    assert!(status == 2 && shown.contains("not the same") && !sandbox.path("pki").exists(), "{shown}");
    let (shown, status) = ask("horse|horse", "ca root R");
    assert!(status == 0 && shown.contains("Once more"), "{shown}");
    let (shown, status) = ask("one|two|horse", "issue client a");
    assert!(status == 0 && shown.matches("That did not open it").count() == 2, "{shown}");
    let (shown, status) = ask("one|two|three", "issue client b");
    assert!(status == 2 && shown.contains("the passphrase is wrong"), "{shown}");
    let (shown, status) = ask("^C", "issue client b");
    assert!(status == -2, "interrupted: {shown}");
    let bundle = "bundle pki/live/a/fullchain.pem pki/live/a/ca.pem --combined --key pki/live/a/privkey.pem";
    let (shown, status) = ask("none", bundle);
    assert!(
        status == 2 && shown.contains("not printed on a terminal") && !shown.contains("BEGIN"),
        "{shown}"
    );
    let (shown, status) = ask("horse", "issue client b --no-input");
    assert!(status == 2 && shown.contains("a passphrase is needed"), "{shown}");
}
