//! Waiting for workerd to say that it listens.

use crate::keeper::Keeper;
use crate::options::{Log, Options};
use crate::start_error::StartError;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// The socket that serves the Worker.
pub(crate) const DOOR: &str = "http";

/// What workerd says when it listens.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) port: u16,
    /// Where there is one.
    pub(crate) keeper: Option<Keeper>,
}

impl Listening {
    /// Reads it from the child's standard output, which also carries the Worker's own lines:
    /// a thread passes those on for as long as the child runs.
    pub(crate) fn wait(
        child: &mut Child,
        options: &Options,
        file: &Path,
    ) -> Result<Self, StartError> {
        let (found, sockets) = channel();
        if let Some(stdout) = child.stdout.take() {
            let (log, file) = (options.log, file.to_path_buf());
            thread::spawn(move || pass_on(stdout, log, &file, &found));
        }
        let (mut port, mut keeper) = (None, None);
        loop {
            match sockets.recv_timeout(PATIENCE) {
                Ok((socket, found)) if socket == DOOR => port = Some(found),
                Ok((_, found)) => keeper = Some(Keeper { port: found }),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(StartError::Silent { log: end_of(file) });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StartError::Ended { status: child.wait().ok(), log: end_of(file) });
                }
            }
            match port {
                Some(port) if keeper.is_some() || !options.keeper => {
                    return Ok(Self { port, keeper });
                }
                _ => {}
            }
        }
    }
}

fn pass_on(stdout: ChildStdout, log: Log, file: &Path, found: &Sender<(String, u16)>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match listened(&line) {
            // Nobody waits any more once all listen.
            Some(socket) => _ = found.send(socket),
            None => write_line(&line, log, file),
        }
    }
}

fn write_line(line: &str, log: Log, file: &Path) {
    match log {
        Log::Inherit => println!("{line}"),
        Log::File => {
            if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(file) {
                // A log that cannot be written does not stop what it tells of.
                let _ = writeln!(file, "{line}");
            }
        }
    }
}

/// Name and port of a line `{"event":"listen","socket":"http","port":41275}` of `--control-fd`.
fn listened(line: &str) -> Option<(String, u16)> {
    let rest = line.strip_prefix(r#"{"event":"listen","socket":""#)?;
    let (name, rest) = rest.split_once(r#"","port":"#)?;
    Some((name.to_owned(), rest.strip_suffix('}')?.parse().ok()?))
}

/// The last 30 lines.
fn end_of(file: &Path) -> String {
    let log = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sockets_port_is_read_from_the_event_alone() {
        let line = r#"{"event":"listen","socket":"http","port":41275}"#;
        assert_eq!(listened(line), Some((DOOR.to_owned(), 41275)));
        assert_eq!(listened("a line of the Worker"), None);
    }
}
