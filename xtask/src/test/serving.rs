//! `cargo xtask dev` as a newcomer meets it.

use crate::progress::seconds;
use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// With the building of a first run.
const FIRST: Duration = Duration::from_secs(480);
/// With nothing to build.
const AGAIN: Duration = Duration::from_secs(5);
/// For a process to be gone.
const GONE: Duration = Duration::from_secs(5);

/// Starts it twice on one state: the second is quick, and neither leaves a workerd behind,
/// whether it is asked to end or killed.
///
/// # Errors
/// When it does not.
pub(super) fn check() -> Result<()> {
    let state = tree::scratch("dev-state");
    // What an earlier test left.
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state)?;
    fs::write(state.join("vars"), "")?;
    run(&state, FIRST, "-TERM")?;
    let took = run(&state, AGAIN, "-KILL")?;
    println!("a second start is ready in {}", seconds(took));
    Ok(fs::remove_dir_all(state)?)
}

fn run(state: &Path, at_most: Duration, signal: &str) -> Result<Duration> {
    let begun = Instant::now();
    let mut dev = Dev::start(state)?;
    let port = dev.ready(at_most)?;
    let took = begun.elapsed();
    ensure!(took <= at_most, "it took {} to be ready", seconds(took));
    ensure!(
        TcpStream::connect(("127.0.0.1", port)).is_ok(),
        "it said that it is ready, and is not"
    );
    dev.end(signal)?;
    let patience = Instant::now() + GONE;
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        ensure!(Instant::now() < patience, "workerd serves on after {signal}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(took)
}

/// A `dev` that runs.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(state: &Path) -> Result<Self> {
        // An earlier step may have built this program anew: what runs is then no file any more.
        let program = std::env::current_exe().ok().filter(|file| file.is_file());
        let program = program.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
        let mut command = Command::new(program);
        command.args(["dev", "--port", "0", "--state"]).arg(state);
        command.arg("--vars").arg(state.join("vars"));
        let mut child = command.current_dir(tree::root()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("it has no output")?;
        let (said, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("  | {line}");
                // Read on when nobody listens: a full pipe would stop it.
                let _ = said.send(line);
            }
        });
        Ok(Self { child, lines })
    }

    /// The port that it says it is ready on.
    fn ready(&self, at_most: Duration) -> Result<u16> {
        loop {
            let Ok(line) = self.lines.recv_timeout(at_most) else {
                bail!("it does not say that it is ready");
            };
            if let Some(port) = line.strip_prefix("kefu ready on http://127.0.0.1:") {
                return Ok(port.parse()?);
            }
        }
    }

    fn end(&mut self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal}: {status}");
        let patience = Instant::now() + GONE;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < patience, "it runs on after {signal}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It is gone already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
