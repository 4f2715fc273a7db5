//! What belongs to one question.

use kefu_turns::{Gate, Host, Provider, Script};
use serde_json::json;

#[tokio::test]
async fn three_short_messages_are_one_question() {
    let provider = Provider::playing([Script::answer(&["one answer"])]).await;
    let host = Host::shared();
    let config = format!("[ai]\nquiet_window = \"1s\"\n{}", provider.entry("only", ""));
    let mut socket = host.site(&config).await.visitor().await.socket().await;
    for (key, text) in [("k1", "hello"), ("k2", "the shirt"), ("k3", "is too small")] {
        socket.say(key, text).await;
    }
    socket.answer().await;
    socket.say("k4", "thanks").await;
    socket.answer().await;

    let messages = provider.request(1).await.messages();
    assert_eq!(messages, ["user: hello\nthe shirt\nis too small"]);
    assert_eq!(provider.asked().len(), 2);
}

#[tokio::test]
async fn a_message_before_visible_text_begins_the_turn_again() {
    let silent = Script::default().head().hang();
    let provider = Provider::playing([silent, Script::answer(&["both"])]).await;
    let host = Host::shared();
    let config = format!("[ai]\nquiet_window = \"0s\"\n{}", provider.entry("only", ""));
    let mut socket = host.site(&config).await.visitor().await.socket().await;
    socket.say("k1", "one").await;
    let first = provider.request(1).await;
    socket.say("k2", "two").await;
    let message = socket.answer().await["message"].clone();

    first.left().await;
    assert_eq!(provider.request(2).await.messages(), ["user: one\ntwo"]);
    assert_eq!(message["turn"], 1);
    assert_eq!(provider.asked().len(), 2);
}

#[tokio::test]
async fn a_message_after_visible_text_is_the_next_turn() {
    let gate = Gate::default();
    let slow = Script::default().head().text("First ").hold(&gate).text("answer").end();
    let provider = Provider::playing([slow, Script::answer(&["Second"])]).await;
    let host = Host::shared();
    let config = format!("[ai]\nquiet_window = \"0s\"\n{}", provider.entry("only", ""));
    let mut socket = host.site(&config).await.visitor().await.socket().await;
    socket.say("k1", "one").await;
    socket.shows("First ").await;
    socket.say("k2", "two").await;
    gate.open();
    let answers = [socket.answer().await, socket.answer().await];

    let texts = answers.each_ref().map(|event| event["message"]["body"]["text"]["text"].clone());
    assert_eq!(texts, ["First answer", "Second"]);
    let turns = answers.each_ref().map(|event| event["message"]["turn"].clone());
    assert_eq!(turns, [json!(1), json!(2)]);
    let second = provider.request(2).await;
    assert_eq!(second.messages(), ["user: one", "assistant: First answer", "user: two"]);
    assert!(!provider.request(1).await.is_given_up());
}
