//! Pictures and files that a visitor shows, and how each provider gets them.

use crate::{AT_ONCE, RULE};
use base64::Engine as _;
use kefu_turns::{Host, Provider, Script, Visitor};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PDF: &[u8] = b"%PDF-1.7 with no page";

/// More than one piece of storage.
fn picture() -> Vec<u8> {
    let start = b"\x89PNG\r\n\x1a\n".iter().copied();
    start.chain((0..1_500_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])).collect()
}

fn entry(kind: &str, provider: &Provider, more: &str) -> String {
    let url = provider.url();
    format!(
        "{AT_ONCE}[[ai_providers]]\nname = \"it\"\ntype = \"{kind}\"\nendpoint = \"{url}\"\n{more}\n{RULE}"
    )
}

/// Shows a provider so configured a picture, and then a PDF; gives what was answered to each.
async fn show(config: &str) -> [String; 2] {
    let host = Host::shared();
    let site = host.site(AT_ONCE).await;
    site.keep_secret("KEY", "sk-1").await;
    site.configure(config).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    let url = visitor.upload("cat.png", &picture()).await;
    post(&visitor, "k1", &json!({ "image": { "url": url, "alt": "a cat" } })).await;
    let first = answer(&socket.answer().await);
    let url = visitor.upload("terms.pdf", PDF).await;
    post(&visitor, "k2", &json!({ "file": { "url": url, "name": "terms.pdf" } })).await;
    [first, answer(&socket.answer().await)]
}

async fn post(visitor: &Visitor, key: &str, body: &Value) {
    let (status, reply) = visitor.act("messages", &json!({ "key": key, "body": body })).await;
    assert_eq!(status, 202, "{reply}");
}

fn answer(event: &Value) -> String {
    event["message"]["body"]["text"]["text"].as_str().expect("a text").to_owned()
}

fn data_url() -> String {
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(picture()))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_model_sees_the_picture_and_is_told_of_the_file() {
    let model = Provider::playing([Script::answer(&["A cat."])]).await;
    assert_eq!(show(&entry("openai", &model, "model = \"m\"")).await, ["A cat.", "A cat."]);
    let asked = model.asked();
    let content =
        |n: usize| asked[n].body["messages"].as_array().expect("messages").last().cloned();
    let parts = content(0).expect("a message")["content"].clone();
    assert_eq!(parts[0], json!({ "type": "text", "text": "[image] a cat" }));
    assert!(parts[1]["image_url"]["url"] == data_url(), "the picture is whole");
    assert_eq!(content(1).expect("a message")["content"], "[file] terms.pdf");
}

#[tokio::test]
async fn a_model_that_sees_nothing_is_asked_again_in_words() {
    let refusal = json!({ "error": { "message": "image_url is not supported", "type": "invalid_request_error" } });
    let model =
        Provider::playing([Script::refusal(400, &refusal), Script::answer(&["What is on it?"])])
            .await;
    let [first, _] = show(&entry("openai", &model, "model = \"m\"")).await;
    assert_eq!(first, "What is on it?");
    assert_eq!(model.asked()[1].messages(), ["user: [image] a cat"]);
}

#[tokio::test]
async fn fastgpt_sees_the_picture() {
    let fastgpt = Provider::playing([Script::answer(&["A cat."])]).await;
    show(&entry("fastgpt", &fastgpt, "api_key = \"${KEY}\"")).await;
    let parts = fastgpt.asked()[0].body["messages"][0]["content"].clone();
    assert!(parts[1]["image_url"]["url"] == data_url(), "the picture is whole");
}

#[tokio::test]
async fn dify_is_given_the_files_before_the_question() {
    let said = json!({ "event": "message", "answer": "A cat.", "conversation_id": "c", "message_id": "m", "task_id": "t" });
    let end = json!({ "event": "message_end", "conversation_id": "c", "message_id": "m", "task_id": "t", "metadata": {} });
    let answered = || Script::default().head().frame(&said).frame(&end);
    let upload = |id: &str| Script::refusal(201, &json!({ "id": id, "name": "x" }));
    let dify = Provider::playing([upload("u-1"), answered(), upload("u-2"), answered()]).await;
    assert_eq!(show(&entry("dify", &dify, "api_key = \"${KEY}\"")).await, ["A cat.", "A cat."]);
    let asked = dify.asked();
    assert!(asked[0].head.starts_with("post /v1/files/upload "), "{}", asked[0].head);
    assert_eq!(asked[0].key, "sk-1");
    assert!(contains(&asked[0].bytes, &picture()), "the picture is whole");
    assert!(contains(&asked[0].bytes, b"filename=\"cat.png\"\r\ncontent-type: image/png\r\n"));
    let user = asked[1].body["user"].as_str().expect("a user");
    assert!(contains(&asked[0].bytes, format!("name=\"user\"\r\n\r\n{user}\r\n").as_bytes()));
    let file = |kind: &str, id: &str| json!([{ "type": kind, "transfer_method": "local_file", "upload_file_id": id }]);
    assert_eq!(asked[1].body["files"], file("image", "u-1"));
    assert!(contains(&asked[2].bytes, PDF));
    assert_eq!(asked[3].body["files"], file("document", "u-2"));
}

