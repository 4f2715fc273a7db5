//! Streams that wait, each for a message of its own, over NATS: as browsers have them, which come
//! again when one ends.

use super::{Desk, OPENING, Visitor, all_wait, paced, soon, spread};
use crate::machine;
use crate::tally::Latencies;
use anyhow::{Context, Result, ensure};
use futures_util::future::{join, join_all};
use kefu_test_host::Nats;
use reqwest::{Client, Response};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout_at};

/// Messages a second while streams wait.
const WAKING: u32 = 300;
/// How long the last of them may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A reader whose stream ended comes again within this time.
const BACK_WITHIN: Duration = Duration::from_millis(500);
/// Instances that are too many have handed over what they have when nobody came again for so long.
const QUIET: Duration = Duration::from_secs(20);
/// They begin to after this time.
const SETTLING: Duration = Duration::from_secs(45);
const SETTLED_WITHIN: Duration = Duration::from_secs(240);

/// Visitors who all wait.
struct Crowd {
    client: Client,
    visitors: Vec<Visitor>,
    /// Streams that are open.
    open: AtomicUsize,
    /// How often a stream was opened again.
    again: AtomicU32,
    heard: UnboundedSender<(usize, Instant)>,
}

pub(super) async fn measure(count: usize, text: &mut String) -> Result<()> {
    let program = Nats::program().context("nats-server is missing")?;
    let mut nats = Nats::at_free_port(program)?;
    nats.start()?;
    let desk = Desk::start(Some(&nats)).await?;
    let pid = desk.running.pid();
    let visitors = desk.visitors(count).await?;
    all_wait(&desk.client, &visitors).await?;
    let (heard, hearing) = unbounded_channel();
    let (open, again) = Default::default();
    let crowd = Arc::new(Crowd { client: desk.client.clone(), visitors, open, again, heard });
    crowd.open_all().await?;
    let memory = machine::resident(pid);
    let settled = crowd.settle().await;
    let settled_memory = machine::resident(pid);
    let before = machine::processor_time(pid);
    sleep(Duration::from_secs(2)).await;
    let idle = machine::processor_time(pid).saturating_sub(before);
    let again = crowd.again.load(Ordering::Relaxed);
    let (delivered, latencies) = crowd.wake(hearing).await?;
    writeln!(text, "## {count} streams, a message to each at {WAKING} a second, over NATS\n")?;
    writeln!(
        text,
        "{OPENING} at once were opened: {memory:.0} MB. {again} were handed over to the oldest instances \
         and opened again within {:.0} s: {settled_memory:.0} MB.\n",
        settled.as_secs_f64()
    )?;
    writeln!(
        text,
        "| delivered | due to shown P50 · P99 · max ms | MB afterwards | CPU ms in two idle seconds |\n|---|---|---|---|"
    )?;
    writeln!(
        text,
        "| {delivered} of {count} | {} | {:.0} | {} |\n",
        spread(&latencies),
        machine::resident(pid),
        idle.as_millis()
    )?;
    Ok(())
}

impl Crowd {
    /// Opens a stream for each visitor; what is shown to one is told with its number.
    async fn open_all(self: &Arc<Self>) -> Result<()> {
        let permits = Semaphore::new(OPENING);
        let all = (0..self.visitors.len()).map(|number| {
            let permits = &permits;
            async move {
                let _permit = permits.acquire().await?;
                let response = self.stream(number).await?;
                let crowd = self.clone();
                tokio::spawn(async move { crowd.stay(number, response).await });
                Ok(())
            }
        });
        join_all(all).await.into_iter().collect()
    }

    async fn stream(&self, number: usize) -> Result<Response> {
        let Visitor { url, token } = self.visitors.get(number).context("a visitor")?;
        let get = self.client.get(format!("{url}/events?after=0")).bearer_auth(token);
        let response = get.header("accept", "text/event-stream").send().await?;
        ensure!(response.status() == 200, "{}", response.status());
        Ok(response)
    }

    /// Reads, and comes again when the stream ends.
    async fn stay(&self, number: usize, mut response: Response) {
        loop {
            self.open.fetch_add(1, Ordering::Relaxed);
            self.hear(number, response).await;
            self.open.fetch_sub(1, Ordering::Relaxed);
            let jitter = u32::try_from(number * 7_919 % 1_000).unwrap_or(0);
            sleep(BACK_WITHIN * jitter / 1_000).await;
            let Ok(next) = self.stream(number).await else { return };
            self.again.fetch_add(1, Ordering::Relaxed);
            response = next;
        }
    }

    async fn hear(&self, number: usize, mut response: Response) {
        let shown = format!("{{\"text\":\"{WAKING} {number}\"}}");
        while let Ok(Some(chunk)) = response.chunk().await {
            if chunk.windows(shown.len()).any(|piece| piece == shown.as_bytes()) {
                // Nobody may listen any more.
                let _ = self.heard.send((number, Instant::now()));
            }
        }
    }

    /// Waits until nobody comes again any more, and all are there.
    async fn settle(&self) -> Duration {
        let begun = Instant::now();
        let (mut known, mut since) = (0, begun);
        while begun.elapsed() < SETTLED_WITHIN {
            sleep(Duration::from_secs(1)).await;
            let again = self.again.load(Ordering::Relaxed);
            if std::mem::replace(&mut known, again) != again {
                since = Instant::now();
            }
            let all = self.open.load(Ordering::Relaxed) == self.visitors.len();
            if all && begun.elapsed() > SETTLING && since.elapsed() > QUIET {
                break;
            }
        }
        since - begun
    }

    /// A message to each; how many are shown, and when.
    async fn wake(
        &self,
        mut hearing: UnboundedReceiver<(usize, Instant)>,
    ) -> Result<(usize, Latencies)> {
        let begun = soon();
        let due = |number: usize| {
            begun + Duration::from_secs(1) * u32::try_from(number).unwrap_or(0) / WAKING
        };
        let count = self.visitors.len();
        let sending = paced(&self.client, &self.visitors, begun, WAKING, u32::try_from(count)?);
        let listening = async {
            let mut latencies = Latencies::new_with_bounds(1, 120_000_000, 3)?;
            let mut shown = vec![false; count];
            let last = due(count) + PATIENCE;
            while shown.iter().any(|shown| !shown) {
                let next = timeout_at(last.into(), hearing.recv()).await;
                let Ok(Some((number, at))) = next else { break };
                if !std::mem::replace(&mut shown[number], true) {
                    let took = at.saturating_duration_since(due(number));
                    latencies.saturating_record(u64::try_from(took.as_micros())?);
                }
            }
            Ok::<_, anyhow::Error>((shown.into_iter().filter(|shown| *shown).count(), latencies))
        };
        let (sent, heard) = join(sending, listening).await;
        sent?;
        heard
    }
}
