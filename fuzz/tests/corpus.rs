//! What the fuzzers found worth keeping, and every fixture, holds.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use kefu_fuzz::TARGETS;
use std::fs;
use std::path::Path;

/// Every file of a folder, if there is one.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    paths.map(|path| fs::read(path).expect("a file")).collect()
}

#[test]
fn every_input_of_every_corpus_holds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = here.join("../tests/fixtures/providers");
    let folders: Vec<_> = ["coze", "dify", "fastgpt", "openai", "workersai"]
        .iter()
        .flat_map(|kind| files(&fixtures.join(kind)))
        .collect();
    assert!(folders.len() >= 54, "fixtures are missing");
    for (name, holds) in TARGETS {
        let kept = files(&here.join("corpus").join(name));
        kept.iter().chain(&folders).for_each(|input| holds(input));
    }
}
