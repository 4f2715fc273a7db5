//! `cargo xtask`: builds, runs, tests and measures Kefu. There is no other task runner.
#![allow(clippy::disallowed_methods, reason = "the task runner is outside the deterministic core")]

mod bench;
mod build;
mod dev;
mod fresh;
mod fuzz;
mod lint;
mod mutate;
mod progress;
mod provider;
mod run;
mod size;
mod soak;
mod test;
mod tools;
mod tree;

use anyhow::Result;
use lexopt::Parser;
use std::env;
use std::process::ExitCode;

/// One of the commands.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(Parser) -> Result<ExitCode>,
}

const COMMANDS: [Command; 11] = [
    Command { name: "dev", help: dev::HELP, run: dev::command },
    Command { name: "test", help: test::HELP, run: test::command },
    Command { name: "build", help: build::HELP, run: build::command },
    Command { name: "fmt", help: lint::FMT_HELP, run: lint::fmt_command },
    Command { name: "lint", help: lint::LINT_HELP, run: lint::lint_command },
    Command { name: "size", help: size::HELP, run: size::command },
    Command { name: "mutate", help: mutate::HELP, run: mutate::command },
    Command { name: "bench", help: bench::HELP, run: bench::command },
    Command { name: "fuzz", help: fuzz::HELP, run: fuzz::command },
    Command { name: "provider", help: provider::HELP, run: provider::command },
    Command { name: "soak", help: soak::HELP, run: soak::command },
];

/// What a command line that cannot be understood ends with.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return overview(&name);
    };
    let rest: Vec<_> = arguments.collect();
    if rest.iter().any(|one| one == "--help" || one == "-h") {
        print!("{}", command.help);
        return ExitCode::SUCCESS;
    }
    (command.run)(Parser::from_args(rest)).unwrap_or_else(|error| fail(command, &error))
}

fn fail(command: &Command, error: &anyhow::Error) -> ExitCode {
    if let Some(usage) = error.downcast_ref::<lexopt::Error>() {
        eprint!("xtask {}: {usage}\n\n{}", command.name, command.help);
        return ExitCode::from(USAGE);
    }
    eprintln!("xtask {}: {error:#}", command.name);
    ExitCode::FAILURE
}

fn overview(name: &str) -> ExitCode {
    let mut text = String::from("cargo xtask COMMAND [--help]\n\n");
    for Command { name, help, .. } in &COMMANDS {
        let summary = help.lines().next().unwrap_or_default();
        text.push_str(&format!("  {name:<8} {summary}\n"));
    }
    if matches!(name, "--help" | "-h" | "help") {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    if !name.is_empty() {
        eprintln!("xtask: there is no command `{name}`\n");
    }
    eprint!("{text}");
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_says_in_its_first_line_what_it_does_and_shows_its_usage() {
        for Command { name, help, .. } in &COMMANDS {
            let summary = help.lines().next().unwrap();
            assert!(!summary.is_empty() && summary.len() < 80, "{name}: {summary}");
            assert!(help.contains(&format!("cargo xtask {name}")), "{name}");
        }
    }
}
