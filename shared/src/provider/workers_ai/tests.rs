use super::super::conformance::{End, answer, frames, refused, short};
use super::super::tests::{ask, provider};
use super::super::{Outcome, Remedy, request};
use super::*;
use crate::config::ProviderKind;
use serde_json::{Value, json};

const KIND: ProviderKind = ProviderKind::WorkersAi;

fn done(parts: &[Value]) -> String {
    parts.iter().map(|part| format!("data: {part}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

#[test]
fn the_endpoint_tells_the_form() {
    let mut provider = provider(KIND);
    provider.model = Some("@cf/meta/llama".into());
    let account = "https://api.cloudflare.com/client/v4/accounts/a";
    let gateway = "https://gateway.ai.cloudflare.com/v1/a/g/workers-ai";
    for (endpoint, url, native) in [
        (account.to_owned(), format!("{account}/ai/run/@cf/meta/llama"), true),
        (format!("{account}/ai/"), format!("{account}/ai/run/@cf/meta/llama"), true),
        (format!("{account}/ai/run"), format!("{account}/ai/run/@cf/meta/llama"), true),
        (
            format!("{account}/ai/run/@cf/meta/llama"),
            format!("{account}/ai/run/@cf/meta/llama"),
            true,
        ),
        (format!("{account}/ai/v1"), format!("{account}/ai/v1/chat/completions"), false),
        (
            format!("{account}/ai/v1/chat/completions"),
            format!("{account}/ai/v1/chat/completions"),
            false,
        ),
        (gateway.to_owned(), format!("{gateway}/@cf/meta/llama"), true),
        (format!("{gateway}/v1"), format!("{gateway}/v1/chat/completions"), false),
    ] {
        provider.endpoint = Some(endpoint.clone());
        let parts = request(&ask(&provider)).unwrap();
        assert_eq!(parts.url, url, "{endpoint}");
        let body: Value = serde_json::from_slice(&parts.body).unwrap();
        let messages = json!([{"role": "user", "content": "退货怎么办"}]);
        let expected = if native {
            json!({"messages": messages, "stream": true, "max_tokens": 2048})
        } else {
            json!({"model": "@cf/meta/llama", "messages": messages, "stream": true, "user": "v1"})
        };
        assert_eq!(body, expected, "{endpoint}");
    }
}

#[test]
fn without_an_endpoint_the_hosts_own_ai_runs_the_model() {
    let mut provider = provider(KIND);
    (provider.endpoint, provider.model) = (None, Some("@cf/meta/llama".into()));
    let parts = request(&ask(&provider)).unwrap();
    assert_eq!((parts.model.as_deref(), &*parts.url), (Some("@cf/meta/llama"), ""));
    assert!(parts.headers.is_empty(), "no key goes along");
    let inputs: Value = serde_json::from_slice(&parts.body).unwrap();
    let messages = json!([{"role": "user", "content": "退货怎么办"}]);
    assert_eq!(inputs, json!({"messages": messages, "stream": true, "max_tokens": 2048}));
}

#[test]
fn what_the_binding_is_refused_is_understood() {
    for (body, expected) in [
        (
            json!({"internalCode": 3040, "name": "x", "description": "no capacity"}),
            "rate_limited (3040)",
        ),
        (json!({"internalCode": 5007, "description": "No such model"}), "config (5007)"),
        (json!({"internalCode": 9999, "description": "?"}), "upstream (9999)"),
        (json!({"errors": [{"code": 3036, "message": "used up"}]}), "quota (3036)"),
    ] {
        assert_eq!(
            complaint(&json::parse(&body.to_string()).unwrap()).unwrap().to_string(),
            expected
        );
    }
}

#[test]
fn a_token_that_comes_twice_is_said_once() {
    let both = |text: &str| json!({"response": text, "choices": [{"index": 0, "delta": {"content": text}}]});
    let native = |text: Value| json!({"response": text});
    let chunk = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    for (name, parts) in [
        ("both", vec![both("1"), both("2")]),
        (
            "native",
            vec![native(json!("1")), native(json!(2)), native(json!(null)), native(json!(""))],
        ),
        ("chunks", vec![chunk("1"), chunk("2")]),
        ("mixed", vec![native(json!("1")), json!({"response": "2", "choices": []})]),
    ] {
        let seen = answer(KIND, 200, &[], &done(&parts), End::Hang);
        assert_eq!(
            (seen.text.as_str(), short(&seen.ending.outcome).as_str()),
            ("12", "completed"),
            "{name}"
        );
    }
}

#[test]
fn numbers_are_errors_wherever_they_stand() {
    for (code, words, status, expected, remedy) in [
        (3036, "used up", 429, "quota (3036)", None),
        (3040, "capacity", 429, "rate_limited (3040)", None),
        (3007, "x", 408, "timeout (3007)", None),
        (3008, "x", 408, "upstream (3008)", None),
        (3006, "x", 413, "bad_request (3006)", Some(Remedy::ShorterContext)),
        (5007, "x", 400, "config (5007)", None),
        (3042, "x", 404, "config (3042)", None),
        (3003, "x", 400, "bad_request (3003)", None),
        (5016, "x", 403, "config (5016)", None),
        (3023, "x", 403, "auth (3023)", None),
        (3041, "x", 403, "auth (3041)", None),
        (10000, "Authentication error", 401, "auth (10000)", None),
    ] {
        let object =
            json!({"errors": [{"code": code, "message": words}], "success": false, "result": {}});
        let text = format!("AiError: {code}: {words}");
        // 3008 is said to come with the status of a time-out, which the code outranks within 200.
        let status = if code == 3008 { 200 } else { status };
        for failure in [
            refused(KIND, status, &object),
            refused(KIND, status, &json!({"error": text})),
            refused(KIND, 200, &json!({"errors": [{"code": 8, "message": text}]})),
            frames(
                KIND,
                &[("", json!({"response": "好"})), ("", json!({"error": {"message": text}}))],
            )
            .ending
            .outcome
            .failure()
            .unwrap()
            .clone(),
        ] {
            assert_eq!(
                (failure.to_string().as_str(), failure.remedy),
                (expected, remedy),
                "{code}"
            );
        }
    }
    assert_eq!(refused(KIND, 503, &json!({})).to_string(), "upstream (http_503)");
    assert_eq!(
        refused(KIND, 200, &json!({"success": false, "errors": []})).to_string(),
        "upstream"
    );
}

#[test]
fn an_answer_may_come_as_one_body() {
    for result in [
        json!({"response": "好", "usage": {"total_tokens": 3}}),
        json!({"choices": [{"message": {"content": "好"}}], "usage": {"total_tokens": 3}}),
    ] {
        let body = json!({"result": result, "success": true, "errors": [], "messages": []});
        let seen = answer(KIND, 200, &[], &body.to_string(), End::Hang);
        assert_eq!((seen.text.as_str(), short(&seen.ending.outcome).as_str()), ("好", "completed"));
        assert_eq!(seen.ending.usage.unwrap().total, 3);
    }
    let body = json!({"result": {"response": null, "tool_calls": [{"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {}}]}});
    let seen = answer(KIND, 200, &[], &body.to_string(), End::Hang);
    let calls: Vec<_> = seen
        .ending
        .tool_calls
        .iter()
        .map(|call| (call.name.as_str(), call.arguments.as_str()))
        .collect();
    assert_eq!(calls, [("f", "{\"x\":1}"), ("g", "{}")]);
    assert_eq!(seen.ending.outcome, Outcome::RequiresAction);
}