#[tokio::test]
async fn coze_is_given_the_files_before_the_question() {
    let message =
        json!({ "id": "1", "type": "answer", "content_type": "text", "content": "A cat." });
    let chat = json!({ "id": "2", "conversation_id": "3", "status": "completed" });
    let answered = || {
        Script::default().head().bytes(format!(
            "event:conversation.message.delta\ndata:{message}\n\nevent:conversation.chat.completed\ndata:{chat}\n\n"
        ))
    };
    let upload = |id: &str| Script::refusal(200, &json!({ "code": 0, "data": { "id": id } }));
    let coze = Provider::playing([upload("71"), answered(), upload("72"), answered()]).await;
    let config = entry("coze", &coze, "bot_id = \"7\"\napi_key = \"${KEY}\"");
    assert_eq!(show(&config).await, ["A cat.", "A cat."]);
    let asked = coze.asked();
    assert!(asked[0].head.starts_with("post /v1/files/upload "), "{}", asked[0].head);
    assert!(contains(&asked[0].bytes, &picture()), "the picture is whole");
    let shown = |n: usize| {
        let last =
            asked[n].body["additional_messages"].as_array().expect("messages").last().cloned();
        let last = last.expect("a message");
        assert_eq!(last["content_type"], "object_string");
        serde_json::from_str::<Value>(last["content"].as_str().expect("a text")).expect("JSON")
    };
    let words = |text: &str| json!({ "type": "text", "text": text });
    assert_eq!(shown(1), json!([words("[image] a cat"), { "type": "image", "file_id": "71" }]));
    assert_eq!(shown(3), json!([words("[file] terms.pdf"), { "type": "file", "file_id": "72" }]));
}

/// Shows a picture to a Dify app that takes no file and plays this to questions; gives what was
/// answered and how long that took.
async fn shown_to_a_dify_that_hangs(question: Script) -> (String, Duration, Provider) {
    let dify = Provider::choosing(move |head| match head.contains("/files/upload ") {
        true => Script::silence(),
        false => question.clone(),
    })
    .await;
    let host = Host::shared();
    let site = host.site(AT_ONCE).await;
    site.keep_secret("KEY", "sk-1").await;
    let more = "api_key = \"${KEY}\"\ntimeouts = { connect = \"1s\" }";
    site.configure(&entry("dify", &dify, more)).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    let url = visitor.upload("cat.png", &picture()).await;
    let begun = Instant::now();
    post(&visitor, "k1", &json!({ "image": { "url": url, "alt": "a cat" } })).await;
    let answered = answer(&socket.answer().await);
    (answered, begun.elapsed(), dify)
}

#[tokio::test]
async fn an_upload_that_hangs_takes_the_time_to_connect_and_the_question_goes_without_the_file() {
    let said = json!({ "event": "message", "answer": "Of what?", "conversation_id": "c", "message_id": "m", "task_id": "t" });
    let end = json!({ "event": "message_end", "conversation_id": "c", "message_id": "m", "task_id": "t", "metadata": {} });
    let answered = Script::default().head().frame(&said).frame(&end);
    let (answer, took, dify) = shown_to_a_dify_that_hangs(answered).await;
    assert_eq!(answer, "Of what?");
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&took), "{took:?}");
    dify.request(1).await.left().await;
    let asked = dify.request(2).await;
    assert_eq!(
        (&asked.body["query"], &asked.body["files"]),
        (&json!("[image] a cat"), &Value::Null)
    );
}

#[tokio::test]
async fn a_service_that_hangs_altogether_is_left_after_twice_that_time() {
    let (answer, took, dify) = shown_to_a_dify_that_hangs(Script::silence()).await;
    assert_eq!(answer, "by rule");
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&took), "{took:?}");
    assert_eq!(dify.asked().len(), 2);
}
