//! `POST …/rating`

use crate::{handed_off, site};
use kefu_conformance::{Framing, Visitor};
use serde_json::json;

#[tokio::test]
async fn a_rating_is_an_event_of_its_session() {
    let visitor = spoken().await;
    let mut socket = visitor.socket_at(Framing::Proto, "after=2&epoch=1").await;
    socket.expect("hello").await;
    let rated = visitor.post("rating", &json!({"key": "r", "score": 5, "comment": "很好"})).await;
    let rated = rated.ok();
    assert_eq!((&rated["seq"], &rated["duplicate"]), (&json!(3), &json!(false)));
    let event = socket.expect("event").await;
    let author = json!({"role": "VISITOR", "id": visitor.id});
    assert_eq!(event["rating"], json!({"author": author, "score": 5, "comment": "很好"}));
    assert_eq!((&event["seq"], &event["session"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_rating_is_stored_once_under_its_key() {
    let visitor = spoken().await;
    let body = json!({"key": "r", "score": 4, "comment": ""});
    let first = visitor.post("rating", &body).await.body;
    let again = visitor.post("rating", &body).await.body;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &json!(true)));
    for other in [
        json!({"key": "r", "score": 5}),
        json!({"key": "r", "score": 4, "comment": "x"}),
        json!({"key": "a", "score": 4}),
    ] {
        visitor.post("rating", &other).await.refused(409, "key_reused");
    }
    assert_eq!(visitor.log().await.len(), 3);
}

#[tokio::test]
async fn ratings_that_cannot_be_are_refused_and_change_nothing() {
    let visitor = spoken().await;
    for (body, code) in [
        (json!({"key": "r"}), "bad_rating"),
        (json!({"key": "r", "score": 0}), "bad_rating"),
        (json!({"key": "r", "score": 6}), "bad_rating"),
        (json!({"key": "r", "score": -1}), "bad_json"),
        (json!({"key": "r", "score": 4.5}), "bad_json"),
        (json!({"key": "r", "score": "five"}), "bad_json"),
        (json!({"key": "r", "score": 4_294_967_296_u64}), "bad_json"),
        (json!({"score": 5}), "bad_key"),
        (json!({"key": "r", "score": 5, "comment": "x".repeat(100_000)}), "text_too_long"),
    ] {
        let answer = visitor.post("rating", &body).await;
        assert_eq!(answer.body["code"], code, "{:.100}", body.to_string());
        answer.refused(400, code);
    }
    assert_eq!(visitor.log().await.len(), 2);
}

#[tokio::test]
async fn where_nothing_was_said_there_is_nothing_to_rate() {
    let visitor = site().await.visitor().await;
    let rating = json!({"key": "r", "score": 5});
    visitor.post("rating", &rating).await.refused(400, "bad_rating");
    assert_eq!(visitor.log().await.len(), 0);
}

/// A visitor who said something that no machine answers.
async fn spoken() -> Visitor {
    let visitor = handed_off(&site().await).await;
    visitor.say("a", "x").await;
    visitor
}
