//! An instance: what it has in memory, and what waits to be done there, one thing at a time.

use super::job::Job;
use kefu_shared::conversation::{AttemptId, ConnId, Conversation, Shared, Stream};
use kefu_shared::guard::Copies;
use kefu_shared::time::Millis;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Default)]
pub(super) struct Process {
    /// Tells its life from all others; 0 while there is none.
    pub(super) holder: u64,
    pub(super) stalled_until: u64,
    /// How far its clock is off.
    pub(super) skew: i64,
    pub(super) state: Shared,
    pub(super) streams: BTreeMap<ConnId, Stream>,
    /// Those of them to which hello was sent: nothing comes before it.
    pub(super) begun: BTreeSet<ConnId>,
    /// The first is under way.
    pub(super) jobs: VecDeque<Job>,
    pub(super) alarm: Option<Millis>,
    /// For when the newest timer is set, and its number.
    pub(super) timer: (Option<Millis>, u32),
    pub(super) call: Option<AttemptId>,
    /// Preparations, admissions and summaries that were asked for.
    pub(super) asked: u32,
    pub(super) copies: Copies,
    /// The newest event and the newest of the news that it saw while it listened.
    pub(super) newest: (u32, u64),
    pub(super) listens: bool,
}

impl Process {
    pub(super) fn new(holder: u64, skew: i64) -> Self {
        Self { holder, skew, ..Self::default() }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.holder != 0
    }

    pub(super) fn seq(&self) -> u32 {
        self.state.log().map_or(0, Conversation::seq)
    }

    /// Whether the conversation is among those it has.
    pub(super) fn knows_it(&self) -> bool {
        self.state.log().is_some() || !self.jobs.is_empty() || !self.streams.is_empty()
    }

    /// Whether somebody waits for what others do.
    pub(super) fn waits(&self) -> bool {
        !self.streams.is_empty() || self.call.is_some()
    }

    /// When it has to be looked at again.
    pub(super) fn next(&self) -> Option<Millis> {
        let (at, _) = self.state.log().and_then(Conversation::deadline)?;
        Some(self.alarm.map_or(at, |alarm| alarm.min(at)))
    }

    /// What is left to do, if anything is.
    pub(super) fn under_way(&self) -> Option<String> {
        if let Some((at, why)) = self.state.log().and_then(Conversation::deadline) {
            return Some(format!("{why:?} at {}", at.0));
        }
        if let Some(job) = self.jobs.front() {
            return Some(format!("{job:?}"));
        }
        if let Some(call) = self.call {
            return Some(format!("{call:?}"));
        }
        (self.asked > 0).then(|| format!("{} of what was asked for", self.asked))
    }

    /// Lets go of a conversation with which nothing is under way.
    pub(super) fn release(&mut self) {
        if self.jobs.is_empty() && self.streams.is_empty() && self.next().is_none() {
            self.state.forget();
            self.alarm = None;
        }
    }
}
