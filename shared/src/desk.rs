//! A site's desk: its agents, their sessions, and the inbox that all of them see.
//!
//! [`Desk::resume`] brings it back from what is stored, [`Desk::step`] takes what happened and
//! says what to store and to send; like a conversation it is pure, and writes come before acts.
//! Conversations tell how they stand; the inbox keeps the newest word of each, whatever comes
//! twice, late or out of order. A message never waits for the desk.

use crate::conversation::{Audience, ConnId, Cursor};
use crate::gateway::CLOSE_RECONNECT;
use crate::sorted;
use crate::time::{Millis, Tick};
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Hello, Inbox as Page, InboxEntry};
use std::collections::BTreeMap;
use std::time::Duration;

mod accounts;
mod attempt;
mod duty;
mod entries;
mod inbox;
mod logins;
mod order;
mod providers;
mod queue;
mod sessions;
mod step;

pub use accounts::{ACCOUNTS_MOST, Account, EMAIL_MOST, NAME_MOST, Role};
pub use attempt::Before;
pub use inbox::{INBOX_MOST, Inbox, Left, Query};
pub use logins::{PER_ADDRESS, PER_EMAIL, PER_PAIR, bad_login};
pub use order::{Order, Outcome};
pub use sessions::{SESSIONS_MOST, Session};
pub use step::{Act, Step, Write};

use accounts::Accounts;
use logins::Logins;
use queue::Places;
use sessions::Sessions;

/// The life of an inbox; a rebuilt one would have another.
const EPOCH: u32 = 1;
/// What changes this close together is shown together.
const COALESCE: Duration = Duration::from_millis(100);
/// Entries in one frame: well under a frame's limit.
const FRAME_ENTRIES: usize = 100;
/// Gateway streams that a desk may have.
const STREAMS_MOST: usize = 10_000;

const CLOSE_TOKEN_EXPIRED: u16 = 4100;
const CLOSE_REVOKED: u16 = 4201;
const CLOSE_TOO_MANY: u16 = 4229;

/// What a desk is resumed from.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The inbox as stored.
    pub inbox: Inbox,
    /// Its agents.
    pub accounts: Vec<Account>,
    /// Their sessions.
    pub sessions: Vec<Session>,
    /// Attempts to log in of the last ten minutes, as they were written.
    pub tries: Vec<(String, Millis)>,
    /// Gateway streams that outlived the desk's sleep.
    pub streams: Vec<(ConnId, Stream)>,
}

/// What is stored of a desk and not known to one that is in memory.
#[derive(Debug, Default)]
pub struct News {
    /// The entries after the known [`Inbox::revision`]; all, where the known floor is neither of
    /// the two in `left`.
    pub entries: Vec<InboxEntry>,
    /// Who was the last to leave.
    pub left: Left,
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All sessions.
    pub sessions: Vec<Session>,
    /// All attempts to log in that count, whose and when, the oldest first.
    pub tries: Vec<(String, Millis)>,
}

impl From<News> for Snapshot {
    fn from(news: News) -> Self {
        let News { entries, left, accounts, sessions, tries } = news;
        let inbox = Inbox::resume(entries, left.floor);
        Self { inbox, accounts, sessions, tries, streams: Vec::new() }
    }
}

/// An agent's gateway stream, as far as it concerns the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Under which session it was opened.
    pub session: String,
    /// When its token must be renewed.
    pub expires: Millis,
}

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "an order is what mostly comes")]
pub enum Input {
    /// A gateway stream was opened.
    Attached {
        /// Its number.
        conn: ConnId,
        /// Whose.
        stream: Stream,
        /// The revision that its reader has.
        cursor: Cursor,
    },
    /// A gateway stream ended.
    Detached {
        /// Its number.
        conn: ConnId,
    },
    /// Somebody wants something; the answer is the step's outcome.
    Ordered(Order),
    /// Gateways are still open: others who share what is stored are to know it.
    Beat,
    /// The time that [`Desk::deadline`] named has come.
    Woke,
}

/// A desk while it is in memory.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    inbox: Inbox,
    accounts: Accounts,
    sessions: Sessions,
    logins: Logins,
    streams: BTreeMap<ConnId, Stream>,
    /// The streams have everything up to this revision.
    shown: u32,
    /// Since when there is more.
    unshown_since: Option<Millis>,
    places: Places,
}

impl Desk {
    /// Brings a desk back.
    pub fn resume(snapshot: Snapshot) -> Self {
        Self {
            places: Places::resume(&snapshot.inbox),
            shown: snapshot.inbox.revision(),
            inbox: snapshot.inbox,
            accounts: Accounts::resume(snapshot.accounts),
            sessions: Sessions::resume(snapshot.sessions),
            logins: Logins::resume(snapshot.tries),
            streams: sorted::map(snapshot.streams),
            unshown_since: None,
        }
    }

