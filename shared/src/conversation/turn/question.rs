//! How a question comes together, and what it waits for.

use super::super::{Act, Conversation, Deadline, From, Policy, Step};
use super::{Asked, Asker, Phase, Preparation, Prepared, Turn};
use crate::config::defaults;
use crate::context::plain;
use crate::guard::Verdict;
use crate::time::{Millis, Tick};
use crate::upload;
use kefu_proto::v1::Body;
use std::time::Duration;

/// How old the limits may be that hold where no turn asks for the site: asking more often would
/// cost each conversation with a person a request a second.
const LEARN_EVERY: Duration = Duration::from_secs(30);
/// How old a site's switch may be while its AI is answering.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long an answer that a crash cut off waits for the site.
const RECOVERED_BY: Duration = Duration::from_secs(2);
/// Turns are numbered from 1.
const NO_TURN: u32 = 0;

impl Conversation {
    /// A visitor's message that AI, rules or flows may answer is in the log.
    pub(in super::super) fn question_came(
        &mut self,
        now: Millis,
        seq: u32,
        body: &Body,
        from: &From,
    ) {
        let file = upload::id_in(body).map(str::to_owned);
        let asked = Asked { seq, at: now, text: plain(body), file };
        let asker = Asker {
            visitor: from.who.id.clone(),
            locale: from.who.locale.clone(),
            channel: from.channel,
        };
        if let Some(elsewhere) = &mut self.turns.elsewhere {
            // Whoever has the turn learns of it from the log.
            elsewhere.question.push(asked);
            return;
        }
        match &mut self.turns.open {
            None => self.turns.open_turn(Turn::new(vec![asked], asker)),
            Some(turn) => {
                turn.asker = asker;
                turn.came(asked);
            }
        }
    }

    pub(in super::super) fn prepared(
        &mut self,
        tick: Tick,
        number: u32,
        prepared: Prepared,
        step: &mut Step,
    ) {
        if let Some(live) = &prepared.site {
            let policy = Policy::of(&live.config);
            if policy != self.head.policy {
                self.head.policy = policy;
                self.write_head(step);
            }
            if !live.config.ai.enabled {
                self.silence(tick, step);
            }
        }
        let turn = self.turns.open.as_mut().filter(|_| self.turns.record.turn == number);
        if let Some(turn) = turn {
            turn.preparation = Preparation::Here(prepared);
        }
    }

    pub(super) fn ask_for_preparation(&mut self, now: Millis, step: &mut Step) {
        self.site_asked = now;
        let number = self.turns.record.turn;
        if let Some(turn) = &mut self.turns.open {
            turn.preparation = Preparation::Asked;
            if let Phase::Recovering { by, .. } = &mut turn.phase {
                *by = now + RECOVERED_BY;
            }
            step.act(Act::Prepare { turn: number, before: turn.first_seq() });
        }
    }

    /// Where no turn asks for the site, its limits are learned all the same.
    pub(in super::super) fn learn_policy(&mut self, now: Millis, step: &mut Step) {
        if !self.ai_may_speak() && self.site_asked + LEARN_EVERY <= now {
            self.site_asked = now;
            step.act(Act::Prepare { turn: NO_TURN, before: 0 });
        }
    }

    /// Whether the site still has AI is looked at while a provider is asked.
    pub(super) fn look_at_site(&mut self, now: Millis, step: &mut Step) {
        self.site_asked = now;
        step.act(Act::Prepare { turn: NO_TURN, before: 0 });
    }

    pub(in super::super) fn site_deadline(&self) -> Option<(Millis, Deadline)> {
        self.turns.is_asking().then(|| (self.site_asked + LOOK_EVERY, Deadline::Look))
    }

    /// A new message before visible text: what was asked is not the whole question.
    pub(super) fn restart(&mut self, now: Millis, step: &mut Step) {
        let begins_again = |turn: &Turn| match &turn.phase {
            Phase::Attempting(attempt) => !attempt.visible && !turn.next.is_empty(),
            Phase::Admitting(_) => !turn.next.is_empty(),
            Phase::Gathering | Phase::Pausing { .. } | Phase::Recovering { .. } => false,
        };
        if !self.turns.open.as_ref().is_some_and(begins_again) {
            return;
        }
        self.turns.abandon(now, Verdict::Neutral, step);
        let Some(turn) = &mut self.turns.open else { return };
        turn.gathering_since = turn.next.first().map_or(Millis(0), |asked| asked.at);
        turn.question.append(&mut turn.next);
        turn.phase = Phase::Gathering;
        turn.preparation = Preparation::Needed;
    }
}

impl super::Turns {
    /// Whether a provider is asked, or about to be.
    pub(super) fn is_asking(&self) -> bool {
        self.open.as_ref().is_some_and(|turn| match turn.phase {
            Phase::Pausing { .. } | Phase::Admitting(_) | Phase::Attempting(_) => true,
            Phase::Gathering | Phase::Recovering { .. } => false,
        })
    }

    pub(super) fn open_turn(&mut self, turn: Turn) {
        self.record.turn += 1;
        self.open = Some(turn);
    }
}

impl Turn {
    pub(super) fn came(&mut self, asked: Asked) {
        match self.phase {
            Phase::Gathering => self.question.push(asked),
            Phase::Pausing { .. } => {
                self.gathering_since = asked.at;
                self.phase = Phase::Gathering;
                self.question.push(asked);
            }
            Phase::Admitting(_) | Phase::Attempting(_) | Phase::Recovering { .. } => {
                self.next.push(asked);
            }
        }
    }

    /// When no further message is waited for.
    pub(super) fn whole_at(&self, policy: &Policy) -> Millis {
        let last = self.question.last().map_or(Millis(0), |asked| asked.at);
        let latest = self.gathering_since + defaults::MAX_QUIET_WINDOW;
        (last + policy.quiet_window()).earliest(Some(latest))
    }
}
