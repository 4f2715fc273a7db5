//! There is no space left.

use crate::{AT_ONCE, RULE};
use kefu_faults::{Client, Pace, Tmpfs, whole_log};
use kefu_test_host::Options;
use kefu_turns::{Host, Visitor};
use serde_json::{Value, json};
use std::io::{Write, stdout};

/// Says why a test does nothing; not `println`, which the test runner keeps to itself.
fn skip(test: &str, why: &str) {
    // Who does not read it does not miss it.
    let _ = writeln!(stdout(), "{test} # SKIP {why}");
}

/// Files have some room left in the blocks that they have: says things until one is refused, and
/// gives the refusal.
async fn use_up(visitor: &Visitor) -> Value {
    for number in 0..200 {
        let body = json!({ "key": format!("f{number}"), "text": "x".repeat(4_000) });
        let (status, reply) = visitor.act("messages", &body).await;
        if status != 202 {
            assert_eq!((status, &reply["code"]), (503, &json!("unavailable")), "{reply}");
            return reply;
        }
    }
    panic!("the disk is not full");
}

/// The keys of the client's own messages in a log.
fn own(log: &[Value]) -> Vec<&str> {
    let keys = log.iter().filter_map(|event| event["message"]["key"].as_str());
    keys.filter(|key| key.starts_with('k')).collect()
}

#[tokio::test]
async fn a_full_disk_refuses_messages_loses_none_and_needs_no_restart() {
    let Some(disk) = Tmpfs::mount("full-disk", 16) else {
        return skip("full_disk", "a small file system cannot be mounted here without root");
    };
    let host = Host::with(Options::default().state(disk.path().join("state")));
    let (visitor, pid) = (host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await, host.pid());
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    for number in 1..=5 {
        client.say(&format!("before {number}"));
    }
    client.answered().await;
    disk.fill().unwrap();
    let refused = use_up(&visitor).await;
    assert!(refused["retryAfterMs"].is_number(), "{refused}");
    client.say("while it is full");
    client.until("a try that fails", |held| !held.downs.is_empty()).await;
    let known = client.look(|held| held.party.screen.events.clone());
    disk.make_room().unwrap();
    client.say("after");
    client.settled().await;
    let log = whole_log(&visitor).await;
    assert_eq!(log[..known.len()], known, "what was shown is there");
    client.look(|held| assert_eq!(held.party.screen.events, log));
    client.look(|held| assert_eq!(own(&log), held.party.written()));
    assert_eq!(host.pid(), pid);
    assert!(host.running().ended().unwrap().is_none(), "the same process serves on");
}
