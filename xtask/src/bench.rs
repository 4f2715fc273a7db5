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
cargo xtask bench --parser | --privacy | --guard

Builds what is deployed, then runs `kefu-bench` (tests/bench) with the arguments. With --parser it
measures, natively, how fast streams of AI services are read; under 200 MB/s fails. With --privacy it
measures masks and words, with --guard breaker and rate: natively, and once more as wasm, made as
what is deployed.
";

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let words: Vec<_> = arguments.raw_args()?.collect();
    if words.iter().any(|word| word == "--parser") {
        run::shown(cargo(["bench", "--package", "kefu-shared", "--bench", "parser"]))?;
        return Ok(ExitCode::SUCCESS);
    }
    for (option, bench) in [("--privacy", "privacy"), ("--guard", "guard")] {
        if words.iter().any(|word| word == option) {
            return of_core(bench);
        }
    }
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

fn of_core(bench: &str) -> Result<ExitCode> {
    let bench = ["bench", "--package", "kefu-shared", "--bench", bench];
    run::shown(cargo(bench))?;
    let runner = format!("{} run", build::own_program()?.display());
    let mut wasm = cargo(bench);
    wasm.args(["--profile", "release", "--target", "wasm32-wasip2"]);
    wasm.env("CARGO_TARGET_WASM32_WASIP2_RUNNER", runner);
    run::shown(wasm)?;
    Ok(ExitCode::SUCCESS)
}
