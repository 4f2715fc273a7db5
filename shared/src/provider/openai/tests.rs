use super::super::conformance::{self, End, Seen, short};
use super::super::tests::{ask, provider};
use super::super::{Method, Outcome, Round, Usage, request};
use super::*;
use crate::config::ProviderKind;
use serde_json::{Value, json};
use std::time::Duration;

const KIND: ProviderKind = ProviderKind::OpenAi;

fn sent(ask: &Ask<'_>) -> Value {
    serde_json::from_slice(&request(ask).unwrap().body).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str, end: End) -> Seen {
    conformance::answer(KIND, status, headers, body, end)
}

/// A stream of these data lines.
fn stream(frames: &[Value]) -> String {
    frames.iter().map(|frame| format!("data: {frame}\n\n")).collect()
}

fn content(text: &str) -> Value {
    json!({"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn failure(status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    let seen = answer(status, headers, body, End::Hang);
    seen.ending.outcome.failure().unwrap().clone()
}

#[test]
fn a_question_is_sent_with_its_context() {
    let mut provider = provider(KIND);
    provider.system_prompt = Some("你是客服".into());
    let round = |question: &str, answer: &str| Round {
        question: question.into(),
        answer: answer.into(),
        seq: 0,
    };
    let rounds = [round("在吗", "在的"), round("喂", "")];
    let ask = Ask { rounds: &rounds, ..ask(&provider) };
    assert_eq!(
        sent(&ask),
        json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "你是客服"},
                {"role": "user", "content": "在吗"},
                {"role": "assistant", "content": "在的"},
                {"role": "user", "content": "喂"},
                {"role": "user", "content": "退货怎么办"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "user": "v1",
        })
    );
    let parts = request(&ask).unwrap();
    assert_eq!((parts.method, parts.url.as_str()), (Method::Post, "https://h/v1/chat/completions"));
    let header =
        |name: &str| parts.headers.iter().find(|(key, _)| *key == name).map(|(_, v)| v.as_str());
    assert_eq!(header("authorization"), Some("Bearer sk-1"));
    assert_eq!(header("content-type"), Some("application/json"));
}

#[test]
fn stream_options_are_left_out_once_they_were_refused() {
    let provider = provider(KIND);
    let body = sent(&Ask { remedy: Some(Remedy::NoStreamOptions), ..ask(&provider) });
    assert_eq!(body.get("stream_options"), None);
    for body in [
        r#"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}"#,
        r#"{"error":{"message":"Unknown parameter","param":"stream_options.include_usage","code":"unknown_parameter"}}"#,
        r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
        "",
    ] {
        assert_eq!(failure(400, &[], body).remedy, Some(Remedy::NoStreamOptions), "{body}");
    }
}

#[test]
fn a_server_without_a_key_is_asked_without_one() {
    let mut provider = provider(KIND);
    (provider.api_key, provider.endpoint) = (None, None);
    let parts = request(&Ask { api_key: None, ..ask(&provider) }).unwrap();
    assert!(parts.headers.iter().all(|(name, _)| *name != "authorization"));
    assert_eq!(parts.url, "https://api.openai.com/v1/chat/completions");
}

#[test]
fn a_model_must_be_named() {
    let mut provider = provider(KIND);
    for model in [None, Some(String::new())] {
        provider.model = model;
        assert_eq!(request(&ask(&provider)).unwrap_err().to_string(), "config (missing_model)");
    }
}

