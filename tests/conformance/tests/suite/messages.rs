//! `POST …/messages`: once each, in order, whatever is retried.

use crate::{handed_off, site};
use bytes::Bytes;
use futures_util::stream;
use kefu_conformance::{Answer, Framing, Visitor, dense, texts};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::json;
use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest text, in UTF-16 code units.
const TEXT_MOST: usize = 16_384;
/// The longest body of a request, in bytes.
const MOST: usize = 256 * 1024;

#[tokio::test]
async fn a_message_is_answered_with_its_place_in_the_log() {
    let visitor = quiet().await;
    let sent = visitor.post("messages", &json!({"key": "a", "text": "你好"})).await;
    let sent = sent.with_status(202);
    assert_eq!((&sent["seq"], &sent["duplicate"]), (&2.into(), &false.into()));
    let id: i64 = sent["msgId"].as_str().expect("64 bits are a string").parse().unwrap();
    assert!(id > 0);
}

#[tokio::test]
async fn an_event_has_the_form_of_the_contract() {
    let visitor = site().await.visitor().await;
    let sent =
        visitor.post("messages", &json!({"key": "a", "text": "你好"})).await.with_status(202);
    let event = visitor.log().await.remove(0);
    let nanos: i128 = event["ts"].as_str().expect("64 bits are a string").parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
    assert!((now - nanos).abs() < 60_000_000_000, "{nanos} is not the present time in nanoseconds");
    let expected = json!({
        "seq": 1, "msgId": sent["msgId"], "ts": event["ts"], "session": 1, "channel": "WEB",
        "message": {
            "author": {"role": "VISITOR", "id": visitor.id},
            "body": {"text": {"text": "你好"}},
            "key": "a",
        },
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn seqs_are_dense_and_in_the_order_of_the_answers() {
    let visitor = quiet().await;
    for number in 2..=20 {
        assert_eq!(visitor.say(&format!("k{number}"), "x").await, number);
    }
    dense(&visitor.log().await, 1, 20);
}

#[tokio::test]
async fn the_same_key_and_body_again_is_the_first_answer_again() {
    let visitor = quiet().await;
    let body = json!({"key": "a", "text": "once"});
    let first = visitor.post("messages", &body).await.with_status(202);
    visitor.say("b", "between").await;
    // `text` and a body of text are the same message.
    let long = json!({"key": "a", "body": {"text": {"text": "once"}}, "later": true});
    for again in [&body, &body, &long] {
        let again = visitor.post("messages", again).await.with_status(202);
        let expected = json!({"seq": first["seq"], "msgId": first["msgId"], "duplicate": true});
        assert_eq!(again, expected);
    }
    assert_eq!(visitor.log().await.len(), 3);
}

#[tokio::test]
async fn ten_posts_at_once_under_one_key_are_one_event() {
    let visitor = quiet().await;
    let posts = (0..10).map(|_| {
        let visitor = visitor.clone();
        tokio::spawn(async move {
            visitor.post("messages", &json!({"key": "a", "text": "once"})).await.with_status(202)
        })
    });
    let mut firsts = 0;
    for post in posts.collect::<Vec<_>>() {
        let sent = post.await.unwrap();
        assert_eq!(sent["seq"], 2);
        firsts += u32::from(sent["duplicate"] == false);
    }
    assert_eq!(firsts, 1);
    dense(&visitor.log().await, 1, 2);
}

#[tokio::test]
async fn a_key_counts_on_every_transport() {
    let visitor = quiet().await;
    let seq = visitor.say("a", "once").await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        socket.send(&json!({"send": {"key": "a", "text": "once"}})).await;
        let ack = socket.until("ack").await;
        assert_eq!(
            (&ack["key"], &ack["seq"], &ack["duplicate"]),
            (&"a".into(), &seq.into(), &true.into())
        );
        let key = format!("{framing:?}");
        socket.send(&json!({"send": {"key": key, "text": "twice"}})).await;
        let ack = socket.until("ack").await;
        let body = json!({"key": key, "text": "twice"});
        let again = visitor.post("messages", &body).await.with_status(202);
        assert_eq!((&again["seq"], &again["msgId"]), (&ack["seq"], &ack["msgId"]));
        assert_eq!(again["duplicate"], true);
    }
    assert_eq!(visitor.log().await.len(), 4);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let visitor = quiet().await;
    visitor.say("a", "one").await;
    for other in [
        json!({"key": "a", "text": "two"}),
        json!({"key": "a", "text": "one "}),
        json!({"key": "a", "body": {"location": {"latitude": 1.0, "longitude": 2.0}}}),
    ] {
        visitor.post("messages", &other).await.refused(409, "key_reused");
    }
    assert_eq!(texts(&visitor.log().await), ["-", "one"]);
}

#[tokio::test]
async fn two_visitors_may_use_the_same_key() {
    let site = site().await;
    let (one, two) = (site.visitor().await, site.visitor().await);
    one.say("a", "one").await;
    let sent = two.post("messages", &json!({"key": "a", "text": "two"})).await.with_status(202);
    assert_eq!(sent["duplicate"], false);
}

#[tokio::test]
async fn bodies_that_a_visitor_may_send_are_stored_as_they_are() {
    let visitor = quiet().await;
    let bodies = [
        json!({"text": {"text": "👍🏽 \u{0} tab\t"}}),
        json!({"image": {"url": "https://a.b/c.png", "mime": "image/png", "width": 2, "height": 3, "alt": "a", "size": 4}}),
        json!({"file": {"url": "https://a.b/c.pdf", "name": "c.pdf", "mime": "application/pdf", "size": 5}}),
        json!({"location": {"latitude": 31.5, "longitude": -121.25, "label": "l", "address": "a"}}),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let message = json!({"key": format!("k{number}"), "body": body});
        visitor.post("messages", &message).await.with_status(202);
    }
    let log = visitor.log().await;
    let stored: Vec<_> = log[1..].iter().map(|event| event["message"]["body"].clone()).collect();
    assert_eq!(stored, bodies);
}

#[tokio::test]
async fn a_body_of_scalars_left_out_comes_back_with_all_of_them() {
    let visitor = quiet().await;
    let body = json!({"key": "a", "body": {"location": {"latitude": 1.5}}});
    visitor.post("messages", &body).await.with_status(202);
    let location = json!({"latitude": 1.5, "longitude": 0.0, "label": "", "address": ""});
    assert_eq!(visitor.log().await[1]["message"]["body"]["location"], location);
}

#[tokio::test]
async fn messages_that_cannot_be_are_refused_and_change_nothing() {
    let visitor = quiet().await;
    let long_key = "k".repeat(129);
    for (body, code) in [
        (json!({"key": "a"}), "empty_message"),
        (json!({"key": "a", "text": ""}), "empty_message"),
        (json!({"key": "a", "text": " \n\t"}), "empty_message"),
        (json!({"key": "a", "body": {}}), "empty_message"),
        (json!({"key": "a", "body": {"hologram": {"x": 1}}}), "empty_message"),
        (json!({"text": "x"}), "bad_key"),
        (json!({"key": "", "text": "x"}), "bad_key"),
        (json!({"key": "a\nb", "text": "x"}), "bad_key"),
        (json!({"key": long_key, "text": "x"}), "bad_key"),
        (json!({"key": "a", "body": {"note": {"text": "x"}}}), "body_not_allowed"),
        (json!({"key": "a", "body": {"system": {"code": "x", "text": "x"}}}), "body_not_allowed"),
        (json!({"key": "a", "body": {"card": {"title": "x"}}}), "body_not_allowed"),
        (json!({"key": "a", "body": {"quickReplies": {"text": "x"}}}), "body_not_allowed"),
        (json!({"key": 1, "text": "x"}), "bad_json"),
        (json!({"key": "a", "text": 5}), "bad_json"),
        (json!({"key": "a", "text": "x", "body": {"text": {"text": "x"}}}), "bad_json"),
        (json!([]), "bad_json"),
        (json!("hi"), "bad_json"),
    ] {
        let answer = visitor.post("messages", &body).await;
        assert_eq!(answer.body["code"], code, "{body}");
        answer.refused(400, code);
    }
    assert_eq!(visitor.log().await.len(), 1);
    assert_eq!(visitor.say(&"键".repeat(128), "x").await, 2, "128 characters are a key");
}

#[tokio::test]
async fn bytes_that_are_no_json_are_refused() {
    let visitor = quiet().await;
    let raw =
        |body: &'static [u8]| Answer::of(visitor.request(Method::POST, "messages").body(body));
    raw(b"").await.refused(400, "bad_json");
    raw(b"{\"key\":\"a\",\"text\":\"x\"").await.refused(400, "bad_json");
    raw(b"key=a&text=x").await.refused(400, "bad_json");
    raw(b"{\"key\":\"a\",\"text\":\"\xc3\x28\"}").await.refused(400, "bad_utf8");
    raw(b"\xff\xfe").await.refused(400, "bad_utf8");
    assert_eq!(visitor.log().await.len(), 1);
}

#[tokio::test]
async fn a_text_has_at_most_16384_utf_16_code_units() {
    let visitor = quiet().await;
    // An emoji outside the basic plane counts two.
    let half = "😀".repeat(TEXT_MOST / 2);
    for (key, text) in [("a", "退".repeat(TEXT_MOST)), ("b", half.clone())] {
        visitor.say(key, &text).await;
        let over = json!({"key": "c", "text": format!("{text}x")});
        visitor.post("messages", &over).await.refused(400, "text_too_long");
    }
    assert_eq!(texts(&visitor.log().await)[2], half);
}

#[tokio::test]
async fn a_body_has_at_most_256_kib_however_it_comes() {
    let visitor = quiet().await;
    for chunked in [false, true] {
        let post = |size: usize| Answer::of(posting(&visitor, size, chunked));
        post(MOST).await.with_status(202);
        post(MOST + 1).await.refused(413, "too_large");
        post(MOST + 40_000).await.refused(413, "too_large");
    }
    assert_eq!(visitor.log().await.len(), 2);
}

#[tokio::test]
async fn a_body_far_over_the_limit_is_not_read_to_its_end() {
    let visitor = quiet().await;
    for chunked in [false, true] {
        // The host may hang up on whoever goes on sending.
        if let Ok(answer) = posting(&visitor, MOST * 40, chunked).send().await {
            assert_eq!(answer.status(), 413);
        }
    }
    assert_eq!(visitor.log().await.len(), 1);
}

/// A message whose body has that size, with a Content-Length or in chunks.
fn posting(visitor: &Visitor, size: usize, chunked: bool) -> RequestBuilder {
    let head = format!(r#"{{"key":"{size}","text":"x","later":""#);
    let body = format!("{head}{}\"}}", "x".repeat(size - head.len() - 2)).into_bytes();
    let request = visitor.request(Method::POST, "messages");
    if !chunked {
        return request.body(body);
    }
    let pieces =
        body.chunks(10_000).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)));
    request.body(Body::wrap_stream(stream::iter(pieces.collect::<Vec<_>>())))
}

/// A visitor whom neither AI nor rules answer: the first event is the hand-off.
async fn quiet() -> Visitor {
    handed_off(&site().await).await
}
