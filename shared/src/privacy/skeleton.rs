//! A text as far as words are looked for in it: without case, width, and what is put between the
//! characters of Chinese words so that they are not found.
//!
//! Between two characters of scripts without spaces, white space and marks don't count; between
//! these and Latin ones, white space doesn't; between Latin ones it is one space. Invisible
//! characters never count. More than a few of all that in a row end a word, so that what is held
//! back of a stream is bounded.

use crate::rules::{is_invisible, is_unspaced, narrow};

/// How many characters may be put between two of a word's.
pub(super) const GAP_MOST: usize = 8;
/// Stands where no word goes on; no word has it.
const BREAK: char = '\0';

/// A character of the skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) character: char,
    /// Where it is in the text, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether a clause ended right before it, and it is taken for the same word all the same.
    pub(super) after_clause: bool,
}

#[derive(Debug, Default)]
pub(super) struct Skeleton {
    pub(super) units: Vec<Unit>,
    /// White space and marks since the last unit.
    gap: Vec<Mark>,
    /// All characters since then, invisible ones too.
    passed: usize,
    /// The script of the last unit.
    last: Script,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    character: char,
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Script {
    /// Nothing came yet.
    #[default]
    Nothing,
    /// Without spaces between words.
    Unspaced,
    /// Any other, and marks that count.
    Spaced,
}

impl Skeleton {
    pub(super) fn of(text: &str) -> Self {
        let mut skeleton = Self::default();
        for (from, character) in text.char_indices() {
            skeleton.add(character, from, from + character.len_utf8());
        }
        skeleton
    }

    /// Its characters.
    pub(super) fn folded(&self) -> String {
        self.units.iter().map(|unit| unit.character).collect()
    }

    /// Whether so much came since the last unit that no word goes on after it.
    pub(super) fn gap_ended(&self) -> bool {
        self.passed > GAP_MOST
    }

    fn add(&mut self, character: char, from: usize, to: usize) {
        let mark = Mark { character: narrow(character), from, to };
        if is_invisible(character) {
            self.passed += 1;
        } else if is_letter(mark.character) {
            let script =
                if is_unspaced(mark.character) { Script::Unspaced } else { Script::Spaced };
            let after_clause = self.close_gap(script, from);
            self.push(mark, script, after_clause);
        } else if self.last == Script::Spaced && !mark.character.is_whitespace() {
            // It counts, whatever follows.
            self.close_gap(Script::Spaced, from);
            self.push(mark, Script::Spaced, false);
        } else {
            self.passed += 1;
            if self.passed <= GAP_MOST {
                self.gap.push(mark);
            }
        }
    }

    /// Decides what counts of the gap before a unit, and says whether a clause ended in what
    /// doesn't.
    fn close_gap(&mut self, next: Script, from: usize) -> bool {
        let gap = std::mem::take(&mut self.gap);
        let passed = std::mem::take(&mut self.passed);
        if self.last == Script::Nothing {
            return false;
        }
        if passed > GAP_MOST {
            self.push(Mark { character: BREAK, from, to: from }, Script::Spaced, false);
            return false;
        }
        if (self.last, next) == (Script::Unspaced, Script::Unspaced) {
            return gap.iter().any(|mark| ends_clause(mark.character));
        }
        let spaces_count = (self.last, next) == (Script::Spaced, Script::Spaced);
        for mark in gap {
            if !mark.character.is_whitespace() {
                self.push(mark, Script::Spaced, false);
            } else if spaces_count && self.units.last().is_none_or(|unit| unit.character != ' ') {
                self.push(Mark { character: ' ', ..mark }, Script::Spaced, false);
            }
        }
        false
    }

    fn push(&mut self, mark: Mark, script: Script, after_clause: bool) {
        let Mark { from, to, .. } = mark;
        let unit = |character| Unit { character, from, to, after_clause };
        self.units.extend(mark.character.to_lowercase().map(unit));
        self.last = script;
    }
}

/// Whether a word may begin with it: a letter or a digit of any script.
pub(super) fn is_letter(character: char) -> bool {
    let mark = matches!(character, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{303f}' | '・');
    character.is_alphanumeric() || (is_unspaced(character) && !mark)
}

/// What ends a clause, or sets off a part of it: seldom inside a word.
fn ends_clause(mark: char) -> bool {
    ",;:!?()[]{}<>\"'\n\r。、，；：！？…—《》〈〉「」『』【】〔〕“”".contains(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_between_does_not_count_where_words_have_no_spaces() {
        for (text, folded) in [
            ("敏感词", "敏感词"),
            ("敏 感\u{3000}词", "敏感词"),
            ("敏*感.词", "敏感词"),
            ("敏★感💊词", "敏感词"),
            ("敏\u{200b}感\u{feff}词", "敏感词"),
            ("敏，感，词", "敏感词"),
            ("  敏感词。", "敏感词"),
            ("敏         感", "敏\0感"),
            ("Credit \n Card", "credit card"),
            ("credit-card", "credit-card"),
            ("ＦｕＣＫ", "fuck"),
            ("fu\u{200b}ck", "fuck"),
            ("f u", "f u"),
            ("c++ 很好", "c++很好"),
            ("加 V 信", "加v信"),
            ("中国.cn", "中国.cn"),
            ("a -b", "a -b"),
            ("タ・バ", "タバ"),
        ] {
            assert_eq!(Skeleton::of(text).folded(), folded, "{text:?}");
        }
    }

    #[test]
    fn units_know_where_they_are_and_which_follow_a_clause() {
        let skeleton = Skeleton::of("敏，感 词");
        let places: Vec<_> = skeleton.units.iter().map(|unit| (unit.from, unit.to)).collect();
        assert_eq!(places, [(0, 3), (6, 9), (10, 13)]);
        let clauses: Vec<_> = skeleton.units.iter().map(|unit| unit.after_clause).collect();
        assert_eq!(clauses, [false, true, false]);
    }
}
