//! The database as a bus: seldom looked at while nothing happens, not at all while nobody waits.

use crate::Fault;
use crate::spin::database::{maybe_text, number, rows, small, string, text, whole};
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use crate::spin::{desks, rooms};
use kefu_shared::news::News;
use kefu_shared::schema::shared_sql::host as sql;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// Between two looks: right after something was new, and at most.
const SOON: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_millis(250);
/// News that stay, for those who look seldom.
const NEWS_KEPT: u32 = 10_000;

thread_local! {
    static NEWEST: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

/// Tells what is not stored.
pub(super) fn tell(log: &str, news: &News) {
    let told = vec![string(log), string(news.to_json())];
    let mut batch = vec![Statement::new(sql::TELL, told)];
    if entropy::tick().entropy.is_multiple_of(512) {
        batch.push(Statement::new(sql::DROP_NEWS, vec![number(NEWS_KEPT)]));
    }
    spawn(async move {
        // It is gone with the next key stroke.
        let _ = commit(batch).await;
    });
}

/// Looks while anybody waits.
pub(super) async fn listen() {
    begin().await;
    let mut pause = SOON;
    while rooms::is_attended() {
        sleep(pause).await;
        pause = if look().await { SOON } else { pause.saturating_mul(2).min(SELDOM) };
    }
}

/// What came between a stream's first look and here is looked at once.
pub(super) async fn begin() {
    let begun = async {
        let end = rows(sql::NEWS_END, Vec::new()).await?;
        NEWEST.set(end.first().map_or((0, 0), |row| (whole(row, 0), whole(row, 1))));
        for room in rooms::all() {
            room.look().await?;
        }
        Ok::<_, Fault>(())
    };
    if let Err(fault) = begun.await {
        tell_fault("bus", &fault);
    }
}

/// Takes in what is new; tells whether something was for anybody here.
pub(super) async fn look() -> bool {
    take_in().await.unwrap_or_else(|fault| {
        tell_fault("bus", &fault);
        false
    })
}

async fn take_in() -> Result<bool, Fault> {
    let (mut events, mut news) = NEWEST.get();
    let found = rows(sql::NEWS, vec![number(events), number(news)]).await?;
    let mut stale = BTreeSet::new();
    for row in &found {
        events = events.max(whole(row, 0));
        news = news.max(whole(row, 1));
        match maybe_text(row, 4) {
            Some(told) => {
                if let Some(news) = News::from_json(told.as_bytes()) {
                    super::hear(news).await?;
                }
            }
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
        Some(room) => seq == 0 || room.seq() < seq,
        None => log.ends_with('/') && desks::is_known(log.trim_end_matches('/')),
    };
    if is_new {
        stale.insert(log.to_owned());
    }
}