    /// Takes in what another process wrote, where several may have the desk in memory. The step
    /// has no writes.
    pub fn catch_up(&mut self, now: Millis, news: News) -> Step {
        let mut step = Step::default();
        let known = self.inbox.revision();
        let gone = self.inbox.take_in(news.entries, news.left);
        self.places.take_in(&self.inbox);
        if self.inbox.revision() > known {
            self.changed(now);
        }
        match gone {
            Some(gone) if gone.is_empty() => {}
            Some(gone) => {
                self.show(&mut step);
                self.show_gone(gone, &mut step);
            }
            // Whoever comes back is given all of it.
            None => self.close_streams(CLOSE_RECONNECT, "inbox_reloaded", &mut step, |_| true),
        }
        self.accounts = Accounts::resume(news.accounts);
        self.sessions = Sessions::resume(news.sessions);
        self.logins = Logins::resume(news.tries);
        let over: Vec<String> = self
            .streams
            .values()
            .filter(|stream| self.sessions.holder(&stream.session, now).is_none())
            .map(|stream| stream.session.clone())
            .collect();
        self.close_streams(CLOSE_REVOKED, "session_revoked", &mut step, |stream| {
            over.contains(&stream.session)
        });
        self.show_if_due(now, &mut step);
        step
    }

    /// Takes one input.
    pub fn step(&mut self, tick: Tick, input: Input) -> Step {
        let mut step = Step::default();
        self.close_expired(tick.now, &mut step);
        match input {
            Input::Attached { conn, stream, cursor } => {
                self.attach(tick.now, conn, stream, cursor, &mut step);
            }
            Input::Detached { conn } => self.detach(conn, &mut step),
            Input::Beat => self.beat(tick.now, &mut step),
            Input::Ordered(order) => step.outcome = Some(self.carry_out(tick, order, &mut step)),
            Input::Woke => {}
        }
        self.show_if_due(tick.now, &mut step);
        self.place_if_due(tick.now, &mut step);
        step
    }

    /// When to give [`Input::Woke`] at the latest. `None`: the desk may sleep.
    pub fn deadline(&self) -> Option<Millis> {
        let unshown = self.unshown_since.filter(|_| !self.streams.is_empty());
        let show = unshown.map(|since| since + COALESCE);
        [show, self.places.deadline()].into_iter().flatten().min()
    }

    fn attach(
        &mut self,
        now: Millis,
        conn: ConnId,
        stream: Stream,
        cursor: Cursor,
        step: &mut Step,
    ) {
        if self.streams.len() >= STREAMS_MOST {
            step.act(Act::Close { conn, code: CLOSE_TOO_MANY, reason: "too_many_streams" });
            return;
        }
        if self.sessions.holder(&stream.session, now).is_none() {
            step.act(Act::Close { conn, code: CLOSE_REVOKED, reason: "session_revoked" });
            return;
        }
        // The others first: what the new one gets below is not sent to it again.
        self.show_to(Audience::AllBut(conn), step);
        self.streams.insert(conn, stream);
        let (recovered, after) = self.inbox.recovery(EPOCH, cursor);
        let hello = Hello {
            epoch: EPOCH,
            seq: self.inbox.revision(),
            recovered,
            after,
            now: i64::try_from(now.0).unwrap_or(i64::MAX),
            ..Hello::default()
        };
        step.send(Audience::Conn(conn), Frame::Hello(hello));
        self.send_changes(Audience::Conn(conn), after, step);
    }

    /// What changed waits a moment for more.
    fn changed(&mut self, now: Millis) {
        self.unshown_since.get_or_insert(now);
    }

    fn show_if_due(&mut self, now: Millis, step: &mut Step) {
        if self.unshown_since.is_some_and(|since| since + COALESCE <= now) {
            self.show(step);
        }
    }

    fn show(&mut self, step: &mut Step) {
        self.show_to(Audience::All, step);
    }

    fn show_to(&mut self, to: Audience, step: &mut Step) {
        if self.unshown_since.take().is_some() && !self.streams.is_empty() {
            self.send_changes(to, self.shown, step);
        }
        self.shown = self.inbox.revision();
    }

    fn send_changes(&self, to: Audience, after: u32, step: &mut Step) {
        let changes = self.inbox.changes(after);
        let mut chunks = changes.chunks(FRAME_ENTRIES).peekable();
        while let Some(chunk) = chunks.next() {
            // The last one also covers revisions whose entries changed again or are gone.
            let newest = chunk.last().map_or(0, |entry| entry.revision);
            let revision = if chunks.peek().is_some() { newest } else { self.inbox.revision() };
            let page = Page { entries: chunk.to_vec(), revision, removed: Vec::new() };
            step.send(to, Frame::Inbox(page));
        }
    }

    fn close_expired(&mut self, now: Millis, step: &mut Step) {
        self.close_streams(CLOSE_TOKEN_EXPIRED, "token_expired", step, |stream| {
            stream.expires <= now
        });
    }

    fn close_streams(
        &mut self,
        code: u16,
        reason: &'static str,
        step: &mut Step,
        which: impl Fn(&Stream) -> bool,
    ) {
        let gone: Vec<ConnId> = self
            .streams
            .iter()
            .filter(|(_, stream)| which(stream))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in gone {
            self.streams.remove(&conn);
            step.act(Act::Close { conn, code, reason });
        }
    }
}

#[cfg(test)]
mod tests;
