//! The Worker: cargo, wasm-bindgen, wasm-opt and esbuild, in that order.

use super::{Mode, names};
use crate::fresh::Inputs;
use crate::progress::step;
use crate::run::{self, cargo, program};
use crate::{tools, tree};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds build/worker.js and build/kefu.wasm.
///
/// # Errors
/// When a step fails.
pub(super) fn build(mode: Mode) -> Result<()> {
    let compiled = compile()?;
    let bound = bind(&compiled)?;
    let wasm = match mode {
        Mode::Deployed => optimise(&bound.join("kefu_bg.wasm"))?,
        Mode::Fast => bound.join("kefu_bg.wasm"),
    };
    bundle(&bound, &wasm, mode)
}

/// Cargo knows by itself what is fresh.
fn compile() -> Result<PathBuf> {
    let target = tree::path("target");
    let mut build = cargo(["build", "--release", "--target", "wasm32-unknown-unknown"]);
    build.args(["--package", "kefu-edge", "--target-dir"]).arg(&target);
    let first = !target.join("wasm32-unknown-unknown/release/kefu_edge.wasm").exists();
    let usually = if first { "2 min the first time" } else { "20 s after a change" };
    step("the Worker in Rust", usually, || run::shown(build))?;
    Ok(target.join("wasm32-unknown-unknown/release/kefu_edge.wasm"))
}

/// wasm-bindgen: the wasm that workerd takes, and the JavaScript around it.
fn bind(compiled: &Path) -> Result<PathBuf> {
    let tool = tools::bindgen()?;
    let folder = tree::scratch("bindgen");
    let inputs = Inputs::default().path(compiled, &[])?.path(&tool, &[])?;
    let outputs = [folder.join("kefu.js"), folder.join("kefu_bg.wasm")];
    inputs.make(
        &tree::scratch("bindgen.stamp"),
        &outputs.each_ref().map(PathBuf::as_path),
        || {
            // Snippets of an earlier build have other names: they would stay for ever.
            let _ = fs::remove_dir_all(&folder);
            step("wasm-bindgen's glue", "2 s", || {
                run::shown(program(&tool, [compiled, folder.as_path()]))
            })?;
            names::number(&outputs[0], &outputs[1])
        },
    )?;
    Ok(folder)
}

/// A large function inside its only caller is fewer bytes, but more of them when compressed.
const OPTIMISE: [&str; 2] = ["-Os", "--one-caller-inline-max-function-size=20"];

/// wasm-opt takes a tenth off, and the names of functions with it.
fn optimise(wasm: &Path) -> Result<PathBuf> {
    let output = tree::scratch("optimised.wasm");
    let inputs = Inputs::default().text(&OPTIMISE.join(" ")).path(wasm, &[])?;
    inputs.make(&tree::scratch("optimised.stamp"), &[&output], || {
        let mut tool = tools::node("node_modules/binaryen/bin/wasm-opt");
        tool.args(OPTIMISE).arg(wasm).arg("-o").arg(&output);
        step("wasm-opt", "30 s", || run::shown(tool))
    })?;
    Ok(output)
}

/// esbuild joins the entry and the glue; the wasm stays a module of its own.
fn bundle(bound: &Path, wasm: &Path, mode: Mode) -> Result<()> {
    let (script, module) = (tree::path("build/worker.js"), tree::path("build/kefu.wasm"));
    let inputs = Inputs::default()
        .text(&format!("{mode:?}"))
        .path(&tree::path("edge/worker"), &[])?
        .path(bound, &[])?
        .path(wasm, &[])?;
    inputs.make(&tree::scratch("bundle.stamp"), &[&script, &module], || {
        fs::create_dir_all(tree::path("build"))?;
        run::shown(esbuild(bound, &script, mode))?;
        replace(wasm, &module)
    })
}

fn esbuild(bound: &Path, script: &Path, mode: Mode) -> std::process::Command {
    let mut tool = tools::node("node_modules/esbuild/bin/esbuild");
    tool.arg(tree::path("edge/worker/entry.js"));
    tool.args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"]);
    tool.args(["--external:*.wasm", "--external:cloudflare:*", "--legal-comments=none"]);
    // wasm-bindgen names a module once for each crate that imports it.
    tool.arg("--log-override:duplicate-object-key=silent");
    tool.arg(format!("--alias:kefu-bindgen={}", bound.join("kefu.js").display()));
    tool.arg(format!("--outfile={}", script.display()));
    if mode == Mode::Deployed {
        tool.arg("--minify");
    }
    tool
}

/// A workerd that is starting must not see half of it.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let half = to.with_extension("half");
    fs::copy(from, &half)
        .and_then(|_| fs::rename(&half, to))
        .with_context(|| format!("{} cannot be written", to.display()))
}
