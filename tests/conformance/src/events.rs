//! Looking into events.

use serde_json::Value;

/// The seqs of events.
pub fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

/// Fails unless the events are `first`, the next, … up to `last`.
#[track_caller]
pub fn dense(events: &[Value], first: u64, last: u64) {
    assert_eq!(seqs(events), (first..=last).collect::<Vec<_>>());
}

/// The texts of messages, quick replies' too; `-` for other events.
pub fn texts(events: &[Value]) -> Vec<&str> {
    events.iter().map(text_of).collect()
}

fn text_of(event: &Value) -> &str {
    let body = &event["message"]["body"];
    let text = body["text"]["text"].as_str().or(body["quickReplies"]["text"].as_str());
    text.unwrap_or("-")
}

/// The role of a message's author.
pub fn author(event: &Value) -> &str {
    event["message"]["author"]["role"].as_str().unwrap_or_default()
}

/// The key under which a message was sent.
pub fn key_of(event: &Value) -> &str {
    event["message"]["key"].as_str().unwrap_or_default()
}

/// The name of the rule that a message is of.
pub fn rule_of(event: &Value) -> &str {
    event["message"]["rule"]["name"].as_str().unwrap_or_default()
}
