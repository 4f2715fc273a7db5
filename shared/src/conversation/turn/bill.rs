//! What an attempt cost: as its provider says, or about, where it does not say, as of an answer that
//! was cut off or stopped.

use super::super::{Act, Conversation, RunningRecord, Step};
use super::{Attempt, Turn, Turns};
use crate::guard::{Report, Spent, Terms, Ticket, Verdict};
use crate::provider::{Reading, Usage};
use crate::time::Millis;

/// So many ASCII characters are a token, about; of other scripts each character is one.
const ASCII_A_TOKEN: u64 = 4;

/// What an attempt cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bill {
    /// None where nothing of an answer came.
    pub(super) usage: Option<Usage>,
    /// Whether that is an estimate.
    pub(super) estimated: bool,
    pub(super) spent: Spent,
}

/// How much text there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    ascii: u64,
    others: u64,
}

impl Amount {
    /// Of a text in UTF-8.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut amount = Self::default();
        amount.add(text);
        amount
    }

    fn add(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                0..=0x7F => self.ascii += 1,
                // What goes on with a character is none of its own.
                0x80..=0xBF => {}
                0xC0.. => self.others += 1,
            }
        }
    }

    /// Rather too many than too few.
    fn tokens(self) -> u64 {
        self.ascii.div_ceil(ASCII_A_TOKEN) + self.others
    }
}

impl Attempt {
    /// Takes note of how much came, whatever is shown of it, and of what the provider says it cost.
    pub(super) fn weigh(&mut self, reading: &Reading) {
        match reading {
            Reading::Text(text) | Reading::Reasoning(text) => self.received.add(text.as_bytes()),
            Reading::Replace(text) => {
                let whole = Amount::of(text.as_bytes());
                if whole.tokens() > self.received.tokens() {
                    self.received = whole;
                }
            }
            Reading::Ended(ending) => self.told = ending.usage,
            Reading::Progress
            | Reading::Suggestion(_)
            | Reading::Citation(_)
            | Reading::File(_)
            | Reading::Ids(_) => {}
        }
    }

    /// What it cost so far; `counts` is whether the question was not counted yet.
    pub(super) fn bill(&self, counts: bool) -> Bill {
        let usage = self.told.or_else(|| self.estimate());
        let spent = Spent::of(usage.as_ref(), self.price.as_ref());
        let spent = Spent { turns: u32::from(counts), ..spent };
        Bill { usage, estimated: self.told.is_none() && usage.is_some(), spent }
    }

    fn estimate(&self) -> Option<Usage> {
        let (input, output) = (self.sent.tokens(), self.received.tokens());
        (output > 0).then_some(Usage { input, output, total: input + output })
    }
}

impl Turns {
    /// What was spent counts for the site's day and for the visitor's.
    pub(super) fn charge(&mut self, now: Millis, spent: Spent, step: &mut Step) {
        let Some(live) = self.open.as_ref().and_then(Turn::live).cloned() else { return };
        if let Some(terms) = Terms::of_site(&live.config, live.revision) {
            step.act(tell(String::new(), terms, spent));
        }
        let budgets = &live.config.budgets;
        if budgets.visitor.is_declared() {
            self.record.spent.add(now, budgets.utc_offset, &spent);
        }
    }
}

impl Conversation {
    /// The process of an attempt died: what it had cost when it was last saved is counted.
    pub(super) fn charge_for_dead(&mut self, now: Millis, dead: &RunningRecord, step: &mut Step) {
        let Some(live) = self.turns.open.as_ref().and_then(Turn::live) else { return };
        let provider = live.config.providers.iter().find(|it| it.name == dead.provider);
        if let Some(provider) = provider {
            let terms = Terms::of(&live.config, provider, live.revision);
            step.act(tell(dead.provider.clone(), terms, dead.spent));
        }
        self.turns.charge(now, dead.spent, step);
    }
}

/// Money and tokens alone say nothing of how a provider is.
fn tell(provider: String, terms: Terms, spent: Spent) -> Act {
    let ticket = Ticket::default();
    let report = Report { ticket, verdict: Verdict::Neutral, class: None, spent };
    Act::Report { provider, terms, report }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_depend_on_where_a_text_was_cut() {
        let text = "Hello, 你好! 再见.".as_bytes();
        let mut cut = Amount::default();
        text.chunks(1).for_each(|piece| cut.add(piece));
        assert_eq!(cut, Amount::of(text));
        for (text, tokens) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("你好", 2), ("é!", 2)]
        {
            assert_eq!(Amount::of(text.as_bytes()).tokens(), tokens, "{text}");
        }
    }
}
