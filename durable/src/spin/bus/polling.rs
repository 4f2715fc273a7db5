//! The database as a bus: rows are looked at, often after something was new, seldom while nothing
//! happens or NATS tells, not at all while nobody waits.

use crate::Fault;
use crate::spin::database::{maybe_text, number, rows, small, string, text, whole};
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use crate::spin::{desks, rooms};
use futures::channel::oneshot;
use futures::future::select;
use kefu_shared::news::{News, What};
use kefu_shared::schema::shared_sql::host as sql;
use spin_sdk::sqlite::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

/// Between two looks: right after something was new, and at most.
const SOON: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_millis(250);
/// The same while NATS tells, and as much again as chance wants.
const BACKSTOP: Duration = Duration::from_millis(1_500);
/// News that stay, for those who look seldom.
const NEWS_KEPT: u32 = 10_000;
/// One of so many rows takes older ones with it.
const DROP_EVERY: u128 = 256;

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
    static NEWEST: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
    static HURRY: RefCell<Option<oneshot::Sender<()>>> = const { RefCell::new(None) };
}

/// The row that tells others, with `told` or only that `log` changed.
pub(crate) fn row(log: &str, told: Option<String>) -> Vec<Statement> {
    let told = told.map_or(Value::Null, Value::Text);
    let mut batch = vec![Statement::new(sql::TELL, vec![string(log), told])];
    if entropy::tick().entropy.is_multiple_of(DROP_EVERY) {
        batch.push(Statement::new(sql::DROP_NEWS, vec![number(NEWS_KEPT)]));
    }
    batch
}

/// Tells something that is not stored otherwise.
pub(super) fn tell(log: &str, news: &News) {
    let batch = row(log, Some(news.to_json()));
    spawn(async move {
        // Who misses it sees the next one: a key stroke, or how a provider stands.
        let _ = commit(batch).await;
    });
}

/// Looks for as long as anybody waits.
pub(super) fn start() {
    if !LOOKING.replace(true) {
        spawn(run());
    }
}

/// Looks at once: NATS came or went.
pub(super) fn hurry() {
    if let Some(hurry) = HURRY.take() {
        // Nobody waits any more.
        let _ = hurry.send(());
    }
}

async fn run() {
    if let Err(fault) = begin().await {
        tell_fault("bus", &fault);
    }
    let mut pause = SOON;
    while rooms::is_attended() {
        wait(pause).await;
        pause = match look().await {
            Ok(true) => SOON,
            Ok(false) => pause.saturating_mul(2).min(SELDOM),
            Err(fault) => {
                tell_fault("bus", &fault);
                SELDOM
            }
        };
    }
    LOOKING.set(false);
}

async fn wait(pause: Duration) {
    let pause = match super::nats::is_up() {
        true => BACKSTOP + chance(BACKSTOP),
        false => pause,
    };
    let (hurry, hurried) = oneshot::channel();
    HURRY.set(Some(hurry));
    select(pin!(sleep(pause)), hurried).await;
}

/// Up to `most`.
fn chance(most: Duration) -> Duration {
    let most = most.as_millis().max(1);
    Duration::from_millis(u64::try_from(entropy::tick().entropy % most).unwrap_or(0))
}

/// What came between a stream's first look and here is looked at once.
async fn begin() -> Result<(), Fault> {
    let end = rows(sql::NEWS_END, Vec::new()).await?;
    NEWEST.set(end.first().map_or((0, 0), |row| (whole(row, 0), whole(row, 1))));
    for room in rooms::all().into_iter().filter(|room| room.waits()) {
        room.look().await?;
    }
    Ok(())
}

/// Whether something was new for anybody here.
async fn look() -> Result<bool, Fault> {
    let (mut events, mut news) = NEWEST.get();
    let found = rows(sql::NEWS, vec![number(events), number(news)]).await?;
    let mut stale = BTreeSet::new();
    for row in &found {
        events = events.max(whole(row, 0));
        news = news.max(whole(row, 1));
        match maybe_text(row, 4) {
            Some(told) => relay(told),
            None => note(text(row, 2), small(row, 3), &mut stale),
        }
    }
    NEWEST.set((events, news));
    for log in &stale {
        match (log.strip_suffix('/'), rooms::known(log)) {
            (Some(site), _) => desks::look(site).await?,
            (None, Some(room)) => room.look().await?,
            (None, None) => {}
        }
    }
    Ok(!stale.is_empty())
}

/// Remembers what has to be looked at: not what was written here.
fn note(log: &str, seq: u32, stale: &mut BTreeSet<String>) {
    let is_new = match rooms::known(log) {
        Some(room) => room.waits() && (seq == 0 || room.seq() < seq),
        None => log.ends_with('/') && desks::is_known(log.trim_end_matches('/')),
    };
    if is_new {
        stale.insert(log.to_owned());
    }
}

/// What is not stored otherwise is in the row; the rest is told by its log.
fn relay(told: &str) {
    if let Some(news) = News::from_json(told.as_bytes())
        && matches!(news.what, What::Frame { .. } | What::Provider { .. })
    {
        super::hear(news);
    }
}
