//! What objects have to do with each other, and with what a person looks for: `--tree`, `--match`, `--find`.

use std::{cell::RefCell, ops::ControlFlow};

use serde::Serialize;
use time::OffsetDateTime;

use super::{source::Sources, text::Lines};
use crate::{
    Error,
    cli::{
        Exit, OutputArgs,
        terminal::{self, BAD, BOLD, WARN, styled},
    },
    inspect::{Forest, Group, Groups, Link, Member, Needle, Node, Place, Report, What},
    validity::{format_date, relative},
};

/// `--tree`: certificates below who signed them.
pub(super) fn tree(sources: &Sources<'_>, output: OutputArgs, at: OffsetDateTime) -> anyhow::Result<Exit> {
    let forest = RefCell::new(Forest::default());
    let exit = sources.visit(&mut |object| {
        match object.what {
            What::Certificate(der, _) => forest.borrow_mut().add(&der, object.place, &object.origin, at),
            What::Broken(error) => return Err(error.into()),
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let forest = forest.into_inner();
    if forest.is_empty() {
        let problem = "there is no certificate in what was given, and so no tree".into();
        return if exit == Exit::Failed { Ok(exit) } else { Err(Error::Usage { problem }.into()) };
    }
    let trees = forest.grow();
    if output.json {
        terminal::print_json(&serde_json::json!({ "trees": trees }))?;
    } else {
        let mut out = terminal::Output::new();
        draw(&trees, at, &mut out)?;
        out.finish()?;
    }
    Ok(exit)
}

/// Draws without calling itself: a chain may be as long as a file.
fn draw(trees: &[Node], at: OffsetDateTime, out: &mut terminal::Output) -> anyhow::Result<()> {
    let mut open: Vec<(std::slice::Iter<'_, Node>, String)> = vec![(trees.iter(), String::new())];
    while let Some((nodes, indent)) = open.last_mut() {
        let Some(node) = nodes.next() else {
            open.pop();
            continue;
        };
        let is_last = nodes.as_slice().is_empty();
        let (indent, is_root) = (indent.clone(), open.len() == 1);
        let (branch, below) = match (is_root, is_last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        out.text(&format!("{indent}{branch}{}\n", line(node, at)))?;
        open.push((node.signed.iter(), format!("{indent}{below}")));
    }
    Ok(())
}

fn line(node: &Node, at: OffsetDateTime) -> String {
    let until = match node.not_after {
        Some(end) if end < at => styled(BAD, format!("expired {}", relative(end, at))),
        Some(end) => format!("until {}", format_date(end)),
        None => "without a readable end".into(),
    };
    let link = match node.link {
        Link::Itself | Link::Signed => String::new(),
        Link::Unchecked => styled(WARN, "  (signed by it by name; the signature cannot be checked)"),
        Link::Missing => format!("  (issued by {}, which is not here)", node.issuer),
        Link::Broken => styled(BAD, format!("  (not signed by any {} here)", node.issuer)),
    };
    let places: Vec<String> = node.places.iter().map(ToString::to_string).collect();
    format!("{}  {}, {until}  {}{link}", styled(BOLD, &node.title), node.kind, places.join("; "))
}

#[derive(Serialize)]
struct Belonging<'a> {
    complete: bool,
    groups: &'a [Group],
    unknown: &'a [Member],
}

/// `--match`: what has the same public key.
pub(super) fn matching(
    sources: &Sources<'_>,
    output: OutputArgs,
    at: OffsetDateTime,
) -> anyhow::Result<Exit> {
    let groups = RefCell::new(Groups::default());
    let exit = sources.visit(&mut |object| {
        groups.borrow_mut().add(object.report(at)?);
        Ok(ControlFlow::Continue(()))
    })?;
    let groups = groups.into_inner();
    if output.json {
        let (complete, unknown) = (groups.is_complete(), groups.unknown());
        terminal::print_json(&Belonging { complete, groups: groups.groups(), unknown })?;
    } else {
        let mut text = String::new();
        for group in groups.groups() {
            let fits = match (group.members.len(), group.is_complete()) {
                (1, true) => String::new(),
                (1, false) => styled(BAD, ": alone"),
                _ => ": belong together".into(),
            };
            let heading = format!("{}, public key {:.16}", group.algorithm, group.key_sha256);
            text.push_str(&format!("{}{fits}\n", styled(BOLD, heading)));
            text.push_str(&members(&group.members));
        }
        if !groups.unknown().is_empty() {
            text.push_str(&format!("{}\n", styled(WARN, "cannot be told without a passphrase")));
            text.push_str(&members(groups.unknown()));
        }
        terminal::print(&text)?;
    }
    Ok(match groups.is_complete() {
        false => Exit::No,
        true if !groups.unknown().is_empty() => Exit::Failed,
        true => exit,
    })
}

fn members(members: &[Member]) -> String {
    let mut lines = Lines::default();
    for member in members {
        let title = if member.title.is_empty() { String::new() } else { format!("  ({})", member.title) };
        lines.one(member.what, format!("{}{title}", member.place));
    }
    lines.0
}

#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    place: Place,
    what: &'static str,
    title: String,
    by: &'static str,
}

/// `--find`: what is the one that is looked for.
pub(super) fn find(
    sources: &Sources<'_>,
    wanted: &str,
    output: OutputArgs,
    at: OffsetDateTime,
) -> anyhow::Result<Exit> {
    let needle = Needle::new(wanted);
    let found = RefCell::new(Vec::new());
    let exit = sources.visit(&mut |object| {
        let report = object.report(at)?;
        if let Some(by) = needle.finds(&report) {
            let (place, what, title) = told(report);
            found.borrow_mut().push(Found { place, what, title, by });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let found = found.into_inner();
    if output.json {
        terminal::print_json(&serde_json::json!({ "found": found }))?;
    } else {
        let line = |found: &Found| {
            let title = if found.title.is_empty() { String::new() } else { format!(" {}", found.title) };
            format!("{}: {}{title}, by {}\n", found.place, found.what, found.by)
        };
        terminal::print(&found.iter().map(line).collect::<String>())?;
    }
    Ok(match found.is_empty() {
        false => Exit::Yes,
        // It may be in what could not be read.
        true if exit == Exit::Failed => exit,
        true => Exit::No,
    })
}

fn told(report: Report) -> (Place, &'static str, String) {
    match report {
        Report::Certificate(report) => (report.place, "certificate", report.title),
        Report::Request(report) => (report.place, "certificate request", report.title),
        Report::Crl(report) => (report.place, "CRL", report.issuer),
        Report::Key(report) => (report.place, "private key", String::new()),
        Report::PublicKey(report) => (report.place, "public key", String::new()),
        Report::Store(report) => (report.place, report.format, String::new()),
        Report::Other(place, _) => (place, "something else", String::new()),
    }
}
