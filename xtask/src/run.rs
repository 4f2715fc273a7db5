//! Running other programs.

use anyhow::{Context, Result, anyhow, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Command, Stdio};

/// A command of the checkout's root.
pub(crate) fn program<A: AsRef<OsStr>>(
    name: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(crate::tree::root());
    command
}

/// The cargo that runs this task, with arguments.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Runs it with its output shown.
///
/// # Errors
/// When it cannot be run or does not succeed.
pub(crate) fn shown(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_run(&command))?;
    if status.success() { Ok(()) } else { Err(anyhow!("{}: {status}", line(&command))) }
}

/// Runs it silently; its output is shown only if it does not succeed.
///
/// # Errors
/// When it cannot be run or does not succeed.
pub(crate) fn silent(mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_run(&command))?;
    if output.status.success() {
        return Ok(());
    }
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    bail!("{}: {}", line(&command), output.status)
}

/// Runs it and gives what it writes to its standard output.
///
/// # Errors
/// When it cannot be run, does not succeed, or writes what is not UTF-8.
pub(crate) fn read(mut command: Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| cannot_run(&command))?;
    if !output.status.success() {
        bail!("{}: {}", line(&command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs it with its output shown, and gives each line of its standard output to `watch` too.
///
/// # Errors
/// When it cannot be run or does not succeed.
pub(crate) fn watched(mut command: Command, mut watch: impl FnMut(&str)) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| cannot_run(&command))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines() {
            let text = text?;
            println!("{text}");
            watch(&text);
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(anyhow!("{}: {status}", line(&command))) }
}

/// Whether a program of that name can be run at all.
pub(crate) fn exists(name: &str) -> bool {
    let probe =
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    !matches!(probe, Err(error) if error.kind() == ErrorKind::NotFound)
}

fn cannot_run(command: &Command) -> String {
    format!("{} cannot be run", line(command))
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
