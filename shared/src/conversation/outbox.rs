//! What the site's desk does not know yet: told as one summary for many events, off the message's
//! own path.
//!
//! The alarm is the outbox's durable half. It is set in the transaction of the first event that
//! the desk does not know and cleared once the desk has it; after a crash it rings, and the newest
//! summary is told again. The desk keeps the highest seq, so one that comes twice or late changes
//! nothing.

use super::{Act, Conversation, Deadline, Step};
use crate::time::{Millis, Tick};
use kefu_proto::v1::{Event, InboxEntry, event};
use std::time::Duration;

/// What happens this close together is told together.
const BATCH: Duration = Duration::from_millis(250);
/// Between two summaries of one conversation, unless the newer one is urgent.
const SPACING: Duration = Duration::from_secs(5);
/// Where several have the conversation, each tells after the spacing and so many milliseconds more,
/// by when its news began: the first of them tells for all.
const SPREAD: u64 = 1_000;
/// How long the alarm stays set once the desk knows everything: in a busy conversation it would be
/// set again at once.
const SETTLE: Duration = Duration::from_secs(3);
/// How long a question waits for its answer, to be told with it.
const HOLD: Duration = Duration::from_secs(10);
/// How long the desk may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Before a summary that did not arrive is told again: this, doubled with each failure.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    /// Since when there is something that was not sent.
    since: Option<Millis>,
    /// Whether it waits for nothing else: agents act on it.
    urgent: bool,
    /// The seq of the summary that is not answered yet, and when it was sent.
    telling: Option<(u32, Millis)>,
    last: Millis,
    /// Whether others tell too.
    shared: bool,
    /// Until when something more is expected.
    unsettled: Option<Millis>,
    failures: u32,
    not_before: Millis,
}

impl Outbox {
    pub(super) fn note(&mut self, event: &Event, now: Millis) {
        self.since.get_or_insert(now);
        self.unsettled = Some(now + SETTLE);
        self.urgent |= is_urgent(event);
    }

    /// Whether the desk may lack something, or soon will.
    pub(super) fn is_pending(&self) -> bool {
        self.since.is_some() || self.telling.is_some() || self.unsettled.is_some()
    }

    pub(super) fn deadline(&self, answering: bool) -> Option<(Millis, Deadline)> {
        if let Some((_, sent)) = self.telling {
            return Some((sent + PATIENCE, Deadline::NotTold));
        }
        let Some(since) = self.since else {
            return self.unsettled.map(|at| (at, Deadline::Settle));
        };
        let at = if self.urgent {
            since
        } else if answering {
            since + HOLD
        } else {
            (since + BATCH).max(self.last + SPACING + self.spread(since))
        };
        Some((at.max(self.not_before), Deadline::Tell))
    }

    fn spread(&self, since: Millis) -> Duration {
        Duration::from_millis(if self.shared { since.0 % SPREAD } else { 0 })
    }

    /// What the desk has by whoever told it: the newest of `seq`, or something older.
    fn learn(&mut self, told: &InboxEntry, seq: u32) {
        self.shared = true;
        self.last = self.last.max(Millis::of_nanos(told.ts));
        if told.seq >= seq {
            (self.since, self.urgent) = (None, false);
        }
    }

    /// Nothing more came for a while.
    pub(super) fn settle(&mut self) {
        self.unsettled = None;
    }

    /// The desk has a summary.
    pub(super) fn told(&mut self, seq: u32) {
        if self.telling.take_if(|(telling, _)| *telling == seq).is_some() {
            self.failures = 0;
            self.not_before = Millis(0);
        }
    }

    /// The desk could not be told.
    pub(super) fn not_told(&mut self, tick: Tick, seq: u32) {
        if self.telling.is_some_and(|(telling, _)| telling == seq) {
            self.not_answered(tick);
        }
    }

    /// Nobody knows whether the desk was told: it is told again.
    pub(super) fn not_answered(&mut self, tick: Tick) {
        self.telling = None;
        self.since.get_or_insert(tick.now);
        let wait = RETRY.saturating_mul(1 << self.failures.min(6)).min(RETRY_MOST);
        self.failures = self.failures.saturating_add(1);
        self.not_before = tick.now + wait.mul_f64(0.5 + 0.5 * fraction(tick.entropy));
    }

    fn sent(&mut self, seq: u32, now: Millis) -> Millis {
        self.urgent = false;
        (self.telling, self.last) = (Some((seq, now)), now);
        self.since.take().unwrap_or(now)
    }
}

impl Conversation {
    pub(super) fn tell(&mut self, now: Millis, step: &mut Step) {
        let since = self.outbox.sent(self.seq, now);
        step.act(Act::Tell { summary: self.summary(), since });
    }

    pub(super) fn learn_told(&mut self, told: Option<&InboxEntry>) {
        if let Some(told) = told.filter(|told| told.epoch == self.epoch()) {
            self.outbox.learn(told, self.seq);
        }
    }

    pub(super) fn has_to_tell(&self) -> bool {
        self.outbox.since.is_some()
    }

    /// The alarm outlived its process: whatever was under way then may not have been told.
    pub(super) fn tell_again(&mut self, now: Millis) {
        if self.seq > 0 {
            self.outbox.since.get_or_insert(now);
        }
    }
}

fn is_urgent(event: &Event) -> bool {
    matches!(
        &event.kind,
        Some(event::Kind::Owner(_) | event::Kind::Closed(_) | event::Kind::Reopened(_))
    )
}

/// From 0 up to 1.
fn fraction(entropy: u128) -> f64 {
    f64::from(u32::try_from(entropy & u128::from(u32::MAX)).unwrap_or(0)) / f64::from(u32::MAX)
}
