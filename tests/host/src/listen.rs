//! Waiting for a host to say that it listens.

use crate::keeper::Keeper;
use crate::options::{Log, Options, Platform};
use crate::start_error::StartError;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// A workerd listens in a moment; a component is compiled first, unless that was done before.
const PATIENCE: Duration = Duration::from_secs(15);
const PATIENCE_OF_SPIN: Duration = Duration::from_secs(90);

/// The socket that serves requests.
pub(crate) const DOOR: &str = "http";

/// A socket that listens, by name and port, if a line tells of one.
pub(crate) type Says = Option<(String, u16)>;

/// What workerd says when it listens.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) port: u16,
    /// Where there is one.
    pub(crate) keeper: Option<Keeper>,
}

impl Listening {
    /// Reads it from the child's standard output.
    pub(crate) fn wait(
        child: &mut Child,
        options: &Options,
        file: &Path,
    ) -> Result<Self, StartError> {
        let count = 1 + usize::from(options.keeper);
        let mut ports: BTreeMap<_, _> =
            wait(child, options, file, count, listened)?.into_iter().collect();
        let port = ports.remove(DOOR).ok_or_else(|| StartError::Silent { log: end_of(file) })?;
        Ok(Self { port, keeper: ports.into_values().next().map(|port| Keeper { port }) })
    }
}

/// Waits until a child's standard output has told of so many sockets. It also carries the
/// program's own lines: a thread passes those on for as long as the child runs.
pub(crate) fn wait(
    child: &mut Child,
    options: &Options,
    file: &Path,
    count: usize,
    says: fn(&str) -> Says,
) -> Result<Vec<(String, u16)>, StartError> {
    let (found, sockets) = channel();
    let (log, platform) = (options.log, options.platform);
    if let Some(stdout) = child.stdout.take() {
        let file = file.to_path_buf();
        thread::spawn(move || pass_on(stdout, log, &file, &found, says));
    }
    let patience = match platform {
        Platform::Cloudflare => PATIENCE,
        Platform::Spin => PATIENCE_OF_SPIN,
    };
    (0..count).map(|_| next(&sockets, child, file, patience)).collect()
}

/// A host would say so too, but in its own words.
pub(crate) fn refuse_taken(port: u16) -> Result<(), StartError> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(cause) => Err(StartError::Port { port, cause }),
    }
}

/// The next socket that listens.
fn next(
    sockets: &Receiver<(String, u16)>,
    child: &mut Child,
    file: &Path,
    patience: Duration,
) -> Result<(String, u16), StartError> {
    sockets.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => StartError::Silent { log: end_of(file) },
        RecvTimeoutError::Disconnected => {
            StartError::Ended { status: child.wait().ok(), log: end_of(file) }
        }
    })
}

fn pass_on(
    stdout: ChildStdout,
    log: Log,
    file: &Path,
    found: &Sender<(String, u16)>,
    says: fn(&str) -> Says,
) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match says(&line) {
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
fn listened(line: &str) -> Says {
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
