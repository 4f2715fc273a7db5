//! Waiting for workerd to say that it listens.

use crate::options::Log;
use crate::start_error::StartError;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// What workerd says when it listens.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) port: u16,
}

impl Listening {
    /// Reads it from the child's standard output, which also carries the Worker's own lines:
    /// a thread passes those on for as long as the child runs.
    pub(crate) fn wait(child: &mut Child, log: Log, file: &Path) -> Result<Self, StartError> {
        let (found, port) = channel();
        if let Some(stdout) = child.stdout.take() {
            let file = file.to_path_buf();
            thread::spawn(move || pass_on(stdout, log, &file, &found));
        }
        match port.recv_timeout(PATIENCE) {
            Ok(port) => Ok(Self { port }),
            Err(RecvTimeoutError::Timeout) => Err(StartError::Silent { log: end_of(file) }),
            Err(RecvTimeoutError::Disconnected) => {
                Err(StartError::Ended { status: child.wait().ok(), log: end_of(file) })
            }
        }
    }
}

fn pass_on(stdout: ChildStdout, log: Log, file: &Path, found: &Sender<u16>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match listened(&line) {
            // Nobody waits any more after the first.
            Some(port) => _ = found.send(port),
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

/// The port of a line `{"event":"listen","socket":"http","port":41275}` of `--control-fd`.
fn listened(line: &str) -> Option<u16> {
    let rest = line.strip_prefix(r#"{"event":"listen","socket":"http","port":"#)?;
    rest.strip_suffix('}')?.parse().ok()
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
    fn the_port_is_read_from_the_event_alone() {
        assert_eq!(listened(r#"{"event":"listen","socket":"http","port":41275}"#), Some(41275));
        assert_eq!(listened(r#"{"event":"listen","socket":"debug","port":41275}"#), None);
        assert_eq!(listened("a line of the Worker"), None);
    }
}
