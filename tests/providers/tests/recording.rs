//! The recorder, against a service on loopback.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, and use the disk"
)]

use kefu_providers::{Case, Order, record};
use kefu_turns::{Provider, Script};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

const KEY: &str = "pat_real-key-of-an-operator";
const CASE: &str = "recorded_answer";

/// What a service says that knows its caller: its key in a log line, ids, a signed address.
const BODY: &str = concat!(
    "event: conversation.chat.created\n",
    "data: {\"id\":\"7581200000000000202\",\"conversation_id\":\"7581200000000000101\"}\n\n",
    "event: conversation.message.delta\n",
    "data: {\"id\":\"7581200000000000301\",\"type\":\"answer\",\"content\":\"您好 👍\"}\n\n",
    "event: conversation.message.delta\n",
    "data: {\"id\":\"7581200000000000302\",\"type\":\"verbose\",\"content\":\"{\\\"chat_id\\\":\\\"7581200000000000202\\\",\\\"token\\\":\\\"pat_real-key-of-an-operator\\\"}\"}\n\n",
    "event: conversation.chat.completed\n",
    "data: {\"id\":\"7581200000000000202\",\"conversation_id\":\"7581200000000000101\",\"usage\":{\"token_count\":9,\"output_count\":2,\"input_count\":7}}\n\n",
    "event: done\ndata: \"[DONE]\"\n\n",
);

/// A folder of fixtures, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        // What an earlier run left.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What remains is in cargo's folder for test data.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn order(provider: &Provider, to: &Folder) -> Order {
    Order {
        kind: "kouzi".to_owned(),
        name: CASE.to_owned(),
        url: Some(provider.url()),
        more: vec!["bot_id = \"7300000000000000000\"".to_owned()],
        key: Some(KEY.to_owned()),
        ask: "在吗".to_owned(),
        to: to.0.clone(),
        ..Order::default()
    }
}

fn answer(end: fn(Script) -> Script) -> Script {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-tt-logid: 20261123100000ABCDEF\r\nset-cookie: who=you\r\nconnection: close\r\n\r\n";
    end(Script::default().bytes(head).bytes(BODY))
}

#[tokio::test]
async fn a_real_exchange_is_a_fixture_that_reads_the_same_and_holds_no_secret() {
    let folder = Folder::new("recorded");
    let provider = Provider::playing([answer(|script| script)]).await;
    let path = record(&order(&provider, &folder)).await.expect("a recording");
    let asked = provider.request(1).await;
    assert!(asked.head.contains(&format!("authorization: bearer {KEY}")), "{}", asked.head);
    assert_eq!(asked.body["additional_messages"][0]["content"], "在吗");

    let told = fs::read_to_string(path.with_extension("expected.json")).expect("a file");
    let all = fs::read_to_string(&path).expect("a file") + &told;
    for secret in [KEY, "75812000", "ABCDEF", "set-cookie"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let case = Case::in_folder(&folder.0).pop().expect("a case");
    assert_eq!((case.name.as_str(), case.kind), ("coze/recorded_answer", "coze"));
    let expect = case.expect();
    assert_eq!((&expect["text"], &expect["outcome"]), (&"您好 👍".into(), &"completed".into()));
    assert_eq!(expect["usage"]["total"], 9);
    let chat = expect["task_id"].as_str().expect("a chat");
    assert_eq!(all.matches(chat).count(), 4, "it is the same wherever it stands: {all}");
}

#[tokio::test]
async fn how_the_connection_ended_is_part_of_it() {
    for (name, end, told) in [
        ("hangs", (|script: Script| script.hang()) as fn(Script) -> Script, "hang"),
        ("resets", |script| script.pause(std::time::Duration::from_millis(50)).reset(), "reset"),
    ] {
        let folder = Folder::new(name);
        let provider = Provider::playing([answer(end)]).await;
        let path = record(&order(&provider, &folder)).await.expect("a recording");
        let kept = fs::read(path.with_extension("expected.json")).expect("a file");
        let kept: Value = serde_json::from_slice(&kept).expect("JSON");
        assert_eq!(kept["delivery"]["end"], told);
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_told_before_anybody_is_asked() {
    let folder = Folder::new("refused");
    let provider = Provider::playing([answer(|script| script)]).await;
    let good = order(&provider, &folder);
    record(&good).await.expect("a recording");
    for (bad, why) in [
        (good.clone(), "is there already"),
        (Order { name: "../x".into(), ..good.clone() }, "a-z, 0-9 and _"),
        (Order { kind: "gpt".into(), name: "x".into(), ..good.clone() }, "no kind"),
        (Order { more: vec!["bot = 1".into()], name: "x".into(), ..good.clone() }, "bot"),
        (Order { key: Some("密钥".into()), name: "x".into(), ..good.clone() }, "bad_api_key"),
    ] {
        let told = format!("{:#}", record(&bad).await.expect_err("a refusal"));
        assert!(told.contains(why), "{told}");
        assert!(!told.contains(KEY), "{told}");
    }
    assert_eq!(provider.asked().len(), 1);
}
