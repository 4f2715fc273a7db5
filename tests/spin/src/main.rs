//! Runs the component as `spin up` does, as far as the component can tell.
//!
//! Spin itself is in no registry. This host has what of it the component imports: wasi, SQLite and
//! variables, and wasmtime's own dispatcher, which Spin uses too, with Spin's reuse of instances.
//! It does not enforce allowed hosts unless it is told to.

mod options;
mod serve;
mod sqlite;
mod state;
mod variables;

use options::Options;
use wasmtime::Result;

fn main() -> Result<()> {
    let options = Options::read()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve::serve(options))
}
