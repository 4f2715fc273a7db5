//! What goes over an open WebSocket, in both subprotocols.

use crate::{handed_off, site};
use kefu_conformance::{Framing, Socket, Visitor, dense, texts};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const MOST: usize = 256 * 1024;

#[tokio::test]
async fn a_message_is_acknowledged_and_then_seen_in_every_tab() {
    let visitor = quiet().await;
    for framing in Framing::BOTH {
        let (mut tab, mut other) =
            (open(&visitor, framing).await, open(&visitor, Framing::Json).await);
        let key = format!("{framing:?}");
        tab.send(&json!({"send": {"key": key, "text": "你好 😀"}})).await;
        let ack = tab.expect("ack").await;
        assert_eq!((&ack["key"], &ack["duplicate"]), (&json!(key), &json!(false)));
        let event = tab.expect("event").await;
        assert_eq!((&event["seq"], &event["msgId"]), (&ack["seq"], &ack["msgId"]));
        assert_eq!(
            (texts(std::slice::from_ref(&event))[0], &event["message"]["key"]),
            ("你好 😀", &json!(key))
        );
        assert_eq!(other.expect("event").await, event);
    }
}

#[tokio::test]
async fn a_message_posted_over_http_is_seen_on_sockets() {
    let visitor = quiet().await;
    let (mut json, mut proto) =
        (open(&visitor, Framing::Json).await, open(&visitor, Framing::Proto).await);
    visitor.say("a", "x").await;
    assert_eq!(json.expect("event").await, proto.expect("event").await);
}

#[tokio::test]
async fn frames_sent_without_waiting_are_taken_in_order() {
    let visitor = quiet().await;
    for framing in Framing::BOTH {
        let mut socket = open(&visitor, framing).await;
        for number in 0..50 {
            let key = format!("{framing:?}{number}");
            socket.send(&json!({"send": {"key": key, "text": key}})).await;
        }
        for number in 0..50 {
            assert_eq!(socket.until("ack").await["key"], format!("{framing:?}{number}"));
        }
    }
    dense(&visitor.log().await, 1, 101);
}

