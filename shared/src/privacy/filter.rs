//! Words taken out of a text that comes in pieces.

use super::lexicon::{Lexicon, Occurrence, Passage, Side};
use crate::config::WordAction;
use crate::rules::is_invisible;
use std::sync::Arc;

/// A stream of text that words are taken out of. What may still become one is held back: at most
/// the longest word with all that may be put between its characters.
#[derive(Clone)]
pub(super) struct Filter {
    lexicon: Arc<Lexicon>,
    side: Side,
    /// Whether words that stop a text do.
    stops: bool,
    held: String,
    before: Option<char>,
    stopped: Option<u16>,
}

impl Filter {
    pub(super) fn new(lexicon: Arc<Lexicon>, side: Side, stops: bool) -> Self {
        Self { lexicon, side, stops, held: String::new(), before: None, stopped: None }
    }

    /// All of a text; the list of the word that stops it, if one does.
    pub(super) fn whole(mut self, text: &str) -> Result<String, u16> {
        text.clone_into(&mut self.held);
        let passed = self.pass(true);
        self.stopped.map_or(Ok(passed), Err)
    }

    /// Forgets what came: another text begins.
    pub(super) fn restart(&mut self) {
        self.held.clear();
        self.before = None;
        self.stopped = None;
    }

    /// The list of the word after which nothing more is said.
    pub(super) fn stopped(&self) -> Option<u16> {
        self.stopped
    }

    pub(super) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Takes text in and gives what can be said of it.
    pub(super) fn feed(&mut self, text: &str) -> String {
        self.held.push_str(text);
        self.pass(false)
    }

    /// Gives what was held back.
    pub(super) fn finish(&mut self) -> String {
        self.pass(true)
    }

    fn pass(&mut self, last: bool) -> String {
        let text = std::mem::take(&mut self.held);
        if self.stopped.is_some() || text.is_empty() {
            return String::new();
        }
        let (before, side) = (self.before, self.side);
        let found = self.lexicon.find(Passage { text: &text, before, last, side });
        let unfinished = found.unfinished.filter(|_| !last);
        let certain = unfinished.unwrap_or(text.len());
        let (mut passed, at) = self.replace(&text, found.words, certain);
        if self.stopped.is_some() {
            return passed;
        }
        let kept = certain.max(at);
        passed.push_str(text.get(at..kept).unwrap_or_default());
        let (gone, held) = text.split_at_checked(kept).unwrap_or_default();
        let newest = gone.chars().rev().find(|&character| !is_invisible(character));
        self.before = newest.or(self.before);
        held.clone_into(&mut self.held);
        passed
    }

    /// The text with words replaced that begin before `certain`, up to the end of the last.
    fn replace(&mut self, text: &str, found: Vec<Occurrence>, certain: usize) -> (String, usize) {
        let mut passed = String::with_capacity(text.len());
        let mut at = 0;
        for word in found.into_iter().take_while(|word| word.from < certain) {
            let Some(list) = self.lexicon.list(word.list).filter(|_| word.from >= at) else {
                continue;
            };
            passed.push_str(text.get(at..word.from).unwrap_or_default());
            if self.stops && list.action != WordAction::Replace {
                self.stopped = Some(word.list);
                break;
            }
            passed.push_str(list.replacement());
            at = word.to;
        }
        (passed, at)
    }
}
