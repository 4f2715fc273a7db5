//! `cargo xtask provider record`: keeps a real exchange with an AI service as a fixture.
#![allow(clippy::disallowed_methods, reason = "reads its environment")]

use anyhow::{Context, Result};
use kefu_providers::{Order, record};
use lexopt::{Arg, Parser, ValueExt};
use std::env;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let order = order(Parser::from_env())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let path = runtime.block_on(record(&order))?;
    println!("{}", path.display());
    println!("{}", path.with_extension("expected.json").display());
    println!(
        "Read both before you commit them: what was said is kept, and what is expected is what"
    );
    println!(
        "was read. Mend it where that is wrong; the tests then fail until the adapter reads it."
    );
    Ok(())
}

fn order(mut arguments: Parser) -> Result<Order> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/providers");
    let mut order = Order { ask: "你好".to_owned(), to: fixtures, ..Order::default() };
    while let Some(argument) = arguments.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected().into()) };
        let name = name.to_owned();
        let value = arguments.value()?.string()?;
        match name.as_str() {
            "kind" => order.kind = value,
            "name" => order.name = value,
            "note" => order.note = value,
            "url" => order.url = Some(value),
            "set" => order.more.push(value),
            "ask" => order.ask = value,
            "key-env" => order.key = Some(secret(&value)?),
            "secret-env" => order.secrets.push(secret(&value)?),
            "id" => order.ids.push(value),
            "to" => order.to = PathBuf::from(value),
            _ => return Err(Arg::Long(&name).unexpected().into()),
        }
    }
    Ok(order)
}

/// From the environment: a command line is in the history of a shell.
fn secret(variable: &str) -> Result<String> {
    let value = env::var(variable).with_context(|| format!("the variable {variable}"))?;
    Ok(value.trim().to_owned())
}
