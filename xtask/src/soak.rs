//! `cargo xtask soak`: nothing is lost while processes are killed, and nothing leaks.

use crate::build::{self, Mode};
use crate::run::{self, cargo};
use anyhow::Result;
use lexopt::Parser;
use std::process::{Command, ExitCode};

pub(crate) const HELP: &str = "\
Kills the host under talking clients, or wakes objects by thousands; counts

cargo xtask soak [--clients N] [--agents N] [--minutes M] [--kill-every T] [--say-every T]
cargo xtask soak --wakes N

Builds what is deployed, then runs `kefu-soak` (tests/faults), by default 200 clients and
5 agents for 5 minutes with a SIGKILL every 15 s. Fails unless nothing is lost, duplicated or misordered; with
--wakes, unless memory and descriptors level off. The table is also in target/soak.md.
";

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    build::all(Mode::Deployed)?;
    let arguments = arguments.raw_args()?.map(|argument| argument.to_string_lossy().into_owned());
    run::shown(soak(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// The program, with arguments.
pub(crate) fn soak(arguments: impl IntoIterator<Item = String>) -> Command {
    let mut soak =
        cargo(["run", "--quiet", "--package", "kefu-faults", "--bin", "kefu-soak", "--"]);
    soak.args(arguments);
    soak
}
