//! `spin build && spin up`, as README.md says, from the root of the checkout.

use crate::run::program;
use crate::{run, tree};
use anyhow::{Context, Result, ensure};
use kefu_test_host::{Program, When, http, spawn_bound};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// What README.md has people type.
const LINE: &str = "spin build && ";
/// With the compiling of a first start.
const PATIENCE: Duration = Duration::from_secs(120);
const SECRET: &str = "a-secret-for-tests-only-0123456789abcdef";
const TOKEN: &str = "a-token-for-tests-only";

/// Builds and serves by the manifest as it is, asks for what a newcomer would, and ends it.
///
/// # Errors
/// When README.md does not say so, or it does not serve.
pub(super) fn check(spin: &Program) -> Result<()> {
    let readme = fs::read_to_string(tree::path("README.md")).context("README.md")?;
    let line = readme.lines().find(|line| line.starts_with(LINE));
    let line = line.with_context(|| format!("README.md does not say `{LINE}…`"))?;
    ensure!(line.contains("spin up"), "README.md builds and does not serve: {line}");
    run::shown(program(spin.path(), ["build"]))?;
    let mut served = Served::start(spin)?;
    let port = served.port()?;
    for (path, part) in [("/healthz", "ok"), ("/widget.js", "kefu"), ("/", "<html")] {
        let answer = http::get(port, path).with_context(|| path.to_owned())?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
        ensure!(answer.body.contains(part), "{path} does not say {part}");
    }
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/toml")];
    let put = http::send(port, "PUT", "/v1/sites/shop/config", &headers, b"")?;
    ensure!(put.status == 200, "a site: {} {}", put.status, put.body);
    println!("`spin build && spin up` serves");
    Ok(())
}

/// What `spin up` started; it is ended with this.
struct Served(Child);

impl Served {
    fn start(spin: &Program) -> Result<Self> {
        let state = tree::scratch("spin-up-state");
        // What an earlier run left.
        let _ = fs::remove_dir_all(&state);
        let mut up = program(spin.path(), ["up", "--listen", "127.0.0.1:0", "--state-dir"]);
        up.arg(state).stdin(Stdio::null()).stdout(Stdio::piped());
        up.env("SPIN_VARIABLE_KEFU_SECRET", SECRET).env("SPIN_VARIABLE_KEFU_ADMIN_TOKEN", TOKEN);
        Ok(Self(spawn_bound(up, When::Asked).context("spin up")?))
    }

    fn port(&mut self) -> Result<u16> {
        let stdout = self.0.stdout.take().context("it has no output")?;
        let (said, port) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let url = line.trim().strip_prefix("Serving http://127.0.0.1:");
                // Read on when nobody listens: a full pipe would stop it.
                let _ = url.and_then(|port| port.parse().ok()).map(|port| said.send(port));
            }
        });
        port.recv_timeout(PATIENCE).context("it does not say that it serves")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // `spin` ends the child that serves when it is asked to.
        let _ = std::process::Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
