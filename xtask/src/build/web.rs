//! The static files: edge/web/build.mjs writes edge/web/dist/.

use crate::fresh::Inputs;
use crate::progress::step;
use crate::{run, tools, tree};
use anyhow::Result;
use std::process::Command;

/// Builds them unless they are fresh.
///
/// # Errors
/// When the script fails.
pub(super) fn build() -> Result<()> {
    let made = ["edge/web/dist", "edge/web/gen", "node_modules", "README.md"];
    let inputs = Inputs::default()
        .path(&tree::path("edge/web"), &made)?
        .path(&tree::path("proto/kefu"), &[])?
        .path(&tree::path("package-lock.json"), &[])?;
    inputs.make(&tree::scratch("web.stamp"), &[&tree::path("edge/web/dist")], || {
        step("the web client and the demo page", "5 s", || run::shown(script()))
    })
}

fn script() -> Command {
    tools::node("edge/web/build.mjs")
}