#[test]
fn streams_end_as_the_end_rule_says() {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let done = "data: [DONE]\n\n";
    let ok = stream(&[content("好"), finish("stop")]);
    for (name, body, end, expected) in [
        ("done and hang", format!("{ok}{done}"), End::Hang, "completed"),
        ("finish and hang", ok.clone(), End::Hang, "completed"),
        ("finish and close", ok.clone(), End::Clean, "completed"),
        ("finish and reset", ok.clone(), End::Reset, "completed"),
        ("done alone", stream(&[content("好")]) + done, End::Hang, "completed"),
        (
            "done without a line end",
            stream(&[content("好")]) + "data: [DONE]",
            End::Clean,
            "completed",
        ),
        (
            "done in quotes",
            stream(&[content("好")]) + "data: \"[DONE]\"\n\n",
            End::Hang,
            "completed",
        ),
        ("length", stream(&[content("好"), finish("length")]), End::Hang, "completed"),
        (
            "an empty reason is none",
            stream(&[content("好"), finish("")]),
            End::Clean,
            "truncated: protocol (stream_truncated)",
        ),
        ("no end", stream(&[content("好")]), End::Clean, "truncated: protocol (stream_truncated)"),
        ("nothing", String::new(), End::Clean, "truncated: protocol (stream_truncated)"),
        (
            "comments only",
            ": ping\n\n:\n".into(),
            End::Clean,
            "truncated: protocol (stream_truncated)",
        ),
        (
            "usage and close",
            stream(&[content("好"), usage]),
            End::Clean,
            "truncated: protocol (stream_truncated)",
        ),
        ("nothing said", stream(&[finish("stop")]) + done, End::Hang, "protocol (empty_answer)"),
        (
            "filtered",
            stream(&[content("好"), finish("content_filter")]),
            End::Hang,
            "content_filter (content_filter)",
        ),
        (
            "reason error",
            stream(&[content("好"), finish("error")]),
            End::Hang,
            "upstream (finish_error)",
        ),
        (
            "broken JSON",
            stream(&[content("好")]) + "data: {\"choices\":[\n\n",
            End::Hang,
            "protocol (malformed_frame)",
        ),
        (
            "cut JSON",
            stream(&[content("好")]) + "data: {\"choices\":[",
            End::Clean,
            "truncated: protocol (stream_truncated)",
        ),
        ("an unnamed ping", format!("data: ping\n\n{ok}"), End::Hang, "completed"),
        (
            "a broken error",
            stream(&[content("好")]) + "event: error\ndata: {broken\n\n",
            End::Hang,
            "upstream",
        ),
        (
            "a frame no one knows",
            format!("event: x\ndata: {{broken\n\n{ok}"),
            End::Hang,
            "completed",
        ),
    ] {
        let seen = answer(200, &[], &body, end);
        assert_eq!(short(&seen.ending.outcome), expected, "{name}");
        let text = if body.contains('好') { "好" } else { "" };
        assert_eq!(seen.text, text, "{name}: what came is kept");
    }
}

#[test]
fn a_count_of_tokens_before_the_close_excuses_a_missing_end() {
    let tail = json!({"usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    for (frames, counted) in [(vec![content("好"), tail], false), (vec![content("好")], true)] {
        let seen = answer(200, &[], &stream(&frames), End::Clean);
        assert_eq!(seen.ending.outcome.failure().unwrap().counts_for_breaker(), counted);
    }
}

#[test]
fn lax_servers_are_understood() {
    let chunk = |delta: Value, usage: Value| json!({"choices": [{"delta": delta, "finish_reason": ""}], "usage": usage});
    let body = stream(&[
        json!({"id": 7, "choices": [], "prompt_filter_results": []}),
        json!({"object": "x", "error": null, "choices": null}),
        chunk(json!({"role": "assistant", "content": null, "tool_calls": []}), json!(null)),
        chunk(
            json!({"content": "一"}),
            json!({"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}),
        ),
        json!({"choices": [{"index": 1, "delta": {"content": "另一个"}}, {"index": 0, "delta": {"content": "二"}}]}),
        chunk(
            json!({"content": [{"type": "text", "text": "三"}]}),
            json!({"prompt_tokens": 5, "completion_tokens": 3.0}),
        ),
        finish("stop"),
    ]);
    let seen = answer(200, &[], &body, End::Hang);
    assert_eq!((seen.text.as_str(), short(&seen.ending.outcome).as_str()), ("一二三", "completed"));
    assert_eq!(seen.ending.usage, Some(Usage { input: 5, output: 3, total: 8 }));
}

#[test]
fn reasoning_is_kept_apart_in_every_spelling() {
    let thoughts = [
        json!({"reasoning_content": "想", "content": null}),
        json!({"reasoning": "想", "content": ""}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "想"}]}]}),
        json!({"content": [{"type": "thinking", "thinking": "想"}]}),
        json!({"content": "<think>想</think>\n"}),
    ];
    for thought in thoughts {
        let body =
            stream(&[json!({"choices": [{"delta": thought}]}), content("好"), finish("stop")]);
        let seen = answer(200, &[], &body, End::Hang);
        assert_eq!((seen.reasoning.as_str(), seen.text.as_str()), ("想", "好"), "{thought}");
    }
}

