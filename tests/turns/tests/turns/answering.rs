//! One provider that answers.

use crate::AT_ONCE;
use kefu_turns::{Host, Provider, Script};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_answer_streams_by_utf16_offsets_and_ends_as_one_event() {
    let beat = Duration::from_millis(60);
    let script = Script::default().head().text("退货 👩‍👩‍👧").pause(beat).text("请看 ").pause(beat);
    let provider = Provider::playing([script.text("𠮷 ok").pause(beat).end()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    let seq = socket.say("k1", "hi").await;
    let event = socket.answer().await;

    assert_eq!(event["seq"], seq + 1);
    let message = &event["message"];
    assert_eq!(message["body"]["text"]["text"], "退货 👩‍👩‍👧请看 𠮷 ok");
    let usage = json!({ "input": 7, "output": 5, "total": 12 });
    let source = json!({ "name": "only", "outcome": "COMPLETED", "usage": usage });
    assert_eq!(message["provider"], source);
    assert_eq!((&message["turn"], &message["attempt"]), (&json!(1), &json!(1)));
    let offsets: Vec<_> =
        socket.deltas().iter().map(|(_, delta)| delta["offset"].clone()).collect();
    assert_eq!(offsets, [json!(0), json!(11), json!(14)]);
}

#[tokio::test]
async fn a_fast_answer_comes_in_a_frame_each_25_ms() {
    let pieces = (0..400).map(|n| format!("{n} ")).collect::<Vec<_>>();
    let mut script = Script::default().head();
    for piece in &pieces {
        script = script.text(piece).pause(Duration::from_millis(2));
    }
    let provider = Provider::playing([script.end()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "count").await;
    let event = socket.answer().await;

    assert_eq!(event["message"]["body"]["text"]["text"], pieces.concat());
    let deltas = socket.deltas();
    let (first, last) = (deltas[0].0, deltas[deltas.len() - 1].0);
    let most = last.duration_since(first).as_millis() / 25 + 2;
    assert!(
        (2..=most).contains(&(deltas.len() as u128)),
        "{} frames, at most {most}",
        deltas.len()
    );
}

#[tokio::test]
async fn the_request_has_the_model_the_prompt_the_key_and_asks_for_usage() {
    let provider = Provider::playing([Script::answer(&["yes"])]).await;
    let host = Host::shared();
    let more = "api_key = \"${AI_KEY}\"\nsystem_prompt = \"Be brief.\"";
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", more))).await;
    site.keep_secret("AI_KEY", "sk-of-this-site").await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "is it open?").await;
    socket.answer().await;

    let asked = provider.request(1).await;
    assert!(asked.head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{}", asked.head);
    assert!(asked.head.contains("\r\nauthorization: bearer sk-of-this-site\r\n"), "{}", asked.head);
    assert_eq!(asked.messages(), ["system: Be brief.", "user: is it open?"]);
    let body = &asked.body;
    assert_eq!((&body["model"], &body["stream"]), (&json!("scripted"), &json!(true)));
    assert_eq!(body["stream_options"], json!({ "include_usage": true }));
}

#[tokio::test]
async fn twenty_rounds_at_most_go_with_a_question() {
    let provider = Provider::playing([Script::answer(&["answer"])]).await;
    let host = Host::shared();
    let limits = "[limits]\nmessages_per_visitor = \"1000/min\"\n";
    let site = host.site(&format!("{AT_ONCE}{limits}{}", provider.entry("only", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    for round in 1..=26 {
        socket.say(&format!("k{round}"), &format!("question {round}")).await;
        socket.answer().await;
    }

    let messages = provider.request(26).await.messages();
    assert_eq!(messages.len(), 41);
    assert_eq!(messages[0], "user: question 6");
    assert_eq!(messages[1], "assistant: answer");
    assert_eq!(messages[40], "user: question 26");
}

#[tokio::test]
async fn an_answer_is_whole_however_its_stream_is_cut_and_ends() {
    let bytewise = Script::default().head().text_bytewise("你好 👋");
    for (what, script, text, outcome) in [
        ("every byte alone", bytewise.end(), "你好 👋", "COMPLETED"),
        ("no [DONE]", Script::default().head().text("enough").finish(), "enough", "COMPLETED"),
        ("no end at all", Script::default().head().text("half"), "half", "INTERRUPTED"),
    ] {
        let provider = Provider::playing([script]).await;
        let host = Host::shared();
        let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
        let mut socket = site.visitor().await.socket().await;
        socket.say("k1", "hi").await;
        let message = socket.answer().await["message"].clone();
        assert_eq!(message["body"]["text"]["text"], text, "{what}");
        assert_eq!(message["provider"]["outcome"], outcome, "{what}");
    }
}
