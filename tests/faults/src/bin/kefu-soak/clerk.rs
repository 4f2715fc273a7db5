//! The agents: each takes a conversation now and then, says something in it and gives it back.

use crate::talk::{SETTLING, chance};
use kefu_faults::{Console, Conversation, Pace};
use kefu_turns::{Agent, Host, Site};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout_at};

/// How long an agent keeps a conversation, so that kills come in between.
const VISIT: Duration = Duration::from_secs(1);
/// Between two tries of what had no answer.
const AGAIN: Duration = Duration::from_millis(200);

/// An agent at its console.
pub(crate) struct Clerk {
    agent: Agent,
    pub(crate) console: Console,
    visits: Mutex<BTreeMap<String, Vec<Visit>>>,
    acts: AtomicU32,
}

/// What an agent wrote in a conversation, and what it saw of it until it left.
pub(crate) struct Visit {
    /// The agent's id.
    pub(crate) by: String,
    pub(crate) written: Vec<String>,
    pub(crate) held: Conversation,
    /// Whether everything was stored and shown in time.
    pub(crate) settled: bool,
}

impl Clerk {
    pub(crate) async fn hire(host: &Host, site: &Site, number: usize) -> Arc<Self> {
        let agent = site.agent(&format!("agent-{number}")).await;
        let console = Console::enter(&agent, host.port(), Pace::CLIENT);
        Arc::new(Self { agent, console, visits: Mutex::default(), acts: AtomicU32::new(0) })
    }

    /// Helps one visitor after the other, until the time is over.
    pub(crate) async fn work(self: Arc<Self>, until: Instant) {
        while Instant::now() < until {
            match self.choose() {
                Some(id) => self.help(&id, until + SETTLING).await,
                None => sleep(AGAIN).await,
            }
        }
    }

    /// What it did in a conversation.
    pub(crate) fn visits(&self, id: &str) -> Vec<Visit> {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.remove(id).unwrap_or_default()
    }

    /// A conversation that nobody has.
    fn choose(&self) -> Option<String> {
        self.console.look(|held| {
            let free = held.party.inbox.iter().filter(|(_, entry)| {
                matches!(entry["owner"]["kind"].as_str(), Some("BOT" | "QUEUE"))
            });
            let free: Vec<_> = free.map(|(id, _)| id).collect();
            let chosen = free.get((chance() * free.len() as f64) as usize);
            chosen.map(|id| (*id).clone())
        })
    }

    /// Nobody who is helped is left before everything is said, unless that is not by `last`.
    async fn help(&self, id: &str, last: Instant) {
        if !self.act(id, "take").await {
            return;
        }
        let key = self.console.act(|gateway| {
            gateway.open(id);
            gateway.say(id, "a person here")
        });
        let said = self.shown(id, last).await;
        sleep(VISIT).await;
        self.act(id, "release").await;
        let settled = self.shown(id, last).await && said;
        let Some(held) = self.console.act(|gateway| gateway.leave(id)) else { return };
        let visit = Visit { by: self.agent.id.clone(), written: vec![key], held, settled };
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.entry(id.to_owned()).or_default().push(visit);
    }

    /// Waits until a conversation is caught up with and nothing is left to be sent; tells whether
    /// it was in time.
    async fn shown(&self, id: &str, last: Instant) -> bool {
        let shown = self.console.until_ever(|held| {
            let held = held.party.conversations.get(id);
            held.is_none_or(|it| it.is_caught_up() && it.outbox.is_empty())
        });
        timeout_at(last.into(), shown).await.is_ok()
    }

    /// Does something once, however often it has to be asked for; false when another agent was
    /// quicker.
    async fn act(&self, id: &str, what: &str) -> bool {
        let key = format!("{what} {}", self.acts.fetch_add(1, Ordering::Relaxed));
        loop {
            match self.agent.act(id, what, &json!({ "key": key })).await {
                Some((200, _)) => return true,
                Some((400..500, _)) => return false,
                _ => sleep(AGAIN).await,
            }
        }
    }
}
