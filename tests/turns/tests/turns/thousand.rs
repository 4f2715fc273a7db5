//! A thousand turns while providers fail in every way there is: each is answered in its budget.

use crate::RULE;
use kefu_turns::{Host, Provider, Script, Site};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TURNS: usize = 1_000;
const BUDGET: Duration = Duration::from_millis(1_500);
/// Beyond the budget: the machine is busy with all of them at once.
const GRACE: Duration = Duration::from_millis(1_500);

/// Waits are short, and neither the breaker nor a limit spares the provider a failure.
const POLICY: &str = r#"
[ai]
turn_budget = "1500ms"
quiet_window = "0s"
sticky = false
[limits]
sessions_per_address = "9999/min"
messages_per_visitor = "9999/min"
"#;
const PATIENT: &str = r#"
timeouts = { connect = "300ms", first_token = "400ms", idle = "400ms", total = "3s" }
circuit_breaker = { failure_threshold = 100, cooldown = "10ms" }
"#;

fn refusal(status: u16, code: &str) -> Script {
    Script::refusal(status, &json!({ "error": { "message": "no", "code": code } }))
}

/// Every way to fail after which a provider is left alone for a while.
fn lasting() -> Vec<Script> {
    vec![
        refusal(401, "invalid_api_key"),
        refusal(402, "insufficient_quota"),
        refusal(404, "model_not_found"),
        refusal(429, "rate_limit_exceeded"),
    ]
}

/// Every other way to fail.
fn failures() -> Vec<Script> {
    let head = || Script::default().head();
    let half = || head().text("Half an ");
    let error = json!({ "error": { "message": "overloaded", "type": "server_error" } });
    let thinking = json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "hm" } }] });
    vec![
        Script::silence(),
        Script::default(),
        Script::default().reset(),
        Script::default().bytes("garbage\r\n\r\n"),
        refusal(400, "bad_request"),
        refusal(400, "context_length_exceeded"),
        refusal(409, "busy"),
        refusal(500, "server_error"),
        refusal(503, "overloaded"),
        refusal(529, "overloaded"),
        head(),
        head().end(),
        head().hang(),
        head().reset(),
        head().frame(&error),
        head().frame(&thinking).hang(),
        head().bytes(": ping\n\n").hang(),
        head().bytes("data: {\"choices\": [\n\n"),
        head().bytes("<html>gateway</html>\n\n"),
        half(),
        half().hang(),
        half().reset(),
        half().frame(&error),
        half().bytes("data: {\"choices\": [\n\n"),
    ]
}

/// All of `scripts`, again and again, in an order that is the same in every run.
fn shuffled(scripts: &[Script], count: usize) -> Vec<Script> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap_or(0)
    };
    (0..count).map(|_| scripts[next() % scripts.len()].clone()).collect()
}

/// How long each turn took to its first text, and who answered.
async fn talk(site: &Site, count: usize) -> Vec<(Duration, Value)> {
    let mut socket = site.visitor().await.socket().await;
    let mut turns = Vec::new();
    for number in 0..count {
        let (begun, heard) = (Instant::now(), socket.heard.len());
        socket.say(&format!("k{number}"), "hi").await;
        let event = socket.answer().await;
        let shown = socket.heard[heard..].iter().find(|(_, frame)| {
            frame.get("delta").is_some() || frame["event"]["message"]["author"]["role"] == "BOT"
        });
        let at = shown.map_or_else(Instant::now, |(at, _)| *at);
        turns.push((at - begun, event["message"].clone()));
        assert!(!socket.heard.iter().any(|(_, frame)| frame.get("error").is_some()));
    }
    turns
}

async fn a_thousand(entries: &str) -> Vec<(Duration, Value)> {
    let host = Host::own();
    let site = host.site(&format!("{POLICY}{entries}{RULE}")).await;
    // A disk that is synced for every step takes fewer at once.
    let conversations = if host.is_spin() { 10 } else { 50 };
    let talks = (0..conversations).map(|_| talk(&site, TURNS / conversations));
    let all = futures_util::future::join_all(talks).await;
    let turns: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(turns.len(), TURNS);
    for (took, message) in &turns {
        assert!(*took < BUDGET + GRACE, "{took:?} {message}");
        assert_ne!(message["body"]["text"]["text"], "", "{message}");
    }
    turns
}

fn by(turns: &[(Duration, Value)], wanted: impl Fn(&Value) -> bool) -> usize {
    turns.iter().filter(|(_, message)| wanted(message)).count()
}

#[tokio::test]
async fn a_thousand_turns_against_a_provider_that_fails_at_random_are_answered_in_their_budget() {
    let mut scripts = failures();
    let good = scripts.len();
    scripts.extend((0..good).map(|_| Script::answer(&["well", " said"])));
    let first = Provider::playing(shuffled(&scripts, 20_000)).await;
    let second = Provider::playing(shuffled(&scripts, 20_000)).await;
    let entries = first.entry("first", PATIENT) + &second.entry("second", PATIENT);
    let turns = a_thousand(&entries).await;
    let whole = by(&turns, |message| message["provider"]["outcome"] == "COMPLETED");
    assert!(whole > turns.len() / 2, "{whole} of {} by a provider", turns.len());
}

#[tokio::test]
async fn a_thousand_turns_are_answered_when_every_provider_fails_every_time() {
    let scripts = [failures(), lasting()].concat();
    let first = Provider::playing(shuffled(&scripts, 20_000)).await;
    let second = Provider::playing(shuffled(&failures(), 20_000)).await;
    let entries = first.entry("first", PATIENT) + &second.entry("second", PATIENT);
    let turns = a_thousand(&entries).await;
    assert_eq!(by(&turns, |message| message["provider"]["outcome"] == "COMPLETED"), 0);
    assert!(by(&turns, |message| message["rule"]["name"] == "rescue") > 0);
}
