//! A site's words, all found in one pass.

use super::skeleton::{GAP_MOST, Skeleton, Unit, is_letter};
use crate::config::{Direction, WordAction, Words};
use crate::rules::{is_invisible, is_wordy, narrow};
use crate::wordlist::Wordlist;
use std::collections::BTreeMap;

/// The longest word, in characters.
const WORD_MOST: usize = 64;
/// What stands in the place of a word.
const STARS: &str = "**";

/// Whose text is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Question,
    Answer,
}

#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// As they are looked for.
    folded: Wordlist,
    /// In the same order.
    words: Vec<Word>,
    lists: Vec<List>,
    /// Whether there are any for questions, and for answers.
    watched: [bool; 2],
}

#[derive(Debug)]
struct Word {
    /// Whether it ends only where a Latin word does.
    ends_as_word: bool,
    /// Its list, in questions and in answers.
    lists: [Option<u16>; 2],
}

/// What is done about words.
#[derive(Debug)]
pub(super) struct List {
    pub(super) action: WordAction,
    pub(super) text: Option<String>,
}

/// A text that is looked through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    pub(super) text: &'a str,
    /// What comes before it.
    pub(super) before: Option<char>,
    /// Whether no more text comes after it.
    pub(super) last: bool,
    pub(super) side: Side,
}

/// What of a passage may not be said as it is.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The first first, and of those that begin together the longest.
    pub(super) words: Vec<Occurrence>,
    /// Where what may still become a word begins, by its byte, when more text comes.
    pub(super) unfinished: Option<usize>,
}

/// A word in a text, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) list: u16,
}

impl Side {
    fn index(self) -> usize {
        match self {
            Self::Question => 0,
            Self::Answer => 1,
        }
    }

    fn is_in(self, direction: Direction) -> bool {
        match direction {
            Direction::In => self == Self::Question,
            Direction::Out => self == Self::Answer,
            Direction::Both => true,
        }
    }
}

impl Lexicon {
    pub(super) fn of(lists: &[Words]) -> Self {
        // The types are those of rules' vocabulary, whose code does for both.
        let mut ids: BTreeMap<String, u32> = BTreeMap::new();
        let mut found: Vec<[Option<u16>; 2]> = Vec::new();
        for (index, list) in (0_u16..).zip(lists) {
            for word in &list.list {
                let next = u32::try_from(found.len()).unwrap_or(u32::MAX);
                let id = *ids.entry(Skeleton::of(word).folded()).or_insert(next);
                if id == next {
                    found.push([None; 2]);
                }
                let Some(places) = found.get_mut(id as usize) else { continue };
                for side in [Side::Question, Side::Answer] {
                    if let Some(place) = places.get_mut(side.index()) {
                        claim(place, index, side, lists);
                    }
                }
            }
        }
        let lists_of = |id: u32| found.get(id as usize).copied().unwrap_or_default();
        let words: Vec<_> = ids.iter().map(|(word, id)| Word::new(word, lists_of(*id))).collect();
        let folded = Wordlist::new(ids.keys().map(String::as_str));
        let lists = lists.iter().map(|list| List { action: list.action, text: list.text.clone() });
        let watched = [Side::Question, Side::Answer]
            .map(|side| words.iter().any(|word| word.list(side).is_some()));
        Self { folded, words, lists: lists.collect(), watched }
    }

    /// Whether any word is looked for there.
    pub(super) fn watches(&self, side: Side) -> bool {
        self.watched.get(side.index()).copied().unwrap_or_default()
    }

    pub(super) fn list(&self, index: u16) -> Option<&List> {
        self.lists.get(usize::from(index))
    }

    /// What is in a passage.
    pub(super) fn find(&self, passage: Passage<'_>) -> Found {
        let skeleton = Skeleton::of(passage.text);
        let mut found = Found::default();
        for at in 0..skeleton.units.len() {
            let units = skeleton.units.get(at..).unwrap_or_default();
            let (longest, goes_on) = self.beginning(units, passage);
            found.words.extend(longest);
            if goes_on && found.unfinished.is_none() && !skeleton.gap_ended() {
                found.unfinished = units.first().map(|unit| unit.from);
            }
        }
        found
    }

