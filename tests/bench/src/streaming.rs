//! Answers that stream, all at once: from a provider's write of a token to the visitor's screen.
//!
//! The provider is a scripted one on loopback, in this process, so that both ends of a token are on
//! one clock. What is told as added contains the two sockets, the coalescing of at most 25 ms and
//! whatever this process waits for its own core.

use crate::contender::Contender::{self, Kefu, Relay};
use crate::kefu::{self, Visitor};
use crate::load::Usage;
use crate::machine::{self, Cores};
use crate::options::Options;
use crate::spin::as_deployed;
use crate::storage::{Folder, Storage};
use crate::tally::Latencies;
use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use kefu_test_host::{Platform, Running, http};
use reqwest::Client;
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;
use tokio::time::{sleep, sleep_until};

mod screen;
mod source;

use screen::Screen;
use source::Source;

/// Tokens a second of each answer.
const PACE: u32 = 50;
/// Before the first question and after the last token, until the desk was told and the alarm is
/// cleared: rows that come later are counted too.
const SETTLED: Duration = Duration::from_secs(5);
/// How long what comes after the last token may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// At the beginning and the end of an answer, outside of the time in which latencies, the
/// processor's time and the memory are read: not all answers stream then.
const EDGE: Duration = Duration::from_secs(1);
/// Tokens of the answers before anything counts.
const WARM_UP: u32 = 100;
/// Between the questions.
const SPREAD: Duration = Duration::from_millis(5);

/// What a round found.
struct Outcome {
    /// Tokens that the provider wrote.
    sent: u64,
    /// Answers that were shown and logged whole.
    whole: usize,
    added: Latencies,
    /// Frames with text that were shown.
    frames: u64,
    /// Of the host, for a token, in µs.
    processor_time: f64,
    /// Of a conversation, in µs.
    step: f64,
    /// For a question and its answer.
    rows: f64,
    /// Of the process before and, at most, while all stream, in MB.
    resident: [f64; 2],
    /// Of the wasm memory alone, before and after, in MB.
    wasm: [f64; 2],
    /// Cores that were busy with the host, with this process, with everything else.
    server: f64,
    load: f64,
    others: f64,
}

/// Measures and gives the table.
pub(crate) fn measure(options: &Options, count: usize) -> Result<String> {
    let cores = Cores::of_machine();
    if let Some(cores) = cores {
        cores.pin_load()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, rounds(options, count, cores))
}

async fn rounds(options: &Options, count: usize, cores: Option<Cores>) -> Result<String> {
    // The relay is a Worker.
    let contenders = if options.spin { &[Kefu][..] } else { &[Kefu, Relay] };
    let tokens = PACE * u32::try_from(options.length.as_secs().max(5))?;
    let (mut halls, mut outcomes) = (Vec::new(), Vec::new());
    for contender in contenders {
        let hall = Hall::open(options, contender, count, cores).await?;
        // Code that was not yet compiled, and what a conversation has once it was asked.
        hall.round(WARM_UP).await?;
        halls.push(hall);
    }
    for round in 1..=options.rounds {
        for hall in &halls {
            eprintln!("· {count} answers of {}, round {round}", hall.who);
            outcomes.push((hall.who, hall.round(tokens).await?));
        }
    }
    let host = halls.first().map(|hall| hall.running.name()).unwrap_or_default();
    table(&host, count, tokens, &outcomes)
}

fn start(options: &Options, contender: &Contender, folder: &Path) -> Result<Running> {
    let host = if options.spin {
        let arguments = as_deployed()?;
        kefu_test_host::Options { platform: Platform::Spin, arguments, ..Default::default() }
    } else {
        let root = contender.root(folder)?;
        kefu_test_host::Options { platform: Platform::Cloudflare, root, ..Default::default() }
    };
    Ok(Running::start(&host.state(folder.join("state")))?)
}

