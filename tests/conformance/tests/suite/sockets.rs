//! Opening a WebSocket: who may, in which subprotocol, and how it begins and ends.

use crate::{handed_off, site};
use kefu_conformance::{Answer, Dial, Framing, Socket, Visitor, dense};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_socket_begins_with_hello() {
    let visitor = site().await.visitor().await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        let mut frame = socket.next().await;
        let now: i64 = frame["hello"]["now"].take().as_str().unwrap().parse().unwrap();
        assert!(now > 1_700_000_000_000, "milliseconds: {now}");
        let hello = json!({
            "epoch": 1, "seq": 0, "recovered": true, "owner": {"kind": "BOT"}, "term": 0,
            "marks": [], "after": 0, "session": 0, "presence": [], "now": null, "closed": false,
        });
        assert_eq!(frame, json!({"conversation": "", "hello": hello}), "{framing:?}");
    }
}

#[tokio::test]
async fn whoever_joins_late_gets_the_log_after_hello() {
    let visitor = handed_off(&site().await).await;
    visitor.say_many(3).await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        let hello = socket.expect("hello").await;
        assert_eq!(
            (&hello["seq"], &hello["after"], &hello["session"]),
            (&4.into(), &0.into(), &1.into())
        );
        assert_eq!((&hello["owner"]["kind"], &hello["term"]), (&"QUEUE".into(), &1.into()));
        assert_eq!(socket.events_to(4).await, visitor.log().await, "{framing:?}");
    }
}

#[tokio::test]
async fn a_ping_is_answered_to_the_letter_in_both_subprotocols() {
    let visitor = site().await.visitor().await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        socket.expect("hello").await;
        for _ in 0..3 {
            socket.send_raw(Message::text(r#"{"ping":{}}"#)).await;
            assert_eq!(socket.raw().await, Message::text(r#"{"pong":{}}"#), "{framing:?}");
        }
    }
}

#[tokio::test]
async fn a_ping_that_is_spelled_otherwise_is_a_frame_as_any() {
    let visitor = site().await.visitor().await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        socket.expect("hello").await;
        socket.send(&json!({"conversation": "", "ping": {}})).await;
        assert_eq!(socket.expect("pong").await, json!({}), "{framing:?}");
    }
}

#[tokio::test]
async fn a_token_may_come_in_the_authorization_header() {
    let visitor = site().await.visitor().await;
    for framing in Framing::BOTH {
        let dial = Dial::new(&visitor.host, &visitor.path("ws")).offer(framing.subprotocol());
        let bearer = format!("Bearer {}", visitor.token);
        dial.header("authorization", &bearer).open(framing).await.expect("hello").await;
    }
}

#[tokio::test]
async fn the_order_of_subprotocols_does_not_matter() {
    let visitor = site().await.visitor().await;
    for framing in Framing::BOTH {
        let dial = Dial::new(&visitor.host, &visitor.path("ws")).token(&visitor.token);
        dial.offer("later.v9")
            .offer(framing.subprotocol())
            .open(framing)
            .await
            .expect("hello")
            .await;
    }
}

#[tokio::test]
async fn unknown_subprotocols_are_refused() {
    let visitor = site().await.visitor().await;
    let dial = || Dial::new(&visitor.host, &visitor.path("ws")).token(&visitor.token);
    dial().refused().await.refused(400, "bad_subprotocol");
    for offered in ["mqtt", "kefu.v2.json", "KEFU.V1.JSON", "kefu.v1"] {
        dial().offer(offered).refused().await.refused(400, "bad_subprotocol");
    }
}

#[tokio::test]
async fn a_socket_needs_a_token_of_its_own_conversation() {
    let (here, there) = (site().await, site().await);
    let (visitor, other, foreign) =
        (here.visitor().await, here.visitor().await, there.visitor().await);
    let (head, _) = visitor.token.rsplit_once('.').unwrap();
    let (_, signature) = other.token.rsplit_once('.').unwrap();
    for framing in Framing::BOTH {
        let bare = || Dial::new(&visitor.host, &visitor.path("ws")).offer(framing.subprotocol());
        bare().refused().await.refused(401, "unauthorized");
        bare()
            .query(&format!("token={}", visitor.token))
            .refused()
            .await
            .refused(401, "unauthorized");
        for token in [
            "x".into(),
            "k1.e30.e30".into(),
            format!("{head}.{signature}"),
            format!("{}x", visitor.token),
        ] {
            bare().token(&token).refused().await.refused(401, "unauthorized");
        }
        for token in [&other.token, &foreign.token] {
            bare().token(token).refused().await.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn without_an_upgrade_the_route_says_what_it_is() {
    let visitor = site().await.visitor().await;
    Answer::of(visitor.request(Method::GET, "ws")).await.refused(426, "upgrade_required");
    Answer::of(visitor.request(Method::POST, "ws")).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn cursors_that_are_none_are_refused_before_the_upgrade() {
    let visitor = site().await.visitor().await;
    for query in ["after=abc", "after=-1", "epoch=x", "after=4294967296"] {
        visitor.dial(Framing::Json).query(query).refused().await.refused(400, "bad_cursor");
    }
    visitor.dial(Framing::Json).query("later=x").open(Framing::Json).await.expect("hello").await;
}

#[tokio::test]
async fn a_close_is_answered_and_the_others_stay() {
    let visitor = handed_off(&site().await).await;
    let mut stays = visitor.socket(Framing::Proto).await;
    stays.events_to(1).await;
    visitor.socket(Framing::Json).await.close().await;
    // A tab that is closed without a word.
    drop(visitor.socket(Framing::Json).await);
    let seq = visitor.say("a", "x").await;
    dense(&stays.events_to(seq).await, 2, seq);
}

#[tokio::test]
async fn a_conversation_of_too_many_streams_stops_the_last() {
    let visitor = site().await.visitor().await;
    let mut open = Vec::new();
    for _ in 0..200 {
        match first_frame(&visitor).await {
            (socket, Message::Text(_)) => open.push(socket),
            (_, Message::Close(Some(close))) => {
                assert!(u16::from(close.code) >= 4_200, "{close:?}: it must not come back at once");
                break;
            }
            (_, other) => panic!("{other:?}"),
        }
    }
    assert!((100..200).contains(&open.len()), "{} streams", open.len());
    let seq = visitor.say("a", "x").await;
    for mut socket in open {
        assert_eq!(socket.events_to(seq).await.len(), 1);
    }
}

async fn first_frame(visitor: &Visitor) -> (Socket, Message) {
    let mut socket = visitor.socket(Framing::Json).await;
    let first = socket.raw().await;
    (socket, first)
}
