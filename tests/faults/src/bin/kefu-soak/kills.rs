//! The process is killed again and again while clients talk.

use crate::count::Count;
use crate::crowd::Crowd;
use crate::options::Options;
use crate::talk;
use hdrhistogram::Histogram;
use kefu_turns::Host;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep_until;

/// How a soak went.
pub(crate) struct Soaked {
    pub(crate) count: Count,
    pub(crate) kills: Kills,
}

/// How long it took from each kill, in microseconds.
pub(crate) struct Kills {
    pub(crate) count: u32,
    /// Until the process listened again.
    pub(crate) listening: Histogram<u64>,
    /// Until a client was connected and showed everything, one for each client.
    pub(crate) caught_up: Histogram<u64>,
    /// Clients that had not recovered when the next kill came.
    pub(crate) overtaken: u64,
}

/// Lets clients talk, kills the process, and counts.
pub(crate) async fn soak(options: &Options) -> Soaked {
    let provider = talk::provider().await;
    let host = Arc::new(Host::own());
    let crowd = Crowd::gather(&host, &provider, options).await;
    let until = Instant::now() + options.length;
    let busy = crowd.set_to_work(options, until);
    let mut kills = Kills::none();
    let mut at = Instant::now() + options.kill_every;
    while at < until {
        sleep_until(at.into()).await;
        at += options.kill_every;
        kills.kill(&host, &crowd, at).await;
        let left = until.saturating_duration_since(Instant::now());
        eprintln!("{} kills, {} s to go", kills.count, left.as_secs());
    }
    busy.join_all().await;
    Soaked { count: Count::of(&crowd).await, kills }
}

impl Kills {
    fn none() -> Self {
        let empty = || Histogram::new(3).expect("three digits are few");
        Self { count: 0, listening: empty(), caught_up: empty(), overtaken: 0 }
    }

    /// Kills and restarts, and waits until all have recovered or the next kill is due.
    async fn kill(&mut self, host: &Arc<Host>, crowd: &Crowd, next: Instant) {
        let begun = Instant::now();
        let mut recoveries = crowd.recovers(next);
        let host = Arc::clone(host);
        let restarted = spawn_blocking(move || {
            host.kill();
            host.restart();
        });
        restarted.await.expect("the process starts again");
        self.count += 1;
        note(begun.elapsed(), &mut self.listening);
        while let Some(recovered) = recoveries.join_next().await {
            match recovered.expect("a wait ends") {
                Some(at) => note(at.duration_since(begun), &mut self.caught_up),
                None => self.overtaken += 1,
            }
        }
    }
}

fn note(took: Duration, times: &mut Histogram<u64>) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    times.record(micros).expect("the histogram grows by itself");
}
