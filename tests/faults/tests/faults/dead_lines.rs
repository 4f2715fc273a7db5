//! Half-open connections: both ends believe in a line on which nothing passes any more.

use crate::{AT_ONCE, RULE};
use kefu_faults::{Client, Pace, Proxy, Weather};
use kefu_turns::{Host, Visitor};

/// A client over a line, and a second one of the same visitor beside it.
struct Two {
    host: Host,
    visitor: Visitor,
    proxy: Proxy,
    client: Client,
    witness: Client,
}

async fn two() -> Two {
    let host = Host::own();
    let visitor = host.site(&format!("{AT_ONCE}{RULE}")).await.visitor().await;
    let port = host.port();
    let proxy = Proxy::before(port).await;
    let client = Client::open(&visitor, proxy.port(), Pace::QUICK);
    let witness = Client::open(&visitor, port, Pace::CLIENT);
    client.say("before");
    client.answered().await;
    Two { host, visitor, proxy, client, witness }
}

#[tokio::test]
async fn a_client_notices_by_its_pings_that_the_line_is_dead() {
    let Two { host: _host, visitor, proxy, client, .. } = two().await;
    proxy.set(Weather::Hole);
    client.until("the end of a silent connection", |held| !held.downs.is_empty()).await;
    client.look(|held| assert_eq!(held.downs[0], "no sign of life"));
    proxy.set(Weather::Clear);
    client.until("a new connection", |held| held.greeted >= 2).await;
    client.check(&visitor).await;
    assert_eq!(client.look(|held| held.party.screen.afresh), 0, "nothing is loaded again");
}

#[tokio::test]
async fn what_is_written_into_a_dead_line_arrives_once() {
    let Two { host: _host, visitor, proxy, client, witness } = two().await;
    proxy.set(Weather::Hole);
    for text in ["into", "the", "void"] {
        client.say(text);
    }
    client.until("a connection given up", |held| !held.downs.is_empty()).await;
    client.look(|held| assert_eq!(held.party.outbox.len(), 3));
    // What the dead connection still carried arrives together with what is sent again.
    proxy.set(Weather::Clear);
    client.check(&visitor).await;
    let seen = client.look(|held| held.party.screen.last());
    witness.until("the same", |held| held.party.screen.last() == seen).await;
}

#[tokio::test]
async fn what_others_said_meanwhile_is_shown_once_the_line_is_back() {
    let Two { host: _host, visitor, proxy, client, witness: _ } = two().await;
    proxy.set(Weather::Hole);
    for number in 0..60 {
        visitor.post(&format!("other {number}"), "from elsewhere").await;
    }
    client.until("a connection given up", |held| !held.downs.is_empty()).await;
    proxy.set(Weather::Clear);
    client.until("all of it", |held| held.party.screen.shows("other 59")).await;
    client.settled().await;
    let log = visitor.log().await;
    client.look(|held| {
        assert_eq!(held.party.screen.events, log);
        assert_eq!(held.party.screen.afresh, 0, "nothing is loaded again");
    });
}
