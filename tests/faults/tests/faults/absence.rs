//! A client is away while the conversation goes on, and comes back.

use crate::{AT_ONCE, RULE};
use kefu_faults::{Client, Console, Faults, Pace, Proxy, Weather, whole_log};
use kefu_turns::{Agent, Host, Visitor, soon};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

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
    for number in 1..=messages {
        visitor.post(&format!("other {number}"), "from elsewhere").await;
    }
    let last = format!("other {messages}");
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

/// The inbox as the server has it, by conversation.
async fn served(agent: &Agent) -> BTreeMap<String, Value> {
    let page = agent.inbox().await;
    let entries = page["entries"].as_array().expect("entries").iter();
    let named = |entry: &Value| (entry["conversation"].as_str().unwrap().to_owned(), entry.clone());
    entries.map(named).collect()
}

/// Waits until the console shows the inbox that the server has.
async fn same_inbox(console: &Console, agent: &Agent) {
    soon("the same inbox", async {
        loop {
            let served = served(agent).await;
            if console.look(|held| held.party.inbox == served) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_agent_who_was_away_for_busy_minutes_sees_what_the_server_has_and_nothing_twice() {
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{RULE}")).await;
    let agent = site.agent("ming").await;
    let mut visitors = Vec::new();
    for _ in 0..20 {
        let visitor = site.visitor().await;
        visitor.post("k0", "hello").await;
        visitors.push(visitor);
    }
    let proxy = Proxy::before(host.port()).await;
    let console = Console::enter(&agent, proxy.port(), Pace::QUICK);
    for visitor in &visitors {
        console.act(|gateway| gateway.open(visitor.conversation()));
    }
    console.until("all that is open", |held| held.party.is_settled()).await;
    same_inbox(&console, &agent).await;

    // Ten minutes of twenty conversations, condensed; what is written meanwhile waits.
    proxy.set(Weather::Hole);
    for (number, visitor) in visitors.iter().enumerate() {
        for message in 1..=15 {
            visitor.post(&format!("k{message}"), &format!("message {message}")).await;
        }
        if number % 3 == 0 {
            assert_eq!(visitor.act("handoff", &json!({ "key": "h" })).await.0, 200);
        }
    }
    let first = visitors[0].conversation();
    console.act(|gateway| gateway.say(first, "I am in a tunnel"));
    site.visitor().await.post("k0", "a new one").await;
    console.until("a connection given up", |held| !held.downs.is_empty()).await;
    proxy.set(Weather::Clear);

    console.until("all that was missed", |held| held.party.is_settled()).await;
    // A conversation tells its desk a little later how it stands.
    console.until("the new one", |held| held.party.inbox.len() == 21).await;
    same_inbox(&console, &agent).await;
    for visitor in &visitors {
        let log = whole_log(visitor).await;
        let id = visitor.conversation();
        console.until("its log", |held| held.party.conversations[id].screen.events == log).await;
        console.look(|held| {
            let screen = &held.party.conversations[id].screen;
            assert_eq!((screen.faults, screen.afresh), (Faults::default(), 0));
        });
    }
    assert_eq!(console.look(|held| held.party.afresh), 0, "the inbox goes on");
}
