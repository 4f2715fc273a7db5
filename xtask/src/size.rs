//! `cargo xtask size`: gzipped sizes against their budgets.

use crate::build::{self, Mode};
use crate::tree;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use lexopt::Parser;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

pub(crate) const HELP: &str = "\
Shows gzipped sizes against their budgets, and fails when one is over

cargo xtask size

Builds what is deployed first. Sizes are of gzip -9; a KB is 1,000 bytes.
";

/// What a visitor or a deployment loads at once, and how much it may weigh.
struct Budget {
    what: &'static str,
    files: &'static [&'static str],
    bytes: usize,
}

/// DESIGN section 9. A part of the widget that is not built yet is not counted.
const BUDGETS: [Budget; 5] = [
    Budget { what: "Worker", files: &["build/worker.js", "build/kefu.wasm"], bytes: 700_000 },
    Budget { what: "client library", files: &["edge/web/dist/client.js"], bytes: 9_000 },
    Budget { what: "widget: loader", files: &["edge/web/dist/widget.js"], bytes: 3_000 },
    // With the largest of the catalogues: a visitor loads one.
    Budget {
        what: "widget: opening a chat",
        files: &[
            "edge/web/dist/widget.js",
            "edge/web/dist/widget/chat.js",
            "edge/web/dist/widget/texts/ar.js",
        ],
        bytes: 30_000,
    },
    Budget {
        what: "widget: with every lazy part",
        files: &["edge/web/dist/widget.js", "edge/web/dist/widget", "edge/web/dist/proof.js"],
        bytes: 70_000,
    },
];

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    build::all(Mode::Deployed)?;
    check()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the table.
///
/// # Errors
/// When something is over its budget, or cannot be read.
pub(crate) fn check() -> Result<()> {
    let mut table = String::new();
    let mut over = Vec::new();
    for budget in &BUDGETS {
        let Some(bytes) = weigh(budget)? else {
            continue;
        };
        let kilobytes = |bytes: usize| format!("{}.{}", bytes / 1000, bytes % 1000 / 100);
        writeln!(
            table,
            "  {:<30} {:>8} KB of {:>6} KB",
            budget.what,
            kilobytes(bytes),
            kilobytes(budget.bytes)
        )?;
        if bytes > budget.bytes {
            over.push(budget.what);
        }
    }
    print!("{table}");
    anyhow::ensure!(over.is_empty(), "over budget: {}", over.join(", "));
    Ok(())
}

/// The sum of what its files weigh, or nothing if one is not built.
fn weigh(budget: &Budget) -> Result<Option<usize>> {
    let mut sum = 0;
    for file in budget.files {
        let path = tree::path(file);
        if !path.exists() {
            return Ok(None);
        }
        sum += weighed(&path).with_context(|| format!("{file} cannot be read"))?;
    }
    Ok(Some(sum))
}

/// What a file weighs, or all that a folder holds.
fn weighed(path: &Path) -> Result<usize> {
    if !path.is_dir() {
        return gzipped(&fs::read(path)?);
    }
    fs::read_dir(path)?.map(|entry| weighed(&entry?.path())).sum()
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_weighs_little_and_noise_weighs_itself() {
        assert!(gzipped(&[7; 10_000]).unwrap() < 100);
        let next = |n: &u32| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let noise: Vec<u8> =
            std::iter::successors(Some(1), next).map(|n| n.to_be_bytes()[0]).take(1_000).collect();
        assert!(gzipped(&noise).unwrap() > 900);
    }
}
