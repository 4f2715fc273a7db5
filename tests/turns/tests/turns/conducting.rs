//! What the AI does where a site says so, and when a person is called without a rule.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Host, PATIENCE, Provider, Script, Site};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Asks in a conversation of its own; gives the answer.
async fn asked(site: &Site, text: &str) -> Value {
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", text).await;
    socket.answer().await["message"].clone()
}

/// Talks for ten seconds.
fn talking() -> Script {
    let head = Script::default().head().text("I think ");
    (0..1_000)
        .fold(head, |script, n| script.pause(Duration::from_millis(10)).text(&format!("{n} ")))
}

#[tokio::test]
async fn a_switch_silences_an_answer_under_way_within_two_seconds_and_rules_answer_from_then_on() {
    let provider = Provider::playing([talking().end()]).await;
    let host = Host::shared();
    let more = format!("{}{RULE}", provider.entry("only", ""));
    let site = host.site(&format!("{AT_ONCE}{more}")).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    socket.shows("I think ").await;
    site.configure(&format!("{AT_ONCE}enabled = false\n{more}")).await;
    let switched = Instant::now();
    let answer = socket.answer().await["message"].clone();
    assert!(switched.elapsed() < Duration::from_secs(4), "{:?}", switched.elapsed());
    assert_eq!(answer["provider"]["outcome"], "STOPPED", "{answer}");
    provider.request(1).await.left().await;
    socket.say("k2", "hello?").await;
    assert_eq!(socket.answer().await["message"]["rule"]["name"], "rescue");
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn a_switch_ends_the_wait_for_a_provider_that_says_nothing() {
    let provider = Provider::playing([Script::silence()]).await;
    let host = Host::shared();
    let more = format!("{}{RULE}", provider.entry("only", ""));
    let site = host.site(&format!("{AT_ONCE}{more}")).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    let asked = provider.request(1).await;
    site.configure(&format!("{AT_ONCE}enabled = false\n{more}")).await;
    assert_eq!(socket.answer().await["message"]["rule"]["name"], "rescue");
    asked.left().await;
}

#[tokio::test]
async fn off_duty_the_ai_answers_until_an_agent_is_there() {
    let provider = Provider::playing([Script::answer(&["by night"])]).await;
    let host = Host::shared();
    // Each question is a new visitor's.
    let many = "[limits]\nsessions_per_address = \"10000/min\"\n";
    let entry = provider.entry("only", "");
    let site = host.site(&format!("{AT_ONCE}mode = \"off_duty\"\n{entry}{many}")).await;
    assert_eq!(asked(&site, "hi").await["provider"]["name"], "only");
    let agent = site.agent("ming").await;
    let gateway = agent.comes().await;
    let begun = Instant::now();
    while asked(&site, "hi").await["rule"]["name"] != "kefu.people_first" {
        assert!(begun.elapsed() < PATIENCE, "the AI answers on");
    }
    drop(gateway);
}

#[tokio::test]
async fn what_calls_a_person_stands_in_the_owners_event() {
    let provider = Provider::playing([Script::answer(&["我不知道。"])]).await;
    let host = Host::shared();
    let site = host
        .site(&format!(
            "{AT_ONCE}[ai.handoff]\nunsure_limit = 2\nnegative_limit = 1\nrepeated_limit = 3\n{}",
            provider.entry("only", "")
        ))
        .await;
    for (questions, reason) in [
        (&["请转人工"][..], "HANDOFF_ASKED"),
        (&["这个太差了"], "SENTIMENT"),
        (&["几点开门", "几点关门"], "UNSURE"),
    ] {
        let visitor = site.visitor().await;
        let mut socket = visitor.socket().await;
        for (number, question) in questions.iter().enumerate() {
            socket.say(&format!("k{number}"), question).await;
            socket.answer().await;
        }
        let log = visitor.page("after=0&wait=2").await["events"].clone();
        let log = log.as_array().expect("events").clone();
        let owner = match log.iter().find(|event| event["owner"].is_object()) {
            Some(event) => event.clone(),
            None => {
                socket.until("event", |frame| frame["event"]["owner"].is_object()).await["event"]
                    .clone()
            }
        };
        assert_eq!(owner["owner"]["reason"], reason, "{log:?}");
        assert_eq!(owner["owner"]["owner"]["kind"], "QUEUE");
    }
}
