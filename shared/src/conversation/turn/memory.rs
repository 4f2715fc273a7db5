//! What providers remember of the conversation: theirs is used while it holds everything, and
//! forgotten when it is gone, locked, or waits for somebody else.

use super::super::{Act, Conversation, Step};
use super::{Asker, Attempt, Preparation, Turn, Turns};
use crate::failover::{self, Asking, Kept};
use crate::guard::Verdict;
use crate::privacy::Names;
use crate::provider::{Remedy, RequestParts};
use crate::time::{Millis, Tick};
use std::time::Duration;

/// Providers that are remembered to remember; a turn asks three at most.
const MOST: usize = 4;
/// Placeholders of a kind, before all of them begin anew.
const NUMBERS_MOST: u32 = 900;
/// How long a provider's conversation that is busy with an earlier question is waited for.
const BUSY_MOST: Duration = Duration::from_secs(2);
/// And when it is looked at again.
const BUSY_PAUSE: Duration = Duration::from_millis(500);

impl Turns {
    /// The provider's conversation holds the log up to `through`.
    pub(super) fn remember(&mut self, provider: &str, conversation: String, through: u32) {
        self.forget(provider);
        let kept = &mut self.record.kept;
        kept.drain(..(kept.len() + 1).saturating_sub(MOST));
        kept.push(Kept { provider: provider.to_owned(), conversation, through });
    }

    /// Whether there was something to forget.
    pub(super) fn forget(&mut self, provider: &str) -> bool {
        let before = self.record.kept.len();
        self.record.kept.retain(|kept| kept.provider != provider);
        self.record.kept.len() < before
    }

    /// What placeholders stand for in what providers have read.
    pub(super) fn names(&self) -> Names {
        Names::read(&self.record.names)
    }

    /// Placeholders have short numbers. Before they run out all begins anew, also for providers that
    /// remember the old ones.
    pub(super) fn renew_names(&mut self) {
        if self.names().highest() >= NUMBERS_MOST {
            self.record.names.clear();
            self.record.kept.clear();
        }
    }

    /// What the open turn asks, in a try that `key` tells from others.
    pub(super) fn asking(&self, key: u128) -> Option<(&Turn, Asking<'_>)> {
        let turn = self.open.as_ref()?;
        let Preparation::Here(prepared) = &turn.preparation else { return None };
        let Asker { visitor, locale, .. } = &turn.asker;
        let asking = Asking {
            rounds: &prepared.rounds,
            question: turn.text(),
            files: turn.files(),
            visitor,
            locale: locale.as_deref().unwrap_or_default(),
            key,
            remedy: turn.remedy,
            kept: &self.record.kept,
        };
        Some((turn, asking))
    }

    /// What tells a provider to stop: closing the connection does not, at some.
    fn cancellation(&self, attempt: &Attempt) -> Option<RequestParts> {
        let (turn, asking) = self.asking(0)?;
        failover::cancel(turn.live()?, &attempt.provider, &asking, &attempt.ids)
    }

    /// Ends the attempt under way, if one is: the provider would go on with it.
    pub(in super::super) fn abandon(&mut self, now: Millis, verdict: Verdict, step: &mut Step) {
        let cancellation = self.attempt().and_then(|attempt| self.cancellation(attempt));
        self.end_attempt(now, verdict, step);
        if let Some(request) = cancellation {
            step.act(Act::Cancel { request });
        }
    }
}

impl Conversation {
    /// The provider's own conversation is busy: it is waited for, and then left to the next
    /// provider; where there is none, it begins anew.
    pub(super) fn busy(&mut self, tick: Tick, provider: &str, step: &mut Step) {
        let Some(turn) = &mut self.turns.open else { return };
        let since: Millis = *turn.busy_since.get_or_insert(tick.now);
        if tick.now + BUSY_PAUSE <= since + BUSY_MOST {
            turn.phase = super::Phase::Pausing { until: tick.now + BUSY_PAUSE };
            return;
        }
        turn.failures += 1;
        turn.failed = Some(provider.to_owned());
        turn.remedy = None;
        turn.tried.insert(provider.to_owned());
        let remembered = self.turns.forget(provider);
        if remembered
            && self.candidates().is_empty()
            && let Some(turn) = &mut self.turns.open
        {
            turn.tried.remove(provider);
            turn.remedy = Some(Remedy::NewConversation);
        }
        self.next_attempt(tick, step);
    }
}
