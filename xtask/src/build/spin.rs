//! The Spin component, and the test host that runs it where there is no Spin.

use crate::progress::step;
use crate::run::{self, cargo};
use crate::tree;
use anyhow::Result;
use std::path::PathBuf;

/// Builds what spin.toml names.
///
/// # Errors
/// When it does not build.
pub(super) fn build() -> Result<()> {
    let mut build = cargo(["build", "--release", "--target", "wasm32-wasip2"]);
    build.args(["--package", "kefu-edge", "--target-dir"]).arg(tree::path("target"));
    step("the Spin component in Rust", "2 min the first time", || run::shown(build))
}

/// The project's own host for the component.
///
/// # Errors
/// When it does not build.
pub(crate) fn test_host() -> Result<PathBuf> {
    let target = tree::path("target/spin-host");
    let mut build = cargo(["build", "--manifest-path"]);
    build.arg(tree::path("tests/spin/Cargo.toml")).arg("--target-dir").arg(&target);
    step("the test host for Spin", "5 min the first time", || run::shown(build))?;
    Ok(target.join("debug/kefu-spin-host"))
}
