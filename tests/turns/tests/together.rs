//! Two Spin processes with one database, and NATS between them, are one desk.
//!
//! Run with `KEFU_TEST_HOST=spin`; elsewhere there is nothing to run them on.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking, and run on a real clock"
)]

use kefu_test_host::{Nats, Options, Platform};
use kefu_turns::{Gate, Host, Provider, Script, Site, Stream, Visitor, soon};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs, process};

const AT_ONCE: &str = "[ai]\nquiet_window = \"0s\"\n";

/// What a process says when it has lost the bus.
const AWAY: &str = "the database is polled until it is back";

/// What it says when it has it again.
const BACK: &str = "nats: it is back";

/// Two processes on one database.
struct Pair {
    one: Host,
    two: Host,
    state: PathBuf,
}

impl Pair {
    fn start(name: &str, nats: Option<&Nats>) -> Self {
        let state = env::temp_dir().join(format!("kefu-together-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&state);
        let options = Options::default().state(&state);
        let options = match nats {
            Some(nats) => options.var("KEFU_NATS", &nats.url()),
            None => options,
        };
        Self { one: Host::with(options.clone()), two: Host::with(options), state }
    }

    /// How often either said that.
    fn said(&self, what: &str) -> usize {
        self.one.log().matches(what).count()
    }

    async fn says(&self, what: &str, times: usize) {
        until(what, || self.said(what) >= times).await;
    }
}

/// Waits until it is so.
async fn until(what: &str, is: impl Fn() -> bool) {
    let waits = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(what, waits).await;
}

/// Waits until both processes hear of everything.
async fn both_listen(nats: &Nats) {
    until("both processes listen", || nats.clients() >= 2).await;
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.state);
    }
}

/// Whether it can be tried here; tells why not.
fn program() -> Option<PathBuf> {
    if Platform::of_tests() != Platform::Spin {
        println!("skipped: only Spin's host can be two processes (KEFU_TEST_HOST=spin)");
        return None;
    }
    let program = Nats::program();
    assert!(program.is_some(), "nats-server is missing: install Debian's package nats-server");
    program
}

/// The texts of messages, in order.
fn texts(stream: &Stream) -> Vec<String> {
    let text = |event: &Value| event["message"]["body"]["text"]["text"].as_str().map(Into::into);
    stream.screen.log.iter().filter_map(text).collect()
}

async fn shows(stream: &mut Stream, text: &str) {
    let is = |frame: &Value| frame["event"]["message"]["body"]["text"]["text"] == text;
    if !texts(stream).iter().any(|shown| shown == text) {
        stream.until("event", is).await;
    }
}

/// A visitor who looks at the first process, the same one at the second, and an agent there.
async fn people(pair: &Pair, config: &str) -> (Site, Visitor, Stream, Stream) {
    let site = pair.one.site(config).await;
    let visitor = site.visitor().await;
    let mut here = visitor.event_stream().await;
    here.until("hello", |_| true).await;
    let mut there = visitor.at(&pair.two).event_stream().await;
    there.until("hello", |_| true).await;
    (site, visitor, here, there)
}

#[tokio::test]
async fn each_message_is_seen_once_in_order_on_both_whatever_becomes_of_the_bus() {
    let Some(program) = program() else { return };
    let mut nats = Nats::at_free_port(program).expect("a free port");
    // Away at the start.
    let pair = Pair::start("messages", Some(&nats));
    let (_, visitor, mut here, mut there) =
        people(&pair, "[limits]\nmessages_per_visitor = \"9999/min\"\n").await;
    let elsewhere = visitor.at(&pair.two);
    let mut sent = Vec::new();
    for round in 0..4 {
        for number in 0..10 {
            let text = format!("message {round}.{number}");
            let from = if number % 2 == 0 { &visitor } else { &elsewhere };
            from.post(&text, &text).await;
            shows(&mut here, &text).await;
            shows(&mut there, &text).await;
            sent.push(text);
        }
        // Then there, then lost, then back.
        match round {
            0 | 2 => {
                let before = pair.said(BACK);
                nats.start().expect("nats-server starts");
                both_listen(&nats).await;
                pair.says(BACK, before + 2).await;
            }
            _ => {
                let before = pair.said(AWAY);
                nats.kill();
                pair.says(AWAY, before + 2).await;
            }
        }
    }
    let by_visitor = |text: &String| text.starts_with("message");
    assert_eq!(texts(&here).into_iter().filter(by_visitor).collect::<Vec<_>>(), sent);
    assert_eq!(texts(&there).into_iter().filter(by_visitor).collect::<Vec<_>>(), sent);
}

#[tokio::test]
async fn a_message_reaches_the_other_process_within_a_few_milliseconds() {
    let Some(program) = program() else { return };
    let mut nats = Nats::at_free_port(program).expect("a free port");
    nats.start().expect("nats-server starts");
    let pair = Pair::start("quick", Some(&nats));
    let (_, visitor, _here, mut there) = people(&pair, "").await;
    both_listen(&nats).await;
    let mut took = Vec::new();
    for number in 0..20 {
        let text = format!("message {number}");
        visitor.post(&text, &text).await;
        let begun = Instant::now();
        shows(&mut there, &text).await;
        took.push(begun.elapsed());
    }
    took.sort();
    // Polling would look every 20 to 250 ms; the machine may be busy with other tests.
    assert!(took[10] < Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn an_answer_streams_on_both_and_a_person_on_the_other_process_silences_it() {
    let Some(program) = program() else { return };
    let mut nats = Nats::at_free_port(program).expect("a free port");
    nats.start().expect("nats-server starts");
    let pair = Pair::start("answers", Some(&nats));
    let (first, second) = (Gate::default(), Gate::default());
    let script = Script::default().head().text("One, ").hold(&first).text("two, ");
    let provider = Provider::playing([script.hold(&second).text("three").end()]).await;
    let config = format!("{AT_ONCE}{}", provider.entry("only", ""));
    let (site, visitor, mut here, mut there) = people(&pair, &config).await;
    both_listen(&nats).await;
    let agent = site.at(&pair.two).agent("ming").await;
    visitor.post("k", "count, please").await;
    here.shows("One, ").await;
    let begun = Instant::now();
    there.shows("One, ").await;
    first.open();
    // Live: what is saved of it is up to three seconds older.
    here.shows("One, two, ").await;
    there.shows("One, two, ").await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let conversation = visitor.conversation();
    let taken = agent.act(conversation, "take", &json!({})).await;
    assert_eq!(taken.map(|(status, _)| status), Some(200));
    second.open();
    for stream in [&mut here, &mut there] {
        let by_agent = |frame: &Value| frame["event"]["owner"]["owner"]["kind"] == "AGENT";
        stream.until("event", by_agent).await;
    }
    visitor.post("k2", "thank you").await;
    shows(&mut here, "thank you").await;
    shows(&mut there, "thank you").await;
    let log = visitor.log().await;
    let answer = log.iter().find(|event| event["message"]["provider"].is_object());
    let answer = &answer.expect("what was said stays")["message"];
    assert_eq!(answer["body"]["text"]["text"], "One, two, ");
    assert_eq!(answer["provider"]["outcome"], "INTERRUPTED");
}
