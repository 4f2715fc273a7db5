//! How conversations tell the desk how they stand: over a network that loses requests, loses
//! answers, delays and repeats. In the end the inbox is the fold of the conversations (I9).

use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::model;
use crate::plan::Fate;
use crate::world::World;
use kefu_proto::v1::InboxEntry;
use kefu_shared::conversation::Input;
use kefu_shared::desk::{self, Order, Outcome};

/// How long somebody waits for an answer that does not come.
const UNANSWERED: u64 = 5_000;

impl World<'_> {
    /// Sends a summary on its way.
    pub(crate) fn tell(&mut self, room: usize, number: u32, summary: InboxEntry) {
        let here = &mut self.rooms[room];
        let fate = here.fates.pop_front().unwrap_or(Fate::Arrives);
        let (seq, delay) = (summary.seq, here.entropy.between(1, 200));
        if let Some((instance, _)) = here.instance(number) {
            instance.telling += 1;
        }
        let entry = Box::new(InboxEntry { conversation: id(room), ..summary });
        let answers = matches!(fate, Fate::Arrives | Fate::Twice);
        let tell = |entry| Happening::Tell { room, number, entry, answers };
        match fate {
            Fate::Arrives | Fate::AnswerLost => self.clock.later(delay, tell(entry)),
            Fate::Lost => {}
            Fate::Twice => {
                self.clock.later(delay, tell(entry.clone()));
                self.clock
                    .later(delay + 7_000, Happening::Tell { room, number, entry, answers: false });
            }
            Fate::Late(by) => self.clock.later(delay + by, tell(entry)),
        }
        if !answers {
            let input = Box::new(Input::NotTold { seq });
            self.clock.later(UNANSWERED, Happening::Told { room, number, input });
        }
    }

    /// A summary reaches the desk.
    pub(crate) fn tell_desk(
        &mut self,
        room: usize,
        number: u32,
        entry: InboxEntry,
        answers: bool,
    ) -> Held {
        let seq = entry.seq;
        let outcome = self.give_desk(desk::Input::Ordered(Order::Tell(vec![entry])))?;
        if answers {
            let delay = self.rooms[room].entropy.between(1, 200);
            let input = Box::new(match outcome {
                Some(Outcome::Told { places }) => {
                    Input::Told { seq, place: places.get(&id(room)).copied() }
                }
                _ => Input::NotTold { seq },
            });
            self.clock.later(delay, Happening::Told { room, number, input });
        }
        Ok(())
    }

    /// A conversation learns what became of its summary.
    pub(crate) fn told(&mut self, room: usize, number: u32, input: Input) -> Held {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Ok(()) };
        instance.telling = instance.telling.saturating_sub(1);
        self.give(room, number, input)?;
        Ok(())
    }

    /// The desk sends a place on its way.
    pub(crate) fn tell_place(&mut self, conversation: &str, place: u32) {
        let room = conversation.trim_start_matches('c').parse().unwrap_or(0);
        let delay = self.rooms[room].entropy.between(1, 200);
        self.clock.later(delay, Happening::Placed { room, place });
    }

    /// A conversation learns its visitor's place.
    pub(crate) fn placed(&mut self, room: usize, place: u32) -> Held {
        let number = self.rooms[room].current.number;
        self.give(room, number, Input::Placed { place })?;
        Ok(())
    }

    /// I9: the inbox is the fold of the conversations.
    pub(crate) fn inbox_at_rest(&self) -> Held {
        for (room, here) in self.rooms.iter().enumerate() {
            let kept = self.office.disk.entries.get(&id(room)).map(model::Standing::told);
            let due = (here.disk.seq() > 0)
                .then(|| model::Standing::of(here.disk.events(), &here.disk.head()));
            let right = match (&kept, &due) {
                (Some(kept), Some(due)) => kept.is(due),
                _ => kept == due,
            };
            Invariant::Inbox.holds(right, || format!("the inbox has {kept:?} of {due:?}"))?;
        }
        Ok(())
    }
}

/// What a conversation is called at the desk.
fn id(room: usize) -> String {
    format!("c{room}")
}
