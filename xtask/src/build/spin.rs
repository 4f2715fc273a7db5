//! The Spin component, and the test host that runs it where there is no Spin.

use crate::progress::step;
use crate::run::{self, cargo};
use crate::tree;
use anyhow::Result;
use kefu_test_host::Program;
use std::path::PathBuf;
use std::process::Command;

/// Builds what spin.toml names.
///
/// # Errors
/// When it does not build.
pub(super) fn build() -> Result<()> {
    let mut build = cargo(["build", "--release", "--target", "wasm32-wasip2"]);
    build.args(["--package", "kefu-edge", "--target-dir"]).arg(tree::path("target"));
    step("the Spin component in Rust", "2 min the first time", || run::shown(build))
}

/// The program that runs the application: `spin` where there is one, else the project's own, built
/// where it is not.
///
/// # Errors
/// When that does not build.
pub(crate) fn spin_program() -> Result<Program> {
    if let Some(real) = Program::real() {
        return Ok(real);
    }
    test_host()?;
    Ok(Program::find(&tree::root())?)
}

/// The project's own as it is measured: with optimisations.
///
/// # Errors
/// When it does not build.
pub(crate) fn measured_program() -> Result<PathBuf> {
    let (mut build, target) = host();
    build.arg("--release");
    step("the test host for Spin, optimised", "10 min the first time", || run::shown(build))?;
    Ok(target.join("release/kefu-spin-host"))
}

/// The project's own, as a runner of benchmarks: what it runs is compiled no better by a faster one.
///
/// # Errors
/// When it does not build.
pub(crate) fn own_program() -> Result<PathBuf> {
    test_host()?;
    Ok(tree::path("target/spin-host/debug/kefu-spin-host"))
}

fn test_host() -> Result<()> {
    step("the test host for Spin", "5 min the first time", || run::shown(host().0))
}

fn host() -> (Command, PathBuf) {
    let target = tree::path("target/spin-host");
    let mut build = cargo(["build", "--manifest-path"]);
    build.arg(tree::path("tests/spin/Cargo.toml")).arg("--target-dir").arg(&target);
    (build, target)
}
