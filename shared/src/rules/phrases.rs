//! Lists of words that are looked for together, as keywords of rules are.

use super::fold::fold;
use super::keywords::{KeywordId, Keywords, Vocabulary};

/// Lists of words, ready to be found in one pass.
#[derive(Debug, Default)]
pub struct Phrases {
    keywords: Keywords,
    lists: Vec<Vec<KeywordId>>,
}

impl Phrases {
    /// Prepares lists.
    pub fn compile(lists: &[&[String]]) -> Self {
        let mut vocabulary = Vocabulary::default();
        let mut ids = |list: &&[String]| list.iter().map(|word| vocabulary.add(word)).collect();
        let lists = lists.iter().map(&mut ids).collect();
        Self { keywords: vocabulary.build(), lists }
    }

    /// Which of the lists, by their places, have a word in the text.
    pub fn found(&self, text: &str) -> impl Fn(usize) -> bool {
        let found = self.keywords.find(&fold(text));
        move |list| self.lists.get(list).is_some_and(|words| words.iter().any(|&id| found.has(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_found_by_itself_and_a_word_may_be_in_two() {
        let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let lists = [words("转人工,human agent"), words("投诉,useless"), words("useless")];
        let lists: Vec<&[String]> = lists.iter().map(Vec::as_slice).collect();
        let phrases = Phrases::compile(&lists);
        for (text, expected) in [
            ("请 转人工", [true, false, false]),
            ("a HUMAN AGENT please", [true, false, false]),
            ("This is useless.", [false, true, true]),
            ("uselessly", [false, false, false]),
            ("我要投诉，转人工", [true, true, false]),
        ] {
            let found = phrases.found(text);
            assert_eq!([found(0), found(1), found(2)], expected, "{text}");
        }
    }
}
