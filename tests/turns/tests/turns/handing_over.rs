//! A person takes over, or the configuration changes, while an answer is written.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Host, Provider, Script};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_handoff_commits_what_was_shown_and_silences_the_ai() {
    let talks = (0..1_000).fold(Script::default().head().text("I think "), |script, n| {
        script.pause(Duration::from_millis(10)).text(&format!("{n} "))
    });
    let provider = Provider::playing([talks.end()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "hi").await;
    socket.shows("I think 0 1 2 3 ").await;
    let (status, reply) = visitor.act("handoff", &json!({ "key": "h1" })).await;
    assert_eq!(status, 200, "{reply}");
    let answer = socket.answer().await["message"].clone();
    let owner = socket.until("event", |frame| frame["event"]["owner"].is_object()).await;
    let handed_over = socket.heard.len();

    assert_eq!(answer["provider"]["outcome"], "INTERRUPTED");
    let owner = &owner["event"]["owner"];
    assert_eq!((&owner["owner"]["kind"], &owner["term"]), (&json!("QUEUE"), &json!(1)), "{owner}");
    provider.request(1).await.left().await;
    // Two more questions, which would be asked at once.
    for key in ["k2", "k3"] {
        socket.say(key, "is anybody there?").await;
        socket.until("event", |frame| frame["event"]["message"]["key"] == key).await;
    }
    let by_ai = |frame: &Value| {
        let typing = frame["typing"]["author"]["role"] == "BOT";
        typing || !(frame["delta"].is_null() && frame["replace"].is_null())
    };
    let later: Vec<_> = socket.heard[handed_over..].iter().map(|(_, frame)| frame).collect();
    assert!(!later.iter().any(|frame| by_ai(frame)), "{later:?}");
    assert_eq!(provider.asked().len(), 1);
    assert_eq!(visitor.log().await, socket.screen.log);
    assert_eq!(socket.screen.log.len(), 5);
}

#[tokio::test]
async fn a_changed_configuration_answers_the_next_turn_on_the_same_socket() {
    let old = Provider::playing([Script::answer(&["from the old"])]).await;
    let new = Provider::playing([Script::answer(&["from the new"])]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}", old.entry("old", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    assert_eq!(socket.answer().await["message"]["provider"]["name"], "old");
    site.configure(&format!("{AT_ONCE}{}", new.entry("new", ""))).await;
    let changed = Instant::now();
    for number in 2.. {
        let asked = Instant::now();
        socket.say(&format!("k{number}"), "hi").await;
        if socket.answer().await["message"]["provider"]["name"] == "new" {
            break;
        }
        let late = asked.duration_since(changed);
        assert!(late < Duration::from_secs(1), "{late:?} after the change the old one is asked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
