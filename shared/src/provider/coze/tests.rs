use super::super::conformance::{End, answer, frames, refused, short};
use super::super::tests::{ask, provider};
use super::super::{Memory, Remedy, Round, cancel, request};
use super::*;
use crate::config::{Provider, ProviderKind};
use serde_json::json;

const KIND: ProviderKind = ProviderKind::Coze;

fn chat(status: &str) -> Value {
    json!({"id": "c1", "conversation_id": "v1", "status": status,
        "usage": {"token_count": 3, "input_count": 1, "output_count": 2}})
}

fn message(id: &str, kind: &str, content: &str) -> Value {
    json!({"id": id, "type": kind, "content": content, "content_type": "text"})
}

#[test]
fn what_is_sent() {
    let provider = provider(KIND);
    let round = |n: &str| Round { question: format!("q{n}"), answer: format!("a{n}"), seq: 2 };
    let rounds = [round("1"), round("2")];
    let sent = |ask: Ask<'_>| {
        let parts = request(&ask).unwrap();
        let body: Value = serde_json::from_slice(&parts.body).unwrap();
        let of = |message: &Value| format!("{} {}", message["type"], message["content"]);
        let messages: Vec<_> =
            body["additional_messages"].as_array().unwrap().iter().map(of).collect();
        (parts.url, messages.join(", ").replace('"', ""))
    };
    let memory = |rounds| Some(Memory { conversation: "75 8", rounds });
    let ask = Ask { rounds: &rounds, question: "q3", ..ask(&provider) };
    for (memory, remedy, url, messages) in [
        (
            None,
            None,
            "https://h/v3/chat",
            "question q1, answer a1, question q2, answer a2, question q3",
        ),
        (
            memory(1),
            None,
            "https://h/v3/chat?conversation_id=75+8",
            "question q2, answer a2, question q3",
        ),
        (memory(2), None, "https://h/v3/chat?conversation_id=75+8", "question q3"),
        (
            None,
            Some(Remedy::ShorterContext),
            "https://h/v3/chat",
            "question q2, answer a2, question q3",
        ),
    ] {
        assert_eq!(sent(Ask { memory, remedy, ..ask }), (url.to_owned(), messages.to_owned()));
    }
    let body: Value =
        serde_json::from_slice(&request(&Ask { rounds: &[], ..ask }).unwrap().body).unwrap();
    assert_eq!(
        body,
        json!({
            "bot_id": "1", "user_id": "v1", "stream": true, "auto_save_history": true,
            "additional_messages": [
                {"role": "user", "type": "question", "content": "q3", "content_type": "text"},
            ],
        })
    );
}

#[test]
fn variables_and_a_chatflows_parameters_go_along() {
    let mut provider = provider(KIND);
    provider.variables.insert("vip".into(), "yes".into());
    provider.inputs.insert("lang".into(), "zh".into());
    let body: Value = serde_json::from_slice(&request(&ask(&provider)).unwrap().body).unwrap();
    assert_eq!(body["custom_variables"], json!({"vip": "yes"}));
    assert_eq!(body["parameters"], json!({"lang": "zh"}));
}

#[test]
fn a_bot_must_be_named() {
    let provider = Provider { bot_id: None, ..provider(KIND) };
    assert_eq!(request(&ask(&provider)).unwrap_err().to_string(), "config (missing_bot_id)");
}

#[test]
fn a_chat_is_cancelled_by_both_ids() {
    let provider = provider(KIND);
    let mut ids = Ids { conversation: Some("v1".into()), ..Ids::default() };
    assert_eq!(cancel(&ask(&provider), &ids), None);
    ids.task = Some("c1".into());
    let parts = cancel(&ask(&provider), &ids).unwrap();
    assert_eq!(parts.url, "https://h/v3/chat/cancel");
    let body: Value = serde_json::from_slice(&parts.body).unwrap();
    assert_eq!(body, json!({"conversation_id": "v1", "chat_id": "c1"}));
}

#[test]
fn every_code_has_its_class() {
    for (codes, expected, remedy) in [
        ("4000 4003 4004 4005 4007", "bad_request", None),
        ("4001 4002", "conversation_gone", Some(Remedy::NewConversation)),
        ("4006 4012 4015 4021 4200", "config", None),
        ("4008 4009 4020 4102", "rate_limited", None),
        ("4010", "bad_request", Some(Remedy::ShorterContext)),
        ("4011 4019 4022", "quota", None),
        ("4013 5000 720701001 103102004", "upstream", None),
        ("4014 4105", "content_filter", None),
        ("4016", "conversation_busy", None),
        ("4100 4101 700012006", "auth", None),
    ] {
        for code in codes.split(' ') {
            let body = json!({"code": code.parse::<u64>().unwrap(), "msg": "words"});
            // The status says nothing, and nor does how the refusal comes.
            for failure in [
                refused(KIND, 200, &body),
                refused(KIND, 400, &body),
                frames(KIND, &[("error", body.clone())]).ending.outcome.failure().unwrap().clone(),
                frames(KIND, &[("conversation.chat.failed", json!({"last_error": body}))])
                    .ending
                    .outcome
                    .failure()
                    .unwrap()
                    .clone(),
            ] {
                assert_eq!(failure.to_string(), format!("{expected} ({code})"));
                assert_eq!((failure.remedy, failure.message.as_str()), (remedy, "words"), "{code}");
            }
        }
    }
    assert_eq!(refused(KIND, 401, &json!({"x": 1})).to_string(), "auth (http_401)");
    assert_eq!(refused(KIND, 401, &json!({"code": 799})).to_string(), "auth (799)");
    assert_eq!(refused(KIND, 200, &json!({"code": 4102})).pause(), Some(MAX_PAUSE));
    assert_eq!(
        refused(KIND, 200, &json!({"code": 0, "data": {}})).to_string(),
        "protocol (unexpected_body)"
    );
}

