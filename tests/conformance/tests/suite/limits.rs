//! Limits: exact, by what nobody can forge, and with the time to come back.

use crate::{QUICK, handed_off, host};
use kefu_conformance::{Answer, Framing, Visitor, author, key_of, own_host};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn sessions_of_an_address_are_counted_exactly() {
    let site = host().site("[limits]\nsessions_per_address = '3/min'\n").await;
    let other = host().site("[limits]\nsessions_per_address = '3/min'\n").await;
    for _ in 0..3 {
        site.session(&json!({}), None).await.ok();
    }
    let refused = site.session(&json!({}), None).await;
    let wait = refused.retry_after_ms();
    assert!((1..=60_000).contains(&wait), "{wait}");
    refused.refused(429, "rate_limited");
    other.session(&json!({}), None).await.ok();
}

#[tokio::test]
async fn a_header_that_a_client_can_send_is_not_its_address() {
    let site = host().site("[limits]\nsessions_per_address = '3/h'\n").await;
    for _ in 0..3 {
        site.session(&json!({}), None).await.ok();
    }
    for header in [
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "cf-pseudo-ipv4",
        "true-client-ip",
        "x-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "fastly-client-ip",
        "spin-client-addr",
    ] {
        let request = site.session_request().header(header, "203.0.113.7").body("{}");
        Answer::of(request).await.refused(429, "rate_limited");
    }
    let request = site.session_request().header("forwarded", "for=203.0.113.7").body("{}");
    Answer::of(request).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn a_proxy_that_the_operator_names_tells_addresses_apart() {
    const TEST: &str = "limits::a_proxy_that_the_operator_names_tells_addresses_apart";
    let vars = [("KEFU_ADDRESS_HEADER", Some("x-real-ip"))];
    let Some((host, _running)) = own_host(TEST, &vars) else { return };
    let site = host.site("[limits]\nsessions_per_address = '1/h'\n").await;
    let from = |address: &'static str| {
        let request = site.session_request().header("x-real-ip", address).body("{}");
        Answer::of(request)
    };
    from("203.0.113.1").await.ok();
    from("203.0.113.1").await.refused(429, "rate_limited");
    from("203.0.113.2").await.ok();
}

/// Linux has all of 127.0.0.0/8 on its loopback.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_of_different_addresses_are_counted_apart() {
    const TEST: &str = "limits::clients_of_different_addresses_are_counted_apart";
    let Some((host, _running)) = own_host(TEST, &[]) else { return };
    let site = host.site("[limits]\nsessions_per_address = '1/h'\n").await;
    let from = |address: &str| {
        let address: std::net::IpAddr = address.parse().unwrap();
        let client = reqwest::Client::builder().no_proxy().local_address(address).build().unwrap();
        Answer::of(client.post(format!("{}{}", host.base(), site.path("session"))))
    };
    from("127.0.0.2").await.ok();
    from("127.0.0.2").await.refused(429, "rate_limited");
    from("127.0.0.3").await.ok();
}

#[tokio::test]
async fn the_limit_of_messages_is_exact_and_says_when_to_come_back() {
    let site = host().site(&format!("{QUICK}[limits]\nmessages_per_visitor = '2/s'\n")).await;
    let visitor = site.visitor().await;
    let mut refusals = 0;
    for number in 1..=6 {
        refusals += post_when_allowed(&visitor, number).await;
    }
    assert!(refusals > 0, "two a second were never too many");
    exactly_two_a_second(&visitor, 6).await;
}

#[tokio::test]
async fn the_limit_of_messages_holds_also_where_nobody_but_people_answer() {
    let site = host().site(&format!("{QUICK}[limits]\nmessages_per_visitor = '2/s'\n")).await;
    let visitor = handed_off(&site).await;
    let mut refusals = 0;
    for number in 1..=6 {
        refusals += post_when_allowed(&visitor, number).await;
    }
    assert!(refusals > 0, "two a second were never too many");
    exactly_two_a_second(&visitor, 6).await;
}

#[tokio::test]
async fn the_limit_is_of_the_visitor_on_all_transports_and_repeats_are_free() {
    let site = host().site(&format!("{QUICK}[limits]\nmessages_per_visitor = '3/h'\n")).await;
    let (visitor, other) = (site.visitor().await, site.visitor().await);
    let mut socket = visitor.socket(Framing::Json).await;
    visitor.say("k1", "x").await;
    socket.send(&json!({"send": {"key": "k2", "text": "x"}})).await;
    socket.until("ack").await;
    visitor.say("k3", "x").await;
    socket.send(&json!({"send": {"key": "k4", "text": "x"}})).await;
    let error = socket.until("error").await;
    assert_eq!((&error["code"], &error["key"]), (&"rate_limited".into(), &"k4".into()));
    let wait = error["retryAfterMs"].as_u64().unwrap();
    assert!((3_000_000..=3_600_000).contains(&wait), "{wait}");
    let refused = visitor.post("messages", &json!({"key": "k5", "text": "x"})).await;
    refused.refused(429, "rate_limited");
    let again = visitor.post("messages", &json!({"key": "k1", "text": "x"})).await;
    assert_eq!(again.with_status(202)["duplicate"], true);
    other.say("k1", "x").await;
    let log = visitor.log().await;
    let keys: Vec<_> = said(&log).map(key_of).collect();
    assert_eq!(keys, ["k1", "k2", "k3"]);
}

/// Posts a message, again when it is told to wait: how often it was.
async fn post_when_allowed(visitor: &Visitor, number: u32) -> u32 {
    let body = json!({"key": format!("k{number}"), "text": "x"});
    let first = visitor.post("messages", &body).await;
    if first.status == 202 {
        return 0;
    }
    let wait = first.retry_after_ms();
    assert!((1..=1_000).contains(&wait), "{wait}");
    first.refused(429, "rate_limited");
    sleep(Duration::from_millis(wait)).await;
    visitor.post("messages", &body).await.with_status(202);
    1
}

/// Fails when any window of a second has three messages of the visitor.
async fn exactly_two_a_second(visitor: &Visitor, count: usize) {
    let log = visitor.log().await;
    let at: Vec<u64> =
        said(&log).map(|event| event["ts"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(at.len(), count);
    assert!(at.windows(3).all(|three| three[2] - three[0] >= 1_000_000_000), "{at:?}");
}

fn said(log: &[Value]) -> impl Iterator<Item = &Value> {
    log.iter().filter(|event| author(event) == "VISITOR")
}
