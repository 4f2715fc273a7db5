//! The gateway: one stream for the inbox and the conversations that are opened in it.

use crate::{handed_off, site};
use kefu_conformance::{Framing, Socket, seqs};
use serde_json::{Value, json};

/// The next frame about that conversation with that field.
async fn about(socket: &mut Socket, conversation: &str, kind: &str) -> Value {
    loop {
        let frame = socket.next().await;
        if frame["conversation"] == conversation && frame.get(kind).is_some() {
            return frame[kind].clone();
        }
    }
}

/// Reads until the inbox has the conversation with that seq.
async fn entry(socket: &mut Socket, conversation: &str, seq: u64) -> Value {
    loop {
        let inbox = about(socket, "", "inbox").await;
        let entries = inbox["entries"].as_array().unwrap();
        let found = entries.iter().find(|entry| entry["conversation"] == conversation);
        if let Some(found) = found.filter(|entry| entry["seq"].as_u64().unwrap() >= seq) {
            return found.clone();
        }
    }
}

fn resume(conversation: &str, seq: u64) -> Value {
    json!({"conversation": conversation, "resume": {"epoch": 1, "seq": seq}})
}

#[tokio::test]
async fn the_inbox_tells_of_a_conversation_and_how_it_changes() {
    for framing in Framing::BOTH {
        let site = site().await;
        let ming = site.agent("Ming").await;
        let mut gateway = ming.gateway(framing, "").await;
        let hello = gateway.expect("hello").await;
        assert_eq!(
            (&hello["epoch"], &hello["seq"], &hello["recovered"]),
            (&1.into(), &0.into(), &true.into())
        );
        let visitor = handed_off(&site).await;
        visitor.say("a", "is anybody there?").await;
        let told = entry(&mut gateway, &visitor.conversation, 2).await;
        assert_eq!(told["owner"]["kind"], "QUEUE");
        assert_eq!(told["visitor"]["id"], visitor.id.as_str());
        assert_eq!(told["last"]["text"], "is anybody there?");
        assert!(told.get("waitingSince").is_some(), "{told}");
        ming.take(&visitor.conversation).await;
        let taken = entry(&mut gateway, &visitor.conversation, 3).await;
        assert_eq!(taken["owner"]["id"], ming.id.as_str());
        assert!(taken["revision"].as_u64() > told["revision"].as_u64());
    }
}