#[tokio::test]
async fn frames_that_are_none_are_told_and_the_socket_stays_open() {
    let visitor = quiet().await;
    let mut socket = open(&visitor, Framing::Json).await;
    for (bad, code) in [
        (Message::text(""), "bad_frame"),
        (Message::text("{"), "bad_frame"),
        (Message::text("[]"), "bad_frame"),
        (Message::text("null"), "bad_frame"),
        (Message::text(r#"{"send":"hi"}"#), "bad_frame"),
        (Message::text(r#"{"read":{"seq":-1}}"#), "bad_frame"),
        (Message::text(r#"{"send":{"key":"a","text":"x"},"read":{"seq":1}}"#), "bad_frame"),
        (Message::text("{}"), "unknown_frame"),
        (Message::text(r#"{"dance":{}}"#), "unknown_frame"),
        (Message::binary(vec![]), "bad_frame"),
        (Message::binary(b"{\"ping\":{}}".to_vec()), "bad_frame"),
        (Message::text(oversized()), "too_large"),
    ] {
        refused(&mut socket, bad, code).await;
    }
    still_speaks(&visitor, socket).await;
}

#[tokio::test]
async fn binary_frames_that_are_none_are_told_and_the_socket_stays_open() {
    let visitor = quiet().await;
    let mut socket = open(&visitor, Framing::Proto).await;
    for (bad, code) in [
        (Message::binary(vec![0xff]), "bad_frame"),
        // A `send` that is shorter than it says.
        (Message::binary(vec![0x12, 0x7f, 0x0a]), "bad_frame"),
        // A key that is not UTF-8.
        (Message::binary(vec![0x12, 0x04, 0x0a, 0x02, 0xc3, 0x28]), "bad_frame"),
        (Message::binary(vec![]), "unknown_frame"),
        // Field 99, of a later version.
        (Message::binary(vec![0x9a, 0x06, 0x00]), "unknown_frame"),
        (Message::text(r#"{"send":{"key":"a","text":"x"}}"#), "bad_frame"),
        (Message::binary(oversized().into_bytes()), "too_large"),
    ] {
        refused(&mut socket, bad, code).await;
    }
    still_speaks(&visitor, socket).await;
}

#[tokio::test]
async fn unknown_fields_of_a_frame_are_ignored() {
    let visitor = quiet().await;
    let mut socket = open(&visitor, Framing::Json).await;
    socket.send(&json!({"later": 1, "send": {"key": "a", "text": "x", "mood": "good"}})).await;
    assert_eq!(socket.expect("ack").await["seq"], 2);
}

#[tokio::test]
async fn a_message_that_is_refused_names_its_key() {
    let visitor = quiet().await;
    visitor.say("a", "x").await;
    for framing in Framing::BOTH {
        let mut socket = open(&visitor, framing).await;
        let long = "x".repeat(16_385);
        for (send, code) in [
            (json!({"key": "a", "text": "other"}), "key_reused"),
            (json!({"key": "b", "text": ""}), "empty_message"),
            (json!({"key": "b"}), "empty_message"),
            (json!({"key": "b", "text": long}), "text_too_long"),
            (json!({"key": "b", "body": {"note": {"text": "x"}}}), "body_not_allowed"),
        ] {
            socket.send(&json!({"send": send})).await;
            let error = socket.expect("error").await;
            assert_eq!(
                (&error["code"], &error["key"]),
                (&json!(code), &send["key"]),
                "{framing:?}"
            );
            assert!(!error["message"].as_str().unwrap().is_empty());
            assert!(error.get("retryAfterMs").is_none(), "waiting does not help: {error}");
        }
        socket.send(&json!({"send": {"text": "x"}})).await;
        assert_eq!(socket.expect("error").await["code"], "bad_key");
    }
    assert_eq!(visitor.log().await.len(), 2);
}

#[tokio::test]
async fn read_marks_are_registers_and_travel_with_hello() {
    let visitor = quiet().await;
    visitor.say_many(3).await;
    for framing in Framing::BOTH {
        let (mut tab, mut other) =
            (open(&visitor, framing).await, open(&visitor, Framing::Json).await);
        let seq = visitor.say(&format!("{framing:?}"), "x").await;
        tab.send(&json!({"read": {"seq": seq - 1}})).await;
        let mark = other.until("read").await;
        let author = json!({"role": "VISITOR", "id": visitor.id});
        assert_eq!(mark, json!({"author": author, "seq": seq - 1}));
        // A lower one changes nothing.
        tab.send(&json!({"read": {"seq": 1}})).await;
        tab.drained().await;
        assert!(other.drained().await.iter().all(|frame| frame.get("read").is_none()));
        let hello = visitor.socket(framing).await.expect("hello").await;
        assert_eq!(hello["marks"], json!([{"author": author, "seq": seq - 1}]));
    }
}

#[tokio::test]
async fn a_read_mark_goes_no_further_than_the_log() {
    let visitor = quiet().await;
    let mut socket = open(&visitor, Framing::Json).await;
    let answer = visitor.post("read", &json!({"seq": 4_000_000_000_u32})).await;
    assert_eq!(answer.ok(), json!({}));
    assert_eq!(socket.expect("read").await["seq"], 1);
    visitor.post("read", &json!({"seq": "x"})).await.refused(400, "bad_json");
    assert_eq!(visitor.log().await.len(), 1, "a mark is no event");
}

#[tokio::test]
async fn typing_is_no_event_and_a_visitors_is_not_shown_to_itself() {
    let visitor = quiet().await;
    for framing in Framing::BOTH {
        let (mut tab, mut other) =
            (open(&visitor, framing).await, open(&visitor, Framing::Json).await);
        tab.send(&json!({"typing": {}})).await;
        tab.send(&json!({"typing": {"preview": "I wo"}})).await;
        assert_eq!(visitor.post("typing", &json!({"preview": "I won"})).await.ok(), json!({}));
        assert_eq!(tab.drained().await, Vec::<Value>::new(), "{framing:?}");
        assert_eq!(other.drained().await, Vec::<Value>::new());
    }
    assert_eq!(visitor.log().await.len(), 1);
}

#[tokio::test]
async fn a_visitors_second_tab_is_nobody_else() {
    let visitor = quiet().await;
    let mut first = open(&visitor, Framing::Json).await;
    let hello = visitor.socket(Framing::Proto).await.expect("hello").await;
    assert_eq!(hello["presence"], json!([]));
    assert_eq!(first.drained().await, Vec::<Value>::new());
}

#[tokio::test]
async fn stopping_what_does_not_run_changes_nothing() {
    let visitor = quiet().await;
    for framing in Framing::BOTH {
        let mut socket = open(&visitor, framing).await;
        socket.send(&json!({"stop": {"turn": 7}})).await;
        assert_eq!(visitor.post("stop", &json!({"turn": 7})).await.ok(), json!({}));
        assert_eq!(socket.drained().await, Vec::<Value>::new(), "{framing:?}");
    }
    assert_eq!(visitor.log().await.len(), 1);
}

async fn quiet() -> Visitor {
    handed_off(&site().await).await
}

/// A socket that has read all that was there.
async fn open(visitor: &Visitor, framing: Framing) -> Socket {
    let mut socket = visitor.socket(framing).await;
    let hello = socket.expect("hello").await;
    let latest = hello["seq"].as_u64().unwrap();
    dense(&socket.events_to(latest).await, 1, latest);
    socket
}

/// A frame one byte over what is taken.
fn oversized() -> String {
    let head = r#"{"send":{"key":"a","text":"x"},"later":""#;
    format!("{head}{}\"}}", "x".repeat(MOST + 1 - head.len() - 2))
}

async fn refused(socket: &mut Socket, bad: Message, code: &str) {
    let shown: String = format!("{bad:?}").chars().take(80).collect();
    socket.send_raw(bad).await;
    let error = socket.expect("error").await;
    assert_eq!(error["code"], code, "{shown}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{shown}");
}

async fn still_speaks(visitor: &Visitor, mut socket: Socket) {
    socket.send(&json!({"send": {"key": "after", "text": "still here"}})).await;
    assert_eq!(socket.expect("ack").await["seq"], 2);
    assert_eq!(texts(&visitor.log().await), ["-", "still here"]);
}
