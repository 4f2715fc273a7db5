//! A client is away while the conversation goes on, and comes back.

use crate::{AT_ONCE, RULE};
use kefu_faults::{Client, Pace, Proxy, Weather, whole_log};
use kefu_turns::{Host, Visitor};
use serde_json::json;

/// A client whose line is dead while so many messages are said, then is clear again; gives what
/// it shows, how often it began afresh, and the log.
async fn away_for(messages: usize) -> (Client, Visitor, Host) {
    let host = Host::own();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let proxy = Proxy::before(host.port()).await;
    let client = Client::open(&visitor, proxy.port(), Pace::QUICK);
    client.say("I shall be back");
    client.answered().await;
    assert_eq!(visitor.act("handoff", &json!({ "key": "h1" })).await.0, 200);
    client.until("the hand-off", |held| held.party.is_caught_up()).await;
    proxy.set(Weather::Hole);
    let mut other = visitor.socket().await;
    for number in 1..=messages {
        let send = json!({ "key": format!("other {number}"), "text": "from elsewhere" });
        other.send(&json!({ "send": send })).await;
    }
    let last = format!("other {messages}");
    other.until("ack", |frame| frame["ack"]["key"] == last).await;
    client.until("a connection given up", |held| !held.downs.is_empty()).await;
    proxy.set(Weather::Clear);
    client.until("the newest message", |held| held.party.screen.shows(&last)).await;
    client.settled().await;
    (client, visitor, host)
}

#[tokio::test]
async fn who_was_away_for_four_hundred_messages_gets_just_those() {
    let (client, visitor, _host) = away_for(400).await;
    let log = whole_log(&visitor).await;
    client.look(|held| {
        let screen = &held.party.screen;
        assert_eq!(screen.events, log);
        assert_eq!((screen.afresh, screen.repeated), (0, 0), "nothing comes twice");
    });
}

#[tokio::test]
async fn who_was_away_for_more_than_is_replayed_is_told_so_and_gets_the_newest_page() {
    let (client, visitor, _host) = away_for(700).await;
    let log = whole_log(&visitor).await;
    client.look(|held| {
        let screen = &held.party.screen;
        assert_eq!(screen.events, log[screen.base()..]);
        assert_eq!((screen.afresh, screen.events.len()), (1, 100));
    });
}
