//! From the AI to a person: the owner, its term, and silence.

use crate::{QUICK, UNLIMITED, host, site, site_with};
use kefu_conformance::{Framing, Visitor, dense, texts};
use serde_json::json;

const RULES: &str = "[[rules]]\nname = '人工'\nwhen = 'first'\npriority = 9\nmatch = { any = ['人工'] }\n\
    reply = '请稍候'\naction = 'handoff'\n[[rules]]\nname = 'all'\nreply = 'yes'\n";

#[tokio::test]
async fn asking_for_a_person_puts_the_conversation_into_the_queue() {
    let visitor = site().await.visitor().await;
    let mut socket = visitor.socket(Framing::Json).await;
    socket.expect("hello").await;
    let answer = visitor.post("handoff", &json!({"key": "h", "reason": "急"})).await.ok();
    assert_eq!(
        answer,
        json!({"owner": {"kind": "QUEUE"}, "term": 1, "seq": 1, "duplicate": false})
    );
    let event = socket.expect("event").await;
    let by = json!({"role": "VISITOR", "id": visitor.id});
    let change =
        json!({"owner": {"kind": "QUEUE"}, "term": 1, "reason": "HANDOFF_ASKED", "by": by});
    assert_eq!((&event["seq"], &event["owner"]), (&json!(1), &change));
    let hello = visitor.socket(Framing::Proto).await.expect("hello").await;
    assert_eq!((&hello["owner"], &hello["term"]), (&json!({"kind": "QUEUE"}), &json!(1)));
}

#[tokio::test]
async fn asking_twice_is_one_change() {
    let visitor = site().await.visitor().await;
    let ask = |key: &str| {
        let body = json!({"key": key, "reason": ""});
        let visitor = visitor.clone();
        async move { visitor.post("handoff", &body).await.ok() }
    };
    ask("h").await;
    let again = ask("h").await;
    assert_eq!(
        (&again["seq"], &again["duplicate"], &again["term"]),
        (&json!(1), &json!(true), &json!(1))
    );
    let other = ask("other").await;
    assert_eq!((&other["owner"]["kind"], &other["term"]), (&json!("QUEUE"), &json!(1)));
    assert_eq!(visitor.log().await.len(), 1);
}

#[tokio::test]
async fn a_hand_off_needs_a_key_of_its_own() {
    let visitor = site_with("[[rules]]\nname = 'r'\nreply = 'yes'\n").await.visitor().await;
    for body in [json!({}), json!({"key": ""}), json!({"key": "x".repeat(129)})] {
        visitor.post("handoff", &body).await.refused(400, "bad_key");
    }
    visitor.say("a", "hi").await;
    visitor.log_of(2).await;
    visitor.post("handoff", &json!({"key": "a", "reason": ""})).await.refused(409, "key_reused");
    assert_eq!(visitor.log().await.len(), 2);
}

#[tokio::test]
async fn a_key_of_a_hand_off_is_no_key_of_a_message() {
    let visitor = site().await.visitor().await;
    visitor.post("handoff", &json!({"key": "a", "reason": ""})).await.ok();
    let message = json!({"key": "a", "text": "x"});
    visitor.post("messages", &message).await.refused(409, "key_reused");
    assert_eq!(visitor.log().await.len(), 1);
}

#[tokio::test]
async fn a_rule_may_hand_off_and_after_it_no_machine_speaks() {
    let visitor = site_with(RULES).await.visitor().await;
    visitor.say("a", "我要人工").await;
    let log = visitor.log_of(3).await;
    assert_eq!(texts(&log), ["我要人工", "请稍候", "-"]);
    let change = &log[2]["owner"];
    assert_eq!((&change["owner"]["kind"], &change["reason"]), (&json!("QUEUE"), &json!("RULE")));
    assert_eq!(change["term"], 1);
    silent(&visitor, 3).await;
}

#[tokio::test]
async fn after_a_visitor_asked_for_a_person_no_machine_speaks() {
    let visitor = site_with(RULES).await.visitor().await;
    visitor.post("handoff", &json!({"key": "h", "reason": ""})).await.ok();
    silent(&visitor, 1).await;
}

#[tokio::test]
async fn a_question_that_still_waits_is_not_answered_after_the_hand_off() {
    let config = format!("[ai]\nquiet_window = '1s'\n{UNLIMITED}{RULES}");
    let visitor = host().site(&config).await.visitor().await;
    visitor.say("a", "hi").await;
    visitor.post("handoff", &json!({"key": "h", "reason": ""})).await.ok();
    let page = visitor.events("after=2&epoch=1&wait=2").await.ok();
    assert_eq!(page["events"], json!([]));
}

#[tokio::test]
async fn a_site_may_let_machines_speak_while_a_person_is_asked_for() {
    let config = format!("{QUICK}while_queued = true\n{UNLIMITED}{RULES}");
    let visitor = host().site(&config).await.visitor().await;
    visitor.say("a", "hi").await;
    visitor.log_of(2).await;
    visitor.post("handoff", &json!({"key": "h", "reason": ""})).await.ok();
    visitor.say("b", "hi again").await;
    assert_eq!(texts(&visitor.log_of(5).await), ["hi", "yes", "-", "hi again", "yes"]);
}

#[tokio::test]
async fn a_site_may_let_machines_speak_from_the_first_message_in_the_queue() {
    let config = format!("{QUICK}while_queued = true\n{UNLIMITED}{RULES}");
    let visitor = host().site(&config).await.visitor().await;
    visitor.post("handoff", &json!({"key": "h", "reason": ""})).await.ok();
    visitor.say("a", "hi").await;
    assert_eq!(texts(&visitor.log_of(3).await), ["-", "hi", "yes"]);
}

/// Fails when a message after the first `known` events is answered.
async fn silent(visitor: &Visitor, known: u64) {
    visitor.say("later", "hello?").await;
    let query = format!("after={}&epoch=1&wait=1", known + 1);
    assert_eq!(visitor.events(&query).await.ok()["events"], json!([]));
    dense(&visitor.log().await, 1, known + 1);
}
