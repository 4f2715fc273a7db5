//! The Spin host, measured: messages that are stored, streams that wait, memory.
//!
//! Everything is open loop: a message counts from when it was due, not from when it was sent.
#![allow(
    clippy::indexing_slicing,
    reason = "a benchmark may fail by panicking; indices are below the lengths that they are made of"
)]

use crate::machine;
use crate::options::Options;
use crate::tally::Latencies;
use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use kefu_test_host::{Nats, Platform, Running};
use reqwest::Client;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::sleep_until;

mod streams;

const ADMIN_TOKEN: &str = "dev-admin-token";
const SITE: &str = r#"
[limits]
sessions_per_address = "1000000/min"
messages_per_visitor = "10000/min"
"#;
/// How long a rate is held.
const LENGTH: Duration = Duration::from_secs(5);
/// Before anything counts: messages a second, and for how long. Conversations that were just opened
/// are told to the desk and put in its queue meanwhile.
const WARMING: u32 = 200;
const WARM_UP: Duration = Duration::from_secs(6);
/// Conversations that messages are spread over.
const CONVERSATIONS: usize = 200;
/// Requests under way at once while sessions and streams are opened.
const OPENING: usize = 32;

/// Measures and gives the table.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut text = format!("# Kefu on Spin, measured\n\n{}.\n\n", machine::processor());
    runtime.block_on(async {
        stored(options, &mut text).await?;
        if options.streams > 0 {
            streams::measure(options.streams, &mut text).await?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(text)
}

/// How `deploy/kefu.service` has Spin reuse instances.
pub(crate) fn as_deployed() -> Result<Vec<String>> {
    let unit = include_str!("../../../deploy/kefu.service");
    let start = unit.lines().find(|line| line.starts_with("ExecStart="));
    let words = start.context("ExecStart")?.split_whitespace();
    Ok(words.skip_while(|word| !word.starts_with("--max-instance")).map(Into::into).collect())
}

/// A host and its site.
struct Desk {
    running: Running,
    client: Client,
}

/// A visitor: the conversation's address and the token.
#[derive(Clone)]
struct Visitor {
    url: String,
    token: String,
}

impl Desk {
    async fn start(nats: Option<&Nats>) -> Result<Self> {
        let arguments = as_deployed()?;
        let options =
            kefu_test_host::Options { platform: Platform::Spin, arguments, ..Default::default() };
        let options = match nats {
            Some(nats) => options.var("KEFU_NATS", &nats.url()),
            None => options,
        };
        let desk = Self { running: Running::start(&options)?, client: Client::new() };
        let put = desk.client.put(format!("{}/v1/sites/bench/config", desk.running.url()));
        let put = put.bearer_auth(ADMIN_TOKEN).header("content-type", "application/toml");
        let answered = put.body(SITE).send().await?;
        ensure!(answered.status().is_success(), "the site: {}", answered.text().await?);
        Ok(desk)
    }

    async fn visitors(&self, count: usize) -> Result<Vec<Visitor>> {
        let permits = Semaphore::new(OPENING);
        let all = (0..count).map(|_| async {
            let _permit = permits.acquire().await?;
            let post = self.client.post(format!("{}/v1/sites/bench/session", self.running.url()));
            let session: Value = post.json(&json!({})).send().await?.json().await?;
            let id = session["conversation"]["id"].as_str().context("a conversation")?;
            Ok(Visitor {
                url: format!("{}/v1/conversations/{id}", self.running.url()),
                token: session["token"].as_str().context("a token")?.to_owned(),
            })
        });
        join_all(all).await.into_iter().collect()
    }
}

impl Visitor {
    async fn post(&self, client: &Client, key: &str) -> Result<()> {
        self.act(client, "messages", &json!({ "key": key, "text": key })).await
    }

    /// A first message, then the queue, where neither AI nor rules answer: what is measured is the
    /// message.
    async fn wait_for_a_person(&self, client: &Client) -> Result<()> {
        self.post(client, "the first").await?;
        self.act(client, "handoff", &json!({ "key": "to the queue" })).await
    }

    async fn act(&self, client: &Client, act: &str, body: &Value) -> Result<()> {
        let post = client.post(format!("{}/{act}", self.url)).bearer_auth(&self.token);
        let answered = post.json(body).send().await?;
        let (status, told) = (answered.status(), answered.text().await?);
        ensure!(status.is_success(), "{act}: {status} {told}");
        Ok(())
    }
}

/// What became of messages that were due one after another.
struct Paced {
    latencies: Latencies,
    failed: u64,
    took: Duration,
}

/// When the first message is due: all are ready by then, or the first would come all at once.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

/// Posts `count` messages at a rate, each to the next visitor.
async fn paced(
    client: &Client,
    visitors: &[Visitor],
    begun: Instant,
    rate: u32,
    count: u32,
) -> Result<Paced> {
    let send = |number: u32| {
        let visitor = visitors[number as usize % visitors.len()].clone();
        let client = client.clone();
        async move {
            let due = begun + Duration::from_secs(1) * number / rate;
            sleep_until(due.into()).await;
            let sent = visitor.post(&client, &format!("{rate} {number}")).await;
            (sent.is_ok(), due.elapsed())
        }
    };
    let all = join_all((0..count).map(send)).await;
    let mut latencies = Latencies::new_with_bounds(1, 120_000_000, 3)?;
    for (_, took) in all.iter().filter(|(sent, _)| *sent) {
        latencies.saturating_record(u64::try_from(took.as_micros())?);
    }
    let failed = u64::try_from(all.iter().filter(|(sent, _)| !sent).count())?;
    Ok(Paced { latencies, failed, took: begun.elapsed() })
}

/// Everybody waits for a person.
async fn all_wait(client: &Client, visitors: &[Visitor]) -> Result<()> {
    let permits = Semaphore::new(OPENING);
    let waiting = visitors.iter().map(|visitor| async {
        let _permit = permits.acquire().await?;
        visitor.wait_for_a_person(client).await
    });
    join_all(waiting).await.into_iter().collect()
}

/// Messages that are stored, compare-and-swap and fsync and all.
async fn stored(options: &Options, text: &mut String) -> Result<()> {
    let desk = Desk::start(None).await?;
    let pid = desk.running.pid();
    let idle = machine::resident(pid);
    let visitors = desk.visitors(CONVERSATIONS).await?;
    all_wait(&desk.client, &visitors).await?;
    let warm_up = WARMING * u32::try_from(WARM_UP.as_secs())?;
    paced(&desk.client, &visitors, soon(), WARMING, warm_up).await?;
    writeln!(
        text,
        "## Messages stored: {CONVERSATIONS} conversations, on disk, {}\n",
        desk.running.name()
    )?;
    writeln!(
        text,
        "| due a second | stored a second | failed | P50 · P99 · max ms | CPU µs |\n|---|---|---|---|---|"
    )?;
    for rate in options.spin_rates() {
        let count = rate * u32::try_from(LENGTH.as_secs())?;
        let before = machine::processor_time(pid);
        let Paced { latencies, failed, took } =
            paced(&desk.client, &visitors, soon(), rate, count).await?;
        let used = machine::processor_time(pid).saturating_sub(before) / count;
        let done = latencies.len() as f64 / took.as_secs_f64();
        let spread = spread(&latencies);
        eprintln!("{rate} a second: {done:.0} stored, {spread} ms");
        writeln!(text, "| {rate} | {done:.0} | {failed} | {spread} | {} |", used.as_micros())?;
    }
    writeln!(
        text,
        "\nIdle process: {idle:.0} MB; after all of it {:.0} MB.\n",
        machine::resident(pid)
    )?;
    Ok(())
}

fn spread(latencies: &Latencies) -> String {
    let millis = |quantile| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
    format!("{:.1} · {:.1} · {:.0}", millis(0.5), millis(0.99), millis(1.0))
}
