//! `kefu-soak`: clients that talk while the process under them is killed again and again, and
//! objects that wake and fall asleep by the thousand. It counts, and fails unless nothing was lost.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a soak is outside the deterministic core: it reads clocks, and stops where it cannot go on"
)]

mod clerk;
mod count;
mod crowd;
mod kills;
mod options;
mod report;
mod talk;
mod wakes;

use anyhow::{Context, Result, ensure};
use options::Options;
use std::fs;
use std::process::ExitCode;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kefu-soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(options) = Options::read(lexopt::Parser::from_env())? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    let runtime = Runtime::new()?;
    let (table, sound) = match options.wakes {
        Some(wakes) => {
            let measured = runtime.block_on(wakes::measure(wakes))?;
            (report::wakes(&measured), measured.levels_off())
        }
        None => {
            let soaked = runtime.block_on(kills::soak(&options));
            (report::soak(&options, &soaked), soaked.count.is_sound())
        }
    };
    let file = kefu_test_host::workspace().join("target/soak.md");
    fs::write(&file, &table).with_context(|| file.display().to_string())?;
    print!("{table}");
    ensure!(sound, "this is not what was promised");
    Ok(())
}
