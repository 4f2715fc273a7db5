//! The process is killed again and again while clients talk.

use crate::clerk::Clerk;
use crate::count::Count;
use crate::options::Options;
use crate::talk::{self, Talker};
use hdrhistogram::Histogram;
use kefu_faults::{Gateway, Line, Party};
use kefu_turns::Host;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep_until, timeout_at};

/// Microseconds.
pub(crate) type Times = Histogram<u64>;

/// How a soak went.
pub(crate) struct Soaked {
    pub(crate) count: Count,
    pub(crate) kills: u32,
    /// From the kill until a client was connected and showed everything.
    pub(crate) recoveries: Times,
    /// Clients that had not recovered when the next kill came.
    pub(crate) overtaken: u64,
}

/// Lets clients talk, kills the process, and counts.
pub(crate) async fn soak(options: &Options) -> Soaked {
    let provider = talk::provider().await;
    let host = Arc::new(Host::own());
    let site = talk::site(&host, Some(&provider)).await;
    let talkers = talk::open(&host, &site, options.clients).await;
    let mut clerks = Vec::new();
    for number in 0..options.agents {
        clerks.push(Clerk::hire(&host, &site, number).await);
    }
    let until = Instant::now() + options.length;
    let mut busy = JoinSet::new();
    for talker in &talkers {
        busy.spawn(Arc::clone(talker).talk(options.say_every, until));
    }
    for clerk in &clerks {
        busy.spawn(Arc::clone(clerk).work(until));
    }
    let (mut kills, mut overtaken) = (0, 0);
    let mut recoveries = Times::new(3).expect("three digits are few");
    loop {
        let at = Instant::now() + options.kill_every;
        sleep_until(at.min(until).into()).await;
        if at >= until {
            break;
        }
        kills += 1;
        overtaken +=
            kill(&host, (&talkers, &clerks), at + options.kill_every, &mut recoveries).await;
        eprintln!(
            "{kills} kills, {:.0} s to go",
            until.duration_since(Instant::now()).as_secs_f64()
        );
    }
    busy.join_all().await;
    let count = Count::of(&talkers, &clerks).await;
    Soaked { count, kills, recoveries, overtaken }
}

/// Kills and restarts, and waits until all have recovered or the next kill is due; gives how many
/// have not.
async fn kill(
    host: &Arc<Host>,
    (talkers, clerks): (&[Arc<Talker>], &[Arc<Clerk>]),
    next: Instant,
    recoveries: &mut Times,
) -> u64 {
    let begun = Instant::now();
    let mut waiting = JoinSet::new();
    for talker in talkers.iter().cloned() {
        waiting.spawn(async move {
            recovered(&talker.client, |chat| chat.is_caught_up(), begun, next).await
        });
    }
    for clerk in clerks.iter().cloned() {
        waiting.spawn(async move {
            recovered(&clerk.console, Gateway::is_caught_up, begun, next).await
        });
    }
    let host = Arc::clone(host);
    let restart = move || {
        host.kill();
        host.restart();
    };
    spawn_blocking(restart).await.expect("the process starts again");
    let mut overtaken = 0;
    while let Some(took) = waiting.join_next().await {
        match took.expect("a wait ends") {
            Some(took) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                recoveries.record(micros).expect("the histogram grows by itself");
            }
            None => overtaken += 1,
        }
    }
    overtaken
}

/// How long it took until a client was greeted again and showed everything.
async fn recovered<P: Party>(
    line: &Line<P>,
    is_caught_up: impl Fn(&P) -> bool,
    since: Instant,
    until: Instant,
) -> Option<Duration> {
    let before = line.look(|held| held.greeted);
    let again = line.until_ever(|held| held.greeted > before && is_caught_up(&held.party));
    timeout_at(until.into(), again).await.ok().map(|()| since.elapsed())
}
