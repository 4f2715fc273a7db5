//! The desk's place in the world: its disk, its memory, and how it steps, stores and acts. It
//! shares the process with the conversations, and may also die alone.

use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::plan::Point;
use crate::process::survived;
use crate::storing::is_due;
use crate::world::World;
use kefu_proto::v1::InboxEntry;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::{Audience, ConnId};
use kefu_shared::desk::{Act, Desk, Inbox, Input, Outcome, Session, Snapshot, Step, Stream, Write};
use kefu_shared::time::{Millis, Tick};
use kefu_shared::who::Role;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Office {
    pub(crate) disk: Rows,
    /// `None` while nobody woke it.
    desk: Option<Desk>,
    /// These outlive the desk's sleep.
    pub(crate) streams: BTreeMap<ConnId, Stream>,
    timer: Option<(Millis, u32)>,
    /// How many writes until the storage refuses one.
    pub(crate) refuse_in: Option<usize>,
}

/// What survives of the desk.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) entries: BTreeMap<String, InboxEntry>,
    floor: u32,
    pub(crate) sessions: Vec<Session>,
}

impl Rows {
    fn commit(&mut self, writes: &[Write]) {
        for write in writes {
            match write {
                Write::Entry(entry) => {
                    self.entries.insert(entry.conversation.clone(), entry.clone());
                }
                Write::Leave(left) => {
                    self.entries.retain(|id, _| !left.conversations.contains(id));
                    self.floor = left.floor;
                }
                Write::Session(session) => self.sessions.push(session.clone()),
                Write::End(id) => self.sessions.retain(|session| session.id != *id),
                Write::Account(_)
                | Write::Forget(_)
                | Write::Try { .. }
                | Write::Pardon(_)
                | Write::DropTries(_) => {}
            }
        }
    }

    fn inbox(&self) -> Inbox {
        Inbox::resume(self.entries.values().cloned(), self.floor)
    }
}

impl Office {
    /// One step, on what is in memory or else is loaded.
    fn step(&mut self, tick: Tick, input: Input) -> Step {
        let mut desk = self.desk.take().unwrap_or_else(|| self.resume());
        let step = desk.step(tick, input);
        self.desk = Some(desk);
        step
    }

    fn resume(&self) -> Desk {
        Desk::resume(Snapshot {
            inbox: self.disk.inbox(),
            sessions: self.disk.sessions.clone(),
            streams: self.streams.clone().into_iter().collect(),
            ..Snapshot::default()
        })
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.desk.as_ref().and_then(Desk::deadline)
    }

    /// Leaves memory if nothing is under way.
    pub(crate) fn sleep(&mut self) {
        if self.deadline().is_none() {
            (self.desk, self.timer) = (None, None);
        }
    }
}

impl World<'_> {
    /// Gives an input to the desk; the outcome is there if it was stored.
    pub(crate) fn give_desk(&mut self, input: Input) -> Held<Option<Outcome>> {
        let tick = Tick { now: self.clock.wall(), entropy: self.office_chance.entropy() };
        let step = self.office.step(tick, input);
        let fate = self.fate(step.acts.len());
        if fate == Some(Point::BeforeCommit) {
            self.crash();
            return Ok(None);
        }
        if !self.commit_desk(&step.writes) {
            self.reset_desk();
            return Ok(None);
        }
        let acts = survived(fate, step.acts.len());
        step.acts.into_iter().take(acts).try_for_each(|act| self.act_of_desk(act))?;
        if fate.is_some() {
            self.crash();
            return Ok(None);
        }
        self.settle_desk();
        Ok(step.outcome)
    }

    /// Whether the storage takes it.
    fn commit_desk(&mut self, writes: &[Write]) -> bool {
        if writes.is_empty() {
            return true;
        }
        if is_due(&mut self.office.refuse_in) {
            self.report.refusals += 1;
            return false;
        }
        self.office.disk.commit(writes);
        true
    }

    fn act_of_desk(&mut self, act: Act) -> Held {
        match act {
            Act::Send { to, frame } => {
                self.witness_desk(&frame)?;
                for conn in self.readers(to) {
                    self.send_console(conn, frame.clone());
                }
            }
            Act::Place { conversation, place } => self.tell_place(&conversation, place),
            Act::Close { conn, .. } => {
                self.office.streams.remove(&conn);
                self.end_console(conn);
            }
        }
        Ok(())
    }

    fn readers(&self, to: Audience) -> Vec<ConnId> {
        let conns = self.office.streams.keys().copied();
        conns.filter(|conn| to.has(*conn, Role::Agent)).collect()
    }

    /// I6: what is sent is stored.
    fn witness_desk(&self, frame: &Frame) -> Held {
        let Frame::Inbox(page) = frame else { return Ok(()) };
        for entry in &page.entries {
            let stored = self.office.disk.entries.get(&entry.conversation);
            Invariant::DurableFirst.holds(stored == Some(entry), || {
                format!("{} is sent at {} and not stored", entry.conversation, entry.seq)
            })?;
        }
        Ok(())
    }

    fn settle_desk(&mut self) {
        let deadline = self.office.deadline();
        if self.office.timer.map(|(at, _)| at) != deadline {
            self.timers += 1;
            self.office.timer = deadline.map(|at| (at, self.timers));
            if let Some((at, timer)) = self.office.timer {
                let delay = self.clock.until(at);
                self.clock.later(delay, Happening::DeskTimer { timer });
            }
        }
        if self.drowsy {
            self.office.sleep();
        }
    }

    pub(crate) fn desk_timer(&mut self, timer: u32) -> Held {
        if self.office.timer.is_some_and(|(_, set)| set == timer) {
            self.office.timer = None;
            self.give_desk(Input::Woke)?;
        }
        Ok(())
    }

    /// The desk's memory and its streams are gone.
    pub(crate) fn reset_desk(&mut self) {
        (self.office.desk, self.office.timer) = (None, None);
        for conn in std::mem::take(&mut self.office.streams).into_keys() {
            self.end_console(conn);
        }
    }
}