    /// The longest word that begins with the first of these units, and whether what begins there
    /// may still become one.
    fn beginning(&self, units: &[Unit], passage: Passage<'_>) -> (Option<Occurrence>, bool) {
        let characters = units.iter().map(|unit| unit.character);
        let (mut longest, mut may_end) = (None, false);
        let may_go_on = self.folded.walk(characters, |place, length| {
            if let (Some(word), Some(whole)) = (self.words.get(place), units.get(..length)) {
                longest = word.occurrence(whole, passage).or(longest);
                // Only what follows tells whether it ends here.
                may_end |= length == units.len() && word.ends_as_word;
            }
        });
        let goes_on =
            (may_end || may_go_on) && units.first().is_some_and(|unit| passage.begins(unit));
        (longest, goes_on)
    }
}

/// Keeps the graver of two lists for a word, and of equals the first.
fn claim(place: &mut Option<u16>, index: u16, side: Side, lists: &[Words]) {
    let action = |index: u16| lists.get(usize::from(index)).map(|list| list.action);
    let wanted = lists.get(usize::from(index)).is_some_and(|list| side.is_in(list.direction));
    if wanted && place.is_none_or(|known| action(index) > action(known)) {
        *place = Some(index);
    }
}

impl Passage<'_> {
    /// Whether a word may begin with that unit: a Latin one does not go on from another.
    fn begins(self, unit: &Unit) -> bool {
        !is_wordy(unit.character) || !self.neighbour_before(unit.from).is_some_and(is_wordy)
    }

    /// Whether a Latin word may end before that byte.
    fn ends(self, at: usize) -> bool {
        // Too many invisible ones end a word as they end a gap.
        let after = self.text.get(at..).unwrap_or_default();
        let mut near = after.chars().take(GAP_MOST + 1);
        match near.find(|&character| !is_invisible(character)) {
            Some(character) => !is_wordy(character),
            None => self.last || after.chars().nth(GAP_MOST).is_some(),
        }
    }

    fn neighbour_before(self, at: usize) -> Option<char> {
        let passed = self.text.get(..at).unwrap_or_default();
        passed.chars().rev().find(|&character| !is_invisible(character)).or(self.before)
    }
}

impl Word {
    fn new(folded: &str, lists: [Option<u16>; 2]) -> Self {
        Self { ends_as_word: folded.chars().next_back().is_some_and(is_wordy), lists }
    }

    fn list(&self, side: Side) -> Option<u16> {
        self.lists.get(side.index()).copied().flatten()
    }

    /// The word as these units of a passage, if it is looked for there and ends where it must.
    fn occurrence(&self, units: &[Unit], passage: Passage<'_>) -> Option<Occurrence> {
        let list = self.list(passage.side)?;
        let (first, last) = (units.first()?, units.last()?);
        // One clause that ends is where a sentence happens to go on; several were put there.
        let clauses = units.iter().skip(1).filter(|unit| unit.after_clause).count();
        let fits = passage.begins(first) && (!self.ends_as_word || passage.ends(last.to));
        (fits && clauses != 1).then_some(Occurrence { from: first.from, to: last.to, list })
    }
}

impl List {
    /// What stands in the place of a word; words for which something else is said are stars where
    /// that cannot be.
    pub(super) fn replacement(&self) -> &str {
        match self.action {
            WordAction::Replace => self.text.as_deref().unwrap_or(STARS),
            WordAction::Refuse | WordAction::Handoff => STARS,
        }
    }
}

/// Whether a word can be looked for, or why not.
pub fn check_word(word: &str) -> Result<(), String> {
    let length = word.chars().count();
    if length > WORD_MOST {
        return Err(format!("found {length} characters; at most {WORD_MOST} are allowed"));
    }
    let first = word.chars().map(narrow).find(|c| !is_invisible(*c) && !c.is_whitespace());
    if !first.is_some_and(is_letter) {
        return Err("found a word that begins with no letter or digit; only these are looked for"
            .to_owned());
    }
    Ok(())
}
