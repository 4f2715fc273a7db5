//! The Spin host: `spin up` where there is a `spin`, else the project's own test host.

use super::{Options, Running, free_port};
use crate::{build, run, tree};
use anyhow::{Context, Result};
use kefu_test_host::{When, spawn_bound};
use std::collections::BTreeMap;
use std::process::{Child, Command};

/// Variables that spin.toml declares; the others are lines of `kefu_vars`.
const DECLARED: [&str; 7] = [
    "KEFU_ADMIN_TOKEN",
    "KEFU_SECRET",
    "KEFU_ALLOW_PRIVATE",
    "KEFU_DEV",
    "KEFU_GRANTS",
    "KEFU_ADDRESS_HEADER",
    "KEFU_OUTBOUND",
];

pub(super) struct Spin {
    child: Child,
    port: u16,
    name: &'static str,
}

/// Starts it on the options' port and state.
///
/// # Errors
/// When it cannot be run.
pub(super) fn start(options: &Options, vars: &BTreeMap<String, String>) -> Result<Spin> {
    let port = free_port(options.port)?;
    let (mut command, name) = match real() {
        Some(spin) => (real_command(&spin, options, port), "spin"),
        None => (test_command(options, port)?, "the test host"),
    };
    println!("host: {name}");
    command.envs(variables(vars)).current_dir(tree::root());
    let child = spawn_bound(command, When::Killed).with_context(|| name.to_owned())?;
    Ok(Spin { child, port, name })
}

fn real() -> Option<String> {
    let named = std::env::var("SPIN_BIN").ok();
    named.or_else(|| run::exists("spin").then(|| "spin".to_owned()))
}

fn real_command(spin: &str, options: &Options, port: u16) -> Command {
    let mut command = Command::new(spin);
    command.args(["up", "--listen", &format!("127.0.0.1:{port}"), "--state-dir"]);
    command.arg(&options.state);
    command
}

/// It lets out to every host; what spin.toml allows is told by its test.
fn test_command(options: &Options, port: u16) -> Result<Command> {
    let mut command = Command::new(build::spin_test_host()?);
    command.args(["--port", &port.to_string(), "--database"]).arg(options.state.join("kefu.db"));
    command.arg("--files").arg(tree::path("edge/web/dist"));
    command.arg("--component").arg(tree::path("target/wasm32-wasip2/release/kefu_edge.wasm"));
    command.env("SPIN_VARIABLE_KEFU_OUTBOUND", "*");
    Ok(command)
}

fn variables(vars: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let declared = |name: &&String| DECLARED.contains(&name.as_str());
    let lines = vars.iter().filter(|(name, _)| !declared(name));
    let lines: Vec<_> = lines.map(|(name, value)| format!("{name}={value}")).collect();
    let own = vars.iter().filter(|(name, _)| declared(name));
    let own = own.map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value.clone()));
    own.chain([("SPIN_VARIABLE_KEFU_VARS".to_owned(), lines.join("\n"))]).collect()
}

impl Running for Spin {
    fn port(&self) -> u16 {
        self.port
    }

    fn ended(&mut self) -> Result<Option<String>> {
        Ok(self.child.try_wait()?.map(|status| format!("{}, {status}", self.name)))
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
