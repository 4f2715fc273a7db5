//! Objects are taken out of memory: asleep with their sockets open when they have nothing to do,
//! or thrown out at any moment with their sockets closed.

use crate::{AT_ONCE, RULE};
use futures_util::future::join_all;
use kefu_faults::{Client, Pace, host_with_keeper, put_to_sleep, reset_objects};
use kefu_turns::{Gate, Host, Provider, Script, Visitor};
use serde_json::json;
use std::time::Duration;

/// How often a conversation was loaded.
fn wakes(host: &Host, visitor: &Visitor) -> usize {
    let line = format!("conversation {} woke", visitor.conversation());
    host.log().lines().filter(|it| it.contains(&line)).count()
}

#[tokio::test]
async fn a_sleeping_object_wakes_for_the_next_message_on_the_same_socket() {
    let host = host_with_keeper();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::CLIENT);
    for round in 1..=5 {
        client.say(&format!("message {round}"));
        client.answered().await;
        assert_eq!(wakes(&host, &visitor), round, "{}", host.log());
        put_to_sleep(&host).await;
    }
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.greeted), 1);
}

#[tokio::test]
async fn an_object_that_is_sent_to_sleep_in_mid_answer_ends_it_first() {
    let gate = Gate::default();
    let script = Script::default().head().text("one ").hold(&gate).text("two").end();
    let provider = Provider::playing([script, Script::answer(&["three"])]).await;
    let host = host_with_keeper();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let pinging = Pace { ping_every: Duration::from_millis(100), misses: 20, ..Pace::CLIENT };
    let client = Client::open(&visitor, host.port(), pinging);
    client.say("hi");
    client.shows("one ").await;
    tokio::join!(put_to_sleep(&host), async {
        // Pings are answered meanwhile: the object is at work, and not stuck.
        tokio::time::sleep(5 * pinging.ping_every).await;
        gate.open();
    });
    let answer = client.answered().await;
    assert_eq!(answer["message"]["body"]["text"]["text"], "one two");
    client.say("and then?");
    client.answered().await;
    client.check(&visitor).await;
    assert_eq!((wakes(&host, &visitor), client.look(|held| held.greeted)), (2, 1));
}

#[tokio::test]
async fn a_conversation_that_waits_for_a_person_sleeps_and_keeps_its_place_in_the_queue() {
    let host = host_with_keeper();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.say("a person, please");
    client.answered().await;
    assert_eq!(visitor.act("handoff", &json!({ "key": "h1" })).await.0, 200);
    client.until("the queue", |held| held.party.screen.events.iter().any(is_owner)).await;
    put_to_sleep(&host).await;
    client.say("are you there?");
    client.settled().await;
    put_to_sleep(&host).await;
    // After a sleep the AI is as silent as before it.
    client.say("hello?");
    client.check(&visitor).await;
    assert_eq!(wakes(&host, &visitor), 3);
}

fn is_owner(event: &serde_json::Value) -> bool {
    event["owner"].is_object()
}

/// All objects are thrown out so many milliseconds after a question.
async fn reset_after(late: u64) {
    let script = (0..20).fold(Script::default().head(), |script, n| {
        script.pause(Duration::from_millis(10)).text(&format!("{n} "))
    });
    let provider = Provider::playing([script.end()]).await;
    let host = host_with_keeper();
    let site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let client = Client::open(&visitor, host.port(), Pace::QUICK);
    client.until("a first connection", |held| held.greeted == 1).await;
    client.say("count to twenty");
    tokio::time::sleep(Duration::from_millis(late)).await;
    reset_objects(&host).await;
    client.say("and again");
    client.answered().await;
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.party.screen.afresh), 0, "nothing is loaded again");
}

#[tokio::test]
async fn objects_thrown_out_at_any_moment_of_an_answer_cost_nobody_a_message() {
    // From before the message is stored to after the answer is.
    for moments in [[0, 1, 2], [5, 10, 30], [90, 150, 300]] {
        join_all(moments.map(reset_after)).await;
    }
}