#[test]
fn streams_end_at_the_chats_end() {
    let text = ("conversation.message.delta", message("m", "answer", "好"));
    let interrupt = message("i", "verbose", r#"{"msg_type":"interrupt","data":"{}"}"#);
    for (last, expected) in [
        (("conversation.chat.completed", chat("completed")), "completed"),
        (("conversation.chat.canceled", chat("canceled")), "cancelled"),
        (("conversation.chat.cancelled", chat("cancelled")), "cancelled"),
        (("conversation.chat.failed", json!({})), "upstream (chat_failed)"),
        (("conversation.chat.requires_action", chat("requires_action")), "requires_action"),
        (("error", json!({})), "upstream"),
        (("done", json!("[DONE]")), "truncated: protocol (stream_truncated)"),
        (("done", json!({"debug_url": "x"})), "truncated: protocol (stream_truncated)"),
        (("conversation.message.delta", json!(["{"])), "truncated: protocol (stream_truncated)"),
    ] {
        let mut all = vec![text.clone(), last];
        if expected.starts_with("truncated") {
            all.push(("done", json!("[DONE]")));
        }
        let seen = frames(KIND, &all);
        assert_eq!(short(&seen.ending.outcome), expected, "{all:?}");
        assert_eq!(seen.text, "好", "what came is kept");
    }
    let seen =
        frames(KIND, &[text, ("conversation.message.completed", interrupt), ("done", json!(""))]);
    assert_eq!(seen.ending.outcome, Outcome::RequiresAction);
}

#[test]
fn coze_studio_ends_with_an_empty_frame() {
    let chunk = message("m", "answer", "好");
    let body = format!(
        "event: conversation.message.delta\ndata: {chunk}\n\nevent: conversation.stream.done\ndata:\n\n"
    );
    let seen = answer(KIND, 200, &[], &body, End::Hang);
    assert_eq!(short(&seen.ending.outcome), "truncated: protocol (stream_truncated)");
    let body = format!(
        "event: conversation.message.delta\ndata: {chunk}\n\nevent: conversation.chat.completed\ndata: {}\n\nevent: conversation.stream.done\ndata:\n\n",
        chat("completed")
    );
    assert_eq!(answer(KIND, 200, &[], &body, End::Hang).ending.outcome, Outcome::Completed);
}

#[test]
fn a_stream_may_end_with_a_bare_refusal() {
    let body =
        "event: conversation.chat.created\ndata: {\"id\":\"c1\"}\n\n{\"code\":4011,\"msg\":\"x\"}";
    let seen = answer(KIND, 200, &[], body, End::Clean);
    assert_eq!(short(&seen.ending.outcome), "quota (4011)");
    assert_eq!(seen.ids.task.as_deref(), Some("c1"));
}

#[test]
fn several_answers_keep_their_parts_and_other_messages_stay_inside() {
    let seen = frames(
        KIND,
        &[
            ("conversation.message.delta", message("a", "answer", "一")),
            ("conversation.message.delta", message("k", "knowledge", "内部")),
            ("conversation.message.completed", message("a", "answer", "一。")),
            ("conversation.message.completed", message("f", "function_call", "{}")),
            ("conversation.message.completed", message("t", "tool_response", "{}")),
            (
                "conversation.message.completed",
                json!({"id": "c", "type": "answer", "content_type": "card", "content": "{}"}),
            ),
            ("conversation.message.completed", message("b", "answer", "二")),
            (
                "conversation.message.completed",
                json!({"id": "o", "type": "answer", "content_type": "object_string",
                "content": r#"[{"type":"text","text":"三"},{"type":"image","file_url":"https://f/1.png"}]"#}),
            ),
            ("conversation.chat.completed", chat("completed")),
        ],
    );
    assert_eq!((seen.text.as_str(), seen.parts.len()), ("一。\n二\n三", 3));
    let file =
        Attachment { kind: "image".into(), name: String::new(), url: "https://f/1.png".into() };
    assert_eq!(seen.files, [file]);
}

#[test]
fn a_question_to_the_visitor_is_a_call_without_a_function() {
    let mut paused = chat("requires_action");
    paused["required_action"] = json!({"submit_tool_outputs": {"tool_calls": [
        {"id": "q", "type": "reply_message", "function": null}]}});
    let seen = frames(KIND, &[("conversation.chat.requires_action", paused)]);
    let [call] = seen.ending.tool_calls.as_slice() else { panic!() };
    assert_eq!((call.id.as_str(), call.name.as_str()), ("q", "reply_message"));
}
