//! What is checked at the moment when something is sent (I6, and the machine's silence): the disk
//! as it is right then must already say so.

use crate::invariant::{Held, Invariant};
use crate::room::Room;
use crate::world::World;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Ack, Event, Hello, Owner, ReadMark, event};
use kefu_shared::conversation::{AttemptId, OwnerRecord};
use kefu_shared::view;
use kefu_shared::who::author_of_tag;

impl World<'_> {
    pub(crate) fn witness(&mut self, room: usize, number: u32, frame: &Frame) -> Held {
        let (now, drafts) = (self.clock.now(), self.plan.drafts);
        let here = &mut self.rooms[room];
        let knows_all = here.is_up_to_date(number);
        let mut shows = |id, text: &str| match drafts {
            true => drafted(here, knows_all, id, text),
            false => shows(here, now, knows_all, id, text),
        };
        match frame {
            Frame::Event(event) => event_is_stored(here, event),
            Frame::Ack(ack) => ack_is_stored(here, ack),
            Frame::Read(mark) => mark_is_stored(here, mark, knows_all),
            Frame::Hello(hello) if knows_all => hello_is_true(here, hello),
            Frame::Delta(delta) => {
                let id = AttemptId { turn: delta.turn, attempt: delta.attempt };
                shows(id, &delta.text)
            }
            Frame::Replace(replace) => {
                let id = AttemptId { turn: replace.turn, attempt: replace.attempt };
                shows(id, &replace.text)
            }
            Frame::Hello(_)
            | Frame::Typing(_)
            | Frame::Presence(_)
            | Frame::Error(_)
            | Frame::Inbox(_)
            | Frame::Queued(_)
            | Frame::Provider(_)
            | Frame::Pong(_) => Ok(()),
        }
    }
}

fn event_is_stored(room: &Room, event: &Event) -> Held {
    let stored = room.disk.event(event.seq);
    let same = stored.is_some_and(|stored| stored == event || *event == view::hidden(stored.seq));
    Invariant::DurableFirst.holds(same, || format!("seq {} is sent and not stored", event.seq))
}

fn ack_is_stored(room: &Room, ack: &Ack) -> Held {
    let stored = room.disk.event(ack.seq).and_then(|event| match &event.kind {
        Some(event::Kind::Message(message)) => message.key.clone(),
        _ => None,
    });
    Invariant::DurableFirst.holds(stored.as_ref() == Some(&ack.key), || {
        format!("{} is acknowledged as {} and not stored there", ack.key, ack.seq)
    })
}

/// The higher one wins: one that falls is sent by who does not know better.
fn mark_is_stored(room: &Room, mark: &ReadMark, knows_all: bool) -> Held {
    let of_author = |tag: &str| author_of_tag(tag).map(|author| (author.role, author.id));
    let wanted = mark.author.as_ref().map(|author| (author.role, author.id.clone()));
    let stored = room.disk.marks().iter().find(|(tag, _)| of_author(tag) == wanted);
    let stored = stored.map_or(0, |(_, seq)| *seq);
    let right = stored == mark.seq || !knows_all && stored > mark.seq;
    Invariant::DurableFirst
        .holds(right, || format!("a mark at {} is sent and stored at {stored}", mark.seq))
}

/// What happens in the same step after it is sent after it.
fn hello_is_true(room: &Room, hello: &Hello) -> Held {
    let head = room.disk.head();
    let (last, said) = (room.disk.seq(), hello.seq);
    Invariant::DurableFirst.holds(said <= last, || format!("hello says {said} of {last}"))?;
    if said < last {
        return Ok(());
    }
    let stored = (head.epoch, room.disk.seq(), head.term, Some(head.owner.wire()), head.closed);
    // The place in the queue is the desk's to know, and is not stored.
    let owner = hello.owner.clone().map(|owner| Owner { place: None, ..owner });
    let said = (hello.epoch, hello.seq, hello.term, owner, hello.closed);
    Invariant::DurableFirst.holds(stored == said, || format!("hello says {said:?} of {stored:?}"))
}

/// Text of an answer: its attempt is stored as begun to show, and a person does not own. An
/// instance that was replaced cannot know; its readers' screens tell whether they saw too much.
fn shows(room: &mut Room, now: u64, knows_all: bool, id: AttemptId, text: &str) -> Held {
    room.ledger.shows(id, text)?;
    if !knows_all {
        return Ok(());
    }
    room.patience.shown(now)?;
    room.ledger.may_speak(id)?;
    let owner = room.disk.head().owner;
    Invariant::Silence
        .holds(owner == OwnerRecord::Bot, || format!("{id:?} is shown while {owner:?} owns"))?;
    Invariant::DurableFirst
        .holds(has_begun(room, id), || format!("{id:?} is shown and not stored as begun"))
}

/// The same where the AI drafts: agents see it while nobody of them owns, and no visitor waits for it.
fn drafted(room: &mut Room, knows_all: bool, id: AttemptId, text: &str) -> Held {
    room.ledger.shows(id, text)?;
    if !knows_all {
        return Ok(());
    }
    room.ledger.may_speak(id)?;
    let owner = room.disk.head().owner;
    Invariant::Silence.holds(!matches!(owner, OwnerRecord::Agent { .. }), || {
        format!("{id:?} is shown while {owner:?} owns")
    })?;
    Invariant::DurableFirst
        .holds(has_begun(room, id), || format!("{id:?} is shown and not stored as begun"))
}

fn has_begun(room: &Room, id: AttemptId) -> bool {
    let turn = room.disk.turn();
    let runs = (turn.turn, turn.attempt) == (id.turn, id.attempt)
        && turn.running.is_some_and(|running| !running.text.is_empty());
    let is_over = room.disk.events().iter().rev().any(|event| match &event.kind {
        Some(event::Kind::Message(said) | event::Kind::Draft(said)) => {
            said.turn == Some(id.turn) && said.attempt == Some(id.attempt)
        }
        _ => false,
    });
    runs || is_over
}
