//! `GET …/events`: pages of a log, and waiting for its next event.

use crate::{handed_off, site};
use kefu_conformance::{Answer, Visitor, dense, seqs};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::timeout;

#[tokio::test]
async fn an_empty_conversation_is_an_empty_page() {
    let visitor = site().await.visitor().await;
    let page = visitor.events("after=0").await.ok();
    assert_eq!(page, json!({"epoch": 1, "recovered": true, "latest": 0, "events": []}));
}

#[tokio::test]
async fn a_page_follows_the_cursor_and_says_whether_it_could() {
    let visitor = log_of(5).await;
    for (query, recovered, first) in [
        ("after=0", true, 1),
        ("after=0&epoch=9", true, 1),
        ("after=3", true, 4),
        ("after=3&epoch=1", true, 4),
        ("after=5&epoch=1", true, 6),
        ("after=3&epoch=9", false, 1),
        ("after=6&epoch=1", false, 1),
        ("after=4294967295", false, 1),
    ] {
        let page = visitor.events(query).await.ok();
        assert_eq!((&page["epoch"], &page["latest"]), (&json!(1), &json!(5)), "{query}");
        assert_eq!(page["recovered"], recovered, "{query}");
        dense(page["events"].as_array().unwrap(), first, 5);
    }
}

#[tokio::test]
async fn history_is_read_page_by_page_in_both_directions() {
    let visitor = log_of(7).await;
    for (query, expected) in [
        ("limit=3", vec![5, 6, 7]),
        ("before=5&limit=3", vec![2, 3, 4]),
        ("before=2&limit=3", vec![1]),
        ("before=1&limit=3", vec![]),
        ("before=3", vec![1, 2]),
        ("before=99&limit=2", vec![6, 7]),
        ("after=0&limit=3", vec![1, 2, 3]),
        ("after=3&limit=3", vec![4, 5, 6]),
        ("after=6&limit=3", vec![7]),
        ("", vec![1, 2, 3, 4, 5, 6, 7]),
    ] {
        let page = visitor.events(query).await.ok();
        assert_eq!(seqs(page["events"].as_array().unwrap()), expected, "{query}");
        assert_eq!(page["latest"], 7, "{query}");
    }
}

#[tokio::test]
async fn a_page_never_leaves_out_what_lies_between() {
    let visitor = log_of(120).await;
    let mut read: Vec<Value> = Vec::new();
    while read.len() < 120 {
        let query = format!("after={}&epoch=1&limit=50", read.len());
        let page = visitor.events(&query).await.ok();
        assert_eq!(page["recovered"], true);
        read.extend(page["events"].as_array().unwrap().iter().cloned());
    }
    dense(&read, 1, 120);
}

#[tokio::test]
async fn queries_that_are_no_cursor_are_refused() {
    let visitor = site().await.visitor().await;
    for query in [
        "after=abc",
        "after=-1",
        "after=1.5",
        "after=",
        "epoch=x",
        "before=x",
        "limit=x",
        "wait=x",
        "after=4294967296",
    ] {
        visitor.events(query).await.refused(400, "bad_cursor");
    }
    visitor.events("later=x").await.ok();
}

#[tokio::test]
async fn a_poll_returns_at_once_when_there_is_something() {
    let visitor = log_of(2).await;
    for (query, first) in [
        ("after=1&epoch=1&wait=25", 2),
        ("after=0&wait=25", 1),
        ("after=9&wait=25", 1),
        ("after=2&epoch=7&wait=25", 1),
    ] {
        let begun = Instant::now();
        let page = visitor.events(query).await.ok();
        dense(page["events"].as_array().unwrap(), first, 2);
        assert!(begun.elapsed() < Duration::from_secs(5), "{query}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_poll_waits_for_a_message_and_wakes_with_it() {
    let visitor = log_of(1).await;
    for (number, query) in ["after=1&epoch=1&wait=25", "after=2&wait=25"].into_iter().enumerate() {
        let mut poll = std::pin::pin!(visitor.events(query));
        let early = timeout(Duration::from_millis(400), &mut poll).await;
        assert!(early.is_err(), "there is nothing to return: {early:?}");
        let said = Instant::now();
        let seq = visitor.say(&format!("k{number}"), "here").await;
        let page = poll.await.ok();
        assert!(said.elapsed() < Duration::from_secs(5), "{:?}", said.elapsed());
        dense(page["events"].as_array().unwrap(), seq, seq);
        assert_eq!((&page["recovered"], &page["latest"]), (&json!(true), &json!(seq)));
    }
}

#[tokio::test]
async fn many_polls_of_one_conversation_wake_with_the_same_message() {
    let visitor = log_of(1).await;
    let poll = || {
        let visitor = visitor.clone();
        tokio::spawn(async move { visitor.events("after=1&epoch=1&wait=25").await.ok() })
    };
    let polls: Vec<_> = (0..5).map(|_| poll()).collect();
    visitor.say("a", "here").await;
    for poll in polls {
        dense(poll.await.unwrap()["events"].as_array().unwrap(), 2, 2);
    }
}

#[tokio::test]
async fn a_poll_ends_empty_after_its_wait() {
    let visitor = log_of(1).await;
    let empty = site().await.visitor().await;
    for (visitor, query, latest) in
        [(&visitor, "after=1&epoch=1&wait=1", 1), (&empty, "after=0&wait=1", 0)]
    {
        let begun = Instant::now();
        let page = visitor.events(query).await.ok();
        assert!(begun.elapsed() >= Duration::from_millis(990), "{:?}", begun.elapsed());
        assert_eq!(page, json!({"epoch": 1, "recovered": true, "latest": latest, "events": []}));
    }
}

#[tokio::test]
#[ignore = "takes 25 s"]
async fn a_poll_waits_no_longer_than_25_seconds() {
    let visitor = log_of(1).await;
    let begun = Instant::now();
    visitor.events("after=1&epoch=1&wait=600").await.ok();
    assert!((24..32).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn typing_and_marks_do_not_end_a_poll() {
    let visitor = log_of(1).await;
    let mut poll = std::pin::pin!(visitor.events("after=1&epoch=1&wait=2"));
    assert!(timeout(Duration::from_millis(200), &mut poll).await.is_err());
    visitor.post("typing", &json!({})).await.ok();
    visitor.post("read", &json!({"seq": 1})).await.ok();
    assert_eq!(poll.await.ok()["events"], json!([]));
}

#[tokio::test]
async fn a_page_is_of_no_cache() {
    let visitor = site().await.visitor().await;
    let page = Answer::of(visitor.request(Method::GET, "events")).await;
    assert_eq!(page.header("content-type").split(';').next(), Some("application/json"));
    let cache = page.header("cache-control");
    assert!(cache.contains("no-store") || cache.contains("private"), "cache-control: {cache:?}");
}

async fn log_of(count: u32) -> Visitor {
    let visitor = handed_off(&site().await).await;
    visitor.say_many(count - 1).await;
    visitor
}