#[test]
fn a_refusal_is_the_answer() {
    let body = stream(&[json!({"choices": [{"delta": {"refusal": "抱歉"}}]}), finish("stop")]);
    let seen = answer(200, &[], &body, End::Hang);
    assert_eq!((seen.text.as_str(), short(&seen.ending.outcome).as_str()), ("抱歉", "completed"));
}

#[test]
fn tool_calls_are_put_together_however_they_come() {
    let piece = |call: Value| json!({"choices": [{"delta": {"tool_calls": [call]}}]});
    for (name, pieces) in [
        (
            "by index",
            vec![
                piece(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}})),
                piece(json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}})),
                piece(json!({"index": 0, "function": {"arguments": "{\"x\":1}"}})),
            ],
        ),
        (
            "without an index, id and name repeated",
            vec![
                piece(json!({"id": "a", "function": {"name": "f", "arguments": "{\"x\""}})),
                piece(json!({"id": "a", "function": {"name": "f", "arguments": ":1}"}})),
                piece(json!({"id": "b", "function": {"name": "g", "arguments": "{}"}})),
            ],
        ),
        (
            "whole, arguments as an object",
            vec![json!({"choices": [{"message": {"tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}},
                {"id": "b", "function": {"name": "g", "arguments": {}}},
            ]}}]})],
        ),
    ] {
        let seen = answer(200, &[], &(stream(&pieces) + "data: [DONE]\n\n"), End::Hang);
        let calls: Vec<_> =
            seen.ending.tool_calls.iter().map(|c| (&*c.id, &*c.name, &*c.arguments)).collect();
        assert_eq!(calls, [("a", "f", "{\"x\":1}"), ("b", "g", "{}")], "{name}");
        assert_eq!(seen.ending.outcome, Outcome::RequiresAction, "{name}");
    }
}