#[tokio::test]
async fn a_conversation_that_is_opened_in_it_speaks_as_on_its_own_socket() {
    for framing in Framing::BOTH {
        let site = site().await;
        let ming = site.agent("Ming").await;
        let visitor = handed_off(&site).await;
        visitor.say("a", "hello").await;
        let id = visitor.conversation.as_str();
        let mut gateway = ming.gateway(framing, "").await;
        gateway.send(&resume(id, 0)).await;
        // What is sent before it is open waits for that.
        let send = json!({"conversation": id, "send": {"key": "m", "text": "Ming here"}});
        gateway.send(&send).await;
        let hello = about(&mut gateway, id, "hello").await;
        assert_eq!((&hello["seq"], &hello["recovered"]), (&2.into(), &true.into()));
        let events =
            [about(&mut gateway, id, "event").await, about(&mut gateway, id, "event").await];
        assert_eq!(seqs(&events), [1, 2]);
        let ack = about(&mut gateway, id, "ack").await;
        assert_eq!((&ack["key"], &ack["seq"]), (&"m".into(), &4.into()));
        visitor.say("b", "good").await;
        let seen: Vec<Value> = [
            about(&mut gateway, id, "event").await,
            about(&mut gateway, id, "event").await,
            about(&mut gateway, id, "event").await,
        ]
        .into();
        assert_eq!(seqs(&seen), [3, 4, 5], "the take, the message, the answer to it");
        gateway.send(&json!({"ping": {}})).await;
        loop {
            if gateway.next().await.get("pong").is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_once_each() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    let visitor = handed_off(&site).await;
    visitor.say("a", "one").await;
    let id = visitor.conversation.clone();
    let mut gateway = ming.gateway(Framing::Json, "").await;
    let known = entry(&mut gateway, &id, 2).await;
    gateway.close().await;
    for number in 0..5 {
        visitor.say(&format!("k{number}"), "more").await;
    }
    ming.entry(&visitor, 7).await;
    let after = known["revision"].as_u64().unwrap();
    let mut gateway = ming.gateway(Framing::Json, &format!("after={after}&epoch=1")).await;
    let hello = gateway.expect("hello").await;
    assert_eq!((&hello["recovered"], &hello["after"]), (&true.into(), &after.into()));
    let inbox = gateway.expect("inbox").await;
    let entries = inbox["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["seq"]), (1, &7.into()));
    gateway.send(&resume(&id, 2)).await;
    let hello = about(&mut gateway, &id, "hello").await;
    assert_eq!((&hello["recovered"], &hello["after"]), (&true.into(), &2.into()));
    for seq in 3..=7 {
        assert_eq!(about(&mut gateway, &id, "event").await["seq"], seq);
    }
}

#[tokio::test]
async fn a_cursor_that_is_of_no_such_inbox_starts_afresh() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    for query in ["after=900&epoch=1", "after=1&epoch=7"] {
        let mut gateway = ming.gateway(Framing::Json, query).await;
        let hello = gateway.expect("hello").await;
        assert_eq!((&hello["recovered"], &hello["after"]), (&false.into(), &0.into()), "{query}");
    }
}

#[tokio::test]
async fn what_is_left_says_nothing_more() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    let visitor = handed_off(&site).await;
    let id = visitor.conversation.as_str();
    let mut gateway = ming.gateway(Framing::Json, "").await;
    gateway.send(&resume(id, 0)).await;
    about(&mut gateway, id, "event").await;
    gateway.send(&json!({"conversation": id, "leave": {}})).await;
    visitor.say("a", "hello").await;
    let stop = json!({"conversation": id, "stop": {"turn": 1}});
    gateway.send(&stop).await;
    let error = about(&mut gateway, id, "error").await;
    assert_eq!(error["code"], "not_joined");
    entry(&mut gateway, id, 2).await;
}

#[tokio::test]
async fn frames_that_cannot_be_carried_out_are_answered_and_change_nothing() {
    let (mine, yours) = (site().await, site().await);
    let ming = mine.agent("Ming").await;
    let foreign = handed_off(&yours).await;
    let absent = "0123456789abcdef0123456789abcdef";
    let mut gateway = ming.gateway(Framing::Json, "").await;
    for (frame, id, code) in [
        (json!({"send": {"key": "k", "text": "to whom?"}}), "", "not_joined"),
        (json!({"conversation": "x", "resume": {"epoch": 1, "seq": 0}}), "x", "bad_frame"),
        (json!({"conversation": absent, "dance": {}}), absent, "unknown_frame"),
        (resume(absent, 0), absent, "not_found"),
        (resume(&foreign.conversation, 0), foreign.conversation.as_str(), "not_found"),
    ] {
        gateway.send(&frame).await;
        assert_eq!(about(&mut gateway, id, "error").await["code"], code, "{frame}");
    }
    gateway.send(&json!({"ping": {}})).await;
    gateway.until("pong").await;
}

#[tokio::test]
async fn the_same_over_server_sent_events_with_conversations_named_in_the_request() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    let visitor = handed_off(&site).await;
    visitor.say("a", "hello").await;
    ming.entry(&visitor, 2).await;
    let id = visitor.conversation.as_str();
    let mut stream = ming.gateway_events(&format!("open={id}:1.1")).await;
    let (mut inbox, mut event) = (None, None);
    while inbox.is_none() || event.is_none() {
        let frame = stream.next().await;
        assert_eq!(frame.id, None, "one number would not tell which conversation it is of");
        if frame.frame["conversation"] == "" {
            inbox = frame.frame.get("inbox").cloned().or(inbox);
        } else if let Some(found) = frame.frame.get("event") {
            event = Some(found.clone());
        }
    }
    assert_eq!(event.unwrap()["seq"], 2, "after the cursor");
    assert_eq!(inbox.unwrap()["entries"][0]["conversation"], id);
    ming.post(id, "messages", &json!({"key": "m", "text": "hi"})).await.with_status(202);
    assert_eq!(stream.events_to(4).await.len(), 2);
    let refused = ming.request(reqwest::Method::GET, "/v1/agent/events?open=nobody");
    kefu_conformance::Answer::of(refused).await.refused(400, "bad_cursor");
}

#[tokio::test]
async fn a_query_tells_what_somebody_wants_to_see() {
    let site = site().await;
    let (ming, li) = (site.agent("Ming").await, site.agent("Li").await);
    let (queued, owned) = (handed_off(&site).await, handed_off(&site).await);
    ming.take(&owned.conversation).await;
    ming.entry(&owned, 2).await;
    ming.entry(&queued, 1).await;
    let ids = |page: Value| -> Vec<String> {
        let entries = page["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["conversation"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(ming.inbox("owner=queue").await.ok()), [queued.conversation.as_str()]);
    assert_eq!(ids(ming.inbox("owner=me").await.ok()), [owned.conversation.as_str()]);
    assert_eq!(ids(li.inbox("owner=me").await.ok()), Vec::<String>::new());
    assert_eq!(ids(li.inbox("").await.ok()).len(), 2);
    li.inbox("owner=king").await.refused(400, "bad_request");
    let other = crate::site().await;
    let path = format!("/v1/sites/{}/inbox", other.id);
    kefu_conformance::Answer::of(ming.request(reqwest::Method::GET, &path))
        .await
        .refused(404, "not_found");
}
