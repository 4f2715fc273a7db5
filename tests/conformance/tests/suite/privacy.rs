//! Nobody reads what isn't theirs: no token but its own opens a conversation, on any route.

use crate::site;
use kefu_conformance::{Answer, Framing, Visitor};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn neither_of_two_visitors_opens_the_others_conversation() {
    let site = site().await;
    let (one, two) = (site.visitor().await, site.visitor().await);
    for (mine, yours) in [(&one, &two), (&two, &one)] {
        closed_to(yours, Some(&mine.token), 404, "not_found").await;
    }
}

#[tokio::test]
async fn a_sites_token_opens_nothing_on_another_site() {
    let (mine, yours) = (site().await.visitor().await, site().await.visitor().await);
    closed_to(&yours, Some(&mine.token), 404, "not_found").await;
}

#[tokio::test]
async fn the_operators_token_is_no_visitors() {
    let visitor = site().await.visitor().await;
    let operator = visitor.host.admin_token().to_owned();
    closed_to(&visitor, Some(&operator), 401, "unauthorized").await;
}

#[tokio::test]
async fn without_a_token_and_with_forged_ones_nothing_opens() {
    let visitor = site().await.visitor().await;
    closed_to(&visitor, None, 401, "unauthorized").await;
    let (head, signature) = visitor.token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    for forged in [
        format!("{head}."),
        head.to_owned(),
        format!("{head}.{reversed}"),
        format!("{}.", visitor.token),
        "k1.e30.e30".into(),
    ] {
        closed_to(&visitor, Some(&forged), 401, "unauthorized").await;
    }
}

#[tokio::test]
async fn a_conversation_of_somebody_else_looks_like_one_that_is_not_there() {
    let site = site().await;
    let (mine, yours) = (site.visitor().await, site.visitor().await);
    yours.say("a", "secret").await;
    let nobodys =
        Visitor { conversation: "0123456789abcdef0123456789abcdef".into(), ..yours.clone() };
    let malformed = Visitor { conversation: "nothing-like-it".into(), ..yours.clone() };
    for (method, route) in routes() {
        let ask = |whose: &Visitor| {
            let request = whose.host.request(method.clone(), &whose.path(route));
            Answer::of(request.bearer_auth(&mine.token).header("upgrade", "websocket"))
        };
        let (theirs, absent) = (ask(&yours).await, ask(&nobodys).await);
        assert_eq!((theirs.status, &theirs.body), (absent.status, &absent.body), "{route}");
        ask(&malformed).await.refused(404, "not_found");
    }
}

/// Fails when `token` does anything in the visitor's conversation, on any route.
async fn closed_to(visitor: &Visitor, token: Option<&str>, status: u16, code: &str) {
    visitor.say("mine", "secret").await;
    let before = visitor.log_of(2).await;
    for (method, route) in routes() {
        let request = visitor.host.request(method.clone(), &visitor.path(route));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let request = request.header("upgrade", "websocket").header("connection", "upgrade");
        let body = json!({"key": "forged", "text": "forged", "seq": 1, "turn": 1, "score": 1});
        let request = if method == Method::POST { request.body(body.to_string()) } else { request };
        let answer = Answer::of(request).await;
        assert!(!answer.text.contains("secret"), "{route}: {}", answer.text);
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code)),
            "{method} {route}"
        );
        answer.refused(status, code);
    }
    for framing in Framing::BOTH {
        let mut stranger = visitor.clone();
        stranger.token = token.unwrap_or_default().to_owned();
        stranger.dial(framing).refused().await.refused(status, code);
    }
    let stream = visitor.host.request(Method::GET, &visitor.path("events"));
    let stream = stream.header("accept", "text/event-stream");
    let stream = match token {
        Some(token) => stream.bearer_auth(token),
        None => stream,
    };
    Answer::of(stream).await.refused(status, code);
    assert_eq!(visitor.log().await, before);
}

/// Every route of a conversation that visitors have.
fn routes() -> Vec<(Method, &'static str)> {
    let acts = ["messages", "read", "typing", "stop", "rating", "handoff", "uploads"];
    let reads = ["events", "events?after=0&wait=5", "ws"];
    let acts = acts.map(|act| (Method::POST, act));
    acts.into_iter().chain(reads.map(|read| (Method::GET, read))).collect()
}
