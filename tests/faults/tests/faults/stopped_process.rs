//! The process stands still and is not dead (SIGSTOP), or is killed (SIGKILL).

use crate::{AT_ONCE, RULE, outcomes};
use kefu_faults::{Client, Pace, freeze, thaw};
use kefu_turns::{Gate, Host, Provider, Script};

#[tokio::test]
async fn clients_of_a_stopped_process_notice_and_nothing_is_shown_twice_when_it_goes_on() {
    let host = Host::own();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let (pid, port) = (host.pid(), host.port());
    let client = Client::open(&visitor, port, Pace::QUICK);
    client.say("before");
    client.answered().await;
    freeze(pid).unwrap();
    client.say("while it stands");
    // Every try ends in silence: the system accepts connections for a stopped process.
    client.until("the end of two connections", |held| held.downs.len() >= 2).await;
    client.say("still");
    thaw(pid).unwrap();
    // It now reads what was sent on connections that nobody listens to any more.
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.party.screen.afresh), 0, "nothing is loaded again");
}

#[tokio::test]
async fn an_answer_outlives_a_stop_of_the_process_in_the_middle() {
    let gate = Gate::default();
    let script = Script::default().head().text("one ").hold(&gate).text("two").end();
    let provider = Provider::playing([script]).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let (pid, port) = (host.pid(), host.port());
    let client = Client::open(&visitor, port, Pace::QUICK);
    client.say("hi");
    client.shows("one ").await;
    freeze(pid).unwrap();
    gate.open();
    client.until("a connection given up", |held| !held.downs.is_empty()).await;
    thaw(pid).unwrap();
    let answer = client.answered().await;
    assert_eq!(answer["message"]["body"]["text"]["text"], "one two");
    assert_eq!(answer["message"]["provider"]["outcome"], "COMPLETED");
    client.check(&visitor).await;
}

#[tokio::test]
async fn a_killed_process_costs_a_client_nothing_but_the_rest_of_an_answer() {
    let script = Script::default().head().text("I think ").hang();
    let provider = Provider::playing([script, Script::answer(&["as I said"])]).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.say("hi");
    client.shows("I think ").await;
    host.kill();
    client.say("hello?");
    client.until("failed tries", |held| held.downs.len() >= 2).await;
    host.restart();
    client
        .until("the answer to the second", |held| {
            let said = held.party.screen.bot_said();
            said.is_some_and(|event| event["message"]["body"]["text"]["text"] == "as I said")
        })
        .await;
    client.check(&visitor).await;
    client.look(|held| {
        let screen = &held.party.screen;
        assert_eq!(outcomes(screen), ["INTERRUPTED", "COMPLETED"]);
        assert_eq!(screen.afresh, 0, "nothing is loaded again");
    });
}
