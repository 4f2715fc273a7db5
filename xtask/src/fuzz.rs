//! `cargo xtask fuzz`: looks for bytes that an adapter cannot take.

use crate::progress::step;
use crate::run::{self, cargo, program};
use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

pub(crate) const HELP: &str = "\
Fuzzes the reader of streams and every adapter

cargo xtask fuzz [TARGET]... [--seconds N] [--keep]

  TARGET        sse, coze, dify, fastgpt, openai, workers_ai; all of them by default
  --seconds N   for each; 600 by default
  --keep        puts what was worth keeping into fuzz/corpus, which `cargo test` reads

Begins with fuzz/corpus and the fixtures. Needs no nightly: LLVM's libFuzzer is built from a crate.
A finding is in target/fuzzing/artifacts; put it into fuzz/corpus, with a unit test, once mended.
";

/// The targets, each with the fixtures that it begins with.
const TARGETS: [(&str, &[&str]); 6] = [
    ("sse", &["coze", "dify", "fastgpt", "openai", "workersai"]),
    ("coze", &["coze"]),
    ("dify", &["dify"]),
    ("fastgpt", &["fastgpt"]),
    ("openai", &["openai"]),
    ("workers_ai", &["workersai", "openai"]),
];
/// What makes a program tell libFuzzer where it has been. All of it is there on stable.
const WATCHED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
const SECONDS: u32 = 600;
/// Longer inputs are slower and find nothing else.
const LONGEST: &str = "-max_len=8192";

/// What the command line wants.
struct Wanted {
    targets: Vec<&'static (&'static str, &'static [&'static str])>,
    seconds: u32,
    keep: bool,
}

pub(crate) fn command(arguments: Parser) -> Result<ExitCode> {
    let wanted = Wanted::of(arguments)?;
    let triple = triple()?;
    step("the fuzzers", "2 min the first time", || run::shown(build(&triple)))?;
    let programs = home().join(&triple).join("fuzz");
    let mut found = Vec::new();
    for (name, fixtures) in &wanted.targets {
        let fuzzer = programs.join(format!("fuzz_{name}"));
        let seeds = seeds(name, fixtures);
        if run::shown(fuzz(&fuzzer, name, &seeds, wanted.seconds)?).is_err() {
            found.push(*name);
        } else if wanted.keep {
            run::shown(keep(&fuzzer, name, &seeds)?)?;
        }
    }
    ensure!(found.is_empty(), "findings of {}: target/fuzzing/artifacts", found.join(", "));
    Ok(ExitCode::SUCCESS)
}

impl Wanted {
    fn of(mut arguments: Parser) -> Result<Self> {
        let mut wanted = Self { targets: Vec::new(), seconds: SECONDS, keep: false };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("seconds") => wanted.seconds = arguments.value()?.parse()?,
                Arg::Long("keep") => wanted.keep = true,
                Arg::Value(name) => wanted.targets.push(target(&name.to_string_lossy())?),
                Arg::Short(_) | Arg::Long(_) => return Err(argument.unexpected().into()),
            }
        }
        if wanted.targets.is_empty() {
            wanted.targets = TARGETS.iter().collect();
        }
        Ok(wanted)
    }
}

fn target(name: &str) -> Result<&'static (&'static str, &'static [&'static str])> {
    match TARGETS.iter().find(|target| target.0 == name) {
        Some(target) => Ok(target),
        None => bail!("there is no target `{name}`; --help names them"),
    }
}

/// This machine's: with a target named, build scripts are not watched.
fn triple() -> Result<String> {
    let told = run::read(program("rustc", ["--version", "--verbose"]))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc tells no host")?.to_owned())
}

fn home() -> PathBuf {
    tree::path("target/fuzzing")
}

fn build(triple: &str) -> Command {
    let mut build = cargo(["build", "--profile", "fuzz", "--package", "kefu-fuzz", "--bins"]);
    build.args(["--features", "libfuzzer", "--target", triple, "--target-dir"]).arg(home());
    build.env("RUSTFLAGS", WATCHED);
    build
}

/// Where a target begins: what was kept, and the fixtures.
fn seeds(name: &str, fixtures: &[&str]) -> Vec<PathBuf> {
    let kept = tree::path("fuzz/corpus").join(name);
    let fixtures = fixtures.iter().map(|kind| tree::path("tests/fixtures/providers").join(kind));
    [kept].into_iter().chain(fixtures).filter(|folder| folder.is_dir()).collect()
}

/// A folder of a target's own, made where it is not there.
fn folder(kind: &str, name: &str) -> Result<PathBuf> {
    let folder = home().join(kind).join(name);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

fn fuzz(fuzzer: &PathBuf, name: &str, seeds: &[PathBuf], seconds: u32) -> Result<Command> {
    let artifacts = format!("-artifact_prefix={}/", folder("artifacts", name)?.display());
    let mut fuzz = program(fuzzer, [folder("corpus", name)?]);
    fuzz.args(seeds).args([LONGEST, "-timeout=60", "-print_final_stats=1", &artifacts]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    Ok(fuzz)
}

/// Adds to `fuzz/corpus` what reaches more than it and the fixtures do.
fn keep(fuzzer: &PathBuf, name: &str, seeds: &[PathBuf]) -> Result<Command> {
    let kept = tree::path("fuzz/corpus").join(name);
    fs::create_dir_all(&kept).with_context(|| kept.display().to_string())?;
    // One input a place that is reached, not one for how often: hundreds, not thousands.
    let mut merge = program(fuzzer, ["-set_cover_merge=1", "-use_counters=0", "-max_len=2048"]);
    let fixtures = seeds.iter().filter(|folder| **folder != kept);
    merge.arg(&kept).arg(folder("corpus", name)?).args(fixtures);
    Ok(merge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_its_program_and_its_fixtures() {
        for (name, fixtures) in TARGETS {
            assert!(tree::path(format!("fuzz/targets/{name}.rs")).is_file(), "{name}");
            assert_eq!(seeds("none", fixtures).len(), fixtures.len(), "{name}");
        }
        assert!(target("none").is_err());
    }
}
