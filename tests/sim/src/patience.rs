//! How long a visitor waits (I7): from a question to the first text of its answer.

use crate::invariant::{Held, Invariant};
use crate::model::is_visitors;
use kefu_proto::v1::{Event, event, owner};

/// The turn budget.
const BUDGET: u64 = 15_000;
/// The same, counted from the last thing that broke: an alarm notices a death within 20 s, and may
/// itself be late by 20 s.
const BUDGET_AFTER_FAULT: u64 = 60_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Patience {
    /// Since when a question waits.
    waiting: Option<u64>,
    /// An answer is being shown; whether a question came meanwhile.
    showing: Option<bool>,
    /// Whether somebody else than the machine owns the conversation.
    machine_is_off: bool,
    broke_at: Option<u64>,
    /// Where the clock jumps an answer comes, nobody knows when.
    pub(crate) is_endless: bool,
    /// What a host takes between an input and its commit.
    slack: u64,
}

impl Patience {
    pub(crate) fn with_slack(slack: u64) -> Self {
        Self { slack, ..Self::default() }
    }

    /// A log that was brought back: who owns it, not who waits.
    pub(crate) fn resume(&mut self, log: &[Event]) {
        (self.waiting, self.showing, self.machine_is_off) = (None, None, false);
        log.iter().for_each(|event| {
            if let Some(event::Kind::Owner(change)) = &event.kind {
                let owner = change.owner.as_ref().map(kefu_proto::v1::Owner::kind);
                self.machine_is_off = owner != Some(owner::Kind::Bot);
            }
        });
    }

    /// Something broke that the conversation depends on.
    pub(crate) fn broke(&mut self, now: u64) {
        self.broke_at = Some(now);
    }

    /// Text of an answer is shown.
    pub(crate) fn shown(&mut self, now: u64) -> Held {
        self.showing.get_or_insert(false);
        self.answered(now)
    }

    /// An event is stored.
    pub(crate) fn stored(&mut self, now: u64, event: &Event) -> Held {
        match &event.kind {
            Some(event::Kind::Message(message)) if is_visitors(message) => self.asked(now),
            Some(event::Kind::Message(_)) => {
                self.answered(now)?;
                // What was asked during the answer waits from its end.
                if self.showing.take() == Some(true) {
                    self.waiting = Some(now);
                }
            }
            Some(event::Kind::Owner(change)) => {
                self.answered(now)?;
                self.showing = None;
                let owner = change.owner.as_ref().map(kefu_proto::v1::Owner::kind);
                self.machine_is_off = owner != Some(owner::Kind::Bot);
            }
            Some(event::Kind::Closed(_)) => {
                self.answered(now)?;
                self.showing = None;
            }
            _ => {}
        }
        Ok(())
    }

    fn asked(&mut self, now: u64) {
        match &mut self.showing {
            Some(asked) => *asked = true,
            None if self.machine_is_off => {}
            None => {
                self.waiting.get_or_insert(now);
            }
        }
    }

    fn answered(&mut self, now: u64) -> Held {
        let Some(since) = self.waiting.take() else { return Ok(()) };
        let until = match self.broke_at {
            Some(broke) if broke + BUDGET_AFTER_FAULT > since => {
                (since + BUDGET).max(broke + BUDGET_AFTER_FAULT)
            }
            _ => since + BUDGET,
        };
        Invariant::Answered.holds(now <= until + self.slack || self.is_endless, || {
            format!("a question waited {} ms", now - since)
        })
    }
}
