//! What speaks for calling a person: the visitor asks for one, is displeased, asks the same again
//! and again, or the AI does not know.

use super::super::{Conversation, OwnerRecord, Step};
use super::Turn;
use crate::config::Handoff;
use crate::rules::{Phrases, fold};
use crate::time::Tick;
use kefu_proto::v1::owner_change::Reason;

/// The name of what is said when a person is called.
const HANDOFF: &str = "kefu.handoff";
/// Characters of a question that are compared.
const COMPARED: usize = 64;

/// Where in the lists of [`phrases`] each is.
const REQUEST: usize = 0;
const NEGATIVE: usize = 1;
const UNSURE: usize = 2;

/// The words of a site, ready to be found.
pub(crate) fn phrases(handoff: &Handoff) -> Phrases {
    Phrases::compile(&[&handoff.request, &handoff.negative, &handoff.unsure])
}

/// What was counted in a session so far, each in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// Which session's.
    session: u32,
    /// Questions that were displeased.
    negative: u32,
    /// Answers that were none.
    unsure: u32,
    /// How often the newest question was asked.
    times: u32,
    /// Its letters and digits.
    asked: String,
}

impl Signs {
    /// Reads what [`Signs::write`] made: four numbers and a question, with dots between.
    fn read(text: &str) -> Self {
        let mut parts = text.splitn(5, '.');
        let mut next = || parts.next().unwrap_or_default();
        let mut number = || next().parse().unwrap_or(0);
        let (session, negative, unsure, times) = (number(), number(), number(), number());
        Self { session, negative, unsure, times, asked: next().to_owned() }
    }

    fn write(&self) -> String {
        let Self { session, negative, unsure, times, asked } = self;
        format!("{session}.{negative}.{unsure}.{times}.{asked}")
    }

    fn asked(self, session: u32, negative: bool, text: &str) -> Self {
        let before = if self.session == session { self } else { Self::default() };
        let folded = fold(text);
        let letters = folded.chars().filter(|char| char.is_alphanumeric()).take(COMPARED);
        let asked: String = letters.collect();
        let again = !asked.is_empty() && asked == before.asked;
        Self {
            session,
            negative: counted(before.negative, negative),
            unsure: before.unsure,
            times: if again { before.times.saturating_add(1) } else { 1 },
            asked,
        }
    }

    /// Why a person is called for the question.
    fn reason(&self, handoff: &Handoff) -> Option<Reason> {
        let reached = |limit: u32, count: u32| limit > 0 && count >= limit;
        if reached(handoff.negative_limit, self.negative) {
            Some(Reason::Sentiment)
        } else if reached(handoff.repeated_limit, self.times) {
            Some(Reason::Repeated)
        } else {
            None
        }
    }
}

fn counted(before: u32, again: bool) -> u32 {
    if again { before.saturating_add(1) } else { 0 }
}

impl Conversation {
    /// Whether a person is called in the place of an answer.
    pub(super) fn asks_for_person(&mut self, tick: Tick, step: &mut Step) -> bool {
        let (before, session) = (Signs::read(&self.turns.record.signs), self.session);
        let Some(turn) = self.turns.open.as_mut() else { return false };
        let Some(live) = turn.live().cloned() else { return false };
        let text = turn.text();
        let found = live.handoff.found(&text);
        let signs = before.asked(session, found(NEGATIVE), &text);
        let asked = found(REQUEST).then_some(Reason::HandoffAsked);
        let reason = asked.or_else(|| signs.reason(&live.config.ai.handoff));
        turn.signs = Some(signs);
        let Some(reason) = reason.filter(|_| self.head.owner == OwnerRecord::Bot) else {
            return false;
        };
        self.call_person_for(tick, HANDOFF, reason, step);
        true
    }

    /// Takes note of a whole answer; tells whether a person is called after it.
    pub(super) fn is_unsure(&mut self) -> bool {
        let Some(attempt) = self.turns.attempt() else { return false };
        let (text, sourced) = (attempt.text.clone(), attempt.extras.cites());
        let Some(turn) = self.turns.open.as_mut() else { return false };
        let Some(live) = turn.live().cloned() else { return false };
        let handoff = &live.config.ai.handoff;
        let unsure = live.handoff.found(&text)(UNSURE) || (handoff.sources_required && !sourced);
        let signs = turn.signs.get_or_insert_default();
        signs.unsure = counted(signs.unsure, unsure);
        handoff.unsure_limit > 0 && signs.unsure >= handoff.unsure_limit
    }
}

impl Turn {
    /// What was counted, once the turn is over.
    pub(super) fn counted(&mut self, record: &mut String) {
        if let Some(signs) = self.signs.take() {
            *record = signs.write();
        }
    }
}
