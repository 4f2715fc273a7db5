//! All keywords of all rules, found in one pass.

use super::fold::{fold, is_wordy};
use crate::wordlist::Wordlist;
use std::collections::BTreeMap;

/// A keyword's number; keywords that fold alike have the same.
pub(super) type KeywordId = u32;

/// Keywords as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    ids: BTreeMap<String, KeywordId>,
}

impl Vocabulary {
    /// The number of `keyword`, a new one if it has none.
    pub(super) fn add(&mut self, keyword: &str) -> KeywordId {
        let next = KeywordId::try_from(self.ids.len()).unwrap_or(KeywordId::MAX);
        *self.ids.entry(fold(keyword).trim().to_owned()).or_insert(next)
    }

    /// The keywords, ready to be found.
    pub(super) fn build(self) -> Keywords {
        let list = Wordlist::new(self.ids.keys().map(String::as_str));
        let words = self.ids.iter().map(|(word, id)| (*id, Edges::of(word))).collect();
        Keywords { list, words }
    }
}

/// All keywords.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    list: Wordlist,
    /// In the list's order.
    words: Vec<(KeywordId, Edges)>,
}

/// At which ends a keyword must end a word.
#[derive(Clone, Copy, Debug)]
struct Edges {
    left: bool,
    right: bool,
}

impl Edges {
    fn of(word: &str) -> Self {
        Self {
            left: word.chars().next().is_some_and(is_wordy),
            right: word.chars().next_back().is_some_and(is_wordy),
        }
    }

    /// Whether the word ends where it must.
    fn allow(self, before: Option<char>, after: Option<char>) -> bool {
        let ends = |neighbour: Option<char>| !neighbour.is_some_and(is_wordy);
        (!self.left || ends(before)) && (!self.right || ends(after))
    }
}

/// Which keywords occur in a question.
#[derive(Debug)]
pub(super) struct Found(Vec<bool>);

impl Found {
    pub(super) fn has(&self, id: KeywordId) -> bool {
        self.0.get(id as usize).copied().unwrap_or_default()
    }

    fn add(&mut self, id: KeywordId) {
        if let Some(place) = self.0.get_mut(id as usize) {
            *place = true;
        }
    }
}

impl Keywords {
    /// Which of them occur in `folded`: one pass, whatever their number.
    pub(super) fn find(&self, folded: &str) -> Found {
        let mut found = Found(vec![false; self.words.len()]);
        let mut before = None;
        for (at, character) in folded.char_indices() {
            let rest = folded.get(at..).unwrap_or_default();
            self.list.walk(rest.chars(), |place, length| {
                let Some((id, edges)) = self.words.get(place) else { return };
                if edges.allow(before, rest.chars().nth(length)) {
                    found.add(*id);
                }
            });
            before = Some(character);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurs(keyword: &str, text: &str) -> bool {
        let mut vocabulary = Vocabulary::default();
        let id = vocabulary.add(keyword);
        vocabulary.build().find(&fold(text)).has(id)
    }

    #[test]
    fn keywords_occur_as_words_or_anywhere_by_their_script() {
        for (keyword, text, expected) in [
            ("退货", "我想退货吗", true),
            ("退货", "退 货", false),
            ("退货", "我想退\u{200b}货", true),
            ("refund", "a refund, please", true),
            ("refund", "REFUND", true),
            ("refund", "ｒｅｆｕｎｄ", true),
            ("refund", "我要refund吗", true),
            ("refund", "refunded", false),
            ("refund", "prerefund", false),
            ("refund", "refunded refund", true),
            ("refund", "refund refunded", true),
            ("refund", "refund2", false),
            ("12", "订单12号", true),
            ("12", "123", false),
            ("c++", "I like C++!", true),
            ("c++", "c++x", true),
            ("iPhone手机", "新iphone手机壳", true),
            ("iPhone手机", "myiphone手机壳", false),
            ("credit card", "my Credit\n  Card?", true),
            ("don't", "I don’t know", true),
            ("배송", "배송은 언제", true),
            ("привет", "ПРИВЕТ!", true),
            (" refund ", "refund", true),
        ] {
            assert_eq!(occurs(keyword, text), expected, "{keyword} in {text}");
        }
    }

    #[test]
    fn keywords_within_keywords_are_found_too() {
        let mut vocabulary = Vocabulary::default();
        let ids = ["运费", "运费险", "费险", "险"].map(|word| vocabulary.add(word));
        let found = vocabulary.build().find("有运费险吗");
        assert!(ids.into_iter().all(|id| found.has(id)));
    }

    #[test]
    fn keywords_that_fold_alike_are_one() {
        let mut vocabulary = Vocabulary::default();
        assert_eq!(vocabulary.add("Refund"), vocabulary.add("ＲＥＦＵＮＤ"));
        assert_ne!(vocabulary.add("refund"), vocabulary.add("退款"));
    }
}
