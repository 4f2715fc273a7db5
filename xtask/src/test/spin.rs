//! What holds on Cloudflare's host, on Spin's: on Spin itself where there is a `spin`, else on the
//! test host, which every machine has.

use super::{Skips, manifest, spin_up};
use crate::run::{self, cargo};
use crate::{build, tree};
use anyhow::{Context, Result};
use std::fs;

/// The suites, and where each names what only Cloudflare's host can do.
const SUITES: [(&str, &str); 4] = [
    ("kefu-conformance", "tests/conformance/cloudflare-only.txt"),
    ("kefu-turns", "tests/turns/cloudflare-only.txt"),
    ("kefu-providers", "tests/providers/cloudflare-only.txt"),
    ("kefu-faults", "tests/faults/cloudflare-only.txt"),
];

/// The one that has tests of Spin's database too.
const LOOKS_INSIDE: &str = "kefu-faults";

/// Checks the manifest, runs what README.md says, then all tests that the host can pass.
///
/// # Errors
/// When one fails.
pub(super) fn check(skips: &mut Skips) -> Result<()> {
    build::all_of_spin()?;
    manifest::check()?;
    let program = build::spin_program()?;
    println!("host: {program}");
    spin_up::check(&program)?;
    let mut told = Vec::new();
    for (package, list) in SUITES {
        let others = others(list)?;
        let passed = suite(package, &others, skips)?;
        told.push(format!(
            "{package}: {passed} tests on both hosts; {} only on cloudflare, named in {list}",
            others.len()
        ));
    }
    told.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// The tests of a list, one a line.
fn others(list: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(tree::path(list)).with_context(|| list.to_owned())?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

/// Runs one suite; gives how many of its tests passed.
fn suite(package: &str, others: &[String], skips: &mut Skips) -> Result<u32> {
    let mut tests = cargo(["test", "--tests", "--package", package]);
    if package == LOOKS_INSIDE {
        tests.args(["--features", "spin"]);
    }
    tests.args(["--", "--exact"]);
    for name in others {
        tests.args(["--skip", name]);
    }
    tests.env("KEFU_TEST_HOST", "spin");
    let mut passed = 0;
    run::watched(tests, |line| {
        skips.note(line);
        passed += passing(line).unwrap_or(0);
    })?;
    Ok(passed)
}

/// How many tests a line `test result: ok. 12 passed; …` tells of.
fn passing(line: &str) -> Option<u32> {
    let (before, _) = line.strip_prefix("test result: ")?.split_once(" passed")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_is_counted_by_cargos_own_words() {
        assert_eq!(passing("test result: ok. 12 passed; 0 failed; 1 ignored"), Some(12));
        assert_eq!(passing("test a::b ... ok"), None);
    }
}
