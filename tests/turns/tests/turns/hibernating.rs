//! Nobody speaks for a while: the object leaves memory, the clients stay.
//!
//! With KEFU_DEBUG the log has a line whenever an object is made. A conversation that is made
//! again for the next message was not in memory before it.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Host, Provider, Script, Stream, Visitor, soon};
use serde_json::{Value, json};
use std::time::Duration;

/// After which no object is to be awake.
const QUIET: Duration = Duration::from_secs(15);

fn wakes(host: &Host, visitor: &Visitor) -> usize {
    logged(host, &format!("conversation {} woke", visitor.conversation()))
}

/// How many lines of the log have that in them.
fn logged(host: &Host, what: &str) -> usize {
    host.log().lines().filter(|it| it.contains(what)).count()
}

/// Answered without waking anything.
async fn ping(socket: &mut Stream) {
    socket.send(&json!({ "ping": {} })).await;
    socket.until("pong", |_| true).await;
}

#[tokio::test]
async fn an_idle_conversation_sleeps_under_every_transport_and_wakes_for_the_next_message() {
    let host = Host::own();
    let visitor = host.site(RULE).await.visitor().await;
    let mut socket = visitor.socket().await;
    let mut events = visitor.event_stream().await;
    socket.say("k1", "hi").await;
    socket.answer().await;
    events.answer().await;
    let poll = tokio::spawn({
        let visitor = visitor.clone();
        async move { visitor.page("after=2&epoch=1&wait=25").await }
    });
    ping(&mut socket).await;
    assert_eq!(wakes(&host, &visitor), 1, "{}", host.log());

    tokio::time::sleep(QUIET).await;
    ping(&mut socket).await;
    assert_eq!(wakes(&host, &visitor), 1, "it woke while nobody spoke");
    socket.say("k2", "still there?").await;

    assert_eq!(wakes(&host, &visitor), 2, "it was awake all the time");
    let asked = |frame: &Value| frame["event"]["message"]["key"] == "k2";
    events.until("event", asked).await;
    let page = soon("the long poll", poll).await.unwrap();
    assert_eq!(page["events"][0]["message"]["key"], "k2", "{page}");
    socket.answer().await;
    assert_eq!(events.answer().await["seq"], 4);
}

#[tokio::test]
async fn a_conversation_sleeps_however_its_last_turn_ended() {
    let host = Host::own();
    let talks = || Script::default().head().text("Well, ");
    let mut idle = Vec::new();
    for (what, script) in [
        ("answered", Script::answer(&["yes"])),
        ("interrupted", talks().reset()),
        ("stopped", talks().hang()),
        ("handed over", talks().hang()),
        ("refused", Script::refusal(500, &json!({}))),
        ("timed out", Script::silence()),
    ] {
        let provider = Provider::playing([script]).await;
        let entry = provider.entry("only", "timeouts = { first_token = \"1s\" }");
        let visitor = host.site(&format!("{AT_ONCE}{entry}{RULE}")).await.visitor().await;
        let mut socket = visitor.socket().await;
        socket.say("k1", "hi").await;
        if matches!(what, "stopped" | "handed over") {
            socket.shows("Well, ").await;
        }
        let (act, body) = match what {
            "stopped" => ("stop", json!({ "turn": 1 })),
            "handed over" => ("handoff", json!({ "key": "h1" })),
            _ => ("read", json!({ "seq": 1 })),
        };
        assert_eq!(visitor.act(act, &body).await.0, 200, "{what}");
        socket.answer().await;
        idle.push((what, visitor, socket, provider));
    }

    tokio::time::sleep(QUIET).await;
    for (what, visitor, mut socket, _provider) in idle {
        assert_eq!(wakes(&host, &visitor), 1, "{what}: it woke while nobody spoke");
        socket.say("k2", "still there?").await;
        assert_eq!(wakes(&host, &visitor), 2, "{what}: it was awake all the time");
    }
}

#[tokio::test]
async fn a_breaker_that_opened_is_open_after_its_object_was_evicted() {
    let provider = Provider::playing([Script::refusal(500, &json!({}))]).await;
    let breaker = "circuit_breaker = { failure_threshold = 1 }";
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", breaker))).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    assert_eq!(socket.answer().await["message"]["rule"]["name"], "rescue");
    assert_eq!(logged(&host, "/only woke"), 1, "{}", host.log());

    tokio::time::sleep(QUIET).await;
    assert_eq!(site.providers().await[0]["standing"], "OPEN");
    assert_eq!(logged(&host, "/only woke"), 2, "it was awake all the time");
    socket.say("k2", "still there?").await;
    assert_eq!(socket.answer().await["message"]["rule"]["name"], "rescue");
    assert_eq!(provider.asked().len(), 1);
}
