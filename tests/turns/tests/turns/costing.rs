//! What a question and its answer cost.

use crate::AT_ONCE;
use kefu_turns::{Host, PATIENCE, Provider, Script};
use std::time::{Duration, Instant};

const ROWS: &str = "kefu_rows_written_total";

/// An answer that takes five seconds.
fn slow() -> Script {
    (0..100).fold(Script::default().head(), |script, n| {
        script.text(&format!("{n} ")).pause(Duration::from_millis(50))
    })
}

#[tokio::test]
async fn a_question_and_its_five_second_answer_are_ten_rows_desk_and_alarm_included() {
    let provider = Provider::playing([Script::answer(&["first"]), slow().end()]).await;
    // The counters are the host's: nobody else may count on it.
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "What the site declares is learned with the first question.").await;
    socket.answer().await;
    let before = settled(&host, 5.0).await;
    socket.say("k2", "A long story, please.").await;
    socket.answer().await;
    let rows = settled(&host, before + 9.0).await - before;
    assert!(rows <= 10.0, "{rows} rows");
}

/// A counter once it is at `least` and four seconds have added nothing: by then the desk has been
/// told and the alarm is cleared.
async fn settled(host: &Host, least: f64) -> f64 {
    let begun = Instant::now();
    let (mut rows, mut since) = (host.metric(ROWS).await, Instant::now());
    while rows < least || since.elapsed() < Duration::from_secs(4) {
        assert!(begun.elapsed() < PATIENCE, "{rows} rows, at least {least} are expected");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = host.metric(ROWS).await;
        if now > rows {
            (rows, since) = (now, Instant::now());
        }
    }
    rows
}
