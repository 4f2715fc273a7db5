//! The invariants of the core (ARCHITECTURE.md) that a machine can check.

use crate::run::{self, cargo};
use crate::tree;
use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

const CORE: [&str; 2] = ["proto", "shared"];
const TARGET: &str = "wasm32-unknown-unknown";
const TEST: &str = "#[cfg(test)]";
/// Crates that know a host, a clock, randomness or an executor.
const HOSTS: [&str; 13] = [
    "worker",
    "worker-sys",
    "spin-sdk",
    "wasm-bindgen",
    "js-sys",
    "web-sys",
    "tokio",
    "futures",
    "async-std",
    "rand",
    "getrandom",
    "time",
    "chrono",
];
/// What the core's own sources do not say, outside comments and tests.
const WORDS: [&str; 8] = [
    "async fn",
    "async move",
    ".await",
    "SystemTime",
    "Instant::now",
    "HashMap",
    "HashSet",
    "std::fs",
];

/// Checks dependencies, sources, and what the built wasm imports.
///
/// # Errors
/// When one does not hold.
pub(super) fn check() -> Result<()> {
    for part in CORE {
        let package = format!("kefu-{part}");
        dependencies(&package)?;
        sources(&tree::path(part).join("src"))?;
        imports(&package)?;
    }
    Ok(())
}

fn dependencies(package: &str) -> Result<()> {
    let arguments = ["tree", "--edges", "normal", "--prefix", "none", "--target", TARGET];
    let mut command = cargo(arguments);
    command.args(["--package", package]);
    let tree = run::read(command)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let hosts: Vec<_> = names.filter(|name| HOSTS.contains(name)).collect();
    ensure!(hosts.is_empty(), "{package} depends on {}", hosts.join(", "));
    Ok(())
}

fn sources(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    read_all(folder, &mut files)?;
    let tests: Vec<_> = files.iter().flat_map(|(_, source)| test_modules(source)).collect();
    for (path, source) in &files {
        let name = path.file_stem().unwrap_or_default();
        let of_tests = tests.iter().any(|test| name == OsStr::new(test));
        if let (false, Some((line, word))) = (of_tests, impurity(source)) {
            bail!("{}:{line}: `{word}` is not for the core", path.display());
        }
    }
    Ok(())
}

fn read_all(folder: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path)?;
            files.push((path, source));
        }
    }
    Ok(())
}

/// The modules in files of their own that only tests have: `#[cfg(test)]` and `mod name;`.
fn test_modules(source: &str) -> Vec<&str> {
    let mut lines = source.lines();
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        if line == TEST {
            let declared = lines.next().and_then(|line| line.strip_suffix(';'));
            names.extend(declared.and_then(|line| line.split_whitespace().last()));
        }
    }
    names
}

/// The first line, counted from 1, that says what the core may not. Tests stand at a file's end,
/// or in files of their own.
fn impurity(source: &str) -> Option<(usize, &'static str)> {
    let mut lines = source.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if line == TEST && !lines.next().is_some_and(|(item, _)| item.ends_with(';')) {
            return None;
        }
        let code = line.split("//").next().unwrap_or_default();
        if let Some(word) = WORDS.into_iter().find(|word| code.contains(word)) {
            return Some((number, word));
        }
    }
    None
}

/// Builds the crate as a wasm module with nothing thrown away, and reads what it imports.
fn imports(package: &str) -> Result<()> {
    let target = tree::path("target");
    let mut build = cargo(["rustc", "--quiet", "--lib", "--crate-type", "cdylib"]);
    build.args(["--package", package, "--target", TARGET, "--target-dir"]).arg(&target);
    // Unused functions are what another crate will call: the linker keeps them.
    build.args(["--", "-C", "link-arg=--no-gc-sections", "-C", "link-dead-code"]);
    run::shown(build)?;
    let file =
        target.join(TARGET).join("debug").join(format!("{}.wasm", package.replace('-', "_")));
    let wasm = fs::read(&file).with_context(|| format!("{}", file.display()))?;
    let count = count_imports(&wasm).with_context(|| format!("{} is not wasm", file.display()))?;
    ensure!(count == 0, "{package} as wasm has {count} imports");
    Ok(())
}

/// How many imports a module has (WebAssembly core specification 5.5: a section is its id, its
/// size and its contents; that of the imports has id 2 and begins with their number).
fn count_imports(wasm: &[u8]) -> Option<u32> {
    let mut rest = wasm.strip_prefix(b"\0asm\x01\0\0\0")?;
    while let Some((&id, after)) = rest.split_first() {
        let (size, contents) = leb128(after)?;
        if id == 2 {
            return leb128(contents).map(|(count, _)| count);
        }
        rest = contents.get(size as usize..)?;
    }
    Some(0)
}

/// An unsigned LEB128 number, and what follows it.
fn leb128(mut bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_counted() {
        let header = b"\0asm\x01\0\0\0";
        let types = [1, 4, 1, 0x60, 0, 0];
        let import = [2, 7, 1, 1, b'a', 1, b'b', 0, 0];
        let count = |parts: &[&[u8]]| count_imports(&parts.concat());
        assert_eq!(count(&[header]), Some(0));
        assert_eq!(count(&[header, &types]), Some(0));
        assert_eq!(count(&[header, &types, &import]), Some(1));
        assert_eq!(count(&[header, &[1, 0x80]]), None, "it breaks off");
        assert_eq!(count(&[b"not wasm"]), None);
    }

    #[test]
    fn modules_of_tests_are_known_by_their_declaration() {
        let source = "mod a;\n#[cfg(test)]\npub(crate) mod b;\n#[cfg(test)]\nmod tests {\n";
        assert_eq!(test_modules(source), ["b"]);
    }

    #[test]
    fn code_counts_and_comments_and_tests_do_not() {
        for (source, found) in [
            ("fn a() {}\nasync fn b() {}", Some((2, "async fn"))),
            ("use std::time::SystemTime;", Some((1, "SystemTime"))),
            ("// an async fn\n/// HashMap\nfn a() {} // .await", None),
            ("fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }", None),
            ("#[cfg(test)]\nmod replay;\nuse std::fs;", Some((3, "std::fs"))),
        ] {
            assert_eq!(impurity(source), found, "{source}");
        }
    }
}
