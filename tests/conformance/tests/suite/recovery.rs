//! Cursors: a client that comes back gets what it missed, or is told plainly that it cannot.

use crate::{handed_off, site};
use kefu_conformance::{Framing, Visitor, dense};
use serde_json::{Value, json};

/// A socket replays at most so many events; a cursor further behind gets the newest page.
const REPLAY_MOST: u64 = 500;

#[tokio::test]
async fn a_cursor_gets_exactly_what_follows_it() {
    let visitor = log_of(5).await;
    for framing in Framing::BOTH {
        for (query, after) in [
            ("", 0),
            ("after=0", 0),
            ("after=0&epoch=9", 0),
            ("after=3", 3),
            ("after=3&epoch=1", 3),
            ("after=5&epoch=1", 5),
        ] {
            let (hello, events) = reconnect(&visitor, framing, query).await;
            assert_eq!(
                (&hello["recovered"], &hello["after"]),
                (&json!(true), &json!(after)),
                "{query}"
            );
            dense(&events, after + 1, 5);
        }
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_on_this_log_is_told_so_and_gets_the_newest_page() {
    let visitor = log_of(5).await;
    for framing in Framing::BOTH {
        for query in
            ["after=3&epoch=9", "after=5&epoch=2", "after=6&epoch=1", "after=6", "after=4294967295"]
        {
            let (hello, events) = reconnect(&visitor, framing, query).await;
            assert_eq!(hello["recovered"], false, "{query}");
            assert_eq!((&hello["epoch"], &hello["seq"]), (&json!(1), &json!(5)));
            dense(&events, hello["after"].as_u64().unwrap() + 1, 5);
            assert!(!events.is_empty(), "the newest page comes: {query}");
        }
    }
}

#[tokio::test]
async fn a_cursor_too_far_behind_is_told_so_and_gets_the_newest_page() {
    let visitor = long_log(REPLAY_MOST + 5).await;
    let latest = REPLAY_MOST + 5;
    for framing in Framing::BOTH {
        for (after, recovered) in [(4, false), (5, true), (latest - 1, true)] {
            let query = format!("after={after}&epoch=1");
            let (hello, events) = reconnect(&visitor, framing, &query).await;
            assert_eq!(hello["recovered"], recovered, "{query}");
            let begins = hello["after"].as_u64().unwrap();
            dense(&events, begins + 1, latest);
            assert!(if recovered { begins == after } else { begins > after }, "{query}: {begins}");
        }
    }
}

#[tokio::test]
async fn the_beginning_of_a_long_log_is_always_recovered() {
    let visitor = long_log(REPLAY_MOST + 5).await;
    let (hello, events) = reconnect(&visitor, Framing::Json, "after=0").await;
    assert_eq!(hello["recovered"], true);
    dense(&events, hello["after"].as_u64().unwrap() + 1, REPLAY_MOST + 5);
}

#[tokio::test]
async fn an_open_socket_resumes_as_a_new_one_does() {
    let visitor = log_of(5).await;
    for framing in Framing::BOTH {
        let mut socket = visitor.socket(framing).await;
        socket.events_to(5).await;
        for (cursor, recovered, after) in [
            (json!({"epoch": 1, "seq": 3}), true, 3),
            (json!({"epoch": 1, "seq": 0}), true, 0),
            (json!({"epoch": 1, "seq": 5}), true, 5),
            (json!({"epoch": 2, "seq": 3}), false, 0),
            (json!({"epoch": 1, "seq": 9}), false, 0),
            (json!({"epoch": 1, "seq": 3, "turn": 4, "offset": 7}), true, 3),
        ] {
            socket.send(&json!({"resume": cursor})).await;
            let hello = socket.expect("hello").await;
            assert_eq!(
                (&hello["recovered"], &hello["after"]),
                (&json!(recovered), &json!(after)),
                "{cursor}"
            );
            if after < 5 {
                dense(&socket.events_to(5).await, after + 1, 5);
            }
            assert_eq!(socket.drained().await, Vec::<Value>::new());
        }
    }
}

#[tokio::test]
async fn no_event_is_missed_or_doubled_between_replay_and_what_is_new() {
    let visitor = log_of(2).await;
    let speaker = visitor.clone();
    let speaking = tokio::spawn(async move {
        for number in 0..40 {
            speaker.say(&format!("live{number}"), "x").await;
        }
    });
    // Sockets that come in the middle, each from another cursor.
    for after in 0..10 {
        let framing = Framing::BOTH[after % 2];
        let known = visitor.events("").await.ok()["latest"].as_u64().unwrap().min(after as u64);
        let mut socket = visitor.socket_at(framing, &format!("after={known}&epoch=1")).await;
        assert_eq!(socket.expect("hello").await["recovered"], true);
        dense(&socket.events_to(42).await, known + 1, 42);
    }
    speaking.await.unwrap();
}

/// Hello and the events that bring its reader to the log's end.
async fn reconnect(visitor: &Visitor, framing: Framing, query: &str) -> (Value, Vec<Value>) {
    let mut socket = visitor.socket_at(framing, query).await;
    let hello = socket.expect("hello").await;
    let frames = socket.drained().await;
    let events = frames.into_iter().map(|mut frame| frame["event"].take()).collect();
    (hello, events)
}

/// A visitor with a log of `count` events.
async fn log_of(count: u32) -> Visitor {
    let visitor = handed_off(&site().await).await;
    visitor.say_many(count - 1).await;
    visitor
}

/// The same over one socket, for a long log.
async fn long_log(count: u64) -> Visitor {
    let visitor = handed_off(&site().await).await;
    let mut socket = visitor.socket(Framing::Proto).await;
    for number in 2..=count {
        socket.send(&json!({"send": {"key": format!("m{number}"), "text": "x"}})).await;
        socket.until("ack").await;
    }
    visitor
}
