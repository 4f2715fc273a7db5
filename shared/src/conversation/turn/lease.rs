//! Leases: where several processes may have a conversation, its turn is in the memory of one.
//!
//! Whoever opens a turn writes in the same step that it has it, and until when; it says so again
//! before that time is over. Others take messages in and leave them to it. When the time is over,
//! whoever looks next takes the turn over, exactly as after a crash, and what the former holder
//! still wants to write does not follow the stored record any more: it is refused.

use super::super::{Conversation, Deadline, Step, TurnRecord};
use super::{Asked, Asker, Cut, Turns};
use crate::time::{Millis, Tick};
use kefu_proto::v1::Event;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a dead process keeps its turn from others.
const LIFE: Duration = Duration::from_secs(6);
/// When it is said again, before its end.
const RENEW: Duration = Duration::from_secs(4);

/// Who has a conversation in memory, and what time it was when it came there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// A number that no other process has.
    pub holder: u64,
    /// When.
    pub now: Millis,
}

/// Who has a turn in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its number.
    pub holder: u64,
    /// Until when nobody else takes it, in Unix milliseconds.
    pub until: u64,
}

/// A turn in another process's memory.
#[derive(Clone, Debug)]
pub(super) struct Elsewhere {
    pub(super) until: Millis,
    pub(super) question: Vec<Asked>,
    pub(super) asker: Asker,
}

impl Turns {
    /// Opens the turn that waits, unless somebody else has it.
    pub(super) fn settle(&mut self, question: Vec<Asked>, asker: Asker, tenure: Option<Tenure>) {
        self.holder = tenure.map(|tenure| tenure.holder);
        match tenure.and_then(|tenure| self.held_elsewhere(tenure)) {
            Some(until) => self.elsewhere = Some(Elsewhere { until, question, asker }),
            None => self.reopen(question, asker),
        }
    }

    /// Until when somebody else has the turn.
    fn held_elsewhere(&self, tenure: Tenure) -> Option<Millis> {
        let lease = self.record.lease.filter(|lease| lease.holder != tenure.holder)?;
        let until = Millis(lease.until);
        (until > tenure.now).then_some(until)
    }

    /// When the lease, here or elsewhere, has to be looked at.
    pub(in super::super) fn lease_deadline(&self) -> Option<(Millis, Deadline)> {
        if let Some(elsewhere) = &self.elsewhere {
            return Some((elsewhere.until, Deadline::LeaseOver));
        }
        let lease = self.own_lease().filter(|_| self.is_open())?;
        Some((Millis(lease.until) - RENEW, Deadline::Renew))
    }

    /// Whoever had the turn is gone.
    pub(super) fn take_over(&mut self) {
        if let Some(Elsewhere { question, asker, .. }) = self.elsewhere.take() {
            self.reopen(question, asker);
        }
    }

    /// Another's lease is over. It may not think so, by its clock or for want of a look, and would
    /// open its next turn without a word.
    pub(super) fn drop_foreign_lease(&mut self) {
        self.record.lease = self.own_lease();
    }

    /// The turn is nobody's.
    pub(super) fn leave(&mut self) {
        self.elsewhere = None;
        self.record.lease = None;
    }

    pub(in super::super) fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    pub(in super::super) fn version(&self) -> u32 {
        self.record.version
    }

    /// Somebody else wrote the record: whatever was under way here is over.
    pub(in super::super) fn follow<'a>(
        &mut self,
        record: TurnRecord,
        events: impl DoubleEndedIterator<Item = &'a Event> + Clone,
        speaks: bool,
        tenure: Tenure,
    ) {
        let (mut known, asker) = self.waiting();
        known.extend(events.clone().filter_map(super::asked));
        let newest = super::asker(events);
        let asker = if newest.visitor.is_empty() { asker.unwrap_or_default() } else { newest };
        (self.open, self.elsewhere, self.record) = (None, None, record);
        if speaks {
            let question = self.unanswered(known.into_iter());
            self.settle(question, asker, Some(tenure));
        }
    }

    /// Messages that came to others while the turn is here, or nobody's.
    pub(in super::super) fn came_elsewhere<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
        let asked = self.unanswered(events.filter_map(super::asked));
        if let Some(elsewhere) = &mut self.elsewhere {
            elsewhere.question.extend(asked);
        } else if let Some(turn) = &mut self.open {
            asked.into_iter().for_each(|asked| turn.came(asked));
        }
    }

    /// Messages that wait for an answer, as far as they are in memory.
    fn waiting(&self) -> (Vec<Asked>, Option<Asker>) {
        if let Some(elsewhere) = &self.elsewhere {
            return (elsewhere.question.clone(), Some(elsewhere.asker.clone()));
        }
        let Some(turn) = &self.open else { return (Vec::new(), None) };
        let asked = turn.question.iter().chain(&turn.next).cloned().collect();
        (asked, Some(turn.asker.clone()))
    }

    fn own_lease(&self) -> Option<Lease> {
        self.record.lease.filter(|lease| Some(lease.holder) == self.holder)
    }
}

impl Conversation {
    /// An open turn is held, one that is over is not.
    pub(in super::super) fn keep_lease(&mut self, now: Millis, step: &mut Step) {
        let Some(holder) = self.turns.holder else { return };
        let own = self.turns.own_lease();
        if self.turns.is_open() {
            let fresh = own.is_some_and(|lease| now + RENEW < Millis(lease.until));
            if !fresh {
                self.turns.record.lease = Some(Lease { holder, until: (now + LIFE).0 });
                self.turns.write(step);
            }
        } else if own.is_some() {
            self.turns.record.lease = None;
            self.turns.write(step);
        }
    }

    /// Ends a turn that another process has, with what is known of it; what that process writes
    /// of it from now on is refused.
    pub(super) fn cut_off_elsewhere(&mut self, tick: Tick, cut: Cut, step: &mut Step) {
        let text = self.turns.text_elsewhere();
        let Some(Elsewhere { question, asker, .. }) = self.turns.elsewhere.take() else { return };
        // The answer is logged on the question's channel.
        self.turns.open = Some(super::Turn::new(question, asker));
        let running = self.turns.record.running.take().unwrap_or_default();
        if running.draft {
            self.turns.drafts();
        }
        let through = running.through;
        self.log_cut(tick, running.provider, text, cut, step);
        if let Some(turn) = self.turns.open.as_mut().filter(|_| through > 0) {
            let later = |asked: &mut Asked| asked.seq > through;
            turn.next = turn.question.extract_if(.., later).collect();
        }
        self.end_cut(tick.now, cut, step);
    }
}
