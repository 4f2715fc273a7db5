use super::super::conformance::{End, answer, frames, refused, short};
use super::super::tests::{ask, provider};
use super::super::{Memory, Remedy, Round, cancel, request};
use super::*;
use crate::config::{Provider, ProviderKind};
use serde_json::json;
use std::time::Duration;

const KIND: ProviderKind = ProviderKind::FastGpt;

fn content(text: &str) -> Value {
    json!({"id": "", "choices": [{"delta": {"content": text}, "index": 0, "finish_reason": null}]})
}

fn at(endpoint: &str) -> Provider {
    let mut provider = provider(KIND);
    provider.endpoint = Some(endpoint.to_owned());
    provider
}

#[test]
fn what_is_sent() {
    let mut provider = at("https://h/api");
    provider.variables.insert("vip".into(), "yes".into());
    let rounds = [Round { question: "q1".into(), answer: "a1".into(), seq: 2 }];
    let ask = Ask { rounds: &rounds, question: "q2", ..ask(&provider) };
    let parts = request(&ask).unwrap();
    assert_eq!(parts.url, "https://h/api/v1/chat/completions");
    let body: Value = serde_json::from_slice(&parts.body).unwrap();
    assert_eq!(
        body,
        json!({
            "messages": [
                {"role": "user", "content": "q1"},
                {"role": "assistant", "content": "a1"},
                {"role": "user", "content": "q2"},
            ],
            "stream": true, "detail": true, "chatId": "a1", "responseChatItemId": "a1",
            "customUid": "v1", "variables": {"vip": "yes"},
        })
    );
    // What is stored under a chat's id is not sent again.
    let memory = Some(Memory { conversation: "kept", rounds: 1 });
    let body = request(&Ask { memory, ..ask }).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["chatId"], "kept");
    assert_eq!(body["messages"], json!([{"role": "user", "content": "q2"}]));
}

#[test]
fn only_v2_can_be_stopped_and_only_by_the_apps_id() {
    let ids = Ids { conversation: Some("chat".into()), ..Ids::default() };
    let v2 = at("https://h/api/v2");
    let parts = cancel(&ask(&v2), &ids).unwrap();
    assert_eq!(parts.url, "https://h/api/v2/chat/stop");
    let body: Value = serde_json::from_slice(&parts.body).unwrap();
    assert_eq!(body, json!({"appId": "1", "chatId": "chat"}));
    assert_eq!(cancel(&ask(&at("https://h/api")), &ids), None);
    assert_eq!(cancel(&ask(&Provider { bot_id: None, ..v2 }), &ids), None);
}

#[test]
fn a_bodys_code_counts_and_the_status_does_not() {
    for (code, status, message, expected, remedy) in [
        (json!(403), "unAuthorization", "x", "auth (403)", None),
        (json!(510), "insufficientQuota", "x", "quota (510)", None),
        (json!(511), "unAuthModel", "x", "config (511)", None),
        (json!(513), "unAuthFile", "x", "config (513)", None),
        (json!(514), "unAuthApiKey", "x", "auth (514)", None),
        (json!(500_001), "teamOverSize", "x", "config (500001)", None),
        (json!(500_002), "aiPointsNotEnough", "x", "quota (500002)", None),
        (json!(501_002), "unAuthDataset", "x", "config (501002)", None),
        (json!(429), "error", "x", "rate_limited (429)", None),
        (json!(409), "error", "x", "conversation_busy (409)", None),
        (json!(500), "chatIsGenerating", "x", "conversation_busy (500)", None),
        (json!(500), "error", "messages is empty", "bad_request (500)", None),
        (json!(500), "error", "您的工作流版本过低,请重新发布一次", "config (500)", None),
        (json!(500), "error", "Cannot read properties of undefined", "upstream (500)", None),
        (json!(500), "error", "429 slow down", "rate_limited (500)", None),
        (json!(500), "error", "401 Incorrect API key", "auth (500)", None),
        (json!(500), "error", "400 bad tool", "upstream (500)", None),
        (
            json!(500),
            "error",
            "400 This model's maximum context length is 8192 tokens",
            "bad_request (500)",
            Some(Remedy::ShorterContext),
        ),
        (json!(null), "", "503 overloaded", "upstream", None),
    ] {
        let body = json!({"code": code, "statusText": status, "message": message, "data": null});
        for failure in [
            refused(KIND, 500, &body),
            refused(KIND, 200, &body),
            frames(KIND, &[("", content("好")), ("error", body.clone())])
                .ending
                .outcome
                .failure()
                .unwrap()
                .clone(),
            frames(KIND, &[("", body.clone())]).ending.outcome.failure().unwrap().clone(),
        ] {
            assert_eq!(
                (failure.to_string().as_str(), failure.remedy),
                (expected, remedy),
                "{body}"
            );
            assert_eq!(failure.message, message);
        }
    }
    let words = json!({"code": 429, "message": "Please try again in 17 seconds."});
    assert_eq!(refused(KIND, 500, &words).retry_after, Some(Duration::from_secs(17)));
    assert_eq!(refused(KIND, 502, &json!({})).remedy, Some(Remedy::Again));
    let broken = answer(KIND, 200, &[], "event: error\ndata: boom\n\n", End::Hang);
    assert_eq!(short(&broken.ending.outcome), "upstream");
}

