//! A conversation that several instances may have in memory at once, as one of them has it.
//!
//! An instance looks at what others wrote, steps on a copy, and stores; where somebody else wrote
//! first it goes back to the copy, looks and steps again. Only then it acts.

use super::turn::Tenure;
use super::{Conversation, Deadline, Input, News, Snapshot, Step};
use crate::time::{Millis, Tick};
use kefu_proto::v1::Event;

/// How often a step is taken again when somebody else wrote first.
pub const TRIES: u32 = 12;

/// What one instance has of a conversation: nothing until it is loaded.
#[derive(Debug, Default)]
pub struct Shared {
    log: Option<Conversation>,
    /// As it was before a step that is not stored yet.
    before: Option<Conversation>,
}

impl Shared {
    /// What is in memory.
    pub fn log(&self) -> Option<&Conversation> {
        self.log.as_ref()
    }

    /// Whether what others wrote has to be read before `input` is taken: what is answered is
    /// answered by what is stored, a lease is over only if nobody said it again, and a desk is told
    /// only what nobody told it.
    pub fn looks_first(&self, now: Millis, input: &Input) -> bool {
        let Some(log) = &self.log else { return true };
        let of_all = |why| matches!(why, Deadline::LeaseOver | Deadline::Tell);
        let over = log.deadline().is_some_and(|(at, why)| at <= now && of_all(why));
        over || is_asked(input)
    }

    /// Brings it into memory; `node` marks its message ids.
    pub fn load(&mut self, snapshot: Snapshot, node: u16) {
        self.log = Some(Conversation::resume(snapshot, node));
    }

    /// Takes in what others wrote. What is sent is for readers here: others told their own.
    pub fn catch_up(&mut self, tenure: Tenure, news: News) -> Step {
        self.log.as_mut().map(|log| log.catch_up(tenure, news)).unwrap_or_default()
    }

    /// Steps; none if nothing is loaded. Its writes are to be stored, or else [`Shared::undo`].
    pub fn step(&mut self, tick: Tick, input: Input, prior: Option<&Event>) -> Option<Step> {
        let log = self.log.as_mut()?;
        self.before = Some(log.clone());
        Some(log.step(tick, input, prior))
    }

    /// The writes are stored.
    pub fn stored(&mut self) {
        self.before = None;
    }

    /// Somebody else wrote first: the step did not happen.
    pub fn undo(&mut self) {
        if let Some(before) = self.before.take() {
            self.log = Some(before);
        }
    }

    /// Nothing is in memory any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What is answered is answered by what is stored.
fn is_asked(input: &Input) -> bool {
    matches!(input, Input::Requested { .. } | Input::Alarmed | Input::Detached { .. })
}
