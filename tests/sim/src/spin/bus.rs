//! How instances hear of what others do: a bus that loses, repeats, delays and disorders, and the
//! database, which is looked at while somebody waits.

use super::happening::Happening;
use super::job::{Job, Work};
use super::world::World;
use crate::invariant::Held;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::Input;
use kefu_shared::news::What;

/// Between two looks at the database: where there is no bus, and where there is one.
const SOON: u64 = 250;
const SELDOM: u64 = 5_000;

impl World<'_> {
    /// Tells all other instances, as far as the bus does.
    pub(super) fn publish(&mut self, who: usize, what: &What) {
        if !self.shape.bus {
            return;
        }
        for other in 0..self.processes.len() {
            if other == who || !self.processes[other].is_alive() {
                continue;
            }
            let copies = match self.chance.below(16) {
                0 | 1 => 0,
                2 => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let far = self.chance.once_in(20);
                let delay = self.chance.between(0, if far { 3_000 } else { 8 });
                let holder = self.processes[other].holder;
                let what = Box::new(what.clone());
                self.clock.later(delay, Happening::News { who: other, holder, what });
            }
        }
    }

    /// The bus brings something.
    pub(super) fn hear(&mut self, who: usize, what: What) -> Held {
        let process = &self.processes[who];
        if !process.knows_it() {
            return Ok(());
        }
        match what {
            What::Conversation { seq, .. } if seq == 0 || process.seq() < seq => {
                self.give(who, Job::new(Work::Look));
            }
            What::Conversation { .. } | What::Desk { .. } | What::Provider { .. } => {}
            What::Frame { to, frame, .. } => match frame.frame {
                Some(frame @ (Frame::Delta(_) | Frame::Replace(_))) => {
                    self.apply(who, Input::Relayed { frame });
                }
                Some(frame) => self.show(who, to.audience(), &frame)?,
                None => {}
            },
        }
        Ok(())
    }

    /// From here on the instance looks at the database, while anybody there waits.
    pub(super) fn attend(&mut self, who: usize) {
        let process = &mut self.processes[who];
        if process.listens || !process.is_alive() {
            return;
        }
        process.listens = true;
        process.newest = (self.storage.disk.seq(), self.storage.news);
        let holder = process.holder;
        if process.knows_it() {
            self.give(who, Job::new(Work::Look));
        }
        self.clock.later(SOON, Happening::Listen { who, holder });
    }

    pub(super) fn listen(&mut self, who: usize) {
        let rests = self.rests();
        let newest = (self.storage.disk.seq(), self.storage.news);
        let process = &mut self.processes[who];
        if !process.waits() || rests && process.newest == newest {
            process.listens = false;
            return;
        }
        let (seq, news) = std::mem::replace(&mut process.newest, newest);
        let is_new = newest.0 > seq && process.seq() < newest.0 || newest.1 > news;
        let holder = process.holder;
        if is_new && process.knows_it() {
            self.give(who, Job::new(Work::Look));
        }
        let pause = if self.shape.bus { SELDOM } else { SOON };
        self.clock.later(pause, Happening::Listen { who, holder });
    }
}
