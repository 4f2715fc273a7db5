//! What must hold when a world has come to rest.

use crate::invariant::{Held, Invariant};
use crate::model;
use crate::screen;
use crate::world::World;
use kefu_shared::conversation::OwnerRecord;
use kefu_shared::who::author_of_tag;

/// How long after the calm everything must have come to rest: the longest answer, and everything
/// that had to be asked again.
const REST: u64 = 600_000;
/// The same where the clock fell back by an hour, perhaps twice.
const REST_OF_JUMPS: u64 = 3 * 3_600_000;

impl World<'_> {
    /// Checks everything that is only true in the end.
    pub(crate) fn at_rest(&mut self) -> Held {
        for room in 0..self.rooms.len() {
            self.room_at_rest(room)?;
        }
        for seat in 0..self.clients.len() {
            self.screen_at_rest(seat)?;
        }
        self.inbox_at_rest()?;
        self.consoles_at_rest()?;
        let left = self.office.deadline();
        Invariant::Rest.holds(left.is_none(), || format!("the desk waits for {left:?}"))?;
        Ok(())
    }

    /// Whether it is about time that nothing happens any more.
    pub(crate) fn comes_to_rest(&self) -> Held {
        let patience = if self.plan.keeps_time() { REST } else { REST_OF_JUMPS };
        let late = self.clock.now() > self.plan.calm_at() + patience;
        Invariant::Rest.holds(!late, || "the world does not come to rest".into())
    }

    fn room_at_rest(&self, room: usize) -> Held {
        let here = &self.rooms[room];
        model::Reading::check(here.disk.events(), self.plan.drafts)?;
        let left = here.current.under_way();
        Invariant::Rest.holds(left.is_none(), || format!("{left:?} is left to do"))?;
        Invariant::Rest.holds(here.alarm.set.is_none(), || "an alarm is left".into())?;
        let head = here.disk.head();
        let waits = model::unanswered(here.disk.events())
            .filter(|_| head.owner == OwnerRecord::Bot && !head.closed);
        Invariant::Answered.holds(waits.is_none(), || format!("seq {waits:?} was never answered"))
    }

    fn screen_at_rest(&self, seat: usize) -> Held {
        let client = &self.clients[seat];
        if !client.arrived {
            return Ok(());
        }
        let here = &self.rooms[client.room];
        let unsent = client.unsent();
        Invariant::Acknowledged
            .holds(unsent.is_empty(), || format!("client {seat} still has {unsent:?}"))?;
        for (key, seq) in client.acknowledged(here.disk.head().epoch) {
            here.disk.has(&client.who.sender(key), seq)?;
        }
        let due = model::due(here.disk.events(), client.screen.after, client.who.role);
        let shown = &client.screen.events;
        Invariant::Screen.holds(*shown == due, || {
            format!("client {seat} shows {} of {} events", shown.len(), due.len())
        })?;
        self.marks_at_rest(seat)
    }

    /// Everybody sees how far everybody else has read.
    fn marks_at_rest(&self, seat: usize) -> Held {
        let client = &self.clients[seat];
        for (tag, seq) in self.rooms[client.room].disk.marks() {
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
