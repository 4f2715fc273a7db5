//! What can be wrong with a deployment on Spin: its database, its variables, its outbound hosts.
//! Whoever asks gets a problem that says so, the operator one line that says how to mend it, and
//! once it is mended the same process serves on with nothing lost.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod backup;
mod database;
mod disk;
mod handing_over;
mod leaving;
mod operator;
mod requests;
mod script;

use kefu_test_host::{Options, Platform, Running};
use kefu_turns::{Host, Visitor};
use serde_json::{Value, json};
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

/// No waiting for further messages, and no limit that a test would run into.
const AT_ONCE: &str = "[ai]\nquiet_window = \"0s\"\n[limits]\nmessages_per_visitor = \"10000/s\"\nsessions_per_address = \"10000/s\"\n";
/// Answers everything when no provider does.
const RULE: &str = "[[rules]]\nname = \"rescue\"\nreply = \"by rule\"\n";

fn options() -> Options {
    Options { platform: Platform::Spin, ..Options::default() }
}

/// Where a host keeps its database.
fn database(host: &Host) -> PathBuf {
    match &*host.running() {
        Running::Spin(spin) => spin.database(),
        Running::Workerd(_) => panic!("this is about Spin"),
    }
}

/// A connection of somebody else.
fn open(database: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(database).expect("a database")
}

/// Posts a message; gives status and body.
async fn say(visitor: &Visitor, key: &str) -> (u16, Value) {
    visitor.act("messages", &json!({ "key": key, "text": "hello" })).await
}

/// The keys of a visitor's own messages.
async fn keys(visitor: &Visitor) -> Vec<String> {
    let log = visitor.log().await;
    let keys = log.iter().filter_map(|event| event["message"]["key"].as_str());
    keys.map(str::to_owned).collect()
}

/// How many lines of a host's log say that.
fn told(host: &Host, words: &str) -> usize {
    host.log().lines().filter(|line| line.contains(words)).count()
}

/// Instances serve 128 requests each, and each tells a thing once: this is few for any test here.
const FEW: usize = 12;

/// A problem with that status and code, and with a time to come back exactly where waiting helps.
fn check_problem(answer: &(u16, Value), status: u16, code: &str, part: &str) {
    let (got, body) = answer;
    assert_eq!((*got, &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!(body["retryAfterMs"].is_number(), status == 503, "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{body}");
}

/// Says why a test does nothing; not `println`, which the test runner keeps to itself.
fn skip(test: &str, why: &str) {
    // Who does not read it does not miss it.
    let _ = writeln!(stdout(), "{test} # SKIP {why}");
}
