//! `cargo xtask mutate`: breaks the core on purpose, and sees whether the simulator notices.

use crate::progress::seconds;
use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

pub(crate) const HELP: &str = "\
Breaks the core in every listed way; fails where the simulator misses one

cargo xtask mutate [--only WORDS]... [--list]

  --only WORDS   only mutations whose name has these words; may be given several times
  --list         shows the mutations

Works on a copy in target/mutate; the checkout stays as it is. tests/sim/mutations.toml is the
list. Takes about five seconds a mutation that is noticed.
";

const LIST: &str = "tests/sim/mutations.toml";
/// What the simulator is made of.
const PARTS: [&str; 5] = ["Cargo.lock", "config", "proto", "shared", "tests/sim"];
/// Its tests, those first that notice most in the least time.
const TESTS: [&str; 5] = ["shared", "seeds", "races", "away", "crashes"];

/// A way to break the core.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    name: String,
    /// The promise that is expected to be found broken.
    breaks: String,
    file: PathBuf,
    /// Stands exactly once in the file.
    find: String,
    replace: String,
}

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let (mut mutations, mut only) = (read()?, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("only") => only.push(arguments.value()?.string()?),
            Arg::Long("list") => return Ok(list(&mutations)),
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => {
                return Err(argument.unexpected().into());
            }
        }
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|words| name.contains(words));
    mutations.retain(|mutation| wanted(&mutation.name));
    ensure!(!mutations.is_empty(), "no mutation has that name; --list shows them");
    copy()?;
    ensure!(verdict()?.is_none(), "the simulator fails as it is: cargo test -p kefu-sim");
    let caught = mutations.iter().map(attempt).collect::<Result<Vec<_>>>()?;
    let missed = caught.iter().filter(|caught| !**caught).count();
    println!("{} mutations, {missed} not noticed", mutations.len());
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read() -> Result<Vec<Mutation>> {
    let text = fs::read_to_string(tree::path(LIST)).context(LIST)?;
    let list: List = toml::from_str(&text).context(LIST)?;
    Ok(list.mutation)
}

fn list(mutations: &[Mutation]) -> ExitCode {
    for Mutation { name, breaks, file, .. } in mutations {
        println!("  {breaks:<16} {name} ({})", file.display());
    }
    ExitCode::SUCCESS
}

/// Whether the simulator notices a mutation.
fn attempt(mutation: &Mutation) -> Result<bool> {
    let begun = Instant::now();
    let path = scratch("tree").join(&mutation.file);
    let sound = fs::read_to_string(&path)?;
    fs::write(&path, mutation.apply(&sound)?)?;
    let verdict = verdict();
    fs::write(&path, sound)?;
    let found = verdict.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        None
    });
    println!("{}", mutation.line(found.as_deref(), &seconds(begun.elapsed())));
    Ok(found.is_some())
}

impl Mutation {
    /// What the table tells of it.
    fn line(&self, found: Option<&str>, took: &str) -> String {
        let by = found.unwrap_or("NOT NOTICED");
        let expected = match found {
            Some(found) if found != self.breaks => format!("  expected: {}", self.breaks),
            _ => String::new(),
        };
        format!("  {by:<16} {:<64} {took:>8}{expected}", self.name)
    }

    fn apply(&self, text: &str) -> Result<String> {
        let times = text.matches(&self.find).count();
        ensure!(
            times == 1,
            "{}: `find` stands {times} times in {}",
            self.name,
            self.file.display()
        );
        Ok(text.replacen(&self.find, &self.replace, 1))
    }
}

/// What the simulator says of the copy: the promise that it found broken, if any.
fn verdict() -> Result<Option<String>> {
    for test in TESTS {
        let output = cargo(&["test", "--package", "kefu-sim", "--test", test]).output()?;
        if output.status.success() {
            continue;
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let broken = text.split("violates ").nth(1).and_then(|rest| rest.split([' ', ':']).next());
        if broken.is_none() && !text.contains("test result: FAILED") {
            bail!("it does not build:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        return Ok(Some(broken.unwrap_or("a test").to_owned()));
    }
    Ok(None)
}

/// The copy's cargo, which keeps what it builds for the next mutation.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(scratch("tree"));
    command.env("CARGO_TARGET_DIR", scratch("target")).env("RUST_BACKTRACE", "0");
    command
}

/// Brings the copy up to date.
fn copy() -> Result<()> {
    for part in PARTS {
        copy_all(&tree::path(part), &scratch("tree").join(part))?;
    }
    let manifest = fs::read_to_string(tree::path("Cargo.toml"))?;
    let lines = manifest.lines().map(|line| match line {
        line if line.starts_with("members = ") => r#"members = ["proto", "shared", "tests/sim"]"#,
        line if line.starts_with("default-members = ") => "",
        line if line.starts_with("[profile.dev.package.kefu-xtask]") => "[profile.dev]",
        line => line,
    });
    write_new(&scratch("tree/Cargo.toml"), lines.collect::<Vec<_>>().join("\n").as_bytes())
}

/// Copies what differs, so that cargo builds only what did.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return write_new(to, &fs::read(from).with_context(|| from.display().to_string())?);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

fn scratch(below: &str) -> PathBuf {
    tree::path("target/mutate").join(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_finds_its_place_and_breaks_something_else() {
        let mutations = read().unwrap();
        for mutation in &mutations {
            let text = fs::read_to_string(tree::path(&mutation.file)).unwrap();
            assert_ne!(mutation.apply(&text).unwrap(), text, "{}", mutation.name);
        }
        let mut names: Vec<_> = mutations.iter().map(|mutation| &mutation.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), mutations.len(), "names are unique");
    }
}
