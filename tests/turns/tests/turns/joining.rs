//! One answer, several streams: stopped, joined late, resumed.

use crate::AT_ONCE;
use kefu_turns::{Gate, Host, Provider, Script, Stream, Visitor};
use serde_json::json;
use std::sync::Arc;

/// A visitor who has asked, and a provider that has said the first half of its answer.
struct Half {
    visitor: Visitor,
    socket: Stream,
    provider: Provider,
    /// Opens to the other half.
    gate: Gate,
    /// Kept while the test runs.
    _host: Arc<Host>,
}

async fn half() -> Half {
    let gate = Gate::default();
    let script = Script::default().head().text("半个 👋 ").hold(&gate);
    let provider = Provider::playing([script.text("and the rest").end()]).await;
    let host = Host::shared();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "hi").await;
    socket.shows("半个 👋 ").await;
    Half { visitor, socket, provider, gate, _host: host }
}

const WHOLE: &str = "半个 👋 and the rest";

#[tokio::test]
async fn a_stopped_answer_is_exactly_what_was_shown_and_the_provider_is_left() {
    let Half { mut socket, provider, _host, .. } = half().await;
    let shown = socket.screen.answer().to_owned();
    let turn = socket.screen.turn();
    socket.send(&json!({ "stop": { "turn": turn } })).await;
    let message = socket.answer().await["message"].clone();

    assert_eq!(message["provider"]["outcome"], "STOPPED");
    assert_eq!(message["body"]["text"]["text"], shown);
    provider.request(1).await.left().await;
}

#[tokio::test]
async fn an_answer_is_stopped_over_http_too_and_only_by_its_own_number() {
    let Half { visitor, mut socket, gate, _host, .. } = half().await;
    let turn = socket.screen.turn();
    let (status, _) = visitor.act("stop", &json!({ "turn": turn + 1 })).await;
    assert_eq!(status, 200);
    gate.open();
    assert_eq!(socket.answer().await["message"]["provider"]["outcome"], "COMPLETED");

    let Half { visitor, mut socket, _host, .. } = half().await;
    let (status, _) = visitor.act("stop", &json!({ "turn": socket.screen.turn() })).await;
    assert_eq!(status, 200);
    assert_eq!(socket.answer().await["message"]["provider"]["outcome"], "STOPPED");
}

#[tokio::test]
async fn whoever_joins_late_sees_the_answer_so_far_and_the_same_end() {
    let Half { visitor, mut socket, gate, _host, .. } = half().await;
    let mut tab = visitor.socket().await;
    let mut events = visitor.event_stream().await;
    for late in [&mut tab, &mut events] {
        let replace = late.until("replace", |_| true).await;
        assert_eq!(replace["replace"]["text"], "半个 👋 ");
    }
    gate.open();
    for stream in [&mut socket, &mut tab, &mut events] {
        assert_eq!(stream.answer().await["message"]["body"]["text"]["text"], WHOLE);
    }
    let log = visitor.log().await;
    for stream in [socket, tab, events] {
        assert_eq!(stream.screen.log, log);
    }
}

#[tokio::test]
async fn a_reader_that_has_a_part_gets_the_rest() {
    let Half { visitor, mut socket, gate, _host, .. } = half().await;
    let turn = socket.screen.turn();
    for (offset, begin, text) in [(0, 0, "半个 👋 "), (3, 3, "👋 "), (6, 6, ""), (99, 6, "")]
    {
        let resume = json!({ "epoch": 1, "seq": 1, "turn": turn, "offset": offset });
        socket.send(&json!({ "resume": resume })).await;
        let delta = socket.until("delta", |_| true).await["delta"].clone();
        assert_eq!((&delta["offset"], &delta["text"]), (&json!(begin), &json!(text)), "{offset}");
    }
    let mut tab = visitor.socket_after("after=1&epoch=1").await;
    tab.shows("半个").await;
    gate.open();
    for stream in [&mut socket, &mut tab] {
        assert_eq!(stream.answer().await["message"]["body"]["text"]["text"], WHOLE);
    }
}
