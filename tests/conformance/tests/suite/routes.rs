//! Paths and methods that there are, and those that there are not.

use crate::{host, site};
use kefu_conformance::Answer;
use reqwest::Method;

#[tokio::test]
async fn a_host_tells_that_it_is_well() {
    let health = host().health().await;
    assert_eq!(health.status, 200, "{}", health.text);
    Answer::of(host().request(Method::POST, "/healthz")).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn paths_that_are_no_route_are_problems() {
    let visitor = site().await.visitor().await;
    for (method, path) in [
        (Method::GET, "/v1".to_owned()),
        (Method::GET, "/v1/nothing".into()),
        (Method::GET, "/v1/sites".into()),
        (Method::GET, "/v1/sites/shop".into()),
        (Method::GET, "/v1/sites/shop/nothing".into()),
        (Method::GET, "/v1/conversations/short/events".into()),
        (Method::GET, visitor.path("nothing")),
        (Method::POST, visitor.path("")),
        (Method::GET, "/no-such-file.js".into()),
    ] {
        let request = visitor.host.request(method.clone(), &path).bearer_auth(&visitor.token);
        let answer = Answer::of(request).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (404, &"not_found".into()),
            "{method} {path}"
        );
        answer.refused(404, "not_found");
    }
}

#[tokio::test]
async fn methods_that_a_route_does_not_take_are_problems() {
    let visitor = site().await.visitor().await;
    for (method, route) in [
        (Method::GET, "messages"),
        (Method::PUT, "messages"),
        (Method::DELETE, "messages"),
        (Method::POST, "events"),
        (Method::GET, "handoff"),
    ] {
        Answer::of(visitor.request(method, route)).await.refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn answers_are_not_to_be_kept_or_guessed_at() {
    let site = site().await;
    let session = site.session(&serde_json::json!({}), None).await;
    let visitor = kefu_conformance::Visitor::of(&site.host, &session.body);
    let sent = visitor.post("messages", &serde_json::json!({"key": "a", "text": "x"})).await;
    let refused = visitor.post("messages", &serde_json::json!({})).await;
    for answer in [session, sent, refused, visitor.events("").await] {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.text);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", answer.text);
    }
}
