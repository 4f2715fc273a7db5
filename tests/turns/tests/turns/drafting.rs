//! Answers that an agent approves before a visitor sees them.

use crate::AT_ONCE;
use kefu_turns::{Agent, Host, Provider, Script, Site, Visitor, soon};
use serde_json::{Value, json};

async fn site(host: &Host, provider: &Provider) -> Site {
    host.site(&format!("{AT_ONCE}mode = \"draft\"\n{}", provider.entry("only", ""))).await
}

/// The draft of a conversation, once it is there.
async fn draft(agent: &Agent, visitor: &Visitor) -> Value {
    soon("a draft", async {
        loop {
            let log = agent.log(visitor.conversation()).await;
            if let Some(event) = log.iter().find(|event| event["draft"].is_object()) {
                return event.clone();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_draft_is_hidden_until_an_agent_approves_it_and_then_sent_once() {
    let provider = Provider::playing([Script::answer(&["Within ", "7 days."])]).await;
    let host = Host::shared();
    let site = site(&host, &provider).await;
    let agent = site.agent("ming").await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "When?").await;
    let draft = draft(&agent, &visitor).await;
    let told = &draft["draft"];
    assert_eq!(told["body"]["text"]["text"], "Within 7 days.");
    assert_eq!(told["provider"]["outcome"], "COMPLETED");
    let hidden = json!({ "seq": draft["seq"], "hidden": {} });
    let log = visitor.log().await;
    assert!(log.contains(&hidden), "{log:?}");
    assert!(log.iter().any(|event| event["owner"]["reason"] == "DRAFT"), "{log:?}");

    let body = json!({ "key": "a1", "seq": draft["seq"] });
    let approved = agent.act(visitor.conversation(), "approve", &body).await.expect("an answer");
    assert_eq!(approved.0, 202, "{}", approved.1);
    let again = agent.act(visitor.conversation(), "approve", &body).await.expect("an answer");
    assert_eq!((&again.1["seq"], &again.1["duplicate"]), (&approved.1["seq"], &json!(true)));
    let other = json!({ "key": "a2", "seq": draft["seq"] });
    let refused = agent.act(visitor.conversation(), "approve", &other).await.expect("an answer");
    assert_eq!((refused.0, &refused.1["code"]), (409, &json!("draft_gone")));

    let approved = |frame: &Value| frame["event"]["message"]["approvedBy"].is_object();
    let event = socket.until("event", approved).await["event"].clone();
    let message = &event["message"];
    assert_eq!(message["body"]["text"]["text"], "Within 7 days.");
    assert_eq!(message["author"]["role"], "BOT");
    assert_eq!(message["approvedBy"]["id"], json!(agent.id));
    let shown = |frame: &Value| frame.get("delta").is_some() || frame.get("replace").is_some();
    assert!(!socket.heard.iter().any(|(_, frame)| shown(frame)), "{:?}", socket.heard);
    let sent = visitor.log().await;
    assert_eq!(sent.iter().filter(|event| event["message"]["approvedBy"].is_object()).count(), 1);
}

#[tokio::test]
async fn a_visitor_approves_nothing() {
    let provider = Provider::playing([Script::answer(&["Soon."])]).await;
    let host = Host::shared();
    let site = site(&host, &provider).await;
    let agent = site.agent("ming").await;
    let visitor = site.visitor().await;
    visitor.post("k1", "When?").await;
    let draft = draft(&agent, &visitor).await;
    let (status, body) = visitor.act("approve", &json!({ "key": "a", "seq": draft["seq"] })).await;
    assert_eq!((status, &body["code"]), (403, &json!("forbidden")));
}
