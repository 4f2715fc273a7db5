//! Steps that may be taken back: where several processes share what is stored of a desk, one's
//! writes hold only if no other was first.

use super::entries::Replaced;
use super::{Desk, Input, Step};
use crate::time::Tick;

/// What a desk was before a step, as far as the step changed it.
#[derive(Debug)]
#[must_use]
pub struct Before {
    /// With no entries in its inbox: those are many, and few of them change.
    desk: Desk,
    replaced: Vec<Replaced>,
}

impl Desk {
    /// Takes one input as [`Desk::step`] does. If its writes are not stored, [`Desk::take_back`]
    /// undoes it.
    pub fn attempt(&mut self, tick: Tick, input: Input) -> (Step, Before) {
        let entries = std::mem::take(&mut self.inbox.entries);
        let desk = self.clone();
        self.inbox.entries = entries;
        self.inbox.entries.record();
        let step = self.step(tick, input);
        (step, Before { desk, replaced: self.inbox.entries.recorded() })
    }

    /// Is again what it was before the last step.
    pub fn take_back(&mut self, before: Before) {
        let mut entries = std::mem::take(&mut self.inbox.entries);
        entries.take_back(before.replaced);
        *self = before.desk;
        self.inbox.entries = entries;
    }
}
