//! The conformance suite: what every host must do, one file a subject.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests measure time, and end where something is wrong"
)]

mod agents;
mod amending;
mod challenges;
mod configuration;
mod configuration_faults;
mod frames;
mod gateway;
mod handoff;
mod history;
mod limits;
mod messages;
mod metrics;
mod operator;
mod origins;
mod owning;
mod privacy;
mod rating;
mod recovery;
mod routes;
mod rules;
mod secrets;
mod session;
mod sockets;
mod streams;
mod uploads;

use kefu_conformance::{Host, Site, Visitor};
use serde_json::json;

/// Rules answer at once, so that a test does not wait for further messages of a question.
const QUICK: &str = "[ai]\nquiet_window = '0s'\n";
/// Without the limits that a test would meet.
const UNLIMITED: &str =
    "[limits]\nmessages_per_visitor = '10000/min'\nsessions_per_address = '10000/min'\n";

/// The host that all tests share.
fn host() -> Host {
    Host::shared(concat!(env!("CARGO_TARGET_TMPDIR"), "/conformance"))
}

/// A site without AI, with these rules.
async fn site_with(rules: &str) -> Site {
    host().site(&format!("{QUICK}{UNLIMITED}{rules}")).await
}

/// A site without rules or AI.
async fn site() -> Site {
    site_with("").await
}

/// A visitor whom neither AI nor rules answer: the log's first event is the hand-off.
async fn handed_off(site: &Site) -> Visitor {
    let visitor = site.visitor().await;
    visitor.post("handoff", &json!({"key": "handoff", "reason": ""})).await.ok();
    visitor
}
