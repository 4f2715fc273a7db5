//! Where the parts of a running Worker are found.

use crate::start_error::StartError;
use std::env;
use std::path::{Path, PathBuf};

/// What `cargo xtask build` made, and the program that runs it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The program: `WORKERD_BIN`, or the one that npm installed.
    pub workerd: PathBuf,
    /// The Worker's JavaScript.
    pub script: PathBuf,
    /// The Worker's wasm.
    pub wasm: PathBuf,
    /// The static files, which may be absent.
    pub assets: PathBuf,
    /// The deployment's configuration, which names objects and bindings.
    pub wrangler: PathBuf,
}

impl Bundle {
    /// Finds them in a checkout.
    ///
    /// # Errors
    /// When one is missing; the message says what makes it.
    pub fn find(root: &Path) -> Result<Self, StartError> {
        let found = Self {
            workerd: env::var_os("WORKERD_BIN").map_or_else(|| installed(root), PathBuf::from),
            script: root.join("build/worker.js"),
            wasm: root.join("build/kefu.wasm"),
            assets: root.join("edge/web/dist"),
            wrangler: root.join("wrangler.toml"),
        };
        for part in [&found.workerd, &found.script, &found.wasm, &found.wrangler] {
            if !part.is_file() {
                return Err(StartError::Missing(part.clone()));
            }
        }
        Ok(found)
    }
}

/// The checkout that this crate was built in.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The npm package `workerd` is a wrapper; the program is in the package of its platform.
fn installed(root: &Path) -> PathBuf {
    let platform = match (env::consts::OS, env::consts::ARCH) {
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-64",
        (_, "aarch64") => "linux-arm64",
        _ => "linux-64",
    };
    root.join(format!("node_modules/@cloudflare/workerd-{platform}/bin/workerd"))
}
