//! The process is killed at the worst moments, and started again on what is stored.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Gate, Host, PATIENCE, Provider, Script, Site, Visitor};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// When it dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The provider has the request and has said nothing.
    BeforeHead,
    /// A first piece is visible.
    FirstText,
    /// More is visible than was saved at once.
    AfterSaving,
}

/// The log as soon as the bot has spoken in it. Reading it ends no turn: the alarm does.
async fn answered(visitor: &Visitor) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let log = visitor.log().await;
        if log.iter().any(by_bot) {
            return log;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody answers: {log:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn by_bot(event: &Value) -> bool {
    event["message"]["author"]["role"] == "BOT"
}

fn text(event: &Value) -> &str {
    event["message"]["body"]["text"]["text"].as_str().unwrap_or_default()
}

async fn died_at(moment: Moment) -> (Host, Visitor, Provider, String) {
    let never = Gate::default();
    let slow = (0..200).fold(Script::default().head().text("So: "), |script, n| {
        script.pause(Duration::from_millis(50)).text(&format!("{n} "))
    });
    let first = match moment {
        Moment::BeforeHead => Script::silence(),
        Moment::FirstText => Script::default().head().text("So: ").hold(&never),
        Moment::AfterSaving => slow,
    };
    let provider = Provider::playing([first, Script::answer(&["a new answer"])]).await;
    let host = Host::own();
    let site: Site = host.site(&format!("{AT_ONCE}{}{RULE}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "hi").await;
    provider.request(1).await;
    match moment {
        Moment::BeforeHead => {}
        Moment::FirstText => socket.shows("So: ").await,
        Moment::AfterSaving => {
            socket.shows("So: ").await;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(4) {
                socket.until("delta", |_| true).await;
            }
        }
    }
    host.kill();
    socket.until_closed().await;
    let shown = socket.screen.answer().to_owned();
    host.restart();
    (host, visitor, provider, shown)
}

/// The invariants of any log after a crash.
fn check(log: &[Value]) {
    let seqs: Vec<_> = log.iter().map(|event| event["seq"].as_u64().unwrap_or(0)).collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>(), "{log:?}");
    assert_eq!(text(&log[0]), "hi");
    assert_eq!(log.iter().filter(|event| by_bot(event)).count(), 1, "{log:?}");
}

#[tokio::test]
async fn a_turn_whose_process_died_tells_whom_it_had_asked_and_what_that_cost_about() {
    let script = Script::default().head().text("So: ").hold(&Gate::default());
    let provider = Provider::playing([script]).await;
    let host = Host::own();
    let price = "price = { input = 1000000, output = 2000000 }";
    let site: Site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", price))).await;
    let (admin, visitor) = (site.agent_as("li", "ADMIN").await, site.visitor().await);
    let mut socket = visitor.socket().await;
    socket.say("k1", "My number is 13800138000").await;
    socket.shows("So: ").await;
    host.kill();
    socket.until_closed().await;
    host.restart();
    answered(&visitor).await;
    let (status, page) = admin.get(visitor.conversation(), "turns").await;
    assert_eq!(status, 200, "{page}");
    let turn = &page["turns"][0];
    assert_eq!((&turn["answeredBy"], &turn["outcome"]), (&json!("only"), &json!("INTERRUPTED")));
    assert_eq!(turn["question"], "My number is [PHONE_1]");
    let cut = &turn["attempts"][0];
    assert_eq!((&cut["class"], &cut["usage"]["estimated"]), (&json!("crashed"), &json!(true)));
    assert!(cut["endMs"].is_null() && cut["firstTokenMs"].is_number(), "{cut}");
    let begun = Instant::now();
    loop {
        let today = &site.providers().await[0]["today"];
        if today["costMicros"] == cut["costMicros"] {
            break assert_eq!(today["attempts"], 1, "{today}");
        }
        assert!(begun.elapsed() < PATIENCE, "{today} of {cut}");
    }
}

#[tokio::test]
async fn a_question_that_nothing_was_shown_of_is_answered_anew() {
    let (_host, visitor, provider, shown) = died_at(Moment::BeforeHead).await;
    assert_eq!(shown, "");
    let log = answered(&visitor).await;
    check(&log);
    assert_eq!(text(&log[1]), "a new answer");
    assert_eq!(provider.request(2).await.messages(), ["user: hi"]);
}

#[tokio::test]
async fn an_answer_of_which_little_was_shown_ends_interrupted() {
    ends_interrupted(Moment::FirstText, 4).await;
}

#[tokio::test]
async fn an_answer_of_which_much_was_shown_ends_interrupted_with_most_of_it() {
    // Saved at 3 s at the latest: at most a second and a half of twenty pieces each is lost.
    ends_interrupted(Moment::AfterSaving, 100).await;
}

/// `least`: characters of what was shown that must be in the log.
async fn ends_interrupted(moment: Moment, least: usize) {
    let (_host, visitor, provider, shown) = died_at(moment).await;
    let log = answered(&visitor).await;
    check(&log);
    let logged = text(&log[1]);
    assert_eq!(log[1]["message"]["provider"]["outcome"], "INTERRUPTED");
    assert!(shown.starts_with(logged), "shown {shown:?}, logged {logged:?}");
    assert!(logged.len() >= least, "shown {shown:?}, logged {logged:?}");
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn a_turn_ends_by_its_alarm_when_nobody_comes_back() {
    let (host, visitor, provider, _) = died_at(Moment::BeforeHead).await;
    // Nothing but the alarm speaks to the host, or what the operator's timer asks.
    let timer = host.looked_after();
    provider.request(2).await;
    timer.abort();
    let log = answered(&visitor).await;
    check(&log);
    assert!(host.is_spin() || host.log().contains(" woke"), "{}", host.log());
}

#[tokio::test]
async fn a_visitor_who_comes_back_does_not_wait_for_the_alarm() {
    let (_host, visitor, _provider, _) = died_at(Moment::FirstText).await;
    let begun = Instant::now();
    let mut socket = visitor.socket().await;
    let event = socket.answer().await;
    assert_eq!(event["message"]["provider"]["outcome"], "INTERRUPTED");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    check(&visitor.log().await);
}

#[tokio::test]
async fn after_a_crash_the_ai_still_knows_what_was_said() {
    let provider = Provider::playing([Script::answer(&["Size M"])]).await;
    let host = Host::own();
    let site = host.site(&format!("{AT_ONCE}{}", provider.entry("only", ""))).await;
    let visitor = site.visitor().await;
    let mut socket = visitor.socket().await;
    socket.say("k1", "Which size?").await;
    socket.answer().await;
    host.kill();
    host.restart();
    let mut socket = visitor.socket().await;
    socket.say("k2", "And in blue?").await;
    let messages = provider.request(2).await.messages();
    assert_eq!(messages, ["user: Which size?", "assistant: Size M", "user: And in blue?"]);
}

#[tokio::test]
async fn what_is_acknowledged_survives_a_kill_at_once() {
    let host = Host::own();
    let site = host.site(RULE).await;
    for round in 0..3 {
        let visitor = site.visitor().await;
        let mut socket = visitor.socket().await;
        for number in 0..20 {
            socket.say(&format!("k{number}"), &format!("message {number}")).await;
        }
        host.kill();
        socket.until_closed().await;
        host.restart();
        let log = visitor.log().await;
        let said = log.iter().filter(|event| event["message"]["key"].is_string());
        let said: Vec<_> = said.map(|event| text(event).to_owned()).collect();
        let expected: Vec<_> = (0..20).map(|number| format!("message {number}")).collect();
        assert_eq!(said, expected, "round {round}");
        let (status, again) = visitor
            .act("messages", &serde_json::json!({ "key": "k19", "text": "message 19" }))
            .await;
        assert_eq!((status, &again["duplicate"]), (202, &Value::Bool(true)));
    }
}
