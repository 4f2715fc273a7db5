//! `cargo xtask test`: all that CI runs.

mod manifest;
mod purity;
mod readme;
mod sdks;
mod serving;
mod spin;
mod spin_up;
mod steps;

use crate::build::{self, Mode};
use crate::progress::seconds;
use anyhow::{Result, bail};
use lexopt::{Arg, Parser, ValueExt};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use steps::STEPS;

pub(crate) const HELP: &str = "\
Runs all that CI runs, and names what it skips

cargo xtask test [--only STEP]... [--list]

  --only STEP   this step only; may be given several times
  --list        shows the steps

A step that fails does not keep the others from running.
";

/// One of the steps.
struct Step {
    name: &'static str,
    what: &'static str,
    /// Whether it needs what `cargo xtask build` makes.
    built: bool,
    run: fn(&mut Skips) -> Result<()>,
}

/// What was not tested, and why.
#[derive(Default)]
struct Skips(Vec<String>);

impl Skips {
    fn add(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    /// Takes note of a line of a test runner's output that tells of a skipped test: cargo's
    /// `test a ... ignored, why`, Node's `# SKIP` (TAP, and its own reporter).
    fn note(&mut self, line: &str) {
        let cargo = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ignored"));
        if let Some((test, why)) = cargo {
            self.add(format!("{test}{why}"));
        } else if line.contains("# SKIP") {
            self.add(line.trim());
        }
    }
}

/// How a step went.
struct Outcome {
    name: &'static str,
    took: Duration,
    result: Result<()>,
    skips: Skips,
}

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let mut only = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("only") => only.push(arguments.value()?.parse_with(known)?),
            Arg::Long("list") => return Ok(list()),
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => {
                return Err(argument.unexpected().into());
            }
        }
    }
    let chosen = STEPS.iter().filter(|step| only.is_empty() || only.contains(&step.name));
    let outcomes: Vec<_> = chosen.map(outcome).collect();
    Ok(summary(&outcomes))
}

fn known(name: &str) -> Result<&'static str> {
    match STEPS.iter().find(|step| step.name == name) {
        Some(step) => Ok(step.name),
        None => bail!("there is no such step; --list shows them"),
    }
}

fn list() -> ExitCode {
    for Step { name, what, .. } in &STEPS {
        println!("  {name:<12} {what}");
    }
    ExitCode::SUCCESS
}

fn outcome(step: &Step) -> Outcome {
    println!("\n== {}: {}", step.name, step.what);
    let begun = Instant::now();
    let mut skips = Skips::default();
    // Quick when it is fresh.
    let built = if step.built { build::all(Mode::Deployed) } else { Ok(()) };
    let result = built.and_then(|()| (step.run)(&mut skips));
    if let Err(error) = &result {
        println!("!! {}: {error:#}", step.name);
    }
    Outcome { name: step.name, took: begun.elapsed(), result, skips }
}

fn summary(outcomes: &[Outcome]) -> ExitCode {
    println!("\n== summary");
    for Outcome { name, took, result, skips } in outcomes {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("  {word:<6} {name:<12} {:>12}", seconds(*took));
        for skipped in &skips.0 {
            println!("         skipped: {skipped}");
        }
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    let skipped: usize = outcomes.iter().map(|outcome| outcome.skips.0.len()).sum();
    println!("  {} steps, {failed} failed, {skipped} tests or steps skipped", outcomes.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_of_every_runner_are_named() {
        let mut skips = Skips::default();
        for line in [
            "test a::b ... ok",
            "test a::slow ... ignored, takes an hour",
            "test a::old ... ignored",
            "ok 3 - the host answers # SKIP KEFU_HOST is not set",
            "﹣ the host answers (0.1ms) # SKIP",
            "test result: ok. 2 passed; 0 failed; 2 ignored",
        ] {
            skips.note(line);
        }
        assert_eq!(
            skips.0,
            [
                "a::slow, takes an hour",
                "a::old",
                "ok 3 - the host answers # SKIP KEFU_HOST is not set",
                "﹣ the host answers (0.1ms) # SKIP",
            ]
        );
    }

    #[test]
    fn steps_have_different_names() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
