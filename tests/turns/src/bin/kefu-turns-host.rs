//! A host for tests that are not written in Rust: commands on standard input, answers on standard
//! output, a line each.
//!
//! It starts a workerd, or with `KEFU_TEST_HOST=spin` the Spin host, and says `ready URL`. `kill` kills it as a crash would and answers
//! `killed`; `restart` starts it on the same state and port and answers `ready URL`. It ends with
//! its standard input.
#![allow(clippy::print_stdout, reason = "standard output is what it is spoken to through")]

use kefu_test_host::{Options, Running, StartError};
use std::io::stdin;
use std::process::ExitCode;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), StartError> {
    let mut host = Running::start(&Options::default())?;
    println!("ready {}", host.url());
    for command in stdin().lines().map_while(Result::ok) {
        match command.as_str() {
            "kill" => {
                host.kill();
                println!("killed");
            }
            "restart" => {
                host.restart()?;
                println!("ready {}", host.url());
            }
            other => println!("unknown {other}"),
        }
    }
    Ok(())
}
