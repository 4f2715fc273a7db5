//! What admins and supervisors see of how a question was answered.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Host, Provider, Script};
use serde_json::json;

#[tokio::test]
async fn admins_and_supervisors_see_what_was_sent_and_who_was_asked_and_nobody_else_does() {
    let refusal = json!({ "error": { "message": "oops", "type": "server_error" } });
    let first = Provider::playing([Script::refusal(500, &refusal)]).await;
    let second = Provider::playing([Script::answer(&["Noted."])]).await;
    let host = Host::shared();
    let entries = first.entry("first", "api_key = \"${NONE}\"").replace("first", "keyless")
        + &first.entry("first", "")
        + &second.entry("second", "price = { input = 1000000, output = 2000000 }");
    let site = host.site(&format!("{AT_ONCE}{entries}{RULE}")).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    for (key, text) in [("k1", "My number is 13800138000"), ("k2", "And now?")] {
        socket.say(key, text).await;
        socket.answer().await;
    }
    let (admin, agent) = (site.agent_as("li", "ADMIN").await, site.agent_as("ming", "AGENT").await);
    let (status, page) = admin.get(visitor.conversation(), "turns").await;
    assert_eq!(status, 200, "{page}");
    let turns = page["turns"].as_array().expect("turns");
    assert_eq!(turns.len(), 2, "{page}");
    let (newest, oldest) = (&turns[0], &turns[1]);
    assert_eq!(oldest["question"], "My number is [PHONE_1]");
    assert_eq!(oldest["masks"], json!([{ "name": "PHONE", "count": 1 }]));
    assert_eq!(
        (&oldest["answeredBy"], &oldest["outcome"]),
        (&json!("second"), &json!("COMPLETED"))
    );
    assert_eq!(newest["rounds"][0]["answer"], "Noted.");
    let attempts = oldest["attempts"].as_array().expect("attempts");
    assert_eq!(
        attempts[0]["skips"],
        json!([{ "provider": "keyless", "why": "unresolved_api_key" }])
    );
    assert_eq!(
        (&attempts[0]["provider"], &attempts[0]["class"]),
        (&json!("first"), &json!("upstream"))
    );
    let last = &attempts[attempts.len() - 1];
    assert_eq!((&last["usage"]["total"], &last["costMicros"]), (&json!(12), &json!("17000000")));
    assert!(last["firstTokenMs"].as_u64() >= last["sentMs"].as_u64(), "{last}");
    assert!(!page.to_string().contains("13800138000"), "{page}");

    let page = admin
        .get(visitor.conversation(), &format!("turns?limit=5&before={}", newest["seq"]))
        .await
        .1;
    assert_eq!(page["turns"], json!([oldest]));
    let supervisor = site.agent_as("zhao", "SUPERVISOR").await;
    let seen = supervisor.get(visitor.conversation(), "turns").await;
    assert_eq!((seen.0, &seen.1["turns"]), (200, &json!([newest, oldest])));
    let refused = agent.get(visitor.conversation(), "turns").await;
    assert_eq!((refused.0, &refused.1["code"]), (403, &json!("forbidden")));
    let elsewhere = host.site("").await.agent_as("wang", "ADMIN").await;
    let refused = elsewhere.get(visitor.conversation(), "turns").await;
    assert_eq!((refused.0, &refused.1["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn a_site_that_keeps_none_has_none() {
    let provider = Provider::playing([Script::answer(&["Noted."])]).await;
    let host = Host::shared();
    let site =
        host.site(&format!("{AT_ONCE}keep_traces = \"0s\"\n{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "hi").await;
    socket.answer().await;
    let admin = site.agent_as("li", "ADMIN").await;
    assert_eq!(admin.get(visitor.conversation(), "turns").await, (200, json!({ "turns": [] })));
}