#[test]
fn the_end_is_done_without_details_and_a_moment_later_with_them() {
    let node = json!({"moduleName": "AI", "inputTokens": 3, "outputTokens": 4, "quoteList": [
        {"sourceName": "a.md", "score": 0.5}, {"sourceName": "b.md"}]});
    let said = |name: &str| format!("{name}data: {}\n\n", content("好"));
    let done = "data: [DONE]\n\n";
    for (name, body, end, records) in [
        ("plain", said("") + done, End::Hang, false),
        ("named", said("event: answer\n") + "event: answer\n" + done, End::Hang, false),
        (
            "v1",
            format!(
                "{}event: answer\n{done}event: flowResponses\ndata: [{node}]\n\n",
                said("event: answer\n")
            ),
            End::Hang,
            true,
        ),
        (
            "v2",
            format!(
                "event: flowNodeResponse\ndata: {node}\n\n{}event: answer\n{done}",
                said("event: answer\n")
            ),
            End::Hang,
            true,
        ),
        (
            "finish alone",
            said("") + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            End::Clean,
            false,
        ),
    ] {
        let seen = answer(KIND, 200, &[], &body, end);
        assert_eq!(
            (short(&seen.ending.outcome).as_str(), seen.text.as_str()),
            ("completed", "好"),
            "{name}"
        );
        let total = records.then_some(7);
        assert_eq!(seen.ending.usage.map(|usage| usage.total), total, "{name}");
        let cited: Vec<_> =
            seen.citations.iter().map(|c| (c.position, c.document.as_str(), c.score)).collect();
        let expected = [(1, "a.md", Some(0.5)), (2, "b.md", None)];
        assert_eq!(cited, if records { expected.to_vec() } else { vec![] }, "{name}");
    }
    let cut = answer(KIND, 200, &[], &said(""), End::Clean);
    assert_eq!(short(&cut.ending.outcome), "truncated: protocol (stream_truncated)");
    let bad = answer(KIND, 200, &[], "event: answer\ndata: {\"choices\n\n", End::Hang);
    assert_eq!(short(&bad.ending.outcome), "protocol (malformed_frame)");
}

#[test]
fn an_app_that_asks_offers_what_there_is_to_choose() {
    let select = json!({"interactive": {"type": "userSelect", "params": {
        "description": "哪种订单？",
        "userSelectOptions": [{"key": "o1", "value": "线上"}, {"key": "o2", "value": "门店"}]}}});
    let seen = frames(
        KIND,
        &[
            ("interactive", select),
            ("answer", json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})),
            ("flowNodeResponse", json!({})),
            ("answer", json!("[DONE]")),
        ],
    );
    assert_eq!(seen.text, "哪种订单？");
    assert_eq!(seen.suggestions, ["线上", "门店"]);
    assert_eq!(seen.ending.outcome, Outcome::RequiresAction);
}

#[test]
fn frames_that_no_one_knows_are_skipped() {
    let seen = frames(
        KIND,
        &[
            ("workflowDuration", json!({"durationSeconds": 1})),
            ("chatTitle", json!("标题")),
            ("updateVariables", json!({})),
            ("fastAnswer", content("好")),
            ("flowNodeResponse", json!({})),
            ("", content("")),
            ("answer", json!("[DONE]")),
        ],
    );
    assert_eq!((seen.text.as_str(), seen.first_token), ("好", true));
}

#[test]
fn an_answer_may_come_as_one_body() {
    let parts = json!([{"type": "reasoning", "reasoning": {"content": "想"}}, {"type": "text", "text": {"content": "好"}}]);
    for (content, error, expected, text) in [
        (json!("好"), json!(null), "completed", "好"),
        (parts, json!(null), "completed", "好"),
        (json!("好"), json!({"message": "a node failed"}), "completed", "好"),
        (json!(""), json!({"message": "503 x"}), "upstream", ""),
        (json!(""), json!(null), "protocol (empty_answer)", ""),
    ] {
        let body = json!({"id": "chat", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 1},
            "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop", "index": 0}], "error": error});
        let seen = answer(KIND, 200, &[], &body.to_string(), End::Hang);
        assert_eq!(
            (short(&seen.ending.outcome).as_str(), seen.text.as_str()),
            (expected, text),
            "{body}"
        );
        assert_eq!((seen.ids.conversation.as_deref(), seen.ending.usage), (Some("chat"), None));
    }
}
