//! An agent's gateway while what is under it sleeps, is thrown out, or dies.

use crate::{AT_ONCE, RULE};
use kefu_faults::{
    Console, Faults, Pace, host_with_keeper, put_to_sleep, reset_objects, whole_log,
};
use kefu_turns::{Host, Visitor};
use serde_json::Value;

/// An agent with three conversations open, and a visitor in each.
struct Desk {
    host: Host,
    console: Console,
    visitors: Vec<Visitor>,
    said: u32,
}

impl Desk {
    async fn open() -> Self {
        let host = host_with_keeper();
        let site = host.site(&format!("{AT_ONCE}{RULE}")).await;
        let agent = site.agent("ming").await;
        let console = Console::enter(&agent, host.port(), Pace::QUICK);
        let mut visitors = Vec::new();
        for _ in 0..3 {
            let visitor = site.visitor().await;
            visitor.post("first", "hello").await;
            console.act(|gateway| gateway.open(visitor.conversation()));
            visitors.push(visitor);
        }
        let desk = Self { host, console, visitors, said: 0 };
        desk.console.until("three conversations", |held| held.party.is_settled()).await;
        desk
    }

    /// Every visitor and the agent say something: all of it shows, once.
    async fn talk(&mut self) {
        self.said += 1;
        for visitor in &self.visitors {
            visitor.post(&format!("k{}", self.said), "and this?").await;
            self.console.act(|gateway| gateway.say(visitor.conversation(), "that, too"));
        }
        for visitor in &self.visitors {
            self.shows(visitor).await;
        }
    }

    async fn shows(&self, visitor: &Visitor) {
        let id = visitor.conversation();
        self.console.until("nothing left to send", |held| held.party.is_settled()).await;
        let log = whole_log(visitor).await;
        self.console
            .until("the log", |held| held.party.conversations[id].screen.events == log)
            .await;
        self.console.look(|held| {
            let screen = &held.party.conversations[id].screen;
            assert_eq!((screen.faults, screen.afresh), (Faults::default(), 0));
        });
        let by_agent = log.iter().filter(|event| event["message"]["author"]["role"] == "AGENT");
        assert_eq!(by_agent.count(), self.said as usize);
    }
}

#[tokio::test]
async fn a_console_goes_on_when_the_objects_under_it_slept() {
    let mut desk = Desk::open().await;
    for _ in 0..3 {
        put_to_sleep(&desk.host).await;
        desk.talk().await;
    }
}

#[tokio::test]
async fn a_console_comes_back_when_the_objects_under_it_are_thrown_out() {
    let mut desk = Desk::open().await;
    for _ in 0..3 {
        reset_objects(&desk.host).await;
        desk.talk().await;
    }
}

#[tokio::test]
async fn a_console_comes_back_when_the_process_under_it_is_killed() {
    let desk = Desk::open().await;
    desk.host.kill();
    let visitor = &desk.visitors[0];
    desk.console.act(|gateway| gateway.say(visitor.conversation(), "into the void"));
    desk.console.until("a connection that ends", |held| !held.downs.is_empty()).await;
    desk.host.restart();
    desk.console.until("everything shown", |held| held.party.is_settled()).await;
    let log = whole_log(visitor).await;
    assert_eq!(log.iter().filter(|event| said(event, "into the void")).count(), 1, "{log:?}");
}

fn said(event: &Value, text: &str) -> bool {
    event["message"]["body"]["text"]["text"] == text
}
