//! A site's words, all found in one pass.

use super::skeleton::{GAP_MOST, Skeleton, Unit, is_letter};
use crate::config::{Direction, WordAction, Words};
use crate::rules::{is_invisible, is_wordy, narrow};
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Input, MatchKind};
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
    automaton: Option<NFA>,
    /// As they are looked for: sorted, and in the automaton's order.
    folded: Vec<String>,
    /// In the same order.
    words: Vec<Word>,
    lists: Vec<List>,
    /// Whether there are any for questions, and for answers.
    watched: [bool; 2],
}

#[derive(Debug)]
struct Word {
    /// Whether it ends only where a Latin word does.
    edges: (bool, bool),
    /// Its list, in questions and in answers.
    lists: [Option<u16>; 2],
}

/// What is done about words.
#[derive(Debug)]
pub(super) struct List {
    pub(super) action: WordAction,
    pub(super) text: Option<String>,
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
                let id = *ids.entry(Skeleton::of(word).folded).or_insert(next);
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
        let (mut folded, mut words) = (Vec::with_capacity(ids.len()), Vec::new());
        for (word, id) in ids {
            words.push(Word::new(&word, found.get(id as usize).copied().unwrap_or_default()));
            folded.push(word);
        }
        let lists = lists.iter().map(|list| List { action: list.action, text: list.text.clone() });
        let watched = [Side::Question, Side::Answer]
            .map(|side| words.iter().any(|word| word.list(side).is_some()));
        Self { automaton: automaton(&folded), folded, words, lists: lists.collect(), watched }
    }

    /// Whether any word is looked for there.
    pub(super) fn watches(&self, side: Side) -> bool {
        self.watched.get(side.index()).copied().unwrap_or_default()
    }

    pub(super) fn list(&self, index: u16) -> Option<&List> {
        self.lists.get(usize::from(index))
    }

    /// Where words are in `text`, which follows after `before`: the first first, and of those that
    /// begin together the longest. `last` says that no more text comes.
    pub(super) fn find(
        &self,
        text: &str,
        skeleton: &Skeleton,
        side: Side,
        before: Option<char>,
        last: bool,
    ) -> Vec<Occurrence> {
        let input = Input::new(&skeleton.folded);
        let Some(matches) = self
            .automaton
            .as_ref()
            .and_then(|automaton| automaton.try_find_overlapping_iter(input).ok())
        else {
            return Vec::new();
        };
        let mut found: Vec<Occurrence> = Vec::new();
        for matched in matches {
            let Some(word) = self.words.get(matched.pattern().as_usize()) else { continue };
            let units = units(skeleton, matched.start(), matched.end());
            let (Some(list), Some(first), Some(end)) =
                (word.list(side), units.first(), units.last())
            else {
                continue;
            };
            let (from, to) = (first.from, end.to);
            let clauses = units.iter().skip(1).filter(|unit| unit.after_clause).count();
            // One is where a sentence happens to go on; several were put there.
            if clauses != 1 && word.fits(text, (from, to), before, last) {
                insert(&mut found, Occurrence { from, to, list });
            }
        }
        found
    }

    /// Where, in `text`, what may still become a word begins.
    pub(super) fn unfinished(
        &self,
        text: &str,
        skeleton: &Skeleton,
        before: Option<char>,
    ) -> Option<usize> {
        if skeleton.gap_ended() {
            return None;
        }
        let units = skeleton.units.get(skeleton.units.len().saturating_sub(WORD_MOST)..)?;
        let begins = units.iter().find(|unit| {
            let rest = skeleton.folded.get(unit.at..).unwrap_or_default();
            self.goes_on(rest) && {
                let wordy = rest.chars().next().is_some_and(is_wordy);
                !wordy || !neighbour_before(text, unit.from, before).is_some_and(is_wordy)
            }
        });
        begins.map(|unit| unit.from)
    }

    /// Whether a word begins so, and it is not known yet whether it is one.
    fn goes_on(&self, beginning: &str) -> bool {
        let at = self.folded.partition_point(|word| word.as_str() < beginning);
        let begins =
            |at: usize| self.folded.get(at).is_some_and(|word| word.starts_with(beginning));
        let whole = self.folded.get(at).is_some_and(|word| word == beginning);
        let edged = || self.words.get(at).is_some_and(|word| word.edges.1);
        // Where it is one, what is not known is whether it ends here.
        if whole { edged() || begins(at + 1) } else { begins(at) }
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

fn automaton(folded: &Vec<String>) -> Option<NFA> {
    let build = || NFA::builder().match_kind(MatchKind::Standard).build(folded).ok();
    (!folded.is_empty()).then(build).flatten()
}

/// Matches come by where they end, so that what is out of order is not far away.
fn insert(found: &mut Vec<Occurrence>, new: Occurrence) {
    let sooner =
        |word: &Occurrence| word.from < new.from || (word.from == new.from && word.to >= new.to);
    let at = found.iter().rposition(sooner).map_or(0, |before| before + 1);
    found.insert(at, new);
}

/// The units between two places of the skeleton.
fn units(skeleton: &Skeleton, from: usize, to: usize) -> &[Unit] {
    let index = |at: usize| skeleton.units.partition_point(|unit| unit.at < at);
    skeleton.units.get(index(from)..index(to)).unwrap_or_default()
}

fn neighbour_before(text: &str, at: usize, before: Option<char>) -> Option<char> {
    let passed = text.get(..at).unwrap_or_default();
    passed.chars().rev().find(|&character| !is_invisible(character)).or(before)
}

impl Word {
    fn new(folded: &str, lists: [Option<u16>; 2]) -> Self {
        let wordy = |end: Option<char>| end.is_some_and(is_wordy);
        let edges = (wordy(folded.chars().next()), wordy(folded.chars().next_back()));
        Self { edges, lists }
    }

    fn list(&self, side: Side) -> Option<u16> {
        self.lists.get(side.index()).copied().flatten()
    }

    /// Whether it ends where it must.
    fn fits(
        &self,
        text: &str,
        (from, to): (usize, usize),
        before: Option<char>,
        last: bool,
    ) -> bool {
        let left = || !neighbour_before(text, from, before).is_some_and(is_wordy);
        let right = || {
            // Too many invisible ones end a word as they end a gap.
            let after = text.get(to..).unwrap_or_default();
            let mut near = after.chars().take(GAP_MOST + 1);
            match near.find(|&character| !is_invisible(character)) {
                Some(character) => !is_wordy(character),
                None => last || after.chars().nth(GAP_MOST).is_some(),
            }
        };
        (!self.edges.0 || left()) && (!self.edges.1 || right())
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
