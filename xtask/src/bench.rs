//! `cargo xtask bench`: the figures.

use crate::build::{self, Mode};
use crate::run::{self, cargo};
use anyhow::Result;
use lexopt::Parser;
use std::env;
use std::process::ExitCode;

/// Names the program that runs the Spin application.
const SPIN: &str = "SPIN_BIN";

pub(crate) const HELP: &str = "\
Measures throughput, latency and memory, with peers in the same run

cargo xtask bench [ARGUMENT]...

Builds what is deployed, then runs `kefu-bench` (tests/bench) with the arguments.
";

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let words: Vec<_> = arguments.raw_args()?.collect();
    let mut bench = cargo(["run", "--release", "--package", "kefu-bench", "--"]);
    if words.iter().any(|word| word == "spin") {
        build::all_of_spin()?;
        if env::var_os(SPIN).is_none() {
            bench.env(SPIN, build::measured_program()?);
        }
    } else {
        build::all(Mode::Deployed)?;
    }
    bench.args(words);
    run::shown(bench)?;
    Ok(ExitCode::SUCCESS)
}
