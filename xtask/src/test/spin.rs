//! The conformance suite on the Spin host. Where there is a `spin`, `cargo xtask dev --host spin`
//! runs it; here it is the test host, which every machine has.

use super::Skips;
use crate::build;
use crate::run::{self, cargo};
use crate::tree;
use anyhow::{Context, Result, ensure};
use kefu_test_host::{Options, When, http, spawn_bound};
use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, fs};

/// What only Cloudflare's host can do, by name.
const OTHERS: &str = "tests/conformance/cloudflare-only.txt";

/// Set, it has the step run while the host is under construction.
const ASKED: &str = "KEFU_TEST_SPIN";

/// Runs all tests that the host can pass, and names the others.
///
/// # Errors
/// When one fails.
pub(super) fn check(skips: &mut Skips) -> Result<()> {
    if env::var_os(ASKED).is_none() {
        skips.add(format!("spin: the host is under construction; {ASKED}=1 runs its conformance"));
        return Ok(());
    }
    build::all_of_spin()?;
    let state = tree::scratch("spin-state");
    // What an earlier run left.
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state)?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut host = Host(spawn_bound(command(port)?, When::Killed)?);
    host.wait(port)?;
    let mut tests = cargo(["test", "--package", "kefu-conformance", "--", "--exact"]);
    for name in fs::read_to_string(tree::path(OTHERS))?.lines().filter(|it| !it.starts_with('#')) {
        skips.add(format!("{name}: on Cloudflare only"));
        tests.args(["--skip", name]);
    }
    tests.env("KEFU_HOST", format!("http://127.0.0.1:{port}"));
    tests.env("KEFU_ADMIN_TOKEN", "dev-admin-token");
    run::watched(tests, |line| skips.note(line))
}

fn command(port: u16) -> Result<Command> {
    let mut command = Command::new(build::spin_test_host()?);
    command.args(["--port", &port.to_string(), "--database"]);
    command.arg(tree::scratch("spin-state/kefu.db"));
    command.arg("--files").arg(tree::path("edge/web/dist"));
    command.arg("--component").arg(tree::path("target/wasm32-wasip2/release/kefu_edge.wasm"));
    let vars = Options::default().vars;
    command.envs(vars.iter().map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value)));
    command.env("SPIN_VARIABLE_KEFU_OUTBOUND", "*");
    Ok(command)
}

struct Host(Child);

impl Host {
    fn wait(&mut self, port: u16) -> Result<()> {
        let begun = Instant::now();
        while !http::get(port, "/healthz").is_ok_and(|answer| answer.status == 200) {
            let ended = self.0.try_wait().context("the test host")?;
            ensure!(ended.is_none(), "the test host ended before it answered");
            ensure!(begun.elapsed() < Duration::from_secs(60), "the test host does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
