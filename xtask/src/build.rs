//! `cargo xtask build`: what is deployed.

mod names;
mod spin;
mod web;
mod worker;

pub(crate) use spin::{measured_program, own_program, spin_program};

use crate::tools;
use crate::tree;
use anyhow::{Context, Result};
use lexopt::Parser;
use std::fs::{self, File};
use std::process::ExitCode;

pub(crate) const HELP: &str = "\
Builds the Worker and the static files as they are deployed

cargo xtask build [--fast] [--host HOST]

  --fast        without wasm-opt, as `cargo xtask dev` does
  --host HOST   cloudflare (the default) or spin: `spin build` calls it

Writes build/worker.js, build/kefu.wasm and edge/web/dist/. A step whose inputs did not change
is not done again. `wrangler deploy` and `wrangler dev` call it.
";

/// How much is made of the wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As small as it gets: half a minute of wasm-opt.
    Deployed,
    /// As cargo made it, with the names of its functions in stack traces.
    Fast,
}

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let (mut mode, mut for_spin) = (Mode::Deployed, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("fast") => mode = Mode::Fast,
            lexopt::Arg::Long("host") => for_spin = arguments.value()? == "spin",
            lexopt::Arg::Short(_) | lexopt::Arg::Long(_) | lexopt::Arg::Value(_) => {
                return Err(argument.unexpected().into());
            }
        }
    }
    if for_spin {
        all_of_spin()?;
    } else {
        all(mode)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds everything, after installing what that needs.
///
/// # Errors
/// When a step fails.
pub(crate) fn all(mode: Mode) -> Result<()> {
    let _alone = alone()?;
    tools::install()?;
    web::build()?;
    worker::build(mode)
}

/// Builds the component and the static files.
///
/// # Errors
/// When a step fails.
pub(crate) fn all_of_spin() -> Result<()> {
    let _alone = alone()?;
    tools::install()?;
    web::build()?;
    spin::build()
}

/// Waits for a build in another process: both would write the same files.
fn alone() -> Result<File> {
    fs::create_dir_all(tree::scratch(""))?;
    let lock = File::create(tree::scratch("lock")).context("target/kefu/lock")?;
    if lock.try_lock().is_err() {
        eprintln!("· waiting for another build of this checkout");
        lock.lock()?;
    }
    Ok(lock)
}
