//! A conversation in a process's memory: what is gone when the process dies.

use crate::disk::Disk;
use kefu_shared::conversation::{AttemptId, ConnId, Conversation, Input, Snapshot, Step, Stream};
use kefu_shared::time::{Millis, Tick};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Instance {
    /// Tells it from all others that there ever were.
    pub(crate) number: u32,
    /// `None` while nobody woke it.
    conversation: Option<Conversation>,
    /// These outlive the conversation's sleep.
    pub(crate) streams: BTreeMap<ConnId, Stream>,
    /// For when the one timer is set, and its number.
    pub(crate) timer: Option<(Millis, u32)>,
    pub(crate) call: Option<AttemptId>,
    /// Preparations that were asked for.
    pub(crate) preparing: u32,
    /// How often guards are being asked.
    pub(crate) admitting: u32,
    /// Summaries that the desk has not answered.
    pub(crate) telling: u32,
    /// The transactions that it knows of.
    pub(crate) seen: u64,
}

impl Instance {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            conversation: None,
            streams: BTreeMap::new(),
            timer: None,
            call: None,
            preparing: 0,
            admitting: 0,
            telling: 0,
            seen: 0,
        }
    }

    /// One step, on what is in memory or else is loaded.
    pub(crate) fn step(&mut self, disk: &Disk, tick: Tick, input: Input) -> Step {
        let mut conversation =
            self.conversation.take().unwrap_or_else(|| self.resume(disk, tick.now));
        let wanted = conversation.lookup(&input);
        let prior = wanted.and_then(|sender| disk.by_sender(&sender));
        let step = conversation.step(tick, input, prior);
        self.conversation = Some(conversation);
        step
    }

    fn resume(&mut self, disk: &Disk, now: Millis) -> Conversation {
        self.seen = disk.commits();
        let streams = self.streams.clone().into_iter().collect();
        Conversation::resume(Snapshot { streams, ..disk.snapshot(now) }, 3)
    }

    /// Forgets everything but its streams.
    pub(crate) fn forget(&mut self) {
        self.conversation = None;
        self.timer = None;
        self.call = None;
        self.preparing = 0;
        self.admitting = 0;
        self.telling = 0;
    }

    pub(crate) fn is_awake(&self) -> bool {
        self.conversation.is_some()
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.conversation.as_ref().and_then(Conversation::deadline).map(|(at, _)| at)
    }

    /// What is left to do, if anything is.
    pub(crate) fn under_way(&self) -> Option<String> {
        let deadline = self.conversation.as_ref().and_then(Conversation::deadline);
        if let Some((at, reason)) = deadline {
            return Some(format!("{reason:?} at {}", at.0));
        }
        if let Some(call) = self.call {
            return Some(format!("{call:?}"));
        }
        if self.telling > 0 {
            return Some("a summary".into());
        }
        if self.admitting > 0 {
            return Some("an admission".into());
        }
        (self.preparing > 0).then(|| "a preparation".into())
    }
}
