//! Runs a component that is a command, such as a benchmark that is to be measured as wasm.

use std::path::Path;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::{Context, bail};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What it has of the world: clocks, and where its output goes.
struct Bare {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Runs it to its end.
pub(crate) fn run(source: &Path) -> Result<()> {
    let engine = Engine::default();
    let component = Component::from_file(&engine, source)
        .with_context(|| format!("{} is no component", source.display()))?;
    let mut linker = Linker::<Bare>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let wasi = WasiCtx::builder().inherit_stdout().inherit_stderr().build();
    let mut store = Store::new(&engine, Bare { table: ResourceTable::new(), wasi });
    let command = Command::instantiate(&mut store, &component, &linker)?;
    match command.wasi_cli_run().call_run(&mut store)? {
        Ok(()) => Ok(()),
        Err(()) => bail!("{} failed", source.display()),
    }
}
