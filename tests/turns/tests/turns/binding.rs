//! Workers AI by the binding of Cloudflare: workerd's own code of it, with a service on loopback
//! behind that answers as Cloudflare's does.

use crate::{AT_ONCE, RULE};
use kefu_test_host::Options;
use kefu_turns::{Gate, Host, Provider, Script};
use serde_json::json;

const ENTRY: &str =
    "[[ai_providers]]\nname = \"own\"\ntype = \"workers_ai\"\nmodel = \"@cf/meta/llama\"\n";

fn said(text: &str) -> serde_json::Value {
    json!({ "response": text })
}

#[tokio::test]
async fn an_answer_of_the_binding_streams() {
    let more = Gate::default();
    let script = Script::default().head().frame(&said("Hel")).hold(&more);
    let usage = json!({ "response": "", "usage": { "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12 } });
    let ai = Provider::playing([script.frame(&said("lo")).frame(&usage).done()]).await;
    let host = Host::with(Options::default().ai(&ai.address()));
    let site = host.site(&format!("{AT_ONCE}{ENTRY}{RULE}")).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    socket.shows("Hel").await;
    more.open();
    let event = socket.answer().await;
    assert_eq!(event["message"]["body"]["text"]["text"], "Hello");
    assert_eq!(event["message"]["provider"]["name"], "own");
    assert_eq!(event["message"]["provider"]["usage"]["total"], 12);

    let asked = ai.request(1).await;
    assert!(asked.head.starts_with("post /run?version=3 "), "{}", asked.head);
    assert!(asked.head.contains("cf-consn-model-id: @cf/meta/llama"), "{}", asked.head);
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let inputs = json!({ "messages": messages, "stream": true, "max_tokens": 2048 });
    assert_eq!(asked.body["inputs"], inputs);
}

#[tokio::test]
async fn what_the_binding_refuses_is_classed_and_passed_over() {
    let refusal = json!({ "internalCode": 3040, "name": "x", "description": "no capacity" });
    let ai = Provider::playing([Script::refusal(429, &refusal)]).await;
    let second = Provider::playing([Script::answer(&["from the second"])]).await;
    let host = Host::with(Options::default().ai(&ai.address()));
    let site = host.site(&format!("{AT_ONCE}{ENTRY}{}", second.entry("second", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    assert_eq!(socket.answer().await["message"]["provider"]["name"], "second");
    let check = site.check("own").await;
    let last = check["steps"].as_array().and_then(|steps| steps.last()).cloned().expect("a step");
    assert_eq!((&last["class"], &last["code"]), (&json!("rate_limited"), &json!("3040")));
}

#[tokio::test]
async fn a_binding_that_hangs_is_given_up_in_time() {
    let ai = Provider::playing([Script::silence()]).await;
    let host = Host::with(Options::default().ai(&ai.address()));
    let entry = format!("{ENTRY}timeouts = {{ connect = \"1s\" }}\n");
    let site = host.site(&format!("{AT_ONCE}{entry}{RULE}")).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    assert_eq!(socket.answer().await["message"]["body"]["text"]["text"], "by rule");
    ai.request(1).await.left().await;
}

#[tokio::test]
async fn a_host_without_the_binding_refuses_the_configuration_and_says_why() {
    let host = Host::shared();
    let site = host.site(AT_ONCE).await;
    let faults = site.refuses(&format!("{AT_ONCE}{ENTRY}")).await;
    assert_eq!(
        faults,
        [
            "ai_providers[0].endpoint: `workers_ai` needs an `endpoint` here: only a Worker with the binding `AI` (wrangler.toml) goes without"
        ]
    );
    site.configure(&format!("{AT_ONCE}{ENTRY}endpoint = \"http://127.0.0.1:1\"\n")).await;
}
