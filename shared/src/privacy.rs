//! What leaves a site for a provider, and what comes back from one.
//!
//! Personal data is masked in what a provider is sent and restored in its answer; words that a
//! site does not want are replaced, or something else is said. Visitors, agents and the log never
//! see a mask, the provider never sees what is behind it.

use crate::config::{Site, WordAction};
use crate::provider::Round;
use filter::Filter;
use lexicon::{Lexicon, Side};
use masks::Masks;
use placeholder::Next;
use std::sync::Arc;
use unmask::Unmask;
use vault::Vault;

mod checks;
mod data;
mod filter;
mod lexicon;
mod masks;
mod names;
mod narrowed;
mod numbers;
mod placeholder;
mod skeleton;
mod unmask;
mod vault;

pub use data::inert;
pub use lexicon::check_word;
pub use masks::check_pattern;
pub use names::Names;
pub use placeholder::LABEL_MOST;

/// A site's protection, compiled once for a version of its configuration.
#[derive(Debug)]
pub struct Privacy {
    masks: Masks,
    words: Arc<Lexicon>,
}

/// A word was found for which something else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What the site wants said; absent means the built-in text.
    pub text: Option<String>,
    /// Whether a person is asked for.
    pub handoff: bool,
}

/// What a provider is sent. It holds what was masked, so it has no `Debug`.
pub struct Outgoing<'a> {
    /// The rounds before the question.
    pub rounds: Vec<Round>,
    /// The question.
    pub question: String,
    privacy: &'a Privacy,
    vault: Vault,
}

/// What becomes of an answer while it comes. It holds what was masked, so it has no `Debug`.
#[derive(Clone)]
pub struct Restorer {
    unmask: Unmask,
    filter: Option<Filter>,
}

impl Privacy {
    /// Prepares what a site declares. A configuration that was read has nothing in it that cannot
    /// be compiled.
    pub fn compile(site: &Site) -> Self {
        Self { masks: Masks::of(&site.masking), words: Arc::new(Lexicon::of(&site.words)) }
    }

    /// Whether a question is answered by something else than an answer.
    pub fn refusal(&self, question: &str) -> Option<Refused> {
        self.allowed(question).err()
    }

    /// A question and the rounds before it as a provider may read them, in a conversation of which
    /// it may have read some before.
    pub fn outgoing(
        &self,
        names: Names,
        rounds: &[Round],
        question: &str,
    ) -> Result<Outgoing<'_>, Refused> {
        let question = self.allowed(question)?;
        let spoken = |text: &str| self.without_words(text);
        let rounds: Vec<_> = rounds
            .iter()
            .map(|round| Round {
                question: spoken(&round.question),
                answer: spoken(&round.answer),
                seq: round.seq,
            })
            .collect();
        Ok(self.masked(names, rounds, &question))
    }

    fn masked(&self, names: Names, mut rounds: Vec<Round>, question: &str) -> Outgoing<'_> {
        let mut vault = self.masks.vault(names);
        vault.avoid(question);
        for text in rounds.iter().flat_map(|round| [&round.question, &round.answer]) {
            vault.avoid(text);
        }
        for text in rounds.iter_mut().flat_map(|round| [&mut round.question, &mut round.answer]) {
            *text = self.masks.mask(text, &mut vault);
        }
        let question = self.masks.mask(question, &mut vault);
        Outgoing { rounds, question, privacy: self, vault }
    }

    fn allowed(&self, question: &str) -> Result<String, Refused> {
        if !self.words.watches(Side::Question) {
            return Ok(question.to_owned());
        }
        let filter = Filter::new(Arc::clone(&self.words), Side::Question, true);
        filter.whole(question).map_err(|list| refused(&self.words, list))
    }

    /// What was said before is not refused any more: its words are replaced.
    fn without_words(&self, text: &str) -> String {
        if !self.words.watches(Side::Question) {
            return text.to_owned();
        }
        let filter = Filter::new(Arc::clone(&self.words), Side::Question, false);
        filter.whole(text).unwrap_or_default()
    }
}

fn refused(words: &Lexicon, list: u16) -> Refused {
    let list = words.list(list);
    Refused {
        text: list.and_then(|list| list.text.clone()),
        handoff: list.is_some_and(|list| list.action == WordAction::Handoff),
    }
}

impl Outgoing<'_> {
    /// What a page or a visitor's device says, for a place in a prompt: masked like the rest,
    /// [`inert`], and with nothing in it that could pass for a placeholder.
    pub fn data(&mut self, text: &str, most: usize) -> String {
        let text = self.privacy.without_words(text);
        let plain =
            without_placeholders(&inert(&text, text.len() * 3), self.privacy.masks.labels());
        let masked = self.privacy.masks.mask(&plain, &mut self.vault);
        let end = masked.floor_char_boundary(most);
        masked.get(..end).unwrap_or_default().to_owned()
    }

    /// How many values of each kind were masked.
    pub fn masks(&self) -> Vec<(&str, u32)> {
        self.vault.counts()
    }

    /// What has to be known when more of the conversation is sent.
    pub fn names(&self) -> Names {
        self.vault.names()
    }

    /// What restores the answer.
    pub fn restorer(self) -> Restorer {
        let words = &self.privacy.words;
        let filter =
            words.watches(Side::Answer).then(|| Filter::new(Arc::clone(words), Side::Answer, true));
        Restorer { unmask: Unmask::new(Arc::new(self.vault)), filter }
    }
}

/// The text with look-alikes of placeholders broken up.
fn without_placeholders(text: &str, labels: &[String]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    while let Next::Found { start, end, .. } = placeholder::next(text, at, None, labels, true) {
        plain.push_str(text.get(at..start).unwrap_or_default());
        plain.push_str(&text.get(start..end).unwrap_or_default().replace('_', "-"));
        at = end;
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    plain
}

impl Restorer {
    /// Forgets what came: the provider says something else instead.
    pub fn restart(&mut self) {
        self.unmask.restart();
        self.filter.iter_mut().for_each(Filter::restart);
    }

    /// Takes text of the answer in and gives what may be shown, which may be less: what is held
    /// back comes with more text, or at the end.
    pub fn feed(&mut self, text: &str) -> String {
        let restored = self.unmask.feed(text);
        self.filtered(restored)
    }

    /// The answer is over: gives what was held back.
    pub fn finish(&mut self) -> String {
        let rest = self.unmask.finish();
        let mut shown = self.filtered(rest);
        if let Some(filter) = &mut self.filter {
            shown.push_str(&filter.finish());
        }
        shown
    }

    /// A word came for which something else is said: nothing more of the answer is shown.
    pub fn refusal(&self) -> Option<Refused> {
        let filter = self.filter.as_ref()?;
        filter.stopped().map(|list| refused(filter.lexicon(), list))
    }

    /// What comes beside an answer and is whole, such as a suggested question; nothing when a word
    /// in it is one that stops an answer.
    pub fn whole(&self, text: &str) -> Option<String> {
        let mut apart = self.clone();
        apart.restart();
        let whole = apart.feed(text) + &apart.finish();
        apart.refusal().is_none().then_some(whole)
    }

    fn filtered(&mut self, text: String) -> String {
        match &mut self.filter {
            Some(filter) => filter.feed(&text),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests;
