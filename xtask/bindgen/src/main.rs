//! `kefu-bindgen IN.wasm OUT_DIR`: writes `kefu.js` and `kefu_bg.wasm`.
//!
//! It is a crate of its own so that `cargo xtask` compiles without it.

use anyhow::{Context, Result, bail};
use std::env;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        bail!("usage: kefu-bindgen IN.wasm OUT_DIR");
    };
    Bindgen::new()
        .input_path(input)
        .out_name("kefu")
        // `initSync` takes the module that workerd has compiled.
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        // How edge/worker/entry.js starts afresh after a trap.
        .reset_state_function(true)
        .generate(output)
        .with_context(|| format!("wasm-bindgen cannot process {input}"))
}
