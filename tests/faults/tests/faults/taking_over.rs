//! A person takes over while an answer is written: not one byte of the AI comes after that.

use crate::{AT_ONCE, RULE};
use futures_util::future::join_all;
use kefu_faults::{Client, Faults, Pace, whole_log};
use kefu_turns::{Agent, Host, Provider, Script, Site};
use serde_json::{Value, json};
use std::time::Duration;

/// An answer in so many pieces, two milliseconds apart.
const PIECES: u32 = 60;
const ROUNDS: u32 = 5;
const AT_ONCE_RACES: u32 = 20;

/// A race between the AI and an agent who takes the conversation over, or, in every other race,
/// just speaks in it. Gives the log.
async fn race(site: &Site, host: &Host, agent: &Agent, number: u32) -> Value {
    let visitor = site.visitor().await;
    let (client, witness) = (
        Client::open(&visitor, host.port(), Pace::CLIENT),
        Client::open(&visitor, host.port(), Pace::CLIENT),
    );
    client.say("which size?");
    client.until("its message", |held| held.party.outbox.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(u64::from(number) * 7 % 150)).await;
    take_over(agent, visitor.conversation(), number).await;
    client.until("the new owner", |held| held.party.screen.events.iter().any(is_owner)).await;
    // The AI would be asked at once.
    client.say("anybody?");
    client.settled().await;
    // Whatever still comes of the provider comes now.
    tokio::time::sleep(Duration::from_millis(2 * u64::from(PIECES) + 100)).await;
    let log = whole_log(&visitor).await;
    for one in [&client, &witness] {
        one.settled().await;
        one.shows_upto(&log).await;
        one.look(|held| {
            assert_eq!(held.party.screen.events, log);
            // Who takes over by another instance of Spin keeps what was saved of the answer.
            let misfits = if host.is_spin() { held.party.screen.faults.misfits } else { 0 };
            assert_eq!(held.party.screen.faults, Faults { misfits, ..Faults::default() });
        });
    }
    log.into()
}

async fn take_over(agent: &Agent, conversation: &str, number: u32) {
    let (act, body, status) = match number % 2 {
        0 => ("take", json!({ "key": "t1" }), 200),
        _ => ("messages", json!({ "key": "m1", "text": "let me help" }), 202),
    };
    let answered = agent.act(conversation, act, &body).await;
    assert_eq!(answered.as_ref().map(|it| it.0), Some(status), "{answered:?}");
}

fn is_owner(event: &Value) -> bool {
    event["owner"].is_object()
}

/// How the AI's answer ended; none when a person was there first.
fn outcome(log: &Value) -> Option<&str> {
    let events = log.as_array()?;
    let place = events.iter().position(is_owner)?;
    let late = events[place..].iter().any(|event| event["message"]["author"]["role"] == "BOT");
    assert!(!late, "the AI is logged after the owner: {log}");
    events.iter().find_map(|event| event["message"]["provider"]["outcome"].as_str())
}

#[tokio::test]
async fn not_one_byte_of_the_ai_comes_after_the_owner_in_a_hundred_races() {
    let words = |script: Script, n| script.pause(Duration::from_millis(2)).text(&format!("{n} "));
    let script = (0..PIECES).fold(Script::default().head(), words).end();
    let provider = Provider::playing([script]).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let agent = site.agent("ming").await;
    let mut logs = Vec::new();
    for round in 0..ROUNDS {
        let numbers = (0..AT_ONCE_RACES).map(|race| round * AT_ONCE_RACES + race);
        let races = numbers.map(|number| race(&site, &host, &agent, number));
        logs.extend(join_all(races).await);
    }
    let interrupted = logs.iter().filter(|log| outcome(log) == Some("INTERRUPTED")).count();
    // The others were over, or had not begun: a race that only one side can win is none.
    assert!(interrupted >= 20, "only {interrupted} of {} in mid-answer", logs.len());
    assert_eq!(logs.len(), 100);
}
