//! Runs the component as `spin up` does, as far as the component can tell.
//!
//! Spin itself is in no registry. This host takes those of its commands that README.md names,
//! `spin build` and `spin up`, reads the same manifest and holds the component to it: variables
//! that are declared, databases and files that are granted, hosts that are let out to. It has what
//! of Spin the component imports, and wasmtime's own dispatcher, which Spin uses too, with Spin's
//! reuse of instances.

mod allowed;
mod command;
mod manifest;
mod options;
mod serve;
mod sqlite;
mod state;
mod variables;

use manifest::Manifest;
use options::{Order, Up};
use std::path::Path;
use std::process::Command;
use wasmtime::Result;
use wasmtime::error::{Context, bail};

fn main() -> Result<()> {
    match Order::read()? {
        Order::Build { from } => build(&from),
        Order::Run { command } => command::run(&command),
        Order::Up(up) => run(&up),
        Order::Version => {
            println!("kefu-spin-host {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}

/// The component's own command, in the manifest's folder.
fn build(from: &Path) -> Result<()> {
    let manifest = Manifest::read(from)?;
    let command = manifest.build.context("spin.toml has no [component.…build] command")?;
    let status = Command::new("sh").args(["-c", &command]).current_dir(manifest.folder).status()?;
    if status.success() { Ok(()) } else { bail!("{command}: {status}") }
}

fn run(up: &Up) -> Result<()> {
    let manifest = Manifest::read(&up.from)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve::serve(up, manifest))
}
