//! What time alone brings about: deadlines, each with its reason, and what is done at them.

use super::super::{Conversation, Deadline, Policy, Step};
use super::{Attempt, Phase, Preparation, Turn, Turns};
use crate::guard::Verdict;
use crate::provider::BodyEnd;
use crate::time::{Millis, Tick};

impl Conversation {
    /// Does everything that is due.
    pub(in super::super) fn advance(&mut self, tick: Tick, step: &mut Step) {
        self.restart(tick.now, step);
        while let Some(reason) = self.due(tick.now) {
            self.meet(tick, reason, step);
        }
    }

    fn due(&self, now: Millis) -> Option<Deadline> {
        self.deadline().filter(|(at, _)| *at <= now).map(|(_, reason)| reason)
    }

    fn meet(&mut self, tick: Tick, reason: Deadline, step: &mut Step) {
        match reason {
            Deadline::Recover => self.recover(tick, step),
            Deadline::Prepare => self.ask_for_preparation(tick.now, step),
            Deadline::QuestionWhole => self.begin(tick, step),
            Deadline::NotPrepared => self.fall_back(tick, step),
            Deadline::Look => self.look_at_site(tick.now, step),
            Deadline::Retry => self.next_attempt(tick, step),
            Deadline::NotAdmitted => self.not_admitted(tick, step),
            Deadline::TurnBudget => self.give_up(tick, step),
            Deadline::Connect => self.timed_out(tick, "connect_timeout", step),
            Deadline::FirstToken => self.timed_out(tick, "first_token_timeout", step),
            Deadline::Idle => self.timed_out(tick, "idle_timeout", step),
            Deadline::Total => self.timed_out(tick, "total_timeout", step),
            Deadline::Linger => self.stop_lingering(tick, step),
            Deadline::Flush => self.flush(tick.now, step),
            Deadline::Save => self.save(tick.now, step),
            Deadline::Tell => self.tell(tick.now, step),
            Deadline::NotTold => self.outbox.not_answered(tick),
            Deadline::Settle => self.outbox.settle(),
            Deadline::Renew => self.keep_lease(tick.now, step),
            Deadline::LeaseOver => self.turns.take_over(),
        }
    }

    /// The visitor has waited long enough for AI.
    fn give_up(&mut self, tick: Tick, step: &mut Step) {
        self.turns.abandon(tick.now, Verdict::Neutral, step);
        self.fall_back(tick, step);
    }

    /// It is known how the answer ended, and nothing more of it came.
    fn stop_lingering(&mut self, tick: Tick, step: &mut Step) {
        if let Some(id) = self.turns.attempt().map(|attempt| attempt.id) {
            self.ended(tick, id, BodyEnd::Clean, step);
        }
    }
}

impl Turns {
    pub(in super::super) fn deadline(&self, policy: &Policy) -> Option<(Millis, Deadline)> {
        let turn = self.open.as_ref()?;
        match &turn.phase {
            Phase::Recovering { by, .. } => Some(turn.recovering(*by)),
            Phase::Gathering => Some(turn.gathering(policy)),
            Phase::Pausing { until } => {
                let budget = (turn.since + policy.turn_budget(), Deadline::TurnBudget);
                Some(budget.min((*until, Deadline::Retry)))
            }
            Phase::Admitting(asking) => {
                let budget = (turn.since + policy.turn_budget(), Deadline::TurnBudget);
                Some(budget.min((asking.waits_until(), Deadline::NotAdmitted)))
            }
            Phase::Attempting(attempt) if attempt.visible => attempt.answering(),
            Phase::Attempting(attempt) => attempt.waiting(turn.since + policy.turn_budget()),
        }
    }
}

impl Turn {
    /// The site tells what is kept of how the answer came about; nobody waits long for that.
    fn recovering(&self, by: Millis) -> (Millis, Deadline) {
        match self.preparation {
            Preparation::Needed => (Millis(0), Deadline::Prepare),
            Preparation::Asked => (by, Deadline::Recover),
            Preparation::Here(_) => (Millis(0), Deadline::Recover),
        }
    }

    /// Further messages are waited for, but never beyond the budget.
    fn gathering(&self, policy: &Policy) -> (Millis, Deadline) {
        let budget = self.since + policy.turn_budget();
        match self.preparation {
            Preparation::Here(_) => {
                let whole = (self.whole_at(policy), Deadline::QuestionWhole);
                whole.min((budget, Deadline::TurnBudget))
            }
            Preparation::Needed => (Millis(0), Deadline::Prepare),
            Preparation::Asked => (budget, Deadline::NotPrepared),
        }
    }
}

impl Attempt {
    /// Before any text: to the head, to the first text, within the turn's budget.
    fn waiting(&self, budget: Millis) -> Option<(Millis, Deadline)> {
        let connect = (self.reader.is_none())
            .then_some((self.sent_at + self.timeouts.connect, Deadline::Connect));
        [
            Some((budget, Deadline::TurnBudget)),
            connect,
            Some((self.sent_at + self.timeouts.first_token, Deadline::FirstToken)),
            Some((self.sent_at + self.timeouts.total, Deadline::Total)),
            self.linger_at().map(|at| (at, Deadline::Linger)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// While text comes.
    fn answering(&self) -> Option<(Millis, Deadline)> {
        [
            Some((self.last_byte + self.timeouts.idle, Deadline::Idle)),
            Some((self.sent_at + self.timeouts.total, Deadline::Total)),
            self.linger_at().map(|at| (at, Deadline::Linger)),
            self.flush_at().map(|at| (at, Deadline::Flush)),
            self.save_at().map(|at| (at, Deadline::Save)),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