#[test]
fn an_answer_may_come_as_one_json_body() {
    let body = json!({
        "id": "c1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "您好\n在的"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    })
    .to_string();
    let seen = answer(200, &[("content-type", "application/json")], &body, End::Hang);
    assert_eq!(
        (seen.text.as_str(), short(&seen.ending.outcome).as_str()),
        ("您好\n在的", "completed")
    );
    assert_eq!(seen.parts, ["您好\n在的"]);
    assert_eq!(seen.ids.message.as_deref(), Some("c1"));
    assert_eq!(seen.ending.usage, Some(Usage { input: 1, output: 2, total: 3 }));
    for (body, end, expected) in [
        (&body[..40], End::Reset, "truncated: protocol (stream_truncated)"),
        (&body[..40], End::Clean, "protocol (malformed_body)"),
        ("<html>登录</html>", End::Clean, "protocol (malformed_body)"),
        ("{\"ok\":true}", End::Clean, "protocol (unexpected_body)"),
        ("{\"choices\":[]}", End::Clean, "protocol (empty_answer)"),
    ] {
        let seen = answer(200, &[], body, end);
        assert_eq!(short(&seen.ending.outcome), expected, "{body}");
    }
}

#[test]
fn errors_in_a_stream_are_failures_in_every_form() {
    for (frame, expected) in [
        (
            r#"data: {"error":{"message":"x","type":"server_error","code":null}}"#,
            "upstream (server_error)",
        ),
        (r#"data: {"error":{"message":"x","code":429}}"#, "rate_limited (429)"),
        (
            r#"data: {"error":{"message":"x","code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            "upstream (502)",
        ),
        (r#"data: {"error":"boom"}"#, "upstream"),
        (
            r#"data: [{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x"}}]"#,
            "rate_limited (429)",
        ),
        (
            r#"data: {"object":"error","message":"x","type":"BadRequestError","code":400}"#,
            "bad_request (400)",
        ),
        (r#"data: {"code":"timeout","message":"x"}"#, "timeout (timeout)"),
        ("event: error\ndata: {\"message\":\"x\"}", "upstream"),
        ("event: error\ndata: boom", "upstream"),
        (
            r#"{"error":{"message":"bare","type":"overloaded_error"}}"#,
            "upstream (overloaded_error)",
        ),
    ] {
        for end in ["", "\n", "\n\n", "\n\ndata: [DONE]\n\n"] {
            if frame.starts_with('{') && end.contains("DONE") {
                continue;
            }
            let body = format!("{}{frame}{end}", stream(&[content("好")]));
            let seen = answer(200, &[], &body, End::Clean);
            assert_eq!(short(&seen.ending.outcome), expected, "{body}");
            assert_eq!(seen.text, "好");
        }
    }
    let body =
        r#"{"error":{"message":"x","type":"invalid_request_error","code":"invalid_api_key"}}"#;
    assert_eq!(failure_of_body(body), "auth (invalid_api_key)");
}

fn failure_of_body(body: &str) -> String {
    short(&answer(200, &[], body, End::Clean).ending.outcome)
}

#[test]
fn refusals_are_classified_by_what_they_say_and_then_by_status() {
    let error = |code: &str, message: &str| {
        json!({"error": {"code": code, "message": message}}).to_string()
    };
    for (status, body, expected, remedy) in [
        (401, error("invalid_api_key", "Incorrect API key provided"), "auth (invalid_api_key)", None),
        (401, String::new(), "auth (http_401)", None),
        (402, error("", "Insufficient Balance"), "quota (http_402)", None),
        (403, error("content_policy_violation", "x"), "content_filter (content_policy_violation)", None),
        (403, String::new(), "auth (http_403)", None),
        (404, error("model_not_found", "x"), "config (model_not_found)", None),
        (404, "<html>404</html>".into(), "config (http_404)", None),
        (301, String::new(), "config (http_301)", None),
        (400, error("context_length_exceeded", "x"), "bad_request (context_length_exceeded)", Some(Remedy::ShorterContext)),
        (400, error("400", "This model's maximum context length is 8192 tokens"), "bad_request (400)", Some(Remedy::ShorterContext)),
        (413, String::new(), "bad_request (http_413)", Some(Remedy::ShorterContext)),
        (400, error("content_filter", "x"), "content_filter (content_filter)", None),
        (400, error("invalid_value", "x"), "bad_request (invalid_value)", None),
        (400, error("invalid_request_error", "Model Not Exist"), "config (invalid_request_error)", None),
        (400, r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#.into(), "auth (400)", None),
        (408, String::new(), "timeout (http_408)", None),
        (409, String::new(), "upstream (http_409)", None),
        (429, error("insufficient_quota", "x"), "quota (insufficient_quota)", None),
        (429, error("1113", "您的账户余额不足"), "quota (1113)", None),
        (429, error("rate_limit_exceeded", "Increase it at https://x/account/billing"), "rate_limited (rate_limit_exceeded)", None),
        (429, "slow down".into(), "rate_limited (http_429)", None),
        (500, String::new(), "upstream (http_500)", None),
        (502, "<html>".into(), "upstream (http_502)", Some(Remedy::Again)),
        (503, r#"{"error":"loading"}"#.into(), "upstream (http_503)", Some(Remedy::Again)),
        (504, r#"{"message":"x"}"#.into(), "upstream (http_504)", Some(Remedy::Again)),
        (500, "event: error\ndata: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n".into(), "rate_limited (rate_limit_exceeded)", None),
        (529, error("overloaded_error", "x"), "upstream (overloaded_error)", None),
    ] {
        let failure = failure(status, &[], &body);
        assert_eq!((failure.to_string().as_str(), failure.remedy), (expected, remedy), "{status} {body}");
    }
}

#[test]
fn a_limit_says_when_to_come_back() {
    let body = r#"{"error":{"code":"rate_limit_exceeded","message":"Please try again in 1.5s."}}"#;
    for (headers, expected) in [
        (vec![("retry-after", "20")], 20_000),
        (vec![("retry-after-ms", "300")], 300),
        (
            vec![("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")],
            360_000,
        ),
        (vec![], 1_500),
    ] {
        let wait = failure(429, &headers, body).retry_after;
        assert_eq!(wait, Some(Duration::from_millis(expected)), "{headers:?}");
    }
}

#[test]
fn a_server_may_forbid_trying_again() {
    assert_eq!(failure(503, &[("x-should-retry", "false")], "").remedy, None);
}

#[test]
fn the_request_id_is_kept_for_the_log() {
    let seen = answer(500, &[("X-Request-Id", "req_1")], "", End::Clean);
    assert_eq!(seen.ids.request.as_deref(), Some("req_1"));
}
