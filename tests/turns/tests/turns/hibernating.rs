//! Nobody speaks for a while: the object leaves memory, the clients stay.

use kefu_turns::{Host, soon};
use std::time::Duration;

/// After which DESIGN wants no object awake.
const QUIET: Duration = Duration::from_secs(15);

fn wakes(host: &Host) -> usize {
    host.log().lines().filter(|line| line.contains("conversation ") && line.ends_with(" woke")).count()
}

#[tokio::test]
async fn an_idle_conversation_sleeps_under_every_transport_and_wakes_for_the_next_message() {
    let host = Host::own();
    let site = host.site("[[rules]]\nname = \"first\"\nwhen = \"first\"\nreply = \"by rule\"\n").await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    let mut events = visitor.event_stream().await;
    socket.say("k1", "hi").await;
    socket.answer().await;
    events.answer().await;
    let poll = tokio::spawn({
        let visitor = visitor.clone();
        async move { visitor.page("after=2&epoch=1&wait=25").await }
    });
    socket.send(&serde_json::json!({ "ping": {} })).await;
    socket.until("pong", |_| true).await;
    let before = wakes(&host);
    assert_eq!(before, 1, "{}", host.log());

    tokio::time::sleep(QUIET).await;
    // Answered without waking anything.
    socket.send(&serde_json::json!({ "ping": {} })).await;
    socket.until("pong", |_| true).await;
    assert_eq!(wakes(&host), before, "it woke while nobody spoke");
    socket.say("k2", "still there?").await;

    assert_eq!(wakes(&host), before + 1, "it was awake all the time");
    let asked = |frame: &serde_json::Value| frame["event"]["message"]["key"] == "k2";
    events.until("event", asked).await;
    let page = soon("the long poll", poll).await.unwrap();
    assert_eq!(page["events"][0]["message"]["key"], "k2", "{page}");
    socket.answer().await;
    assert_eq!(events.answer().await["seq"], 4);
}
