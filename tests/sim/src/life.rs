//! Lives and deaths of instances: crashes, resets, and two of one conversation at once.

use crate::disk::Refused;
use crate::happening::Happening;
use crate::instance::Instance;
use crate::site::CONTEXTS_BUDGET;
use crate::world::World;
use kefu_shared::context::Contexts;
use kefu_shared::conversation::Reply;
use kefu_shared::guard::Copies;
use kefu_shared::problem::{Code, Refusal};

impl World<'_> {
    /// A step that could not be stored did not happen: forget it, and let everybody come back.
    pub(crate) fn give_up(&mut self, room: usize, number: u32, refused: &Refused) -> Reply {
        self.journal.note(self.clock.now(), refused);
        self.report.refusals += 1;
        if self.rooms[room].current.number == number {
            let old = self.replace(room);
            self.lose(room, old);
        } else {
            self.demise(room, Some(number));
        }
        Reply::Refused(Refusal::new(Code::Unavailable, "send it again"))
    }

    /// The process dies: its memory, its calls and its streams are gone.
    pub(crate) fn crash(&mut self) {
        self.report.crashes += 1;
        self.contexts = Contexts::new(CONTEXTS_BUDGET);
        self.guards.copies = Copies::default();
        self.reset_desk();
        for room in 0..self.rooms.len() {
            self.reset(room);
        }
    }

    /// One object's memory, calls and streams are gone.
    pub(crate) fn reset(&mut self, room: usize) {
        self.demise(room, None);
        let old = self.replace(room);
        self.lose(room, old);
    }

    /// A second instance appears: the first one keeps its memory, its streams and its calls.
    pub(crate) fn split(&mut self, room: usize) {
        self.demise(room, None);
        let old = self.replace(room);
        let number = old.number;
        let here = &mut self.rooms[room];
        here.patience.broke(self.clock.now());
        let lives = here.entropy.between(1_000, 40_000);
        here.stale = Some(old);
        here.was_split = true;
        self.report.splits += 1;
        self.clock.later(lives, Happening::Demise { room, number });
    }

    /// The instance that was replaced dies at last.
    pub(crate) fn demise(&mut self, room: usize, number: Option<u32>) {
        let is_it = |stale: &mut Instance| number.is_none_or(|number| stale.number == number);
        if let Some(stale) = self.rooms[room].stale.take_if(is_it) {
            self.lose(room, stale);
        }
    }

    fn lose(&mut self, room: usize, instance: Instance) {
        self.rooms[room].patience.broke(self.clock.now());
        for conn in instance.streams.into_keys() {
            self.end_stream(conn);
        }
    }

    /// A new instance is the one that is used from now on.
    fn replace(&mut self, room: usize) -> Instance {
        self.instances += 1;
        std::mem::replace(&mut self.rooms[room].current, Instance::new(self.instances))
    }
}
