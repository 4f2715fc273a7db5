//! Providers that speak something else than chat completions.

use crate::AT_ONCE;
use kefu_turns::{Host, Provider, Script};
use serde_json::{Value, json};
use std::fs;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/providers");

fn config(kind: &str, provider: &Provider, more: &str) -> String {
    let url = provider.url();
    format!(
        "{AT_ONCE}[[ai_providers]]\nname = \"{kind}\"\ntype = \"{kind}\"\nendpoint = \"{url}\"\napi_key = \"pat_1\"\n{more}\n"
    )
}

#[tokio::test]
async fn every_kind_is_understood_and_what_comes_with_its_answer_is_kept() {
    let host = Host::shared();
    let bot = "bot_id = \"7300000000000000000\"";
    for (kind, folder, case, more, path) in [
        ("kouzi", "coze", "normal_follow_up", bot, "/v3/chat"),
        ("dify", "dify", "chatbot_citations", "", "/v1/chat-messages"),
        ("fastgpt", "fastgpt", "detail_flow_responses_after_done", "", "/v1/chat/completions"),
        ("workers_ai", "workersai", "native_response", "model = \"@cf/m\"", "/ai/run/@cf/m"),
    ] {
        let file = format!("{FIXTURES}/{folder}/{case}");
        let body = fs::read(format!("{file}.sse")).expect("a fixture");
        let expected = fs::read(format!("{file}.expected.json")).expect("what it reads as");
        let expected: Value = serde_json::from_slice(&expected).expect("JSON");
        // The server never closes: the answer ends all the same.
        let provider = Provider::playing([Script::default().head().bytes(body).hang()]).await;
        let site = host.site(&config(kind, &provider, more)).await;
        let mut socket = site.visitor().await.socket().await;
        socket.say("k1", "在吗").await;
        let message = socket.answer().await["message"].clone();

        assert_eq!(message["body"]["text"]["text"], expected["expect"]["text"], "{kind}");
        let source = &message["provider"];
        assert_eq!(source["outcome"], "COMPLETED", "{kind}");
        let suggestions = expected["expect"]["suggestions"].as_array().map_or(0, Vec::len);
        let kept = source["extras"]["suggestions"].as_array().map_or(0, Vec::len);
        assert_eq!(kept, suggestions, "{kind}");
        let citations = expected["expect"]["citations"].as_array().map_or(0, Vec::len);
        let kept = source["extras"]["citations"].as_array().map_or(0, Vec::len);
        assert_eq!(kept, citations, "{kind}");
        let asked = provider.request(1).await;
        assert!(asked.head.starts_with(&format!("post {path} ")), "{}", asked.head);
        asked.left().await;
    }
}

#[tokio::test]
async fn a_conversation_that_coze_keeps_goes_on_and_a_stopped_chat_is_cancelled_there() {
    let event = |name: &str, data: &Value| format!("event:conversation.{name}\ndata:{data}\n\n");
    let chat = json!({ "id": "c1", "conversation_id": "v1" });
    let begun = |text: &str| {
        let said = json!({ "id": "m1", "type": "answer", "content": text });
        let head = Script::default().head().bytes(event("chat.created", &chat));
        head.bytes(event("message.delta", &said))
    };
    let whole = begun("甲").bytes(event("chat.completed", &chat)).hang();
    let refusal = Script::refusal(200, &json!({ "code": 0 }));
    let provider = Provider::playing([whole, begun("乙").hang(), refusal]).await;
    let host = Host::shared();
    let site = host.site(&config("coze", &provider, "bot_id = \"7\"")).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "一").await;
    socket.answer().await;
    socket.say("k2", "二").await;
    let second = provider.request(2).await;
    assert!(second.head.starts_with("post /v3/chat?conversation_id=v1 "), "{}", second.head);
    let messages = second.body["additional_messages"].as_array().expect("messages").clone();
    assert_eq!((messages.len(), &messages[0]["content"]), (1, &json!("二")));

    socket.shows("乙").await;
    socket.send(&json!({ "stop": { "turn": socket.screen.turn() } })).await;
    let cancel = provider.request(3).await;
    assert!(cancel.head.starts_with("post /v3/chat/cancel "), "{}", cancel.head);
    assert!(cancel.head.contains("\r\nauthorization: bearer pat_1"), "{}", cancel.head);
    assert_eq!(cancel.body, json!({ "conversation_id": "v1", "chat_id": "c1" }));
    second.left().await;
}
