use super::super::conformance::{End, answer, frames, refused, short};
use super::super::tests::{ask, provider};
use super::super::{Memory, Remedy, Round, cancel, request};
use super::*;
use crate::config::ProviderKind;
use serde_json::json;

const KIND: ProviderKind = ProviderKind::Dify;

fn say(event: &str, text: &str) -> (&'static str, Value) {
    (
        "",
        json!({"event": event, "conversation_id": "v", "message_id": "m", "task_id": "t", "answer": text}),
    )
}

fn event(event: &str, data: &Value) -> (&'static str, Value) {
    ("", json!({"event": event, "task_id": "t", "data": data}))
}

fn end() -> (&'static str, Value) {
    (
        "",
        json!({"event": "message_end", "metadata": {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}}),
    )
}

#[test]
fn what_is_sent() {
    let mut provider = provider(KIND);
    let sent =
        |ask: &Ask<'_>| -> Value { serde_json::from_slice(&request(ask).unwrap().body).unwrap() };
    let plain = json!({
        "query": "退货怎么办", "inputs": {}, "user": "v1", "response_mode": "streaming",
        "auto_generate_name": false,
    });
    assert_eq!(sent(&ask(&provider)), plain);
    assert_eq!(request(&ask(&provider)).unwrap().url, "https://h/v1/chat-messages");

    let rounds = [Round { question: "q1".into(), answer: "a1".into(), seq: 2 }];
    let body = sent(&Ask { rounds: &rounds, question: "q2", ..ask(&provider) });
    assert_eq!(body["query"], "Q: q1\nA: a1\n\nQ: q2");

    let memory = Some(Memory { conversation: "uuid", rounds: 1 });
    let body = sent(&Ask { rounds: &rounds, question: "q2", memory, ..ask(&provider) });
    assert_eq!((&body["query"], &body["conversation_id"]), (&json!("q2"), &json!("uuid")));

    provider.inputs = [("lang", "zh"), ("history", "")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let body = sent(&Ask { rounds: &rounds, question: "q2", ..ask(&provider) });
    assert_eq!(body["query"], "q2");
    assert_eq!(body["inputs"], json!({"lang": "zh", "history": "Q: q1\nA: a1\n\n"}));
}

#[test]
fn a_task_is_stopped_by_the_same_user() {
    let provider = provider(KIND);
    assert_eq!(cancel(&ask(&provider), &Ids::default()), None);
    let ids = Ids { task: Some("t/1".into()), ..Ids::default() };
    let parts = cancel(&ask(&provider), &ids).unwrap();
    assert_eq!(parts.url, "https://h/v1/chat-messages/t%2F1/stop");
    assert_eq!(parts.body, br#"{"user":"v1"}"#);
}

#[test]
fn every_code_has_its_class() {
    for (status, code, message, expected, remedy) in [
        (400, "invalid_param", "x", "bad_request", None),
        (400, "invalid_param", "Run failed: Connection aborted", "upstream", None),
        (400, "bad_request", "x", "bad_request", None),
        (400, "app_unavailable", "x", "config", None),
        (400, "not_chat_app", "x", "config", None),
        (400, "provider_not_initialize", "x", "config", None),
        (400, "model_currently_not_support", "x", "config", None),
        (400, "provider_quota_exceeded", "x", "quota", None),
        (400, "conversation_completed", "x", "conversation_gone", Some(Remedy::NewConversation)),
        (400, "completion_request_error", "[openai] Rate Limit Error, 429", "upstream", None),
        (
            400,
            "completion_request_error",
            "maximum context length is 8192",
            "bad_request",
            Some(Remedy::ShorterContext),
        ),
        (401, "unauthorized", "x", "auth", None),
        (401, "some_new_word", "x", "auth", None),
        (403, "forbidden", "x", "config", None),
        (
            404,
            "not_found",
            "Conversation Not Exists.",
            "conversation_gone",
            Some(Remedy::NewConversation),
        ),
        (404, "not_found", "App not found", "config", None),
        (413, "file_too_large", "x", "bad_request", None),
        (429, "too_many_requests", "x", "rate_limited", None),
        (429, "rate_limit_error", "x", "quota", None),
        (500, "internal_server_error", "x", "upstream", None),
    ] {
        let body = json!({"code": code, "message": message, "status": status});
        let failure = refused(KIND, status, &body);
        assert_eq!(
            (failure.to_string(), failure.remedy),
            (format!("{expected} ({code})"), remedy),
            "{body}"
        );
        if code != "some_new_word" {
            let mut inside = body.clone();
            inside["event"] = json!("error");
            let seen = frames(KIND, &[say("message", "好"), ("", inside)]);
            assert_eq!(
                short(&seen.ending.outcome),
                format!("{expected} ({code})"),
                "in a stream: {body}"
            );
        }
    }
    assert_eq!(refused(KIND, 504, &json!({})).remedy, Some(Remedy::Again));
}

#[test]
fn flows_finish_in_either_order_and_however_they_do() {
    let status =
        |status: &str| event("workflow_finished", &json!({"status": status, "error": "boom"}));
    let started = || event("workflow_started", &json!({}));
    for (last, expected) in [
        (vec![status("succeeded"), end()], "completed"),
        (vec![end(), status("succeeded")], "completed"),
        (vec![status("partial-succeeded"), end()], "completed"),
        (vec![end()], "completed"),
        (vec![status("succeeded")], "completed"),
        (vec![status("stopped"), end()], "cancelled"),
        (vec![end(), status("stopped")], "cancelled"),
        (vec![status("failed"), end()], "upstream (workflow_failed)"),
        (vec![status("failed")], "upstream (workflow_failed)"),
        (
            vec![event("human_input_required", &json!({})), event("workflow_paused", &json!({}))],
            "requires_action",
        ),
        (vec![event("human_input_required", &json!({}))], "requires_action"),
        (vec![status("paused")], "requires_action"),
    ] {
        let mut all = vec![started(), event("node_started", &json!({})), say("message", "好")];
        all.extend(last);
        let seen = frames(KIND, &all);
        assert_eq!(
            (short(&seen.ending.outcome).as_str(), seen.text.as_str()),
            (expected, "好"),
            "{all:?}"
        );
    }
    let cut = format!("data: {}\n\n", say("message", "好").1);
    let seen = answer(KIND, 200, &[], &cut, End::Clean);
    assert_eq!(short(&seen.ending.outcome), "truncated: protocol (stream_truncated)");
}

#[test]
fn an_agents_whole_answer_does_not_double_its_pieces() {
    for whole in ["您好。", "您好"] {
        let seen = frames(
            KIND,
            &[
                say("agent_message", "您"),
                say("agent_message", "好"),
                say("message", whole),
                say("message", ""),
                end(),
            ],
        );
        assert_eq!((seen.text.as_str(), seen.parts.len()), (whole, 1));
    }
    let seen = frames(
        KIND,
        &[say("message", "不"), say("message_replace", "抱歉"), say("message", "。"), end()],
    );
    assert_eq!(seen.text, "抱歉。");
}

#[test]
fn reasoning_files_and_sources_are_kept_apart() {
    let seen = frames(
        KIND,
        &[
            event("reasoning_chunk", &json!({"reasoning": "想", "is_final": true})),
            (
                "",
                json!({"event": "message_file", "type": "image", "belongs_to": "user", "url": "/mine"}),
            ),
            (
                "",
                json!({"event": "message_file", "type": "image", "belongs_to": "assistant", "url": "/files/x.png"}),
            ),
            say("message", "好"),
            event("tts_message", &json!("aa")),
            (
                "",
                json!({"event": "message_end", "metadata": {"retriever_resources": [{"position": 1, "document_name": "a.md"}]},
                "files": [{"type": "document", "filename": "b.pdf", "remote_url": "https://f/b.pdf"}]}),
            ),
        ],
    );
    assert_eq!((seen.reasoning.as_str(), seen.text.as_str()), ("想", "好"));
    let files: Vec<_> = seen
        .files
        .iter()
        .map(|file| (file.kind.as_str(), file.name.as_str(), file.url.as_str()))
        .collect();
    assert_eq!(files, [("image", "", "/files/x.png"), ("document", "b.pdf", "https://f/b.pdf")]);
    assert_eq!((seen.citations[0].document.as_str(), seen.citations[0].score), ("a.md", None));
}

#[test]
fn an_answer_may_come_as_one_body() {
    let body = json!({"event": "message", "task_id": "t", "message_id": "m", "conversation_id": "v", "answer": "好",
        "metadata": {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}});
    let seen = answer(KIND, 200, &[], &body.to_string(), End::Hang);
    assert_eq!((short(&seen.ending.outcome).as_str(), seen.text.as_str()), ("completed", "好"));
    assert_eq!(
        (seen.ids.conversation.as_deref(), seen.ending.usage.unwrap().total),
        (Some("v"), 3)
    );
}