/// A host with everybody in place.
struct Hall {
    who: &'static str,
    client: Client,
    running: Running,
    /// Goes after what runs in it.
    _folder: Folder,
    visitors: Vec<Visitor>,
    screens: Vec<Rc<Screen>>,
    source: Source,
}

impl Hall {
    async fn open(
        options: &Options,
        contender: &Contender,
        count: usize,
        cores: Option<Cores>,
    ) -> Result<Self> {
        let who = contender.name();
        let folder = Storage::Tmpfs.folder(who)?;
        let running = start(options, contender, folder.path())?;
        // Spin's threads come and go with its requests.
        if let Some(cores) = cores.filter(|_| !options.spin) {
            cores.pin_server(running.pid())?;
        }
        let source = Source::open().await?;
        let visitors = kefu::visitors(running.port(), count, &source.entry())?;
        let screens = join_all(visitors.iter().map(|visitor| Screen::open(&running, visitor)));
        let screens = screens.await.into_iter().collect::<Result<_>>()?;
        let client = Client::new();
        Ok(Self { who, client, running, _folder: folder, visitors, screens, source })
    }

    /// A question in each conversation, and its answer of so many tokens.
    async fn round(&self, tokens: u32) -> Result<Outcome> {
        let pid = self.running.pid();
        self.source.begin(tokens);
        self.screens.iter().for_each(|screen| screen.clear());
        sleep(SETTLED).await;
        let idle = Figures::of(&self.running)?;
        let resident = machine::resident(pid);
        let begun = Instant::now();
        self.ask().await?;
        let end = Instant::now() + Duration::from_secs(1) * tokens / PACE;
        sleep(EDGE).await;
        let (before, from, already) = (Usage::so_far(pid), Instant::now(), self.source.sent());
        let all_stream_from = self.since_clock(from);
        let mut most = resident;
        while Instant::now() + EDGE < end {
            sleep(Duration::from_millis(100)).await;
            most = most.max(machine::resident(pid));
        }
        let used = Usage::so_far(pid).since(&before);
        let (during, took) = (self.source.sent() - already, from.elapsed());
        let all_stream = all_stream_from..self.since_clock(Instant::now());
        eprintln!("  asked in {:?}", end - begun);
        self.wait_for_all(end + PATIENCE).await;
        sleep(SETTLED).await;
        let done = Figures::of(&self.running)?;
        let share = |time: Duration| time.as_secs_f64() / took.as_secs_f64();
        Ok(Outcome {
            sent: self.source.sent(),
            whole: self.whole(),
            added: self.added(&all_stream)?,
            frames: self.screens.iter().map(|screen| screen.frames()).sum(),
            processor_time: used.server.as_secs_f64() * 1e6 / during.max(1) as f64,
            step: done.step_since(&idle),
            rows: (done.rows - idle.rows) / self.visitors.len().max(1) as f64,
            resident: [resident, most],
            wasm: [idle.wasm, done.wasm],
            server: share(used.server),
            load: share(used.load),
            others: share(used.of_others()),
        })
    }

