//! A person takes over, or the configuration changes, while an answer is written.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Gate, Host, Provider, Script};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_handoff_commits_what_was_shown_and_silences_the_ai() {
    let (gate, on) = (Gate::default(), Gate::default());
    let script = Script::default().head().text("I think ").hold(&gate).text("that I").hold(&on);
    let provider = Provider::playing([script.end()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "hi").await;
    socket.shows("I think ").await;
    let (status, reply) = visitor.act("handoff", &json!({ "key": "h1" })).await;
    assert_eq!(status, 200, "{reply}");
    gate.open();
    on.open();
    socket.say("k2", "is anybody there?").await;

    let log = visitor.log().await;
    let message = &log[1]["message"];
    assert_eq!(message["body"]["text"]["text"], "I think ");
    assert_eq!(message["provider"]["outcome"], "INTERRUPTED");
    let owner = &log[2]["owner"];
    assert_eq!((&owner["owner"]["kind"], &owner["term"]), (&json!("QUEUE"), &json!(1)), "{owner}");
    assert_eq!(log[3]["message"]["key"], "k2");
    assert!(provider.request(1).await.is_given_up() || log.len() == 4);

    // A moment in which nobody may speak: longer than the quiet window and any failover.
    tokio::time::sleep(Duration::from_millis(700)).await;
    socket.catch_up();
    assert_eq!(socket.screen.answer(), "");
    assert_eq!(visitor.log().await.len(), 4);
    assert_eq!(provider.asked().len(), 1);
    let frames: Vec<_> = socket.heard.iter().map(|(_, frame)| frame).collect();
    let owner_at = frames.iter().position(|frame| frame["event"]["owner"].is_object()).unwrap();
    let said_by_ai = |frame: &&&serde_json::Value| {
        frame["delta"].is_object() || frame["replace"].is_object() || frame["typing"]["author"]["role"] == "BOT"
    };
    assert_eq!(frames[owner_at..].iter().find(said_by_ai), None);
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
