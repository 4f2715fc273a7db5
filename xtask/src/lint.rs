//! `cargo xtask fmt` and `cargo xtask lint`.

use crate::run::{self, cargo};
use anyhow::Result;
use lexopt::Parser;
use std::process::{Command, ExitCode};

pub(crate) const FMT_HELP: &str = "\
Formats the Rust code

cargo xtask fmt [--check]

  --check   changes nothing, and fails where something would change
";

pub(crate) const LINT_HELP: &str = "\
Runs clippy on the native and the wasm crates; a warning is an error

cargo xtask lint
";

/// The crates that run only as wasm.
pub(crate) const WASM_CRATES: [&str; 2] = ["kefu-durable", "kefu-edge"];

pub(crate) fn fmt_command(mut arguments: Parser) -> Result<ExitCode> {
    let mut check = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            lexopt::Arg::Short(_) | lexopt::Arg::Long(_) | lexopt::Arg::Value(_) => {
                return Err(argument.unexpected().into());
            }
        }
    }
    run::shown(fmt(check))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn lint_command(mut arguments: Parser) -> Result<ExitCode> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    run::shown(clippy_native())?;
    clippy_wasm()?;
    Ok(ExitCode::SUCCESS)
}

/// rustfmt on everything.
pub(crate) fn fmt(check: bool) -> Command {
    let mut command = cargo(["fmt", "--all"]);
    if check {
        command.arg("--check");
    }
    command
}

/// clippy on what runs on the machine itself, tests included.
pub(crate) fn clippy_native() -> Command {
    let mut command = cargo(["clippy", "--workspace", "--all-targets"]);
    command.args(WASM_CRATES.iter().flat_map(|name| ["--exclude", name]));
    // Tests that look into the database of Spin, those with programs of others, the recorder.
    command.args(["--features", "kefu-faults/spin"]);
    command.args(["--features", "kefu-providers/sdks,kefu-providers/litellm"]);
    command.args(["--features", "kefu-providers/recorder"]);
    command.args(["--", "--deny", "warnings"]);
    command
}

/// clippy on what runs as wasm, for each host.
///
/// # Errors
/// When it has something to say.
pub(crate) fn clippy_wasm() -> Result<()> {
    for target in ["wasm32-unknown-unknown", "wasm32-wasip2"] {
        let mut command = cargo(["clippy", "--target", target]);
        command.args(WASM_CRATES.iter().flat_map(|name| ["--package", name]));
        command.args(["--", "--deny", "warnings"]);
        run::shown(command)?;
    }
    Ok(())
}
