//! The other host: `wrangler dev`, for those who want its tools.

use super::{Options, Running, free_port};
use crate::tools;
use anyhow::{Context, Result};
use kefu_test_host::{When, spawn_bound};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// Quiet, and without asking anything of the internet.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("WRANGLER_SEND_METRICS", "false"),
    ("WRANGLER_SEND_ERROR_REPORTS", "false"),
    ("WRANGLER_HIDE_BANNER", "true"),
    ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
];

/// A `wrangler dev` that runs.
pub(super) struct Wrangler {
    child: Child,
    port: u16,
}

/// Starts it on the options' port and state.
///
/// # Errors
/// When the port is taken or wrangler cannot be run.
pub(super) fn start(options: &Options, vars: &BTreeMap<String, String>) -> Result<Wrangler> {
    let port = free_port(options.port)?;
    let file = options.state.join("wrangler.vars");
    write_vars(&file, vars)?;
    let child = spawn_bound(dev(options, port, &file), When::Asked).context("wrangler")?;
    Ok(Wrangler { child, port })
}

fn dev(options: &Options, port: u16, vars: &Path) -> Command {
    let mut command = tools::node("node_modules/wrangler/bin/wrangler.js");
    command.args(["dev", "--local", "--ip", "127.0.0.1", "--inspector-port", "0"]);
    command.args(["--show-interactive-dev-session=false", "--port"]).arg(port.to_string());
    command.arg("--persist-to").arg(options.state.join("wrangler"));
    command.arg("--env-file").arg(vars).envs(ENVIRONMENT);
    command
}

/// A file for its owner only: arguments and environments are easier to see.
fn write_vars(file: &Path, vars: &BTreeMap<String, String>) -> Result<()> {
    let mut lines = String::new();
    for (name, value) in vars {
        writeln!(lines, "{name}={}", serde_json::to_string(value)?)?;
    }
    fs::write(file, "")?;
    fs::set_permissions(file, Permissions::from_mode(0o600))?;
    fs::write(file, lines).with_context(|| format!("{} cannot be written", file.display()))
}

impl Running for Wrangler {
    fn port(&self) -> u16 {
        self.port
    }

    fn ended(&mut self) -> Result<Option<String>> {
        Ok(self.child.try_wait()?.map(|status| format!("wrangler, {status}")))
    }
}

impl Drop for Wrangler {
    /// wrangler ends its own workerd when it is asked to, so it gets three seconds.
    fn drop(&mut self) {
        let patience = Instant::now() + Duration::from_secs(3);
        // Without `kill` the process is only killed, below.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
