//! Turns whose answers an agent approves: the visitor waits for a person, agents see what comes.

use super::super::{Audience, Conversation, OwnerRecord, Step};
use super::{Turn, Turns};
use crate::time::Tick;
use kefu_proto::v1::owner_change::Reason;
use kefu_proto::v1::{RuleSource, message};

/// The name of what a visitor is told meanwhile.
const DRAFT: &str = "kefu.draft";

impl Turns {
    /// From here on the turn's answer is for agents.
    pub(super) fn drafts(&mut self) {
        self.open.iter_mut().for_each(|turn| turn.drafting = true);
    }

    /// Whether what is being written is for agents.
    pub(in super::super) fn is_drafting(&self) -> bool {
        let elsewhere = self.elsewhere.as_ref().and(self.record.running.as_ref());
        self.open.as_ref().is_some_and(|turn| turn.drafting)
            || elsewhere.is_some_and(|running| running.draft)
    }

    /// Who sees it.
    pub(super) fn audience(&self) -> Audience {
        if self.is_drafting() { Audience::Agents } else { Audience::All }
    }
}

impl Conversation {
    /// Providers are asked, for an agent.
    pub(super) fn draft(&mut self, tick: Tick, step: &mut Step) {
        if self.head.owner == OwnerRecord::Bot {
            self.wait_for_approval(tick, step);
        }
        self.turns.drafts();
        self.next_attempt(tick, step);
    }

    /// The visitor is told, and waits for a person; the turn goes on.
    fn wait_for_approval(&mut self, tick: Tick, step: &mut Step) {
        let Some(turn) = &self.turns.open else { return };
        let channel = turn.asker.channel;
        let own = turn.live().and_then(|live| live.config.ai.draft_reply.clone());
        let text = own.unwrap_or_else(|| self.texts().handoff_asked.clone());
        let source = message::Source::Rule(RuleSource { name: DRAFT.into() });
        self.say(tick, super::answer::offering(text, Vec::new()), source, step);
        let (turn, answered) = (self.turns.open.take(), self.turns.record.answered);
        self.handoff_for(tick, channel, Reason::Draft, step);
        (self.turns.open, self.turns.record.answered) = (turn, answered);
        self.turns.write(step);
    }
}

impl Turn {
    /// Whether nobody but agents would see an answer of it.
    pub(super) fn is_drafting(&self) -> bool {
        self.drafting
    }
}
