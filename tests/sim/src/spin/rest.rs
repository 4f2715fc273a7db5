//! What is checked when something is sent, and what must hold when a world has come to rest.

use super::world::World;
use crate::invariant::{Held, Invariant};
use crate::model::{self, Standing};
use crate::screen;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Event, event};
use kefu_shared::conversation::{AttemptId, OwnerRecord};
use kefu_shared::view;
use kefu_shared::who::author_of_tag;

/// How long after the calm everything must have come to rest.
const REST: u64 = 600_000;

impl World<'_> {
    /// What is sent is stored (I6), and as its provider said it (I8).
    pub(super) fn witness(&mut self, frame: &Frame) -> Held {
        match frame {
            Frame::Event(event) => {
                let stored = self.storage.disk.event(event.seq);
                let same = stored.is_some_and(|it| it == event || *event == view::hidden(it.seq));
                Invariant::DurableFirst
                    .holds(same, || format!("seq {} is sent and not stored", event.seq))
            }
            Frame::Hello(hello) => {
                let last = self.storage.disk.seq();
                Invariant::DurableFirst
                    .holds(hello.seq <= last, || format!("hello says {} of {last}", hello.seq))?;
                let due = term_at(self.storage.disk.events(), hello.seq);
                Invariant::DurableFirst.holds(hello.term == due, || {
                    format!("hello says term {} at {}, where it is {due}", hello.term, hello.seq)
                })
            }
            Frame::Delta(it) => {
                self.shows(AttemptId { turn: it.turn, attempt: it.attempt }, &it.text)
            }
            Frame::Replace(it) => {
                self.shows(AttemptId { turn: it.turn, attempt: it.attempt }, &it.text)
            }
            _ => Ok(()),
        }
    }

    /// Text of an answer is shown: it was stored that it began.
    fn shows(&mut self, id: AttemptId, text: &str) -> Held {
        self.ledger.shows(id, text)?;
        let turn = self.storage.disk.turn();
        let newest = (turn.turn, turn.attempt);
        Invariant::DurableFirst.holds((id.turn, id.attempt) <= newest, || {
            format!("{id:?} is shown and {newest:?} is stored")
        })?;
        let running = turn.running.filter(|_| (id.turn, id.attempt) == newest);
        if let Some(running) = running {
            Invariant::DurableFirst.holds(!running.text.is_empty(), || {
                format!("{id:?} is shown and not stored as begun")
            })?;
            // Nobody waits for what is drafted.
            if !running.draft {
                self.patience.shown(self.clock.now())?;
            }
        }
        Ok(())
    }

    /// Whether it is about time that nothing happens any more.
    pub(super) fn comes_to_rest(&self) -> Held {
        let late = self.clock.now() > self.plan.calm_at() + REST;
        Invariant::Rest
            .holds(!late, || format!("the world does not come to rest: {:?}", self.left()))
    }

    /// Whether nothing will happen any more, but for those who wait for it.
    pub(super) fn rests(&self) -> bool {
        let served = |person: &super::people::Person| {
            person.waiting.is_empty() && (person.client.conn.is_some() || !person.client.arrived)
        };
        self.is_calm()
            && self.storage.due.is_empty()
            && self.people.iter().all(served)
            && self.left().is_none()
    }

    /// What is left to do somewhere, if anything is.
    pub(super) fn left(&self) -> Option<String> {
        self.processes.iter().find_map(super::process::Process::under_way)
    }

    /// Checks everything that is only true in the end.
    pub(super) fn at_rest(&mut self) -> Held {
        let disk = &self.storage.disk;
        model::Reading::check(disk.events(), self.plan.drafts)?;
        let left = self.left();
        Invariant::Rest.holds(left.is_none(), || format!("{left:?} is left to do"))?;
        let due = &self.storage.due;
        Invariant::Rest.holds(due.is_empty(), || format!("alarms are left: {due:?}"))?;
        let head = disk.head();
        let waits = model::unanswered(disk.events())
            .filter(|_| head.owner == OwnerRecord::Bot && !head.closed);
        Invariant::Answered
            .holds(waits.is_none(), || format!("seq {waits:?} was never answered"))?;
        for seat in 0..self.people.len() {
            self.screen_at_rest(seat)?;
        }
        let due = (disk.seq() > 0).then(|| Standing::of(disk.events(), &head));
        let told = self.inbox.as_ref().map(Standing::told);
        let right = match (&told, &due) {
            (Some(told), Some(due)) => told.is(due),
            _ => told == due,
        };
        Invariant::Inbox.holds(right, || format!("the inbox has {told:?} of {due:?}"))
    }

    fn screen_at_rest(&self, seat: usize) -> Held {
        let person = &self.people[seat];
        let client = &person.client;
        if !client.arrived {
            return Ok(());
        }
        let disk = &self.storage.disk;
        Invariant::Acknowledged.holds(person.waiting.is_empty(), || {
            format!("client {seat} still has {:?}", person.waiting)
        })?;
        let unsent = client.unsent();
        Invariant::Acknowledged
            .holds(unsent.is_empty(), || format!("client {seat} still has {unsent:?}"))?;
        for (key, seq) in client.acknowledged(disk.head().epoch) {
            disk.has(&client.who.sender(key), seq)?;
        }
        let due = model::due(disk.events(), client.screen.after, client.who.role);
        let shown = &client.screen.events;
        Invariant::Screen.holds(*shown == due, || {
            format!("client {seat} shows {} of {} events", shown.len(), due.len())
        })?;
        for (tag, seq) in disk.marks() {
            let Some(author) = author_of_tag(tag).filter(|_| *tag != client.who.tag()) else {
                continue;
            };
            let shown = client.screen.marks.get(&screen::key(&author));
            Invariant::Screen.holds(shown == Some(seq), || {
                format!("client {seat} shows {tag} at {shown:?}, and it is at {seq}")
            })?;
        }
        Ok(())
    }
}

/// The term after the event of a seq.
fn term_at(log: &[Event], seq: u32) -> u32 {
    let owners =
        log.iter().take_while(|event| event.seq <= seq).filter_map(|event| match &event.kind {
            Some(event::Kind::Owner(change)) => Some(change.term),
            _ => None,
        });
    owners.last().unwrap_or(0)
}
