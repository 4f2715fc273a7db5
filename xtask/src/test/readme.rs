//! The commands that README.md tells people to type.

use crate::{COMMANDS, tree};
use anyhow::{Context, Result, ensure};
use std::fs;

/// Checks that every `cargo xtask` line of a code block is a command with options that it has.
///
/// # Errors
/// When one is not, or there is none at all.
pub(super) fn check() -> Result<()> {
    let readme = fs::read_to_string(tree::path("README.md")).context("README.md")?;
    let lines = xtask_lines(&readme);
    ensure!(!lines.is_empty(), "README.md shows no `cargo xtask` command");
    lines.iter().try_for_each(|line| exists(line))
}

fn xtask_lines(readme: &str) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in readme.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside {
            lines.extend(line.trim_start_matches("$ ").strip_prefix("cargo xtask "));
        }
    }
    lines
}

pub(super) fn exists(line: &str) -> Result<()> {
    let words = line.split('#').next().unwrap_or_default().split_whitespace();
    let (options, names): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with("--"));
    let name = names.first().copied().unwrap_or_default();
    let command = COMMANDS.iter().find(|command| command.name == name);
    let help = command.with_context(|| format!("`cargo xtask {line}`: no such command"))?.help;
    for option in options {
        let known =
            help.split_whitespace().any(|word| word.trim_matches(['[', ']', '.']) == option);
        ensure!(known, "`cargo xtask {line}`: no option {option}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_blocks_count() {
        let readme = "cargo xtask one\n```sh\n$ cargo xtask two --x\nls\n```\ncargo xtask three\n";
        assert_eq!(xtask_lines(readme), ["two --x"]);
    }

    #[test]
    fn commands_and_options_that_do_not_exist_are_found() {
        for (line, good) in [
            ("dev", true),
            ("dev --port 8787 --demo-ai  # with streaming", true),
            ("test --only unit", true),
            ("serve", false),
            ("dev --prot 8787", false),
        ] {
            assert_eq!(exists(line).is_ok(), good, "{line}");
        }
    }
}
