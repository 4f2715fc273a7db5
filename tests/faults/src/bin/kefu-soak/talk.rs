//! The visitors: each has a client and says something now and then, whatever happens.

use kefu_faults::{Client, Pace};
use kefu_turns::{Host, Provider, Script, Site, Visitor};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const SITE: &str = "[ai]\nquiet_window = \"0s\"\n[limits]\nmessages_per_visitor = \"10000/s\"\n\
    sessions_per_address = \"10000/s\"\n[[rules]]\nname = \"rescue\"\nreply = \"by rule\"\n";
/// In which everything has to be stored and shown after the last message.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// A visitor and the page that is never loaded again.
pub(crate) struct Talker {
    pub(crate) visitor: Visitor,
    pub(crate) client: Client,
}

/// The provider that answers everybody: ten pieces in half a second.
pub(crate) async fn provider() -> Provider {
    let script = (0..10).fold(Script::default().head(), |script, n| {
        script.text(&format!("piece {n} of it, ")).pause(Duration::from_millis(50))
    });
    Provider::playing([script.end()]).await
}

/// A new site. Without a provider, a rule answers.
pub(crate) async fn site(host: &Host, provider: Option<&Provider>) -> Site {
    let entry = provider.map(|provider| provider.entry("scripted", "")).unwrap_or_default();
    host.site(&format!("{SITE}{entry}")).await
}

/// So many visitors of a site.
pub(crate) async fn open(host: &Host, site: &Site, count: usize) -> Vec<Arc<Talker>> {
    let mut talkers = Vec::new();
    for _ in 0..count {
        let visitor = site.visitor().await;
        let client = Client::open(&visitor, host.port(), Pace::CLIENT);
        talkers.push(Arc::new(Talker { visitor, client }));
    }
    talkers
}

impl Talker {
    /// Says something now and then, until the time is over.
    pub(crate) async fn talk(self: Arc<Self>, every: Duration, until: Instant) {
        let mut number = 0;
        loop {
            sleep(every.mul_f64(2.0 * chance())).await;
            if Instant::now() >= until {
                return;
            }
            number += 1;
            self.client.say(&format!("message {number}"));
        }
    }

    /// Waits until everything is stored and shown; tells whether it was in time.
    pub(crate) async fn settle(&self) -> bool {
        let settled = self.client.until_ever(|held| {
            held.party.is_caught_up() && held.party.outbox.is_empty() && held.party.is_answered()
        });
        timeout(SETTLING, settled).await.is_ok()
    }
}

/// From 0 to 1: the standard library seeds each of its hashers afresh.
pub(crate) fn chance() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
