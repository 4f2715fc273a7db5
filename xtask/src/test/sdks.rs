//! The AI services' own SDKs: installed where they are missing, and asked what they read.

use super::Skips;
use crate::fresh::Inputs;
use crate::progress::step;
use crate::run::{self, cargo, program};
use crate::{tools, tree};
use anyhow::Result;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const FOLDER: &str = "tests/providers/sdks";

/// Compares what they read of every fixture with what our adapters do.
///
/// # Errors
/// When a difference has no reason, or `docs/providers-sdks.md` is out of date.
pub(super) fn check(skips: &mut Skips) -> Result<()> {
    tools::install()?;
    install_for_node()?;
    if !has_python() {
        skips.add("sdks: no python3 with venv, which the SDKs for Python need");
        return Ok(());
    }
    install_for_python("sdks", "requirements.txt", "the services' SDKs for Python", "20 s")?;
    let mut tests = cargo(["test", "--package", "kefu-providers", "--features", "sdks"]);
    tests.args(["--test", "sdks"]);
    run::watched(tests, |line| skips.note(line))
}

/// Asks LiteLLM's proxy through a running host.
///
/// # Errors
/// When its answer or its errors are not read as what they are.
pub(super) fn litellm(skips: &mut Skips) -> Result<()> {
    if !has_python() {
        skips.add("litellm: no python3 with venv, which it needs");
        return Ok(());
    }
    install_for_python("litellm", "litellm.txt", "LiteLLM's proxy", "1 min, once")?;
    let mut tests = cargo(["test", "--package", "kefu-providers", "--features", "litellm"]);
    tests.args(["--test", "litellm"]);
    run::watched(tests, |line| skips.note(line))
}

fn install_for_node() -> Result<()> {
    let folder = tree::path(FOLDER);
    let inputs = Inputs::default()
        .path(&folder.join("package.json"), &[])?
        .path(&folder.join("package-lock.json"), &[])?;
    inputs.make(&folder.join("node_modules/.kefu-stamp"), &[], || {
        step("the services' SDKs for Node", "15 s", || {
            let mut install = program("npm", ["ci", "--loglevel=error"]);
            install.current_dir(&folder);
            run::silent(install)
        })
    })
}

/// Debian has `venv` in a package of its own.
fn has_python() -> bool {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

fn install_for_python(home: &str, file: &str, what: &str, long: &str) -> Result<()> {
    let requirements = tree::path(FOLDER).join(file);
    let home = tree::scratch(home);
    let inputs = Inputs::default().path(&requirements, &[])?;
    inputs.make(&home.join("kefu-stamp"), &[&home.join("bin/python")], || {
        step(what, long, || install_python_to(&home, &requirements))
    })
}

fn install_python_to(home: &PathBuf, requirements: &PathBuf) -> Result<()> {
    let mut make = program("python3", ["-m", "venv", "--clear"]);
    make.arg(home);
    run::silent(make)?;
    let mut install = program(home.join("bin/python"), ["-m", "pip", "install", "--quiet"]);
    install.args(["--disable-pip-version-check", "-r"]).arg(requirements);
    run::silent(install)
}
