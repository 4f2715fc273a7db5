//! What an operator counts of providers, on a running host.

use crate::AT_ONCE;
use kefu_turns::{Host, PATIENCE, Provider, Script};
use serde_json::json;
use std::time::Instant;

/// The sum of what is counted under that name with all of these labels.
fn value(text: &str, name: &str, labels: &[&str]) -> f64 {
    let named = text.lines().filter(|line| line.starts_with(&format!("kefu_provider_{name}{{")));
    let wanted = named.filter(|line| labels.iter().all(|label| line.contains(label)));
    wanted.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// The metrics once that much is counted: a guard hears of an attempt after the visitor.
async fn settled(host: &Host, name: &str, labels: &[&str], least: f64) -> String {
    let begun = Instant::now();
    loop {
        let text = host.metrics().await;
        if value(&text, name, labels) >= least {
            return text;
        }
        assert!(begun.elapsed() < PATIENCE, "no {name} of {labels:?}:\n{text}");
    }
}

#[tokio::test]
async fn what_happened_with_each_provider_is_in_the_metrics() {
    let refusal = json!({ "error": { "message": "oops", "type": "server_error" } });
    let first = Provider::playing([Script::refusal(500, &refusal)]).await;
    let second = Provider::playing([Script::answer(&["from the second"])]).await;
    let entries = [
        first.entry("first", "circuit_breaker = { failure_threshold = 1 }"),
        second.entry("second", "price = { input = 1, output = 2 }"),
    ];
    // The counters are the host's: nobody else may count on it.
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}sticky = false\n{}", entries.concat())).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    socket.answer().await;
    settled(&host, "breaker_changes_total", &["\"first\"", "\"open\""], 1.0).await;
    socket.say("k2", "and?").await;
    socket.answer().await;
    let text = settled(&host, "outcomes_total", &["\"second\""], 2.0).await;
    for (name, labels, counted) in [
        ("requests_total", &["\"first\""][..], 1.0),
        ("outcomes_total", &["\"first\"", "\"upstream\""], 1.0),
        ("failovers_total", &["\"first\""], 1.0),
        ("skips_total", &["\"first\"", "\"open\""], 1.0),
        ("breaker", &["\"first\""], 2.0),
        ("requests_total", &["\"second\""], 2.0),
        ("context_total", &["\"second\"", "\"rounds\""], 1.0),
        ("outcomes_total", &["\"second\"", "\"ok\""], 2.0),
        ("first_text_seconds_count", &["\"second\""], 2.0),
        ("answer_seconds_count", &["\"second\""], 2.0),
        ("breaker", &["\"second\""], 0.0),
    ] {
        assert_eq!(value(&text, name, labels), counted, "{name} of {labels:?} in\n{text}");
    }
    assert!(host.log().contains("/first: closed to open"), "the operator is told");
}
