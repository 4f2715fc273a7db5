//! Objects are taken out of memory at every stage of an answer, their sockets left open.

use crate::{AT_ONCE, RULE};
use kefu_faults::{Client, Pace};
use kefu_test_host::Options;
use kefu_turns::{Gate, Host, Provider, Script, Visitor};
use serde_json::Value;

fn host() -> Host {
    Host::with(Options::default().keeper())
}

fn wakes(host: &Host, visitor: &Visitor) -> usize {
    let line = format!("conversation {} woke", visitor.conversation());
    host.log().lines().filter(|it| it.contains(&line)).count()
}

fn outcomes(client: &Client) -> Vec<String> {
    let outcome =
        |event: &Value| event["message"]["provider"]["outcome"].as_str().map(ToOwned::to_owned);
    client.look(|held| held.party.screen.events.iter().filter_map(outcome).collect())
}

#[tokio::test]
async fn an_object_that_was_put_to_sleep_wakes_for_the_next_message_on_the_same_socket() {
    let host = host();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    for round in 1..=5 {
        client.say(&format!("message {round}"));
        client.answered().await;
        assert_eq!(wakes(&host, &visitor), round, "{}", host.log());
        host.workerd().put_to_sleep().unwrap();
    }
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.greeted), 1);
}

#[tokio::test]
async fn a_question_of_an_object_that_fell_asleep_before_the_first_word_is_answered() {
    let provider = Provider::playing([Script::silence(), Script::answer(&["at last"])]).await;
    let host = host();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.say("hi");
    provider.request(1).await;
    host.workerd().put_to_sleep().unwrap();
    client.answered().await;
    client.check(&visitor).await;
}

#[tokio::test]
async fn an_answer_of_an_object_that_fell_asleep_in_the_middle_ends_by_itself() {
    let script = Script::default().head().text("well ").hang();
    let provider = Provider::playing([script]).await;
    let host = host();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.say("hi");
    client.shows("well ").await;
    host.workerd().put_to_sleep().unwrap();
    // Nobody speaks: the alarm, if not the provider's stream, brings the object back.
    client.answered().await;
    client.check(&visitor).await;
    assert_eq!(outcomes(&client), ["INTERRUPTED"]);
}

#[tokio::test]
async fn a_message_wakes_an_object_that_fell_asleep_in_mid_answer_and_is_answered_too() {
    let script = Script::default().head().text("well ").hang();
    let provider = Provider::playing([script, Script::answer(&["yes"])]).await;
    let host = host();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.say("hi");
    client.shows("well ").await;
    host.workerd().put_to_sleep().unwrap();
    client.say("hello?");
    client
        .until("both answers", |held| {
            let said = held.party.screen.bot_said();
            said.is_some_and(|event| event["message"]["body"]["text"]["text"] == "yes")
        })
        .await;
    client.check(&visitor).await;
    assert_eq!(outcomes(&client), ["INTERRUPTED", "COMPLETED"]);
}

#[tokio::test]
async fn sleep_at_any_moment_of_an_answer_costs_nobody_a_message() {
    let gate = Gate::default();
    gate.open();
    let script = (0..20).fold(Script::default().head(), |script, n| {
        script.pause(std::time::Duration::from_millis(10)).text(&format!("{n} "))
    });
    let provider = Provider::playing([script.end()]).await;
    let host = host();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let mut clients = Vec::new();
    for number in 0..12 {
        if host.workerd().ended().unwrap().is_some() { println!("ENDED {number} {}", host.log()); }
        let visitor = site.visitor().await;
        let client = Client::open(&visitor, host.port(), Pace::QUICK);
        client.say(&format!("question {number}"));
        tokio::time::sleep(std::time::Duration::from_millis(17)).await;
        host.workerd().put_to_sleep().unwrap();
        clients.push((visitor, client));
    }
    for (visitor, client) in &clients {
        client.answered().await;
        client.check(visitor).await;
    }
}
