//! `cargo xtask bench`: the figures.

use crate::build::{self, Mode};
use crate::run::{self, cargo};
use anyhow::Result;
use lexopt::Parser;
use std::process::ExitCode;

pub(crate) const HELP: &str = "\
Measures throughput, latency and memory, with peers in the same run

cargo xtask bench [ARGUMENT]...
cargo xtask bench --parser

Builds what is deployed, then runs `kefu-bench` (tests/bench) with the arguments. With --parser it
measures, natively, how fast streams of AI services are read; under 200 MB/s fails.
";

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let words: Vec<_> = arguments.raw_args()?.collect();
    if words.iter().any(|word| word == "--parser") {
        run::shown(cargo(["bench", "--package", "kefu-shared", "--bench", "parser"]))?;
        return Ok(ExitCode::SUCCESS);
    }
    if words.iter().any(|word| word == "spin") {
        build::all_of_spin()?;
        build::spin_program()?;
    } else {
        build::all(Mode::Deployed)?;
    }
    let mut bench = cargo(["run", "--release", "--package", "kefu-bench", "--"]);
    bench.args(words);
    run::shown(bench)?;
    Ok(ExitCode::SUCCESS)
}
