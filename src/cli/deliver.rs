//! Where `-o` leads: standard output, a pipe or device, or a file.

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    os::unix::fs::FileTypeExt,
    path::Path,
};

use super::terminal;
use crate::{Error, fs, source};

/// Writes an answer: to standard output where the path is `-`, through a pipe or device, or as a file, which is
/// replaced only with `force`. What is secret never reaches a terminal.
pub(crate) fn deliver(path: &Path, bytes: &[u8], mode: u32, force: bool) -> anyhow::Result<()> {
    if source::is_stdin(path) {
        return terminal::print_bytes(bytes);
    }
    // A key shall not reach a terminal by its device's name either.
    let is_device = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device());
    let is_terminal = is_device && std::fs::File::open(path).is_ok_and(|file| file.is_terminal());
    if mode == fs::SECRET && is_terminal {
        return Err(Error::SecretToTerminal { what: "a private key" }.into());
    }
    if fs::write_through(path, |writer| writer.write_all(bytes))? {
        return Ok(());
    }
    match force {
        true => fs::replace(path, bytes, mode)?,
        false => fs::write_new(path, bytes, mode)?,
    }
    Ok(())
}

/// Writes a long answer as it comes: to standard output where there is no path or it is `-`, through a pipe or device, or as a
/// file that replaces the one that is there in one step.
pub(crate) fn stream(
    path: Option<&Path>,
    mode: u32,
    fill: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| !source::is_stdin(path)) else { return terminal::stream(fill) };
    let buffered = |writer: &mut dyn Write| {
        let mut writer = BufWriter::with_capacity(1 << 16, writer);
        fill(&mut writer).and_then(|()| writer.flush())
    };
    if !fs::write_through(path, buffered)? {
        fs::replace_with(path, mode, buffered)?;
    }
    Ok(())
}