    /// Everybody asks, spread over a part of the answers, as visitors are: what a question costs is
    /// not what is measured.
    async fn ask(&self) -> Result<()> {
        let begun = Instant::now();
        let all = self.visitors.iter().zip(0_u32..).map(|(visitor, number)| async move {
            sleep_until((begun + SPREAD * number).into()).await;
            let post = self.client.post(self.running.url() + &visitor.path("messages"));
            let post = post.bearer_auth(&visitor.token).header("content-type", "application/json");
            let key = begun.duration_since(self.source.clock).as_nanos();
            let body = format!(r#"{{"key":"{key}","text":"{number}"}}"#);
            let answered = post.body(body).send().await?;
            ensure!(answered.status() == 202, "a question: {}", answered.text().await?);
            Ok(())
        });
        join_all(all).await.into_iter().collect()
    }

    async fn wait_for_all(&self, until: Instant) {
        while Instant::now() < until && self.whole() < self.screens.len() {
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The answers that were shown and logged as the provider wrote them.
    fn whole(&self) -> usize {
        let written = self.source.written();
        let all = self.screens.iter().zip(0_u32..);
        all.filter(|(screen, number)| written.get(number).is_some_and(|text| screen.shows(text)))
            .count()
    }

    /// From the write of each token to when it was shown, of those that were written in that time.
    fn added(&self, during: &Range<u64>) -> Result<Latencies> {
        let mut added = Latencies::new_with_bounds(1, 120_000_000, 3)?;
        for (written, shown) in self.screens.iter().flat_map(|screen| screen.tokens()) {
            if during.contains(&written) {
                added.saturating_record(self.since_clock(shown).saturating_sub(written));
            }
        }
        Ok(added)
    }

    /// A moment as the provider writes it: in µs.
    fn since_clock(&self, moment: Instant) -> u64 {
        let micros = moment.duration_since(self.source.clock).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}

/// What the operator's metrics say.
struct Figures {
    rows: f64,
    steps: f64,
    stepped: f64,
    /// In MB.
    wasm: f64,
}

impl Figures {
    fn of(running: &Running) -> Result<Self> {
        let headers = [("authorization", kefu::ADMIN)];
        let page = http::send(running.port(), "GET", "/metrics", &headers, &[])?;
        ensure!(page.status == 200, "metrics: {page:?}");
        let value = |name: &str| sum(&page.body, name);
        Ok(Self {
            rows: value("kefu_rows_written_total"),
            steps: value("kefu_step_seconds_count"),
            stepped: value("kefu_step_seconds_sum"),
            wasm: value("kefu_wasm_memory_bytes") / 1e6,
        })
    }

    /// Of one step, in µs.
    fn step_since(&self, earlier: &Self) -> f64 {
        (self.stepped - earlier.stepped) * 1e6 / (self.steps - earlier.steps).max(1.0)
    }
}

/// A metric, over all its labels.
fn sum(page: &str, name: &str) -> f64 {
    let value = |line: &str| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    };
    page.lines().filter_map(value).sum()
}

fn table(host: &str, count: usize, tokens: u32, outcomes: &[(&str, Outcome)]) -> Result<String> {
    let mut text = format!(
        "# Kefu, streaming\n\n{count} answers at once on {host}, each of {tokens} tokens at {PACE} a \
         second, to a visitor's stream each ({}). From the provider's write of a token to the \
         visitor's screen, coalescing included, in ms, of the tokens that are written while all of \
         them stream: questions and ends are not among it; the processor's time of the host in µs a \
         token; a step in µs, its writes included, by the host's own clock. The memory is what the \
         process has most while all stream, above what it has with the same streams open. `relay` \
         only sends on what it reads, in JavaScript under the same host: what is over its figures \
         is Kefu's.\n\n",
        machine::processor()
    );
    text += "| | answers whole | tokens counted | added P50 · P90 · P99 · max | frames a token | CPU | a step | \
             rows an answer | KB an answer | wasm MB before · after | cores: host · load · others |\n\
             |---|---|---|---|---|---|---|---|---|---|---|\n";
    for (who, one) in outcomes {
        let at = |quantile| one.added.value_at_quantile(quantile) as f64 / 1e3;
        let [before, most] = one.resident;
        let [idle, done] = one.wasm;
        writeln!(
            text,
            "| {who} | {} of {count} | {} of {} | {:.1} · {:.1} · {:.1} · {:.0} | {:.2} | {:.0} | {:.1} | {:.1} | {:.0} | {idle:.1} · {done:.1} | {:.2} · {:.2} · {:.2} |",
            one.whole,
            one.added.len(),
            one.sent,
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            one.frames as f64 / one.sent.max(1) as f64,
            one.processor_time,
            one.step,
            one.rows,
            (most - before) * 1_024.0 / count.max(1) as f64,
            one.server,
            one.load,
            one.others,
        )
        .context("a table")?;
    }
    Ok(text)
}
