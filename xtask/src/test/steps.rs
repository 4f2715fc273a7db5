//! The steps, in the order in which they tell most in the least time.

use super::{Skips, Step, purity, readme, sdks, serving, spin};
use crate::lint::{self, WASM_CRATES};
use crate::run::{self, cargo};
use crate::{build, size, soak, tools, tree};
use anyhow::{Result, ensure};
use kefu_test_host::{Options, Platform, Workerd};
use std::env;
use std::process::Command;

/// Tests of the built Worker on real workerd.
const ON_WORKERD: [&str; 5] =
    ["kefu-test-host", "kefu-conformance", "kefu-turns", "kefu-providers", "kefu-faults"];
/// The short form of `cargo xtask soak`: under a minute and a half in all.
const SOAKS: [&str; 2] =
    ["--clients 100 --minutes 0.6 --kill-every 7s --say-every 3s", "--wakes 500"];
/// Browser tests that a host can fail.
const ON_SPIN_TOO: [&str; 3] = ["chatting", "surviving", "widget-chatting"];
const BROWSER_TESTS: &str = "tests/browser/run.mjs";

pub(super) const STEPS: [Step; 18] = [
    step("fmt", "the code is formatted", |_| run::shown(lint::fmt(true))),
    step("clippy", "clippy has nothing to say of the native crates", |_| {
        run::shown(lint::clippy_native())
    }),
    step("clippy-wasm", "clippy has nothing to say of the wasm crates", |_| lint::clippy_wasm()),
    step("unit", "unit tests, and a thousand simulated worlds", |skips| {
        run::watched(unit(), |line| skips.note(line))
    }),
    step("purity", "the core has no clock, no randomness, no I/O, no async", |_| purity::check()),
    step("readme", "the commands of README.md exist", |_| readme::check()),
    // The step is the building itself.
    built("build", "the Worker and the static files build", |_| Ok(())),
    built("size", "nothing is over its budget", |_| size::check()),
    built("web", "types and tests of the client library, on a running host", web),
    built("workerd", "the contract, turns, crashes and sleep on workerd", |skips| {
        run::watched(on_workerd(), |line| skips.note(line))
    }),
    step("spin", "the manifest, the contract, turns and faults on the Spin host", spin::check),
    step("sdks", "the services' own SDKs read what our adapters read", sdks::check),
    built("litellm", "a gateway that others wrote, which breaks and limits", sdks::litellm),
    built("soak", "nothing is lost under SIGKILL and nothing is left of a wake, in short", |_| {
        SOAKS.iter().try_for_each(|line| run::shown(soak::soak(words(line))))
    }),
    built("browser", "the pages in a browser", |skips| browser(Platform::Cloudflare, &[], skips)),
    step("spin-browser", "the pages in a browser, on the Spin host", spin_browser),
    built("deploy", "wrangler takes the bundle (deploy --dry-run)", |_| run::shown(dry_run())),
    step("dev", "`cargo xtask dev` serves, quickly, and leaves nothing behind", |_| {
        serving::check()
    }),
];

const fn step(name: &'static str, what: &'static str, run: fn(&mut Skips) -> Result<()>) -> Step {
    Step { name, what, built: false, run }
}

const fn built(name: &'static str, what: &'static str, run: fn(&mut Skips) -> Result<()>) -> Step {
    Step { name, what, built: true, run }
}

fn unit() -> Command {
    let mut command = cargo(["test", "--workspace"]);
    let others = WASM_CRATES.iter().chain(&ON_WORKERD);
    command.args(others.flat_map(|name| ["--exclude", name]));
    command
}

fn on_workerd() -> Command {
    let mut command = cargo(["test"]);
    command.args(ON_WORKERD.iter().flat_map(|name| ["--package", name]));
    command
}

fn words(line: &str) -> impl Iterator<Item = String> {
    line.split(' ').map(str::to_owned)
}

fn web(skips: &mut Skips) -> Result<()> {
    let host = Workerd::start(&Options::default())?;
    let token = Options::default().vars.remove("KEFU_ADMIN_TOKEN").unwrap_or_default();
    let mut tests = tools::node("edge/web/test.mjs");
    tests.env("KEFU_HOST", host.url()).env("KEFU_ADMIN_TOKEN", token);
    let result = run::watched(tests, |line| skips.note(line));
    if result.is_err() {
        println!("{}", host.log());
    }
    result
}

/// Tests of the pages, by name, or all of them.
fn browser(platform: Platform, names: &[&str], skips: &mut Skips) -> Result<()> {
    ensure!(tree::path(BROWSER_TESTS).is_file(), "{BROWSER_TESTS} is not there");
    let Some(chromium) = chromium() else {
        skips.add("browser: no chromium in PATH, and CHROMIUM names none");
        return Ok(());
    };
    let mut tests = tools::node(BROWSER_TESTS);
    tests.args(names).env("CHROMIUM", chromium);
    if platform == Platform::Spin {
        tests.env("KEFU_TEST_HOST", "spin");
    }
    run::watched(tests, |line| skips.note(line))
}

/// What the pages do by themselves is the same on every host; these are about the host.
fn spin_browser(skips: &mut Skips) -> Result<()> {
    build::all_of_spin()?;
    println!("host: {}", build::spin_program()?);
    browser(Platform::Spin, &ON_SPIN_TOO, skips)
}

fn chromium() -> Option<String> {
    let named = env::var("CHROMIUM").ok();
    let usual = ["chromium", "chromium-browser", "google-chrome"];
    named.into_iter().chain(usual.map(str::to_owned)).find(|name| run::exists(name))
}

fn dry_run() -> Command {
    let mut command = tools::node("node_modules/wrangler/bin/wrangler.js");
    command.args(["deploy", "--dry-run", "--outdir"]).arg(tree::scratch("dry-run"));
    command.envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_HIDE_BANNER", "true")]);
    command
}
