//! Server-sent events, and that all transports show the same log.

use crate::{handed_off, site, site_with};
use kefu_conformance::{Answer, Framing, SseFrame, Visitor, dense};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_stream_begins_with_hello_and_names_each_event() {
    let visitor = log_of(3).await;
    let mut stream = visitor.event_stream("after=0").await;
    let SseFrame { id, frame } = stream.next().await;
    assert_eq!(
        (id, &frame["hello"]["seq"], &frame["hello"]["recovered"]),
        (None, &json!(3), &json!(true))
    );
    for seq in 1..=3 {
        let SseFrame { id, frame } = stream.next().await;
        assert_eq!((id, &frame["event"]["seq"]), (Some(format!("1.{seq}")), &json!(seq)));
    }
    let seq = visitor.say("live", "多字节\n两行").await;
    let SseFrame { id, frame } = stream.next().await;
    assert_eq!(id, Some(format!("1.{seq}")));
    assert_eq!(frame["event"]["message"]["body"]["text"]["text"], "多字节\n两行");
}

#[tokio::test]
async fn a_browser_that_reconnects_gets_what_it_missed() {
    let visitor = log_of(5).await;
    for (last, recovered, after) in
        [("1.3", true, 3), ("1.5", true, 5), ("2.3", false, 0), ("1.9", false, 0)]
    {
        let mut stream = visitor.event_stream_after(last).await;
        let hello = stream.until("hello").await;
        assert_eq!(
            (&hello["recovered"], &hello["after"]),
            (&json!(recovered), &json!(after)),
            "{last}"
        );
        if after < 5 {
            dense(&stream.events_to(5).await, after + 1, 5);
        }
    }
}

#[tokio::test]
async fn the_last_event_id_counts_more_than_the_address_it_first_asked_for() {
    let visitor = log_of(5).await;
    let request = visitor.request(Method::GET, "events?after=1&epoch=1");
    let request = request.header("last-event-id", "1.4");
    let mut stream = kefu_conformance::EventStream::open(request).await;
    assert_eq!(stream.until("hello").await["after"], 4);
    dense(&stream.events_to(5).await, 5, 5);
}

#[tokio::test]
async fn a_stream_is_not_kept_by_caches_or_held_back_by_proxies() {
    let visitor = log_of(1).await;
    let request = visitor.request(Method::GET, "events").header("accept", "text/event-stream");
    let response = request.send().await.unwrap();
    let cache = response.headers()["cache-control"].to_str().unwrap();
    assert!(cache.contains("no-cache") || cache.contains("no-store"), "{cache}");
}

#[tokio::test]
async fn a_stream_is_refused_as_any_request_is() {
    let (visitor, other) = (log_of(1).await, log_of(1).await);
    let ask = |token: Option<&str>, query: &str| {
        let path = visitor.path(&format!("events?{query}"));
        let request = visitor.host.request(Method::GET, &path);
        let request = request.header("accept", "text/event-stream");
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    };
    ask(None, "").await.refused(401, "unauthorized");
    ask(None, &format!("token={}", visitor.token)).await.refused(401, "unauthorized");
    ask(Some(&other.token), "").await.refused(404, "not_found");
    ask(Some(&visitor.token), "after=x").await.refused(400, "bad_cursor");
}

#[tokio::test]
async fn every_transport_shows_the_same_log() {
    let rules = "[[rules]]\nname = '退货'\nmatch = { any = ['退货'] }\nreply = '请申请'\nquick_replies = ['好']\n";
    let visitor = site_with(rules).await.visitor().await;
    let mut json = visitor.socket(Framing::Json).await;
    let mut proto = visitor.socket(Framing::Proto).await;
    let mut stream = visitor.event_stream("").await;
    json.send(&json!({"send": {"key": "a", "text": "退货 😀"}})).await;
    let live = json.events_to(2).await;
    visitor.post("rating", &json!({"key": "r", "score": 5, "comment": "好"})).await;
    visitor.post("handoff", &json!({"key": "h", "reason": "x"})).await.ok();
    proto.send(&json!({"send": {"key": "b", "body": {"location": {"latitude": 0.1, "longitude": 0.2}}}})).await;
    let log = visitor.log_of(5).await;
    dense(&log, 1, 5);
    let live = [live, json.events_to(5).await].concat();
    assert_eq!(live, log, "live JSON");
    assert_eq!(proto.events_to(5).await, log, "live protobuf");
    assert_eq!(stream.events_to(5).await, log, "live SSE");
    for framing in Framing::BOTH {
        assert_eq!(visitor.socket(framing).await.events_to(5).await, log, "{framing:?}");
    }
    assert_eq!(visitor.event_stream("").await.events_to(5).await, log, "SSE");
}

async fn log_of(count: u32) -> Visitor {
    let visitor = handed_off(&site().await).await;
    visitor.say_many(count - 1).await;
    visitor
}
