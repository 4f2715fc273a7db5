//! Connections are reset: at every stage of an answer, on either side, again and again.

use crate::{AT_ONCE, RULE};
use futures_util::future::join_all;
use kefu_faults::{Client, Pace, Proxy, Side, Weather};
use kefu_turns::{Gate, Host, Provider, Script, Visitor};
use std::time::Duration;

/// A provider that says something in twelve pieces, slowly enough to be cut between them.
async fn talker() -> Provider {
    let script = (0..12).fold(Script::default().head().text("半个 👋 "), |script, n| {
        script.pause(Duration::from_millis(15)).text(&format!("and {n} "))
    });
    Provider::playing([script.end()]).await
}

/// A conversation over a line that breaks once some bytes have passed.
async fn cut_after(visitor: Visitor, host: &Host, side: Side, bytes: u64) {
    let proxy = Proxy::before(host.port()).await;
    proxy.cut_next(side, bytes);
    let client = Client::open(&visitor, proxy.port(), Pace::QUICK);
    client.say("one");
    client.say("two");
    client.answered().await;
    client.check(&visitor).await;
}

/// From the first byte of the handshake to the last of the answer.
async fn cut_everywhere(side: Side, most: u64, step: usize) {
    let provider = talker().await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let mut cuts = Vec::new();
    for bytes in (1..most).step_by(step) {
        cuts.push(cut_after(site.visitor().await, &host, side, bytes));
    }
    join_all(cuts).await;
}

#[tokio::test]
async fn a_line_cut_at_any_byte_from_the_server_costs_nothing() {
    cut_everywhere(Side::Down, 4_000, 67).await;
}

#[tokio::test]
async fn a_line_cut_at_any_byte_from_the_client_costs_nothing() {
    cut_everywhere(Side::Up, 900, 23).await;
}

#[tokio::test]
async fn an_answer_goes_on_where_the_line_was_cut() {
    let gate = Gate::default();
    let script = Script::default().head().text("first ").hold(&gate).text("then").end();
    let provider = Provider::playing([script]).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let proxy = Proxy::before(host.port()).await;
    let client = Client::open(&visitor, proxy.port(), Pace::QUICK);
    client.say("hi");
    client.shows("first ").await;
    proxy.cut();
    client.until("a second connection", |held| held.greeted >= 2).await;
    client.shows("first ").await;
    gate.open();
    let answer = client.answered().await;
    assert_eq!(answer["message"]["body"]["text"]["text"], "first then");
    assert_eq!(answer["message"]["provider"]["outcome"], "COMPLETED");
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.party.screen.afresh), 0, "nothing is loaded again");
}

#[tokio::test]
async fn a_line_that_is_cut_all_the_time_carries_every_message_once() {
    let host = Host::own();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let proxy = Proxy::before(host.port()).await;
    for number in 0..40 {
        proxy.cut_next(if number % 2 == 0 { Side::Up } else { Side::Down }, 300 + 31 * number);
    }
    let client = Client::open(&visitor, proxy.port(), Pace::QUICK);
    for number in 0..50 {
        client.say(&format!("message {number}"));
        // One after the other, so that there is something to say on every connection.
        client.until("it is shown", |held| held.party.outbox.is_empty()).await;
    }
    client.check(&visitor).await;
    assert!(proxy.accepted() > 10, "{} connections", proxy.accepted());
}

#[tokio::test]
async fn a_slow_and_a_narrow_line_show_everything_in_order() {
    let provider = talker().await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let weathers = [Weather::Slow(Duration::from_millis(120)), Weather::Narrow(4_000)];
    join_all(weathers.map(async |weather| {
        let visitor = site.visitor().await;
        let proxy = Proxy::before(host.port()).await;
        proxy.set(weather);
        // One that is patient: the line is bad and not dead.
        let client = Client::open(&visitor, proxy.port(), Pace::CLIENT);
        client.say("hi");
        client.answered().await;
        client.check(&visitor).await;
        assert_eq!(client.look(|held| held.greeted), 1, "{weather:?}");
    }))
    .await;
}
