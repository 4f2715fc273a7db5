//! How conversations tell the desk how they stand: over a network that loses requests, loses
//! answers, delays and repeats.

use crate::invariant::Held;
use crate::world::{Happening, World};
use kefu_proto::v1::InboxEntry;
use kefu_shared::conversation::Input;

impl World<'_> {
    /// Sends a summary on its way.
    pub(crate) fn tell(&mut self, room: usize, number: u32, summary: InboxEntry) {
        let here = &mut self.rooms[room];
        let seq = summary.seq;
        let delay = here.entropy.between(1, 200);
        if let Some((instance, _)) = here.instance(number) {
            instance.telling += 1;
        }
        self.clock.later(delay, Happening::Told { room, number, seq, arrived: true });
    }

    pub(crate) fn told(&mut self, room: usize, number: u32, seq: u32, arrived: bool) -> Held {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Ok(()) };
        instance.telling = instance.telling.saturating_sub(1);
        let input = if arrived { Input::Told { seq } } else { Input::NotTold { seq } };
        self.give(room, number, input)?;
        Ok(())
    }
}
