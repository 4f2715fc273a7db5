//! A host for tests that are not written in Rust: commands on standard input, answers on standard
//! output, a line each.
//!
//! It starts a workerd and says `ready URL`. `kill` kills it as a crash would and answers
//! `killed`; `restart` starts it on the same state and port and answers `ready URL`. It ends with
//! its standard input.
#![allow(clippy::print_stdout, reason = "standard output is what it is spoken to through")]

use kefu_test_host::{Options, StartError, Workerd};
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
    let mut workerd = Workerd::start(&Options::default())?;
    println!("ready {}", workerd.url());
    for command in stdin().lines().map_while(Result::ok) {
        match command.as_str() {
            "kill" => {
                workerd.kill();
                println!("killed");
            }
            "restart" => {
                workerd.restart()?;
                println!("ready {}", workerd.url());
            }
            other => println!("unknown {other}"),
        }
    }
    Ok(())
}
