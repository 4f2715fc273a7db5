//! What wakes streams whose conversation another instance changed.
//!
//! Events are in the database, which tells their order; a bus only says that there is something
//! new, and carries what is not stored. The database itself is polled for it: seldom while
//! nothing happens, not at all while nobody waits. Another bus has the same three doors: `changed`,
//! `tell` and `listen`.

use crate::Fault;
use crate::spin::database::{maybe_text, number, rows, small, string, text, whole};
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use crate::spin::{desks, rooms};
use kefu_proto::v1::ServerFrame;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::Audience;
use kefu_shared::schema::shared_sql::host as sql;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// Between two looks: right after something was new, and at most.
const SOON: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_millis(250);
/// News that stay, for those who look seldom.
const NEWS_KEPT: u32 = 10_000;

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static NEWEST: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

/// A frame that is not stored, on its way to other instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    /// Which instance tells it.
    from: u64,
    to: Whom,
    frame: ServerFrame,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whom {
    All,
    Agents,
    Visitors,
}

impl Whom {
    /// Those of an audience who are elsewhere.
    fn of(to: Audience) -> Option<Self> {
        match to {
            Audience::Conn(_) => None,
            Audience::All | Audience::AllBut(_) => Some(Self::All),
            Audience::Agents => Some(Self::Agents),
            Audience::Visitors => Some(Self::Visitors),
        }
    }

    fn audience(self) -> Audience {
        match self {
            Self::All => Audience::All,
            Self::Agents => Audience::Agents,
            Self::Visitors => Audience::Visitors,
        }
    }
}

/// A conversation has events up to `seq`.
pub(crate) fn changed(_log: &str, _seq: u32) {
    // Their rows tell it.
}

/// Readers elsewhere get a frame too, if it is one that nothing else tells them.
pub(crate) fn tell(log: &str, to: Audience, frame: &Frame) {
    let (Some(to), Frame::Typing(_)) = (Whom::of(to), frame) else { return };
    let frame = ServerFrame { conversation: String::new(), frame: Some(frame.clone()) };
    let told = Told { from: entropy::holder(), to, frame };
    let Ok(told) = serde_json::to_string(&told) else { return };
    let mut batch = vec![Statement::new(sql::TELL, vec![string(log), string(told)])];
    if entropy::tick().entropy.is_multiple_of(512) {
        batch.push(Statement::new(sql::DROP_NEWS, vec![number(NEWS_KEPT)]));
    }
    spawn(async move {
        // It is gone with the next key stroke.
        let _ = commit(batch).await;
    });
}

/// From here on this instance hears of what others do, while anybody waits for it.
pub(crate) fn listen() {
    if !LISTENING.replace(true) {
        spawn(poll());
    }
}

async fn poll() {
    if let Err(fault) = begin().await {
        tell_fault("bus", &fault);
    }
    let mut pause = SOON;
    while rooms::is_attended() {
        sleep(pause).await;
        pause = match look().await {
            Ok(true) => SOON,
            Ok(false) => pause.saturating_mul(2).min(SELDOM),
            Err(fault) => {
                tell_fault("bus", &fault);
                SELDOM
            }
        };
    }
    LISTENING.set(false);
}

/// What came between a stream's first look and here is looked at once.
async fn begin() -> Result<(), Fault> {
    let end = rows(sql::NEWS_END, Vec::new()).await?;
    NEWEST.set(end.first().map_or((0, 0), |row| (whole(row, 0), whole(row, 1))));
    for room in rooms::all() {
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
            Some(told) => relay(text(row, 2), told),
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

fn relay(log: &str, told: &str) {
    let Ok(told) = serde_json::from_str::<Told>(told) else { return };
    if told.from != entropy::holder()
        && let (Some(room), Some(frame)) = (rooms::known(log), &told.frame.frame)
    {
        room.relay(told.to.audience(), frame);
    }
}
