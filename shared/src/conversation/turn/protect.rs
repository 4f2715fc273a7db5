//! Words that the site does not want: what is said instead of an answer, and what is held back of
//! one until it is known to have none.

use super::super::{Conversation, Step};
use super::Attempt;
use crate::guard::Verdict;
use crate::privacy::Refused;
use crate::provider::{Citation, Reading};
use crate::time::Tick;

/// The name of what is said instead.
const WORDS: &str = "kefu.words";

impl Conversation {
    /// Whether the question is answered by something else because of its words.
    pub(super) fn refuse_question(&mut self, tick: Tick, step: &mut Step) -> bool {
        let turn = self.turns.open.as_ref();
        let refused = turn.and_then(|turn| turn.live()?.privacy.refusal(&turn.text()));
        let is_refused = refused.is_some();
        if let Some(refused) = refused {
            self.say_instead(tick, refused, step);
        }
        is_refused
    }

    /// Ends the answer under way if a word came that stops it.
    pub(super) fn refuse_answer(&mut self, tick: Tick, step: &mut Step) {
        if let Some(refused) = self.refused_answer() {
            self.turns.abandon(tick.now, Verdict::Neutral, step);
            self.say_instead(tick, refused, step);
        }
    }

    /// The same at the answer's own end.
    pub(super) fn refuse_ended(&mut self, tick: Tick, step: &mut Step) -> bool {
        let Some(refused) = self.refused_answer() else { return false };
        self.turns.end_attempt(tick.now, Verdict::Success, step);
        self.say_instead(tick, refused, step);
        true
    }

    /// The same where it is interrupted, and its attempt over.
    pub(super) fn refuse_interrupted(&mut self, tick: Tick, step: &mut Step) -> bool {
        let refused = self.refused_answer();
        let is_refused = refused.is_some();
        if let Some(refused) = refused {
            self.say_instead(tick, refused, step);
        }
        is_refused
    }

    fn refused_answer(&self) -> Option<Refused> {
        self.turns.attempt()?.restorer.refusal()
    }

    fn say_instead(&mut self, tick: Tick, refused: Refused, step: &mut Step) {
        let channel = self.turns.open.as_ref().map(|turn| turn.asker.channel).unwrap_or_default();
        if let Some(provider) = self.turns.attempt().map(|attempt| attempt.provider.clone()) {
            // It remembers what nobody here was told.
            self.turns.forget(&provider);
        }
        let texts = self.texts();
        let own = if refused.handoff { &texts.handoff_asked } else { &texts.refused };
        let text = refused.text.unwrap_or_else(|| own.clone());
        self.answer_so(tick, text, WORDS, step);
        if refused.handoff {
            self.handoff_by_rule(tick, channel, step);
        }
    }
}

impl Attempt {
    /// No more text comes: what was held back is part of the answer.
    pub(super) fn release(&mut self) {
        let rest = self.restorer.finish();
        self.text.push_str(&rest);
        self.visible |= !rest.is_empty();
    }

    /// What came beside the text, with what was masked in it; nothing of what has a word that
    /// stops an answer.
    pub(super) fn restored(&self, beside: Reading) -> Option<Reading> {
        match beside {
            Reading::Suggestion(text) => self.restorer.whole(&text).map(Reading::Suggestion),
            Reading::Citation(source) => {
                let document = self.restorer.whole(&source.document)?;
                Some(Reading::Citation(Citation { document, ..source }))
            }
            Reading::Text(_)
            | Reading::Replace(_)
            | Reading::Reasoning(_)
            | Reading::Progress
            | Reading::File(_)
            | Reading::Ids(_)
            | Reading::Ended(_) => Some(beside),
        }
    }
}
