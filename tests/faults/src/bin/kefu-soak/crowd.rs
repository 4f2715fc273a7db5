//! Everybody: the visitors and the agents of a soak.

use crate::clerk::Clerk;
use crate::options::Options;
use crate::talk::{self, Talker};
use kefu_faults::{Gateway, Line, Party};
use kefu_turns::{Host, Provider};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

/// The visitors and the agents.
pub(crate) struct Crowd {
    pub(crate) talkers: Vec<Arc<Talker>>,
    pub(crate) clerks: Vec<Arc<Clerk>>,
}

impl Crowd {
    /// Opens a site and everybody's client.
    pub(crate) async fn gather(host: &Host, provider: &Provider, options: &Options) -> Self {
        let site = talk::site(host, Some(provider)).await;
        let talkers = talk::open(host, &site, options.clients).await;
        let mut clerks = Vec::new();
        for number in 0..options.agents {
            clerks.push(Clerk::hire(host, &site, number).await);
        }
        Self { talkers, clerks }
    }

    /// Lets everybody do what they do, until the time is over.
    pub(crate) fn set_to_work(&self, options: &Options, until: Instant) -> JoinSet<()> {
        let mut busy = JoinSet::new();
        for talker in self.talkers.iter().cloned() {
            busy.spawn(talker.talk(options.say_every, until));
        }
        for clerk in self.clerks.iter().cloned() {
            busy.spawn(clerk.work(until));
        }
        busy
    }

    /// When each client has been greeted once more and shows everything; none for those that do
    /// not in time.
    pub(crate) fn recovers(&self, until: Instant) -> JoinSet<Option<Instant>> {
        let mut all = JoinSet::new();
        for talker in self.talkers.iter().cloned() {
            let before = talker.client.look(|held| held.greeted);
            all.spawn(async move {
                recovered(&talker.client, before, |chat| chat.is_caught_up(), until).await
            });
        }
        for clerk in self.clerks.iter().cloned() {
            let before = clerk.console.look(|held| held.greeted);
            all.spawn(async move {
                recovered(&clerk.console, before, Gateway::is_caught_up, until).await
            });
        }
        all
    }
}

async fn recovered<P: Party>(
    line: &Line<P>,
    before: u32,
    is_caught_up: impl Fn(&P) -> bool,
    until: Instant,
) -> Option<Instant> {
    let again = line.until_ever(|held| held.greeted > before && is_caught_up(&held.party));
    timeout_at(until.into(), again).await.ok().map(|()| Instant::now())
}
