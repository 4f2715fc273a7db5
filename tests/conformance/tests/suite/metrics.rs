//! `GET /metrics`: for the operator, and true.

use crate::{host, site};
use kefu_conformance::Answer;
use reqwest::Method;
use serde_json::json;

/// The sum of a metric over its labels.
fn value(text: &str, name: &str) -> f64 {
    let lines = text
        .lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

async fn read() -> String {
    let answer = Answer::of(host().as_operator(Method::GET, "/metrics")).await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert_eq!(answer.status, 200);
    answer.text
}

#[tokio::test]
async fn what_happened_is_counted() {
    let before = read().await;
    let visitor = site().await.visitor().await;
    visitor.say("a", "hello").await;
    visitor.post("messages", &json!({"key": "a", "text": "hello"})).await.with_status(202);
    let after = read().await;
    for (name, least) in [
        ("kefu_events_total", 1.0),
        ("kefu_duplicates_total", 1.0),
        ("kefu_wakes_total", 1.0),
        ("kefu_rows_written_total", 2.0),
        ("kefu_step_seconds_count", 2.0),
    ] {
        let grown = value(&after, name) - value(&before, name);
        assert!(grown >= least, "{name} grew by {grown}");
    }
    assert!(value(&after, "kefu_wasm_memory_bytes") > 0.0);
}

#[tokio::test]
async fn it_is_for_the_operator() {
    Answer::of(host().request(Method::GET, "/metrics")).await.refused(401, "unauthorized");
    let visitor = site().await.visitor().await;
    let request = host().request(Method::GET, "/metrics").bearer_auth(&visitor.token);
    Answer::of(request).await.refused(403, "forbidden");
    let agent = site().await.agent("Ming").await;
    let request = host().request(Method::GET, "/metrics").bearer_auth(&agent.token);
    Answer::of(request).await.refused(403, "forbidden");
}
