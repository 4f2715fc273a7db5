//! Storing: what a transaction may do, and what is known once it is done.

use crate::disk::Refused;
use crate::happening::Happening;
use crate::invariant::{Broken, Held, Invariant};
use crate::site::CONTEXTS_BUDGET;
use crate::world::World;
use kefu_proto::v1::{Event, event};
use kefu_shared::conversation::Write;

/// When agents find a conversation that begins.
const OPENED_AFTER: u64 = 400;

impl World<'_> {
    /// Makes a step durable, or not: a fault, or another instance that was sooner.
    pub(crate) fn commit(
        &mut self,
        room: usize,
        number: u32,
        writes: &[Write],
    ) -> Held<Result<(), Refused>> {
        if writes.is_empty() {
            return Ok(Ok(()));
        }
        let here = &mut self.rooms[room];
        if is_due(&mut here.refuse_in) {
            return Ok(Err(Refused::Fault));
        }
        let knows_all = here.is_up_to_date(number);
        // The alarm is the sign that somebody has to be told: only who knows all that is stored may
        // clear it. Cloudflare's storage takes nothing at all of an object that was replaced;
        // other hosts have to compare.
        if !knows_all && writes.contains(&Write::Alarm(None)) {
            return Ok(Err(Refused::State));
        }
        if let Err(refused) = here.disk.commit(writes) {
            return if knows_all { Err(unexpected(&refused)) } else { Ok(Err(refused)) };
        }
        if let Some((instance, disk)) = here.instance(number) {
            instance.seen = if knows_all { disk.commits() } else { instance.seen };
        }
        self.committed(room, number, writes)?;
        Ok(Ok(()))
    }

    /// What is known of a conversation follows what is stored.
    fn committed(&mut self, room: usize, number: u32, writes: &[Write]) -> Held {
        for write in writes {
            match write {
                Write::Alarm(at) => self.set_alarm(room, number, *at),
                Write::Event { event, .. } => self.logged(room, number, event)?,
                Write::Forget { .. } | Write::Head(_) | Write::Turn(_) | Write::Mark { .. } => {}
            }
        }
        let bytes = self.contexts.bytes();
        Invariant::Bounded
            .holds(bytes <= CONTEXTS_BUDGET, || format!("contexts have {bytes} bytes"))
    }

    fn logged(&mut self, room: usize, number: u32, event: &Event) -> Held {
        let here = &mut self.rooms[room];
        if here.current.number == number {
            self.contexts.fold(&room.to_string(), event);
        }
        here.patience.stored(self.clock.now(), event)?;
        match &event.kind {
            Some(event::Kind::Owner(_)) => here.ledger.owner_changed(),
            Some(event::Kind::Message(message)) => here.ledger.logged(message)?,
            Some(event::Kind::Draft(draft)) => here.ledger.drafted(draft)?,
            _ => {}
        }
        if event.seq == 1 {
            self.tell_agents_of_a_beginning();
        }
        Ok(())
    }

    /// Agents who wait for a conversation to begin find it in their list.
    fn tell_agents_of_a_beginning(&mut self) {
        for seat in 0..self.clients.len() {
            self.clock.later(OPENED_AFTER, Happening::Connect { seat });
        }
    }
}

/// The storage refuses what an instance that knows everything wants to store.
fn unexpected(refused: &Refused) -> Broken {
    match refused {
        Refused::Sender(what) => Invariant::Once.broken(what),
        Refused::Seq(what) => Invariant::Dense.broken(what),
        Refused::State => Invariant::Dense.broken("a state that is not the next one"),
        Refused::Fault => Invariant::Dense.broken("a fault that nobody planned"),
    }
}

/// Whether the storage refuses this write: the one after so many others.
pub(crate) fn is_due(refuse_in: &mut Option<usize>) -> bool {
    let left = refuse_in.take();
    *refuse_in = left.and_then(|left| left.checked_sub(1));
    left == Some(0)
}
