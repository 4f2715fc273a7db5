//! `kefu-bench`: messages a second, latency, processor time and memory of the built Worker, with
//! hand-written JavaScript in the same run.
//!
//! A message counts once it was stored, acknowledged to its sender and seen by a second socket.
//! Rounds of the contenders alternate, each on a fresh workerd and fresh storage, so that whatever
//! else the machine does hits all of them alike: read ratios before figures.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark is outside the deterministic core: it reads clocks"
)]

mod contender;
mod kefu;
mod load;
mod machine;
mod options;
mod report;
mod room;
mod rounds;
mod spin;
mod storage;
mod streaming;
mod tally;

use anyhow::{Context, Result};
use options::Options;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kefu-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(options) = Options::read(lexopt::Parser::from_env())? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    let table = match options.streaming {
        Some(count) => streaming::measure(&options, count)?,
        None if options.spin => spin::measure(&options)?,
        None => report::markdown(&options, &rounds::measure(&options)?),
    };
    let file = kefu_test_host::workspace().join("target/bench.md");
    fs::write(&file, &table).with_context(|| file.display().to_string())?;
    print!("{table}");
    eprintln!("\nalso in {}", file.display());
    Ok(())
}
