//! Where what was made goes, and what is said of it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Args;
use crate::{
    Error,
    cli::{deliver::deliver, terminal},
    export::File,
    fs,
    name::escape,
    source,
};

/// What was made.
#[derive(Serialize)]
pub(super) struct Report {
    /// The form or program
    pub(super) format: &'static str,
    /// Of what
    pub(super) name: String,
    /// Where the files are
    pub(super) directory: PathBuf,
    /// The files
    pub(super) files: Vec<Made>,
    /// To whom they were given
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    /// Lines of configuration, a command or a program
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snippet: Option<String>,
    /// The line of a client that is let in
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<String>,
    /// The commands that come next
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Report {
    pub(super) fn new(format: &'static str, name: String, directory: PathBuf, files: Vec<Made>) -> Self {
        Self { format, name, directory, files, owner: None, snippet: None, client: None, next: None }
    }
}

/// One file.
#[derive(Serialize)]
pub(super) struct Made {
    file: String,
    mode: String,
    holds: &'static str,
    secret: bool,
}

impl Made {
    pub(super) fn of(file: &File, name: String, for_group: bool) -> Self {
        let mode = format!("{:04o}", file.mode(for_group));
        Self { file: name, mode, holds: file.holds, secret: file.secret }
    }
}

/// Writes files into a directory: all of them, or none.
pub(super) fn write(args: &Args, directory: &Path, files: &[File]) -> Result<Vec<Made>, Error> {
    if source::is_stdin(directory) {
        let problem = "these are several files, which need a directory: --out DIR".into();
        return Err(Error::Usage { problem });
    }
    let for_group = args.owner.for_group();
    let contents: Vec<_> =
        files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice(), file.mode(for_group))).collect();
    fs::Staged::owned(directory, &contents, args.owner.resolve()?, args.force)?.publish()?;
    Ok(files.iter().map(|file| Made::of(file, file.name.clone(), for_group)).collect())
}

/// Writes a form that is one file. `None` where that is standard output, which nothing else may come into.
pub(super) fn write_one(args: &Args, default: &str, file: &File) -> anyhow::Result<Option<(PathBuf, Made)>> {
    if args.owner.is_given() {
        let problem = "--owner and --group are for directories; a single file is yours to hand on".into();
        return Err(Error::Usage { problem }.into());
    }
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(default));
    deliver(&path, &file.bytes, file.mode(false), args.force)?;
    if source::is_stdin(&path) {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let made = Made::of(file, name, false);
    Ok(Some((path, made)))
}

/// Where something is, whatever the working directory.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|error| Error::FileUnreadable { path: path.to_owned(), cause: source::plain(&error) })
}

/// Tells of it: standard output has the lines of configuration alone.
pub(super) fn tell(args: &Args, report: &Report) -> anyhow::Result<()> {
    if args.output.json {
        return terminal::print_json(report);
    }
    if !args.output.quiet {
        let directory = escape(&report.directory.to_string_lossy()).into_owned();
        let owner =
            report.owner.as_ref().map(|owner| format!(", given to {}", escape(owner))).unwrap_or_default();
        let mut text = format!("made {} for {} in {directory}{owner}\n", escape(&report.name), report.format);
        let width = report.files.iter().map(|made| made.file.chars().count()).max().unwrap_or_default();
        for Made { file, mode, holds, .. } in &report.files {
            text.push_str(&format!("  {:width$}  {mode}  {holds}\n", escape(file)));
        }
        match report.snippet {
            Some(_) => terminal::complain(&format!("{text}\n")),
            None => {
                let next = report.next.as_ref().map(|next| format!("\nnext:\n{next}")).unwrap_or_default();
                terminal::print(&format!("{text}{next}"))?;
            }
        }
    }
    if let Some(snippet) = &report.snippet {
        terminal::print(snippet)?;
    }
    if let (Some(client), false) = (&report.client, args.output.quiet) {
        terminal::complain(&format!("\nthe client's side:\n{client}"));
    }
    Ok(())
}
